"""Calls of NumPy's functions, translated into operands and parameters of the rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from types import FrameType
from typing import Any

from bpviz.errors import RecordingError, RefusedAnyway
from bpviz.ops import Operation
from bpviz.ops.arrays.partial import partial
from bpviz.recording.recorder import Recorder
from bpviz.recording.source import place, written

__all__ = ["adapted", "chosen", "composed", "qualified"]


@lru_cache(maxsize=1024)
def qualified(function: Any) -> str:
    """Return the name of a NumPy function as the table has it: ``sum``, ``linalg.norm``."""
    module = (getattr(function, "__module__", "") or "").removeprefix("numpy").removeprefix(".")
    return f"{module}.{function.__name__}" if module and not module.startswith("_") else function.__name__


def chosen(name: str, keywords: Mapping[str, Any]) -> Callable[..., Any] | None:
    """Return the reduction of a part of the elements, for a call with ``where=`` or ``initial=``; else ``None``."""
    return partial(name) if "where" in keywords or "initial" in keywords else None


def composed(
    recorder: Recorder, function: Callable[..., Any], args: Any, keywords: Mapping[str, Any], frame: FrameType
) -> Any:
    """Call a function that is made of several operations; its errors get the user's line."""
    before = len(recorder)
    try:
        result = function(*args, **keywords)
    except RecordingError:
        raise
    except (IndexError, TypeError, ValueError) as error:
        raise RefusedAnyway(f"{written(frame)} ({place(frame)}): {error}") from None
    if len(recorder) > before + 1:
        # The user's variable names the result, not the steps before it.
        parts = result if isinstance(result, tuple | list) else (result,)
        results = {part.index for part in parts if getattr(part, "recorder", None) is recorder}
        for index in range(before, len(recorder)):
            if index not in results and recorder.operations[index] is not None:
                recorder.name(index, "")
    return result


def adapted(
    operation: Operation, function: Any, args: Any, keywords: Mapping[str, Any], frame: FrameType
) -> tuple[Sequence[Any], Mapping[str, Any]]:
    """Return the operands and the parameters of the row for a call of a NumPy function."""
    try:
        if operation.adapt is not None:
            return operation.adapt(*args, **keywords)
        count = len(operation.operands)
        names = _simply(function, operation, len(args), tuple(keywords))
        if names is not None:
            return args[:count], {**dict(zip(names, args[count:], strict=True)), **keywords}
        pairs = iter(_signature(function).bind(*args, **keywords).arguments.items())
    except RecordingError:
        raise
    except (IndexError, TypeError, ValueError) as error:
        raise RefusedAnyway(f"{written(frame)} ({place(frame)}): {error}") from None
    xs = [value for _, value in islice(pairs, count)]
    # A parameter at its default may be unknown to the row: np.sum(x, dtype=None).
    return xs, {name: value for name, value in pairs if value is not None or name in operation.parameters}


@lru_cache(maxsize=1024)
def _simply(function: Any, operation: Operation, given: int, keywords: tuple[str, ...]) -> tuple[str, ...] | None:
    """Return the names of what is given by position after the operands; ``None`` for calls that need a full reading.

    The others give all operands by position and, after them, only parameters of the row.
    """
    count = len(operation.operands)
    parameters = _signature(function).parameters
    names = tuple(parameters)[:given]
    passed = names[count:] + keywords
    usual = all(parameters[name].kind.name == "POSITIONAL_OR_KEYWORD" for name in names)
    simple = usual and count <= given == len(names) and len({*passed}) == len(passed)
    return names[count:] if simple and operation.parameters.keys() >= {*passed} else None


@lru_cache(maxsize=256)
def _signature(function: Any) -> Any:
    import inspect

    return inspect.signature(function)
