"""Documents as text, Markdown, HTML and JSON: what is between the words is never taken for a mark."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bpviz.documents import data, html, markdown, text
from bpviz.documents.document import Document, Heading, Lines, Paragraph, Picture, Table

WHOLE = Document(
    "y = 6",
    (
        Picture(lambda: "<svg></svg>", "The figure", lambda: "its mark"),
        Table("All values", ("variable", "meaning"), (("x", "単価"), ("税", "tax"))),
        Heading("A section"),
        Paragraph("A sentence."),
        Heading("A part", 3),
        Lines(("a = b", "b = 2")),
    ),
)


def test_text() -> None:
    assert text.write(WHOLE) == (
        "y = 6\n=====\n\n"
        "variable  meaning\nx         単価\n税        tax\n\n"
        "A section\n---------\n\nA sentence.\n\nA part\n  a = b\n  b = 2"
    )


def test_columns_of_wide_and_combining_characters() -> None:
    table = Table("", ("a", "b"), (("単", "1"), ("e\u0301x", "2")))
    assert text.write(Document("t", (table,))).splitlines()[3:] == ["a   b", "単  1", "e\u0301x  2"]


def test_markdown() -> None:
    assert markdown.write(WHOLE) == (
        "# y = 6\n\n"
        "| variable | meaning |\n| --- | --- |\n| x | 単価 |\n| 税 | tax |\n\n"
        "## A section\n\nA sentence.\n\n### A part\n\n```text\na = b\nb = 2\n```\n"
    )
    assert markdown.write(WHOLE, level=2).startswith("## y = 6\n")


@pytest.mark.parametrize(
    ("given_text", "expected"),
    [
        ("a|b", r"a\|b"),
        ("*x* _y_ `z`", r"\*x\* \_y\_ \`z\`"),
        ("<b>&amp;", "&lt;b&gt;&amp;amp;"),
        ("[x](y) $z$ ~w~", r"\[x\](y) \$z\$ \~w\~"),
        ("# one", r"\# one"),
        ("- one", r"\- one"),
        ("1. one", r"1\. one"),
        ("two\nlines", "two lines"),
    ],
)
def test_text_has_no_meaning_in_markdown(given_text: str, expected: str) -> None:
    assert markdown.escaped(given_text) == expected


def test_a_fence_is_longer_than_the_fences_in_it() -> None:
    assert markdown.write(Document("t", (Lines(("```", "x")),))).endswith("\n````text\n```\nx\n````\n")


@given(st.text())
def test_html_of_any_text(text: str) -> None:
    page = html.write(
        Document(text, (Paragraph(text), Lines((text,)), Table(text, (text,), ((text,),)), Heading(text)))
    )
    without = page.replace("<!DOCTYPE html>", "")
    tags = {part.split(">")[0].split(" ")[0].strip("/") for part in without.split("<")[1:]}
    assert tags <= {*("html", "head", "meta", "title", "style", "body", "article", "div", "h1", "h2", "p", "pre")} | {
        *("table", "caption", "thead", "tbody", "tr", "th", "td")
    }


def test_a_picture_that_cannot_be_drawn_has_a_note() -> None:
    from bpviz.errors import UsageError

    def too_large() -> str:
        raise UsageError("it is <too> large")

    page = html.fragment(Document("t", (Picture(too_large, "The figure", lambda: ""),)))
    assert "<p>The figure is not drawn: it is &lt;too&gt; large.</p>" in page
    assert "<figure>\n<svg></svg></figure>" in html.fragment(WHOLE)


def test_json() -> None:
    values = {"a": (1, 2.5, None, True), "b": np.array([[1.0, math.nan]]), "c": WHOLE.blocks[3], "d": np.float32(0.5)}
    assert json.loads(data.write(values)) == {
        "a": [1, 2.5, None, True],
        "b": [[1.0, "nan"]],
        "c": {"text": "A sentence."},
        "d": 0.5,
    }


def test_other_objects_than_blocks_are_refused() -> None:
    for writer in (text, markdown, html):
        with pytest.raises(TypeError, match="Not a block of a document: str"):
            writer.write(Document("t", ("x",)))  # type: ignore[arg-type]
