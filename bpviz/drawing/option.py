"""One option: its names, its values, its help."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from bpviz.frozen import dataclass

__all__ = ["HEADINGS", "Option", "Range"]

HEADINGS = {
    "computed": "What is computed",
    "shown": "What is shown",
    "looks": "How it looks",
    "output": "Where it goes",
}
"""The parts of the help, in order."""


@dataclass(frozen=True, slots=True)
class Range:
    """The allowed numbers of an option: from ``low`` to ``high`` (``None``: no bound), without these two if ``open``.

    ``must`` follows the option's name in the message for other numbers. ``none`` allows ``None``.
    """

    low: float
    high: float | None
    must: str
    whole: bool = False
    open: bool = False
    none: bool = False

    def holds(self, value: object) -> bool:
        """Return whether a value is an allowed number."""
        if value is None:
            return self.none
        if not isinstance(value, int if self.whole else int | float) or isinstance(value, bool):
            return False
        if self.open:
            return self.low < value and (self.high is None or value < self.high)
        return self.low <= value and (self.high is None or value <= self.high)


@dataclass(frozen=True, slots=True)
class Option:
    """One option.

    - ``name``: its name in `bpviz.draw` and the functions of commands; ``python`` if `bpviz.draw` has another name.
    - ``flags``: its names on the command line, the main one first of those with two dashes; empty if it has none.
    - ``default``: ``False`` or ``True`` makes a flag, ``()`` an option that can be repeated.
    - ``choices`` or ``range``: the allowed values. If it takes them in ``any_case``, they have capitals. ``alone`` is
      the value of a flag without one; every other value contains ``like``, or is no value of it.
    - ``listed``: whether it takes names with commas between them; settings can also give them as a list.
    - ``setting``: whether the environment (``BPVIZ_NAME``) and ``[tool.bpviz]`` can set it.
    - ``taken_by``: ``draw``; a ``command`` that makes a drawing, also in a document; or the ``terminal`` alone.
    - ``builders``: whether the builder of a document chooses it.
    - ``about``: what it is about, which is a part of the help: `HEADINGS`.
    - ``convert``: converts a given value into that of the drawing.
    """

    name: str
    flags: str = ""
    help: str = ""
    default: Any = None
    python: str = ""
    metavar: str | None = None
    choices: tuple[str, ...] = ()
    any_case: bool = False
    range: Range | None = None
    alone: str | None = None
    like: str = ""
    listed: bool = False
    setting: bool = False
    taken_by: Literal["draw", "command", "terminal"] = "draw"
    builders: bool = False
    about: Literal["computed", "shown", "looks", "output"] = "shown"
    convert: Callable[[Any], Any] | None = None

    @property
    def long(self) -> str:
        """The long name, as documents and settings write it.

        >>> from bpviz.drawing.options import OPTIONS
        >>> OPTIONS["seconds"].long, OPTIONS["path"].long
        ('seconds-per-step', 'highlight')
        """
        return next((flag[2:].partition("/")[0] for flag in self.flags.split() if flag.startswith("--")), "")

    @property
    def key(self) -> str:
        """The name of the setting in ``[tool.bpviz]`` and (in capitals) in the environment; empty if there is none.

        >>> from bpviz.drawing.options import OPTIONS
        >>> OPTIONS["seconds"].key, OPTIONS["path"].key
        ('seconds_per_step', '')
        """
        return self.long.replace("-", "_") if self.setting else ""

    @property
    def variable(self) -> str:
        """The variable of the environment that sets it; empty if there is none.

        >>> from bpviz.drawing.options import OPTIONS
        >>> OPTIONS["seconds"].variable
        'BPVIZ_SECONDS_PER_STEP'
        """
        return f"BPVIZ_{self.key.upper()}" if self.setting else ""
