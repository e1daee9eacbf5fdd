"""The cause of a wrong record: the line at which a run on plain numbers and a run on recorded values first differ.

Both runs are watched line by line. The cause is the first line after which they take different branches, or a variable
has different numbers; the kind of statement decides what to write instead.
"""

from __future__ import annotations

import ast
import linecache
import sys
from collections.abc import Callable, Iterator
from types import CodeType, FrameType
from typing import Any

from bpviz.code_files import is_library
from bpviz.lazy import LazyModule
from bpviz.recording.handle import HANDLES
from bpviz.recording.source import is_ours, place_of, syntax_of

__all__ = ["first_cause"]

np: Any = LazyModule("numpy")

_EVENTS = 20_000
"""The most lines of a run that are watched."""
_PARTS = 100
"""The most parts of a list or an object that are compared."""
_FEW = 32
"""The most elements of an array that are compared one by one; larger arrays are compared by sums."""
_TYPES = frozenset({"isinstance", "issubclass", "type", "hasattr", "callable", "isscalar", "getattr", "iterable"})
_ADVICE = {
    "type": "reads the type of a value, and type(x) of a recorded value is another class; write "
    "isinstance(x, float), or decide by the shape, np.ndim(x) == 0",
    "in place": "changes an array in place, which other names of it see and its record does not; give the result a "
    "new name, y = y + x, and return it",
    "list": "repeats a list, which for a recorded number is a product; write np.full(n, 0.5), or a list comprehension",
    "other": "from there the two runs differ; compute with NumPy's functions, without reading the type of a value "
    "and without changing an array in place",
}

Event = tuple[CodeType, int, dict[Any, Any]]


def first_cause(traced: Callable[[], None], plain: Callable[[], None]) -> str:
    """Return the line at which two runs first differ, and what to write instead, as the end of a sentence."""
    one, other = _watched(traced), _watched(plain)
    before: Event | None = None
    for here, there in zip(one, other, strict=False):
        if here[:2] != there[:2] or not _same(here[2], there[2]):
            return _at_line(before or here)
        before = here
    if len(one) != len(other) and before is not None:
        return _at_line(before)
    return _ADVICE["other"].removeprefix("from there the two runs differ; ")


def _watched(run: Callable[[], None]) -> list[Event]:
    """Return the user's lines that a run executes, each with the values of the variables before it."""
    events: list[Event] = []
    frames: list[FrameType] = []

    def local(frame: FrameType, event: str, argument: Any) -> Any:
        if event in ("line", "return") and len(events) < _EVENTS:
            holds: dict[Any, Any] = {
                (i, name): _summary(value) for i, f in enumerate(frames) for name, value in f.f_locals.items()
            }
            if event == "return":
                holds["return"] = _summary(argument)
            events.append((frame.f_code, frame.f_lineno, holds))
        if event == "return" and frames and frames[-1] is frame:
            frames.pop()
        return local

    def begins(frame: FrameType, event: str, argument: Any) -> Any:
        if is_ours(frame) or _is_library(frame):
            return None
        frames.append(frame)
        return local

    before = sys.gettrace()
    sys.settrace(begins)
    try:
        run()
    except Exception:
        # It is also watched line by line.
        pass
    finally:
        sys.settrace(before)
    return events


def _is_library(frame: FrameType) -> bool:
    # Code written by dataclasses has no file, but the module of its class.
    return is_library(frame.f_code.co_filename) or is_library(frame.f_globals.get("__file__") or "")


def _summary(value: Any, depth: int = 0) -> Any:
    """Return the numbers in a value, for a comparison; ``None`` if it has none."""
    if type(value) in HANDLES:
        value = value.data
    if isinstance(value, bool | int | float):
        return ((), (float(value),)) if abs(value) < 2**1000 else None
    if isinstance(value, np.ndarray | np.generic):
        return _of_array(np.asarray(value))
    if isinstance(value, type):
        # type(x) returns another type for a recorded value.
        return value in HANDLES
    if depth > 2 or value is None or isinstance(value, str | bytes):
        return None
    if isinstance(value, dict):
        return {key: _summary(part, depth + 1) for key, part in list(value.items())[:_PARTS]}
    if isinstance(value, list | tuple):
        return len(value), tuple(_summary(part, depth + 1) for part in value[:_PARTS])
    if hasattr(value, "__dict__") and not callable(value) and type(value).__module__ != "builtins":
        return _summary(vars(value), depth + 1)
    return None


def _of_array(array: Any) -> Any:
    if array.dtype.kind not in "biuf":
        return None
    flat = array.astype(np.float64).ravel()
    if flat.size > _FEW:
        flat = np.array([flat.sum(), np.abs(flat).sum(), flat @ np.linspace(1, 2, flat.size)])
    return array.shape, tuple(flat.tolist())


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(part, other[key]) for key, part in one.items())
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, float) and isinstance(other, float):
        return one == other or (one != one and other != other) or abs(one - other) <= 1e-7 * max(abs(one), abs(other))
    return bool(one == other)


def _at_line(event: Event) -> str:
    """Return the text of a line, with its fault."""
    code, line, _ = event
    text = " ".join(linecache.getline(code.co_filename, line).split())
    kind = next((kind for kind in map(_kind, _statements(code, line)) if kind != "other"), "other")
    quoted = f"{text} " if text else ""
    comma = "; " if kind == "other" else " "
    return f"{quoted}({place_of(code, line)}){comma}{_ADVICE[kind]}"


def _statements(code: CodeType, line: int) -> list[ast.stmt]:
    """Return the statements that begin on a line of the user's file, innermost first, then the one around it."""
    try:
        tree = syntax_of("".join(linecache.getlines(code.co_filename)))
    except SyntaxError:
        return []
    statements = (node for node in ast.walk(tree) if isinstance(node, ast.stmt))
    around = [node for node in statements if node.lineno <= line <= (node.end_lineno or node.lineno)]
    return [node for node in reversed(around) if node.lineno == line or node is around[-1]]


def _kind(statement: ast.stmt) -> str:
    """Return the kind of thing in a statement that a record cannot follow."""
    parts = list(_own_parts(statement))
    for node in parts:
        called = node.func if isinstance(node, ast.Call) else None
        name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
        if name in _TYPES or (isinstance(node, ast.Attribute) and node.attr == "__class__"):
            return "type"
    if isinstance(statement, ast.Match):
        return "type"
    if isinstance(statement, ast.AugAssign):
        return "in place"
    products = (node for node in parts if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult))
    if any(isinstance(side, ast.List | ast.Tuple | ast.ListComp) for node in products for side in _sides(node)):
        return "list"
    if isinstance(statement, ast.Assign) and any(isinstance(target, ast.Subscript) for target in statement.targets):
        return "in place"
    return "other"


def _sides(product: ast.BinOp) -> tuple[ast.expr, ast.expr]:
    return product.left, product.right


def _own_parts(statement: ast.stmt) -> Iterator[ast.AST]:
    """Return the parts of a statement without the statements in it: for ``if``, its condition."""
    ahead: list[ast.AST] = [statement]
    while ahead:
        node = ahead.pop()
        yield node
        ahead += (child for child in ast.iter_child_nodes(node) if not isinstance(child, ast.stmt))
