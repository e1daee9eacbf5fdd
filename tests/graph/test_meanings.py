"""Meanings of values, from every place where an author can write them."""

from __future__ import annotations

import functools
from typing import Annotated, Any

import pytest

import bpviz
from bpviz.errors import UsageError
from bpviz.graph.meanings import meanings, of_docstring


def meanings_of(source: str) -> dict[str, str]:
    """The meanings of the values of ``y``, a function that this source defines, by name."""
    scope: dict[str, Any] = {"Annotated": Annotated}
    exec(compile(source, "<model>", "exec", dont_inherit=True), scope)
    graph = bpviz.trace(scope["y"])
    return {graph.names[index]: text for index, text in meanings(graph).items()}


STYLES = {
    "plain": "p: unit price\n    n: number\n    x: before tax\n    y: after tax",
    "dashes": "p -- unit price\n    n — number\n    x - before tax\n    y – after tax",
    "Google": "Args:\n        p: unit price\n        n (int): number\n        x: before\n            tax\n\n"
    "    Returns:\n        after tax.\n",
    "Google with a type": "Args:\n        p (float): unit price\n        n (int, optional): number.\n        x: before tax\n\n"
    "    Returns:\n        float: after tax\n\n    Raises:\n        ValueError: never",
    "NumPy": "Parameters\n    ----------\n    p : float\n        unit price\n    n : int, default 2\n        number\n"
    "    x\n        before\n        tax\n\n    Returns\n    -------\n    float\n        after tax\n\n    Notes\n    -----\n    p : q\n",
    "Sphinx": ":param p: unit price\n    :param int n: number\n    :var x: before\n        tax\n    :returns: after tax\n"
    "    :rtype: float",
}


@pytest.mark.parametrize("style", STYLES)
def test_docstrings(style: str) -> None:
    source = (
        f'def y(p=100, n=2, t=1.1):\n    """Apples.\n\n    {STYLES[style]}\n    """\n    x = p * n\n    return x * t\n'
    )
    found = meanings_of(source)
    assert found.pop("y").endswith("after tax")
    assert found == {"p": "unit price", "n": "number", "x": "before tax"}


def test_docstrings_in_other_scripts() -> None:
    assert of_docstring("p: リンゴの単価(price)\nn:購入数\n消費税: 税") == {
        "p": "リンゴの単価(price)",
        "n": "購入数",
        "消費税": "税",
    }


def test_sentences_about_other_names_are_ignored() -> None:
    source = 'def y(p=100):\n    """Note: y = 2·p.\n\n    See also: the book; http://example.org\n    """\n    return p * 2\n'
    assert meanings_of(source) == {}


def test_annotations() -> None:
    source = (
        'def y(p: Annotated[float, "unit price"] = 100, n: "number of apples" = 2, t: "税" = 1.1, k: "float" = 1,\n'
        '      m: float = 1, q: "float | None" = 2) -> "after tax":\n    return p * n * t * k * m * q\n'
    )
    expected = {"p": "unit price", "n": "number of apples", "t": "税", "y": "after tax"}
    assert meanings_of(source) == expected
    assert meanings_of("from __future__ import annotations\n" + source) == expected
    assert meanings_of("from __future__ import annotations\ndef y(p: Unknown = 1): return p * 2\n") == {}


def test_comments_at_the_end_of_a_line(tmp_path: Any) -> None:
    from bpviz.drawing.load import load

    path = tmp_path / "apples.py"
    path.write_text(
        "def y(\n    p=100,  # unit price\n    n=2,  # type: ignore\n    t=1.1, k=1,  # two on one line say nothing\n):\n"
        "    x = p * n  # before tax\n    x = x  # noqa: PLW0127\n    return x * t * k  # not a name\n"
    )
    graph = bpviz.trace(load(str(path)).thing)
    assert {graph.names[i]: text for i, text in meanings(graph).items()} == {"p": "unit price", "x": "before tax"}


def test_a_given_meaning_comes_first() -> None:
    def f(p: Annotated[float, "an annotation"] = 1.0, q: Any = 2.0):
        """Twice.

        p: a docstring
        q: a docstring
        """
        bpviz.name(p, meaning="said outright")
        return bpviz.name(p * q, "product", meaning="what comes out")

    graph = bpviz.trace(f)
    assert meanings(graph) == {0: "said outright", 1: "a docstring", 2: "what comes out"}
    assert graph.labels == ("p", "q", "product")


def test_below_decorators_and_partial_arguments() -> None:
    def f(p: Any = 1.0, q: Any = 2.0):
        """P: capital.

        p: price
        """
        return p * q

    @functools.wraps(f)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        return f(*args, **kwargs)

    class Model:
        def __call__(self, p: Annotated[float, "price"] = 1.0) -> Any:
            return p * 2

    for model in (f, wrapped, functools.partial(f, q=3.0), Model()):
        assert meanings(bpviz.trace(model))[0] == "price"
    import numpy as np

    assert meanings(bpviz.trace(np.exp, 1.0)) == {}


def test_a_graph_built_by_hand_and_its_json() -> None:
    from bpviz.graph.archive import dumped, loaded

    g = bpviz.Graph("apples")
    price, count = g.input("price", 100), g.input("count", 2)
    bpviz.name(price, meaning="unit price")
    g.output(bpviz.name(price * count, "total", meaning="what is paid"))
    flow = bpviz.propagate(g)
    assert meanings(g) == {0: "unit price", 2: "what is paid"}
    again = loaded(dumped(flow))
    assert isinstance(again, bpviz.Flow)
    assert meanings(again.graph) == {0: "unit price", 2: "what is paid"}


def test_meanings_stay_when_operations_are_opened() -> None:
    def f(x: Any = 0.5):
        """x: what goes in."""
        return bpviz.name(bpviz.nn.sigmoid(x), "a", meaning="how active")

    opened = bpviz.open(bpviz.trace(f))
    assert isinstance(opened, bpviz.Graph)
    assert {opened.labels[i]: text for i, text in meanings(opened).items()} == {"x": "what goes in", "a": "how active"}


def test_a_name_needs_a_text() -> None:
    with pytest.raises(UsageError) as caught:
        bpviz.name(3.0)
    assert str(caught.value) == (
        "a value is given a name, a meaning or both, as text, but got '' and meaning=''; "
        'write bpviz.name(x, "subtotal", meaning="before tax")'
    )
