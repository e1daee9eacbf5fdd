"""What the values mean: the words of the author, from where authors leave them.

``bpviz.name(value, meaning="unit price")`` says it outright. Else a function says it itself: in an annotation
(``price: Annotated[float, "unit price"]`` or ``price: "unit price"``), in its docstring, or in a comment at the end of
the line that names the value.
"""

from __future__ import annotations

import builtins
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from bpviz.graph.choice import written_function
from bpviz.graph.graph import Graph

__all__ = ["RESULT", "meanings", "of_docstring", "of_function"]

RESULT = "return"
"""The name under which a function tells what its result means."""

CO_FUTURE_ANNOTATIONS = 0x1000000  # of a code object's flags: annotations are kept as text


def meanings(graph: Graph) -> dict[int, str]:
    """The meaning of every node that has one, by its number.

    >>> import bpviz
    >>> def total(price: "unit price" = 100, count=2):
    ...     \"\"\"What is paid.
    ...
    ...     count: number of apples
    ...     \"\"\"
    ...     return bpviz.name(price * count, meaning="what is paid")
    >>> meanings(bpviz.trace(total))
    {0: 'unit price', 1: 'number of apples', 2: 'what is paid'}
    """
    told = of_function(graph.function) if graph.function is not None else {}
    found = {index: told[label] for index, label in enumerate(graph.labels) if label in told}
    if RESULT in told and len(graph.output_indices) == 1:
        found.setdefault(graph.output_indices[0], told[RESULT])
    return found | graph.record.meanings


def of_function(function: Callable[..., Any]) -> Mapping[str, str]:
    """What a function says of its parameters and variables, by name; of its result, under `RESULT`."""
    written = written_function(function)
    comments = _of_comments(written) if written is not None else {}
    return comments | of_docstring(getattr(written, "__doc__", None) or "") | _of_annotations(written)


# Docstrings

_FIELD = re.compile(r":(?:param|parameter|arg|argument|var|ivar)\s+(?:[^:]*\s)?\*{0,2}([^\s:]+)\s*:\s*(.+)")
_RETURN_FIELD = re.compile(r":returns?:\s*(.+)")
_ENTRY = re.compile(r"\*{0,2}(\w+)\s*(?:\([^)]*\))?\s*(?::\s|\s--?\s|\s[–—]\s|:)\s*(\S.*)")
"""``name: meaning``, ``name (type): meaning``, ``name -- meaning``."""
_TYPED = re.compile(r"\*{0,2}(\w+(?:\s*,\s*\*{0,2}\w+)*)\s*(?::.*)?")
"""``name : type`` or ``name, other`` in a NumPy section, with the meaning on the lines below."""
_RULE = re.compile(r"-{3,}|={3,}")
_SECTION = re.compile(
    r"(args?|arguments?|parameters?|params?|other parameters|inputs?|attributes|variables|where|returns?)\s*:?", re.I
)


def of_docstring(text: str) -> dict[str, str]:
    """The meanings in a docstring: lines like ``name: meaning``, in the sections of Google, NumPy and Sphinx too.

    >>> of_docstring("The total.\\n\\n    Args:\\n        price: unit price\\n        tax (float): sales tax\\n")
    {'price': 'unit price', 'tax': 'sales tax'}
    >>> of_docstring("The total.\\n\\n    :param price: unit price\\n    :returns: what is paid\\n")
    {'price': 'unit price', 'return': 'what is paid'}
    """
    found: dict[str, str] = {}
    lines = _cleaned(text)
    at, section, ruled = 0, "", False
    while at < len(lines):
        line, at = lines[at], at + 1
        stripped = line.strip()
        heading = _SECTION.fullmatch(stripped)
        if heading:
            section = RESULT if heading[1].lower().startswith("return") else "values"
            ruled = at < len(lines) and _RULE.fullmatch(lines[at].strip()) is not None
            at += ruled
            continue
        if not stripped or (ruled and _indent(line)):
            continue
        if _RULE.fullmatch(stripped) or (section and not ruled and not _indent(line)):
            # Another section, or the text behind one.
            section, ruled = "", False
        below = _below(lines, at, _indent(line))
        if section == RESULT:
            told = " ".join(below) if ruled else " ".join([re.sub(r"^\w+:\s+", "", stripped), *below])
            found.setdefault(RESULT, _sentence(told))
            section = ""
        elif ruled:
            typed = _TYPED.fullmatch(stripped)
            for name in re.split(r"\s*,\s*", typed[1]) if typed and below else ():
                found.setdefault(name.lstrip("*"), _sentence(" ".join(below)))
        else:
            for name, told in _entry(stripped):
                found.setdefault(name, _sentence(" ".join([told, *below])))
    return found


def _entry(line: str) -> Iterator[tuple[str, str]]:
    if field := _FIELD.fullmatch(line):
        yield field[1], field[2]
    elif returned := _RETURN_FIELD.fullmatch(line):
        yield RESULT, returned[1]
    elif entry := _ENTRY.fullmatch(line):
        yield (RESULT if entry[1].lower() == "returns" else entry[1]), entry[2]


def _cleaned(text: str) -> list[str]:
    """The lines without the margin that all but the first have in common."""
    first, *rest = text.expandtabs().splitlines() or [""]
    margin = min((_indent(line) for line in rest if line.strip()), default=0)
    return [first.strip(), *(line[margin:].rstrip() for line in rest)]


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _below(lines: list[str], at: int, indent: int) -> list[str]:
    """The lines of one paragraph that go on with an entry: those that lie further in."""
    found: list[str] = []
    while at < len(lines) and lines[at].strip() and _indent(lines[at]) > indent:
        found.append(lines[at].strip())
        at += 1
    return found


def _sentence(text: str) -> str:
    """A meaning as it stands in a table: one line, without the full stop of its only sentence."""
    text = " ".join(text.split())
    return text[:-1] if text.endswith(".") and ". " not in text and not text.endswith("..") else text


# Annotations


def _of_annotations(function: Any) -> dict[str, str]:
    try:
        annotations: Mapping[str, Any] = getattr(function, "__annotations__", None) or {}
    except NameError:
        # Later Pythons look at annotations only when they are asked for, and these name what is not there.
        return {}
    told = ((name, _of_annotation(annotation, function)) for name, annotation in annotations.items())
    return {name: _sentence(meaning) for name, meaning in told if meaning}


def _of_annotation(annotation: Any, function: Any) -> str:
    """The text that an annotation carries: the first of ``Annotated``, or a string that is no type."""
    for part in getattr(annotation, "__metadata__", ()):
        if isinstance(part, str):
            return part
    if not isinstance(annotation, str):
        return ""
    if not function.__code__.co_flags & CO_FUTURE_ANNOTATIONS:
        return _unless_type(annotation, function.__globals__)
    # Kept as text, as it is written: a string is one within.
    import ast

    read = ast.parse(annotation, mode="eval").body
    inner = read.slice if isinstance(read, ast.Subscript) and "Annotated" in ast.unparse(read.value) else read
    parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
    text = next((str(p.value) for p in parts if isinstance(p, ast.Constant) and isinstance(p.value, str)), "")
    return text if inner is not read else _unless_type(text, function.__globals__)


def _unless_type(text: str, known: Mapping[str, Any]) -> str:
    """The text, unless all that it speaks of is there: then it is a type whose look-up was put off."""
    import ast

    try:
        names = {part.id for part in ast.walk(ast.parse(text.strip(), mode="eval")) if isinstance(part, ast.Name)}
    except SyntaxError:
        return text
    return "" if names and names <= {*vars(builtins), *known} else text


# Comments

_NO_MEANING = re.compile(r"noqa|type:|fmt:|pragma|pylint|mypy|ruff|todo|fixme|xxx", re.I)


def _of_comments(function: Any) -> dict[str, str]:
    """What comments say that stand behind a parameter, or behind the line that gives a variable its value."""
    import ast
    import inspect
    import io
    import textwrap
    import tokenize

    try:
        source = textwrap.dedent(inspect.getsource(function))
        if "#" not in source:
            return {}
        tree = ast.parse(source)
        tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    except (OSError, TypeError, SyntaxError, tokenize.TokenError):
        # A function without a source, or in the middle of an expression.
        return {}
    comments = {
        token.start[0]: token.string.lstrip("#: ").strip() for token in tokens if token.type == tokenize.COMMENT
    }
    named: dict[int, list[str]] = {}
    for part in ast.walk(tree):
        match part:
            case ast.arg(arg=name, lineno=line):
                named.setdefault(line, []).append(name)
            case ast.Assign(targets=[ast.Name(id=name)], end_lineno=int(line)):
                named.setdefault(line, []).append(name)
            case ast.AnnAssign(target=ast.Name(id=name), end_lineno=int(line)):
                named.setdefault(line, []).append(name)
    return {
        names[0]: _sentence(comments[line])
        for line, names in named.items()
        if len(names) == 1 and comments.get(line) and not _NO_MEANING.match(comments[line])
    }
