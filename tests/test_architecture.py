"""Who may import whom: the ranks are written here once. A module imports from ranks below its own, never beside it."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

HOME = Path(__file__).parent.parent / "bpviz"

RANKS: tuple[tuple[str, ...], ...] = (
    # Both halves may use these.
    ("errors", "lazy", "number", "figure", "document", "tex"),
    ("docs", "docs.markers", "language"),
    # The picture's half: measures, styles, curves; then places; then files.
    ("fonts", "fonts.metrics", "bundled"),
    ("text", "theme", "settings"),
    ("fingerprint", "picture"),
    ("curve", "block", "rank", "fontfiles", "places"),
    ("plan", "route", "sheet", "wiring", "engine"),
    ("arrangement", "graphviz_places", "placement.tree"),
    ("placement.lines", "reading_order"),
    ("placement.contours",),
    ("placement.search",),
    ("placement",),
    ("layout", "stages", "writers.svg", "writers.mermaid"),
    ("writers.dot", "writers.png", "writers.tikz", "writers.motion"),
    ("writers.pdf", "writers.animation", "writers.player"),
    ("writers.html",),
    ("writers",),
    # The graph's half: operations; then the record; then its numbers.
    ("source", "scope", "constant", "ops.operation"),
    ("ops.selection", "ops.shaping", "ops.functions"),
    ("ops.elementwise", "ops.assumptions", "ops.axes", "ops.picking"),
    ("ops.arithmetic", "ops.reductions", "ops.activations"),
    ("ops.trigonometry", "ops.logarithms", "ops.rounding", "ops.joining"),
    ("ops.linear_algebra", "ops.losses", "ops.normalization", "ops.logic", "ops.arranging"),
    ("ops.layers", "ops.convolution", "ops.transformer"),
    ("ops.pooling",),
    ("ops.extremes", "ops.casting", "ops.contraction", "ops.matrices"),
    ("ops.fitting", "ops.statistics"),
    ("ops", "variables"),
    ("recorder", "refusal", "expression", "custom", "nn"),
    ("calls", "lifting", "notation", "numbering", "product", "reading"),
    ("latex", "rewriting"),
    ("formula",),
    ("handle", "indexed", "symbols"),
    ("given", "operators"),
    ("graph",),
    ("flow", "meanings", "tracing"),
    ("propagate",),
    ("archive", "check", "opening", "pairing", "paths", "spelling"),
    ("chains", "derive", "expansion", "influences"),
    ("changes", "differences", "nesting", "sharing"),
    ("plots",),
    # What joins the two.
    ("documents", "documents.data", "documents.html", "documents.markdown", "documents.text"),
    ("figures", "figures.content"),
    ("figures.labels", "wording", "wording.numbers"),
    ("wording.chains", "wording.changes", "wording.differences", "wording.influences", "wording.sharing"),
    (
        "figures.formulas",
        "figures.groups",
        "figures.marks",
        "figures.revisions",
        "figures.selection",
        "figures.sharing",
    ),
    ("figures.card", "figures.kinds"),
    ("figures.circuit",),
    ("figures.steps", "files", "options"),
    ("drawing",),
    ("composition",),
    ("telling",),
    ("alternative", "comparison"),
    ("explanation", "load"),
    ("",),
    ("cli.choices", "cli.output", "cli.session", "cli.watch"),
    ("cli.card", "cli.diff", "cli.doctor", "cli.explain", "cli.gradcheck", "cli.ops", "cli.render"),
    ("cli.words",),
    ("docs.asked", "docs.behind", "docs.inline", "docs.notebook"),
    ("cli.embed", "docs.gallery", "docs.markdown", "docs.sphinx"),
    ("cli",),
    ("__main__",),
)
RANK = {module: rank for rank, modules in enumerate(RANKS) for module in modules}
PICTURE = {module for module in RANK if RANK["fonts"] <= RANK[module] <= RANK["writers"]}
GRAPH = {module for module in RANK if RANK["source"] <= RANK[module] <= RANK["sharing"]}
HEAVY = ("numpy", "networkx", "matplotlib", "pandas", "fontTools", "pygraphviz", "resvg_py", "graphviz", "click")


def modules() -> dict[str, str]:
    """Every module of the package, by its name below ``bpviz.``, with its source."""
    found = {}
    for path in sorted(HOME.rglob("*.py")):
        parts = path.relative_to(HOME).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found[name] = path.read_text(encoding="utf-8")
    return found


def imported(source: str, known: set[str]) -> Iterator[str]:
    """The package's own modules that a source imports, late imports included; not those for type checkers alone."""
    tree = ast.parse(source)
    for node in list(ast.walk(tree)):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            node.body = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (n.name.removeprefix("bpviz").removeprefix(".") for n in node.names if _is_ours(n.name))
        if isinstance(node, ast.ImportFrom) and _is_ours(node.module or ""):
            base = (node.module or "").removeprefix("bpviz").removeprefix(".")
            for name in node.names:
                inner = f"{base}.{name.name}".strip(".")
                yield inner if inner in known else base


def _is_ours(name: str) -> bool:
    return name == "bpviz" or name.startswith("bpviz.")


def complaints(sources: dict[str, str], rank: dict[str, int]) -> list[str]:
    """What is against the ranks."""
    found = []
    for name, source in sources.items():
        if name not in rank:
            found.append(f"{name} has no rank")
            continue
        for other in imported(source, set(sources)):
            if other == name:
                continue
            if other not in rank or rank[other] >= rank[name]:
                found.append(f"{name} imports {other or 'bpviz'}")
            if (name in PICTURE and other in GRAPH) or (name in GRAPH and other in PICTURE):
                found.append(f"{name} reaches across to {other}")
    return found


def test_imports_go_downwards_and_the_halves_do_not_know_each_other() -> None:
    assert complaints(modules(), RANK) == []
    assert sorted(RANK.keys() - modules().keys()) == []


@pytest.mark.parametrize(
    ("sources", "said"),
    [
        ({"graph": "from bpviz.flow import Flow"}, ["graph imports flow"]),
        ({"graph": "def f():\n    from bpviz.flow import Flow"}, ["graph imports flow"]),
        ({"graph": "import bpviz.flow"}, ["graph imports flow"]),
        ({"graph": "from bpviz import flow", "flow": ""}, ["graph imports flow"]),
        ({"flow": "from bpviz.tracing import trace"}, ["flow imports tracing"]),
        ({"flow": "from bpviz.layout import lay_out"}, ["flow reaches across to layout"]),
        ({"layout": "from bpviz.ops import add"}, ["layout imports ops", "layout reaches across to ops"]),
        ({"new": ""}, ["new has no rank"]),
        ({"handle": "import bpviz"}, ["handle imports bpviz"]),
        ({"handle": "from bpviz.errors import UsageError\nimport numpy"}, []),
        ({"flow": "if TYPE_CHECKING:\n    from bpviz.layout import lay_out"}, []),
    ],
)
def test_the_test_sees_what_is_against_the_ranks(sources: dict[str, str], said: list[str]) -> None:
    assert complaints(sources, RANK) == said


def loaded(code: str) -> set[str]:
    """The heavy modules that a fresh Python has imported after running this."""
    code += "\nimport sys\nprint(*sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=HOME.parent)
    return {name for name in result.stdout.split() if name in HEAVY}


def test_importing_bpviz_imports_nothing_heavy() -> None:
    assert loaded("import bpviz") == set()


def test_plain_numbers_need_neither_numpy_nor_networkx() -> None:
    code = """
import bpviz
from bpviz import nn
def helper(x, y):
    with bpviz.group("inner"):
        return nn.relu(x * y) ** 2 + abs(x) - max(x, y) / y
def f(x=2.0, y=3.0, n=2):
    for _ in range(n):
        x = helper(x, y) + nn.sigmoid(x) - nn.tanh(y)
    return nn.sum_squared_error(x, y) + nn.mean_squared_error(x, y)
flow = bpviz.backprop(f)
flow.grads, flow.nonfinite, flow.graph.names, str(flow), flow.graph.nodes[-1].line
bpviz.propagate(flow.graph, {"x": 0.0}, output="x", seed=2)
"""
    assert loaded(code) == set()
    assert loaded("import numpy") == {"numpy"}


@pytest.mark.engine
def test_a_figure_of_plain_numbers_needs_neither_numpy_nor_networkx() -> None:
    code = "import bpviz\nbpviz.draw(lambda p=100, n=2, t=1.1: p * n * t).to_svg()"
    assert not loaded(code) & {"numpy", "networkx", "matplotlib", "pandas"}
