"""ONNX: values are those of the reference evaluator, gradients those of differences of it; what is unknown says so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import run

import bpviz

onnx = pytest.importorskip("onnx", reason="ONNX is not installed: pip install 'bpviz[onnx]'")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402
from onnx.reference import ReferenceEvaluator  # noqa: E402
from onnx_models import MODELS, floats, made, node  # noqa: E402


def in_double(model: Any) -> Any:
    """Return the model with floats of double precision, for differences."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    for value in (*copy.graph.input, *copy.graph.output):
        if value.type.tensor_type.elem_type == TensorProto.FLOAT:
            value.type.tensor_type.elem_type = TensorProto.DOUBLE
    for weight in copy.graph.initializer:
        array = numpy_helper.to_array(weight)
        if array.dtype == np.float32:
            weight.CopyFrom(numpy_helper.from_array(array.astype(float), weight.name))
    return copy


def summed(model: Any, inputs: Any, changed: str, array: Any) -> float:
    """Return the sum of the output, with another array in place of an input or a weight."""
    copy = in_double(model)
    given = {name: x.astype(float) if x.dtype == np.float32 else x for name, x in inputs.items()}
    if changed in given:
        given[changed] = array
    else:
        (weight,) = (weight for weight in copy.graph.initializer if weight.name == changed)
        weight.CopyFrom(numpy_helper.from_array(array, changed))
    return float(np.sum(ReferenceEvaluator(copy).run(None, given)[0]))


@pytest.mark.parametrize("name", MODELS)
def test_values_and_gradients(name: str) -> None:
    model, inputs = MODELS[name]()
    flow = bpviz.backprop(model, **inputs)
    (expected,) = ReferenceEvaluator(model).run(None, dict(inputs))
    np.testing.assert_allclose(flow.output, expected, rtol=1e-5, atol=1e-6)
    weights = {weight.name: numpy_helper.to_array(weight) for weight in model.graph.initializer}
    rng = np.random.default_rng(1)
    for leaf in flow.graph.inputs:
        x = {**weights, **inputs}[leaf]
        if x.dtype.kind != "f":
            continue
        # The slope along a random direction says all gradients at once.
        # (The evaluator normalises layers in single precision, whatever it is given.)
        direction, h, tolerance = rng.normal(size=x.shape), *((1e-3, 2e-3) if name == "attention" else (1e-6, 2e-4))
        ends = [summed(model, inputs, leaf, x.astype(float) + sign * h * direction) for sign in (1, -1)]
        slope = (ends[0] - ends[1]) / (2 * h)
        assert np.sum(flow.grads[leaf] * direction) == pytest.approx(slope, rel=tolerance, abs=tolerance / 10), leaf


def test_groups_come_from_the_names_of_nodes() -> None:
    model, inputs = MODELS["attention"]()
    graph = bpviz.backprop(model, **inputs).graph
    titles = {node.scope.title for node in graph.nodes if node.operation is not None}
    assert {"attn", "norm"} <= titles
    assert graph["q.weight"].scope.title == "q"


def test_an_operator_without_a_row_has_its_value_and_an_unknown_gradient() -> None:
    nodes = [node("Celu", "x", "a"), node("Mul", "a w.weight", "b"), node("ReduceSum", "b", "y", keepdims=0)]
    model, inputs = made(nodes, {"x": floats(3)}, {"w.weight": floats(3)}, "y")
    flow = bpviz.backprop(model, **inputs)
    celu = np.where(inputs["x"] > 0, inputs["x"], np.expm1(inputs["x"]))
    np.testing.assert_allclose(flow.grads["w.weight"], celu, rtol=1e-5)
    assert repr(flow.grads["x"]) == "unknown"
    svg = bpviz.draw(flow).to_svg()
    assert "gradients through 1 × Celu are unknown" in svg
    assert ">Celu<" in svg


def test_a_file_is_a_target(tmp_path: Path) -> None:
    model, _ = MODELS["perceptron"]()
    onnx.save(model, str(tmp_path / "net.onnx"))
    target = str(tmp_path / "net.onnx")
    done = run("render", target, "-o", str(tmp_path / "net.svg"), "--set", "x=ones(4,3)", "--set", "t=[0, 1, 1, 0]")
    assert done.exit_code == 0, done.stderr
    assert ">Affine<" in (tmp_path / "net.svg").read_text(encoding="utf-8")
    missing = run("render", target, "-o", str(tmp_path / "net.svg"))
    assert "the model needs x, an array of shape (4, 3); give it: --set x=ones(4,3)" in missing.stderr
    (tmp_path / "bad.onnx").write_bytes(b"no model")
    assert "holds no ONNX model" in run("render", str(tmp_path / "bad.onnx")).stderr


def test_an_input_of_another_shape_is_refused() -> None:
    model, inputs = MODELS["embedding"]()
    with pytest.raises(bpviz.UsageError, match=r"ids has the shape \(3\) in the file, but got \(2,\)"):
        bpviz.backprop(model, np.array([0, 1]))
    assert helper is not None
    assert inputs
