import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from bpviz.errors import EngineFailed, EngineMissing, LayoutTimeout, UsageError
from bpviz.layout import bundled, engines

pytestmark = pytest.mark.engine

needs_bundled = pytest.mark.skipif(
    not engines.engines()[0].available, reason="pygraphviz is not installed: `pip install pygraphviz`"
)
needs_system = pytest.mark.skipif(
    not engines.engines()[1].available, reason="there is no `dot` on PATH: `apt-get install graphviz`"
)

BOXES = 'node [shape=box, fixedsize=true, label="", width=1, height=0.5]'
SMALL = f"digraph {{ rankdir=LR; {BOXES}; subgraph cluster_f {{ a; b }} a -> b; a -> b; b -> c; a -> c }}"
# Every box of a rank joined with every box of the next: minutes of work.
ENDLESS = f"digraph {{ {BOXES}; {' '.join(f'a{i} -> a{j};' for i in range(160) for j in range(i))} }}"


def numbers(result):
    """Where nodes, edges and frames stand, to a tenth of a point."""
    found = {"page": result["bb"]}
    for thing in result["objects"]:
        found[thing["name"]] = thing.get("pos", thing.get("bb"))
    for number, edge in enumerate(result["edges"]):
        found[number] = edge["pos"]
    return {
        name: [round(float(n), 1) for n in re.findall(r"-?[\d.]+(?:e-?\d+)?", text)] for name, text in found.items()
    }


def test_the_result_has_places_sizes_curves_and_frames():
    result = engines.lay_out(SMALL)
    objects = {thing["name"]: thing for thing in result["objects"]}
    assert (objects["a"]["width"], objects["a"]["height"]) == ("1", "0.5")
    assert all(len(objects[name]["pos"].split(",")) == 2 for name in "abc")
    assert len(objects["cluster_f"]["bb"].split(",")) == 4
    assert len(result["edges"]) == 4
    assert all(edge["pos"].startswith("e,") for edge in result["edges"])
    # Two boxes of an inch, side by side, are more than 144 points wide.
    assert float(result["bb"].split(",")[2]) > 144


@needs_bundled
@needs_system
def test_both_engines_place_nodes_equally():
    ours, theirs = (numbers(engines.lay_out(SMALL, engine=name)) for name in ("bundled", "system"))
    assert {name: ours[name] for name in "abc"} == {name: theirs[name] for name in "abc"}


@needs_bundled
def test_a_child_process_returns_the_same_as_this_one(tmp_path, monkeypatch):
    for name in ("os.py", "bpviz.py", "pygraphviz.py", "signal.py"):
        (tmp_path / name).write_text("raise SystemExit('imported from the working directory')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    here = engines.lay_out(SMALL, engine="bundled")
    assert engines.lay_out(SMALL, engine="bundled", size=engines.CHILD_SIZE) == here


def test_names_in_any_script_come_back():
    result = engines.lay_out('digraph { "鉛筆の単価" -> "😀" }')
    assert [thing["name"] for thing in result["objects"]] == ["鉛筆の単価", "😀"]


@pytest.mark.parametrize("size", [0, 1000])
@pytest.mark.parametrize(
    "name", [pytest.param("bundled", marks=needs_bundled), pytest.param("system", marks=needs_system)]
)
def test_the_output_of_graphviz_is_in_the_error(name, size, capfd):
    with pytest.raises(EngineFailed, match=r"^Graphviz failed: .*syntax error in line 1 near '->'"):
        engines.lay_out("graph { a -> b }", engine=name, size=size)
    assert capfd.readouterr() == ("", "")
    assert engines.lay_out(SMALL, engine=name, size=size)["objects"]


@needs_bundled
def test_warnings_of_graphviz_do_not_reach_the_terminal(capfd):
    engines.lay_out('digraph { a [label="much too long", fixedsize=true, width=0.1, height=0.1] }', engine="bundled")
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    "name", [pytest.param("bundled", marks=needs_bundled), pytest.param("system", marks=needs_system)]
)
@pytest.mark.thorough
def test_a_layout_ends_at_its_time_limit(name):
    started = time.monotonic()
    with pytest.raises(LayoutTimeout) as caught:
        engines.lay_out(ENDLESS, engine=name, timeout=0.5, size=160)
    assert time.monotonic() - started < 5
    assert str(caught.value) == (
        "The layout of 160 boxes took longer than 0.5 s and was stopped. Allow it more time (--timeout 1), "
        "or show less: close groups (--depth 1), or draw one direction only (--show forward)."
    )


@needs_bundled
@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.thorough
def test_an_interrupt_ends_a_long_layout():
    interrupt = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
    started = time.monotonic()
    interrupt.start()
    with pytest.raises(KeyboardInterrupt):
        engines.lay_out(ENDLESS, engine="bundled")
    assert time.monotonic() - started < 5


@pytest.mark.hosts
@needs_bundled
def test_a_crash_in_the_child_process_is_reported(monkeypatch):
    crash = [sys.executable, "-c", "import os; os.kill(os.getpid(), 11)"]
    monkeypatch.setattr(engines, "_bundled_command", lambda program, format: crash)
    with pytest.raises(EngineFailed, match=r"Graphviz crashed \(signal 11\)"):
        engines.lay_out(SMALL, engine="bundled", size=1000)


@needs_bundled
def test_a_frozen_application_lays_out_without_a_child(monkeypatch):
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", "/nonexistent")
    assert engines.lay_out(SMALL, engine="bundled", size=1000)["objects"]


class TestMissing:
    @pytest.fixture
    def no_bundled(self, monkeypatch):
        # So that its import fails as where it is not installed.
        monkeypatch.setitem(sys.modules, "pygraphviz", None)

    @pytest.fixture
    def no_system(self, monkeypatch, tmp_path):
        monkeypatch.setenv("PATH", str(tmp_path))

    @pytest.mark.usefixtures("no_bundled", "no_system")
    def test_no_engine_at_all_gives_the_lines_to_type(self):
        with pytest.raises(EngineMissing) as caught:
            engines.lay_out(SMALL)
        first, *lines = str(caught.value).splitlines()
        assert first == (
            "No Graphviz was found: pygraphviz is not installed, and there is no `dot` on PATH. Install one of the two:"
        )
        assert lines == ['    pip install "bpviz[pdf]"', f"    {engines.INSTALL_SYSTEM}"]
        assert "graphviz" in engines.INSTALL_SYSTEM

    @pytest.mark.usefixtures("no_bundled")
    def test_a_named_bundled_engine_is_not_replaced(self):
        with pytest.raises(
            EngineMissing, match=r'cannot be used: pygraphviz is not installed\. .*\n +pip install "bpviz'
        ):
            engines.lay_out(SMALL, engine="bundled")

    @pytest.mark.usefixtures("no_system")
    def test_a_named_system_engine_is_not_replaced(self):
        with pytest.raises(EngineMissing, match="no `dot` on PATH"):
            engines.lay_out(SMALL, engine="system")

    @needs_system
    @pytest.mark.usefixtures("no_bundled")
    def test_the_system_s_engine_replaces_a_missing_one(self):
        assert engines.choose("auto") == engines.choose("graphviz") == "system"
        assert engines.lay_out(SMALL)["objects"]

    @pytest.mark.usefixtures("no_bundled", "no_system")
    def test_the_report_has_the_command_to_install(self):
        ours, theirs = engines.engines()
        assert not ours.available
        assert not theirs.available
        assert ours.hint == 'pygraphviz is not installed: pip install "bpviz[pdf]"'
        assert theirs.hint == engines.INSTALL_SYSTEM

    def test_an_old_pygraphviz_is_no_engine(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "pygraphviz", SimpleNamespace(__version__="1.14"))
        with pytest.raises(ImportError, match=r"older than 2\.0\.4"):
            bundled.package()

    def test_no_private_module_is_named(self):
        assert "_graphviz" not in Path(bundled.__file__).read_text(encoding="utf-8").replace("__graphviz_version__", "")

    def test_an_unknown_engine_is_a_wrong_usage(self):
        with pytest.raises(
            UsageError, match="There is no engine 'dot'; choose one of auto, bpviz, graphviz, bundled, system"
        ):
            engines.lay_out(SMALL, engine="dot")


def test_the_report_names_versions_and_places():
    for info in engines.engines():
        if info.available:
            assert re.fullmatch(r"\d+\.\d+\.\d+", info.version)
            assert info.where
            assert info.hint == ""


def fresh(code):
    """What a fresh Python prints for ``code``."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.hosts
def test_importing_the_engine_imports_no_engine():
    heavy = ("pygraphviz", "pygraphviz._graphviz", "graphviz", "subprocess", "tempfile", "fontTools", "resvg_py")
    code = f"import sys; before = set(sys.modules); import bpviz.layout.engines; print([m for m in {heavy} if m in sys.modules])"
    assert fresh(code) == "[]"


@pytest.mark.hosts
@needs_bundled
def test_pygraphviz_works_beside_ours():
    code = (
        "from bpviz.layout import engines; engines.lay_out('digraph { a -> b }', engine='bundled'); import pygraphviz; "
        "graph = pygraphviz.AGraph('digraph { a -> b }'); graph.layout('dot'); print(graph.number_of_edges())"
    )
    assert fresh(code) == "1"


@needs_bundled
@pytest.mark.skipif(sys.platform == "win32", reason="measures memory through POSIX")
@pytest.mark.thorough
def test_memory_is_given_back():
    import resource

    def peak(times):
        for _ in range(times):
            engines.lay_out(SMALL, engine="bundled")
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    before = peak(50)
    # A graph left behind takes more than 5 kB (Linux counts in kB, macOS in bytes).
    allowed = 1000 * (1024 if sys.platform == "darwin" else 1)
    assert peak(500) - before < allowed
