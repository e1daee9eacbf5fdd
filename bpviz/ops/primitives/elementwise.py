"""Functions of one number, applied to every element, and the larger or smaller of two."""

from __future__ import annotations

import math
from typing import Any

from bpviz.lazy import LazyModule
from bpviz.ops.primitives.selection import where
from bpviz.ops.table.binding import ATOM, ROOT, SUM
from bpviz.ops.table.registry import operation
from bpviz.ops.table.row import Case, Operation

__all__ = [
    "abs_",
    "cos",
    "exp",
    "larger",
    "log",
    "maximum",
    "minimum",
    "relu",
    "sigmoid",
    "sign",
    "sin",
    "sqrt",
    "tanh",
]

np: Any = LazyModule("numpy")

_ONE = (Case(((),)), Case(((2, 3),)), Case(((0,),)))
_PAIRS = (Case(((), ())), Case(((2, 3), (3,))), Case(((2, 1), (1, 3))))

exp = operation(
    "exp",
    "exp",
    "x",
    forward=lambda x: np.exp(x),
    scalar=math.exp,
    vjp=(lambda g, z, x: g * z,),
    numpy=("exp",),
    says="Multiplies the gradient by its own output.",
    notation="exp({x})",
    cases=_ONE,
    elsewhere=("math.exp",),
    js="Math.exp({x})",
)

log = operation(
    "log",
    "log",
    "x",
    forward=lambda x: np.log(x),
    scalar=math.log,
    vjp=(lambda g, z, x: g / x,),
    numpy=("log",),
    says="Divides the gradient by the input.",
    notation="log({x})",
    domain=((0.2, 3),),
    cases=_ONE,
    js="Math.log({x})",
)

sqrt = operation(
    "sqrt",
    "√",
    "x",
    forward=lambda x: np.sqrt(x),
    scalar=math.sqrt,
    vjp=(lambda g, z, x: g / (2 * z),),
    numpy=("sqrt",),
    says="Divides the gradient by twice its own output.",
    notation="√{x}",
    binds=ROOT,
    # √x² could be read both ways.
    needs=(ATOM,),
    domain=((0.2, 3),),
    cases=_ONE,
    convention="infinite at 0",
    elsewhere=("math.sqrt",),
    js="Math.sqrt({x})",
)

sin = operation(
    "sin",
    "sin",
    "x",
    forward=lambda x: np.sin(x),
    scalar=math.sin,
    vjp=(lambda g, z, x: g * cos(x),),
    numpy=("sin",),
    says="Multiplies the gradient by cos x.",
    notation="sin({x})",
    cases=_ONE,
    elsewhere=("math.sin",),
    js="Math.sin({x})",
)

cos: Operation = operation(
    "cos",
    "cos",
    "x",
    forward=lambda x: np.cos(x),
    scalar=math.cos,
    vjp=(lambda g, z, x: -g * sin(x),),
    numpy=("cos",),
    says="Multiplies the gradient by −sin x.",
    notation="cos({x})",
    cases=_ONE,
    elsewhere=("math.cos",),
    js="Math.cos({x})",
)

tanh = operation(
    "tanh",
    "tanh",
    "x",
    forward=lambda x: np.tanh(x),
    scalar=math.tanh,
    vjp=(lambda g, z, x: g * (1 - z * z),),
    numpy=("tanh",),
    says="Multiplies the gradient by 1 − z².",
    notation="tanh({x})",
    cases=_ONE,
    inside=lambda x: (exp(x) - exp(-x)) / (exp(x) + exp(-x)),
    elsewhere=("math.tanh",),
    js="Math.tanh({x})",
)


def _sigmoid_of_number(x: float) -> float:
    # exp takes only numbers ≤ 0, so that nothing overflows.
    if x >= 0:
        return 1 / (1 + math.exp(-x))
    e = math.exp(x)
    return e / (1 + e)


def _sigmoid(x: Any) -> Any:
    # Where exp overflows, the result 1/∞ = 0 is right as well.
    return 1 / (1 + np.exp(-x))


sigmoid = operation(
    "sigmoid",
    "σ",
    "x",
    forward=_sigmoid,
    scalar=_sigmoid_of_number,
    vjp=(lambda g, z, x: g * z * (1 - z),),
    says="Multiplies the gradient by z(1 − z).",
    notation="σ({x})",
    cases=_ONE,
    reference="dσ/dx = σ(1 − σ)",
    inside=lambda x: 1 / (1 + exp(-x)),
    elsewhere=("scipy.special.expit",),
    js="{x} >= 0 ? 1 / (1 + Math.exp(-{x})) : Math.exp({x}) / (1 + Math.exp({x}))",
)


def _relu_rule(g: Any, z: Any, x: Any, at_zero: float = 0.0) -> Any:
    if not at_zero:
        return where(x > 0.0, g, 0.0)
    return where(x > 0, g, where(x == 0, g * at_zero, 0.0))


def _relu_inside(x: Any, at_zero: float = 0.0) -> Any:
    if not at_zero:
        return where(x > 0, x, 0.0)
    return where(x > 0, x, where(x == 0, x * at_zero, 0.0))


relu = operation(
    "relu",
    "ReLU",
    "x",
    forward=lambda x, at_zero=0.0: np.maximum(x, 0),
    scalar=lambda x: 0.0 if x < 0 else x,
    vjp=(_relu_rule,),
    parameters={"at_zero": 0.0},
    says="Lets the gradient pass where x > 0 and blocks it elsewhere.",
    notation="ReLU({x})",
    cases=(*_ONE, Case(((3,),), {"at_zero": 1.0})),
    convention="at x = 0: blocked, as in PyTorch and JAX; at_zero=1 lets it pass",
    inside=_relu_inside,
    js="{x} < 0 ? 0 : {x}",
)

sign = operation(
    "sign",
    "sign",
    "x",
    forward=lambda x: np.sign(x),
    scalar=lambda x: 1.0 if x > 0 else -1.0 if x < 0 else x,
    vjp=(lambda g, z, x: g * 0.0,),
    numpy=("sign",),
    says="Flat on both sides: no gradient passes.",
    notation="sign({x})",
    cases=_ONE,
    convention="0 everywhere",
    js="{x} > 0 ? 1 : {x} < 0 ? -1 : {x}",
)

abs_ = operation(
    "abs",
    "|x|",
    "x",
    forward=lambda x: np.abs(x),
    scalar=abs,
    vjp=(lambda g, z, x: g * sign(x),),
    numpy=("abs", "absolute", "fabs"),
    operator="abs",
    says="Keeps the gradient where x > 0 and turns its sign where x < 0.",
    notation="|{x}|",
    cases=_ONE,
    convention="0 at x = 0",
    elsewhere=("math.fabs",),
    js="Math.abs({x})",
)


def _larger(x: Any, y: Any) -> Any:
    share = np.greater(x, y).astype(np.result_type(x, y, np.float16))
    equals = np.equal(x, y)
    return np.where(equals, 0.5, share) if np.count_nonzero(equals) else share


larger = operation(
    "larger",
    "x>y",
    "x y",
    forward=_larger,
    scalar=lambda x, y: 1.0 if x > y else 0.5 if x == y else 0.0,
    vjp=(None, None),
    says="1 where x is the larger, ½ where both are equal, 0 elsewhere; a decision carries no gradient.",
    notation="1[{x} > {y}] + 0.5·1[{x} = {y}]",
    binds=SUM,
    cases=_PAIRS,
    js="{x} > {y} ? 1 : {x} === {y} ? 0.5 : 0",
)


maximum = operation(
    "maximum",
    "max",
    "x y",
    forward=lambda x, y: np.maximum(x, y),
    # NaN wins, as in NumPy.
    scalar=lambda x, y: x if x >= y or x != x else y,
    vjp=(
        lambda g, z, x, y: g * larger(x, y),
        lambda g, z, x, y: g * larger(y, x),
    ),
    numpy=("maximum",),
    says="The gradient goes to the larger of the two.",
    notation="max({x}, {y})",
    cases=_PAIRS,
    convention="equals share the gradient half and half, as in PyTorch and JAX",
    js="{x} >= {y} || {x} !== {x} ? {x} : {y}",
)

minimum = operation(
    "minimum",
    "min",
    "x y",
    forward=lambda x, y: np.minimum(x, y),
    scalar=lambda x, y: x if x <= y or x != x else y,
    vjp=(
        lambda g, z, x, y: g * larger(y, x),
        lambda g, z, x, y: g * larger(x, y),
    ),
    numpy=("minimum",),
    says="The gradient goes to the smaller of the two.",
    notation="min({x}, {y})",
    cases=_PAIRS,
    convention="equals share the gradient half and half, as in PyTorch and JAX",
    js="{x} <= {y} || {x} !== {x} ? {x} : {y}",
)
