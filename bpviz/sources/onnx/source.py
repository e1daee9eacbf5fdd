"""The door: what bpviz asks a source for (`bpviz.sources.registry`)."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

from bpviz.errors import ExtraMissing, UsageError
from bpviz.graph.flow import Flow
from bpviz.graph.graph import Graph, Said
from bpviz.graph.propagate import propagate
from bpviz.lazy import LazyModule
from bpviz.sources.onnx.walk import Walk

__all__ = ["handles", "load", "parameters", "record"]

np: Any = LazyModule("numpy")
onnx: Any = LazyModule("onnx")
helper: Any = LazyModule("onnx.helper")
numpy_helper: Any = LazyModule("onnx.numpy_helper")

_FEWEST = 2
"""A weight with fewer axes and a name without a dot is a number of the exporter's, such as an epsilon."""


def handles(thing: Any) -> bool:
    """Return whether a thing is a model of ONNX, or ONNX itself."""
    if isinstance(thing, ModuleType):
        return thing.__name__.partition(".")[0] == "onnx"
    return isinstance(thing, onnx.ModelProto)


def load(path: str | Path) -> Any:
    """Return the model in a file.

    Raises `UsageError` if the file holds none, and `ExtraMissing` if ONNX is not installed.
    """
    if find_spec("onnx") is None:
        raise ExtraMissing('files of ONNX need onnx, which is not installed; install it: pip install "bpviz[onnx]"')
    try:
        return onnx.load(str(path))
    except OSError:
        raise
    except Exception as error:  # protobuf raises errors of its own
        raise UsageError(f"{str(path)!r} holds no ONNX model ({error}); export it again") from error


def parameters(thing: Any) -> tuple[str, ...]:
    """Return the names of what a model takes."""
    weights = {weight.name for weight in thing.graph.initializer}
    return tuple(value.name for value in thing.graph.input if value.name not in weights)


def record(thing: Any, /, *args: Any, **kwargs: Any) -> Flow:
    """Return the flow of a model, computed once with these inputs; its weights are inputs as well.

    Raises `UsageError` for an input that is missing or has another shape.
    """
    names = parameters(thing)
    if len(args) > len(names):
        raise UsageError(f"the model takes {', '.join(names) or 'nothing'}, but got {len(args)} values")
    given = {**dict(zip(names, args, strict=False)), **kwargs}
    graph = Graph("" if thing.graph.name == "main_graph" else thing.graph.name)
    graph.framework = "ONNX"
    walk = Walk(graph, {one.domain: one.version for one in thing.opset_import})
    for value in thing.graph.input:
        if value.name in names:
            walk.values[value.name] = graph.input(value.name, _input(value, given))
    for weight in thing.graph.initializer:
        array = numpy_helper.to_array(weight)
        is_weight = array.dtype.kind == "f" and array.size and ("." in weight.name or array.ndim >= _FEWEST)
        walk.values[weight.name] = walk.weight(weight.name, array) if is_weight else array
    for node in thing.graph.node:
        walk.node(node)
    walk.place_weights()
    for result in thing.graph.output:
        made = walk.values[result.name]
        if hasattr(made, "recorder"):
            graph.output(made, result.name)
    if walk.unknown:
        listed = ", ".join(f"{count} × {name}" for name, count in sorted(walk.unknown.items()))
        graph.notes = (*graph.notes, Said(f"gradients through {listed} are unknown"))
    return propagate(graph)


def _input(value: Any, given: dict[str, Any]) -> Any:
    kind = value.type.tensor_type
    sizes = [size.dim_value if size.HasField("dim_value") else 0 for size in kind.shape.dim]
    shown = ", ".join(str(size or "any") for size in sizes)
    if value.name not in given:
        example = f"ones({','.join(str(size or 1) for size in sizes)})"
        raise UsageError(
            f"the model needs {value.name}, an array of shape ({shown}); give it: --set {value.name}={example}"
        )
    array = np.asarray(given[value.name], helper.tensor_dtype_to_np_dtype(kind.elem_type))
    if array.ndim != len(sizes) or any(size not in (0, have) for size, have in zip(sizes, array.shape, strict=True)):
        raise UsageError(f"{value.name} has the shape ({shown}) in the file, but got {array.shape}")
    return array
