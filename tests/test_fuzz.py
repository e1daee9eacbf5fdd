"""Names, JSON documents, themes, languages, settings, values and Markdown, damaged at random: a picture or one sentence."""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import chdir
from pathlib import Path
from unicodedata import bidirectional, category
from xml.etree import ElementTree

import pytest
from amounts import fewer
from command_line import APPLES, run
from fuzz import assignments, documents, language_texts, markdown_texts, names, settings_texts, theme_texts

import bpviz
from bpviz.graph.archive import loaded

FORMATS = ("svg", "html", "dot", "tikz", "mermaid", "json", "png")


def a_name(name: str) -> None:
    """A name of an input, a group, an output and a figure: every format can be written, and the name is seen."""
    graph = bpviz.Graph(name)
    x = graph.input(name, 2.0)
    with bpviz.group(name):
        y = x * 3.0
    bpviz.style(y, note=name)
    graph.output(bpviz.name(y + 1.0, "named", meaning=name), name)
    # A small PNG takes a quarter of the time.
    drawing = bpviz.draw(graph, title=name, scale=0.5)
    for format in FORMATS:
        data = drawing.to_bytes(format)
        if format == "svg":
            root = ElementTree.fromstring(data)
            shown = ["".join(text.itertext()) for text in root.iter("{http://www.w3.org/2000/svg}text")]
            # The two ends, the group and the title have the name.
            assert all(text.strip() for text in shown), shown
            scripts = [
                e.tag for e in root.iter() if e.tag.endswith("script") or any(a.startswith("on") for a in e.attrib)
            ]
            assert not scripts
    again = loaded(drawing.to_json())
    # In JSON, two halves of a character that stand together are that character.
    whole = [name.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass") for name in graph.inputs]
    assert isinstance(again, bpviz.Flow) and list(again.graph.inputs) in (whole, list(graph.inputs))


def a_document(text: str) -> None:
    """A JSON text: it is drawn, or it is refused."""
    try:
        drawing = bpviz.draw(loaded(text))
        drawing.to_svg()
        _ = drawing.notes
    except bpviz.BpvizError as error:
        one_sentence(str(error))


def a_file(name: str, text: str, *options: str) -> None:
    """A file of the user's, read by the command line."""
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        Path("apples.py").write_text(APPLES)
        Path(name).write_text(text, encoding="utf-8")
        result = run("render", "apples.py", "-o", "apples.svg", *options)
        assert result.exit_code in (0, 2), (result.exit_code, result.exception)
        assert "Traceback" not in result.stderr
        if result.exit_code:
            one_sentence(result.stderr)
        else:
            ElementTree.parse("apples.svg")


def one_sentence(message: str) -> None:
    """The message is short, and holds nothing that a terminal obeys."""
    assert message.strip() and len(message) < 20_000
    assert all(c.isprintable() or c == "\n" or _is_joiner(c) for c in message), ascii(message)


def _is_joiner(character: str) -> bool:
    """Return whether a character is invisible, but changes neither the terminal nor the direction of writing."""
    return category(character) == "Cf" and bidirectional(character) == "BN"


def a_theme(text: str) -> None:
    a_file("mine.toml", text, "--theme", "mine.toml")


def a_language(text: str) -> None:
    a_file("xx.toml", text, "--lang", "xx.toml")


def an_assignment(text: str) -> None:
    """What ``--set`` gets. What the model does with it is its own affair, and said with its lines."""
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        Path("apples.py").write_text(APPLES)
        result = run("render", "apples.py", "-o", "apples.svg", "--set", text)
        assert result.exit_code in (0, 1, 2), (result.exit_code, result.exception)
        assert "bpviz/" not in result.stderr
        if result.exit_code:
            one_sentence(result.stderr)
        else:
            ElementTree.parse("apples.svg")


def a_markdown(text: str) -> None:
    """A document for ``bpviz embed``: it is filled in, or stays as it was, and so does all else."""
    with tempfile.TemporaryDirectory() as above, chdir(above):
        folder = Path("folder")
        folder.mkdir()
        Path(folder, "apples.py").write_text(APPLES)
        document = folder / "a.md"
        document.write_bytes(text.encode())
        result = run("embed", str(document))
        assert result.exit_code in (0, 1, 2), (result.exit_code, result.exception)
        assert "Traceback" not in result.stderr
        assert Path(folder, "apples.py").read_text() == APPLES
        assert os.listdir(above) == ["folder"]
        if result.exit_code:
            one_sentence(result.stderr)
            assert document.read_bytes() == text.encode()
        else:
            if "```" in text or "~~~" in text:
                # A fence without an end may have stood in what was replaced, and hidden other markers.
                return
            # Once more changes nothing.
            filled = document.read_bytes()
            assert run("embed", str(document)).exit_code == 0
            assert document.read_bytes() == filled


def some_settings(text: str) -> None:
    a_file("pyproject.toml", text)


ATTEMPTS: dict[Callable[[int, int], Iterator[str]], Callable[[str], None]] = {
    names: a_name,
    documents: a_document,
    theme_texts: a_theme,
    language_texts: a_language,
    settings_texts: some_settings,
    assignments: an_assignment,
    markdown_texts: a_markdown,
}


@pytest.mark.thorough
@pytest.mark.parametrize("kind", ATTEMPTS, ids=lambda kind: kind.__name__)
def test_damage_ends_in_a_picture_or_in_one_sentence(
    kind: Callable[[int, int], Iterator[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in [name for name in os.environ if name.startswith("BPVIZ_")]:
        monkeypatch.delenv(variable)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for case in kind(9, fewer(1000)):
            try:
                ATTEMPTS[kind](case)
            except Exception as error:
                raise AssertionError(f"{kind.__name__}: {ascii(case)[:400]}") from error
