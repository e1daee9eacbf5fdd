"""Figures in rows: letters pair up, rows fit the page, sums add up, and every row reads true."""

from __future__ import annotations

import pickle
import re
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from inspect import signature
from typing import Any

import numpy as np
import pytest
from amounts import fewer, some, some_pairs
from figures_by_hand import random_figure
from long_programs import LONG, cells_with_gates, elman, late_uses, residual, shared_in_a_loop, ten_uses
from nested_programs import nested_program
from operand_reader import readings
from overlaps import collisions
from places import GALLERY
from rows_reader import SVG, dots, letters, names, page_width, written
from svg_lines import in_one_piece
from svg_reader import read_svg

import bpviz
from bpviz.drawing.load import load
from bpviz.errors import UsageError
from bpviz.layout.page import lay_out
from bpviz.picture.elements import Shape
from bpviz.picture.theme import theme
from bpviz.text.lengths import points

LIGHT = theme("light")
WIDER = 1.3


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def two_two_two(
    i1: float = 0.05, i2: float = 0.1, w1: float = 0.15, w2: float = 0.2, w3: float = 0.25, w4: float = 0.3,
    w5: float = 0.4, w6: float = 0.45, w7: float = 0.5, w8: float = 0.55, b1: float = 0.35, b2: float = 0.6,
) -> Any:  # fmt: skip
    """Mazur's network, with the numbers of his article."""
    h1 = sigmoid(w1 * i1 + w2 * i2 + b1)
    h2 = sigmoid(w3 * i1 + w4 * i2 + b1)
    o1 = sigmoid(w5 * h1 + w6 * h2 + b2)
    o2 = sigmoid(w7 * h1 + w8 * h2 + b2)
    return 0.5 * (0.01 - o1) ** 2 + 0.5 * (0.99 - o2) ** 2


def recurrent(
    x1: float = 0.4, x2: float = -0.2, x3: float = 0.7, x4: float = 0.2, x5: float = -0.5,
    u: float = 0.6, v: float = 0.8, b: float = 0.15,
) -> Any:  # fmt: skip
    h: Any = 0.3
    for x in (x1, x2, x3, x4, x5):
        h = np.tanh(u * x + v * h + b)
    return (h - 1) ** 2


def two_layers(
    x: Any = np.array([[0.2, -0.4, 1.0]]),
    W1: Any = np.array([[0.1, -0.2], [0.4, 0.3], [-0.5, 0.6]]),
    b1: Any = np.array([0.1, -0.1]),
    W2: Any = np.array([[0.7, -0.3], [0.2, 0.5]]),
    t: Any = np.array([[1.0, 0.0]]),
) -> Any:
    h = np.tanh(x @ W1 + b1)
    a = h @ W2
    e = np.exp(a - np.max(a))
    y = e / np.sum(e)
    return -np.sum(t * np.log(y + 1e-7))


MODELS = [two_two_two, recurrent, two_layers]


def paired(svg: str) -> int:
    """Check the letters of a figure as a reader follows them; return their number.

    Every letter ends a wire and begins one further down with the same texts; from there it may go on to a third row.
    Letters are in the order of reading.
    """
    found = letters(svg)
    for letter, (ends, starts) in found.items():
        for end, start in zip(ends, starts, strict=True):
            assert end.texts == start.texts, letter
            assert end.y < start.y, letter
            assert re.fullmatch(rf"continues in row \d+ as {letter}", end.sentence)
            assert re.fullmatch(rf"{letter} continues from row \d+", start.sentence)
            assert int(end.sentence.split()[3]) > int(start.sentence.split()[-1])
            assert "head backward" in start.heads or not any("backward" in kind for kind, _ in start.texts), letter
        for start, end in zip(starts, ends[1:], strict=False):
            assert int(start.sentence.split()[-1]) < int(end.sentence.split()[3]), letter
    rows = {letter: int(starts[0].sentence.split()[-1]) for letter, (_, starts) in found.items()}
    first = sorted((rows[letter], ends[0].y, ends[0].x, letter) for letter, (ends, _) in found.items())
    assert [letter for *_, letter in first] == [named(i) for i in range(len(found))]
    assert added_up(svg) >= 0
    return len(found)


def added_up(svg: str) -> int:
    """Check that gradients add up at every branch dot, within the digits that are shown; return how many there are."""
    count = 0
    for left, right in dots(svg):
        if left and all(len(one) == len(left) for one in right):
            count += 1
            for total, *parts in zip(left, *right, strict=True):
                # Four significant digits each.
                assert total == pytest.approx(sum(parts), abs=6e-4 * (abs(total) + sum(map(abs, parts))) + 1e-12)
    return count


def named(number: int) -> str:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    return alphabet[number] if number < 26 else alphabet[number // 26 - 1] + alphabet[number % 26]


@pytest.mark.parametrize(
    ("model", "options"),
    some_pairs(MODELS, [{}, {"labels": "symbols"}, {"labels": "rules"}, {"show": "forward"}], every=3),
)
def test_letters_pair_up_on_a_page_that_is_not_too_wide(model: Callable[..., Any], options: dict[str, Any]) -> None:
    drawing = bpviz.draw(model, **options)
    svg = drawing.to_svg()
    assert paired(svg) >= 2
    if "labels" not in options:
        # A long formula at a single operation cannot be parted.
        assert page_width(svg) <= WIDER * 720
    assert not list(collisions(drawing.picture))
    assert [reading for reading in readings(svg) if not reading.is_right] == []


def summed(svg: str) -> dict[str, float]:
    """Check each note with the sum of an input's gradients against what stands at its names; return the sums."""
    found = {}
    plain = in_one_piece(svg).replace("−", "-")
    for name, terms, total in re.findall(r">∂\w+/∂(\w+) = ([-+\d.e ×]+) = (-?[\d.]+)<", plain):
        parts = [float(part) for part in re.findall(r"-?[\d.]+", terms.replace("- ", "-"))]
        assert sum(parts) == pytest.approx(float(total), abs=6e-4 * sum(map(abs, parts)))
        shares = [share for (share,) in names(svg, name)]
        assert len(shares) > 1
        assert sum(shares) == pytest.approx(float(total), abs=6e-4 * sum(map(abs, parts)))
        found[name] = float(total)
    return found


def slopes(model: Callable[..., Any], names: Any) -> dict[str, float]:
    usual, h = {name: value.default for name, value in signature(model).parameters.items()}, 1e-6
    return {
        name: (model(**{**usual, name: usual[name] + h}) - model(**{**usual, name: usual[name] - h})) / (2 * h)
        for name in names
    }


@pytest.mark.parametrize(
    "name", some([path.stem for path in sorted(GALLERY.glob("*.py")) if path.stem != "regenerate"], every=4)
)
def test_the_gallery_can_be_followed(name: str) -> None:
    source = (GALLERY / f"{name}.py").read_text(encoding="utf-8")
    if "def plot(" in source:
        pytest.skip("a plot has no rows")
    svg = bpviz.draw(load(str(GALLERY / f"{name}.py")).thing).to_svg()
    paired(svg)
    assert page_width(svg) <= WIDER * 720


@pytest.mark.parametrize(("model", "repeat"), some_pairs(LONG, ["auto", "always", "never"], every=4))
def test_long_programs_can_be_followed(model: Callable[..., Any], repeat: str) -> None:
    drawing = bpviz.draw(model, repeat=repeat, repeats="all", names="code")
    svg = drawing.to_svg()
    paired(svg)
    assert page_width(svg) <= WIDER * 720
    assert not list(collisions(drawing.picture))
    assert [reading for reading in readings(svg) if not reading.is_right] == []
    found = summed(svg)
    assert not (found and repeat == "never")
    for name, slope in slopes(model, found).items():
        assert found[name] == pytest.approx(slope, rel=2e-3), name


@pytest.mark.engine
@pytest.mark.parametrize("model", [elman, residual, late_uses])
def test_rows_by_graphviz_can_be_followed(model: Callable[..., Any]) -> None:
    drawing = bpviz.draw(model, engine="graphviz")
    svg = drawing.to_svg()
    assert paired(svg) >= 2
    assert page_width(svg) <= WIDER * 720
    assert not list(collisions(drawing.picture))
    assert [reading for reading in readings(svg) if not reading.is_right] == []


@pytest.mark.parametrize("model", [elman, residual, ten_uses])
def test_inputs_are_written_again_from_top_to_bottom_too(model: Callable[..., Any]) -> None:
    drawing = bpviz.draw(model, direction="TB", repeat="always")
    assert not list(collisions(drawing.picture))
    assert summed(drawing.to_svg())


@pytest.mark.thorough
@pytest.mark.parametrize(
    "options",
    [
        {"elements": True},
        {"path": "x"},
        {"path": "w", "labels": "rules"},
        {"before": {"w": np.eye(2)}},
        {"show": "backward"},
        {"shared": True},
        {"labels": "symbols"},
        {"grad": "w"},
    ],
)
@pytest.mark.parametrize("repeat", ["auto", "always", "never"])
def test_letters_and_copies_in_other_views(options: dict[str, Any], repeat: str) -> None:
    flow = bpviz.backprop(shared_in_a_loop)
    if "before" in options:
        options = {"before": flow, "inputs": options["before"]}
    drawing = bpviz.draw(flow, repeat=repeat, **options)
    svg = drawing.to_svg()
    paired(svg)
    assert not list(collisions(drawing.picture))
    if "grad" not in options and "path" not in options:
        strong = {part.id for frame in drawing.steps() for part in frame.picture.parts if part.tone == "strong"}
        assert strong >= {part.id for part in drawing.picture.parts if part.kind == "wire" and part.tone == "plain"}


def test_a_copy_off_the_path_is_in_the_background() -> None:
    parts = bpviz.draw(elman, path="x5").picture.parts
    tones = [part.tone for part in parts if part.description == "input wx"]
    assert tones == ["pale"] * 5
    parts = bpviz.draw(elman, path="wx").picture.parts
    assert {part.tone for part in parts if part.description == "input wx"} == {"strong"}
    assert {part.tone for part in parts if part.description == "input b"} == {"pale"}


def test_a_value_goes_from_row_to_row_in_one_letter() -> None:
    svg = bpviz.draw(late_uses, width="10cm").to_svg()
    paired(svg)
    assert added_up(svg) >= 5
    rows = {letter: len(ends) for letter, (ends, _) in letters(svg).items()}
    assert max(rows.values()) >= 4
    drawing = bpviz.draw(late_uses, width="10cm")
    again = pickle.loads(pickle.dumps(drawing.as_shown()))
    assert again.to_svg() == drawing.to_svg()


@pytest.mark.thorough
@pytest.mark.parametrize("options", [{}, {"repeat": "never"}, {"width": "10cm", "labels": "rules"}])
@pytest.mark.parametrize("model", [elman, late_uses])
def test_a_training_is_drawn_in_rows_of_one_layout(model: Callable[..., Any], options: dict[str, Any]) -> None:
    with warnings.catch_warnings():
        # The arithmetic of the rules is wide.
        warnings.simplefilter("ignore")
        drawing = bpviz.descend(model, rate=0.05, steps=3).draw(**options)
        frames = drawing.steps()
        assert len({frame.picture.width for frame in frames}) == 1
        assert all(not list(collisions(frame.picture)) for frame in frames)
        assert pickle.loads(pickle.dumps(drawing.as_shown())).to_svg() == drawing.to_svg()


def test_no_two_parts_of_rows_have_one_id_and_the_same_ends() -> None:
    parts = bpviz.draw(cells_with_gates, width="12cm").picture.parts
    assert not [key for key, n in Counter((p.id, p.source, p.target) for p in parts).items() if n > 1]
    assert Counter(part.shows for part in parts if part.kind == "frame").most_common(1)[0][1] > 2


def test_uses_that_meet_soon_keep_their_dot_and_others_are_written_again() -> None:
    names = Counter(part.description for part in bpviz.draw(two_two_two).picture.parts if part.detail == "input")
    assert names["input i1"] == names["input b1"] == 2
    assert names["input w1"] == 1
    # Both uses of x in a block meet three ranks later.
    parts = bpviz.draw(residual).picture.parts
    assert [part.detail for part in parts if part.description in ("input x", "x branches")].count("branch") >= 1
    assert len([part for part in parts if part.description == "input x"]) == 1


def test_small_figures_stay_as_they_are_unless_inputs_are_always_written_again() -> None:
    def small(x: float = 3.0, y: float = 2.0) -> Any:
        return (x * y + x) * x / (x + y)

    auto, never, always = (bpviz.draw(small, repeat=repeat) for repeat in ("auto", "never", "always"))
    assert auto.picture == never.picture
    copies = Counter(part.of for part in always.picture.parts if part.detail == "input")
    assert sorted(copies.values()) == [2, 4]
    assert summed(always.to_svg()).keys() == {"x", "y"}
    with pytest.raises(UsageError, match="repeat must be one of auto, always, never, but got 'often'"):
        bpviz.draw(small, repeat="often")


def test_inputs_that_are_never_written_again_go_on_in_letters() -> None:
    parts = bpviz.draw(elman, repeat="never").picture.parts
    names = Counter(part.description for part in parts if part.detail == "input")
    assert set(names.values()) == {1}
    assert len([part for part in parts if part.detail == "continues"]) > len(
        [part for part in bpviz.draw(elman).picture.parts if part.detail == "continues"]
    )


def test_an_input_named_as_the_output_is_not_differentiated_by_itself() -> None:
    assert "∂x/∂x" not in bpviz.draw(residual, repeat="always").to_svg()
    assert "∂residual/∂x = " in bpviz.draw(residual, repeat="always").to_svg()


@pytest.mark.parametrize("format", ["svg", "dot", "tex"])
def test_the_frame_of_a_parted_group_is_open_there(format: str) -> None:
    def whole(x: float = 0.5) -> Any:
        def group(x: Any) -> Any:
            for _ in range(12):
                x = np.tanh(x)
            return x

        return group(x)

    drawing = bpviz.draw(whole, repeats="all")
    shapes = [part.elements[0] for part in drawing.picture.parts if part.kind == "frame"]
    assert [shape.open for shape in shapes if isinstance(shape, Shape)][:1] == ["right"]
    assert [shape.open for shape in shapes if isinstance(shape, Shape)][-1:] == ["left"]
    data = drawing.to_bytes(format).decode()
    if format == "svg":
        frames = [group for group in read_svg(data).iter(f"{SVG}g") if group.get("class") == "frame"]
        first, last = frames[0], frames[-1]
        assert not [*first.iter(f"{SVG}rect"), *last.iter(f"{SVG}rect")]
        line = first.findall(f"{SVG}path")[0].attrib["d"]
        # From the right along the top, round the left side, and back below.
        assert re.fullmatch(r"M[\d.,]+h-[\d.]+c[-\d., ]+v[\d.]+c[-\d., ]+h[\d.]+", line)
    elif format == "tex":
        assert data.count("\\draw[bpviz frame]") == len(shapes) + sum(s.open == "both" for s in shapes)  # type: ignore[union-attr]
    else:
        assert data.count("dashed") >= len(shapes)


def test_an_input_is_written_in_each_row_and_the_note_has_the_true_sum() -> None:
    flow = bpviz.backprop(recurrent)
    svg = bpviz.draw(flow, repeats="all").to_svg()
    notes = {
        name: (sum(map(float, re.findall(r"[−-]?[\d.]+", terms.replace(" ", "").replace("−", "-")))), float(total))
        for name, terms, total in re.findall(r">∂recurrent/∂(\w) = ([^=<]+) = ([^<]+)<", svg.replace("= −", "= -"))
    }
    assert set(notes) == {"u", "v", "b"}
    wires = [group for group in read_svg(svg).iter(f"{SVG}g") if group.get("class", "") == "wire"]
    for name, (added, total) in notes.items():
        value = {"u": 0.6, "v": 0.8, "b": 0.15}[name]
        h = 1e-6
        slope = (recurrent(**{name: value + h}) - recurrent(**{name: value - h})) / (2 * h)
        assert total == pytest.approx(slope, rel=2e-3)
        assert added == pytest.approx(slope, rel=5e-3)
        own = [dict(written(wire)) for wire in wires if wire.findtext(f"{SVG}title", "").startswith(f"{name} to ")]
        assert len(own) == 5
        assert sum(float(texts["backward value"].replace("−", "-")) for texts in own) == pytest.approx(added, abs=1e-3)
        assert {texts["forward value"] for texts in own} == {f"{value:g}"}


def test_a_value_used_twice_in_a_later_row_goes_there_once_and_branches_there() -> None:
    def squared(x: float = 1.2) -> Any:
        y = np.sin(np.cos(np.sin(np.cos(x))))
        return np.sin(np.cos(y * y))

    drawing = bpviz.draw(squared, width="8cm")
    assert paired(drawing.to_svg()) == len(letters(drawing.to_svg()))
    parts = {part.id: part for part in drawing.picture.parts}
    (dot,) = [part for part in drawing.picture.parts if part.detail == "branch"]
    (stem,) = [part for part in drawing.picture.parts if part.target == dot.id]
    assert parts[stem.source].detail == "continued"
    branches = [part for part in drawing.picture.parts if part.source == dot.id]
    assert len(branches) == 2
    assert all(parts[branch.target].detail == "operation" for branch in branches)


@pytest.mark.parametrize("seed", some(range(60)))
def test_random_figures_in_narrow_rows_do_not_collide(seed: int) -> None:
    figure = replace(random_figure(3 + seed * 37 // 59, seed), width=300.0)
    picture = lay_out(figure, LIGHT)
    assert not list(collisions(picture))
    linked = {part.id: part.link for part in picture.parts if part.link}
    assert all(linked[other] == one for one, other in linked.items())
    shown = {part.shows for part in picture.parts if part.kind == "node"}
    assert {box.id for box in figure.boxes if box.kind != "branch"} <= shown


@pytest.mark.parametrize("width", [300, 720])
def test_random_programs_read_true_in_rows(width: int) -> None:
    count = sums = 0
    for seed in some(range(4000, 4060), every=20):
        made = nested_program(seed)
        if made is None:
            continue
        drawing = bpviz.draw(made[0], width=width)
        if len(drawing.figure.boxes) > 160:
            continue
        svg = drawing.to_svg()
        count += paired(svg)
        sums += added_up(svg)
        if width == 720:
            assert page_width(svg) <= WIDER * 720, f"program {seed}:\n{made[1]}"
        wrong = [str(reading) for reading in readings(svg) if not reading.is_right]
        assert not wrong, f"program {seed}:\n{made[1]}\n{wrong}"
        assert not list(collisions(drawing.picture)), f"program {seed}:\n{made[1]}"
    assert count >= fewer(50, every=20)
    assert sums >= fewer(50, every=20)


def test_one_line_for_none_and_from_top_to_bottom() -> None:
    assert page_width(bpviz.draw(two_two_two, width="none").to_svg()) > 1500
    assert not letters(bpviz.draw(two_two_two, width="none").to_svg())
    assert not letters(bpviz.draw(two_two_two, direction="TB").to_svg())


def test_every_step_lights_both_pieces_of_a_parted_wire_and_every_copy_of_an_input() -> None:
    drawing = bpviz.draw(recurrent, repeats="all")
    whole = [part.id for part in drawing.picture.parts if part.kind == "wire"]
    parted = {id for id in whole if whole.count(id) > 1}
    assert parted
    copies = {part.of for part in drawing.picture.parts if part.of}
    assert copies
    for step, frame in zip(drawing.step_list, drawing.steps(), strict=True):
        strong = [part.id for part in frame.picture.parts if part.tone == "strong" and part.kind == "wire"]
        for id in parted & {*step.forward, *step.backward}:
            assert strong.count(id) == 2
        nodes = [part.of for part in frame.picture.parts if part.kind == "node" and part.tone == "strong"]
        for id in copies & set(step.boxes):
            assert nodes.count(id) == 5


def test_letters_are_lit_with_their_path() -> None:
    drawing = bpviz.draw(recurrent, path="x1", repeats="all")
    assert paired(drawing.to_svg()) == 5
    tones = {part.detail: part.tone for part in drawing.picture.parts if part.link}
    assert tones == {"continues": "strong", "continued": "strong"}
    # The last input reaches the output from its own row on: what comes before is in the background.
    later = [
        part.tone
        for part in bpviz.draw(recurrent, path="x5", repeats="all").picture.parts
        if part.detail == "continues"
    ]
    assert later == ["pale"] * 4 + ["strong"]


def test_old_and_new_numbers_stand_at_both_ends() -> None:
    drawing = bpviz.draw(recurrent, inputs={"u": 0.9}, before=bpviz.backprop(recurrent))
    svg = drawing.to_svg()
    assert paired(svg) >= 4
    texts = [text for ends, _ in letters(svg).values() for end in ends for kind, text in end.texts if "value" in kind]
    assert sum("→" in text for text in texts) >= 8


def test_the_breaks_of_a_recurrent_network_are_between_its_cells() -> None:
    def unrolled(x1: float = 0.4, x2: float = -0.2, x3: float = 0.7, u: float = 0.6, v: float = 0.8) -> Any:
        def cell(x: Any, h: Any) -> Any:
            return np.tanh(u * x + v * h)

        return cell(x3, cell(x2, cell(x1, 0.3)))

    picture = bpviz.draw(unrolled).picture
    titles = [part.description for part in picture.parts if part.kind == "frame"]
    assert titles == ["cell"] * 3
    assert len([part for part in picture.parts if part.detail == "continues"]) in (1, 2)


def test_a_letter_links_to_its_other_end() -> None:
    root = read_svg(bpviz.draw(recurrent, repeats="all").to_svg())
    groups = {group.get("id"): group for group in root.iter(f"{SVG}g")}
    links = [(group, link.attrib["href"]) for group in groups.values() for link in group.findall(f"{SVG}a")]
    assert links
    for group, href in links:
        other = groups[href.removeprefix("#")]
        assert other is not group
        assert other.findtext(f".//{SVG}text") == group.findtext(f".//{SVG}text")


LARGE_PNG = pytest.param("png", marks=[pytest.mark.thorough, pytest.mark.hosts])
"""A large picture is drawn in a child."""


@pytest.mark.parametrize("format", ["svg", "dot", "tex", "html", LARGE_PNG])
def test_every_format_of_the_picture_has_the_letters(format: str) -> None:
    data = bpviz.draw(recurrent, repeats="all").to_bytes(format)
    if format == "png":
        assert data.startswith(b"\x89PNG")
        return
    count = len(letters(bpviz.draw(recurrent, repeats="all").to_svg()))
    plain = re.sub(r"<[^>]*>|\\[a-z]+", " ", data.decode()) if format != "dot" else data.decode()
    for number in range(count):
        assert len(re.findall(rf"(?<![\w∂]){named(number)}(?!\w)", plain)) >= 2, (format, number)
        # Names are slanted, letters upright.
        assert format != "tex" or data.decode().count(rf"\mathrm{{{named(number)}}}") == 2


@pytest.mark.thorough
def test_a_gif_of_many_steps_is_small_enough_by_itself() -> None:
    pytest.importorskip("PIL")
    assert bpviz.draw(two_layers).to_bytes("gif").startswith(b"GIF")


def test_formats_of_the_graph_have_no_rows() -> None:
    wide, narrow = bpviz.draw(recurrent, width="none"), bpviz.draw(recurrent)
    assert wide.to_json() == narrow.to_json()
    assert [line for line in wide.to_bytes("mermaid").splitlines() if b"fingerprint" not in line] == [
        line for line in narrow.to_bytes("mermaid").splitlines() if b"fingerprint" not in line
    ]


def test_the_width_is_in_the_fingerprint_if_it_is_not_the_usual_one() -> None:
    drawing = bpviz.draw(recurrent)
    assert drawing.fingerprint() == bpviz.draw(recurrent, width="720pt").fingerprint()
    assert drawing.fingerprint() != bpviz.draw(recurrent, width="16cm").fingerprint()


def test_japanese_is_read_aloud() -> None:
    assert "行目" in bpviz.draw(recurrent, lang="ja").to_svg() or "段目" in bpviz.draw(recurrent, lang="ja").to_svg()


def test_lengths() -> None:
    assert points("1in") == points("72pt") == points(72) == pytest.approx(points("25.4mm"))
    assert points("column") == pytest.approx(238.11, abs=0.01)
    assert points(None) is None


@pytest.mark.parametrize("wrong", ["wide", "-3cm", "0", "3 miles", True, 0, float("nan"), [3]])
def test_a_wrong_width_is_refused(wrong: Any) -> None:
    with pytest.raises(UsageError, match="width must be a length such as 720pt, 16cm, 84mm or 6in"):
        bpviz.draw(recurrent, width=wrong)
