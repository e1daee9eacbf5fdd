"""The nodes of a file, one after the other: steps of bpviz, constants, or steps with an unknown gradient."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bpviz.graph.graph import Graph
from bpviz.lazy import LazyModule
from bpviz.ops.table.foreign import Called
from bpviz.ops.table.thumbnails import kept
from bpviz.ops.table.unknown import UNKNOWN
from bpviz.recording.handle import HANDLES, Handle
from bpviz.recording.scopes import Scope, around_both
from bpviz.sources.onnx.operators import OPERATORS, Missing
from bpviz.sources.onnx.shaping import numbers

__all__ = ["Walk"]

np: Any = LazyModule("numpy")
helper: Any = LazyModule("onnx.helper")
numpy_helper: Any = LazyModule("onnx.numpy_helper")
reference: Any = LazyModule("onnx.reference")

_SCOPES = "pkg.torch.onnx.name_scopes"
_OPSETS = ("", "ai.onnx")


class Walk:
    """A graph in the making: the values of a file by their names."""

    def __init__(self, graph: Graph, opsets: Mapping[str, int]) -> None:
        """Take the graph that steps are added to, and the versions of the operators in the file."""
        self.graph, self.opsets = graph, opsets
        self.values: dict[str, Any] = {"": None}
        self.unknown: Counter[str] = Counter()
        self.scopes: dict[tuple[str, ...], Scope] = {}

    def weight(self, name: str, array: Any) -> Handle:
        """Return an input that belongs to the group which uses it."""
        made = self.graph.input(name, array)
        self.graph.record.weights[made.index] = 0
        return made

    def place_weights(self) -> None:
        """Move each weight into the innermost group that holds all its uses."""
        record = self.graph.record
        owners: dict[int, Scope] = {}
        for index, operands in enumerate(record.operands):
            scope = record.step_scopes[index]
            owners |= {i: around_both(owners.get(i, scope), scope) for i in operands if i in record.weights}
        for index, scope in owners.items():
            record.step_scopes[index] = scope
            record.weights[index] = scope.depth

    def node(self, node: Any) -> None:
        """Compute one node."""
        given = [self.values[name] for name in node.input]
        record = self.graph.record
        before = len(record)
        if node.op_type == "Shape":
            attributes = _attributes(node)
            sizes = np.shape(given[0])[attributes.get("start", 0) : attributes.get("end")]
            made: Sequence[Any] = (np.array(sizes, np.int64),)
        elif not any(type(value) in HANDLES for value in given):
            made = self._reference(node, given)
        elif node.op_type in ("Cast", "CastLike") and _keeps_floats(node, given):
            made = (given[0],)
        else:
            found = self._ours(node, given)
            made = self._foreign(node, given) if found is None else found
        self.values.update(zip(node.output, made, strict=False))
        scope = self._scope(node)
        for index in range(before, len(record)):
            record.step_scopes[index] = scope
            record.labels[index] = ""
            record.offsets[index] = -1

    def _ours(self, node: Any, given: Sequence[Any]) -> Sequence[Any] | None:
        """Return what our operations make of a node; ``None`` if there are none."""
        operator = OPERATORS.get(node.op_type) if node.domain in _OPSETS else None
        if operator is None:
            return None
        more = {"num_outputs": len(node.output)} if node.op_type == "Split" else {}
        before = len(self.graph.record)
        try:
            made = operator(*given, **{**more, **_attributes(node)})
        except (Missing, TypeError):
            # A TypeError is that of an attribute which the operator does not take.
            if len(self.graph.record) > before:
                raise
            return None
        results = made if isinstance(made, tuple) else (made,)
        # What it returns beside these (the mask of a dropout) is not computed.
        return results

    def _foreign(self, node: Any, given: Sequence[Any]) -> Sequence[Any]:
        """Return values of the reference evaluator, as steps whose gradients are unknown."""
        record = self.graph.record
        live = [(place, value) for place, value in enumerate(given) if type(value) in HANDLES]
        results = self._reference(node, given)
        made = []
        for place, result in enumerate(results):
            row = Called(node.op_type, node.op_type, "ONNX").row(
                len(live),
                self._again(node, given, [at for at, _ in live], place),
                (lambda *_, **__: UNKNOWN,) * len(live),
                _constant(np.shape(result)),
            )
            index = record.add_read(row, tuple(value.index for _, value in live), {}, kept(result))
            made.append(Handle(record, index, record.values[index]))
        self.unknown[node.op_type] += 1
        return made

    def _again(self, node: Any, given: Sequence[Any], live: Sequence[int], place: int) -> Callable[..., Any]:
        def forward(*xs: Any) -> Any:
            full = [numbers(value) for value in given]
            for at, x in zip(live, xs, strict=True):
                full[at] = np.asarray(x, np.asarray(full[at]).dtype)
            return self._reference(node, full)[place]

        return forward

    def _reference(self, node: Any, given: Sequence[Any]) -> Sequence[Any]:
        evaluator = reference.ReferenceEvaluator(node, opsets=dict(self.opsets))
        pairs = zip(node.input, given, strict=True)
        return tuple(evaluator.run(None, {name: np.asarray(numbers(value)) for name, value in pairs if name}))

    def _scope(self, node: Any) -> Scope:
        """Return the group of a node: exporters write the way to it into its name, or beside it."""
        notes = {note.key: note.value for note in node.metadata_props}
        if _SCOPES in notes:
            way = [part for part in ast.literal_eval(notes[_SCOPES]) if part][:-1]
        else:
            way = [part for part in node.name.split("/") if part][:-1]
        record = self.graph.record
        scope = record.scopes[0]
        key: tuple[str, ...] = ()
        for part in way:
            key = (*key, str(part))
            if key not in self.scopes:
                self.scopes[key] = Scope(len(record.scopes), scope, str(part), scope.code, -1)
                record.scopes.append(self.scopes[key])
            scope = self.scopes[key]
        return scope


def _attributes(node: Any) -> dict[str, Any]:
    found = {one.name: helper.get_attribute_value(one) for one in node.attribute}
    return {name: numpy_helper.to_array(value) if hasattr(value, "dims") else value for name, value in found.items()}


def _keeps_floats(node: Any, given: Sequence[Any]) -> bool:
    """Return whether a cast is from floats to floats, through which gradients flow as they are."""
    value = given[0]
    if type(value) not in HANDLES or np.asarray(value.data).dtype.kind != "f":
        return False
    if node.op_type == "CastLike":
        return bool(np.asarray(numbers(given[1])).dtype.kind == "f")
    return bool(helper.tensor_dtype_to_np_dtype(_attributes(node)["to"]).kind == "f")


def _constant(shape: tuple[int, ...]) -> Callable[..., tuple[int, ...]]:
    return lambda *_, **__: shape
