"""Arrays opened into single numbers: the same values and gradients, one by one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from amounts import fewer, some
from at_once import at_once
from hypothesis import given, settings
from hypothesis import strategies as st
from samples import CASES, plain_sample

import bpviz
from bpviz import nn
from bpviz.errors import UsageError
from bpviz.graph.flow import Flow
from bpviz.ops import Case, Operation
from bpviz.text.element_names import element_name
from bpviz.transforms.elements import elements
from bpviz.words.values import line_of

REFUSED = {
    *("inv", "solve", "det", "logabsdet", "cholesky", "cumprod"),
    *("eigenvalues", "eigenvectors", "pinv", "interp"),
    *("singular_values", "left_vectors", "right_vectors"),
}
"""Neither element by element nor sums of products: refused in words."""


def assert_same(flow: Flow, opened: Flow) -> None:
    """The output and the gradient of every input, element by element, to the last digits."""
    whole = np.sum(np.asarray(flow.seed) * flow.output) if np.ndim(flow.output) else flow.output
    assert opened.output == pytest.approx(whole, rel=1e-12, abs=1e-12)
    for name, gradient in flow.grads.items():
        for place in np.ndindex(*np.shape(gradient)):
            element = element_name(name, place)
            if element in opened.grads:
                expected = np.asarray(gradient)[place]
                assert opened.grads[element] == pytest.approx(expected, rel=1e-9, abs=1e-12), element
            else:
                # What the result is not made from has no gradient.
                assert np.asarray(gradient)[place] == 0


def carries_gradient(row: Operation, case: Case) -> bool:
    """Return whether an operand that is no condition, class or mask gets a gradient."""
    rules = row.rules(len(case.shapes))
    return any(rule and np.asarray(x).dtype.kind == "f" for rule, x in zip(rules, plain_sample(row, case), strict=True))


@at_once(some([param for param in CASES if carries_gradient(*param.values)]))
def test_every_row_is_spelled_out_or_refused(row: Operation, case: Case) -> None:
    xs = plain_sample(row, case)
    varying = {f"p{i}": x for i, x in enumerate(xs) if np.asarray(x).dtype.kind == "f"}

    def model(**given: Any) -> Any:
        return row(*(given.get(f"p{i}", x) for i, x in enumerate(xs)), **case.parameters)

    graph = bpviz.trace(model, **varying)
    z = np.asarray(graph.record.values[graph.output_indices[0]])
    if not z.size:
        with pytest.raises(UsageError, match="is an array without elements; there is nothing to spell out"):
            elements(graph)
        return
    flow = bpviz.propagate(graph, seed=np.random.default_rng(1).uniform(0.5, 1.5, z.shape))
    if (row.name in REFUSED and case.shapes != ((),)) or (len([v for v in varying if v]) > 2 and row.name == "einsum"):
        with pytest.raises(UsageError, match=f"{row.name} cannot be spelled out in single numbers"):
            elements(flow)
        return
    opened = elements(flow, limit=2000)
    assert isinstance(opened, Flow)
    assert_same(flow, opened)
    # It is the same function, not only the same numbers: with other inputs, in the same order, too.
    other = {name: np.asarray(x) * 0.9 for name, x in varying.items()}
    given = {element_name(name, place): x[place] for name, x in other.items() for place in np.ndindex(*x.shape)}
    given = {name: x for name, x in given.items() if name in opened.graph.inputs}
    assert_same(
        bpviz.propagate(graph, other, seed=flow.seed),
        bpviz.propagate(opened.graph, given, seed=None if z.shape else flow.seed),
    )


def opened_gradients(model: Any) -> dict[str, Any]:
    opened = elements(bpviz.backprop(model))
    assert isinstance(opened, Flow)
    return {"output": opened.output, **opened.grads}


def symbols(graph: bpviz.Graph) -> list[str]:
    return [node.operation.symbol for node in graph.nodes if node.operation is not None]


def test_equals_share_the_gradient_as_in_the_array() -> None:
    third = pytest.approx(1 / 3)
    found = opened_gradients(lambda x=np.array([2.0, 2.0, 2.0]): np.max(x))
    assert found == {"output": 2.0, "x₀": third, "x₁": third, "x₂": third}
    found = opened_gradients(lambda x=np.array([1.0, 4.0, 1.0]): np.min(x))
    assert found == {"output": 1.0, "x₀": 0.5, "x₁": 0.0, "x₂": 0.5}
    # One node with a wire for each.
    graph = elements(lambda x=np.array([1.0, 4.0, 3.0]): np.max(x))
    assert isinstance(graph, bpviz.Graph)
    assert symbols(graph) == ["max"]
    assert graph.nodes[-1].operands == ("x₀", "x₁", "x₂")


def test_numbers_of_any_size_come_through() -> None:
    inf = np.inf
    assert opened_gradients(lambda x=np.array([inf, 1.0]): np.sum(x)) == {"output": inf, "x₀": 1.0, "x₁": 1.0}
    found = opened_gradients(lambda W=np.array([[inf, 1.0]]), x=np.array([1.0, 2.0]): np.sum(W @ x))
    assert found == {"output": inf, "w₀₀": 1.0, "w₀₁": 2.0, "x₀": inf, "x₁": 1.0}
    # What is added to all, be it ever so small: (10⁻¹⁰)² twice.
    found = opened_gradients(lambda x=np.array([1e-12]): np.sum(np.pad(x, 1, constant_values=1e-10) ** 2))
    assert found["output"] == pytest.approx(2e-20 + 1e-24, rel=1e-12)


def test_products_with_zeros_are_still_products() -> None:
    opened = elements(bpviz.backprop(lambda W=np.zeros((1, 2)), x=np.zeros(2): np.sum(W @ x)))
    assert isinstance(opened, Flow)
    assert symbols(opened.graph) == ["×", "×", "+"]
    flow = bpviz.propagate(opened.graph, {"w₀₀": 2.0, "w₀₁": 3.0, "x₀": 5.0, "x₁": 7.0})
    assert flow.output == 2 * 5 + 3 * 7
    assert flow.grads == {"w₀₀": 5.0, "w₀₁": 7.0, "x₀": 2.0, "x₁": 3.0}


def test_seed_004_whole_numbers_stay_factors() -> None:
    """Z = X·Wᵀ + b with X = 0 and 1: 0·w is what was written, not nothing."""
    X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])

    def perceptron(W: Any = np.array([[0.5, -0.5]]), b: Any = np.array([0.1])) -> Any:
        return 0.5 * np.sum((nn.sigmoid(X @ W.T + b) - np.array([[0], [0], [0], [1]])) ** 2)

    opened = elements(bpviz.backprop(perceptron))
    assert isinstance(opened, Flow)
    # Eight of X and W, and the half of the sum.
    assert symbols(opened.graph).count("×") == 9
    a = 1 / (1 + np.exp(-(X @ [0.5, -0.5] + 0.1)))
    dz = (a - [0, 0, 0, 1]) * a * (1 - a)
    assert opened.grads == {
        "w₀₀": pytest.approx(dz @ X[:, 0]),
        "w₀₁": pytest.approx(dz @ X[:, 1]),
        "b₀": pytest.approx(dz.sum()),
    }


def test_a_capital_beside_its_small_letter() -> None:
    opened = elements(bpviz.backprop(lambda W=np.array([1.0, 2.0]), w=np.array([3.0, 4.0]): np.sum(W * w)))
    assert isinstance(opened, Flow)
    assert opened.grads == {"W₀": 3.0, "W₁": 4.0, "w₀": 1.0, "w₁": 2.0}
    assert (opened.graph["W[0]"].value, opened.graph["w[0]"].value) == (1.0, 3.0)


def test_every_output_is_shown() -> None:
    def both(x: Any = np.array([1.0, 2.0]), W: Any = np.array([[1.0, 2.0], [3.0, 4.0]])) -> Any:
        y = W @ x
        return np.sum(y), x**2

    flow = elements(bpviz.backprop(both))
    assert isinstance(flow, Flow)
    assert flow.output == 16.0
    assert flow.grads["x₀"] == 4.0
    assert [(title, flow.graph[title].value) for title in flow.graph.outputs[1:]] == [
        ("both[1][0]", 1.0),
        ("both[1][1]", 4.0),
    ]
    assert len(elements(both, "x[1]").outputs) == 2  # type: ignore[union-attr]


def layer(
    W: Any = np.array([[1.0, 2.0], [3.0, 4.0]]), x: Any = np.array([1.0, 2.0]), b: Any = np.array([0.5, 0.0])
) -> Any:
    y = W @ x + b
    return np.sum(y**2)


def test_formulas_of_a_neuron_read_as_in_a_textbook() -> None:
    arrows = [wire.forward for wire in bpviz.draw(layer, elements=True, labels="symbols").figure.wires]
    shown = [line_of(arrow.label.content) for arrow in arrows if arrow and arrow.label]
    assert "y₀ = w₀₀·x₀ + w₀₁·x₁ + b₀" in shown
    sentences = [step.sentence for step in bpviz.draw(layer, elements=True).step_list]
    # 1·1 + 2·2 + 0.5
    assert "+ : y₀ = 1 + 4 + 0.5 = 5.5" in sentences


def test_an_element_is_found_by_the_name_it_has_in_the_figure() -> None:
    opened = elements(bpviz.backprop(layer), "w₀₁")
    assert isinstance(opened, Flow)
    # 2·y₀·x₁ with y₀ = 5.5
    assert opened.grads == {"w₀₁": 22.0}


@pytest.mark.thorough
def test_a_slice_of_a_layer_of_the_size_of_mnist() -> None:
    rng = np.random.default_rng(0)
    W, x, V = rng.standard_normal((100, 784)), rng.standard_normal(784), rng.standard_normal((10, 100))
    flow = bpviz.backprop(lambda W=W, x=x, V=V: np.sum(V @ nn.tanh(W @ x)))
    opened = elements(flow, "W[3,:2]")
    assert isinstance(opened, Flow)
    assert opened.output == pytest.approx(flow.output)
    assert opened.grads == {"w₃₀": pytest.approx(flow.grad("W")[3, 0]), "w₃₁": pytest.approx(flow.grad("W")[3, 1])}


def test_a_layer_is_written_as_a_textbook_does() -> None:
    def layer(
        W: Any = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), x: Any = np.array([0.5, -1.0]), b: Any = np.ones(3)
    ) -> Any:
        z = W @ x + b
        return np.sum(z)

    graph = elements(layer)
    assert isinstance(graph, bpviz.Graph)
    assert graph.inputs == ("w₀₀", "w₀₁", "w₁₀", "w₁₁", "w₂₀", "w₂₁", "x₀", "x₁", "b₀", "b₁", "b₂")
    # One + for a neuron: w₀₀·x₀ + w₀₁·x₁ + b₀.
    neuron = graph["z₀"]
    assert neuron.operation is not None
    assert neuron.operation.name == "add_up"
    assert len(neuron.operands) == 3
    assert neuron.operands[-1] == "b₀"
    assert neuron.value == 0.5 * 1 - 1 * 2 + 1
    # As it is typed.
    assert graph["b[0]"].name == "b₀"
    assert graph["W[2,1]"].name == "w₂₁"


def test_seed_003_bias_and_weights() -> None:
    """grad(bias_i) = act'(out_i)·cost'(a_i) and grad(weight_ij) = grad(bias_i)·input_j."""
    W, x, b = np.array([[0.1, 0.2], [0.3, -0.4], [-0.5, 0.6]]), np.array([1.0, 2.0]), np.array([0.1, 0.2, 0.3])
    t = np.array([0.0, 1.0, 0.0])

    def cost(W: Any = W, x: Any = x, b: Any = b) -> Any:
        a = nn.sigmoid(W @ x + b)
        return nn.sum_squared_error(a, t)

    flow = elements(bpviz.backprop(cost))
    assert isinstance(flow, Flow)
    a = 1 / (1 + np.exp(-(W @ x + b)))
    grad_b = a * (1 - a) * (a - t)
    for i in range(3):
        assert flow.grads[element_name("b", (i,))] == pytest.approx(grad_b[i])
        for j in range(2):
            assert flow.grads[element_name("W", (i, j))] == pytest.approx(grad_b[i] * x[j])


@settings(max_examples=fewer(30))
@given(st.integers(0, 10_000), st.integers(1, 3), st.integers(1, 3), st.integers(1, 3), st.integers(1, 2))
def test_random_networks_keep_every_number(seed: int, m: int, n: int, k: int, batch: int) -> None:
    rng = np.random.default_rng(seed)
    W1, b1, W2, X = (rng.standard_normal(shape) for shape in ((m, n), (n,), (n, k), (batch, m)))

    def net(X: Any = X, W1: Any = W1, b1: Any = b1, W2: Any = W2) -> Any:
        h = nn.relu(X @ W1 + b1)
        y = nn.softmax(h @ W2)
        return -np.sum(np.log(y[:, 0]))

    flow = bpviz.backprop(net)
    opened = elements(flow, limit=1000)
    assert isinstance(opened, Flow)
    assert_same(flow, opened)


def test_some_elements_keep_their_gradient_and_the_rest_is_one_number() -> None:
    rng = np.random.default_rng(3)
    W, x = rng.standard_normal((30, 20)), rng.standard_normal(20)

    def net(W: Any = W, x: Any = x) -> Any:
        z = W @ x
        return np.sum(nn.tanh(z))

    flow = bpviz.backprop(net)
    opened = elements(flow, "W[0,:2]")
    assert isinstance(opened, Flow)
    assert opened.grads == {
        "w₀₀": pytest.approx(flow.grad("W")[0, 0]),
        "w₀₁": pytest.approx(flow.grad("W")[0, 1]),
    }
    assert opened.output == pytest.approx(flow.output)
    steps = [node for node in opened.graph.nodes if node.kind == "operation"]
    assert len(steps) < 8
    # An element of a step: what leads to it and what comes from it.
    middle = elements(flow, "z[1]")
    assert isinstance(middle, Flow)
    assert middle.grads["w₁,₁₀"] == pytest.approx(flow.grad("W")[1, 10])
    assert "w₀₀" not in middle.grads


def big(W: Any = np.ones((30, 20)), x: Any = np.ones(20)) -> Any:
    return np.sum(W @ x)


@pytest.mark.parametrize(
    ("only", "message"),
    [
        (
            (),
            "in single numbers the model has more than 300 operations, which is the limit; choose some elements "
            '(--elements "W[0,:]"), or take a smaller model',
        ),
        (("V[0]",), "the graph has no value named 'V'; it has: W, x, matmul, big"),
        (("W[40,0]",), "there are no elements 'W[40,0]': W has the shape (30, 20)"),
        (("W[0:1:2:3]",), "'W[0:1:2:3]' is no choice of elements; write NAME[0,:], NAME[1:3] or NAME[2]"),
    ],
)
def test_elements_that_cannot_be_shown_are_refused(only: tuple[str, ...], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        elements(big, *only)
    assert message in str(caught.value)


def test_a_computation_of_minutes_is_refused() -> None:
    with pytest.raises(UsageError) as caught:
        elements(lambda X=np.ones((100, 784)), W=np.ones((784, 50)): np.sum(X @ W), "W[0,0]")
    assert str(caught.value) == (
        "'matmul' is too large to be spelled out: its elements and those that it may be made from are 588000000 pairs, "
        "more than 50000000; take a smaller model (fewer examples, narrower layers)"
    )


def test_a_large_array_is_refused_before_any_work() -> None:
    with pytest.raises(UsageError) as caught:
        elements(lambda X=np.ones((1000, 10)), w=np.ones(10): np.sum(nn.relu(X @ w)))
    assert str(caught.value) == (
        "'matmul' has 1000 elements, more than the 300 that can be shown one by one; take a smaller model (fewer "
        'examples, narrower layers), or some elements: --elements "X[0,:]"'
    )
