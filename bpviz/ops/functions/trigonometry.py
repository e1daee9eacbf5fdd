"""Angles: the trigonometric and hyperbolic functions, their inverses, and degrees."""

from __future__ import annotations

import math
from typing import Any

from bpviz.ops.primitives.assumptions import guard
from bpviz.ops.primitives.elementwise import cos, sqrt
from bpviz.ops.primitives.selection import where
from bpviz.ops.table.row import Operation
from bpviz.ops.table.row_shapes import function, function_of_two

__all__ = [
    "arccos",
    "arccosh",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctan2",
    "arctanh",
    "cosh",
    "deg2rad",
    "hypot",
    "rad2deg",
    "sinc",
    "sinh",
    "tan",
]

tan = function(
    "tan",
    "tan",
    lambda g, z, x: g * (1 + z * z),
    says="Multiplies the gradient by 1 + z².",
    scalar=math.tan,
    domain=((-1.2, 1.2),),
    elsewhere=("math.tan",),
    js="Math.tan({x})",
)

arcsin = function(
    "arcsin",
    "arcsin",
    lambda g, z, x: g / sqrt(1 - x * x),
    says="Divides the gradient by √(1 − x²).",
    scalar=math.asin,
    domain=((-0.9, 0.9),),
    convention="infinite at −1 and 1",
    elsewhere=("math.asin",),
    js="Math.asin({x})",
)

arccos = function(
    "arccos",
    "arccos",
    lambda g, z, x: -g / sqrt(1 - x * x),
    says="Divides the gradient by −√(1 − x²).",
    scalar=math.acos,
    domain=((-0.9, 0.9),),
    convention="infinite at −1 and 1",
    elsewhere=("math.acos",),
    js="Math.acos({x})",
)

arctan = function(
    "arctan",
    "arctan",
    lambda g, z, x: g / (1 + x * x),
    says="Divides the gradient by 1 + x².",
    scalar=math.atan,
    elsewhere=("math.atan",),
    js="Math.atan({x})",
)

sinh: Operation = function(
    "sinh",
    "sinh",
    lambda g, z, x: g * cosh(x),
    says="Multiplies the gradient by cosh x.",
    scalar=math.sinh,
    elsewhere=("math.sinh",),
    js="Math.sinh({x})",
)

cosh: Operation = function(
    "cosh",
    "cosh",
    lambda g, z, x: g * sinh(x),
    says="Multiplies the gradient by sinh x.",
    scalar=math.cosh,
    elsewhere=("math.cosh",),
    js="Math.cosh({x})",
)

arcsinh = function(
    "arcsinh",
    "arsinh",
    lambda g, z, x: g / sqrt(x * x + 1),
    says="Divides the gradient by √(x² + 1).",
    scalar=math.asinh,
    elsewhere=("math.asinh",),
    js="Math.asinh({x})",
)

arccosh = function(
    "arccosh",
    "arcosh",
    lambda g, z, x: g / sqrt(x * x - 1),
    says="Divides the gradient by √(x² − 1).",
    scalar=math.acosh,
    domain=((1.2, 3),),
    convention="infinite at 1",
    elsewhere=("math.acosh",),
    js="Math.acosh({x})",
)

arctanh = function(
    "arctanh",
    "artanh",
    lambda g, z, x: g / (1 - x * x),
    says="Divides the gradient by 1 − x².",
    scalar=math.atanh,
    domain=((-0.9, 0.9),),
    convention="infinite at −1 and 1",
    elsewhere=("math.atanh",),
    js="Math.atanh({x})",
)

arctan2 = function_of_two(
    "arctan2",
    "atan2",
    lambda g, z, y, x: g * x / (x * x + y * y),
    lambda g, z, y, x: -g * y / (x * x + y * y),
    operands="y x",
    says="The angle of the point (x, y): x/(x² + y²) of the gradient goes to y, −y/(x² + y²) of it to x.",
    notation="atan2({y}, {x})",
    scalar=math.atan2,
    convention="not a number at (0, 0), which has no angle; as in PyTorch and JAX",
    elsewhere=("math.atan2",),
    js="Math.atan2({y}, {x})",
)


def _share_of_length(g: Any, z: Any, x: Any) -> Any:
    return g * x / guard(z == 0, 1.0, z)


hypot = function_of_two(
    "hypot",
    "√(x²+y²)",
    lambda g, z, x, y: _share_of_length(g, z, x),
    lambda g, z, x, y: _share_of_length(g, z, y),
    says="The gradient is shared out along the hypotenuse: x/z and y/z.",
    notation="√({x}² + {y}²)",
    scalar=math.hypot,
    convention="0 at (0, 0), like PyTorch's norm",
    inside=lambda x, y: sqrt(x * x + y * y),
    js="Math.hypot({x}, {y})",
)

deg2rad = function(
    "deg2rad",
    "rad",
    lambda g, z, x: g * (math.pi / 180),
    says="Multiplies the gradient by π/180.",
    notation="{x}·π/180",
    numpy=("deg2rad", "radians"),
    scalar=math.radians,
    elsewhere=("math.radians",),
    js="{x} * (Math.PI / 180)",
)

rad2deg = function(
    "rad2deg",
    "deg",
    lambda g, z, x: g * (180 / math.pi),
    says="Multiplies the gradient by 180/π.",
    notation="{x}·180/π",
    numpy=("rad2deg", "degrees"),
    scalar=math.degrees,
    elsewhere=("math.degrees",),
    js="{x} * (180 / Math.PI)",
)


def _slope_of_sinc(g: Any, z: Any, x: Any) -> Any:
    # Near 0 the slope is −π²x/3 to first order; written so, the second derivative is right at 0 as well.
    elsewhere = (cos(math.pi * x) - z) / guard(x == 0, 1.0, x)
    return g * where(x == 0, x * (-math.pi * math.pi / 3), elsewhere)


sinc = function(
    "sinc",
    "sinc",
    _slope_of_sinc,
    says="sin(πx)/πx: multiplies the gradient by (cos(πx) − z)/x.",
    convention="0 at x = 0, the limit",
    js="{x} === 0 ? 1 : Math.sin(Math.PI * {x}) / (Math.PI * {x})",
)
