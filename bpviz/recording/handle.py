"""The operand that users compute with: it behaves like a number or an array and records what is done with it."""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import FrameType, MethodType
from typing import Any

from bpviz import ops
from bpviz.lazy import LazyModule
from bpviz.ops import OPERATIONS, Operand, Operation, evaluate
from bpviz.ops.table.copying import own, sealed
from bpviz.recording import refusals
from bpviz.recording.aliases import Superseded, constant_part, detached, latest, link, present, shares_memory
from bpviz.recording.nesting import holds, lift
from bpviz.recording.numpy_calls import adapted, chosen, composed, qualified
from bpviz.recording.recorder import NO_VALUE, Recorder
from bpviz.recording.source import accumulates, called_name, place, users_frame, written
from bpviz.recording.value import Value

__all__ = ["HANDLES", "Handle", "Missing", "index_by", "lifted", "template"]

np: Any = LazyModule("numpy")

_getframe = sys._getframe


class Missing:
    """An attribute that recorded values do not have; its error says what to write instead.

    There is one for each name, since a ``__getattr__`` for all would slow down every attribute.
    """

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, handle: Handle | None, owner: type[Handle]) -> Any:
        if handle is None:
            return self
        raise refusals.no_attribute(self.name, _getframe(1))


class Handle(Value):
    """A value of the graph: ``data`` is the recorded number or array, ``grad`` its gradient once there is one.

    Handles work with Python's operators, with NumPy's functions and with indexing. They are made by `bpviz.trace`
    (one per parameter of the function) and by ``Graph.input``.
    """

    __slots__ = ()
    __array_priority__ = 1000.0

    def __init__(self, recorder: Recorder, index: int, data: Any) -> None:
        self.recorder = recorder
        self.index = index
        self.data = data

    def __bpviz_detached__(self) -> Handle:
        # See `bpviz.recording.aliases.detached`. A value that an object holds becomes an ordinary handle.
        return Handle(self.recorder, self.index, self.data)

    @property
    def T(self) -> Any:
        """The transpose."""
        return self.__bpviz_record__(OPERATIONS["transpose"], (self,), _NONE, _getframe(1))

    @property
    def real(self) -> Handle:
        """The value itself: recorded values are real numbers."""
        return self

    def conj(self) -> Handle:
        """Return the value itself: recorded values are real numbers."""
        return self

    conjugate = conj

    def __dir__(self) -> list[str]:
        return [name for name in type.__dir__(Handle) if type(getattr(Handle, name, None)) is not Missing]

    # How it is recorded

    def __bpviz_record__(
        self, operation: Operation, xs: Sequence[Any], parameters: Mapping[str, Any], frame: FrameType
    ) -> Handle:
        """Record any operation on handles, numbers and arrays, one of which is this handle."""
        if len(xs) != len(operation.operands) and not operation.variadic:
            raise refusals.unused(operation, str(len(xs)), frame)
        recorder = self.recorder
        can_reach = recorder.reached
        operands: list[int] = []
        values: list[Any] = []
        reached = missing = False
        for x in xs:
            if type(x) not in HANDLES:
                index, value = _constant(recorder, x, xs, frame)
            elif x.recorder is recorder:
                index, value = x.index, x.data
                if can_reach[index]:
                    reached = True
                if value is NO_VALUE:
                    missing = True
            else:
                xs = _in_one_record(xs, frame)
                inner: Handle = next(x for x in xs if type(x) in HANDLES)
                return inner.__bpviz_record__(operation, xs, parameters, frame)
            operands.append(index)
            values.append(value)
        if reached and operation.has_flat_slots:
            reached = any(rule and can_reach[i] for rule, i in zip(operation.rules(len(xs)), operands, strict=True))
        given = _given(operation, parameters, frame) if parameters else _NONE
        value, kept = NO_VALUE, None
        if not missing:
            try:
                if operation.keeping is None:
                    value = sealed(evaluate(operation, values, given))
                else:
                    value, kept = ops.computed(operation, values, given)
                    sealed(value)
            except (ValueError, TypeError, IndexError) as error:
                raise refusals.fails([ops.shape_of(v) for v in values], error, frame) from error
        index = recorder.add_step(operation, tuple(operands), given, value, reached, frame)
        if kept is not None:
            recorder.kept[index] = kept
        made = Handle(recorder, index, value)
        # The cheapest test first: few operations make views.
        if operation.view is not None and shares_memory(value, values[0]) and type(xs[0]) in HANDLES:
            link(made, xs[0], operation, xs[1:], given)
        return made

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **keywords: Any) -> Any:
        frame = _getframe(1)
        out = keywords.pop("out", None)
        if keywords.get("where") is True:
            del keywords["where"]
        if method == "__call__" and "where" in keywords:
            if out is None:
                raise refusals.undefined_elsewhere(ufunc.__name__, frame)
            return composed(self.recorder, _where, (ufunc, inputs, out[0], frame), keywords, frame)
        if out is not None:
            made = self.__array_ufunc__(ufunc, method, *inputs, **keywords)
            return _written_into(out[0], made, frame)
        name = ufunc.__name__
        if method != "__call__":
            name = f"{name}.{method}"
            if method in ("reduce", "accumulate"):
                keywords = {"axis": 0} | keywords
        composite = chosen(name, keywords) or ops.composite(name)
        if composite is not None:
            return composed(self.recorder, composite, inputs, keywords, frame)
        found = ops.find(name) or ops.find(f"scipy.special.{name}")
        if found is None:
            special = ops.composite(f"scipy.special.{name}")
            if special is not None:
                return composed(self.recorder, special, inputs, keywords, frame)
            raise refusals.unknown(f"np.{name}" if hasattr(np, ufunc.__name__) else f"scipy.special.{name}", frame)
        if name == "add" and _starts_sum(inputs[0], frame):
            return detached(self)
        return self.__bpviz_record__(found, inputs, keywords, frame)

    def __array_function__(self, function: Any, types: Any, args: Any, keywords: Any) -> Any:
        frame = _getframe(1)
        name = qualified(function)
        if keywords.get("out") is not None:
            keywords = dict(keywords)
            out = keywords.pop("out")
            return _written_into(out, self.__array_function__(function, types, args, keywords), frame)
        composite = chosen(name, keywords) or ops.composite(name)
        if composite is not None:
            return composed(self.recorder, composite, args, keywords, frame)
        if name in _POSITIONS or (name == "where" and len(args) == 1):
            return _positions(name, args[0], frame)
        operation = ops.find(name)
        if operation is None:
            if name in _ABOUT_SHAPE and args and type(args[0]) in HANDLES:
                alike = np.broadcast_to(np.zeros((), args[0].dtype), args[0].shape)
                return getattr(np, name)(alike, *args[1:], **keywords)
            raise refusals.unknown(f"np.{name}", frame)
        xs, parameters = adapted(operation, function, args, keywords, frame)
        for x in xs:
            if type(x) in HANDLES:
                return x.__bpviz_record__(operation, xs, parameters, frame)
        # Only a count is recorded (np.tile(table, n)): the result is a constant.
        return evaluate(operation, xs, _given(operation, parameters, frame))

    def __getitem__(self, key: Any) -> Any:
        return index_by(self, key, _getframe(1))

    def __reduce__(self) -> Any:
        return Handle, (self.recorder, self.index, self.data)

    def copy(self, order: str = "C") -> Any:
        """Return the same value, which does not change when this one is written into."""
        return detached(self)

    def nonzero(self) -> Any:
        """Return the positions of what is not 0, without gradient."""
        return _positions("nonzero", self, _getframe(1))

    def __copy__(self) -> Any:
        return detached(self)

    def __deepcopy__(self, memory: Any) -> Any:
        return detached(self)


HANDLES: set[type] = {Handle}
"""The classes of recorded values, for ``type(x)``; ``x.__class__`` is the class of the number."""


class _OfArrays:
    """A method that only arrays have, not single numbers, so that ``hasattr`` tells them apart."""

    __slots__ = ("lacks", "method")

    def __init__(self, method: Callable[[Handle], Any], lacks: str) -> None:
        self.method = method
        self.lacks = lacks

    def __get__(self, handle: Handle | None, owner: type[Handle]) -> Any:
        if handle is None:
            return self
        if handle.shape:
            return MethodType(self.method, handle)
        frame = _getframe(1)
        error = refusals.NoAttribute(f"{written(frame)}: a single number has no {self.lacks} ({place(frame)})")
        if called_name(frame.f_code, frame.f_lasti) in ("hasattr", "getattr"):
            raise error

        def refuse() -> Any:
            raise error

        return refuse


def _elements(x: Handle) -> Iterator[Any]:
    for i in range(x.shape[0]):
        # The frame of the loop, or of the `a, b, c = x`, that takes the element.
        yield index_by(x, i, _getframe(1))


Handle.__iter__ = _OfArrays(_elements, "elements to loop over")  # type: ignore[attr-defined]
Handle.__len__ = _OfArrays(lambda x: x.shape[0], "length")  # type: ignore[attr-defined]


def _written_into(out: Any, made: Any, frame: FrameType) -> Any:
    """Write what was computed into ``out=``, or into the left side of an operator such as ``+=``."""
    write = getattr(out, "__bpviz_write__", None)
    if write is None:
        raise refusals.into_plain(frame)
    return write(made, frame)


def _where(ufunc: Any, inputs: Sequence[Any], out: Any, frame: FrameType, *, where: Any, **keywords: Any) -> Any:
    """Compute a function of NumPy where a mask is true, and write that into ``out``, whose other elements stay.

    What is not chosen is not computed, so that its gradient is 0 also where it would not be a number.
    """
    if getattr(out, "__bpviz_write__", None) is None:
        raise refusals.into_plain(frame)
    shape, index = out.shape, OPERATIONS["index"]
    recorded = type(where) in HANDLES
    if not recorded:
        where = np.broadcast_to(np.asarray(where), shape)
    elif where.shape != shape:
        where = OPERATIONS["broadcast_to"](where, shape=shape)

    def part(x: Any) -> Any:
        if not ops.shape_of(x):
            return x
        if ops.shape_of(x) != shape:
            x = OPERATIONS["broadcast_to"](x, shape=shape)
        return index(x, where, key=Operand(0)) if recorded else index(x, key=where)

    out[where] = ufunc(*map(part, inputs), **keywords)
    return out


def _starts_sum(x: Any, frame: FrameType) -> bool:
    """Return whether a sum starts at a single 0: the 0 of ``total += x`` is not drawn."""
    if ops.shape_of(x) or type(x) in HANDLES or x != 0:
        return False
    frame = users_frame(frame)
    return accumulates(frame.f_code, frame.f_lasti)


_ABOUT_SHAPE = frozenset({"shape", "ndim", "size", "zeros_like", "ones_like", "empty_like"})
"""Functions of NumPy that need only the shape, so that no gradient flows through them."""
_POSITIONS = frozenset({"argwhere", "flatnonzero", "nonzero"})
"""Functions of NumPy that return the positions of what is true: whole numbers, through which no gradient flows."""
_NONE: dict[str, Any] = {}


def _positions(name: str, x: Handle, frame: FrameType) -> Any:
    """Return the positions as plain numbers, as those of the branch that the values decide."""
    if x.data is NO_VALUE:
        raise refusals.without_value(f"np.{name}", frame)
    return getattr(np, name)(x.data)


def _in_one_record(xs: Sequence[Any], frame: FrameType) -> list[Any]:
    """Return the operands with all handles in the innermost of their records.

    Raises `RecordingError` if these are not nested.
    """
    inner = max((x.recorder for x in xs if type(x) in HANDLES), key=lambda recorder: recorder.depth)
    return [x if type(x) not in HANDLES else lifted(x, inner, frame) for x in xs]


def lifted(x: Handle, inner: Recorder, frame: FrameType) -> Handle:
    """Return the handle of the same value in a record that is nested in its own.

    Raises `RecordingError` if it is not nested there.
    """
    if not holds(inner, x.recorder):
        inner.same(x.recorder, f"{written(frame)} ({place(frame)})")
        return x
    return Handle(inner, lift(inner, x.recorder, x.index), x.data)


def _given(operation: Operation, parameters: Mapping[str, Any], frame: FrameType) -> dict[str, Any]:
    """Return the parameters that differ from the row's own, with whole-number inputs as plain numbers."""
    given = {}
    usual = operation.parameters
    for name, value in parameters.items():
        if name not in usual:
            raise refusals.unused(operation, name, frame)
        if value is not usual[name] and not (type(value) is float and value == usual[name]):
            given[name] = _settled(value)
    return given


def _settled(value: Any) -> Any:
    kind = type(value)
    if kind is tuple:
        return value if _NUMBERS.issuperset(map(type, value)) else tuple(map(_settled, value))
    return operator.index(value) if kind in HANDLES else own(value)


_NUMBERS = frozenset({int, float})


def _constant(recorder: Recorder, value: Any, xs: Sequence[Any], frame: FrameType) -> tuple[int, Any]:
    """Record a number or array, one of the operands ``xs``. Return its number in the record and its value."""
    # For an array that the model makes, this is the class of an array.
    kind = value.__class__
    if kind is int or kind is bool:
        try:
            # Next to arrays a whole number stays one, so that it takes their precision.
            value = float(value) if kind is bool or _all_numbers(xs) else value
        except OverflowError:
            raise refusals.no_number(value, frame) from None
    elif kind is not float:
        if kind is not np.ndarray:
            odd = refusals.another_class(value, frame)
            if odd is not None:
                raise odd
        found = recorder.array(value, frame)
        if found[0] < 0:
            raise refusals.no_number(value, frame)
        return found
    return recorder.add_constant(value, frame), value


def _all_numbers(xs: Sequence[Any]) -> bool:
    """Return whether all handles hold plain numbers, or nothing yet."""
    return all(type(x.data) is float or x.data is NO_VALUE for x in xs if type(x) in HANDLES)


def index_by(x: Handle, key: Any, frame: FrameType) -> Any:
    """Return ``x[key]``; handles in the key become operands."""
    positions: list[Any] = []
    made = template(key, positions)
    recorder = x.recorder
    if x.index in recorder.written and not positions:
        return _read(x, own(made), frame)
    part = x.__bpviz_record__(OPERATIONS["index"], (x, *positions), {"key": made}, frame)
    if type(part.data) is float and has_ellipsis(made):
        # x[..., 0] of a vector is a single number, but also a view.
        link(part, x, OPERATIONS["index"], positions, {"key": own(made)})
    return part


def has_ellipsis(key: Any) -> bool:
    """Return whether an index has an ellipsis.

    >>> has_ellipsis((Ellipsis, 0)), has_ellipsis(0)
    (True, False)
    """
    return key is Ellipsis or (type(key) is tuple and any(part is Ellipsis for part in key))


def _read(x: Handle, key: Any, frame: FrameType) -> Any:
    """Return a part of an array that was written to: the value written there, if it is exactly this part."""
    recorder = x.recorder
    try:
        part = x.data[key]
    except IndexError:
        part = None
    index, found = latest(recorder, x.index, key, x.shape) if part is not None else (x.index, False)
    constant = None if found else constant_part(recorder, index, key)
    if constant is not None:
        index, found = recorder.add_constant(ops.plain(np.array(constant)), frame), True
    if not found and type(recorder.values[index]) is Superseded:
        # The writes since then are elsewhere, so that the part is the same in it.
        value = ops.plain(np.array(part))
        step = recorder.add_step(OPERATIONS["index"], (index,), {"key": key}, value, recorder.reached[index], frame)
        made = Handle(recorder, step, sealed(value))
    elif not found:
        read = Handle(recorder, index, recorder.values[index])
        made = read.__bpviz_record__(OPERATIONS["index"], (read,), {"key": key}, frame)
    else:
        made = Handle(recorder, index, present(recorder.values[index]))
    if shares_memory(part, x.data) or (part is not None and has_ellipsis(key)):
        link(made, x, OPERATIONS["index"], (), {"key": key})
    return made


def template(part: Any, positions: list[Any]) -> Any:
    """Return an index with numbered places for its handles, which are added to ``positions``."""
    if type(part) in HANDLES:
        positions.append(detached(part))
        return Operand(len(positions) - 1)
    if isinstance(part, tuple):
        return tuple(template(p, positions) for p in part)
    if isinstance(part, slice):
        return slice(*(template(p, positions) for p in (part.start, part.stop, part.step)))
    return part
