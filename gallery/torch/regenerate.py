"""Draw the models of PyTorch in this folder again; needs PyTorch, so `gallery/regenerate.py` leaves them alone.

    python gallery/torch/regenerate.py

PyTorch's last digits differ from version to version and from processor to processor: these pictures are never stale.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ORDER = ("mlp", "resnet18", "gpt2_block", "training_step")

if __name__ == "__main__":
    for name in ORDER:
        model, picture = HERE / f"{name}.py", HERE / f"{name}.svg"
        subprocess.run([sys.executable, "-m", "bpviz", "render", str(model), "-o", str(picture)], check=True)
