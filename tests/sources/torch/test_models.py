"""Models of all kinds: the figure's numbers are PyTorch's own, and nothing of the user's is changed."""

from __future__ import annotations

import inspect
from contextlib import nullcontext
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install 'bpviz[torch]'")

from torch_models import MODELS, build  # noqa: E402
from torch_reference import AliasTape, distance, state_of, taped, wires_of  # noqa: E402

from bpviz.graph.flow import Flow  # noqa: E402
from bpviz.ops.table.unknown import UNKNOWN, WITHIN  # noqa: E402
from bpviz.sources.torch import record  # noqa: E402
from bpviz.sources.torch.backward import differentiated  # noqa: E402
from bpviz.sources.torch.leaves import Leaves, modules_of  # noqa: E402
from bpviz.sources.torch.source import _differentiable  # noqa: E402
from bpviz.sources.torch.tape import Tape  # noqa: E402
from bpviz.sources.torch.tensors.drafts import StepDraft  # noqa: E402
from bpviz.sources.torch.tensors.numbers import array_of  # noqa: E402

TWICE = {"custom_function_differentiated_twice", "gradient_penalty"}
"""Their backward pass is a part of the model: aliases of operands would be a part of it, too."""
CAST = {"autocast"}
"""PyTorch casts a weight once for all its uses, but each alias by itself."""


def seeded(name: str) -> tuple[Any, tuple[Any, ...]]:
    """The model and its arguments, before the same random numbers."""
    fn, args = build(name)
    torch.manual_seed(1)
    return fn, args


def eagerly(name: str) -> Any:
    return torch.compiler.set_stance("force_eager") if name == "compiled" else nullcontext()


def flow_of(name: str) -> Flow:
    fn, args = seeded(name)
    return record(fn, *args)


def close(mine: Any, theirs: Any, name: str, tolerance: float = 1e-5) -> bool:
    # bfloat16 has 8 bits.
    return distance(mine, theirs) <= (2e-2 if name in CAST else tolerance)


@pytest.mark.parametrize("name", MODELS)
def test_the_value_is_bitwise_that_of_a_run_without_recording(name: str) -> None:
    fn, args = seeded(name)
    with eagerly(name):
        plain = array_of(_differentiable(fn(*args), ""))
    flow = flow_of(name)
    assert np.array_equal(plain, np.asarray(flow.values[flow.output_index]))


@pytest.mark.parametrize("name", MODELS)
def test_the_gradient_of_every_leaf_is_that_of_autograd(name: str) -> None:
    fn, args = seeded(name)
    leaves = Leaves()
    for key, value in modules_of(fn):
        leaves.add_value(key, value)
    for key, value in inspect.signature(fn).bind(*args).arguments.items():
        leaves.add_value(key, value)
    named = {leaves.names[id(t)][0]: t for t in leaves.kept if t.requires_grad}
    with eagerly(name):
        output = _differentiable(fn(*args), "")
    if name == "reentrant_checkpoint":
        # It allows no other way.
        output.backward()
        expected = [t.grad for t in named.values()]
    else:
        expected = torch.autograd.grad(output, list(named.values()), allow_unused=True)
    mine = flow_of(name).grads
    assert named
    for (key, _), g in zip(named.items(), expected, strict=True):
        if g is not None:
            assert close(mine[key], array_of(g), name), key


@pytest.mark.parametrize("name", [name for name in MODELS if name not in TWICE | CAST])
def test_the_gradient_of_every_wire_is_that_of_an_alias_of_its_own(name: str) -> None:
    with eagerly(name):
        tape, output = taped(Tape, *seeded(name))
        gradients = differentiated(tape, output)
        other, same_output = taped(AliasTape, *seeded(name))
        expected = wires_of(other, same_output)
    mine, theirs = ([entry for entry in t.entries if isinstance(entry, StepDraft)] for t in (tape, other))
    assert [step.called.name for step in mine] == [step.called.name for step in theirs]
    pairs = dict(zip(theirs, mine, strict=True))
    assert expected
    for (step, slot), share in expected.items():
        found = gradients.wires.get(pairs[step])
        if found is None or found[slot] is None:
            # None is no statement on a gradient that is zero.
            assert not np.any(share), (step.called.name, slot)
        else:
            assert close(found[slot], share, name), (step.called.name, slot)


@pytest.mark.parametrize("name", MODELS)
def test_the_gradients_of_the_wires_add_up_to_those_of_the_values(name: str) -> None:
    flow = flow_of(name)
    record_ = flow.graph.record
    sums: dict[int, Any] = {}
    for index, shares in enumerate(flow.wire_gradients):
        for operand, share in zip(record_.operands[index], shares or (), strict=bool(shares)):
            if share is not None and share is not WITHIN:
                sums[operand] = share if operand not in sums else sums[operand] + share
    compared = 0
    for index, gradient in enumerate(flow.gradients):
        if gradient is None or index == flow.output_index or UNKNOWN in (gradient, sums.get(index)):
            continue
        if np.any(gradient) and index in flow.graph.ancestors([flow.output_index]):
            assert close(sums[index], gradient, name, 1e-4), flow.graph.names[index]
            compared += 1
    assert compared or len(record_) < 4


@pytest.mark.parametrize("name", MODELS)
def test_nothing_of_the_users_is_changed_also_if_the_model_raises(name: str) -> None:
    fn, args = seeded(name)
    if name == "autocast":
        # So that there is a gradient that could be changed.
        fn(*args).backward()
    before = state_of(fn, args)
    record(fn, *args)
    assert state_of(fn, args) == before

    def raising(*given: Any) -> None:
        fn(*given)
        raise ValueError("the model's own error")

    with pytest.raises(ValueError, match="own error"):
        record(raising, *args)
    assert state_of(fn, args) == before


def test_few_wires_are_unknown() -> None:
    # Where a backward pass inside of the model shares steps with the model itself.
    unknown = {name for name in MODELS if any(UNKNOWN in (shares or ()) for shares in flow_of(name).wire_gradients)}
    assert unknown <= TWICE
