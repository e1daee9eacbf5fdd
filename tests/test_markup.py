"""Text from everywhere is text in every page: nothing in it becomes an element, an attribute or a script."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from browser import run_browser
from command_line import run

import bpviz
from bpviz.errors import UsageError
from bpviz.text.language import Language, language

HOSTILE = '"><script>document.title="ran"</script><b onload=\'document.title="ran"\' x=\'\'">&amp;'
"""It would end an attribute in either kind of quotes, and run."""


class _Reader(HTMLParser):
    """The tags and attributes of a page, as a browser reads them."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]
        self.links += [value or "" for name, value in attrs if name in ("href", "src", "xlink:href")]


def read(page: str) -> _Reader:
    reader = _Reader()
    reader.feed(page)
    return reader


def model(x: float = 2.0, w: float = 3.0) -> Any:
    return bpviz.name(x * w, HOSTILE, meaning=HOSTILE) + 1


def hostile_language(folder: Path) -> Path:
    """Return a language whose every sentence is hostile."""
    import json

    japanese = language("ja").sentences
    lines = []
    for english in japanese:
        kept = " ".join(
            f"{{{name}}}" for name in ("name", "value", "title", "number", "count") if f"{{{name}}}" in english
        )
        own = HOSTILE + kept if "{" in english else HOSTILE
        lines.append(f"{json.dumps(english)} = {json.dumps(own)}")
    file = folder / "xx.toml"
    file.write_text("[sentences]\n" + "\n".join(lines), encoding="utf-8")
    return file


def pages(folder: Path) -> dict[str, str]:
    """Return pages with hostile text in every place that takes text."""
    words = {"lang": str(hostile_language(folder)), "title": HOSTILE, "names": {"x": HOSTILE}}
    drawing = bpviz.draw(bpviz.group(HOSTILE)(model), **words)
    with bpviz.group(HOSTILE):
        styled = bpviz.draw(lambda x=2.0: bpviz.style(x * 2, note=HOSTILE), title=HOSTILE)
    return {
        "svg": drawing.to_svg(),
        "html": drawing.to_bytes("html").decode(),
        "steps": bpviz.draw(drawing, steps=True).to_bytes("html").decode(),
        "moving": bpviz.draw(drawing, animate=True).to_svg(),
        "fragment": drawing.to_fragment(),
        "note": styled.to_svg(),
        "explain": bpviz.explain(model).to_bytes("html").decode(),
    }


def plain_pages() -> dict[str, str]:
    """Return the same pages with harmless text."""

    def model(x: float = 2.0, w: float = 3.0) -> Any:
        return bpviz.name(x * w, "h", meaning="m") + 1

    drawing = bpviz.draw(bpviz.group("g")(model), title="t", names={"x": "n"}, lang="ja")
    return {
        "svg": drawing.to_svg(),
        "html": drawing.to_bytes("html").decode(),
        "steps": bpviz.draw(drawing, steps=True).to_bytes("html").decode(),
        "moving": bpviz.draw(drawing, animate=True).to_svg(),
        "fragment": drawing.to_fragment(),
        "note": bpviz.draw(lambda x=2.0: bpviz.style(x * 2, note="n"), title="t").to_svg(),
        "explain": bpviz.explain(model).to_bytes("html").decode(),
    }


def test_hostile_text_adds_no_element_and_no_attribute(tmp_path: Path) -> None:
    plain = plain_pages()
    for kind, page in pages(tmp_path).items():
        found, usual = read(page), read(plain[kind])
        # A figure whose names do not fit leads from a sign to its note.
        assert set(found.tags) <= {*usual.tags, "a", "tspan"}, kind
        assert all(link.startswith("#") for link in found.links), kind
        assert found.tags.count("script") == usual.tags.count("script"), kind
        assert set(found.attributes) <= {*usual.attributes, "href", "aria-label"}, kind
        assert not [name for name in found.attributes if name.startswith("on")], kind
        if page.startswith("<svg"):
            ElementTree.fromstring(page)


@pytest.mark.browser
def test_hostile_text_runs_nothing_in_a_browser(tmp_path: Path) -> None:
    for kind, page in pages(tmp_path).items():
        assert "<title>ran</title>" not in run_browser(page, "--dump-dom"), kind


@pytest.mark.parametrize("code", ['x" onload="alert(1)', "a b", "", "<b>", "é", "x\n", "en_US"])
def test_a_language_has_a_code_that_a_page_can_have(code: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is no code of a language; the name of its file is its code"):
        Language(code)
    file = tmp_path / f"{code.replace('/', '')}.toml"
    file.write_text('"Computation graph" = "G"')
    with pytest.raises(UsageError):
        language(str(file))


def test_a_setting_with_a_hostile_language_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("apples.py").write_text("def f(x=1.0):\n    return x * 2\n")
    Path('x" onload="alert(1).toml').write_text('"Computation graph" = "G"')
    Path("pyproject.toml").write_text("[tool.bpviz]\nlang = 'x\" onload=\"alert(1).toml'\n")
    result = run("render", "apples.py")
    assert (result.exit_code, Path("apples.svg").exists()) == (2, False)
    assert "is no code of a language" in result.stderr
