"""The places for figures in a Markdown file: found and filled, with every other byte unchanged.

A comment marks the place of a figure, and bpviz writes the text between it and the comment that ends it::

    <!-- bpviz: apples.py -o images/apples.svg -->
    ![Computation graph of total: …](images/apples.svg)
    <!-- /bpviz -->

The words are those of ``bpviz render``. Where the target is ``-``, the block of Python before the comment is drawn.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable
from urllib.parse import quote

from bpviz.errors import UsageError
from bpviz.frozen import dataclass
from bpviz.text.escaping import escaped

__all__ = ["Image", "Marker", "filled", "image_text", "markers", "quoted"]

_OPEN = re.compile(r"<!--\s*bpviz:")
_CLOSE = re.compile(r"<!--\s*/bpviz\s*-->")
_LINE_END = re.compile(r"[ \t]*(\r?\n)")
_FENCE = re.compile(r"^[ \t]*(`{3,}|~{3,})[ \t]*([^\n`]*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Marker:
    """A place for a figure: the words in its comment, the line it stands on, and where its image is (start, end).

    ``code`` is the block of Python before it, ``code_line`` the line on which that begins. ``indent`` stands before
    the comment on its line, ``newline`` ends that line.
    """

    words: str
    line: int
    start: int
    end: int
    indent: str
    newline: str
    code: str = ""
    code_line: int = 0


@dataclass(frozen=True, slots=True)
class Image:
    """A picture in a document: the paths of the light one and, if there is one, of the dark one.

    ``page`` is the path of its living page, to which it links; ``framed`` is the HTML before and after a picture over
    which the page is shown instead.
    """

    path: str
    alt: str
    dark: str = ""
    page: str = ""
    framed: tuple[str, str] | None = None


def markers(text: str) -> list[Marker]:
    """Return the places for figures in a Markdown text. Comments in blocks of code are not markers.

    >>> [marker.words for marker in markers("<!-- bpviz: apples.py -->\\n<!-- /bpviz -->\\n")]
    ['apples.py']

    Raises `UsageError` with the line of a marker without end.
    """
    found: list[Marker] = []
    fences = _fences(text)
    starts = [start for start, _, _ in fences]
    at = 0
    while (opening := _OPEN.search(text, at)) is not None:
        before = bisect_right(starts, opening.start())
        if before and opening.start() < fences[before - 1][1]:
            at = fences[before - 1][1]
            continue
        stop = text.find("-->", opening.end())
        if stop < 0:
            # No comment ends from here on.
            break
        end_of_comment = stop + len("-->")
        line = text.count("\n", 0, opening.start()) + 1
        closing = _CLOSE.search(text, end_of_comment)
        other = _OPEN.search(text, end_of_comment)
        if closing is None or (other is not None and other.start() < closing.start()):
            raise UsageError(f"line {line}: the marker has no end; write <!-- /bpviz --> below it")
        code, code_line = _code_before(text, fences[:before], opening.start())
        begin = text.rfind("\n", 0, opening.start()) + 1
        indent = text[begin : opening.start()]
        rest = _LINE_END.match(text, end_of_comment)
        newline = rest[1] if rest else "\r\n" if "\r\n" in text else "\n"
        found.append(
            Marker(
                text[opening.end() : stop].strip(),
                line,
                end_of_comment,
                closing.start(),
                indent if not indent.strip() else "",
                newline,
                code,
                code_line,
            )
        )
        at = closing.end()
    return found


_SPECIAL = re.compile(r"[\\\[\]!*_`<>]")


def _with_backslash(sign: re.Match[str]) -> str:
    return "\\" + sign[0]


def _fences(text: str) -> list[tuple[int, int, str]]:
    """Return blocks of code: where each starts and ends, and the rest of its first line."""
    found: list[tuple[int, int, str]] = []
    opened: re.Match[str] | None = None
    for fence in _FENCE.finditer(text):
        if opened is None:
            opened = fence
        elif fence[1].startswith(opened[1]) and not fence[2].strip():
            found.append((opened.start(), fence.end(), opened[2].strip()))
            opened = None
    if opened is not None:
        found.append((opened.start(), len(text), opened[2].strip()))
    return found


def _code_before(text: str, fences: list[tuple[int, int, str]], at: int) -> tuple[str, int]:
    """Return the last block of Python before a place, and the line on which its first line stands."""
    of_python = ((s, e) for s, e, says in reversed(fences) if e <= at and says.split(" ")[0] in ("python", "py"))
    start, end = next(of_python, (0, 0))
    if not end:
        return "", 0
    lines = text[start:end].splitlines()
    indent = len(lines[0]) - len(lines[0].lstrip())
    return "\n".join(line[indent:] for line in lines[1:-1]) + "\n", text.count("\n", 0, start) + 2


def filled(text: str, image_of: Callable[[Marker], str]) -> str:
    """Return the text with the images at its markers; everything else stays unchanged.

    >>> filled("a\\n<!-- bpviz: f.py -->\\n<!-- /bpviz -->\\nb\\n", lambda marker: "![](f.svg)")
    'a\\n<!-- bpviz: f.py -->\\n![](f.svg)\\n<!-- /bpviz -->\\nb\\n'
    """
    parts, at = [], 0
    for marker in markers(text):
        newline, indent = marker.newline, marker.indent
        parts += [text[at : marker.start], newline, indent, image_of(marker), newline, indent]
        at = marker.end
    return "".join([*parts, text[at:]])


def image_text(image: Image) -> str:
    """Return the Markdown of an image; for light and dark pages a ``<picture>``, which GitHub understands.

    >>> image_text(Image("my images/f.svg", "f [x] = 3"))
    '![f \\\\[x\\\\] = 3](my%20images/f.svg)'
    >>> image_text(Image("f.svg", "f", page="f.html"))
    '[![f](f.svg)](f.html)'
    """
    path = quoted(image.path)
    alt = " ".join(image.alt.split())
    plain = f'<img alt="{escaped(alt)}" src="{path}">'
    if image.framed:
        before, after = image.framed
        return f"{before}{plain}\n{after}".rstrip()
    if not image.dark:
        text = f"![{_SPECIAL.sub(_with_backslash, alt)}]({path})"
        return f"[{text}]({quoted(image.page)})" if image.page else text
    dark = quoted(image.dark)
    text = f'<picture><source media="(prefers-color-scheme: dark)" srcset="{dark}">{plain}</picture>'
    return f'<a href="{quoted(image.page)}">{text}</a>' if image.page else text


def quoted(path: str) -> str:
    """Return a path as an address.

    >>> quoted("my images/f.svg")
    'my%20images/f.svg'
    """
    return quote(path, safe="/:._-~")
