"""Derivatives by central differences, as in the textbook, and the check of gradients against them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from bpviz import ops
from bpviz.documents import data
from bpviz.errors import UsageError
from bpviz.frozen import dataclass
from bpviz.graph.flow import Flow
from bpviz.graph.graph import Graph
from bpviz.graph.propagate import flow_at, value_at
from bpviz.graph.verification import verified
from bpviz.lazy import LazyModule
from bpviz.sources.targets import flow_of
from bpviz.text.escaping import escaped
from bpviz.text.language import Language, columns, language
from bpviz.text.numerals import digits_apart

__all__ = ["InputCheck", "Report", "gradcheck", "numerical_diff", "numerical_gradient"]

np: Any = LazyModule("numpy")


def numerical_diff(f: Callable[[Any], Any], x: Any, h: float = 1e-4) -> Any:
    """Return the central difference (f(x + h) − f(x − h)) / 2h, which is nearly the slope of ``f`` at the number ``x``.

    >>> numerical_diff(lambda x: 0.01 * x**2 + 0.1 * x, 5)
    0.1999999999990898
    """
    return (f(x + h) - f(x - h)) / (2 * h)


def numerical_gradient(f: Callable[[Any], Any], x: Any, h: float = 1e-4) -> Any:
    """Return the central difference of ``f`` in every element of an array, as an array like ``x``.

    >>> numerical_gradient(lambda x: x[0] ** 2 + x[1] ** 2, [3.0, 4.0])
    array([6., 8.])

    Raises `UsageError` if ``f`` does not return a single number.
    """
    x = np.array(x, dtype=np.float64)
    gradient = np.zeros_like(x)
    for place in np.ndindex(x.shape):
        there = x[place]
        x[place] = there + h
        right = np.asarray(f(x.copy()))
        x[place] = there - h
        left = np.asarray(f(x.copy()))
        x[place] = there
        if right.size != 1:
            raise UsageError(f"the function must give a single number, but gave an array of shape {right.shape}")
        gradient[place] = (right.item() - left.item()) / (2 * h)
    return gradient


By = Literal["elements", "directions"]
Verdict = Literal["ok", "wrong", "not differentiable", "not finite", "no gradient"]


@dataclass(frozen=True, slots=True)
class InputCheck:
    """The check of one input: its largest errors, and the element where they are.

    ``by`` is what was compared: every element, or slopes in random directions if there are many.
    ``analytic`` and ``numeric`` are the two values where they differ most.
    """

    name: str
    shape: tuple[int, ...]
    by: By
    compared: int = 0
    absolute: float = 0.0
    relative: float = 0.0
    where: str = ""
    analytic: float = 0.0
    numeric: float = 0.0
    verdict: Verdict = "ok"

    @property
    def ok(self) -> bool:
        """Whether no error was found; a point without a derivative is no error."""
        return self.verdict != "wrong"


@dataclass(frozen=True, slots=True)
class Report:
    """What `gradcheck` found, input by input; printed, it is a table.

    ``h`` is the step that was taken, relative to the size of each number.
    """

    name: str
    inputs: tuple[InputCheck, ...]
    tolerance: float
    h: float

    @property
    def ok(self) -> bool:
        """Whether every input passed."""
        return all(check.ok for check in self.inputs)

    def __bool__(self) -> bool:
        return self.ok

    def __str__(self) -> str:
        return self.table()

    def table(self, say: Language | None = None) -> str:
        """Return the table of the checks, and below it the verdict; by default in the reader's language.

        >>> from bpviz.text.language import language
        >>> print(gradcheck(lambda x=3.0: x * x).table(language("ja")).splitlines()[1].split()[2:3])
        ['1要素']
        """
        rows, verdict = self._written(say or language())
        widths = [max(map(columns, column)) for column in zip(*rows, strict=True)]
        lines = [
            "  ".join(cell + " " * (w - columns(cell)) for cell, w in zip(row, widths, strict=True)).rstrip()
            for row in rows
        ]
        return "\n".join([*lines, verdict])

    def to_json(self) -> str:
        """Return the checks as JSON, with all numbers in full.

        >>> import json
        >>> found = json.loads(gradcheck(lambda x=3.0: x * x).to_json())
        >>> found["ok"], found["inputs"][0]["name"], round(found["inputs"][0]["analytic"], 9)
        (True, 'x', 6.0)
        """
        head = {"bpviz": 1, "kind": "gradcheck", "name": self.name, "ok": self.ok}
        return data.write({**head, "tolerance": self.tolerance, "h": self.h, "inputs": self.inputs})

    def _repr_html_(self) -> str:
        (head, *rows), verdict = self._written(language())
        lines = [("th", head), *(("td", row) for row in rows)]
        table = "".join(
            f"<tr>{''.join(f'<{tag}>{escaped(cell)}</{tag}>' for cell in cells)}</tr>" for tag, cells in lines
        )
        return f"<table>{table}</table><p>{escaped(verdict)}</p>"

    def _written(self, say: Language) -> tuple[list[tuple[str, ...]], str]:
        """Return the cells of all rows, the head first, and the verdict."""
        header = say("input"), say("shape"), say("compared"), say("largest error")
        rows: list[tuple[str, ...]] = [(*header, say("relative"), say("where"), say("result"))]
        rows += [
            (
                check.name,
                str(check.shape),
                _compared_text(check, say),
                f"{check.absolute:.2e}",
                f"{check.relative:.2e}",
                _where_text(check, say),
                _verdict_text(check, say),
            )
            for check in self.inputs
        ]
        verdict = say(
            "gradient check of {name} passed (relative tolerance {tolerance}, step {h})"
            if self.ok
            else "gradient check of {name} FAILED (relative tolerance {tolerance}, step {h})",
            name=say("the function") if self.name == "the function" else self.name,
            tolerance=f"{self.tolerance:g}",
            h=f"{self.h:g}",
        )
        return rows, verdict


def _where_text(check: InputCheck, say: Language) -> str:
    if check.by == "elements" or not check.where:
        return check.where
    return say("direction {number}", number=check.where.rpartition(" ")[2])


def _compared_text(check: InputCheck, say: Language) -> str:
    if check.by == "elements":
        return say("{count} elements", count=check.compared)
    return say("{count} directions", count=check.compared)


def _verdict_text(check: InputCheck, say: Language) -> str:
    match check.verdict:
        case "wrong" if not np.isfinite(check.analytic):
            numeric = f"{check.numeric:.6g}"
            if np.isnan(check.analytic):
                return say("WRONG: the gradient is not a number, differences {numeric}", numeric=numeric)
            return say("WRONG: the gradient is infinite, differences {numeric}", numeric=numeric)
        case "wrong":
            analytic, numeric = f"{check.analytic:.6g}", f"{check.numeric:.6g}"
            return say("WRONG: gradient {gradient}, differences {numeric}", gradient=analytic, numeric=numeric)
        case "not differentiable":
            return say("not differentiable here")
        case "not finite":
            return say("not finite")
        case "no gradient":
            return say("no gradient")
        case _:
            return say("ok")


def gradcheck(
    target: Callable[..., Any] | Graph | Flow,
    /,
    *args: Any,
    tolerance: float = 1e-5,
    h: float = 1e-5,
    most: int = 200,
    progress: Callable[[int, int], None] | None = None,
    inputs: Mapping[str, Any] | None = None,
    wrt: str | Sequence[str] | None = None,
    freeze: str | Sequence[str] | None = None,
    verify: bool = True,
    **kwargs: Any,
) -> Report:
    """Compare the gradients of the backward pass with central differences, for every input.

    The differences are those of plain runs of the function without bpviz, in double precision, with a step of ``h``
    times the size of each number. For a graph built by hand or read from a file, and for an intermediate value, the
    recorded steps are run instead. Every run starts from the same state of random numbers. Inputs of up to ``most``
    elements are checked element by element, larger ones by their slopes in twenty fixed random directions. An output
    that is no single number is weighted with fixed random numbers. If the slopes to the left and to the right differ
    for every small step, there is no derivative: the report says so, and it is no error if the gradient lies between
    the two. A gradient that is not finite where the differences are is wrong. A function that computes in single
    precision itself is checked with larger steps, and a tolerance of 0.001. ``progress`` is called with (done, all);
    ``inputs`` are other values by name; ``wrt``, ``freeze`` and ``verify`` are those of `bpviz.trace`.

    >>> def f(x=3.0, y=-2.0):
    ...     return x * y + y**2
    >>> report = gradcheck(f)
    >>> report.ok, [check.name for check in report.inputs]
    (True, ['x', 'y'])

    Raises `UsageError` for a function that returns another value in each run, and what `bpviz.trace` and
    `bpviz.propagate` raise.
    """
    with verified(verify):
        flow = flow_of(target, args, kwargs, inputs=inputs, wrt=wrt, freeze=freeze)
    return _Check(flow, tolerance, h, most, progress).report()


class _Check:
    """The state of one check."""

    def __init__(
        self, flow: Flow, tolerance: float, h: float, most: int, progress: Callable[[int, int], None] | None
    ) -> None:
        self.graph, self.output = flow.graph, flow.output_index
        self.tolerance, self.h, self.most, self.progress = tolerance, h, most, progress
        # In single precision, rounding would hide the differences: the gradient is computed again in double precision.
        self.inputs = {i: _double(value) for i, value in flow.given.items()}
        self.random = np.random.default_rng(0)
        shape = ops.shape_of(flow.values[flow.output_index])
        self.seed = self.random.uniform(0.5, 1.5, shape) if shape else 1.0
        self.plain = self.graph.plain
        if self.plain is not None and self.plain.part_of(self.output) is None:
            # An intermediate value, which no plain run returns.
            self.plain = None
        self.flow = flow_at(self.graph, self.inputs, tuple(self.inputs), self.output, self.seed)
        self.rounding = 1e-14
        if self._is_single():
            # The function itself rounds (np.zeros(n, "f")): smaller steps would only compare its rounding.
            self.h, self.tolerance, self.rounding = max(h, 1e-2), max(tolerance, 1e-3), 1e-6
        self.checked = [i for i in self.inputs if self.flow.shown_gradient(i) is not None]
        self.done = 0
        sizes = [int(np.size(self.inputs[i])) for i in self.checked]
        self.all = sum(size if size <= most else _DIRECTIONS for size in sizes)

    def _is_single(self) -> bool:
        """Return whether a step that a gradient flows through computes in single or half precision."""
        types = [
            getattr(value, "dtype", None)
            for index, value in enumerate(self.flow.values)
            if self.flow.shown_gradient(index) is not None
        ]
        return any(dtype is not None and dtype.kind == "f" and dtype.itemsize < 8 for dtype in types)

    def report(self) -> Report:
        """Check every input.

        Raises `UsageError` for a random function.
        """
        if self.plain is not None and self.inputs:
            index, here = next(iter(self.inputs.items()))
            one, other = self._objective(index, here), self._objective(index, here)
            if one != other and not (one != one and other != other):
                first, second = digits_apart(one, other)
                raise UsageError(
                    f"{self.plain.title} is random: two runs on the same inputs return {first} and {second}, so "
                    "there are no differences to compare; seed its random numbers: rng = np.random.default_rng(0)"
                )
        checks = tuple(self._input(index) for index in self.inputs)
        return Report(self.graph.name or "the function", checks, self.tolerance, self.h)

    def _objective(self, index: int, value: Any) -> float:
        with ops.silence():
            return float(np.sum(np.asarray(self._out(index, value), dtype=np.float64) * self.seed))

    def _out(self, index: int, value: Any) -> Any:
        """Return the output of the function (or its record) with another value of one input."""
        given = {**self.inputs, index: value}
        if self.plain is not None:
            try:
                named = {self.graph.record.is_input[i]: x for i, x in given.items()}
                return self.plain.part(self.plain.repeated(named), self.output)
            except ArithmeticError:
                return np.nan
            except (TypeError, IndexError):
                if index not in self.graph.record.whole:
                    raise
                # A count cannot be half; in the record it is a number like others.
        return value_at(self.graph, given, tuple(self.inputs), self.output)

    def _steps(self, index: int) -> Iterator[tuple[str, Any, float]]:
        """Yield what is compared: its name, the direction, and the gradient along it."""
        value = np.asarray(self.inputs[index], dtype=np.float64)
        gradient = np.asarray(self.flow.gradients[index], dtype=np.float64)
        if value.size <= self.most:
            for place in np.ndindex(value.shape):
                direction = np.zeros(value.shape)
                direction[place] = max(1.0, abs(float(value[place])))
                where = f"[{', '.join(map(str, place))}]" if place else ""
                yield where, direction, float(gradient[place] * direction[place])
        else:
            for number in range(_DIRECTIONS):
                direction = self.random.standard_normal(value.shape)
                # As long as a step in one element, so that the effect of curvature stays as small.
                direction *= max(1.0, float(np.max(np.abs(value)))) / np.linalg.norm(direction)
                yield f"direction {number + 1}", direction, float(np.sum(gradient * direction))

    def _input(self, index: int) -> InputCheck:
        name, shape = self.graph.names[index], ops.shape_of(self.inputs[index])
        by: By = "elements" if np.size(self.inputs[index]) <= self.most else "directions"
        worst, compared = InputCheck(name, shape, by), 0
        if index not in self.checked:
            return replace(worst, verdict="no gradient")
        for where, direction, analytic in self._steps(index):
            compared += 1
            found = replace(worst, where=where, **self._compared(index, direction, analytic))
            if _badness(found) >= _badness(worst):
                worst = found
            self.done += 1
            if self.progress is not None:
                self.progress(self.done, self.all)
        return replace(worst, compared=compared)

    def _compared(self, index: int, direction: Any, analytic: float) -> dict[str, Any]:
        """Compare the gradient along one direction with the slopes on both sides."""
        left, right, floor = self._slopes(index, direction, self.h)
        numeric = (left + right) / 2
        error = abs(analytic - numeric)
        if not np.isfinite(error):
            found: Verdict = (
                "wrong" if np.isfinite(numeric) and not self._is_steep(index, direction, analytic) else "not finite"
            )
            return {
                "absolute": np.inf if found == "wrong" else 0.0,
                "relative": np.inf if found == "wrong" else 0.0,
                "analytic": analytic,
                "numeric": numeric / float(np.max(np.abs(direction))),
                "verdict": found,
            }
        relative = error / (max(abs(analytic), abs(numeric)) or 1.0)
        verdict: Verdict = "wrong" if relative > self.tolerance and error > floor else "ok"
        if self._is_kink(index, direction, left, right, floor):
            slack = 1e-3 * abs(right - left)
            between = min(left, right) - slack <= analytic <= max(left, right) + slack
            verdict = "not differentiable" if between else "wrong"
        length = float(np.max(np.abs(direction)))
        return {
            "absolute": error / length,
            "relative": relative,
            "analytic": analytic / length,
            "numeric": numeric / length,
            "verdict": verdict,
        }

    def _slopes(self, index: int, direction: Any, h: float) -> tuple[float, float, float]:
        """Return the slopes to the left and to the right, and the largest slope that is only rounding."""
        value = np.asarray(self.inputs[index], dtype=np.float64)
        here = self._objective(index, value)
        right = (self._objective(index, value + h * direction) - here) / h
        left = (here - self._objective(index, value - h * direction)) / h
        return left, right, self.rounding * abs(here) / h + 1e-12

    def _is_steep(self, index: int, direction: Any, analytic: float) -> bool:
        """Return whether an infinite gradient is right: the slopes grow without bound when the step shrinks."""
        left, right, _ = self._slopes(index, direction, self.h)
        nearer_left, nearer_right, _ = self._slopes(index, direction, self.h / 8)
        return bool(np.isinf(analytic)) and abs(nearer_left) > 1.5 * abs(left) and abs(nearer_right) > 1.5 * abs(right)

    def _is_kink(self, index: int, direction: Any, left: float, right: float, floor: float) -> bool:
        """Return whether the slopes of both sides still differ when the step shrinks: not so with curvature."""
        gap = abs(right - left)
        if gap <= max(0.01 * max(abs(left), abs(right)), 10 * floor):
            return False
        nearer_left, nearer_right, _ = self._slopes(index, direction, self.h / 8)
        return abs(nearer_right - nearer_left) > 0.5 * gap


_DIRECTIONS = 20
_RANK: dict[Verdict, int] = {"no gradient": 0, "ok": 0, "not differentiable": 1, "not finite": 2, "wrong": 3}


def _badness(check: InputCheck) -> tuple[int, float]:
    return _RANK[check.verdict], check.relative


def _double(value: Any) -> Any:
    if value.__class__ is float or not hasattr(value, "dtype"):
        return value
    return value.astype(np.float64) if value.dtype.kind == "f" else value
