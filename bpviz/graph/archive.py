"""A flow as JSON, and back: structure, names and numbers, so that a figure can be drawn again without its model."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bpviz import ops
from bpviz.errors import UsageError
from bpviz.graph.export import packed, unpacked
from bpviz.graph.flow import Flow
from bpviz.graph.graph import Graph, Said
from bpviz.graph.meanings import meanings
from bpviz.graph.propagate import propagate
from bpviz.lazy import LazyModule
from bpviz.ops.table.foreign import Called, numbers_only
from bpviz.ops.table.thumbnails import Thumbnail
from bpviz.ops.table.unknown import UNKNOWN, WITHIN
from bpviz.recording.aliases import present
from bpviz.recording.recorder import NO_VALUE, Recorder
from bpviz.recording.scopes import Scope
from bpviz.text.language import ENGLISH
from bpviz.text.long_arrays import LongArrays
from bpviz.text.styles import style_of

__all__ = ["dumped", "load", "loaded"]

np: Any = LazyModule("numpy")

_VERSION = 1
_LONGEST = 400
"""The most characters of what is wrong with a document."""
_LAST_LINE = 2**31 - 1
"""The largest number of a line that Python has."""


def dumped(target: Flow | Graph) -> str:
    """Return the JSON text of a flow (or of a graph, without gradients).

    Numbers are written in full, NaN and infinities as strings; of a run of another framework (`bpviz.sources`) also the
    gradients of its wires. `loaded` reads the text.

    >>> import bpviz
    >>> loaded(dumped(bpviz.backprop(lambda p=100, n=2: p * n))).grads
    {'p': 2.0, 'n': 100.0}
    """
    flow = target if isinstance(target, Flow) else None
    long = LongArrays()
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
            entry["parameters"] = {key: packed(value, long) for key, value in node.parameters.items()}
        if values[index] is not NO_VALUE:
            entry["value"] = packed(present(values[index]), long)
        if flow is not None and flow.shown_gradient(index) is not None:
            entry["gradient"] = packed(flow.gradients[index], long)
        if graph.framework:
            entry |= _foreign_entry(graph, flow, index, long)
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
    if graph.framework:
        document["framework"] = graph.framework
        document["remarks"] = [note.sentence(ENGLISH) for note in graph.notes]
    if elsewhere := {str(place): line for place, line in record.decided.items() if place < 0}:
        document["decided"] = elsewhere
    if flow is not None:
        document["output"] = graph.names[flow.output_index]
        document["seed"] = packed(flow.seed, long)
    text = json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False) + "\n"
    # Half a pair of surrogates has no bytes of its own in UTF-8.
    return long.put_into(_SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", text))


def _foreign_entry(graph: Graph, flow: Flow | None, index: int, long: LongArrays) -> dict[str, Any]:
    """Return what else is known of a node of another framework: its wires, since they are not computed again."""
    record, entry = graph.record, dict[str, Any]()
    operation, shares = record.operations[index], None if flow is None else flow.wire_gradients[index]
    if operation is not None and operation.framework:
        entry |= {"framework": operation.framework, "symbol": operation.symbol}
    if index in record.symbols:
        entry["shown"] = record.symbols[index]
    if index in record.joint:
        entry["joint"] = graph.names[record.joint[index]]
    if index in record.weights:
        entry["weight"] = record.weights[index]
    if operation is None and record.reached[index]:
        entry["reached"] = True
    if flow is not None and shares is not None:
        found = [share if share is WITHIN else flow.wire_share(index, slot) for slot, share in enumerate(shares)]
        entry["wires"] = [packed(share, long) for share in found]
    return entry


_SURROGATE = re.compile("[\ud800-\udfff]")


def load(path: str | os.PathLike[str]) -> Flow | Graph:
    """Return the flow (or graph) in a file of JSON that ``drawing.save("net.json")`` wrote. No code of a model runs.

    Raises `UsageError` if the file cannot be read, is no such document, or names an operation that is not in the table.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{os.fspath(path)!r} cannot be read as JSON: {error}") from None
    return loaded(text, os.fspath(path))


def loaded(text: str, where: str = "the JSON text") -> Flow | Graph:
    """Return the flow (or graph) that `dumped` wrote; its gradients are computed again.

    Those of another framework are read, as all its numbers are; its steps that are not in the table have no others.

    Raises `UsageError` if the text is not such a document, or names an operation that is not in the table.

    >>> loaded('{"bpviz": 1, "name": "f", "groups": [], "nodes": [], "outputs": 7}')
    Traceback (most recent call last):
        ...
    bpviz.errors.UsageError: the JSON text is damaged: outputs is 7; a list is expected
    """
    try:
        document = json.loads(text)
    except ValueError as error:
        raise UsageError(f"{where} is not JSON: {error}") from None
    except RecursionError:
        raise UsageError(f"{where} is not a graph that bpviz wrote: it is nested too deeply") from None
    if not isinstance(document, dict) or "bpviz" not in document:
        raise UsageError(
            f"{where} is JSON, but not a graph that bpviz wrote; write one with: bpviz render … -o graph.json"
        )
    if document["bpviz"] != _VERSION:
        raise UsageError(f"{where} is of format {_short(document['bpviz'])}; this bpviz reads format {_VERSION}")
    try:
        _check(document)
        return _restored(document)
    except Exception as error:  # a value or parameter that no such operation can have raises anything
        what = str(error) if isinstance(error, UsageError) else f"{type(error).__name__}: {error}"
        raise UsageError(f"{where} is damaged: {what if len(what) <= _LONGEST else what[:_LONGEST] + '…'}") from None


def _check(document: Mapping[str, Any]) -> None:
    """Raise `UsageError` if the groups, nodes or outputs of a document are not of the form that `dumped` writes."""
    _text(document, "name", "the document")
    _check_groups(_entries(document, "groups"))
    names = _check_nodes(_entries(document, "nodes"))
    _check_values(document["nodes"], may_lack="output" not in document)
    for output in _entries(document, "outputs"):
        _text(output, "title", "an output")
        _known(output.get("node"), names, f"the output {output['title']!r}")
    if not document["outputs"] and not names:
        raise UsageError("it has no nodes")
    if "output" in document:
        _known(document["output"], names, "output")
        if "seed" not in document:
            raise UsageError("it names an output, but has no seed")
    unseen = {n["name"] for n in document["nodes"] if n["kind"] == "constant" and not n.get("label", n["name"])}
    for end in (*(output["node"] for output in document["outputs"]), document.get("output")):
        if end in unseen:
            raise UsageError(f"an output is the constant {end!r}, which has no name")


def _check_groups(groups: Sequence[Mapping[str, Any]]) -> None:
    known: set[Any] = {0}
    later = {group["id"] for group in groups if isinstance(group.get("id"), int)}
    for group in groups:
        number, parent = group.get("id"), group.get("parent")
        what = f"the group {number!r}"
        _text(group, "title", what)
        if not _whole(number) or number in known:
            raise UsageError(f"{what} needs a number of its own as id")
        if parent not in known:
            if parent in later:
                raise UsageError(f"{what} is inside the group {parent!r}, which does not come before it: a cycle")
            raise UsageError(f"{what} is inside {parent!r}, which is no group")
        known.add(number)


def _check_nodes(nodes: Sequence[Mapping[str, Any]]) -> set[str]:
    """Return the names of the nodes."""
    known: set[str] = set()
    later = {node["name"] for node in nodes if isinstance(node.get("name"), str)}
    for place, node in enumerate(nodes):
        _text(node, "name", f"the node number {place + 1}")
        name = node["name"]
        what = f"the node {name!r}"
        if name in known:
            raise UsageError(f"{what} is there twice")
        for key in ("label", "meaning"):
            if key in node:
                _text(node, key, what)
        if "order" in node and not _whole(node["order"]):
            raise UsageError(f"{what} has order = {_short(node['order'])}; a whole number is expected")
        if "line" in node and not (_whole(node["line"]) and 1 <= node["line"] <= _LAST_LINE):
            raise UsageError(f"{what} has line = {_short(node['line'])}; the number of a line is expected")
        kind = node.get("kind")
        if kind == "operation":
            _check_operation(node, what, known, later)
        elif kind not in ("input", "constant"):
            raise UsageError(f"{what} is of kind {_short(kind)}; it is an input, a constant or an operation")
        elif kind == "constant" and "value" not in node:
            raise UsageError(f"{what} is a constant without a value")
        known.add(name)
    return known


def _check_values(nodes: Sequence[Mapping[str, Any]], may_lack: bool) -> None:
    """Raise `UsageError` if a value is missing; without numbers (``may_lack``) inputs and what needs them have none."""
    lacking: set[str] = set()
    for node in nodes:
        if "value" in node:
            continue
        if not may_lack or not (node["kind"] == "input" or lacking.intersection(node["operands"])):
            raise UsageError(f"the node {node['name']!r} has no value")
        lacking.add(node["name"])


def _check_operation(node: Mapping[str, Any], what: str, known: set[str], later: set[str]) -> None:
    operands = node.get("operands")
    if not isinstance(node.get("operation"), str) or not isinstance(operands, list):
        raise UsageError(f"{what} needs the name of an operation, and a list of operands")
    for operand in operands:
        if isinstance(operand, str) and operand not in known and operand in later:
            raise UsageError(f"{what} needs {operand!r}, which does not come before it: a cycle")
        _known(operand, known, what)
    _check_foreign(node, what, known)
    if "framework" in node:
        return
    row = ops.named(node["operation"])
    expected = len(row.operands)
    if len(operands) != expected and not (row.variadic and operands):
        raise UsageError(f"{what} has {len(operands)} operands, but {row.name} takes {expected}")
    if not isinstance(node.get("parameters", {}), dict):
        raise UsageError(f"{what} has parameters = {_short(node['parameters'])}; an object is expected")


def _check_foreign(node: Mapping[str, Any], what: str, known: set[str]) -> None:
    """Raise `UsageError` if what is only known of nodes of other frameworks is not of its form."""
    for key in ("framework", "symbol", "shown"):
        if key in node or (key == "symbol" and "framework" in node):
            _text(node, key, what)
    if "joint" in node:
        _known(node["joint"], known, what)
    wires = node.get("wires", [None] * len(node["operands"]))
    if not isinstance(wires, list) or len(wires) != len(node["operands"]):
        raise UsageError(f"{what} has wires = {_short(wires)}; a list with one gradient for each operand is expected")


def _entries(document: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    found = document.get(key)
    if not isinstance(found, list):
        raise UsageError(f"{key} is {_short(found)}; a list is expected")
    for entry in found:
        if not isinstance(entry, dict):
            raise UsageError(f"{key} has {_short(entry)}; an object is expected")
    return found


def _known(name: Any, names: set[str], what: str) -> None:
    if not isinstance(name, str) or name not in names:
        raise UsageError(f"{what} needs {_short(name)}, which is no node")


def _text(entry: Mapping[str, Any], key: str, what: str) -> None:
    if not isinstance(entry.get(key), str):
        raise UsageError(f"{what} has {key} = {_short(entry.get(key))}; a text is expected")


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _short(value: Any) -> str:
    """Return a value of any size for a message."""
    if isinstance(value, dict | list):
        return f"{'an object' if isinstance(value, dict) else 'a list'} of {len(value)} parts"
    text = repr(value) if not isinstance(value, int) or abs(value) < 10**40 else "a whole number of many digits"
    return text if len(text) <= 60 else text[:59] + "…"


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
        value = _number(entry) if "value" in entry else NO_VALUE
        if entry["kind"] == "operation":
            operands = tuple(numbers[name] for name in entry["operands"])
            parameters = {key: unpacked(part) for key, part in entry.get("parameters", {}).items()}
            index = record.add_read(_row(entry, value), operands, parameters, value)
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
        if "framework" in document:
            _restore_foreign(record, entry, index, numbers)
        if "line" in entry:
            record.lines[index] = entry["line"]
        if "order" in entry:
            record.orders[index] = entry["order"]
        if "decided" in entry:
            record.decided[index] = int(entry["decided"])
        numbers[entry["name"]] = index
    record.decided |= {int(place): int(line) for place, line in document.get("decided", {}).items()}
    record.forget()
    for output in document["outputs"]:
        graph.mark_output(numbers[output["node"]], output["title"], own=output.get("own", False))
    graph.framework = document.get("framework", "")
    graph.notes = tuple(map(Said, document.get("remarks", ())))
    if "output" not in document:
        return graph
    if graph.framework:
        return _read_flow(graph, document, numbers[document["output"]])
    return propagate(graph, output=graph.names[numbers[document["output"]]], seed=unpacked(document["seed"]))


def _row(entry: Mapping[str, Any], value: Any) -> ops.Operation:
    """Return the row of a step; of another framework one that has no other numbers than those of its run."""
    if "framework" not in entry:
        return ops.named(entry["operation"])
    named = Called(entry["operation"], entry["symbol"].replace("{{", "{").replace("}}", "}"), entry["framework"])
    return numbers_only(named, len(entry["operands"]), ops.shape_of(value))


def _restore_foreign(record: Recorder, entry: Mapping[str, Any], index: int, numbers: Mapping[str, int]) -> None:
    if "shown" in entry:
        record.symbols[index] = entry["shown"]
    if "joint" in entry:
        record.joint[index] = numbers[entry["joint"]]
    if isinstance(entry.get("weight"), int):
        record.weights[index] = entry["weight"]
    if entry["kind"] != "operation":
        record.reached[index] = bool(entry.get("reached"))
    if isinstance(entry.get("line"), int):
        record.lines[index] = entry["line"]


def _read_flow(graph: Graph, document: Mapping[str, Any], output: int) -> Flow:
    """Return the flow of another framework with the gradients that are written in a document."""
    record, nodes = graph.record, document["nodes"]
    gradients = [unpacked(entry.get("gradient")) for entry in nodes]
    wires = [tuple(map(unpacked, entry["wires"])) if "wires" in entry else None for entry in nodes]
    for index, gradient in enumerate(gradients):
        pairs = [(index, gradient), *zip(record.operands[index], wires[index] or (), strict=False)]
        for node, found in pairs:
            shape = None if found is None or found is UNKNOWN or found is WITHIN else ops.shape_of(found)
            if shape not in (None, ops.shape_of(record.values[node])):
                raise UsageError(f"a gradient of {nodes[node]['name']!r} has shape {shape}, unlike its value")
    seed = unpacked(document["seed"])
    given = {index: record.values[index] for index in record.is_input}
    return Flow(graph, tuple(record.values), tuple(gradients), tuple(wires), output, seed, given)


def _number(entry: Mapping[str, Any]) -> Any:
    """Return the value of a node; raise `UsageError` if it is no number or array of numbers."""
    value = unpacked(entry["value"])
    if isinstance(value, Thumbnail) or (isinstance(value, np.ndarray) and value.dtype.kind in "fiub"):
        return value
    if not isinstance(value, int | float):
        raise UsageError(f"the node {entry['name']!r} has a value that is no number or array of numbers")
    return value
