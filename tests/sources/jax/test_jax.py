"""JAX: every number is JAX's own, every wire leads where it should, and refusals are one sentence."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

import bpviz

jax = pytest.importorskip("jax", reason="JAX is not installed: pip install 'bpviz[jax]'")
jnp = jax.numpy
from jax_models import MODELS  # noqa: E402 (it imports JAX)


def close(one: Any, other: Any, tolerance: float = 1e-6) -> bool:
    one, other = np.asarray(one), np.asarray(other)
    scale = max(float(np.abs(other).max(initial=0.0)), 1e-30)
    return bool(one.shape == other.shape and np.abs(one - other).max(initial=0.0) <= tolerance * scale)


@pytest.mark.parametrize("name", MODELS)
def test_numbers_are_those_of_jax(name: str) -> None:
    function, args = MODELS[name]
    flow = bpviz.backprop(function, *args)
    assert close(flow.output, function(*args))
    leaves, tree = jax.tree_util.tree_flatten(args)
    floats = [k for k, leaf in enumerate(leaves) if jnp.issubdtype(jnp.result_type(leaf), jnp.floating)]

    def of_floats(given: Any) -> Any:
        full = list(leaves)
        for k, x in zip(floats, given, strict=True):
            full[k] = x
        return function(*jax.tree_util.tree_unflatten(tree, full))

    expected = jax.grad(of_floats)([leaves[k] for k in floats])
    names = flow.graph.inputs
    assert len(names) == len(leaves)
    for k, gradient in zip(floats, expected, strict=True):
        assert close(flow.grads[names[k]], gradient), names[k]


@pytest.mark.parametrize("name", MODELS)
def test_gradients_are_the_sums_of_their_wires(name: str) -> None:
    function, args = MODELS[name]
    flow = bpviz.backprop(function, *args)
    sums: dict[str, Any] = {}
    before: object = None
    for node in flow.graph.nodes:
        if node.operation is None or (node.operation.framework and node.operands == before):
            # The results of one step share its wires.
            continue
        before = node.operands
        for slot, operand in enumerate(node.operands):
            if np.any(share := flow.wire_grad(operand, node.name, slot)):
                sums[operand] = sums.get(operand, 0) + share
    assert sums
    assert all(close(total, flow.grad(name), 1e-5) for name, total in sums.items())


@pytest.mark.parametrize("name", MODELS)
def test_our_rules_and_repeated_calls_agree(name: str) -> None:
    # Steps with a row of ours are computed by NumPy here, and the others by JAX once more.
    function, args = MODELS[name]
    flow = bpviz.backprop(function, *args)
    again = bpviz.propagate(flow.graph)
    assert close(again.output, flow.output, 1e-5)
    for given, gradient in flow.grads.items():
        # Whole numbers have none.
        assert again.grads[given] is None if gradient is None else close(again.grads[given], gradient, 1e-4), given


def test_names_groups_and_lines() -> None:
    function, args = MODELS["classifier"]
    graph = bpviz.backprop(function, *args).graph
    assert graph.inputs == (
        "params['first']['W']",
        "params['first']['b']",
        "params['second']['W']",
        "params['second']['b']",
        "x",
        "t",
    )
    assert {"h", "scores", "logp"} <= {node.name for node in graph.nodes}
    assert [node.operation.name for node in graph.nodes if node.name in ("h", "logp")] == ["relu", "log_softmax"]
    titles = [
        node.scope.title for node in graph.nodes if node.operation is not None and node.operation.name == "matmul"
    ]
    assert titles == ["dense", "dense"]
    lines, first = inspect.getsourcelines(function)
    assert "h = jax.nn.relu" in lines[graph["h"].line - first]


def test_each_call_of_a_jitted_function_is_a_group() -> None:
    function, args = MODELS["three_blocks"]
    graph = bpviz.backprop(function, *args).graph
    groups = [node.scope for node in graph.nodes if node.operation is not None and node.operation.name == "tanh"]
    assert [group.title for group in groups] == ["block"] * 3
    assert len(set(map(id, groups))) == 3


def test_rounds_of_a_loop_are_steps_of_their_own() -> None:
    def halved(x: Any) -> Any:
        for _ in range(3):
            x = jnp.tanh(x)
        return x

    graph = bpviz.backprop(halved, jnp.float32(0.5)).graph
    assert [node.operation.name for node in graph.nodes if node.operation is not None] == ["tanh"] * 3


def test_the_figure_has_the_numbers() -> None:
    svg = bpviz.draw(lambda x, w: jnp.sum(x * w), jnp.array([1.0, 2.0]), jnp.array([3.0, -1.0])).to_svg()
    for text in (">3<", ">−1<", ">1<", ">2<", ">Σ<"):
        assert text in svg


def test_gradcheck_and_other_inputs() -> None:
    def product(x: Any, y: Any) -> Any:
        return x * jnp.sin(y)

    flow = bpviz.backprop(product, jnp.float32(2.0), jnp.float32(0.5))
    assert close(flow.grads["y"], 2.0 * np.cos(0.5))
    assert close(bpviz.propagate(flow.graph, {"x": 3.0}).output, 3.0 * np.sin(0.5))
    assert bpviz.gradcheck(product, jnp.float32(2.0), jnp.float32(0.5)).ok


def test_refusals() -> None:
    with pytest.raises(bpviz.RecordingError, match=r"decides by one \(line \d+ of test_jax.py\).*jax.lax.cond"):
        bpviz.draw(lambda x: x if x.sum() > 0 else -x, jnp.ones(2))
    with pytest.raises(bpviz.UsageError, match="has no value for an argument"):
        bpviz.draw(lambda x: jnp.sum(x))
    with pytest.raises(bpviz.UsageError, match="returns no array of floats"):
        bpviz.draw(lambda x: x * 2, jnp.arange(3))
    with pytest.raises(bpviz.UsageError, match="keeps no record of an array"):
        bpviz.draw(jnp.ones(3))
