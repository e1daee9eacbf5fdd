"""Figures in notebooks: ``%load_ext bpviz``, then ``%%bpviz`` draws the model that a cell defines."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from bpviz.cli import render, request
from bpviz.drawing.load import Loaded, arguments_of, chosen

__all__ = ["in_cell", "register"]


def register(shell: Any) -> None:
    """Give a notebook's shell the magic ``%%bpviz``."""

    def magic(line: str, cell: str) -> Any:
        """Run the cell and draw the model that it defines: %%bpviz [NAME] [options of bpviz render]."""
        return in_cell(shell, line, cell)

    shell.register_magic_function(magic, magic_kind="cell", magic_name="bpviz")


def in_cell(shell: Any, line: str, cell: str) -> Any:
    """Return the drawing of what a cell defines, with the arguments of ``bpviz render`` on its first line.

    What the cell defines stays defined. Return ``None`` if the cell fails, which the notebook shows.

    Raises `UsageError` for wrong arguments, or if the cell defines nothing that can be drawn, or several things.
    """
    before = dict(shell.user_ns)
    if not shell.run_cell(cell, store_history=False).success:
        return None
    own = shell.user_ns["__name__"]
    new = {name: value for name, value in shell.user_ns.items() if before.get(name) is not value}
    files = [f.__code__.co_filename for f in new.values() if getattr(f, "__module__", "") == own and _is_function(f)]
    module = ModuleType(own)
    vars(module).update(new, __file__=files[0] if files else "")
    name, given = "", request.split_words(line)
    if given and not given[0].startswith("-"):
        name = given.pop(0)
    ctx = request.parsed("%%bpviz", ["-", *given], without=("outputs", "format"))
    thing = chosen(module, name, "the cell", "%%bpviz ", shell.user_ns)
    return render.drawn(ctx, Loaded(thing, name or "figure", arguments_of(thing, shell.user_ns)))[0]


def _is_function(value: Any) -> bool:
    return hasattr(value, "__code__")
