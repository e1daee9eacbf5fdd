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

from bpviz import ops
from bpviz.derive import Derivation, derivation
from bpviz.errors import UsageError, did_you_mean
from bpviz.flow import Flow
from bpviz.graph import Graph
from bpviz.handle import Handle
from bpviz.lazy import LazyModule
from bpviz.propagate import flow_at
from bpviz.recorder import Recorder, Scope, one_deeper
from bpviz.tracing import Run, run_on_handles

__all__ = ["grad"]

np: Any = LazyModule("numpy")


def grad(fn: Callable[..., Any], wrt: str | Iterable[str] | None = None) -> Callable[..., Any]:
    """The function that computes the gradient of ``fn``: with respect to its first parameter, or to those in ``wrt``.

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
        raise UsageError(f"bpviz.grad takes a function, but got {fn!r}; of a graph, bpviz.gradient_graph is the gradient")
    names = wrt if wrt is None or isinstance(wrt, str) else tuple(wrt)

    @wraps(fn)
    def gradient(*args: Any, **kwargs: Any) -> Any:
        with one_deeper() as depth:
            run = run_on_handles(fn, args, kwargs, depth)
        return _gradient(run, names, sys._getframe())

    return gradient


def _gradient(run: Run, wrt: str | tuple[str, ...] | None, frame: FrameType) -> Any:
    if isinstance(wrt, tuple):
        chosen: Any = tuple(_chosen(run, name) for name in wrt)
    else:
        chosen = _chosen(run, next(iter(run.parameters), "") if wrt is None else wrt)
    record, result = run.graph.record, run.result
    inputs = [handle.index for handle in _handles(chosen)]
    if not inputs:
        raise UsageError(f"the gradient of {_title(run)} is asked for with respect to what is no number: {chosen!r}")
    if result.__class__ is not Handle or result.recorder is not record:
        _check(run, result)
        # Its result is a constant as far as its own parameters are concerned.
        result = Handle(record, record.constant(ops.plain(0.0)), 0.0)
    elif not run.graph.label_of(result.index):
        record.name(result.index, run.graph.name or "f")
    run.name_the_rest()
    flow = flow_at(run.graph, {i: record.values[i] for i in record.is_input}, (), result.index)
    if not record.lifted:
        return _filled(chosen, {i: _own(flow.gradient_of(i)) for i in inputs})
    return _filled(chosen, _grafted(derivation(flow, inputs), record, flow, frame))
