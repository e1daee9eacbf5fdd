"""Two models, or two runs of one, compared: what was added, removed and changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from typing import Any

from bpviz.analysis.differences import Difference, Side, differences
from bpviz.analysis.pairing import paired
from bpviz.documents.document import Block, Document, Paragraph, Picture
from bpviz.drawing.draw import draw, language_for
from bpviz.drawing.drawing import Drawing
from bpviz.errors import UsageError
from bpviz.frozen import dataclass
from bpviz.graph.flow import Flow
from bpviz.graph.graph import Graph
from bpviz.graph.verification import verified
from bpviz.reports.report import TextReport
from bpviz.text.language import ENGLISH, Language
from bpviz.words.differences import counts_text, difference_table
from bpviz.words.numbers import shown_apart

__all__ = ["Comparison", "diff"]


@dataclass(frozen=True, eq=False)
class Comparison(TextReport):
    """What `diff` found; printed, it is a table.

    ``before`` and ``after`` are the two runs, ``differences`` their nodes in pairs, also the equal ones; ``say`` is
    the language of the words.
    """

    before: Flow
    after: Flow
    differences: tuple[Difference, ...]
    precision: int = 4
    say: Language = ENGLISH

    @property
    def same(self) -> bool:
        """Whether nothing differs."""
        return all(difference.kind == "same" for difference in self.differences)

    def draw(self, **options: Any) -> Drawing:
        """Return the figure of the later run, with what is new in front and what did not change in the background.

        ``options`` are those of `bpviz.draw`.
        """
        return draw(self.after, **{"before": self.before, "precision": self.precision, "lang": self.say, **options})

    def document(self) -> Document:
        """Return the title with both outputs, the table and the figure."""
        say = self.say
        blocks: list[Block] = [Paragraph(counts_text(self.differences, say))]
        if not self.same:
            figure = self.draw(theme="auto")
            picture = Picture(figure.to_svg, say("The figure with old and new numbers"), figure.fingerprint)
            blocks = [difference_table(self.differences, self.precision, say), *blocks, picture]
        return Document(self._title(), tuple(blocks), say.code)

    def _title(self) -> str:
        one, two = self.before, self.after
        old, new = shown_apart(one.output, two.output, self.precision, self.say)
        if one.output_name != two.output_name:
            return f"{one.output_name} = {old} → {two.output_name} = {new}"
        if old == new:
            return f"{two.output_name} = {new}"
        return self.say("{output}: {old} → {new}", output=two.output_name, old=old, new=new)

    def data(self) -> dict[str, Any]:
        """Return the outputs, how many nodes differ, and each of them before and after."""
        counts = Counter(difference.kind for difference in self.differences)
        return {
            "bpviz": 1,
            "kind": "diff",
            "same": self.same,
            "before": {"output": self.before.output_name, "value": self.before.output},
            "after": {"output": self.after.output_name, "value": self.after.output},
            "counts": {kind: counts[kind] for kind in ("added", "removed", "changed", "same")},
            "nodes": [_entry(found) for found in self.differences if found.kind != "same"],
        }

    def __repr__(self) -> str:
        return f"<comparison: {counts_text(self.differences).rstrip('.')}>"


def _entry(found: Difference) -> dict[str, Any]:
    return {
        "kind": found.kind,
        "differs": list(found.aspects),
        "before": _side(found.before),
        "after": _side(found.after),
    }


def _side(side: Side | None) -> dict[str, Any] | None:
    return None if side is None else {field.name: getattr(side, field.name) for field in fields(side)}


def diff(
    before: Callable[..., Any] | Graph | Flow | Drawing,
    after: Callable[..., Any] | Graph | Flow | Drawing,
    *,
    output: str | None = None,
    tolerance: float = 1e-9,
    precision: int = 4,
    lang: str | Language | None = None,
    wrt: str | Sequence[str] | None = None,
    freeze: str | Sequence[str] | None = None,
    verify: bool = True,
) -> Comparison:
    """Compare two models, or two runs of one: nodes, values and gradients.

    Nodes are paired by name, then by what they compute and where they lead. ``output`` names the value whose gradients
    are compared (default: what each returns). Numbers differ if their distance is more than ``tolerance`` times their
    size. ``lang`` is the language of the words; ``wrt``, ``freeze`` and ``verify`` are those of `bpviz.trace`.

    >>> import bpviz
    >>> def total(price=100, count=2, tax=1.1):
    ...     subtotal = price * count
    ...     return subtotal * tax
    >>> def shipped(price=100, count=2, tax=1.1):
    ...     subtotal = price * count
    ...     return (subtotal + 5) * tax
    >>> print(bpviz.diff(total, shipped))
    total = 220 → shipped = 225.5
    =============================
    <BLANKLINE>
    node     what                              value        difference  gradient   difference
    tax                                        1.1                      200 → 205  +5
    add      added: add of subtotal, constant  205                      1.1
    shipped  of subtotal, tax → add, tax       220 → 225.5  +5.5        1
    <BLANKLINE>
    1 added, 2 changed, 3 the same.

    Raises `UsageError` for a target without numbers, and what `bpviz.trace` and `bpviz.propagate` raise.
    """
    say = language_for(after, lang)
    with verified(verify):
        options = {"output": output, "wrt": wrt, "freeze": freeze}
        one, two = _run(before, say, options), _run(after, say, options)
    return Comparison(one, two, differences(paired(one, two), tolerance, say), precision, say)


def _run(target: Callable[..., Any] | Graph | Flow | Drawing, say: Language, options: Mapping[str, Any]) -> Flow:
    source = draw(target, lang=say, **{name: value for name, value in options.items() if value}).source
    if not isinstance(source, Flow):
        what = "a graph whose inputs have no values" if isinstance(source, Graph) else "a card, a page or a training"
        raise UsageError(f"{what} has no numbers to compare; give a function, a Graph with values or a Flow")
    return source
