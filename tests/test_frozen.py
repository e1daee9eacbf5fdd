"""Frozen classes behave as those of the standard library, which are made beside them in every test."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from dataclasses import FrozenInstanceError, field
from typing import Any

import pytest

from bpviz.frozen import dataclass, replace


@dataclass(frozen=True, slots=True)
class Ours:
    name: str
    size: float = 2.0
    parts: tuple[str, ...] = ()
    options: dict[str, int] = field(default_factory=dict)
    seen: int = field(default=0, compare=False, repr=False)


@dataclasses.dataclass(frozen=True, slots=True)
class Standard:
    name: str
    size: float = 2.0
    parts: tuple[str, ...] = ()
    options: dict[str, int] = field(default_factory=dict)
    seen: int = field(default=0, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Plain:
    x: float
    y: float = 0.0


BOTH = pytest.mark.parametrize("kind", [Ours, Standard])


@BOTH
def test_values_defaults_and_what_is_printed(kind: Any) -> None:
    made = kind("a", parts=("b",))
    assert (made.name, made.size, made.parts, made.options, made.seen) == ("a", 2.0, ("b",), {}, 0)
    assert repr(made) == f"{kind.__name__}(name='a', size=2.0, parts=('b',), options={{}})"
    assert kind("a").options is not kind("a").options
    assert not hasattr(made, "__dict__")


@BOTH
def test_equality_leaves_out_what_is_not_compared(kind: Any) -> None:
    assert kind("a", seen=1) == kind("a", seen=2)
    assert kind("a") != kind("b")
    assert kind("a") != "a"


@BOTH
def test_nothing_can_be_changed(kind: Any) -> None:
    made = kind("a")
    for change in (
        lambda: setattr(made, "name", "b"),
        lambda: delattr(made, "name"),
        lambda: setattr(made, "other", 1),
    ):
        with pytest.raises((FrozenInstanceError, TypeError)):
            change()
    assert made.name == "a"


@BOTH
def test_the_tools_of_the_standard_library_work(kind: Any) -> None:
    made = kind("a", 3.0)
    assert dataclasses.replace(made, size=4.0) == kind("a", 4.0)
    assert [one.name for one in dataclasses.fields(made)] == ["name", "size", "parts", "options", "seen"]
    assert dataclasses.asdict(made)["size"] == 3.0
    assert copy.deepcopy(made) == made
    assert pickle.loads(pickle.dumps(made)) == made
    match made:
        case Ours(name, size) | Standard(name, size):
            assert (name, size) == ("a", 3.0)
        case _:
            pytest.fail("it did not match")


@BOTH
@pytest.mark.parametrize("arguments", [(), ("a", 1.0, (), {}, 0, 9)])
def test_wrong_arguments_are_refused(kind: Any, arguments: tuple[Any, ...]) -> None:
    with pytest.raises(TypeError, match="__init__"):
        kind(*arguments)


def test_equal_values_have_one_hash() -> None:
    assert hash(Plain(1.0)) == hash(Plain(1.0, 0.0))
    assert len({Plain(1.0), Plain(1.0), Plain(2.0)}) == 2


def test_a_standard_class_may_inherit() -> None:
    @dataclasses.dataclass(frozen=True)
    class More(Plain):
        z: float = 5.0

    assert dataclasses.astuple(More(1.0)) == (1.0, 0.0, 5.0)


def test_a_quick_copy_is_that_of_the_standard_library() -> None:
    @dataclass(frozen=True, slots=True)
    class Point:
        x: float
        y: float = 0.0
        seen: str = field(default="", compare=False)

    one = Point(1.0, 2.0, "here")
    for changes in ({}, {"x": 3.0}, {"y": 4.0, "seen": "there"}):
        made, expected = replace(one, **changes), dataclasses.replace(one, **changes)
        assert (made, made.seen) == (expected, expected.seen)
    with pytest.raises(TypeError, match="Point has no field 'z'"):
        replace(one, z=1.0)
