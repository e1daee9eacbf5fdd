"""Random damage, from a seed: to names, JSON documents, themes, languages, settings, values and Markdown.

Run it for longer than the tests do: ``python tests/helpers/fuzz.py 5000``.
"""

from __future__ import annotations

import copy
import json
import random
import sys
from collections.abc import Callable, Iterator
from typing import Any

import bpviz

__all__ = ["assignments", "documents", "language_texts", "markdown_texts", "names", "settings_texts", "theme_texts"]

_PIECES = (
    *"\x00\x01\x1b\x7f\x85\n\r\t \u00ad\u0301\u034f\u200b\u200e\u2028\u202e\u2066\ufeff\ufffd\ufffe\ud800\udfff",
    *"<>&\"'`$%#_^~\\{}[]()|;:,*-+=@!?/",
    *("]]>", "-->", "</script>", "</svg>", "onload=", "javascript:", "\\input{x}", "\\end{document}", "%%{init}%%"),
    *("x", "W1", "単価", "😀", "end", "subgraph", "{0}", "{name:>99}", "%s", "\U0010ffff", "\U000e0041"),
)
"""Pieces of names: each has hurt some format of text."""


def names(seed: int, count: int) -> Iterator[str]:
    """Yield names: nothing, every piece alone, then random rows of pieces."""
    yield ""
    yield from _PIECES[: max(0, count - 1)]
    chance = random.Random(seed)
    for _ in range(count - 1 - len(_PIECES)):
        yield "".join(chance.choices(_PIECES, k=chance.randint(1, 8)))


def documents(seed: int, count: int) -> Iterator[str]:
    """Yield JSON texts of graphs, each damaged in one to three places."""
    chance = random.Random(seed)
    whole = [json.loads(bpviz.draw(function).to_json()) for function in _programs()]
    for _ in range(count):
        document = copy.deepcopy(chance.choice(whole))
        for _ in range(chance.randint(1, 3)):
            document = _damaged(document, chance)
        text = json.dumps(document)
        if chance.random() < 0.1:
            at = chance.randrange(len(text))
            text = text[:at] + chance.choice(["", "{", "]", '"', "\x00", "9" * 5000, "[" * 100_000]) + text[at + 1 :]
        yield text


def _programs() -> list[Callable[..., Any]]:
    import numpy as np

    def affine(x: Any = np.ones((2, 3)), w: Any = np.ones((3, 2)), b: float = 0.5) -> Any:
        with bpviz.group("Affine"):
            y = x @ w + b
        return np.sum(np.maximum(y, 0) ** 2, axis=(0, 1))

    def total(price: float = 100, count: float = 2, tax: float = 1.1) -> Any:
        subtotal = price * count
        return subtotal * tax

    def parts(a: Any = np.arange(6.0)) -> Any:
        return np.reshape(a[1:5], (2, 2)).mean(axis=0)[0] * a[0]

    return [affine, total, parts]


_JUNK: tuple[Any, ...] = (
    *(None, True, 0, -1, 3, 10**30, 1.5, -0.0, "", "x", "add", "\ud800", [], {}, [[]], [1, [2]], {"float": "nan"}),
    *({"float": "x"}, {"float": []}, {"array": [1], "shape": [2], "dtype": "float64"}, {"tuple": 3}, {"slice": [1]}),
    *({"array": [1], "shape": [1], "dtype": "object"}, {"operand": -4}, {"operand": "a"}, {"ellipsis": 0}),
    *({"array": [], "shape": [10**9, 0], "dtype": "float64"}, {"array": ["a"], "shape": [1], "dtype": "<U3"}),
)


def _damaged(document: Any, chance: random.Random) -> Any:
    """Return the document with one change at a random place: a value, a key or an entry replaced, lost or doubled."""
    places = list(_places(document))
    holder, key = chance.choice(places)
    how = chance.random()
    if how < 0.5:
        holder[key] = copy.deepcopy(chance.choice(_JUNK))
    elif how < 0.7:
        del holder[key]
    elif how < 0.8 and isinstance(holder, list):
        holder.insert(key, copy.deepcopy(holder[key]))
    elif how < 0.9 and isinstance(holder, list):
        chance.shuffle(holder)
    else:
        other, at = chance.choice(places)
        holder[key] = copy.deepcopy(other[at]) if at in other or (isinstance(other, list) and at < len(other)) else None
    return document


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    for key in value if isinstance(value, dict) else range(len(value)):
        yield value, key
        if isinstance(value[key], dict | list):
            yield from _places(value[key])


_VALUES = (
    *('""', '"x"', '"#FFF"', '"none"', '"light"', '"mine.toml"', "0", "-1", "5", "99999", "1.5", "nan", "inf", "true"),
    *("[]", "[1]", "[0, 0]", '["a"]', "[[]]", "{}", "{a = 1}", "{a = {b = []}}", "1979-05-27", "07:32:00"),
    *("9" * 5000, "[" * 3000 + "]" * 3000, '"\\u0000"', '"\\u001b[31m"', '"a\\nb"', '"{name:>2000000000}"', '"{"'),
)
_THEME_KEYS = (
    *("base", "dark", "background", "ink", "forward", "backward", "grey", "pale", "shared", "mark", "heat", "lines"),
    *("sizes", "measures", "styles", "lines.forward", "lines.forward.dash", "lines.node.width", "sizes.name"),
    *("measures.gap", "styles.x", "styles.x.color", "styles.x.note", "styles.x.hide", "nothing", '"a b"'),
)


def theme_texts(seed: int, count: int) -> Iterator[str]:
    """Yield the texts of themes with wrong values, or with values in wrong places."""
    return _texts(seed, count, _THEME_KEYS)


def settings_texts(seed: int, count: int) -> Iterator[str]:
    """Yield the texts of ``pyproject.toml`` with wrong values of every setting."""
    from bpviz.drawing.options import OPTIONS

    keys = [row.key for row in OPTIONS.values() if row.setting]
    for text in _texts(seed, count, (*keys, "nothing")):
        yield f"[tool.bpviz]\n{text}"
    yield "tool = 3\n# bpviz\n"
    yield "[tool]\nbpviz = []\n"


def language_texts(seed: int, count: int) -> Iterator[str]:
    """Yield the texts of languages with wrong values, keys and places to fill in."""
    sentences = ('"input {name}"', '"value {value}"', '"output {name}"', '"Computation graph"', '"operation add"')
    wrong = ('"{name!r:>9}"', '"{name.__class__}"', '"{0}"', '"{}"', '"{name"', '"}"', '"{other}"', '"{{name}} {name}"')
    return _texts(seed, count, sentences, (*_VALUES, *wrong))


_ATOMS = (
    *(
        "1",
        "-1",
        "0",
        "2.5",
        "1e999",
        "nan",
        "inf",
        "1j",
        "True",
        "None",
        "'a'",
        "b'a'",
        "x",
        "",
        "9" * 5000,
        "1_0",
        "0x1",
    ),
    *(
        "[",
        "]",
        "[[",
        "]]",
        "(",
        ")",
        "{",
        "}",
        ",",
        ", ",
        "[1, [2]]",
        "[[1, 2], [3]]",
        "[]",
        "{}",
        "{1: 2}",
        "**",
        "--",
    ),
    *(
        "randn(2)",
        "randn(99999999999)",
        "ones()",
        "zeros(2,0)",
        "arange(1,2)",
        "randint(0,2)",
        "rand(",
        "\x1b[2J",
        "\u202e",
    ),
    *("[" * 3000, "__import__('os')", "lambda: 0", "10**10**10", "=", "price=", " ", "\n", "\x00"),
)


def assignments(seed: int, count: int) -> Iterator[str]:
    """Yield what ``--set`` may get: a name, or none, and a value that may be anything."""
    chance = random.Random(seed)
    for at in range(count):
        name = chance.choice(["price=", "price=", "tax=", "nope=", "", "=", " price = "])
        value = _ATOMS[at] if at < len(_ATOMS) else "".join(chance.choices(_ATOMS, k=chance.randint(1, 4)))
        yield (name if at >= len(_ATOMS) else "price=") + value


_LINES = (
    *(
        "<!-- bpviz: apples.py -->",
        "<!-- /bpviz -->",
        "<!-- bpviz: apples.py",
        "-->",
        "<!-- bpviz: -->",
        "<!--bpviz:a.py-->",
    ),
    *(
        "<!-- bpviz: apples.py -o a.svg -->",
        "<!-- bpviz: apples.py -o ../a.svg -->",
        "<!-- bpviz: apples.py -o s-%02d.svg -->",
    ),
    *("<!-- bpviz: apples.py -o apples.py -->", "<!-- bpviz: nope.py -->", "<!-- bpviz: apples.py --theme nope -->"),
    *(
        "<!-- bpviz: apples.py --set price=[1,[2]] -->",
        "<!-- bpviz: apples.py -o 'a -->",
        '<!-- bpviz: apples.py --alt "<b>" -->',
    ),
    *("<!-- bpviz: apples.py --alt '](x) ![' --title '-->' -->", "<!-- bpviz: . -->", "<!-- bpviz: apples.py -o . -->"),
    *(
        "```python",
        "```",
        "~~~",
        "```python bpviz",
        "```{bpviz}",
        "    <!-- bpviz: apples.py -->",
        "text",
        "",
        "\ufeff",
        "\x00",
    ),
    *("![old](a.svg)", "> <!-- bpviz: apples.py -->", "\u202e\x1b[2J", "<!-- bpviz: apples.py --><!-- /bpviz -->"),
)


def markdown_texts(seed: int, count: int) -> Iterator[str]:
    """Yield Markdown documents with markers that are damaged, nested, doubled or without an end."""
    chance = random.Random(seed)
    for at in range(count):
        lines = chance.choices(_LINES, k=chance.randint(1, 6))
        if at < len(_LINES):
            lines = [_LINES[at], *lines[:2], "<!-- /bpviz -->"]
        yield chance.choice(["\n", "\n", "\r\n"]).join(lines) + chance.choice(["", "\n"])


def _texts(seed: int, count: int, keys: tuple[str, ...], values: tuple[str, ...] = _VALUES) -> Iterator[str]:
    chance = random.Random(seed)
    alone = [f"{key} = {value}\n" for key in keys for value in values]
    chance.shuffle(alone)
    for at in range(count):
        more = chance.randrange(3) if at >= len(alone) // 2 else 0
        yield "".join(dict.fromkeys([alone[at % len(alone)], *chance.choices(alone, k=more)]))


def _main(count: int) -> None:
    """Try ``count`` cases of each kind with seeds that the tests do not use; print what fails."""
    import test_fuzz  # type: ignore[import-not-found]

    for kind, attempt in test_fuzz.ATTEMPTS.items():
        failed = 0
        for case in kind(20_000 + count, count):
            try:
                attempt(case)
            except Exception as error:
                failed += 1
                print(f"{kind.__name__}: {ascii(case)[:200]}: {type(error).__name__}: {error}", file=sys.stderr)
        print(f"{kind.__name__}: {count} tried, {failed} failing")


if __name__ == "__main__":
    sys.path[:0] = [__file__.rpartition("helpers")[0]]
    _main(int(sys.argv[1]) if sys.argv[1:] else 500)
