"""A trial of a record: the function itself runs with other inputs, and must return what its record computes.

A number may leave a record unseen (``x.data``, the key of a dict). With the inputs of the record nobody can tell; with
others the function and its record differ.
"""

from __future__ import annotations

from typing import Any

from bpviz import ops
from bpviz.errors import BpvizError
from bpviz.graph.flow import Flow
from bpviz.graph.propagate import flow_at
from bpviz.lazy import LazyModule
from bpviz.living.steps import Program, StaysStillError

__all__ = ["try_out"]

np: Any = LazyModule("numpy")

_TRIALS = 2
_MOVED = 1e-3
"""How far inputs are moved, relative to their size: few decisions change."""


def try_out(flow: Flow, made: Program) -> None:
    """Run the function of a flow with inputs close by, if it is known, and compare what it returns.

    Raises `StaysStillError` if the function returns other numbers than the record, though it decides as recorded.
    """
    plain, record = flow.graph.plain, flow.graph.record
    index = flow.output_index
    if plain is None or plain.before is None or plain.is_random or plain.part_of(index) is None:
        return
    rng = np.random.default_rng(11)
    moving = [i for i in made.inputs if i not in record.whole and np.asarray(flow.values[i]).dtype == np.float64]
    for _ in range(_TRIALS):
        given = dict(flow.given)
        for i in moving:
            value = np.asarray(flow.values[i])
            moved = value + _MOVED * np.maximum(1.0, np.abs(value)) * rng.normal(size=value.shape)
            given[i] = moved if value.ndim else float(moved)
        try:
            expected = flow_at(flow.graph, given, moving, index)
        except (ArithmeticError, IndexError, ValueError, BpvizError):
            # A mask takes another number of elements.
            continue
        if any(not _same(flow.values[i], expected.values[i]) for i in record.decided):
            continue
        try:
            found = plain.part(plain.repeated({record.is_input[i]: given[i] for i in moving}), index)
        except (ArithmeticError, ValueError):
            continue
        value = np.asarray(expected.values[index], float)
        size = float(np.max(np.abs(value), initial=0.0, where=np.isfinite(value)))
        if not np.allclose(np.asarray(found, float), value, rtol=1e-7, atol=1e-9 * max(size, 1e-3), equal_nan=True):
            raise StaysStillError(
                f"with other inputs {plain.title} returns other numbers than what was recorded of it, because a plain "
                "number left the record"
            )


def _same(one: Any, other: Any) -> bool:
    return ops.shape_of(one) == ops.shape_of(other) and bool(np.array_equal(one, other, equal_nan=True))
