"""ONNX's operators in bpviz's operations: each takes its attributes by keyword, and its inputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bpviz import nn, ops
from bpviz.lazy import LazyModule
from bpviz.sources.onnx.shaping import SHAPING, axes_of, numbers

__all__ = ["OPERATORS", "Missing"]

np: Any = LazyModule("numpy")


class Missing(Exception):
    """An operator is used in a way that bpviz has no operation for."""


def _gemm(
    x: Any, w: Any, b: Any = None, *, transA: int = 0, transB: int = 0, alpha: float = 1.0, beta: float = 1.0
) -> Any:
    x, w = (x.T if transA else x), (w.T if transB else w)
    if b is not None and alpha == beta == 1.0 and np.ndim(b) == 1:
        return nn.affine(x, w, b)
    made = x @ w if alpha == 1.0 else np.float32(alpha) * (x @ w)
    return made if b is None else made + (b if beta == 1.0 else np.float32(beta) * b)


def _even(pads: Any, auto_pad: bytes) -> tuple[int, int]:
    """Return the padding above and on the left, which must be that below and on the right."""
    count = len(pads) // 2
    if auto_pad not in (b"NOTSET", b"VALID") or count != 2 or list(pads[:count]) != list(pads[count:]):
        raise Missing
    return int(pads[0]), int(pads[1])


def _pair(given: Any) -> tuple[int, int]:
    if len(given) != 2:
        raise Missing
    return int(given[0]), int(given[1])


def _conv(
    x: Any,
    w: Any,
    b: Any = None,
    *,
    group: int = 1,
    dilations: Any = (1, 1),
    pads: Any = (0, 0, 0, 0),
    strides: Any = (1, 1),
    auto_pad: bytes = b"NOTSET",
    kernel_shape: Any = (),
) -> Any:
    if group != 1 or np.ndim(w) != 4 or any(step != 1 for step in dilations):
        raise Missing
    bias = np.zeros(np.shape(w)[0], np.float32) if b is None else b
    return nn.conv2d(x, w, bias, stride=_pair(strides), pad=_even(pads, auto_pad))


def _pool(pooled: Callable[..., Any], counted: int | None) -> Callable[..., Any]:
    def operator(
        x: Any,
        *,
        kernel_shape: Any,
        strides: Any = (1, 1),
        pads: Any = (0, 0, 0, 0),
        auto_pad: bytes = b"NOTSET",
        ceil_mode: int = 0,
        dilations: Any = (1, 1),
        storage_order: int = 0,
        count_include_pad: int = 0,
    ) -> Any:
        pad = _even(pads, auto_pad)
        if ceil_mode or any(step != 1 for step in dilations) or (any(pad) and count_include_pad != counted):
            raise Missing
        return pooled(x, size=_pair(kernel_shape), stride=_pair(strides), pad=pad)

    return operator


def _batch_norm(
    x: Any,
    scale: Any,
    shift: Any,
    mean: Any,
    var: Any,
    *,
    epsilon: float = 1e-5,
    momentum: float = 0.9,
    training_mode: int = 0,
) -> Any:
    if training_mode:
        raise Missing
    shape = (1, -1) + (1,) * (np.ndim(x) - 2)
    mean, var, scale, shift = (np.reshape(value, shape) for value in (mean, var, scale, shift))
    return (x - mean) / np.sqrt(var + np.float32(epsilon)) * scale + shift


def _layer_norm(
    x: Any, scale: Any, shift: Any = None, *, axis: int = -1, epsilon: float = 1e-5, stash_type: int = 1
) -> Any:
    first = axis % np.ndim(x) - np.ndim(x)
    shift = np.zeros(np.shape(scale), np.float32) if shift is None else shift
    return nn.layer_norm(x, scale, shift, axis=-1 if first == -1 else tuple(range(first, 0)), eps=epsilon)


def _reduced(reduce: Callable[..., Any]) -> Callable[..., Any]:
    def operator(
        x: Any, given: Any = None, *, axes: Any = None, keepdims: int = 1, noop_with_empty_axes: int = 0
    ) -> Any:
        chosen = axes_of(given, axes)
        if chosen is None and noop_with_empty_axes:
            return x
        return reduce(x, axis=chosen, keepdims=bool(keepdims))

    return operator


def _cross_entropy(
    x: Any, t: Any, weight: Any = None, *, reduction: bytes = b"mean", ignore_index: int | None = None
) -> Any:
    if weight is not None or ignore_index is not None or reduction != b"mean" or np.ndim(x) != 2:
        raise Missing
    return nn.softmax_cross_entropy(x, numbers(t))


def _power(x: Any, y: Any) -> Any:
    return x ** (float(numbers(y)) if np.ndim(y) == 0 and numbers(y) is not None else y)


def _clip(x: Any, low: Any = None, high: Any = None, *, min: float | None = None, max: float | None = None) -> Any:
    return np.clip(x, min if low is None else numbers(low), max if high is None else numbers(high))


def _all(two: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    def operator(first: Any, *others: Any) -> Any:
        for other in others:
            first = two(first, other)
        return first

    return operator


OPERATORS: Mapping[str, Callable[..., Any]] = {
    "Abs": lambda x: np.abs(x),
    "Add": lambda x, y: x + y,
    "AveragePool": _pool(nn.average_pool2d, 1),
    "BatchNormalization": _batch_norm,
    "Ceil": lambda x: np.ceil(x),
    "Clip": _clip,
    "Conv": _conv,
    "Cos": lambda x: np.cos(x),
    "Div": lambda x, y: x / y,
    "Dropout": lambda x, *_, seed=0: x,
    "Erf": lambda x: ops.OPERATIONS["erf"](x),
    "Exp": lambda x: np.exp(x),
    "Floor": lambda x: np.floor(x),
    "Gelu": lambda x, *, approximate=b"none": nn.gelu(x, approximate=approximate == b"tanh"),
    "Gemm": _gemm,
    "GlobalAveragePool": lambda x: np.mean(x, axis=tuple(range(2, np.ndim(x))), keepdims=True),
    "Identity": lambda x: x,
    "LayerNormalization": _layer_norm,
    "LeakyRelu": lambda x, *, alpha=0.01: nn.leaky_relu(x, slope=alpha),
    "Log": lambda x: np.log(x),
    "LogSoftmax": lambda x, *, axis=-1: nn.log_softmax(x, axis=axis),
    "MatMul": lambda x, y: x @ y,
    "Max": _all(lambda x, y: np.maximum(x, y)),
    "MaxPool": _pool(nn.max_pool2d, 0),
    "Mean": lambda *xs: _all(lambda x, y: x + y)(*xs) / len(xs),
    "Min": _all(lambda x, y: np.minimum(x, y)),
    "Mul": lambda x, y: x * y,
    "Neg": lambda x: -x,
    "Pow": _power,
    "Reciprocal": lambda x: 1.0 / x,
    "ReduceMax": _reduced(np.max),
    "ReduceMean": _reduced(np.mean),
    "ReduceMin": _reduced(np.min),
    "ReduceProd": _reduced(np.prod),
    "ReduceSum": _reduced(np.sum),
    "Relu": lambda x: nn.relu(x),
    "Sigmoid": lambda x: nn.sigmoid(x),
    "Sign": lambda x: np.sign(x),
    "Sin": lambda x: np.sin(x),
    "Softmax": lambda x, *, axis=-1: nn.softmax(x, axis=axis),
    "SoftmaxCrossEntropyLoss": _cross_entropy,
    "Softplus": lambda x: nn.softplus(x),
    "Sqrt": lambda x: np.sqrt(x),
    "Sub": lambda x, y: x - y,
    "Sum": _all(lambda x, y: x + y),
    "Tanh": lambda x: np.tanh(x),
    "Where": lambda c, x, y: np.where(numbers(c), x, y),
    **SHAPING,
}
"""By the name of the operator. Dropout does nothing: a file computes predictions."""
