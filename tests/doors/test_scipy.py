"""SciPy's functions on recorded values: SciPy's numbers, and gradients that differences and autograd confirm."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import autograd
import autograd.numpy as anp
import autograd.scipy.special as asp
import autograd.scipy.stats as asp_stats
import numpy as np
import pytest
from at_once import at_once
from differences import assert_gradient
from places import ROOT
from scipy import linalg, special, stats

import bpviz
from bpviz.errors import RecordingError
from bpviz.ops import COMPOSITES, OPERATIONS

POSITIVE = np.array([[0.3, 1.7, 2.2], [0.6, 4.1, 0.9]])
SHARES = np.array([0.2, 0.5, 0.85])
LINE = np.array([-1.2, 0.4, 2.5])

NAMES = (
    *("expit", "erf", "erfc", "ndtr", "log_ndtr", "gamma", "gammaln", "loggamma", "psi", "digamma", "exp2", "expm1"),
    *("log1p", "log_expit", "logsumexp", "softmax", "log_softmax", "cbrt"),
)


@at_once(NAMES)
def test_functions_of_one_array(name: str) -> None:
    function = getattr(special, name)
    for x in (POSITIVE, 0.7):
        expected = function(x)
        graph = bpviz.trace(lambda x, f=function: f(x) * x, x)
        np.testing.assert_allclose(bpviz.propagate(graph).output, expected * x, rtol=2e-14)
        assert_gradient(lambda x, f=function: f(x) * x, [x], np.random.default_rng(0))


def test_functions_with_more_to_say() -> None:
    rng = np.random.default_rng(1)
    for f, xs in (
        (lambda x: special.logit(x), [SHARES]),
        (lambda x, y: special.xlogy(x, y), [POSITIVE, POSITIVE[::-1].copy()]),
        (lambda x: special.logsumexp(x, axis=-1), [POSITIVE]),
        (lambda x: special.logsumexp(x, axis=0, keepdims=True), [POSITIVE]),
        (lambda x: special.softmax(x, axis=1), [POSITIVE]),
        (lambda x: special.softmax(x, axis=-2), [POSITIVE]),
        (lambda x: special.log_softmax(x, axis=0), [POSITIVE]),
        (lambda x, y: special.logsumexp([x, y, 1.0]), [0.3, 2.0]),
    ):
        expected = f(*xs)
        graph = bpviz.trace(lambda *xs, f=f: f(*xs), *xs)
        np.testing.assert_allclose(bpviz.propagate(graph).output, expected, rtol=1e-13)
        assert_gradient(lambda *xs, f=f: f(*xs), xs, rng)


@pytest.mark.parametrize("name", ["pdf", "cdf", "sf", "logpdf", "logcdf"])
def test_the_normal_distribution(name: str) -> None:
    norm = stats.norm
    for f, xs in (
        (lambda x: getattr(norm, name)(x), (LINE,)),
        (lambda x, m, s: getattr(norm, name)(x, m, s), (LINE, 0.3, 1.7)),
        (lambda x, m, s: getattr(norm, name)(x, loc=m, scale=s), (0.4, 0.3, 1.7)),
        (lambda s: getattr(norm, name)(LINE, scale=s), (1.7,)),
        (lambda x: getattr(norm(loc=0.3, scale=1.7), name)(x), (LINE,)),
    ):
        graph = bpviz.trace(lambda *xs, f=f: f(*xs), *xs)
        np.testing.assert_allclose(bpviz.propagate(graph).output, f(*xs), rtol=1e-12)
        assert_gradient(lambda *xs, f=f: f(*xs), list(xs), np.random.default_rng(2))
    assert name not in vars(norm)
    assert name not in vars(type(norm))


def test_every_function_that_is_known_by_a_name_of_scipy_is_tried() -> None:
    known = {n for row in OPERATIONS.values() for n in row.elsewhere} | set(COMPOSITES)
    tried = {f"scipy.special.{n}" for n in (*NAMES, "logit", "xlogy")}
    tried |= {f"scipy.stats.norm.{n}" for n in ("pdf", "cdf", "sf", "logpdf", "logcdf")}
    assert {n for n in known if n.startswith("scipy.")} - tried == set()


def mixture(x: Any, means: Any, logits: Any) -> Any:
    weights = special.log_softmax(logits)
    return -np.sum(special.logsumexp(weights + stats.norm.logpdf(x[:, None], means, 0.7), axis=1))


def test_a_mixture_of_gaussians_against_autograd() -> None:
    means, logits = np.array([-0.5, 1.0]), np.array([0.2, -0.3])

    def peer(x: Any, means: Any, logits: Any) -> Any:
        weights = logits - asp.logsumexp(logits)
        return -anp.sum(asp.logsumexp(weights + asp_stats.norm.logpdf(x[:, None], means, 0.7), axis=1))

    flow = bpviz.backprop(mixture, LINE, means, logits)
    assert flow.output == pytest.approx(mixture(LINE, means, logits), rel=1e-13)
    for i, gradient in enumerate(flow.grads.values()):
        np.testing.assert_allclose(gradient, autograd.grad(peer, i)(LINE, means, logits), rtol=1e-10)


def test_second_derivatives_of_the_gamma_function_s_logarithm() -> None:
    second = bpviz.grad(bpviz.grad(lambda x: special.gammaln(x)))
    assert second(2.5) == pytest.approx(float(special.polygamma(1, 2.5)), rel=1e-12)


def ppf(p: Any) -> Any:
    return stats.norm.ppf(p)


@pytest.mark.parametrize(
    ("f", "said"),
    [
        (lambda x: special.jv(1, x), r"scipy\.special\.jv cannot be recorded"),
        (
            ppf,
            r"^stats\.norm\.ppf\(p\) \(line \d+ of test_scipy\.py\): ppf of SciPy \(scipy\.stats\) cannot be recorded; ",
        ),
        (lambda x: linalg.norm(x), r"norm of SciPy \(scipy\.linalg\) cannot be recorded; write np\.linalg\.norm\(x\)"),
        (lambda x: special.logsumexp(x, b=x), r"b= .*write np\.log"),
    ],
)
def test_what_is_refused_is_named_as_scipy_s_at_the_user_s_line(f: Callable[..., Any], said: str) -> None:
    with pytest.raises(RecordingError, match=said) as caught:
        bpviz.trace(f, SHARES)
    assert "of test_scipy.py" in str(caught.value)


@pytest.mark.hosts
def test_scipy_is_not_needed() -> None:
    code = """
import sys
sys.modules["scipy"] = None
import bpviz, math, numpy as np
flow = bpviz.backprop(lambda x: math.erf(x) * math.lgamma(x), 0.5)
assert abs(flow.output - 0.5204998778130465 * 0.5723649429247001) < 1e-15
bpviz.backprop(lambda x: np.sum(bpviz.ops.erf(x)), np.ones(2))
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_scipy_is_as_before_whatever_happens() -> None:
    before = special.logsumexp, special.softmax, stats.norm.cdf.__func__

    def fails(x: Any) -> Any:
        raise KeyError(special.logsumexp is before[0])

    with pytest.raises(KeyError, match="False"):
        bpviz.trace(fails, LINE)
    assert (special.logsumexp, special.softmax, stats.norm.cdf.__func__) == before


@pytest.mark.hosts
def test_a_library_that_the_model_itself_imports_first() -> None:
    program = (
        "import bpviz\n"
        "def f(x=0.5):\n"
        "    from scipy.stats import norm\n"
        "    return norm.cdf(x)\n"
        "flow = bpviz.backprop(f)\n"
        "print(flow.output, flow.grads['x'])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.stderr == ""
    found = [float(number) for number in done.stdout.split()]
    np.testing.assert_allclose(found, [stats.norm.cdf(0.5), stats.norm.pdf(0.5)])
