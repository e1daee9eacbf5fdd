"""What all tests share: the hypothesis profiles, and what a missing browser or engine means.

Modules of ``tests/helpers`` are imported by their bare names (``from browser import measure``).
"""

from __future__ import annotations

import gc
import signal
import sys
from collections.abc import Callable, Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from shutil import which

import pytest
from hypothesis import settings

sys.path.insert(0, str(Path(__file__).parent / "helpers"))

import firefox
import latex
import mermaid
from amounts import ALL_CASES, IN_CI
from browser import HOW_TO_INSTALL, chromium
from programs import started

# No deadline: a first call may import NumPy. In CI the examples are the same on every run, so a failure is a change's.
settings.register_profile("here", deadline=None, max_examples=10)
settings.register_profile("all", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if IN_CI else "all" if ALL_CASES else "here")


# What only tests of PyTorch import, and what pytest looks through for doctests.
collect_ignore = [] if find_spec("torch") else ["helpers/torch_models.py", "helpers/torch_reference.py"]

# In the background a shell lets a program ignore interrupts, and all that it starts too; some tests send them.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@cache
def japanese_font() -> bool:
    """Whether a font of this machine has Japanese letters."""
    from bpviz.writers import font_files

    return not font_files.font_files("単価の").missing


NEEDS: dict[str, Callable[[pytest.Item], str | None]] = {
    "browser": lambda _: None if chromium() else HOW_TO_INSTALL,
    "engine": lambda _: (
        None
        if find_spec("pygraphviz") or which("dot")
        else "no Graphviz found: `pip install 'pygraphviz>=2.0.4'` or `apt-get install graphviz`"
    ),
    "firefox": lambda _: None if firefox.firefox() else firefox.HOW_TO_INSTALL,
    "mermaid": lambda _: None if mermaid.can_run() else mermaid.HOW_TO_INSTALL,
    "japanese": lambda _: None if japanese_font() else "no Japanese font found: `apt-get install fonts-ipafont-gothic`",
    "latex": lambda item: latex.complaint(
        {"figure", *(kind for mark in item.iter_markers("latex") for kind in mark.args)}
    ),
}
"""For every mark that names a program or a font: what is missing on this machine and how to install it, or None."""


DRAWING = {
    "bpviz.drawing.drawing.Drawing.steps",
    "bpviz.hosts.markdown.plugin",
    "bpviz.layout.engines.lay_out",
    "bpviz.layout.page.lay_out",
    "bpviz.writers.pdf.write",
}
"""Examples in docstrings that lay out a figure, and so need an engine; an example has no place for a mark."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is `thorough`, if not all cases are tried; set the marks that follow from others.

    What other marks say starts a program is marked with `hosts`, the examples that need an engine with `engine`.
    """
    if not ALL_CASES and (left := [item for item in items if item.get_closest_marker("thorough")]):
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if not item.get_closest_marker("thorough")]
    for item in items:
        if isinstance(item, pytest.DoctestItem) and item.name in DRAWING:
            item.add_marker("engine")
        if any(item.get_closest_marker(name) for name in ("latex", "mermaid", "firefox")):
            item.add_marker("hosts")


def pytest_collection_finish() -> None:
    """Spare the garbage collector the thousands of tests that were collected: they stay until the end.

    It looks for garbage more rarely than usual, for drawings are freed without it (tests/test_memory.py).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what needs a missing program, saying how to install it; in CI nothing may be missing."""
    for marker, complaint in NEEDS.items():
        if item.get_closest_marker(marker) and (missing := complaint(item)):
            if IN_CI:
                pytest.fail(missing, pytrace=False)
            pytest.skip(missing)
    started.clear()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol() -> Iterator[None]:
    """Forget the models that a test runs in this process: the next test may have another ``apples.py``."""
    from bpviz.drawing.models import apart

    with apart():
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Fail a test that starts a program which none of its marks names."""
    yield
    if found := started.unmarked({mark.name for mark in item.iter_markers()}):
        pytest.fail(f"starts a program, but has no mark `hosts` (`browser`, `engine`): {found[0][:400]}", pytrace=False)
