"""Which recorded values carry no gradient, so that nothing is lost where a plain number is taken of them."""

from __future__ import annotations

from typing import Any

__all__ = ["is_settled", "is_whole"]

_FLAT = frozenset({"floor", "ceil", "trunc", "rint", "round", "sign", "floor_divide"})
"""Operations whose slope is 0 everywhere."""
_STAY_WHOLE = frozenset(
    {"add", "subtract", "multiply", "floor_divide", "remainder", "negative", "positive", "abs", "maximum", "minimum"}
)
"""Operations that make whole numbers of whole numbers."""


def is_settled(handle: Any, *, counts: bool = False) -> bool:
    """Whether a value carries no gradient: a decision, a position, what was rounded.

    With ``counts`` so does what is made of inputs that were given as whole numbers: for a count, an index or a name.
    """
    recorder = handle.recorder
    reached, operations, whole = recorder.reached, recorder.operations, recorder.whole
    ahead, seen = [handle.index], set()
    while ahead:
        index = ahead.pop()
        if index in seen or not reached[index]:
            continue
        seen.add(index)
        operation = operations[index]
        if operation is None:
            if not counts or index not in whole:
                return False
        elif operation.name not in _FLAT:
            ahead += recorder.operands[index]
    return True


def is_whole(handle: Any) -> bool:
    """Whether a single number is of Python's ``int`` in a plain run: an input given as one, or made of such.

    The constant in ``n + 1.0`` is taken for a whole number, too.
    """
    recorder = handle.recorder
    if not recorder.whole:
        return False
    operations, whole, values = recorder.operations, recorder.whole, recorder.values
    ahead, seen = [handle.index], set()
    while ahead:
        index = ahead.pop()
        if index in seen or index in whole:
            continue
        seen.add(index)
        value, operation = values[index], operations[index]
        if type(value) is not float or not value.is_integer():
            return False
        if operation is None:
            if index in recorder.is_input:
                return False
        elif operation.name in _STAY_WHOLE or (operation.name == "power" and values[recorder.operands[index][1]] >= 0):
            ahead += recorder.operands[index]
        else:
            return False
    return True
