"""Random model functions, the same for the same seed, for tests that want many graphs rather than a chosen one.

A function is written as Python source and compiled, so it is what a user would have written: names, nested expressions,
helpers, values used again. What it computes with is handed in (``np``), so `autograd.numpy` can check the gradients.
"""

from __future__ import annotations

import linecache
import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy

__all__ = ["random_function", "random_matrix_function"]

NAMES = (
    *("x", "w", "b", "price", "count", "tax", "rate", "subtotal", "loss", "gain", "hidden", "score", "単価", "税率"),
    *("weight", "bias", "θ", "learning_rate", "z", "t", "合計", "k", "signal", "delta", "scale", "消費税", "u", "v"),
)
INPUTS = (2.0, -1.0, 100.0, 1.1, 0.5, -0.0625, 3.0, 650.0, -2.718, 0.000031, 12345.678, 0.2, -41.9, 7.0, 0.0008)
CONSTANTS = (2, 3, 0.5, -1, 1.5, 10, 0.01)
HELPERS = {
    "sigmoid": ("def sigmoid(x):\n    return 1 / (1 + np.exp(-x))\n", 4),
    "square": ("def square(x):\n    return x * x\n", 1),
    "smooth": ("def smooth(x):\n    half = 0.5 * x\n    return np.tanh(half) + x\n", 3),
}
"""Name → source and the number of its operations."""
LARGEST = 1e6
"""Every value on the way stays below this in magnitude, so nothing overflows, here or a little beside."""


@dataclass
class Value:
    """Something computed: the expression that yields it, its value, whether it may be used again, whether it was."""

    text: str
    number: Any
    named: bool
    used: bool = False

    @property
    def bare(self) -> str:
        """The expression as an argument, where it needs no parentheses around it."""
        return self.text[1:-1] if self.text.startswith("(") else self.text


@dataclass
class Program:
    """A function that is being written, line by line; every line is run at once, so that its value is known."""

    rng: random.Random
    operations: int
    scope: dict[str, Any]
    values: list[Value] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    helpers: list[str] = field(default_factory=list)
    written: int = 0

    @property
    def loose(self) -> list[Value]:
        return [value for value in self.values if not value.used]

    @property
    def left(self) -> int:
        return self.operations - self.written

    def name(self) -> str:
        taken = {value.text for value in self.values}
        free = [name for name in NAMES if name not in taken]
        return self.rng.choice(free) if free else f"step{len(self.values)}"

    def operand(self) -> Value:
        """Mostly what nobody has used yet; else something named, used once more: a branch.

        A branch makes one more loose end to be joined, so there must be room for it.
        """
        loose = self.loose
        if len(loose) >= self.left:
            return self.rng.choice(loose)
        usable = [value for value in self.values if value.named or not value.used]
        return self.rng.choice(loose if loose and self.rng.random() < 0.7 else usable)

    def append(self, text: str, number: Any, operations: int, *operands: Value) -> None:
        for operand in operands:
            operand.used = True
        self.written += operations
        if self.left and self.rng.random() < 0.35:
            call = re.fullmatch(r"[\w.]+\([^()]*\)", text)
            self.values.append(Value(text if call else f"({text})", number, named=False))
        else:
            name = self.name()
            self.lines.append(f"{name} = {text}")
            self.values.append(Value(name, number, named=True))

    def finish(self, inputs: dict[str, Any]) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        """Compile what was written; its source is kept where `inspect` finds it."""
        (last,) = self.loose
        parameters = ", ".join(inputs)
        body = "".join(f"    {line}\n" for line in self.lines)
        helpers = "".join(HELPERS[name][0] + "\n\n" for name in self.helpers)
        source = f"{helpers}def model({parameters}):\n{body}    return {last.text}\n"
        file = f"<random graph {self.rng.randrange(10**9)}>"
        linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
        scope = {"np": self.scope["np"], "__name__": "random_graph"}
        exec(compile(source, file, "exec"), scope)
        model = scope["model"]
        model.__doc__ = source
        return model, tuple(inputs.values())


def random_function(
    rng: random.Random, operations: int, np: Any = numpy
) -> tuple[Callable[..., Any], tuple[float, ...]]:
    """A function of plain numbers with about ``operations`` operations (at least 1), and arguments for it.

    Around these arguments every value is finite and every operation differentiable. ``function.__doc__`` is its source.

    >>> import random
    >>> model, args = random_function(random.Random(1), 5)
    >>> bool(abs(model(*args)) < 1e6)
    True
    """
    program = Program(rng, operations, {"np": np})
    inputs = {}
    for _ in range(rng.randint(1, max(1, min(6, operations // 2)))):
        name, number = program.name(), rng.choice(INPUTS)
        inputs[name] = number
        program.values.append(Value(name, number, named=True))
    while program.left:
        if len(program.loose) > program.left:
            join(program)
        else:
            rng.choice((combine, combine, combine, constant, elementwise, elementwise, helper))(program)
    return program.finish(inputs)


def join(program: Program) -> None:
    """Bring two loose ends together, so that everything reaches the result."""
    one, other = program.rng.sample(program.loose, 2)
    sign = program.rng.choice("+-")
    program.append(f"{one.text} {sign} {other.text}", evaluate(sign, one.number, other.number), 1, one, other)


def combine(program: Program) -> None:
    one, other = program.operand(), program.operand()
    sign = program.rng.choice("+-**/")
    if one is other and (not one.named or sign in "-/"):
        return
    if sign == "/" and abs(other.number) < 0.2:
        return
    number = evaluate(sign, one.number, other.number)
    if abs(number) < LARGEST:
        program.append(f"{one.text} {sign} {other.text}", number, 1, one, other)


def constant(program: Program) -> None:
    value, number = program.operand(), program.rng.choice(CONSTANTS)
    sign, first = program.rng.choice("+-*/"), program.rng.random() < 0.4
    if first and sign == "/" and abs(value.number) < 0.2:
        return
    text = f"{number} {sign} {value.text}" if first else f"{value.text} {sign} {number}"
    result = evaluate(sign, number, value.number) if first else evaluate(sign, value.number, number)
    if abs(result) < LARGEST:
        program.append(text, result, 1, value)


def elementwise(program: Program) -> None:
    """A function of one number, where the number lies in its tame domain."""
    value = program.operand()
    x = value.number
    tame = {
        "np.exp({})": -5 < x < 5,
        "np.tanh({})": abs(x) < 3,
        "np.sin({})": abs(x) < 50,
        "np.log({})": x > 0.1,
        "np.sqrt({})": x > 0.1,
        "{} ** 2": abs(x) < 300,
        "-{}": True,
    }
    form = program.rng.choice([form for form, fits in tame.items() if fits])
    argument = value.bare if "np." in form else value.text
    program.append(form.format(argument), run(form.format("x"), x=x), 1, value)


def helper(program: Program) -> None:
    name = program.rng.choice(list(HELPERS))
    source, operations = HELPERS[name]
    value = program.operand()
    # With too little room left the loose ends could no longer be joined within the number of operations.
    if operations + len(program.loose) > program.left or abs(value.number) > 20:
        return
    if name not in program.helpers:
        program.helpers.append(name)
    program.append(f"{name}({value.bare})", run(f"{source}\nresult = {name}(x)", x=value.number), operations, value)


def evaluate(sign: str, one: Any, other: Any) -> Any:
    return run(f"a {sign} b", a=one, b=other)


def run(source: str, **names: Any) -> Any:
    """The value of an expression, or of ``result`` after statements. Always by NumPy: tracing happens later."""
    scope: dict[str, Any] = {"np": numpy, **names}
    if "result =" not in source:
        return eval(source, scope)
    exec(source, scope)
    return scope["result"]


def random_matrix_function(
    rng: random.Random, operations: int, np: Any = numpy
) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """A function of small matrices with about ``operations`` operations (at least 3) and a single number as result.

    Layers, elementwise steps, residual sums and reductions over a (rows, columns) value, with bias vectors broadcast.
    """
    program = Program(rng, operations, {"np": np})
    inputs: dict[str, Any] = {}

    def fresh(*shape: int) -> Value:
        name = program.name()
        array = numpy.array([round(rng.uniform(-2, 2), rng.choice((1, 1, 3))) for _ in range(int(numpy.prod(shape)))])
        inputs[name] = array.reshape(shape)
        value = Value(name, inputs[name], named=True)
        program.values.append(value)
        return value

    here = fresh(rng.randint(1, 6), rng.randint(1, 5))
    while program.left > 1:
        here.used = True
        here = matrix_step(program, here, fresh)
    reduction = rng.choice(("np.sum({})", "np.mean({})"))
    program.append(reduction.format(here.bare), float(run(reduction.format("x"), x=here.number)), 1, here)
    for value in program.values[:-1]:
        value.used = True
    return program.finish(inputs)


def matrix_step(program: Program, here: Value, fresh: Callable[..., Value]) -> Value:
    """One step from a matrix to the next; ``fresh`` makes one more input of a shape."""
    rng, (rows, columns) = program.rng, here.number.shape
    earlier = [value for value in program.values if value.named and numpy.shape(value.number) == (rows, columns)]
    steps: list[tuple[str, Callable[[], Value]]] = [
        ("{0} @ {1}", lambda: fresh(columns, rng.randint(1, 4))),
        ("np.dot({0}, {1})", lambda: fresh(columns, rng.randint(1, 4))),
        ("{0} + {1}", lambda: fresh(columns)),
        ("{0} * {1}", lambda: fresh(rows, columns)),
        ("np.tanh({0})", lambda: here),
        ("{0} * 0.5", lambda: here),
        ("{0}.T", lambda: here),
    ]
    if earlier:
        steps += [("{0} + {1}", lambda: rng.choice(earlier)), ("{0} * {1}", lambda: rng.choice(earlier))]
    form, other = rng.choice(steps)
    second = other()
    number = run(form.format("a", "b"), a=here.number, b=second.number)
    if numpy.abs(number).max() > 1000 or ("tanh" in form and numpy.abs(here.number).max() > 10):
        form, number, second = "{0} * 0.01", here.number * 0.01, here
    first = here.bare if "np." in form else here.text
    program.append(form.format(first, second.text), number, 1, here, second)
    return program.values[-1]
