"""What stands below a figure and not in it: notes on the run, and the table of an HTML page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from bpviz.analysis.training import Training
from bpviz.drawing.options import DrawOptions
from bpviz.graph.flow import Flow
from bpviz.text.styles import Styles

__all__ = ["notes_of", "rows_of", "sections_of"]

_ROWS = 100
"""The most values in the table."""


def rows_of(source: Any, options: DrawOptions, house: Styles = ()) -> tuple[int, ...]:
    """Return the values in the table, by the numbers of nodes; those that a style hides are left out.

    >>> import bpviz
    >>> from bpviz.drawing.options import DrawOptions
    >>> rows_of(bpviz.backprop(lambda price=100, count=2: price * count), DrawOptions())
    (0, 1, 2)
    """
    if not isinstance(source, Flow) or options.circuit.show == "forward" or options.figure_only:
        return ()
    from bpviz.analysis.influences import named
    from bpviz.figures.styles import looks_of

    looks = looks_of(source.graph, options.circuit, house)
    return tuple(index for index in named(source) if not looks.hides(index))[:_ROWS]


def sections_of(source: Any, options: DrawOptions, rows: Sequence[int]) -> tuple[str, ...]:
    """Return the sections in HTML: the table of the effect of every value on the output."""
    if not isinstance(source, Flow) or options.circuit.show == "forward" or options.figure_only:
        return ()
    from bpviz.analysis.influences import influences, objective
    from bpviz.documents.document import Document
    from bpviz.documents.html import fragment
    from bpviz.formulas.symbols import Symbols
    from bpviz.words.influences import influence_table

    precision, say = options.circuit.precision, options.circuit.lang
    output, symbol = objective(source, say)
    table = influence_table(influences(source, rows, Symbols(source)), output, symbol, precision, say)
    return (fragment(Document("", (table,))),)


def notes_of(source: Any, options: DrawOptions, living: Any = None) -> tuple[str, ...]:
    """Return the notes on a run; ``living`` is what makes the page follow its inputs, or the reason why it cannot.

    >>> import bpviz
    >>> from bpviz.drawing.options import DrawOptions
    >>> notes_of(bpviz.backprop(lambda x=1.0, unused=2.0: x * x), DrawOptions())
    ("the input 'unused' does not reach the output",)
    """
    flow = source[-1] if isinstance(source, Training) else source
    return tuple(_notes(source, flow, options, living)) if isinstance(flow, Flow) else ()


def _notes(source: Any, flow: Flow, options: DrawOptions, living: Any) -> Iterator[str]:
    say, graph = options.circuit.lang, flow.graph
    yield from (note.sentence(say) for note in graph.notes)
    yield from (found.sentence(say) for found in flow.nonfinite)
    if isinstance(living, Exception):
        yield say("the figure does not follow its inputs: {reason}", reason=str(living))
    if isinstance(source, Training) and source.diverges:
        yield say("the descent ends with step {number}, which is not finite", number=source.numbers[-1])
    if graph.is_gradient:
        # A gradient need not depend on every input.
        return
    reached = set(graph.ancestors({*graph.output_indices, flow.output_index}))
    for index, name in graph.record.is_input.items():
        if index not in reached:
            yield say("the input '{name}' does not reach the output", name=name)
