"""Random programs of a living figure, with other values for their inputs: numbers, nets, softmax with loss, RNN cells."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import autograd.numpy as anp
import numpy
from peers import PEERS

import bpviz
from bpviz import nn as layers

__all__ = ["Case", "Program", "case", "program", "reference"]

Program = Callable[..., Any]
Case = tuple[str, bpviz.Flow, list[dict[str, Any]]]
"""A title, the flow of a program, and values for some of its inputs."""


def _one(np: Any, nn: Any) -> list[Program]:
    return [
        lambda x: x * x,
        lambda x: -x,
        lambda x: np.exp(0.3 * x),
        lambda x: np.log(x * x + 1),
        lambda x: np.sqrt(x * x + 0.5),
        np.sin,
        np.tanh,
        nn.relu,
        nn.sigmoid,
        nn.gelu,
        np.abs,
        lambda x: 1 / (2 + np.cos(x)),
        lambda x: np.clip(x, -1.0, 1.5),
        lambda x: np.where(x > 0.3, x, 0.1 * x),
    ]


def _two(np: Any) -> list[Program]:
    return [
        lambda x, y: x + y,
        lambda x, y: x - y,
        lambda x, y: x * y,
        lambda x, y: x / (1 + y * y),
        np.maximum,
        np.minimum,
        lambda x, y: np.logaddexp(x, y),
        lambda x, y: (x * x + 0.1) ** (0.5 * np.tanh(y)),
    ]


def numbers(rng: random.Random, np: Any, nn: Any) -> tuple[Program, dict[str, Any]]:
    one_operand, two_operands = _one(np, nn), _two(np)
    steps = [
        (rng.choice((1, 2)), rng.randrange(100), rng.randrange(100), rng.randrange(100))
        for _ in range(rng.randrange(3, 12))
    ]

    def program(**given: Any) -> Any:
        known = list(given.values())
        for arity, which, one, two in steps:
            x, y = known[one % len(known)], known[two % len(known)]
            known.append(
                one_operand[which % len(one_operand)](x)
                if arity == 1
                else two_operands[which % len(two_operands)](x, y)
            )
        total = known[-1]
        for one in known[:-1]:
            total = total + 0.1 * one
        return total

    return program, {name: rng.gauss(0, 1) for name in "abcd"[: rng.randrange(1, 5)]}


def net(rng: random.Random, np: Any, nn: Any) -> tuple[Program, dict[str, Any]]:
    n, inner, out, rows = (rng.randrange(1, 4) for _ in range(4))
    activation = rng.choice((np.tanh, nn.relu, nn.sigmoid, nn.gelu, lambda x: np.maximum(x, 0.1 * x)))
    reduce = rng.choice((np.mean, np.sum, np.max, lambda x: np.sqrt(np.sum(x * x) + 1)))

    def program(X: Any, W1: Any, b1: Any, W2: Any, b2: Any, T: Any) -> Any:
        h = activation(X @ W1 + b1)
        return reduce((h @ W2 + b2 - T) ** 2)

    shapes = {"X": (rows, n), "W1": (n, inner), "b1": (inner,), "W2": (inner, out), "b2": (out,), "T": (rows, out)}
    return program, {name: _normal(rng, s) for name, s in shapes.items()}


def softmax(rng: random.Random, np: Any, nn: Any) -> tuple[Program, dict[str, Any]]:
    rows, n, classes = rng.randrange(1, 3), rng.randrange(1, 4), rng.randrange(2, 4)
    way = rng.randrange(3)

    def program(x: Any, W: Any, b: Any) -> Any:
        z = x @ W + b
        if way == 0:
            return nn.softmax_cross_entropy(z, np.arange(rows) % classes)
        if way == 1:
            p = np.exp(z) / np.sum(np.exp(z), axis=1, keepdims=True)
            return -np.mean(np.log(p[:, 0]))
        y = nn.softmax(z)
        return np.sum(y * y) + np.std(z)

    shapes = {"x": (rows, n), "W": (n, classes), "b": (classes,)}
    return program, {name: _normal(rng, s) for name, s in shapes.items()}


def rnn(rng: random.Random, np: Any, nn: Any) -> tuple[Program, dict[str, Any]]:
    n, inner, steps = rng.randrange(1, 3), rng.randrange(1, 4), rng.randrange(2, 4)

    def program(xs: Any, h: Any, U: Any, W: Any, b: Any) -> Any:
        for t in range(steps):
            h = np.tanh(U @ xs[t] + W @ h + b)
        return np.sum(h**2)

    shapes = {"xs": (steps, n), "h": (inner,), "U": (inner, n), "W": (inner, inner), "b": (inner,)}
    return program, {name: _normal(rng, s) for name, s in shapes.items()}


_KINDS = (numbers, net, softmax, rnn)


def changes(rng: random.Random, given: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield other values for some of the inputs."""
    for _ in range(3):
        some = rng.sample(list(given), rng.randrange(1, len(given) + 1))
        yield {
            name: given[name]
            + numpy.array(numpy.random.default_rng(rng.randrange(10**6)).normal(size=numpy.shape(given[name])))
            for name in some
        }


def _normal(rng: random.Random, shape: tuple[int, ...]) -> Any:
    return numpy.array([rng.gauss(0, 1) for _ in range(math.prod(shape))]).reshape(shape)


_PEERS = SimpleNamespace(
    relu=lambda x: anp.maximum(x, 0),
    sigmoid=lambda x: 1 / (1 + anp.exp(-x)),
    softmax=lambda x: anp.exp(x) / anp.sum(anp.exp(x), axis=-1, keepdims=True),
    gelu=PEERS["gelu"],
    softmax_cross_entropy=PEERS["softmax_cross_entropy"],
)


def program(seed: int, np: Any = numpy, nn: Any = layers) -> tuple[str, Program, dict[str, Any], random.Random]:
    """Return a random program by a seed: its kind, the function, and values for all its inputs."""
    rng = random.Random(seed)
    kind = _KINDS[seed % len(_KINDS)]
    function, given = kind(rng, np, nn)
    return kind.__name__, function, given, rng


def reference(seed: int) -> Program:
    """Return the same program for HIPS autograd, with layers that are written in its terms."""
    return program(seed, anp, _PEERS)[1]


def case(seed: int) -> Case:
    """Return a random program, by a seed."""
    kind, function, given, rng = program(seed)
    names = ", ".join(given)
    # The names of its parameters are those of the inputs.
    named = eval(f"lambda {names}: program({', '.join(f'{name}={name}' for name in given)})", {"program": function})
    flow = bpviz.backprop(named, **given)
    return f"{kind} {seed}", flow, list(changes(rng, given))
