"""The looks that authors give to single values, read in finished files of every format."""

from __future__ import annotations

import pickle
import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from click.testing import CliRunner
from overlaps import collisions
from pixels import pixels
from svg_reader import read_svg

import bpviz
from bpviz.cli import main
from bpviz.errors import BpvizWarning, UsageError
from bpviz.graph.archive import loaded

SVG = "{http://www.w3.org/2000/svg}"
BLUE, GREEN = "#0072B2", "#008000"


def model(x: float = 0.5, w: float = 2.0, b: float = 0.25) -> object:
    h = x * w
    return np.tanh(h + b) * h


def styled(x: float = 0.5, w: float = 2.0, b: float = 0.25) -> object:
    h = bpviz.style(x * w, color=BLUE, note="hidden state")
    return np.tanh(h + bpviz.style(b, hide=True)) * h


STYLES = {"h": {"color": BLUE, "note": "hidden state"}, "b": {"hide": True}}


class Read:
    """The parts of a picture, by what is read aloud; each has its class, its colours and its texts."""

    def __init__(self, svg: str) -> None:
        self.root = read_svg(svg)
        self.parts = [(g.findtext(f"{SVG}title") or "", g) for g in self.root.iter(f"{SVG}g")]

    def part(self, start: str) -> ElementTree.Element:
        (found,) = (group for title, group in self.parts if title.startswith(start))
        return found

    def colours(self, start: str, kind: str) -> set[str]:
        """The colours of lines, heads and texts of this class."""
        found = (e for e in self.part(start).iter() if kind in e.get("class", "").split())
        return {colour for e in found for colour in (e.get("stroke"), e.get("fill")) if colour not in (None, "none")}

    def texts(self, start: str) -> list[str]:
        return [text.text or "" for text in self.part(start).iter(f"{SVG}text")]


def test_a_colour_is_that_of_the_circle_the_name_and_the_forward_arrow_alone() -> None:
    read = Read(bpviz.draw(model, styles=STYLES).to_svg())
    plain = Read(bpviz.draw(model).to_svg())
    assert read.colours("multiply, makes h", "shape") == {BLUE, "#FFFFFF"}
    assert read.colours("multiply, makes h", "symbol") == {BLUE}
    for wire in ("h to the branch", "the branch to +", "the branch to ×"):
        assert read.colours(wire, "forward") == {BLUE}
        # Gradients keep their colour, which tells the direction.
        assert read.colours(wire, "backward") == plain.colours(wire, "backward") == {"#B84A00"}
    for other in ("x to ×", "w to ×", "+ to tanh"):
        assert read.colours(other, "forward") == {"#1A1A1A"}
    # The output is the product of this and something else.
    assert BLUE not in ElementTree.tostring(read.part("output model"), encoding="unicode")


def test_an_input_and_the_output_in_colour() -> None:
    read = Read(bpviz.draw(model, styles={"x": {"color": "#080"}, "model": {"color": BLUE}}).to_svg())
    assert read.colours("input x", "name") == read.colours("x to ×", "forward") == {GREEN.replace("8000", "8800")}
    assert read.colours("output model", "name") == {BLUE}


def test_a_note_stands_above_the_number_where_the_value_appears() -> None:
    drawing = bpviz.draw(model, styles=STYLES)
    read = Read(drawing.to_svg())
    texts = {text.text: float(text.get("y", "")) for text in read.part("h to the branch").iter(f"{SVG}text")}
    assert set(texts) >= {"hidden state", "h", "1"}
    assert texts["hidden state"] < texts["1"] - 10
    shown = [text.text for text in read.root.iter(f"{SVG}text")]
    assert shown.count("hidden state") == 1
    assert not list(collisions(drawing.picture))


def test_a_long_note_has_several_lines_and_nothing_collides() -> None:
    note = "what the network remembers of everything that it has read so far"
    for direction in ("LR", "TB", "RL", "BT"):
        drawing = bpviz.draw(model, styles={"h": {"note": note}, "x": {"note": "read"}}, direction=direction)
        words = " ".join(text.text or "" for text in Read(drawing.to_svg()).part("h to the").iter(f"{SVG}text"))
        assert note in words
        assert not list(collisions(drawing.picture))


def test_hiding_leaves_out_numbers_and_nothing_else() -> None:
    read, plain = (Read(bpviz.draw(model, **options).to_svg()) for options in ({"styles": STYLES}, {}))
    assert read.texts("b to +") == [] and len(plain.texts("b to +")) == 2
    heads = [e.get("class") for e in read.part("b to +").iter() if "head" in e.get("class", "")]
    assert sorted(heads) == ["head backward", "head forward"]
    # Not read aloud either; all other parts say what they said.
    assert [title for title, _ in read.parts if title.startswith("b to +")] == ["b to +"]
    assert "b 0." not in (read.root.findtext(f"{SVG}desc") or "")
    assert "b 0." in (plain.root.findtext(f"{SVG}desc") or "")
    others = {title for title, _ in plain.parts} - {title for title, _ in read.parts}
    assert all(title.startswith(("b to +", "h to the branch")) for title in others)


def test_a_hidden_output_and_a_hidden_value_with_a_sum() -> None:
    def squared(x: float = 3.0) -> float:
        return x * x + x

    svg = bpviz.draw(squared, styles={"squared": {"hide": True}, "x": {"hide": True}}).to_svg()
    words = re.sub(r"<[^>]*>", " ", svg.replace("<title>", "").replace("</title>", " "))
    numbers = set(re.findall(r"(?<![\w.#-])\d+(?![\w.])", words))
    # 9 is x·x, 1 the gradient of all that leads to the output alone.
    assert numbers <= {"9", "1"}
    assert "12" in bpviz.draw(squared).to_svg() and "7" in bpviz.draw(squared).to_svg()


def test_hidden_numbers_are_in_no_sentence_of_a_step_and_in_no_row_of_the_table() -> None:
    def total(price: float = 137.0, count: float = 2.5, tax: float = 1.25) -> float:
        subtotal = price * count
        return subtotal * tax + subtotal

    styles = {"price": {"hide": True}, "subtotal": {"hide": True}}
    drawing, plain = bpviz.draw(total, styles=styles), bpviz.draw(total)
    sentences = [step.sentence for step in drawing.step_list]
    assert len(sentences) == len(plain.step_list)
    assert sentences[0] == "Inputs: price, count = 2.5, tax = 1.25"
    assert sentences[1] == "× : subtotal = price × 2.5"
    assert all(sentence and not sentence.endswith(("= ", ": ", ", ")) for sentence in sentences)
    # 137 is the price, 342.5 the subtotal, 5.625 the gradient of the price, 2.25 that of the subtotal.
    for hidden in ("137", "5.625", "2.25"):
        assert not any(re.search(rf"\b{re.escape(hidden)}\b", sentence) for sentence in sentences)
        assert any(hidden in step.sentence for step in plain.step_list)
    # The gradient of the tax is the subtotal; it is shown as what it is, without the arithmetic.
    assert "× : ∂total/∂tax = 342.5" in sentences and "× : ∂total/∂count = 308.2" in sentences
    rows = re.findall(r"<tr>.*?</tr>", drawing.to_bytes("html").decode(), re.DOTALL)
    names = {re.sub(r"<[^>]*>", " ", row).split()[0] for row in rows[1:]}
    assert names == {"count", "tax", "total"}
    assert "5.625" not in drawing.to_bytes("html").decode()
    assert not {"137", "5.625", "2.25"} & set(re.findall(r">([\d.]+)<", bpviz.draw(drawing, labels="rules").to_svg()))


def test_the_model_the_options_and_the_command_line_give_one_figure(tmp_path: Path) -> None:
    expected = bpviz.draw(model, styles=STYLES).to_svg()
    assert bpviz.draw(styled, names={"styled": "model"}).figure.boxes == bpviz.draw(model, styles=STYLES).figure.boxes
    file = tmp_path / "m.py"
    file.write_text(
        "import numpy as np\n\ndef model(x=0.5, w=2.0, b=0.25):\n    h = x * w\n    return np.tanh(h + b) * h\n",
        encoding="utf-8",
    )
    words = [f"--style=h:color={BLUE}", "--style", "h:note=hidden state", "--style", "b:hide"]
    result = CliRunner().invoke(main, ["render", str(file), "-o", "-", *words])
    assert not result.exit_code, result.output
    assert result.stdout == expected
    theme = tmp_path / "mine.toml"
    theme.write_text(
        f'[styles.h]\ncolor = "{BLUE}"\nnote = "hidden state"\n[styles.b]\nhide = true\n[styles.unknown]\nhide = true\n',
        encoding="utf-8",
    )
    result = CliRunner().invoke(main, ["render", str(file), "-o", "-", "--theme", str(theme)])
    assert not result.exit_code, result.output
    strip = re.compile(r'bpviz-fingerprint="[^"]*"|bpviz-[0-9a-f]{8}')
    assert strip.sub("", result.stdout) == strip.sub("", expected)


def test_options_win_against_the_model_and_the_model_against_the_theme(tmp_path: Path) -> None:
    theme = tmp_path / "mine.toml"
    theme.write_text('[styles.h]\ncolor = "#008000"\n[styles.x]\ncolor = "#008000"\n', encoding="utf-8")
    read = Read(bpviz.draw(styled, theme=str(theme)).to_svg())
    assert read.colours("x to ×", "forward") == {GREEN} and read.colours("h to the branch", "forward") == {BLUE}
    styles = {"h": {"color": GREEN}, "b": {"hide": False}}
    read = Read(bpviz.draw(styled, styles=styles).to_svg())
    assert read.colours("h to the branch", "forward") == {GREEN}
    # What an option does not say stays.
    assert "hidden state" in read.texts("h to the branch") and len(read.texts("b to +")) == 2


def test_plain_values_come_back_unchanged() -> None:
    array = np.ones(3)
    assert bpviz.style(array, color=BLUE) is array and bpviz.style(3, note="three") == 3
    assert styled() == model()  # type: ignore[comparison-overlap]


def test_a_name_that_several_values_have_means_all_of_them() -> None:
    def loop(h: float = 0.5, w: float = 0.7) -> object:
        for _ in range(3):
            h = np.tanh(w * h)
        return h * 2

    figure = bpviz.draw(loop, styles={"h": {"color": BLUE}}).figure
    assert [box.text for box in figure.boxes if box.color] == ["h", "tanh", "tanh", "tanh"]


def test_elements_have_the_look_of_their_array() -> None:
    def layer(x: object = np.array([1.0, 2.0]), W: object = np.array([[1.0, 2.0], [3.0, 4.0]])) -> object:
        h = bpviz.style(x @ W, color=BLUE, note="hidden")  # type: ignore[operator]
        return np.sum(h)

    figure = bpviz.draw(layer, elements=True, styles={"W": {"color": GREEN}, "W[0,1]": {"hide": True}}).figure
    assert [box.text for box in figure.boxes if box.color == GREEN] == ["w₀₀", "w₀₁", "w₁₀", "w₁₁"]
    assert sum(box.color == BLUE for box in figure.boxes) == 2
    hidden = [wire for wire in figure.wires if wire.source.startswith("n") and wire.forward and not wire.forward.label]
    assert len(hidden) == 1


def test_elements_beside_their_array() -> None:
    def layer(x: object = np.array([1.0, 2.0]), W: object = np.array([[1.0, 2.0], [3.0, 4.0]])) -> object:
        return np.sum(x @ W)  # type: ignore[operator]

    styles = {"W": {"color": GREEN}, "W[0,1]": {"color": BLUE}}
    page = bpviz.draw(layer, elements=True, beside=True, styles=styles).figure
    assert [box.text for box in page.boxes if box.color == GREEN] == ["W", "w₀₀", "w₁₀", "w₁₁"]
    assert [box.text for box in page.boxes if box.color == BLUE] == ["w₀₁"]


def test_old_and_new_numbers_are_hidden_together(tmp_path: Path) -> None:
    file = tmp_path / "m.py"
    file.write_text("def total(price=100.0, tax=1.1):\n    return price * tax\n", encoding="utf-8")
    words = ["--what-if", "tax=1.2", "--style", "tax:hide", "--style", f"price:color={BLUE}"]
    result = CliRunner().invoke(main, ["render", str(file), "-o", "-", *words])
    assert not result.exit_code, result.output
    read = Read(result.stdout)
    assert read.texts("tax to ×") == [] and read.texts("price to ×") == ["100", "1.1 → 1.2"]
    assert read.colours("price to ×", "forward") == {BLUE}


@pytest.mark.parametrize("labels", ["values", "symbols", "rules", "none", "shapes"])
@pytest.mark.parametrize("show", ["both", "forward", "backward"])
def test_with_all_labels_and_passes(labels: str, show: str) -> None:
    drawing = bpviz.draw(styled, labels=labels, show=show, width="none")
    read = Read(drawing.to_svg())
    assert read.texts("b to +") == []
    assert "hidden state" in read.texts("h to the branch")
    heads = {e.get("class") for e in read.part("h to the branch").iter() if "head" in e.get("class", "")}
    assert heads == {"head backward"} - ({"head backward"} if show == "forward" else set())
    assert not list(collisions(drawing.picture))


def test_styles_are_kept_in_files_and_pickles() -> None:
    flow = bpviz.backprop(styled)
    expected = bpviz.draw(flow).to_svg()
    assert bpviz.draw(loaded(bpviz.draw(flow).to_json())).to_svg() == expected
    assert bpviz.draw(pickle.loads(pickle.dumps(flow))).to_svg() == expected
    inside = bpviz.draw(lambda x=0.5: bpviz.style(bpviz.nn.sigmoid(x), color=BLUE), open="sigmoid")
    assert any(box.color == BLUE for box in inside.figure.boxes)


# The other formats


@pytest.mark.thorough
def test_png_has_the_colour_and_other_formats_name_it() -> None:
    drawing = bpviz.draw(styled)
    blue = (0, 0x72, 0xB2, 0xFF)
    assert (pixels(drawing.to_png()) == blue).all(axis=2).any()
    assert not (pixels(bpviz.draw(model).to_png()) == blue).all(axis=2).any()
    assert drawing.to_dot().count(BLUE) > 5 and 'label="hidden state"' in drawing.to_dot()
    html = drawing.to_bytes("html").decode()
    assert BLUE in html and "hidden state" in html
    moving = bpviz.draw(styled, animate=True).to_svg()
    assert BLUE in moving and "hidden state" in moving


def test_mermaid() -> None:
    lines = bpviz.draw(styled).to_bytes("mmd").decode().splitlines()
    wires = [line for line in lines if "-->" in line]
    coloured = [int(found[1]) for line in lines if (found := re.match(rf" *linkStyle (\d+) stroke:{BLUE}", line))]
    assert len(coloured) == 3 and "hidden state<br>h = 1" in wires[coloured[0]]
    (multiply,) = (re.match(r" *(\w+) ", wires[coloured[0]])[1],)  # type: ignore[index]
    assert f"    style {multiply} stroke:{BLUE},color:{BLUE}" in lines
    # The hidden input has a wire without numbers.
    assert sum(not re.search(r'"', wire) for wire in wires) == 1


@pytest.mark.latex("figure")
def test_tikz_compiles(tmp_path: Path) -> None:
    import subprocess

    bpviz.draw(styled).save(tmp_path / "figure.tex")
    source = (tmp_path / "figure.tex").read_text(encoding="utf-8")
    assert r"\bpvizcolor{forward-0072B2}{0072B2}" in source
    run = subprocess.run(["pdflatex", "-interaction=batchmode", "figure.tex"], cwd=tmp_path, timeout=60)
    assert run.returncode == 0
    words = subprocess.run(["pdftotext", "figure.pdf", "-"], cwd=tmp_path, capture_output=True, check=True).stdout
    assert b"hidden state" in words


def test_a_colour_that_is_hard_to_read_is_reported() -> None:
    # By WCAG's formula 2.2:1 on white, and 1.2:1 on the dark page.
    for color, theme in (("#E69F00", "light"), ("#222266", "dark"), ("#222266", "auto")):
        with pytest.warns(BpvizWarning, match=f"text in {color} is hard to read"):
            bpviz.draw(model, styles={"h": {"color": color}}, theme=theme).to_svg()


def test_a_colour_that_is_easy_to_read_is_not_reported(recwarn: pytest.WarningsRecorder) -> None:
    for theme in ("light", "dark", "auto"):
        bpviz.draw(model, styles={"h": {"color": BLUE}}, theme=theme).to_svg()
    assert not recwarn.list


# Wrong styles


@pytest.mark.parametrize(
    ("styles", "message"),
    [
        ({"hh": {"hide": True}}, "styles: the graph has no value named 'hh'; did you mean 'h'?"),
        ({"h": {"colour": BLUE}}, "the style of 'h' has an unknown key 'colour'; did you mean 'color'?"),
        ({"h": {"color": "red"}}, "the color of the style of 'h' must be written as #RRGGBB, such as #0072B2, but got 'red'"),
        ({"h": {"note": 3}}, "the note of the style of 'h' must be a text, but got 3"),
        ({"h": {"hide": "yes"}}, "the hide of the style of 'h' must be True or False, but got 'yes'"),
        ({"h": BLUE}, "the style of 'h' must be a dict such as {'color': '#0072B2', 'note': 'hidden'}, but got '#0072B2'"),
        ({3: {"hide": True}}, "styles are given by names of values, such as {'h': {'hide': True}}, but got 3"),
        (["h:hid"], "a style is given as h:color=#0072B2, 'h:note=hidden state' or h:hide, but got 'h:hid'; did you mean 'hide'?"),
        (["h:hide=1"], "but got 'h:hide=1'; hide stands alone"),
        (["h:note"], "but got 'h:note'; note needs a value"),
        (["h"], "but got 'h'; the keys are color, note, hide"),
    ],
)  # fmt: skip
def test_wrong_styles(styles: object, message: str) -> None:
    with pytest.raises(UsageError, match=re.escape(message)):
        bpviz.draw(model, styles=styles).to_svg()


def test_wrong_styles_in_the_model_and_in_a_theme(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=re.escape("bpviz.style(h, color='#0072B2', note='hidden')")):
        bpviz.style(3.0)
    with pytest.raises(UsageError, match=r"the color of bpviz\.style must be written as #RRGGBB"):
        bpviz.style(3.0, color="blue")
    theme = tmp_path / "wrong.toml"
    for text, message in (
        ('[styles.h]\ncolor = "blue"\n', "has a wrong style: the color of the style of 'h' must be written as #RRGGBB"),
        ('[styles]\nh = "blue"\n', "has a wrong style: the style of 'h' must be a dict"),
        ('styles = "blue"\n', "a table is expected for each value: [styles.h]"),
    ):
        theme.write_text(text, encoding="utf-8")
        with pytest.raises(UsageError, match=re.escape(message)):
            bpviz.draw(model, theme=str(theme)).to_svg()


def test_the_name_is_public() -> None:
    assert "style" in bpviz.__all__ and "style" in dir(bpviz)
