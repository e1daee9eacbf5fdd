"""The SVG writer: well-formed whatever the names, the promised classes, plain colours, ids that do not clash."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from figures_by_hand import layers, pencils, square
from hand_drawn import everything
from svg_reader import read_svg

from bpviz.layout.page import lay_out
from bpviz.picture.elements import Part, Picture, Text
from bpviz.picture.theme import names, theme
from bpviz.writers.svg import shade, write

LIGHT = theme("light")
NS = "{http://www.w3.org/2000/svg}"


def read(picture: Picture, look: str = "light") -> ElementTree.Element:
    return read_svg(write(picture, theme(look)))


def picture_of(*texts: str) -> Picture:
    parts = tuple(Part(text, "node", (Text("name", text, 5.0, 5.0, 14.0, 9.0),), text) for text in texts)
    return Picture(10.0, 10.0, parts, texts[0], texts[0])


@pytest.mark.engine
def test_every_part_is_a_group_with_its_classes() -> None:
    root = read(lay_out(layers(), LIGHT))
    assert (root.get("class"), root.get("role")) == ("bpviz", "graphics-document document")
    groups = [group.get("class") for group in root.findall(f"{NS}g")]
    assert groups[:2] == ["frame", "frame"]
    assert groups.count("wire") == 6
    assert groups.count("wire constant") == 1
    assert [name for name in groups if name.startswith("node")] == [
        "node input",
        "node input",
        "node constant",
        "node operation",
        "node operation",
        "node operation",
        "node group",
        "node output",
    ]
    classes = {element.get("class") for element in root.iter()}
    assert classes >= {"background", "forward", "backward", "head forward", "head backward", "forward value"}
    assert classes >= {"backward value", "bracket", "shape", "symbol", "name", "cell", "mark"}


def test_the_page_is_described_and_measured_in_points() -> None:
    root = read(replace(everything(), title="A & B", description="what it shows"))
    assert root.get("width", "").endswith("pt")
    assert root.get("viewBox") == f"0 0 {root.get('width', '')[:-2]} {root.get('height', '')[:-2]}"
    title, desc = root.find(f"{NS}title"), root.find(f"{NS}desc")
    assert title is not None
    assert desc is not None
    assert (title.text, desc.text) == ("A & B", "what it shows")
    assert root.get("aria-labelledby") == f"{title.get('id')} {desc.get('id')}"


def coloured() -> Picture:
    """A picture in which one colour by day has several by night, and stays as it is where an author chose it."""
    chosen = Part("mine", "node", everything().parts[-1].elements, color=LIGHT.inks["symbol"])
    return replace(everything(), parts=(*everything().parts, chosen))


HOSTILE = ["<b>&\"'", "]]>", "a\x00\x1b", "\ud800", "\ufffe", "&alpha;", "<!--", "שלום", "😀", "", "x" * 200, "  two  "]


def test_hostile_text_comes_back_as_it_was() -> None:
    root = read(picture_of(*HOSTILE))
    shown = ["".join(text.itertext()) for text in root.iter(f"{NS}text")]
    assert shown == [*HOSTILE[:2], "a␀␛", "�", "�", *HOSTILE[5:]]
    spaced = [text for text in root.iter(f"{NS}text") if text.text == "  two  "]
    assert spaced[0].get("{http://www.w3.org/XML/1998/namespace}space") == "preserve"


@pytest.mark.parametrize("look", names())
def test_colours_are_literal_and_nothing_runs_or_is_fetched(look: str) -> None:
    file = write(everything(), theme(look)).decode()
    colours = re.findall(r'(?:fill|stroke)="([^"]*)"', file)
    assert all(re.fullmatch(r"#[0-9A-F]{6}|#[0-9A-F]{3}|none", colour) for colour in colours)
    assert not re.search(r"<script|href|url\(|var\(|@import", file)
    assert file.count("<style") == (theme(look).dark is not None)


@pytest.mark.parametrize("picture", [everything, coloured])
def test_a_theme_may_follow_the_reader_to_dark_pages(picture: Callable[[], Picture]) -> None:
    light, dark, auto = (write(picture(), theme(look)).decode() for look in ("light", "dark", "auto"))
    rules = re.findall(r"(\S+?),\S+?\{(\w+):([^}]*)\}", auto.split("<style>", 1)[1].split("</style>")[0])
    # Without the style sheet it is the light picture, with it the dark one.
    assert painted(ElementTree.fromstring(auto), []) == painted(ElementTree.fromstring(light), [])
    assert painted(ElementTree.fromstring(auto), rules) == painted(ElementTree.fromstring(dark), [])


def painted(root: ElementTree.Element, rules: list[tuple[str, str, str]]) -> list[dict[str, str]]:
    """Return the paint of every element, inherited or its own, after the rules of a style sheet.

    A rule is a selector, an attribute or a class, with what it paints; the later is the stronger.
    """
    found = []

    def visit(element: ElementTree.Element, inherited: dict[str, str]) -> None:
        own = inherited | {key: element.attrib[key] for key in ("fill", "stroke") if key in element.attrib}
        for selector, paint, colour in rules:
            wanted = re.fullmatch(r'(?:\S* )?(?:\.(c\d+)|\[(\w+)="([^"]*)"\])', selector)
            assert wanted
            name, key, value = wanted.groups()
            if name in element.get("class", "").split() if name else element.get(key) == value:
                own[paint] = colour
        # White may be written as three digits.
        found.append({key: re.sub("^#(.)(.)(.)$", r"#\1\1\2\2\3\3", colour) for key, colour in own.items()})
        for child in element:
            if child.tag != f"{NS}style":
                visit(child, own)

    visit(root, {})
    return found


@pytest.mark.engine
def test_figures_on_one_page_share_no_ids() -> None:
    pages = [write(lay_out(figure, LIGHT), LIGHT).decode() for figure in (pencils(), square(), layers())]
    ids = [id for page in pages for id in re.findall(r' id="([^"]*)"', page)]
    assert len(ids) == len(set(ids))
    assert pages[0] == write(lay_out(pencils(), LIGHT), LIGHT).decode()


def test_coordinates_have_two_decimals_at_most() -> None:
    numbers = re.findall(r"-?\d+\.(\d+)", write(everything(), LIGHT).decode().split("viewBox", 1)[1])
    assert numbers
    assert all(len(decimals) <= 2 and not decimals.endswith("0") for decimals in numbers)


def test_heat_runs_from_one_end_to_the_other() -> None:
    assert [shade(value, LIGHT) for value in (-1.0, 0.0, 1.0)] == list(LIGHT.heat)
    assert shade(0.5, theme("print")) == "#6C6C6C"


def test_other_objects_than_elements_are_refused() -> None:
    with pytest.raises(TypeError, match="Not an element of a picture: str"):
        write(Picture(1.0, 1.0, (Part("x", "node", ("x",)),)), LIGHT)  # type: ignore[arg-type]
