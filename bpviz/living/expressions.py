"""Steps of single numbers as expressions of JavaScript."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

from bpviz.ops import Operation

__all__ = ["literal", "script", "written"]

_PLACE = re.compile(r"\{([^{}]+)\}")


def written(operation: Operation, xs: Sequence[str], parameters: Mapping[str, Any]) -> str:
    """Return a step as an expression; ``xs`` are its operands, each an expression that needs no brackets.

    >>> from bpviz import ops
    >>> written(ops.multiply, ["v[0]", "v[1]"], {}), written(ops.named("add_up"), ["v[0]", "v[1]", "v[2]"], {})
    ('v[0] * v[1]', 'F.sum(v[0], v[1], v[2])')
    >>> written(ops.named("leaky_relu"), ["v[0]"], {"slope": 0.2})
    'v[0] > 0 ? v[0] : 0.2 * v[0]'
    """
    named = {name: literal(value) for name, value in {**operation.parameters, **parameters}.items()}
    if operation.variadic:
        named[operation.operands[0]] = ", ".join(xs)
    else:
        named |= dict(zip(operation.operands, xs, strict=True))
    return _PLACE.sub(lambda place: named[place[1]], operation.js)


def literal(value: Any) -> str:
    """Return a number, or true and false, as JavaScript writes it.

    >>> literal(0.1), literal(float("-inf")), literal(True), literal(3)
    ('0.1', '-Infinity', 'true', '3')
    """
    return json.dumps(value if isinstance(value, bool | int) else float(value))


def script(name: str) -> str:
    """Return a style of this folder, or a script as pages carry it (``tools/smaller.py``).

    >>> "const F" in script("functions.js")
    True
    """
    folder = files("bpviz.living")
    if not name.endswith(".js"):
        return folder.joinpath(name).read_text(encoding="utf-8")
    _, _, text = folder.joinpath("smaller", name).read_text(encoding="utf-8").partition("\n")
    return text.rstrip()
