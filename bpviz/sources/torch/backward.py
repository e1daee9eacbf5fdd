"""The backward pass: PyTorch does it once, and hooks see what arrives at every value and along every wire."""

from __future__ import annotations

import weakref
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from bpviz.lazy import LazyModule
from bpviz.sources.steps import UNKNOWN, Thumbnail
from bpviz.sources.torch.tape import Tape
from bpviz.sources.torch.tensors.autograd import is_leaf_node, version_of
from bpviz.sources.torch.tensors.drafts import StepDraft, Value
from bpviz.sources.torch.tensors.numbers import kept_of

__all__ = ["Gradients", "differentiated", "watched"]

torch: Any = LazyModule("torch")

_SMALL = 4096


class Gradients:
    """What came back from one output: per value, and per step and slot."""

    def __init__(self, output: Value, seed: Any) -> None:
        self.output, self.seed = output, seed
        self.values: dict[Value, Any] = {}
        self.wires: dict[StepDraft, list[Any]] = {}


def differentiated(tape: Tape, output: Any, seed: Any = None) -> Gradients:
    """Return the gradients of an output; no ``.grad`` changes.

    ``seed`` is the gradient that starts at the output: ones by default.
    """
    value = tape.value_of(output)
    if not output.requires_grad:
        return Gradients(value, None)
    seed = torch.ones_like(output) if seed is None else seed
    leaves = [
        (torch.autograd.graph.GradientEdge(*edge), leaf)
        for edge, leaf in tape.territory.by_edge.items()
        if is_leaf_node(edge[0])
    ]

    def run() -> dict[Value, Any]:
        edges = [edge for edge, _ in leaves]
        with torch.enable_grad():
            start = _started().apply(output, seed)
        found = torch.autograd.grad(start, edges, allow_unused=True, retain_graph=True)
        return {leaf: grad for (_, leaf), grad in zip(leaves, found, strict=True) if grad is not None}

    return watched(tape, value, seed, run)[0]


def watched(tape: Tape, output: Value, seed: Any, run: Callable[[], Any]) -> tuple[Gradients, Any]:
    """Return the gradients that come back while ``run`` differentiates an output, and what it returns.

    What it returns may be a dict of the gradients of leaves; those that PyTorch accumulates are seen anyway.
    """
    needed = steps_before(output)
    watch = _Watch(tape, needed)
    try:
        result = run()
    finally:
        watch.stop()
    found = Gradients(output, kept_of(seed))
    found.values = watch.values
    if isinstance(result, dict):
        found.values |= {value: watch.kept(grad) for value, grad in result.items()}
    watch.latest.clear()
    found.values[output] = found.seed
    found.wires = watch.wires()
    _settle(tape, needed, found)
    return found, result


@cache
def _started() -> Any:
    """Return a function of PyTorch with one number as its result, whose gradient at an output is the seed.

    `torch.autograd.grad` imports SymPy to check a seed that it is given, which takes most of a second.
    """

    class Start(torch.autograd.Function):  # type: ignore[misc]
        @staticmethod
        def forward(ctx: Any, output: Any, seed: Any) -> Any:
            ctx.seed = seed
            return seed.new_zeros(())

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return ctx.seed, None

    return Start


def steps_before(output: Value) -> set[StepDraft]:
    """Return the steps that a value depends on."""
    found: set[StepDraft] = set()
    todo = [output.maker]
    while todo:
        maker = todo.pop()
        if isinstance(maker, StepDraft) and maker not in found:
            found.add(maker)
            todo += [operand.maker for operand in maker.operands]
    return found


class _Watch:
    """Hooks on the nodes of PyTorch's graph, until they are stopped."""

    def __init__(self, tape: Tape, needed: set[StepDraft]) -> None:
        self.values: dict[Value, Any] = {}
        self.shares: dict[tuple[StepDraft, int], Any] = {}
        self.handles: list[Any] = []
        # What was kept of a gradient, and of which version, by its identity: most of them leave a step as they arrive
        # at the one before it.
        self.latest: dict[int, tuple[weakref.ref[Any], int, Any]] = {}
        wanted: defaultdict[Any, list[tuple[int, StepDraft, int]]] = defaultdict(list)
        # Wires with several links, whose gradients add up.
        self.links: Counter[tuple[StepDraft, int]] = Counter()
        for (node, place), (step, slot) in tape.territory.claims.items():
            if step in needed:
                wanted[node].append((place, step, slot))
                self.links[step, slot] += 1
        for node, links in wanted.items():
            self.handles.append(node.register_hook(self._on_links(links)))
        arriving: defaultdict[Any, list[tuple[int, Value]]] = defaultdict(list)
        for (node, number), value in tape.territory.by_edge.items():
            arriving[node].append((number, value))
        for node, values in arriving.items():
            self.handles.append(node.register_prehook(self._on_arrival(values)))

    def stop(self) -> None:
        """Remove the hooks."""
        for handle in self.handles:
            handle.remove()

    def kept(self, gradient: Any) -> Any:
        """Return the numbers of a gradient; of the same one again, the same numbers."""
        known = self.latest.get(id(gradient))
        version = version_of(gradient)
        if known is not None and known[0]() is gradient and known[1] == version:
            return known[2]
        numbers = kept_of(_dense(gradient))
        self.latest[id(gradient)] = weakref.ref(gradient), version, numbers
        return numbers

    def _on_links(self, links: Sequence[tuple[int, StepDraft, int]]) -> Callable[[Any, Any], None]:
        def hook(grad_inputs: Any, _: Any) -> None:
            for place, step, slot in links:
                share = grad_inputs[place]
                if share is None:
                    continue
                operand = step.operands[slot]
                if self.links[step, slot] == 1:
                    # At once: of a large gradient only a thumbnail is kept.
                    is_fitting = tuple(share.shape) == operand.shape and share.dtype == operand.dtype
                    self.shares[step, slot] = (
                        self.kept(share) if is_fitting else kept_of(_fitted(_dense(share), operand))
                    )
                    continue
                share = _fitted(_dense(share), operand)
                before = self.shares.get((step, slot))
                self.shares[step, slot] = share if before is None else before + share

        return hook

    def _on_arrival(self, values: Sequence[tuple[int, Value]]) -> Callable[[Any], None]:
        def hook(grad_outputs: Any) -> None:
            for number, value in values:
                if grad_outputs[number] is not None:
                    self.values[value] = self.kept(grad_outputs[number])

        return hook

    def wires(self) -> dict[StepDraft, list[Any]]:
        """Return the gradients of all wires that were seen, by step and slot."""
        found: dict[StepDraft, list[Any]] = {}
        for (step, slot), share in self.shares.items():
            numbers = share if self.links[step, slot] == 1 else kept_of(share)
            found.setdefault(step, [None] * len(step.operands))[slot] = numbers
        return found


def _dense(gradient: Any) -> Any:
    """Return a gradient that is no sparse one (of an embedding); a small one is copied, since hooks may change it."""
    gradient = gradient.detach()
    if gradient.layout is not torch.strided:
        return gradient.to_dense()
    return gradient.clone() if gradient.numel() <= _SMALL else gradient


def _fitted(gradient: Any, operand: Value) -> Any:
    """Return a gradient in the shape and type of its operand, as PyTorch brings it there after the hook."""
    if tuple(gradient.shape) != operand.shape:
        gradient = gradient.sum_to_size(operand.shape)
    return gradient if gradient.dtype == operand.dtype else gradient.to(operand.dtype)


def _settle(tape: Tape, needed: set[StepDraft], found: Gradients) -> None:
    """Add the gradients that no hook sees: at hooks of the user's, and those that nobody can tell apart."""
    arriving: defaultdict[Value, list[Any]] = defaultdict(list)
    for entry in reversed(tape.entries):
        if not isinstance(entry, StepDraft) or entry not in needed:
            continue
        for value in entry.values:
            if value.summed and value is not found.output:
                total = _sum(arriving[value])
                if total is not None:
                    found.values[value] = total
        wires = found.wires.get(entry)
        if entry.unclear or entry.through:
            wires = found.wires.setdefault(entry, [None] * len(entry.operands))
            for slot in entry.unclear:
                wires[slot] = UNKNOWN
            for slot in entry.through:
                wires[slot] = found.values.get(entry.operands[slot])
        for operand, share in zip(entry.operands, wires or (), strict=False):
            if share is not None and operand.summed:
                arriving[operand].append(share)


def _sum(shares: list[Any]) -> Any:
    """Return the sum of gradients; unknown if only thumbnails of them are kept."""
    if len(shares) < 2:
        return shares[0] if shares else None
    if any(isinstance(share, Thumbnail) for share in shares):
        return UNKNOWN
    total = shares[0]
    for share in shares[1:]:
        total = total + share
    return total
