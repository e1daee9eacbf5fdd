"""Where things lie in the repository."""

from __future__ import annotations

from pathlib import Path

__all__ = ["DOCS", "GALLERY", "PACKAGE", "ROOT", "TESTS"]

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
GALLERY = ROOT / "gallery"
PACKAGE = ROOT / "bpviz"
TESTS = ROOT / "tests"
