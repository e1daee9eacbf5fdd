"""What is differentiated: the choice that ``wrt=`` and ``freeze=`` make among a graph's inputs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from bpviz.errors import UsageError, did_you_mean
from bpviz.frozen import dataclass
from bpviz.recording.recorder import Recorder

__all__ = ["Choice", "choice_of", "full_name", "last_parts", "make_constant", "means", "names_in", "parts_of"]

_PART = re.compile(r"\[(?:'[^']*'|\"[^\"]*\"|[^\]]*)\]|[^.\[]+")
_COMMA = re.compile(r",(?![^\[]*\])")


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
    wanted, parts = parts_of(word), parts_of(name)
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


def parts_of(name: str) -> list[str]:
    """Return the parts of a name.

    >>> parts_of("params['W']"), parts_of("self.x")
    (['params', 'W'], ['x'])
    """
    parts = [part.strip("[]").strip("'\"") for part in _PART.findall(name)]
    return parts[1:] if len(parts) > 1 and parts[0] == "self" else parts


def choice_of(wrt: Any = None, freeze: Any = None) -> Choice | None:
    """Return the choice that the options ``wrt`` and ``freeze`` make; ``None`` where they name nothing.

    >>> choice_of("W, b"), choice_of()
    (Choice(wrt=('W', 'b'), freeze=()), None)

    Raises `UsageError` for what is no names.
    """
    if wrt is None and freeze is None:
        return None
    made = Choice(names_in(wrt, "wrt") or None, names_in(freeze, "freeze"))
    return made or None


def names_in(given: Any, option: str) -> tuple[str, ...]:
    """Return the names in an option: a text with commas, or several texts.

    >>> names_in("W[0,1], b", "wrt"), names_in(["W", "b"], "wrt"), names_in(None, "wrt")
    (('W[0,1]', 'b'), ('W', 'b'), ())
    """
    texts = [given] if isinstance(given, str) else [] if given is None else given
    if not isinstance(texts, list | tuple) or not all(isinstance(text, str) for text in texts):
        raise UsageError(f"{option} takes names, such as {option}='W1,b1', but got {given!r}")
    return tuple(word.strip() for text in texts for word in _COMMA.split(text) if word.strip())


def make_constant(record: Recorder, choice: Choice, held: Sequence[str] = (), title: str = "") -> None:
    """Make constants of the inputs of a new record that are not picked; ``held`` could have been inputs as well.

    Raises `UsageError` for a name that is no input, or one of ``wrt`` that no step has read.
    """
    names = list(dict.fromkeys([*record.is_input.values(), *held]))
    known = frozenset(names)
    for option, words in (("wrt", choice.wrt or ()), ("freeze", choice.freeze)):
        for word in words:
            if not any(means(word, name, known) for name in names):
                hint = did_you_mean(word, last_parts(names), f"there are: {', '.join(names[:12])}")
                raise UsageError(f"{option} names {word!r}, which is no input; {hint}")
            if option == "wrt" and not any(means(word, name, known) for name in record.is_input.values()):
                raise UsageError(f"wrt names {word!r}, which no step of {title or 'the function'} reads; leave it out")
    record.freeze([index for index, name in record.is_input.items() if not choice.picks(name, known)])


def last_parts(names: Iterable[str]) -> list[str]:
    """Return the names with their last parts, which also name them.

    >>> last_parts(["params['W']", "b"])
    ["params['W']", 'b', 'W']
    """
    found = list(names)
    return list(dict.fromkeys([*found, *(parts_of(name)[-1] for name in found)]))
