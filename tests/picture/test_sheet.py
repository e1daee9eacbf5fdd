"""Several figures on one page: where they stand, and what they are called."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from svg_lines import in_one_piece

import bpviz
from bpviz.cli import main
from bpviz.errors import UsageError
from bpviz.figure import Sheet

MODEL = """\
import numpy as np
def layer(W=np.array([[1.0, 2.0], [3.0, 4.0]]), x=np.array([1.0, -1.0])):
    z = W @ x
    return np.sum(z ** 2)
"""


@pytest.mark.engine
def test_pictures_stand_side_by_side_or_below_each_other_and_ids_stay_apart() -> None:
    one = bpviz.draw(lambda x=3.0: x * x)
    long = bpviz.draw(lambda x=3.0: np.exp(np.sin(np.cos(np.tan(np.exp(np.sin(x)))))))
    small = bpviz.beside(one, one, captions=["left", "right"]).picture
    assert small.width == 2 * one.picture.width + 16
    assert one.picture.height < small.height < 1.5 * one.picture.height
    tall = bpviz.beside(long, long).picture
    assert (tall.width, tall.height) == (long.picture.width, 2 * long.picture.height + 16)
    ids = [part.id for part in small.parts]
    assert len(set(ids)) == len(ids)
    assert [part.description for part in small.parts if part.id.startswith("caption")] == ["left", "right"]
    nodes = {part.id for part in small.parts if part.kind == "node"}
    assert all({part.source, part.target} <= nodes for part in small.parts if part.kind == "wire")
    # Three in a row are as a pair and one more.
    nested = bpviz.beside(bpviz.beside(one, one, captions=["a", "b"]), one, captions=["", "c"]).figure
    assert isinstance(nested, Sheet)
    assert nested.captions == ("a", "b", "c")


@pytest.mark.engine
def test_every_format_writes_a_page_of_several(tmp_path: Path) -> None:
    one = bpviz.draw(lambda x=3.0: x * x)
    page = bpviz.beside(one, one)
    for format in ("svg", "png", "pdf", "dot"):
        assert page.save(tmp_path / f"page.{format}").stat().st_size > 500
    with pytest.raises(UsageError) as caught:
        page.to_json()
    assert str(caught.value) == (
        "JSON holds one graph and its numbers; save a card or several figures as svg, png or pdf"
    )


def test_wrong_numbers_of_captions_are_refused() -> None:
    one = bpviz.draw(lambda x=3.0: x * x)
    with pytest.raises(UsageError) as caught:
        bpviz.beside(one, one, captions=["only one"])
    assert str(caught.value) == "there are 2 drawings but 1 captions; give each its own"
    with pytest.raises(UsageError) as caught:
        bpviz.beside()
    assert str(caught.value) == "there is nothing to show; give one or more drawings: bpviz.beside(bpviz.draw(f), …)"


@pytest.mark.engine
def test_elements_on_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.py").write_text(MODEL)

    def run(*words: str) -> str:
        result = CliRunner().invoke(main, ["render", "model.py", *words, "-o", "-"], prog_name="bpviz")
        assert result.exit_code == 0, result.stderr
        return in_one_piece(result.stdout)

    # z = (−1, −1): the gradient of w₀₁ is 2·z₀·x₁ = 2.
    everything = run("--elements")
    assert all(f">{name}<" in everything for name in ("w₀₀", "w₀₁", "w₁₀", "w₁₁", "x₀", "x₁", "z₀"))
    row = run("--elements", "W[0,:]")
    assert ">w₀₁<" in row
    assert ">w₁₁<" not in row
    both = run("--elements", "--beside")
    assert ">W<" in both
    assert ">w₁₁<" in both
    # A path lit in both: that of x₁ among the elements, that of x among the arrays.
    lit = run("--elements", "--beside", "--highlight", "x[1]")
    assert ">x₁ reaches layer along 2 paths" in lit
    assert ">x reaches layer along one path" in lit
    # Old numbers beside new ones: z₀ = 1·1 − 2·1, then 3·1 − 2·1.
    changed = run("--elements", "--what-if", "W=[[3, 2], [3, 4]]")
    assert ">−1 → 1<" in changed
    result = CliRunner().invoke(main, ["render", "model.py", "--beside"], prog_name="bpviz")
    assert (result.exit_code, result.stderr) == (
        2,
        "bpviz: beside the arrays stand their elements; give elements=True (--elements), too\n",
    )
    result = CliRunner().invoke(main, ["render", "model.py", "--elements", "W[5,0]"], prog_name="bpviz")
    assert (result.exit_code, result.stderr) == (2, "bpviz: there are no elements 'W[5,0]': W has the shape (2, 2)\n")
