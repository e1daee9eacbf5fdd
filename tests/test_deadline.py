"""The time limit bounds the whole of a drawing, and its message names the stage."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Any

import pytest
from amounts import some
from command_line import run

import bpviz
from bpviz import deadline
from bpviz.errors import LayoutTimeout

STAGES = {
    "making the figure",
    "measuring the figure",
    "placing the frames",
    "placing the boxes",
    "routing the wires",
    "parting the figure into rows",
    "writing the file",
}


def chain(x: float = 2.0) -> Any:
    for number in range(12):
        with bpviz.group(f"g{number}"):
            x = x * 1.01 + x
    return x


@pytest.mark.parametrize("format", some(["svg", "html", "tikz", "dot", "png"]))
def test_every_stage_keeps_the_limit(format: str, monkeypatch: pytest.MonkeyPatch) -> None:
    flow = bpviz.backprop(chain)
    asked = 0

    def found(last: float) -> str:
        """Return what stops a drawing whose time is over after so many looks at the clock; empty if nothing does."""
        nonlocal asked
        asked = 0

        def clock() -> float:
            nonlocal asked
            asked += 1
            return 0.0 if asked <= last else 100.0

        monkeypatch.setattr(deadline, "monotonic", clock)
        try:
            bpviz.draw(flow, timeout=50).to_bytes(format)
        except LayoutTimeout as error:
            message = str(error)
        else:
            return ""
        assert "longer than 50 s" in message
        assert "Allow it more time (--timeout 100)" in message
        return message.partition("stopped while ")[2].partition(".")[0]

    assert found(math.inf) == ""
    total = asked
    seen = {found(total * share // 50) for share in range(1, 50)} | {found(1), found(total - 1)}
    assert seen == STAGES


def test_a_limit_around_another_stays() -> None:
    with deadline.limited(0.01):
        time.sleep(0.02)
        with deadline.limited(60), pytest.raises(LayoutTimeout, match=r"than 0\.01 s"):
            deadline.check("drawing")
        assert deadline.left() == 0.001
    deadline.check("drawing")
    assert (deadline.left(), deadline.left(7.0)) == (None, 7.0)


@pytest.mark.parametrize("width", ["none", "720pt"])
def test_deeply_nested_groups_end_in_time(tmp_path: Path, width: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("nested.py").write_text(
        "import bpviz\nfrom contextlib import ExitStack\n\ndef f(x=1.0):\n    with ExitStack() as stack:\n"
        "        for number in range(900):\n            stack.enter_context(bpviz.group(f'g{number}'))\n"
        "            x = x * 1.0001\n        return x\n"
    )
    begun = time.monotonic()
    done = run("render", "nested.py", "--width", width, "--timeout", "1", "-o", "nested.svg")
    assert time.monotonic() - begun < 20
    assert done.exit_code in (0, 1)
    if done.exit_code:
        assert "took longer than 1 s, and was stopped while" in done.stderr
        assert not Path("nested.svg").exists()
