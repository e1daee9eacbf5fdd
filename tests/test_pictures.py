"""Every picture as a browser shows it: nothing runs over anything else. As a file: plain, safe, always the same.

The gallery is tested file by file; the random graphs are the same ones on every run, so a seed that fails can be drawn.
"""

from __future__ import annotations

import hashlib
import os
import random
import re
import subprocess
import sys
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from amounts import some
from browser import Measurement, collisions, measure
from places import GALLERY, TESTS
from random_graphs import random_function, random_matrix_function
from svg_reader import read_svg

import bpviz

FIGURES = {path.relative_to(GALLERY).as_posix(): path for path in sorted(GALLERY.rglob("*.svg"))}
SEEDS = some(range(50))
MATRIX_SEEDS = some(range(10))
OPTIONS = ("symbols", "rules", "gradient", "highlight", "downwards", "only", "before", "another")
OPTION_SEEDS = some(range(10))
NETWORK_SEEDS = some(range(6))
SVG = "{http://www.w3.org/2000/svg}"


def random_picture(seed: int, matrices: bool = False, what: str = "values") -> str:
    """Picture number ``seed``: from 3 operations (seed 0) to 40 (seed 49), or 3 to 12 of matrices."""
    operations = 3 + (seed if matrices else seed * 37 // 49)
    function, args = (random_matrix_function if matrices else random_function)(random.Random(seed), operations)
    try:
        graph = bpviz.trace(function, *args)
        return bpviz.draw(graph, **options_for(what, graph)).to_svg()
    except Exception as error:
        error.add_note(f"while drawing seed {seed}, called with {args}:\n{function.__doc__}")
        raise


def network_picture(seed: int) -> str:
    """A small random network as arrays and, beside them, as single numbers."""
    rng = np.random.default_rng(seed)
    m, n, k, batch = rng.integers(1, [4, 4, 4, 3]).tolist()
    shapes = ((batch, m), (m, n), (n,), (n, k), (k,))
    X, W, b, V, c = (rng.standard_normal(shape).round(1) for shape in shapes)

    def network(X: Any = X, W: Any = W, b: Any = b, V: Any = V, c: Any = c) -> Any:
        return -np.sum(np.log(bpviz.nn.softmax(bpviz.nn.relu(X @ W + b) @ V + c)[:, 0]))

    labels = ("values", "symbols", "rules")[seed % 3]
    return bpviz.draw(network, elements=True, beside=True, labels=labels).to_svg()


def options_for(what: str, graph: bpviz.Graph) -> dict[str, Any]:
    """How a graph is drawn: labels of a kind, the gradient of its first input, paths from one, or beside another run."""
    flow = bpviz.propagate(graph)
    reached = next(name for i, name in graph.record.is_input.items() if flow.gradients[i] is not None)
    another, args = random_function(random.Random(7), 8)
    others = {
        "gradient": {"grad": graph.inputs[0], "shared": True},
        "highlight": {"highlight": reached},
        "downwards": {"highlight": reached, "direction": "TB"},
        "only": {"only": reached},
        "before": {"before": bpviz.propagate(graph, {reached: flow.value(reached) * 1.01})},
        "another": {"before": bpviz.backprop(another, *args)},
    }
    return others.get(what, {"labels": what})


@pytest.fixture(scope="module")
def pictures() -> dict[str, str]:
    gallery = {name: path.read_text(encoding="utf-8") for name, path in FIGURES.items()}
    scalars = {f"random {seed}": random_picture(seed) for seed in SEEDS}
    matrices = {f"matrices {seed}": random_picture(seed, matrices=True) for seed in MATRIX_SEEDS}
    options = {
        f"{what} at {'matrices ' if matrices else ''}{seed}": random_picture(seed, matrices, what)
        for what in OPTIONS
        for matrices in (False, True)
        for seed in OPTION_SEEDS
    }
    networks = {f"network {seed}": network_picture(seed) for seed in NETWORK_SEEDS}
    return gallery | scalars | matrices | options | networks


@pytest.fixture(scope="module")
def seen(pictures: Mapping[str, str]) -> dict[str, Measurement]:
    """All pictures measured in one browser: starting it costs more than measuring."""
    return measure(pictures)


NAMES = [
    *FIGURES,
    *(f"random {seed}" for seed in SEEDS),
    *(f"matrices {seed}" for seed in MATRIX_SEEDS),
    *(f"{what} at {kind}{seed}" for what in OPTIONS for kind in ("", "matrices ") for seed in OPTION_SEEDS),
    *(f"network {seed}" for seed in NETWORK_SEEDS),
]
# What moves holds the sentences of all its steps, one over the other: `test_motion` and `test_descent` look at what is
# seen of it.
STILL = [name for name in NAMES if name not in ("apples_moving.svg", "descent.svg")]


@pytest.mark.engine
@pytest.mark.browser
@pytest.mark.parametrize("name", STILL)
def test_nothing_collides(name: str, seen: Mapping[str, Measurement], pictures: Mapping[str, str]) -> None:
    found = collisions(seen[name])
    assert not found, "\n".join(found)
    # A picture whose things the harness does not see would pass: it must see all that the file holds.
    root = read_svg(pictures[name])
    heads = [path for path in root.iter(f"{SVG}path") if "head" in path.get("class", "").split()]
    assert len(seen[name].texts) == len(list(root.iter(f"{SVG}text"))) > 0
    assert len(seen[name].heads) == len(heads)
    assert len(seen[name].lines) >= len(heads)


@pytest.mark.engine
@pytest.mark.parametrize("name", NAMES)
def test_an_svg_is_plain_and_needs_nothing_else(name: str, pictures: Mapping[str, str]) -> None:
    """No scripts, no foreign markup, nothing fetched: a picture may be shown wherever pictures may be shown."""
    root = ElementTree.fromstring(pictures[name])
    assert root.tag == f"{SVG}svg"
    assert "bpviz" in root.get("class", "").split()
    for element in root.iter():
        assert element.tag.startswith(SVG), element.tag
        assert element.tag.removeprefix(SVG) not in ("script", "foreignObject", "iframe", "image", "use")
        for key, value in element.attrib.items():
            assert not key.lower().startswith("on"), f"{key} on {element.tag}"
            assert not key.endswith("href") or value.startswith("#"), f"{key}={value}"
            assert re.search(r"url\((?!['\"]?#)", value) is None, f"{key}={value}"
    styles = "".join(style.text or "" for style in root.iter(f"{SVG}style"))
    assert re.search(r"@import|url\((?!['\"]?#)|expression", styles) is None


@pytest.mark.hosts
@pytest.mark.engine
def test_the_same_model_gives_the_same_bytes(pictures: Mapping[str, str]) -> None:
    """Drawn again in this process, and in a new one whose hashes of names are others."""
    seeds = (0, 10, 40)
    assert [random_picture(seed) for seed in seeds] == [pictures[f"random {seed}"] for seed in seeds]

    program = (
        f"import sys; sys.path[:0] = {[str(TESTS), str(TESTS / 'helpers')]}; import hashlib, test_pictures\n"
        f"for seed in {seeds}: print(hashlib.sha256(test_pictures.random_picture(seed).encode()).hexdigest())"
    )
    expected = [hashlib.sha256(pictures[f"random {seed}"].encode()).hexdigest() for seed in seeds]
    for hash_seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        done = subprocess.run(
            [sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=120
        )
        assert done.stdout.split() == expected, done.stderr
