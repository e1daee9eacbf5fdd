"""Parts of bpviz in its documentation: the help of commands, the tables of operations and of options, the gallery."""

from __future__ import annotations

import ast
import inspect
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from bpviz import ops
from bpviz.cli import main
from bpviz.cli.ops import called, described
from bpviz.drawing.options import OPTIONS, Option

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "gallery"))


class CommandHelp(SphinxDirective):
    """The output of ``bpviz NAME --help``."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        name = self.arguments[0]
        root = click.Context(main, info_name="bpviz", max_content_width=88, terminal_width=88)
        command = main.get_command(root, name)
        assert command is not None
        self.env.note_dependency(inspect.getfile(command.callback))
        help_text = command.get_help(click.Context(command, parent=root, info_name=name))
        return [nodes.literal_block(help_text, help_text, language="text")]


class Operations(SphinxDirective):
    """The table of operations, one row for each."""

    def run(self) -> list[nodes.Node]:
        rows = [("name", "NumPy", "gradients"), *map(_cells, ops.OPERATIONS.values())]
        return self.parse_text_to_nodes(_table("20 25 55", rows))


class Options(SphinxDirective):
    """The table of options, a line for each: in Python, on the command line, in the environment."""

    def run(self) -> list[nodes.Node]:
        heads = ("Python", "command line", "environment", "what it does")
        return self.parse_text_to_nodes(_table("15 25 25 35", [heads, *map(_described, OPTIONS.values())]))


def _described(row: Option) -> tuple[str, ...]:
    python = row.python or (row.name if row.taken_by == "draw" else "")
    flags = [f"{flag} {row.metavar}" if row.metavar else flag for flag in row.flags.split()]
    choices = f" One of {', '.join(row.choices)}." if row.choices else ""
    has_default = not isinstance(row.default, bool) and row.default not in (None, "", ())
    default = f" [default: {row.default}]" if has_default else ""
    cells = ([python], flags, [row.variable])
    sentence = f"{row.help}{choices}{default}"
    # Without this, two dashes would become a long one, and quotes would become curly.
    shown = re.sub(r"--[\w-]+( '[^']*'| \w+=[\d.]+)?", r"``\g<0>``", _plain(sentence))
    return (*(" ".join(f"``{name}``" for name in names if name) for names in cells), shown)


class Composites(SphinxDirective):
    """The functions of NumPy that are made of several operations, one row for each."""

    def run(self) -> list[nodes.Node]:
        rows = [(f"``{called(name)}``", _plain(described(name))) for name in sorted(ops.COMPOSITES)]
        return self.parse_text_to_nodes(_table("25 75", [("function", "what it is"), *rows]))


def _table(widths: str, rows: Sequence[Sequence[str]]) -> str:
    lines = [".. list-table::", "   :header-rows: 1", f"   :widths: {widths}", ""]
    for cells in rows:
        lines += [f"   {'*' if place == 0 else ' '} - {cell}" for place, cell in enumerate(cells)]
    return "\n".join(lines)


def _cells(row: ops.Operation) -> tuple[str, str, str]:
    convention = f" Convention: {row.convention}." if row.convention else ""
    return (
        f"``{row.name}``",
        " ".join(f"``{name}``" for name in (*row.numpy, *row.elsewhere)),
        _plain(row.says + convention),
    )


def _plain(text: str) -> str:
    """Return the text escaped for reStructuredText."""
    return re.sub(r"([*`|_\\])", r"\\\1", text)


class Gallery(SphinxDirective):
    """Every model of the gallery with its figure, drawn by bpviz's own directive."""

    def run(self) -> list[nodes.Node]:
        from regenerate import is_plot, models

        lines: list[str] = []
        for path in models():
            source = path.read_text(encoding="utf-8")
            summary = " ".join((ast.get_docstring(ast.parse(source)) or "").split())
            place = f"../gallery/{path.name}"
            picture = f".. image:: ../gallery/{path.stem}.png" if is_plot(path) else f".. bpviz:: {place}"
            alt = [f"   :alt: {summary}"] if is_plot(path) else []
            title = path.stem.replace("_", " ").capitalize()
            lines += [title, "-" * len(title), "", _plain(summary), "", picture, *alt, ""]
            lines += [f".. literalinclude:: {place}", "   :language: python", ""]
            self.env.note_dependency(str(path))
        return self.parse_text_to_nodes("\n".join(lines), allow_section_headings=True)


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive("command-help", CommandHelp)
    app.add_directive("operations", Operations)
    app.add_directive("composites", Composites)
    app.add_directive("options", Options)
    app.add_directive("gallery", Gallery)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
