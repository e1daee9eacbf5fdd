"""Larger results are copied late; whatever writes into them, the figure has the numbers that they had."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install 'bpviz[torch]'")

import bpviz  # noqa: E402
from bpviz.sources.torch import record  # noqa: E402

SHAPE = (80, 80)


class Doubled(torch.autograd.Function):  # type: ignore[misc]
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        x.mul_(2)
        ctx.mark_dirty(x)
        return x

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return 2 * g


def by_view(h: Any) -> None:
    h[0].mul_(2)


def by_data(h: Any) -> None:
    h.data.mul_(2)


def by_numpy(h: Any) -> None:
    h.detach().numpy()[:] = 7


def by_out(h: Any) -> None:
    with torch.no_grad():
        torch.add(h, 1, out=h.detach())


def by_function(h: Any) -> None:
    Doubled.apply(h)


def unseen(h: Any) -> None:
    with torch._C.DisableTorchFunction():
        h.detach().mul_(2)


WAYS = {one.__name__: one for one in (by_view, by_data, by_numpy, by_out, by_function, unseen)}


@pytest.mark.parametrize("way", WAYS)
def test_a_value_keeps_the_numbers_that_it_had_before_it_was_written_into(way: str) -> None:
    x = torch.randn(SHAPE)
    w = torch.ones((), requires_grad=True)

    def f(x: Any, w: Any) -> Any:
        h = x * w
        y = h.sum()
        WAYS[way](h)
        return y

    flow = record(f, x, w)
    index = flow.find("h")
    np.testing.assert_array_equal(flow.values[index], x.numpy())
    np.testing.assert_array_equal(flow.output, (x * w).sum().item())


def test_a_value_that_the_user_keeps_is_another_one() -> None:
    held = []

    def f(x: Any) -> Any:
        h = x * 2
        held.append(h)
        return h.sum()

    x = torch.ones(SHAPE, requires_grad=True)
    flow = record(f, x)
    with torch.no_grad():
        held[0].zero_()
    np.testing.assert_array_equal(flow.value("h"), np.full(SHAPE, 2.0))


def test_nothing_of_a_run_stays_when_its_flow_is_gone() -> None:
    def f(x: Any) -> Any:
        h = x * 2
        return (h * h).sum()

    x = torch.ones(SHAPE, requires_grad=True)
    gc.collect()
    gc.disable()
    try:
        flow = bpviz.backprop(f, x)
        array = weakref.ref(flow.values[flow.find("h")])
        assert array() is not None
        del flow
        assert array() is None
    finally:
        gc.enable()


def test_a_gradient_that_leaves_a_step_as_it_arrives_is_kept_once() -> None:
    flow = bpviz.backprop(lambda x: torch.exp(torch.sin(x)).sum(), torch.ones(SHAPE, requires_grad=True))
    (sin,) = [i for i, row in enumerate(flow.graph.record.operations) if row is not None and row.name == "sin"]
    share = flow.wire_gradients[sin + 1]
    assert share is not None
    assert share[0] is flow.gradients[sin]
    np.testing.assert_allclose(share[0], np.exp(np.sin(1.0)), rtol=1e-6)
