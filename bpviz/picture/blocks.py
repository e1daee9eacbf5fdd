"""Labels as blocks of known size: text, fractions, bracketed grids, heat maps, with the name of the value before them.

The elements of a block are placed from its top left corner; ``placed`` moves them onto the page.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import zip_longest
from typing import NamedTuple

from bpviz.figure import Content, Fraction, Grid, Heat, Label, Plain, Room, Row
from bpviz.picture.elements import Anchor, Bracket, Cell, Element, Head, Path, Shape, Text
from bpviz.picture.runs import width_of
from bpviz.picture.theme import TextRole, Theme
from bpviz.text import widths as text
from bpviz.text.latex import line_in_latex
from bpviz.text.notation import MATH, NAME, Run, is_prose

__all__ = ["Block", "measured", "moved", "paragraph", "placed", "room_for", "words"]

_MARK_ROOM = 4.0
_MARK_RISE = 1.0
_HEAT_SIDE = (2.0, 8.0)
_HEAT_ROOM = (72.0, 40.0)
_GRID_SCALE = 0.9
_FRACTION_SCALE = 0.85
_KEY_SCALE = 12 / 14
_BAR_AIR = 1.0
_BAR_REACH = 2.0
_NOTE = 150.0
"""The longest line of a note, in points."""


class Block(NamedTuple):
    """Elements within a rectangle of ``width`` × ``height`` points, placed from its top left corner."""

    width: float
    height: float
    elements: tuple[Element, ...]


def measured(label: Label, role: TextRole, theme: Theme) -> Block:
    """Return the block of a label whose content is set in ``role``; without a note it has at least the label's room."""
    return _noted(label.note, _roomy(label, role, theme), theme)


def _roomy(label: Label, role: TextRole, theme: Theme) -> Block:
    """Return the block of a label without its note."""
    room = label.room
    if room is None:
        return _content(label, role, theme)
    own = _content(label, role, theme, room.columns)
    width, height = max(room.width, own.width), max(room.height, own.height)
    # A name stays in its place, and all text is as near to its wire as ever.
    left = 0.0 if label.name else (width - own.width) / 2
    top = 0.0 if role == "backward" else height - own.height
    return Block(width, height, placed(own, left, top))


def room_for(labels: Sequence[Label], role: TextRole, theme: Theme) -> Room:
    """Return the room in which each of several labels fits.

    >>> from bpviz.picture.theme import theme
    >>> narrow, wide = Label(Plain("1")), Label(Plain("−0.03459"))
    >>> measured(wide, "forward", theme("light")).width == room_for([narrow, wide], "forward", theme("light")).width
    True
    """
    grids = [label.content for label in labels if isinstance(label.content, Grid)]
    each = [_columns(grid, role, theme) for grid in grids]
    columns = tuple(max(widths, default=0.0) for widths in zip_longest(*each, fillvalue=0.0))
    blocks = [_content(label, role, theme, columns) for label in labels]
    return Room(max(block.width for block in blocks), max(block.height for block in blocks), columns)


def _content(label: Label, role: TextRole, theme: Theme, columns: tuple[float, ...] = ()) -> Block:
    content = label.content
    if isinstance(content, Plain) and not content.text and label.name:
        return words(label.name, "muted", theme)
    if isinstance(content, Heat):
        line = _named(label.name, _heading(content, role, theme), role, theme)
        return _marked(_heat(content, line, role, theme), content.marked)
    name = f"{label.name} =" if label.name and isinstance(content, Grid) else label.name
    return _named(name, _set(content, role, theme, columns)[0], role, theme)


def _set(content: Content, role: TextRole, theme: Theme, columns: tuple[float, ...] = ()) -> tuple[Block, float]:
    """Return the block of a content, and how far below its upper edge the middle of its line of text lies.

    The columns of a grid are at least as wide as ``columns``.
    """
    match content:
        case Plain(line, marked, latex):
            block = words(line, role, theme, latex=latex)
            middle = (text.ASCENT - text.CAP_HEIGHT / 2) * theme.sizes[role]
            return _marked(block, marked), middle + (_MARK_RISE if marked else 0.0)
        case Grid(_, marked):
            block = _marked(_grid(content, role, theme, columns), marked)
        case Heat(_, _, marked):
            block = _marked(_heat(content, _heading(content, role, theme), role, theme), marked)
        case Fraction():
            block = _fraction(content, role, theme)
        case Row(parts):
            return _side_by_side([_set(part, role, theme) for part in parts])
        case _:
            raise TypeError(f"Not the content of a label: {type(content).__name__}")
    return block, block.height / 2


def _side_by_side(blocks: list[tuple[Block, float]]) -> tuple[Block, float]:
    """Set blocks side by side so that the middles of their lines are at one height."""
    middle = max(above for _, above in blocks)
    height = middle + max(block.height - above for block, above in blocks)
    left = 0.0
    elements: list[Element] = []
    for block, above in blocks:
        elements += placed(block, left, middle - above)
        left += block.width
    return Block(left, height, tuple(elements)), middle


def _fraction(fraction: Fraction, role: TextRole, theme: Theme) -> Block:
    """Set one line above a bar and another below."""
    size = theme.sizes[role] * _FRACTION_SCALE
    lines = [_line(line, role, size, theme) for line in (fraction.over, fraction.under)]
    leading = (text.ASCENT + text.DESCENT) * size
    bar = leading + _BAR_AIR
    total = max(line.width for line in lines) + 2 * _BAR_REACH
    baselines = text.ASCENT * size, bar + _BAR_AIR + text.ASCENT * size
    elements: list[Element] = [
        Text(role, line.text, total / 2, baseline, size, line.width, latex=line.latex, runs=line.runs)
        for line, baseline in zip(lines, baselines, strict=True)
    ]
    elements.append(Bracket(role, ((1.0, bar), (total - 1.0, bar))))
    return Block(total, 2 * bar, tuple(elements))


def words(line: str, role: TextRole, theme: Theme, anchor: Anchor = "middle", latex: str = "") -> Block:
    """Return the block of one line of text; its ``anchor`` stays in place when a reader's font has another width."""
    size = theme.sizes[role]
    shown, runs, width, latex = _line(line, role, size, theme, latex)
    place = {"start": 0.0, "middle": width / 2, "end": width}[anchor]
    entry = Text(role, shown, place, text.ASCENT * size, size, width, anchor, latex, runs)
    return Block(width, (text.ASCENT + text.DESCENT) * size, (entry,) if shown.strip() else ())


_TITLES = ("frame", "title")
"""The roles of texts that name functions, as they are typed."""


class _Line(NamedTuple):
    """A line of text that is measured but not placed."""

    text: str
    runs: tuple[Run, ...]
    width: float
    latex: str


def _line(line: str, role: TextRole, size: float, theme: Theme, latex: str = "") -> _Line:
    """Return a line of text with its names set; ``latex`` is the same in LaTeX, with names as in a book."""
    shown = text.printable(line)
    if role in _TITLES or not (latex or _LETTERS.search(shown)):
        return _Line(shown, (), theme.room(shown, size), "")
    notation = theme.notation
    runs = notation.runs(shown, symbol=role == "symbol")
    width = width_of(runs, size, theme.font) if runs else theme.room(shown, size)
    if NAME.search(shown) and not is_prose(shown) and (not latex or notation != MATH):
        latex = line_in_latex(shown, notation, symbol=role == "symbol")
    shown = "".join(run.text for run in runs) or shown
    return _Line(shown, runs, width, latex)


_LETTERS = re.compile(r"[^\W\d]|·")
"""What a line without names, and without superscripts that are set as small text, lacks."""


def paragraph(content: str, role: TextRole, theme: Theme) -> Block:
    """Return the block of text that may have several lines, each centred."""
    rows = [words(line, role, theme) for line in text.lines(content)]
    width, leading = max(row.width for row in rows), theme.sizes[role] * text.LINE_HEIGHT
    elements: list[Element] = []
    for i, row in enumerate(rows):
        elements.extend(placed(row, (width - row.width) / 2, i * leading))
    return Block(width, (len(rows) - 1) * leading + rows[-1].height, tuple(elements))


def placed(block: Block, x: float, y: float) -> tuple[Element, ...]:
    """Return the block's elements with its top left corner at (x, y)."""
    return tuple(moved(element, x, y) for element in block.elements)


def moved(element: Element, dx: float, dy: float) -> Element:
    """Return the element moved by (dx, dy)."""
    match element:
        case Path(role, points):
            return Path(role, tuple([(x + dx, y + dy) for x, y in points]))
        case Head(role, (x, y), (tip_x, tip_y)):
            return Head(role, (x + dx, y + dy), (tip_x + dx, tip_y + dy))
        case Text(role, line, x, y, size, width, anchor, latex, runs):
            return Text(role, line, x + dx, y + dy, size, width, anchor, latex, runs)
        case Shape(role, kind, x, y, width, height, radius, open):
            return Shape(role, kind, x + dx, y + dy, width, height, radius, open)
        case Cell(x, y, width, height, value):
            return Cell(x + dx, y + dy, width, height, value)
        case Bracket(role, points):
            return Bracket(role, tuple([(x + dx, y + dy) for x, y in points]))
        case _:
            raise TypeError(f"Not an element of a picture: {type(element).__name__}")


def _named(name: str, block: Block, role: TextRole, theme: Theme) -> Block:
    """Set a name, if there is one, before a block, in the middle of its height."""
    if not name:
        return block
    before = words(name, "muted", theme)
    left, height = before.width + theme.room("  ", theme.sizes[role]), max(before.height, block.height)
    elements = (
        *placed(before, 0.0, (height - before.height) / 2),
        *placed(block, left, (height - block.height) / 2),
    )
    return Block(left + block.width, height, elements)


def _noted(note: str, block: Block, theme: Theme) -> Block:
    """Set a note, if there is one, above a block."""
    if not note:
        return block
    size = theme.sizes["note"]
    above = paragraph("\n".join(text.wrapped(note, size, _NOTE, theme.room)), "note", theme)
    width, top = max(above.width, block.width), above.height + _BAR_AIR
    elements = (
        *placed(above, (width - above.width) / 2, 0.0),
        *placed(block, (width - block.width) / 2, top),
    )
    return Block(width, top + block.height if block.elements else above.height, elements)


def _marked(block: Block, marked: bool) -> Block:
    """Draw a frame around a block that is marked."""
    if not marked:
        return block
    width, height = block.width + 2 * _MARK_ROOM, block.height + 2 * _MARK_RISE
    outline = Shape("mark", "box", width / 2, height / 2, width, height - 1.0, 2.5)
    return Block(width, height, (outline, *placed(block, _MARK_ROOM, _MARK_RISE)))


def _grid(grid: Grid, role: TextRole, theme: Theme, columns: tuple[float, ...] = ()) -> Block:
    """Set a small array between square brackets, its columns aligned on the right."""
    size = theme.sizes[role] * _GRID_SCALE
    leading, bracket, inset = size * text.LINE_HEIGHT, size * 0.28, size * 0.25
    cells = [[text.printable(cell) for cell in row] for row in grid.rows]
    widths = [max(pair) for pair in zip_longest(_columns(grid, role, theme), columns, fillvalue=0.0)]
    elements: list[Element] = []
    right = inset * 2
    for i, width in enumerate(widths):
        right += width
        for j, row in enumerate(cells):
            if i < len(row) and row[i]:
                baseline = j * leading + (leading + text.CAP_HEIGHT * size) / 2
                elements.append(Text(role, row[i], right, baseline, size, theme.room(row[i], size), "end"))
        right += size * 0.7
    total = right - (size * 0.7 if widths else 0.0) + inset * 2
    height = max(len(cells), 1) * leading
    elements.append(Bracket(role, ((bracket, 1.0), (0.6, 1.0), (0.6, height - 1.0), (bracket, height - 1.0))))
    edge = total - bracket
    elements.append(Bracket(role, ((edge, 1.0), (total - 0.6, 1.0), (total - 0.6, height - 1.0), (edge, height - 1.0))))
    block = Block(total, height, tuple(elements))
    return _before(block, words(grid.factor, role, theme)) if grid.factor else block


def _columns(grid: Grid, role: TextRole, theme: Theme) -> list[float]:
    """Return the widths of the columns of a grid."""
    size = theme.sizes[role] * _GRID_SCALE
    rows = [[theme.room(text.printable(cell), size) for cell in row] for row in grid.rows]
    return [max(column) for column in zip_longest(*rows, fillvalue=0.0)]


def _before(block: Block, factor: Block) -> Block:
    """Set a power of ten after an array, in the middle of its height."""
    height = max(block.height, factor.height)
    left = block.width + 1.0
    elements = (
        *placed(block, 0.0, (height - block.height) / 2),
        *placed(factor, left, (height - factor.height) / 2),
    )
    return Block(left + factor.width, height, elements)


def _heading(heat: Heat, role: TextRole, theme: Theme) -> Block:
    """Return the line with the array's shape, with a small note after it."""
    line = words(heat.text, role, theme)
    if not heat.note:
        return line
    size = theme.sizes[role] * _KEY_SCALE
    width = theme.room(heat.note, size)
    left = line.width + size * 0.4
    note = Text(role, heat.note, left + width / 2, text.ASCENT * theme.sizes[role], size, width)
    return Block(left + width, line.height, (*line.elements, note))


def _heat(heat: Heat, line: Block, role: TextRole, theme: Theme) -> Block:
    """Set the heat map under the line with the array's shape, and below it the key of its full colours."""
    columns, rows = max((len(row) for row in heat.cells), default=0), len(heat.cells)
    if not columns:
        return line
    least, most = _HEAT_SIDE
    side = max(least, min(most, _HEAT_ROOM[0] / columns, _HEAT_ROOM[1] / rows))
    width = max(line.width, columns * side)
    left, top = (width - columns * side) / 2, line.height + 1.5
    elements: list[Element] = [*placed(line, (width - line.width) / 2, 0.0)]
    for j, row in enumerate(heat.cells):
        elements.extend(Cell(left + i * side, top + j * side, side, side, value) for i, value in enumerate(row))
    block = Block(width, top + rows * side + 1.0, tuple(elements))
    key = _key(heat, role, theme)
    if key is None:
        return block
    width = max(block.width, key.width)
    above = placed(block, (width - block.width) / 2, 0.0)
    return Block(width, block.height + key.height, (*above, *placed(key, (width - key.width) / 2, block.height)))


def _key(heat: Heat, role: TextRole, theme: Theme) -> Block | None:
    """Return the cells of the two full colours and their number; ``None`` if it is not known."""
    if not heat.full:
        return None
    size = theme.sizes[role] * _KEY_SCALE
    side = size * text.CAP_HEIGHT
    top, number = size * text.ASCENT - side, f"±{heat.full}"
    left, width = 2 * side + size * 0.3, theme.room(number, size)
    elements = (
        Cell(0.0, top, side, side, -1.0),
        Cell(side, top, side, side, 1.0),
        Text(role, number, left + width / 2, size * text.ASCENT, size, width),
    )
    left += width
    return Block(left, size * (text.ASCENT + text.DESCENT), elements)
