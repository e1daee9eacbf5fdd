"""Special functions: the error function, the gamma function and their kin. They are computed without SciPy."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

from bpviz.lazy import LazyModule
from bpviz.ops.primitives.assumptions import guard
from bpviz.ops.primitives.elementwise import exp, log, sigmoid
from bpviz.ops.table.row import Case, Operation
from bpviz.ops.table.row_shapes import function, function_of_two

__all__ = ["erf", "erfc", "gamma", "gammaln", "log_normal_cdf", "log_sigmoid", "logit", "polygamma", "xlogy"]

np: Any = LazyModule("numpy")

_BELL = 2 / math.sqrt(math.pi)
_HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)
_POSITIVE = ((0.3, 4),)


def _each(number: Callable[[float], float], x: Any) -> Any:
    """Return a function of one number of every element, in the precision of the array."""
    x = np.asarray(x)
    made = np.fromiter(map(number, x.ravel().tolist()), np.float64, x.size).reshape(x.shape)
    return made.astype(x.dtype, copy=False) if x.dtype.kind == "f" else made


erf = function(
    "erf",
    "erf",
    lambda g, z, x: g * _BELL * exp(-(x * x)),
    says="Multiplies the gradient by 2·exp(−x²)/√π.",
    forward=lambda x: _each(math.erf, x),
    scalar=math.erf,
    numpy=(),
    elsewhere=("math.erf", "scipy.special.erf"),
    reference="d erf(x)/dx = 2·exp(−x²)/√π",
    js="F.erf({x})",
)

erfc = function(
    "erfc",
    "erfc",
    lambda g, z, x: -g * _BELL * exp(-(x * x)),
    says="1 − erf(x): multiplies the gradient by −2·exp(−x²)/√π.",
    forward=lambda x: _each(math.erfc, x),
    scalar=math.erfc,
    numpy=(),
    elsewhere=("math.erfc", "scipy.special.erfc"),
    reference="d erfc(x)/dx = −2·exp(−x²)/√π",
    js="F.erfc({x})",
)


def _log_share_below(x: float) -> float:
    if x > -10:
        above = 0.5 * math.erfc(x * math.sqrt(0.5))
        return math.log1p(-above) if x > 0 else math.log(0.5 * math.erfc(-x * math.sqrt(0.5)))
    if x == -math.inf or x != x:
        return x
    # Φ(x) = φ(x)/−x · (1 − 1/x² + 3/x⁴ − 15/x⁶ + …)
    term = total = 1.0
    for k in range(1, 11):
        term *= -(2 * k - 1) / (x * x)
        total += term
    return -0.5 * x * x - _HALF_LOG_2PI - math.log(-x) + math.log(total)


log_normal_cdf = function(
    "log_normal_cdf",
    "log Φ",
    lambda g, z, x: g * exp(-0.5 * (x * x) - _HALF_LOG_2PI - z),
    says="Multiplies the gradient by φ(x)/Φ(x).",
    notation="log Φ({x})",
    forward=lambda x: _each(_log_share_below, x),
    scalar=_log_share_below,
    numpy=(),
    elsewhere=("scipy.special.log_ndtr",),
    js="F.logNormalCdf({x})",
)


def _gamma(x: float) -> float:
    try:
        return math.gamma(x)
    except OverflowError:
        return math.inf
    except ValueError:
        # At 0 and −0 as IEEE says; other poles have no sign.
        return math.copysign(math.inf, x) if x == 0 else math.nan


def _log_gamma(x: float) -> float:
    try:
        return math.lgamma(x)
    except (OverflowError, ValueError):
        return math.inf


_BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510)
"""The second, fourth, … Bernoulli number."""


def _polygamma_of_number(n: int, x: float) -> float:
    if x != x or x == -math.inf or (x <= 0 and x == math.floor(x)):
        return math.nan
    sign, total = (-1 if n % 2 else 1), 0.0
    if x < -50:
        # ψ(1 − x) − ψ(x) = π·cot πx, differentiated n times.
        return sign * _polygamma_of_number(n, 1 - x) - math.pi * _derivative_of_cotangent(n, x)
    # ψ⁽ⁿ⁾(x) = ψ⁽ⁿ⁾(x + 1) − (−1)ⁿ·n!/xⁿ⁺¹, until the asymptotic series is good.
    while x < 15 + n:
        try:
            total -= sign * math.factorial(n) * (1 / x) ** (n + 1)
        except OverflowError:
            # So close to a pole nothing else counts.
            return -sign * (math.inf if x > 0 or n % 2 else -math.inf)
        x += 1
    y = 1 / x
    if n == 0:
        return total + math.log(x) - 0.5 * y - sum(b * (y * y) ** k / (2 * k) for k, b in enumerate(_BERNOULLI, 1))
    series = math.factorial(n - 1) * y**n + math.factorial(n) * y ** (n + 1) / 2
    for k, b in enumerate(_BERNOULLI, 1):
        series += b * math.factorial(2 * k + n - 1) / math.factorial(2 * k) * y ** (2 * k + n)
    return total - sign * series


def _derivative_of_cotangent(n: int, x: float) -> float:
    """Return the n-th derivative of cot πx, a polynomial in c = cot πx, since c' = −π(1 + c²)."""
    factors = [0, 1]
    for _ in range(n):
        slopes = [k * factor for k, factor in enumerate(factors)][1:]
        factors = [0] * (len(slopes) + 2)
        for k, slope in enumerate(slopes):
            factors[k] -= slope
            factors[k + 2] -= slope
    c = 1 / math.tan(math.pi * (x - math.floor(x)))
    return math.pi**n * float(sum(factor * c**k for k, factor in enumerate(factors)))


polygamma: Operation = function(
    "polygamma",
    "ψ",
    lambda g, z, x, n=0: g * polygamma(x, n=n + 1),
    says="Multiplies the gradient by the next derivative, ψ⁽ⁿ⁺¹⁾(x).",
    forward=lambda x, n=0: _each(partial(_polygamma_of_number, n), x),
    parameters={"n": 0},
    numpy=(),
    elsewhere=("scipy.special.psi", "scipy.special.digamma"),
    domain=_POSITIVE,
    cases=(Case(((),)), Case(((2, 3),)), Case(((2, 3),), {"n": 1})),
    convention="not a number at 0, −1, −2, …",
    reference="ψ(x) = d log Γ(x)/dx",
    js="F.polygamma({n}, {x})",
)

gammaln = function(
    "gammaln",
    "log Γ",
    lambda g, z, x: g * polygamma(x),
    says="Multiplies the gradient by the digamma function ψ(x).",
    notation="log Γ({x})",
    forward=lambda x: _each(_log_gamma, x),
    scalar=math.lgamma,
    numpy=(),
    elsewhere=("math.lgamma", "scipy.special.gammaln", "scipy.special.loggamma"),
    domain=_POSITIVE,
    reference="d log Γ(x)/dx = ψ(x)",
    js="F.logGamma({x})",
)

gamma = function(
    "gamma",
    "Γ",
    lambda g, z, x: g * z * polygamma(x),
    says="Multiplies the gradient by its own output and the digamma function ψ(x).",
    forward=lambda x: _each(_gamma, x),
    scalar=math.gamma,
    numpy=(),
    elsewhere=("math.gamma", "scipy.special.gamma"),
    domain=_POSITIVE,
    reference="dΓ(x)/dx = Γ(x)·ψ(x)",
    js="F.gamma({x})",
)

logit = function(
    "logit",
    "logit",
    lambda g, z, x: g / (x * (1 - x)),
    says="Divides the gradient by x(1 − x).",
    forward=lambda x: np.log(x) - np.log1p(-x),
    scalar=lambda x: math.log(x) - math.log1p(-x),
    numpy=(),
    elsewhere=("scipy.special.logit",),
    domain=((0.1, 0.9),),
    convention="infinite at 0 and 1",
    inside=lambda x: log(x / (1 - x)),
    js="Math.log({x}) - Math.log1p(-{x})",
)

log_sigmoid = function(
    "log_sigmoid",
    "log σ",
    lambda g, z, x: g * sigmoid(-x),
    says="Multiplies the gradient by 1 − σ(x).",
    notation="log σ({x})",
    forward=lambda x: -np.logaddexp(0, -np.asarray(x)),
    numpy=(),
    elsewhere=("scipy.special.log_expit",),
    inside=lambda x: log(sigmoid(x)),
    js="-F.logAddExp(0, -{x})",
)


def _xlogy(x: Any, y: Any) -> Any:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where((np.asarray(x) == 0) & ~np.isnan(y), 0.0, x * np.log(y))


xlogy = function_of_two(
    "xlogy",
    "x·log y",
    lambda g, z, x, y: g * log(y),
    lambda g, z, x, y: g * x / guard(y == 0, 1.0, y),
    says="x·log y, and 0 where x is 0: log y of the gradient goes to x, x/y of it to y.",
    notation="{x}·log({y})",
    forward=_xlogy,
    numpy=(),
    elsewhere=("scipy.special.xlogy",),
    domain=((0.2, 3), (0.2, 3)),
    convention="0·log 0 is 0",
    js="{x} === 0 && {y} === {y} ? 0 : {x} * Math.log({y})",
)
