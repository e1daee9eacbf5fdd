"""What if an input were another: the change that the gradient foretells, and the true one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bpviz import ops
from bpviz.analysis.changes import Change, change
from bpviz.analysis.influences import objective
from bpviz.documents.document import Block, Document, Paragraph, Picture
from bpviz.drawing.draw import draw, language_for
from bpviz.drawing.drawing import Drawing
from bpviz.errors import UsageError, did_you_mean
from bpviz.graph.changed import changed
from bpviz.graph.choice import full_name
from bpviz.graph.flow import Flow
from bpviz.graph.graph import Graph
from bpviz.graph.propagate import propagate
from bpviz.graph.restriction import restricted
from bpviz.graph.tracing import trace
from bpviz.lazy import LazyModule
from bpviz.reports.report import Telling
from bpviz.text.language import ENGLISH, Language
from bpviz.words.changes import change_sentences, change_table, changes_text
from bpviz.words.numbers import shown

__all__ = ["WhatIf", "compared", "what_if"]

np: Any = LazyModule("numpy")


@dataclass(frozen=True, eq=False)
class WhatIf(Telling):
    """What becomes of the output when inputs change; printed, it is a table.

    ``before`` and ``after`` are the two runs, ``changes`` what each input alone does, ``together`` what all of them do;
    ``say`` is the language of the words.
    """

    before: Flow
    after: Flow
    changes: tuple[Change, ...]
    together: Change
    precision: int = 4
    say: Language = ENGLISH

    @property
    def predicted(self) -> float:
        """The change that the gradient foretells."""
        return self.together.predicted

    @property
    def true(self) -> float:
        """The change that there really is."""
        return self.together.true

    @property
    def difference(self) -> float:
        """By how much more the output grows than was foretold."""
        return self.together.difference

    def draw(self, **options: Any) -> Drawing:
        """The figure with old and new numbers; ``options`` are those of `bpviz.draw`."""
        return draw(self.after, **{"before": self.before, "precision": self.precision, "lang": self.say, **options})

    def blocks(self) -> tuple[Block, ...]:
        """The table, and a sentence for every change."""
        say, output = self.say, objective(self.before, self.say).words
        names = say(", ").join(change.name for change in self.changes)
        title = say("The figure with the new values of {names}", names=names)
        figure = self.draw(theme="auto")
        return (
            change_table(self.changes, self.together, output, self.precision, say),
            *change_sentences(self.changes, self.together, output, self.precision, say),
            Picture(figure.to_svg, title, figure.fingerprint),
        )

    def document(self) -> Document:
        """The table with a title that tells the outputs before and after."""
        old, new = (shown(flow.output, self.precision, self.say) for flow in (self.before, self.after))
        said = self.say(
            "What if {changes}? {output}: {old} → {new}",
            changes=changes_text(self.changes, self.precision, self.say),
            output=self.before.output_name,
            old=old,
            new=new,
        )
        return Document(said, self.blocks(), self.say.code)

    def data(self) -> dict[str, Any]:
        """The outputs, and every change with its numbers."""
        return {
            "bpviz": 1,
            "kind": "what if",
            "output": self.before.output_name,
            "objective": objective(self.before, self.say).words,
            "before": self.before.output,
            "after": self.after.output,
            "changes": [_told(change) for change in self.changes],
            "together": _told(self.together),
            "sentences": [block.text for block in self.blocks() if isinstance(block, Paragraph)],
        }

    def __repr__(self) -> str:
        changed = changes_text(self.changes)
        return f"<what if {changed}: predicted {self.predicted:g}, true {self.true:g}>"


def _told(change: Change) -> dict[str, Any]:
    return {
        "name": change.name or "all together",
        **({"from": change.before, "to": change.after, "gradient": change.slope} if change.name else {}),
        "predicted": change.predicted,
        "true": change.true,
        "difference": change.difference,
        "same steps": change.same_way,
    }


def what_if(
    target: Callable[..., Any] | Graph | Flow | Drawing,
    /,
    *args: Any,
    lang: str | Language | None = None,
    wrt: str | Sequence[str] | None = None,
    freeze: str | Sequence[str] | None = None,
    **changes: Any,
) -> WhatIf:
    """What becomes of the output when inputs change, foretold by the gradient and computed.

    A function is run again with the new values (and ``args``), so that its branches follow; a graph or a flow keeps its
    steps. Inputs whose name is no identifier are given as ``**{"p[0]": 1.0}``. ``lang`` is the language of the words;
    an input of that name is changed with ``bpviz.explain(…, what_if={"lang": 1.0})``. ``wrt`` and ``freeze`` name what
    is differentiated, as for `bpviz.trace`.

    >>> import bpviz
    >>> def total(price=100, count=2, tax=1.1):
    ...     return price * count * tax
    >>> print(bpviz.what_if(total, price=200))
    What if price = 200? total: 220 → 440
    =====================================
    <BLANKLINE>
    change  from  to   gradient  predicted  true  difference
    price   100   200  2.2       +220       +220  0
    <BLANKLINE>
    price goes from 100 to 200: total grows by 220, as the gradient foretells: 100 × 2.2.

    Raises `UsageError` for an unknown input, a value of another shape, or no change at all.
    """
    return compared(target, args, changes, say=language_for(target, lang), wrt=wrt, freeze=freeze)


def compared(
    target: Callable[..., Any] | Graph | Flow | Drawing,
    args: tuple[Any, ...],
    changes: Mapping[str, Any],
    *,
    inputs: Mapping[str, Any] | None = None,
    output: Any = None,
    seed: Any = None,
    precision: int = 4,
    say: Language = ENGLISH,
    wrt: Any = None,
    freeze: Any = None,
) -> WhatIf:
    """`what_if` for a run with other ``inputs``, ``output`` and ``seed``, as `bpviz.propagate` takes them."""
    if not changes:
        raise UsageError("nothing is changed; give an input another value: what_if(target, tax=1.2)")
    choice = {key: value for key, value in (("wrt", wrt), ("freeze", freeze)) if value}
    run = _Runs(target, args, inputs or {}, output, seed, choice)
    before = run.with_values({})
    names = before.graph.inputs
    changes = {full_name(name, names): value for name, value in changes.items()}
    for name in changes:
        if name not in names:
            raise UsageError(f"there is no input named {name!r}; {_hint(name, names)}")
    after = run.with_values(changes)
    alone = [after if len(changes) == 1 else run.with_values({name: value}) for name, value in changes.items()]
    each = tuple(change(before, flow, name) for name, flow in zip(changes, alone, strict=True))
    return WhatIf(before, after, each, change(before, after, *changes), precision, say)


def _hint(name: str, names: tuple[str, ...]) -> str:
    part = next((known for known in names if known.startswith(f"{name}[")), "")
    if part:
        return f"change its parts, for example {part!r}"
    return did_you_mean(name, names, f"its inputs are: {', '.join(names[:12])}")


class _Runs:
    """One target, run with several sets of values."""

    def __init__(
        self,
        target: Any,
        args: tuple[Any, ...],
        inputs: Mapping[str, Any],
        output: Any,
        seed: Any,
        choice: Mapping[str, Any],
    ) -> None:
        source: Any = target.source if isinstance(target, Drawing) else target
        if isinstance(target, Drawing) and not isinstance(source, Graph | Flow):
            raise UsageError(
                "a card, or a page of several figures, has no inputs to change; give a function, a graph or a flow"
            )
        if args and isinstance(source, Graph | Flow):
            raise UsageError("arguments go with a function; a graph is changed by name: what_if(graph, tax=1.2)")
        if isinstance(source, Graph | Flow):
            source = restricted(source, **choice)
        self.source, self.args, self.choice = source, args, dict(choice)
        self.inputs, self.output, self.seed = dict(inputs), output, seed
        if isinstance(source, Flow):
            given = {source.graph.record.is_input[i]: value for i, value in source.given.items()}
            self.inputs = given | self.inputs
            self.output = source.graph.nodes[source.output_index] if output is None else output
            self.seed = source.seed if seed is None and output is None else seed

    def with_values(self, changes: Mapping[str, Any]) -> Flow:
        """The run with some inputs changed."""
        if isinstance(self.source, Graph | Flow):
            graph = self.source.graph if isinstance(self.source, Flow) else self.source
            return propagate(graph, self.inputs | dict(changes), self.output, self.seed)
        graph, rest = self._traced(changes)
        kept = {name: value for name, value in self.inputs.items() if name not in changes}
        return propagate(graph, kept | rest, self.output, self.seed)

    def _traced(self, changes: Mapping[str, Any]) -> tuple[Graph, dict[str, Any]]:
        """The function's graph with the changes that are its parameters, and those that are parts of them."""
        if not changes:
            return trace(self.source, *self.args, **self.choice), {}
        import inspect

        signature = inspect.signature(self.source)
        bound = signature.bind_partial(*self.args)
        rest = {}
        for name, value in changes.items():
            parameter = signature.parameters.get(name)
            if parameter is None:
                rest[name] = value
                continue
            before = bound.arguments.get(name, parameter.default)
            if ops.shape_of(value if hasattr(value, "shape") else np.asarray(value)) != ops.shape_of(before):
                raise UsageError(
                    f"the input {name!r} has shape {ops.shape_of(before)}, but was given {value!r}; "
                    "a change keeps the shape"
                )
            # A list in the place of an array is one.
            bound.arguments[name] = np.asarray(value, before.dtype) if hasattr(before, "dtype") else value
        function, rest = changed(self.source, rest) if rest else (self.source, rest)
        return trace(function, *bound.args, **bound.kwargs, **self.choice), rest
