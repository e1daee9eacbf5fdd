"""`bpviz render` with steps: a file for every step, what moves, what is walked."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import run


@pytest.mark.engine
def test_a_file_for_every_step(folder: Path) -> None:
    result = run("render", "apples.py", "-o", "step-%02d.svg")
    assert result.exit_code == 0, result.stderr
    files = sorted(path.name for path in folder.glob("step-*"))
    assert files == [f"step-{number:02}.svg" for number in range(1, 8)]
    assert "Inputs: price = 100, count = 2," in (folder / "step-01.svg").read_text()
    assert ">2.2<" not in (folder / "step-05.svg").read_text()
    assert ">2.2<" in (folder / "step-06.svg").read_text()
    check = run("render", "apples.py", "-o", "step-%02d.svg", "--check")
    assert check.exit_code == 0, check.stderr
    check = run("render", "apples.py", "--set", "tax=1.2", "-o", "step-%02d.svg", "--check")
    assert (check.exit_code, check.stderr.count("step-")) == (1, 7)


@pytest.mark.engine
def test_pixels_have_the_given_scale(folder: Path) -> None:
    def wide(*words: str) -> int:
        assert run("render", "apples.py", *words, "-o", "a.png").exit_code == 0
        return int.from_bytes((folder / "a.png").read_bytes()[16:20], "big")

    assert wide() == pytest.approx(2 * wide("--scale", "1"), abs=2)
    # What the picture says is the same.
    assert run("render", "apples.py", "-o", "a.png", "--check").exit_code == 0
    assert run("render", "apples.py", "-o", "step-%02d.png", "--scale", "0.5").exit_code == 0
    first = int.from_bytes((folder / "step-01.png").read_bytes()[16:20], "big")
    assert first == pytest.approx(wide("--scale", "0.5"), abs=2)
    (folder / "pyproject.toml").write_text("[tool.bpviz]\nscale = 4\n")
    assert wide() == pytest.approx(4 * wide("--scale", "1"), abs=4)
    wrong = run("render", "apples.py", "--scale", "0", "-o", "a.png")
    assert (wrong.exit_code, "0<x<1000" in wrong.stderr) == (2, True)


@pytest.mark.engine
def test_left_over_files_of_a_longer_model_are_named(folder: Path) -> None:
    frames = ("render", "apples.py", "-o", "step-%02d.svg")
    assert run(*frames).exit_code == 0
    (folder / "apples.py").write_text("def total(price=100, count=2):\n    return price * count\n")
    written = run(*frames)
    left = "left over from a figure with more steps: step-06.svg, step-07.svg; delete what is not needed"
    assert (written.exit_code, f"bpviz: note: {left}\n" in written.stderr) == (0, True)
    check = run(*frames, "--check")
    assert (check.exit_code, check.stderr) == (1, f"bpviz: {left}\n")
    (folder / "step-06.svg").unlink()
    assert run(*frames, "--check").exit_code == 1
    (folder / "step-07.svg").rename(folder / "step-7.svg")
    assert run(*frames, "--check").exit_code == 0


@pytest.mark.engine
def test_a_drawing_that_moves_can_be_drawn_without_options(folder: Path) -> None:
    (folder / "moving.py").write_text(
        "import apples, bpviz\nmain = bpviz.draw(apples.total, animate=True, steps=True)\n"
    )
    result = run("render", "moving.py", "-o", "m.png", "-o", "m.svg")
    assert (result.exit_code, result.stderr) == (0, "wrote m.png\nwrote m.svg\n")
    assert "animation:" in (folder / "m.svg").read_text()


@pytest.mark.engine
def test_formats_that_move_and_formats_with_steps(folder: Path) -> None:
    result = run(
        "render", "apples.py", "--animate", "--steps", "-o", "a.svg", "-o", "a.html", "--seconds-per-step", "2"
    )
    assert result.exit_code == 0, result.stderr
    assert "animation:18s" in (folder / "a.svg").read_text()
    assert (folder / "a.html").read_text().count('type="radio"') == 7
    again = ("render", "apples.py", "--animate", "-o", "a.svg", "--check")
    assert run(*again, "--seconds-per-step", "2").exit_code == 0
    assert run(*again).exit_code == 1
    assert run("render", "apples.py", "-o", "a.svg", "--check").exit_code == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("--animate", "-o", "a.pdf"),
            "bpviz: --animate makes SVG move (GIF, APNG and WebP always do), but this writes pdf\n",
        ),
        (
            ("--steps",),
            "bpviz: --steps makes HTML that is walked step by step, but this writes svg; for a picture of every step "
            "name the files step-%02d.svg\n",
        ),
        (
            ("-o", "step-%d.html"),
            "bpviz: frames are single pictures, such as step-%02d.svg or step-%02d.png, but got 'html'\n",
        ),
    ],
)
def test_steps_that_are_refused(folder: Path, arguments: tuple[str, ...], message: str) -> None:
    result = run("render", "apples.py", *arguments)
    assert (result.exit_code, result.stderr) == (2, message)
    assert sorted(path.name for path in folder.iterdir()) == ["apples.py"]
