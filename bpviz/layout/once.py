"""A value that branches is written once, before its dot, and not again on every branch."""

from __future__ import annotations

from bpviz.figure import Arrow, Figure, Wire
from bpviz.frozen import replace

__all__ = ["written_once"]


def written_once(figure: Figure) -> Figure:
    """Return the figure without the values after branch dots that stand before them; gradients stay.

    A wire that ends in a letter keeps its value, because it goes on elsewhere; one to hidden blocks (``⋯ ×10 ⋯``) keeps
    it beside the numbers that are particular to these blocks.

    >>> from bpviz.figure import Box, Label, Plain
    >>> two = Arrow(Label(Plain("2")))
    >>> boxes = Box("x", "input", "x"), Box("b", "branch"), Box("f", "operation", "f")
    >>> whole = Figure(boxes, (Wire("w", "x", "b", forward=two), Wire("v", "b", "f", forward=two)))
    >>> [wire.forward.label is None for wire in written_once(whole).wires]
    [False, True]
    """
    kinds = {box.id: box.kind for box in figure.boxes}
    kept = {box.id for box in figure.boxes if box.kind == "continues" or box.is_gap}
    before = {wire.target: wire.forward for wire in figure.wires if kinds.get(wire.target) == "branch"}

    def shown(wire: Wire) -> Wire:
        label, stem = wire.forward and wire.forward.label, before.get(wire.source)
        if not label or not stem or not stem.label or wire.target in kept:
            return wire
        same = label.content == stem.label.content and label.name in ("", stem.label.name)
        return replace(wire, forward=Arrow()) if same else wire

    wires = tuple(map(shown, figure.wires)) if before else figure.wires
    return replace(figure, wires=wires)
