"""Functions of NumPy that are made of several rows: the values of NumPy, and gradients that differences confirm."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from amounts import some
from at_once import at_once
from differences import assert_gradient

import bpviz
from bpviz.ops.table.registry import COMPOSITES

X = np.array([[0.3, -1.2, 2.0], [0.7, 0.1, -0.4]])
SQUARE = np.array([[2.0, 0.5, -1.0], [0.3, 1.5, 0.2], [-0.4, 0.6, 3.0]])
BATCH = np.arange(24.0).reshape(2, 3, 4) / 7 - 1.3
LINE = np.array([0.4, -1.0, 2.5, 0.9, 1.1])


def after(write: Callable[..., Any]) -> Callable[..., Any]:
    """The function that writes into a copy of its first argument, and returns that copy."""

    def function(x: Any, *others: Any) -> Any:
        made = x.copy()
        assert write(made, *others) is None
        return made

    return function


COMPOSITIONS: dict[str, list[tuple[Callable[..., Any], tuple[Any, ...]]]] = {
    "append": [(lambda x, y: np.append(x, y), (X, LINE)), (lambda x, y: np.append(x, y, axis=1), (X, X))],
    "array_split": [(lambda x: np.array_split(x, 2)[1], (LINE,)), (lambda x: np.array_split(x, [1, 3])[1], (LINE,))],
    "atleast_1d": [(lambda x: np.atleast_1d(x), (2.0,)), (lambda x, y: np.atleast_1d(x, y)[1], (2.0, LINE))],
    "atleast_2d": [(lambda x: np.atleast_2d(x), (LINE,)), (lambda x: np.atleast_2d(x) * 1.0, (X,))],
    "atleast_3d": [(lambda x: np.atleast_3d(x), (LINE,)), (lambda x: np.atleast_3d(x), (X,))],
    "average": [
        (lambda x: np.average(x), (X,)),
        (lambda x, w: np.average(x, weights=w), (LINE, LINE**2)),
        (lambda x, w: np.average(x, axis=1, weights=w, keepdims=True), (X, np.array([1.0, 2.0, 0.5]))),
        (lambda x: np.average(x, axis=0, weights=[1.0, 3.0]), (X,)),
    ],
    "allclose": [(lambda x, y: np.allclose(x, y) * 1.0, (X, X)), (lambda x: np.allclose(x, x + 1) * 1.0, (X,))],
    "block": [
        (lambda x, y: np.block([[x, y], [y, x]]), (X, X**2)),
        (lambda x, y: np.block([x, y, 2.0]), (LINE, LINE)),
        (lambda x: np.block([[x, np.ones((2, 1))], [np.zeros(4)]]), (X,)),
        (lambda x: np.block(x) * 1.0, (X,)),
    ],
    "broadcast_arrays": [(lambda x, y: sum(np.broadcast_arrays(x, y)), (X, np.array([1.0, 2.0, 3.0])))],
    "column_stack": [(lambda x, y: np.column_stack([x, y]), (LINE, X.reshape(3, 2).repeat(2, 0)[:5]))],
    "compress": [(lambda x: np.compress([True, False, True], x, axis=1), (X,))],
    "convolve": [(lambda x, y, m=m: np.convolve(x, y, m), (LINE, X[0])) for m in ("full", "same", "valid")]
    + [(lambda x, y: np.convolve(x, y, "same"), (X[0, :2], LINE))],
    "copy": [(lambda x: np.copy(x) * 2, (X,))],
    "copysign": [
        (lambda x, y: np.copysign(x, y), (LINE, -LINE[::-1])),
        (lambda x: np.copysign(x, 2.0), (X,)),
        (lambda x: np.copysign(3.0, x) * x, (X,)),
    ],
    "corrcoef": [
        (lambda x: np.corrcoef(x), (SQUARE,)),
        (lambda x, y: np.corrcoef(x, y), (LINE, LINE**2)),
        (lambda x: np.corrcoef(x, rowvar=False), (SQUARE,)),
    ],
    "correlate": [(lambda x, y, m=m: np.correlate(x, y, m), (LINE, X[0])) for m in ("full", "same", "valid")]
    + [(lambda x, y: np.correlate(x, y, "full"), (X[0], LINE))],
    "cov": [
        (lambda x: np.cov(x), (X,)),
        (lambda x: np.cov(x), (LINE,)),
        (lambda x, y: np.cov(x, y, ddof=0), (X, X**2)),
        (lambda x: np.cov(x, rowvar=False, bias=True), (SQUARE,)),
    ],
    "delete": [(lambda x: np.delete(x, [0, 2]), (LINE,)), (lambda x: np.delete(x, 1, axis=1), (X,))],
    "diagonal": [
        (lambda x: np.diagonal(x, 1), (SQUARE,)),
        (lambda x: np.diagonal(x, offset=-1, axis1=1, axis2=2), (BATCH,)),
        (lambda x: x.diagonal(axis1=1, axis2=0), (SQUARE,)),
    ],
    "diff": [
        (lambda x: np.diff(x), (LINE,)),
        (lambda x: np.diff(x, 2, axis=0), (SQUARE,)),
        (lambda x: np.diff(x, prepend=0.0, append=x[-1:]), (LINE,)),
    ],
    "digitize": [
        (lambda x: x * np.digitize(x, [-1.0, 0.5, 1.0]), (X,)),
        (lambda x: x * np.digitize(x, [-0.9, 0.5], right=True), (LINE,)),
    ],
    "dot": [(lambda x, y: np.dot(x, y), (X, X.T)), (lambda x: x.dot(2.0), (X,))],
    "dsplit": [(lambda x: np.dsplit(x, 2)[1], (BATCH,))],
    "dstack": [(lambda x, y: np.dstack([x, y]), (X, X))],
    "expand_dims": [(lambda x: np.expand_dims(x, (0, -1)), (LINE,))],
    "fliplr": [(lambda x: np.fliplr(x), (X,))],
    "flipud": [(lambda x: np.flipud(x), (X,))],
    "full_like": [(lambda x: np.full_like(x, 2.0) * x, (X,)), (lambda x, y: np.full_like(x, y), (X, 3.0))],
    "hsplit": [(lambda x: np.hsplit(x, 3)[1], (X,)), (lambda x: np.hsplit(x, [2])[0], (LINE,))],
    "hstack": [(lambda x, y: np.hstack([x, y]), (LINE, 2.0)), (lambda x, y: np.hstack((x, y)), (X, X))],
    "inner": [(lambda x, y: np.inner(x, y), (LINE, LINE)), (lambda x, y: np.inner(x, y), (X, SQUARE))],
    "isclose": [
        (lambda x, y: np.isclose(x, y, atol=0.01) * x, (X, X + np.array([0.0, 0.005, 0.1]))),
        (lambda x: np.isclose(x, [np.inf, np.nan], equal_nan=True) * 1.0, (np.array([np.inf, np.nan]),)),
    ],
    "kron": [(lambda x, y: np.kron(x, y), (X, SQUARE))],
    "linspace": [
        (lambda x, y: np.linspace(x, y, 5), (0.5, -2.0)),
        (lambda x, y: np.linspace(x, y, num=3, endpoint=False), (X, X**2)),
        (lambda x: np.linspace(x, 1.0, 1), (3.0,)),
    ],
    "linalg.matrix_power": [(lambda x, n=n: np.linalg.matrix_power(x, n) * 1.0, (SQUARE,)) for n in (1, 5, -2)],
    "linalg.matrix_transpose": [(lambda x: np.linalg.matrix_transpose(x), (BATCH,))],
    "linalg.multi_dot": [(lambda x, y: np.linalg.multi_dot([x, y, x]), (SQUARE, SQUARE.T))],
    "linalg.norm": [(lambda x, o=o: np.linalg.norm(x, o), (LINE,)) for o in (None, 1, 2, 3, 0.5, np.inf, -np.inf)]
    + [(lambda x, o=o: np.linalg.norm(x, ord=o, keepdims=True), (SQUARE,)) for o in (None, "fro", 1, -1, np.inf)]
    + [(lambda x, o=o: np.linalg.norm(x, o, axis=1, keepdims=True), (X,)) for o in (None, 1, 2, np.inf)]
    + [(lambda x: np.linalg.norm(x, 1, axis=(2, 0)), (BATCH,))],
    "linalg.slogdet": [
        (lambda x: np.linalg.slogdet(x)[1], (SQUARE,)),
        (lambda x: np.linalg.slogdet(x).sign, (SQUARE,)),
    ],
    "linalg.tensordot": [(lambda x, y: np.linalg.tensordot(x, y, axes=1), (X, SQUARE))],
    "linalg.vecdot": [(lambda x, y: np.linalg.vecdot(x, y), (X, X))],
    "matrix_transpose": [(lambda x: np.matrix_transpose(x), (BATCH,))],
    "median": [
        (lambda x: np.median(x), (LINE,)),
        (lambda x: np.median(x, axis=0, keepdims=True), (X,)),
        (lambda x: np.median(x, keepdims=True), (X,)),
    ],
    "meshgrid": [
        (lambda x, y: np.meshgrid(x, y)[0] * np.meshgrid(x, y)[1], (LINE, X[0])),
        (lambda x, y: np.meshgrid(x, y, indexing="ij")[1], (LINE, X[0])),
        (lambda x, y: np.meshgrid(x, y, sparse=True)[1], (LINE, X[0])),
    ],
    "moveaxis": [(lambda x: np.moveaxis(x, 0, -1), (BATCH,)), (lambda x: np.moveaxis(x, (0, 1), (2, 0)), (BATCH,))],
    "nan_to_num": [(lambda x: np.nan_to_num(x) * 1.0, (np.array([1.0, 2.0]),))],
    "nanmean": [(lambda x: np.nanmean(x, axis=0), (X,))],
    "nansum": [(lambda x: np.nansum(x, axis=1, keepdims=True), (X,))],
    "pad": [
        (lambda x, m=m: np.pad(x, ((1, 2), (2, 0)), m), (SQUARE,)) for m in ("edge", "reflect", "symmetric", "wrap")
    ]
    + [(lambda x: np.pad(x, (1, 2), constant_values=3.0), (X,)), (lambda x: np.pad(x, 1, mode="constant"), (X,))],
    "polyval": [
        (lambda p, x: np.polyval(p, x), (LINE, X)),
        (lambda x: np.polyval([1.0, 0.0, -2.0], x), (1.5,)),
        (lambda p: np.polyval(p, 2.0), (LINE,)),
        (lambda p: np.polyval(p, [1.0, 3.0]), (LINE[:1],)),
    ],
    "ptp": [(lambda x: np.ptp(x, axis=1), (X,))],
    "ravel": [(lambda x: np.ravel(x), (X,)), (lambda x: x.flatten() * 1.0, (LINE,))],
    "rollaxis": [(lambda x: np.rollaxis(x, 2), (BATCH,)), (lambda x: np.rollaxis(x, 0, 3), (BATCH,))],
    "rot90": [(lambda x, k=k: np.rot90(x, k) * 1.0, (X,)) for k in (0, 1, 2, 3)]
    + [(lambda x: np.rot90(x, axes=(1, 2)), (BATCH,))],
    "select": [(lambda x: np.select([x > 1, x > 0], [x**2, 3 * x], default=-1.0), (X,))],
    "split": [(lambda x: np.split(x, 3, axis=1)[2], (X,)), (lambda x: np.split(x, [2])[0], (LINE,))],
    "squeeze": [(lambda x: np.squeeze(x), (X[:, None],)), (lambda x: x.squeeze(axis=1), (X[:, None],))],
    "swapaxes": [(lambda x: np.swapaxes(x, 0, 2), (BATCH,))],
    "take": [
        (lambda x: np.take(x, [3, 0, 3]), (X,)),
        (lambda x: np.take(x, 1, axis=-1), (X,)),
        (lambda x: np.take(x, np.argmax(x, axis=0), axis=0), (SQUARE,)),
    ],
    "take_along_axis": [
        (lambda x: np.take_along_axis(x, np.argsort(x, axis=1), axis=1), (X,)),
        (lambda x: np.take_along_axis(x, np.array([[2], [0]]), 1), (X,)),
    ],
    "tensordot": [
        (lambda x, y: np.tensordot(x, y), (SQUARE, SQUARE)),
        (lambda x, y: np.tensordot(x, y, axes=([0, 2], [1, 0])), (BATCH, BATCH.transpose(2, 0, 1))),
        (lambda x, y: np.tensordot(x, y, 0), (LINE, X)),
    ],
    "trapezoid": [
        (lambda y: np.trapezoid(y), (LINE,)),
        (lambda y, x: np.trapezoid(y, x), (LINE, np.array([0.0, 0.5, 1.5, 1.7, 3.0]))),
        (lambda y: np.trapezoid(y, dx=0.1, axis=0), (SQUARE,)),
        (lambda y, x: np.trapezoid(y, x, axis=1), (BATCH, np.array([0.0, 2.0, 3.0]))),
        (lambda y, x: np.trapezoid(y, x, axis=0), (SQUARE, SQUARE.cumsum(0))),
    ],
    "unstack": [(lambda x: np.unstack(x, axis=1)[2], (X,))],
    "vdot": [(lambda x, y: np.vdot(x, y), (X, X + 1))],
    "vecdot": [(lambda x, y: np.vecdot(x, y), (X, X))],
    "vsplit": [(lambda x: np.vsplit(x, 2)[1], (X,))],
    "apply_along_axis": [
        (lambda x: np.apply_along_axis(lambda line: np.sum(line**2), 0, x), (X,)),
        (lambda x: np.apply_along_axis(np.cumsum, 1, x), (X,)),
        (lambda x: np.apply_along_axis(lambda line, k: line[k:], 0, x, 1), (SQUARE,)),
        (lambda x: np.apply_along_axis(lambda line: np.outer(line, line), 1, x), (BATCH,)),
    ],
    "array_equal": [
        (lambda x: np.array_equal(x, x) * 1.0, (X,)),
        (lambda x: x * np.array_equal(x, x[0]), (X,)),
        (lambda x: x * np.array_equal(x, x + 1), (X,)),
        (lambda x: np.array_equal(x, [1.0, np.nan], equal_nan=True) * 1.0, (np.array([1.0, np.nan]),)),
    ],
    "bincount": [
        (lambda x: np.bincount([0, 2, 0, 1, 2], weights=x), (LINE,)),
        (lambda x: np.bincount(np.array([1, 1, 0, 1, 1]), x, minlength=4), (LINE,)),
    ],
    "cumulative_prod": [(lambda x: np.cumulative_prod(x), (LINE,))],
    "cumulative_sum": [(lambda x: np.cumulative_sum(x), (LINE,)), (lambda x: np.cumulative_sum(x, axis=1), (X,))],
    "diagflat": [(lambda x: np.diagflat(x), (X,)), (lambda x: np.diagflat(x, 1), (LINE,))],
    "divmod": [(lambda x: np.divmod(x, 0.37)[1], (LINE,)), (lambda x: np.divmod(x, 0.37)[0] * x, (LINE,))],
    "ediff1d": [
        (lambda x: np.ediff1d(x), (X,)),
        (lambda x: np.ediff1d(x, to_begin=0.0, to_end=x[0]), (LINE,)),
        (lambda x: np.ediff1d(x, to_end=[1.0, 2.0]), (LINE,)),
    ],
    "extract": [
        (lambda x: np.extract(x > 0, x), (X,)),
        (lambda x: np.extract([1, 0, 1, 0, 1], x), (LINE,)),
    ],
    "geomspace": [
        (lambda x, y: np.geomspace(x, y, 4), (0.5, 8.0)),
        (lambda x: np.geomspace(1.0, x, num=3, endpoint=False), (np.array([2.0, 3.0]),)),
    ],
    "gradient": [
        (lambda x: np.gradient(x), (LINE,)),
        (lambda x: np.gradient(x, 0.1), (LINE[:2],)),
        (lambda x, h: np.gradient(x, h), (LINE, 0.3)),
        (lambda x, t: np.gradient(x, t), (LINE, np.array([0.0, 0.5, 1.5, 1.7, 3.0]))),
        (lambda x: np.gradient(x, [0.0, 0.5, 1.5, 1.7, 3.0]), (LINE,)),
        (lambda x: np.gradient(x, np.arange(5) * 0.5), (LINE,)),
        (lambda x: np.gradient(x, axis=1), (SQUARE,)),
        (lambda x: np.gradient(x)[1] * np.gradient(x)[0], (SQUARE,)),
        (lambda x: np.gradient(x, 0.5, [0.0, 1.0, 3.0], axis=(0, 1))[1], (BATCH[:, :, 0],)),
        (lambda x: np.gradient(x, [0.0, 1.0, 3.0], axis=1), (BATCH,)),
    ],
    "insert": [
        (lambda x: np.insert(x, 0, 0), (LINE,)),
        (lambda x, v: np.insert(x, 2, v), (LINE, 7.0)),
        (lambda x, v: np.insert(x, -1, v), (LINE, X[0])),
        (lambda x: np.insert(x, len(x), 1.0), (LINE,)),
        (lambda x: np.insert(x, [1, 3], [5.0, 6.0]), (LINE,)),
        (lambda x, v: np.insert(x, 1, v, axis=1), (X, np.array([5.0, 6.0]))),
        (lambda x: np.insert(x, 1, 9.0), (X,)),
        (lambda v: np.insert(LINE, 3, v), (2.5,)),
    ],
    "lib.stride_tricks.sliding_window_view": [
        (lambda x: np.lib.stride_tricks.sliding_window_view(x, 3), (LINE,)),
        (lambda x: np.lib.stride_tricks.sliding_window_view(x, (2, 2)), (SQUARE,)),
        (lambda x: np.lib.stride_tricks.sliding_window_view(x, 2, axis=1), (BATCH,)),
    ],
    "linalg.eigh": [
        (lambda x: np.linalg.eigh(x)[0], (SQUARE @ SQUARE.T,)),
        (lambda x: np.linalg.eigh(x).eigenvectors[:, 0] ** 2, (SQUARE @ SQUARE.T,)),
        (lambda x: np.linalg.eigh(x)[1] * np.linalg.eigh(x)[0], (SQUARE @ SQUARE.T,)),
    ],
    "linalg.eigvalsh": [(lambda x: np.linalg.eigvalsh(x), (SQUARE @ SQUARE.T,))],
    "linalg.svd": [
        (lambda x: np.linalg.svd(x).U * np.linalg.svd(x)[2].T, (SQUARE,)),
        (lambda x: np.linalg.svd(x, full_matrices=False)[0] ** 2, (BATCH[1].T[:, :2] ** 2,)),
        (lambda x: np.linalg.svd(x, False).Vh ** 2, (X,)),
        (lambda x: np.linalg.svd(x, compute_uv=False), (X,)),
    ],
    "linalg.cond": [(lambda x: np.linalg.cond(x), (SQUARE,)), (lambda x: np.linalg.cond(x, 2), (X,))],
    "linalg.lstsq": [
        (lambda x, y: np.linalg.lstsq(x, y)[0], (BATCH[0, :, :2] + SQUARE[:, :2], LINE[:3])),
        (lambda x, y: np.linalg.lstsq(x, y, rcond=None)[1], (BATCH[0, :, :2] + SQUARE[:, :2], LINE[:3])),
        (lambda x, y: np.linalg.lstsq(x, y)[0], (BATCH[0, :, :2] + SQUARE[:, :2], SQUARE)),
        (lambda x, y: np.linalg.lstsq(x, y)[3] * np.linalg.lstsq(x, y)[2], (BATCH[0, :, :2] + SQUARE[:, :2], SQUARE)),
    ],
    "logspace": [
        (lambda x, y: np.logspace(x, y, 4), (0.5, -0.3)),
        (lambda x: np.logspace(0.0, x, 3, base=2.0), (2.0,)),
    ],
    "matvec": [(lambda x, y: np.matvec(x, y), (BATCH, LINE[:4]))],
    "nancumsum": [(lambda x: np.nancumsum(x, axis=1), (X,))],
    "nanmax": [(lambda x: np.nanmax(x, axis=1), (X,)), (lambda x: np.nanmax(x, keepdims=True), (X,))],
    "nanmin": [(lambda x: np.nanmin(x, axis=0), (X,))],
    "nanprod": [(lambda x: np.nanprod(x, axis=0), (X,))],
    "nanstd": [(lambda x: np.nanstd(x), (X,)), (lambda x: np.nanstd(x, axis=1, ddof=1), (X,))],
    "nanvar": [(lambda x: np.nanvar(x), (X,)), (lambda x: np.nanvar(x, axis=0, keepdims=True), (X,))],
    "percentile": [
        (lambda x: np.percentile(x, 30), (LINE,)),
        (lambda x: np.percentile(x, [25, 50, 75]), (X,)),
        (lambda x: np.percentile(x, 90, axis=1, keepdims=True), (X,)),
    ],
    "polyadd": [(lambda x, y: np.polyadd(x, y), (LINE, X[0])), (lambda x: np.polyadd([1.0, 2.0], x), (X[0],))],
    "polyder": [(lambda x: np.polyder(x), (LINE,)), (lambda x: np.polyder(x, 2), (LINE,))],
    "polymul": [(lambda x, y: np.polymul(x, y), (LINE, X[0]))],
    "quantile": [
        (lambda x, m=m: np.quantile(x, 0.3, method=m), (LINE,)) for m in ("linear", "lower", "higher", "midpoint")
    ]
    + [
        (lambda x: np.quantile(x, [[0.1, 0.5], [0.0, 1.0]], axis=0), (SQUARE,)),
        (lambda x: np.quantile(x, 0.5, keepdims=True), (X,)),
        (lambda x: np.quantile(x, 1.0, axis=-1), (BATCH,)),
    ],
    "real": [(lambda x: np.real(x) * x, (X,))],
    "conjugate": [(lambda x: np.conj(x) * x, (X,))],
    "resize": [(lambda x: np.resize(x, (2, 4)), (LINE,)), (lambda x: np.resize(x, 3), (X,))],
    "vander": [
        (lambda x: np.vander(x), (LINE,)),
        (lambda x: np.vander(x, 3, increasing=True), (np.array([0.0, 1.0, 2.0]),)),
    ],
    "vecmat": [(lambda x, y: np.vecmat(x, y), (LINE[:3], BATCH))],
    "vstack": [(lambda x, y: np.vstack([x, y]), (X[0], X))],
    "add.at": [
        (after(lambda y, v: np.add.at(y, [0, 2, 0], v)), (LINE, LINE[:3] * 2)),
        (after(lambda y, v: np.add.at(y, (slice(None), 1), v)), (X, 2.0)),
    ],
    "copyto": [
        (after(lambda y, v: np.copyto(y, v)), (X, X[0] + 1)),
        (after(lambda y, v: np.copyto(y, v, where=[True, False, True])), (X, X * 2)),
    ],
    "divide.at": [(after(lambda y, v: np.divide.at(y, [0, 2], v)), (LINE, np.array([2.0, 4.0])))],
    "fill_diagonal": [
        (after(lambda y, v: np.fill_diagonal(y, v)), (SQUARE, SQUARE[0] * 2)),
        (after(lambda y, v: np.fill_diagonal(y, v)), (X, 3.0)),
    ],
    "maximum.at": [(after(lambda y, v: np.maximum.at(y, [0, 2], v)), (LINE, np.array([0.1, 0.2])))],
    "minimum.at": [(after(lambda y, v: np.minimum.at(y, [0, 2], v)), (LINE, np.array([0.1, 0.2])))],
    "multiply.at": [(after(lambda y, v: np.multiply.at(y, [-1, 2], v)), (LINE, 3.0))],
    "piecewise": [
        (lambda x: np.piecewise(x, [x < 0, x >= 0.5], [lambda v: v**2, np.exp]), (LINE,)),
        (lambda x: np.piecewise(x, [x < 0.5, x < 0], [np.exp, -1.0, lambda v, k=2.0: k * np.log(v)]), (X,)),
        (lambda x: np.piecewise(x, x > 0, [lambda v, k: v * k, lambda v, k: v**k], 3), (LINE,)),
        (lambda x, y: np.piecewise(y, [x > 0, x <= 0], [lambda v: v * 2, np.sin]) * x, (LINE, LINE[::-1] * 2)),
        (lambda x: np.piecewise(x, [x > 2, x < 2], [np.exp, np.sin]), (1.2,)),
    ],
    "place": [(after(lambda y, v: np.place(y, np.array([1, 0, 1, 0, 0]) > 0, v)), (LINE, np.array([5.0, 6.0])))],
    "put": [(after(lambda y, v: np.put(y, [4, 0], v)), (X, np.array([5.0, 6.0])))],
    "put_along_axis": [
        (after(lambda y, v: np.put_along_axis(y, np.array([[2], [0]]), v, axis=1)), (X, np.array([[5.0], [6.0]]))),
    ],
    "putmask": [(after(lambda y, v: np.putmask(y, np.abs(y) > 0.5, v)), (X, X * 2))],
    "subtract.at": [(after(lambda y, v: np.subtract.at(y, [0, 2, 0], v)), (LINE, 2.0))],
    "add.outer": [(lambda x, y: np.add.outer(x, y), (LINE, X))],
    "divide.outer": [(lambda x, y: np.divide.outer(x, y), (LINE, X[0]))],
    "maximum.outer": [(lambda x, y: np.maximum.outer(x, y), (LINE, X[0]))],
    "minimum.outer": [(lambda x, y: np.minimum.outer(x, y), (LINE, X[0]))],
    "multiply.outer": [(lambda x, y: np.multiply.outer(x, y), (LINE, X[0]))],
    "power.outer": [(lambda x, y: np.power.outer(x, y), (LINE**2, X[0]))],
    "subtract.outer": [(lambda x, y: np.subtract.outer(x, y), (LINE, X[0]))],
}
ROUGH: dict[str, list[tuple[Callable[..., Any], tuple[Any, ...]]]] = {
    "polyfit": [
        (lambda x, y: np.polyfit(x, y, 1), (LINE, LINE**2)),
        (lambda y: np.polyfit([0.0, 1.0, 2.0, 3.5, 4.0], y, 2), (LINE,)),
    ],
}
"""Functions that NumPy computes on another way, so that they differ more in the last digits."""
ABSENT = {"row_stack", "trapz"}
"""Names that some versions of NumPy have, and this one has not."""


def test_everything_made_of_several_rows_is_tried() -> None:
    # Those of math and of SciPy are tried in tests/doors.
    of_numpy = {name for name in COMPOSITES if not name.startswith(("math.", "scipy."))}
    assert of_numpy - set(COMPOSITIONS) - set(ROUGH) <= ABSENT
    assert set(COMPOSITIONS) | set(ROUGH) <= set(COMPOSITES)


@at_once(
    some(
        [
            pytest.param(function, xs, id=f"{name}-{i}")
            for name, calls in COMPOSITIONS.items()
            for i, (function, xs) in enumerate(calls)
        ],
        every=3,
    )
)
def test_functions_made_of_several_rows(function: Callable[..., Any], xs: tuple[Any, ...]) -> None:
    check(function, xs, 1e-13)


@at_once([call for calls in ROUGH.values() for call in calls])
def test_functions_that_numpy_computes_on_another_way(function: Callable[..., Any], xs: tuple[Any, ...]) -> None:
    check(function, xs, 1e-9)


def check(function: Callable[..., Any], xs: tuple[Any, ...], tolerance: float) -> None:
    expected = function(*xs)
    graph = bpviz.trace(lambda *xs: function(*xs), *xs)
    output = graph.nodes[graph.output_indices[0]].value
    assert np.shape(output) == np.shape(expected)
    np.testing.assert_allclose(output, expected, rtol=tolerance, atol=1e-2 * tolerance)
    if any(graph.record.reached[i] for i in graph.output_indices):
        assert_gradient(lambda *xs: function(*xs), list(xs), np.random.default_rng(6))


def test_steps_on_the_way_have_no_names() -> None:
    def model(x: Any = LINE, w: Any = LINE**2) -> Any:
        y = np.average(x, weights=w)
        first, rest = np.split(x, [2])
        return y * np.sum(first) + np.sum(rest)

    graph = bpviz.trace(model)
    labels = [label for label in graph.labels if label]
    assert labels == ["x", "w", "y", "first", "rest", "model"]


def test_positions_may_be_recorded() -> None:
    def model(x: Any = X, row: Any = 1, times: Any = 2) -> Any:
        best = np.argmax(x, axis=1)
        return np.sum(x[np.arange(2), best]) + np.sum(np.take(x, row, axis=0)) + np.sum(np.repeat(x, times))

    flow = bpviz.backprop(model)
    assert flow.output == pytest.approx(model())
    expected = np.full((2, 3), 2.0)
    expected[0, 2] += 1
    expected[1, 0] += 1
    expected[1] += 1
    np.testing.assert_allclose(flow.grad("x"), expected)


def test_computations_on_plain_arrays_are_not_recorded() -> None:
    graph = bpviz.trace(lambda x=2.0, n=2: x * np.tile(np.array([1.0, 3.0]), n))
    np.testing.assert_array_equal(graph.nodes[-1].value, [2.0, 6.0, 2.0, 6.0])
