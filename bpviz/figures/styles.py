"""The styles of the values of a circuit: from the theme, from the model, and from the options of the drawing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from bpviz.errors import UsageError
from bpviz.figure import Arrow, Box, Label, Plain, Wire
from bpviz.figures.labels import renamed
from bpviz.figures.options import CircuitOptions
from bpviz.graph.graph import Graph
from bpviz.text.element_names import arrays_of
from bpviz.text.styles import Style, Styles

__all__ = ["Looks", "looks_of"]


def looks_of(graph: Graph, options: CircuitOptions, house: Styles = ()) -> Looks:
    """Return the styles of a graph's values: from a theme (``house``), from the model, and from options."""
    return Looks(graph, renamed(graph, options.names), house, options.styles)


class Looks:
    """The style of every value that has one."""

    def __init__(self, graph: Graph, labels: Sequence[str], house: Styles, chosen: Styles) -> None:
        """Take the names that the figure shows, the styles of the theme (``house``), and those of the options.

        The styles of the model win against the first and give way to the second. Raises `UsageError` if no value has
        the name of an option's style.
        """
        self._graph, self._labels = graph, labels
        self._of: dict[int, Style] = {}
        for name, style in house:
            # A theme is used for many models.
            self._add(self._named(name), style)
        for index, style in graph.record.styles.items():
            self._add([index], style)
        for name, style in chosen:
            self._add(self._named(name) or [self._found(name)], style)

    def _add(self, indices: Iterable[int], style: Style) -> None:
        for index in indices:
            self._of[index] = style.over(self._of.get(index, Style()))

    def _named(self, name: str) -> list[int]:
        """Return the values that the figure or the code calls so; of an array in single numbers, its elements."""
        shown = zip(self._labels, self._graph.labels, self._graph.names, strict=True)
        own = [index for index, (label, written, known) in enumerate(shown) if name in (label, written, known)]
        return own or [index for index, label in enumerate(self._labels) if name in arrays_of(label)]

    def _found(self, name: str) -> int:
        try:
            return self._graph.find(name)
        except UsageError as error:
            raise UsageError(f"styles: {error}") from None

    def hides(self, index: int) -> bool:
        """Return whether the numbers of a value are left out."""
        return bool(self._of) and bool(self.style(index).hide)

    def note(self, index: int) -> str:
        """Return the note beside a value; empty if it has none."""
        return self.style(index).note if self._of else ""

    def box(self, box: Box, index: int) -> Box:
        """Return the box that makes a value, or that names it, in the value's colour."""
        color = self.style(index).color if self._of else ""
        return replace(box, color=color) if color else box

    def wire(self, wire: Wire, index: int, stem: bool) -> Wire:
        """Return a wire that carries a value, in its colour; where the value appears first, with the note."""
        if index not in self._of:
            return wire
        style = self.style(index)
        if style.note and stem:
            # Where only the backward pass is drawn, the note is at its arrow.
            if wire.forward is not None:
                wire = replace(wire, forward=_noted(wire.forward, style.note))
            elif wire.backward is not None:
                wire = replace(wire, backward=_noted(wire.backward, style.note))
        return replace(wire, color=style.color)

    def has(self, index: int) -> bool:
        """Return whether a value has a style."""
        return index in self._of

    def style(self, index: int) -> Style:
        """Return the style of a value."""
        return self._of.get(index, _NONE)


def _noted(arrow: Arrow, note: str) -> Arrow:
    return Arrow(replace(arrow.label or Label(Plain("")), note=note))


_NONE = Style()
