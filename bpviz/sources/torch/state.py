"""The user's state, which a drawing leaves as it was: parameters, gradients, buffers, random numbers, modes."""

from __future__ import annotations

import random
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from bpviz.lazy import LazyModule, imported

__all__ = ["Guard", "guarded", "run_eagerly"]

np: Any = LazyModule("numpy")
torch: Any = LazyModule("torch")


class Guard:
    """Keeps what is about to be changed, and puts it back.

    Buffers are copied at once, since PyTorch writes into them unseen; other tensors when something writes into them.
    """

    def __init__(self, modules: Sequence[Any], tensors: Sequence[Any]) -> None:
        self.modules = [(module, _attributes(module)) for root in modules for module in root.modules()]
        self.leaves = [*tensors, *(p for root in modules for p in root.parameters())]
        self.flags = [(t, t.requires_grad, t.grad, _hooks(t)) for t in self.leaves if t.is_leaf]
        self.written: dict[int, tuple[Any, Any, Any]] = {}
        for root in modules:
            for buffer in root.buffers():
                self.before_write(buffer)

    def before_write(self, tensor: Any) -> None:
        """Keep the numbers of a tensor."""
        if id(tensor) not in self.written and tensor.device.type != "meta":
            # Without its counter of versions, which autograd reads.
            data = tensor.data
            self.written[id(tensor)] = tensor, data, data.clone()

    def before_backward(self) -> None:
        """Keep the gradients that a backward pass adds to."""
        for _, _, grad, _ in self.flags:
            if grad is not None:
                self.before_write(grad)

    def put_back(self) -> None:
        """Put everything back."""
        for module, (attributes, inner) in self.modules:
            _restore(module.__dict__, attributes)
            for name, content in inner.items():
                _restore(module.__dict__[name], content)
        with torch.no_grad():
            for tensor, data, numbers in self.written.values():
                if tensor.data_ptr() != data.data_ptr():
                    # x.data = …
                    tensor.data = data
                # Not a write that autograd counts: it may have saved the tensor for a backward pass of the user's.
                data.copy_(numbers)
        for tensor, requires_grad, grad, hooks in self.flags:
            if tensor.is_leaf and tensor.requires_grad != requires_grad:
                tensor.requires_grad_(requires_grad)
            if tensor.grad is not grad:
                tensor.grad = grad
            if _hooks(tensor) != hooks:
                tensor._backward_hooks = hooks


def _hooks(tensor: Any) -> Any:
    return None if tensor._backward_hooks is None else type(tensor._backward_hooks)(tensor._backward_hooks)


def _attributes(module: Any) -> tuple[dict[str, Any], dict[str, dict[Any, Any]]]:
    """Return copies of a module's attributes, and of the dicts among them (its buffers, its hooks)."""
    own = dict(module.__dict__)
    return own, {name: dict(value) for name, value in own.items() if isinstance(value, dict)}


def _restore(now: dict[Any, Any], before: dict[Any, Any]) -> None:
    if now.keys() == before.keys() and all(now[key] is before[key] for key in before):
        return
    now.clear()
    now.update(before)


@contextmanager
def guarded(modules: Sequence[Any], tensors: Sequence[Any]) -> Iterator[Guard]:
    """Put back afterwards, also if the model raises, what the code inside changes of the user's."""
    guard = Guard(modules, tensors)
    python = random.getstate()
    numbers = np.random.get_state() if imported("numpy") else None
    grad_enabled, dtype = torch.is_grad_enabled(), torch.get_default_dtype()
    devices = sorted({t.device.index or 0 for t in guard.leaves if t.device.type == "cuda"})
    with torch.random.fork_rng(devices=devices):
        try:
            yield guard
        finally:
            guard.put_back()
            random.setstate(python)
            if numbers is not None:
                np.random.set_state(numbers)
            torch.set_grad_enabled(grad_enabled)
            torch.set_default_dtype(dtype)


@contextmanager
def run_eagerly() -> Iterator[None]:
    """Run compiled code as it was written, so that its steps are seen."""
    with ExitStack() as stack:
        stack.enter_context(warnings.catch_warnings())
        # The hooks are ours.
        warnings.filterwarnings("ignore", message=".*when there are global hooks on modules.*")
        if "torch._dynamo" in sys.modules and hasattr(torch.compiler, "set_stance"):
            stack.enter_context(torch.compiler.set_stance("force_eager"))
        yield
