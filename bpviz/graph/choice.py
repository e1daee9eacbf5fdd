"""What is differentiated: the choice that ``wrt=`` and ``freeze=`` make among a graph's inputs."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from types import CodeType
from typing import Any

from bpviz.errors import UsageError, did_you_mean
from bpviz.graph.objects import Copies, is_object
from bpviz.recording.recorder import Recorder, differentiable

__all__ = ["Choice", "choice_in", "full_name", "make_constant", "means", "names_in", "replaced", "written_function"]

_PART = re.compile(r"\[(?:'[^']*'|\"[^\"]*\"|[^\]]*)\]|[^.\[]+")
_COMMA = re.compile(r",(?![^\[]*\])")
_globals_lock = threading.RLock()


@dataclass(frozen=True, slots=True)
class Choice:
    """The names of what is differentiated (``None``: everything) and of what is not.

    >>> Choice(wrt=("W1",)).picks("params['W1']"), Choice(freeze=("x",)).picks("x")
    (True, False)
    """

    wrt: tuple[str, ...] | None = None
    freeze: tuple[str, ...] = ()

    def picks(self, name: str, known: Iterable[str] = ()) -> bool:
        """Return whether the input of this name is differentiated; ``known`` are the names of all of them."""
        known = frozenset(known)
        wanted = self.wrt is None or any(means(word, name, known) for word in self.wrt)
        return wanted and not any(means(word, name, known) for word in self.freeze)

    def names(self, name: str) -> bool:
        """Return whether ``wrt`` names this input itself.

        >>> Choice(wrt=("rate",)).names("rate"), Choice().names("rate")
        (True, False)
        """
        return any(means(word, name) for word in self.wrt or ())

    def __bool__(self) -> bool:
        return self.wrt is not None or bool(self.freeze)


def means(word: str, name: str, known: frozenset[str] = frozenset()) -> bool:
    """Return whether a word names an input: in full, by the whole that it is part of, or by its last parts.

    >>> [means(word, "layers['A'].W") for word in ("layers['A'].W", "layers", "A", "W", "layer")]
    [True, True, True, True, False]
    """
    if word in known:
        return word == name
    wanted, parts = _parts(word), _parts(name)
    count = len(wanted)
    return any(parts[at : at + count] == wanted for at in range(len(parts) - count + 1))


def full_name(word: str, names: Sequence[str]) -> str:
    """Return the only one of the names that a word means; the word itself where there are none, or several.

    >>> full_name("W", ["params['W']", "b"]), full_name("x", ["b"])
    ("params['W']", 'x')
    """
    if word in names or word.isdigit():
        return word
    found = [name for name in names if means(word, name)]
    return found[0] if len(found) == 1 else word


def _parts(name: str) -> list[str]:
    """Return the parts of a name: ``params['W']`` has the parts ``params`` and ``W``."""
    parts = [part.strip("[]").strip("'\"") for part in _PART.findall(name)]
    return parts[1:] if len(parts) > 1 and parts[0] == "self" else parts


def choice_in(function: Callable[..., Any], keywords: dict[str, Any]) -> tuple[Choice | None, dict[str, Any]]:
    """Return the choice in the keywords of a call, and the other keywords.

    >>> choice_in(abs, {"wrt": "W, b", "x": 1.0})
    (Choice(wrt=('W', 'b'), freeze=()), {'x': 1.0})

    Raises `UsageError` for what is no names.
    """
    given = {key: keywords[key] for key in ("wrt", "freeze") if key in keywords and not _has_parameter(function, key)}
    if not given:
        return None, keywords
    wrt, frozen = (names_in(given.get(key), key) for key in ("wrt", "freeze"))
    rest = {key: value for key, value in keywords.items() if key not in given}
    choice = Choice(wrt or None, frozen)
    return (choice if choice else None), rest


def names_in(given: Any, option: str) -> tuple[str, ...]:
    """Return the names in an option: a text with commas, or several texts.

    >>> names_in("W[0,1], b", "wrt"), names_in(["W", "b"], "wrt"), names_in(None, "wrt")
    (('W[0,1]', 'b'), ('W', 'b'), ())
    """
    texts = [given] if isinstance(given, str) else [] if given is None else given
    if not isinstance(texts, list | tuple) or not all(isinstance(text, str) for text in texts):
        raise UsageError(f"{option} takes names, such as {option}='W1,b1', but got {given!r}")
    return tuple(word.strip() for text in texts for word in _COMMA.split(text) if word.strip())


def _has_parameter(function: Any, name: str) -> bool:
    import inspect

    try:
        return name in inspect.signature(function).parameters
    except (TypeError, ValueError):
        return False


def make_constant(record: Recorder, choice: Choice, held: Sequence[str] = (), title: str = "") -> None:
    """Make constants of the inputs of a new record that are not picked; ``held`` could have been inputs as well.

    Raises `UsageError` for a name that is no input, or one of ``wrt`` that no step has read.
    """
    names = list(dict.fromkeys([*record.is_input.values(), *held]))
    known = frozenset(names)
    for option, words in (("wrt", choice.wrt or ()), ("freeze", choice.freeze)):
        for word in words:
            if not any(means(word, name, known) for name in names):
                hint = did_you_mean(word, _spoken(names), f"there are: {', '.join(names[:12])}")
                raise UsageError(f"{option} names {word!r}, which is no input; {hint}")
            if option == "wrt" and not any(means(word, name, known) for name in record.is_input.values()):
                raise UsageError(f"wrt names {word!r}, which no step of {title or 'the function'} reads; leave it out")
    for index, name in list(record.is_input.items()):
        if not choice.picks(name, known):
            del record.is_input[index]
            record.labels[index] = name
    _reach_again(record)
    record.renamed += 1


def _spoken(names: Iterable[str]) -> list[str]:
    """Return the names with their last parts: what a reader may have meant."""
    found = list(names)
    return list(dict.fromkeys([*found, *(_parts(name)[-1] for name in found)]))


def _reach_again(record: Recorder) -> None:
    """Work out again to which entries a gradient can flow."""
    reached = record.reached
    for index, operation in enumerate(record.operations):
        operands = record.operands[index]
        if operation is None:
            reached[index] = index in record.is_input and differentiable(record.values[index])
        else:
            rules = operation.rules(len(operands))
            reached[index] = any(rule is not None and reached[i] for rule, i in zip(rules, operands, strict=True))


# Globals that are named

_Place = tuple[Callable[[], Any], Callable[[Any], None]]


@contextmanager
def replaced(function: Any, choice: Choice | None, copies: Copies | None, inputs: Sequence[str]) -> Iterator[None]:
    """Put recorded values in the place of globals (and variables around the function) that ``wrt`` names.

    They are put back whatever happens. Two recordings that replace globals run one after the other.

    Raises `UsageError` for a name that is neither an input nor such a variable.
    """
    if choice is None or copies is None or choice.wrt is None:
        yield
        return
    with _globals_lock:
        undo: list[Callable[[], None]] = []
        try:
            for word in choice.wrt:
                names = frozenset([*inputs, *(held.called for held in copies.held)])
                if not any(means(word, name, names) for name in names):
                    _replace(function, word, copies, names, undo)
            yield
        finally:
            for put_back in reversed(undo):
                put_back()


def _replace(function: Any, word: str, copies: Copies, names: frozenset[str], undo: list[Callable[[], None]]) -> None:
    places = dict(_places(function))
    head = _parts(word)[0]
    # A variable of that name, else an object among those that the function speaks of, which has such an attribute.
    for name in [head] if head in places else list(places):
        get, put = places[name]
        value = get()
        if name != head and not is_object(value):
            continue
        made = copies.of(float(value) if type(value) is int else value, name)
        if any(means(word, held.called) for held in copies.held):
            undo.append(partial(put, value))
            put(made)
            return
    known = [*names, *(name for name, (get, _) in places.items() if _is_number(get()))]
    hint = did_you_mean(word, _spoken(known), f"there are: {', '.join(known[:12])}")
    raise UsageError(f"wrt names {word!r}, which is neither an input nor a global that holds floats; {hint}")


def _is_number(value: Any) -> bool:
    return isinstance(value, float) or getattr(getattr(value, "dtype", None), "kind", "") == "f"


def _places(function: Any) -> Iterator[tuple[str, _Place]]:
    """Iterate over the variables around a function: those it speaks of first, then all globals of its module."""
    function = written_function(function)
    if function is None:
        return
    names = function.__globals__
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        with suppress(ValueError):
            # Raised by a variable that has no value yet.
            _ = cell.cell_contents
            yield name, _cell(cell)
    for name in dict.fromkeys([*_spoken_of(function.__code__), *names]):
        if name in names and not name.startswith("__"):
            yield name, _global(names, name)


def _cell(cell: Any) -> _Place:
    return lambda: cell.cell_contents, lambda value: setattr(cell, "cell_contents", value)


def _global(names: dict[str, Any], name: str) -> _Place:
    return lambda: names[name], lambda value: names.__setitem__(name, value)


def _spoken_of(code: CodeType) -> Iterator[str]:
    """Iterate over the globals and attributes that a function speaks of, and the functions within it."""
    yield from code.co_names
    for part in code.co_consts:
        if isinstance(part, CodeType):
            yield from _spoken_of(part)


def written_function(function: Any) -> Any:
    """Return a function as somebody wrote it, behind methods, decorators and partial arguments; ``None`` for no Python.

    >>> written_function(abs)
    """
    while hasattr(function, "func"):
        function = function.func
    if not hasattr(function, "__code__"):
        # A model that is called like a function.
        function = type(function).__call__
    while hasattr(function, "__wrapped__"):
        function = function.__wrapped__
    function = getattr(function, "__func__", function)
    return function if hasattr(function, "__code__") else None
