"""Models of ONNX, built by hand: each with example inputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="ONNX is not installed: pip install 'bpviz[onnx]'")
from onnx import TensorProto, checker, helper, numpy_helper  # noqa: E402

rng = np.random.default_rng(0)


def made(
    nodes: Sequence[Any],
    inputs: Mapping[str, Any],
    weights: Mapping[str, Any],
    output: str,
    shape: tuple[int, ...] = (),
) -> tuple[Any, Mapping[str, Any]]:
    """Return a checked model of floats, and its inputs."""
    kinds = {"f": TensorProto.FLOAT, "i": TensorProto.INT64}
    taken = [helper.make_tensor_value_info(name, kinds[x.dtype.kind], x.shape) for name, x in inputs.items()]
    returned = [helper.make_tensor_value_info(output, TensorProto.FLOAT, shape)]
    held = [numpy_helper.from_array(np.asarray(array), name) for name, array in weights.items()]
    graph = helper.make_graph(nodes, "main_graph", taken, returned, held)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)])
    checker.check_model(model)
    return model, inputs


def floats(*shape: int) -> Any:
    return rng.normal(size=shape).astype(np.float32)


def node(kind: str, inputs: str, output: str, name: str = "", **attributes: Any) -> Any:
    given = [one if one != "-" else "" for one in inputs.split()]
    return helper.make_node(kind, given, output.split(), name, **attributes)


def perceptron() -> Any:
    nodes = [
        node("Gemm", "x fc1.weight fc1.bias", "a", "/fc1/Gemm", transB=1),
        node("Relu", "a", "h", "/act/Relu"),
        node("Gemm", "h fc2.weight fc2.bias", "scores", "/fc2/Gemm", transB=1),
        node("SoftmaxCrossEntropyLoss", "scores t", "loss"),
    ]
    weights = {"fc1.weight": floats(5, 3), "fc1.bias": floats(5), "fc2.weight": floats(2, 5), "fc2.bias": floats(2)}
    return made(nodes, {"x": floats(4, 3), "t": np.array([0, 1, 1, 0])}, weights, "loss")


def convolution() -> Any:
    nodes = [
        node("Conv", "x conv.weight conv.bias", "a", pads=[1, 1, 1, 1], strides=[1, 1], kernel_shape=[3, 3]),
        node("BatchNormalization", "a bn.weight bn.bias mean var", "b"),
        node("Relu", "b", "c"),
        node("MaxPool", "c", "d", kernel_shape=[2, 2], strides=[2, 2]),
        node("GlobalAveragePool", "d", "e"),
        node("Flatten", "e", "f"),
        node("ReduceSum", "f", "y", keepdims=0),
    ]
    weights = {
        "conv.weight": floats(3, 2, 3, 3),
        "conv.bias": floats(3),
        "bn.weight": floats(3),
        "bn.bias": floats(3),
        "mean": floats(3),
        "var": np.abs(floats(3)) + 1,
    }
    return made(nodes, {"x": floats(1, 2, 6, 6)}, weights, "y")


def attention() -> Any:
    nodes = [
        node("MatMul", "x q.weight", "q", "/attn/q/MatMul"),
        node("MatMul", "x k.weight", "k", "/attn/k/MatMul"),
        node("MatMul", "x v.weight", "v", "/attn/v/MatMul"),
        node("Transpose", "k", "kt", "/attn/Transpose", perm=[0, 2, 1]),
        node("MatMul", "q kt", "s", "/attn/MatMul"),
        node("Div", "s root", "scaled", "/attn/Div"),
        node("Softmax", "scaled", "p", "/attn/Softmax", axis=-1),
        node("MatMul", "p v", "o", "/attn/MatMul_1"),
        node("Add", "o x", "r", "/Add"),
        node("LayerNormalization", "r norm.weight norm.bias", "n", "/norm/LayerNormalization", axis=-1),
        node("Gelu", "n", "g"),
        node("ReduceMean", "g", "y", keepdims=0),
    ]
    weights = {f"{name}.weight": floats(4, 4) for name in "qkv"}
    weights |= {"root": np.array(2.0, np.float32), "norm.weight": floats(4), "norm.bias": floats(4)}
    return made(nodes, {"x": floats(1, 3, 4)}, weights, "y")


def shapes() -> Any:
    nodes = [
        node("Shape", "x", "size"),
        node("Gather", "size two", "last", axis=0),
        node("Unsqueeze", "last zero", "tail"),
        node("Concat", "minus tail", "wanted", axis=0),
        node("Reshape", "x wanted", "flat"),
        node("Split", "flat", "left right", axis=1, num_outputs=2),
        node("Mul", "left right", "product"),
        node("Slice", "product starts ends", "some"),
        node("Pow", "some cube", "powers"),
        node("Clip", "powers low high", "clipped"),
        node("ReduceSum", "clipped", "y", keepdims=0),
    ]
    whole = {
        "two": np.array(2),
        "zero": np.array([0]),
        "minus": np.array([-1]),
        "starts": np.array([1]),
        "ends": np.array([5]),
    }
    weights = {**whole, "cube": np.array(3.0, np.float32), "low": np.float32(-2), "high": np.float32(2)}
    return made(nodes, {"x": floats(2, 3, 4)}, weights, "y")


def embedding() -> Any:
    nodes = [
        node("Gather", "table.weight ids", "rows"),
        node("ReduceMean", "rows axes", "mean", keepdims=0),
        node("Tanh", "mean", "y"),
    ]
    return made(nodes, {"ids": np.array([2, 0, 2])}, {"table.weight": floats(4, 3), "axes": np.array([0])}, "y", (3,))


MODELS = {one.__name__: one for one in (perceptron, convolution, attention, shapes, embedding)}
