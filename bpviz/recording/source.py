"""The user's own source: the place of a step, its text, and the name that its result gets."""

from __future__ import annotations

import ast
import linecache
import opcode
import re
from collections.abc import Iterator
from itertools import islice
from threading import Lock
from types import CodeType, FrameType
from typing import Any

from bpviz.code_files import HOME, file_name
from bpviz.frozen import dataclass

__all__ = [
    "Returned",
    "accumulates",
    "add_framework",
    "arguments_of_call",
    "by_operator",
    "called_name",
    "formats",
    "indexes",
    "is_ours",
    "line_of",
    "place",
    "place_of",
    "stored_name",
    "stores_item",
    "syntax_of",
    "unpacks",
    "users_frame",
    "written",
]

_HOLDER = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*")
"""What may hold a value by subscript, in a name: ``hs``, ``self.params``."""
_LONGEST = 100
"""The most characters of the user's source that a message quotes."""
_FARTHEST = 1000
"""The most instructions after a step that are searched for the variable that takes its result."""


_PARSING = Lock()


def syntax_of(text: str, mode: str = "exec") -> Any:
    """Return the syntax tree of a text, one thread at a time.

    The parser of Python 3.11 counts the depth of trees of all threads together (python/cpython#106905).

    >>> syntax_of("x + 1", "eval").body.op.__class__.__name__
    'Add'

    Raises `SyntaxError`.
    """
    with _PARSING:
        return ast.parse(text, mode=mode)


def _codes(*names: str) -> frozenset[int]:
    return frozenset(opcode.opmap[name] for name in names if name in opcode.opmap)


_CACHE = opcode.opmap["CACHE"]
_EXTENDED = opcode.opmap["EXTENDED_ARG"]
_STORE_LOCAL = _codes("STORE_FAST", "STORE_DEREF")
_STORE_NAME = _codes("STORE_NAME", "STORE_GLOBAL")
# 3.13 and later join two steps into one.
_STORE_STORE = _codes("STORE_FAST_STORE_FAST")
_STORE_LOAD = _codes("STORE_FAST_LOAD_FAST")
# On the stack above the value are an object, or a container and an index.
_STORE_ATTRIBUTE, _STORE_SUBSCRIPT = _codes("STORE_ATTR"), _codes("STORE_SUBSCR")
_COPY, _SWAP = _codes("COPY"), _codes("SWAP")
_BUILD = _codes("BUILD_TUPLE", "BUILD_LIST")
_UNPACK, _UNPACK_STAR = _codes("UNPACK_SEQUENCE"), _codes("UNPACK_EX")
_RETURN, _POP = _codes("RETURN_VALUE"), _codes("POP_TOP")
_LOAD_ATTRIBUTE = _codes("LOAD_ATTR", "LOAD_METHOD")
_NOTHING = _codes("NOP", "RESUME", "NOT_TAKEN", "KW_NAMES")
_JUMPS = frozenset([*opcode.hasjrel, *opcode.hasjabs])
_OPERATORS = frozenset(
    code for name, code in opcode.opmap.items() if name.startswith(("BINARY_", "COMPARE_", "UNARY_", "CONTAINS_"))
)
_CALLS = _codes("PRECALL", "CALL", "CALL_KW", "CALL_FUNCTION_EX")
_CALL_WITH_NAMES = _codes("CALL_KW")
_CALL_UNPACKED = _codes("CALL_FUNCTION_EX")
_PREPARES, _PUSH_NULL = _codes("PRECALL"), _codes("PUSH_NULL")
_METHODS_ARE_ATTRIBUTES = "LOAD_METHOD" not in opcode.opmap
_STORE_ITEM = _codes("STORE_SUBSCR", "STORE_SLICE")
_BINARY_OP = _codes("BINARY_OP")
_INPLACE_ADD = 13
"""The argument of the instruction for ``+=``."""
_REMAINDERS = (6, 19)
"""The arguments of the instruction for ``%`` and ``%=``."""
_GET_ITEM = _codes("BINARY_SUBSCR", "BINARY_SLICE")
_GETS_ITEM = 26
"""The argument of the instruction for ``x[i]``, in Python 3.14 and later."""


@dataclass(frozen=True, slots=True)
class Returned:
    """What `stored_name` returns for a result that the code returns at once: the caller gives it a name.

    ``path`` is its place in the tuples that are returned: ``(1,)`` for ``y`` in ``return x, y``.
    """

    path: tuple[int, ...] = ()


class _Reading:
    """One code object, prepared for look-ups."""

    __slots__ = ("called", "code", "instructions", "lines", "locals", "names")

    def __init__(self, code: CodeType) -> None:
        self.code = code
        self.instructions = code.co_code
        own = code.co_varnames
        self.locals = (*own, *(n for n in code.co_cellvars if n not in own), *code.co_freevars)
        self.names: dict[tuple[int, tuple[int, ...]], str | Returned | None] = {}
        self.called: dict[int, str] = {}
        self.lines: list[int | None] = []
        for start, end, line in code.co_lines():
            self.lines += [line] * ((end - start) // 2)


# By identity, because the hash of a code object reads all of it. An entry keeps its code alive, so that no other code
# can get its identity.
_readings: dict[int, _Reading] = {}


def _reading(code: CodeType) -> _Reading:
    found = _readings.get(id(code))
    if found is None:
        if len(_readings) > 1000:
            _readings.clear()
        found = _readings[id(code)] = _Reading(code)
    return found


def stored_name(code: CodeType, offset: int, path: tuple[int, ...] = ()) -> str | Returned | None:
    """Return the variable that takes the result of the instruction at ``offset``.

    ``path`` picks one value out of a result that is a tuple. The result is the variable's name, `Returned` if the
    code returns the value at once, or ``None``.

    >>> def f(x):
    ...     y = x + 1
    ...     a, b = y, y * 2
    ...     return a, b - 1
    >>> offsets = range(0, len(f.__code__.co_code), 2)
    >>> operators = [i for i in offsets if by_operator(f.__code__, i)]
    >>> [stored_name(f.__code__, i) for i in operators]
    ['y', 'b', Returned(path=(1,))]
    """
    reading = _reading(code)
    key = (offset, path)
    if key not in reading.names:
        reading.names[key] = _followed(reading, offset, path)
    return reading.names[key]


def _followed(reading: _Reading, offset: int, path: tuple[int, ...]) -> str | Returned | None:
    """Follow a value over the interpreter's stack until a variable takes it.

    ``above`` is the number of values on top of it, ``path`` its place in the tuple that is followed instead of it.
    """
    above = 0
    start = offset if unpacks(reading.code, offset) else offset + 2
    for at, code, argument in _instructions(reading.instructions, start):
        if code in _STORE_ATTRIBUTE or code in _STORE_SUBSCRIPT:
            beside = 1 if code in _STORE_ATTRIBUTE else 2
            if above == beside:
                return None if path else _name_of_target(reading.code, at, argument if beside == 1 else None)
            if above < beside:
                return None
            above -= beside + 1
            continue
        stored = _stored(reading, code, argument)
        for name in stored:
            if not above:
                return None if path else name
            above -= 1
        if stored:
            above += code in _STORE_LOAD
        elif code in _UNPACK or code in _UNPACK_STAR:
            if above:
                above += opcode.stack_effect(code, argument)
                continue
            if not path or (code in _UNPACK_STAR and path[0] >= argument & 0xFF):
                return None
            above, path = path[0], path[1:]
        elif code in _BUILD and above < argument:
            above, path = 0, (argument - 1 - above, *path)
        elif code in _COPY:
            # (y := x + 1) and a = b = x + 1 copy the result, and store the copy first.
            above = 0 if argument == above + 1 else above + 1
        elif code in _SWAP:
            above = argument - 1 if not above else 0 if argument == above + 1 else above
        elif code in _RETURN:
            return None if above else Returned(path)
        elif code in _JUMPS:
            return None
        elif code not in _NOTHING:
            effect = opcode.stack_effect(code, argument if code >= opcode.HAVE_ARGUMENT else None)
            taken = 1 if code in _POP or code in _LOAD_ATTRIBUTE else 1 - effect
            if taken > above:
                return None
            above += effect
    return None


def _name_of_target(code: CodeType, at: int, attribute: int | None) -> str | None:
    """Return the name of the target of the instruction at ``at``: an attribute, by number, or else a subscript.

    A subscript has a name only if it is a constant: ``params['W']``, not ``hs[t]``.
    """
    if attribute is not None:
        return code.co_names[attribute]
    try:
        target = syntax_of(_text_at(code, at), "eval").body
    except SyntaxError:
        return None
    if not (isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant)):
        return None
    holder = ast.unparse(target.value)
    return f"{holder.removeprefix('self.')}[{target.slice.value!r}]" if _HOLDER.fullmatch(holder) else None


def _stored(reading: _Reading, code: int, argument: int) -> tuple[str, ...]:
    """Return the variables that an instruction stores to, the one that takes the topmost value first."""
    if code in _STORE_LOCAL:
        return (reading.locals[argument],)
    if code in _STORE_NAME:
        return (reading.code.co_names[argument],)
    if code in _STORE_STORE:
        return reading.locals[argument >> 4], reading.locals[argument & 15]
    if code in _STORE_LOAD:
        return (reading.locals[argument >> 4],)
    return ()


def _instructions(instructions: bytes, at: int, farthest: int = 2 * _FARTHEST) -> Iterator[tuple[int, int, int]]:
    """Iterate over the instructions from an offset on: the offset, the code and the argument of each."""
    argument = 0
    for i in range(at, min(len(instructions) - 1, at + farthest), 2):
        code = instructions[i]
        if code == _CACHE:
            continue
        argument = argument << 8 | instructions[i + 1]
        if code != _EXTENDED:
            yield i, code, argument
            argument = 0


def unpacks(code: CodeType, offset: int) -> bool:
    """Return whether the instruction unpacks a value: ``a, b = x``."""
    instruction = _reading(code).instructions[offset]
    return instruction in _UNPACK or instruction in _UNPACK_STAR


def by_operator(code: CodeType, offset: int) -> bool:
    """Return whether the instruction is an operator (or an index), not a call of something that computes."""
    return _reading(code).instructions[offset] in _OPERATORS


def accumulates(code: CodeType, offset: int) -> bool:
    """Return whether the instruction is the operator ``+=``.

    >>> def f(x):
    ...     x += 1
    ...     return x + 1
    >>> [accumulates(f.__code__, i) for i in range(0, len(f.__code__.co_code), 2) if by_operator(f.__code__, i)]
    [True, False]
    """
    instructions = _reading(code).instructions
    return instructions[offset] in _BINARY_OP and instructions[offset + 1] == _INPLACE_ADD


def formats(code: CodeType, offset: int) -> bool:
    """Return whether the instruction is ``%``, which takes the plain value of a number only to write it into a text.

    >>> def f(x):
    ...     return "%.2f" % x
    >>> [i for i in range(0, len(f.__code__.co_code), 2) if formats(f.__code__, i)] != []
    True
    """
    instructions = _reading(code).instructions
    return instructions[offset] in _BINARY_OP and instructions[offset + 1] in _REMAINDERS


def indexes(code: CodeType, offset: int) -> bool:
    """Return whether the instruction takes a part: ``x[i]``."""
    instructions = _reading(code).instructions
    if instructions[offset] in _BINARY_OP:
        return instructions[offset + 1] == _GETS_ITEM
    return instructions[offset] in _GET_ITEM


def stores_item(code: CodeType, offset: int) -> bool:
    """Return whether the instruction writes an element: ``x[i] = y``."""
    return _reading(code).instructions[offset] in _STORE_ITEM


def called_name(code: CodeType, offset: int) -> str:
    """Return the name by which the function called at ``offset`` was found; empty if it is not known.

    >>> def f(x):
    ...     return sorted(x, key=x.pop(len(x)))
    >>> found = [called_name(f.__code__, i) for i in range(0, len(f.__code__.co_code), 2)]
    >>> [name for name in dict.fromkeys(found) if name]
    ['len', 'pop', 'sorted']
    """
    reading = _reading(code)
    if offset not in reading.called:
        reading.called[offset] = _called(reading, offset)
    return reading.called[offset]


def _called(reading: _Reading, offset: int) -> str:
    """Go back over the instructions that put the arguments on the stack, to the one that put the function there."""
    before = [(0, 0)]
    for _, code, argument in _instructions(reading.instructions[: offset + 2], 0, len(reading.instructions)):
        before.append((code, argument))
    code, argument = before.pop()
    if code not in _CALLS:
        return ""
    left = argument + (code in _CALL_WITH_NAMES) if code not in _CALL_UNPACKED else 1 + (argument & 1)
    if before[-1][0] in _PREPARES:
        before.pop()
    for code, argument in reversed(before):
        if code in _NOTHING or (not left and code in _PUSH_NULL):
            continue
        if not left:
            return _loaded(reading, code, argument)
        if code in _JUMPS or code == 0:
            return ""
        left -= opcode.stack_effect(code, argument if code >= opcode.HAVE_ARGUMENT else None)
    return ""


def _loaded(reading: _Reading, code: int, argument: int) -> str:
    """Return the name that an instruction looks up."""
    name = opcode.opname[code]
    if name in ("LOAD_METHOD", "LOAD_NAME"):
        return reading.code.co_names[argument]
    if name == "LOAD_GLOBAL" or (name == "LOAD_ATTR" and _METHODS_ARE_ATTRIBUTES):
        return reading.code.co_names[argument >> 1]
    if name == "LOAD_ATTR":
        return reading.code.co_names[argument]
    return reading.locals[argument] if name in ("LOAD_FAST", "LOAD_DEREF") else ""


def arguments_of_call(code: CodeType, offset: int) -> int | None:
    """Return how many arguments the call at ``offset`` gives; ``None`` if it unpacks them, or is no call.

    >>> def f(x):
    ...     return max(x, 2)
    >>> [n for i in range(0, len(f.__code__.co_code), 2) if (n := arguments_of_call(f.__code__, i)) is not None][-1]
    2
    """
    instructions = _reading(code).instructions
    instruction = instructions[offset]
    return instructions[offset + 1] if instruction in _CALLS and instruction not in _CALL_UNPACKED else None


def line_of(code: CodeType, offset: int) -> int | None:
    """Return the line of the instruction at ``offset``."""
    lines = _reading(code).lines
    at = offset // 2
    return lines[at] if 0 <= at < len(lines) else None


_ours: dict[str, bool] = {}
_frameworks = {"numpy", "scipy", "torch", "jax", "jaxlib", "flax", "onnx"}
"""The packages whose frames stand between the user's code and a record."""


def add_framework(package: str) -> None:
    """Add a package whose frames are no code of the user's (see `bpviz.sources`)."""
    _frameworks.add(package)
    _ours.clear()


def is_ours(frame: FrameType) -> bool:
    """Return whether a frame is one of bpviz, NumPy, SciPy or another framework, between the user's code and the
    record."""
    file = frame.f_code.co_filename
    found = _ours.get(file)
    if found is None:
        module = frame.f_globals.get("__name__") or ""
        found = file.startswith(HOME) or module.partition(".")[0] in _frameworks
        if not file.startswith("<"):
            # Code without a file (a cell, a string) shares its name with others.
            _ours[file] = found
    return found


def users_frame(frame: FrameType) -> FrameType:
    """Return the nearest frame of the user's own code, from here outwards."""
    while is_ours(frame) and frame.f_back is not None:
        frame = frame.f_back
    return frame


def place(frame: FrameType) -> str:
    """Return the current place in the user's code, for a message: ``line 3 of apples.py``."""
    frame = users_frame(frame)
    return place_of(frame.f_code, frame.f_lineno)


def place_of(code: CodeType, line: int) -> str:
    """Return a line of the user's code, for a message: ``line 3 of apples.py``."""
    return f"line {line} of {file_name(code.co_filename)}"


def written(frame: FrameType) -> str:
    """Return the source of the expression that the user's code is evaluating; else what is known of it."""
    frame = users_frame(frame)
    code = frame.f_code
    text = _text_at(code, frame.f_lasti)
    text = " ".join((text or linecache.getline(code.co_filename, frame.f_lineno)).split())
    if not text:
        return f"a step of {code.co_name}" if code.co_name[0] != "<" else "this step"
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _text_at(code: CodeType, offset: int) -> str:
    """Return the source of the instruction at ``offset``; empty if it is not known."""
    first, last, start, end = next(islice(code.co_positions(), offset // 2, None), (None,) * 4)
    if first is None or last is None or start is None or end is None:
        return ""
    lines = [linecache.getline(code.co_filename, n).encode() for n in range(first, last + 1)]
    # The end first: if the expression is on one line, cutting its start would move it.
    lines[-1] = lines[-1][:end]
    lines[0] = lines[0][start:]
    return b" ".join(lines).decode(errors="replace")
