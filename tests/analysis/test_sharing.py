"""What the backward pass computes once for several uses, what that saves, and what it needs of the forward pass."""

from __future__ import annotations

import numpy as np
import pytest
from models import X, Y, perceptron

import bpviz
from bpviz.analysis.sharing import kept_values, shared_factors


def two_layers(
    x=np.array([[1.0, 2.0]]),
    W1=np.array([[0.3, 0.1, -0.2], [0.2, 0.5, 0.4]]),
    b1=np.zeros(3),
    W2=np.array([[0.2, 0.1], [0.3, -0.2], [0.5, 0.4]]),
    b2=np.zeros(2),
):
    Z1 = x @ W1 + b1
    A1 = bpviz.nn.tanh(Z1)
    Z2 = A1 @ W2 + b2
    A2 = bpviz.nn.sigmoid(Z2)
    return bpviz.nn.sum_squared_error(A2, np.array([[1.0, 0.0]]))


def test_the_perceptron_of_article_004() -> None:
    found = shared_factors(bpviz.backprop(perceptron))
    (factor,) = found.factors
    assert (factor.name, factor.node, factor.uses) == ("dZ", "Z", ("dW", "db"))
    assert factor.formula == "dA ∘ A ∘ (1 − A)"
    # A − Y, 1 − A, two products, dZᵀ·X; without sharing dW needs all five and db the first four again.
    assert (found.operations, found.without) == (5, 9)
    assert str(found) == (
        "dZ = dA ∘ A ∘ (1 − A): computed once, serves dW, db\n5 operations in the backward pass; 9 without sharing"
    )


def test_the_gradient_of_the_bias_serves_the_weights_and_the_layer_before() -> None:
    # Article 003: grad(weight) = grad(bias) · input, and the layer before starts from grad(bias) too.
    first, second = sorted(shared_factors(bpviz.backprop(two_layers)).factors, key=lambda factor: factor.name)
    assert (first.name, first.uses) == ("dZ1", ("dx", "dW1", "db1"))
    assert (second.name, second.uses) == ("dZ2", ("dW2", "db2", "dA1"))


def test_where_it_flows_back() -> None:
    flow = bpviz.backprop(perceptron)
    (factor,) = shared_factors(flow).factors
    graph = flow.graph
    wires = {(graph.record.operands[node][slot], graph.names[node]) for node, slot in factor.wires}
    # Along Z → σ, and along X·Wᵀ → +, through which it passes unchanged; not along b → +, which gets its sum.
    assert wires == {(graph.find("Z"), "A"), (graph.find("matmul"), "Z")}
    assert {graph.names[node] for node in factor.nodes} == {"Z", "matmul"}


def test_only_steps_of_the_backward_pass_are_shared() -> None:
    def apples(p=100, n=2, t=1.1):
        x = p * n
        return x * t

    # dy/dx is t itself, which branches in the backward pass but is not computed there; nor is the seed.
    found = shared_factors(bpviz.backprop(apples))
    assert (found.factors, found.operations, found.without) == ((), 2, 2)
    assert shared_factors(bpviz.backprop(lambda a=1.0, b=2.0: a + b)).factors == ()

    def three(p=100, n=2, t=1.1, s=0.5):
        x = p * n
        return x * t * s

    (factor,) = shared_factors(bpviz.backprop(three)).factors
    assert (factor.name, factor.uses) == ("∂three/∂x", ("∂three/∂p", "∂three/∂n"))
    assert {*factor.formula.split("·")} == {"s", "t"}


def test_without_sharing_is_counted_not_walked() -> None:
    def diamonds(x=1.0):
        for _ in range(60):
            x = np.sin(x) + np.cos(x)
        return x

    found = shared_factors(bpviz.backprop(diamonds))
    assert found.operations < 60 * 6
    assert found.without > 2**60


def test_forward_values_that_are_kept() -> None:
    found = {value.name: value for value in kept_values(bpviz.backprop(perceptron))}
    # dZ = (A − Y) ∘ A ∘ (1 − A) and dW = dZᵀ·X: neither Z nor the weights are needed.
    assert [name for name, value in found.items() if value.kept] == ["X", "A", "Y"]
    assert (found["A"].shape, found["A"].bytes, found["A"].kind) == ((4, 1), 32, "operation")
    assert (found["X"].bytes, found["X"].kind, found["W"].kind) == (64, "constant", "input")
    assert sum(value.bytes for value in found.values() if value.kept) == X.nbytes + Y.nbytes + 32


@pytest.mark.parametrize("of", [perceptron, two_layers])
def test_graphs_will_do_as_well_as_flows(of: object) -> None:
    graph = bpviz.trace(of)  # type: ignore[arg-type]
    assert shared_factors(graph) == shared_factors(bpviz.propagate(graph))
    assert kept_values(graph) == kept_values(bpviz.propagate(graph))
