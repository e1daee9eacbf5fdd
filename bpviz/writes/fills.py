"""Arrays that were filled part by part, as one step: what a reader sees is the parts, not the order of the writes."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from itertools import product
from typing import Any, NamedTuple

from bpviz.lazy import LazyModule
from bpviz.ops import OPERATIONS, shape_of
from bpviz.recording.aliases import Spans, Write, ancestors
from bpviz.recording.recorder import Recorder

__all__ = ["join_writes"]

np: Any = LazyModule("numpy")


class _Step(NamedTuple):
    """The operation that stands in the place of a chain of writes."""

    name: str
    operands: tuple[int, ...]
    parameters: dict[str, Any]


def join_writes(recorder: Recorder, roots: Sequence[int]) -> None:
    """Make every chain of writes that leads to these entries, and is read nowhere between, one step.

    The entries between stay in the record; nothing uses them any more.
    """
    if not recorder.written:
        return
    needed = list(ancestors(recorder, roots))
    uses = Counter(operand for index in needed for operand in recorder.operands[index])
    uses.update(roots)
    done: set[int] = set()
    for index in needed:
        if index in recorder.written and index not in done:
            chain, base = _chain(recorder, index, uses)
            done.update(chain)
            step = _joined(recorder, index, [recorder.written[i] for i in chain], base)
            if step is not None:
                recorder.replace_step(index, OPERATIONS[step.name], step.operands, step.parameters)


def _chain(recorder: Recorder, index: int, uses: Counter[int]) -> tuple[list[int], int]:
    """The writes, the last one first, that lie at different places and are read by nobody but the next; their base."""
    chain: list[int] = []
    seen: set[Spans] = set()
    taken = np.zeros(shape_of(recorder.values[index]), bool)
    at = index
    while at in recorder.written and (at == index or uses[at] == 1):
        write: Write = recorder.written[at]
        if write.spans is None or recorder.operations[at] is not OPERATIONS["assign"]:
            break
        if write.spans not in seen:
            key = _key(write.spans)
            if taken[key].any():
                break
            taken[key] = True
            seen.add(write.spans)
        chain.append(at)
        at = write.base
    return chain, at


def _joined(recorder: Recorder, index: int, chain: Sequence[Write], base: int) -> _Step | None:
    """One step for the writes of a chain; nothing where they stay as they are."""
    parts: dict[Spans, int] = {}
    for write in chain:
        # What was written over later is not seen any more.
        parts.setdefault(write.spans or (), write.value)
    value = recorder.values[index]
    shape = shape_of(value)
    dtypes = {str(getattr(recorder.values[part], "dtype", "float64")) for part in parts.values()}
    fits = all(shape_of(recorder.values[part]) == _lengths(places) for places, part in parts.items())
    if not parts or not fits or dtypes != {str(value.dtype)}:
        return None
    if sum(math.prod(_lengths(places)) for places in parts) == value.size:
        return _stacked(parts, shape) or _concatenated(parts, shape) or _filled(parts, shape, 0.0)
    rest = _everywhere(recorder, base)
    if rest is not None:
        return _filled(parts, shape, rest)
    if len(parts) > 1 and str(getattr(recorder.values[base], "dtype", "")) == str(value.dtype):
        step = _filled(parts, shape, 0.0)
        keys = (Ellipsis, *step.parameters["keys"])
        return _Step("fill", (base, *step.operands), {"keys": keys, "shape": shape})
    return None


def _lengths(places: Spans) -> tuple[int, ...]:
    return tuple(len(span) for span in places if type(span) is range)


def _everywhere(recorder: Recorder, index: int) -> float | None:
    """The number that stands everywhere in a constant."""
    value = recorder.values[index]
    if recorder.operations[index] is not None or index in recorder.is_input or not value.size:
        return None
    first = value.flat[0]
    return float(first) if (value == first).all() else None


def _stacked(parts: dict[Spans, int], shape: Sequence[int]) -> _Step | None:
    """Slices that stand side by side: along one axis, or in rows and columns."""
    axes = tuple(i for i, span in enumerate(next(iter(parts))) if type(span) is int)
    for places in parts:
        whole = all(i in axes or places[i] == range(n) for i, n in enumerate(shape))
        if not whole or tuple(i for i, span in enumerate(places) if type(span) is int) != axes:
            return None
    if not axes:
        return None
    by_place = {tuple(places[i] for i in axes): part for places, part in parts.items()}
    operands = tuple(by_place[place] for place in product(*(range(shape[i]) for i in axes)))
    if len(axes) == 1:
        return _Step("stack", operands, {"axis": axes[0]} if axes[0] else {})
    return _Step("arrange", operands, {"shape": tuple(shape[i] for i in axes), "axes": axes})


def _concatenated(parts: dict[Spans, int], shape: Sequence[int]) -> _Step | None:
    """Stretches that follow each other along one axis."""
    if any(type(span) is int or span.step != 1 for places in parts for span in places):
        return None
    cut = [i for i, n in enumerate(shape) if any(places[i] != range(n) for places in parts)]
    if len(cut) != 1:
        return None
    axis = cut[0]
    ordered = sorted(parts.items(), key=lambda pair: pair[0][axis].start)
    return _Step("concatenate", tuple(part for _, part in ordered), {"axis": axis} if axis else {})


def _filled(parts: dict[Spans, int], shape: tuple[int, ...], rest: float) -> _Step:
    """Parts anywhere; the one that was written first comes first."""
    ordered = list(reversed(parts.items()))
    keys = tuple(_key(places) for places, _ in ordered)
    parameters: dict[str, Any] = {"keys": keys, "shape": shape}
    return _Step("fill", tuple(part for _, part in ordered), parameters | ({"rest": rest} if rest else {}))


def _key(places: Spans) -> tuple[Any, ...]:
    """The index that means these places."""
    return tuple(span if type(span) is int else _slice(span) for span in places)


def _slice(span: range) -> slice:
    return slice(span.start, span.stop if span.stop >= 0 else None, None if span.step == 1 else span.step)
