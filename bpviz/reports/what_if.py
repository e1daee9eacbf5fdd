"""What if an input had another value: the change that the gradient predicts, and the true one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bpviz import ops
from bpviz.analysis.changes import Change, change
from bpviz.analysis.influences import objective
from bpviz.documents.document import Block, Document, Paragraph, Picture
from bpviz.drawing.draw import draw, language_for
from bpviz.drawing.drawing import Drawing
from bpviz.errors import UsageError, did_you_mean
from bpviz.frozen import dataclass
from bpviz.graph.flow import Flow
from bpviz.graph.graph import Graph
from bpviz.graph.verification import verified
from bpviz.lazy import LazyModule
from bpviz.objects.choice import full_name
from bpviz.reports.report import TextReport
from bpviz.sources.targets import flow_of
from bpviz.text.language import ENGLISH, Language
from bpviz.words.changes import change_sentences, change_table, changes_text
from bpviz.words.numbers import shown_apart

__all__ = ["WhatIf", "compared", "what_if"]

np: Any = LazyModule("numpy")


@dataclass(frozen=True, eq=False)
class WhatIf(TextReport):
    """The change of the output when inputs change; printed, it is a table.

    ``before`` and ``after`` are the two runs, ``changes`` the effect of each input, ``together`` that of all of them;
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
        """The change that the gradient predicts."""
        return self.together.predicted

    @property
    def true(self) -> float:
        """The true change."""
        return self.together.true

    @property
    def difference(self) -> float:
        """The true change minus the predicted one."""
        return self.together.difference

    def draw(self, **options: Any) -> Drawing:
        """Return the figure with old and new numbers; ``options`` are those of `bpviz.draw`."""
        return draw(self.after, **{"before": self.before, "precision": self.precision, "lang": self.say, **options})

    def blocks(self) -> tuple[Block, ...]:
        """Return the table, and a sentence for every change."""
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
        """Return the table, with both outputs in the title."""
        old, new = shown_apart(self.before.output, self.after.output, self.precision, self.say)
        title = self.say(
            "What if {changes}? {output}: {old} → {new}",
            changes=changes_text(self.changes, self.precision, self.say),
            output=self.before.output_name,
            old=old,
            new=new,
        )
        return Document(title, self.blocks(), self.say.code)

    def data(self) -> dict[str, Any]:
        """Return the outputs, and every change with its numbers."""
        return {
            "bpviz": 1,
            "kind": "what if",
            "output": self.before.output_name,
            "objective": objective(self.before, self.say).words,
            "before": self.before.output,
            "after": self.after.output,
            "changes": [_entry(change) for change in self.changes],
            "together": _entry(self.together),
            "sentences": [block.text for block in self.blocks() if isinstance(block, Paragraph)],
        }

    def __repr__(self) -> str:
        changed = changes_text(self.changes)
        return f"<what if {changed}: predicted {self.predicted:g}, true {self.true:g}>"


def _entry(change: Change) -> dict[str, Any]:
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
    verify: bool = True,
    **changes: Any,
) -> WhatIf:
    """Return the change of the output when inputs change: predicted by the gradient, and computed.

    A function is run again with the new values (and ``args``), so that its branches follow; a graph or a flow keeps its
    steps. Inputs whose name is no identifier are given as ``**{"p[0]": 1.0}``. ``lang`` is the language of the words;
    ``wrt``, ``freeze`` and ``verify`` are those of `bpviz.trace`. Inputs of these names are changed with
    ``bpviz.explain(…, what_if={"lang": 1.0})``.

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
    price goes from 100 to 200: total grows by 220, as the gradient predicts: 100 × 2.2.

    Raises `UsageError` for an unknown input, a value of another shape, or no change at all.
    """
    with verified(verify):
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
    """Do as `what_if`, for a run with other ``inputs``, ``output`` and ``seed``, as `bpviz.propagate` takes them."""
    if not changes:
        raise UsageError("nothing is changed; give an input another value: what_if(target, tax=1.2)")
    run = _Runs(target, args, inputs or {}, {"output": output, "seed": seed, "wrt": wrt, "freeze": freeze})
    before = run.with_values({})
    names = before.graph.inputs
    changes = {full_name(name, names): value for name, value in changes.items()}
    for name in changes:
        if name not in names:
            raise UsageError(f"there is no input named {name!r}; {_hint(name, names)}")
    for name, value in changes.items():
        shape = ops.shape_of(before.value(name))
        if ops.shape_of(np.asarray(value)) != shape:
            raise UsageError(f"the input {name!r} has shape {shape}, but was given {value!r}; a change keeps the shape")
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

    def __init__(self, target: Any, args: tuple[Any, ...], inputs: Mapping[str, Any], run: dict[str, Any]) -> None:
        source: Any = target.source if isinstance(target, Drawing) else target
        if isinstance(target, Drawing) and not isinstance(source, Graph | Flow):
            raise UsageError(
                "a card, a page of several figures or a training has no inputs to change; give a function, a graph or "
                "a flow"
            )
        self.source, self.args = source, args
        self.inputs, self.run = dict(inputs), run

    def with_values(self, changes: Mapping[str, Any]) -> Flow:
        """Return the run with some inputs changed."""
        inputs = self.inputs | dict(changes)
        return flow_of(self.source, self.args, inputs=inputs or None, **self.run)
