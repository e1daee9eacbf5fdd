"""The gradient of a function as a function, which also works while another function is recorded.

Inside a recording, the function gets its own record, nested in the outer one. Its parameters are inputs of the inner
record, so a value that it also takes from outside is a constant there. The steps of its gradient are then copied into
the outer record.
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
from bpviz.recording.handle import HANDLES, Handle
from bpviz.recording.nesting import lift, one_deeper
from bpviz.recording.recorder import Recorder
from bpviz.recording.scopes import Scope
from bpviz.transforms.gradient_graph import Derivation, derivation

__all__ = ["grad"]

np: Any = LazyModule("numpy")


def grad(fn: Callable[..., Any], wrt: str | Iterable[str] | None = None) -> Callable[..., Any]:
    """Return a function that computes the gradient of ``fn``, by its first parameter or by those in ``wrt``.

    It is called like ``fn`` and returns the same kind as that parameter: a number, an array, or a list or dict of them;
    for several names a tuple. If ``fn`` returns an array, it is the gradient of the sum. It can be called with recorded
    values in any traced function, so the gradient of a gradient is the second derivative.

    >>> import bpviz
    >>> slope = grad(lambda x: x**3)
    >>> slope(2.0), grad(slope)(2.0), grad(grad(slope))(2.0)
    (12.0, 12.0, 6.0)
    >>> grad(lambda x, y: x * y, wrt=("x", "y"))(2.0, 5.0)
    (5.0, 2.0)

    A Hessian times a vector is the gradient of the slope along the vector; the Hessian itself is not needed:

    >>> import numpy as np
    >>> def rosenbrock(x):
    ...     return (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2
    >>> def hessian_times(x, v):
    ...     return grad(lambda x: np.sum(grad(rosenbrock)(x) * v))(x)
    >>> hessian_times(np.array([1.0, 1.0]), np.array([1.0, 0.0]))
    array([ 802., -400.])

    Raises `UsageError` if ``fn`` is not a function; when it is called, for an unknown name in ``wrt`` and for a
    function that returns more than one value.
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
    """Return the gradient: numbers, or handles of the outer recording if values come from there."""
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
    """Return the parameter of that name, or an input that is a part of one (``p['W']``), with its handles."""
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
    if type(value) in HANDLES:
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _handles(part)
    elif isinstance(value, tuple | list):
        for part in value:
            yield from _handles(part)


def _filled(value: Any, found: Mapping[int, Any]) -> Any:
    """Return a parameter with gradients in place of its handles."""
    if type(value) in HANDLES:
        return found[value.index]
    if isinstance(value, Mapping):
        return {key: _filled(part, found) for key, part in value.items()}
    if isinstance(value, tuple | list):
        parts = [_filled(part, found) for part in value]
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    return value


def _own(value: Any) -> Any:
    """Return a gradient that the caller may write into."""
    return value if type(value) is float else np.array(value)


def _result(run: Run) -> int:
    """Return the node number of the function's result, and give the result a name."""
    record, result = run.graph.record, run.result
    if type(result) in HANDLES and result.recorder is record:
        if not run.graph.label_of(result.index):
            record.name(result.index, run.graph.name or "f")
        run.name_the_rest()
        index: int = result.index
        return index
    if type(result) not in HANDLES and (isinstance(result, tuple | list | dict | str | None) or callable(result)):
        returned = f"{len(result)} values" if isinstance(result, tuple | list | dict) else repr(result)
        raise UsageError(f"bpviz.grad takes a function that returns one value, but {_title(run)} returned {returned}")
    # The result does not depend on the parameters.
    return record.add_constant(0.0)


class _Graft:
    """Copies the steps of a gradient into the outer recording."""

    def __init__(self, made: Derivation, inner: Recorder, frame: FrameType) -> None:
        self.made = made
        self.given = made.graph.record
        sources = {made.copies[index]: (outer, number) for (outer, number, _), index in inner.lifted.items()}
        self.outer = max((outer for outer, _ in sources.values()), key=lambda outer: outer.depth)
        for line in self.given.decided.values():
            self.outer.decides(-1, line)
        self.frame = self.outer.enter(frame)
        self.scope = self._group()
        self.scopes: dict[int, Scope] = {0: self.scope}
        self.moved: dict[int, int] = {}
        for index, (outer, number) in sources.items():
            self.moved[index] = number if outer is self.outer else lift(self.outer, outer, number)

    def _group(self) -> Scope:
        """Return the gradient's group; it is new if one of the user's functions takes the gradient of a named one."""
        around, name = self.outer.scope, self.made.graph.name
        if not name or self.frame is self.outer.boundary:
            return around
        made = Scope(len(self.outer.scopes), around, name, around.code, around.call_offset, around.caller)
        self.outer.scopes.append(made)
        return made

    def results(self) -> dict[int, Handle]:
        """Copy every step. Return the gradients, by the number of the parameter in the inner recording."""
        given = self.given
        for index, operation in enumerate(given.operations):
            if operation is not None:
                self.moved[index] = self._copied(index)
        # Called by the user's function, not by the tracer itself.
        single = len(self.made.wrt) == 1 and self.frame is not self.outer.boundary
        found = {}
        for (i, index), end in zip(self.made.wrt.items(), self.made.graph.ends, strict=True):
            moved = self._leaf(index)
            if given.operations[index] is not None:
                self._name(moved, end.title, by_variable=single)
            if self.frame is self.outer.boundary:
                self.outer.titles.setdefault(moved, []).append(end.title)
            found[i] = Handle(self.outer, moved, self.outer.values[moved])
        return found

    def _leaf(self, index: int) -> int:
        """Return the number of an operand in the outer recording; a new constant if it is not a value there."""
        if index not in self.moved:
            self.moved[index] = self.outer.add_constant(self.given.values[index], self.frame)
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
        """Return the copy of an inner group in the outer recording."""
        if scope.index not in self.scopes:
            parent = self._scope(scope.parent) if scope.parent is not None else self.scope
            made = Scope(len(self.outer.scopes), parent, scope.title, scope.code, -1)
            self.outer.scopes.append(made)
            self.scopes[scope.index] = made
        return self.scopes[scope.index].within(scope.code, -1, None)

    def _name(self, index: int, title: str, *, by_variable: bool) -> None:
        """Name a gradient after the caller's variable, if there is one; else by its derivative."""
        outer = self.outer
        outer.labels.pop(index, None)
        if by_variable:
            outer.offsets[index] = self.frame.f_lasti
            outer.step_scopes[index] = self.scope.within(self.frame.f_code, self.scope.call_offset, self.scope.caller)
        if not Graph(record=outer).label_of(index):
            outer.labels[index] = title
