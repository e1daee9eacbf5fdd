"""Methods that write into their objects: values as in the plain call, slopes by differences, the objects untouched."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import bpviz

# Optimizers as books print them


class SGD:
    def __init__(self, lr: float = 0.1) -> None:
        self.lr = lr

    def update(self, params: Any, grads: Any) -> None:
        for key in params:
            params[key] -= self.lr * grads[key]


class Momentum:
    def __init__(self, lr: float = 0.1, momentum: float = 0.9) -> None:
        self.lr, self.momentum = lr, momentum
        self.v: Any = None

    def update(self, params: Any, grads: Any) -> None:
        if self.v is None:
            self.v = {}
            for key, value in params.items():
                self.v[key] = np.zeros_like(value)
        for key in params:
            self.v[key] = self.momentum * self.v[key] - self.lr * grads[key]
            params[key] += self.v[key]


class Adam:
    def __init__(self, lr: float = 0.05, beta1: float = 0.9, beta2: float = 0.999) -> None:
        self.lr, self.beta1, self.beta2, self.iter = lr, beta1, beta2, 0
        self.m: Any = None
        self.v: Any = None

    def update(self, params: Any, grads: Any) -> None:
        if self.m is None:
            self.m, self.v = {}, {}
            for key, value in params.items():
                self.m[key] = np.zeros_like(value)
                self.v[key] = np.zeros_like(value)
        self.iter += 1
        rate = self.lr * np.sqrt(1.0 - self.beta2**self.iter) / (1.0 - self.beta1**self.iter)
        for key in params:
            self.m[key] += (1 - self.beta1) * (grads[key] - self.m[key])
            self.v[key] += (1 - self.beta2) * (grads[key] ** 2 - self.v[key])
            params[key] -= rate * self.m[key] / (np.sqrt(self.v[key]) + 1e-7)


def trained(optimizer: Any, params: Any, target: Any) -> Any:
    for _ in range(2):
        optimizer.update(params, {key: 2 * (value - target) for key, value in params.items()})
    return sum(np.sum((value - target) ** 2) for value in params.values())


@pytest.mark.parametrize("kind", [SGD, Momentum, Adam])
def test_a_step_of_an_optimizer_runs_as_it_stands(kind: Callable[[], Any]) -> None:
    optimizer, params = kind(), {"W": np.array([[1.0, 2.0], [3.0, 4.0]]), "b": np.array([1.5, -1.0])}
    kept = copy.deepcopy((vars(optimizer), params))

    def plain(weight: float = 1.0, rate: float = optimizer.lr) -> float:
        other, own = copy.deepcopy(params), kind()
        other["W"][0, 0], own.lr = weight, rate
        return float(trained(own, other, 0.5))

    flow = bpviz.backprop(trained, optimizer, params, 0.5)
    assert flow.output == pytest.approx(plain(), rel=1e-12)
    assert flow.grads["params['W']"][0, 0] == pytest.approx(bpviz.numerical_diff(plain, 1.0), rel=1e-5)
    slope = bpviz.numerical_diff(lambda rate: plain(1.0, rate), optimizer.lr)
    assert flow.grads["optimizer.lr"] == pytest.approx(slope, rel=1e-5)
    assert repr((vars(optimizer), params)) == repr(kept)


# Attributes


class Model:
    def __init__(self) -> None:
        self.lr, self.w, self.n = 0.5, np.array([1.0, 2.0]), 3
        self.params = {"W": np.array([[1.0, 2.0], [3.0, 4.0]]), "b": np.array([0.5, -0.5])}
        self.buffer = np.zeros((2, 2))
        self.places = np.array([0, 1])
        self.history: list[Any] = []

    def augmented(self, x: Any) -> Any:
        self.w -= self.lr * x
        self.lr *= 0.9
        return np.sum(self.w**3) * self.lr

    def element(self, x: Any) -> Any:
        self.params["W"][0] = x
        self.params["W"][1, 1] *= x
        return np.sum(self.params["W"] ** 2)

    def whole(self, x: Any) -> Any:
        self.w[...] = x * 2
        return np.sum(self.w**2)

    def view(self, x: Any) -> Any:
        part = self.w[1:]
        part *= x
        return np.sum(self.w**2)

    def out(self, x: Any) -> Any:
        np.multiply(self.w, x, out=self.w)
        return np.sum(self.w)

    def masked(self, x: Any) -> Any:
        self.w[self.w > 1.5] = x
        return np.sum(self.w**2)

    def added(self, x: Any) -> Any:
        np.add.at(self.buffer, (self.places, self.places), x)
        return np.sum(self.buffer * x)

    def into_own_buffer(self, x: Any) -> Any:
        made = np.zeros(2)
        made[0] = self.lr
        made[1] = x
        return np.sum(made**2) + np.sum(np.array([self.lr, x]))

    def appended(self, x: Any) -> Any:
        for _ in range(self.n):
            self.history.append(self.lr * x)
            self.lr *= 0.5
        return sum(self.history)

    def step(self, x: Any) -> Any:
        inputs, target = np.array([1.0, 2.0]), np.array([1.0, 0.0])
        delta = 2 * (inputs @ self.params["W"] + self.params["b"] - target)
        self.params["W"] -= x * np.outer(inputs, delta)
        self.params["b"] -= x * delta
        return np.sum((inputs @ self.params["W"] + self.params["b"] - target) ** 2)


METHODS = [name for name in vars(Model) if not name.startswith("_")]


@pytest.mark.parametrize("name", METHODS)
def test_writes_to_attributes_are_those_of_the_plain_call(name: str) -> None:
    model = Model()

    def plain(x: float = 0.3, lr: float = 0.5, w: float = 2.0) -> float:
        other = Model()
        other.lr, other.w[1] = lr, w
        return float(getattr(other, name)(x))

    flow = bpviz.backprop(getattr(model, name), 0.3)
    assert flow.output == pytest.approx(plain(), rel=1e-12)
    assert flow.grads["x"] == pytest.approx(bpviz.numerical_diff(plain, 0.3), rel=1e-6, abs=1e-9)
    slope = bpviz.numerical_diff(lambda lr: plain(0.3, lr), 0.5)
    assert flow.grads.get("lr", 0.0) == pytest.approx(slope, rel=1e-6, abs=1e-9)
    slope = bpviz.numerical_diff(lambda w: plain(0.3, 0.5, w), 2.0)
    assert flow.grads.get("w", np.zeros(2))[1] == pytest.approx(slope, rel=1e-6, abs=1e-9)
    assert repr(vars(model)) == repr(vars(Model()))
    assert bpviz.gradcheck(getattr(model, name), 0.3).ok


def test_a_write_is_seen_through_the_dict_and_the_layer() -> None:
    class Layer:
        def __init__(self, weight: Any) -> None:
            self.weight = weight

    class Net:
        def __init__(self) -> None:
            self.params = {"W": np.array([1.0, 2.0])}
            self.layer = Layer(self.params["W"])

        def loss(self, x: float = 3.0) -> Any:
            self.params["W"] *= x
            return np.sum(self.layer.weight**2)

    net = Net()
    # 9 (1 + 4)
    assert bpviz.backprop(net.loss).output == 45.0
    assert net.layer.weight.tolist() == [1.0, 2.0]


def test_a_dict_that_is_an_argument_and_held_by_another_stays_one() -> None:
    class Net:
        def __init__(self) -> None:
            self.params = {"W": np.array([1.0, 2.0])}

    def replaced(net: Any, params: Any) -> Any:
        params["W"] = params["W"] * 3.0
        return np.sum(net.params["W"])

    net = Net()
    assert bpviz.backprop(replaced, net, net.params).output == 9.0
    assert bpviz.backprop(lambda params, net: replaced(net, params), net.params, net).output == 9.0
    assert net.params["W"].tolist() == [1.0, 2.0]


# The plain run


class Noisy:
    def __init__(self) -> None:
        self.w = np.array([1.0, 2.0, 3.0])
        self.rng, self.python = np.random.default_rng(5), random.Random(6)
        self.calls = 0

    def loss(self, x: float = 2.0) -> Any:
        self.calls += 1
        return np.sum(self.w * x * self.rng.random(3)) * self.python.random() * self.calls


@pytest.mark.parametrize("verify", [True, False])
def test_random_generators_of_an_object_stay_where_they_are(verify: bool) -> None:
    model, other = Noisy(), Noisy()
    flow = bpviz.backprop(model.loss, verify=verify)
    assert not flow.graph.notes
    assert flow.output == pytest.approx(other.loss())
    assert (model.calls, model.rng.random(), model.python.random()) == (0, *_first_numbers())
    assert bpviz.gradcheck(model.loss).ok


def _first_numbers() -> tuple[float, float]:
    return np.random.default_rng(5).random(), random.Random(6).random()


def test_a_method_that_asks_for_types_is_run_with_its_plain_numbers() -> None:
    class Scaled:
        def __init__(self) -> None:
            self.rate, self.count = 0.5, 3.0

        def asks(self, x: float = 2.0) -> Any:
            return x * self.rate if isinstance(self.rate, float) else x * 100

        def swallows(self, x: float = 2.0) -> Any:
            try:
                count = int(self.count)
            except Exception:
                count = 10
            return x * count

    # A recorded value says that it is a float, as its number would.
    assert bpviz.backprop(Scaled().asks).grads == {"x": 0.5, "rate": 2.0}
    assert bpviz.backprop(Scaled().swallows).grads == {"x": 3.0}


def test_a_record_that_differs_from_the_method_is_an_error() -> None:
    class Odd:
        def __init__(self) -> None:
            self.w = np.array([1.0])

        def loss(self, x: float = 2.0) -> Any:
            return np.sum(self.w * x) if type(self.w) is np.ndarray else np.sum(self.w * x) * 100

        def swallows(self, x: float = 2.0) -> Any:
            try:
                return float(x) * self.w
            except Exception:
                return x * self.w * 10

    with pytest.raises(bpviz.RecordingError, match=r"loss returns 2 in a plain run, but 200"):
        bpviz.trace(Odd().loss)
    assert bpviz.trace(Odd().loss, verify=False).outputs == ("loss",)
    with pytest.raises(bpviz.RecordingError, match=r"float\(x\)"):
        bpviz.trace(Odd().swallows)


# Other values


class Spring:
    def __init__(self, k: float) -> None:
        self.k = k

    def energy(self, x: float = 3.0) -> Any:
        return self.k * x if self.k > 0 else self.k * x * 10


def energy_of(spring: Any, x: float = 3.0) -> Any:
    return spring.energy(x)


def test_branches_follow_other_values_of_attributes() -> None:
    spring = Spring(2.0)
    assert bpviz.trace(spring.energy, inputs={"k": -1.0})["energy"].value == -30.0
    assert bpviz.backprop(energy_of, spring, inputs={"spring.k": -1.0}).grads == {"x": -10.0, "spring.k": 30.0}
    assert bpviz.draw(spring.energy, inputs={"k": -1.0}).source.output == -30.0
    assert bpviz.what_if(spring.energy, k=-1.0).true == -36.0
    assert bpviz.what_if(energy_of, spring, **{"spring.k": -1.0}).true == -36.0
    assert bpviz.explain(spring.energy, inputs={"k": -1.0}, wrt="k").flow.grads == {"k": 30.0}
    assert bpviz.gradcheck(energy_of, spring, inputs={"spring.k": -1.0}, wrt="k").ok
    assert bpviz.diff(spring.energy, Spring(-1.0).energy, wrt="k").after.grads == {"k": 30.0}
    assert spring.k == 2.0
    with pytest.raises(bpviz.UsageError, match=r"^'k' has shape \(\), but was given \[1\.0\]"):
        bpviz.trace(spring.energy, inputs={"k": [1.0]})
    with pytest.raises(bpviz.UsageError, match=r"^there is no input named 'q'; its inputs are: x, k"):
        bpviz.trace(spring.energy, inputs={"q": 1.0})


_SCALE = np.array([1.0, 2.0])


def scaled(x: float = 3.0) -> Any:
    return np.sum(_SCALE * x) if _SCALE[0] > 0 else np.sum(_SCALE * x) * 10


def test_a_global_takes_other_values_and_its_gradient_is_checked() -> None:
    flow = bpviz.backprop(scaled, wrt="_SCALE", inputs={"_SCALE": [-1.0, 2.0]})
    assert (flow.output, flow.grads["_SCALE"].tolist()) == (30.0, [30.0, 30.0])
    assert bpviz.gradcheck(scaled, wrt="_SCALE").ok
    assert _SCALE.tolist() == [1.0, 2.0]


def test_a_run_with_other_numbers_is_checked_at_these_when_some_are_frozen() -> None:
    flow = bpviz.propagate(bpviz.trace(lambda x=2.0, y=3.0: x * x * y), {"y": 5.0})
    report = bpviz.gradcheck(flow, freeze="y")
    assert report.ok
    assert [check.name for check in report.inputs] == ["x"]


def test_parameters_that_are_called_as_options_are_parameters() -> None:
    def product(inputs: float = 2.0, wrt: float = 3.0) -> Any:
        return inputs * wrt

    assert bpviz.backprop(product, inputs=5.0).grads == {"inputs": 3.0, "wrt": 5.0}


def test_an_object_that_other_threads_write_into_is_not_put_back() -> None:
    class Counting:
        def __init__(self) -> None:
            self.w, self.log, self.seen = np.array([1.0, 2.0]), np.zeros(2), {"calls": 0}

        def loss(self, x: float = 2.0) -> Any:
            # What another thread does to the object while the copy runs.
            shared.log[0] += 1.0
            shared.seen["calls"] += 1
            return np.sum(self.w * x)

    shared = Counting()
    model = shared.loss
    assert bpviz.trace(model)["loss"].value == 6.0
    # Once while it is recorded, once in the plain run.
    assert (shared.log[0], shared.seen["calls"]) == (2.0, 2)
