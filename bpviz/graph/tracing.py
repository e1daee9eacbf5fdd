"""A plain function becomes a graph: it is run once on handles, and every step is recorded."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import wraps
from types import FrameType, FunctionType, TracebackType
from typing import Any, NamedTuple, TypeVar

from bpviz import nn, ops
from bpviz.doors import mathematics
from bpviz.doors.placing import Door, door_of, open_doors
from bpviz.errors import BpvizError, RecordingError, RefusedAnyway, UsageError, refusals
from bpviz.graph.graph import Graph
from bpviz.graph.verification import Plain, Verification, is_verified, verified
from bpviz.recording import refusals as refusal
from bpviz.recording.frames import current_groups
from bpviz.recording.handle import Handle
from bpviz.recording.nesting import holds, lift
from bpviz.recording.recorder import Recorder
from bpviz.recording.scopes import Group
from bpviz.writes import functions  # noqa: F401

__all__ = ["Run", "group", "inputs_of", "name", "run_on_handles", "trace"]

# The classes of numbers and arrays that were seen: inputs as they are.
_PLAIN: set[type] = {float, int}
CO_VARARGS, CO_VARKEYWORDS = 4, 8  # of a code object's flags, as `inspect` names them
Value = TypeVar("Value")
Function = TypeVar("Function", bound=Callable[..., Any])


def trace(fn: Callable[..., Any], /, *args: Any, verify: bool = True, **kwargs: Any) -> Graph:
    """Run a function once and record what it computes.

    The parameters become the inputs; those that are not given take their defaults. Numbers and arrays are recorded,
    also inside lists, tuples and dicts (named ``p[0]``, ``p['W1']``); strings, booleans, None and functions pass
    through as they are.

    >>> def total(price=100, count=2, tax=1.1):
    ...     subtotal = price * count
    ...     return subtotal * tax
    >>> graph = trace(total)
    >>> graph.inputs, graph.outputs
    (('price', 'count', 'tax'), ('total',))
    >>> graph["subtotal"].value
    200.0

    Afterwards the function is run once more, without bpviz, on copies of the same inputs, and must return the same
    value: what is drawn is what the function does. ``verify=False`` leaves that out (a parameter of that name is given
    by position). What the function prints is printed once, and random numbers, its objects, lists and global variables
    are then as after a single run.

    Raises `UsageError` when a parameter has no value or the result depends on none of them, and `RecordingError` for
    a step that cannot be recorded, or a plain run that returns another value. What the function itself raises passes
    through.
    """
    with verified(verify):
        run = run_on_handles(fn, args, kwargs)
    _name_outputs(run.graph, run.result, run.graph.name)
    run.name_the_rest()
    return run.graph


class Run(NamedTuple):
    """What `run_on_handles` answers: the graph, the parameters and the result with handles in them.

    ``last_words`` is what the function's own variables held in the end.
    """

    graph: Graph
    parameters: dict[str, Any]
    result: Any
    last_words: list[tuple[str, Any]]

    def name_the_rest(self) -> None:
        """Name the values that have no name yet but lie in a variable."""
        recorder = self.graph.record
        for key, value in self.last_words:
            if type(value) is Handle and value.recorder is recorder:
                recorder.last_words.setdefault(value.index, key)
        recorder.renamed += 1


def run_on_handles(fn: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any], depth: int = 0) -> Run:
    """Run a function once and record it; with a ``depth`` inside of other recordings, whose values it may use."""
    title = _title(fn)
    recorder = Recorder(sys._getframe(), title, boundary=True, depth=depth)
    graph = Graph(title, record=recorder)
    graph.function = fn
    positional, keywords = inputs_of(fn, args, kwargs)
    doors = open_doors(recorder, fn, _DOORS)
    given: list[Any]
    if _PLAIN.issuperset([type(value) for _, value in positional]):
        given = graph.take(positional)
    else:
        given = [_recorded(graph, key, value) for key, value in positional]
    named = {key: _recorded(graph, key, value) for key, value in keywords.items()} if keywords else keywords
    groups = current_groups()
    opened = len(groups)
    plain, verification = Plain(fn, positional, keywords), None
    if is_verified():
        verification = Verification(plain, lambda: run_on_handles(fn, args, kwargs, depth))
    try:
        with ops.silence(), doors, refusals() as refused:
            result = fn(*given, **named)
    except ValueError as error:
        if isinstance(error.__cause__, RecordingError):
            # NumPy asked a recorded value for a number, and says only that it got none.
            raise error.__cause__ from None
        raise
    except AttributeError as error:
        # What nobody has foreseen (see `bpviz.recording.handle.Missing`) is told in the same words.
        if type(error.obj) is Handle and not isinstance(error, RecordingError) and error.__traceback__ is not None:
            raise refusal.no_attribute(str(error.name), _innermost(error.__traceback__)) from None
        raise
    except Exception as error:
        odd = None if verification is None or isinstance(error, BpvizError) else verification.raised(error, recorder)
        if odd is not None:
            raise odd from error
        raise
    finally:
        # A function that raises inside of `with bpviz.group(...)` has closed it already; a generator may not have.
        del groups[opened:]
        last_words = recorder.close()
    parameters = dict(zip([key for key, _ in positional], given, strict=True)) | named
    if recorder.rewrites:
        from bpviz.writes.fills import join_writes

        parameters = {key: _as_given(graph, key, value) for key, value in parameters.items()}
        join_writes(recorder, [handle.index for _, handle in _handles("", result) if handle.recorder is recorder])
    if verification is not None and not recorder.lifted:
        # Nested in another recording it is run plainly where that is.
        for one in refused:
            if not isinstance(one, RefusedAnyway):
                raise one
        plain = verification.compared(result, recorder)
    graph.plain, graph.notes = replace(plain, result=result), plain.notes
    return Run(graph, parameters, result, last_words)


def _array_doors(numpy: Any) -> Iterator[Door]:
    """The doors of NumPy; models of plain numbers need none, and import less."""
    from bpviz.doors import arrays

    return arrays.doors(numpy)


def _special_doors(special: Any) -> Iterator[Door]:
    from bpviz.doors import scipy

    return scipy.of_special(special)


def _norm_doors(stats: Any) -> Iterator[Door]:
    from bpviz.doors import scipy

    return scipy.of_norm(stats)


_DOORS = (
    ("math", mathematics.doors),
    ("numpy", _array_doors),
    ("scipy.special", _special_doors),
    ("scipy.stats", _norm_doors),
)


def _as_given(graph: Graph, key: str, value: Any) -> Any:
    """A parameter as it was before the function wrote into it."""
    if isinstance(value, Mapping):
        return {k: _as_given(graph, f"{key}[{k!r}]", part) for k, part in value.items()}
    if isinstance(value, tuple | list):
        parts = [_as_given(graph, f"{key}[{i}]", part) for i, part in enumerate(value)]
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    if type(value) is not Handle:
        return value
    index = next((i for i, name in graph.record.is_input.items() if name == key), value.index)
    return Handle(graph.record, index, graph.record.values[index])


def _innermost(traceback: TracebackType) -> FrameType:
    """The frame in which something was raised."""
    while traceback.tb_next is not None:
        traceback = traceback.tb_next
    return traceback.tb_frame


def _title(fn: Any) -> str:
    """What a function is called; empty where it has no name."""
    while not hasattr(fn, "__name__") and hasattr(fn, "func"):
        # functools.partial
        fn = fn.func
    title = getattr(fn, "__name__", "") or type(fn).__name__
    return "" if title == "<lambda>" else title


def inputs_of(
    fn: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> tuple[list[tuple[str, Any]], dict[str, Any]]:
    """The function's parameters with their values: by position (``*parts`` as ``parts[0]``, …), and by keyword.

    Raises `UsageError` when a parameter has no value or there are more than the function takes.
    """
    if not callable(fn):
        raise UsageError(f"a function is needed, but got {fn!r}")
    written, module = type(fn) is FunctionType, getattr(fn, "__module__", None) or ""
    if module.startswith("numpy") or not written:
        if type(fn).__module__ == "numpy" or module.partition(".")[0] == "numpy":
            # Of NumPy's own functions only what is given; their other parameters (out=, dtype=) are no numbers.
            return [(f"x{i}" if len(args) > 1 else "x", value) for i, value in enumerate(args)], dict(kwargs)
    elif module == nn.__name__ and fn.__name__ in nn.__all__:
        # Of a layer likewise: what has a default is no number that flows.
        return list(zip(fn.__code__.co_varnames, args, strict=False)), dict(kwargs)
    if written and not kwargs and not hasattr(fn, "__wrapped__"):
        simple = _simple_inputs(fn, args)
        if simple is not None:
            return simple, {}
    import inspect

    try:
        signature = inspect.signature(fn)
    except ValueError:
        # Functions written in C may not tell their parameters.
        return [(f"x{i}", value) for i, value in enumerate(args)], dict(kwargs)
    try:
        bound = signature.bind_partial(*args, **kwargs)
    except TypeError as error:
        raise UsageError(f"{_title(fn) or '<lambda>'}{signature}: {error}") from None
    bound.apply_defaults()
    positional: list[tuple[str, Any]] = []
    keywords: dict[str, Any] = {}
    for key, parameter in signature.parameters.items():
        if parameter.kind is parameter.VAR_POSITIONAL:
            positional += _numbered(key, bound.arguments[key])
        elif parameter.kind is parameter.VAR_KEYWORD:
            keywords.update(bound.arguments[key])
        elif key not in bound.arguments:
            raise UsageError(
                f"the parameter {key!r} of {_title(fn) or '<lambda>'} has no value; give it a default ({key}=1.0), "
                "or a value when it is called"
            )
        elif parameter.kind is parameter.KEYWORD_ONLY:
            keywords[key] = bound.arguments[key]
        else:
            positional.append((key, bound.arguments[key]))
    return positional, keywords


def _simple_inputs(fn: Any, args: tuple[Any, ...]) -> list[tuple[str, Any]] | None:
    """`inputs_of` for the common case, plain parameters that all have a value, without what a full reading costs."""
    code = fn.__code__
    count, flags = code.co_argcount, code.co_flags
    if code.co_kwonlyargcount or flags & CO_VARKEYWORDS or (len(args) > count and not flags & CO_VARARGS):
        return None
    names, values = code.co_varnames, args
    if len(args) < count:
        values += (fn.__defaults__ or ())[len(args) - count :]
    if len(values) < count:
        return None
    pairs = list(zip(names[:count], values, strict=False))
    return pairs + _numbered(names[count], values[count:]) if flags & CO_VARARGS else pairs


def _numbered(key: str, parts: Sequence[Any]) -> list[tuple[str, Any]]:
    return [(f"{key}[{i}]", part) for i, part in enumerate(parts)]


def _recorded(graph: Graph, key: str, value: Any) -> Any:
    """The value with every number and array in it replaced by an input of the graph."""
    if type(value) in _PLAIN:
        return graph.input(key, value)
    if type(value).__name__ == "ndarray":
        _PLAIN.add(type(value))
    if value is None or isinstance(value, str | bytes | bool) or callable(value):
        # A parameter may be a function: act=math.tanh.
        return door_of(value)
    if isinstance(value, Mapping):
        return {k: _recorded(graph, f"{key}[{k!r}]", part) for k, part in value.items()}
    if isinstance(value, tuple | list):
        parts = [_recorded(graph, f"{key}[{i}]", part) for i, part in enumerate(value)]
        if isinstance(value, tuple) and hasattr(value, "_fields"):
            return type(value)(*parts)
        return type(value)(parts)
    if isinstance(value, Handle):
        if holds(graph.record, value.recorder):
            return Handle(graph.record, lift(graph.record, value.recorder, value.index, key), value.data)
        raise RecordingError(f"the parameter {key!r} is a recorded value of another graph; give a number or an array")
    return graph.input(key, value)


def _name_outputs(graph: Graph, result: Any, title: str) -> None:
    """Mark what the function returned."""
    found = [("", result)] if type(result) is Handle else list(_handles("", result))
    if not found:
        shown = repr(result)
        raise UsageError(
            f"{title or '<lambda>'} returned {shown if len(shown) < 80 else type(result).__name__}, which does not "
            "depend on its inputs through any recorded step; return a value that is computed from the parameters"
        )
    for key, handle in found:
        graph.record.same(handle.recorder, f"what {title or '<lambda>'} returns")
        label = graph.label_of(handle.index)
        titles = graph.record.titles.get(handle.index)
        if titles:
            graph.mark_output(handle.index, titles.pop(0) if len(titles) > 1 else titles[0], own=True)
            continue
        own = key if key and not key.startswith("[") else ""
        stem = title or "output"
        made = graph.mark_output(handle.index, own or label or (stem if len(found) == 1 else f"{stem}{key}"))
        if not label:
            graph.record.name(handle.index, made)


def _handles(key: str, value: Any) -> Iterator[tuple[str, Handle]]:
    """The handles in what a function returned, each with its place: ``'loss'``, ``'[1]'``."""
    if isinstance(value, Handle):
        yield key, value
    elif isinstance(value, Mapping):
        for k, part in value.items():
            yield from _handles(str(k), part)
    elif isinstance(value, tuple | list):
        for i, part in enumerate(value):
            yield from _handles(f"{key}[{i}]", part)


def name(value: Value, text: str = "", *, meaning: str = "") -> Value:
    """Give a value a name, a meaning, or both; what is not recorded is handed back as it is.

    The name is for the figure and for look-up, the meaning for the table that `bpviz.explain` makes.

    >>> import bpviz
    >>> graph = bpviz.trace(lambda x=100, t=1.1: bpviz.name(x * t, "税込み合計", meaning="what is paid"))
    >>> graph.outputs
    ('税込み合計',)

    Raises `UsageError` when neither is given, or one is no text.
    """
    if not (isinstance(text, str) and isinstance(meaning, str) and (text or meaning)):
        raise UsageError(
            f"a value is given a name, a meaning or both, as text, but got {text!r} and meaning={meaning!r}; "
            'write bpviz.name(x, "subtotal", meaning="before tax")'
        )
    if isinstance(value, Handle):
        if text:
            value.recorder.name(value.index, text)
        if meaning:
            value.recorder.meanings[value.index] = meaning
    return value


class group:
    """A named group: everything recorded inside stands in one frame, which can be drawn closed or open.

    >>> import bpviz
    >>> def model(x=2.0, w=3.0):
    ...     with bpviz.group("Affine 1"):
    ...         y = x * w
    ...     return y + 1
    >>> bpviz.trace(model)["y"].scope
    <scope 1 Affine 1>

    As a decorator it names the group of a function's steps.
    """

    def __init__(self, title: str) -> None:
        if not isinstance(title, str):
            raise UsageError(f'a group needs a title, but got {title!r}; write @bpviz.group("Affine 1")')
        self.title = title
        self._opened: list[Group] = []

    def __enter__(self) -> group:
        self._open(Group(self.title, sys._getframe(1)))
        return self

    def __exit__(self, *exception: object) -> None:
        groups = current_groups()
        mine = self._opened.pop()
        if mine in groups:
            del groups[groups.index(mine) :]

    def _open(self, made: Group) -> None:
        self._opened.append(made)
        current_groups().append(made)

    def __call__(self, function: Function) -> Function:
        """The same function, whose steps stand in a group of this title at every call."""
        title = self.title

        @wraps(function)
        def grouped(*args: Any, **kwargs: Any) -> Any:
            frame = sys._getframe(1)
            own = group(title)
            own._open(Group(title, frame, getattr(function, "__code__", None)))
            try:
                return function(*args, **kwargs)
            finally:
                own.__exit__()

        return grouped  # type: ignore[return-value]
