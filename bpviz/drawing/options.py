"""How a figure is drawn: the options of `bpviz.draw` and of the command line, checked."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import Any

from bpviz.errors import UsageError, did_you_mean
from bpviz.figures.circuit import CircuitOptions
from bpviz.layout.engines import ENGINES
from bpviz.text.language import language

__all__ = ["DrawOptions", "draw_options"]

_CIRCUIT = frozenset(f.name for f in fields(CircuitOptions))


@dataclass(frozen=True, slots=True)
class DrawOptions:
    """How a figure is drawn: what it shows (`CircuitOptions`), in which theme and by which engine.

    ``timeout`` bounds the layout, in seconds; ``None`` means no bound. ``animate`` makes SVG move, ``steps`` lets HTML
    be walked step by step; a step lasts so many ``seconds`` in what moves. ``scale`` tells how many pixels PNG, GIF,
    APNG and WebP have: 1 is 96 an inch; ``None`` leaves it to the writers. ``notebook`` is what notebooks are given;
    empty it is what ``BPVIZ_NOTEBOOK`` says, else ``svg``.
    """

    circuit: CircuitOptions = field(default_factory=CircuitOptions)
    theme: str = "light"
    engine: str = "auto"
    timeout: float | None = 60.0
    animate: bool = False
    steps: bool = False
    seconds: float = 1.5
    scale: float | None = None
    notebook: str = ""


def draw_options(base: DrawOptions | None = None, /, **given: Any) -> DrawOptions:
    """The options with some of them replaced; without any, those of a new drawing, in the reader's language.

    Raises `UsageError` for an unknown option, or a value that it cannot have.
    """
    if base is None:
        base, given = DrawOptions(), {"lang": None, **given}
    elif given.get("lang") is None:
        # What is drawn already keeps its language, unless another is named.
        given.pop("lang", None)
    own = {f.name for f in fields(DrawOptions)} - {"circuit"}
    for name, value in given.items():
        if name not in own | _CIRCUIT:
            hint = did_you_mean(name, own | _CIRCUIT, f"there are: {', '.join(sorted(own | _CIRCUIT))}")
            raise UsageError(f"there is no drawing option {name!r}; {hint}")
        allowed = _CHOICES.get(name)
        if allowed and value not in allowed:
            raise UsageError(f"{name} must be one of {', '.join(allowed)}, but got {value!r}")
        if name in ("open", "close"):
            given[name] = (value,) if isinstance(value, str) else tuple(value)
        if name == "lang":
            given[name] = language(value)
        if name == "names":
            given[name] = tuple(value.items())
    if not 1 <= given.get("precision", 4) <= 17:
        raise UsageError(f"precision must be from 1 to 17 digits, but got {given['precision']!r}")
    if not 0 < given.get("seconds", 1.0) < 1000:
        raise UsageError(f"seconds tells how long a step is shown, such as 1.5, but got {given['seconds']!r}")
    if not (given.get("scale") is None or 0 < given["scale"] < 1000):
        raise UsageError(f"scale tells how large a pixel picture is, such as 2, but got {given['scale']!r}")
    shown = replace(base.circuit, **{k: v for k, v in given.items() if k in _CIRCUIT})
    return replace(base, circuit=shown, **{k: v for k, v in given.items() if k in own})


_CHOICES = {
    "show": ("both", "forward", "backward"),
    "labels": ("values", "symbols", "rules", "none"),
    "direction": ("LR", "TB"),
    "engine": ENGINES,
    "notebook": ("svg", "png", "html", "publish"),
}
