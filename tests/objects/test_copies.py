"""Objects as models: what they hold becomes inputs, and they stay as they are."""

from __future__ import annotations

import collections
import copy
import dataclasses
import enum
import functools
import gc
import math
import random
import threading
import types
from collections.abc import Callable
from contextlib import suppress
from math import exp
from typing import Any

import numpy as np
import pytest

import bpviz
from bpviz.errors import RecordingError, UsageError


class Dense:
    def __init__(self, weight: Any, bias: Any) -> None:
        self.weight, self.bias, self.seen = weight, bias, None

    def forward(self, signal: Any) -> Any:
        self.seen = signal
        return signal @ self.weight + self.bias


class Squash:
    def forward(self, signal: Any) -> Any:
        self.out = np.tanh(signal)
        return self.out


class Regressor:
    """Layers that share their arrays with a dict, a number, counters, and a reference to itself."""

    def __init__(self, seed: int = 3) -> None:
        generator = np.random.default_rng(seed)
        self.theta = {
            "A": generator.normal(size=(3, 4)),
            "a": generator.normal(size=4),
            "B": generator.normal(size=(4, 1)),
            "b": np.zeros(1),
            "never read": np.ones(7),
        }
        self.stack = collections.OrderedDict(
            dense1=Dense(self.theta["A"], self.theta["a"]),
            squash=Squash(),
            dense2=Dense(self.theta["B"], self.theta["b"]),
        )
        self.decay = 0.25
        self.calls = 0
        self.seen = np.array([4, 5])
        self.me = self
        self.log: list[Any] = []

    def predict(self, x: Any) -> Any:
        self.calls += 1
        self.seen += 1
        self.log.append(self.calls)
        for layer in self.stack.values():
            x = layer.forward(x)
        return x

    def loss(self, x: Any = np.array([[1.0, -2.0, 0.5]]), t: Any = np.array([[0.75]])) -> Any:
        self.guess = self.predict(x)
        penalty = np.sum(self.theta["A"] ** 2) + np.sum(self.theta["B"] ** 2)
        return np.sum((self.guess - t) ** 2) + self.decay * penalty

    __call__ = loss


def state(thing: Any) -> Any:
    """Everything that an object holds, with identities: two states are equal if nothing was changed."""
    seen: set[int] = set()

    def walk(part: Any) -> Any:
        if isinstance(part, np.ndarray):
            return id(part), part.tobytes()
        if isinstance(part, dict | list | tuple) or hasattr(part, "__dict__"):
            if id(part) in seen:
                return id(part)
            seen.add(id(part))
            if isinstance(part, dict):
                return id(part), [(key, walk(value)) for key, value in part.items()]
            inner = part if isinstance(part, list | tuple) else vars(part)
            return id(part), walk(inner) if isinstance(inner, dict) else [walk(value) for value in inner]
        return part

    return walk(thing)


def difference(net: Regressor, change: Callable[[Regressor, float], None], h: float = 1e-6) -> float:
    """The central difference of the plain method, on copies."""
    sides = []
    for step in (h, -h):
        one = copy.deepcopy(net)
        change(one, step)
        sides.append(float(one.loss()))
    return (sides[0] - sides[1]) / (2 * h)


def nudge(key: str, place: int) -> Callable[[Regressor, float], None]:
    def change(net: Regressor, step: float) -> None:
        net.theta[key].flat[place] += step

    return change


@pytest.mark.parametrize("target", [lambda net: net.loss, lambda net: net, lambda net: functools.partial(net.loss)])
def test_the_gradients_of_what_an_object_holds(target: Any) -> None:
    net = Regressor()
    before = state(net)
    flow = bpviz.backprop(target(net))
    assert state(net) == before
    assert flow.output == pytest.approx(copy.deepcopy(net).loss(), rel=1e-12)
    assert list(flow.grads) == ["x", "t", "theta['A']", "theta['a']", "theta['B']", "theta['b']", "decay"]
    for key in "AaBb":
        gradient = flow.grads[f"theta['{key}']"]
        for place in range(gradient.size):
            assert gradient.flat[place] == pytest.approx(difference(net, nudge(key, place)), rel=1e-5, abs=1e-7)
    assert flow.grad("decay") == pytest.approx(np.sum(net.theta["A"] ** 2) + np.sum(net.theta["B"] ** 2))


def test_an_object_is_found_by_the_last_part_of_a_name_too() -> None:
    flow = bpviz.backprop(Regressor().loss)
    np.testing.assert_array_equal(flow.grad("A"), flow.grad("theta['A']"))


def test_groups_are_called_as_the_attributes() -> None:
    graph = bpviz.trace(Regressor().loss)
    assert [scope.title for scope in graph.record.scopes[1:]] == ["predict", "dense1", "squash", "dense2"]

    class Pair:
        def __init__(self) -> None:
            self.first, self.rest = Squash(), [Squash(), Squash()]

        def run(self, x: Any = 0.5) -> Any:
            x = self.first.forward(x)
            for layer in self.rest:
                x = layer.forward(x)
            return x

    graph = bpviz.trace(Pair().run)
    assert [scope.title for scope in graph.record.scopes[1:]] == ["first", "Squash", "Squash"]


def test_a_call_that_goes_on_in_forward_is_one_group() -> None:
    class Layer:
        def __call__(self, x: Any) -> Any:
            return self.forward(x) + 1.0

    class Times(Layer):
        def __init__(self, k: float) -> None:
            self.k = k

        def forward(self, x: Any) -> Any:
            return self.k * x

    class Chain:
        def __init__(self) -> None:
            self.double, self.others = Times(2.0), [Times(3.0)]

        def run(self, x: Any = 1.0) -> Any:
            return self.others[0](self.double(x))

    graph = bpviz.trace(Chain().run)
    assert [scope.title for scope in graph.record.scopes[1:]] == ["double", "Times"]
    # 3 (2 · 1 + 1) + 1
    assert bpviz.propagate(graph).output == 10.0


@pytest.mark.parametrize("raised", [ValueError("the model's own"), KeyboardInterrupt(), SystemExit(3)])
def test_an_object_is_as_before_when_its_method_raises(raised: BaseException) -> None:
    class Failing(Regressor):
        def loss(self, x: Any = np.ones((1, 3)), t: Any = 0.0) -> Any:
            self.extra = self.predict(x) * self.decay
            self.theta["A"] = self.extra
            del self.log
            raise raised

    net = Failing()
    before = state(net)
    with pytest.raises(type(raised)):
        bpviz.backprop(net.loss)
    assert state(net) == before


def test_random_generators_go_on_as_if_nothing_had_been_drawn() -> None:
    class Noisy:
        def __init__(self) -> None:
            self.numpy, self.python = np.random.default_rng(1), random.Random(1)

        def run(self, x: Any = 2.0) -> Any:
            return x * (self.numpy.normal() + self.python.random())

    net, twin = Noisy(), Noisy()
    first = bpviz.backprop(net.run).output
    assert first == twin.run()
    assert bpviz.backprop(net.run).output == first == net.run()


def test_threads_may_trace_one_object_while_others_use_it() -> None:
    net = Regressor()
    right, expected = float(copy.deepcopy(net).loss()), bpviz.backprop(net.loss).grad("decay")
    wrong: list[Any] = []

    def traces() -> None:
        for _ in range(5):
            flow = bpviz.backprop(net.loss)
            if flow.output != right or flow.grad("decay") != expected:
                wrong.append(flow)

    def reads() -> None:
        for _ in range(300):
            if type(net.decay) is not float or type(net.theta["A"]) is not np.ndarray or hasattr(net, "guess"):
                wrong.append(net)

    threads = [threading.Thread(target=work) for work in [traces] * 8 + [reads] * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@dataclasses.dataclass
class Spring:
    stiffness: float = 3.0
    rest: float = 1.0
    name: str = "spring"
    turns: int = 5


@dataclasses.dataclass(frozen=True, slots=True)
class Mass:
    kilograms: float
    position: Any


class Ends(collections.namedtuple("Ends", "left right")):
    pass


def test_fields_of_arguments_are_named_as_in_the_code() -> None:
    spring, mass = Spring(), Mass(2.0, np.array([1.0, 4.0]))

    def energy(s: Any = spring, m: Any = mass, ends: Any = Ends(0.5, [2.0]), n: Any = 2) -> Any:
        assert type(s) is Spring and type(m) is Mass and type(ends) is Ends
        assert s.turns == 5 and s.name == "spring"
        stretch = np.sum(m.position) - s.rest
        return s.stiffness * stretch**2 / n + m.kilograms * ends.left * ends.right[0]

    flow = bpviz.backprop(energy)
    # 3 (5 − 1)² / 2 + 2 · 0.5 · 2 = 26
    assert flow.output == 26.0
    grads = flow.grads
    np.testing.assert_array_equal(grads.pop("m.position"), [12.0, 12.0])
    assert grads == {
        "s.stiffness": 8.0,
        "s.rest": -12.0,
        "m.kilograms": 1.0,
        "ends.left": 4.0,
        "ends.right[0]": 1.0,
        "n": -12.0,
    }
    assert spring == Spring() and mass.kilograms == 2.0


def test_one_input_for_an_array_that_an_argument_and_an_object_share() -> None:
    shared = np.array([2.0, 3.0])

    def model(params: Any, layer: Any) -> Any:
        return np.sum(params["w"] * layer.w)

    flow = bpviz.backprop(model, {"w": shared}, types.SimpleNamespace(w=shared))
    assert list(flow.grads) == ["params['w']"]
    np.testing.assert_array_equal(flow.grad("params['w']"), 2 * shared)


class Mode(enum.Enum):
    FAST, SLOW = 0.5, 0.25


class Slotted:
    __slots__ = ("empty", "k")

    def __init__(self) -> None:
        self.k = 4.0


class Watched:
    """Properties, a set, a closure, a method kept in an attribute, a read-only mapping, class attributes."""

    shift = 0.5

    def __init__(self) -> None:
        self._gain = 3.0
        self.mode, self.slotted, self.marker = Mode.FAST, Slotted(), _MARKER
        self.seen: set[int] = set()
        self.limits = types.MappingProxyType({"low": 2.0})
        self.act = self._act
        self.late = lambda v: v * self._gain
        self.counts = collections.Counter(a=1)
        self.window = collections.deque([1.0, 2.0], maxlen=2)

    @property
    def gain(self) -> Any:
        return self._gain

    @gain.setter
    def gain(self, value: Any) -> None:
        raise AssertionError("a trace sets no property")

    def _act(self, value: Any) -> Any:
        return value * self._gain

    def run(self, x: Any = 2.0) -> Any:
        assert self.mode is Mode.FAST and self.marker is _MARKER
        self.seen.add(1)
        self.marker.spoiled = x * 2
        self.counts["a"] += 1
        self.window.append(x)
        return self.act(x) + self.late(x) + self.gain * self.limits["low"] * self.slotted.k + self.shift


class _Marker:
    pass


_MARKER = _Marker()


def test_objects_of_every_kind_are_handled_or_left_alone() -> None:
    watched = Watched()
    flow = bpviz.backprop(watched.run)
    # 2 · 3 + 2 · 3 + 3 · 2 · 4 + 0.5
    assert flow.output == 36.5
    assert flow.grads == {"x": 6.0, "_gain": 12.0, "limits['low']": 12.0, "slotted.k": 6.0}
    assert watched.seen == set() and vars(_MARKER) == {} and watched.counts == {"a": 1} and watched.window[0] == 1.0


class AttrDict(dict):  # type: ignore[type-arg]
    """A dict whose keys are attributes, and whose look-up raises what it likes."""

    def __getattr__(self, name: str) -> Any:
        return self[name]

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value


freed: list[Any] = []


class Freeing:
    __slots__ = ("k",)

    def __init__(self, k: float) -> None:
        self.k = k

    def __del__(self) -> None:
        freed.append(self.k)

    def times(self, x: Any = 3.0) -> Any:
        return self.k * x


def test_objects_with_a_look_up_or_a_finalizer_of_their_own() -> None:
    def model(p: Any, x: Any = 2.0) -> Any:
        p.z = p.w * x
        return p.z + p.inner.v

    params = AttrDict(w=3.0, inner=AttrDict(v=1.0))
    flow = bpviz.backprop(model, params)
    assert flow.grads == {"x": 3.0, "p['w']": 2.0, "p['inner']['v']": 1.0}
    assert params == {"w": 3.0, "inner": {"v": 1.0}}
    freeing = Freeing(5.0)
    assert bpviz.backprop(freeing.times).grads == {"x": 5.0, "k": 3.0}
    assert freed == []
    del freeing
    gc.collect()
    assert freed == [5.0]


def test_a_number_that_counts_keeps_its_gradient_elsewhere() -> None:
    class Integrator:
        def __init__(self) -> None:
            self.time, self.step, self.rate = 0.5, 0.25, np.array(3.0)

        def run(self, y: Any = 2.0) -> Any:
            for _ in range(round(self.time / self.step)):
                y = y + self.step * self.rate * y
            return y

    flow = bpviz.backprop(Integrator().run)
    # y (1 + h r)² with h = 1/4, r = 3; the number of steps is rounded, so the time has the slope 0.
    assert flow.grads == {"y": 3.0625, "rate": pytest.approx(2 * 2 * 1.75 * 0.25), "step": 2 * 2 * 1.75 * 3, "time": 0}


def test_an_attribute_that_is_called_like_a_parameter() -> None:
    class Line:
        def __init__(self) -> None:
            self.x = 3.0

        def at(self, x: Any = 2.0) -> Any:
            return self.x * x

    assert bpviz.backprop(Line().at).grads == {"x": 3.0, "self.x": 2.0}


@pytest.mark.thorough
def test_long_chains_of_objects_are_walked_without_recursion() -> None:
    class Link:
        def __init__(self, value: float, after: Any) -> None:
            self.value, self.after = value, after

        def last(self, x: Any = 2.0) -> Any:
            link = self
            while link.after is not None:
                link = link.after
            return link.value * x

    chain = Link(5.0, None)
    for _ in range(5000):
        chain = Link(1.0, chain)
    assert bpviz.backprop(chain.last).output == 10.0


def test_what_the_caller_changes_later_does_not_change_the_graph() -> None:
    net = Regressor()
    flow = bpviz.backprop(net.loss)
    before = flow.output
    net.theta["A"][:] = 0
    assert bpviz.propagate(flow.graph).output == before


def test_higher_orders_inside_of_methods() -> None:
    class Cubic:
        def __init__(self) -> None:
            self.k = 2.0

        def value(self, x: Any) -> Any:
            return self.k * x**3

        def slope(self, x: Any = 3.0) -> Any:
            return bpviz.grad(self.value)(x)

    flow = bpviz.backprop(Cubic().slope)
    # d/dx 3 k x² = 6 k x, d/dk = 3 x²
    assert flow.output == 54.0
    assert flow.grads == {"x": 36.0, "k": 27.0}
    assert bpviz.grad(Cubic().value)(3.0) == 54.0


def test_pairs_of_an_output_and_a_cache() -> None:
    def forward(x: Any = 2.0, w: Any = 3.0) -> Any:
        z = w * x
        return z * z, (x, w, z)

    def two(x: Any = 2.0) -> Any:
        return x * 2, x * 3

    assert bpviz.trace(forward).outputs == ("forward",)
    assert bpviz.backprop(forward).grads == {"x": 36.0, "w": 24.0}
    assert bpviz.draw(forward, output="z").source.grads == {"x": 3.0, "w": 2.0}
    assert len(bpviz.trace(two).outputs) == 2
    assert bpviz.trace(lambda x=2.0: (x * 2, {"z": x * 3})).outputs == ("output",)


def test_a_refusal_that_numpy_wraps_is_raised_itself() -> None:
    def model(x: Any = 2.0) -> Any:
        return np.full((2,), x, dtype=[("a", float)])

    with pytest.raises(bpviz.BpvizError):
        bpviz.trace(model)

    def wrapped(x: Any = 2.0) -> Any:
        try:
            return float(x)
        except RecordingError as error:
            raise ValueError("setting an array element with a sequence.") from error

    with pytest.raises(RecordingError, match="float"):
        bpviz.trace(wrapped)


def test_everything_raised_on_purpose_is_a_bpviz_error() -> None:
    assert issubclass(bpviz.UsageError, bpviz.BpvizError) and issubclass(bpviz.RecordingError, bpviz.BpvizError)
    with pytest.raises(bpviz.BpvizError):
        bpviz.nn.affine(1.0, 2.0, 3.0)
    with pytest.raises(bpviz.BpvizError):
        bpviz.trace(lambda x=np.ones(3): np.pad(x, 1, mode="mean"))


# Names


def test_attributes_and_subscripts_name_wires() -> None:
    class Cell:
        def run(self, x: Any = 0.5) -> Any:
            self.pre = x * 2.0
            self.memo = {}
            self.memo["kept"] = np.tanh(self.pre)
            states = {}
            for t in range(2):
                states[t] = np.exp(self.memo["kept"] * (t + 1.0))
            rows = []
            rows.append(states[0] + states[1])
            return rows[0] * 3.0

    names = bpviz.trace(Cell().run).names
    for name in ("pre", "memo['kept']", "states[0]", "states[1]", "rows[0]"):
        assert name in names


def test_what_stands_beside_a_store_is_not_named_by_it() -> None:
    class Box:
        pass

    def model(x: Any = 2.0) -> Any:
        box, table = Box(), {}
        box.first, table["second"] = x + 1.0, x + 2.0
        table[3], (box.third, other) = x + 3.0, (x + 4.0, x + 5.0)
        return box.first * table["second"] * table[3] * box.third * other

    graph = bpviz.trace(model)
    values = {name: graph[name].value for name in ("first", "table['second']", "third", "other", "table[3]")}
    assert values == {"first": 3.0, "table['second']": 4.0, "third": 6.0, "other": 7.0, "table[3]": 5.0}


# What is differentiated

_SCALE = np.array([2.0, 5.0])
_RATE = 0.5
_NET = Regressor()


def scaled(x: Any = 3.0) -> Any:
    return np.sum(_SCALE) * x * _RATE


def through_global(x: Any = np.array([[1.0, -2.0, 0.5]])) -> Any:
    return _NET.predict(x)


def test_globals_are_constants_unless_they_are_named() -> None:
    assert list(bpviz.backprop(scaled).grads) == ["x"]
    flow = bpviz.backprop(scaled, wrt="_SCALE, x")
    np.testing.assert_array_equal(flow.grad("_SCALE"), [1.5, 1.5])
    assert list(flow.grads) == ["x", "_SCALE"]
    assert bpviz.backprop(scaled, wrt=["_RATE"]).grads == {"_RATE": 21.0}
    assert type(_SCALE) is np.ndarray and type(_RATE) is float


def test_objects_that_are_globals() -> None:
    before = state(_NET)
    flow = bpviz.backprop(through_global, wrt="B,_NET.theta['A']")
    assert sorted(flow.grads) == ["_NET.theta['A']", "_NET.theta['B']"]
    h, place = 1e-6, np.zeros((3, 4))
    place[1, 2] = h
    sides = []
    for sign in (1, -1):
        net = copy.deepcopy(_NET)
        net.theta["A"] += sign * place
        sides.append(net.predict(np.array([[1.0, -2.0, 0.5]])).item())
    assert flow.grad("_NET.theta['A']")[1, 2] == pytest.approx((sides[0] - sides[1]) / (2 * h), rel=1e-6)
    assert state(_NET) == before and _NET is globals()["_NET"]


def test_variables_around_a_function() -> None:
    weight = np.array([1.0, 2.0])

    def model(x: Any = 3.0) -> Any:
        return np.sum(weight * x)

    assert bpviz.backprop(model).grads == {"x": 3.0}
    np.testing.assert_array_equal(bpviz.backprop(model, wrt="weight").grad("weight"), [3.0, 3.0])
    assert type(weight) is np.ndarray


def test_globals_are_put_back_when_the_function_raises() -> None:
    def model(x: Any = 3.0) -> Any:
        raise KeyError(_RATE * x)

    with pytest.raises(KeyError):
        bpviz.trace(model, wrt="_RATE")
    assert _RATE == 0.5 and type(_RATE) is float


def test_what_is_frozen_is_a_constant_with_its_name() -> None:
    net = Regressor()
    everything, flow = bpviz.backprop(net.loss), bpviz.backprop(net.loss, freeze="x,t,decay")
    assert list(flow.grads) == ["theta['A']", "theta['a']", "theta['B']", "theta['b']"]
    for name, gradient in flow.grads.items():
        np.testing.assert_array_equal(gradient, everything.grads[name])
    assert flow.graph["x"].kind == flow.graph["decay"].kind == "constant"
    # Wires that lead back to nothing but constants carry no gradient.
    assert flow.gradients[flow.graph.find("x")] is None
    svg = bpviz.draw(flow).to_svg()
    assert ">decay<" in svg and ">t<" in svg


@pytest.mark.parametrize("choice", [{"wrt": "W"}, {"freeze": "x"}])
def test_every_door_takes_the_choice(choice: dict[str, str]) -> None:
    def model(x: Any = 2.0, W: Any = 3.0) -> Any:
        return x * W

    graph, flow = bpviz.trace(model), bpviz.backprop(model)
    for target in (model, graph, flow, bpviz.draw(flow)):
        source = bpviz.draw(target, **choice).source
        assert isinstance(source, bpviz.Flow) and source.grads == {"W": 2.0}
        assert bpviz.explain(target, **choice).flow.grads == {"W": 2.0}
        assert bpviz.what_if(target, W=4.0, **choice).true == 2.0
        with pytest.raises(UsageError, match="no input named 'x'"):
            bpviz.what_if(target, x=4.0, **choice)
        assert bpviz.diff(target, flow, **choice).before.grads == {"W": 2.0}
    for checked in (model, graph, flow):
        assert [check.name for check in bpviz.gradcheck(checked, **choice).inputs] == ["W"]
    assert flow.grads == {"x": 3.0, "W": 2.0} and graph.inputs == ("x", "W")


def test_a_parameter_may_itself_be_called_wrt() -> None:
    assert bpviz.backprop(lambda wrt=2.0, x=3.0: wrt * x, wrt=5.0).grads == {"wrt": 3.0, "x": 5.0}


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        ({"wrt": "thetaA"}, "wrt names 'thetaA'"),
        ({"wrt": "dekay"}, "did you mean 'decay'"),
        ({"freeze": "dekay"}, "did you mean 'decay'"),
        ({"wrt": "theta['never read']"}, "which no step of loss reads"),
        ({"wrt": 3}, "takes names"),
    ],
)
def test_wrong_names_say_what_was_meant(choice: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        bpviz.backprop(Regressor().loss, **choice)


class Counting:
    """A class that its methods write into."""

    calls = 0

    def __init__(self) -> None:
        self.w = 2.0

    def loss(self, x: Any = 3.0) -> Any:
        Counting.calls += 1
        type(self).last = x * self.w  # type: ignore[attr-defined]
        if x > 100:
            raise ValueError("too large")
        return Counting.last * Counting.calls  # type: ignore[attr-defined]


def test_a_class_is_as_before() -> None:
    before = dict(vars(Counting))
    model = Counting()
    flow = bpviz.backprop(model.loss)
    assert flow.output == 6.0 and flow.grads == {"x": 2.0, "w": 3.0}
    assert dict(vars(Counting)) == before
    with pytest.raises(ValueError, match="too large"):
        bpviz.backprop(model.loss, 101.0)
    assert dict(vars(Counting)) == before


class Tally:
    __slots__ = ("calls", "seen")

    def __init__(self) -> None:
        self.calls = 0

    def scaled(self, x: Any) -> Any:
        self.calls += 1
        self.seen = x
        Counting.calls += 1
        return x * self.calls * Counting.calls


TALLY = Tally()


def test_a_global_object_and_a_class_change_as_in_one_call() -> None:
    def f(x: Any = 2.0) -> Any:
        return TALLY.scaled(x)

    # With slots and class attributes not put back, the plain run would begin at other numbers, and differ.
    assert bpviz.backprop(f).output == 2.0
    assert (TALLY.calls, Counting.calls) == (1, 1)
    del TALLY.seen
    TALLY.calls = Counting.calls = 0


class Stepping:
    """Its number of steps must be a plain number, so that it runs twice."""

    def __init__(self) -> None:
        self.time, self.step, self.w = 1.0, 0.25, 2.0

    def run(self, x: Any = 2.0) -> Any:
        print("start", x)
        for i in range(int(self.time / self.step)):
            x = x * self.w
            print(i, x)
        return x


def test_a_model_that_runs_twice_prints_once(capsys: pytest.CaptureFixture[str]) -> None:
    flow = bpviz.backprop(Stepping().run)
    assert (flow.output, flow.grads["x"]) == (32.0, 16.0)
    assert capsys.readouterr().out == "start 2.0\n0 4.0\n1 8.0\n2 16.0\n3 32.0\n"


def test_another_thread_prints_meanwhile(capsys: pytest.CaptureFixture[str]) -> None:
    class Waiting(Stepping):
        def run(self, x: Any = 2.0) -> Any:
            other = threading.Thread(target=print, args=("other",))
            other.start()
            other.join()
            return super().run(x)

    bpviz.backprop(Waiting().run)
    lines = capsys.readouterr().out.splitlines()
    # The thread is the model's own, and is started by each run of it.
    assert lines.count("other") >= 1
    assert [line for line in lines if line != "other"] == ["start 2.0", "0 4.0", "1 8.0", "2 16.0", "3 32.0"]


def test_eight_threads_leave_a_class_and_the_names_of_functions_as_they_were() -> None:
    before, functions = dict(vars(Counting)), (np.zeros, math.exp, exp)
    errors: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(15):
                # With other threads the loss itself is no function of its inputs: they write into the class meanwhile.
                with suppress(bpviz.BpvizError):
                    bpviz.backprop(Counting().loss)
                assert bpviz.backprop(calls_exp).output == math.exp(2.0)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert dict(vars(Counting)) == before
    assert (np.zeros, math.exp, exp) == functions


def calls_exp(x: Any = 2.0) -> Any:
    return exp(x) if x > 0 else math.exp(x) + np.zeros(1)[0]
