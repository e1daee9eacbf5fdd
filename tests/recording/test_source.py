"""The names that the user's source gives to values, read back from what the interpreter runs."""

from __future__ import annotations

import functools
import operator
import textwrap
from typing import Any

import numpy as np

import bpviz


def steps(graph: bpviz.Graph) -> list[str]:
    """The names of the steps, in order."""
    return [node.name for node in graph.nodes if node.kind == "operation"]


def labels(graph: bpviz.Graph) -> list[str]:
    """What the source calls the steps; empty where it calls them nothing."""
    return [node.label for node in graph.nodes if node.kind == "operation"]


def test_local_variables_name_their_values() -> None:
    def total(price: Any = 100, count: Any = 2, tax: Any = 1.1) -> Any:
        subtotal = price * count
        return subtotal * tax

    assert bpviz.trace(total).names == ("price", "count", "tax", "subtotal", "total")


def test_inner_steps_have_no_label_but_a_name_of_their_own() -> None:
    def f(a: Any = 1.0, b: Any = 2.0) -> Any:
        y = (a * b + a * b) * 2
        return y - 1

    assert labels(bpviz.trace(f)) == ["", "", "", "y", "f"]
    assert steps(bpviz.trace(f)) == ["multiply", "multiply_2", "add", "y", "f"]


def test_augmented_assignment_and_loops_number_the_name() -> None:
    def f(x: Any = 2.0) -> Any:
        x += 1
        for _ in range(3):
            x = x * x
        return x

    assert steps(bpviz.trace(f)) == ["x_2", "x_3", "x_4", "x_5"]


def test_tuples_are_taken_apart() -> None:
    def f(x: Any = 2.0, y: Any = 3.0) -> Any:
        a, b = x * 2, y * 3
        a, b, c = b + 1, a + 1, a + b
        (d, e), g = (a * b, b * c), c * a
        return d + e + g

    assert labels(bpviz.trace(f)) == ["a", "b", "a", "b", "c", "d", "e", "g", "", "f"]


def test_swapping_in_a_loop() -> None:
    def fibonacci(a: Any = 1.0, b: Any = 1.0) -> Any:
        for _ in range(3):
            a, b = b, a + b
        return b

    assert labels(bpviz.trace(fibonacci)) == ["b", "b", "b"]


def test_walrus_and_chained_assignment() -> None:
    def f(x: Any = 2.0) -> Any:
        a = b = x * 3
        return (c := x + 1) * a * b * c

    assert labels(bpviz.trace(f)) == ["a", "c", "", "", "f"]


def test_elements_that_are_taken_apart() -> None:
    def f(x: Any = np.array([1.0, 2.0, 3.0])) -> Any:
        a, b, c = x
        first, *_rest = x
        return a * b * c + first

    assert labels(bpviz.trace(f))[:4] == ["a", "b", "c", "first"]


def test_the_variable_of_a_loop_over_elements() -> None:
    def f(x: Any = np.array([1.0, 2.0])) -> Any:
        total = 0
        for element in x:
            total = total + element
        return total

    assert labels(bpviz.trace(f)) == ["element", "total", "element", "total"]


def test_a_function_s_result_is_named_by_its_caller() -> None:
    def affine(x: Any, w: Any) -> Any:
        return x * w

    def twice(x: Any) -> tuple[Any, Any]:
        return affine(x, 2.0), affine(x, 3.0)

    def f(x: Any = 1.0) -> Any:
        hidden = affine(x, 5.0)
        left, right = twice(hidden)
        return left + right

    assert labels(bpviz.trace(f)) == ["hidden", "left", "right", "f"]


def test_a_value_returned_from_a_group_is_named_by_the_caller() -> None:
    def affine(x: Any) -> Any:
        with bpviz.group("Affine"):
            return x * 2

    @bpviz.group("Square")
    def square(x: Any) -> Any:
        return x * x

    def f(x: Any = 1.0) -> Any:
        a = affine(x)
        b = square(a)
        return a + b

    graph = bpviz.trace(f)
    assert labels(graph) == ["a", "b", "f"]
    assert graph["a"].scope.title == "Affine"
    assert graph["a"].scope.parent.title == "affine"
    assert graph["b"].scope.title == "Square"
    assert graph["b"].scope.parent.title == "f"


def test_lambdas_and_comprehensions_are_read_in_their_own_code() -> None:
    def f(x: Any = 2.0) -> Any:
        double = lambda v: v * 2
        y = double(x)
        parts = [_z := p * y for p in (x, y)]
        return sum(q * q for q in parts)

    graph = bpviz.trace(f)
    assert labels(graph)[:3] == ["y", "_z", "_z"]
    assert {node.scope.title for node in graph.nodes} == {"f"}
    assert {node.line for node in graph.nodes if node.kind == "operation"} == {
        f.__code__.co_firstlineno + n for n in (1, 3, 4)
    }


def test_the_name_of_a_sum_is_that_of_its_last_addition() -> None:
    def f(x: Any = 2.0, y: Any = 3.0, z: Any = 4.0) -> Any:
        total = sum([x, y, z])
        product = functools.reduce(operator.mul, [x, y, z])
        return total + product

    graph = bpviz.trace(f)
    assert labels(graph) == ["", "total", "", "product", "f"]
    assert graph["total"].value == 9.0
    assert graph["product"].value == 24.0
    assert [node.kind for node in graph.nodes].count("constant") == 0  # no 0 + x: nobody wrote that


def test_a_zero_that_was_written_is_recorded() -> None:
    assert len(bpviz.trace(lambda x=2.0: 0 + x)) == 3


def test_variables_of_an_enclosing_function() -> None:
    def f(x: Any = 2.0) -> Any:
        held = x * 2

        def inner() -> Any:
            nonlocal held
            held = held + 1
            return held

        out = inner()
        return out * held

    assert labels(bpviz.trace(f)) == ["held", "held", "f"]


def test_global_variables_and_code_at_the_top() -> None:
    scope: dict[str, Any] = {}
    source = """
        import bpviz
        g = bpviz.Graph("top")
        x = g.input("x", 2.0)
        y = x * 3
        def f(x=2.0):
            global z
            z = x * 2
            return z + 1
        graph = bpviz.trace(f)
    """
    exec(compile(textwrap.dedent(source), "top.py", "exec"), scope)
    assert scope["g"].names == ("x", "constant", "y")
    assert labels(scope["graph"]) == ["z", "f"]


def test_names_in_any_script_and_names_of_the_user_s_own() -> None:
    def 合計(単価: Any = 100, 個数: Any = 2, 税: Any = 1.1) -> Any:
        小計 = 単価 * 個数
        return bpviz.name(小計 * 税, "税込み <合計> & co")

    graph = bpviz.trace(合計)
    assert graph.names == ("単価", "個数", "税", "小計", "税込み <合計> & co")
    assert graph.find("合計") == graph.find("税込み <合計> & co") == 4


def test_a_name_given_twice_gets_a_number() -> None:
    def f(x: Any = 1.0) -> Any:
        return bpviz.name(bpviz.name(x * 2, "a") * 3, "a")

    assert steps(bpviz.trace(f)) == ["a", "a_2"]
    assert bpviz.name(3.0, "not recorded") == 3.0


def test_an_input_keeps_its_name_against_variables() -> None:
    def f(x: Any = 1.0, x_2: Any = 5.0) -> Any:
        x = x * 2
        return x * x_2

    assert bpviz.trace(f).names == ("x", "x_2", "constant", "x_3", "f")


def test_conditional_expressions_and_calls_between() -> None:
    def f(x: Any = 2.0) -> Any:
        y = np.exp(x) if x > 1 else x
        z = max(y * 2, x)
        return abs(z)

    assert labels(bpviz.trace(f))[-1] == "f"
    assert bpviz.trace(f)["z"].value == 2 * np.exp(2.0)


WEIGHTS = np.array([1.0, 2.0])
UNUSED = WEIGHTS


def test_an_array_is_named_by_the_variable_that_holds_it() -> None:
    def f(x: Any = np.array([3.0, 4.0])) -> Any:
        local = np.array([5.0, 6.0])
        return np.sum(x * WEIGHTS + local)

    graph = bpviz.trace(f)
    assert [n.name for n in graph.nodes if n.kind == "constant"] == ["WEIGHTS", "local"]
    np.testing.assert_array_equal(graph["WEIGHTS"].value, WEIGHTS)


def test_an_array_used_twice_is_one_constant_used_twice() -> None:
    def helper(x: Any, w: Any) -> Any:
        return x * w

    def f(x: Any = np.array([3.0, 4.0])) -> Any:
        a = helper(x, WEIGHTS)
        return helper(a, WEIGHTS) + WEIGHTS

    graph = bpviz.trace(f)
    assert graph.names == ("x", "WEIGHTS", "a", "multiply", "f")
    assert graph["WEIGHTS"].scope.parent is None  # not in the frame of the helper that used it first
    assert sorted(graph.nx.out_edges("WEIGHTS", keys=True)) == [
        ("WEIGHTS", "a", 1),
        ("WEIGHTS", "f", 1),
        ("WEIGHTS", "multiply", 1),
    ]


def test_an_array_that_was_changed_in_between_is_another_constant() -> None:
    def f(x: Any = 2.0) -> Any:
        w = np.array([1.0, np.nan])
        y = x * w
        z = y * w
        w[0] = 7.0
        return z * w

    graph = bpviz.trace(f)
    assert [n.name for n in graph.nodes if n.kind == "constant"] == ["w", "w_2"]
    assert graph["w"].value[0] == 1.0
    assert graph["w_2"].value[0] == 7.0


def test_weights_of_a_layer_object() -> None:
    class Affine:
        def __init__(self) -> None:
            self.W = np.array([[1.0, 2.0]])
            self.b = np.array([0.5, 0.25])

        def __call__(self, x: Any) -> Any:
            return x @ self.W + self.b

    layer = Affine()
    graph = bpviz.trace(lambda x=np.array([[3.0]]): layer(x) * 2)
    assert [n.name for n in graph.nodes if n.kind == "constant"] == ["W", "b", "constant"]
    assert graph["b"].scope.title == "Affine"


def test_arrays_of_a_graph_built_by_hand() -> None:
    g = bpviz.Graph("hand")
    x = g.input("x", np.array([1.0, 2.0]))
    scale = np.array([3.0, 4.0])
    y = x * scale
    assert g.names == ("x", "scale", "y")
    z = y + scale
    assert g.names == ("x", "scale", "y", "z")
    bpviz.name(z, "sum")
    assert g.names == ("x", "scale", "y", "sum")


def test_names_are_read_quickly_from_a_long_function() -> None:
    source = "def f(x=1.0):\n" + "".join(f"    v{i} = x + {i}.5\n" for i in range(3000)) + "    return v2999\n"
    scope: dict[str, Any] = {}
    exec(compile(source, "long.py", "exec"), scope)
    graph = bpviz.trace(scope["f"])
    assert graph["v1234"].value == 1235.5
    assert graph["v1234"].line == 1236


def test_many_parts_in_one_expression() -> None:
    source = "def f(x=1.0):\n    return sum([" + ", ".join(f"x * {i}" for i in range(2000)) + "])\n"
    scope: dict[str, Any] = {}
    exec(compile(source, "wide.py", "exec"), scope)
    assert bpviz.trace(scope["f"]).outputs == ("f",)
