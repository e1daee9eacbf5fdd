"""The operand that users compute with: it behaves like a number or an array and records what is done with it."""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import FrameType, MethodType
from typing import Any

from bpviz import ops
from bpviz.errors import RecordingError, RefusedAnyway
from bpviz.lazy import LazyModule
from bpviz.ops import OPERATIONS, Operand, Operation, evaluate
from bpviz.recording import refusals
from bpviz.recording.aliases import constant_part, detached, latest, link, shares_memory
from bpviz.recording.nesting import holds, lift
from bpviz.recording.numpy_calls import adapted, composed, qualified
from bpviz.recording.recorder import NO_VALUE, Recorder
from bpviz.recording.settled import is_settled, is_whole
from bpviz.recording.source import accumulates, called_name, formats, indexes, place, users_frame, written

__all__ = ["HANDLES", "Cell", "Handle", "Missing", "index_by", "lifted", "template"]

np: Any = LazyModule("numpy")

_getframe = sys._getframe


class Missing:
    """An attribute that recorded values have not, and that says what to write instead.

    There is one for each name: a ``__getattr__`` for all would slow down every look at what they have.
    """

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, handle: Handle | None, owner: type[Handle]) -> Any:
        if handle is None:
            return self
        raise refusals.no_attribute(self.name, _getframe(1))


class Cell:
    """What handles and the arrays that the model makes (`bpviz.writes.buffers`) have in common: how they lie in memory.

    So the one can become the other, wherever it is held, when a recorded value is written into it. ``alias`` is only
    there where memory is shared.
    """

    __slots__ = ("__weakref__", "alias", "data", "index", "recorder")


class Handle(Cell):
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
        # See `bpviz.recording.aliases.detached`; what an object holds becomes an ordinary handle.
        return Handle(self.recorder, self.index, self.data)

    # What it holds

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        """The class of the value, for all who ask what it is; ``type`` tells a recorded value from a plain one."""
        data = self.data
        if type(data) is float:
            return int if is_whole(self) else float
        return Handle if data is NO_VALUE else type(data)

    @property
    def grad(self) -> Any:
        """The gradient from the latest `bpviz.propagate` (or ``backprop``) of its graph; ``None`` before."""
        gradient_of = self.recorder.gradient_of
        return None if gradient_of is None else gradient_of(self.index)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the value; ``()`` for a number."""
        if self.data is NO_VALUE:
            raise refusals.without_value("a shape", _getframe(1))
        return ops.shape_of(self.data)

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of elements."""
        size = 1
        for n in self.shape:
            size *= n
        return size

    @property
    def dtype(self) -> Any:
        """The NumPy type of the value."""
        if self.data is NO_VALUE:
            raise refusals.without_value("a type", _getframe(1))
        return np.asarray(self.data).dtype

    @property
    def T(self) -> Any:
        """The transpose."""
        return self.__bpviz_record__(OPERATIONS["transpose"], (self,), _NONE, _getframe(1))

    def __repr__(self) -> str:
        return repr(self._shown())

    def __str__(self) -> str:
        return str(self._shown())

    def _shown(self) -> Any:
        """The number as a plain run would print it."""
        return int(self.data) if type(self.data) is float and is_whole(self) else self.data

    def __dir__(self) -> list[str]:
        return [name for name in type.__dir__(Handle) if type(getattr(Handle, name, None)) is not Missing]

    def __format__(self, form: str) -> str:
        return format(self._shown(), form)

    # How it is recorded

    def __bpviz_record__(
        self, operation: Operation, xs: Sequence[Any], parameters: Mapping[str, Any], frame: FrameType
    ) -> Handle:
        """The general door: any operation on any mixture of handles, numbers and arrays, one of which is this one."""
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
        told = _told(operation, parameters, frame) if parameters else _NONE
        value, kept = NO_VALUE, None
        if not missing:
            try:
                if operation.keeping is None:
                    value = evaluate(operation, values, told)
                else:
                    value, kept = ops.computed(operation, values, told)
            except (ValueError, TypeError, IndexError) as error:
                raise refusals.fails([ops.shape_of(v) for v in values], error, frame) from error
        index = recorder.add_step(operation, tuple(operands), told, value, reached, frame)
        if kept is not None:
            recorder.kept[index] = kept
        made = Handle(recorder, index, value)
        # In this order: few operations are views, and few of those are of plain arrays.
        if operation.view is not None and shares_memory(value, values[0]) and type(xs[0]) in HANDLES:
            link(made, xs[0], operation, xs[1:], told)
        return made

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **keywords: Any) -> Any:
        frame = _getframe(1)
        out = keywords.pop("out", None)
        if out is not None:
            made = self.__array_ufunc__(ufunc, method, *inputs, **keywords)
            return _written_into(out[0], made, frame)
        name = ufunc.__name__
        if method != "__call__":
            name = f"{name}.{method}"
            if method in ("reduce", "accumulate"):
                keywords = {"axis": 0} | keywords
        composite = ops.composite(name)
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
        composite = ops.composite(name)
        if composite is not None:
            return composed(self.recorder, composite, args, keywords, frame)
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
        # Only how often or how far is recorded (np.tile(table, n)): a constant, by a whole-number input.
        return evaluate(operation, xs, _told(operation, parameters, frame))

    # What it also is

    def __getitem__(self, key: Any) -> Any:
        return index_by(self, key, _getframe(1))

    def __bool__(self) -> bool:
        data = self.data
        if data is NO_VALUE:
            raise refusals.without_value("a branch", _getframe(1))
        if type(data) is not float and ops.size_of(data) != 1:
            raise refusals.undecided(self.shape, _getframe(1))
        return bool(data)

    def __index__(self) -> int:
        data = self.data
        if type(data) is float:
            if data.is_integer() and is_settled(self, counts=True):
                return int(data)
        elif type(data) is bool or (
            data is not NO_VALUE and np.ndim(data) == 0 and np.asarray(data).dtype.kind in "iu"
        ):
            return int(data)
        frame = _getframe(1)
        # An array is none anyway; NumPy asks all the same, before it takes it as positions.
        kind = RefusedAnyway if data is not NO_VALUE and ops.shape_of(data) else RecordingError
        raise kind(
            f"{written(frame)} needs a whole number, but got a recorded value ({place(frame)}); give a whole number as "
            "the input (n=3, not n=3.0), or a plain number here"
        )

    def __int__(self) -> int:
        return int(self._plain(_getframe(1), counts=True))

    def __float__(self) -> float:
        return float(self._plain(_getframe(1)))

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return np.array(self._plain(_getframe(1)), dtype)

    def __complex__(self) -> complex:
        raise refusals.leaves_the_record(_getframe(1))

    def item(self, *place: Any) -> Any:
        """The plain number, where it carries no gradient that would be lost."""
        return np.asarray(self._plain(_getframe(1))).item(*place)

    def _plain(self, frame: FrameType, *, counts: bool = False) -> Any:
        """What it holds, for what may leave the record: what carries no gradient, and what is only printed."""
        data = self.data
        if data is NO_VALUE:
            raise refusals.without_value("a plain number", frame)
        if is_settled(self, counts=counts) or formats(frame.f_code, frame.f_lasti):
            return data
        if (
            getattr(data, "dtype", None) is not None
            and data.dtype.kind in "iu"
            and indexes(frame.f_code, frame.f_lasti)
        ):
            return data
        raise refusals.leaves_the_record(frame)

    def __hash__(self) -> int:
        # As a key of a dict a number finds what its plain number does.
        return hash(self.data) if type(self.data) is float else object.__hash__(self)

    def __reduce__(self) -> Any:
        return Handle, (self.recorder, self.index, self.data)

    def copy(self, order: str = "C") -> Any:
        """The same value, which stays as it is when this one is written into."""
        return detached(self)

    def __copy__(self) -> Any:
        return detached(self)

    def __deepcopy__(self, memory: Any) -> Any:
        return detached(self)


HANDLES: set[type] = {Handle}
"""The classes of recorded values; a handle says of itself that it is of the class of its number."""


class _OfArrays:
    """A method that arrays have and single numbers have not, so that ``hasattr`` says which it is."""

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
        # Where the element is asked for: the loop, or the `a, b, c = x`, that takes it.
        yield index_by(x, i, _getframe(1))


Handle.__iter__ = _OfArrays(_elements, "elements to walk through")  # type: ignore[attr-defined]
Handle.__len__ = _OfArrays(lambda x: x.shape[0], "length")  # type: ignore[attr-defined]


def _written_into(out: Any, made: Any, frame: FrameType) -> Any:
    """What was computed for ``out=``, or by an operator such as ``+=``, written there."""
    write = getattr(out, "__bpviz_write__", None)
    if write is None:
        raise refusals.into_plain(frame)
    return write(made, frame)


def _starts_sum(x: Any, frame: FrameType) -> bool:
    """Whether a sum starts at a single 0: nobody draws the 0 of ``total += x``."""
    if ops.shape_of(x) or type(x) in HANDLES or x != 0:
        return False
    frame = users_frame(frame)
    return accumulates(frame.f_code, frame.f_lasti)


# What NumPy answers from the shape alone, without a value that a gradient could flow through.
_ABOUT_SHAPE = frozenset({"shape", "ndim", "size", "zeros_like", "ones_like", "empty_like"})


_NONE: dict[str, Any] = {}


def _in_one_record(xs: Sequence[Any], frame: FrameType) -> list[Any]:
    """The operands with all handles in the innermost of their records.

    Raises `RecordingError` when these are not nested.
    """
    inner = max((x.recorder for x in xs if type(x) in HANDLES), key=lambda recorder: recorder.depth)
    return [x if type(x) not in HANDLES else lifted(x, inner, frame) for x in xs]


def lifted(x: Handle, inner: Recorder, frame: FrameType) -> Handle:
    """The handle of the same value in a record that is nested in its own.

    Raises `RecordingError` when it is not.
    """
    if not holds(inner, x.recorder):
        inner.same(x.recorder, f"{written(frame)} ({place(frame)})")
        return x
    return Handle(inner, lift(inner, x.recorder, x.index), x.data)


def _told(operation: Operation, parameters: Mapping[str, Any], frame: FrameType) -> dict[str, Any]:
    """The parameters that differ from the row's own, with whole-number inputs in them as plain numbers."""
    told = {}
    usual = operation.parameters
    for name, value in parameters.items():
        if name not in usual:
            raise refusals.unused(operation, name, frame)
        if value is not usual[name] and not (type(value) is float and value == usual[name]):
            told[name] = _settled(value)
    return told


def _settled(value: Any) -> Any:
    kind = type(value)
    if kind is tuple and not _NUMBERS.issuperset(map(type, value)):
        return tuple(map(_settled, value))
    return operator.index(value) if kind in HANDLES else value


_NUMBERS = frozenset({int, float})


def _constant(recorder: Recorder, value: Any, xs: Sequence[Any], frame: FrameType) -> tuple[int, Any]:
    """A number or array, an operand beside ``xs``, as an entry of the record: its number, and what it holds."""
    # Of an array that the model makes it is that of an array.
    kind = value.__class__
    if kind is int or kind is bool:
        try:
            # Beside arrays a whole number stays one, so that it takes their precision.
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
    """Whether all handles hold plain numbers, or nothing yet."""
    return all(type(x.data) is float or x.data is NO_VALUE for x in xs if type(x) in HANDLES)


def index_by(x: Handle, key: Any, frame: FrameType) -> Any:
    """``x[key]``; handles inside the key become operands."""
    positions: list[Any] = []
    made = template(key, positions)
    recorder = x.recorder
    if x.index in recorder.written and not positions:
        return _read(x, made, frame)
    part = x.__bpviz_record__(OPERATIONS["index"], (x, *positions), {"key": made}, frame)
    if type(part.data) is float and has_ellipsis(made):
        # x[..., 0] of a line is a single number, and yet a view.
        link(part, x, OPERATIONS["index"], positions, {"key": made})
    return part


def has_ellipsis(key: Any) -> bool:
    """Whether an index is written with an ellipsis.

    >>> has_ellipsis((Ellipsis, 0)), has_ellipsis(0)
    (True, False)
    """
    return key is Ellipsis or (type(key) is tuple and any(part is Ellipsis for part in key))


def _read(x: Handle, key: Any, frame: FrameType) -> Any:
    """A part of an array that was written to: what was written there, where that is this very part."""
    recorder = x.recorder
    try:
        part = x.data[key]
    except IndexError:
        part = None
    index, found = latest(recorder, x.index, key, x.shape) if part is not None else (x.index, False)
    constant = None if found else constant_part(recorder, index, key)
    if constant is not None:
        index, found = recorder.add_constant(ops.plain(np.array(constant)), frame), True
    if not found:
        read = Handle(recorder, index, recorder.values[index])
        made: Handle = read.__bpviz_record__(OPERATIONS["index"], (read,), {"key": key}, frame)
    else:
        made = Handle(recorder, index, recorder.values[index])
    if shares_memory(part, x.data) or (part is not None and has_ellipsis(key)):
        link(made, x, OPERATIONS["index"], (), {"key": key})
    return made


def template(part: Any, positions: list[Any]) -> Any:
    """An index in which numbered places stand for the handles; these are added to ``positions``."""
    if type(part) in HANDLES:
        positions.append(detached(part))
        return Operand(len(positions) - 1)
    if isinstance(part, tuple):
        return tuple(template(p, positions) for p in part)
    if isinstance(part, slice):
        return slice(*(template(p, positions) for p in (part.start, part.stop, part.step)))
    return part
