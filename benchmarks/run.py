"""Run all benchmarks and write their tables into README.md: ``python benchmarks/run.py``.

Takes a few minutes. Needs the ``benchmark`` extra; ``dot`` on PATH and PyTorch are used where they are there.
"""

from __future__ import annotations

import datetime
import re
import sys
from pathlib import Path

import cold_start
import documents
import frames
import living
import memory
import overhead
import recording
import rendering
from measure import machine

README = Path(__file__).resolve().parent / "README.md"
PACKAGES = ("bpviz", "numpy", "click", "pygraphviz", "graphviz", "micrograd", "autograd", "torch", "networkx")


def main() -> None:
    about = f"Measured on {datetime.date.today():%d %B %Y} on {machine(PACKAGES)}."
    sections = {"machine": about}
    for benchmark in (cold_start, recording, overhead, memory, rendering, frames, documents, living):
        print(f"{benchmark.__name__} …", file=sys.stderr, flush=True)
        sections[benchmark.__name__] = benchmark.report()
        print(sections[benchmark.__name__], flush=True)
    text = README.read_text(encoding="utf-8")
    for name, section in sections.items():
        text = filled(text, name, section)
    README.write_text(text, encoding="utf-8")


def filled(text: str, name: str, section: str) -> str:
    """Return the text with what stands between the markers of ``name`` replaced.

    >>> filled("<!-- a -->old<!-- /a -->", "a", "new")
    '<!-- a -->\\nnew\\n<!-- /a -->'
    """
    pattern = rf"(<!-- {name} -->).*(<!-- /{name} -->)"
    made, count = re.subn(pattern, lambda found: f"{found[1]}\n{section}\n{found[2]}", text, flags=re.DOTALL)
    if count != 1:
        sys.exit(f"{README.name} must have the markers <!-- {name} --> and <!-- /{name} --> once")
    return made


if __name__ == "__main__":
    main()
