"""Sliders of a living page: which inputs have one, and from where to where it goes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from math import floor, isfinite, log10
from typing import Any

from bpviz import ops
from bpviz.errors import UsageError, did_you_mean
from bpviz.frozen import dataclass
from bpviz.graph.flow import Flow
from bpviz.graph.graph import Graph
from bpviz.text.element_names import split_name

__all__ = ["Slider", "checked_sliders", "placed", "sliders_of"]

_WRITTEN = re.compile(r"(?P<name>[^=]+)=(?P<low>[^:]+?)\.\.(?P<high>[^:]+?)(?::(?P<step>.+))?")
_STEPS = 100
"""About how many steps a slider has if none is given."""
_MOST = 1_000_000


@dataclass(frozen=True, slots=True)
class Slider:
    """A slider for an input, or for an element of one (``W[0,1]``); ``step`` is 0 if none was given."""

    name: str
    low: float
    high: float
    step: float = 0.0


def sliders_of(value: Any) -> bool | tuple[Slider, ...]:
    """Return the sliders that the option ``live`` names; ``True`` or ``False`` if it names none.

    >>> sliders_of({"tax": (1, 1.5)}), sliders_of(["", "W[0, 1]=-1..1:0.1"])
    ((Slider(name='tax', low=1.0, high=1.5, step=0.0),), (Slider(name='W[0,1]', low=-1.0, high=1.0, step=0.1),))
    >>> sliders_of(True), sliders_of(("",)), sliders_of(())
    (True, True, False)

    Raises `UsageError` for anything else.
    """
    if isinstance(value, bool):
        return value
    if isinstance(value, Mapping):
        return tuple(_slider(name, *_range(name, ends)) for name, ends in value.items())
    if not isinstance(value, str | list | tuple):
        raise UsageError(
            "live is True, or the ranges of sliders, such as {'tax': (1, 1.5)} or 'tax=1..1.5', "
            f"but got {value!r:.60}"
        )
    given = [value] if isinstance(value, str) else value
    found = tuple(one if isinstance(one, Slider) else _read(one) for one in given if one != "")
    return found or bool(given)


def _range(name: Any, ends: Any) -> tuple[Any, ...]:
    if not isinstance(ends, list | tuple) or len(ends) not in (2, 3):
        raise UsageError(
            f"the slider of {name} takes its two ends, and a step if you like, such as (1, 1.5) or (1, 1.5, 0.1), but "
            f"got {ends!r:.60}"
        )
    return tuple(ends)


def _read(text: Any) -> Slider:
    found = _WRITTEN.fullmatch(text.strip()) if isinstance(text, str) else None
    if found is None:
        raise UsageError(
            f"a slider is written NAME=LOW..HIGH or NAME=LOW..HIGH:STEP, such as tax=1..1.5, but got {text!r:.60}"
        )
    ends = (found["low"], found["high"], *([found["step"]] if found["step"] else []))
    return _slider(found["name"], *ends)


def _slider(name: Any, low: Any, high: Any, step: Any = None) -> Slider:
    name = str(name).strip()
    start, end = _number(name, low), _number(name, high)
    if start >= end:
        raise UsageError(f"the slider of {name} goes from {low} to {high}; give the smaller number first")
    size = 0.0 if step is None else _number(name, step)
    if step is not None and not 0 < size <= end - start:
        raise UsageError(
            f"the step of the slider of {name} is above 0 and fits between {low} and {high}, but got {step}"
        )
    if size and (end - start) / size > _MOST:
        raise UsageError(f"the slider of {name} would have more than {_MOST} steps; give a larger step than {step}")
    base, place = split_name(name)
    return Slider(f"{base}[{place}]" if place else name, start, end, size)


def _number(name: str, value: Any) -> float:
    try:
        number = float(value) if not isinstance(value, bool) else float("nan")
    except (TypeError, ValueError):
        number = float("nan")
    if not isfinite(number):
        raise UsageError(f"the slider of {name} has finite numbers, such as {name}=1..1.5, but got {value!r:.60}")
    return number


def checked_sliders(source: Flow | Graph, sliders: Iterable[Slider]) -> None:
    """Raise `UsageError` if a slider is not for a single number among the inputs."""
    for slider in sliders:
        _found(source, slider.name)


def _found(source: Flow | Graph, name: str) -> tuple[int, int]:
    """Return the node of an input and the position of its element.

    Raises `UsageError` if there is none of this name, or if it is a whole array.
    """
    graph = source.graph if isinstance(source, Flow) else source
    values = source.values if isinstance(source, Flow) else graph.record.values
    known = {called: index for index, called in graph.record.is_input.items()}
    base, place = (name, "") if name in known else split_name(name)
    if base not in known:
        hint = did_you_mean(base, known, f"its inputs are: {', '.join(known)}")
        raise UsageError(f"there is no input named {base!r} for a slider; {hint}")
    shape = ops.shape_of(values[known[base]])
    index = [int(i) for i in place.split(",")] if re.fullmatch(r"\d+(,\d+)*", place) else []
    if len(index) != len(shape) or (place and not index) or any(i >= n for i, n in zip(index, shape, strict=True)):
        example = f"{base}[{','.join('0' for _ in shape)}]"
        what = f"an array of shape {shape}; name one element of it, such as {example}" if shape else "a single number"
        raise UsageError(f"{name!r} cannot have a slider, because {base} is {what}")
    at = 0
    for i, n in zip(index, shape, strict=True):
        at = at * n + i
    return known[base], at


def placed(flow: Flow, inputs: Mapping[int, tuple[int, ...]], sliders: Iterable[Slider]) -> list[list[Any]]:
    """Return sliders as plain data for ``sliders.js``: [name, place, low, high, step]; ``inputs`` are the places of
    those inputs that can be changed.

    Raises `UsageError` for an input that stays as it is.
    """
    made = []
    for slider in sliders:
        node, at = _found(flow, slider.name)
        if node not in inputs:
            raise UsageError(
                f"{slider.name!r} cannot have a slider, because the figure stays as it is in {flow.graph.names[node]}; "
                "give one of the inputs that can be changed on the page"
            )
        step = slider.step or _step(slider.high - slider.low, whole=node in flow.graph.record.whole)
        made.append([slider.name, inputs[node][at], slider.low, slider.high, step])
    return made


def _step(span: float, *, whole: bool) -> float:
    """Return a round step: 1, 2 or 5 times a power of ten; whole numbers move by whole steps.

    >>> _step(0.5, whole=False), _step(2.0, whole=False), _step(9.0, whole=True), _step(9.0, whole=False)
    (0.005, 0.02, 1.0, 0.05)
    """
    size = span / _STEPS * (1 + 1e-9)
    unit = float(f"1e{floor(log10(size))}")
    step = max(n * unit for n in (1, 2, 5) if n * unit <= size)
    return max(1.0, step) if whole else float(f"{step:.12g}")
