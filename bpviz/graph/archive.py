"""A flow as JSON, and back: structure, names and numbers, so that a figure can be drawn again without its model."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping
from typing import Any

from bpviz import ops
from bpviz.errors import UsageError
from bpviz.graph.flow import Flow
from bpviz.graph.graph import Graph
from bpviz.graph.meanings import meanings
from bpviz.graph.propagate import propagate
from bpviz.lazy import LazyModule
from bpviz.ops import Operand
from bpviz.recording.aliases import present
from bpviz.recording.recorder import NO_VALUE, Recorder
from bpviz.recording.scopes import Scope
from bpviz.text.styles import style_of

__all__ = ["dumped", "loaded"]

np: Any = LazyModule("numpy")

_VERSION = 1


def dumped(target: Flow | Graph) -> str:
    """Return the JSON text of a flow (or of a graph, without gradients).

    Numbers are written in full, NaN and infinities as strings. `loaded` reads the text.

    >>> import bpviz
    >>> loaded(dumped(bpviz.backprop(lambda p=100, n=2: p * n))).grads
    {'p': 2.0, 'n': 100.0}
    """
    flow = target if isinstance(target, Flow) else None
    graph = target.graph if isinstance(target, Flow) else target
    record = graph.record
    values = record.values if flow is None else flow.values
    meaning_of = meanings(graph)
    nodes = []
    for node in graph.nodes:
        index = node.index
        entry: dict[str, Any] = {"name": node.name, "kind": node.kind}
        if node.label and node.label != node.name:
            entry["label"] = node.label
        if not node.label:
            entry["label"] = ""
        if index in meaning_of:
            entry["meaning"] = meaning_of[index]
        if index in record.styles:
            style = record.styles[index]
            parts = {"color": style.color, "note": style.note, "hide": style.hide}
            entry["style"] = {key: part for key, part in parts.items() if part not in ("", None)}
        if node.operation is not None:
            entry["operation"] = node.operation.name
            entry["operands"] = list(node.operands)
        if node.parameters:
            entry["parameters"] = {key: _packed(value) for key, value in node.parameters.items()}
        if values[index] is not NO_VALUE:
            entry["value"] = _packed(present(values[index]))
        if flow is not None and flow.gradients[index] is not None:
            entry["gradient"] = _packed(flow.gradients[index])
        if node.line is not None:
            entry["line"] = node.line
        if node.scope.parent is not None:
            entry["group"] = node.scope.index
        if node.order:
            entry["order"] = node.order
        if index in record.decided:
            entry["decided"] = record.decided[index]
        nodes.append(entry)
    document: dict[str, Any] = {
        "bpviz": _VERSION,
        "name": graph.name,
        "groups": [
            {"id": s.index, "title": s.title, "parent": s.parent.index if s.parent is not None else 0}
            for s in record.scopes[1:]
        ],
        "nodes": nodes,
        "outputs": [
            {"title": end.title, "node": graph.names[end.node]} | ({"own": True} if end.own else {})
            for end in graph.ends
        ],
    }
    if elsewhere := {str(place): line for place, line in record.decided.items() if place < 0}:
        document["decided"] = elsewhere
    if flow is not None:
        document["output"] = graph.names[flow.output_index]
        document["seed"] = _packed(flow.seed)
    return json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def loaded(text: str, where: str = "the JSON text") -> Flow | Graph:
    """Return the flow (or graph) that `dumped` wrote; its gradients are computed again.

    Raises `UsageError` if the text is not such a document, or names an operation that is not in the table.
    """
    try:
        document = json.loads(text)
    except ValueError as error:
        raise UsageError(f"{where} is not JSON: {error}") from None
    if not isinstance(document, dict) or "bpviz" not in document:
        raise UsageError(
            f"{where} is JSON, but not a graph that bpviz wrote; write one with: bpviz render … -o graph.json"
        )
    if document["bpviz"] != _VERSION:
        raise UsageError(f"{where} is of format {document['bpviz']!r}; this bpviz reads format {_VERSION}")
    try:
        return _restored(document)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        if isinstance(error, UsageError):
            raise
        raise UsageError(f"{where} is damaged: {type(error).__name__}: {error}") from error


def _restored(document: Mapping[str, Any]) -> Flow | Graph:
    record = Recorder(sys._getframe(), document["name"])
    graph = Graph(document["name"], record=record)
    top = record.scopes[0]
    scopes = {0: top}
    for group in document["groups"]:
        scope = Scope(len(record.scopes), scopes[group["parent"]], group["title"], top.code, -1)
        scopes[group["id"]] = scope
        record.scopes.append(scope)
    numbers: dict[str, int] = {}
    for entry in document["nodes"]:
        value = _unpacked(entry["value"]) if "value" in entry else NO_VALUE
        if entry["kind"] == "operation":
            operands = tuple(numbers[name] for name in entry["operands"])
            parameters = {key: _unpacked(part) for key, part in entry.get("parameters", {}).items()}
            index = record.add_read(ops.named(entry["operation"]), operands, parameters, value)
        elif entry["kind"] == "input":
            index = record.add_inputs((entry["name"],), (value,))
        else:
            index = record.add_constant(value)
        record.move(index, scopes[entry.get("group", 0)])
        record.labels[index] = entry.get("label", entry["name"])
        if "meaning" in entry:
            record.meanings[index] = entry["meaning"]
        if "style" in entry:
            record.styles[index] = style_of(entry["style"], f"the style of {entry['name']!r}")
        if "order" in entry:
            record.orders[index] = entry["order"]
        if "decided" in entry:
            record.decided[index] = entry["decided"]
        numbers[entry["name"]] = index
    record.decided |= {int(place): line for place, line in document.get("decided", {}).items()}
    for output in document["outputs"]:
        graph.mark_output(numbers[output["node"]], output["title"], own=output.get("own", False))
    if "output" not in document:
        return graph
    return propagate(graph, output=graph.names[numbers[document["output"]]], seed=_unpacked(document["seed"]))


def _packed(value: Any) -> Any:
    """Return a value or parameter in a form for JSON."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {"float": str(value)}
    if isinstance(value, tuple):
        return {"tuple": [_packed(part) for part in value]}
    if isinstance(value, list):
        return {"list": [_packed(part) for part in value]}
    if isinstance(value, slice):
        return {"slice": [_packed(part) for part in (value.start, value.stop, value.step)]}
    if value is Ellipsis:
        return {"ellipsis": True}
    if isinstance(value, Operand):
        return {"operand": value.slot}
    array = np.asarray(value)
    cells = [_packed(cell) for cell in array.ravel().tolist()]
    return {"array": cells, "shape": list(array.shape), "dtype": str(array.dtype)}


def _unpacked(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if "float" in value:
        return float(value["float"])
    if "tuple" in value:
        return tuple(_unpacked(part) for part in value["tuple"])
    if "list" in value:
        return [_unpacked(part) for part in value["list"]]
    if "slice" in value:
        return slice(*(_unpacked(part) for part in value["slice"]))
    if "ellipsis" in value:
        return Ellipsis
    if "operand" in value:
        return Operand(int(value["operand"]))
    cells = [_unpacked(cell) for cell in value["array"]]
    return np.array(cells, dtype=value["dtype"]).reshape(value["shape"])
