"""The graph of a plain function: it runs once on handles, and every step is recorded."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from functools import partial
from types import FrameType, FunctionType, MappingProxyType, TracebackType
from typing import Any, NamedTuple

from bpviz import ops
from bpviz.doors import plain_dot  # noqa: F401
from bpviz.doors.libraries import LIBRARIES
from bpviz.doors.placing import door_of, open_doors
from bpviz.errors import BpvizError, RecordingError, RefusedAnyway, UsageError, did_you_mean, refusals
from bpviz.frozen import replace
from bpviz.graph.graph import Graph
from bpviz.graph.surroundings import Prints
from bpviz.graph.verification import Plain, Verification, is_verified
from bpviz.lazy import imported
from bpviz.objects.choice import Choice, full_name, make_constant
from bpviz.objects.copies import Copies
from bpviz.objects.held import is_model, is_object, is_setting, is_used, keys_of
from bpviz.objects.outer_variables import replaced, written_function
from bpviz.objects.parameters import inputs_of, like, parameters_of, title_of
from bpviz.recording import refusals as refusal
from bpviz.recording.aliases import settle
from bpviz.recording.frames import current_groups
from bpviz.recording.handle import HANDLES, Handle
from bpviz.recording.nesting import holds, lift
from bpviz.recording.recorder import Recorder
from bpviz.recording.variables import named_parts
from bpviz.writes import elements, functions  # noqa: F401

__all__ = ["Run", "run_on_handles", "traced"]

# The classes of numbers and arrays found so far, which are inputs as they are.
_PLAIN: set[type] = {float, int}


def traced(
    fn: Callable[..., Any],
    args: tuple[Any, ...],
    keywords: Mapping[str, Any],
    inputs: Mapping[str, Any] | None = None,
    choice: Choice | None = None,
) -> Graph:
    """Return the graph of a plain function (see `bpviz.trace`)."""
    more: dict[str, Any] = {}
    if inputs:
        fn, args, keywords, more = _with_values(fn, args, keywords, inputs)
    run = run_on_handles(fn, args, keywords, choice=choice, values=more)
    for name in more:
        if name not in run.held:
            names = list(dict.fromkeys([*run.graph.inputs, *run.held]))
            hint = did_you_mean(name, names, f"its inputs are: {', '.join(names[:12])}")
            raise UsageError(f"there is no input named {name!r}; {hint}")
    _name_outputs(run.graph, run.result, run.graph.name)
    run.name_the_rest()
    if choice is not None:
        make_constant(run.graph.record, choice, run.held, run.graph.name)
    return run.graph


def _with_values(
    fn: Callable[..., Any], args: tuple[Any, ...], keywords: Mapping[str, Any], inputs: Mapping[str, Any]
) -> tuple[Callable[..., Any], tuple[Any, ...], Mapping[str, Any], dict[str, Any]]:
    """Return a function and its arguments with other values for some inputs, and the values that are left.

    Objects are copied. The values that are left are those of globals that ``wrt`` names.
    """
    import inspect

    known = parameters_of(fn)
    mine = {name: value for name, value in inputs.items() if name in known}
    if mine:
        signature = inspect.signature(fn)
        bound = signature.bind_partial(*args, **keywords)
        for name, value in mine.items():
            bound.arguments[name] = like(value, bound.arguments.get(name, signature.parameters[name].default))
        args, keywords = bound.args, bound.kwargs
    if len(mine) == len(inputs):
        return fn, args, keywords, {}
    plain = Plain(fn, *inputs_of(fn, args, keywords))
    names = plain.copied({})[-1].names
    rest = {full_name(name, names): value for name, value in inputs.items() if name not in known}
    more = {name: value for name, value in rest.items() if name not in names}
    fn, positional, named, _ = plain.copied(rest)
    return fn, tuple(positional), named, more


class Run(NamedTuple):
    """The result of `run_on_handles`: the graph, and the parameters and result of the function, with handles in them.

    ``last_words`` are the function's own variables at its end; ``held`` are the names of the values that objects hold,
    whether a step has read them or not.
    """

    graph: Graph
    parameters: dict[str, Any]
    result: Any
    last_words: list[tuple[str, Any]]
    held: tuple[str, ...] = ()

    def name_the_rest(self) -> None:
        """Name the values that have no name yet but are in a variable."""
        recorder = self.graph.record
        names = recorder.last_words
        for key, value in named_parts(self.last_words):
            # Those that no object holds are used.
            if value.recorder is recorder and (type(value) is Handle or is_used(value)) and value.index not in names:
                names[value.index] = key
        recorder.renamed += 1


def run_on_handles(
    fn: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
    depth: int = 0,
    choice: Choice | None = None,
    values: Mapping[str, Any] = MappingProxyType({}),
) -> Run:
    """Run a function once and record it; with a ``depth``, inside other recordings, whose values it may use.

    If it fails and objects hold single numbers (``range(int(self.time / self.step))``, ``isinstance(self.rate,
    float)``), it runs again with those numbers as constants; if it was the first to import a library that has doors, it
    runs again with these.
    """
    plain, verification = Plain(fn, *inputs_of(fn, args, kwargs), choice=choice, values=values), None
    if is_verified():
        verification = Verification(plain, lambda: run_on_handles(fn, args, kwargs, depth, choice, values))
    prints, constant = Prints(), False
    while True:
        absent = [library for library, _ in LIBRARIES if not imported(library)]
        attempt = _Attempt(plain, depth, verification, prints, constant=constant)
        try:
            return attempt.run()
        except UsageError:
            raise
        except Exception as error:
            has_doors_now = any(map(imported, absent))
            if not has_doors_now and (constant or not attempt.has_single_numbers):
                # In no variable of this frame: the error holds the frame, and with it all arrays.
                raise attempt.meant(error)  # noqa: B904
        constant = constant or not has_doors_now
        if verification is not None:
            verification.before.put_back()


class _Attempt:
    """One run of a function on handles.

    ``constant`` leaves single numbers that objects hold as they are, except those that the choice names.
    """

    def __init__(
        self, plain: Plain, depth: int, verification: Verification | None, prints: Prints, *, constant: bool = False
    ) -> None:
        self.plain, self.depth, self.verification, self.constant = plain, depth, verification, constant
        self.prints = prints
        self.title = title_of(plain.function)
        self.copies: Copies | None = None
        self.is_running = False

    @property
    def has_single_numbers(self) -> bool:
        """Whether an object holds a single number that is no constant here."""
        return self.copies is not None and self.copies.has_single_numbers()

    def run(self) -> Run:
        """Run the function, and compare it with a plain run."""
        plain, positional, keywords = self.plain, self.plain.positional, self.plain.keywords
        fn, choice = plain.function, plain.choice
        self.recorder = recorder = Recorder(sys._getframe(), self.title, boundary=True, depth=self.depth)
        recorder.compacts = True
        graph = Graph(self.title, record=recorder)
        graph.function = fn
        # Before the parameters are recorded, since one of them may be a function that has a door.
        doors = open_doors(recorder, written_function(fn) or fn, LIBRARIES)
        given: list[Any]
        named: dict[str, Any] = {}
        copies: Copies | None = None
        if type(fn) is FunctionType and not keywords and choice is None and _are_plain(positional):
            given = graph.take(positional)
        else:
            taken = frozenset([*(key for key, _ in positional), *keywords])
            is_constant = partial(_is_constant, choice, self.constant)
            self.copies = copies = Copies(recorder, taken, is_constant, plain.values)
            given = [_recorded(graph, copies, key, value) for key, value in positional]
            named = {key: _recorded(graph, copies, key, value) for key, value in keywords.items()}
            fn = copies.called_on_copy(fn)
        groups = current_groups()
        opened = len(groups)
        if copies is not None:
            copies.open()
        self.is_running = True
        try:
            with (
                ops.silence(),
                doors,
                replaced(fn, choice, copies, tuple(recorder.is_input.values()), [*given, *named.values()]) as fn,
                refusals() as refused,
                self.prints.heard() if self.constant or self.has_single_numbers else nullcontext(),
            ):
                result = fn(*given, **named)
            self.is_running = False
        finally:
            # A function that raises inside `with bpviz.group(...)` has closed the group; a generator may not have.
            groups.close_from(opened)
            last_words = recorder.close()
            if copies is not None:
                copies.close()
        parameters = dict(zip([key for key, _ in positional], given, strict=True)) | named
        if recorder.rewrites:
            from bpviz.objects.overlaps import refuse_writes_into_shared
            from bpviz.writes.fills import join_writes

            own = [(key, value, handle) for (key, value), handle in zip(positional, given, strict=True)]
            refuse_writes_into_shared(recorder, own if copies is None else copies.sources, plain.function)
            parameters = {key: _as_given(graph, key, value) for key, value in parameters.items()}
            join_writes(recorder, [found.index for _, found in _handles("", result) if _is_here(found, recorder)])
            settle(recorder)
        before = None
        if self.verification is not None and not recorder.lifted:
            # In a nested recording, the plain run is that of the outer one.
            for one in refused:
                if not isinstance(one, RefusedAnyway):
                    raise one
            plain, before = self.verification.compared(result, recorder), self.verification.before
        graph.plain, graph.notes = replace(plain, result=result, before=before), plain.notes
        held = tuple(copies.names) if copies is not None else ()
        return Run(graph, parameters, result, last_words, held)

    def meant(self, error: Exception) -> Exception:
        """Return the error to raise in place of the one that `run` raised; it says its cause, and no context."""
        found = self._meant(error)
        found.__cause__ = found.__cause__
        return found

    def _meant(self, error: Exception) -> Exception:
        if isinstance(error, BpvizError) or not self.is_running:
            return error
        if isinstance(error, AttributeError) and type(error.obj) in HANDLES and error.__traceback__ is not None:
            # An attribute without a `bpviz.recording.handle.Missing` is refused in the same words.
            return refusal.no_attribute(str(error.name), _innermost(error.__traceback__))
        cause = error.__cause__
        while cause is not None and not isinstance(cause, BpvizError):
            # NumPy wraps a refusal in its own ValueError.
            cause = cause.__cause__
        if isinstance(cause, BpvizError):
            return cause
        odd = None if self.verification is None else self.verification.raised(error, self.recorder)
        if odd is not None:
            odd.__cause__ = error
        return odd or error


def _is_constant(choice: Choice | None, constant: bool, name: str) -> bool:
    return constant and not (choice is not None and choice.names(name))


def _are_plain(inputs: Sequence[tuple[str, Any]]) -> bool:
    return _PLAIN.issuperset([type(value) for _, value in inputs])


def _is_here(handle: Handle, recorder: Recorder) -> bool:
    return handle.recorder is recorder and is_used(handle)


def _as_given(graph: Graph, key: str, value: Any) -> Any:
    """Return a parameter as it was before the function wrote into it."""
    if isinstance(value, Mapping):
        return {k: _as_given(graph, f"{key}[{k!r}]", part) for k, part in value.items()}
    if isinstance(value, tuple | list):
        parts = [_as_given(graph, k, part) for k, part in zip(keys_of(key, value), value, strict=True)]
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    if type(value) not in HANDLES or not is_used(value):
        return value
    index = next((i for i, name in graph.record.is_input.items() if name == key), value.index)
    return Handle(graph.record, index, graph.record.values[index])


def _innermost(traceback: TracebackType) -> FrameType:
    """Return the frame in which an error was raised."""
    while traceback.tb_next is not None:
        traceback = traceback.tb_next
    return traceback.tb_frame


def _recorded(graph: Graph, copies: Copies, key: str, value: Any) -> Any:
    """Return a value with every number and array in it replaced by an input of the graph."""
    if type(value).__name__ == "ndarray":
        _PLAIN.add(type(value))
        if key[-1] == "]" and value.dtype.kind == "f":
            # A dict of parameters, whose arrays the layers may hold as well.
            return copies.share(value, lambda: copies.stand_in(key, value, graph.input(key, value)))
    if type(value) in _PLAIN:
        return copies.stand_in(key, value, graph.input(key, value))
    if is_model(value):
        return copies.of(value, key)
    if is_setting(value):
        # A parameter may be a function: act=math.tanh.
        return door_of(value)
    known = copies.of_object(value)
    if known is not None:
        return known
    if isinstance(value, Mapping):
        return copies.keep(value, {k: _recorded(graph, copies, f"{key}[{k!r}]", part) for k, part in value.items()})
    if isinstance(value, tuple | list):
        parts = [_recorded(graph, copies, k, part) for k, part in zip(keys_of(key, value), value, strict=True)]
        return copies.keep(value, type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts))
    if isinstance(value, Handle):
        if holds(graph.record, value.recorder):
            return Handle(graph.record, lift(graph.record, value.recorder, value.index, key), value.data)
        raise RecordingError(f"the parameter {key!r} is a recorded value of another graph; give a number or an array")
    return copies.stand_in(key, value, graph.input(key, value))


def _name_outputs(graph: Graph, result: Any, title: str) -> None:
    """Mark what the function returned as outputs."""
    if type(result) is tuple and len(result) == 2 and type(result[0]) in HANDLES and _is_cache(result[1]):
        result = result[0]
    found = [("", result)] if type(result) in HANDLES else list(_handles("", result))
    if not found:
        shown = repr(result)
        given = [] if graph.plain is None or graph.record.is_input else [*graph.plain.positional]
        named = next(((name, value) for name, value in given if isinstance(value, str | bytes)), None)
        if named is not None:
            name, value = named
            raise UsageError(
                f"{title or '<lambda>'} has no number among its parameters: {name!r} is "
                f"{'text' if isinstance(value, str) else 'bytes'}; give it a number or an array: {name}=1.0"
            )
        returned = f"{title or '<lambda>'} returned {shown if len(shown) < 80 else type(result).__name__}"
        if decisions := [*graph.record.decided.values()]:
            raise UsageError(
                f"{returned}, which is no recorded value: what line {decisions[-1]} decided with these inputs led to "
                "it, and no gradient flows back from there; np.maximum, np.minimum and np.where record what they choose"
            )
        raise UsageError(
            f"{returned}, which does not depend on its inputs through any recorded step; return a value that is "
            "computed from the parameters"
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


def _is_cache(value: Any) -> bool:
    """Return whether a second returned value is a cache, for the backward pass or for later."""
    return isinstance(value, tuple | list | Mapping) or is_object(value)


def _handles(key: str, value: Any) -> Iterator[tuple[str, Handle]]:
    """Yield the handles in what a function returned, each with its place: ``'loss'``, ``'[1]'``."""
    if isinstance(value, Handle):
        yield key, value
    elif isinstance(value, Mapping):
        for k, part in value.items():
            yield from _handles(str(k), part)
    elif isinstance(value, tuple | list):
        for i, part in enumerate(value):
            yield from _handles(f"{key}[{i}]", part)
