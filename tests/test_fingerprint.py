"""The mark of a figure: in every file, the same on every machine, another one when a number changes."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from zlib import crc32

import pytest
from click.testing import CliRunner

import bpviz
from bpviz.cli import main
from bpviz.drawing.load import load
from bpviz.fingerprint import found_in, stamped
from bpviz.layout import page
from bpviz.writers import formats


def total(price: float = 100, count: float = 2, tax: float = 1.1) -> float:
    return price * count * tax


@pytest.mark.engine
@pytest.mark.parametrize(
    "format",
    [
        pytest.param(name, marks=pytest.mark.thorough if name in ("gif", "apng", "webp", "ps", "mmd") else ())
        for name in formats.formats()
    ],
)
def test_every_format_carries_the_mark(format: str) -> None:
    drawing = bpviz.draw(total)
    data = drawing.to_bytes(format)
    assert found_in(data) == drawing.fingerprint(format)
    assert drawing.is_shown_by(data, format)
    assert not bpviz.draw(total, 101).is_shown_by(data, format)


def chunks(png: bytes) -> Iterator[tuple[bytes, bytes, int]]:
    at = 8
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        (check,) = struct.unpack(">I", png[at + 8 + length : at + 12 + length])
        yield png[at + 4 : at + 8], png[at + 8 : at + 8 + length], check
        at += length + 12


@pytest.mark.engine
def test_a_png_with_the_mark_is_still_one() -> None:
    drawing = bpviz.draw(total)
    found = list(chunks(drawing.to_png(scale=1)))
    assert [kind for kind, _, _ in found][:2] == [b"IHDR", b"tEXt"]
    assert found[-1][0] == b"IEND"
    assert all(crc32(kind + body) == check for kind, body, check in found)
    assert found[1][1] == f"bpviz-fingerprint\0{drawing.fingerprint()}".encode()


def test_words_change_the_mark_and_invisible_fields_do_not() -> None:
    mark = bpviz.draw(total).fingerprint()
    assert mark == bpviz.draw(total).fingerprint()
    # The engine and its time are not seen in the picture; digits that are not shown are not said.
    assert mark == bpviz.draw(total, engine="system", timeout=3).fingerprint()
    assert mark == bpviz.draw(total, 100.00000001).fingerprint()
    others = [bpviz.draw(total, 101), bpviz.draw(total, theme="dark"), bpviz.draw(total, precision=2, title="x")]
    others += [bpviz.draw(total, direction="TB"), bpviz.draw(total, show="forward")]
    assert len({mark, *(other.fingerprint() for other in others)}) == 6


def test_a_model_s_own_words_are_not_taken_for_a_mark() -> None:
    assert found_in(b"<text>bpviz-fingerprint 1:xyz</text>") == ""
    assert found_in(stamped(b"x", "1:0123456789abcdef", "% {}")) == "1:0123456789abcdef"


def test_check_needs_no_layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    model = tmp_path / "model.py"
    model.write_text("def f(x=3.0):\n    return x * x\n")
    figure = bpviz.draw(load("model.py").thing)
    (tmp_path / "model.svg").write_bytes(stamped(b"<svg />", figure.fingerprint(), "svg"))
    (tmp_path / "old.svg").write_bytes(b"<svg />")

    def refuse(*arguments: object, **options: object) -> None:
        raise AssertionError("it was laid out")

    monkeypatch.setattr(page, "lay_out", refuse)
    run = CliRunner().invoke
    assert run(main, ["render", "model.py", "--check"]).exit_code == 0
    stale = run(main, ["render", "model.py", "-o", "old.svg", "--check"])
    assert (stale.exit_code, stale.stderr) == (
        1,
        "bpviz: not what would be written now: old.svg; run it again without --check\n",
    )
    model.write_text("def f(x=4.0):\n    return x * x\n")
    assert run(main, ["render", "model.py", "--check"]).exit_code == 1
