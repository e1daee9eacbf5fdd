"""Parts of bpviz in its documentation: the help of commands, the tables of operations and of options, the gallery."""

from __future__ import annotations

import ast
import inspect
import re
import shlex
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
from bpviz.drawing.option import Option
from bpviz.drawing.options import OPTIONS

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


APPLES = """def total(price=100, count=2, tax=1.1):
    subtotal = price * count
    return subtotal * tax"""
SQUARE = """def y(x=3.0):
    return x * x + x"""
GROUPS = """import numpy as np

def sigmoid(x):
    return 1 / (1 + np.exp(-x))

def main(w=-1.0, x=2.0):
    return sigmoid(w * x) * x"""
LOOP = """import numpy as np

def main(w=0.5, x=0.7):
    for _ in range(8):
        x = np.tanh(w * x)
    return x"""
LAYER = """import numpy as np

def y(x=np.array([1.0, 0.5]), W=np.array([[0.1, 0.3], [0.2, 0.4]]), b=np.array([0.1, -0.2])):
    return np.maximum(x @ W + b, 0)"""
SUBSCRIPTS = """def main(theta_1=0.5, x_hat=2.0):
    return theta_1 * x_hat"""
PICTURES = {
    "assignments": (APPLES, "set: tax=1.2"),
    "changes": (APPLES, "what-if: tax=1.2"),
    "show": (APPLES, "show: forward"),
    "labels": (APPLES, "labels: symbols"),
    "depth": (GROUPS, "depth: 0"),
    "open": ("from bpviz import nn\n\ndef y(x=0.5):\n    return nn.sigmoid(x)", "open: sigmoid"),
    "close": (GROUPS, "close: sigmoid"),
    "repeats": (LOOP, "repeats: all"),
    "of": (APPLES, "of: subtotal"),
    "wrt": (APPLES, "wrt: price"),
    "freeze": (APPLES, "freeze: tax"),
    "path": (SQUARE, "highlight: x"),
    "only": (APPLES, "only: price..subtotal"),
    "elements": (LAYER, "elements: b[0]"),
    "beside": (LAYER, "elements: b[0]", "beside:"),
    "grad": (APPLES, "grad: tax"),
    "plumbing": (LAYER, "grad: b", "plumbing:"),
    "shared": ("import numpy as np\n\ndef y(a=0.5, b=0.3):\n    return np.tanh(a * b)", "shared:"),
    "notation": (SUBSCRIPTS, "names: code"),
    "constants": (GROUPS, "constants: wires"),
    "styles": (APPLES, "style: subtotal:color=#0072B2"),
    "direction": (APPLES, "direction: TB"),
    "width": (LOOP, "repeats: all", "width: column"),
    "repeat": (SQUARE, "repeat: always"),
    "theme": (APPLES, "theme: cs231n"),
    "background": (APPLES, "background: #F5F5F5"),
    "precision": (APPLES, "set: tax=1.23456", "precision: 2"),
    "lang": (SQUARE, "lang: ja"),
    "title": (APPLES, "title: Two apples, and a tax"),
    "engine": (APPLES, "engine: graphviz"),
    "animate": (APPLES, "animate:"),
    "steps": (APPLES, "steps:"),
}
"""For each option that changes a picture: a model, and the options of its figure."""
OTHERWISE = {
    "parameters",
    "outputs",
    "format",
    "descend",
    "rate",
    "live",
    "figure_only",
    "timeout",
    "seconds",
    "scale",
    "verify",
    "model_timeout",
}
"""Options that are shown elsewhere, or cannot be seen in a picture."""


class OptionPictures(SphinxDirective):
    """Every option of a figure, with a picture of its effect."""

    def run(self) -> list[nodes.Node]:
        lines: list[str] = []
        for row in OPTIONS.values():
            if not row.flags or row.taken_by == "terminal" or row.name in OTHERWISE:
                continue
            if row.name not in PICTURES:
                raise self.error(f"the option {row.name!r} has no picture; add one to PICTURES in docs/project.py")
            model, *given = PICTURES[row.name]
            heading = f"``--{row.long}``"
            here = " ".join(
                f"--{name} {shlex.quote(value.strip()) if value else ''}".strip()
                for name, _, value in (one.partition(":") for one in given)
            )
            lines += [heading, "-" * len(heading), "", f"{_described(row)[3]} Here: ``{here}``", ""]
            lines += [".. bpviz::", "   :code:"]
            lines += [f"   :{one}" for one in given] + [""]
            lines += [f"   {line}" for line in model.splitlines()] + [""]
        return self.parse_text_to_nodes("\n".join(lines), allow_section_headings=True)


def _described(row: Option) -> tuple[str, ...]:
    python = row.python or (row.name if row.taken_by == "draw" else "")
    flags = [f"{flag} {row.metavar}" if row.metavar else flag for flag in row.flags.split()]
    choices = f" One of {', '.join(row.choices)}." if row.choices else ""
    has_default = not isinstance(row.default, bool) and row.default not in (None, "", ())
    default = f" [default: {row.default}]" if has_default else ""
    cells = ([python], flags, [row.variable])
    sentence = f"{row.help}{choices}{default}"
    # Without this, two dashes would become a long one, and quotes would become curly.
    shown = re.sub(r"--[\w-]+( '[^']*'| \w+=\d+(?:\.\d+)?)?", r"``\g<0>``", _plain(sentence))
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


TITLES = {
    "apples_japanese": "Apples in Japanese",
    "apples_what_if": "Apples: what if?",
    "circuit_max": "Circuit with max",
    "conv_pool": "Convolution and pooling",
    "gru": "GRU",
    "layer_beside": "Layer, arrays and numbers",
    "layer_bias": "Layer: the paths of the bias",
    "layer_elements": "Layer in single numbers",
    "lstm": "LSTM",
    "mazur": "Mazur's network",
    "rnn": "RNN",
    "rnn_three_steps": "RNN, three steps",
    "tanh_derivatives": "Derivatives of tanh",
}
"""Titles that are no mere words of their files."""


class Gallery(SphinxDirective):
    """Every model of the gallery with its figure, drawn by bpviz's own directive."""

    def run(self) -> list[nodes.Node]:
        from regenerate import LIVING, is_plot, models

        lines: list[str] = []
        thumbnails = [".. container:: thumbnails", ""]
        for path in models():
            source = path.read_text(encoding="utf-8")
            summary = " ".join((ast.get_docstring(ast.parse(source)) or "").split())
            place = f"../gallery/{path.name}"
            picture = f".. image:: ../gallery/{path.stem}.png" if is_plot(path) else f".. bpviz:: {place}"
            alt = [f"   :alt: {summary}"] if is_plot(path) else ["   :live:"] if path.stem in LIVING else []
            title = TITLES.get(path.stem) or path.stem.replace("_", " ").capitalize()
            suffix = "png" if is_plot(path) else "svg"
            thumbnails += [f"   .. figure:: ../gallery/{path.stem}.{suffix}", f"      :alt: {summary}"]
            thumbnails += [f"      :target: #{nodes.make_id(title)}", "", f"      {title}", ""]
            lines += [title, "-" * len(title), "", _plain(summary), "", picture, *alt, ""]
            lines += [f".. literalinclude:: {place}", "   :language: python", ""]
            self.env.note_dependency(str(path))
        return self.parse_text_to_nodes("\n".join(thumbnails + lines), allow_section_headings=True)


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive("command-help", CommandHelp)
    app.add_directive("operations", Operations)
    app.add_directive("composites", Composites)
    app.add_directive("options", Options)
    app.add_directive("option-pictures", OptionPictures)
    app.add_directive("gallery", Gallery)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
