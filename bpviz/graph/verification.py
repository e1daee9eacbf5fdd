"""The figure is the function: what was recorded is compared with a plain run of the same function.

A recorded value is not quite a number. Where a function asks for the type of a value, changes an array through a second
name, or catches what bpviz refuses, its record may compute something else than the function. So the function is run
once more, on copies of the same inputs and without bpviz, and must return the same value.
"""

from __future__ import annotations

import copy
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from bpviz import ops
from bpviz.errors import RecordingError
from bpviz.graph.agreement import Difference, difference
from bpviz.graph.causes import first_cause, place_of
from bpviz.graph.surroundings import Surroundings, muted
from bpviz.lazy import LazyModule
from bpviz.recording.handle import Handle
from bpviz.recording.recorder import Recorder
from bpviz.recording.source import is_library
from bpviz.text.language import Language

__all__ = ["Plain", "Remark", "Verification", "is_verified", "verified"]

np: Any = LazyModule("numpy")


@dataclass(frozen=True, slots=True)
class Remark:
    """What a reader has to know of the run that was recorded: that the function is ``random``, or that Python's own
    numbers would have stopped it, with what it ``raises``, or returns: ``complex`` numbers."""

    kind: Literal["random", "raises", "complex"]
    function: str
    error: str = ""

    def sentence(self, say: Language) -> str:
        """The same in a language.

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


class _Switch(threading.local):
    on = True


_switch = _Switch()


def is_verified() -> bool:
    """Whether functions are compared with their records in this thread."""
    return _switch.on


@contextmanager
def verified(on: bool) -> Iterator[None]:
    """Compare functions with their records in this block, or do not; inside of a block that does not, nobody does.

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
    """A function with the arguments that it was traced with, to be called without bpviz.

    ``positional`` and ``keywords`` are named as the inputs of the graph are; ``result`` is what the trace returned,
    with handles in it. With ``as_numpy`` single numbers are given as NumPy's, for which 1/0 is infinite.

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

    def __call__(self, values: Mapping[str, Any] | None = None) -> Any:
        """Call the function with copies of its arguments; ``values`` replace inputs by name."""
        given = values or {}
        args = [self._filled(key, value, given) for key, value in self.positional]
        keywords = {key: self._filled(key, value, given) for key, value in self.keywords.items()}
        return self.function(*args, **keywords)

    @property
    def title(self) -> str:
        """What the function is called in a sentence."""
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
        """Call the function again, from the state of random numbers and objects in which it was traced, unheard.

        Afterwards everything is as it was before the call.
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

    def confirm(self, values: Mapping[str, Any], index: int, recorded: Any, record: Recorder) -> None:
        """Compare what the recorded steps make of other inputs, at a node by number, with a plain run on these.

        Raise `RecordingError` where they differ: the function takes another branch there.
        """
        if self.is_random or self.part_of(index) is None:
            return
        try:
            value = self.repeated(values)
        except (ArithmeticError, AttributeError, TypeError):
            value = replace(self, as_numpy=True).repeated(values)
        found = difference("", Handle(record, index, recorded), self.part(value, index), record)
        if found is not None:
            raise RecordingError(
                f"with these inputs {self.title} returns {found.plain}{found.place}, but the steps that it takes with "
                f"its own inputs give {found.recorded}; give the new values as arguments, or as defaults of the "
                "function, so that its branches follow"
            )

    def part_of(self, index: int) -> tuple[Any, ...] | None:
        """Where in its result a node stands, by number, key by key; ``None`` where it is not returned."""
        return next((path for path, handle in _handles((), self.result) if handle.index == index), None)

    def part(self, value: Any, index: int) -> Any:
        """The part of a plain result that stands where the trace returned a node, by number."""
        for key in self.part_of(index) or ():
            value = value[key]
        return value

    def _filled(self, key: str, value: Any, given: Mapping[str, Any]) -> Any:
        """A copy of an argument, with other values for the inputs in it that are given."""
        kind = type(value)
        if kind is float or kind is int:
            number = value
            if key in given:
                # A whole number stays one where it can.
                number = float(given[key])
                number = int(number) if kind is int and number.is_integer() else number
            return _numpy_number(number) if self.as_numpy else number
        if value is None or isinstance(value, str | bytes | bool) or callable(value):
            return value
        if isinstance(value, Mapping):
            parts = {k: self._filled(f"{key}[{k!r}]", part, given) for k, part in value.items()}
            if kind is dict:
                return parts
            made: Any = copy.copy(value)
            for k, part in parts.items():
                made[k] = part
            return made
        if isinstance(value, tuple | list):
            items = [self._filled(f"{key}[{i}]", part, given) for i, part in enumerate(value)]
            return kind(*items) if hasattr(value, "_fields") else kind(items)
        if key in given:
            # A single number of NumPy stays one, which its functions tell from an array.
            array = np.array(given[key])
            return array[()] if isinstance(value, np.generic) else array
        return value.copy() if kind is np.ndarray else copy.deepcopy(value)


def _numpy_number(value: Any) -> Any:
    return np.int64(value) if type(value) is int and -(2**63) <= value < 2**63 else np.float64(value)


def _handles(path: tuple[Any, ...], value: Any) -> Iterator[tuple[tuple[Any, ...], Handle]]:
    if isinstance(value, Handle):
        yield path, value
    elif isinstance(value, Mapping):
        for key, part in value.items():
            yield from _handles((*path, key), part)
    elif isinstance(value, tuple | list):
        for i, part in enumerate(value):
            yield from _handles((*path, i), part)


class Verification:
    """One function on its way to be compared; made before it is traced, since the trace may change its surroundings.

    ``again`` traces it once more, where the line has to be found at which the two runs part.
    """

    def __init__(self, plain: Plain, again: Callable[[], object]) -> None:
        self.plain, self.again = plain, again
        given = [*(value for _, value in plain.positional), *plain.keywords.values()]
        self.before = Surroundings(plain.function, *filter(callable, given), without=given)

    def compared(self, result: Any, record: Recorder) -> Plain:
        """Compare what the trace returned with a plain run.

        Return the function to be called again, with what a reader has to know. Raise `RecordingError` where it returns
        another value, or raises.
        """
        self.after = self.before.now()
        plain = replace(self.plain, before=self.before)
        value, error = self._run(plain)
        note = _of_numbers(plain.title, value, error)
        if note is not None:
            other = replace(plain, as_numpy=True, notes=(note,))
            other_value, other_error = self._run(other)
            if other_error is None:
                plain, value, error = other, other_value, None
        if isinstance(error, RecordingError):
            # What a gradient inside of it says is said.
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
        """What to say of an error that the function itself raised when it was traced; ``None`` where it always does."""
        if record.lifted:
            return None
        self.after = self.before.now()
        _, plainly = self._run(self.plain)
        if plainly is not None:
            return None
        traceback = error.__traceback__
        while traceback is not None and traceback.tb_next is not None:
            traceback = traceback.tb_next
        where = "" if traceback is None else f" ({place_of(traceback.tb_frame.f_code, traceback.tb_lineno)})"
        return RecordingError(
            f"{self.plain.title} raises {type(error).__name__}: {error}{where}, but only on recorded values, not in a "
            "plain run; type(x) of a recorded value is a class of its own, so write isinstance(x, float)"
        )

    def _run(self, plain: Plain, *, anew: bool = True) -> tuple[Any, Exception | None]:
        """What a plain run returns, or raises; from the state before the trace, and back to the state after it."""
        if anew:
            self.before.put_back()
        try:
            with muted(), ops.silence():
                try:
                    return plain(), None
                except Warning:
                    # Where warnings are errors, those of NumPy would stop it: of what is recorded there are none.
                    with warnings.catch_warnings():
                        warnings.simplefilter("ignore")
                        return plain(), None
        except Exception as error:
            return None, error
        finally:
            self.after.put_back()

    def _raises(self, plain: Plain, error: Exception) -> RecordingError:
        where = ""
        traceback = error.__traceback__
        while traceback is not None:
            if not is_library(traceback.tb_frame.f_code.co_filename):
                where = f" ({place_of(traceback.tb_frame.f_code, traceback.tb_lineno)})"
            traceback = traceback.tb_next
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


def _of_numbers(title: str, value: Any, error: Exception | None) -> Remark | None:
    """The note where it may be Python's numbers that a plain run fails on: they know no infinity and no methods."""
    if isinstance(error, ArithmeticError | AttributeError | TypeError) and not isinstance(error, RecordingError):
        return Remark("raises", title, f"{type(error).__name__} ({error})")
    return Remark("complex", title) if isinstance(value, complex) else None
