"""Calls of modules as groups, named by their paths."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any

from bpviz.lazy import LazyModule
from bpviz.sources.torch.tape import Tape

__all__ = ["recorded_modules"]

torch: Any = LazyModule("torch")


@contextmanager
def recorded_modules(tape: Tape, roots: Sequence[tuple[str, Any]]) -> Iterator[None]:
    """Record every call of a module in this thread as a group, with its path in one of the ``roots``.

    A root with an empty name is what is drawn: it is the whole, and no group.
    """
    paths: dict[Any, str] = {}
    for prefix, root in roots:
        for path, module in root.named_modules(remove_duplicate=False):
            paths.setdefault(module, f"{prefix}.{path}".strip(".").replace("_orig_mod.", "").removesuffix("_orig_mod"))
    whole = {root for prefix, root in roots if not prefix}
    thread = threading.get_ident()

    def title(module: Any) -> str:
        kind = type(module).__name__
        if module in whole or kind == "OptimizedModule":
            return ""
        return f"{paths.get(module, '')} {kind}".strip()

    def before(module: Any, inputs: Any) -> None:
        if threading.get_ident() == thread:
            with torch._C.DisableTorchFunction():
                tape.places.enter(_caller(), title(module))

    def after(module: Any, inputs: Any, result: Any) -> None:
        if threading.get_ident() == thread:
            with torch._C.DisableTorchFunction():
                frame = _caller()
                tape.places.leave(frame)
                tape.name_results(result, frame)

    hooks = torch.nn.modules.module
    handles = [
        hooks.register_module_forward_pre_hook(before),
        hooks.register_module_forward_hook(after, always_call=True),
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _caller() -> FrameType:
    """Return the frame that calls a hook."""
    return sys._getframe(2)
