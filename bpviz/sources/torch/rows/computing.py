"""Steps that PyTorch computes again: for other inputs, for rules, for second derivatives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any, NamedTuple

from bpviz.lazy import LazyModule
from bpviz.sources.torch.tensors.drafts import Called, Slot, StepDraft
from bpviz.sources.torch.tensors.nested import replaced, tensors
from bpviz.sources.torch.tensors.numbers import array_of

__all__ = ["Computation", "computation_of"]

np: Any = LazyModule("numpy")
torch: Any = LazyModule("torch")


class Kind(NamedTuple):
    """The type and the device of an operand or a result, and whether a gradient flows to it."""

    dtype: Any
    device: Any
    has_gradient: bool


class Computation:
    """One operation of PyTorch on numbers; its gradient is another one (see `bpviz.sources.steps.Call`).

    ``run`` takes tensors and returns the results, in a list, so that they can be differentiated.
    """

    def __init__(
        self, run: Callable[[list[Any], bool], list[Any]], kinds: Sequence[Kind], made: Sequence[Kind]
    ) -> None:
        self.run, self.kinds, self.made = run, tuple(kinds), tuple(made)

    def __call__(self, *xs: Any) -> Any:
        """Return the results for operands, as arrays."""
        operands, double = self._tensors(xs)
        with torch.no_grad():
            made = tuple(array_of(result) for result in self.run(operands, double))
        return made[0] if len(made) == 1 else made

    def _tensors(self, xs: Sequence[Any]) -> tuple[list[Any], bool]:
        """Return operands as tensors; all in double precision if one comes in it that was recorded in single."""
        arrays = [np.array(x) for x in xs]
        double = any(
            array.dtype == np.float64 and kind.dtype in (torch.float32, torch.float16, torch.bfloat16)
            for array, kind in zip(arrays, self.kinds, strict=True)
        )
        made = []
        for array, kind in zip(arrays, self.kinds, strict=True):
            tensor = torch.from_numpy(np.ascontiguousarray(array)).reshape(array.shape).to(kind.device)
            if kind.dtype.is_complex:
                tensor = torch.view_as_complex(tensor.to(kind.dtype.to_real()))
            elif not (double and kind.dtype.is_floating_point):
                tensor = tensor.to(kind.dtype)
            made.append(tensor)
        return made, double

    def pullback(self, result: int, slot: int) -> Computation | None:
        """Return the computation of the gradient of one operand, from ``(g, *xs)``; ``None`` if none flows."""
        if not self.kinds[slot].has_gradient:
            return None

        def run(operands: list[Any], double: bool) -> list[Any]:
            g, *xs = operands
            with torch.enable_grad():
                xs = [_differentiable(x) if kind.has_gradient else x for x, kind in zip(xs, self.kinds, strict=True)]
                out = self.run(xs, double)[result]
                found = None
                if out.requires_grad:
                    (found,) = torch.autograd.grad(out, xs[slot], g.to(out.dtype), create_graph=True, allow_unused=True)
            return [torch.zeros_like(xs[slot]) if found is None else found]

        incoming = self.made[result]._replace(has_gradient=True)
        return Computation(run, [incoming, *self.kinds], [self.kinds[slot]])


def _differentiable(tensor: Any) -> Any:
    return tensor if tensor.requires_grad else tensor.requires_grad_()


def computation_of(draft: StepDraft, taken: Sequence[int]) -> Computation | None:
    """Return how a step is computed again from the operands in these slots; ``None`` if it cannot be."""
    called, function = draft.called, draft.called.function
    slots = _slots_of((called.args, dict(called.kwargs)))
    if function is None or not draft.picks or draft.adapted or len(slots) != len(draft.operands):
        return None

    def run(operands: list[Any], double: bool) -> list[Any]:
        if min(draft.picks) < 0 or _writes(called):
            # The function writes into its operand.
            operands = [operand.clone() for operand in operands]
        given = dict(zip(taken, operands, strict=True))
        if called.random is not None:
            # Random numbers are drawn in the order of the memory.
            given = {slot: _laid_out(operand, slots[slot]) for slot, operand in given.items()}
        args, kwargs = replaced((called.args, dict(called.kwargs)), lambda slot: given.get(slot.number), Slot)
        results = tensors(_again(called, double, operands, lambda: function(*args, **kwargs)))
        return [results[pick] if pick >= 0 else given[-1 - pick] for pick in draft.picks]

    kinds = [Kind(value.dtype, value.device, value.requires_grad) for value in draft.operands]
    made = [Kind(value.dtype, value.device, value.requires_grad) for value in draft.values]
    return Computation(run, [kinds[slot] for slot in taken], made)


def _slots_of(arguments: Any) -> list[Slot]:
    """Return the slots in the arguments of a call, in order."""
    slots: list[Slot] = []

    def found(slot: Slot) -> Slot:
        slots.append(slot)
        return slot

    replaced(arguments, found, Slot)
    return slots


def _laid_out(tensor: Any, slot: Slot) -> Any:
    """Return a tensor with the strides of the one that was recorded."""
    if tuple(tensor.shape) != slot.shape or tensor.stride() == slot.stride or 0 in slot.stride:
        return tensor
    order = sorted(range(len(slot.shape)), key=lambda axis: -slot.stride[axis])
    back = sorted(range(len(order)), key=lambda axis: order[axis])
    return tensor.permute(order).contiguous().permute(back)


def _writes(called: Called) -> bool:
    name = getattr(called.function, "__name__", "")
    return bool(name[-1:] == "_" or "inplace" in called.kwargs or any(value is True for value in called.args))


def _again(called: Called, double: bool, operands: Sequence[Any], run: Callable[[], Any]) -> Any:
    """Call a function as it was called, with the same random numbers and the same casts."""
    with ExitStack() as stack:
        if called.random is not None:
            stack.enter_context(torch.random.fork_rng(devices=[]))
            torch.set_rng_state(called.random)
        if called.autocast is not None and not double:
            stack.enter_context(torch.autocast(operands[0].device.type, dtype=called.autocast, cache_enabled=False))
        return run()
