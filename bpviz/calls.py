"""NumPy's own ways of calling, brought into operands and parameters of the rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from types import FrameType
from typing import Any

from bpviz.errors import RecordingError
from bpviz.ops import Operation
from bpviz.recorder import Recorder
from bpviz.source import place, written

__all__ = ["adapted", "composed", "qualified"]


@lru_cache(maxsize=1024)
def qualified(function: Any) -> str:
    """A NumPy function's name as the table writes it: ``sum``, ``linalg.norm``."""
    module = (getattr(function, "__module__", "") or "").removeprefix("numpy").removeprefix(".")
    return f"{module}.{function.__name__}" if module and not module.startswith("_") else function.__name__


def composed(
    recorder: Recorder, function: Callable[..., Any], args: Any, keywords: Mapping[str, Any], frame: FrameType
) -> Any:
    """What is made of several operations; its own complaints get the user's line."""
    before = len(recorder)
    try:
        result = function(*args, **keywords)
    except RecordingError:
        raise
    except (IndexError, TypeError, ValueError) as error:
        raise RecordingError(f"{written(frame)} ({place(frame)}): {error}") from None
    if len(recorder) > before + 1:
        # The user's variable names the result, not the steps on the way to it.
        parts = result if isinstance(result, tuple | list) else (result,)
        results = {part.index for part in parts if getattr(part, "recorder", None) is recorder}
        for index in range(before, len(recorder)):
            if index not in results and recorder.operations[index] is not None:
                recorder.name(index, "")
    return result


def adapted(
    operation: Operation, function: Any, args: Any, keywords: Mapping[str, Any], frame: FrameType
) -> tuple[Sequence[Any], Mapping[str, Any]]:
    """A NumPy function's own way of calling, brought into operands and parameters of the row."""
    try:
        if operation.adapt is not None:
            return operation.adapt(*args, **keywords)
        count = len(operation.operands)
        names = _positional(function)
        if count <= len(args) <= len(names) and not keywords.keys() - names[len(args) :]:
            # The common case, without what a full reading costs.
            bound = dict(zip(names, args, strict=False)) | keywords
        else:
            bound = _signature(function).bind(*args, **keywords).arguments
    except RecordingError:
        raise
    except TypeError as error:
        raise RecordingError(f"{written(frame)} ({place(frame)}): {error}") from None
    names = tuple(bound)
    # What is left at its default need not be known here: np.sum(x, dtype=None).
    told = {name: bound[name] for name in names[count:] if name in operation.parameters or bound[name] is not None}
    return [bound[name] for name in names[:count]], told


@lru_cache(maxsize=256)
def _positional(function: Any) -> tuple[str, ...]:
    """The names of the parameters that can be given by position or by name; none where there are others."""
    parameters = _signature(function).parameters.values()
    simple = all(p.kind is p.POSITIONAL_OR_KEYWORD for p in parameters)
    return tuple(p.name for p in parameters) if simple else ()


@lru_cache(maxsize=256)
def _signature(function: Any) -> Any:
    import inspect

    return inspect.signature(function)
