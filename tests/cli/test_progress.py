"""The line on the terminal that counts what is done."""

import io
import sys

import pytest

import bpviz
from bpviz.cli.terminal import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(monkeypatch: pytest.MonkeyPatch, stream: io.StringIO, total: int) -> str:
    monkeypatch.setattr(sys, "stderr", stream)
    with Progress("set {done} of {total} rows") as progress:
        for done in range(1, total + 1):
            progress.show(done, total)
    return stream.getvalue()


def test_long_work_is_counted_on_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    written = shown(monkeypatch, Terminal(), 130)
    lines = [f"set {done} of 130 rows" for done in (20, 40, 60, 80, 100, 120, 130)]
    assert [line.rstrip() for line in written.split("\r")] == ["", *lines]
    assert written.endswith("\n")
    assert written.count("\n") == 1


def test_a_shorter_line_covers_a_longer_one(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    with Progress("{done}/{total}") as progress:
        progress.show(1000, 1000)
        progress.show(20, 200)
    assert stream.getvalue() == "\r1000/1000\r20/200   \n"


def test_short_work_and_other_streams_are_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown(monkeypatch, Terminal(), 100) == ""
    assert shown(monkeypatch, io.StringIO(), 1000) == ""


def test_a_drawing_counts_its_rows_and_is_laid_out_once() -> None:
    def chain(x: float = 1.0) -> float:
        for _ in range(60):
            x = x * 1.5 + 0.25
        return x

    drawing, counts = bpviz.draw(chain, repeats="all"), []
    drawing.lay_out(lambda done, total: counts.append((done, total)))
    done, total = counts[-1]
    assert done == total == len(drawing.picture.breaks) + 1 > 10
    drawing.lay_out(lambda done, total: counts.append("again"))
    assert counts[-1] == (done, total)
    assert drawing.to_svg() == bpviz.draw(chain, repeats="all").to_svg()
