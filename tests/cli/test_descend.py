"""`bpviz render --descend`: gradient descent from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import run
from svg_lines import in_one_piece


@pytest.fixture
def model(folder: Path) -> Path:
    (folder / "bowl.py").write_text("def loss(w=0.0, c=3.0):\n    return (w - c) ** 2\n")
    return folder


def test_every_format_shows_the_descent(model: Path) -> None:
    words = ("render", "bowl.py", "--descend", "4", "--rate", "0.25", "--freeze", "c")
    outputs = ("-o", "a.svg", "-o", "a.html", "-o", "a.png", "-o", "step-%02d.svg")
    result = run(*words, *outputs)
    assert result.exit_code == 0, result.stderr
    # w − 3 is halved in each step.
    page = (model / "a.html").read_text()
    assert page.count('type="radio"') == 5
    assert "Step 4 of 4: loss = 0.03516; w = 2.625 − 0.25 × (−0.75) = 2.812, ∂loss/∂w = −0.375" in page
    assert ">0.03516<" in (model / "a.svg").read_text()
    frames = sorted(model.glob("step-*.svg"))
    assert [f">{value}<" in frame.read_text() for value, frame in zip((9, 2.25, 0.5625), frames, strict=False)] == [
        True
    ] * 3
    assert len(frames) == 5
    assert run(*words, *outputs, "--check").exit_code == 0
    assert run(*words, "--rate", "0.2", *outputs, "--check").exit_code == 1


def test_it_takes_other_inputs_and_moves(model: Path) -> None:
    result = run("render", "bowl.py", "--descend", "2", "--wrt", "w", "--set", "w=5", "--animate", "-o", "a.svg")
    assert result.exit_code == 0, result.stderr
    moving = in_one_piece((model / "a.svg").read_text())
    assert "animation:" in moving
    # By default the rate is 0.1: from 5 by 0.1 × 4 to 4.6.
    assert "w = 5 − 0.1 × 4 = 4.6," in moving


def test_a_drawing_or_a_graph_of_the_author_s_descends(model: Path) -> None:
    (model / "drawn.py").write_text("import bpviz, bowl\nmain = bpviz.draw(bowl.loss, freeze='c')\n")
    result = run("render", "drawn.py", "--descend", "1", "-o", "a.svg")
    assert result.exit_code == 0, result.stderr
    (model / "trained.py").write_text(
        "import bpviz, bowl\nmain = bpviz.descend(bowl.loss, freeze='c', steps=3).draw(title='Down')\n"
    )
    result = run("render", "trained.py", "-o", "b.html", "--precision", "2")
    assert result.exit_code == 0, result.stderr
    assert "Step 3 of 3: loss = 2.4; w = " in (model / "b.html").read_text()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--rate", "0.1"), "--rate goes with --descend; give the number of steps: --descend 20"),
        (("--descend", "0"), "0 is not in the range 1<=x<=1000"),
        (("--descend", "2", "--rate", "-1"), "-1.0 is not in the range x>0"),
        (("--descend", "2", "--rate", "nan"), "rate is the share of the gradient"),
        (("--descend", "2", "--what-if", "w=1"), "--what-if and --descend are two figures; give one of them"),
        (("--descend", "2", "--freeze", "w,c"), "no input can go down a gradient"),
        (("--descend", "2", "--of", "z"), "'z'"),
        (("--descend", "2", "-o", "a.json"), "JSON holds one graph"),
    ],
)
def test_wrong_words_are_refused(model: Path, words: tuple[str, ...], expected: str) -> None:
    result = run("render", "bowl.py", "-o", "a.svg", *words)
    assert result.exit_code == 2
    assert expected in result.stderr
    assert not (model / "a.svg").exists()


def test_a_descent_that_ends_early_is_noted(model: Path) -> None:
    result = run("render", "bowl.py", "--descend", "9", "--rate", "1e200", "--wrt", "w", "-o", "a.svg")
    assert result.exit_code == 0, result.stderr
    assert "note: the descent ends with step 1, which is not finite" in result.stderr


def test_a_marker_in_markdown(model: Path) -> None:
    notes = model / "notes.md"
    notes.write_text("<!-- bpviz: bowl.py --descend 4 --freeze c --animate -o down.svg -->\n<!-- /bpviz -->\n")
    result = run("embed", "notes.md")
    assert result.exit_code == 0, result.stderr
    # w − 3 is multiplied by 0.8 in each step: 9 · 0.64⁴ = 1.51.
    expected = "![Computation graph of loss in training, step 0 to 4: loss goes from 9 to 1.51.](down.svg)"
    assert expected in notes.read_text()
    assert "@keyframes" in (model / "down.svg").read_text()
    assert run("embed", "notes.md", "--check").exit_code == 0
