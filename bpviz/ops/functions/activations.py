"""Activation functions beyond ReLU, sigmoid and tanh: leaky ReLU, softplus, GELU."""

from __future__ import annotations

import math
from typing import Any

from bpviz.lazy import LazyModule
from bpviz.ops.primitives.elementwise import exp, log, sigmoid, tanh
from bpviz.ops.primitives.selection import where
from bpviz.ops.table.registry import operation
from bpviz.ops.table.row import Case, Operation

__all__ = ["gelu", "leaky_relu", "normal_cdf", "normal_pdf", "softplus"]

np: Any = LazyModule("numpy")

_ONE = (Case(((),)), Case(((2, 3),)), Case(((0,),)))
_ROOT_HALF = math.sqrt(0.5)
_PEAK = 1 / math.sqrt(2 * math.pi)
_TANH_SLOPE, _TANH_CUBE = math.sqrt(2 / math.pi), 0.044715

leaky_relu = operation(
    "leaky_relu",
    "Leaky ReLU",
    "x",
    forward=lambda x, slope=0.01: np.where(x > 0, x, slope * x),
    scalar=lambda x: x if x > 0 else 0.01 * x,
    vjp=(lambda g, z, x, slope=0.01: where(x > 0, g, g * slope),),
    parameters={"slope": 0.01},
    says="Lets the gradient pass where x > 0 and a small part of it elsewhere.",
    notation="LeakyReLU({x})",
    cases=(*_ONE, Case(((3,),), {"slope": 0.2})),
    convention="at x = 0: the slope of the left side, as in PyTorch",
    reference="Maas, Hannun and Ng 2013",
    inside=lambda x, slope=0.01: where(x > 0, x, slope * x),
    js="{x} > 0 ? {x} : {slope} * {x}",
)

softplus = operation(
    "softplus",
    "softplus",
    "x",
    forward=lambda x: np.logaddexp(x, 0),
    scalar=lambda x: max(x, 0.0) + math.log1p(math.exp(-abs(x))) if x == x else x,
    vjp=(lambda g, z, x: g * sigmoid(x),),
    says="Multiplies the gradient by σ(x).",
    notation="softplus({x})",
    cases=_ONE,
    reference="d log(1 + eˣ)/dx = σ(x)",
    inside=lambda x: log(1 + exp(x)),
    js="Math.max({x}, 0) + Math.log1p(Math.exp(-Math.abs({x})))",
)


def _share_below(x: float) -> float:
    # erfc, not 1 + erf: for very negative x the share is small, but not 0.
    return 0.5 * math.erfc(-x * _ROOT_HALF)


def _normal_cdf(x: Any) -> Any:
    x = np.asarray(x)
    shares = np.fromiter(map(_share_below, x.ravel().tolist()), np.float64, x.size).reshape(x.shape)
    return shares.astype(x.dtype, copy=False) if x.dtype.kind == "f" else shares


normal_cdf = operation(
    "normal_cdf",
    "Φ",
    "x",
    forward=_normal_cdf,
    scalar=_share_below,
    vjp=(lambda g, z, x: g * normal_pdf(x),),
    says="Multiplies the gradient by the bell curve φ(x).",
    notation="Φ({x})",
    cases=_ONE,
    reference="Φ(x) = ½(1 + erf(x/√2)), dΦ/dx = φ",
    elsewhere=("scipy.special.ndtr",),
    js="0.5 * F.erfc(-{x} * Math.SQRT1_2)",
)

normal_pdf: Operation = operation(
    "normal_pdf",
    "φ",
    "x",
    forward=lambda x: _PEAK * np.exp(-0.5 * (x * x)),
    scalar=lambda x: _PEAK * math.exp(-0.5 * (x * x)),
    vjp=(lambda g, z, x: -g * x * z,),
    says="Multiplies the gradient by −x·z.",
    notation="φ({x})",
    cases=_ONE,
    reference="φ(x) = exp(−x²/2)/√(2π), dφ/dx = −x·φ",
    js="Math.exp(-0.5 * {x} * {x}) / Math.sqrt(2 * Math.PI)",
)


def _gelu(x: Any, approximate: bool = False) -> tuple[Any, Any]:
    share = _share_by_tanh(x, np.tanh) if approximate else _normal_cdf(x)
    return x * share, share


def _share_by_tanh(x: Any, tanh: Any) -> Any:
    return 0.5 + 0.5 * tanh(x * (_TANH_SLOPE + _TANH_SLOPE * _TANH_CUBE * (x * x)))


def _gelu_rule(g: Any, z: Any, x: Any, approximate: bool = False, kept: Any = None) -> Any:
    if not approximate:
        return g * ((normal_cdf(x) if kept is None else kept) + x * normal_pdf(x))
    share = _share_by_tanh(x, tanh) if kept is None else kept
    # With share = ½(1 + t): ½(1 − t²) = 2·share·(1 − share).
    slope = 2 * _TANH_SLOPE + 6 * _TANH_SLOPE * _TANH_CUBE * (x * x)
    return g * (share + z * (1 - share) * slope)


def _gelu_inside(x: Any, approximate: bool = False) -> Any:
    if not approximate:
        return x * normal_cdf(x)
    cubic = x + _TANH_CUBE * x**3
    return 0.5 * x * (1 + tanh(_TANH_SLOPE * cubic))


gelu = operation(
    "gelu",
    "GELU",
    "x",
    keeping=_gelu,
    scalar=lambda x: x * _share_below(x),
    vjp=(_gelu_rule,),
    parameters={"approximate": False},
    says="Multiplies the gradient by Φ(x) + x·φ(x).",
    notation="GELU({x})",
    cases=(*_ONE, Case(((2, 3),), {"approximate": True}), Case(((),), {"approximate": True})),
    reference="x·Φ(x); approximate: ½x(1 + tanh(√(2/π)(x + 0.044715x³))) (Hendrycks and Gimpel 2016)",
    inside=_gelu_inside,
    js="F.gelu({x}, {approximate})",
)
