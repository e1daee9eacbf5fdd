"""The user's own source, read back: where a step stands, how it is written, which name its result was given."""

from __future__ import annotations

import linecache
import opcode
from functools import lru_cache
from types import CodeType, FrameType

__all__ = ["RETURNED", "line_of", "place", "stored_name", "written"]

RETURNED = object()
"""What `stored_name` answers for a result that is returned at once: its name is for the caller to give."""

_CACHE = opcode.opmap["CACHE"]
_EXTENDED = opcode.opmap["EXTENDED_ARG"]
_STORES = {opcode.opmap[n] for n in ("STORE_FAST", "STORE_NAME", "STORE_GLOBAL", "STORE_DEREF") if n in opcode.opmap}
# 3.13 and later join two steps into one; the first of the pair is what happens to our result.
_PAIRS = {opcode.opmap[n] for n in ("STORE_FAST_STORE_FAST", "STORE_FAST_LOAD_FAST") if n in opcode.opmap}
_BY_LOCAL = {opcode.opmap[n] for n in ("STORE_FAST", "STORE_DEREF") if n in opcode.opmap}
_COPY = opcode.opmap.get("COPY", -1)
_RETURN = opcode.opmap["RETURN_VALUE"]


@lru_cache(maxsize=4096)
def stored_name(code: CodeType, offset: int) -> object:
    """The variable that takes the result of the instruction at ``offset``.

    Answers its name, `RETURNED` when the result is returned at once, or ``None``.

    >>> def f(x):
    ...     y = x + 1
    ...     return y
    >>> offsets = range(0, len(f.__code__.co_code), 2)
    >>> {stored_name(f.__code__, i) for i in offsets if isinstance(stored_name(f.__code__, i), str)}
    {'y'}
    """
    instructions = _bytes_of(code)
    at = offset + 2
    argument = 0
    while at + 1 < len(instructions):
        instruction = instructions[at]
        if instruction == _CACHE:
            at += 2
            continue
        argument = argument << 8 | instructions[at + 1]
        if instruction == _EXTENDED:
            at += 2
            continue
        if instruction in _STORES:
            names = _locals_of(code) if instruction in _BY_LOCAL else code.co_names
            return names[argument] if argument < len(names) else None
        if instruction in _PAIRS:
            return _locals_of(code)[argument >> 4]
        if instruction == _COPY and argument == 1:
            # (y := x + 1) and a = b = x + 1 copy the result before they store it.
            argument = 0
            at += 2
            continue
        return RETURNED if instruction == _RETURN else None
    return None


@lru_cache(maxsize=256)
def _bytes_of(code: CodeType) -> bytes:
    return code.co_code


@lru_cache(maxsize=256)
def _locals_of(code: CodeType) -> tuple[str, ...]:
    own = code.co_varnames
    return (*own, *(n for n in code.co_cellvars if n not in own), *code.co_freevars)


@lru_cache(maxsize=4096)
def line_of(code: CodeType, offset: int) -> int | None:
    """The line of the instruction at ``offset``."""
    for start, end, line in code.co_lines():
        if start <= offset < end:
            return line
    return None


def place(frame: FrameType) -> str:
    """Where a frame stands, for a message: ``line 3 of apples.py``."""
    name = frame.f_code.co_filename.replace("\\", "/").rpartition("/")[2]
    return f"line {frame.f_lineno} of {name}"


def written(frame: FrameType) -> str:
    """The expression that a frame is just evaluating, as the user wrote it; the function's name where unknown."""
    code = frame.f_code
    positions = list(code.co_positions())
    at = frame.f_lasti // 2
    if at < len(positions):
        line, last, start, end = positions[at]
        if line is not None and line == last and start is not None and end is not None:
            text = linecache.getline(code.co_filename, line).encode()[start:end].decode(errors="replace").strip()
            if text:
                return text
    return linecache.getline(code.co_filename, frame.f_lineno).strip() or f"{code.co_name}()"
