"""What a reader asks of a living figure: rules, chains and ways, in a real browser, with mouse and keyboard."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import autograd
import autograd.numpy as anp
import numpy as np
import pytest
from amounts import fewer
from devtools import Page, opened
from living_programs import case

import bpviz
from bpviz.analysis.chains import chain
from bpviz.analysis.influences import objective
from bpviz.documents.document import Paragraph
from bpviz.formulas.symbols import Symbols
from bpviz.text.notation import MATH
from bpviz.words.arithmetic import computed, pulled_back
from bpviz.words.chains import chain_blocks
from bpviz.words.numbers import Numerals

pytestmark = [pytest.mark.browser, pytest.mark.engine]

LIVE = "document.querySelector('figure').bpviz"


def total(price: float = 100, count: float = 2, tax: float = 1.1) -> float:
    subtotal = price * count
    return subtotal * tax + price


def neuron(w: float = 0.5, x: float = -1.5, b: float = 2.0) -> float:
    u = w * x + b
    return np.tanh(u) ** 2 + u


def layer(
    W: Any = np.array([[0.5, -0.25], [1.0, 2.0]]), x: Any = np.array([1.0, -2.0]), b: Any = np.array([0.1, 0.2])
) -> Any:
    h = np.tanh(W @ x + b)
    return np.sum(h * h + h)


def deciding(x: float = 2.0, y: float = 3.0) -> float:
    if x > 1:
        return x * y
    return x + y


@contextmanager
def living(tmp_path: Path, target: Any, **options: Any) -> Iterator[Page]:
    place = bpviz.draw(target, live=True, **options).save(tmp_path / "page.html")
    with opened(place) as page:
        yield page


def part(title: str) -> str:
    """Return an expression for the part with the description that begins so."""
    return (
        "[...document.querySelectorAll('svg.bpviz > g')]"
        f".find(g => g.querySelector('title')?.textContent.startsWith({json.dumps(title)}))"
    )


def click(page: Page, title: str) -> None:
    """Click the middle of the first thing that is drawn of a part."""
    x, y = page.run(
        f"(b => [b.x + b.width / 2, b.y + b.height / 2])({part(title)}.querySelector('text, circle').getBoundingClientRect())"
    )
    for kind in ("mousePressed", "mouseReleased"):
        page.ask("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)


def panel(page: Page) -> list[tuple[str, str]]:
    """Return the rows of the panel, the title first."""
    rows = page.run(
        "JSON.stringify([...document.querySelectorAll('.bpviz-panel:not([hidden]) :is(.bpviz-what, dt, dd)')].map(e => e.textContent))"
    )
    title, *rest = json.loads(rows) or [""]
    return [("", title), *zip(rest[::2], rest[1::2], strict=True)] if title else []


def lit(page: Page) -> list[str]:
    found: list[str] = page.run("[...document.querySelectorAll('.bpviz-lit > title')].map(t => t.textContent)")
    return found


def test_a_step_says_its_rule_in_numbers_its_formula_and_its_line(tmp_path: Path) -> None:
    first = total.__code__.co_firstlineno
    with living(tmp_path, total) as page:
        assert panel(page) == []
        click(page, "multiply, makes subtotal")
        assert panel(page) == [
            ("", "multiply, makes subtotal"),
            ("value", "subtotal = price·count = 100 × 2 = 200"),
            ("gradient", "price: count·tax = 1.1 × 2 = 2.2"),
            ("", "∂total/∂count = price·tax = 1.1 × 100 = 110"),
            ("rule", "Multiplies the gradient by the other input."),
            (f"line {first + 1}", "subtotal = price * count"),
        ]
        page.run(f"{LIVE}.set({{count: -3, tax: 1.25}})")
        assert panel(page)[1:4] == [
            ("value", "subtotal = price·count = 100 × (−3) = −300"),
            ("gradient", "price: count·tax = 1.25 × (−3) = −3.75"),
            ("", "∂total/∂count = price·tax = 1.25 × 100 = 125"),
        ]


def test_a_value_says_its_chain_and_the_share_of_each_path(tmp_path: Path) -> None:
    with living(tmp_path, total) as page:
        click(page, "input price")
        assert panel(page) == [
            ("", "price"),
            ("value", "price = 100"),
            ("gradient", "price reaches total along 2 paths; their shares add up."),
            (
                "",
                "price → subtotal → total: ∂subtotal/∂price · ∂total/∂subtotal = count · tax = 2 × 1.1 = 2.2",
            ),
            ("", "price → total: ∂total/∂price = 1"),
            ("", "∂total/∂price = 2.2 + 1 = 3.2"),
        ]
        assert page.run("document.querySelector('svg.bpviz').classList.contains('bpviz-lit-ways')")
        ways = " ".join(lit(page))
        assert "subtotal to ×" in ways and "output total" in ways and "tax" not in ways and "count" not in ways
        # The line of a path lights this path alone, for the mouse and for the keyboard.
        for number, inside in ((0, True), (1, False)):
            page.run(f"document.querySelectorAll('.bpviz-path')[{number}].focus()")
            ways = " ".join(lit(page))
            assert ("subtotal to ×" in ways) is inside and ("the branch to +" in ways) is not inside
            assert "price to the branch" in ways and "output total" in ways
        page.run("document.activeElement.blur()")
        assert "subtotal to ×" in " ".join(lit(page)) and "the branch to +" in " ".join(lit(page))
        page.run(f"{LIVE}.set({{count: 4, tax: -0.5}})")
        assert panel(page)[3:] == [
            (
                "",
                "price → subtotal → total: ∂subtotal/∂price · ∂total/∂subtotal = count · tax = 4 × (−0.5) = −2",
            ),
            ("", "price → total: ∂total/∂price = 1"),
            ("", "∂total/∂price = −2 + 1 = −1"),
        ]


@pytest.mark.parametrize("given", [{}, {"w": -0.75, "x": 2.5}, {"b": 0.0, "x": 0.0}])
def test_the_numbers_of_a_chain_are_those_of_autograd(given: dict[str, float], tmp_path: Path) -> None:
    def plain(w: float, x: float, b: float) -> Any:
        return anp.tanh(w * x + b) ** 2 + (w * x + b)

    values = {"w": 0.5, "x": -1.5, "b": 2.0, **given}
    slope = autograd.grad(plain, 0)(*values.values())
    u = values["w"] * values["x"] + values["b"]
    squared = 2 * np.tanh(u) * (1 - np.tanh(u) ** 2)
    with living(tmp_path, neuron, precision=6) as page:
        page.run(f"{LIVE}.set({json.dumps(given)})")
        click(page, "input w")
        rows = [text for _, text in panel(page)]
        number = Numerals(6).number
        assert rows[-1] == f"∂neuron/∂w = {sum_of(squared * values['x'], values['x'])} = {number(slope)}"
        assert [row.rpartition(" = ")[2] for row in rows[3:-1]] == [
            number(squared * values["x"]),
            number(values["x"]),
        ]


def sum_of(*terms: float) -> str:
    return Numerals(6).added(terms)


def test_arrays_have_their_shares_too(tmp_path: Path) -> None:
    with living(tmp_path, layer) as page:
        page.run(f"{LIVE}.set({{b: [0.25, 1.5]}})")
        click(page, "input b")
        h = np.tanh(np.array([1.25, -1.5]))
        inner = 1 - h * h
        shares = [h * inner, h * inner, inner]
        rows = [text for _, text in panel(page)]
        assert "b reaches layer along 3 paths; their shares add up." in rows

        def text(x: Any) -> str:
            return "[" + ", ".join(map(Numerals().number, x)) + "]"

        assert f"b → h → × → layer: {text(shares[0])}   (2 times)" in rows
        assert f"b → h → layer: {text(shares[2])}" in rows
        assert rows[-1] == f"db = their sum = {text(sum(shares))}"


def softmax(x: Any = np.array([0.0, 1.0, 2.0])) -> Any:
    e = np.exp(x)
    p = e / np.sum(e)
    return p[0]


def test_paths_through_the_same_values_are_told_apart(tmp_path: Path) -> None:
    # By the step where they part, in the panel as in words; p0 = e0/Σe: by e0 1/Σe, by the sum −e0/Σe², each times e.
    e = np.exp([0.0, 1.0, 2.0])
    whole = float(np.sum(e))
    shares = {"x → e → p → softmax": [1 / whole, 0, 0], "x → e → Σ → p → softmax": -e / whole**2}
    words = str(bpviz.explain(softmax))
    with living(tmp_path, softmax) as page:
        click(page, "input x")
        rows = [text for _, text in panel(page)]
        for route, share in shares.items():
            line = f"{route}: [{', '.join(map(Numerals().number, share))}]"
            assert line in rows
            assert line in words


def twice(x: Any = np.array([[1.0, 2.0], [3.0, 4.0]])) -> Any:
    return np.sum((x @ x) @ np.array([1.0, -1.0]))


def test_paths_into_both_sides_of_one_step_have_numbers() -> None:
    # The gradient of x·x is g = [1, −1; 1, −1]: g·xᵀ for the left x, xᵀ·g for the right one.
    lines = [line.strip() for line in str(bpviz.explain(twice)).splitlines()]
    assert "x → twice (1): [−1, −1; −1, −1]" in lines
    assert "x → twice (2): [4, −4; 6, −6]" in lines


def test_names_in_sentences_are_set_as_in_formulas(tmp_path: Path) -> None:
    with living(tmp_path, layer) as page:
        click(page, "input b")
        found = page.run(
            "[...document.querySelectorAll('.bpviz-panel dd')].map(e => [e.textContent, [...e.querySelectorAll('i')].map(i => i.textContent)])"
        )
        italic = {text.split(" = ")[0]: names for text, names in found}
        assert italic["b reaches layer along 3 paths; their shares add up."] == ["b"]
        assert italic["db"][:1] == ["db"]
        page.run(f"{part('tanh')}.dispatchEvent(new MouseEvent('click', {{bubbles: true}}))")
        assert page.run("[...document.querySelectorAll('.bpviz-what i')].map(i => i.textContent)") == ["h"]


def farthest(x: Any = np.array([0.5, 2.0, 1.0]), w: Any = np.array([1.0, 3.0, 2.0])) -> Any:
    return np.sum((x * x)[np.argmax(w)] * w)


def test_shares_follow_a_position_that_an_order_gave(tmp_path: Path) -> None:
    with living(tmp_path, farthest) as page:
        click(page, "input x")
        assert any("[0, 24, 0]" in text for _, text in panel(page))
        page.run(f"{LIVE}.set({{w: [1, 3, 4]}})")
        assert any("[0, 0, 16]" in text for _, text in panel(page))


def test_names_are_set_as_in_the_figure(tmp_path: Path) -> None:
    def f(w0: float = 2.0, W_hid: float = 3.0) -> float:
        z1 = w0 * W_hid
        return z1

    inside = "document.querySelector('.bpviz-panel dd').innerHTML"
    with living(tmp_path, f) as page:
        click(page, "multiply, makes z1")
        assert page.run(inside) == "<i>z</i>₁ = <i>w</i>₀·<i>W</i><sub>hid</sub> = 2 × 3 = 6"
        page.run(f"{LIVE}.set({{w0: -1}})")
        assert page.run(inside) == "<i>z</i>₁ = <i>w</i>₀·<i>W</i><sub>hid</sub> = (−1) × 3 = −3"
    with living(tmp_path, f, notation="code") as page:
        click(page, "multiply, makes z1")
        assert page.run(inside) == "z1 = w0·W_hid = 2 × 3 = 6"


def test_a_hover_lights_the_way_to_the_output(tmp_path: Path) -> None:
    over = "[...document.querySelectorAll('.bpviz-over > title')].map(t => t.textContent)"
    with living(tmp_path, total) as page:
        x, y = page.run(
            f"(b => [b.x + b.width / 2, b.y + b.height / 2])({part('input tax')}.querySelector('text').getBoundingClientRect())"
        )
        page.ask("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
        found = page.run(over)
        assert [title for title in found if "to" in title.split()] == [
            "tax to ×: value 1.1, gradient 200",
            "× to +: value 220, gradient 1",
            "+ to total: value 320, gradient 1",
        ]
        assert panel(page) == []
        page.ask("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y + 400)
        assert page.run(over) == []


def test_the_keyboard_asks_and_escape_closes(tmp_path: Path) -> None:
    with living(tmp_path, total) as page:
        page.run(f"{part('multiply, makes subtotal')}.focus()")
        page.press("Enter")
        assert panel(page)[0] == ("", "multiply, makes subtotal")
        heard = "document.querySelector('.bpviz-heard').textContent"
        assert page.run(heard).startswith("multiply, makes subtotal: subtotal = price·count = 100 × 2 = 200")
        spoken = page.spoken()
        assert ("button", "multiply, makes subtotal") in spoken and ("region", "multiply, makes subtotal") in spoken
        assert ("button", "Close") in spoken
        # The panel follows the focus; the arrows lead on.
        page.press("ArrowRight")
        assert panel(page)[0] == ("", "subtotal")
        assert page.run("document.activeElement.getAttribute('aria-pressed')") == "true"
        page.press("Escape")
        assert panel(page) == []
        assert page.run("document.querySelectorAll('.bpviz-lit').length") == 0


def test_asking_does_not_disturb_editing(tmp_path: Path) -> None:
    with living(tmp_path, total) as page:
        click(page, "input count")
        page.run("document.querySelector('[aria-label=tax]').focus()")
        assert panel(page)[0] == ("", "tax")
        page.press("ArrowRight")
        assert page.run(f"{LIVE}.value('tax')") == 1.2
        assert panel(page)[1] == ("value", "tax = 1.2")
        page.press("Enter")
        assert page.run("document.activeElement.className") == "bpviz-field"
        page.press("Escape")
        assert panel(page)[0] == ("", "tax")
        page.press("Escape")
        assert panel(page) == []


def test_numbers_of_another_branch_are_struck_out_in_the_panel(tmp_path: Path) -> None:
    with living(tmp_path, deciding) as page:
        click(page, "multiply")
        struck = "getComputedStyle(document.querySelector('.bpviz-vary')).textDecorationLine"
        assert page.run(struck) == "none"
        page.run(f"{LIVE}.set({{x: 0.5}})")
        assert page.run(struck) == "line-through"


def test_a_number_that_is_hidden_is_not_in_the_panel(tmp_path: Path) -> None:
    with living(tmp_path, total, styles={"subtotal": {"hide": True}}) as page:
        click(page, "multiply, makes subtotal")
        assert "200" not in str(panel(page)[1:3]) and "100 × 2" in panel(page)[1][1]
        click(page, "multiply")
        assert not re.search(r"\d", panel(page)[1][1].rpartition(" = ")[0])
        # Link by link, a slope would be the number.
        click(page, "input tax")
        assert panel(page)[2:] == [("gradient", "∂total/∂tax = subtotal = 200")]


def test_the_panel_and_what_is_asked_are_both_seen(tmp_path: Path) -> None:
    def tall(x: float = 0.5) -> Any:
        for _ in range(14):
            x = np.tanh(x * 1.5 + 0.1)
        return x

    inside = "(b => b.top >= -1 && b.bottom <= innerHeight + 1)"
    with living(tmp_path, tall, repeats="all") as page:
        page.ask("Emulation.setDeviceMetricsOverride", width=700, height=500, deviceScaleFactor=1, mobile=False)
        svg = "document.querySelector('svg.bpviz').getBoundingClientRect()"
        assert page.run(f"{svg}.height") > 500
        for number in (0, 9, 27):
            step = f"document.querySelectorAll('g.operation')[{number}]"
            page.run(f"{step}.scrollIntoView()")
            page.run(f"{step}.dispatchEvent(new MouseEvent('click', {{bubbles: true}}))")
            assert page.run(f"{inside}(document.querySelector('.bpviz-panel').getBoundingClientRect())")
            assert page.run(f"{inside}({step}.getBoundingClientRect())")
            # The panel is below the figure, not over it.
            frame = "document.querySelector('.bpviz-picture').getBoundingClientRect()"
            assert page.run(f"{frame}.bottom <= document.querySelector('.bpviz-panel').getBoundingClientRect().top")
            page.press("Escape")
        assert page.run(f"{frame}.height === {svg}.height")


def test_on_a_phone_what_is_asked_is_seen_and_the_panel_begins_in_the_window(tmp_path: Path) -> None:
    def chain(x: float = 0.5, w: float = 0.75) -> float:
        for _ in range(8):
            x = np.tanh(w * x + 0.5 * x)
        return x

    with living(tmp_path, chain) as page:
        page.ask("Emulation.setDeviceMetricsOverride", width=390, height=700, deviceScaleFactor=1, mobile=False)
        page.run("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        click(page, "multiply")
        seen = "(box => [box.top, box.left, box.right])"
        top, left, right = page.run(f"{seen}({part('multiply')}.getBoundingClientRect())")
        assert top > -1 and left > -1 and right < 391
        assert page.run(f"{seen}(document.querySelector('.bpviz-panel').getBoundingClientRect())")[0] < 650


def test_other_languages(tmp_path: Path) -> None:
    with living(tmp_path, total, lang="ja") as page:
        page.run(f"{part('入力 price')}.dispatchEvent(new MouseEvent('click', {{bubbles: true}}))")
        assert dict(panel(page))["値"] == "price = 100"


def test_a_private_character_in_a_name_is_no_number(tmp_path: Path) -> None:
    graph = bpviz.Graph("f")
    x = graph.input("\U00100000", 2.0)
    graph.output(x * x, "y")
    with living(tmp_path, graph) as page:
        assert page.run("document.querySelector('.bpviz-panel')") is None
        assert page.run(f"{LIVE}.value('y')") == 4


def test_names_become_no_markup_in_the_panel(tmp_path: Path) -> None:
    hostile = "</script><img src=x onerror=window.ran=1>"
    graph = bpviz.Graph(hostile)
    x, y = graph.input(hostile, 2.0), graph.input("__proto__", 3.0)
    graph.output(x * y, "constructor")
    with living(tmp_path, graph) as page:
        for title in (f"input {hostile}", "multiply", "output constructor"):
            page.run(f"{part(title)}.dispatchEvent(new MouseEvent('click', {{bubbles: true}}))")
            assert panel(page)
        assert f"constructor = ({hostile})·__proto__ = 2 × 3 = 6" in panel(page)[1][1]
        assert page.run("window.ran") is None and page.run("document.querySelectorAll('img').length") == 0


def test_arithmetic_is_written_in_one_place() -> None:
    # By hand.
    assert computed(bpviz.ops.OPERATIONS["subtract"], ["1", "−2"], {}) == "1 − (−2)"
    assert pulled_back(1.1, 2.0, 2.2, Numerals()) == "1.1 × 2 = 2.2"


class AsInTheFigure(Numerals):
    """Names among words are set as those in formulas."""

    def name(self, text: str) -> str:
        return MATH.plain(text)


def test_chains_of_random_programs_are_those_of_explain_with_the_same_inputs(tmp_path: Path) -> None:
    compared = 0
    for seed in range(fewer(60)):
        title, flow, (given, *_) = case(seed)
        with living(tmp_path, flow) as page:
            page.run(f"{LIVE}.set({json.dumps({name: np.asarray(x).tolist() for name, x in given.items()})})")
            after = bpviz.propagate(flow.graph, given)
            symbols = Symbols(after)
            for name in flow.graph.inputs:
                page.run(f"{part(f'input {name}')}?.dispatchEvent(new MouseEvent('click', {{bubbles: true}}))")
                rows = [text for _, text in panel(page)]
                found = chain(after, symbols, after.find(name), most=6)
                if rows[:1] != [name] or not 0 < found.count <= 6:
                    continue
                expected = []
                for block in chain_blocks(found, objective(after).symbol, numerals=AsInTheFigure(), d="∂"):
                    expected += [block.text] if isinstance(block, Paragraph) else block.lines
                assert rows[2:] == [MATH.plain(line) for line in expected], title
                compared += 1
    assert compared > 10
