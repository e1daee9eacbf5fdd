"""The line on the terminal that counts what is done."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import bpviz
from bpviz.cli import terminal
from bpviz.cli.terminal import Progress
from bpviz.progress import count, watched


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    """A clock that goes on by ``step`` seconds at every look."""

    def __init__(self, step: float) -> None:
        self.now, self.step = 0.0, step

    def __call__(self) -> float:
        self.now += self.step
        return self.now


def shown(
    monkeypatch: pytest.MonkeyPatch, stream: io.StringIO, step: float, *counts: tuple[str, int, int | None]
) -> str:
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(terminal, "perf_counter", Clock(step))
    with Progress():
        for one in counts:
            count(*one)
    return stream.getvalue()


def rows(total: int) -> list[tuple[str, int, int | None]]:
    return [("laid out {done} of {total} rows", done, total) for done in range(1, total + 1)]


def test_after_a_second_work_is_counted_on_one_line_ten_times_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    # Looks are 1/32 second apart, so that a second is over at the 32nd; every fourth look is more than 0.1 s later.
    written = shown(monkeypatch, Terminal(), 1 / 32, *rows(50))
    lines = [f"laid out {done} of 50 rows" for done in (32, 36, 40, 44, 48, 50)]
    assert [line.rstrip() for line in written.split("\r")] == ["", *lines]
    assert written.endswith("\n")
    assert written.count("\n") == 1


def test_a_shorter_line_covers_a_longer_one(monkeypatch: pytest.MonkeyPatch) -> None:
    counts = ("recorded {done} values", 1000, None), ("drawn {done} of {total}", 2, 3)
    assert shown(monkeypatch, Terminal(), 5.0, *counts) == "\rrecorded 1,000 values\rdrawn 2 of 3         \n"


def test_short_work_and_other_streams_are_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown(monkeypatch, Terminal(), 1e-4, *rows(500)) == ""
    assert shown(monkeypatch, io.StringIO(), 5.0, *rows(500)) == ""


def test_a_closed_stream_or_none_is_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = Terminal()
    closed.close()
    for stream in (closed, None):
        monkeypatch.setattr(sys, "stderr", stream)
        with Progress():
            count("laid out {done} of {total} rows", 1, 1)


def counted(make: object) -> dict[str, list[tuple[int, int | None]]]:
    """Return what was counted meanwhile, by the words."""
    found: dict[str, list[tuple[int, int | None]]] = {}
    with watched(lambda words, done, total: found.setdefault(words, []).append((done, total))):
        make()
    return found


def chain(x: float = 1.0) -> float:
    for _ in range(60):
        x = x * 1.5 + 0.25
    return x


def test_a_layout_counts_its_rows() -> None:
    drawing = bpviz.draw(chain, repeats="all")
    laid_out = counted(lambda: drawing.picture)["laid out {done} of {total} rows"]
    assert laid_out[-1] == (len(drawing.picture.breaks) + 1,) * 2
    assert laid_out[-1][1] > 10


def test_a_trace_counts_its_values() -> None:
    def long(x: float = 1.0, y: float = 2.0) -> float:
        for _ in range(1500):
            x = x * 1.5
        return x * y

    # Each time a constant and a product; every 1,024th is counted.
    assert counted(lambda: bpviz.trace(long, verify=False))["recorded {done} values"] == [(1024, None), (2048, None)]


def test_a_descent_counts_its_steps_its_layouts_and_its_frames() -> None:
    def descended() -> None:
        bpviz.descend(lambda w=0.0: (w - 3) ** 2, steps=4).draw().to_bytes("gif")

    found = counted(descended)
    assert found["descended {done} of {total} steps"] == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert found["laid out {done} of {total} steps"] == [(done, 5) for done in range(1, 6)]
    assert found["drawn {done} of {total} steps"] == [(done, 5) for done in range(1, 6)]


def test_pictures_of_the_steps_are_counted() -> None:
    drawing = bpviz.draw(lambda x=1.0: x * 2)
    drawn = counted(lambda: list(drawing.to_frames("png")))["drawn {done} of {total} steps"]
    assert drawn == [(done, len(drawing.step_list)) for done in range(1, len(drawing.step_list) + 1)]


SLOW = """\
from time import sleep
def f(x=1.0):
    for _ in range({steps}):
        x = x * 1.0001
    sleep(1.1)
    for _ in range({steps}):
        x = x * 1.0001
    return x
"""


@pytest.mark.hosts
@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
@pytest.mark.parametrize("is_terminal", [True, False])
def test_the_command_counts_on_a_terminal_alone(tmp_path: Path, is_terminal: bool) -> None:
    import pty

    (tmp_path / "slow.py").write_text(SLOW.format(steps=1500), encoding="utf-8")
    command = [sys.executable, "-m", "bpviz", "render", "slow.py", "--no-verify", "-o", "slow.json"]
    if not is_terminal:
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=True)
        assert done.stderr == "wrote slow.json\n"
        assert done.stdout == ""
        return
    ours, theirs = pty.openpty()
    with subprocess.Popen(command, cwd=tmp_path, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        written = b""
        try:
            while piece := os.read(ours, 4096):
                written += piece
        except OSError:  # on Linux the end of a terminal is an error
            pass
        assert process.wait(timeout=120) == 0
    os.close(ours)
    lines = written.decode().replace("\r\n", "\n")
    recorded = [int(number.replace(",", "")) for number in re.findall(r"\rrecorded ([\d,]+) values", lines)]
    # Before the pause of the model a second is not over.
    assert recorded == sorted(recorded)
    assert recorded[0] > 3000
    assert lines.endswith("\nwrote slow.json\n")
