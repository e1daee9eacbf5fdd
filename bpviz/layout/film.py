"""The layout of a film: one for all its steps, with room at every wire for the largest of its labels."""

from __future__ import annotations

from dataclasses import replace

from bpviz import progress
from bpviz.figure import ArrowKind, Film, Turns
from bpviz.layout.page import is_upright, lay_out
from bpviz.layout.upright import upright
from bpviz.picture.blocks import room_for
from bpviz.picture.elements import Picture
from bpviz.picture.film import merged
from bpviz.picture.progress import with_curve
from bpviz.picture.theme import Theme
from bpviz.text.language import ENGLISH, Language

__all__ = ["lay_out_film"]


def lay_out_film(
    film: Film,
    theme: Theme,
    *,
    engine: str = "auto",
    timeout: float | None = None,
    say: Language = ENGLISH,
) -> Picture:
    """Return one picture of all steps, in which what changes has the steps ``during`` which it is shown.

    The options and the errors are those of `bpviz.layout.page.lay_out`.

    >>> from bpviz.figure import Arrow, Box, Curve, Figure, Label, Plain, Step, Wire
    >>> from bpviz.picture.theme import theme
    >>> def at(text: str) -> Figure:
    ...     wire = Wire("w", "x", "f", forward=Arrow(Label(Plain(text))))
    ...     return Figure((Box("x", "input", "x"), Box("f", "operation", "f")), (wire,))
    >>> film = Film((at("9"), at("100")), (Step("one"), Step("two")), Curve("x", "step", (0, 1), (9.0, 100.0)))
    >>> picture = lay_out_film(film, theme("light"))
    >>> [(part.id, part.during) for part in picture.parts if part.shows == "w"]
    [('w', None), ('w@0', (0, 0)), ('w@1', (1, 1))]
    """
    if is_upright(film.figures[0], theme, engine=engine, timeout=timeout):
        # As in the figure of a single step.
        film = replace(film, figures=tuple(map(upright, film.figures)))
    roomy = film.with_arrows(lambda arrows, kind: _roomy(arrows, kind, theme))
    pictures = []
    for figure in roomy.figures:
        pictures.append(lay_out(figure, theme, engine=engine, timeout=timeout, say=say))
        progress.count("laid out {done} of {total} steps", len(pictures), len(roomy.figures))
    whole = merged(pictures)
    return whole if film.curve is None else with_curve(whole, film.curve, theme)


def _roomy(arrows: Turns, role: ArrowKind, theme: Theme) -> Turns:
    """Return the arrows of a wire with room for the labels of all of them, so that their layouts are the same."""
    labels = list(dict.fromkeys(arrow.label for arrow in arrows if arrow and arrow.label))
    room = room_for(labels, role, theme) if len(labels) > 1 else None
    return [
        replace(arrow, label=replace(arrow.label, room=room)) if arrow and arrow.label else arrow for arrow in arrows
    ]
