"""The card of an operation: one node, forward and backward, in symbols computed from its row."""

from __future__ import annotations

from typing import Any, NamedTuple

from bpviz import ops
from bpviz.figure import Arrow, Box, Figure, Label, Plain, Wire
from bpviz.figures.formulas import formula_content
from bpviz.formulas.expression import Count
from bpviz.formulas.formula import Formula, derivative, symbol, written_out
from bpviz.formulas.symbols import fitted, rule_by_name
from bpviz.formulas.writing import is_clear
from bpviz.ops import Case, Operation
from bpviz.text.language import ENGLISH, Language

__all__ = ["GENERAL", "Reading", "card", "reading"]

_LONG = 80
"""The most characters of a rule with names that the notes explain (x̂, σ)."""
GENERAL = "general"
"""The general card, y = f(x)."""


def card(name: str, say: Language = ENGLISH) -> Figure:
    """Return the card of an operation, by its name; ``general`` is y = f(x). ``say`` is the language.

    >>> [w.backward.label.content.text for w in card("multiply").wires]
    ['∂L/∂z·y', '∂L/∂z·x', '∂L/∂z']
    >>> [w.backward.label.content.text for w in card("matmul").wires]
    ['∂L/∂Z·Yᵀ', 'Xᵀ·∂L/∂Z', '∂L/∂Z']

    Raises `UsageError` for an operation that is not in the table.
    """
    if name == GENERAL:
        return _figure(
            "f",
            ["x"],
            [Formula.of("multiply", symbol("t"), derivative("y", "x"))],
            "y",
            "y = f(x)",
            symbol("t"),
            "",
            (say("Any node multiplies what comes back by its own slope."),),
            say,
        )
    row = ops.named(name)
    read = reading(row)
    convention = [say("Convention: {convention}.", convention=say(row.convention))] if row.convention else []
    notes = (say(row.says), *convention)
    names = [x.name for x in read.operands]
    return _figure(
        row.symbol.format(**{name.lower(): name for name in names}) if "{" in row.symbol else row.symbol,
        names,
        read.backward,
        read.z.name,
        f"{read.z.name} = {read.made}",
        read.g,
        say.operation(row.name),
        notes,
        say,
    )


class Reading(NamedTuple):
    """An operation in symbols: operands, result, upstream gradient, expression, and the gradient of each operand.

    A gradient is ``None`` if none flows to the operand; it may be a plain number.
    """

    operands: list[Formula]
    z: Formula
    g: Formula
    made: Formula
    backward: list[Any]


def reading(row: Operation) -> Reading:
    """Return an operation's row, read in symbols.

    >>> reading(ops.named("multiply")).backward
    [<formula ∂L/∂z·y>, <formula ∂L/∂z·x>]
    """
    case = _typical(row)
    operands, z, g = _symbols(row, case)
    # Not shortened: the formula has the form of the row.
    made = Formula("", z.shape, row, tuple(operands), case.parameters)
    rules = row.rules(len(operands))
    backward = [
        None if rule is None else _gradient(row, rule, slot, (g, z, *operands), case) for slot, rule in enumerate(rules)
    ]
    return Reading(operands, z, g, made, backward)


def _gradient(row: Operation, rule: Any, slot: int, values: tuple[Any, ...], case: Case) -> Any:
    """Return the gradient of one operand; a rule that no line can show is written by its name."""
    share = rule(*values, **case.parameters)
    g, _, *operands = values
    if share is None:
        return None
    made = fitted(share, operands[slot].shape)
    if is_clear(made) or len(written_out(made)) <= _LONG:
        return made
    named = rule_by_name(row, slot, len(operands), case.parameters, None)
    return Formula("", operands[slot].shape, named, (g, *operands), order=-1)


def _typical(row: Operation) -> Case:
    """Return the example that shows most: one with matrices, if there is one, shows order and transposes."""
    marked = [case for case in row.cases if case.typical]
    if marked:
        return marked[0]
    plain = [case for case in row.cases if not case.parameters] or list(row.cases)
    if not plain:
        return Case(tuple(() for _ in row.operands))
    if row.shape is None:
        return plain[0]
    matrices = next((case for case in plain if all(len(shape) == 2 for shape in case.shapes)), plain[-1])
    if row.shape(*matrices.shapes, **matrices.parameters) == ():
        # A reduction to a single number is shown for a vector.
        return next((case for case in plain if all(len(shape) == 1 for shape in case.shapes)), matrices)
    return matrices


def _symbols(row: Operation, case: Case) -> tuple[list[Formula], Formula, Formula]:
    names = list(row.operands)
    if row.variadic:
        stem = names.pop().rstrip("s")
        names += [f"{stem}{i + 1}" for i in range(len(case.shapes) - len(names))]
    # Matrices are written with capitals.
    big = row.capitals
    shapes = [tuple(Count(n, "n") for n in shape) if len(shape) == 1 else shape for shape in case.shapes]
    operands = [symbol(n.upper() if big else n, s) for n, s in zip(names, shapes, strict=True)]
    made: Any = row(*operands, **case.parameters)
    z = "Z" if big else "z"
    shape = made.shape if isinstance(made, Formula) else ()
    return operands, symbol(z, shape), derivative("L", z, shape)


def _figure(
    node: str,
    operands: list[str],
    backward: list[Any],
    result: str,
    forward: str,
    upstream: Formula,
    title: str,
    notes: tuple[str, ...],
    say: Language,
) -> Figure:
    boxes = [
        Box(f"x{i}", "input", name, description=say("operand {name}", name=name)) for i, name in enumerate(operands)
    ]
    boxes += [Box("node", "operation", node, description=title), Box("z", "output", result)]
    wires = [
        Wire(
            f"w{i}",
            f"x{i}",
            "node",
            i,
            Arrow(),
            None if back is None else Arrow(Label(formula_content(back))),
            description=say("{name}: gradient none", name=name)
            if back is None
            else say("{name}: gradient {gradient}", name=name, gradient=written_out(back)),
        )
        for i, (name, back) in enumerate(zip(operands, backward, strict=True))
    ]
    out = Arrow(Label(Plain(forward))), Arrow(Label(formula_content(upstream)))
    description = say("{name}: gradient {gradient}", name=forward, gradient=upstream)
    wires.append(Wire("out", "node", "z", 0, *out, description=description))
    whole = say("{title}: {formula}", title=title, formula=forward) if title else forward
    return Figure(tuple(boxes), tuple(wires), title=title, description=whole, notes=notes)
