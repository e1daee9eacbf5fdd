"""Convolution of images as one matrix product: im2col lays every window out as a row, col2im adds the rows back.

Images are (N, C, H, W): how many, channels, height, width. Sizes, strides and paddings are one number or (down, right).
"""

from __future__ import annotations

from typing import Any

from bpviz.errors import UsageError
from bpviz.lazy import LazyModule
from bpviz.ops.primitives.assumptions import called
from bpviz.ops.primitives.reductions import sum_
from bpviz.ops.primitives.shaping import reshape, transpose
from bpviz.ops.table.registry import operation
from bpviz.ops.table.row import REQUIRED, Case, Operation
from bpviz.ops.table.values import Shape, is_whole_number, shape_of

__all__ = ["col2im", "conv2d", "im2col", "padded", "pair", "windows_of"]

np: Any = LazyModule("numpy")


def pair(value: Any) -> tuple[int, int]:
    """Return ``value`` as (down, right); one number stands for both directions.

    >>> pair(2), pair((1, 3))
    ((2, 2), (1, 3))
    """
    down, right = (value, value) if is_whole_number(value) else value
    return int(down), int(right)


def windows_of(x: Shape, size: Any, stride: Any, pad: Any) -> tuple[int, int]:
    """Return how many windows fit, down and right.

    >>> windows_of((1, 3, 7, 7), size=5, stride=1, pad=0), windows_of((1, 1, 28, 28), size=2, stride=2, pad=0)
    ((3, 3), (14, 14))

    Raises `ValueError` when ``x`` is not a batch of images, or when no window fits.
    """
    if len(x) != 4:
        raise UsageError(f"images are (N, C, H, W), but the shape is {x}; reshape them first")
    (high, wide), (down, right), (above, beside) = pair(size), pair(stride), pair(pad)
    rows, columns = x[2] + 2 * above - high, x[3] + 2 * beside - wide
    if rows < 0 or columns < 0:
        raise UsageError(f"a window of {high} × {wide} does not fit into images of {x[2]} × {x[3]} (pad {pad})")
    return rows // down + 1, columns // right + 1


def padded(x: Any, pad: Any, fill: float = 0.0) -> Any:
    """Return the images with a border of ``fill`` around them.

    >>> padded([[[[1.0]]]], 1)[0, 0]
    array([[0., 0., 0.], [0., 1., 0.], [0., 0., 0.]])
    """
    x = np.asarray(x)
    above, beside = pair(pad)
    if not above and not beside:
        return x
    n, c, high, wide = x.shape
    dtype = x.dtype if x.dtype.kind == "f" else np.float64
    made = np.full((n, c, high + 2 * above, wide + 2 * beside), fill, dtype)
    made[:, :, above : above + high, beside : beside + wide] = x
    return made


def _im2col(x: Any, size: Any, stride: Any = 1, pad: Any = 0) -> Any:
    out = windows_of(np.shape(x), size, stride, pad)
    down, right = pair(stride)
    windows = np.lib.stride_tricks.sliding_window_view(padded(x, pad), pair(size), axis=(2, 3))[:, :, ::down, ::right]
    # Every row is one window: its channels, its rows, its columns.
    return windows.transpose(0, 2, 3, 1, 4, 5).reshape(np.shape(x)[0] * out[0] * out[1], -1)


def _im2col_shape(x: Shape, size: Any, stride: Any = 1, pad: Any = 0) -> Shape:
    out, (high, wide) = windows_of(x, size, stride, pad), pair(size)
    return (x[0] * out[0] * out[1], x[1] * high * wide)


def _col2im(x: Any, shape: Shape, size: Any, stride: Any = 1, pad: Any = 0) -> Any:
    n, c, height, width = shape
    out, (high, wide), (down, right), (above, beside) = (
        windows_of(shape, size, stride, pad),
        pair(size),
        pair(stride),
        pair(pad),
    )
    windows = np.asarray(x).reshape(n, *out, c, high, wide).transpose(0, 3, 4, 5, 1, 2)
    made = np.zeros((n, c, height + 2 * above, width + 2 * beside), windows.dtype)
    for i in range(high):
        for j in range(wide):
            made[:, :, i : i + down * out[0] : down, j : j + right * out[1] : right] += windows[:, :, i, j]
    return made[:, :, above : above + height, beside : beside + width]


im2col = operation(
    "im2col",
    "im2col",
    "x",
    forward=_im2col,
    vjp=(lambda g, z, x, size, stride=1, pad=0: col2im(g, shape=shape_of(x), size=size, stride=stride, pad=pad),),
    parameters={"size": REQUIRED, "stride": 1, "pad": 0},
    says="Lays every window out as a row; the gradients of a pixel add up over the windows that it lies in.",
    notation="im2col({x})",
    opaque=True,
    shape=_im2col_shape,
    cases=(
        Case(((2, 2, 3, 4),), {"size": 2}),
        Case(((1, 2, 4, 4),), {"size": (3, 2), "stride": (2, 1), "pad": (1, 0)}),
    ),
)

col2im: Operation = operation(
    "col2im",
    "col2im",
    "x",
    forward=_col2im,
    vjp=(lambda g, z, x, shape, size, stride=1, pad=0: im2col(g, size=size, stride=stride, pad=pad),),
    parameters={"shape": REQUIRED, "size": REQUIRED, "stride": 1, "pad": 0},
    says="Adds every row back at the place of its window.",
    notation="col2im({x})",
    opaque=True,
    shape=lambda x, shape, size, stride=1, pad=0: tuple(shape),
    cases=(
        Case(((12, 8),), {"shape": (2, 2, 3, 4), "size": 2}),
        Case(((6, 12),), {"shape": (1, 2, 4, 4), "size": (3, 2), "stride": (2, 1), "pad": (1, 0)}),
    ),
)


def _conv2d_shape(x: Shape, W: Shape, b: Shape, stride: Any = 1, pad: Any = 0) -> Shape:
    return (x[0], W[0], *windows_of(x, W[2:], stride, pad))


def _conv2d(x: Any, W: Any, b: Any, stride: Any = 1, pad: Any = 0) -> Any:
    shape, filters = shape_of(x), shape_of(W)
    if len(filters) != 4 or len(shape) != 4 or shape[1] != filters[1]:
        raise UsageError(
            "conv2d takes images (N, C, H, W) and filters (F, C, FH, FW) with as many channels, "
            f"but got shapes {shape} and {filters}"
        )
    rows = im2col(x, size=filters[2:], stride=stride, pad=pad)
    product = rows @ reshape(W, shape=(filters[0], -1)).T + b
    n, _, *out = _conv2d_shape(shape, filters, (), stride, pad)
    return transpose(reshape(product, shape=(n, *out, filters[0])), axes=(0, 3, 1, 2))


def _as_rows(g: Any) -> Any:
    """Return the gradient as a matrix: one row per window, one column per filter; a formula calls it G."""
    return called(reshape(transpose(g, axes=(0, 2, 3, 1)), shape=(-1, shape_of(g)[1])), "G")


def _conv2d_x(g: Any, z: Any, x: Any, W: Any, b: Any, stride: Any = 1, pad: Any = 0) -> Any:
    rows = _as_rows(g) @ called(reshape(W, shape=(shape_of(W)[0], -1)), "V")
    return col2im(rows, shape=shape_of(x), size=shape_of(W)[2:], stride=stride, pad=pad)


def _conv2d_W(g: Any, z: Any, x: Any, W: Any, b: Any, stride: Any = 1, pad: Any = 0) -> Any:
    rows = im2col(x, size=shape_of(W)[2:], stride=stride, pad=pad)
    return reshape(_as_rows(g).T @ rows, shape=shape_of(W))


conv2d = operation(
    "conv2d",
    "Conv",
    "x W b",
    # The same code computes with numbers and records the steps inside.
    forward=_conv2d,
    vjp=(
        _conv2d_x,
        _conv2d_W,
        lambda g, z, x, W, b, stride=1, pad=0: sum_(g, axis=(0, 2, 3)) if shape_of(b) else sum_(g),
    ),
    parameters={"stride": 1, "pad": 0},
    says="As for the affine layer. With a row for every window in G (of g) and for every filter in V (of W): "
    "col2im(G·V) goes to x, Gᵀ·im2col(x) to W, the sum of g to b.",
    notation="conv({x}, {W}) + {b}",
    shape=_conv2d_shape,
    cases=(
        Case(((2, 2, 4, 4), (3, 2, 2, 2), (3,)), typical=True),
        Case(((1, 2, 5, 4), (2, 2, 3, 2), (2,)), {"stride": 2, "pad": 1}),
        Case(((2, 1, 3, 3), (2, 1, 3, 3), ()), {"pad": (1, 0)}),
    ),
    reference="Saito, Deep Learning from Scratch, chapter 7",
    inside=_conv2d,
)
