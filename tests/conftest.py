"""What all tests share: the hypothesis profiles, and what a missing browser or engine means.

Modules of ``tests/helpers`` are imported by their bare names (``from browser import measure``).
"""

from __future__ import annotations

import os
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from shutil import which

import pytest
from hypothesis import settings

sys.path.insert(0, str(Path(__file__).parent / "helpers"))

import latex  # noqa: E402  (found through the line above)
import mermaid  # noqa: E402
from browser import HOW_TO_INSTALL, chromium  # noqa: E402

IN_CI = os.environ.get("CI", "").lower() in ("1", "true")

# No deadline: a first call may import NumPy. In CI the examples are the same on every run, so a failure is a change's.
settings.register_profile("here", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if IN_CI else "here")


@cache
def japanese_font() -> bool:
    """Whether a font of this machine has Japanese letters."""
    from bpviz.writers import font_files

    return not font_files.font_files("単価の").missing


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what needs a missing program, saying how to install it; in CI nothing may be missing."""
    needs = {
        "browser": None if chromium() else HOW_TO_INSTALL,
        "engine": None
        if find_spec("pygraphviz") or which("dot")
        else "no Graphviz found: `pip install 'pygraphviz>=2.0.4'` or `apt-get install graphviz`",
        "mermaid": None if mermaid.can_run() else mermaid.HOW_TO_INSTALL,
        "japanese": None if japanese_font() else "no Japanese font found: `apt-get install fonts-ipafont-gothic`",
        "latex": latex.complaint({"figure", *(kind for mark in item.iter_markers("latex") for kind in mark.args)}),
    }
    for marker, missing in needs.items():
        if missing and item.get_closest_marker(marker):
            if IN_CI:
                pytest.fail(missing, pytrace=False)
            pytest.skip(missing)
