"""Graphs and flows for other processes, as `pickle` writes them; and copies in this one.

Steps are kept by the names of their operations, code by `marshal`. Functions that cannot be pickled are left out: the
function that was traced, and the rules of operations of the user's own.
"""

from __future__ import annotations

import copyreg
import marshal
import sys
from collections.abc import Iterable, Mapping
from importlib.util import MAGIC_NUMBER
from types import CodeType, FunctionType
from typing import Any

from bpviz import ops
from bpviz.errors import UsageError
from bpviz.graph.flow import Flow, whole
from bpviz.graph.graph import Graph
from bpviz.graph.meanings import meanings
from bpviz.ops import OPERATIONS, Operation
from bpviz.recording.recorder import NO_VALUE, Recorder
from bpviz.recording.scopes import Scope

__all__ = ["copied"]

_LISTS = ("operands", "values", "reached", "offsets")
_DICTS = ("parameters", "kept", "is_input", "last_words", "orders", "titles", "joint", "lines", "symbols", "weights")


def copied(graph: Graph) -> Graph:
    """Return the same graph with a record of its own.

    >>> import bpviz
    >>> graph = bpviz.trace(lambda x=3.0: x * x)
    >>> copied(graph).names == graph.names, copied(graph).record is graph.record
    (True, False)
    """
    made = _restored(_parts(graph) | {"operations": list(graph.record.operations)})
    made.function, made.plain = graph.function, graph.plain
    return made


def _parts(graph: Graph) -> dict[str, Any]:
    """Return the parts of a graph, with names and meanings computed, and scopes by number."""
    record = graph.record
    scopes = _all_scopes([*record.scopes, *record.step_scopes])
    place = {id(scope): number for number, scope in enumerate(scopes)}
    codes: dict[int, CodeType] = {id(scope.code): scope.code for scope in scopes}
    code_place = {key: number for number, key in enumerate(codes)}

    def at(scope: Scope | None) -> int:
        return -1 if scope is None else place[id(scope)]

    return {
        "name": graph.name,
        "framework": graph.framework,
        "outputs": dict(graph._outputs),
        "notes": graph.notes,
        "own_titles": set(graph._own_titles),
        "lists": {name: list(getattr(record, name)) for name in _LISTS},
        "dicts": {name: dict(getattr(record, name)) for name in _DICTS},
        "whole": set(record.whole),
        "decided": dict(record.decided),
        "labels": dict(enumerate(graph.labels)),
        "meanings": meanings(graph),
        "styles": dict(record.styles),
        "codes": list(codes.values()),
        "scopes": [
            (s.index, at(s.parent), s.title, code_place[id(s.code)], s.call_offset, at(s.caller)) for s in scopes
        ],
        "main_scopes": [at(scope) for scope in record.scopes],
        "step_scopes": [at(scope) for scope in record.step_scopes],
    }


def _all_scopes(scopes: Iterable[Scope]) -> list[Scope]:
    """Return these scopes and all that contain or called them, the outer ones first."""
    found: dict[int, Scope] = {}
    for scope in scopes:
        waiting = [scope]
        while waiting:
            last = waiting[-1]
            before = [s for s in (last.parent, last.caller) if s is not None and id(s) not in found]
            if before and id(last) not in found:
                waiting += before
            else:
                found.setdefault(id(last), last)
                waiting.pop()
    return list(found.values())


def _restored(parts: Mapping[str, Any]) -> Graph:
    """Return the graph that consists of these parts."""
    record = Recorder(sys._getframe(), parts["name"])
    record.operations = parts["operations"]
    for name, values in (parts["lists"] | parts["dicts"]).items():
        setattr(record, name, values)
    record.whole, record.labels, record.meanings = parts["whole"], parts["labels"], parts["meanings"]
    record.decided = parts["decided"]
    record.styles = parts["styles"]
    codes = parts["codes"]
    scopes: list[Scope] = []
    for index, parent, title, code, offset, caller in parts["scopes"]:
        around, called = (scopes[i] if i >= 0 else None for i in (parent, caller))
        scopes.append(Scope(index, around, title, codes[code], offset, called))
    record.scopes = [scopes[i] for i in parts["main_scopes"]]
    record.step_scopes = [scopes[i] for i in parts["step_scopes"]]
    record.scope = record.scopes[0]
    record.close()
    record.offsets = parts["lists"]["offsets"]
    graph = Graph(parts["name"], record=record)
    graph._outputs, graph._own_titles, graph.notes = parts["outputs"], parts["own_titles"], parts["notes"]
    graph.framework = parts["framework"]
    return graph


# For pickle


def _reduced_graph(graph: Graph) -> tuple[Any, ...]:
    parts = _parts(graph)
    lines = {node.index: node.line for node in graph.nodes if node.line is not None}
    codes = {"version": MAGIC_NUMBER, "codes": [marshal.dumps(code) for code in parts["codes"]], "lines": lines}
    kinds = {id(operation): operation for operation in graph.record.operations if operation is not None}
    numbers = {key: number for number, key in enumerate(kinds)}
    steps = [-1 if operation is None else numbers[id(operation)] for operation in graph.record.operations]
    parts |= {"codes": codes, "operations": steps, "kinds": list(kinds.values())}
    # Not the method of an object: the object would be pickled too, with all that it holds.
    function = graph.function if isinstance(graph.function, FunctionType) else None
    return _unpickled_graph, (parts, _packed(function))


def _unpickled_graph(parts: dict[str, Any], function: bytes) -> Graph:
    kinds = parts["kinds"]
    parts["operations"] = [None if number < 0 else kinds[number] for number in parts["operations"]]
    codes = parts["codes"]["codes"]
    if parts["codes"]["version"] == MAGIC_NUMBER:
        parts["codes"] = [marshal.loads(code) for code in codes]
    else:
        # Written by another version of Python.
        parts["dicts"]["lines"] = parts["codes"]["lines"]
        parts["codes"] = [compile("", "<another Python>", "exec")] * len(codes)
        parts["lists"]["offsets"] = [-1] * len(parts["lists"]["offsets"])
    graph = _restored(parts)
    graph.function = _unpacked(function)
    return graph


def _reduced_flow(flow: Flow) -> tuple[Any, ...]:
    wires = tuple(shares and tuple(whole(share) for share in shares) for shares in flow.wire_gradients)
    parts = (flow.graph, flow.values, tuple(flow.gradients), wires, flow.output_index, flow.seed)
    return Flow, (*parts, dict(flow.given))


def _reduced_operation(operation: Operation) -> tuple[Any, ...]:
    if _BUILT_IN.get(operation.name) is operation:
        return ops.named, (operation.name,)
    fields = {name: getattr(operation, name) for name in Operation.__dataclass_fields__}
    return _unpickled_operation, ({name: _packed(value) for name, value in fields.items()}, len(operation.operands))


def _unpickled_operation(packed: dict[str, bytes], count: int) -> Operation:
    fields = {name: _unpacked(value) for name, value in packed.items()}
    known = OPERATIONS.get(fields["name"])
    if known is not None and not fields["framework"]:
        return known
    absent = _LeftOut(fields["name"])
    fields["forward"] = fields["forward"] or absent
    fields["vjp"] = fields["vjp"] or (absent,) * count
    # The other fields that were left out have their defaults.
    return Operation(**{name: value for name, value in fields.items() if value is not None})


class _LeftOut:
    """In place of a function that could not be pickled; a call raises an error."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, *arguments: Any, **parameters: Any) -> Any:
        raise UsageError(
            f"the operation {self.name!r} came from another process without its functions; import the module that "
            "defines it before the graph is unpickled"
        )


def _packed(value: Any) -> bytes:
    """Return a value that may hold functions as bytes of its own; empty if it cannot be pickled."""
    import pickle

    try:
        return pickle.dumps(value)
    except Exception:
        # An object of the user's may raise anything when it is pickled.
        return b""


def _unpacked(packed: bytes) -> Any:
    """Return what was packed; ``None`` if nothing was, or if its module is unknown here."""
    import pickle

    try:
        return pickle.loads(packed) if packed else None
    except Exception:
        return None


def _reduced_no_value(_: Any) -> str:
    return "NO_VALUE"


_BUILT_IN = dict(OPERATIONS)
"""The operations that are the same in every process."""

for _kind, _reduced in (
    (Graph, _reduced_graph),
    (Flow, _reduced_flow),
    (Operation, _reduced_operation),
    (type(NO_VALUE), _reduced_no_value),
):
    copyreg.pickle(_kind, _reduced)  # type: ignore[arg-type]
