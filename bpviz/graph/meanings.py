"""The meanings of values, from the author's own words in the source.

``bpviz.name(value, meaning="unit price")`` gives one directly. Otherwise it is read from the function: from an
annotation (``price: Annotated[float, "unit price"]`` or ``price: "unit price"``), from its docstring, or from a comment
at the end of the line that names the value.
"""

from __future__ import annotations

import builtins
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from bpviz.graph.graph import Graph
from bpviz.objects.outer_variables import written_function
from bpviz.recording.source import syntax_of

__all__ = ["RESULT", "meanings", "of_docstring", "of_function"]

RESULT = "return"
"""The name under which the meaning of a function's result is kept."""

CO_FUTURE_ANNOTATIONS = 0x1000000  # of a code object's flags: annotations are kept as text


def meanings(graph: Graph) -> dict[int, str]:
    """Return the meaning of every node that has one, by its number.

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
    meaning_of = of_function(graph.function) if graph.function is not None else {}
    found = {index: meaning_of[label] for index, label in enumerate(graph.labels) if label in meaning_of}
    if RESULT in meaning_of and len(graph.output_indices) == 1:
        found.setdefault(graph.output_indices[0], meaning_of[RESULT])
    return found | graph.record.meanings


def of_function(function: Callable[..., Any]) -> Mapping[str, str]:
    """Return the meanings of a function's parameters and variables, by name; that of its result under `RESULT`."""
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
    """Return the meanings in a docstring: lines like ``name: meaning``, also in Google, NumPy and Sphinx sections.

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
            # Another section, or the text after one.
            section, ruled = "", False
        below = _below(lines, at, _indent(line))
        if section == RESULT:
            text = " ".join(below) if ruled else " ".join([re.sub(r"^\w+:\s+", "", stripped), *below])
            found.setdefault(RESULT, _sentence(text))
            section = ""
        elif ruled:
            typed = _TYPED.fullmatch(stripped)
            for name in re.split(r"\s*,\s*", typed[1]) if typed and below else ():
                found.setdefault(name.lstrip("*"), _sentence(" ".join(below)))
        else:
            for name, first in _entry(stripped):
                found.setdefault(name, _sentence(" ".join([first, *below])))
    return found


def _entry(line: str) -> Iterator[tuple[str, str]]:
    if field := _FIELD.fullmatch(line):
        yield field[1], field[2]
    elif returned := _RETURN_FIELD.fullmatch(line):
        yield RESULT, returned[1]
    elif entry := _ENTRY.fullmatch(line):
        yield (RESULT if entry[1].lower() == "returns" else entry[1]), entry[2]


def _cleaned(text: str) -> list[str]:
    """Return the lines without their common indentation (the first line has none)."""
    first, *rest = text.expandtabs().splitlines() or [""]
    margin = min((_indent(line) for line in rest if line.strip()), default=0)
    return [first.strip(), *(line[margin:].rstrip() for line in rest)]


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _below(lines: list[str], at: int, indent: int) -> list[str]:
    """Return the following lines of an entry's paragraph, which have more indentation."""
    found: list[str] = []
    while at < len(lines) and lines[at].strip() and _indent(lines[at]) > indent:
        found.append(lines[at].strip())
        at += 1
    return found


def _sentence(text: str) -> str:
    """Return a meaning for a table: one line, without the full stop of a single sentence."""
    text = " ".join(text.split())
    return text[:-1] if text.endswith(".") and ". " not in text and not text.endswith("..") else text


# Annotations


def _of_annotations(function: Any) -> dict[str, str]:
    try:
        annotations: Mapping[str, Any] = getattr(function, "__annotations__", None) or {}
    except NameError:
        # Later Pythons evaluate annotations only when they are read; these contain an undefined name.
        return {}
    found = ((name, _of_annotation(annotation, function)) for name, annotation in annotations.items())
    return {name: _sentence(meaning) for name, meaning in found if meaning}


def _of_annotation(annotation: Any, function: Any) -> str:
    """Return the text in an annotation: the first string of ``Annotated``, or a string that is not a type."""
    for part in getattr(annotation, "__metadata__", ()):
        if isinstance(part, str):
            return part
    if not isinstance(annotation, str):
        return ""
    if not function.__code__.co_flags & CO_FUTURE_ANNOTATIONS:
        return _unless_type(annotation, function.__globals__)
    # The annotation is kept as source text: a string in it has its quotes.
    import ast

    read = syntax_of(annotation, "eval").body
    inner = read.slice if isinstance(read, ast.Subscript) and "Annotated" in ast.unparse(read.value) else read
    parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
    text = next((str(p.value) for p in parts if isinstance(p, ast.Constant) and isinstance(p.value, str)), "")
    return text if inner is not read else _unless_type(text, function.__globals__)


def _unless_type(text: str, known: Mapping[str, Any]) -> str:
    """Return the text, or an empty one if all its names are defined: then it is a type written as a string."""
    import ast

    try:
        names = {part.id for part in ast.walk(syntax_of(text.strip(), "eval")) if isinstance(part, ast.Name)}
    except SyntaxError:
        return text
    return "" if names and names <= {*vars(builtins), *known} else text


# Comments

_NO_MEANING = re.compile(r"noqa|type:|fmt:|pragma|pylint|mypy|ruff|todo|fixme|xxx", re.I)


def _of_comments(function: Any) -> dict[str, str]:
    """Return the comments after parameters, and after lines that assign a variable."""
    import ast
    import inspect
    import io
    import textwrap
    import tokenize

    try:
        source = textwrap.dedent(inspect.getsource(function))
        if "#" not in source:
            return {}
        tree = syntax_of(source)
        tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    except (OSError, TypeError, SyntaxError, tokenize.TokenError):
        # A function without source, or inside an expression.
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
