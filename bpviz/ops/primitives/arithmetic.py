"""The four rules of arithmetic, and powers."""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Sequence
from typing import Any

from bpviz.lazy import LazyModule
from bpviz.ops.primitives.assumptions import guard
from bpviz.ops.primitives.elementwise import log
from bpviz.ops.table.binding import ATOM, POWER, PRODUCT, SUM
from bpviz.ops.table.registry import operation
from bpviz.ops.table.row import Case, Operation
from bpviz.text.numerals import number, superscript

__all__ = ["add", "add_up", "divide", "multiply", "negative", "positive", "power", "subtract"]

np: Any = LazyModule("numpy")

_PAIRS = (Case(((), ())), Case(((2, 3), (2, 3))), Case(((2, 3), (3,))), Case(((2, 1), (1, 3))), Case(((), (4,))))

add = operation(
    "add",
    "+",
    "x y",
    forward=operator.add,
    scalar=operator.add,
    vjp=(lambda g, z, x, y: g, lambda g, z, x, y: g),
    numpy=("add",),
    operator="add",
    says="Passes the gradient on unchanged to both.",
    notation="{x} + {y}",
    binds=SUM,
    commutes=True,
    cases=_PAIRS,
    js="{x} + {y}",
)

add_up = operation(
    "add_up",
    "+",
    "xs*",
    forward=lambda *xs: functools.reduce(operator.add, xs),
    scalar=lambda *xs: functools.reduce(operator.add, xs),
    vjp=lambda g, z, *xs, slot: g,
    says="Passes the gradient on unchanged to all.",
    notation="{xs}",
    binds=SUM,
    commutes=True,
    inside=lambda *xs: functools.reduce(add, xs),
    cases=(Case(((), (), ())), Case(((2, 3), (2, 3), (3,)))),
    js="F.sum({xs})",
)

subtract = operation(
    "subtract",
    "−",
    "x y",
    forward=operator.sub,
    scalar=operator.sub,
    vjp=(lambda g, z, x, y: g, lambda g, z, x, y: -g),
    numpy=("subtract",),
    operator="sub",
    says="Passes the gradient on, with the sign turned for what is taken away.",
    notation="{x} − {y}",
    binds=SUM,
    needs=(SUM, SUM + 1),
    cases=_PAIRS,
    js="{x} - {y}",
)

multiply = operation(
    "multiply",
    "×",
    "x y",
    forward=operator.mul,
    scalar=operator.mul,
    vjp=(lambda g, z, x, y: g * y, lambda g, z, x, y: g * x),
    numpy=("multiply",),
    operator="mul",
    says="Multiplies the gradient by the other input.",
    notation="{x}·{y}",
    binds=PRODUCT,
    commutes=True,
    cases=_PAIRS,
    js="{x} * {y}",
)

divide = operation(
    "divide",
    "÷",
    "x y",
    forward=operator.truediv,
    scalar=operator.truediv,
    # d(x/y)/dy = −x/y² = −z/y
    vjp=(lambda g, z, x, y: g / y, lambda g, z, x, y: -g * z / y),
    numpy=("divide", "true_divide"),
    operator="truediv",
    says="1/y of the gradient goes to x, −x/y² of it to y.",
    notation="{x}/{y}",
    binds=PRODUCT,
    needs=(PRODUCT, PRODUCT + 1),
    domain=((-2, 2), (0.5, 2)),
    cases=_PAIRS,
    js="{x} / {y}",
)

negative = operation(
    "negative",
    "−",
    "x",
    forward=operator.neg,
    scalar=operator.neg,
    vjp=(lambda g, z, x: -g,),
    numpy=("negative",),
    operator="neg",
    says="Turns the sign of the gradient.",
    notation="−{x}",
    binds=PRODUCT,
    cases=(Case(((),)), Case(((2, 3),))),
    js="-{x}",
)

positive = operation(
    "positive",
    "+",
    "x",
    forward=operator.pos,
    scalar=operator.pos,
    vjp=(lambda g, z, x: g,),
    numpy=("positive",),
    operator="pos",
    says="Passes the gradient on unchanged.",
    notation="{x}",
    unwritten=True,
    cases=(Case(((),)), Case(((2, 3),))),
    js="{x}",
)


def _power_symbol(constants: Sequence[Any], parameters: Any) -> tuple[str, tuple[int, ...]] | None:
    """x², x³, x⁻¹: a plain exponent is written into the circle."""
    exponent = constants[1]
    if exponent is None:
        return None
    text = number(float(exponent))
    return ("x" + superscript(text), (1,)) if len(text) <= 4 and "×" not in text else None


power: Operation = operation(
    "power",
    "xʸ",
    "x y",
    forward=lambda x, y: np.power(x, y),
    scalar=math.pow,
    # x⁰ = 1 has no slope, also at x = 0, where y·x^(y−1) would be 0·∞. d(xʸ)/dy = xʸ·log x, taken as 0 at x = 0.
    vjp=(
        lambda g, z, x, y: g * y * power(x, guard(y == 0, 1.0, y - 1)),
        lambda g, z, x, y: g * z * log(guard(x == 0, 1.0, x)),
    ),
    numpy=("power", "float_power"),
    operator="pow",
    drawn=_power_symbol,
    says="The exponent comes down: y·x^(y−1) goes to x, xʸ·log x to y.",
    notation="{x}^{y}",
    binds=POWER,
    needs=(POWER + 1, ATOM),
    domain=((0.3, 2), (-2, 3)),
    cases=_PAIRS,
    convention="at x = 0: x⁰ has slope 0, and the exponent gets 0",
    elsewhere=("math.pow",),
    js="F.power({x}, {y})",
)
