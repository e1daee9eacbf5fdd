import json
import re
from html import unescape

import pytest
from amounts import fewer, some
from hand_drawn import BACKWARD, FORWARD, HEIGHT, WIDTH, everything, texts
from hypothesis import given, settings
from hypothesis import strategies as st

from bpviz.layout import engines
from bpviz.picture.elements import Part, Picture
from bpviz.picture.theme import names, theme
from bpviz.text.widths import printable
from bpviz.writers import dot

pytestmark = pytest.mark.engine

LIGHT = theme("light")
AVAILABLE = [info.name for info in engines.engines() if info.available]

HOSTILE = (
    r"\N \G \E \T \H \L \n \l \r \\",
    "ends in a backslash \\",
    'the "quoted" one',
    '\\"',
    "&alpha; &amp; &#945; &",
    "<b>bold</b>",
    "<lambda>",
    "<<table><tr><td>x</td></tr></table>>",
    "graph",
    "node:port",
    "a -> b; }",
    "/* comment */ // # <!--",
    "{a|b}",
    "鉛筆の単価",
    "😀",
    "%s%n",
    "  spaces  inside  ",
    "line\nbreak\ttab",
    "\x00\x1b\x7f",
    "\ud800",
)


def drawn(source, format="json"):
    """What Graphviz makes of a document, nothing moved."""
    return engines.render(source.decode(), format)


def shown(source, name="auto"):
    """The lines of text that Graphviz draws."""
    svg = engines.render(source.decode(), "svg", engine=name).decode()
    return [unescape(found) for found in re.findall("<text[^>]*>(.*?)</text>", svg, re.DOTALL)]


def plain(words):
    """Spaces as spaces: Graphviz writes no-break spaces, so that SVG keeps them."""
    return [word.replace("\xa0", " ") for word in words]


@pytest.mark.parametrize("name", AVAILABLE)
def test_hostile_text_is_shown_unchanged(name):
    found = shown(dot.write(texts(*HOSTILE), LIGHT), name)
    assert plain(found) == [printable(word) for word in HOSTILE]


@pytest.mark.thorough
@settings(max_examples=fewer(20))
@given(st.lists(st.text(st.characters(), min_size=1, max_size=12), min_size=60, max_size=60))
def test_any_text_is_shown_unchanged(words):
    found = shown(dot.write(texts(*words), LIGHT))
    assert plain(found) == plain(map(printable, words))


@pytest.mark.thorough
@settings(max_examples=fewer(20))
@given(st.lists(st.text(st.characters(), max_size=6), min_size=1, max_size=30, unique=True))
def test_two_nodes_have_different_names_for_any_ids(ids):
    parts = [Part(id, "node", texts("x").parts[0].elements) for id in ids]
    wire = Part("w", "wire", (FORWARD,), source=ids[0], target=ids[-1])
    result = json.loads(drawn(dot.write(Picture(200.0, 60.0, (*parts, wire)), LIGHT), "json0"))
    assert len({thing["name"] for thing in result["objects"]}) == len(ids)
    (edge,) = result["edges"]
    assert (edge["tail"], edge["head"]) == (0, len(ids) - 1)


@pytest.fixture(scope="module")
def result():
    return json.loads(drawn(dot.write(everything(), LIGHT)))


def test_boxes_are_nodes_of_fixed_place_and_size(result):
    nodes = {thing["name"]: thing for thing in result["objects"]}
    circle, box = nodes["m"], nodes["g"]
    # The page is 121 points high (120.5 rounded up), and y grows upwards there.
    assert (circle["pos"], circle["shape"], circle["width"], circle["height"]) == ("138,78", "circle", "0.5", "0.5")
    assert (box["pos"], box["shape"], box["style"]) == ("200,78", "box", "filled,rounded")
    assert float(box["width"]) * 72 == pytest.approx(40, abs=0.01)
    assert nodes["x"]["label"] == "単価 x"


def test_wires_are_edges_along_their_curves_in_the_direction_of_their_flow(result):
    names = {thing["_gvid"]: thing["name"] for thing in result["objects"]}
    forward, backward = result["edges"]
    assert (names[forward["tail"]], names[forward["head"]]) == ("x", "m")
    assert (names[backward["tail"]], names[backward["head"]]) == ("m", "x")
    for edge, path in ((forward, FORWARD), (backward, BACKWARD)):
        (curve,) = [command for command in edge["_draw_"] if command["op"] in "bB"]
        for (x, y), point in zip(path.points, curve["points"], strict=True):
            assert point == pytest.approx([x, 121 - y])
        assert edge["color"] == LIGHT.strokes[path.role].colour
        assert float(edge["penwidth"]) == LIGHT.strokes[path.role].width
        assert "_hdraw_" not in edge


def test_the_rest_is_in_the_background(result):
    polygons = [command["points"] for command in result["_draw_"] if command["op"] == "P"]
    head = [[120.0, 81.0], [110.5, 81.0 - 3.25], [110.5, 81.0 + 3.25]]
    assert any(sorted(points) == sorted(head) for points in polygons)
    # The page itself twice (Graphviz's own and ours), two heads, three cells.
    assert len(polygons) == 7
    assert sum(command["op"] == "L" for command in result["_draw_"]) == 3  # a bracket, and a cross of two lines
    assert sum(command["op"] in "bB" for command in result["_draw_"]) == 2  # a frame and a mark, with round corners


@pytest.mark.parametrize("name", AVAILABLE)
def test_the_page_keeps_its_size(name):
    svg = engines.render(dot.write(everything(), LIGHT).decode(), "svg", engine=name).decode()
    assert re.search(r'width="(\d+)pt" height="(\d+)pt"', svg).groups() == ("240", "121")


@pytest.mark.parametrize("name", AVAILABLE)
def test_text_is_on_its_baseline(name):
    """Within two points, whichever Graphviz it is: they raise text by different amounts."""
    svg = engines.render(dot.write(texts("Hxg", "単価"), LIGHT).decode(), "svg", engine=name).decode()
    down = float(re.search(r"translate\(\S+ (\S+)\)", svg)[1])
    found = [float(y) + down for y in re.findall(r'<text[^>]* y="(\S+)"', svg)]
    assert found == pytest.approx([20, 40], abs=2)


@pytest.mark.parametrize("name", some(names(), every=4))
def test_every_theme_and_picture_is_accepted(name):
    source = dot.write(everything(), theme(name))
    assert source == dot.write(everything(), theme(name))
    assert theme(name).background.lower() in drawn(source, "svg").decode().lower()
    assert drawn(dot.write(Picture(10.0, 5.0, ()), theme(name)), "svg")


def test_a_foreign_element_is_refused():
    with pytest.raises(TypeError, match="Not an element of a picture: str"):
        dot.write(Picture(10.0, 10.0, (Part("n", "node", ("text",)),)), LIGHT)


def test_the_hand_drawn_page_is_as_the_tests_expect():
    assert (everything().width, everything().height) == (WIDTH, HEIGHT)


def test_a_background_longer_than_one_string_of_graphviz() -> None:
    # Graphviz reads at most 16,384 characters as one string; many heat cells make more than that.
    import numpy as np

    import bpviz

    drawing = bpviz.draw(lambda x=np.arange(96.0).reshape(8, 12): np.sum(x * x * x * x))
    source = drawing.to_dot()
    assert len(source) > 20_000
    assert b"<svg" in engines.render(source, "svg")
