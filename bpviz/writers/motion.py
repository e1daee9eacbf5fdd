"""Pictures as SVG that moves: forward, then backward, again and again.

Style sheets move it, without scripts, in an ``<img>`` too. For readers who prefer no motion, and in programs that
cannot move pictures, it is the whole picture.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from math import isfinite
from types import MappingProxyType

from bpviz.figure import Step
from bpviz.picture.elements import Element, Part, Path, Picture, Shape
from bpviz.picture.stages import arrivals, captioned, halves, is_line
from bpviz.picture.theme import LineRole, Theme
from bpviz.text.escaping import escaped
from bpviz.text.language import ENGLISH, Language
from bpviz.writers.following import PREFIX, DaysAndNights, followed, scoped
from bpviz.writers.svg import drawn, finished, group, ink_of, links, opened

__all__ = ["HOLD", "PALE", "SECONDS", "STRONG", "Mark", "moving", "write"]

SECONDS = 1.5
"""How long a step is shown, in seconds."""
PALE = 0.25
"""The opacity of an arrow's line before the arrow appears."""
STRONG = 1.7
"""How many times as thick lines are while they appear."""
_FADE = 0.3
_BLINK = 0.1
HOLD = 2
"""How long the whole picture stays at the end, in steps."""


def write(
    picture: Picture, theme: Theme, *, steps: Sequence[Step], seconds: float = SECONDS, say: Language = ENGLISH
) -> bytes:
    """Return ``picture`` as an SVG file that shows its ``steps`` one after the other, each for ``seconds`` seconds.

    The sentence of each step is below.

    >>> from bpviz.picture.theme import theme
    >>> moving = write(Picture(72.0, 36.0, ()), theme("light"), steps=[Step("one"), Step("two")]).decode()
    >>> "<script" in moving, "prefers-reduced-motion:no-preference" in moving
    (False, True)
    """
    wider = captioned(picture, steps, theme)
    film = _Film(len(steps), seconds)

    looks = DaysAndNights(theme)
    opening, *rest = followed([*opened(wider, looks.plain, say), *moving(wider, steps, looks, film.mark)])
    return finished([scoped(opening), f"<style>{film.rules()}</style>", *rest])


Mark = Callable[[str, tuple[int, ...], float], str]
"""Returns the attributes of an SVG group, from its kind (``box``, ``forward``, ``backward``, ``constant``, ``words``,
``turn``), the steps in which it appears (of a turn the first and the last one), and the width of its lines."""


def moving(
    picture: Picture, steps: Sequence[Step], looks: DaysAndNights, mark: Mark, *, linked: bool = True
) -> Iterator[str]:
    """Yield the parts of a picture as SVG; all that appears in one step is a group, with the attributes of ``mark``.

    Lines inherit their width from the group, so that a rule can change it. Letters are links to their other ends if the
    parts are ``linked``.
    """
    arriving, working = arrivals(steps), _working(steps)
    ends, ink = links(picture) if linked else {}, ink_of(looks.plain)
    for number, part in enumerate(picture.parts):
        look = looks[part.look]
        if part.during is not None:
            yield _turn(part, len(steps), look, ink, mark)
            continue
        if part.shows in arriving:
            body = "".join(
                _arrow(half, at, look, ink, mark) for half, at in zip(halves(part), arriving[part.shows], strict=True)
            )
        elif part.shows in working:
            body = _group("box", part, part.elements, working[part.shows], look, ink, mark)
        else:
            body = drawn(part, look, ink)
        yield group(part, number, body, ends.get(number))


def _working(steps: Sequence[Step]) -> dict[str, tuple[int, ...]]:
    """Return the steps in which each box computes."""
    working: dict[str, tuple[int, ...]] = {}
    for at, step in enumerate(steps):
        for id in step.boxes:
            working[id] = (*working.get(id, ()), at)
    return working


def _turn(part: Part, count: int, look: Theme, ink: str, mark: Mark) -> str:
    """Return a part that is shown during some steps only; those of the last step are seen where nothing moves."""
    assert part.during is not None
    inner = drawn(part, look, ink)
    last = part.during[1] == count - 1
    attributes = mark("turn", part.during, 1.0) + ("" if last else ' opacity="0"')
    if last and part.of:
        return f'<g {attributes} role="img"><title>{escaped(part.description)}</title>{inner}</g>'
    return f'<g {attributes} aria-hidden="true">{inner}</g>'


def _arrow(part: Part, at: float, theme: Theme, ink: str, mark: Mark) -> str:
    lines = [element for element in part.elements if is_line(element)]
    words = [element for element in part.elements if not is_line(element)]
    when = (int(at),) if isfinite(at) else ()
    role = next((element.role for element in lines if isinstance(element, Path)), "forward")
    return _group(role, part, lines, when, theme, ink, mark) + _group("words", part, words, when, theme, ink, mark)


def _group(
    kind: str, part: Part, elements: Sequence[Element], at: tuple[int, ...], theme: Theme, ink: str, mark: Mark
) -> str:
    if not elements:
        return ""
    role: LineRole = next((element.role for element in elements if isinstance(element, Path | Shape)), "node")
    width = theme.strokes[role].width if kind != "words" else 1.0
    shown = replace(part, elements=tuple(elements), backward=())
    inner = drawn(shown, theme if kind == "words" else _thin(theme), ink)
    return f'<g {mark(kind, at, width)} stroke-width="{width:g}">{inner}</g>'


def _thin(theme: Theme) -> Theme:
    """Return the theme with lines of the default width, which is not written."""
    strokes = {role: replace(stroke, width=1.0) for role, stroke in theme.strokes.items()}
    return replace(theme, strokes=MappingProxyType(strokes))


class _Film:
    """The rules of a style sheet by which everything appears and disappears."""

    def __init__(self, count: int, seconds: float) -> None:
        self._count, self._seconds = count, seconds
        self._total = (count + HOLD) * seconds
        self._fade = min(_FADE, seconds / 3)
        self._names: dict[tuple[str, tuple[int, ...], float], int] = {}

    def mark(self, kind: str, at: tuple[int, ...], width: float) -> str:
        """Return the class of a group's motion, which equal groups share."""
        return f'class="shown m{self._names.setdefault((kind, at, width), len(self._names))}"'

    def rules(self) -> str:
        """Return the style sheet; it applies only for readers who accept motion."""
        rules = [f".{PREFIX} .shown{{animation:{self._total:g}s linear infinite}}"]
        for (kind, at, width), name in self._names.items():
            frames = self._frames(kind, at, width)
            rules.append(
                f".{PREFIX} .m{name}{{animation-name:{PREFIX}-m{name}}}@keyframes {PREFIX}-m{name}{{{frames}}}"
            )
        return f"@media (prefers-reduced-motion:no-preference){{{''.join(rules)}}}"

    def _frames(self, kind: str, at: tuple[int, ...], width: float) -> str:
        plain, strong = f"stroke-width:{width:g}", f"stroke-width:{width * STRONG:g}"
        if kind == "box":
            pulses = (
                f"{self._at(t)}{{{plain}}}{self._at(t, 1)},{self._at(t + 1)}{{{strong}}}{self._at(t + 1, 1)}"
                for t in at
            )
            return "0%{" + plain + "}" + f"{{{plain}}}".join(pulses) + f",to{{{plain}}}"
        start = at[0] if at else self._count
        come, there, past, gone = self._at(start), self._at(start, 1), self._at(start + 1), self._at(start + 1, 1)
        if kind == "turn":
            # It disappears when the next one appears: two would overlap.
            end = at[1] + 1
            before, last, past = self._at(start, -_BLINK), self._at(end, -_BLINK), self._at(end)
            goes = "to{opacity:1}" if end == self._count else f"{last}{{opacity:1}}{past},to{{opacity:0}}"
            return f"0%,{before}{{opacity:0}}{come}{{opacity:1}}{goes}"
        if kind == "words":
            return f"0%,{come}{{opacity:0}}{there},to{{opacity:1}}"
        waiting = 0 if kind == "backward" else PALE
        return (
            f"0%,{come}{{opacity:{waiting};{plain}}}{there}{{opacity:1;{strong}}}{past}{{{strong}}}"
            f"{gone},to{{opacity:1;{plain}}}"
        )

    def _at(self, step: float, faded: float = 0.0) -> str:
        """Return the time when a step begins, or when its parts are fully visible, in percent of the whole."""
        share = min(max((step * self._seconds + faded * self._fade) / self._total, 0.0), 1.0) * 100
        return f"{share:.2f}".rstrip("0").rstrip(".") + "%"
