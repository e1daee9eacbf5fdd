"""Draw the models of PyTorch in this folder again; needs PyTorch, so `gallery/regenerate.py` leaves them alone.

    python gallery/torch/regenerate.py

PyTorch's last digits differ from version to version and from processor to processor: these pictures are never stale.
"""

from __future__ import annotations

from pathlib import Path

from bpviz.cli import main

HERE = Path(__file__).parent
ORDER = ("mlp", "resnet18", "gpt2_block", "training_step")

if __name__ == "__main__":
    for name in ORDER:
        main(["render", str(HERE / f"{name}.py"), "-o", str(HERE / f"{name}.svg")], standalone_mode=False)
