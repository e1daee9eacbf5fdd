"""The door: what bpviz asks a source for (`bpviz.sources.registry`)."""

from __future__ import annotations

import inspect
import sys
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from types import FrameType, FunctionType, ModuleType
from typing import Any, NamedTuple

from bpviz.errors import UsageError
from bpviz.graph.flow import Flow
from bpviz.lazy import LazyModule
from bpviz.recording.source import is_ours
from bpviz.sources.assembly import flow
from bpviz.sources.steps import Record
from bpviz.sources.torch.backward import Gradients, differentiated, watched
from bpviz.sources.torch.calls import recorded_calls
from bpviz.sources.torch.existing import named_tensors, retrace
from bpviz.sources.torch.finish import finished
from bpviz.sources.torch.groups import recorded_modules
from bpviz.sources.torch.leaves import Leaves, modules_of
from bpviz.sources.torch.places import Places
from bpviz.sources.torch.state import Guard, guarded, run_eagerly
from bpviz.sources.torch.tape import Tape
from bpviz.sources.torch.tensors.nested import placed, tensors
from bpviz.sources.torch.tensors.refusals import check_module

__all__ = ["handles", "parameters", "record", "recording"]

np: Any = LazyModule("numpy")
torch: Any = LazyModule("torch")


def handles(thing: Any) -> bool:
    """Return whether a thing is PyTorch's: a tensor, a module, a function or class of it, PyTorch itself."""
    if isinstance(thing, ModuleType | FunctionType) or (callable(thing) and not isinstance(thing, torch.nn.Module)):
        name = thing.__name__ if isinstance(thing, ModuleType) else getattr(thing, "__module__", None) or ""
        return name.partition(".")[0] in ("torch", "torchvision", "transformers")
    return isinstance(thing, torch.Tensor | torch.nn.Module)


def parameters(thing: Any) -> tuple[str, ...]:
    """Return the names of what a module's ``forward``, or a function, takes.

    PyTorch's own modules call theirs ``input``, which readers know as ``x``.
    """
    try:
        taken = _signature(thing).parameters.values()
    except (TypeError, ValueError):
        return ()
    return tuple(one.name for one in taken if one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD))


def _signature(thing: Any) -> inspect.Signature:
    signature = inspect.signature(thing.forward if isinstance(thing, torch.nn.Module) else thing)
    if not _is_of_pytorch(thing):
        return signature
    named = [one.replace(name="x") if one.name == "input" else one for one in signature.parameters.values()]
    return signature.replace(parameters=named)


def _is_of_pytorch(thing: Any) -> bool:
    """Return whether a thing is a module whose ``forward`` PyTorch has written: Sequential, Linear."""
    forward = type(thing).forward if isinstance(thing, torch.nn.Module) else None
    return getattr(forward, "__module__", "").startswith("torch.nn.")


def record(thing: Any, /, *args: Any, **kwargs: Any) -> Flow:
    """Return the flow of a module or a function, run once with these arguments; of a tensor, what is known of it.

    Of what it returns, the tensor that is differentiated is its ``loss``, else the first one that has a gradient.

    Raises `UsageError` for an argument without a value and for a result without a tensor; what the model raises passes
    through, and the user's state is as before in any case.
    """
    if isinstance(thing, torch.Tensor):
        if args or kwargs:
            raise UsageError("a tensor takes no arguments; draw the tensor itself: bpviz.draw(loss)")
        return _of_tensor(thing)
    # Where something unseen has written into what was to be copied later, all is copied at once.
    made = _recorded_run(thing, args, kwargs, is_late=True) or _recorded_run(thing, args, kwargs, is_late=False)
    assert made is not None
    return flow(made)


def _recorded_run(thing: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any], is_late: bool) -> Record | None:
    """Return the record of one run; ``None`` if some of its numbers were lost (see `Tape`)."""
    roots = list(modules_of(thing))
    modules = [(name, value) for name, value in roots if isinstance(value, torch.nn.Module)]
    for _, module in modules:
        check_module(module)
    given = _bound(thing, args, kwargs, modules)
    leaves = Leaves()
    for name, value in roots:
        leaves.add_value(name, value, "parameter")
    for name, value in _named_arguments(given):
        leaves.add_value(name, value)
    with guarded([module for _, module in modules], leaves.kept) as guard:
        tape = Tape(leaves, Places(sys._getframe()), guard.before_write, is_late=is_late)
        passes: dict[int, Gradients] = {}
        try:
            with _recorded(tape, modules, passes, guard):
                result = thing(*given.args, **given.kwargs)
            output = _differentiable(result, _title(thing))
            value = tape.value_of(output)
            gradients = passes.get(id(value)) or differentiated(tape, output)
            named = [(tape.value_of(tensor), _key(path)) for path, tensor in placed(result)]
        finally:
            tape.places.release()
        # PyTorch's graph goes, if nobody else holds it, before the rest is copied.
        del result, output
        tape.finish()
    name, parts = _title(thing), [module for _, module in modules]
    made = None if tape.stale else finished(tape, gradients, named, name, thing, parts)
    tape.forget()
    return made


@contextmanager
def _recorded(
    tape: Tape, modules: list[tuple[str, Any]], passes: dict[int, Gradients], guard: Guard | None
) -> Iterator[None]:
    """Record what this thread does with PyTorch, also its backward passes."""

    def on_backward(given: Any, run: Callable[[], Any]) -> Any:
        if guard is not None:
            guard.before_backward()
        outputs = tensors(given)
        if len(outputs) != 1 or not outputs[0].requires_grad:
            return run()
        with torch._C.DisableTorchFunction():
            output = tape.value_of(outputs[0])
            found, result = watched(tape, output, torch.ones_like(outputs[0]), run)
        passes[id(output)] = found
        return result

    with ExitStack() as stack:
        stack.enter_context(run_eagerly())
        stack.enter_context(recorded_modules(tape, modules))
        stack.enter_context(recorded_calls(tape, on_backward))
        yield


def _bound(
    thing: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any], modules: list[tuple[str, Any]]
) -> inspect.BoundArguments:
    """Return the arguments of a module or function, with tensors in place of arrays and single floats.

    Raises `UsageError` for one without a value.
    """
    try:
        signature = _signature(thing)
    except (TypeError, ValueError):
        signature = inspect.signature(lambda *args, **kwargs: None)
    try:
        bound = signature.bind(*args, **kwargs)
    except TypeError as error:
        missing = [
            one.name
            for one in signature.parameters.values()
            if one.default is one.empty and one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)
        ][len(args) :]
        missing = [name for name in missing if name not in kwargs]
        title = _title(thing)
        if not missing:
            raise UsageError(f"{title} takes other arguments: {error}") from None
        if isinstance(thing, torch.nn.Module):
            raise UsageError(
                f"{title} needs an example input: its forward takes {', '.join(missing)}; "
                f"give it: bpviz.draw(net, {', '.join(missing)}), or --set {missing[0]}=randn(…) with its shape"
            ) from None
        raise UsageError(
            f"{title} has no value for {', '.join(missing)}; give it: bpviz.draw(f, {', '.join(missing)}), or a default"
        ) from None
    bound.apply_defaults()
    weights = [p for _, module in modules for p in module.parameters() if p.is_floating_point()]
    for name, value in bound.arguments.items():
        bound.arguments[name] = _as_tensors(value, weights[0] if weights else None)
    return bound


def _as_tensors(value: Any, weight: Any) -> Any:
    """Return a value with tensors in place of arrays and floats; they have gradients where there are no weights."""
    if isinstance(value, float) or (type(value).__module__ == "numpy" and hasattr(value, "dtype")):
        made = torch.as_tensor(np.array(value)) if not isinstance(value, float) else torch.tensor(value)
        if made.is_floating_point() and weight is not None:
            return made.to(device=weight.device, dtype=weight.dtype)
        return made.requires_grad_() if made.is_floating_point() else made
    if isinstance(value, tuple | list) and not hasattr(value, "_fields"):
        return type(value)(_as_tensors(part, weight) for part in value)
    if type(value) is dict:
        return {key: _as_tensors(part, weight) for key, part in value.items()}
    return value


def _named_arguments(bound: inspect.BoundArguments) -> Iterator[tuple[str, Any]]:
    """Iterate over the arguments with their names; those of ``**kwargs`` by their own."""
    for name, value in bound.arguments.items():
        kind = bound.signature.parameters[name].kind
        if kind is inspect.Parameter.VAR_KEYWORD:
            yield from value.items()
        else:
            yield name, value


def _title(thing: Any) -> str:
    """Return the name of a module's class, or of a function; empty for a lambda."""
    inner = getattr(thing, "_orig_mod", None)
    if isinstance(inner, torch.nn.Module):
        thing = inner
    name = type(thing).__name__ if isinstance(thing, torch.nn.Module) else getattr(thing, "__name__", "")
    return "" if name.startswith("<") else name


def _differentiable(result: Any, title: str) -> Any:
    """Return the tensor of a result whose gradient is taken."""
    loss = result.get("loss") if isinstance(result, Mapping) else getattr(result, "loss", None)
    if isinstance(loss, torch.Tensor):
        return loss
    found = tensors(result)
    if not found:
        shown = repr(result)
        raise UsageError(
            f"{title or 'the function'} returned {shown if len(shown) < 60 else type(result).__name__}, which is no "
            "tensor; return the tensor itself, without .item() or .numpy()"
        )
    return next((tensor for tensor in found if tensor.requires_grad), found[0])


def _key(path: tuple[Any, ...]) -> str:
    """Return the title of an output by its place: ``loss``, ``[0]``."""
    if not path:
        return ""
    first, *rest = path
    head = first if isinstance(first, str) else f"[{first!r}]"
    return head + "".join(f"[{part!r}]" for part in rest)


class _Recording(NamedTuple):
    """What a block recorded: the tape, and the backward passes in it by the identity of their outputs."""

    tape: Tape
    passes: dict[int, Gradients]


_recordings: deque[_Recording] = deque(maxlen=2)
"""The latest recordings of blocks, the last one first; each keeps the tensors that were made in it."""


@contextmanager
def recording() -> Iterator[None]:
    """Record what this thread does with PyTorch in a block; `record` then draws the tensors that were made in it."""
    frame = _users_frame()
    leaves, variables = Leaves(), _variables_around(frame)
    modules = [(name, value) for name, value in variables if isinstance(value, torch.nn.Module)]
    for name, module in modules:
        leaves.add_module(name, module)
    for name, value in variables:
        leaves.add_value(name, value)
    tape, passes = Tape(leaves, Places(frame)), dict[int, Gradients]()
    _recordings.appendleft(_Recording(tape, passes))
    try:
        with _recorded(tape, modules, passes, None):
            yield
    finally:
        tape.places.release()


def _users_frame() -> FrameType:
    """Return the nearest frame that is neither bpviz's nor one of Python's context managers."""
    frame = sys._getframe(1)
    while frame.f_back is not None and (is_ours(frame) or frame.f_globals.get("__name__") == "contextlib"):
        frame = frame.f_back
    return frame


def _variables_around(frame: FrameType) -> list[tuple[str, Any]]:
    """Return the variables that code in a frame sees: its own first."""
    mine = dict(frame.f_locals)
    return [*mine.items(), *((n, v) for n, v in frame.f_globals.items() if n not in mine and not n.startswith("_"))]


def _of_tensor(tensor: Any) -> Flow:
    """Return the flow of a tensor: as it was recorded, else what PyTorch still knows."""
    for one in _recordings:
        if one.tape.is_known(tensor):
            return _drawn(one.tape, tensor, one.passes)
    frame = _users_frame()
    leaves, variables = Leaves(), _variables_around(frame)
    for name, value in variables:
        if isinstance(value, torch.nn.Module):
            leaves.add_module(name, value)
        elif isinstance(value, torch.Tensor) and (value.is_leaf or not value.requires_grad):
            leaves.add_value(name, value)
    tape = Tape(leaves, Places(frame))
    try:
        retrace(tape, tensor, named_tensors(variables))
        return _drawn(tape, tensor, {})
    finally:
        tape.places.release()


def _drawn(tape: Tape, tensor: Any, passes: Mapping[int, Gradients]) -> Flow:
    """Return the flow of a tensor on a tape."""
    value = tape.value_of(tensor)
    try:
        gradients = passes.get(id(value)) or differentiated(tape, tensor)
    except RuntimeError as error:
        if "second time" not in str(error) and "modified by an inplace" not in str(error):
            raise
        raise UsageError(
            "what this tensor was computed from was freed by backward(), or changed since, as by optimizer.step(); "
            "draw it before, or record the step with its backward(): with bpviz.recording(): …"
        ) from None
    return flow(finished(tape, gradients, [(value, "")], "", None, []))
