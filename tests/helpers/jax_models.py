"""Functions of JAX as people write them, each with example arguments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

jax = pytest.importorskip("jax", reason="JAX is not installed: pip install 'bpviz[jax]'")
jnp = jax.numpy

MODELS: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {}


def made(*shape: int, seed: int = 0) -> Any:
    return jax.random.normal(jax.random.PRNGKey(seed), shape)


def model(*args: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def add(function: Callable[..., Any]) -> Callable[..., Any]:
        MODELS[function.__name__] = function, args
        return function

    return add


def dense(weights: Any, x: Any) -> Any:
    return x @ weights["W"] + weights["b"]


@model(made(2, 1), jnp.ones(1), made(4, 2, seed=1), made(4, 1, seed=2))
def regression(w: Any, b: Any, x: Any, y: Any) -> Any:
    error = x @ w + b - y
    return jnp.mean(error * error)


@model(
    {"first": {"W": made(4, 6), "b": jnp.zeros(6)}, "second": {"W": made(6, 3, seed=1), "b": jnp.ones(3)}},
    made(5, 4, seed=2),
    jnp.array([0, 1, 2, 1, 0]),
)
def classifier(params: Any, x: Any, t: Any) -> Any:
    h = jax.nn.relu(dense(params["first"], x))
    scores = dense(params["second"], h)
    logp = jax.nn.log_softmax(scores)
    return -jnp.mean(jnp.take_along_axis(logp, t[:, None], axis=1))


@jax.jit
def block(w: Any, x: Any) -> Any:
    return jnp.tanh(x @ w) + x


@model(0.3 * made(4, 4), made(2, 4, seed=1))
def three_blocks(w: Any, x: Any) -> Any:
    for _ in range(3):
        x = block(w, x)
    return jnp.sum(x**2)


@model(0.3 * made(3, 3), 0.3 * made(2, 3, seed=1), made(5, 2, seed=2))
def scanned(w: Any, u: Any, xs: Any) -> Any:
    def step(h: Any, x: Any) -> Any:
        h = jnp.tanh(h @ w + x @ u)
        return h, h

    h, hs = jax.lax.scan(step, jnp.zeros(3), xs)
    return jnp.sum(h) + jnp.mean(hs**2)


@jax.custom_vjp
def clipped(x: Any) -> Any:
    return x


clipped.defvjp(lambda x: (x, None), lambda _, g: (jnp.clip(g, -0.1, 0.1),))


@model(jnp.array([1.0, -2.0, 0.01]))
def own_rule(x: Any) -> Any:
    y = clipped(x * 3)
    return jnp.sum(y**2) + jnp.sum(jax.lax.stop_gradient(x) * x)


@model(made(4, 4), made(4, 4, seed=1), made(4, 4, seed=2), made(2, 5, 4, seed=3))
def masked_attention(wq: Any, wk: Any, wv: Any, x: Any) -> Any:
    q, k, v = x @ wq, x @ wk, x @ wv
    scores = q @ k.swapaxes(-1, -2) / jnp.sqrt(4.0)
    weights = jax.nn.softmax(jnp.where(jnp.tril(jnp.ones((5, 5), bool)), scores, -1e9))
    return jnp.mean((weights @ v) ** 2)


@model(made(2, 3), made(3, 3, seed=1))
def branches_and_checkpoints(x: Any, w: Any) -> Any:
    y = jax.checkpoint(lambda a: jnp.sin(a @ w))(x)
    z = jax.lax.cond(y.sum() > 0, lambda v: v * 2, lambda v: v - 1, y)
    return z.sum() + jax.lax.fori_loop(0, 3, lambda _, a: a * 0.5, z).sum()


@model(made(3, 2), made(4, 3, seed=1))
def gradient_penalty(w: Any, x: Any) -> Any:
    def energy(x: Any) -> Any:
        return jnp.sum(jnp.tanh(x @ w))

    return jnp.sum(jax.grad(energy)(x) ** 2)


@model(made(1, 6, 6, 1), made(3, 3, 1, 2, seed=1))
def convolution(x: Any, kernel: Any) -> Any:
    axes = ("NHWC", "HWIO", "NHWC")
    y = jax.lax.conv_general_dilated(x, kernel, (1, 1), "SAME", dimension_numbers=axes)
    y = jax.lax.reduce_window(jax.nn.gelu(y), -jnp.inf, jax.lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")
    return jnp.mean(y**2)


@model(made(3, 2), made(4, 3, seed=1))
def mapped(w: Any, xs: Any) -> Any:
    return jnp.sum(jax.vmap(lambda x: jax.nn.sigmoid(x @ w))(xs) ** 2)


@model(made(5), jnp.float32(0.5))
def standardised(x: Any, scale: Any) -> Any:
    centred = x - x.mean()
    return jnp.sum((scale * centred / jnp.sqrt(jnp.var(x) + 1e-5)) ** 3)
