"""The figure of a training, read in finished files: every step's numbers, one layout, one size."""

from __future__ import annotations

import pickle
import random
import re
from collections.abc import Iterator
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from amounts import some
from devtools import Page, opened
from random_graphs import random_function, random_matrix_function
from svg_reader import read_svg

import bpviz
from bpviz.errors import UsageError
from bpviz.hosts.inline import inlined

NS = "{http://www.w3.org/2000/svg}"
STEPS = 6


def loss(w: float = 0.0) -> float:
    return (w - 3) ** 2


def expected(step: int) -> list[str]:
    """What the wires of the parabola's figure show after a step: by hand, to four digits, in the signs of the figure."""
    aside = -3 * 0.8**step
    numbers = (3 + aside, aside, aside**2, 2 * aside, 2 * aside, 1.0)
    return sorted(f"{number:.4g}".replace("-", "−") for number in numbers)


def texts(svg: str, kind: str) -> list[ElementTree.Element]:
    return [text for text in read_svg(svg).iter(f"{NS}text") if kind in str(text.get("class"))]


def still(svg: str) -> list[tuple[str | None, ...]]:
    """Everything that is drawn, but texts and the dot on the curve: in the order of painting."""
    root = read_svg(svg)
    found = [root.get("viewBox")]
    for element in root.iter():
        tag = element.tag.removeprefix(NS)
        if tag in ("path", "rect") or (tag == "circle" and float(element.get("r", "9")) > 5):
            found.append(str(sorted(element.attrib.items())))
    return [(entry,) for entry in found]


@pytest.fixture(scope="module")
def found() -> bpviz.Descent:
    return bpviz.descend(loss, rate=0.1, steps=STEPS)


def test_every_frame_has_its_numbers_and_the_layout_of_all(found: bpviz.Descent) -> None:
    frames = [drawing.to_svg() for drawing in found.draw(title="Down").steps()]
    assert len(frames) == STEPS + 1
    for step, frame in enumerate(frames):
        assert sorted(text.text or "" for text in texts(frame, "value")) == expected(step)
        assert still(frame) == still(frames[0])
    # The names, too, are where they were.
    names = [[(t.text, t.get("x"), t.get("y")) for t in texts(frame, "name")[:2]] for frame in frames]
    assert names == [names[0]] * len(frames)


def test_no_number_leaves_its_place_or_touches_another(found: bpviz.Descent) -> None:
    for drawing in found.draw().steps():
        parts = drawing.picture.parts
        shapes = [e for p in parts for e in p.elements if type(e).__name__ == "Shape" and e.kind == "circle"]
        shown = [e for p in parts if p.kind == "wire" for e in p.elements if type(e).__name__ == "Text"]
        for text in shown:
            for shape in shapes:
                assert abs(text.x - shape.x) >= (text.width + shape.width) / 2


def test_the_dot_goes_down_the_curve(found: bpviz.Descent) -> None:
    frames = [read_svg(drawing.to_svg()) for drawing in found.draw().steps()]
    dots = [[c for c in frame.iter(f"{NS}circle") if float(c.get("r", "9")) < 5] for frame in frames]
    assert all(len(dot) == 1 for dot in dots)
    x = np.array([float(dot[0].get("cx", "")) for dot in dots])
    y = np.array([float(dot[0].get("cy", "")) for dot in dots])
    np.testing.assert_allclose(np.diff(x), np.diff(x)[0], atol=0.02)
    losses = 9 * 0.64 ** np.arange(STEPS + 1)
    # A loss twice as far from the last one is twice as high.
    np.testing.assert_allclose((y[-1] - y) / (y[-1] - y[0]), (losses - losses[-1]) / (9 - losses[-1]), atol=1e-3)
    # The curve goes through all of them.
    bar = max((str(p.get("d")) for p in frames[0].iter(f"{NS}path") if p.get("class") == "bracket"), key=len)
    numbers = [float(number) for number in re.findall(r"-?[\d.]+", bar)]
    jumps = np.reshape(numbers, (-1, 2))
    np.testing.assert_allclose(np.cumsum(jumps, axis=0), np.stack([x, y], axis=1), atol=0.05)


def test_the_sentences_have_the_arithmetic(found: bpviz.Descent) -> None:
    sentences = [step.sentence for step in found.draw().step_list]
    assert sentences[:3] == [
        "Start: loss = 9; w = 0, ∂loss/∂w = −6",
        "Step 1 of 6: loss = 5.76; w = 0 − 0.1 × (−6) = 0.6, ∂loss/∂w = −4.8",
        "Step 2 of 6: loss = 3.686; w = 0.6 − 0.1 × (−4.8) = 1.08, ∂loss/∂w = −3.84",
    ]
    # A step that was left out has no arithmetic with the next one.
    assert found[::3].draw().step_list[1].sentence.startswith("Step 3 of 6: loss = 2.359; w = 1.464, ∂")


def visible(page: Page) -> list[str]:
    """The texts in the picture that a reader of the page sees now."""
    script = """(() => {
        const seen = e => { for (; e instanceof Element; e = e.parentNode)
            if (getComputedStyle(e).opacity < 0.5) return false; return true; };
        return [...document.querySelectorAll(":is(.forward, .backward, .constant) > text")].filter(seen).map(t => t.textContent);
    })()"""
    return sorted(page.run(script))


@pytest.fixture(scope="module")
def moving(tmp_path_factory: pytest.TempPathFactory, found: bpviz.Descent) -> Iterator[Page]:
    file = found.draw(animate=True).save(tmp_path_factory.mktemp("descent") / "loss.svg")
    with opened(file) as page:
        yield page


@pytest.mark.browser
def test_svg_that_moves_shows_one_step_at_a_time(moving: Page) -> None:
    moving.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-reduced-motion", "value": "no-preference"}])
    for step in range(STEPS + 1):
        seconds = 1.5 * step + 0.9
        moving.run(f"document.getAnimations().forEach(a => {{ a.pause(); a.currentTime = {seconds * 1000} }})")
        assert visible(moving) == expected(step)
    moving.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-reduced-motion", "value": "reduce"}])
    assert visible(moving) == expected(STEPS)


@pytest.mark.browser
def test_html_walks_through_the_steps(tmp_path: Path, found: bpviz.Descent) -> None:
    with opened(found.draw().save(tmp_path / "loss.html")) as page:
        for step in range(STEPS + 1):
            page.run(f"document.querySelectorAll('input')[{step}].click()")
            page.run("Promise.all(document.getAnimations().map(a => a.finished))")
            page.run(f"document.querySelector('defs > g').style.setProperty('--k', {step})")
            assert visible(page) == expected(step)
            shown = "[...document.querySelectorAll('.bpviz-stage p')].filter(p => p.offsetParent).map(p => p.innerText)"
            (sentence,) = page.run(shown)
            assert sentence == found.draw().step_list[step].sentence
            assert sentence.startswith("Start:" if step == 0 else f"Step {step} of {STEPS}:")
        sizes = "[...document.querySelectorAll('.bpviz-picture > svg')].map(s => s.getAttribute('viewBox'))"
        assert len(set(page.run(sizes))) == 1


@pytest.mark.thorough
@pytest.mark.parametrize("format", ["gif", "apng", "webp"])
def test_pixels_of_every_step(format: str, tmp_path: Path, found: bpviz.Descent) -> None:
    image = pytest.importorskip("PIL.Image", reason="Pillow is not installed: pip install 'bpviz[animate]'")
    drawing = found.draw(scale=1)
    file = drawing.save(tmp_path / f"loss.{format}")
    stills = [np.asarray(image.open(BytesIO(data)).convert("L"), float) for data in drawing.to_frames("png")]
    with image.open(file) as film:
        assert film.n_frames == STEPS + 1
        for step, still_one in enumerate(stills):
            film.seek(step)
            shown = np.asarray(film.convert("L"), float)
            assert shown.shape == still_one.shape
            distances = [np.abs(shown - other).mean() for other in stills]
            assert distances.index(min(distances)) == step
            assert min(distances) < 1.0


def test_what_does_not_move_is_the_last_step(found: bpviz.Descent) -> None:
    drawing = found.draw()
    svg = drawing.to_svg()
    assert sorted(text.text or "" for text in texts(svg, "value")) == expected(STEPS)
    last = drawing.step_list[-1].sentence
    assert last in " ".join("".join(text.itertext()) for text in texts(svg, "name"))
    assert "loss goes from 9 to 0.6185" in svg
    assert "2.214" in drawing.to_dot()
    assert "2.214" in drawing.to_bytes("tex").decode()
    assert "2.214" in drawing.to_bytes("mmd").decode()
    with pytest.raises(UsageError, match="JSON holds one graph"):
        drawing.to_json()


@pytest.mark.engine
def test_pdf(found: bpviz.Descent) -> None:
    assert found.draw().to_pdf().startswith(b"%PDF")


@pytest.mark.parametrize("format", ["svg", "html", pytest.param("gif", marks=pytest.mark.thorough)])
def test_a_file_knows_whether_it_is_up_to_date(format: str, found: bpviz.Descent) -> None:
    drawing, other = found.draw(), bpviz.descend(loss, rate=0.11, steps=STEPS).draw()
    data = drawing.to_bytes(format)
    assert drawing.is_shown_by(data, format)
    assert not other.is_shown_by(data, format)


def test_a_part_of_a_training_is_another_figure(found: bpviz.Descent) -> None:
    # Their last pictures are alike, not their curves.
    assert found.draw().fingerprint("svg") != found[3:].draw().fingerprint("svg")


def test_a_loop_of_the_user_s_own() -> None:
    flows, w, speed = [], 0.0, 0.0
    for _ in range(5):
        flows.append(bpviz.backprop(loss, w))
        speed = 0.5 * speed - 0.1 * flows[-1].grad("w")
        w += speed
    one, other = bpviz.draw(flows), bpviz.draw(flows[0], steps=flows)
    assert one.to_bytes("html") == other.to_bytes("html")
    assert [step.sentence for step in one.step_list][:3] == [
        "Start: loss = 9; w = 0, ∂loss/∂w = −6",
        "Step 1 of 4: loss = 5.76; w = 0.6, ∂loss/∂w = −4.8",
        "Step 2 of 4: loss = 2.624; w = 1.38, ∂loss/∂w = −3.24",
    ]
    assert bpviz.draw(flows[2:3]).step_list[0].sentence.startswith("Start: loss = 2.624")
    assert bpviz.draw(flows[0].graph, steps=flows, animate=True).to_svg().count("@keyframes") == 5


def test_steps_that_differ_are_refused_by_their_number() -> None:
    def bent(w: float = 2.0) -> float:
        if w > 1:
            return w * w
        return 3 * w

    found = bpviz.descend(bent, rate=0.1, steps=5)
    # 2, 1.6, 1.28, 1.024, 0.8192: from step 4 on it is the other branch.
    with pytest.raises(
        UsageError, match=r"^step 4 .*unlike step 0, .* steps\[:4\] \(--descend 3\), or the rest"
    ) as caught:
        found.draw()
    assert "\n" not in str(caught.value)
    assert len(found[:4].draw().steps()) == 4
    assert found[4:].draw().step_list[0].sentence.startswith("Step 4 of 5: bent = 2.458; w = 0.8192, ∂")
    flows = [bpviz.backprop(loss, 1.0), bpviz.backprop(lambda w: (w - 3) ** 4 * 2, 1.0)]
    with pytest.raises(UsageError, match="step 1 "):
        bpviz.draw(flows)
    with pytest.raises(UsageError, match=r"step 0 .* unlike what is drawn"):
        bpviz.draw(bpviz.backprop(bent), steps=flows[:1])
    with pytest.raises(UsageError, match="step 1 shows '×4' in place of '×3'"):
        bpviz.draw([bpviz.backprop(f, 1.0) for f in (lambda w: w * 3, lambda w: w * 4)])


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: bpviz.draw([]), "steps has no flows"),
        (lambda: bpviz.draw([1.0]), "steps takes flows, as bpviz.backprop returns them, but number 0 is 1.0"),  # type: ignore[list-item]
        (lambda: bpviz.draw(bpviz.backprop(loss), steps="all"), "steps is True, or the flows of a training"),
        (lambda: bpviz.draw(loss, steps=[bpviz.backprop(loss)]), r"give the first of them, draw\(flows\[0\], …\)"),
        (lambda: bpviz.draw([bpviz.backprop(lambda w: w * 2, np.ones(2))]), r"number 0 has shape \(2,\)"),
        (lambda: bpviz.descend(loss).draw(inputs={"w": 1.0}), "a training has its own numbers"),
        (lambda: bpviz.descend(loss)[:0].draw(), "the training has no steps"),
    ],
)
def test_wrong_use_is_refused_in_a_sentence(call: Any, words: str) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        call()
    assert "\n" not in str(caught.value)


def network(x: Any, t: Any, w1: Any, b1: Any, w2: Any, b2: Any) -> Any:
    hidden = np.tanh(x @ w1 + b1)
    y = hidden @ w2 + b2
    return np.mean((y - t) ** 2)


@pytest.mark.parametrize(
    "options",
    some(
        [
            {},
            {"width": "none"},
            {"width": "column"},
            {"direction": "TB"},
            {"labels": "rules"},
            {"labels": "symbols"},
            {"show": "forward"},
            {"depth": 0},
            {"elements": "w2[0,0]"},
            {"grad": "w2"},
            {"path": "w1"},
            {"theme": "auto", "lang": "ja"},
            {"engine": "bundled"},
        ],
        every=4,
    ),
    ids=str,
)
def test_a_network_keeps_its_layout_in_every_step(options: dict[str, Any]) -> None:
    if options.get("engine"):
        pytest.importorskip("pygraphviz")
    rng = np.random.default_rng(3)
    data = [rng.normal(size=shape) * 0.7 for shape in ((4, 2), (4, 1), (2, 3), (3,), (3, 1), (1,))]
    drawing = bpviz.descend(network, *data, rate=2.0, steps=4, freeze="x,t").draw(**options)
    frames = [one.to_svg() for one in drawing.steps()]
    assert len(set(frames)) == 5
    shapes = [still_shapes(frame) for frame in frames]
    assert shapes == [shapes[0]] * 5
    assert drawing.picture.width == drawing.moving_picture.width


def still_shapes(svg: str) -> list[str]:
    """The size of the page, all boxes and circles, and every line of an arrow."""
    root = read_svg(svg)
    found = [str(root.get("viewBox"))]
    for element in root.iter():
        kind = str(element.get("class"))
        if "shape" in kind and float(element.get("r", "9")) > 5:
            found.append(str(sorted(element.attrib.items())))
        if element.tag == f"{NS}path" and set(kind.split()) & {"forward", "backward", "constant"}:
            found.append(str(element.get("d")))
    return found


def test_large_arrays_are_heat_maps_in_every_step() -> None:
    rng = np.random.default_rng(1)
    found = bpviz.descend(lambda w: np.sum(w * w), rng.normal(size=(6, 8)), rate=0.6, steps=3)
    frames = [one.to_svg() for one in found.draw().steps()]
    cells = [len([e for e in read_svg(f).iter(f"{NS}rect") if "cell" in str(e.get("class"))]) for f in frames]
    assert cells == [cells[0]] * 4
    assert cells[0] >= 48


def test_a_drawing_of_a_training_is_drawn_again_with_other_options(found: bpviz.Descent) -> None:
    drawing = found.draw(title="one")
    again = bpviz.draw(drawing, precision=2, names={"w": "weight"})
    assert (
        again.step_list[2].sentence
        == "Step 2 of 6: loss = 3.7; weight = 0.6 − 0.1 × (−4.8) = 1.1, ∂loss/∂weight = −3.8"
    )
    assert again.options.circuit.title == "one"
    assert repr(again) == "<drawing of 7 steps of training: 4 boxes>"


def test_documents_and_notebooks_keep_it(found: bpviz.Descent) -> None:
    drawing = found.draw()
    for piece in (inlined(drawing), inlined(drawing, alt="down"), drawing.to_fragment(), inlined(drawing.as_shown())):
        shown = re.findall(r">([−0-9.]+)</text>", piece)
        assert all(number in shown for step in range(STEPS + 1) for number in expected(step))
    assert list(drawing._repr_mimebundle_()) == ["text/plain", "text/html"]
    shown = pickle.loads(pickle.dumps(drawing.as_shown()))
    assert shown.to_bytes("html") == drawing.to_bytes("html")
    assert pickle.loads(pickle.dumps(found)).losses == found.losses


def test_a_step_with_a_note_says_it() -> None:
    # At 1.6·10¹⁵⁵ Python's own square raises an error, where NumPy's is infinite.
    found = bpviz.descend(loss, rate=10.0, steps=200)
    sentences = [step.sentence for step in found.draw().step_list]
    assert len(sentences) == found.numbers[-1] + 1 < 201
    assert sentences[-1].startswith(f"Step {found.numbers[-1]} of 200: loss = ∞; w = ")
    assert "OverflowError" in sentences[-1]
    assert "OverflowError" not in "".join(sentences[:-1])
    frame = found.draw().to_svg()
    assert [text.text for text in texts(frame, "value")].count("∞") == 1


@pytest.mark.thorough
@pytest.mark.parametrize("seed", some(range(60)))
def test_random_programs_descend_in_one_layout(seed: int) -> None:
    rng = random.Random(seed)
    function, arguments = (random_function if seed % 2 else random_matrix_function)(rng, rng.randint(3, 25))
    found = bpviz.descend(function, *arguments, rate=1e-3, steps=3)
    for before, now in pairwise(found):
        for name in found.learned:
            np.testing.assert_allclose(now.value(name), before.value(name) - 1e-3 * before.grad(name), rtol=1e-12)
    for flow in found:
        given = [flow.value(name) for name in found[0].graph.inputs]
        assert float(function(*given)) == pytest.approx(float(flow.output), rel=1e-9, nan_ok=True)
    frames = [one.to_svg() for one in found.draw().steps()]
    shapes = [still_shapes(frame) for frame in frames]
    assert shapes == [shapes[0]] * len(frames)
    # In every step the same is written at the wires as in a figure of its own; but heat maps have one scale.
    for flow, step in zip(found, found.draw(width="none").steps(), strict=True):
        own, shown = (texts(svg, "value") for svg in (bpviz.draw(flow, width="none").to_svg(), step.to_svg()))
        lines = (
            sorted(line for text in found if not (line := "".join(text.itertext())).startswith("±"))
            for found in (shown, own)
        )
        assert next(lines) == next(lines)
