"""Models as objects: methods, callable objects, records and layers that hold their numbers."""

import math
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

rng = np.random.default_rng(10)
X = rng.normal(size=(2, 3))


class Linear:
    def __init__(self, n, m):
        self.weight = rng.normal(size=(n, m)) / np.sqrt(n)
        self.bias = np.zeros(m)

    def __call__(self, x):
        self.x = x
        return x @ self.weight + self.bias


class MLP:
    def __init__(self, *sizes):
        self.layers = [Linear(n, m) for n, m in zip(sizes, sizes[1:])]

    def __call__(self, x=X):
        """A callable network with a list of callable layers."""
        for layer in self.layers[:-1]:
            x = np.tanh(layer(x))
        return self.layers[-1](x)


mlp = MLP(3, 4, 2)


class LogisticRegression:
    def __init__(self):
        self.w = np.array([0.2, -0.5, 0.1])
        self.b = 0.3
        self.lam = 0.1

    def predict_proba(self, X):
        return 1.0 / (1.0 + np.exp(-(X @ self.w + self.b)))

    def loss(self, X=X, y=np.array([1.0, 0.0])):
        """Logistic regression with a penalty; the weight, bias and penalty are attributes."""
        self.p = self.predict_proba(X)
        return -np.mean(y * np.log(self.p) + (1 - y) * np.log(1 - self.p)) + self.lam * np.sum(self.w**2)


logistic = LogisticRegression().loss


class Attention:
    def __init__(self, d):
        self.params = {name: rng.normal(size=(d, d)) for name in ("Wq", "Wk", "Wv")}

    def forward(self, x=X):
        """An attention layer with its parameters in a dict; output and weights are returned."""
        q, k, v = (x @ self.params[name] for name in ("Wq", "Wk", "Wv"))
        s = q @ k.T / math.sqrt(q.shape[-1])
        self.a = np.exp(s - s.max(axis=1, keepdims=True))
        self.a = self.a / self.a.sum(axis=1, keepdims=True)
        return self.a @ v, self.a


attention = Attention(3).forward


class LSTMCell:
    def __init__(self, input_size, hidden_size):
        self.W = {g: rng.normal(size=(input_size + hidden_size, hidden_size)) for g in "ifog"}
        self.b = {g: np.zeros(hidden_size) for g in "ifog"}
        self.h = np.zeros(hidden_size)
        self.c = np.zeros(hidden_size)

    def step(self, x):
        both = np.concatenate([x, self.h])
        gates = {g: both @ self.W[g] + self.b[g] for g in "ifog"}
        i, f, o = (1 / (1 + np.exp(-gates[g])) for g in "ifo")
        self.c = f * self.c + i * np.tanh(gates["g"])
        self.h = o * np.tanh(self.c)

    def run(self, xs=X):
        """A cell that keeps its state in attributes while it walks through time."""
        for x in xs:
            self.step(x)
        return np.sum(self.h**2)


lstm_cell = LSTMCell(3, 2).run


class Conv1d:
    def __init__(self):
        self.kernel = np.array([0.5, -1.0, 0.25])

    def forward(self, x=np.array([1.0, 2.0, -1.0, 0.5, 3.0])):
        """A layer that fills an output buffer with its kernel's sums and keeps it."""
        n = len(x) - len(self.kernel) + 1
        self.out = np.zeros(n)
        for i in range(n):
            self.out[i] = np.sum(x[i : i + len(self.kernel)] * self.kernel)
        self.out[self.out < 0] *= 0.1
        return self.out


conv1d = Conv1d().forward


class Trainer:
    def __init__(self):
        self.params = {"w": np.array([0.5, -0.3]), "b": np.array([0.1])}
        self.velocity = {k: np.zeros_like(v) for k, v in self.params.items()}
        self.lr = 0.1

    def grads(self, x, y):
        e = x @ self.params["w"] + self.params["b"] - y
        return {"w": 2 * x.T @ e / len(y), "b": np.array([2 * e.mean()])}

    def step(self, x=np.array([[1.0, 2.0], [0.5, -1.0]]), y=np.array([1.0, 0.0])):
        """A training step that changes the object's own parameters in place, and the loss after it."""
        for _ in range(2):
            g = self.grads(x, y)
            for k in self.params:
                self.velocity[k] *= 0.9
                self.velocity[k] -= self.lr * g[k]
                self.params[k] += self.velocity[k]
        return np.mean((x @ self.params["w"] + self.params["b"] - y) ** 2)


trainer = Trainer().step


@dataclass
class Body:
    mass: float
    position: np.ndarray = field(default_factory=lambda: np.zeros(2))


def gravity_of_bodies(a=Body(2.0, np.array([0.0, 0.5])), b=Body(1.0, np.array([1.0, -0.5]))):
    """Potential energy of two dataclasses."""
    return -a.mass * b.mass / np.linalg.norm(a.position - b.position)


class Pose(NamedTuple):
    x: float
    y: float
    heading: float


def moved_pose(pose=Pose(1.0, 2.0, 0.3), distance=0.5):
    """A named tuple that is replaced by a moved one."""
    pose = pose._replace(x=pose.x + distance * np.cos(pose.heading), y=pose.y + distance * np.sin(pose.heading))
    return pose.x * pose.y


class Option:
    def __init__(self, strike=100.0, volatility=0.2):
        self.strike = strike
        self.volatility = volatility


def payoff_of_option(spot=103.0, option=Option()):
    """An object among the arguments whose attributes are read."""
    d = np.log(spot / option.strike) / option.volatility
    return spot * np.tanh(d) - option.strike * np.tanh(d - option.volatility)


class Vector:
    def __init__(self, x, y):
        self.x, self.y = x, y

    def __add__(self, other):
        return Vector(self.x + other.x, self.y + other.y)

    def __mul__(self, k):
        return Vector(self.x * k, self.y * k)

    def norm(self):
        return np.sqrt(self.x**2 + self.y**2)


def vectors_of_own(x=1.0, y=2.0, k=0.5):
    """A vector class with its own operators."""
    return (Vector(x, y) * k + Vector(y, x)).norm()
