"""What a test starts is seen, and its marks allow it or not."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from programs import Started, started


@pytest.mark.hosts
def test_a_program_that_is_started_is_seen() -> None:
    started.clear()
    subprocess.run([sys.executable, "-c", "pass"], check=True)
    os.system("true")
    assert [line.split()[:2] for line in started.unmarked(set())] == [[sys.executable, "-c"], ["os.system", "true"]]


@pytest.mark.parametrize(
    ("line", "allowed"),
    [
        ("/usr/bin/python -m sphinx -W", {"hosts", "browser"}),
        ("dot -V", {"hosts", "browser", "engine"}),
        ("/usr/bin/python -I -S /somewhere/bpviz/layout/bundled.py dot json0", {"hosts", "browser", "engine"}),
    ],
)
def test_marks_allow_what_they_name(line: str, allowed: set[str]) -> None:
    seen = Started()
    seen.append(line)
    assert {mark for mark in ("hosts", "browser", "engine", "japanese") if not seen.unmarked({mark})} == allowed
