"""Random programs that write into arrays through views and aliases: NumPy itself runs the same program.

A program is a list of lines of Python. They are run on plain arrays and, line by line the same, on recorded values.
"""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
from amounts import some

import bpviz

SHAPES = ((3,), (2, 3), (3, 2), (2, 2, 2), (4,))


class Writer:
    """Writes a program, while it runs it on plain arrays to know the shape of everything."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.lines: list[str] = []
        self.scope: dict[str, Any] = {"np": np, "x": X.copy(), "w": W.copy()}
        self.names = ["x", "w"]

    def program(self, length: int) -> list[str]:
        while len(self.lines) < length:
            self.random.choice(
                [self.make, self.view, self.write, self.write, self.write, self.whole, self.hold, self.loop, self.call]
            )()
        return self.lines

    def say(self, line: str, name: str = "") -> None:
        exec(line, self.scope)
        self.lines.append(line)
        if name and name not in self.names:
            self.names.append(name)

    def new(self) -> str:
        return f"v{len(self.names)}"

    def any(self, least: int = 1) -> str:
        return self.random.choice([n for n in self.names if np.ndim(self.scope[n]) >= least])

    def alike(self, shape: tuple[int, ...]) -> str:
        """Something that broadcasts to a shape."""
        fitting = [n for n in self.names if _broadcasts(np.shape(self.scope[n]), shape)]
        number = f"{self.random.uniform(-1, 1):.2f}"
        if not fitting or self.random.random() < 0.2:
            return number
        name = self.random.choice(fitting)
        return self.random.choice([name, f"np.tanh({name})", f"{number} * {name}", f"{name} + x[0]"])

    def make(self) -> None:
        shape = self.random.choice(SHAPES)
        old = self.any()
        made = self.random.choice(
            [
                f"np.zeros({shape})",
                f"np.ones({shape}) * 0.5",
                f"np.full({shape}, 0.25)",
                f"np.zeros_like({old})",
                f"{old}.copy()",
                f"np.array({old})",
                f"np.sin({old})",
                f"np.array([x[0], {self.random.random():.2f}, x[1] * w[0, 0]])",
                "np.array([[x[0], 1.0], [0.5, w[1, 1]]])",
                f"np.full({shape}, x[1])",
                "np.arange(4) * 0.1",
                f"{old}.flatten()",
            ]
        )
        name = self.new()
        self.say(f"{name} = {made}", name)

    def key(self, shape: tuple[int, ...]) -> str:
        n = shape[0]
        i = self.random.randrange(n)
        keys = [f"{i}", f"{i - n}", f"{i}:", f":{i + 1}", ":", "::-1", "::2", "...", "..., 0", f"{i}:{i + 1}"]
        if len(shape) > 1:
            j = self.random.randrange(shape[1])
            keys += [f":, {j}", f"{i}, {j}", f"{i}, :", f":, {j}:", f"..., {self.random.randrange(shape[-1])}"]
        return self.random.choice(keys)

    def view(self) -> None:
        old = self.any()
        shape = np.shape(self.scope[old])
        made = self.random.choice(
            [f"{old}[{self.key(shape)}]"] * 4
            + [f"{old}.T", f"{old}.reshape(-1)", f"np.ravel({old})", f"{old}[..., None]", f"np.flip({old}, 0)", old]
            + [f"np.transpose({old})", f"np.squeeze({old})", f"np.expand_dims({old}, 0)", f"np.asarray({old})"]
        )
        name = self.new()
        self.say(f"{name} = {made}", name)

    def write(self) -> None:
        old = self.any()
        shape = np.shape(self.scope[old])
        if not all(shape):
            return
        key = self.key(shape)
        part = np.shape(eval(f"{old}[{key}]", self.scope))
        value = self.alike(part)
        i = self.random.randrange(shape[0])
        rest = self.alike(shape[1:])
        line = self.random.choice(
            [f"{old}[{key}] = {value}"] * 4
            + [f"{old}[{key}] += {value}", f"{old}[{key}] *= 0.5", f"{old}[{key}] -= {value}"]
            + [f"{old}[{old} > 0.1] = {self.random.uniform(-0.5, 0.5):.2f}", f"{old}[{old} < 0.0] *= 0.5"]
            + [
                f"{old}[[{i}]] = {rest}",
                f"np.add.at({old}, [{i}, {i}], {rest})",
                f"{old}[[{i}, {i - 1}][: len({old})]] += {rest}",
            ]
            + [f"np.put({old}, [0], [x[0]])"]
            + [f"{old}[[{i}, 0, {i}]] = {rest}", f"{old}[[{i}, {i}]] += {rest}", f"{old}.flat[{i}] = x[0] * 2"]
            + ([f"{old}[[{i}, 0, {i}]] = np.array([x[0], 0.3, x[1]])"] if len(shape) == 1 else [])
        )
        self.say(line)

    def whole(self) -> None:
        old = self.any()
        value = self.alike(np.shape(self.scope[old]))
        line = self.random.choice(
            [
                *(f"{old} += {value}", f"{old} -= {value}", f"{old} *= 0.7", f"{old} *= np.cos({value})"),
                *(f"np.add({old}, {value}, out={old})", f"np.multiply({old}, 0.5, {old})"),
                *(f"np.copyto({old}, {value})", f"{old}.fill(x[0])", f"{old}[...] = {value}"),
                *(f"np.tanh({old}, out={old})", f"{old} /= 2.0"),
            ]
        )
        self.say(line)

    def hold(self) -> None:
        old = self.any()
        name = self.new()
        self.say(f"held = {{'a': [{old}, {self.any()}]}}; held['a'][0] *= 0.9; {name} = held['a'][1]", name)

    def loop(self) -> None:
        old = self.any(2) if any(np.ndim(self.scope[n]) > 1 for n in self.names) else "w"
        line = self.random.choice(
            [
                f"for row in {old}: row[...] = row * 0.5 + x[0]",
                f"for row in {old}: row += x[1]",
                f"for k in range(len({old})): {old}[k] = np.sin({old}[k - 1])",
                f"for k in range(len({old})): {old}[k] += k * 0.1",
            ]
        )
        self.say(line)

    def call(self) -> None:
        """A helper that changes its argument."""
        old = self.any()
        self.say(f"(lambda v: np.multiply(v, 0.8, out=v))({old})")


def _broadcasts(shape: tuple[int, ...], to: tuple[int, ...]) -> bool:
    try:
        return np.broadcast_shapes(shape, to) == to
    except ValueError:
        return False


X = np.array([0.317, -0.473, 0.829])
W = np.array([[0.21, -0.62, 0.45], [0.74, 0.13, -0.35]])


def model_of(lines: list[str], names: list[str]) -> Any:
    """A function of x and w that runs the lines and adds up the squares of everything there is."""
    code = compile("\n".join(lines), "<program>", "exec")
    weights = {name: 1.0 + 0.1 * i for i, name in enumerate(names)}

    def model(x: Any, w: Any) -> Any:
        scope = {"np": np, "x": x, "w": w}
        exec(code, scope)
        return sum(weights[name] * np.sum(scope[name] ** 2) for name in names)

    return model


def slope(model: Any, x: Any, w: Any, dx: Any, dw: Any, h: float = 1e-6) -> tuple[float, bool]:
    """The derivative in a direction, and whether it is one: on either side it is the same."""

    def at(step: float) -> Any:
        return model(x + step * dx, w + step * dw)

    here, ahead, back = model(x.copy(), w.copy()), at(h), at(-h)
    sides = (ahead - here) / h, (here - back) / h
    return (ahead - back) / (2 * h), bool(np.allclose(*sides, rtol=1e-3, atol=1e-3))


@pytest.mark.parametrize("seed", some(range(500), every=20))
def test_numpy_runs_the_same_program(seed: int) -> None:
    writer = Writer(seed)
    lines = writer.program(4 + seed % 9)
    model = model_of(lines, writer.names)
    x, w = X.copy(), W.copy()
    flow = bpviz.backprop(model, x, w)
    program = "\n".join(lines)
    assert np.array_equal(x, X), program
    assert np.array_equal(w, W), program
    np.testing.assert_allclose(flow.output, model(X.copy(), W.copy()), rtol=1e-12, err_msg=program)
    rng = np.random.default_rng(seed)
    dx, dw = rng.normal(size=X.shape), rng.normal(size=W.shape)
    expected, smooth = slope(model, X, W, dx, dw)
    if smooth:
        grads = flow.grads
        found = np.sum(grads["x"] * dx) + np.sum(grads["w"] * dw)
        np.testing.assert_allclose(found, expected, rtol=2e-5, atol=1e-6, err_msg=program)
    if "] *= 0.5" not in program or "<" not in program:
        # The record, run again on other numbers, is still the program.
        other = X + 0.01 * dx
        again = bpviz.propagate(flow.graph, inputs={"x": other})
        np.testing.assert_allclose(again.output, model(other.copy(), W.copy()), rtol=1e-12, err_msg=program)
