"""Write ``bpviz/__init__.pyi``: what type checkers and editors read of the public names, with every option of `draw`.

``python tools/stub.py --write`` after a change of the table of options or of a public function; a test compares.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import bpviz
from bpviz.drawing.option import Option
from bpviz.drawing.options import OPTIONS

STUB = Path(bpviz.__file__).with_suffix(".pyi")
TYPES = {
    "assignments": "Mapping[str, Any] | None",
    "of": "str | Node | None",
    "wrt": "str | Sequence[str] | None",
    "freeze": "str | Sequence[str] | None",
    "seed": "Any",
    "open": "str | Sequence[str]",
    "close": "str | Sequence[str]",
    "path": "str",
    "elements": "bool | str | Sequence[str]",
    "grad": "str | Sequence[str]",
    "names": "Literal['math', 'code'] | Mapping[str, str]",
    "styles": "Mapping[str, Mapping[str, Any]]",
    "before": "Flow | None",
    "width": "str | float | None",
    "background": "str | None",
    "lang": "str | None",
    "title": "str",
    "steps": "bool | Sequence[Flow]",
    "live": "bool | Mapping[str, Any]",
    "verify": "bool",
    "direction": "Literal['LR', 'RL', 'TB', 'BT', 'lr', 'rl', 'tb', 'bt']",
}
"""The types of options that their rows do not say."""
LEFT_OUT = {"notation"}
"""Rows whose name in Python is that of another row."""


def type_of(row: Option) -> str:
    """Return the type of an option, as it is written."""
    if row.name in TYPES:
        return TYPES[row.name]
    if row.choices:
        return f"Literal[{', '.join(map(repr, row.choices))}]"
    if row.range is not None:
        return ("int" if row.range.whole else "float") + (" | None" if row.range.none else "")
    return "bool" if isinstance(row.default, bool) else "str"


TYPED = {
    "draw": ("target: Any, *args: Any", "Drawing"),
    "explain": (
        "target: Any, /, *args: Any, variables: str | Sequence[str] = (), what_if: Mapping[str, Any] | None = None",
        "Explanation",
    ),
}
"""The functions that take options: what else they take, and what they return."""


def options() -> str:
    """Return the keywords of `draw`, each with its type."""
    rows = [row for row in OPTIONS.values() if row.name not in LEFT_OUT]
    taken = [row for row in rows if row.taken_by == "draw" or row.name in ("assignments", "of", "verify")]
    given = {row.python or row.name: type_of(row) for row in taken}
    given["highlight"] = given["path"]
    return ", ".join(f"{name}: {text} = ..." for name, text in given.items())


def stub() -> str:
    """Return the text of the stub, whose lines are as long as they come: `ruff format` breaks them."""
    tree = ast.parse(Path(bpviz.__file__).read_text(encoding="utf-8"))
    public = ["__all__ = " + repr(list(bpviz.__all__)), "__version__: str"]
    lines = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("bpviz"):
            for one in node.names:
                if one.name not in TYPED:
                    # With two names it would not be public.
                    lines.append(f"from {node.module} import {one.name} as {one.name}")
                    public += [f"{one.asname} = {one.name}"] if one.asname else []
    functions = [
        f"def {name}({own}, {options()}, **arguments: Any) -> {made}: ..." for name, (own, made) in TYPED.items()
    ]
    head = ["from collections.abc import Mapping, Sequence", "from typing import Any, Literal"]
    return "\n".join([*head, *sorted(lines), *public, *functions]) + "\n"


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        sys.exit("usage: python tools/stub.py --write")
    STUB.write_text(stub(), encoding="utf-8")
    for command in (("format",), ("check", "--fix")):
        subprocess.run([sys.executable, "-m", "ruff", *command, "--quiet", STUB], check=True)
