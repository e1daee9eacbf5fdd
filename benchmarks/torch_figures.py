"""What a figure of a model of PyTorch costs, from model to file of SVG, beside torchviz, torchview and torchlens.

Run as ``python benchmarks/torch_figures.py``; prints a table in Markdown. Needs PyTorch, the peers
(``pip install torchviz torchview torchlens``) and ``dot``. Each figure is made in a process of its own, in which the
imports and the model are not counted; the tools take turns. *First* is the first figure of a process, *again* the best
of those that follow; both are medians over the processes.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from measure import table

GALLERY = Path(__file__).resolve().parent.parent / "gallery" / "torch"
ROUNDS, AGAIN = 3, 4
TOOLS = ("bpviz", "torchviz", "torchview", "torchlens")
MODELS = {"MLP 2-3-2": "mlp", "ResNet-18, 2 × 64²": "resnet18"}
SHOWS = {
    "bpviz": "every step of the default depth with its symbol; values and gradients on the wires",
    "torchviz": "nodes of the backward pass and shapes of parameters; no value, no gradient, no operation forward",
    "torchview": "modules and functions with the shapes of what they take and make; no value, no gradient",
    "torchlens": "every operation forward with shapes and bytes; no value, no gradient",
}
"""What a figure shows, without options."""


def main() -> None:
    if sys.argv[1:]:
        _print_costs(*sys.argv[1:])
    else:
        print(report())


def report() -> str:
    """Return the tables."""
    parts = []
    for title, name in MODELS.items():
        taken: dict[str, list[tuple[float, ...]]] = {tool: [] for tool in TOOLS}
        for _ in range(ROUNDS):
            for tool in TOOLS:
                taken[tool].append(_measured(name, tool))
        first, again = ({tool: median(run[i] for run in runs) for tool, runs in taken.items()} for i in (0, 1))
        rows = [
            [tool, f"{first[tool] * 1e3:.0f}", f"{first['bpviz'] / first[tool]:.2f} ×", f"{again[tool] * 1e3:.0f}",
             f"{again['bpviz'] / again[tool]:.2f} ×", f"{taken[tool][0][2]:.0f}"]
            for tool in TOOLS
        ]  # fmt: skip
        heads = [title, "first, ms", "bpviz : it", "again, ms", "bpviz : it", "file, KB"]
        parts.append(table(heads, rows))
    parts.append(table(["figure of", "shows, without options"], SHOWS.items()))
    return "\n\n".join(parts)


def _measured(name: str, tool: str) -> tuple[float, ...]:
    done = subprocess.run([sys.executable, __file__, name, tool], capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    return tuple(float(part) for part in done.stdout.split()[-3:])


def _print_costs(name: str, tool: str) -> None:
    """Print the seconds of the first figure and of the best of the later ones, and the KB of the file."""
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        draw = _DRAW[tool](_model(name), Path(folder))
        times = []
        for _ in range(1 + AGAIN):
            start = perf_counter()
            draw()
            times.append(perf_counter() - start)
        (made,) = Path(folder).glob("*.svg")
        size = made.stat().st_size
    print(times[0], min(times[1:]), size / 1e3)


def _model(name: str) -> Any:
    import torch

    torch.set_num_threads(1)
    spec = importlib.util.spec_from_file_location(name, GALLERY / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _example(module: Any) -> Any:
    """Return the example input of the loss that the model's file has."""
    return module.loss.__defaults__[0]


def _by_bpviz(module: Any, folder: Path) -> Callable[[], object]:
    import bpviz

    return lambda: bpviz.draw(module.loss).save(folder / "made.svg")


def _by_torchviz(module: Any, folder: Path) -> Callable[[], object]:
    from torchviz import make_dot

    named = dict(module.net.named_parameters())
    return lambda: make_dot(module.loss(), params=named).render(folder / "made", format="svg", cleanup=True)


def _by_torchview(module: Any, folder: Path) -> Callable[[], object]:
    from torchview import draw_graph

    def draw() -> object:
        made = draw_graph(module.net, input_data=_example(module), device="cpu")
        return made.visual_graph.render(folder / "made", format="svg", cleanup=True)

    return draw


def _by_torchlens(module: Any, folder: Path) -> Callable[[], object]:
    import torchlens

    def draw() -> object:
        made = torchlens.trace(module.net, _example(module))
        return made.draw(vis_outpath=str(folder / "made"), vis_fileformat="svg", vis_save_only=True)

    return draw


_DRAW = {"bpviz": _by_bpviz, "torchviz": _by_torchviz, "torchview": _by_torchview, "torchlens": _by_torchlens}


if __name__ == "__main__":
    main()
