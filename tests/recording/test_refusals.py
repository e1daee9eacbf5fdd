"""What cannot be recorded: each raises `RecordingError` that names the call, the user's line, and what to write."""

from __future__ import annotations

import copy
import functools
import linecache
import math
import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import bpviz
from bpviz import errors
from bpviz.errors import RecordingError, UsageError
from bpviz.recording import refusals

V = np.array([1.0, 2.0, 3.0])
TABLE = "`bpviz ops` lists the operations that can be recorded"


def message(f: Callable[..., Any], *args: Any) -> str:
    """Return the message of tracing ``f``, with the line counted from the function's first."""
    with pytest.raises(RecordingError) as caught:
        bpviz.trace(f, *args)
    text = str(caught.value)
    found = re.search(r"line (\d+) of test_refusals\.py", text)
    assert found, text
    here = int(found[1]) - f.__code__.co_firstlineno
    return text.replace(found[0], f"line +{here}")


def test_the_whole_sentence_for_a_function_of_math() -> None:
    def f(x: Any = 2.0) -> Any:
        y = x * 2
        return math.frexp(y)[0]

    assert message(f) == (
        "math.frexp(y) asks a recorded value for a plain number (line +2), where its gradient would be lost; "
        "`bpviz ops` lists the operations that can be recorded"
    )


def test_the_whole_sentence_for_shapes_that_do_not_fit() -> None:
    def f(x: Any = np.ones((2, 3)), y: Any = np.ones(2)) -> Any:
        return x * (y + 1)

    assert message(f) == (
        "x * (y + 1) fails on operands of shape (2, 3) and (2,) (line +1): "
        "operands could not be broadcast together with shapes (2,3) (2,)"
    )


def test_an_expression_of_several_lines_is_quoted_on_one() -> None:
    source = "import math\ndef f(x=2.0):\n    return math.frexp(\n        x\n        * 税\n    )\n税 = 2\n"
    scope: dict[str, Any] = {}
    linecache.cache["lines.py"] = (len(source), None, source.splitlines(keepends=True), "lines.py")
    exec(compile(source, "lines.py", "exec"), scope)
    with pytest.raises(RecordingError, match=r"^math\.frexp\( x \* 税 \) asks .* \(line 3 of lines\.py\)"):
        bpviz.trace(scope["f"])


def test_the_whole_sentence_for_values_of_two_graphs() -> None:
    stranger = bpviz.Graph("other").input("q", 1.0)

    def f(x: Any = 2.0) -> Any:
        return x * stranger

    assert message(f) == (
        "x * stranger (line +1) mixes values of two different graphs; a value can only be used in the graph it was "
        "made in (value.data is its plain number)"
    )


def test_the_whole_sentence_for_a_value_that_has_outlived_its_trace() -> None:
    kept = []

    def f(x: Any = 2.0) -> Any:
        kept.append(x)
        return x * 2

    graph = bpviz.trace(f)
    with pytest.raises(RecordingError) as caught:
        kept[0] * 3
    assert "kept[0] * 3 uses a value of a graph that is complete (line " in str(caught.value)
    assert str(caught.value).endswith("compute it inside the function that is traced, or take its number: value.data")
    with pytest.raises(UsageError, match=r"the graph 'f' was traced and is complete; build another with bpviz.Graph"):
        graph.input("y", 1.0)
    assert len(graph) == 3


PLAIN = np.zeros(3)


def into_plain(x: Any = 2.0) -> Any:
    PLAIN[0] = x
    return PLAIN


def into_plain_all(x: Any = V) -> Any:
    total = PLAIN
    total += x
    return total


def into_whole(x: Any = 2.5) -> Any:
    y = np.array([1, 2, 3])
    y[0] = x
    return y


def twice(x: Any = V) -> Any:
    y = np.zeros(2)
    y[np.argsort(x) // 2] = x
    return y


def too_long(x: Any = V) -> Any:
    y = np.zeros((2, 2))
    y[0] = x
    return y


def too_wide(x: Any = V) -> Any:
    x += np.ones((2, 3))
    return x


def no_place(x: Any = V) -> Any:
    x[3] = 0.0
    return x


def branch(x: Any = V) -> Any:
    if x:
        return x
    return x * 2


CASES: dict[str, tuple[Callable[..., Any], str]] = {
    "math without NumPy's": (
        lambda x=2.0: math.frexp(x),
        f"math.frexp(x) asks a recorded value for a plain number (line +0), where its gradient would be lost; {TABLE}",
    ),
    "float": (
        lambda x=2.0: float(x) * 2,
        "float(x) asks a recorded value for a plain number (line +0), where its gradient would be lost; "
        "leave the conversion out",
    ),
    "int": (
        lambda x=2.5: int(x) * 2,
        "int(x) asks a recorded value for a plain number (line +0), where its gradient would be lost; "
        "leave the conversion out, or write np.trunc(x), whose gradient is 0",
    ),
    "list as operand": (
        lambda x=1.0, y=2.0: x * [x, y],
        "x * [x, y] asks a recorded value for a plain number (line +0), where its gradient would be lost; "
        "to put several values into one array write np.stack([x, y]); to join arrays np.concatenate",
    ),
    "item": (
        lambda x=V: x.item(),
        "x.item(): an array of 3 elements is no single number (line +0); "
        "give the place of one, x.item(0), or take all, x.tolist()",
    ),
    "a write into the user's own array": (
        into_plain,
        "PLAIN[0] = … writes a recorded value into a plain array (line +1), which stays as it is; "
        "give the array as a parameter, or write into a copy of it: y = np.array(y)",
    ),
    "in-place sum into the user's own array": (
        into_plain_all,
        "total += x writes a recorded value into a plain array (line +2), which stays as it is; "
        "give the array as a parameter, or write into a copy of it: y = np.array(y)",
    ),
    "out= into the user's own array": (
        lambda x=V: np.add(x, 1, out=PLAIN),
        "np.add(x, 1, out=PLAIN) writes a recorded value into a plain array (line +0), which stays "
        "as it is; give the array as a parameter, or write into a copy of it: y = np.array(y)",
    ),
    "copyto into the user's own array": (
        lambda x=V: np.copyto(PLAIN, x),
        "np.copyto(PLAIN, x) writes a recorded value into a plain array (line +0), which stays as it "
        "is; give the array as a parameter, or write into a copy of it: y = np.array(y)",
    ),
    "a write into whole numbers": (
        into_whole,
        "y[0] = … (line +2): an array of int64 drops the decimals; make it one of floats: "
        "np.array([1.0, 2.0]), np.zeros(n)",
    ),
    "a place twice": (
        twice,
        "y[np.argsort(x) // 2] = … (line +2): a place is written to twice at recorded positions; "
        "give each place once, or add up with np.add.at",
    ),
    "a write that is too long": (
        too_long,
        "y[0] = … (line +2): a value of shape (3,) does not fit into places of shape (2,)",
    ),
    "an in-place sum that is too wide": (
        too_wide,
        "x += np.ones((2, 3)) (line +1): an array of shape (2, 3) and type float64 does not fit into one of shape (3,) "
        "and type float64",
    ),
    "a write beyond the end": (
        no_place,
        "x[3] = … (line +1): index 3 is out of bounds for axis 0 with size 3",
    ),
    "branch on an array": (
        branch,
        "x: a branch needs a single value, but got an array of shape (3,) (line +1); "
        "choose element by element with np.where(condition, x, y)",
    ),
    "fft": (
        lambda x=V: np.fft.fft(x),
        "np.fft.fft cannot be recorded (line +0: np.fft.fft(x)); "
        "it computes with complex numbers, and only real ones can be recorded",
    ),
    "svd": (
        lambda x=np.eye(3)[:2]: np.linalg.svd(x),
        "np.linalg.svd(x) (line +0): np.linalg.svd of a matrix of shape (2, 3) fills up its vectors with any others; "
        "write np.linalg.svd(x, full_matrices=False)",
    ),
    "qr": (
        lambda x=np.eye(2): np.linalg.qr(x),
        "np.linalg.qr cannot be recorded (line +0: np.linalg.qr(x)); write np.linalg.cholesky(A.T @ A).T for R",
    ),
    "something to write instead": (
        lambda x=V: np.nanmedian(x),
        "np.nanmedian cannot be recorded (line +0: np.nanmedian(x)); write np.median(x[~np.isnan(x)])",
    ),
    "method of a ufunc": (
        lambda x=V: np.hypot.accumulate(x),
        f"np.hypot.accumulate cannot be recorded (line +0: np.hypot.accumulate(x)); {TABLE}",
    ),
    "keyword": (
        lambda x=V: np.any(x, where=x > 1),
        "np.any(x, where=x > 1): where= cannot be recorded (line +0); "
        "choose before: np.where(condition, x, 0), or x[condition]",
    ),
    "a type next to where=": (
        lambda x=V: np.sum(x, where=x > 1, dtype=np.float32),
        "np.sum(x, where=x > 1, dtype=np.float32) (line +0): dtype= next to where= or initial= cannot be recorded; "
        "leave it out",
    ),
    "a function where a mask is true, and no array for the rest": (
        lambda x=V: np.exp(x, where=x > 1),
        "np.exp(x, where=x > 1) (line +0): np.exp with where= leaves the other elements undefined; "
        "give the array whose elements they are: out=np.zeros(x.shape)",
    ),
    "keyword of a ufunc": (
        lambda x=V: np.add(x, 1, dtype=np.float32),
        "np.add(x, 1, dtype=np.float32): dtype= cannot be recorded (line +0); leave it out",
    ),
    "dot of lengths that differ": (
        lambda x=np.ones((2, 2, 3)): np.dot(x, x),
        "np.dot(x, x) (line +0): np.dot multiplies an axis of length 3 with one of length 2",
    ),
    "a plain array's own dot": (
        lambda x=V: PLAIN.dot(*[x]),
        "PLAIN.dot(*[x]) asks a recorded value for a plain number (line +0), where its gradient would be lost; "
        "a plain array's own method takes plain numbers alone: write np.dot(PLAIN, *[x])",
    ),
    "complex": (
        lambda x=2.0: x * 1j,
        "x * 1j computes with complex (line +0); only real numbers and arrays of them can be recorded",
    ),
    "complex array": (
        lambda x=2.0: x * np.array([1j]),
        "x * np.array([1j]) computes with an array of complex128 (line +0); "
        "only real numbers and arrays of them can be recorded",
    ),
    "string": (
        lambda x=2.0: x + "a",
        'x + "a" computes with str (line +0); only real numbers and arrays of them can be recorded',
    ),
    "nothing": (
        lambda x=V: x * None,
        "x * None computes with NoneType (line +0); only real numbers and arrays of them can be recorded",
    ),
    "too large": (
        lambda x=2.0: x * 10**400,
        "x * 10**400 computes with a whole number too large for a float (line +0); "
        "only real numbers and arrays of them can be recorded",
    ),
    "no whole number": (
        lambda n=3.0: list(range(n)),
        "range(n) needs a whole number, but got a recorded value (line +0); "
        "give a whole number as the input (n=3, not n=3.0), or a plain number here",
    ),
    "length": (lambda x=1.0: len(x), "len(x): a single number has no length (line +0)"),
    "astype": (
        lambda x=V: x.astype(complex),
        "x.astype(complex) (line +0): numbers of type complex128 cannot be recorded; only real numbers can",
    ),
    "split": (
        lambda x=V: np.split(x, 2),
        "np.split(x, 2) (line +0): an axis of length 3 cannot be split into 2 equal parts; "
        "np.array_split makes unequal ones",
    ),
    "pad": (
        lambda x=V: np.pad(x, 1, mode="mean"),
        "np.pad(x, 1, mode=\"mean\") (line +0): np.pad with mode='mean' cannot be recorded; "
        "take one of 'constant', 'edge', 'reflect', 'symmetric', 'wrap'",
    ),
    "norm of a matrix": (
        lambda x=np.eye(2): np.linalg.norm(x, 2),
        "np.linalg.norm(x, 2) (line +0): a matrix norm of order 2 cannot be recorded; "
        "write np.linalg.svd(x, compute_uv=False).max()",
    ),
    "a function as a method": (
        lambda x=V: x.exp(),
        "x.exp: a recorded value has no .exp (line +0); write np.exp(…)",
    ),
    "an attribute of arrays": (
        lambda x=V: x.strides,
        f"x.strides: a recorded value has no .strides (line +0); {TABLE}",
    ),
    "anything else": (lambda x=V: x.foo, f"x.foo: a recorded value has no .foo (line +0); {TABLE}"),
    "as in PyTorch": (
        lambda x=V: x.detach(),
        "x.detach: a recorded value has no .detach (line +0); "
        "value.data is its plain number, through which no gradient flows",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_each_message_has_the_call_the_line_and_a_solution(case: str) -> None:
    f, expected = CASES[case]
    assert message(f) == expected


@pytest.mark.parametrize("name", refusals._INSTEAD)
def test_what_to_write_instead_computes_the_same(name: str) -> None:
    x = np.array([1.5, 2.5, 0.5])
    function = functools.reduce(getattr, name.split("."), np)
    scope = {"np": np, "x": x}
    np.testing.assert_allclose(eval(refusals._INSTEAD[name], scope), function(x))
    assert bpviz.ops.find(name) is None, f"np.{name} can be recorded now: take it off the list"
    graph = bpviz.trace(lambda x: eval(refusals._INSTEAD[name], scope | {"x": x}), x)
    np.testing.assert_allclose(bpviz.propagate(graph).output, function(x))


def test_a_missing_attribute_is_an_attribute_error_too() -> None:
    assert bpviz.trace(lambda x=V: x * getattr(x, "foo", 2.0)).nodes[1].value == 2.0
    assert bpviz.trace(lambda x=V: x * getattr(x, "exp", 2.0)).nodes[1].value == 2.0
    with pytest.raises(AttributeError, match="no attribute 'foo'"):
        bpviz.trace(lambda x=V: Fraction(1, 2).foo * x)  # type: ignore[attr-defined]
    assert {"sum", "data", "shape"} <= set(dir(bpviz.Graph().input("x", 1.0))) - {"exp", "strides"}
    assert not {"exp", "strides"} & set(dir(bpviz.Graph().input("x", 1.0)))


def test_all_that_arrays_have_is_there_or_is_refused_in_words() -> None:
    handle = type(bpviz.Graph().input("x", 1.0))
    assert [name for name in dir(np.ndarray) if not name.startswith("_") and not hasattr(handle, name)] == []


def test_values_are_not_copied() -> None:
    graph = bpviz.trace(lambda x=2.0: copy.copy(x) * copy.deepcopy([x])[0] * x.copy())
    assert len(graph.inputs) == 1
    assert bpviz.propagate(graph).grads == {"x": 12.0}


def test_numbers_of_other_libraries_are_python_s_own_complaint() -> None:
    with pytest.raises(TypeError, match="unsupported operand"):
        bpviz.trace(lambda x=2.0: x * Decimal("0.5"))


def test_comparing_with_something_else_is_false_as_ever() -> None:
    graph = bpviz.trace(lambda x=2.0: x * 2 if x != "a" and x != None else x)  # noqa: E711
    assert graph.nodes[-1].value == 4.0
    assert len(graph) == 3


def test_a_value_may_be_printed() -> None:
    printed = []

    def f(x: Any = 2.0) -> Any:
        printed.append(f"{x:.2f} {x}")
        return x * 2

    bpviz.trace(f)
    assert printed == ["2.00 2.0"]


def test_code_without_source_still_gets_a_sentence() -> None:
    scope: dict[str, Any] = {"math": math}
    exec("def f(x=2.0):\n    return math.frexp(x)", scope)
    with pytest.raises(RecordingError, match=r"^a step of f asks a recorded value .*\(line 2 of <string>\)"):
        bpviz.trace(scope["f"])


def test_errors_of_the_model_are_not_changed() -> None:
    def f(x: Any = 2.0) -> Any:
        with bpviz.group("A"):
            raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        bpviz.trace(f)
    graph = bpviz.trace(lambda x=2.0: x * 2)
    assert graph.nodes[-1].scope.parent is None  # the group that was left by the exception is closed


@pytest.mark.parametrize(
    ("f", "args", "text"),
    [
        (lambda x: x, (), "the parameter 'x' of <lambda> has no value; give it a default (x=1.0), or a value when"),
        (lambda x=1.0: x, (1, 2), "<lambda>(x=1.0): too many positional arguments"),
        (lambda x=1.0: 3, (), "<lambda> returned 3, which does not depend on its inputs through any recorded step"),
        (lambda: 3, (), "<lambda> returned 3, which does not depend on its inputs"),
        (lambda x=1.0: None, (), "<lambda> returned None, which does not depend"),
        (3, (), "a function is needed, but got 3"),
        (
            lambda x: x,
            (date(2026, 1, 2),),
            "a number or an array of real numbers, but got datetime.date(2026, 1, 2) (date)",
        ),
        (lambda x: x, (1j,), "the input 'x' must be a number or an array of real numbers, but got 1j (complex)"),
        (lambda x: x, (np.array(["a"]),), "(ndarray of <U1)"),
        (lambda x: x, (10**400,), "the input 'x' is a whole number too large for a float: about 10^401"),
    ],
)
def test_what_cannot_be_traced(f: Any, args: Any, text: str) -> None:
    with pytest.raises(UsageError, match=re.escape(text)):
        bpviz.trace(f, *args)


def test_a_value_of_another_graph_as_an_argument() -> None:
    x = bpviz.Graph().input("x", 1.0)
    with pytest.raises(RecordingError, match="the parameter 'y' is a recorded value of another graph"):
        bpviz.trace(lambda y: y * 2, x)


def test_errors_are_the_builtin_ones_they_specialise() -> None:
    assert issubclass(errors.RecordingError, TypeError)
    assert issubclass(errors.UsageError, ValueError)
    assert issubclass(errors.LayoutTimeout, TimeoutError)
    for name in errors.__all__:
        assert getattr(errors, name).__doc__, name


# Arrays whose class gives them another meaning

MASKED = np.ma.array([1.0, 2.0], mask=[False, True])
MATRIX = np.asmatrix([[1.0, 2.0], [3.0, 4.0]])


class Units(np.ndarray):
    """An array with a meaning of its own."""


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (MASKED, "is a masked array, whose mask is lost: write x.filled(0), or np.where(mask, 0, x)"),
        (MATRIX, "is a matrix, whose * is a product of matrices: write np.asarray(x), and @ for the product"),
        (np.ones(2).view(Units), "is an array of the class Units, whose own meaning is lost: write np.asarray(x)"),
    ],
)
def test_inputs_of_another_class_than_arrays(value: Any, text: str) -> None:
    for given, name in ((value, "'x'"), ({"a": [value]}, "\"x['a'][0]\"")):
        with pytest.raises(UsageError) as caught:
            bpviz.trace(lambda x: x, given)
        assert str(caught.value) == f"the input {name} {text}"
    with pytest.raises(UsageError, match="the input 'x' is"):
        bpviz.propagate(bpviz.trace(lambda x=np.ones(2): x * 2), {"x": value})
    assert bpviz.backprop(lambda x: x * 2, np.asarray(value)).output.shape == np.asarray(value).shape


@pytest.mark.parametrize(
    "f",
    [
        lambda x=np.ones(2): x * MASKED,
        lambda x=np.ones(2): np.add(MASKED, x),
        lambda x=np.ones(2): np.where(MASKED > 0, x, 0.0),
        lambda x=np.ones(2): np.stack([x, MASKED]),
        lambda x=np.ones((2, 2)): x @ MATRIX,
        lambda x=np.ones((2, 2)): MATRIX * x,
        lambda x=2.0: x * np.ones(2).view(Units),
        lambda x=np.ones((2, 2)): x * [MASKED, MASKED],
    ],
)
def test_constants_of_another_class_than_arrays(f: Any) -> None:
    text = message(f)
    assert re.search(r"computes with (a masked array|a matrix|an array of the class Units), .*: write ", text)
    assert "(line +0)" in text


def test_a_plain_number_that_a_decision_led_to_names_the_line() -> None:
    def hinge(w: float = 2.0, t: float = 1.0) -> float:
        return max(1 - t * w, 0.0)

    line = hinge.__code__.co_firstlineno + 1
    with pytest.raises(UsageError, match=f"returned 0.0, .* what line {line} decided .* np.maximum"):
        bpviz.trace(hinge)
    assert bpviz.backprop(hinge, w=0.5).grads == {"w": -1.0, "t": -0.5}
