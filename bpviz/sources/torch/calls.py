"""Every call of PyTorch's Python interface, on its way to the tape."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from types import FunctionType
from typing import Any

from bpviz.lazy import LazyModule
from bpviz.sources.torch.tape import Tape
from bpviz.sources.torch.tensors.drafts import Called
from bpviz.sources.torch.tensors.nested import tensors

__all__ = ["recorded_calls"]

torch: Any = LazyModule("torch")

Backward = Callable[[Any, Callable[[], Any]], Any]
"""Called with the tensors that the user's code differentiates, and with what does it."""

_UNSEEN = frozenset(
    {"requires_grad_", "retain_grad", "size", "dim", "numel", "stride", "is_contiguous",
     "is_floating_point", "is_complex", "__len__", "__bool__", "__hash__", "__repr__", "__format__", "item", "tolist",
     "__float__", "__int__", "__index__", "element_size", "data_ptr", "untyped_storage", "storage_offset",
     "_record_function_enter_new", "_set_grad_enabled", "_record_function_exit._RecordFunction", "share_memory_"}
)  # fmt: skip
"""Functions that make no tensor of numbers."""
_EXPOSING = frozenset(
    {"numpy", "__array__", "__dlpack__", "data_ptr", "untyped_storage", "storage", "_typed_storage", "share_memory_"}
)
"""Functions that hand out the memory of a tensor, into which anybody may write unseen."""
_VIEWS = frozenset({"T", "mT", "H", "mH", "data", "real", "imag"})
"""Attributes that are tensors made of the tensor itself."""
_IN_PLACE = frozenset(
    {"__setitem__", "__iadd__", "__isub__", "__imul__", "__itruediv__", "__ifloordiv__", "__imatmul__", "__ipow__",
     "__imod__", "__iand__", "__ior__", "__ixor__"}
)  # fmt: skip
_FROM_SHAPE = frozenset(
    {"zeros_like", "ones_like", "empty_like", "full_like", "randn_like", "rand_like", "randint_like", "new_zeros",
     "new_ones", "new_full", "new_tensor", "new_empty"}
)  # fmt: skip
"""Functions that take only the shape and the type of their operand."""


@contextmanager
def recorded_calls(tape: Tape, on_backward: Backward) -> Iterator[None]:
    """Record what this thread calls of PyTorch."""
    with _custom_functions(tape), _mode_class()(tape, on_backward):
        yield


@cache
def _mode_class() -> type:
    """Return the class of the mode; made when PyTorch is there."""

    class FunctionMode(torch.overrides.TorchFunctionMode):  # type: ignore[misc]
        def __init__(self, tape: Tape, on_backward: Backward) -> None:
            super().__init__()
            self.tape, self.on_backward = tape, on_backward

        def __torch_function__(
            self, function: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
        ) -> Any:
            kwargs = kwargs or {}
            if torch._C._functorch.peek_interpreter_stack() is not None:
                # Inside of vmap or grad of torch.func; their results are found behind their own nodes.
                return function(*args, **kwargs)
            return _dispatched(self, function, args, kwargs, sys._getframe(1))

    return FunctionMode


def _dispatched(mode: Any, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], frame: Any) -> Any:
    """Run a function of PyTorch, recorded as what it is."""
    tape: Tape = mode.tape
    name = getattr(function, "__name__", "") or ""
    if name in ("__get__", "__set__", "__delete__"):
        # An attribute: x.T, x.data = …
        attribute = function.__self__.__name__
        if name != "__get__":
            if attribute == "data":
                tape.before_write(args[0])
            return function(*args, **kwargs)
        if attribute not in _VIEWS:
            return function(*args, **kwargs)
        name = attribute
    if name in _EXPOSING and args:
        tape.settle(args[0])
    if name in _UNSEEN:
        return function(*args, **kwargs)
    if name == "backward":
        given = args[0] if args else kwargs.get("tensors")
        return mode.on_backward(given, lambda: function(*args, **kwargs))
    if name == "register_hook":
        result = function(*args, **kwargs)
        tape.hooked(args[0])
        return result
    if name == "__iter__":
        return iter(tape.call(Called("unbind", torch.Tensor.unbind, args), torch.Tensor.unbind, frame))
    composite = _composites().get(function)
    if composite is not None:
        tape.composites += 1
        try:
            with mode:
                return composite(*args, **kwargs)
        finally:
            tape.composites -= 1
    if name in _FROM_SHAPE:
        return tape.call(Called(name), lambda: function(*args, **kwargs), frame)
    writes = name in _IN_PLACE or (name[-1:] == "_" and name[-2:] != "__") or _is_in_place(function, args, kwargs)
    return tape.call(Called(_plain(name, writes), function, args, kwargs), function, frame, writes=writes)


def _plain(name: str, writes: bool) -> str:
    """Return the name of the operation itself.

    >>> _plain("__rsub__", False), _plain("add_", True), _plain("__imul__", True), _plain("__getitem__", False)
    ('rsub', 'add', 'mul', '__getitem__')
    """
    if name in ("__getitem__", "__setitem__"):
        return name
    if name.startswith("__") and name.endswith("__"):
        bare = name.strip("_")
        return bare[1:] if name in _IN_PLACE else bare
    return name.removesuffix("_") if writes else name


def _is_in_place(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Return whether a function is called with ``inplace=True``."""
    if kwargs.get("inplace"):
        return True
    code = getattr(function, "__code__", None)
    if code is None or "inplace" not in code.co_varnames[: code.co_argcount]:
        return False
    place = code.co_varnames.index("inplace")
    return place < len(args) and args[place] is True


@cache
def _composites() -> dict[Any, Callable[..., Any]]:
    """Return PyTorch's functions that are Python code of several steps, with copies that let these be seen.

    Such a function first asks whether somebody overrides it, and hands itself over if so. The copies are told no.
    """
    functional = torch.nn.functional
    names = ("multi_head_attention_forward", "gumbel_softmax", "triplet_margin_with_distance_loss")
    asked = ("has_torch_function", "has_torch_function_unary", "has_torch_function_variadic")
    made: dict[Any, Callable[..., Any]] = {}
    for name in names:
        function = getattr(functional, name, None)
        if not isinstance(function, FunctionType):
            continue
        scope = {**function.__globals__, **dict.fromkeys(asked, lambda *_: False)}
        bare = FunctionType(function.__code__, scope, name, function.__defaults__, function.__closure__)
        bare.__kwdefaults__ = function.__kwdefaults__
        made[function] = bare
    return made


@contextmanager
def _custom_functions(tape: Tape) -> Iterator[None]:
    """Record each `torch.autograd.Function` as one step; what its ``forward`` does is its own affair."""
    function_class = torch.autograd.Function
    original = function_class.__dict__["apply"]
    thread = threading.get_ident()

    def apply(cls: Any, *args: Any, **kwargs: Any) -> Any:
        run = original.__get__(None, cls)
        if threading.get_ident() != thread:
            return run(*args, **kwargs)
        if cls.__name__ == "CheckpointFunction" and cls.__module__ == "torch.utils.checkpoint":
            # Run without being checkpointed: the numbers are the same, and what is inside is seen.
            return args[0](*args[2:])
        frame = sys._getframe(1)
        with torch._C.DisableTorchFunction():
            for tensor in tensors((args, kwargs)):
                # It may write into them.
                tape.settle(tensor)
            return tape.call(Called(cls.__name__, run, args, kwargs), run, frame)

    function_class.apply = classmethod(apply)
    try:
        yield
    finally:
        function_class.apply = original
