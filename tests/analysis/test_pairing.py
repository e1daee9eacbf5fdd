"""Which node of one model is which of another."""

from __future__ import annotations

import random

import numpy as np
import pytest
from random_graphs import random_function

import bpviz
from bpviz.analysis.pairing import paired


def pairs(one: object, two: object) -> dict[str, str]:
    before, after = bpviz.backprop(one), bpviz.backprop(two)  # type: ignore[arg-type]
    old = paired(before, after).old
    assert len(set(old.values())) == len(old)
    return {after.graph.names[now]: before.graph.names[was] for now, was in old.items()}


def total(price=100, count=2, tax=1.1):
    subtotal = price * count
    return subtotal * tax


def test_a_step_more_is_the_only_one_without_a_partner() -> None:
    def other(price=100, count=2, tax=1.1):
        subtotal = price * count
        shipped = subtotal + 5
        return shipped * tax

    found = pairs(total, other)
    assert found == {"price": "price", "count": "count", "tax": "tax", "subtotal": "subtotal", "other": "total"}


def test_another_operation_in_the_same_place_is_paired() -> None:
    def one(x=1.0, w=2.0):
        return np.exp(x * w) + 1

    def two(x=1.0, w=2.0):
        return np.tanh(x * w) + 1

    assert pairs(one, two)["tanh"] == "exp"


def test_an_input_of_another_name_is_paired_by_where_it_leads() -> None:
    def other(unit_price=100, count=2, tax=1.1):
        subtotal = unit_price * count
        return subtotal * tax

    assert pairs(total, other)["unit_price"] == "price"


def test_constants_are_paired_by_place() -> None:
    assert pairs(lambda x=1.0: x * 2 + 1, lambda x=1.0: x * 3 + 1)["constant"] == "constant"


def test_steps_without_names_are_paired_through_what_they_compute() -> None:
    def one(x=1.0):
        return np.exp(x) * np.sin(x) + np.sin(np.exp(x))

    def two(x=1.0):
        return np.sin(x) + np.sin(np.exp(x))

    found = pairs(one, two)
    assert found["sin"] == "sin"
    assert found["sin_2"] == "sin_2"


def test_steps_with_other_parameters_are_not_the_same() -> None:
    def one(x=np.ones((2, 2))):
        return np.sum(np.sum(x, axis=0) + np.sum(x, axis=1) * 2)

    def two(x=np.ones((2, 2))):
        return np.sum(np.sum(x, axis=1) * 2 + np.sum(x, axis=0))

    found = pairs(one, two)
    assert (found["sum"], found["sum_2"]) == ("sum_2", "sum")


@pytest.mark.parametrize("seed", range(20))
def test_a_model_traced_twice_is_paired_with_itself(seed: int) -> None:
    function, args = random_function(random.Random(seed), 4 + seed)
    flow, again = bpviz.backprop(function, *args), bpviz.backprop(function, *args)
    assert paired(flow, again).old == {i: i for i in range(len(flow.values))}
    assert paired(flow, flow).old == paired(flow, again).old


def test_long_chains_are_paired_in_no_time() -> None:
    def chain(x=1.0, links=5000):
        for _ in range(links):
            x = x * 1.001
        return x

    one, two = bpviz.backprop(chain), bpviz.backprop(chain, 1.0, 5001)
    assert len(paired(one, two).old) == len(one.values)
