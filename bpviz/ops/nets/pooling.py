"""Pooling of images: the largest or the mean of every window. Images are (N, C, H, W)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bpviz.lazy import LazyModule
from bpviz.ops.nets.convolution import col2im, im2col, padded, pair, windows_of
from bpviz.ops.primitives.reductions import mean
from bpviz.ops.primitives.selection import where
from bpviz.ops.primitives.shaping import broadcast_to, reshape, transpose
from bpviz.ops.table.registry import operation
from bpviz.ops.table.row import Case, Operation
from bpviz.ops.table.values import Shape, shape_of

__all__ = ["average_pool2d", "first_largest", "max_pool2d", "max_unpool2d", "pick_largest", "picked_at_largest"]

np: Any = LazyModule("numpy")

_CASES = (
    Case(((2, 2, 4, 4),), typical=True),
    Case(((1, 2, 5, 4),), {"size": (3, 2), "stride": 1}),
    Case(((1, 1, 4, 3),), {"size": 3, "stride": 2, "pad": 1}),
)


def _step(size: Any, stride: Any) -> tuple[int, int]:
    return pair(size if stride is None else stride)


def _shape(x: Shape, size: Any = 2, stride: Any = None, pad: Any = 0) -> Shape:
    return (*x[:2], *windows_of(x, size, _step(size, stride), pad))


def _views(images: Any, size: Any, stride: Any, out: tuple[int, ...]) -> Iterator[Any]:
    """Yield, for each place in a window, the pixels of all windows at that place."""
    (high, wide), (down, right) = pair(size), _step(size, stride)
    for i in range(high):
        for j in range(wide):
            yield images[:, :, i : i + down * out[0] : down, j : j + right * out[1] : right]


def _max_pool2d(x: Any, size: Any = 2, stride: Any = None, pad: Any = 0) -> Any:
    out = _shape(np.shape(x), size, stride, pad)[2:]
    views = _views(padded(x, pad, -np.inf), size, stride, out)
    z = next(views).copy()
    for view in views:
        np.maximum(z, view, out=z)
    return z


def _hits(x: Any, size: Any, stride: Any, pad: Any) -> Iterator[Any]:
    """Yield, for each place in a window, whether the window's (first) largest pixel lies there."""
    z = _max_pool2d(x, size, stride, pad)
    free = np.ones(z.shape, bool)
    for view in _views(padded(x, pad, -np.inf), size, stride, z.shape[2:]):
        hit = (view == z) & free
        free &= ~hit
        yield hit


def _max_unpool2d(v: Any, x: Any, size: Any = 2, stride: Any = None, pad: Any = 0) -> Any:
    v = np.asarray(v)
    n, c, height, width = np.shape(x)
    above, beside = pair(pad)
    made = np.zeros((n, c, height + 2 * above, width + 2 * beside), v.dtype if v.dtype.kind == "f" else np.float64)
    for view, hit in zip(_views(made, size, stride, v.shape[2:]), _hits(x, size, stride, pad), strict=True):
        np.add(view, v, out=view, where=hit)
    return made[:, :, above : above + height, beside : beside + width]


def _picked(v: Any, x: Any, size: Any = 2, stride: Any = None, pad: Any = 0) -> Any:
    images = padded(v, pad)
    made = np.zeros(_shape(np.shape(x), size, stride, pad), images.dtype)
    for view, hit in zip(_views(images, size, stride, made.shape[2:]), _hits(x, size, stride, pad), strict=True):
        np.copyto(made, view, where=hit)
    return made


max_unpool2d: Operation = operation(
    "max_unpool2d",
    "unpool",
    "v x",
    forward=_max_unpool2d,
    vjp=(lambda g, z, v, x, **parameters: picked_at_largest(g, x, **parameters), None),
    parameters={"size": 2, "stride": None, "pad": 0},
    says="Puts each number where its window of x has its largest pixel.",
    notation="unpool({v})",
    opaque=True,
    shape=lambda v, x, **parameters: x,
    cases=(
        Case(((2, 2, 2, 2), (2, 2, 4, 4))),
        Case(((1, 2, 3, 3), (1, 2, 5, 4)), {"size": (3, 2), "stride": 1}),
        Case(((1, 1, 2, 2), (1, 1, 4, 3)), {"size": 3, "stride": 2, "pad": 1}),
    ),
)

picked_at_largest: Operation = operation(
    "picked_at_largest",
    "at max",
    "v x",
    forward=_picked,
    vjp=(lambda g, z, v, x, **parameters: max_unpool2d(g, x, **parameters), None),
    parameters={"size": 2, "stride": None, "pad": 0},
    says="Takes the number that lies where the window of x has its largest pixel.",
    notation="pick({v})",
    opaque=True,
    shape=lambda v, x, **parameters: _shape(x, **parameters),
    cases=tuple(Case(case.shapes * 2, case.parameters) for case in _CASES),
)

first_largest = operation(
    "first_largest",
    "is max",
    "x",
    # One for each element of the row; exactly one of them is True.
    forward=lambda x: np.arange(np.shape(x)[-1]) == np.argmax(x, axis=-1)[..., None],
    vjp=(None,),
    says="True at the first of the largest of a row; a decision carries no gradient.",
    notation="first max({x})",
    opaque=True,
    shape=lambda x: x,
    cases=(Case(((2, 3),)),),
)


def _pick_largest_rule(g: Any, z: Any, x: Any) -> Any:
    return where(first_largest(x), reshape(g, shape=(*shape_of(g), 1)), 0.0)


pick_largest = operation(
    "pick_largest",
    "max",
    "x",
    forward=lambda x: np.max(x, axis=-1),
    vjp=(_pick_largest_rule,),
    says="The gradient goes to the largest of the row.",
    notation="max({x})",
    reduces="last",
    over_axes="max{axes}({x})",
    word="max",
    shape=lambda x: x[:-1],
    cases=(Case(((2, 3),)), Case(((3,),))),
    convention="of equals the first one gets it all, as in PyTorch's pooling",
)


def _rows(x: Any, size: Any, stride: Any, pad: Any) -> Any:
    """Return every window of every channel as a row."""
    high, wide = pair(size)
    return reshape(im2col(x, size=size, stride=_step(size, stride), pad=pad), shape=(-1, high * wide))


def _as_images(pooled: Any, x: Any, size: Any, stride: Any, pad: Any) -> Any:
    n, c, *out = _shape(shape_of(x), size, stride, pad)
    return transpose(reshape(pooled, shape=(n, *out, c)), axes=(0, 3, 1, 2))


def _max_pool2d_inside(x: Any, size: Any = 2, stride: Any = None, pad: Any = 0) -> Any:
    rows = _rows(x, size, stride, pad)
    if any(pair(pad)):
        # The border holds no pixels: it is never the largest.
        rows = where(_rows(np.ones(shape_of(x)), size, stride, pad), rows, -np.inf)
    return _as_images(pick_largest(rows), x, size, stride, pad)


max_pool2d = operation(
    "max_pool2d",
    "MaxPool",
    "x",
    forward=_max_pool2d,
    vjp=(lambda g, z, x, **parameters: max_unpool2d(g, x, **parameters),),
    parameters={"size": 2, "stride": None, "pad": 0},
    says="The gradient of a window goes to its largest pixel.",
    notation="maxpool({x})",
    shape=_shape,
    cases=_CASES,
    convention="of equal pixels the first one gets it all, as in PyTorch",
    inside=_max_pool2d_inside,
)


def _average_pool2d(x: Any, size: Any = 2, stride: Any = None, pad: Any = 0) -> Any:
    out = _shape(np.shape(x), size, stride, pad)[2:]
    views = _views(padded(x, pad), size, stride, out)
    z = next(views).copy() + 0.0
    for view in views:
        z += view
    z /= pair(size)[0] * pair(size)[1]
    return z


def _average_pool2d_rule(g: Any, z: Any, x: Any, size: Any = 2, stride: Any = None, pad: Any = 0) -> Any:
    high, wide = pair(size)
    n, c, down, right = shape_of(g)
    share = transpose(g / (high * wide), axes=(0, 2, 3, 1))
    rows = broadcast_to(reshape(share, shape=(n * down * right, c, 1)), shape=(n * down * right, c, high * wide))
    rows = reshape(rows, shape=(n * down * right, c * high * wide))
    return col2im(rows, shape=shape_of(x), size=size, stride=_step(size, stride), pad=pad)


def _average_pool2d_inside(x: Any, size: Any = 2, stride: Any = None, pad: Any = 0) -> Any:
    return _as_images(mean(_rows(x, size, stride, pad), axis=-1), x, size, stride, pad)


average_pool2d = operation(
    "average_pool2d",
    "AvgPool",
    "x",
    forward=_average_pool2d,
    vjp=(_average_pool2d_rule,),
    parameters={"size": 2, "stride": None, "pad": 0},
    says="Every pixel of a window gets the same share of its gradient; a border of zeros counts as pixels.",
    notation="avgpool({x})",
    shape=_shape,
    cases=_CASES,
    inside=_average_pool2d_inside,
)
