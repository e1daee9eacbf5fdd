"""Who may import whom. The rooms (folders) and their ranks are written here once.

A module imports from its own room and from rooms of lower rank, by any import: late ones and those for type checkers
count as well. Within a room no modules import each other in a circle.
"""

from __future__ import annotations

import subprocess
import sys
from graphlib import CycleError, TopologicalSorter

import pytest
from package_imports import imported, modules
from places import ROOT

# A name with a dot before it is a single module of the root; all others are rooms.
RANKS: tuple[tuple[str, ...], ...] = (
    # Both halves may use these.
    (".code_files", ".frozen", ".lazy", ".progress"),
    (".errors",),
    (".figure", ".fingerprint", ".tables", ".children", ".deadline"),
    (".files", "text"),
    # The picture's half: what stands on a page, where it stands, and files.
    ("documents", "picture"),
    ("layout.placement",),
    ("layout.rows",),
    ("layout",),
    ("writers",),
    # The graph's half: operations, the record, and what is read from both.
    ("ops.table",),
    ("ops.primitives",),
    ("ops.functions",),
    ("ops.arrays",),
    ("ops.linear_algebra",),
    ("ops.nets",),
    ("ops",),
    (".nn", "formulas", "recording"),
    ("writes",),
    ("objects", "doors"),
    ("graph",),
    ("sources",),
    ("sources.torch.tensors",),
    ("sources.torch.rows",),
    ("sources.torch", "sources.jax", "sources.onnx"),
    ("transforms",),
    ("analysis",),
    # What joins the two.
    ("words", ".plots"),
    ("figures",),
    ("living",),
    ("drawing",),
    ("reports",),
    ("",),
    ("cli",),
    ("hosts", ".__main__"),
    ("docs",),
)
RANK = {room: rank for rank, rooms in enumerate(RANKS) for room in rooms}
PICTURE = {"picture", "layout.placement", "layout", "writers"}
GRAPH = {room for room in RANK if RANK["ops.table"] <= RANK[room] <= RANK["analysis"]}
SMALLEST, LARGEST = 4, 14
"""How many modules a room has, ``__init__`` left out; and how many the root has at most."""
SMALL = {"ops": "the door to its rooms", "docs": "the documented names of modules of hosts", "": "the root"}
"""The folders that may have fewer, and why."""
HEAVY = ("numpy", "networkx", "matplotlib", "pandas", "fontTools", "pygraphviz", "resvg_py", "graphviz", "click")


def room_of(module: str) -> str:
    """Return the room of a module: its folder, or its own name with a dot before it where it lies in the root.

    >>> room_of("graph.flow"), room_of("graph"), room_of("errors"), room_of("")
    ('graph', 'graph', '.errors', '')
    """
    if module in RANK:
        return module
    folder = module.rpartition(".")[0]
    return folder or f".{module}"


def complaints(sources: dict[str, str]) -> list[str]:
    """Return what is against the ranks."""
    found = []
    within: dict[str, set[str]] = {}
    for name, source in sources.items():
        room = room_of(name)
        if room not in RANK:
            found.append(f"{name} has no rank")
            continue
        for other in sorted(set(imported(source, set(sources))) - {name}):
            theirs = room_of(other)
            if theirs == room:
                within.setdefault(name, set()).add(other)
            elif theirs not in RANK or RANK[theirs] >= RANK[room]:
                found.append(f"{name} imports {other or 'bpviz'}")
            if (room in PICTURE and theirs in GRAPH) or (room in GRAPH and theirs in PICTURE):
                found.append(f"{name} reaches across to {other}")
    try:
        TopologicalSorter(within).prepare()
    except CycleError as error:
        found.append(f"a circle within a room: {' imports '.join(reversed(error.args[1]))}")
    return found


def test_imports_go_downwards_and_the_halves_do_not_know_each_other() -> None:
    assert complaints(modules()) == []
    assert sorted(RANK.keys() - {room_of(module) for module in modules()}) == []


def test_a_room_can_be_overlooked() -> None:
    sizes = dict.fromkeys((room for room in RANK if not room.startswith(".")), 0)
    for module in modules():
        folder = module.rpartition(".")[0]
        if module not in sizes:
            sizes[folder] += 1
    assert sizes[""] <= LARGEST
    assert {room: size for room, size in sizes.items() if size > LARGEST} == {}
    assert {room: size for room, size in sizes.items() if size < SMALLEST and room not in SMALL} == {}


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        ({"graph.graph": "from bpviz.analysis.paths import paths"}, ["graph.graph imports analysis.paths"]),
        ({"graph.graph": "def f():\n    from bpviz.analysis import paths"}, ["graph.graph imports analysis"]),
        ({"graph.graph": "import bpviz.analysis.paths"}, ["graph.graph imports analysis.paths"]),
        (
            {"graph.graph": "from bpviz.analysis import paths", "analysis.paths": ""},
            ["graph.graph imports analysis.paths"],
        ),
        ({"graph.flow": "from bpviz.graph.graph import Graph"}, []),
        (
            {"graph.flow": "from bpviz.layout.page import lay_out"},
            ["graph.flow reaches across to layout.page"],
        ),
        (
            {"layout.page": "from bpviz.ops import add"},
            ["layout.page imports ops", "layout.page reaches across to ops"],
        ),
        ({"new": ""}, ["new has no rank"]),
        ({"rooms.new": ""}, ["rooms.new has no rank"]),
        ({"recording.handle": "import bpviz"}, ["recording.handle imports bpviz"]),
        ({"recording.handle": "from bpviz.errors import UsageError\nimport numpy"}, []),
        (
            {"picture.theme": "if TYPE_CHECKING:\n    from bpviz.layout.page import lay_out"},
            ["picture.theme imports layout.page"],
        ),
        (
            {"graph.flow": "import bpviz.graph.run", "graph.run": "import bpviz.graph.flow"},
            ["a circle within a room: graph.flow imports graph.run imports graph.flow"],
        ),
    ],
)
def test_the_test_finds_imports_against_the_ranks(sources: dict[str, str], expected: list[str]) -> None:
    assert complaints(sources) == expected


def loaded(code: str) -> set[str]:
    """The heavy modules that a fresh Python has imported after running this."""
    code += "\nimport sys\nprint(*sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    return {name for name in result.stdout.split() if name in HEAVY}


@pytest.mark.hosts
def test_importing_bpviz_imports_nothing_heavy() -> None:
    assert loaded("import bpviz") == set()


@pytest.mark.hosts
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


@pytest.mark.hosts
@pytest.mark.engine
def test_a_figure_of_plain_numbers_needs_neither_numpy_nor_networkx() -> None:
    code = "import bpviz\nbpviz.draw(lambda p=100, n=2, t=1.1: p * n * t).to_svg()"
    assert not loaded(code) & {"numpy", "networkx", "matplotlib", "pandas"}
