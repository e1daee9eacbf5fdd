"""Large pictures are drawn in a child process, which the time limit and Ctrl-C end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from devtools import until

import bpviz
from bpviz import children
from bpviz.errors import EngineFailed, LayoutTimeout
from bpviz.writers import pixels

pytestmark = pytest.mark.hosts


def chain(x: float = 2.0) -> Any:
    for _ in range(30):
        x = x * 1.01 + x
    return x


def test_a_child_draws_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[Any] = []
    run = children.run

    def counted(*words: Any, **options: Any) -> Any:
        started.append(words)
        return run(*words, **options)

    monkeypatch.setattr(children, "run", counted)
    small = bpviz.draw(lambda x=2.0: x * 3, title="a ‘title’ in 日本語")
    here = small.to_png()
    assert not started
    monkeypatch.setattr(pixels, "_PIXELS", 0)
    assert small.to_png() == here
    assert len(started) == 1


@pytest.mark.parametrize("timeout", [0.8, 2.0])
def test_the_time_limit_stops_the_drawing_of_pixels(timeout: float) -> None:
    drawing = bpviz.draw(chain, repeats="all", width="none", engine="bpviz", scale=6, timeout=timeout)
    drawing.to_svg()
    begun = time.monotonic()
    with pytest.raises(LayoutTimeout, match=rf"longer than {timeout:g} s, and was stopped while drawing the pixels"):
        drawing.to_png()
    assert time.monotonic() - begun < timeout + 2


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_ctrl_c_stops_the_drawing_of_pixels(tmp_path: Path) -> None:
    (tmp_path / "chain.py").write_text(
        "def chain(x=2.0):\n    for _ in range(30):\n        x = x * 1.01 + x\n    return x\n"
    )
    options = ["--repeats", "all", "--width", "none", "--engine", "bpviz", "--scale", "6", "-o", "a.png"]
    command = [*children.bpviz_command("render", "chain.py", *options), "-v"]
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    assert until(lambda: _draws(process.pid))
    process.send_signal(signal.SIGINT)
    begun = time.monotonic()
    _, errors = process.communicate(timeout=20)
    assert time.monotonic() - begun < 2
    assert process.returncode == 130 and errors.splitlines()[-1] == "bpviz: interrupted; nothing was written"
    assert os.listdir(tmp_path) == ["chain.py"]


def _draws(parent: int) -> bool:
    done = subprocess.run(["ps", "-wweo", "ppid=,args="], capture_output=True, text=True, check=True)
    return any(line.split()[0] == str(parent) and "pixels.py" in line for line in done.stdout.splitlines())


def test_a_child_that_fails_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pixels, "_PIXELS", 0)
    monkeypatch.setattr(children, "python_command", lambda *_: [sys.executable, "-c", "raise SystemExit('no room')"])
    with pytest.raises(EngineFailed, match="resvg could not draw the PNG: no room"):
        bpviz.draw(lambda x=2.0: x * 3).to_png()
