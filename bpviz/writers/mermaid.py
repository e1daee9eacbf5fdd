"""Figures as Mermaid, which GitHub and many wikis draw themselves: the boxes and wires, with the numbers.

Mermaid places the boxes and chooses the colours, so the figure is light or dark like its page. Every name is escaped,
so that Mermaid reads it as text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from bpviz.figure import Content, Figure, Fraction, Grid, Heat, Label, Plain, Row, Sheet, Wire
from bpviz.picture.theme import Theme
from bpviz.text import widths
from bpviz.text.language import ENGLISH, Language

__all__ = ["write"]

_SHAPES = {
    "input": '["{}"]:::name',
    "output": '["{}"]:::name',
    "constant": '["{}"]:::constant',
    "operation": '(("{}"))',
    "group": '[["{}"]]',
    "branch": '(("•"))',
}


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
    lines = [f'---\ntitle: "{_words(figure.title)}"\n---'] if figure.title else []
    lines.append(f"flowchart {figures[0].direction}")
    if figure.description:
        lines += [
            "    accTitle: " + _line(figure.title or say("Computation graph")),
            "    accDescr: " + _line(figure.description),
        ]
    count = 0
    for number, one in enumerate(figures):
        lines += _flowchart(one, f"g{number}-" if len(figures) > 1 else "", count)
        count += len(one.wires)
    lines += [
        "    classDef name fill:none,stroke:none",
        "    classDef constant fill:none,stroke:none,font-style:italic",
    ]
    return ("\n".join(lines) + "\n").encode()


def _flowchart(figure: Figure, prefix: str, first: int) -> Iterator[str]:
    """Yield the lines of a figure; ``first`` is the number of its first wire."""
    yield from _boxes(figure, None, prefix, 1)
    for wire in figure.wires:
        yield f"    {prefix}{wire.source} {_arrow(wire)} {prefix}{wire.target}"
    for box in figure.boxes:
        if box.color:
            # A name has no outline.
            line = f"stroke:{box.color}," if box.kind in ("operation", "group") else ""
            yield f"    style {prefix}{box.id} {line}color:{box.color}"
    for number, wire in enumerate(figure.wires, first):
        if wire.color:
            yield f"    linkStyle {number} stroke:{wire.color}"
    for number, note in enumerate(figure.notes):
        yield f'    {prefix}note{number}["{_words(note)}"]:::name'


def _boxes(figure: Figure, parent: str | None, prefix: str, depth: int) -> Iterator[str]:
    """Yield the boxes in a frame, and the frames in it."""
    indent = "    " * depth
    for box in figure.boxes:
        if box.frame == parent:
            yield f"{indent}{prefix}{box.id}{_SHAPES[box.kind].format(_words(box.text))}"
    for frame in figure.frames:
        if frame.parent == parent:
            yield f'{indent}subgraph {prefix}{frame.id} ["{_words(frame.title)}"]'
            yield from _boxes(figure, frame.id, prefix, depth + 1)
            yield f"{indent}end"


def _arrow(wire: Wire) -> str:
    forward = _label(wire.forward.label) if wire.forward and wire.forward.label else ""
    backward = _label(wire.backward.label) if wire.backward and wire.backward.label else ""
    label = "<br>".join(filter(None, (forward, backward and f"← {backward}")))
    start = "<--" if wire.backward else "--"
    return f'{start} "{label}" -->' if label else f"{start if wire.backward else ''}-->".replace("<----", "<--")


def _label(label: Label) -> str:
    shown = _content(label.content)
    line = f"{label.name} = {shown}" if label.name and shown else label.name or shown
    return _words("\n".join(filter(None, (label.note, line))))


def _content(content: Content) -> str:
    match content:
        case Plain(line) | Heat(line):
            return line
        case Grid(rows):
            return "[" + "; ".join(", ".join(row) for row in rows) + "]"
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
