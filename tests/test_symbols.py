"""Flows read in symbols: the formulas of the articles."""

from __future__ import annotations

import numpy as np

import bpviz
from bpviz.symbols import Symbols

X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
Y = np.array([[0.0], [0.0], [0.0], [1.0]])


def perceptron(W=np.array([[0.5, -0.3]]), b=np.array([0.1])):
    Z = X @ W.T + b
    A = bpviz.nn.sigmoid(Z)
    return bpviz.nn.sum_squared_error(A, Y)


def test_the_perceptron_of_article_004() -> None:
    flow = bpviz.backprop(perceptron)
    read = Symbols(flow)

    def line(name: str) -> str:
        index = flow.graph.find(name)
        return f"{read.derivative(index)} = {read.gradient(index)}"

    assert line("W") == "dW = dZᵀ·X"
    assert line("b") == "db = Σ dZ"
    assert line("Z") == "dZ = dA ∘ A ∘ (1 − A)"
    assert line("A") == "dA = A − Y"
    assert read.value(flow.graph.find("Z")) == "X·Wᵀ + b"


def test_apples_of_article_000() -> None:
    def y(p=100, n=2, t=1.1):
        x = p * n
        return x * t

    flow = bpviz.backprop(y)
    read = Symbols(flow)
    found = {name: read.gradient(flow.graph.find(name)) for name in ("p", "n", "t", "x", "y")}
    assert {name: sorted(text.split("·")) for name, text in found.items()} == {
        "p": ["n", "t"],
        "n": ["p", "t"],
        "t": ["x"],
        "x": ["t"],
        "y": ["1"],
    }


def test_formulas_stand_at_the_wires() -> None:
    svg = bpviz.draw(perceptron, labels="symbols").to_svg()
    for text in ("dW = dZᵀ·X", "db = Σ dZ", "dZ = dA ∘ A ∘ (1 − A)", "dA = A − Y", "Z = X·Wᵀ + b"):
        assert f">{text}<" in svg
