"""Names of single elements of arrays, as a textbook writes them, and as they are typed: ``w₀₁`` and ``W[0, 1]``."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bpviz.errors import UsageError

__all__ = ["arrays_of", "element_name", "parted", "selected"]

_DIGITS = "₀₁₂₃₄₅₆₇₈₉"
_LOWERED = str.maketrans("0123456789", _DIGITS)
_INDEXED = re.compile(r"(.+)\[([^\[\]]*)\]")


def element_name(name: str, index: Sequence[int], *, small: bool = True) -> str:
    """The name of an element: with lowered digits behind a single letter, in brackets behind a longer name.

    A capital becomes ``small``, unless that letter is another's.

    >>> element_name("W", (0, 1)), element_name("b", (2,)), element_name("weight", (0, 1)), element_name("W", (0, 10))
    ('w₀₁', 'b₂', 'weight[0,1]', 'w₀,₁₀')
    >>> element_name("W", (0, 1), small=False)
    'W₀₁'
    """
    if not name or not index:
        return name
    if len(name) > 1:
        return f"{name}[{','.join(map(str, index))}]"
    # Where an index has two digits, a comma tells them apart.
    comma = "," if max(index) > 9 and len(index) > 1 else ""
    return (name.lower() if small else name) + comma.join(str(i) for i in index).translate(_LOWERED)


def parted(text: str) -> tuple[str, str]:
    """A name and what stands in brackets behind it; nothing where there are none.

    >>> parted("W[0,:]"), parted("p['W'][1]"), parted("bias")
    (('W', '0,:'), ("p['W']", '1'), ('bias', ''))
    """
    found = _INDEXED.fullmatch(text.strip())
    if found is None or not re.fullmatch(r"[\d\s,:\-]+", found[2]):
        return text.strip(), ""
    return found[1], found[2].replace(" ", "")


def arrays_of(name: str) -> tuple[str, ...]:
    """What the array may be called that has an element of this name.

    >>> arrays_of("w₀₁"), arrays_of("weight[0,1]"), arrays_of("bias")
    (('w', 'W'), ('weight',), ())
    """
    stem, brackets = parted(name)
    letter = stem.rstrip(_DIGITS + ",")
    return (stem,) if brackets else (letter, letter.upper()) if letter != stem and len(letter) == 1 else ()


def selected(text: str, written: str) -> tuple[int | slice, ...]:
    """What stands in brackets as an index of NumPy's.

    >>> selected("0,:", "W[0,:]"), selected("1:3", "b[1:3]")
    ((0, slice(None, None, None)), (slice(1, 3, None),))

    Raises `UsageError` for anything but whole numbers and slices.
    """
    parts: list[int | slice] = []
    for part in text.split(","):
        bounds = part.split(":")
        try:
            numbers = [int(bound) if bound else None for bound in bounds]
        except ValueError:
            numbers = []
        if len(numbers) == 1 and numbers[0] is not None:
            parts.append(numbers[0])
        elif 2 <= len(numbers) <= 3:
            parts.append(slice(*numbers))
        else:
            raise UsageError(f"{written!r} is no choice of elements; write NAME[0,:], NAME[1:3] or NAME[2]")
    return tuple(parts)
