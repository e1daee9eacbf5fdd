"""Random functions of numbers, vectors, matrices and batches, with broadcasting, reductions and changes of shape.

Beside `random_graphs`, whose matrices are always rows of a batch, here any shape may meet any other that NumPy allows.
"""

from __future__ import annotations

import linecache
import random
from collections.abc import Callable
from typing import Any

import numpy as np

import bpviz

__all__ = ["random_array_function"]

INPUTS = "xwbuvpqr"
RESULTS = "acdefghkmnst"
LARGEST, MOST = 50.0, 60

ALONE = (
    *("np.tanh({0})", "np.exp({0} * 0.3)", "{0} * 0.5", "-{0}", "{0} ** 2", "1 / (1 + np.exp(-{0}))", "{0} / 3"),
    *("np.maximum({0}, 0)", "np.where({0} > 0, {0}, 0.1 * {0})", "np.abs({0})", "2 - {0}", "np.sqrt({0} ** 2 + 1)"),
    *("np.log({0} ** 2 + 1)", "bpviz.nn.relu({0})", "bpviz.nn.sigmoid({0})"),
)
REDUCED = (
    *("np.sum({0})", "np.mean({0})", "np.max({0})", "np.linalg.norm({0})", "{0} * np.sum({0})"),
    *("np.sum({0}, axis={1})", "np.mean({0}, axis={1})", "np.max({0}, axis={1})", "np.var({0}, axis={1})"),
    *("np.sum({0}, axis={1}, keepdims=True)", "np.mean({0}, axis={1}, keepdims=True)", "np.sum({0} * {0}, axis={1})"),
    *("{0} / np.sum(np.exp({0}), axis={1}, keepdims=True)", "({0} - np.mean({0}, axis={1}, keepdims=True))"),
    *("bpviz.nn.softmax({0})", "np.cumsum({0}, axis={1})", "np.linalg.norm({0}, axis={1})", "np.std({0}, axis={1})"),
)
SHAPED: dict[int, tuple[str, ...]] = {
    0: (),
    1: (
        *("{0}[:, None]", "{0}[None, :]", "{0}.reshape(-1, 1)", "{0}.reshape(1, -1)", "{0}[1:]", "{0}[0]", "{0}[::-1]"),
        *("np.outer({0}, {0})", "{0} @ {0}", "np.dot({0}, {0})", "np.diag({0})", "np.stack([{0}, {0} * 2])"),
    ),
    2: (
        *("{0}.T", "{0}.reshape(-1)", "{0} @ {0}.T", "{0}.T @ {0}", "{0}[:, 0]", "{0}[0]", "{0}[:, 1:]", "{0}[None]"),
        *("np.concatenate([{0}, {0} * 2])", "np.concatenate([{0}, {0}], axis=1)", "{0}.flatten()", "np.tril({0})"),
    ),
    3: (
        *("{0}.transpose(1, 0, 2)", "np.swapaxes({0}, 1, 2)", "{0}.reshape(-1)", "{0}[0]", "{0}[:, 0]", "{0}.T"),
        *("{0}.reshape({0}.shape[0], -1)", "np.squeeze({0}[:1])"),
    ),
}
TOGETHER = ("{0} + {1}", "{0} - {1}", "{0} * {1}", "{0} * {1}", "{0} / ({1} ** 2 + 1)", "np.maximum({0}, {1})")
PRODUCTS = ("{0} @ {1}", "{1} @ {0}", "np.matmul({0}, {1})")
_SCOPE = {"np": np, "bpviz": bpviz}


def random_array_function(rng: random.Random) -> tuple[Callable[..., Any], dict[str, Any]]:
    """A function with a single number as result, and arguments for it; ``function.__doc__`` is its source.

    About a third of what is computed on the way has no name.

    >>> model, arguments = random_array_function(random.Random(1))
    >>> float(model(**arguments)) < 1e6
    True
    """
    values: dict[str, Any] = {}
    for name in INPUTS[: rng.randint(2, 4)]:
        shape = tuple(rng.choice((1, 2, 3, 3, 4)) for _ in range(rng.choice((0, 1, 1, 2, 2, 3))))
        numbers = np.random.default_rng(rng.randrange(10**9)).uniform(-1.5, 1.5, shape)
        values[name.upper() if len(shape) > 1 else name] = numbers
    inputs = dict(values)
    lines: list[str] = []
    loose = list(values)
    for _ in range(rng.randint(3, 9)):
        step(rng, values, loose, lines)
    ends = [text for text in loose if text not in inputs] or loose
    squares = [f"np.sum({text} * {text})" if rng.random() < 0.4 else f"np.sum({text})" for text in ends[-3:]]
    lines.append(f"loss = {' + '.join(squares)}")
    body = "".join(f"    {line}\n" for line in lines)
    source = f"def model({', '.join(inputs)}):\n{body}    return loss\n"
    file = f"<random arrays {rng.randrange(10**9)}>"
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    scope: dict[str, Any] = dict(_SCOPE)
    exec(compile(source, file, "exec"), scope)
    scope["model"].__doc__ = source
    return scope["model"], inputs


def step(rng: random.Random, values: dict[str, Any], loose: list[str], lines: list[str]) -> None:
    """One more value, of one or two that are there; where nothing comes of the choice, nothing is done."""
    first = rng.choice(loose) if loose and rng.random() < 0.6 else rng.choice(list(values))
    second = rng.choice(list(values))
    x, y = values[first], values[second]
    forms = [rng.choice(ALONE), *SHAPED[np.ndim(x)]]
    if np.ndim(x):
        forms += rng.sample(REDUCED, 8)
    if fits(np.add, x, y):
        forms += TOGETHER
    if np.ndim(x) and np.ndim(y):
        pairs = [(x, y), (y, x), (x, y)]
        forms += [form for form, pair in zip(PRODUCTS, pairs, strict=True) if fits(np.matmul, *pair)] * 3
    text = rng.choice(forms).format(first, second, rng.randrange(max(np.ndim(x), 1)))
    text = text.replace(f"axis={second}", f"axis={rng.randrange(max(np.ndim(x), 1))}")
    value = np.asarray(eval(text, dict(_SCOPE), values))
    if value.ndim > 3 or not 0 < value.size <= MOST or not np.all(np.abs(value) < LARGEST):
        return
    for used in (first, second) if second in text.replace(first, "") else (first,):
        if used in loose:
            loose.remove(used)
    if rng.random() < 0.35:
        name = f"({text})"
    else:
        count = len(lines)
        name = RESULTS[count % len(RESULTS)] + str(count // len(RESULTS) or "")
        name = name.upper() if value.ndim > 1 else name
        lines.append(f"{name} = {text}")
    values[name] = value
    loose.append(name)


def fits(operation: Callable[..., Any], x: Any, y: Any) -> bool:
    try:
        operation(x, y)
    except ValueError:
        return False
    return True
