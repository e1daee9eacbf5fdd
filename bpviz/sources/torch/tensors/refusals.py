"""Tensors and modules that cannot be drawn, and the sentences that say so."""

from __future__ import annotations

import sys
from typing import Any

from bpviz.errors import RecordingError, UsageError
from bpviz.lazy import LazyModule

__all__ = ["check", "check_module", "check_version", "imported_version"]

torch: Any = LazyModule("torch")

_OLDEST = (2, 4)
"""The oldest version of PyTorch whose graph can be recorded."""


def check_version(version: str) -> None:
    """Raise `UsageError` for a PyTorch that is too old.

    >>> check_version("2.13.0+cpu")
    """
    numbers = version.split("+")[0].split(".")
    if tuple(int(part) for part in numbers[:2] if part.isdigit()) < _OLDEST:
        raise UsageError(
            f"bpviz records PyTorch {_OLDEST[0]}.{_OLDEST[1]} or newer, but {version} is installed; "
            "install a newer one: pip install 'bpviz[torch]'"
        )


def check(tensor: Any) -> None:
    """Raise `RecordingError` for a tensor that has no numbers to show."""
    if tensor.device.type == "meta":
        raise RecordingError(
            f"a tensor of shape {tuple(tensor.shape)} is on the device 'meta', where it has no numbers; make it on the "
            "cpu: module.to_empty(device='cpu') and load its weights, or tensor = torch.randn(shape)"
        )
    if tensor.is_nested:
        raise RecordingError(
            "a nested tensor has rows of several lengths, which a figure cannot show; pad it before: "
            "x.to_padded_tensor(0.0)"
        )
    if tensor.is_quantized:
        raise RecordingError(
            f"a quantised tensor ({tensor.dtype}) has no gradients; draw the model before it is quantised, or use "
            "x.dequantize()"
        )
    if tensor.layout is not torch.strided:
        raise RecordingError(
            f"a sparse tensor ({tensor.layout}) of shape {tuple(tensor.shape)} cannot be shown; make it dense: "
            "x.to_dense()"
        )


_WRAPPERS = {
    "DistributedDataParallel": "draw the module inside of it: net.module",
    "FullyShardedDataParallel": "draw the module before it is wrapped",
    "FSDPModule": "draw the module before fully_shard is called on it",
}
"""Classes of PyTorch that divide the work of a module among processes, with what to do instead."""


def check_module(module: Any) -> None:
    """Raise `UsageError` for a module that cannot be drawn as it is."""
    for inner in module.modules():
        if type(inner).__name__ == "OptimizedModule" and not hasattr(torch.compiler, "set_stance"):
            raise UsageError(
                f"compiled code can be run step by step from PyTorch 2.6 on, and {torch.__version__} is installed; "
                "draw the module that was given to torch.compile, or install a newer PyTorch"
            )
        for kind in type(inner).__mro__:
            if kind.__name__ in _WRAPPERS and kind.__module__.startswith("torch."):
                advice = _WRAPPERS[kind.__name__]
                raise UsageError(f"{kind.__name__} divides its work among processes, which no figure shows; {advice}")
    lazy = getattr(torch.nn.parameter, "is_lazy", None)
    if lazy is not None and any(map(lazy, (*module.parameters(), *module.buffers()))):
        raise UsageError(
            f"{type(module).__name__} has lazy parameters, which take their shapes from a first call; call it once "
            "with an example before it is drawn: net(x)"
        )


def imported_version() -> str:
    """Return the version of the PyTorch that is imported; empty if none is."""
    return str(getattr(sys.modules.get("torch"), "__version__", ""))
