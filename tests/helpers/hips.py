"""A source for HIPS autograd, as somebody else would write one: it records every primitive, and its own vjps.

The gradients are autograd's own. A primitive of the table is mapped to its row, all others have callable rows.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any

import autograd.numpy as anp
import numpy as np
from autograd import make_vjp
from autograd.core import VJPNode, primitive_vjps
from autograd.tracer import Node, getval, new_box, notrace_primitives, trace_stack

from bpviz.graph.flow import Flow
from bpviz.recording.source import add_framework, users_frame
from bpviz.sources.assembly import flow
from bpviz.sources.steps import Leaf, Record, Same, Step, kept

add_framework("autograd")

SAME = {"multiply": "multiply", "add": "add", "subtract": "subtract", "tanh": "tanh", "exp": "exp"}


def handles(thing: Any) -> bool:
    return isinstance(thing, ModuleType) or hasattr(thing, "_is_autograd_primitive")


def record(function: Any, /, *args: Any, **keywords: Any) -> Flow:
    bound = inspect.signature(function).bind(*args, **keywords)
    bound.apply_defaults()
    tape = _Tape()
    with trace_stack.new_trace() as trace:
        boxes = {name: _box(tape.leaf(name, value), trace) for name, value in bound.arguments.items()}
        result = function(**boxes)
    output = result._node
    gradients, wires = tape.backward(output)
    seed = gradients[output.number]
    made = Record("HIPS autograd", function.__name__, tape.entries, output.number, (), seed, gradients, wires)
    return flow(made)


class Call:
    """A function of autograd's operations, which can be differentiated to any order."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function

    def __call__(self, *xs: Any) -> Any:
        return np.asarray(self.function(*xs))[()]

    def pullback(self, result: int, slot: int) -> Call:
        def pulled(g: Any, *xs: Any) -> Any:
            vjp, z = make_vjp(lambda x: self.function(*xs[:slot], x, *xs[slot + 1 :]))(xs[slot])
            return vjp(g * anp.ones(anp.shape(z)))

        return Call(pulled)


class _Recorded(Node):
    """One primitive that was called on recorded values."""

    __slots__ = ("argnums", "args", "fun", "keywords", "number", "parents", "tape", "value")

    def __init__(self, value: Any, fun: Any, args: Any, kwargs: Any, parent_argnums: Any, parents: Any) -> None:
        self.value, self.fun, self.args, self.keywords = value, fun, args, kwargs
        self.argnums, self.parents, self.tape = parent_argnums, parents, parents[0].tape
        self.number = self.tape.step(self, users_frame(sys._getframe(1)))

    def initialize_root(self, tape: _Tape, number: int, value: Any) -> None:
        self.tape, self.number, self.value, self.fun, self.parents = tape, number, value, None, ()


notrace_primitives[_Recorded] = notrace_primitives[VJPNode]


class _Tape:
    def __init__(self) -> None:
        self.entries: list[Leaf | Step] = []
        self.nodes: list[_Recorded] = []

    def leaf(self, name: str, value: Any) -> _Recorded:
        self.entries.append(Leaf(name, kept(value)))
        return _Recorded.new_root(self, len(self.entries) - 1, value)

    def step(self, node: _Recorded, frame: Any) -> int:
        operands, slots = [], []
        for slot, argument in enumerate(node.args):
            if slot in node.argnums:
                operands.append(node.parents[node.argnums.index(slot)].number)
            elif type(argument) in (int, float) and node.fun.__name__ in SAME:
                self.entries.append(Leaf("", float(argument), "constant"))
                operands.append(len(self.entries) - 1)
            else:
                continue
            slots.append(slot)
        name = node.fun.__name__
        same = (Same(SAME[name]),) if name in SAME else ()
        again = Call(partial(_again, node.fun, node.args, node.keywords, slots))
        place: Any = {"code": frame.f_code, "offset": frame.f_lasti}
        self.entries.append(Step(name, tuple(operands), (kept(node.value),), same=same, call=again, **place))
        self.nodes.append(node)
        return len(self.entries) - 1

    def backward(self, output: _Recorded) -> tuple[dict[int, Any], dict[int, list[Any]]]:
        gradients: dict[int, Any] = {output.number: np.ones(np.shape(output.value))}
        wires: dict[int, list[Any]] = {}
        for node in reversed(self.nodes):
            if node.number not in gradients:
                continue
            vjp = primitive_vjps[node.fun](node.argnums, node.value, node.args, node.keywords)
            found = list(vjp(gradients[node.number]))
            entry = self.entries[node.number]
            assert isinstance(entry, Step)
            live = [parent.number for parent in node.parents]
            shares = iter(found)
            wires[node.number] = [next(shares) if operand in live else None for operand in entry.operands]
            for parent, share in zip(node.parents, found, strict=True):
                before = gradients.get(parent.number)
                gradients[parent.number] = share if before is None else before + share
        return gradients, wires


def _box(node: _Recorded, trace: int) -> Any:
    value = getval(node.value)
    return new_box(np.asarray(value) if isinstance(value, np.ndarray) else float(value), trace, node)


def _again(fun: Any, args: Any, keywords: Any, slots: list[int], *xs: Any) -> Any:
    given = list(args)
    for slot, x in zip(slots, xs, strict=True):
        given[slot] = x
    return fun(*given, **keywords)
