"""Groups close by themselves until a figure fits its page."""

from __future__ import annotations

import html
import re
from typing import Any

import numpy as np
from click.testing import CliRunner

import bpviz
from bpviz.cli import main

MODEL = """
import numpy as np

def unit(x, w):
    return np.tanh(x * w) + 0.5 * x - np.sin(w)

def stage(x, w):
    x = unit(x, w)
    y = unit(x + 1, w)
    return unit(x * y, w) - x

def deep(x=0.4, w=0.3):
    x = stage(x, w)
    x = stage(x * 2, w)
    x = stage(x - 1, w)
    return x * w
"""


def model() -> Any:
    scope: dict[str, Any] = {}
    exec(MODEL.replace("stage(x - 1, w)", "stage(x - 1, w) + stage(x / 2, w)"), scope)
    return scope["deep"]


def shown(**options: Any) -> list[str]:
    """Return the texts of all boxes of operations and groups in the finished figure."""
    svg = bpviz.draw(model(), width="none", constants="wires", **options).to_svg()
    groups = re.findall(r'<g class="node (?:operation|group)[^>]*>(.*?)</g>', svg, re.DOTALL)
    return ["".join(re.findall(r"<text[^>]*>([^<]*)<", group)) for group in groups]


def test_groups_are_closed_from_the_inside() -> None:
    # 12 units of 6 steps, 4 stages with 3 steps more, 5 steps outside: 89 boxes; 12 + 12 + 5 if the units are closed.
    texts = shown()
    assert texts.count("unit") == 12
    assert "stage" not in texts
    assert len(texts) == 12 + 4 * 3 + 5
    assert len(shown(open="all")) == 12 * 6 + 4 * 3 + 5


def test_a_note_in_the_figure_says_how_to_open_them() -> None:
    drawing = bpviz.draw(model())
    (note,) = [note for note in drawing.figure.notes if "closed" in note]
    assert "all 89 boxes do not fit a page" in note
    assert '--open NAME opens one, --open all (open="all") every one' in note
    assert note in html.unescape(drawing.to_svg())
    assert note in drawing.notes


def test_what_is_given_by_hand_wins() -> None:
    assert sorted(shown(depth=0)) == sorted(["stage"] * 4 + ["×", "−", "÷", "+", "×"])
    assert not any("closed" in note for note in bpviz.draw(model(), depth=2).figure.notes)
    assert not any("closed" in note for note in bpviz.draw(model(), open="all").figure.notes)
    assert shown(open="unit") == shown(open="all") == shown(open="all", depth=0)
    assert "stage" in shown(close="stage")


def test_a_figure_that_fits_stays_open() -> None:
    def half(x: Any) -> Any:
        return x / 2

    assert bpviz.draw(lambda x=3.0: half(half(x) + 1)).figure.closed == ()


def test_groups_that_hide_too_little_stay_open() -> None:
    def pair(x: Any) -> Any:
        return np.sin(x) + 1

    source = "def f(x=0.5):\n" + "".join(f"    x = np.tanh(x * {k}.5) - x / {k + 1}\n" for k in range(1, 21))
    scope: dict[str, Any] = {"np": np, "pair": pair}
    exec(f"{source}    return pair(x)\n", scope)
    drawing = bpviz.draw(scope["f"])
    assert sum(box.kind == "operation" for box in drawing.figure.boxes) == 82
    assert drawing.figure.closed == ()


def test_a_model_in_one_function_does_not_become_one_box() -> None:
    scope: dict[str, Any] = {}
    exec(f"{MODEL}\ndef main(x=0.4, w=0.3):\n    return deep(deep(x, w), w)\n", scope)
    texts = [box.text for box in bpviz.draw(scope["main"]).figure.boxes if box.kind in ("operation", "group")]
    assert 3 <= len(texts) <= 60


def test_the_command_says_so_once(tmp_path: Any, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    scope = MODEL.replace("stage(x - 1, w)", "stage(x - 1, w) + stage(x / 2, w)")
    (tmp_path / "deep.py").write_text(scope)
    result = CliRunner().invoke(main, ["render", "deep.py:deep"])
    assert result.exit_code == 0
    assert result.stderr.count("groups deeper than 1 are closed") == 1
    quiet = CliRunner().invoke(main, ["render", "deep.py:deep", "--depth", "2"])
    assert "closed" not in quiet.stderr


def test_the_numbers_at_closed_groups_are_those_of_the_function() -> None:
    function, step = model(), 1e-6
    svg = bpviz.draw(function, width="none").to_svg()
    slope = (function(0.4 + step) - function(0.4 - step)) / (2 * step)
    printed = re.search(r"<title>x to (?:unit|the branch): value 0.4, gradient ([^<]+)<", svg)
    assert printed
    assert abs(float(printed[1].replace("−", "-")) - slope) < 1e-3 * abs(slope)


def test_an_opened_operation_stays_open_in_a_large_figure() -> None:
    def f(x: Any = np.array([1.0, 2.0, 3.0]), w: float = 0.5) -> Any:
        a = bpviz.nn.softmax(x * w)
        b = bpviz.nn.softmax(a * 2)
        return sum(np.sin(b.sum() * 0.1 * k - k) for k in range(1, 5)) + np.cos(b.sum())

    both = bpviz.draw(f, open="softmax")
    texts = [box.text for box in both.figure.boxes]
    assert texts.count("exp") == 2
    one = bpviz.draw(f, open="a")
    assert [box.text for box in one.figure.boxes].count("exp") == 1
    # Drawn again, it opens no more than before.
    assert len(bpviz.draw(one, precision=2).figure.boxes) == len(one.figure.boxes)
    assert [box.text for box in bpviz.draw(f, open="softmax", depth=0).figure.boxes].count("exp") == 2
