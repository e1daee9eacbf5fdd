"""The files behind a figure: where one of them is edited, the figure may be another."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from importlib.machinery import PathFinder
from pathlib import Path

from bpviz.load import file_of

__all__ = ["files_behind"]


def files_behind(target: str) -> list[Path]:
    """The file of a target, and the files beside it that it imports, told by reading them: nothing is run.

    >>> files_behind("no_such_model.py:total")[0].name
    'no_such_model.py'
    """
    module = target.partition(":")[0]
    first = file_of(target) or _file_of_module(module, [str(Path.cwd())])
    if first is None:
        return []
    found: dict[Path, None] = {}
    roots, ahead = [str(first.resolve().parent), str(Path.cwd())], [first.resolve()]
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
        # Missing or broken: whoever runs it will say so.
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
        yield from (path for name in names if (path := _file_of_module(name, places)) is not None)


def _file_of_module(name: str, places: Sequence[str] | None) -> Path | None:
    """The file of a module below one of the places; ``None`` for one from elsewhere."""
    spec = None
    for depth, _ in enumerate(parts := name.split("."), 1):
        spec = PathFinder.find_spec(".".join(parts[:depth]), places) if parts[0] else None
        if spec is None:
            return None
        places = list(spec.submodule_search_locations or ())
    return Path(spec.origin) if spec is not None and spec.has_location and spec.origin else None
