"""Pyodide, the Python of browsers: its core from npm, once, into a cache beside the other caches of this user."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

__all__ = ["HOW_TO_INSTALL", "can_run", "folder"]

PACKAGE = "pyodide@314.0.7"
HOW_TO_INSTALL = "node and npm are not installed, from which Pyodide comes: `apt-get install npm`"


def can_run() -> bool:
    """Whether Pyodide is there, or can be fetched."""
    return shutil.which("node") is not None and (shutil.which("npm") is not None or _place().is_dir())


def _place() -> Path:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "bpviz-tests", PACKAGE)
    return cache / "node_modules" / "pyodide"


def folder() -> Path:
    """Return the folder of Pyodide's files; the first time it is fetched."""
    place = _place()
    if not (place / "pyodide.mjs").is_file():
        place.parents[1].mkdir(parents=True, exist_ok=True)
        command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(place.parents[1])]
        subprocess.run([*command, PACKAGE], check=True, capture_output=True, timeout=600, stdin=subprocess.DEVNULL)
    return place
