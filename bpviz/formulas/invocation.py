"""How a call is written: the name of an operation, its operands, and the parameters that are not the defaults."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from bpviz import ops
from bpviz.formulas.expression import Count
from bpviz.ops import Operation

__all__ = ["LOWERED", "calling", "parameter_text", "parameters_text", "shape_text", "tuple_text", "written_row"]

LOWERED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
"""Subscript digits."""


def parameters_text(row: Operation, parameters: Mapping[str, Any]) -> str:
    """Return the parameters of a call that differ from their defaults, as they are passed to a function.

    >>> parameters_text(ops.mean, {"axis": 0, "keepdims": False})
    'axis=0'
    """
    texts = []
    for key, value in parameters.items():
        if key != "optimize" and not _is_default(value, row.parameters.get(key)):
            texts.append(f"{key}={f'[{ops.key_text(value, whole=True)}]' if key == 'key' else parameter_text(value)}")
    return ", ".join(texts)


def _is_default(value: Any, default: Any) -> bool:
    if value is default:
        return True
    if isinstance(value, int | float | str) and isinstance(default, int | float | str):
        return value == default
    return False


def tuple_text(shape: Sequence[int]) -> str:
    """Return a shape or axes as Python writes a tuple.

    >>> tuple_text((2, 3)), tuple_text((3,))
    ('(2, 3)', '(3,)')
    """
    return f"({shape_text(shape)}{',' if len(shape) == 1 else ''})"


def shape_text(shape: Sequence[int]) -> str:
    """Return the numbers of a shape; one that is a letter in formulas is that letter.

    >>> shape_text((2, Count(3, "n")))
    '2, n'
    """
    return ", ".join(n.name if isinstance(n, Count) else str(int(n)) for n in shape)


def parameter_text(value: Any) -> str:
    """Return a parameter as it is passed: a number, a word, a tuple; ``…`` for what is not written out.

    >>> parameter_text((0, 1)), parameter_text(-1), parameter_text(b"x")
    ('(0, 1)', '−1', '…')
    """
    if isinstance(value, bool | str) or value is None:
        return str(value)
    if isinstance(value, int | float) or hasattr(value, "__index__"):
        return f"{value:g}".replace("-", "−")
    if isinstance(value, tuple | list) and all(hasattr(n, "__index__") or isinstance(n, tuple | list) for n in value):
        texts = ", ".join(map(parameter_text, value))
        return f"({texts}{',' if len(value) == 1 else ''})"
    return "…"


@lru_cache(maxsize=512)
def written_row(name: str, notation: str, binds: int | None = None) -> Operation:
    """Return a row that is written and never computed."""
    return Operation(name, "", ("x",), forward=_nothing, vjp=(None,), says="", notation=notation, binds=binds)


def _nothing(*xs: Any) -> Any:
    raise NotImplementedError("what is written is not computed")


@lru_cache(maxsize=512)
def calling(row: Operation, passed: str) -> Operation:
    """Return a row with the parameters that are ``passed`` in its notation.

    They stand after the operands of a call; any other notation becomes a call of the row's name.
    """
    if re.fullmatch(r"[^({]+\(.*\)", row.notation):
        notation = f"{row.notation[:-1]}, {passed})"
    else:
        operands = ", ".join(f"{{{name}}}" for name in row.operands)
        notation = f"{row.name}({operands}{', ' if passed else ''}{passed})"
    return replace(row, name=f"{row.name}()", notation=notation, binds=None, needs=())
