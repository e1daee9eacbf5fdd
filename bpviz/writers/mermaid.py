"""Figures as Mermaid, which GitHub and many wikis draw themselves: the boxes and wires, with the numbers.

Mermaid places the boxes and chooses the colours, so the figure is light or dark like its page. Every name is escaped,
so that Mermaid reads it as text.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from bpviz.figure import Content, Figure, Fraction, Frame, Grid, Heat, Label, Plain, Row, Sheet, Wire
from bpviz.picture.names import notation_of
from bpviz.picture.theme import Theme
from bpviz.text import widths
from bpviz.text.language import ENGLISH, Language
from bpviz.text.notation import Notation

__all__ = ["write"]

_SHAPES = {
    "input": '["{}"]:::name',
    "output": '["{}"]:::name',
    "constant": '["{}"]:::constant',
    "operation": '(("{}"))',
    "group": '[["{}"]]',
    "branch": '(("•"))',
}

_SYMBOLS = ("operation", "group")

_DEEPEST = 20
"""The most steps by which a line is indented."""


def write(figure: Figure | Sheet, theme: Theme, *, say: Language = ENGLISH) -> bytes:
    """Return ``figure`` as a Mermaid flowchart; the page chooses the colours, not the ``theme``.

    Each wire has its value, and below it the gradient that flows back.

    >>> from bpviz.figure import Arrow, Box
    >>> from bpviz.picture.theme import theme
    >>> wire = Wire("w0", "x", "f", 0, Arrow(Label(Plain("3"))), Arrow(Label(Plain("6"))))
    >>> print(write(Figure((Box("x", "input", "x"), Box("f", "operation", "x²")), (wire,)), theme("light")).decode())
    flowchart LR
        x["x"]:::name
        f(("x²"))
        x <-- "3<br>← 6" --> f
        classDef name fill:none,stroke:none
        classDef constant fill:none,stroke:none,font-style:italic
    <BLANKLINE>
    """
    figures = figure.figures if isinstance(figure, Sheet) else (figure,)
    notation = notation_of(figure)
    lines = [f'---\ntitle: "{_words(figure.title)}"\n---'] if figure.title else []
    lines.append(f"flowchart {figures[0].direction}")
    if figure.description:
        lines += [
            "    accTitle: " + _line(figure.title or say("Computation graph")),
            "    accDescr: " + _line(figure.description),
        ]
    count = 0
    for number, one in enumerate(figures):
        lines += _Flowchart(one, f"g{number}-" if len(figures) > 1 else "", notation, count).lines()
        count += len(one.wires)
    lines += [
        "    classDef name fill:none,stroke:none",
        "    classDef constant fill:none,stroke:none,font-style:italic",
    ]
    return ("\n".join(lines) + "\n").encode()


class _Flowchart:
    """Writes one figure.

    ``prefix`` begins every id, ``notation`` sets its names, ``first`` is the number of its first wire.
    """

    def __init__(self, figure: Figure, prefix: str, notation: Notation, first: int) -> None:
        self._figure, self._prefix, self._notation, self._first = figure, prefix, notation, first

    def lines(self) -> Iterator[str]:
        """Yield the boxes, the wires and the notes."""
        prefix = self._prefix
        yield from self._boxes()
        for wire in self._figure.wires:
            yield f"    {prefix}{wire.source} {self._arrow(wire)} {prefix}{wire.target}"
        for box in self._figure.boxes:
            if box.color:
                # A name has no outline.
                line = f"stroke:{box.color}," if box.kind in ("operation", "group") else ""
                yield f"    style {prefix}{box.id} {line}color:{box.color}"
        for number, wire in enumerate(self._figure.wires, self._first):
            if wire.color:
                yield f"    linkStyle {number} stroke:{wire.color}"
        for number, note in enumerate(self._figure.notes):
            yield f'    {prefix}note{number}["{self._named(note)}"]:::name'

    def _boxes(self) -> Iterator[str]:
        """Yield the boxes, and the frames with those in them."""
        prefix = self._prefix
        inside: dict[str | None, list[str]] = defaultdict(list)
        for box in self._figure.boxes:
            shape = _SHAPES[box.kind].format(self._named(box.text, box.kind in _SYMBOLS))
            inside[box.frame].append(f"{prefix}{box.id}{shape}")
        frames: dict[str | None, list[Frame]] = defaultdict(list)
        for frame in reversed(self._figure.frames):
            frames[frame.parent].append(frame)
        # Frames that are begun, and to be ended, from the outermost. There may be thousands within each other.
        waiting: list[tuple[Frame, int, bool]] = [(frame, 1, False) for frame in frames[None]]
        yield from (f"    {line}" for line in inside[None])
        while waiting:
            frame, depth, begun = waiting.pop()
            indent = "    " * min(depth, _DEEPEST)
            if begun:
                yield f"{indent}end"
                continue
            yield f'{indent}subgraph {prefix}{frame.id} ["{_words(frame.title)}"]'
            yield from (f"{indent}    {line}" for line in inside[frame.id])
            waiting.append((frame, depth, True))
            waiting += [(inner, depth + 1, False) for inner in frames[frame.id]]

    def _arrow(self, wire: Wire) -> str:
        forward = self._label(wire.forward.label) if wire.forward and wire.forward.label else ""
        backward = self._label(wire.backward.label) if wire.backward and wire.backward.label else ""
        label = "<br>".join(filter(None, (forward, backward and f"← {backward}")))
        start = "<--" if wire.backward else "--"
        return f'{start} "{label}" -->' if label else f"{start if wire.backward else ''}-->".replace("<----", "<--")

    def _label(self, label: Label) -> str:
        shown = _content(label.content)
        line = self._named(f"{label.name} = {shown}" if label.name and shown else label.name or shown)
        return "<br>".join(filter(None, (_words(label.note), line)))

    def _named(self, text: str, symbol: bool = False) -> str:
        """Return a text, or a ``symbol``, with its names as a book prints them."""
        return _words(self._notation.plain(text, symbol=symbol))


def _content(content: Content) -> str:
    match content:
        case Plain(line):
            return line
        case Heat(shape, _, _, full, note):
            return " ".join(filter(None, (shape, note, full and f"±{full}")))
        case Grid(rows, _, factor):
            return "[" + "; ".join(", ".join(row) for row in rows) + "]" + factor
        case Fraction():
            return content.text
        case Row(parts):
            return "".join(map(_content, parts))
        case _:
            raise TypeError(f"Not the content of a label: {type(content).__name__}")


def _words(words: str) -> str:
    """Return text for Mermaid: all but letters, digits and harmless signs are written as character codes."""
    return "<br>".join(
        re.sub(r"[^\w .,()=/]|_", lambda found: f"#{ord(found[0])};", line) for line in widths.lines(words)
    )


def _line(words: str) -> str:
    return _words(words.replace("\n", " "))
