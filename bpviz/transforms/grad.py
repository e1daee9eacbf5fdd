"""The gradient of a function as a function, which may be called while another function is recorded.

Inside of a recording the function is recorded on its own, in a record that is nested in the one around it: its
parameters are inputs of their own, so that a value which it also takes from outside stays a constant to it. What its
gradient needs is then grafted into the record around.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import wraps
from types import FrameType
from typing import Any

from bpviz.errors import UsageError, did_you_mean
from bpviz.graph.graph import Graph
from bpviz.graph.propagate import flow_at
from bpviz.graph.tracing import Run, run_on_handles
from bpviz.lazy import LazyModule
from bpviz.recording.handle import Handle
from bpviz.recording.nesting import lift, one_deeper
from bpviz.recording.recorder import Recorder, Scope
from bpviz.transforms.gradient_graph import Derivation, derivation

__all__ = ["grad"]

np: Any = LazyModule("numpy")


def grad(fn: Callable[..., Any], wrt: str | Iterable[str] | None = None) -> Callable[..., Any]:
    """Return the function that computes the gradient of ``fn``: with respect to its first parameter, or to those in ``wrt``.

    It is called like ``fn`` and answers what that parameter is, a number, an array, or a list or dict of them; for
    several names a tuple. Of a result that is no single number it is the gradient of the sum. It can be called with
    recorded values, in any function that is traced, so the gradient of a gradient is the second derivative.

    >>> import bpviz
    >>> slope = grad(lambda x: x**3)
    >>> slope(2.0), grad(slope)(2.0), grad(grad(slope))(2.0)
    (12.0, 12.0, 6.0)
    >>> grad(lambda x, y: x * y, wrt=("x", "y"))(2.0, 5.0)
    (5.0, 2.0)

    A Hessian times a vector needs no Hessian: the gradient of the slope along the vector.

    >>> import numpy as np
    >>> def rosenbrock(x):
    ...     return (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2
    >>> def hessian_times(x, v):
    ...     return grad(lambda x: np.sum(grad(rosenbrock)(x) * v))(x)
    >>> hessian_times(np.array([1.0, 1.0]), np.array([1.0, 0.0]))
    array([ 802., -400.])

    Raises `UsageError` when ``fn`` is no function; when it is called, for an unknown name in ``wrt`` and for a function
    that returns more than one value.
    """
    if not callable(fn):
        raise UsageError(f"bpviz.grad takes a function, but got {fn!r}; for a graph there is bpviz.gradient_graph")
    names = wrt if wrt is None or isinstance(wrt, str) else tuple(wrt)

    @wraps(fn)
    def gradient(*args: Any, **kwargs: Any) -> Any:
        with one_deeper() as depth:
            run = run_on_handles(fn, args, kwargs, depth)
        return _gradient(run, names, sys._getframe())

    return gradient


def _gradient(run: Run, wrt: str | tuple[str, ...] | None, frame: FrameType) -> Any:
    """Return what the caller gets: numbers, or handles of the recording around where it takes values from there."""
    record = run.graph.record
    first = next(iter(run.parameters), "")
    chosen = tuple(_chosen(run, name) for name in wrt) if isinstance(wrt, tuple) else _chosen(run, wrt or first)
    inputs = [handle.index for handle in _handles(chosen)]
    if not inputs:
        raise UsageError(f"{_title(run)} has no gradient with respect to {chosen!r}; name a parameter that is a number")
    flow = flow_at(run.graph, {i: record.values[i] for i in record.is_input}, (), _result(run))
    if not record.lifted:
        return _filled(chosen, {i: _own(flow.gradient_of(i)) for i in inputs})
    return _filled(chosen, _Graft(derivation(flow, inputs), record, frame).results())


def _chosen(run: Run, name: str) -> Any:
    """Return the parameter of that name, or the input that is a part of one (``p['W']``), with handles in it."""
    if name in run.parameters:
        return run.parameters[name]
    for index, known in run.graph.record.is_input.items():
        if known == name:
            return Handle(run.graph.record, index, run.graph.record.values[index])
    if not run.parameters:
        raise UsageError(f"{_title(run)} has no parameter to take the gradient of; give it one")
    hint = did_you_mean(name, run.parameters, f"its parameters are: {', '.join(run.parameters)}")
    raise UsageError(f"{_title(run)} has no parameter named {name!r} to take the gradient of; {hint}")


def _title(run: Run) -> str:
    return run.graph.name or "the function"


def _handles(value: Any) -> Iterator[Handle]:
    if value.__class__ is Handle:
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _handles(part)
    elif isinstance(value, tuple | list):
        for part in value:
            yield from _handles(part)


def _filled(value: Any, found: Mapping[int, Any]) -> Any:
    """Return a parameter with the gradients in the places of its handles."""
    if value.__class__ is Handle:
        return found[value.index]
    if isinstance(value, Mapping):
        return {key: _filled(part, found) for key, part in value.items()}
    if isinstance(value, tuple | list):
        parts = [_filled(part, found) for part in value]
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    return value


def _own(value: Any) -> Any:
    """Return a gradient that the caller may write into."""
    return value if value.__class__ is float else np.array(value)


def _result(run: Run) -> int:
    """Return the number of what the function returned, which gets a name."""
    record, result = run.graph.record, run.result
    if result.__class__ is Handle and result.recorder is record:
        if not run.graph.label_of(result.index):
            record.name(result.index, run.graph.name or "f")
        run.name_the_rest()
        return result.index
    if result.__class__ is not Handle and (isinstance(result, tuple | list | dict | str | None) or callable(result)):
        returned = f"{len(result)} values" if isinstance(result, tuple | list | dict) else repr(result)
        raise UsageError(f"bpviz.grad takes a function that returns one value, but {_title(run)} returned {returned}")
    # It does not depend on the parameters at all.
    return record.constant(0.0)


class _Graft:
    """The steps of a gradient on their way into the recording around."""

    def __init__(self, made: Derivation, inner: Recorder, frame: FrameType) -> None:
        self.made = made
        self.given = made.graph.record
        sources = {made.copies[index]: (outer, number) for (outer, number, _), index in inner.lifted.items()}
        self.outer = max((outer for outer, _ in sources.values()), key=lambda outer: outer.depth)
        self.frame = self.outer.enter(frame)
        self.scope = self._group()
        self.scopes: dict[int, Scope] = {0: self.scope}
        self.moved: dict[int, int] = {}
        for index, (outer, number) in sources.items():
            self.moved[index] = number if outer is self.outer else lift(self.outer, outer, number)

    def _group(self) -> Scope:
        """Return the group of the gradient, where a function of the user's own calls for that of a function with a name."""
        around, name = self.outer.scope, self.made.graph.name
        if not name or self.frame is self.outer.boundary:
            return around
        made = Scope(len(self.outer.scopes), around, name, around.code, around.call_offset, around.caller)
        self.outer.scopes.append(made)
        return made

    def results(self) -> dict[int, Handle]:
        """Copy every step; answers the gradients, by the number of the parameter in the inner recording."""
        given = self.given
        for index, operation in enumerate(given.operations):
            if operation is not None:
                self.moved[index] = self._copied(index)
        # Called by a function of the user's, not by the tracer itself
        single = len(self.made.asked) == 1 and self.frame is not self.outer.boundary
        found = {}
        for (i, index), end in zip(self.made.asked.items(), self.made.graph.ends, strict=True):
            moved = self._leaf(index)
            if given.operations[index] is not None:
                self._name(moved, end.title, by_variable=single)
            if self.frame is self.outer.boundary:
                self.outer.titles.setdefault(moved, []).append(end.title)
            found[i] = Handle(self.outer, moved, self.outer.values[moved])
        return found

    def _leaf(self, index: int) -> int:
        """Return the number of an operand in the recording around; a constant where it is no value of that."""
        if index not in self.moved:
            self.moved[index] = self.outer.constant(self.given.values[index], self.frame)
        return self.moved[index]

    def _copied(self, index: int) -> int:
        given, outer = self.given, self.outer
        operation, operands = given.operations[index], tuple(map(self._leaf, given.operands[index]))
        assert operation is not None
        new = outer.copy(given, index, operands)
        rules = operation.rules(len(operands))
        outer.reached[new] = any(rule and outer.reached[i] for i, rule in zip(operands, rules, strict=True))
        outer.step_scopes[new] = self._scope(given.step_scopes[index])
        return new

    def _scope(self, scope: Scope) -> Scope:
        """Return a group of the inner recording, in the one around."""
        if scope.index not in self.scopes:
            parent = self._scope(scope.parent) if scope.parent is not None else self.scope
            made = Scope(len(self.outer.scopes), parent, scope.title, scope.code, -1)
            self.outer.scopes.append(made)
            self.scopes[scope.index] = made
        return self.scopes[scope.index].within(scope.code, -1, None)

    def _name(self, index: int, title: str, *, by_variable: bool) -> None:
        """Name a gradient by the caller's variable, where one takes it; else by what it is the gradient of."""
        outer = self.outer
        outer.labels.pop(index, None)
        if by_variable:
            outer.offsets[index] = self.frame.f_lasti
            outer.step_scopes[index] = self.scope.within(self.frame.f_code, self.scope.call_offset, self.scope.caller)
        if not Graph(record=outer).label_of(index):
            outer.labels[index] = title
