"""PyTorch's layers and losses in our own operations, where these compute the same (as `mapping` has the rest)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bpviz.lazy import LazyModule
from bpviz.sources.torch.rows.mapping import Constant, Entry, Mapped, axis_of
from bpviz.sources.torch.tensors.drafts import Slot, StepDraft
from bpviz.sources.torch.tensors.numbers import array_of

__all__ = ["mapped_layers"]

np: Any = LazyModule("numpy")
torch: Any = LazyModule("torch")


def _linear(draft: Any, x: Slot, weight: Slot, bias: Any = None) -> Mapped | None:
    if weight.ndim != 2:
        return None
    if draft.adapted.get(weight.number) == "t":
        # The weight was turned before, in a step of its own.
        return Mapped("matmul", (x, weight)) if bias is None else Mapped("affine", (x, weight, bias))
    return Mapped("linear_without_bias", (x, weight)) if bias is None else Mapped("linear", (x, weight, bias))


def _addmm(draft: Any, bias: Slot, x: Slot, weight: Slot, *, beta: Any = 1, alpha: Any = 1) -> Mapped | None:
    return Mapped("affine", (x, weight, bias)) if beta == alpha == 1 else None


def _activation(row: str) -> Entry:
    return lambda draft, x, inplace=False: Mapped(row, (x,))


def _leaky_relu(draft: Any, x: Slot, negative_slope: float = 0.01, inplace: bool = False) -> Mapped:
    return Mapped("leaky_relu", (x,), {"slope": float(negative_slope)})


def _softplus(draft: Any, x: Slot, beta: float = 1, threshold: float = 20) -> Mapped | None:
    return Mapped("softplus", (x,)) if beta == 1 else None


def _gelu(draft: Any, x: Slot, approximate: str = "none") -> Mapped:
    return Mapped("gelu", (x,), {"approximate": approximate == "tanh"})


def _softmax(row: str) -> Entry:
    def entry(draft: Any, x: Slot, dim: Any = None, _stacklevel: int = 3, dtype: Any = None) -> Mapped | None:
        if dim is None or dtype not in (None, x.dtype):
            return None
        return Mapped(row, (x,), {"axis": axis_of(dim, x)})

    return entry


def _pair(value: Any) -> Any:
    return value if isinstance(value, int) else tuple(int(part) for part in value)


def _is_one(value: Any) -> bool:
    return bool(np.all(np.asarray(value) == 1))


def _conv2d(
    draft: Any,
    x: Slot,
    weight: Slot,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Mapped | None:
    if isinstance(padding, str) or groups != 1 or not _is_one(dilation) or x.ndim != 4 or bias is None:
        return None
    return Mapped("conv2d", (x, weight, bias), {"stride": _pair(stride), "pad": _pair(padding)})


def _max_pool2d(
    draft: Any, x: Slot, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1,
    ceil_mode: bool = False, return_indices: bool = False,
) -> Mapped | None:  # fmt: skip
    if ceil_mode or return_indices or not _is_one(dilation) or x.ndim != 4 or not _is_zero(padding):
        return None
    return Mapped("max_pool2d", (x,), {"size": _pair(kernel_size), "stride": _stride(stride)})


def _avg_pool2d(
    draft: Any, x: Slot, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
    count_include_pad: bool = True, divisor_override: Any = None,
) -> Mapped | None:  # fmt: skip
    if ceil_mode or divisor_override is not None or x.ndim != 4 or not _is_zero(padding):
        return None
    return Mapped("average_pool2d", (x,), {"size": _pair(kernel_size), "stride": _stride(stride)})


def _is_zero(value: Any) -> bool:
    return bool(np.all(np.asarray(value) == 0))


def _stride(value: Any) -> Any:
    return None if value is None or value == [] else _pair(value)


def _adaptive_avg_pool2d(draft: Any, x: Slot, output_size: Any) -> Mapped | None:
    if not _is_one(output_size) or x.ndim != 4:
        return None
    return Mapped("mean", (x,), {"axis": (2, 3), "keepdims": True})


def _layer_norm(
    draft: Any, x: Slot, normalized_shape: Any, weight: Any = None, bias: Any = None, eps: float = 1e-5
) -> Mapped | None:
    if weight is None or bias is None:
        return None
    axes = -1 if len(normalized_shape) == 1 else tuple(range(-len(normalized_shape), 0))
    return Mapped("layer_norm", (x, weight, bias), {"axis": axes, "eps": float(eps)})


def _batch_norm(
    draft: Any, x: Slot, running_mean: Any, running_var: Any, weight: Any = None, bias: Any = None,
    training: bool = False, momentum: Any = 0.1, eps: float = 1e-5,
) -> Mapped | None:  # fmt: skip
    if not training or weight is None or bias is None or x.ndim != 2:
        return None
    return Mapped("batch_norm", (x, weight, bias), {"axis": 0, "eps": float(eps)})


def _dropout(draft: StepDraft, x: Slot, p: float = 0.5, training: bool = True, inplace: bool = False) -> Mapped | None:
    if draft.called.random is None or not 0 < p < 1 or not training:
        return None
    with torch.random.fork_rng(devices=[]):
        torch.set_rng_state(draft.called.random)
        # The same random numbers, on ones.
        ones = torch.empty_strided(x.shape, x.stride, dtype=x.dtype).fill_(1)
        kept = torch.nn.functional.dropout(ones, p, True) != 0
    return Mapped("dropout", (x, Constant(array_of(kept), "mask")), {"rate": float(p)})


def _embedding(
    draft: Any, ids: Slot, weight: Slot, padding_idx: Any = None, max_norm: Any = None, norm_type: float = 2.0,
    scale_grad_by_freq: bool = False, sparse: bool = False,
) -> Mapped | None:  # fmt: skip
    if padding_idx is not None or max_norm is not None or scale_grad_by_freq:
        return None
    return Mapped("embedding", (weight, ids))


def _attention(
    draft: Any, q: Slot, k: Slot, v: Slot, attn_mask: Any = None, dropout_p: float = 0.0, is_causal: bool = False,
    *, scale: Any = None, enable_gqa: bool = False,
) -> Mapped | None:  # fmt: skip
    if dropout_p or scale is not None or enable_gqa:
        return None
    if attn_mask is not None and attn_mask.dtype is not torch.bool:
        return None
    return Mapped("attention", (q, k, v) if attn_mask is None else (q, k, v, attn_mask), {"causal": bool(is_causal)})


def _mean_of(row: str) -> Entry:
    """Return the entry of a loss that is the mean over all elements."""

    def entry(
        draft: Any, x: Slot, t: Slot, weight: Any = None, size_average: Any = None, reduce: Any = None,
        reduction: str = "mean", pos_weight: Any = None,
    ) -> Mapped | None:  # fmt: skip
        plain = weight is None and pos_weight is None and size_average is None and reduce is None
        return Mapped(row, (x, t)) if plain and reduction == "mean" and x.shape == t.shape else None

    return entry


def _mse(
    draft: Any,
    x: Slot,
    t: Slot,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
    weight: Any = None,
) -> Mapped | None:
    return _mean_of("mean_squared_error")(draft, x, t, weight, size_average, reduce, reduction)


def _cross_entropy(
    draft: StepDraft, x: Slot, t: Slot, weight: Any = None, size_average: Any = None, ignore_index: int = -100,
    reduce: Any = None, reduction: str = "mean", label_smoothing: float = 0.0,
) -> Mapped | None:  # fmt: skip
    if weight is not None or size_average is not None or reduce is not None or reduction != "mean" or label_smoothing:
        return None
    if x.ndim != 2 or t.dtype.is_floating_point or not _all_counted(draft, t, ignore_index):
        return None
    return Mapped("softmax_cross_entropy", (x, t))


def _all_counted(draft: StepDraft, t: Slot, ignored: int) -> bool:
    """Return whether no example is left out of the mean."""
    return not bool(np.any(np.asarray(draft.operands[t.number].numbers) == ignored))


def _flip(draft: Any, x: Slot, *dims: Any) -> Mapped:
    axes: Sequence[Any] = dims[0] if len(dims) == 1 and isinstance(dims[0], tuple | list) else dims
    return Mapped("flip", (x,), {"axis": axis_of(tuple(axes), x)})


mapped_layers: dict[str, Entry] = {
    "linear": _linear, "addmm": _addmm, "conv2d": _conv2d,
    "relu": _activation("relu"), "sigmoid": _activation("sigmoid"), "tanh": _activation("tanh"),
    "logsigmoid": _activation("log_sigmoid"), "log_sigmoid": _activation("log_sigmoid"),
    "leaky_relu": _leaky_relu, "softplus": _softplus, "gelu": _gelu,
    "softmax": _softmax("softmax"), "log_softmax": _softmax("log_softmax"),
    "max_pool2d": _max_pool2d, "boolean_dispatch": _max_pool2d, "avg_pool2d": _avg_pool2d,
    "adaptive_avg_pool2d": _adaptive_avg_pool2d, "layer_norm": _layer_norm, "batch_norm": _batch_norm,
    "dropout": _dropout, "embedding": _embedding, "scaled_dot_product_attention": _attention,
    "mse_loss": _mse, "binary_cross_entropy_with_logits": _mean_of("sigmoid_cross_entropy"),
    "cross_entropy": _cross_entropy, "flip": _flip,
}  # fmt: skip
"""Layers, activations and losses."""
