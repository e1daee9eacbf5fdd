"""The operand that users compute with: it behaves like a number or an array and records what is done with it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import FrameType
from typing import Any

from bpviz import ops
from bpviz.errors import RecordingError
from bpviz.lazy import LazyModule
from bpviz.ops import OPERATIONS, Operand, Operation
from bpviz.recorder import NO_VALUE, Recorder
from bpviz.source import place, written

__all__ = ["Handle"]

np: Any = LazyModule("numpy")

_getframe = sys._getframe


class Handle:
    """A value of the graph: ``data`` is the recorded number or array, ``grad`` its gradient once there is one.

    Handles work with Python's operators, with NumPy's functions and with indexing. They are made by `bpviz.trace`
    (one per parameter of the function) and by ``Graph.input``.
    """

    __slots__ = ("data", "index", "recorder")
    __array_priority__ = 1000.0

    def __init__(self, recorder: Recorder, index: int, data: Any) -> None:
        self.recorder = recorder
        self.index = index
        self.data = data

    # What it holds

    @property
    def grad(self) -> Any:
        """The gradient from the latest `bpviz.propagate` (or ``backprop``) of its graph; ``None`` before."""
        flow = self.recorder.flow
        return None if flow is None else flow.gradient_of(self.index)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the value; ``()`` for a number."""
        if self.data is NO_VALUE:
            raise _without_value(self, "its shape is asked for", _getframe(1))
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
        return np.asarray(self.data).dtype

    @property
    def T(self) -> Any:  # noqa: N802 (NumPy's name)
        """The transpose."""
        return record(OPERATIONS["transpose"], (self,), {}, _getframe(1))

    def __repr__(self) -> str:
        return f"<handle {self.data!r}>"

    # How it is recorded

    def __bpviz_record__(
        self, operation: Operation, xs: Sequence[Any], parameters: Mapping[str, Any], frame: FrameType
    ) -> Any:
        return record(operation, xs, parameters, frame)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **keywords: Any) -> Any:
        frame = _getframe(1)
        if keywords.get("out") is not None:
            raise RecordingError(
                f"{written(frame)} writes into an existing array ({place(frame)}), which cannot be recorded; "
                "write the result to a new name instead: y = y + x"
            )
        if method == "reduce" and ufunc.__name__ == "add":
            return _call_numpy(OPERATIONS["sum"], np.sum, inputs, keywords, frame)
        name = ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}.{method}"
        operation = ops.find(name)
        if operation is None:
            raise _unknown(f"np.{name}", frame)
        return record(operation, inputs, keywords, frame)

    def __array_function__(self, function: Any, types: Any, args: Any, keywords: Any) -> Any:
        frame = _getframe(1)
        name = qualified(function)
        operation = ops.find(name)
        if operation is None:
            if name in _ABOUT_SHAPE:
                return getattr(np, name)(np.broadcast_to(0.0, args[0].shape), *args[1:], **keywords)
            raise _unknown(f"np.{name}", frame)
        return _call_numpy(operation, function, args, keywords, frame)

    # What it also is

    def __getitem__(self, key: Any) -> Any:
        return index_by(self, key, _getframe(1))

    def __iter__(self) -> Iterator[Any]:
        if not self.shape:
            raise RecordingError(f"a single number cannot be walked through ({place(_getframe(1))}); it has no elements")
        frame = _getframe(1)
        return (index_by(self, i, frame) for i in range(self.shape[0]))

    def __len__(self) -> int:
        if not self.shape:
            raise RecordingError(f"a single number has no length ({place(_getframe(1))})")
        return self.shape[0]

    def __bool__(self) -> bool:
        if self.data is NO_VALUE:
            raise _without_value(self, "a branch depends on it", _getframe(1))
        return bool(self.data)

    def __index__(self) -> int:
        data = self.data
        if isinstance(data, float):
            if data.is_integer() and self.index in self.recorder.whole:
                return int(data)
        elif data is not NO_VALUE and np.asarray(data).dtype.kind in "iu" and np.ndim(data) == 0:
            return int(data)
        raise RecordingError(
            f"{written(_getframe(1))} needs a whole number, but was given a recorded value "
            f"({place(_getframe(1))}); give a whole number as the input, or a plain one"
        )

    def __float__(self) -> float:
        raise _leaves_the_record(_getframe(1))

    def __int__(self) -> int:
        raise _leaves_the_record(_getframe(1))

    def __complex__(self) -> complex:
        raise _leaves_the_record(_getframe(1))

    def __array__(self, *args: Any, **keywords: Any) -> Any:
        raise _leaves_the_record(_getframe(1))

    def __setitem__(self, key: Any, value: Any) -> None:
        frame = _getframe(1)
        raise RecordingError(
            f"{written(frame)} writes into an array in place ({place(frame)}), which cannot be recorded; "
            "build a new array instead, for example with np.where(condition, x, y) or np.concatenate"
        )

    __hash__ = object.__hash__

    def item(self) -> Any:
        """Refuse: a number taken out of the record would lose its gradient."""
        raise _leaves_the_record(_getframe(1))

    def copy(self) -> Handle:
        """The value itself: recorded values are never changed."""
        return self


# What NumPy answers from the shape alone, without a value that a gradient could flow through.
_ABOUT_SHAPE = frozenset({"shape", "ndim", "size", "zeros_like", "ones_like", "empty_like"})


def qualified(function: Any) -> str:
    """A NumPy function's name as the table writes it: ``sum``, ``linalg.norm``."""
    module = (getattr(function, "__module__", "") or "").removeprefix("numpy").removeprefix(".")
    return f"{module}.{function.__name__}" if module and not module.startswith("_") else function.__name__


def record(operation: Operation, xs: Sequence[Any], parameters: Mapping[str, Any], frame: FrameType) -> Any:
    """The general door: any operation on any mixture of handles, numbers and arrays."""
    recorder = next(x.recorder for x in xs if x.__class__ is Handle)
    operands: list[int] = []
    values: list[Any] = []
    reached = False
    for x, rule in zip(xs, operation.rules(len(xs)), strict=False):
        if x.__class__ is Handle:
            if x.recorder is not recorder:
                recorder.same(x.recorder, written(frame))
            operands.append(x.index)
            values.append(x.data)
            if rule is not None and recorder.reached[x.index]:
                reached = True
        else:
            value = constant(x, frame)
            operands.append(recorder.leaf(value, frame=frame))
            values.append(value)
    kept = {k: v for k, v in parameters.items() if k not in operation.parameters or v is not operation.parameters[k]}
    value = NO_VALUE
    if all(v is not NO_VALUE for v in values):
        try:
            value = ops.evaluate(operation, values, kept)
        except (ValueError, TypeError, IndexError) as error:
            shapes = " and ".join(str(ops.shape_of(v)) for v in values)
            raise RecordingError(f"{written(frame)} fails on operands of shape {shapes} ({place(frame)}): {error}") from error
    index = recorder.append(operation, tuple(operands), kept, value, reached, frame)
    return Handle(recorder, index, value)


def constant(value: Any, frame: FrameType) -> Any:
    """A number or array as it is kept in the record: arrays are copied, so that later changes do no harm."""
    kind = value.__class__
    if kind is float or kind is int:
        return value
    if kind is bool:
        return float(value)
    array = np.array(value)
    if array.dtype.kind not in "fiub":
        raise RecordingError(
            f"{written(frame)} takes {type(value).__name__} ({place(frame)}), but only real numbers and arrays of them "
            "can be recorded"
        )
    return ops.plain(array[()]) if not array.ndim else array


def index_by(x: Handle, key: Any, frame: FrameType) -> Any:
    """``x[key]``; handles inside the key become operands."""
    positions: list[Any] = []

    def template(part: Any) -> Any:
        if part.__class__ is Handle:
            positions.append(part)
            return Operand(len(positions) - 1)
        if isinstance(part, tuple):
            return tuple(template(p) for p in part)
        if isinstance(part, slice):
            return slice(template(part.start), template(part.stop), template(part.step))
        return part

    made = template(key)
    return record(OPERATIONS["index"], (x, *positions), {"key": made}, frame)


def _call_numpy(operation: Operation, function: Any, args: Any, keywords: Mapping[str, Any], frame: FrameType) -> Any:
    """A NumPy function's own way of calling, brought into operands and parameters of the row."""
    try:
        if operation.adapt is not None:
            xs, parameters = operation.adapt(*args, **keywords)
        else:
            xs, parameters = _bind(operation, function, args, keywords)
    except TypeError as error:
        raise RecordingError(f"{written(frame)} ({place(frame)}): {error}") from None
    return record(operation, xs, parameters, frame)


def _bind(operation: Operation, function: Any, args: Any, keywords: Mapping[str, Any]) -> Any:
    import inspect

    bound = inspect.signature(function).bind(*args, **keywords).arguments
    names = list(bound)
    count = len(operation.operands)
    xs = [bound[name] for name in names[:count]]
    parameters: dict[str, Any] = {}
    for name in names[count:]:
        value = bound[name]
        if name in operation.parameters:
            parameters[name] = value
        elif value is not None:
            raise TypeError(f"{name}= cannot be recorded; leave it out")
    return xs, parameters


def _unknown(name: str, frame: FrameType) -> RecordingError:
    import difflib

    short = name.rpartition(".")[2]
    close = [f"np.{n}" for row in OPERATIONS.values() for n in row.numpy if n in difflib.get_close_matches(short, [n])]
    hint = f"did you mean {close[0]}? " if close else ""
    return RecordingError(
        f"{name} is not an operation that bpviz can record ({place(frame)}: {written(frame)}); {hint}"
        "`bpviz ops` lists those that it can; write it with them, or add it with bpviz.op(...)"
    )


def _leaves_the_record(frame: FrameType) -> RecordingError:
    text = written(frame)
    advice = "compute with the value itself, or with NumPy's functions (np.exp, np.log, …)"
    if text.startswith("math."):
        name = text[5:].partition("(")[0]
        advice = f"write np.{name} instead of math.{name}"
    elif text.startswith(("np.array", "np.asarray", "numpy.array", "numpy.asarray")):
        advice = "use the value as it is; to put several values into one array use np.concatenate"
    elif text.startswith(("float(", "int(")):
        advice = "leave the conversion out"
    return RecordingError(
        f"{text} asks a recorded value for a plain number ({place(frame)}), where its gradient would be lost; {advice}"
    )


def _without_value(handle: Handle, why: str, frame: FrameType) -> RecordingError:
    return RecordingError(
        f"a value is needed where {why} ({place(frame)}: {written(frame)}), but the inputs have none; "
        'give the inputs values: graph.input("x", 3.0)'
    )


def _binary(operation: Operation) -> Callable[[Handle, Any], Any]:
    scalar = operation.scalar
    differentiates = operation.vjp != (None, None)

    def method(self: Handle, other: Any) -> Any:
        x = self.data
        if x.__class__ is float and scalar is not None:
            # The quick way for plain numbers, which is what long scalar programs consist of.
            recorder = self.recorder
            if other.__class__ is Handle:
                y = other.data
                if y.__class__ is float and other.recorder is recorder:
                    try:
                        z = scalar(x, y)
                    except (ArithmeticError, ValueError):
                        z = ops.evaluate(operation, (x, y), {})
                    i = self.index
                    j = other.index
                    reached = recorder.reached
                    index = recorder.append(
                        operation, (i, j), None, z, differentiates and (reached[i] or reached[j]), _getframe(1)
                    )
                    return Handle(recorder, index, z)
            elif other.__class__ is float or other.__class__ is int:
                frame = _getframe(1)
                y = float(other)
                try:
                    z = scalar(x, y)
                except (ArithmeticError, ValueError):
                    z = ops.evaluate(operation, (x, y), {})
                i = self.index
                j = recorder.leaf(y, frame=frame)
                index = recorder.append(operation, (i, j), None, z, differentiates and recorder.reached[i], frame)
                return Handle(recorder, index, z)
        if not _is_operand(other):
            return NotImplemented
        return record(operation, (self, other), {}, _getframe(1))

    return method


def _reflected(operation: Operation) -> Callable[[Handle, Any], Any]:
    def method(self: Handle, other: Any) -> Any:
        if not _is_operand(other):
            return NotImplemented
        if other.__class__ is int and self.data.__class__ is float:
            other = float(other)
        return record(operation, (other, self), {}, _getframe(1))

    return method


def _unary(operation: Operation) -> Callable[[Handle], Any]:
    def method(self: Handle) -> Any:
        return record(operation, (self,), {}, _getframe(1))

    return method


def _named(operation: Operation) -> Callable[..., Any]:
    def method(self: Handle, *args: Any, **keywords: Any) -> Any:
        if operation.adapt is not None:
            xs, parameters = operation.adapt(self, *args, **keywords)
        else:
            xs, parameters = (self,), dict(zip(operation.parameters, args, strict=False)) | keywords
        return record(operation, xs, parameters, _getframe(1))

    method.__name__ = operation.name
    method.__doc__ = operation.says
    return method


def _is_operand(value: Any) -> bool:
    return value.__class__ is Handle or isinstance(value, float | int | list | tuple) or hasattr(value, "__array__")


_OPERATORS = {
    "add": "add",
    "sub": "subtract",
    "mul": "multiply",
    "truediv": "divide",
    "pow": "power",
    "matmul": "matmul",
}
_COMPARISONS = {"lt": "less", "le": "less_equal", "gt": "greater", "ge": "greater_equal", "eq": "equal", "ne": "not_equal"}
_UNARY = {"neg": "negative", "pos": "positive", "abs": "abs"}


def _dress() -> None:
    """Give the class its operators and methods, from the table."""
    for python_name, name in (_OPERATORS | _COMPARISONS).items():
        setattr(Handle, f"__{python_name}__", _binary(OPERATIONS[name]))
    for python_name, name in _OPERATORS.items():
        setattr(Handle, f"__r{python_name}__", _reflected(OPERATIONS[name]))
    for python_name, name in _UNARY.items():
        setattr(Handle, f"__{python_name}__", _unary(OPERATIONS[name]))
    for operation in OPERATIONS.values():
        if operation.method:
            setattr(Handle, operation.name, _named(operation))


_dress()
