"""What the command line knows of itself: help, version, operations, engines and fonts."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from command_line import run

import bpviz


def test_help_teaches() -> None:
    text = run("--help").stdout
    assert "def total(price=100, count=2, tax=1.1):" in text
    assert "bpviz render apples.py" in text
    assert "--set tax=1.2" in run("render", "--help").stdout


def test_version() -> None:
    assert run("--version").stdout == f"bpviz, version {bpviz.__version__}\n"


@pytest.mark.hosts
def test_the_module_is_the_command() -> None:
    done = subprocess.run([sys.executable, "-m", "bpviz", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"bpviz, version {bpviz.__version__}\n"


def test_ops_lists_every_operation() -> None:
    from bpviz.ops import COMPOSITES, OPERATIONS

    rows, _, made = run("ops").stdout.partition("\nMade of several of these:\n")
    assert [line.split()[0] for line in rows.splitlines() if not line.startswith(" ")] == sorted(OPERATIONS)
    assert [name.removeprefix("np.") for name in re.findall(r"[\w.]+", made)] == sorted(COMPOSITES)
    assert "Multiplies the gradient by the other input." in run("ops", "multiply").stdout
    assert run("ops", "np.linalg.inv").stdout.startswith("inv  X⁻¹ ")
    assert run("ops", "math.asin").stdout.startswith("arcsin  arcsin ")
    listed = [line.split()[0] for line in run("ops", "soft").stdout.splitlines() if not line.startswith(" ")]
    assert listed == ["log_softmax", "softmax", "softmax_cross_entropy", "softplus"]
    assert "scipy.special.expit" in run("ops", "sigmoid").stdout
    assert all(run("ops", name).stdout.count(".\n") == 1 for name in COMPOSITES.keys() - OPERATIONS.keys())
    assert run("ops", "ptp").stdout == "np.ptp  made of several operations\n  the largest minus the smallest.\n"


def test_help_has_parts_and_whole_sentences() -> None:
    parts = re.split(r"^(\w[\w ]+):\n", run("render", "--help").stdout, flags=re.MULTILINE)
    texts = dict(zip(parts[1::2], parts[2::2], strict=True))
    assert list(texts) == ["What is computed", "What is shown", "How it looks", "Where it goes", "More"]
    for heading, flag in zip(texts, ("--set", "--labels", "--theme", "--output", "--help"), strict=True):
        assert f"{flag} " in texts[heading]
    commands = run("--help").stdout.partition("Commands:\n")[2].splitlines()
    assert commands
    assert all(line.endswith(".") and not line.endswith("...") for line in commands)


@pytest.mark.hosts
def test_doctor_names_engines_and_fonts() -> None:
    text = run("doctor").stdout
    words = ("numpy", "layout: bpviz", "bundled Graphviz", "system Graphviz", "DejaVuSans.ttf")
    for word in (f"bpviz {bpviz.__version__}", *words):
        assert word in text
