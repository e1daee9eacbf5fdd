"""Every wire can be followed with a finger: it has its own track and its own head, and never turns back.

Read on finished pictures, by an independent reader (`tracks_reader`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from amounts import fewer
from field_programs import FIELD
from long_programs import LONG
from nested_programs import nested_program
from places import GALLERY
from tracks_reader import Tracks, tracks

import bpviz
from bpviz.drawing.load import load

LARGEST = 160
"""Boxes of the largest figure that is read."""


def judged(found: Mapping[str, Tracks], most: float, capsys: pytest.CaptureFixture[str]) -> None:
    """Fail if a wire cannot be followed, or there are more crossings and bends than ``most`` for each wire."""
    wires, crossings, bends = (
        sum(getattr(one, name) for one in found.values()) for name in ("wires", "crossings", "bends")
    )
    with capsys.disabled():
        print(f" [{len(found)} figures, {wires} wires: {crossings} crossings, {bends} bends] ", end="")
    assert [f"{name}: {fault}" for name, one in found.items() for fault in one.faults] == []
    assert crossings + bends <= most * wires


def programs(seeds: range, count: int, **options: Any) -> Iterator[tuple[str, bpviz.Drawing]]:
    for seed in seeds:
        made = nested_program(seed)
        if made is None:
            continue
        drawing = bpviz.draw(made[0], open="all", repeats="all", **options)
        if len(drawing.figure.boxes) <= LARGEST:
            yield f"program {seed}", drawing
            count -= 1
        if not count:
            return
    raise AssertionError(f"{count} programs too few")


@pytest.mark.thorough
def test_the_gallery(capsys: pytest.CaptureFixture[str]) -> None:
    models = [path for path in sorted(GALLERY.glob("*.py")) if path.stem != "regenerate"]
    drawn = {
        path.stem: bpviz.draw(load(str(path)).thing).to_svg()
        for path in models
        if "def plot(" not in path.read_text(encoding="utf-8")
    }
    assert len(drawn) > 15
    judged({name: tracks(svg) for name, svg in drawn.items()}, 0.9, capsys)


@pytest.mark.thorough
def test_programs_of_users(capsys: pytest.CaptureFixture[str]) -> None:
    judged({fn.__name__: tracks(bpviz.draw(fn).to_svg()) for fn in (*FIELD, *LONG)}, 0.6, capsys)


@pytest.mark.parametrize(("width", "most"), [("720pt", 0.6), ("none", 0.8)])
def test_random_programs(width: str, most: float, capsys: pytest.CaptureFixture[str]) -> None:
    drawn = programs(range(3000, 3200), fewer(100, every=20), width=width)
    judged({name: tracks(drawing.to_svg()) for name, drawing in drawn}, most, capsys)


# The reader itself


def figure(*wires: str, dots: str = "") -> str:
    """Return a picture with these forward lines and heads."""
    groups = "".join(f'<g class="wire"><title>wire {k}</title>{wire}</g>' for k, wire in enumerate(wires))
    return f'<svg xmlns="http://www.w3.org/2000/svg">{dots}{groups}</svg>'


def line(course: str) -> str:
    return f'<path class="forward" d="{course}"/>'


def head(x: float, y: float) -> str:
    """Return a head that points to the right."""
    return f'<path class="head forward" d="M{x},{y}l-9.5,3.25 0,-6.5Z"/>'


DOT = '<g class="node branch"><circle cx="0" cy="0" r="3"/></g>'


def test_wires_on_one_track_are_seen() -> None:
    apart, near = line("M0,0h100"), line("M30,0.5h40")
    assert len(tracks(figure(apart, near)).shared) == 1
    assert tracks(figure(apart, line("M30,5h40"))).faults == []
    assert tracks(figure(apart, line("M30,-20v40"))).shared == []


def test_wires_may_leave_a_dot_together_but_not_meet_again() -> None:
    straight = line("M0,0h100")
    assert tracks(figure(straight, line("M0,0h20v30h80"), dots=DOT)).shared == []
    assert len(tracks(figure(straight, line("M0,0h20v30h20v-30h60"), dots=DOT)).shared) == 1
    assert len(tracks(figure(straight, line("M0,0h20v30h80"))).shared) == 1


def test_heads_that_touch_are_seen() -> None:
    one = line("M0,0h90") + head(98, 0)
    assert len(tracks(figure(one, line("M0,3h90") + head(98, 3))).touching) == 1
    assert tracks(figure(one, line("M0,9h90") + head(98, 9))).faults == []


def test_crossings_and_bends_are_counted() -> None:
    found = tracks(figure(line("M0,0h100"), line("M0,-20h40c10,0 10,0 10,10v20c0,10 0,10 10,10h40")))
    assert (found.wires, found.crossings, found.bends) == (2, 1, 2)


def test_a_wire_that_turns_back_is_seen() -> None:
    assert len(tracks(figure(line("M0,0h50c30,0 30,20 0,20h-20"))).curls) == 2
    assert len(tracks(figure(line("M0,0c-1,-20 5,-40 30,-40h50"), dots=DOT)).curls) == 1
    assert tracks(figure(line("M0,0c5,-15 10,-40 30,-40h50"), dots=DOT)).curls == []
