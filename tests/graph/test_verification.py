"""The figure is the function: a record that computes something else than the plain function is an error."""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

import bpviz
from bpviz.errors import RecordingError, UsageError

W = np.array([3.0, 4.0])


def error_of(f: Callable[..., Any], *args: Any, **keywords: Any) -> str:
    """Return the message for a function whose record is not the function."""
    with pytest.raises(RecordingError) as caught:
        bpviz.trace(f, *args, **keywords)
    return str(caught.value)


def line(text: str) -> str:
    """The line of this file that holds a text, as messages name it."""
    lines = Path(__file__).read_text(encoding="utf-8").splitlines()
    return f"(line {next(i for i, written in enumerate(lines, 1) if text in written)} of test_verification.py)"


# What differs


def by_class(x: float = 2.0) -> Any:
    return x**2 if type(x) in (int, float) else x * 100  # by class


def by_type(x: float = 2.0) -> Any:
    kind = type(x)  # by type
    if kind is float:
        return x * 3
    return x * 5


@pytest.mark.parametrize("f", [by_class, by_type])
def test_a_branch_on_the_type_names_its_line_and_what_to_write(f: Callable[..., Any]) -> None:
    message = error_of(f)
    assert line(f"# {f.__name__.replace('_', ' ')}") in message
    assert f"{f.__name__} returns {f():g} in a plain run, but " in message
    assert "reads the type of a value" in message
    assert "isinstance(x, float)" in message


def descent(w: Any = W) -> Any:
    y = w * 1.0
    for p, g in zip([y], [2 * y], strict=True):
        p -= 0.1 * g  # through another name
    return np.sum(y**2)


def doubled(v: Any) -> None:
    v *= 2  # in a helper


def by_helper(x: Any = W) -> Any:
    y = x * 1
    doubled(y)
    return np.sum(y)


def by_view(x: Any = np.ones((2, 2))) -> Any:
    y = x * 1
    row = y[0]
    row += 10  # of a row
    return np.sum(y**2)


def by_name(x: Any = W) -> Any:
    y = x * 1; z = y; z += 1  # on one line # fmt: skip  # noqa: E702
    return np.sum(y)


class Layer:
    """Holds what a function changes in place, unseen by the trace."""

    def __init__(self) -> None:
        self.out: Any = None

    def forward(self, x: Any) -> Any:
        self.out = x * 2
        return self.out


def by_attribute(x: Any = W) -> Any:
    layer = Layer()
    y = layer.forward(x)
    y += 1  # of an attribute
    return np.sum(layer.out)


@pytest.mark.parametrize(
    ("f", "right"), [(descent, 16), (by_helper, 14), (by_view, 244), (by_attribute, 16), (by_name, 9)]
)
def test_a_change_in_place_is_seen_through_every_name(f: Callable[..., Any], right: float) -> None:
    # What each returns was worked out by hand.
    assert bpviz.backprop(f).output == pytest.approx(right, rel=1e-12)
    assert bpviz.gradcheck(f).ok


def test_a_refusal_that_the_function_catches_is_raised_all_the_same() -> None:
    import math

    def f(x: float = 0.0, w: float = 3.0) -> Any:
        try:
            s = math.frexp(x)[0]  # caught
        except (TypeError, ValueError):
            s = 0.0
        return w * x + s

    # The values agree, and the gradient would be false.
    message = error_of(f)
    assert "math.frexp(x) asks a recorded value for a plain number" in message
    assert line("# caught") in message
    assert bpviz.trace(f, verify=False).nodes


def test_errors_of_plain_numbers_may_be_caught() -> None:
    def f(x: float = 3.0) -> Any:
        try:
            count = len(x)  # type: ignore[arg-type]
        except TypeError:
            count = 1
        return sum(x for _ in range(count)) * len(["list" if hasattr(x, "tolist") else "number"])

    assert bpviz.backprop(f).grads == {"x": 1.0}


def test_parts_of_the_result_are_compared_one_by_one() -> None:
    def f(x: float = 2.0) -> Any:
        return {"loss": x * 2, "parts": (x, x * (3 if type(x) is float else 5))}

    assert "returns 6 at ['parts'][1] in a plain run, but 10 on recorded values" in error_of(f)

    def g(x: float = 2.0) -> Any:
        return (x, x) if type(x) is float else (x, x, x)

    assert "returns a tuple of 2 in a plain run, but a tuple of 3" in error_of(g)

    def h(x: Any = W) -> Any:
        return x * (np.array([1.0, 2.0]) if type(x) is np.ndarray else 1.0)

    assert "returns 8 at [1] in a plain run, but 4 on recorded values" in error_of(h)


def test_a_plain_run_that_raises_is_an_error() -> None:
    def f(x: float = 2.0) -> Any:
        if type(x) is float:
            raise LookupError("no floats")  # raises
        return x * 2

    message = error_of(f)
    assert "f raises LookupError: no floats" in message
    assert line("# raises") in message
    assert "verify=False (--no-verify)" in message


def test_an_error_only_on_recorded_values_is_explained() -> None:
    class Variable:
        def __init__(self, data: Any) -> None:
            if type(data) is not np.ndarray:
                raise TypeError(f"{type(data)} is not supported")  # refuses
            self.data = data

    message = error_of(lambda x=np.ones(2): np.sum(Variable(x).data))
    assert "is not supported" in message
    assert line("# refuses") in message
    assert "so write isinstance(x, float)" in message
    # What fails on plain numbers, too, passes through.
    with pytest.raises(LookupError, match=r"^'nothing'$"):
        bpviz.trace(lambda x=1.0: {}["nothing"])


def test_rounding_is_no_difference() -> None:
    for f in (
        lambda x=np.linspace(-3, 2, 1000): np.var(x) * 1e9,
        lambda x=np.linspace(-3, 2, 7): np.linalg.norm(x) ** 2 - np.sum(x * x),
        lambda x=np.float32([0.1, 0.2, 0.7]): np.sum(np.exp(x)) - np.float32(1.0),
        lambda x=0.1: x + 0.2 - 0.3,
        lambda x=np.array([np.nan, np.inf, 1.0]): x * 2,
        lambda n=3: n / 7,
        lambda x=True, y=2.0: y * 2 if x else y,
    ):
        bpviz.trace(f)


# What is on by default, and how it is left out


def test_every_door_compares() -> None:
    for call in (bpviz.trace, bpviz.backprop, bpviz.draw, bpviz.explain, bpviz.gradcheck, bpviz.elements):
        with pytest.raises(RecordingError, match="in a plain run"):
            call(by_class)
    with pytest.raises(RecordingError, match="in a plain run"):
        bpviz.what_if(by_class, x=3.0)
    with pytest.raises(RecordingError, match="in a plain run"):
        bpviz.diff(by_class, by_type)
    with pytest.raises(RecordingError, match="in a plain run"):
        bpviz.grad(by_class)(2.0)


def test_verify_false_takes_the_record_as_it_is() -> None:
    assert bpviz.trace(by_class, verify=False)["by_class"].value == 200.0
    assert bpviz.backprop(by_class, verify=False).output == 200.0
    assert bpviz.draw(by_class, verify=False).source.output == 200.0
    assert bpviz.explain(by_class, verify=False).flow.output == 200.0
    assert bpviz.what_if(by_class, verify=False, x=3.0).after.output == 300.0
    assert bpviz.diff(by_class, by_class, verify=False).same
    # The record's gradient against the differences of the function: 100 is not 2x.
    assert not bpviz.gradcheck(by_class, verify=False).ok


MODEL = "def f(x=2.0):\n    return x * 3 if type(x) is float else x * 5\n"


def run(*words: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    import os

    command = [sys.executable, "-m", "bpviz", *words]
    return subprocess.run(command, cwd=cwd, env=os.environ | environment, capture_output=True, text=True, check=False)


@pytest.mark.hosts
@pytest.mark.parametrize(
    "words", [["render", "m.py"], ["explain", "m.py"], ["gradcheck", "m.py"], ["diff", "m.py", "m.py"]]
)
def test_the_command_line_verifies_without_no_verify(words: list[str], tmp_path: Path) -> None:
    (tmp_path / "m.py").write_text(MODEL)
    done = run(*words, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert "f returns 6 in a plain run, but 10 on recorded values" in done.stderr
    assert "(line 2 of m.py)" in done.stderr
    assert not (tmp_path / "f.svg").exists()
    assert not (tmp_path / "m.svg").exists()
    assert "in a plain run" not in run(*words, "--no-verify", cwd=tmp_path).stderr
    assert "in a plain run" not in run(*words, cwd=tmp_path, BPVIZ_VERIFY="0").stderr
    (tmp_path / "pyproject.toml").write_text("[tool.bpviz]\nverify = false\n")
    assert "in a plain run" not in run(*words, cwd=tmp_path).stderr
    assert "in a plain run" in run(*words, "--verify", cwd=tmp_path).stderr


def test_branches_follow_other_inputs_of_a_drawn_function() -> None:
    def f(x: float = 1.0) -> Any:
        return x * 2 if x > 0 else x * 7

    # Parameters are filled before the function is recorded, so that its branches follow them.
    assert bpviz.draw(f, inputs={"x": -1.0}).source.grads == {"x": 7.0}

    def g(x: Any = [1.0, 2.0]) -> Any:  # noqa: B006
        return x[0] * 2 if x[0] > 0 else x[0] * 7

    # A part of a parameter, too.
    assert bpviz.draw(g, inputs={"x[0]": 4.0}).source.output == 8.0
    assert bpviz.draw(g, inputs={"x[0]": -1.0}).source.grads == {"x[0]": 7.0, "x[1]": 0.0}


# What the second run leaves


def test_prints_are_heard_once(capsys: pytest.CaptureFixture[str]) -> None:
    def f(x: float = 2.0) -> Any:
        print("out")
        print("err", file=sys.stderr)
        return x * 2

    bpviz.draw(f)
    heard = capsys.readouterr()
    assert (heard.out, heard.err) == ("out\n", "err\n")
    bpviz.what_if(f, x=3.0)
    assert capsys.readouterr().out == "out\nout\n"


def test_other_threads_are_heard(capsys: pytest.CaptureFixture[str]) -> None:
    def f(x: float = 2.0) -> Any:
        other = threading.Thread(target=print, args=("other",))
        other.start()
        other.join()
        print("mine")
        return x * 2

    bpviz.trace(f)
    assert capsys.readouterr().out == "other\nmine\nother\n"


def test_inputs_stay_as_they_are() -> None:
    def f(x: Any = None, p: Any = None) -> Any:
        p["new"] = p["a"] * 2
        if isinstance(x, np.ndarray):
            x[:] = 0.0
        return np.sum(p["new"])

    x, p = np.ones(2), {"a": np.ones(2)}
    bpviz.trace(f, x, p)
    assert (x.tolist(), list(p), p["a"].tolist()) == ([1.0, 1.0], ["a"], [1.0, 1.0])


def test_random_numbers_are_those_of_a_single_run() -> None:
    own = np.random.default_rng(5)

    def f(x: float = 2.0) -> Any:
        return x * np.random.rand() * random.random() * own.normal()

    def seeded() -> None:
        np.random.seed(3)
        random.seed(3)
        own.bit_generator.state = np.random.default_rng(5).bit_generator.state

    seeded()
    right, after = f(), (np.random.rand(), random.random(), own.normal())
    seeded()
    drawing = bpviz.draw(f)
    assert drawing.source.output == right
    assert (np.random.rand(), random.random(), own.normal()) == after
    assert drawing.notes == ()
    assert bpviz.gradcheck(f).ok


def test_objects_lists_and_globals_are_those_of_a_single_run() -> None:
    calls: list[int] = []

    class Norm:
        mean: Any = 1.0
        count = 0

        def __call__(self, x: Any) -> Any:
            self.mean = 0.9 * self.mean + 0.1 * x
            self.count += 1
            calls.append(self.count)
            return x * self.mean

    norm, seen = Norm(), np.zeros(2)

    def f(x: float = 3.0) -> Any:
        seen[0] += 1
        return norm(x) * len(calls) * seen[0]

    # 3 × (0.9 × 1 + 0.1 × 3)
    assert_allclose(bpviz.backprop(f).output, 3.6)
    assert (norm.count, calls, seen.tolist()) == (1, [1], [1.0, 0.0])


def test_a_random_function_is_drawn_as_one_run_and_says_so() -> None:
    def noisy(x: float = 2.0) -> Any:
        return x * np.random.default_rng().normal()

    drawing = bpviz.draw(noisy)
    note = "noisy is random: this is one run of it, which no plain run can confirm"
    assert drawing.notes == (note,)
    assert note in re.sub(r"<[^>]+>", "", drawing.to_svg())
    assert note in str(bpviz.draw(drawing, elements=True).notes)
    with pytest.raises(UsageError, match=r"noisy is random: two runs .* seed its random numbers"):
        bpviz.gradcheck(noisy)
    assert "ノイズ" not in bpviz.draw(noisy, lang="ja").notes[0]
    assert "noisyは実行のたびに値が変わる" in bpviz.draw(noisy, lang="ja").notes[0]


def test_a_note_says_that_python_s_numbers_fail() -> None:
    drawing = bpviz.draw(lambda x=0.0: 1 / x)
    assert drawing.source.output == np.inf
    assert drawing.notes[0].startswith("with Python's numbers the function raises ZeroDivisionError")
    drawing = bpviz.draw(lambda x=-8.0: x**0.5)
    assert drawing.notes[0].startswith("with Python's numbers the function returns a complex number")


# Gradients inside, names and groups


def test_bpviz_s_own_functions_take_plain_values() -> None:
    def f(x: Any = W, t: Any = np.array([0.0, 1.0])) -> Any:
        with bpviz.group("layer"):
            y = bpviz.name(bpviz.nn.affine(x, np.ones((2, 2)), np.zeros(2)), "y")
        slope = bpviz.grad(lambda v: np.sum(v**3))(y)
        return bpviz.nn.softmax_cross_entropy(slope * 1e-3, t)

    assert bpviz.gradcheck(f).ok


def test_a_gradient_inside_of_a_function_is_compared() -> None:
    def f(x: float = 2.0) -> Any:
        return bpviz.grad(lambda y: y * y * x if type(y) is float else y)(x)

    assert "in a plain run" in error_of(f)


# Random programs


STEPS: dict[str, tuple[str, ...]] = {
    "plain": ("y = y * 1.5 - x", "z = np.tanh(y)", "y = np.where(y > 0, y, 0.1 * y)", "z = z + y.sum()", "x = x * y"),
    "type": (
        "y = y * (2 if isinstance(y, np.ndarray) else 3)",
        "z = z + (1.0 if np.isscalar(z.sum()) else 2.0)",
        "if type(x) is np.ndarray:\n        z = z * 2",
        "x = x + (0.5 if hasattr(x, '__array__') else 0.25)",
        "z = z - len([0.5] * n) * (1 if isinstance(n, int) else 2)",
    ),
    "in place": (
        "y += x",
        "a = y\n    a *= 2",
        "a = z[1:]\n    a -= 1",
        "scale(y)",
        "for p in (y, z):\n        p *= 0.5",
        "b = [y, z]\n    b[0] += 1",
        "held['y'] = y\n    y -= 0.5\n    z = z + held['y']",
    ),
    "swallowed": (
        "try:\n        z = z + float(x[0])\n    except TypeError:\n        pass",
        "try:\n        y[0] = 3.0\n    except Exception:\n        y = y * 1",
        "try:\n        z = np.asarray(z) * 2\n    except TypeError:\n        z = z * 2",
    ),
}


@given(st.lists(st.sampled_from([step for steps in STEPS.values() for step in steps]), min_size=1, max_size=6))
def test_a_random_program_is_right_or_an_error(steps: list[str]) -> None:
    body = "\n    ".join(["y, z, held = x * 1.0, x * 2.0, {}", *steps, "return np.sum(x * y + z)"])
    source = f"def scale(v):\n    v *= 2\ndef f(x=start, n=3):\n    {body}\n"
    found: dict[str, Any] = {"np": np, "start": np.array([0.3, -1.2, 2.0])}
    exec(source, found)
    right = found["f"](found["start"].copy())
    try:
        flow = bpviz.backprop(found["f"])
    except RecordingError:
        # What may be wrong may be refused; what is not is below.
        return
    assert_allclose(flow.output, right, rtol=1e-9)
    h = 1e-6
    for place in range(3):
        step = np.zeros(3)
        step[place] = h
        slope = (found["f"](found["start"] + step) - found["f"](found["start"] - step)) / (2 * h)
        assert_allclose(flow.grad("x")[place], slope, rtol=1e-4, atol=1e-6)


@given(st.lists(st.sampled_from(STEPS["plain"]), min_size=1, max_size=6))
def test_a_program_without_such_steps_is_never_refused(steps: list[str]) -> None:
    body = "\n    ".join(["y, z = x * 1.0, x * 2.0", *steps, "return np.sum(x * y + z)"])
    found: dict[str, Any] = {"np": np, "start": np.array([0.3, -1.2, 2.0])}
    exec(f"def f(x=start):\n    {body}\n", found)
    assert_allclose(bpviz.backprop(found["f"]).output, found["f"](), rtol=1e-12)


def test_lists_are_repeated_as_python_does() -> None:
    def f(n: int = 3, x: float = 2.0) -> Any:
        return sum(n * [x]) + sum([0.5] * n) * x

    flow = bpviz.backprop(f)
    assert (flow.output, flow.grads) == (9.0, {"n": 0.0, "x": 4.5})
    with pytest.raises(RecordingError, match="needs a whole number"):
        bpviz.trace(lambda x=2.0: sum([0.5] * x))  # type: ignore[operator]


@pytest.mark.hosts
def test_a_model_named_like_a_module_of_python_is_the_user_s(tmp_path: Path) -> None:
    (tmp_path / "statistics.py").write_text(
        dedent("""\
        calls = []
        def f(x=2.0):
            calls.append(1)
            return x * len(calls)
        """)
    )
    done = run("explain", "./statistics.py", cwd=tmp_path)
    assert done.returncode == 0, done.stderr


def test_an_error_in_a_library_names_the_line_of_the_user() -> None:
    def f(x: Any = 2.0) -> Any:
        json.dumps({"x": x})
        return x

    with pytest.raises(RecordingError, match=r"Object of type float .* \(line \d+ of test_verification\.py\)"):
        bpviz.trace(f)
