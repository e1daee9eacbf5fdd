"""The scripts that pages carry were made from those that people read."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

import bpviz

SCRIPTS = Path(bpviz.__file__).parent / "living"


@pytest.mark.parametrize("name", sorted(path.name for path in SCRIPTS.glob("*.js")))
def test_no_script_is_stale(name: str) -> None:
    source = (SCRIPTS / name).read_bytes()
    first, _, rest = (SCRIPTS / "smaller" / name).read_text(encoding="utf-8").partition("\n")
    assert first.endswith(hashlib.sha256(source).hexdigest()[:16]), "write it again: python tools/smaller.py"
    assert len(rest) < len(source)


def test_there_is_no_other() -> None:
    assert {path.name for path in SCRIPTS.glob("*.js")} == {path.name for path in (SCRIPTS / "smaller").glob("*.js")}
