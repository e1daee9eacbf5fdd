"""All that a page can do, in random order: it never gets out of step, and its address says where it is."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from amounts import fewer
from devtools import Page, opened

import bpviz
from bpviz import nn

pytestmark = [pytest.mark.browser, pytest.mark.engine]


def inner(a: Any, w: Any) -> Any:
    return np.tanh(a * w)


def outer(a: Any, w: Any, b: Any) -> Any:
    return inner(a, w) * b + inner(a, b)


def deciding(x: float = 0.5, w: float = -1.2, b: float = 2.0) -> Any:
    h = outer(x, w, b)
    if h > -5:
        return h * h + x
    return h


def repeated(x: float = 0.3, w: float = 0.9) -> Any:
    for _ in range(8):
        x = inner(x, w)
    return x


def classes(x: Any = np.array([0.3, 2.9, 4.0]), t: Any = np.array([0.0, 0.0, 1.0])) -> Any:
    return nn.softmax_cross_entropy(x, t)


LOOKS = """JSON.stringify((figure => ({
  texts: [...figure.querySelectorAll('svg.bpviz text')].filter(t => t.textContent).map(t => {
    const shown = element => !element.matches('svg *') || (getComputedStyle(element).opacity > 0.15 && shown(element.parentNode));
    return [t.textContent, t.getAttribute('x'), t.style.fontSize, t.closest('.bpviz-stale') !== null, shown(t)].join(' ');
  }),
  titles: [...figure.querySelectorAll('svg.bpviz title')].map(t => t.textContent),
  words: [...figure.querySelectorAll('desc, figcaption, .bpviz-sentence')].map(e => e.textContent),
  table: [...document.querySelectorAll('article td')].map(t => t.textContent),
  rings: figure.querySelectorAll('.bpviz-odd').length,
  lit: figure.querySelectorAll('.bpviz-lit').length,
  reset: figure.querySelector('.bpviz-bar button:disabled') !== null,
}))(document.querySelector('figure')))"""

ACT = """(([kind, r, s]) => {
  const figure = document.querySelector('figure'), {bpviz} = figure, every = selector => [...figure.querySelectorAll(selector)];
  const any = list => list[Math.floor(r * list.length)];
  const press = (element, key) => element?.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true, cancelable: true}));
  const click = element => element?.dispatchEvent(new MouseEvent('click', {bubbles: true, cancelable: true}));
  const button = (...names) => every('button').find(e => names.includes(e.textContent) && !e.hidden);
  const moved = (x, by) => Array.isArray(x) ? x.map(one => moved(one, by)) : by(x);
  const edit = by => { const name = any(bpviz.inputs); bpviz.set({[name]: moved(bpviz.value(name), by)}); };
  ({
    key: () => press(any(every('.bpviz-handle')), s < 0.5 ? 'ArrowUp' : 'PageDown'),
    set: () => edit(x => x + 3 * (s - 0.5)),
    odd: () => edit(() => [1e300, Infinity, NaN, -1e9, 1e-9][Math.floor(5 * s)]),
    reset: () => bpviz.reset(),
    fold: () => click(any(every('.bpviz-fold'))),
    drawn: () => click(button('As drawn')),
    ask: () => click(any(every('svg.bpviz > .bpviz-ask'))?.querySelector('circle, path')),
    escape: () => press(document.body, 'Escape'),
    hold: () => click(button('Hold', 'Let go')),
    step: () => press(document.body, s < 0.6 ? 'ArrowRight' : 'ArrowLeft'),
    guess: () => figure.querySelector('input[type=checkbox]').click(),
    play: () => click(button('Play', 'Pause')),
    learn: () => click(button('One step')),
    address: () => { location.hash = r < 0.3 ? 'chapter' : `${bpviz.inputs[0]}=${s}&step=2`; },
  })[kind]();
})"""

# The address does not say what is held, asked, guessed or played.
REST = """(figure => {
  const pressed = name => [...figure.querySelectorAll('button')].find(e => e.textContent === name)?.click();
  ['Pause', 'Let go'].forEach(pressed);
  const guess = figure.querySelector('input[type=checkbox]'), panel = figure.querySelector('.bpviz-panel');
  if (guess.checked) guess.click();
  if (!panel.hidden) panel.querySelector('button').click();
  document.activeElement.blur();
  return new Promise(done => setTimeout(done, 400));
})(document.querySelector('figure'))"""

START = """(figure => {
  figure.bpviz.reset();
  const drawn = [...figure.querySelectorAll('button')].find(e => e.textContent === 'As drawn' && !e.hidden);
  drawn?.click();
  document.activeElement.blur();
  document.body.dispatchEvent(new KeyboardEvent('keydown', {key: 'Escape', bubbles: true, cancelable: true}));
})(document.querySelector('figure'))"""

KINDS = [
    "key",
    "set",
    "set",
    "odd",
    "reset",
    "fold",
    "fold",
    "fold",
    "drawn",
    "ask",
    "ask",
    "ask",
    "escape",
    "hold",
    "step",
    "step",
    "guess",
    "play",
    "learn",
    "address",
]


def looks(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(page.run(LOOKS))
    return found


@pytest.mark.parametrize("function", [deciding, repeated, classes])
def test_random_actions_lead_nowhere_but_to_what_the_address_says(function: Any, tmp_path: Path) -> None:
    options = {"depth": 1} if function is classes else {}
    address = bpviz.draw(function, live=True, **options).save(tmp_path / "page.html").as_uri()
    with opened("about:blank") as page:
        page.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-reduced-motion", "value": "reduce"}])
        caught = "window.faults = []; addEventListener('error', event => faults.push(event.message))"
        page.ask("Page.addScriptToEvaluateOnNewDocument", source=caught)
        for seed in range(fewer(40)):
            rng = random.Random(f"{function.__name__} {seed}")
            acts = [(rng.choice(KINDS), rng.random(), rng.random()) for _ in range(rng.randint(3, 14))]
            page.go("about:blank")
            page.go(address)
            drawn = looks(page)
            for act in acts:
                page.run(f"{ACT}({json.dumps(act)})")
            page.run(REST)
            assert page.run("faults") == [], acts
            reached, state = looks(page), page.run("location.hash")
            if state == "#chapter":
                continue
            page.go("about:blank")
            page.go(address + state)
            assert looks(page) == reached, (acts, state)
            page.run(START)
            assert looks(page) == drawn, (acts, state)


def test_the_address_holds_numbers_of_every_size(tmp_path: Path) -> None:
    def function(x: Any = np.array([1.0, 2.0, 3.0]), y: float = 0.5) -> Any:
        return np.sum(x) * y

    place = bpviz.draw(function, live=True).save(tmp_path / "page.html")
    live = "document.querySelector('figure').bpviz"
    with opened(place) as page:
        page.run(f"{live}.set({{x: [1e300, -Infinity, NaN], y: 2.5e-300}})")
        assert page.comes_to("location.hash.includes('NaN')", True)
        state = page.run("location.hash")
        for hash in (state, "#x[0]=1e+300&x[1]=-Infinity&x[2]=NaN&y=2.5e-300"):
            page.go("about:blank")
            page.go(place.as_uri() + hash)
            assert page.run(f"{live}.value('x').map(String)") == ["1e+300", "-Infinity", "NaN"]
            assert page.run(f"{live}.value('y')") == 2.5e-300
        # Another address is another state; what it does not name is as it was at first.
        page.run("location.hash = '#y=4'")
        assert page.comes_to(f"{live}.value('y')", 4)
        assert page.run(f"{live}.value('x')") == [1, 2, 3]
        # The place of a heading is none.
        page.run("location.hash = '#chapter'")
        page.run("new Promise(done => setTimeout(done, 50))")
        assert page.run(f"{live}.value('y')") == 4
        page.run("history.back()")
        assert page.comes_to("location.hash", "#y=4")
        page.run("location.hash = ''")
        assert page.comes_to(f"{live}.value('y')", 0.5)
