"""Every row of the table, from what the row itself says: its domain and its cases."""

from __future__ import annotations

import functools
import inspect
import itertools
import math
import random
from collections.abc import Callable
from dataclasses import replace
from operator import attrgetter
from typing import Any

import autograd
import autograd.numpy as anp
import autograd.scipy.special as asp
import autograd.scipy.stats as asp_stats
import numpy as np
import pytest
from amounts import fewer, some
from at_once import at_once
from differences import assert_gradient
from peers import PEERS
from samples import CASES, ROWS, SMOOTH, first_cases, plain_sample, sample

import bpviz
from bpviz import ops
from bpviz.errors import UsageError
from bpviz.ops import OPERATIONS, Case, Operation

SAMPLES = fewer(3, every=3)


def rules(row: Operation, case: Case) -> list[Callable[..., Any] | None]:
    return list(row.rules(len(case.shapes)))


def test_every_operation_has_a_description() -> None:
    for row in ROWS:
        assert row.cases, row.name
        assert row.says.endswith("."), row.name
        assert row.symbol and row.notation, row.name


@at_once(first_cases(SMOOTH))
def test_every_op_by_differences(row: Operation, case: Case) -> None:
    for seed in range(SAMPLES):
        xs = sample(row, case, seed)
        assert_gradient(lambda *xs: row(*xs, **case.parameters), xs, np.random.default_rng(seed))


@at_once(CASES)
def test_the_shape_rule_is_that_of_the_numbers(row: Operation, case: Case) -> None:
    xs = plain_sample(row, case)
    rule = row.shape or (lambda *shapes, **_: np.broadcast_shapes(*shapes))
    z = ops.evaluate(row, xs, case.parameters)
    assert np.shape(z) == tuple(rule(*case.shapes, **case.parameters))


@at_once(first_cases([p for p in CASES if p.values[0].inside is not None]))
def test_the_inside_has_the_same_numbers_at_its_border(row: Operation, case: Case) -> None:
    assert row.inside is not None
    xs = plain_sample(row, case)
    closed = bpviz.backprop(lambda *xs: row(*xs, **case.parameters), *xs)
    opened = bpviz.backprop(lambda *xs: row.inside(*xs, **case.parameters), *xs)
    np.testing.assert_allclose(opened.output, closed.output, rtol=1e-13, atol=1e-15)
    for mine, theirs in zip(opened.grads.values(), closed.grads.values(), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-11, atol=1e-14)


OF_NUMBERS = [p for p in SMOOTH if not any(p.values[1].shapes) and p.values[0].name not in ("where", "guard")]
"""The cases whose operands are all single numbers; a condition is none."""


@at_once(first_cases(OF_NUMBERS))
def test_every_op_as_plain_numbers(row: Operation, case: Case) -> None:
    """Numbers without dimensions are Python floats, and go through the quick way where the row has one."""
    for seed in range(SAMPLES):
        xs = [float(x) for x in sample(row, case, seed)]
        assert_gradient(lambda *xs: row(*xs, **case.parameters), xs, np.random.default_rng(seed))


@at_once(first_cases([p for p in CASES if p.values[0].keeping is not None]))
def test_rules_with_kept_results_return_the_same(row: Operation, case: Case) -> None:
    assert row.keeping is not None
    xs = [np.asarray(x) for x in sample(row, case, 0)]
    value, kept = row.keeping(*xs, **case.parameters)
    np.testing.assert_array_equal(value, row.forward(*xs, **case.parameters))
    g = np.random.default_rng(0).normal(size=np.shape(value))
    for rule in rules(row, case):
        assert rule is not None
        anew = rule(g, value, *xs, **case.parameters)
        spared = rule(g, value, *xs, **case.parameters, kept=kept)
        assert (anew is None) == (spared is None)
        if anew is not None:
            np.testing.assert_allclose(spared, anew, rtol=1e-12, atol=1e-14)


def wrong_in(row: Operation, slot: int) -> Operation:
    """The same row, with the rule of one operand wrong by a twentieth of a percent."""

    def scaled(rule: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *args, **keywords: 1.0005 * rule(*args, **keywords)

    if isinstance(row.vjp, tuple):
        rules = tuple(scaled(r) if i == slot and r else r for i, r in enumerate(row.vjp))
        return replace(row, vjp=rules, together=None)
    return replace(row, vjp=scaled(row.vjp), together=None)


@at_once(
    [
        pytest.param(row, slot, id=f"{row.name}-{slot}")
        for row in ROWS
        for slot, rule in enumerate(row.rules(len(row.cases[0].shapes)))
        if rule is not None and not row.convention.startswith("0 everywhere")
    ]
)
def test_the_checker_finds_a_rule_that_is_wrong_by_a_twentieth_of_a_percent(row: Operation, slot: int) -> None:
    case = next(case for case in row.cases if math.prod(case.shapes[slot]))

    def check(seed: int) -> None:
        xs = sample(row, case, seed)
        broken = wrong_in(row, slot)
        alone = lambda x: broken(*xs[:slot], x, *xs[slot + 1 :], **case.parameters)
        assert_gradient(alone, [xs[slot]], np.random.default_rng(seed))

    def check_all() -> None:
        # One of the samples may lie where no gradient flows: on the smaller side of a maximum.
        for seed in range(5):
            check(seed)

    with pytest.raises(AssertionError):
        check_all()


def _written(x: Any, v: Any, key: Any) -> Any:
    """``x[key] = v`` as a sum: what is kept of x, and v spread by a matrix of ones and zeros."""
    kept = np.ones(x.shape)
    kept[key] = 0.0
    places = np.arange(x.size).reshape(x.shape)[key]
    spread = np.zeros((x.size, places.size))
    spread[np.ravel(places), np.arange(places.size)] = 1.0
    return x * kept + anp.reshape(anp.dot(spread, anp.ravel(v * np.ones(np.shape(places)))), x.shape)


# What HIPS autograd computes the same values with, where that is no function of NumPy's.
SPELLED_OUT: dict[str, Callable[..., Any]] = {
    "add_up": lambda *xs: xs[0] + xs[1] + xs[2],
    "greatest": lambda *xs: anp.maximum(anp.maximum(xs[0], xs[1]), xs[2]),
    "least": lambda *xs: anp.minimum(anp.minimum(xs[0], xs[1]), xs[2]),
    "sigmoid": lambda x: 1 / (1 + anp.exp(-x)),
    # Of the lower triangle, which is all that is read.
    "cholesky": lambda x: anp.linalg.cholesky(anp.tril(x) + anp.swapaxes(anp.tril(x, -1), -1, -2)),
    "lower_half": lambda x: (anp.tril(x) + anp.tril(x, -1)) / 2,
    "relu": lambda x, at_zero=0.0: anp.maximum(x, 0.0),
    "softmax": lambda x, axis=-1: anp.exp(x) / anp.sum(anp.exp(x), axis=axis, keepdims=True) if anp.ndim(x) else x / x,
    "log_softmax": lambda x, axis=-1: (
        x - anp.log(anp.sum(anp.exp(x), axis=axis, keepdims=True)) if anp.ndim(x) else x - x
    ),
    "arrange": lambda *xs, shape, axes: anp.moveaxis(
        anp.reshape(anp.stack(xs), (*shape, *np.shape(xs[0]))), range(len(axes)), axes
    ),
    "assign": lambda x, v, key: _written(x, v, key),
    "fill": lambda *xs, keys, shape: functools.reduce(
        lambda made, pair: _written(made, *pair), zip(xs, keys, strict=True), np.zeros(shape)
    ),
    "index": lambda x, key: x[key],
    "concatenate": lambda *xs, axis=0: anp.concatenate(
        [anp.ravel(x) for x in xs] if axis is None else xs, axis=axis or 0
    ),
    "stack": lambda *xs, axis=0: anp.stack(xs, axis=axis),
    "positive": lambda x: 1.0 * x,
    # autograd's own rules do not undo the broadcasting of these, or know their keywords.
    "where": lambda c, x, y: anp.where(c, x + np.zeros(np.shape(c)), y + np.zeros(np.shape(c))),
    "broadcast_to": lambda x, shape: x + np.zeros(shape),
    "clip": lambda x, lower, upper: anp.minimum(anp.maximum(x, lower), upper),
    "fmod": lambda x, y: x - y * anp.trunc(x / y),
    "tile": lambda x, reps: anp.reshape(x, (1,) * (np.size(reps) - x.ndim) + x.shape)[_places(x, reps)],
    "repeat": lambda x, repeats, axis=None: (
        anp.reshape(x, (-1,))[np.repeat(np.arange(x.size), repeats)]
        if axis is None
        else x[(slice(None),) * (axis % x.ndim) + (np.repeat(np.arange(x.shape[axis]), repeats),)]
    ),
    "roll": lambda x, shift, axis=None: anp.reshape(x, (-1,))[np.roll(np.arange(x.size).reshape(x.shape), shift, axis)],
    "flip": lambda x, axis=None: anp.reshape(x, (-1,))[np.flip(np.arange(x.size).reshape(x.shape), axis)],
    "diag": lambda x, k=0: (
        anp.diag(x, k) if x.ndim == 1 else anp.reshape(x, (-1,))[np.diag(np.arange(x.size).reshape(x.shape), k)]
    ),
    "pad": lambda x, pad_width, constant_values=0: anp.append(anp.reshape(x, (-1,)), constant_values)[
        np.pad(np.arange(x.size).reshape(x.shape), pad_width, constant_values=x.size)
    ],
    "einsum": lambda *xs, subscripts: anp.einsum(subscripts, *xs),
    "outer": lambda x, y: anp.reshape(x, (-1, 1)) * anp.reshape(y, (1, -1)),
    "cross": lambda x, y: anp.einsum("ijk,...j,...k->...i", LEVI_CIVITA, x + 0 * y, y + 0 * x),
    "convolve": lambda x, y, mode="full": anp.einsum("i,j,ijk->k", x, y, _meeting(x.size, y.size))[
        slice(None) if mode == "full" else slice(y.size - 1, x.size)
    ],
    "cbrt": lambda x: x ** (1 / 3),
    "astype": lambda x, dtype: 1.0 * x,
    "inv": anp.linalg.inv,
    "solve": anp.linalg.solve,
    "det": anp.linalg.det,
    "logabsdet": lambda x: anp.linalg.slogdet(x)[1],
    "logsumexp": lambda x, axis=None, keepdims=False: anp.log(anp.sum(anp.exp(x), axis=axis, keepdims=keepdims)),
    "norm": lambda x, axis=None, keepdims=False: anp.sqrt(anp.sum(x * x, axis=axis, keepdims=keepdims)),
    "cumprod": lambda x, axis=None: anp.exp(anp.cumsum(anp.log(anp.reshape(x, x.shape or (1,))), axis=axis)),
    "erf": asp.erf,
    "erfc": asp.erfc,
    "gamma": asp.gamma,
    "gammaln": asp.gammaln,
    "polygamma": lambda x, n=0: asp.polygamma(n, x),
    "log_normal_cdf": asp_stats.norm.logcdf,
    "logit": asp.logit,
    "log_sigmoid": lambda x: -anp.log(1 + anp.exp(-x)),
    "xlogy": lambda x, y: x * anp.log(y),
    "cummax": lambda x, axis=0: running(x, axis, anp.max),
    "cummin": lambda x, axis=0: running(x, axis, anp.min),
    "eigenvalues": lambda x: anp.linalg.eigh(symmetric(x))[0],
    "eigenvectors": lambda x: anp.linalg.eigh(symmetric(x))[1],
    "singular_values": lambda x: anp.linalg.svd(x, full_matrices=False)[1],
    "left_vectors": lambda x: anp.linalg.svd(x, full_matrices=False)[0],
    "right_vectors": lambda x: anp.linalg.svd(x, full_matrices=False)[2],
    "linear": lambda x, w, b: x @ anp.swapaxes(w, -1, -2) + b,
    "linear_without_bias": lambda x, w: x @ anp.swapaxes(w, -1, -2),
    "pinv": anp.linalg.pinv,
    "interp": lambda x, xp, fp, left=None, right=None: anp.reshape(
        anp.array([on_lines(one, xp, fp, left, right) for one in anp.ravel(x)]), np.shape(x)
    ),
    **PEERS,
}


def symmetric(x: Any) -> Any:
    """The matrix of which only the lower triangle is read."""
    return anp.tril(x) + anp.swapaxes(anp.tril(x, -1), -1, -2)


def running(x: Any, axis: int, reduce: Callable[..., Any]) -> Any:
    """The extreme of each beginning of an array, side by side."""
    parts = [reduce(anp.swapaxes(x, axis, 0)[: k + 1], axis=0) for k in range(x.shape[axis])]
    return anp.swapaxes(anp.stack(parts), 0, axis)


def on_lines(x: Any, xp: Any, fp: Any, left: Any, right: Any) -> Any:
    """The straight line between the two points beside x; outside, the first or the last point."""
    if x <= xp[0]:
        return fp[0] if left is None or x == xp[0] else left
    if x >= xp[-1]:
        return fp[-1] if right is None or x == xp[-1] else right
    k = next(k for k in range(len(xp)) if xp[k] > x)
    return fp[k - 1] + (x - xp[k - 1]) * (fp[k] - fp[k - 1]) / (xp[k] - xp[k - 1])


LEVI_CIVITA = np.linalg.det(np.eye(3)[np.indices((3, 3, 3)).transpose(1, 2, 3, 0)]).round()
WITHOUT_PEER = {"sum_to", "scatter", "heaviside"}
# Here autograd has no rule: several lines sorted, one operand's index twice.
CASES_WITHOUT_PEER = {"sort-1", "sort-2", "sort-3", "einsum-5", "einsum-6", "einsum-7"}


def _meeting(n: int, m: int) -> Any:
    """Where the products of a convolution go: 1 at k = i + j."""
    i, j, k = np.indices((n, m, n + m - 1))
    return (i + j == k) * 1.0


def _places(x: Any, reps: Any) -> Any:
    """Where each element of a tiled array comes from."""
    shape = (1,) * (np.size(reps) - x.ndim) + x.shape
    return tuple(np.tile(places, reps) for places in np.indices(shape))


WITH_PEER = [p for p in SMOOTH if p.values[0].name not in WITHOUT_PEER and p.id not in CASES_WITHOUT_PEER]


def test_all_that_is_without_a_peer_is_a_row_or_a_case() -> None:
    assert {row.name for row in ROWS} >= WITHOUT_PEER
    assert {param.id for param in SMOOTH} >= CASES_WITHOUT_PEER


@at_once(first_cases(WITH_PEER))
def test_every_op_against_autograd(row: Operation, case: Case) -> None:
    peer = SPELLED_OUT.get(row.name) or next((getattr(anp, n) for n in row.numpy if hasattr(anp, n)), None)
    assert peer is not None, f"say in SPELLED_OUT what {row.name} is in autograd's terms"
    xs = sample(row, case)
    flow = bpviz.backprop(lambda *xs: row(*xs, **case.parameters), *xs)
    np.testing.assert_allclose(flow.output, peer(*xs, **case.parameters), rtol=1e-12, atol=1e-15)
    for slot, rule in enumerate(rules(row, case)):
        if rule is None or xs[slot].dtype.kind != "f":
            continue
        summed = autograd.grad(lambda x, s=slot: anp.sum(peer(*xs[:s], x, *xs[s + 1 :], **case.parameters)))
        np.testing.assert_allclose(list(flow.grads.values())[slot], summed(xs[slot]), rtol=1e-10, atol=1e-13)


@at_once(first_cases(CASES))
def test_every_op_keeps_shape_and_precision(row: Operation, case: Case) -> None:
    xs = sample(row, case, dtype=np.float32)
    flow = bpviz.backprop(lambda *xs: row(*xs, **case.parameters), *xs)
    value = np.asarray(flow.values[flow.output_index])
    decides = value.dtype.kind in "bi"
    # NumPy interpolates in double precision.
    precision = np.float64 if row.name == "interp" else np.float32
    assert decides or value.dtype == case.parameters.get("dtype", precision)
    for x, gradient in zip(xs, flow.grads.values(), strict=True):
        assert gradient.shape == x.shape
        assert gradient.dtype == (np.float32 if x.dtype == np.float32 else np.float64)
    if row.shape is not None:
        assert row.shape(*(x.shape for x in xs), **case.parameters) == value.shape


OTHER_FOR_WHOLE_NUMBERS = ("bitwise_and", "bitwise_or", "bitwise_xor", "invert", "reciprocal")
"""What NumPy computes differently for whole numbers and for fractions, or for one of the two only."""


@at_once(first_cases([p for p in CASES if p.values[0].name not in OTHER_FOR_WHOLE_NUMBERS]))
def test_every_op_takes_whole_numbers(row: Operation, case: Case) -> None:
    xs = sample(row, case, dtype=np.int64)
    keywords = case.parameters
    flow = bpviz.backprop(lambda *xs: row(*xs, **keywords), *xs)
    names = [*row.operands, *"...."]
    floats = [x if name in case.given else x.astype(np.float64) for name, x in zip(names, xs, strict=False)]
    same = bpviz.backprop(lambda *xs: row(*xs, **keywords), *floats)
    np.testing.assert_allclose(flow.output, same.output, rtol=1e-12)
    for gradient, expected in zip(flow.grads.values(), same.grads.values(), strict=True):
        assert gradient.dtype == np.float64
        np.testing.assert_allclose(gradient, expected, rtol=1e-12)


@at_once(first_cases(CASES))
def test_every_rule_reads_with_handles(row: Operation, case: Case) -> None:
    """A rule called with handles records the backward pass: the same numbers, and differentiable once more."""
    keywords = case.parameters
    xs = sample(row, case)
    z = ops.evaluate(row, xs, keywords)
    seed = np.asarray(np.random.default_rng(1).uniform(0.5, 1.5, np.shape(z)))
    for rule in rules(row, case):
        if rule is None:
            continue
        expected = rule(seed, z, *xs, **keywords)
        if expected is None:
            continue

        def backward(g: Any, *xs: Any, _rule: Any = rule) -> Any:
            return _rule(g, row(*xs, **keywords), *xs, **keywords)

        graph = bpviz.trace(backward, seed, *xs)
        np.testing.assert_array_equal(bpviz.propagate(graph).output, expected)
        assert_gradient(backward, [seed, *xs], np.random.default_rng(2), tolerance=1e-4)


@at_once([r for r in ROWS if r.scalar is not None])
def test_every_quick_way_agrees_with_numpy(row: Operation) -> None:
    """On every kind of number: Python's own way of computing gives what NumPy gives, and raises nothing."""
    odd = (0.0, -0.0, 1.0, -1.0, 0.5, -3.0, 1e-320, 710.0, -750.0, 1e200, -1e300, math.inf, -math.inf, math.nan)
    operands = list(itertools.product(odd, repeat=len(row.operands)))
    if row.name == "power":
        operands.remove((-math.inf, 0.5))  # NumPy takes √−∞ here and says NaN; C's pow, and so Python's, says ∞.
    with np.errstate(all="ignore"):
        quick = [ops.evaluate(row, xs, {}) for xs in operands]
        slow = [row.forward(*map(np.float64, xs)) for xs in operands]
        same = np.isclose(quick, slow, rtol=1e-14, atol=0.0, equal_nan=True)
    assert {value.__class__ for value in quick} <= {float, bool}
    assert [
        found for found, right in zip(zip(operands, quick, slow, strict=True), same, strict=True) if not right
    ] == []


@at_once([r for r in ROWS if r.scalar is not None])
def test_every_rule_survives_odd_numbers(row: Operation) -> None:
    odd = (0.0, 1.0, -2.0, 1e200, -math.inf, math.nan)
    operands = list(itertools.product(odd, repeat=len(row.operands)))
    for xs in some(operands, every=7) if len(row.operands) > 2 else operands:
        plain = bpviz.backprop(row, *xs) if len(row.operands) == 1 else bpviz.backprop(lambda *p: row(*p), *xs)
        arrays = bpviz.backprop(lambda *p: row(*p), *(np.array([x]) for x in xs))
        for one, other in zip(plain.grads.values(), arrays.grads.values(), strict=True):
            assert math.isclose(one, other[0], rel_tol=1e-12) or (math.isnan(one) and math.isnan(other[0])), xs


def test_broadcasting_is_undone_for_every_pair_of_shapes() -> None:
    shapes = [(), (1,), (3,), (2, 1), (1, 3), (2, 3), (4, 2, 3), (0,), (2, 0)]
    rng = random.Random(0)
    for one, other in itertools.product(shapes, repeat=2):
        try:
            np.broadcast_shapes(one, other)
        except ValueError:
            continue
        x, y = (np.array([rng.uniform(1, 2) for _ in range(math.prod(s))]).reshape(s) for s in (one, other))
        grads = bpviz.backprop(lambda x, y: x * y, x, y).grads
        np.testing.assert_allclose(grads["x"], np.sum(y * np.ones_like(x * y)) if not x.shape else _to(y + 0 * x, one))
        np.testing.assert_allclose(
            grads["y"], np.sum(x * np.ones_like(x * y)) if not y.shape else _to(x + 0 * y, other)
        )


def _to(gradient: Any, shape: tuple[int, ...]) -> Any:
    """Undo broadcasting independently: sum a gradient over the copies of each element."""
    lead = gradient.ndim - len(shape)
    gradient = gradient.sum(axis=tuple(range(lead)))
    for axis, n in enumerate(shape):
        if n == 1:
            gradient = gradient.sum(axis=axis, keepdims=True)
    return gradient


def test_conventions_at_kinks_are_those_of_the_row() -> None:
    nn = bpviz.nn
    assert bpviz.backprop(lambda x=0.0: nn.relu(x)).grads == {"x": 0.0}
    assert bpviz.backprop(lambda x=0.0: nn.relu(x, at_zero=1.0)).grads == {"x": 1.0}
    assert bpviz.backprop(lambda x=0.0: abs(x)).grads == {"x": 0.0}
    assert bpviz.backprop(lambda x=2.0, y=2.0: np.maximum(x, y)).grads == {"x": 0.5, "y": 0.5}
    assert bpviz.backprop(lambda x=2.0, y=2.0: np.minimum(x, y)).grads == {"x": 0.5, "y": 0.5}
    assert bpviz.backprop(lambda x=0.0: x**0).grads == {"x": 0.0}
    assert bpviz.backprop(lambda x=0.0: x**1).grads == {"x": 1.0}
    assert bpviz.backprop(lambda x=0.0: x**2).grads == {"x": 0.0}
    assert bpviz.backprop(lambda x=0.0, y=2.0: x**y).grads == {"x": 0.0, "y": 0.0}


def test_a_target_may_be_the_number_of_the_class() -> None:
    x = np.array([[0.3, -1.0, 2.0], [0.1, 0.2, 0.3]])
    shares = np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]])
    for loss in (bpviz.nn.softmax_cross_entropy, lambda x, t: bpviz.nn.cross_entropy(bpviz.nn.softmax(x), t)):
        by_number = bpviz.backprop(lambda x, t, loss=loss: loss(x, t), x, np.array([2, 0]))
        by_shares = bpviz.backprop(lambda x, t, loss=loss: loss(x, t), x, shares)
        assert by_number.output == pytest.approx(by_shares.output, rel=1e-14)
        np.testing.assert_allclose(by_number.grad("x"), by_shares.grad("x"), rtol=1e-12)
        np.testing.assert_array_equal(by_number.grad("t"), [0.0, 0.0])
        single = bpviz.backprop(lambda x, t=2, loss=loss: loss(x, t), x[0].astype(np.float32))
        assert single.graph.nodes[single.output_index].value.dtype == np.float32


def test_every_numpy_name_is_one_of_numpy_s() -> None:
    for row in ROWS:
        for name in row.numpy:
            # Some are younger than the oldest NumPy that will do.
            young = name in ("concat", "bitwise_not") or name.startswith("linalg.")
            assert young or attrgetter(name)(np) is not None, (row.name, name)


def test_rules_are_written_in_the_operations_own_vocabulary() -> None:
    """A rule that calls NumPy could not be read with handles."""
    for row in ROWS:
        for rule in row.vjp if isinstance(row.vjp, tuple) else (row.vjp,):
            written = inspect.unwrap(rule) if rule else None
            written = getattr(written, "func", written)
            assert written is None or "np" not in written.__code__.co_names, row.name


def test_a_row_is_checked_when_it_is_added() -> None:
    with pytest.raises(UsageError, match="the operation 'add' exists already; choose another name"):
        ops.operation("add", "+", "x y", forward=None, vjp=(None, None), says="", notation="")
    with pytest.raises(UsageError, match=r"'half' has 2 operand\(s\) but 1 rule\(s\)"):
        ops.operation("half", "½", "x y", forward=None, vjp=(None,), says="", notation="")
    assert "half" not in OPERATIONS
    with pytest.raises(UsageError, match="there is no operation named 'mutliply'; did you mean 'multiply'"):
        ops.named("mutliply")


def test_a_value_too_many_and_one_given_twice_are_refused() -> None:
    with pytest.raises(UsageError, match=r"^sum was given 5 values; it takes x, axis, keepdims$"):
        ops.sum([1.0, 2.0], 0, False, None, 7)
    with pytest.raises(UsageError, match=r"^sum was given 'axis' twice, by position and by name; give it once$"):
        ops.sum([[1.0, 2.0]], 0, axis=1)
    assert ops.sum([[1.0, 2.0]], 0, keepdims=True).tolist() == [[1.0, 2.0]]
