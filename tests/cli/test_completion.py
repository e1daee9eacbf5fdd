"""Completion in shells, as bash asks for it."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.shell_completion import BashComplete
from places import GALLERY

from bpviz.cli import main

APPLES = str(GALLERY / "apples.py")


def offered(*words: str) -> list[str]:
    *args, begun = words
    return [item.value for item in BashComplete(main, {}, "bpviz", "_BPVIZ_COMPLETE").get_completions(args, begun)]


@pytest.mark.parametrize(
    ("words", "some"),
    [
        (("re",), {"render"}),
        (("render", APPLES, "--the"), {"--theme"}),
        (("render", APPLES, "--theme", "c"), {"cs231n"}),
        (("render", APPLES, "--lang", ""), {"en", "ja"}),
        (("render", APPLES, "--labels", "s"), {"shapes", "symbols"}),
        (("render", APPLES, "--set", "t"), {"tax="}),
        (("render", APPLES, "--grad", ""), {"price", "count", "tax"}),
        (("render", str(GALLERY / "transformer_block.py"), "--close", "a"), {"attention"}),
        (("ops", "softp"), {"softplus"}),
        (("card", "mult"), {"multiply"}),
    ],
)
def test_words_are_offered(words: tuple[str, ...], some: set[str]) -> None:
    assert set(offered(*words)) == some


def test_a_model_is_not_run(tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text("raise SystemExit(1)\ndef f(weight=1.0): return weight\n", encoding="utf-8")
    assert offered("render", str(tmp_path / "model.py"), "--set", "") == ["weight="]
    (tmp_path / "broken.py").write_text("def f(", encoding="utf-8")
    assert offered("render", str(tmp_path / "broken.py"), "--set", "") == []
