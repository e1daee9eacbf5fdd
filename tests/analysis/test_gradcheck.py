"""Gradients against differences: of the plain function, and the verdict if they are not finite."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bpviz
from bpviz.errors import UsageError


def masked(x: Any = np.array([-1.0, 4.0])) -> Any:
    # The slope of the square root at −1 is not a number, and 0 × NaN is not 0.
    return np.where(x > 0, np.sqrt(x), 0.0).sum()


def test_a_gradient_that_is_not_finite_where_the_differences_are_fails() -> None:
    report = bpviz.gradcheck(masked)
    assert not report.ok
    assert report.inputs[0].verdict == "wrong"
    assert "WRONG: the gradient is not a number, differences 0" in str(report)
    assert "FAILED" in str(report)
    # The advice that every framework gives: take the root of what is safe.
    safe = bpviz.gradcheck(lambda x=np.array([-1.0, 4.0]): np.where(x > 0, np.sqrt(np.where(x > 0, x, 1.0)), 0.0).sum())
    assert safe.ok


def test_the_length_of_nothing_has_no_gradient_and_fails() -> None:
    assert not bpviz.gradcheck(lambda x=np.zeros(2): np.sqrt(np.sum(x * x))).ok


def test_an_infinite_slope_that_is_one_passes() -> None:
    # The cube root stands upright at 0: its slope is infinite, and the differences grow without end.
    report = bpviz.gradcheck(lambda x=np.array([0.0]): np.sum(np.cbrt(x)))
    assert report.ok
    assert report.inputs[0].verdict == "not finite"


@pytest.mark.hosts
def test_the_command_fails_too(tmp_path: Path) -> None:
    (tmp_path / "m.py").write_text(
        "import numpy as np\ndef f(x=np.array([-1.0, 4.0])):\n    return np.where(x > 0, np.sqrt(x), 0.0).sum()\n"
    )
    command = [sys.executable, "-m", "bpviz", "gradcheck", "m.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "WRONG: the gradient is not a number" in done.stdout


def test_the_plain_function_is_differenced_not_its_record() -> None:
    def f(x: float = 2.0) -> Any:
        # Equal at 2, where the record has the branch of another type.
        return x**2 if type(x) is float else x * 2

    report = bpviz.gradcheck(f)
    assert not report.ok
    (check,) = report.inputs
    assert (check.analytic, round(check.numeric, 4)) == (2.0, 4.0)
    # A flow knows the function that it comes from; what was built by hand has nothing else than its record.
    assert not bpviz.gradcheck(bpviz.backprop(f)).ok
    graph = bpviz.Graph("built")
    graph.output(graph.input("x", 2.0) * 2)
    assert bpviz.gradcheck(graph).ok


def test_every_kind_of_argument_reaches_the_plain_function() -> None:
    def f(p: Any, x: Any, *parts: Any, n: int = 2, scale: float = 0.5, act: Any = np.tanh, mode: str = "sum") -> Any:
        y = act(p["W"][0] @ x) * scale
        for part in parts:
            y = y * part**n
        return {"first": (np.sum(y), y), "mode": mode}

    W, x = np.array([[0.2, -0.4], [0.1, 0.3]]), np.float32([0.5, -1.5])
    report = bpviz.gradcheck(f, {"W": [W]}, x, 1.5, np.array([0.7, 0.9]), n=3)
    assert report.ok, str(report)
    assert {c.name for c in report.inputs} == {"p['W'][0]", "x", "parts[0]", "parts[1]", "n", "scale"}


def test_a_count_has_no_half() -> None:
    def f(x: float = 1.5, n: int = 3) -> Any:
        y = x * n
        for _ in range(n):
            y = y * x
        return y

    assert bpviz.gradcheck(f).ok


def test_random_functions_are_refused_and_seeded_ones_are_not() -> None:
    with pytest.raises(UsageError, match="noise is random: two runs on the same inputs return"):
        bpviz.gradcheck(noise)
    generator = np.random.default_rng(1)
    assert bpviz.gradcheck(lambda x=2.0: x**2 * generator.normal()).ok
    assert bpviz.gradcheck(lambda x=2.0: x**2 * np.random.normal()).ok


def noise(x: float = 2.0) -> Any:
    return x * np.random.default_rng().normal()


def over_time(xs: Any = np.ones((1, 3, 2)) * 0.4, W: Any = np.array([[0.1, 0.2], [0.3, 0.4]])) -> Any:
    """A recurrent layer as textbooks have it: its buffers are in single precision."""
    hs = np.empty((1, 3, 2), dtype="f")
    h = np.zeros((1, 2), dtype="f")
    for t in range(3):
        h = np.tanh(np.dot(h, W) + xs[:, t, :])
        hs[:, t, :] = h
    return hs.sum()


def test_a_function_that_rounds_to_single_precision_is_no_error() -> None:
    report = bpviz.gradcheck(over_time)
    assert report.ok and (report.h, report.tolerance) == (1e-2, 1e-3)

    nearly = bpviz.op("nearly_here", lambda x: x * 2, lambda g, z, x: (g * 2.01,))
    report = bpviz.gradcheck(lambda xs: nearly(over_time(xs)), np.ones((1, 3, 2)) * 0.4)
    assert not report.ok and "WRONG" in str(report)
