"""The trial of a record: the function itself runs with other inputs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bpviz
from bpviz.living.steps import StaysStillError, program
from bpviz.living.trial import try_out


def tried(function: Any) -> None:
    flow = bpviz.backprop(function)
    try_out(flow, program(flow))


def leaking(x: Any = 2.0, y: Any = 3.0) -> Any:
    return getattr(x, "data", x) * y if isinstance(getattr(x, "data", 0.0), float) else x * y


def test_a_number_that_left_the_record_keeps_the_figure_still() -> None:
    with pytest.raises(StaysStillError, match="leaking returns other numbers than what was recorded"):
        tried(leaking)


@pytest.mark.parametrize(
    "function",
    [
        lambda x=2.0, y=3.0: x * y,
        lambda x=2.0: x * 3 if x > 1 else x,
        lambda W=np.eye(2), x=np.array([1.0, -1.0]): np.sum(np.maximum(W @ x, 0)),
        lambda x=2.0, n=3: sum(x * i for i in range(n)),
        lambda x=0.0: np.sqrt(x),
    ],
)
def test_a_true_record_may_follow(function: Any) -> None:
    tried(function)


def test_the_function_is_not_run_again_where_it_was_not_verified() -> None:
    runs = []

    def f(x: float = 2.0) -> float:
        runs.append(x)
        return x * x

    flow = bpviz.propagate(bpviz.trace(f, verify=False))
    count = len(runs)
    try_out(flow, program(flow))
    assert len(runs) == count
