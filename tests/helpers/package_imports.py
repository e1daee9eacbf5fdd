"""The modules of the package, and which of them a source imports."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from functools import cache

from places import PACKAGE

__all__ = ["imported", "modules"]


def modules() -> dict[str, str]:
    """Every module of the package, by its name below ``bpviz.``, with its source."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found[name] = path.read_text(encoding="utf-8")
    return found


def imported(source: str, known: set[str]) -> Iterator[str]:
    """Iterate over the package's own modules that a source imports, wherever the import stands.

    >>> list(imported("def f():\\n    from bpviz.graph import flow, graph", {"graph", "graph.flow"}))
    ['graph.flow', 'graph']
    """
    for base, name in _imports(source):
        inner = f"{base}.{name}".strip(".")
        yield inner if name and inner in known else base


@cache
def _imports(source: str) -> tuple[tuple[str, str], ...]:
    """Return the modules below ``bpviz.`` that a source imports, each with the name that it takes from it, or none."""
    found: list[tuple[str, str]] = []
    for node in _statements(ast.parse(source).body):
        if isinstance(node, ast.Import):
            found += [(name.name, "") for name in node.names]
        elif isinstance(node, ast.ImportFrom):
            found += [(node.module or "", name.name) for name in node.names]
    return tuple((module[6:], name) for module, name in found if module == "bpviz" or module.startswith("bpviz."))


def _statements(nodes: Sequence[ast.AST]) -> Iterator[ast.AST]:
    """Iterate over statements with those within them. (``ast.walk`` goes through all expressions too.)"""
    for node in nodes:
        yield node
        for field in ("body", "handlers", "cases", "orelse", "finalbody"):
            yield from _statements(getattr(node, field, ()))
