"""The layout of a film: one for all its steps, with room at every wire for the largest of its labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bpviz.figure import Arrow, Figure, Film, Label
from bpviz.layout.page import lay_out
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

    >>> from bpviz.figure import Box, Curve, Plain, Step, Wire
    >>> from bpviz.picture.theme import theme
    >>> def at(text: str) -> Figure:
    ...     wire = Wire("w", "x", "f", forward=Arrow(Label(Plain(text))))
    ...     return Figure((Box("x", "input", "x"), Box("f", "operation", "f")), (wire,))
    >>> film = Film((at("9"), at("100")), (Step("one"), Step("two")), Curve("x", "step", (0, 1), (9.0, 100.0)))
    >>> picture = lay_out_film(film, theme("light"))
    >>> [(part.id, part.during) for part in picture.parts if part.shows == "w"]
    [('w', None), ('w@0', (0, 0)), ('w@1', (1, 1))]
    """
    pictures = [lay_out(figure, theme, engine=engine, timeout=timeout, say=say) for figure in _roomy(film.figures)]
    whole = replace(merged(pictures), title=film.title, description=film.description)
    return with_curve(whole, film.curve, theme)


def _roomy(figures: Sequence[Figure]) -> list[Figure]:
    """Return the figures with the labels of all of them at every wire, so that their layouts are the same."""
    columns = list(zip(*(figure.wires for figure in figures), strict=True))
    forward = [_turns([wire.forward for wire in column]) for column in columns]
    backward = [_turns([wire.backward for wire in column]) for column in columns]
    return [
        replace(
            figure,
            wires=tuple(
                replace(wire, forward=_with(wire.forward, ahead), backward=_with(wire.backward, back))
                for wire, ahead, back in zip(figure.wires, forward, backward, strict=True)
            ),
        )
        for figure in figures
    ]


def _turns(arrows: Sequence[Arrow | None]) -> tuple[Label, ...]:
    """Return the different labels of an arrow; none if there is only one."""
    labels = tuple(dict.fromkeys(arrow.label for arrow in arrows if arrow and arrow.label))
    return labels if len(labels) > 1 else ()


def _with(arrow: Arrow | None, turns: tuple[Label, ...]) -> Arrow | None:
    if arrow is None or arrow.label is None or not turns:
        return arrow
    return replace(arrow, label=replace(arrow.label, turns=turns))
