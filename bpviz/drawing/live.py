"""Drawings whose page follows its inputs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from bpviz.drawing.layouts import layouts_of
from bpviz.drawing.options import DrawOptions
from bpviz.figure import Figure
from bpviz.figures.options import CircuitOptions
from bpviz.graph.flow import Flow
from bpviz.living.controls import Wishes
from bpviz.living.page import Living, living
from bpviz.living.steps import StaysStillError
from bpviz.ops.table.thumbnails import Thumbnail
from bpviz.ops.table.unknown import UNKNOWN
from bpviz.picture.elements import Picture
from bpviz.picture.theme import Theme

__all__ = ["living_of"]


def living_of(
    source: Any,
    figure: Any,
    options: DrawOptions,
    theme: Theme,
    picture: Callable[[], Picture],
    rows: Sequence[int] = (),
    redrawn: Callable[[CircuitOptions], tuple[Figure, Picture]] | None = None,
) -> Living | StaysStillError:
    """Return what makes the page of a drawing follow its inputs, or the reason why it cannot.

    ``picture`` returns the picture of the figure, which is laid out only if it can follow. The table below it has these
    ``rows``, by the numbers of nodes. ``redrawn`` returns the figure and the picture for other options; without it,
    groups stay as they are.

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
        "not all of its gradients are known": any(gradient is UNKNOWN for gradient in source.gradients),
        "only thumbnails are kept of its large arrays": any(isinstance(x, Thumbnail) for x in source.values),
        **{f"only {name} can compute {step}": True for step, name in _foreign(source)},
    }
    for reason, holds in reasons.items():
        if holds:
            return StaysStillError(reason)
    sliders = options.live if isinstance(options.live, tuple) else ()
    wishes = Wishes(circuit, theme.styles, options.seconds, options.steps, sliders, tuple(rows))
    shown = picture()
    layouts = [] if redrawn is None else layouts_of(source, figure, shown, circuit, redrawn)
    try:
        return living(source, figure, shown, theme, wishes, layouts)
    except StaysStillError as error:
        return error


def _foreign(flow: Flow) -> Iterator[tuple[str, str]]:
    """Yield the steps that another framework computes, each with the name of that."""
    for operation in flow.graph.record.operations:
        if operation is not None and operation.framework:
            yield operation.name, operation.framework
