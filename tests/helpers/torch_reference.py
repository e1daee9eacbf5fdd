"""References for the tests of the PyTorch source: PyTorch itself, asked in another way than the source asks it."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from bpviz.sources.torch import source
from bpviz.sources.torch.leaves import Leaves, modules_of
from bpviz.sources.torch.places import Places
from bpviz.sources.torch.tape import Tape, _Seen
from bpviz.sources.torch.tensors.autograd import edge_of
from bpviz.sources.torch.tensors.drafts import StepDraft
from bpviz.sources.torch.tensors.nested import replaced, tensors
from bpviz.sources.torch.tensors.numbers import array_of


class AliasTape(Tape):
    """Gives every operand of every call an alias of its own: the gradient of the alias is that of the wire."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.aliases: list[Any] = []
        self.wires: dict[tuple[StepDraft, int], Any] = {}

    def _apart(self, called: Any, operands: Any, targets: Any) -> Any:
        if not torch.is_grad_enabled() or called.name == "grad":
            return super()._apart(called, operands, targets)
        swapped, edges = [operand.tensor for operand in operands], {}
        for slot, operand in enumerate(operands):
            if operand.edge is None or any(operand.tensor is target for target in targets):
                continue
            alias = operand.tensor.view_as(operand.tensor)
            swapped[slot], edges[slot] = alias, edge_of(alias)
            self.aliases.append(alias)
            self.seen[id(alias)] = _Seen(alias, operand.value, edge_of(alias))
        swap = iter(swapped)
        args, kwargs = replaced((called.args, dict(called.kwargs)), lambda _: next(swap), torch.Tensor)
        return args, kwargs, edges

    def call(self, called: Any, run: Any, frame: Any, *, writes: bool = False) -> Any:
        result = super().call(called, run, frame, writes=writes)
        # A function may return its operand: then what uses the result uses the alias.
        returned = {edge_of(tensor) for tensor in tensors(result) if any(tensor is alias for alias in self.aliases)}
        self.wires = {key: edge for key, edge in self.wires.items() if edge not in returned}
        return result

    def step(self, called: Any, operands: Any, outs: Any, place: Any, aliases: Any = None) -> Any:
        values = super().step(called, operands, outs, place, aliases)
        for slot, edge in (aliases or {}).items():
            self.wires[values[0].maker, slot] = edge
        return values


def taped(kind: type[Tape], fn: Callable[..., Any], args: tuple[Any, ...]) -> tuple[Any, Any]:
    """The tape of a run, and the tensor that is differentiated."""
    roots = list(modules_of(fn))
    modules = [(name, value) for name, value in roots if isinstance(value, torch.nn.Module)]
    leaves = Leaves()
    tape = kind(leaves, Places(sys._getframe()))
    with source._recorded(tape, modules, {}, None):
        result = fn(*args)
    return tape, source._differentiable(result, "")


def wires_of(tape: Any, output: Any) -> dict[tuple[StepDraft, int], Any]:
    """The gradient of every alias, from PyTorch."""
    keys = list(tape.wires)
    edges = [torch.autograd.graph.GradientEdge(*tape.wires[key]) for key in keys]
    found = torch.autograd.grad(output, edges, allow_unused=True, retain_graph=True)
    return {key: array_of(g) for key, g in zip(keys, found, strict=True) if g is not None}


def distance(a: Any, b: Any) -> float:
    """The largest difference of two arrays, against the largest element of the second."""
    a, b = np.asarray(a), np.asarray(b)
    if a.shape != b.shape:
        return float("inf")
    if not a.size or np.array_equal(a, b, equal_nan=a.dtype.kind == "f"):
        return 0.0
    return float(np.abs(a - b).max() / max(np.abs(b).max(), 1e-30))


def state_of(fn: Any, args: tuple[Any, ...]) -> list[Any]:
    """All that a drawing must leave as it was, as plain values."""
    found: list[Any] = [torch.get_rng_state().tolist(), random.getstate(), np.random.get_state()[1].tolist()]
    found += [torch.is_grad_enabled(), torch.is_autocast_cache_enabled(), torch.get_default_dtype()]
    found += [torch.autograd.Function.__dict__["apply"].__func__.__qualname__]
    hooks = torch.nn.modules.module
    found += [len(hooks._global_forward_hooks), len(hooks._global_forward_pre_hooks)]
    for _, value in modules_of(fn):
        if isinstance(value, torch.nn.Module):
            for name, module in value.named_modules():
                found += [name, module.training, len(module._forward_hooks), sorted(module.__dict__)]
                found += [(n, b.tolist(), id(b)) for n, b in module.named_buffers(recurse=False)]
    for tensor in [*tensors(args), *(p for _, v in modules_of(fn) for p in _parameters(v))]:
        grad = None if tensor.grad is None else (id(tensor.grad), tensor.grad.tolist())
        hooked = tensor._backward_hooks and len(tensor._backward_hooks)
        found += [tensor.tolist(), tensor._version, tensor.requires_grad, grad, hooked]
    return found


def _parameters(value: Any) -> list[Any]:
    return list(value.parameters()) if isinstance(value, torch.nn.Module) else tensors(value)
