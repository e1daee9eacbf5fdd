"""What a circuit's options choose: who writes its labels, what is lit, marked or compared.

Most figures choose none of it: what only some need is imported for those.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bpviz.figures.labels import Names, Values
from bpviz.graph.flow import Flow
from bpviz.graph.graph import Graph
from bpviz.text.language import Language

if TYPE_CHECKING:
    from bpviz.analysis.pairing import Pairing
    from bpviz.figures.paths import Selection
    from bpviz.figures.sharing import Shared

__all__ = ["change_notes", "labels_of", "pairing_of", "paths_of", "shared_of"]


def paths_of(text: str, flow: Flow | None, graph: Graph, precision: int, say: Language) -> Selection | None:
    """Return the paths that a text names (`bpviz.figures.paths`), if it names any."""
    if not text:
        return None
    from bpviz.figures.paths import selection

    return selection(text, flow, graph, precision, say)


def pairing_of(before: Flow | None, flow: Flow | None) -> Pairing | None:
    """Return which node of a run before is which of this one, where there are both."""
    if before is None or flow is None:
        return None
    from bpviz.analysis.pairing import paired

    return paired(before, flow)


def change_notes(pairing: Pairing | None, say: Language) -> tuple[str, ...]:
    """Return what is said of steps that came or went."""
    if pairing is None:
        return ()
    from bpviz.figures import changes

    return changes.change_notes(pairing, say)


def shared_of(wanted: bool, graph: Graph, flow: Flow | None) -> Shared | None:
    """Return where shared factors are, if they are to be marked."""
    if not wanted:
        return None
    from bpviz.figures.sharing import Shared

    return Shared(graph, flow)


def labels_of(
    kind: str,
    graph: Graph,
    flow: Flow | None,
    labels: Sequence[str],
    precision: int,
    pairing: Pairing | None = None,
    lit: frozenset[tuple[int, int]] = frozenset(),
) -> Names:
    """Return what writes the labels of this kind: numbers with those of the run before, where its nodes are paired, or with
    the slopes of the wires that are lit."""
    arguments = (graph, flow, labels, precision)
    match kind:
        case "none":
            return Names(*arguments)
        case "values" if pairing is not None:
            from bpviz.figures.changes import Changes

            return Changes(*arguments, pairing)
        case "values" if lit:
            from bpviz.figures.paths import Slopes

            return Slopes(*arguments, lit)
        case "values":
            return Values(*arguments)
        case "symbols":
            from bpviz.figures.formulas import Expressions

            return Expressions(*arguments)
        case "rules":
            from bpviz.figures.formulas import Rules

            return Rules(*arguments)
        case _:
            raise TypeError(f"Not a kind of labels: {kind!r}")
