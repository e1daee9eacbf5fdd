"""An explanation of the numbers of a figure: what each variable does, on which paths, and what is shared."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bpviz import ops
from bpviz.analysis.chains import Chain, chain
from bpviz.analysis.influences import Influence, influences, named, objective
from bpviz.analysis.sharing import KeptValue, Sharing, kept_values, shared_factors
from bpviz.documents.document import Block, Document, Heading, Paragraph, Picture
from bpviz.drawing.draw import draw
from bpviz.drawing.drawing import Drawing
from bpviz.errors import BpvizError, UsageError
from bpviz.formulas.symbols import Symbols
from bpviz.frozen import dataclass
from bpviz.graph.flow import Flow
from bpviz.graph.graph import Graph
from bpviz.graph.verification import verified
from bpviz.lazy import LazyModule
from bpviz.reports.report import TextReport
from bpviz.reports.what_if import WhatIf, compared
from bpviz.sources.targets import flow_of, split_keywords
from bpviz.text.language import Language
from bpviz.transforms.gradient_graph import derivation
from bpviz.words.chains import chain_blocks
from bpviz.words.influences import influence_table, sentence
from bpviz.words.numbers import shown, shown_count
from bpviz.words.sharing import kept_blocks, shared_blocks

__all__ = ["Explanation", "explain"]

np: Any = LazyModule("numpy")

_INPUTS, _STEPS = 100, 30
"""The most inputs and named steps in the table, unless some are chosen by name."""
_CHAINS = 12
"""The most variables whose chains are written, unless some are chosen by name."""
_FEW = 30
"""The most nodes of a graph for which the chains of steps are written as well as those of inputs."""
_MANY = 10_000_000
"""The most numbers of a model of another framework whose chains and shared factors are written."""
_LARGE = 2000
"""The most nodes of a graph whose chains and shared factors are written, unless variables are chosen by name."""


@dataclass(frozen=True, eq=False)
class Explanation(TextReport):
    """The explanation of a run; printed, it is text, and a notebook shows it with its figure.

    ``variables`` are the rows of the table, ``left_out`` is the number of further ones; ``chains`` are the paths from
    some of them to the output. ``sharing`` is what the backward pass computes once, ``kept`` the values that it needs
    (none if variables were chosen by name, or the graph is too large), ``expressions`` the expressions of values
    without a name. ``what_if`` is the effect of changed inputs, if some were given.
    """

    drawing: Drawing
    flow: Flow
    variables: tuple[Influence, ...]
    left_out: int
    chains: tuple[Chain, ...]
    sharing: Sharing | None
    kept: tuple[KeptValue, ...]
    expressions: Mapping[str, str]
    what_if: WhatIf | None

    @property
    def precision(self) -> int:
        """The number of digits that are shown."""
        return self.drawing.options.circuit.precision

    @property
    def say(self) -> Language:
        """The language of the words."""
        return self.drawing.options.circuit.lang

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader must know: what is differentiated, where numbers are not finite, what is left out."""
        flow, notes = self.flow, []
        name, words = flow.output_name, objective(flow, self.say).words
        if ops.shape_of(flow.output):
            notes.append(
                self.say(
                    "{name} is no single number: every gradient is that of {objective}."
                    if bool(np.all(flow.seed == 1))
                    else "{name} is no single number: every gradient is that of {objective}, "
                    "whose weights are the seed.",
                    name=name,
                    objective=words,
                )
            )
        elif words != name:
            notes.append(
                self.say(
                    "{name} is multiplied by the seed: every gradient is that of {objective}.",
                    name=name,
                    objective=words,
                )
            )
        for found in flow.nonfinite:
            sentence = found.sentence(self.say)
            if not sentence.startswith(found.name):
                sentence = f"{sentence[0].upper()}{sentence[1:]}"
            notes.append(self.say("{sentence}.", sentence=sentence))
        if self.left_out:
            left = shown_count(self.left_out)
            notes.append(self.say("{count} more variables are left out; name them to see them.", count=left))
        return tuple(notes)

    def document(self) -> Document:
        """Return the figure, the table, the chains, the shared factors, and the effect of changes."""
        flow, precision, say = self.flow, self.precision, self.say
        output, symbol = objective(flow, say)
        blocks: list[Block] = [
            Picture(self.drawing.to_svg, say("The figure"), self.drawing.fingerprint),
            influence_table(self.variables, output, symbol, precision, say),
            *map(Paragraph, self.notes),
        ]
        by_name = {influence.name: influence for influence in self.variables}
        if self.chains:
            blocks.append(Heading(say("Link by link")))
        for found in self.chains:
            meaning = by_name[found.name].meaning
            blocks.append(
                Heading(say("{name}: {meaning}", name=found.name, meaning=meaning) if meaning else found.name, 3)
            )
            blocks += chain_blocks(found, symbol, precision, say)
            blocks.append(Paragraph(sentence(by_name[found.name], output, precision, say)))
        if self.sharing is not None:
            blocks += shared_blocks(self.sharing, say)
        blocks += kept_blocks(self.kept, self.expressions, say=say)
        if self.what_if is not None:
            blocks += (Heading(self.what_if.document().title), *self.what_if.blocks())
        return Document(f"{flow.output_name} = {shown(flow.output, precision, say)}", tuple(blocks), say.code)

    def data(self) -> dict[str, Any]:
        """Return every number in full, with the sentences that are made of them."""
        flow, output = self.flow, objective(self.flow, self.say).words
        return {
            "bpviz": 1,
            "kind": "explanation",
            "name": flow.graph.name,
            "output": flow.output_name,
            "value": flow.output,
            "objective": output,
            "variables": [
                {
                    "name": found.name,
                    "kind": found.kind,
                    "meaning": found.meaning,
                    "value": found.value,
                    "gradient": found.gradient,
                    "derivative": found.derivative,
                    "formula": found.formula,
                    "expression": found.expression,
                    "grows by": found.grown,
                    "sentence": sentence(found, output, self.precision, self.say),
                }
                for found in self.variables
            ],
            "left out": self.left_out,
            "chains": self.chains,
            "shared": self.sharing,
            "kept": self.kept,
            "what if": None if self.what_if is None else self.what_if.data(),
            "notes": self.notes,
        }

    def __repr__(self) -> str:
        return f"<explanation of {self.flow.graph.name or 'the computation'}: {len(self.variables)} variables>"


def explain(
    target: Callable[..., Any] | Graph | Flow | Drawing,
    /,
    *args: Any,
    variables: str | Sequence[str] = (),
    what_if: Mapping[str, Any] | None = None,
    verify: bool = True,
    **options: Any,
) -> Explanation:
    """Explain the numbers of a function (called with ``args``), a graph, a flow or a drawing.

    ``variables`` chooses some by name; the default is the inputs and the named steps. ``what_if`` gives inputs other
    values, to show their effect on the output. ``verify`` is that of `bpviz.trace`. The other options are those of
    `bpviz.draw`: ``inputs``, ``output``, ``seed``, ``wrt``, ``freeze`` and ``precision`` apply to the words, the
    rest to the figure on the page.

    >>> import bpviz
    >>> def y(p=100, n=2, t=1.1):
    ...     x = p * n
    ...     return x * t
    >>> explanation = bpviz.explain(y, variables=["p"])
    >>> print(explanation.to_markdown().split("```text")[1].split("```")[0].strip())
    dy/dp = dx/dp · dy/dx = n · t = 2 × 1.1 = 2.2

    Raises `UsageError` for an unknown variable or input, and what `bpviz.draw` raises.
    """
    if not isinstance(target, Drawing):
        options.setdefault("theme", "auto")
    with verified(verify):
        return _explained(target, args, variables, what_if, options)


def _explained(
    target: Callable[..., Any] | Graph | Flow | Drawing,
    args: tuple[Any, ...],
    variables: str | Sequence[str],
    what_if: Mapping[str, Any] | None,
    options: dict[str, Any],
) -> Explanation:
    keywords, _ = split_keywords(target, options)
    run = {key: options.get(key) for key in ("output", "seed", "wrt", "freeze")}
    run["inputs"] = keywords | (options.get("inputs") or {})
    drawing = draw(target, *args, **options)
    source = drawing.source
    if not isinstance(source, Graph | Flow):
        raise UsageError(
            "a card, a page of several figures or a training cannot be explained; give a function, a graph or a flow"
        )
    flow = flow_of(source)
    small = len(flow.values) <= _LARGE and not (flow.graph.framework and _size(flow) > _MANY)
    everything = named(flow)
    inputs = [i for i in everything if i in flow.graph.record.is_input][:_INPUTS]
    steps = [i for i in everything if i not in flow.graph.record.is_input and i != flow.output_index][:_STEPS]
    variables = (variables,) if isinstance(variables, str) else tuple(variables)
    chosen = [flow.find(name) for name in variables] or list(dict.fromkeys([*inputs, *steps, flow.output_index]))
    symbols = Symbols(flow)
    chained = [i for i in chosen if flow.shown_gradient(i) is not None and i != flow.output_index]
    if not variables:
        # For arrays, the chains of the inputs contain the gradients of the steps.
        steps_too = len(flow.values) <= _FEW and not symbols.has_arrays
        chained = [i for i in chained if steps_too or i in inputs][:_CHAINS] if small else []
    whole = small and not variables
    recordable = not flow.graph.framework or _can_be_recorded(flow)
    unnamed = (i for i in range(len(flow.values)) if not flow.graph.labels[i])
    precision = drawing.options.circuit.precision
    return Explanation(
        drawing=drawing,
        flow=flow,
        variables=influences(flow, chosen, symbols),
        left_out=0 if variables else len(everything) - len(chosen),
        chains=tuple(chain(flow, symbols, i) for i in chained),
        sharing=shared_factors(flow) if whole and recordable else None,
        kept=kept_values(flow) if whole and recordable else (),
        expressions={flow.graph.names[i]: symbols.value(i) for i in unnamed} if whole else {},
        what_if=None
        if what_if is None
        else compared(target, args, what_if, precision=precision, say=drawing.options.circuit.lang, **run),
    )


def _size(flow: Flow) -> int:
    return sum(map(ops.size_of, flow.values))


def _can_be_recorded(flow: Flow) -> bool:
    """Return whether the backward pass of a model of another framework can be recorded, step by step."""
    try:
        derivation(flow)
    except BpvizError:
        # A step has only the numbers of its own run.
        return False
    return True
