"""Verification: the recorded result is compared with a plain run of the same function.

A recorded value is not quite a number. If a function reads the type of a value, changes an array through a second name,
or catches an error of bpviz, its record may compute something else than the function. So the function runs again, on
copies of the same inputs and without bpviz, and must return the same value.
"""

from __future__ import annotations

import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import field
from types import FunctionType
from typing import Any, Literal

from bpviz import ops
from bpviz.code_files import is_library
from bpviz.errors import RecordingError
from bpviz.frozen import dataclass, replace
from bpviz.graph.agreement import Difference, difference
from bpviz.graph.causes import first_cause
from bpviz.graph.surroundings import Surroundings, muted
from bpviz.lazy import LazyModule
from bpviz.objects.choice import Choice
from bpviz.objects.held import is_object, is_used
from bpviz.objects.outer_variables import replaced
from bpviz.objects.plain_copies import PlainCopies
from bpviz.ops.table.thumbnails import LARGE
from bpviz.recording.handle import Handle
from bpviz.recording.recorder import Recorder
from bpviz.recording.source import place_of
from bpviz.text.language import Language

__all__ = ["Plain", "Remark", "Verification", "is_verified", "verified"]

np: Any = LazyModule("numpy")


@dataclass(frozen=True, slots=True)
class Remark:
    """A remark on the recorded run: the function is ``random``, or with Python's numbers it ``raises`` an error or
    returns ``complex`` numbers."""

    kind: Literal["random", "raises", "complex"]
    function: str
    error: str = ""

    def sentence(self, say: Language) -> str:
        """Return the remark as a sentence in a language.

        >>> from bpviz.text.language import ENGLISH
        >>> Remark("raises", "f", "ZeroDivisionError").sentence(ENGLISH)
        "with Python's numbers f raises ZeroDivisionError; the figure computes with NumPy's numbers"
        """
        name = say("the function") if self.function == _NAMELESS else self.function
        match self.kind:
            case "random":
                return say("{function} is random: this is one run of it, which no plain run can confirm", function=name)
            case "raises":
                return say(
                    "with Python's numbers {function} raises {error}; the figure computes with NumPy's numbers",
                    function=name,
                    error=self.error,
                )
            case _:
                return say(
                    "with Python's numbers {function} returns a complex number; the figure computes with NumPy's "
                    "numbers",
                    function=name,
                )


_NAMELESS = "the function"
_NUMBERS = frozenset({float, int})


def _array_class() -> Any:
    """Return the class of NumPy's arrays; ``None`` if NumPy is not imported."""
    return getattr(sys.modules.get("numpy"), "ndarray", None)


class _Switch(threading.local):
    on = True


_switch = _Switch()


def is_verified() -> bool:
    """Return whether functions are compared with their records in this thread."""
    return _switch.on


@contextmanager
def verified(on: bool) -> Iterator[None]:
    """Turn verification on or off in this block; inside a block with it off, it stays off.

    >>> with verified(False), verified(True):
    ...     is_verified()
    False
    """
    before = _switch.on
    _switch.on = before and on
    try:
        yield
    finally:
        _switch.on = before


@dataclass(frozen=True, slots=True, eq=False)
class Plain:
    """A function with the arguments of its trace, to be called without bpviz.

    ``positional`` and ``keywords`` have the names of the graph's inputs; ``result`` is what the trace returned, with
    handles in it. ``values`` are other values for the globals that ``choice`` names. With ``as_numpy``, single numbers
    are NumPy's, for which 1/0 is infinite. With ``views``, the function gets read-only views of large arrays.

    >>> plain = Plain(lambda p: p["w"] * 2, (("p", {"w": 3.0}),), {})
    >>> plain(), plain({"p['w']": 5.0})
    (6.0, 10.0)
    """

    function: Callable[..., Any]
    positional: Sequence[tuple[str, Any]]
    keywords: Mapping[str, Any]
    result: Any = None
    as_numpy: bool = False
    notes: tuple[Remark, ...] = ()
    before: Surroundings | None = field(default=None, repr=False)
    choice: Choice | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    views: bool = False

    def __call__(self, values: Mapping[str, Any] | None = None) -> Any:
        """Call the function with copies of its arguments; ``values`` replace inputs by name.

        A method is called on a copy of its object.
        """
        simple = None if values or self.values or self.keywords or self.as_numpy else self._simply()
        if simple is not None:
            return self.function(*simple)
        function, args, keywords, copies = self.copied(values or {})
        copies.open()
        try:
            with replaced(function, self.choice, copies, (), [*args, *keywords.values()]) as function:
                return function(*args, **keywords)
        finally:
            copies.close()

    def _simply(self) -> list[Any] | None:
        """Return copies of the arguments in the usual case, numbers and arrays for a function; it is quicker."""
        if type(self.function) is not FunctionType or self.choice is not None:
            return None
        array = _array_class()
        args: list[Any] = []
        for _, value in self.positional:
            if type(value) is array:
                args.append(_view(value) if self.views and value.size > LARGE else value.copy())
            elif type(value) in _NUMBERS:
                args.append(value)
            else:
                return None
        return args

    def copied(self, values: Mapping[str, Any]) -> tuple[Callable[..., Any], list[Any], dict[str, Any], PlainCopies]:
        """Return what is called: the function, its arguments and keywords, all copies, and these."""
        taken = frozenset([*(key for key, _ in self.positional), *self.keywords])
        copies = PlainCopies({**self.values, **values}, taken, _numpy_number if self.as_numpy else None)
        args = [copies.argument(key, value) for key, value in self.positional]
        keywords = {key: copies.argument(key, value) for key, value in self.keywords.items()}
        return copies.called_on_copy(self.function), args, keywords, copies

    @property
    def title(self) -> str:
        """The name of the function in a sentence."""
        function: Any = self.function
        while not hasattr(function, "__name__") and hasattr(function, "func"):
            function = function.func
        name = getattr(function, "__name__", type(function).__name__)
        return _NAMELESS if name == "<lambda>" else name

    @property
    def is_random(self) -> bool:
        """Whether two plain runs returned different values."""
        return any(note.kind == "random" for note in self.notes)

    def repeated(self, values: Mapping[str, Any]) -> Any:
        """Call the function again without its prints, from the state of random numbers and objects before the trace.

        Afterwards the state is the same as before the call.
        """
        now = None if self.before is None else self.before.now()
        if self.before is not None:
            self.before.put_back()
        try:
            with muted(), ops.silence(), verified(False):
                return self(values)
        finally:
            if now is not None:
                now.put_back()

    def part_of(self, index: int) -> tuple[Any, ...] | None:
        """Return the keys that lead to a node, by number, in the result; ``None`` if it is not returned."""
        return next((path for path, handle in _handles((), self.result) if handle.index == index), None)

    def part(self, value: Any, index: int) -> Any:
        """Return the part of a plain result at the place where the trace returned a node, by number."""
        for key in self.part_of(index) or ():
            value = value[key]
        return value


def _view(array: Any) -> Any:
    view = array.view()
    view.setflags(write=False)
    return view


def _reached(value: Any) -> Iterator[Any]:
    """Iterate over the functions and objects in an argument, which may change what they can reach."""
    if type(value) in _NUMBERS or type(value) is _array_class():
        return
    if callable(value) or is_object(value):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _reached(part)
    elif isinstance(value, tuple | list):
        for part in value:
            yield from _reached(part)


def _numpy_number(value: Any) -> Any:
    return np.int64(value) if type(value) is int and -(2**63) <= value < 2**63 else np.float64(value)


def _handles(path: tuple[Any, ...], value: Any) -> Iterator[tuple[tuple[Any, ...], Handle]]:
    if isinstance(value, Handle):
        if is_used(value):
            yield path, value
    elif isinstance(value, Mapping):
        for key, part in value.items():
            yield from _handles((*path, key), part)
    elif isinstance(value, tuple | list):
        for i, part in enumerate(value):
            yield from _handles((*path, i), part)


class Verification:
    """The verification of one function; made before it is traced, since the trace may change its surroundings.

    ``again`` traces it again, to find the line at which the two runs first differ.
    """

    def __init__(self, plain: Plain, again: Callable[[], object]) -> None:
        self.plain, self.again = plain, again
        given = [*(value for _, value in plain.positional), *plain.keywords.values()]
        reached = [found for value in given for found in _reached(value)]
        copied: frozenset[int] = frozenset()
        if reached or not isinstance(plain.function, FunctionType):
            # Objects that it gets copies of stay as they are: other threads may use them meanwhile.
            copied = plain.copied({})[-1].originals
        rest = [value for value in given if not is_object(value)]
        self.before = Surroundings(plain.function, *reached, without=rest, copied=copied)

    def compared(self, result: Any, record: Recorder) -> Plain:
        """Compare the result of the trace with a plain run; return the function with its remarks.

        Raises `RecordingError` if the plain run returns another value, or raises.
        """
        self.after = self.before.now()
        plain = self.plain
        if any(type(value) is _array_class() and value.size > LARGE for _, value in plain.positional):
            # Copies of them take much memory. A function that writes into them fails, and gets copies then.
            value, error = self._run(replace(plain, views=True))
            if error is None and difference("", result, value, record) is None:
                return plain
        value, error = self._run(plain)
        note = _of_numbers(plain.title, value, error)
        if note is not None:
            other = replace(plain, as_numpy=True, notes=(note,))
            other_value, other_error = self._run(other)
            if other_error is None:
                plain, value, error = other, other_value, None
        if isinstance(error, RecordingError):
            # A gradient inside it has already made the remark.
            raise error
        if error is not None:
            raise self._raises(plain, error) from error
        found = difference("", result, value, record)
        if found is None:
            return plain
        again, error = self._run(plain, anew=self.before.is_known)
        if error is None and difference("", value, again, None) is not None:
            return replace(plain, notes=(Remark("random", plain.title),))
        raise self._differs(plain, found)

    def raised(self, error: Exception, record: Recorder) -> RecordingError | None:
        """Return the error for an exception that only the trace raises; ``None`` if a plain run raises one too."""
        if record.lifted:
            return None
        self.after = self.before.now()
        if self._run(self.plain)[1] is not None:
            # In no variable of this frame, which the error holds.
            return None
        where = _users_place(error)
        return RecordingError(
            f"{self.plain.title} raises {type(error).__name__}: {error}{where}, but only on recorded values, not in a "
            "plain run; type(x) of a recorded value is another class, so write isinstance(x, float)"
        )

    def _run(self, plain: Plain, *, anew: bool = True) -> tuple[Any, Exception | None]:
        """Run from the state before the trace, then restore the state after it; return the result and the error."""
        if anew:
            self.before.put_back()
        try:
            with muted(), ops.silence():
                try:
                    return plain(), None
                except Warning:
                    # If warnings are errors, NumPy's would stop the run; recorded steps have none.
                    with warnings.catch_warnings():
                        warnings.simplefilter("ignore")
                        return plain(), None
        except Exception as error:
            return None, error
        finally:
            self.after.put_back()

    def _raises(self, plain: Plain, error: Exception) -> RecordingError:
        where = _users_place(error)
        return RecordingError(
            f"{plain.title} raises {type(error).__name__}: {error}{where} in a plain run, but not on recorded values, "
            "so its figure would be that of another function; make the plain call work, or trace it with verify=False "
            "(--no-verify)"
        )

    def _differs(self, plain: Plain, found: Difference) -> RecordingError:
        text = (
            f"{plain.title} returns {found.plain}{found.place} in a plain run, but {found.recorded} on recorded "
            "values, so its figure would be that of another function"
        )

        def traced() -> None:
            self.before.put_back()
            with verified(False):
                self.again()

        def plainly() -> None:
            self.before.put_back()
            plain()

        try:
            with muted(), ops.silence():
                cause = first_cause(traced, plainly)
        finally:
            self.after.put_back()
        return RecordingError(f"{text}: {cause}")


def _users_place(error: Exception) -> str:
    """Return the innermost line of the user's code that led to an error, in brackets; empty if there is none."""
    where = ""
    traceback = error.__traceback__
    while traceback is not None:
        if not is_library(traceback.tb_frame.f_code.co_filename):
            where = f" ({place_of(traceback.tb_frame.f_code, traceback.tb_lineno)})"
        traceback = traceback.tb_next
    return where


def _of_numbers(title: str, value: Any, error: Exception | None) -> Remark | None:
    """Return the remark if a plain run may fail because of Python's numbers: they have no infinity and no methods."""
    if isinstance(error, ArithmeticError | AttributeError | TypeError) and not isinstance(error, RecordingError):
        return Remark("raises", title, f"{type(error).__name__} ({error})")
    return Remark("complex", title) if isinstance(value, complex) else None
