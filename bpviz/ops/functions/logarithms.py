"""Exponentials, logarithms and powers other than ``exp``, ``log`` and ``power``."""

from __future__ import annotations

import math

from bpviz.ops.primitives.elementwise import exp, log, sigmoid
from bpviz.ops.table.row_shapes import function, function_of_two

__all__ = [
    "cbrt",
    "exp2",
    "expm1",
    "log1p",
    "log2",
    "log10",
    "logaddexp",
    "logaddexp2",
    "reciprocal",
    "square",
]

_LOG_2 = math.log(2)

exp2 = function(
    "exp2",
    "2ˣ",
    lambda g, z, x: g * z * _LOG_2,
    says="Multiplies the gradient by its own output and log 2.",
    notation="2^{x}",
    scalar=math.exp2,
    elsewhere=("math.exp2", "scipy.special.exp2"),
    js="2 ** {x}",
)

expm1 = function(
    "expm1",
    "exp−1",
    # Not z + 1: a small exp x would lose all its digits.
    lambda g, z, x: g * exp(x),
    says="Multiplies the gradient by exp x.",
    notation="exp({x}) − 1",
    scalar=math.expm1,
    elsewhere=("math.expm1",),
    js="Math.expm1({x})",
)

log1p = function(
    "log1p",
    "log(1+x)",
    lambda g, z, x: g / (1 + x),
    says="Divides the gradient by 1 + x.",
    notation="log(1 + {x})",
    scalar=math.log1p,
    domain=((-0.8, 3),),
    convention="infinite at −1",
    elsewhere=("math.log1p",),
    js="Math.log1p({x})",
)

log2 = function(
    "log2",
    "log₂",
    lambda g, z, x: g / (x * _LOG_2),
    says="Divides the gradient by x·log 2.",
    scalar=math.log2,
    domain=((0.2, 3),),
    convention="infinite at 0",
    elsewhere=("math.log2",),
    js="Math.log2({x})",
)

log10 = function(
    "log10",
    "log₁₀",
    lambda g, z, x: g / (x * math.log(10)),
    says="Divides the gradient by x·log 10.",
    scalar=math.log10,
    domain=((0.2, 3),),
    convention="infinite at 0",
    elsewhere=("math.log10",),
    js="Math.log10({x})",
)

square = function(
    "square",
    "x²",
    lambda g, z, x: g * 2 * x,
    says="Multiplies the gradient by 2x.",
    notation="{x}²",
    scalar=lambda x: x * x,
    js="{x} * {x}",
)

reciprocal = function(
    "reciprocal",
    "1/x",
    lambda g, z, x: -g * z * z,
    says="Multiplies the gradient by −1/x².",
    notation="1/{x}",
    scalar=lambda x: 1 / x,
    domain=((0.5, 2),),
    convention="infinite at 0",
    js="1 / {x}",
)

cbrt = function(
    "cbrt",
    "∛",
    lambda g, z, x: g / (3 * z * z),
    says="Divides the gradient by three times the square of its own output.",
    notation="∛{x}",
    scalar=math.cbrt,
    domain=((0.3, 3),),
    convention="infinite at 0",
    elsewhere=("math.cbrt",),
    js="Math.cbrt({x})",
)

logaddexp = function_of_two(
    "logaddexp",
    "lse",
    lambda g, z, x, y: g * sigmoid(x - y),
    lambda g, z, x, y: g * sigmoid(y - x),
    says="log(exp x + exp y): the gradient is shared out as by softmax, σ(x − y) and σ(y − x).",
    notation="log(exp({x}) + exp({y}))",
    inside=lambda x, y: log(exp(x) + exp(y)),
    js="F.logAddExp({x}, {y})",
)

logaddexp2 = function_of_two(
    "logaddexp2",
    "lse₂",
    lambda g, z, x, y: g * sigmoid((x - y) * _LOG_2),
    lambda g, z, x, y: g * sigmoid((y - x) * _LOG_2),
    says="log₂(2ˣ + 2ʸ): the gradient is shared out in the ratio of 2ˣ and 2ʸ.",
    notation="log₂(2^{x} + 2^{y})",
    js="F.logAddExp2({x}, {y})",
)
