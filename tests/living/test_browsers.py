"""The living figure in Chromium and in Firefox: its numbers, its inputs by every device, what it may and may not do."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from amounts import fewer
from autograd import grad
from browsers import BROWSERS, BrowserPage, Open, middle
from living_programs import case, program, reference

import bpviz

pytestmark = pytest.mark.engine

LIVE = "document.querySelector('figure.bpviz-figure').bpviz"
ON_ONE_PAGE = 20


def total(price: float = 100, count: float = 2, tax: float = 1.1) -> float:
    subtotal = price * count
    return subtotal * tax


def layer(W: Any = np.array([[0.5, -0.25], [1.0, 2.0]]), b: Any = np.array([0.1, 0.2])) -> Any:
    return np.sum(np.tanh(W @ np.array([1.0, -2.0]) + b))


def fragment(target: Any) -> str:
    """The figure of a living page, with its data and script."""
    page = bpviz.draw(target, live=True).to_bytes("html").decode()
    (found,) = re.findall(r"<figure.*?</figure>", page, re.DOTALL)
    return str(found)


def together(fragments: list[str]) -> str:
    return f'<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>Figures</title>{"".join(fragments)}</html>'


# Numbers

STATES = """(edits => JSON.stringify([...document.querySelectorAll('figure.bpviz-figure')].map(({bpviz}, i) => {
  const {names, changes} = edits[i];
  const state = () => Object.fromEntries(names.map(name => [name, [bpviz.value(name), bpviz.gradient(name)]]));
  const states = [state()];
  for (const change of changes) {
    bpviz.set(change);
    states.push(state());
  }
  bpviz.reset();
  return [...states, state()];
}), (key, x) => typeof x === 'number' && !Number.isFinite(x) ? String(x) : x))"""


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Path, list[tuple[int, Any]]]]:
    """Random programs, and pages with some of them each."""
    cases = [(seed, case(seed)) for seed in range(fewer(200))]
    folder = tmp_path_factory.mktemp("pages")
    pages = []
    for at in range(0, len(cases), ON_ONE_PAGE):
        some = cases[at : at + ON_ONE_PAGE]
        place = folder / f"{at}.html"
        place.write_text(together([fragment(flow) for _, (_, flow, _) in some]), encoding="utf-8")
        pages.append((place, some))
    return pages


@pytest.mark.parametrize("opened", BROWSERS)
def test_random_programs_and_edits_have_the_numbers_of_the_plain_function_and_of_autograd(
    programs: list[tuple[Path, list[tuple[int, Any]]]], opened: Open
) -> None:
    compared = 0
    with opened("about:blank") as page:
        for place, some in programs:
            page.go(place.as_uri())
            asked = [{"names": names(flow), "changes": list(map(plain, edits))} for _, (_, flow, edits) in some]
            found = json.loads(page.run(f"{STATES}({json.dumps(asked)})"))
            for (seed, (title, flow, edits)), states in zip(some, found, strict=True):
                given = {name: flow.value(name) for name in flow.graph.inputs}
                stages = [given]
                for edit in edits:
                    stages.append({**stages[-1], **edit})
                assert states[0] == states[-1], title
                for stage, state in zip(stages, states, strict=False):
                    compared += check(title, seed, flow, stage, state)
    assert compared > 30 * sum(len(some) for _, some in programs)


def names(flow: bpviz.Flow) -> list[str]:
    """The values that lead to the output."""
    return [flow.graph.names[i] for i in flow.graph.ancestors([flow.output_index])]


def plain(given: dict[str, Any]) -> dict[str, Any]:
    return {name: np.asarray(value).tolist() for name, value in given.items()}


def check(title: str, seed: int, flow: bpviz.Flow, given: dict[str, Any], state: dict[str, Any]) -> int:
    """Compare all numbers of a figure with `bpviz.propagate`, the function itself, and HIPS autograd."""
    near = {"rel": 1e-9, "abs": 1e-12, "nan_ok": True}
    expected = bpviz.propagate(flow.graph, given)
    for name, (value, gradient) in state.items():
        index = flow.graph.find(name)
        assert np.array(value, float) == pytest.approx(np.asarray(expected.values[index], float), **near), (title, name)
        reached = expected.gradients[index]
        wanted = np.zeros(np.shape(value)) if reached is None else np.asarray(reached, float)
        assert np.array(gradient, float) == pytest.approx(wanted, **near), (title, name)
    _, function, first, _ = program(seed)
    own, output = {name: given[name] for name in first}, flow.graph.names[flow.output_index]
    assert state[output][0] == pytest.approx(float(function(**own)), **near), title
    by_autograd = grad(lambda values: reference(seed)(**values))(own)
    for name, gradient in by_autograd.items():
        assert np.array(state[name][1], float) == pytest.approx(np.asarray(gradient), **near), (title, name)
    return 2 * len(state)


# Hands


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return bpviz.draw(total, live=True).save(tmp_path / "page.html")


@pytest.mark.parametrize("opened", BROWSERS)
def test_a_mouse_a_finger_and_the_keyboard_edit(place: Path, opened: Open) -> None:
    # A browser may pass on what a device does a moment later.
    with opened(place) as page:
        at = middle(page, "[aria-label=tax]")
        for kind in ("mouse", "touch"):
            page.drag(*at, 50, kind)
            assert page.comes_to(f"{LIVE}.value('tax')", 2.1), kind
            assert page.run(f"{LIVE}.value('total')") == pytest.approx(420), kind
            page.run(f"{LIVE}.reset()")
        page.drag(*at, -25, shift=True)
        assert page.comes_to(f"{LIVE}.value('tax')", 1.05)
        # Without a move it is a click: a field opens.
        for kind, number in (("mouse", -4.5), ("touch", 0.25)):
            page.drag(*at, 0, kind)
            assert page.comes_to("document.activeElement.className", "bpviz-field"), kind
            page.type(str(number))
            page.press("Enter")
            assert page.comes_to(f"{LIVE}.value('tax')", number), kind
        assert page.run("document.activeElement.getAttribute('aria-label')") == "tax"
        for key, number in (("ArrowUp", 0.26), ("ArrowLeft", 0.25), ("Home", 1.1)):
            page.press(key)
            assert page.comes_to(f"{LIVE}.value('tax')", number), key
        page.type("7")
        assert page.comes_to("document.querySelector('.bpviz-field')?.value", "7")
        page.press("Escape")
        assert page.comes_to("document.querySelector('.bpviz-field')", None)
        assert page.run(f"{LIVE}.value('tax')") == 1.1


@pytest.mark.parametrize("opened", BROWSERS)
def test_tab_leads_from_number_to_number(tmp_path: Path, opened: Open) -> None:
    place = bpviz.draw(layer, live=True).save(tmp_path / "page.html")
    with opened(place) as page:
        found = []
        for _ in range(40):
            page.press("Tab")
            if page.run("document.activeElement.matches('.bpviz-handle')"):
                found.append(page.run("document.activeElement.getAttribute('aria-label')"))
            if len(found) == 6:
                break
        assert sorted(found) == ["W[0,0]", "W[0,1]", "W[1,0]", "W[1,1]", "b[0]", "b[1]"]


@pytest.mark.parametrize("opened", BROWSERS)
def test_what_is_read_aloud(place: Path, opened: Open) -> None:
    with opened(place) as page:
        inputs = page.heard(".bpviz-handle")
        assert inputs == [("spinbutton", "price"), ("spinbutton", "count"), ("spinbutton", "tax")]
        assert ("button", "Reset") in page.heard("figure button")
        assert "Computation graph of total: total = 220" in page.heard("svg.bpviz")[0][1] + page.run(
            "document.querySelector('figcaption').textContent"
        )
        page.run(f"{LIVE}.set({{tax: 1.2}})")
        said = page.run("[...document.querySelectorAll('[aria-live], [role=status]')].map(e => e.textContent)")
        assert any(text.startswith("tax = 1.2: total = 240") for text in said)
        assert page.run("document.querySelector('[aria-label=tax]').getAttribute('aria-valuetext')") == "1.2"


@pytest.mark.parametrize("opened", BROWSERS)
@pytest.mark.parametrize("alone", [False, True])
def test_the_title_of_a_page_follows(tmp_path: Path, opened: Open, alone: bool) -> None:
    place = bpviz.draw(total, live=True, figure_only=alone).save(tmp_path / "page.html")
    with opened(place) as page:
        assert page.run("document.title").startswith("Computation graph of total: total = 220;")
        page.run(f"{LIVE}.set({{tax: 1.2}})")
        assert page.run("document.title").startswith("Computation graph of total: total = 240;")


@pytest.mark.parametrize("opened", BROWSERS)
def test_the_address_sets_the_inputs(place: Path, opened: Open) -> None:
    with opened(f"{place.resolve().as_uri()}#tax=1.2&x=alert(1)") as page:
        assert page.run(f"{LIVE}.value('total')") == 240
        page.run(f"{LIVE}.set({{count: 3}})")
        assert page.comes_to("location.hash", "#count=3&tax=1.2")


# Rules

WATCH = "<script>window.blocked = []; addEventListener('securitypolicyviolation', e => blocked.push(e.violatedDirective))</script>"


@pytest.mark.parametrize("opened", BROWSERS)
@pytest.mark.parametrize("options", [{}, {"figure_only": True}, {"lang": "ja"}])
def test_nothing_is_blocked_by_the_strictest_policy(tmp_path: Path, opened: Open, options: dict[str, Any]) -> None:
    text = bpviz.draw(layer, live=True, theme="auto", **options).to_bytes("html").decode()
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', text)
    assert policy.startswith("default-src 'none'; ") and "unsafe" not in policy and "http" not in policy
    assert not re.search(r'\sstyle="', text) and not re.search(r"<[^>]*\son\w+=", text.partition("<script")[0])
    # What stands before the policy may watch from the first byte on.
    place = tmp_path / "page.html"
    place.write_text(text.replace("<head>", f"<head>{WATCH}", 1), encoding="utf-8")
    with opened(place) as page:
        page.run(f"{LIVE}.set({{b: [1, 2]}})")
        page.run("document.querySelector('.bpviz-handle').focus()")
        page.press("ArrowUp")
        page.press("Enter")
        assert page.run("document.querySelector('.bpviz-field').getBoundingClientRect().width") > 40
        page.press("Escape")
        page.run(f"{LIVE}.reset()")
        assert page.run("blocked") == []
        assert page.run("performance.getEntriesByType('resource').length") == 0
        # The policy does hold.
        page.run("void document.body.append(Object.assign(document.createElement('script'), {text: 'window.ran = 1'}))")
        assert page.comes_to("[window.ran ?? 0, blocked.length > 0]", [0, True])


@pytest.mark.parametrize("opened", BROWSERS)
def test_two_figures_on_one_page_do_not_disturb_each_other(tmp_path: Path, opened: Open) -> None:
    place = tmp_path / "page.html"
    place.write_text(together([fragment(total), fragment(layer), fragment(total)]), encoding="utf-8")
    figure = "document.querySelectorAll('figure')[{}]"
    with opened(place) as page:
        page.run(f"{figure.format(2)}.bpviz.set({{tax: 1.2}})")
        page.run(f"{figure.format(1)}.bpviz.set({{b: [0, 0]}})")
        at = page.run(
            f"(b => [b.x + b.width / 2, b.y + b.height / 2])({figure.format(0)}.querySelector('[aria-label=price]')"
            ".getBoundingClientRect())"
        )
        page.drag(*at, 25)
        totals = [page.run(f"{figure.format(i)}.bpviz.value('total')") for i in (0, 2)]
        assert totals == pytest.approx([(100 + 5 * 10) * 2 * 1.1, 240])
        shown = [page.run(f"[...{figure.format(i)}.querySelectorAll('text')].map(t => t.textContent)") for i in (0, 2)]
        assert "330" in shown[0] and "240" in shown[1] and "240" not in shown[0]
        # An address can be of one figure only.
        assert page.run("location.hash") == ""


HOSTILE = (
    "</script><img src=x onerror=window.ran=1>",
    "<!--<script>",
    '"]);window.ran=1;//',
    "'+(window.ran=1)+'",
    "${window.ran=1}",
    "__proto__",
    "constructor",
    "v[0]",
    "a{color:red}</style>",
    "\u2028window.ran=1",
)


@pytest.mark.parametrize("opened", BROWSERS)
def test_hostile_names_do_nothing(tmp_path: Path, opened: Open) -> None:
    graph = bpviz.Graph(HOSTILE[0])
    values = [graph.input(name, float(i + 2)) for i, name in enumerate(HOSTILE)]
    product = values[0]
    for value in values[1:]:
        product = product * value
    graph.output(product, "toString")
    drawing = bpviz.draw(graph, live=True, title=HOSTILE[0])
    place = drawing.save(tmp_path / "page.html")
    with opened(place) as page:
        untouched(page)
        for i, name in enumerate(HOSTILE):
            assert page.run(f"{LIVE}.value({json.dumps(name)})") == i + 2.0
            page.run(f"{LIVE}.set(JSON.parse({json.dumps(json.dumps({name: 1}))}))")
        assert page.run(f"{LIVE}.value('toString')") == 1
        page.go("about:blank")
        page.go(f"{place.resolve().as_uri()}#{'&'.join(f'{name}=window.ran=1' for name in HOSTILE)}")
        untouched(page)


def untouched(page: BrowserPage) -> None:
    seen = (
        "[window.ran ?? 0, document.querySelectorAll('img').length, document.querySelectorAll('figure script').length]"
    )
    assert page.run(seen) == [0, 0, 2]
    assert page.run("Object.keys(Object.prototype).length") == 0
