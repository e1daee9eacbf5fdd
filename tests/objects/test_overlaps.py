"""A write into memory that two inputs share is refused: plain NumPy would let both see it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import bpviz
from bpviz.errors import RecordingError


def written(a: Any, b: Any) -> Any:
    a[0] = 2.0
    return (a * b).sum()


def doubled(a: Any, b: Any) -> Any:
    a *= 2
    return (a * b).sum()


def by_view(a: Any, b: Any) -> Any:
    a[1:][0] = 2.0
    return (a * b).sum()


MEMORY = np.ones(6)


@pytest.mark.parametrize("function", [written, doubled, by_view])
@pytest.mark.parametrize(
    ("a", "b"),
    [
        (MEMORY[:2], MEMORY[:2]),
        (MEMORY[:2], MEMORY[1:3]),
        (MEMORY.reshape(2, 3)[0], MEMORY.reshape(2, 3).T[:, 0]),
    ],
    ids=["the same", "overlapping", "through a transpose"],
)
def test_shared_memory_is_refused(function: Any, a: Any, b: Any) -> None:
    for first, second in ((a, b), (b, a)):
        with pytest.raises(RecordingError, match=r"'a' and 'b' share memory.*\(line \d+ of test_overlaps.py\)"):
            bpviz.backprop(function, first, second)


@pytest.mark.parametrize("function", [written, doubled, by_view])
def test_separate_memory_is_no_matter(function: Any) -> None:
    for a, b in ((MEMORY[:3], MEMORY[3:]), (MEMORY[::2], MEMORY[1::2]), (MEMORY, MEMORY.copy())):
        assert bpviz.backprop(function, a, b).output == function(a.copy(), b.copy())
    assert np.all(MEMORY == 1)


def test_shared_memory_that_is_only_read_is_no_matter() -> None:
    def model(a: Any, b: Any) -> Any:
        out = np.zeros(6)
        out[:] = a * b
        out += a
        return out.sum()

    flow = bpviz.backprop(model, MEMORY, MEMORY)
    assert flow.output == 12.0
    np.testing.assert_array_equal(flow.grads["a"], np.full(6, 2.0))
    np.testing.assert_array_equal(flow.grads["b"], np.ones(6))


def test_arrays_in_dicts_and_objects() -> None:
    def of_dict(p: Any) -> Any:
        return written(p["a"], p["b"])

    with pytest.raises(RecordingError, match="share memory"):
        bpviz.backprop(of_dict, {"a": MEMORY[:2], "b": MEMORY[1:3]})

    class Model:
        def __init__(self) -> None:
            self.weight = np.ones((2, 2))
            self.row = self.weight[0]
            self.part = SimpleNamespace(weight=self.weight)

        def shared(self, x: Any = 3.0) -> Any:
            self.part.weight[0] *= 2
            return self.weight.sum() * x

        def viewed(self, x: Any = 3.0) -> Any:
            self.weight *= 2
            return self.row.sum() * x

    # One array that is held twice is one input; a view of it is another.
    assert bpviz.backprop(Model().shared).output == Model().shared() == 18.0
    with pytest.raises(RecordingError, match="'weight' and 'row' share memory"):
        bpviz.backprop(Model().viewed)


G = np.ones(2)


def written_default(a: np.ndarray = G) -> object:
    a[0] = 2.0
    return (a * G).sum()


def test_a_default_that_is_read_as_a_global_too() -> None:
    with pytest.raises(RecordingError, match=r"'a' and 'G' share memory.*\(line \d+ of test_overlaps.py\)"):
        bpviz.backprop(written_default)
    # 2·1 + 1·1 for an array of its own; and the caller's array is as before.
    assert bpviz.backprop(written_default, np.ones(2)).output == 3.0
    assert G.tolist() == [1.0, 1.0]
