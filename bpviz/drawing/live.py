"""Drawings whose page follows its inputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bpviz.drawing.layouts import layouts_of
from bpviz.drawing.options import DrawOptions
from bpviz.figure import Figure
from bpviz.figures.labels import renamed
from bpviz.figures.options import CircuitOptions
from bpviz.figures.styles import looks_of
from bpviz.graph.flow import Flow
from bpviz.living.page import Living, living
from bpviz.living.steps import StaysStillError
from bpviz.picture.elements import Picture
from bpviz.picture.theme import Theme
from bpviz.text.styles import Styles

__all__ = ["living_of"]


def living_of(
    source: Any,
    figure: Any,
    options: DrawOptions,
    theme: Theme,
    picture: Callable[[], Picture],
    house: Styles = (),
    redrawn: Callable[[CircuitOptions], tuple[Figure, Picture]] | None = None,
) -> Living | StaysStillError:
    """Return what makes the page of a drawing follow its inputs, or the reason why it cannot.

    ``picture`` returns the picture of the figure, which is laid out only if it can follow; ``house`` are the styles of
    the theme. ``redrawn`` returns the figure and the picture for other options; without it, groups stay as they are.

    >>> import bpviz
    >>> drawing = bpviz.draw(lambda x=2.0: x * x)
    >>> shown = drawing.figure, drawing.options, drawing.theme, lambda: drawing.picture
    >>> living_of(drawing.source, *shown).statements[0], living_of(None, *shown)
    ('v[1] = v[0] * v[0];', StaysStillError('it is not the figure of one run, with its numbers'))
    """
    circuit = options.circuit
    if not isinstance(source, Flow) or not isinstance(figure, Figure):
        return StaysStillError("it is not the figure of one run, with its numbers")
    reasons = {
        "it shows paths": bool(circuit.path or circuit.only),
        "it compares two runs": circuit.before is not None,
        "it marks what is shared": circuit.shared,
        "it shows the arithmetic of rules": circuit.labels == "rules",
    }
    for reason, holds in reasons.items():
        if holds:
            return StaysStillError(reason)
    shown = source, figure, picture(), theme, circuit.precision, circuit.lang
    names, looks = renamed(source.graph, circuit.names), looks_of(source.graph, circuit, house)
    layouts = [] if redrawn is None else layouts_of(source, figure, shown[2], circuit, redrawn)
    more: Any = {"has_numbers": circuit.labels == "values", "names": names, "hides": looks.hides}
    try:
        return living(*shown, **more, layouts=layouts)
    except StaysStillError as error:
        return error
