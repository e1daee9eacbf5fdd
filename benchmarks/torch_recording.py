"""What recording a model of PyTorch adds to the model's own forward and backward pass: time and peak memory.

Run as ``python benchmarks/torch_recording.py``; prints a table in Markdown. Needs PyTorch. Each measure is a process of
its own, on one thread; its time is that of the processor, the best of several runs.
"""

from __future__ import annotations

import gc
import importlib.util
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import process_time
from typing import Any

from measure import table

GALLERY = Path(__file__).resolve().parent.parent / "gallery" / "torch"
ROUNDS = 4
WAYS = ("plain", "recorded")
MODELS = {"ResNet-18, 8 × 224²": "resnet18", "GPT-2 block, 4 × 512 × 768": "gpt2_block"}


def main() -> None:
    if sys.argv[1:]:
        _print_costs(*sys.argv[1:])
    else:
        print(report())


def report() -> str:
    rows = []
    for title, name in MODELS.items():
        (time, memory), (recorded, more) = (_measured(name, way) for way in WAYS)
        rows.append(
            [title, f"{time:.2f}", f"{recorded:.2f}", f"{recorded / time:.2f} ×", f"{memory:.0f}", f"{more:.0f}",
             f"{more / memory:.2f} ×"]
        )  # fmt: skip
    heads = ["model", "its own, s", "recorded, s", "time", "its own, MiB", "recorded, MiB", "memory"]
    return table(heads, rows)


def _measured(name: str, way: str) -> tuple[float, float]:
    done = subprocess.run([sys.executable, __file__, name, way], capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    time, memory = done.stdout.split()
    return float(time), float(memory)


def _print_costs(name: str, way: str) -> None:
    """Print the time of one pass in seconds, and how many MiB the process needed at most besides the model."""
    import torch

    from bpviz.sources.torch import record

    torch.set_num_threads(1)
    fn, args, parameters = _model(name)

    def plain() -> Any:
        return torch.autograd.grad(fn(*args), parameters)

    def recorded() -> Any:
        return record(fn, *args)

    before = _peak()
    best = min(_time(plain if way == "plain" else recorded) for _ in range(ROUNDS))
    print(best, _peak() - before)


def _model(name: str) -> tuple[Callable[..., Any], tuple[Any, ...], list[Any]]:
    import torch

    spec = importlib.util.spec_from_file_location(name, GALLERY / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    if name == "resnet18":
        return module.loss, (torch.randn(8, 3, 224, 224), torch.randint(0, 1000, (8,))), [*module.net.parameters()]
    return module.main, (torch.randn(4, 512, 768),), [*module.block.parameters()]


def _time(work: Callable[[], Any]) -> float:
    gc.collect()
    start = process_time()
    result = work()
    taken = process_time() - start
    del result
    return taken


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
