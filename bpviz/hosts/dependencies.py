"""The files that a figure depends on: when one of them is edited, the figure may change."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from importlib.machinery import PathFinder
from pathlib import Path

from bpviz.drawing.load import file_of

__all__ = ["files_of_model"]


def files_of_model(target: str) -> list[Path]:
    """Return the file of a target, and the files in its folder that it imports; they are read, not run.

    >>> files_of_model("no_such_model.py:total")[0].name
    'no_such_model.py'
    """
    file, here = file_of(target), str(Path.cwd())
    ahead = [file.resolve()] if file else list(_files_of(target.rpartition(":")[0] or target, [here]))
    roots = [str(path.parent) for path in ahead[:1]] + [here]
    found: dict[Path, None] = {}
    while ahead:
        file = ahead.pop()
        if file not in found:
            found[file] = None
            ahead += _imported(file, roots)
    return list(found)


def _imported(file: Path, roots: Sequence[str]) -> Iterator[Path]:
    try:
        tree = ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError):
        # Missing or broken: running it reports the error.
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names, places = [alias.name for alias in node.names], roots
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            names = [base, *(f"{base}.{alias.name}".strip(".") for alias in node.names)]
            places = [str(file.parents[node.level - 1])] if node.level else roots
        else:
            continue
        for name in names:
            yield from _files_of(name, places)


def _files_of(module: str, places: Sequence[str]) -> Iterator[Path]:
    """Yield the files of a module in one of the folders, and of the packages around it; none for other modules."""
    parts = module.split(".")
    for depth in range(1, len(parts) + 1):
        spec = PathFinder.find_spec(".".join(parts[:depth]), places) if parts[0] else None
        if spec is None:
            return
        if spec.has_location and spec.origin:
            yield Path(spec.origin)
        places = list(spec.submodule_search_locations or ())
