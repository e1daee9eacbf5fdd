"""The table of rooms in CONTRIBUTING is the one that its tool prints; and the tool counts what is there."""

from __future__ import annotations

import doctest
import importlib.util
from types import ModuleType

import pytest
from places import ROOT


@pytest.fixture(scope="module")
def rooms() -> ModuleType:
    spec = importlib.util.spec_from_file_location("rooms", ROOT / "tools" / "rooms.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_table_in_contributing_is_printed_by_the_tool(rooms: ModuleType) -> None:
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert rooms.with_table(page) == page, "run: python tools/rooms.py --write"


def test_the_table_counts_modules_lines_and_rooms(rooms: ModuleType) -> None:
    sources = {
        "errors": "x = 1\n" * 91,
        "text": "",
        "text.widths": "from bpviz.errors import UsageError\n" * 120,
        "text.numerals": "def f():\n    from bpviz.text import widths\n" * 15,
        "ops.table.operation": "import bpviz.text.widths\nfrom bpviz.errors import UsageError\nimport numpy\n" * 20,
        "": "def __getattr__(name):\n    import bpviz.ops.table.operation\n",
    }
    assert rooms.table(sources).splitlines()[2:] == [
        "| `errors.py` | 1 | 100 | |",
        "| `text/` | 2 | 200 | errors |",
        "| `ops/table/` | 1 | 100 | errors, text |",
        "| `__init__.py` | 1 | <50 | ops.table |",
    ]
    assert doctest.testmod(rooms).failed == 0


def test_a_page_without_its_marks_is_refused(rooms: ModuleType) -> None:
    with pytest.raises(SystemExit, match=r"CONTRIBUTING\.md has no lines"):
        rooms.with_table("no table here")
