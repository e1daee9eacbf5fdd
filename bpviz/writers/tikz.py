r"""Pictures as TikZ: the same geometry in LaTeX's fonts, with numbers and formulas as mathematics.

The file is a whole document (``pdflatex figure.tex``), and ``\input{figure}`` in another document takes the picture
alone: the file tests whether a document has begun. There a wide figure is made as narrow as the line, and one that is
set in rows may be divided between them by the end of a page. Lines and texts are drawn in styles named ``bpviz
forward``, ``bpviz backward text``, …; styles that the author has defined are not changed. Names are data: no character
of them can become a command.
"""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Iterator
from itertools import pairwise

from bpviz.picture.elements import Bracket, Cell, Element, Head, Part, Path, Picture, Point, Shape, Text
from bpviz.picture.looks import Look, Looks
from bpviz.picture.theme import LineRole, Stroke, TextRole, Theme
from bpviz.text import latex, widths
from bpviz.text.colours import NO_BACKGROUND
from bpviz.text.language import ENGLISH, Language
from bpviz.text.notation import Run
from bpviz.writers.svg import shade

__all__ = ["write"]

_MATHEMATICS = ("forward", "backward", "symbol")
"""The roles of numbers and formulas. Other texts are names and sentences."""

_SIZE = 14.0
"""The size of most texts; it is not written for them."""

_OPENING = r"""{remark}
\makeatletter
\ifx\@nodocument\relax\let\bpvizend\relax\else
\documentclass{{article}}
\usepackage[paperwidth={width}bp,paperheight={height}bp,margin=0pt]{{geometry}}
\usepackage{{amsmath,tikz}}
\ifx\Umathcode\undefined
\IfFileExists{{lmodern.sty}}{{\usepackage[T1]{{fontenc}}\usepackage{{lmodern}}}}{{}}
{fonts}\fi
\pagestyle{{empty}}\parindent0pt\topskip0pt\def\bpvizend{{\end{{document}}}}
\begin{{document}}
\fi
\makeatother
\begingroup
\def\bpvizcolor#1#2{{\providecolor{{bpviz-#1}}{{HTML}}{{#2}}}}
\def\bpvizfit#1#2{{\setbox8\hbox{{#2}}\ifdim\wd8>#1bp\resizebox{{#1bp}}{{\height}}{{\box8}}\else\box8\fi}}
\def\bpvizabove#1{{\setbox8\hbox{{#1}}\ifdim\dp8>4bp\raise\dimexpr\dp8-4bp\relax\fi\box8}}
\def\bpvizbelow#1{{\setbox8\hbox{{#1}}\ifdim\ht8>11bp\lower\dimexpr\ht8-11bp\relax\fi\box8}}
\def\bpvizrow{{\ifdim\wd6>\bpvizlimit\parindent0pt\leavevmode\resizebox{{\linewidth}}{{!}}{{\box6}}\else\leavevmode\box6\fi}}
\def\bpvizlimit{{\linewidth}}\let\bpvizlast\relax
\def\bpvizbox{{\def\bpvizlimit{{\maxdimen}}{box}}}
\ifx\bpvizend\relax\ifhmode\ifinner\bpvizbox\fi\fi\else\bpvizbox\fi
\def\bpvizstyle#1#2{{\pgfkeysifdefined{{/tikz/bpviz #1/.@cmd}}{{}}{{\tikzset{{bpviz #1/.style={{#2}}}}}}}}
"""

# Before \begin{document}, for letters that Latin Modern lacks: LuaLaTeX takes them from all of these fonts, XeLaTeX
# from the first that exists. luatexja and xeCJK support more of Japanese, but less of other scripts.
_FONTS = r"""\else
\usepackage{{fontspec}}
\ifx\directlua\undefined
\def\bpvizfont#1{{\ifx\bpvizletters\undefined\IfFontExistsTF{{#1}}{{\newfontfamily\bpvizletters{{#1}}}}{{}}\fi}}
\else
\directlua{{bpviz = {{}}}}
\def\bpvizfont#1{{\IfFontExistsTF{{#1}}{{\directlua{{table.insert(bpviz, "#1:")}}}}{{}}}}
\fi
\bpvizfont{{HaranoAjiMincho-Regular.otf}}\bpvizfont{{Noto Sans CJK JP}}\bpvizfont{{IPAexGothic}}\bpvizfont{{IPAGothic}}
\bpvizfont{{Hiragino Sans}}\bpvizfont{{Yu Gothic}}\bpvizfont{{Noto Sans}}\bpvizfont{{DejaVu Sans}}
\ifx\directlua\undefined
\ifx\bpvizletters\undefined\else
\newXeTeXintercharclass\bpvizclass
\def\bpvizletter#1{{\XeTeXcharclass#1=\bpvizclass}}
{letters}
\def\bpvizbeside#1{{\XeTeXinterchartoks#1\bpvizclass={{\begingroup\bpvizletters}}%
\XeTeXinterchartoks\bpvizclass#1={{\endgroup}}}}
\bpvizbeside{{0}}\bpvizbeside{{\e@alloc@intercharclass@top}}\XeTeXinterchartokenstate=1
\fi
\else
\directlua{{luaotfload.add_fallback("bpviz", bpviz)}}
\setmainfont{{Latin Modern Roman}}[RawFeature={{fallback=bpviz}}]
\fi
"""

# In a horizontal box, and in a document that is this figure alone, the rows stay together.
_BOX = r"\def\bpvizlast{{\egroup}}\vbox\bgroup\hsize{width}bp\parindent0pt"
_BETWEEN = r"\par\nointerlineskip\parindent0pt"


def write(picture: Picture, theme: Theme, *, say: Language = ENGLISH) -> bytes:
    """Return ``picture`` as a LaTeX file with the looks of ``theme``.

    Letters that are neither Latin nor Greek need LuaLaTeX or XeLaTeX, which take them from the machine's fonts (XeLaTeX
    from a single one); a comment in the file says so, in the language ``say``.

    >>> from bpviz.picture.theme import theme
    >>> write(Picture(10.0, 5.0, ()), theme("light")).decode().splitlines()[-3:]
    ['\\\\bpvizlast', '\\\\endgroup', '\\\\bpvizend']
    """
    page = _TikzPicture(theme)
    rows: list[list[str]] = [[] for _ in range(len(picture.breaks) + 1)]
    for part in picture.parts:
        if part.elements:
            rows[bisect(picture.breaks, _height(part.elements[0]))] += page.part(part)
    shown = {widths.printable(e.text) for part in picture.parts for e in part.elements if isinstance(e, Text)}
    foreign = sorted(filter(_is_foreign, set("".join(shown))))
    width, height = _number(picture.width), _number(picture.height)
    edges = ["0", *map(_number, picture.breaks), height]
    opening = _OPENING.format(
        remark=_remark(picture.title, bool(foreign), say),
        width=width,
        height=height,
        box=_BOX.format(width=width) if picture.breaks else "",
        fonts=_FONTS.format(letters="".join(map(_letter, foreign))) if foreign else "",
    )
    return "\n".join(
        [
            opening + "\n".join(page.definitions()),
            (_BETWEEN + "\n").join(
                "\n".join(
                    [
                        r"\setbox6\hbox\bgroup\begin{tikzpicture}[x=1bp,y=-1bp,line cap=butt,line join=miter,"
                        rf"every node/.style={{inner sep=0pt,outer sep=0pt,{_font(_SIZE)}}}]",
                        rf"\path[bpviz background,use as bounding box] (0,{top}) rectangle ({width},{bottom});",
                        *row,
                        r"\end{tikzpicture}\egroup\bpvizrow",
                    ]
                )
                for row, (top, bottom) in zip(rows, pairwise(edges), strict=True)
            ),
            r"\bpvizlast",
            r"\endgroup",
            "\\bpvizend\n",
        ]
    ).encode()


def _height(element: Element) -> float:
    """Return the height on the page of a point of an element."""
    match element:
        case Path() | Bracket():
            return element.points[0][1]
        case Head():
            return element.tip[1]
        case _:
            return getattr(element, "y", 0.0)


def _remark(title: str, foreign: bool, say: Language) -> str:
    """Return the comment at the top of the file."""
    remark = say("{title}: a figure made by bpviz.", title=widths.printable(title or say("Computation graph"))) + "\n"
    remark += say(
        "Alone: {engines} makes a page as large as the figure of it. In a document whose preamble has\n"
        "{packages}: {input} this file; it is at most as wide as the line.\n"
        "Looks, before it: {style}, {colour}.",
        engines=say("lualatex or xelatex (pdflatex lacks its letters)") if foreign else say("pdflatex or lualatex"),
        packages=r"\usepackage{amsmath,tikz}",
        input=r"\input",
        style=r"\tikzset{bpviz node/.style={draw=red,line width=2pt}}",
        colour=r"\colorlet{bpviz-forward}{red}",
    )
    return "\n".join(f"% {line}" for line in remark.splitlines())


def _is_foreign(character: str) -> bool:
    """Return whether pdfLaTeX lacks a letter: it has Latin, and the letters with commands in `bpviz.text.latex`."""
    return ord(character) > 0x17F and latex.text_in_latex(character) == character


def _letter(character: str) -> str:
    """Return the command that declares a foreign letter for XeLaTeX, by its number."""
    return rf'\bpvizletter{{"{ord(character):04X}}}'


_PLAIN: Look = ("forward", "plain", "")


class _TikzPicture:
    """Writes one picture, and keeps the styles and colours that it uses."""

    def __init__(self, theme: Theme) -> None:
        self._looks = Looks(theme)
        self._styles: dict[str, str] = {"background": f"fill={'none' if theme.transparent else 'bpviz-background'}"}
        self._colours: dict[str, str] = {} if theme.transparent else {"background": theme.background}

    def definitions(self) -> Iterator[str]:
        """Yield the colours and styles that were used, each with its name; call this when everything is drawn."""
        for name, colour in self._colours.items():
            yield rf"\bpvizcolor{{{name}}}{{{colour.removeprefix('#')}}}"
        for name, style in self._styles.items():
            yield rf"\bpvizstyle{{{name}}}{{{style}}}"

    def part(self, part: Part) -> Iterator[str]:
        """Yield the lines of a part."""
        look = part.look
        for element in part.elements:
            yield from self._element(element, look)

    def _element(self, element: Element, look: Look) -> Iterator[str]:
        theme = self._looks[look]
        match element:
            case Path():
                yield rf"\draw[{self._line(element.role, look)}] {_curve(element.points)};"
            case Head():
                corners = " -- ".join(map(_at, element.corners(theme.head[1])))
                yield rf"\fill[{self._fill(element.role, look)}] {corners} -- cycle;"
            case Text():
                yield self._text(element, look)
            case Shape() if element.open != "none":
                for line in element.lines():
                    yield rf"\draw[{self._line(element.role, look)}] {_curve(line)};"
            case Shape():
                yield self._shape(element, look)
            case Cell():
                yield from self._cell(element, look)
            case Bracket():
                style = self._style(f"{element.role} bracket", look, f"draw={self._ink(element.role, look)}")
                yield rf"\draw[{style}] {' -- '.join(map(_at, element.points))};"
            case _:
                raise TypeError(f"Not an element of a picture: {type(element).__name__}")

    def _text(self, line: Text, look: Look) -> str:
        style = self._style(f"{line.role} text", look, f"text={self._ink(line.role, look)}")
        anchor = {"start": "base west", "middle": "base", "end": "base east"}[line.anchor]
        size = "" if line.size == _SIZE else f",{_font(line.size)}"
        x = line.x
        if line.latex.startswith("=") and line.anchor == "middle":
            # The text goes on where a fraction ends, which depends on the font.
            x, anchor = x - line.width / 2, "base west"
        return rf"\node[{style},anchor={anchor}{size}] at {_at((x, line.y))} {{{_words(line)}}};"

    def _shape(self, shape: Shape, look: Look) -> str:
        if shape.kind == "dot":
            style = self._fill(shape.role, look)
        else:
            style = self._line(shape.role, look)
            if shape.role not in ("frame", "mark"):
                style += f",{self._inside(look)}"
        if shape.kind != "box":
            return rf"\path[{style}] {_at((shape.x, shape.y))} circle[radius={_number(shape.width / 2)}];"
        left, top, right, bottom = _edges(shape)
        rounded = f",rounded corners={_number(shape.radius)}bp" if shape.radius else ""
        return rf"\path[{style}{rounded}] {_at((left, top))} rectangle {_at((right, bottom))};"

    def _cell(self, cell: Cell, look: Look) -> Iterator[str]:
        theme = self._looks[look]
        colour = theme.fill if cell.value is None else shade(cell.value, theme)
        corners = (cell.x, cell.y), (cell.x + cell.width, cell.y + cell.height)
        frame = " rectangle ".join(map(_at, corners))
        yield rf"\path[{self._line('cell', look)},fill={_mixed(colour)}] {frame};"
        if cell.value is None:
            (left, top), (right, bottom) = corners
            cross = f"{_at((left, top))} -- {_at((right, bottom))} {_at((right, top))} -- {_at((left, bottom))}"
            yield rf"\draw[{self._line('mark', look)}] {cross};"

    # Styles and colours

    def _inside(self, look: Look) -> str:
        """Return the style of the inside of boxes."""
        fill = self._looks[look].fill
        if fill == NO_BACKGROUND:
            return self._style("box", _PLAIN, "fill=none")
        self._colours["fill"] = fill
        return self._style("box", _PLAIN, "fill=bpviz-fill")

    def _line(self, role: LineRole, look: Look) -> str:
        stroke = self._looks[look].strokes[role]
        return self._style(role, look, f"draw={self._colour(role, look, stroke.colour)},{_pen(stroke)}")

    def _fill(self, role: LineRole, look: Look) -> str:
        colour = self._colour(role, look, self._looks[look].strokes[role].colour)
        return self._style(f"{role} head", look, f"fill={colour}")

    def _ink(self, role: TextRole, look: Look) -> str:
        ink = self._looks[look].inks[role]
        # The numbers of an arrow have its colour, so that an author changes both at once.
        line = self._looks[look].strokes.get(role)  # type: ignore[arg-type]
        return self._colour(role if line and line.colour == ink else f"{role}-text", look, ink)

    def _style(self, name: str, look: Look, style: str) -> str:
        name = " ".join((name, *_qualifiers(look)))
        self._styles[name] = style
        return f"bpviz {name}"

    def _colour(self, name: str, look: Look, colour: str) -> str:
        name = "-".join((name, *_qualifiers(look)))
        self._colours[name] = colour
        return f"bpviz-{name}"


def _qualifiers(look: Look) -> Iterator[str]:
    """Yield the parts of a name for a look other than the plain one of the forward pass."""
    return (word.removeprefix("#") for word, plain in zip(look, _PLAIN, strict=True) if word != plain)


def _mixed(colour: str) -> str:
    """Return a colour without a name."""
    if colour == NO_BACKGROUND:
        return "none"
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"{{rgb,255:red,{red};green,{green};blue,{blue}}}"


def _words(line: Text) -> str:
    shown = widths.printable(line.text)
    if r"\frac" not in line.latex and re.fullmatch(r"[\w{}\\']*", line.latex or " "):
        # A name.
        return f"${line.latex}$"
    if line.latex:
        # Mathematics has more space around its signs, but must not become wider than its place.
        fitted = rf"\bpvizfit{{{_number(line.width)}}}{{${line.latex}$}}"
        # Its fractions, which are one line in the picture, must not reach the wire; beside other text they stay level.
        side = {"forward": "above", "backward": "below"}.get(line.role) if r"\frac" in line.latex else None
        return rf"\bpviz{side}{{{fitted}}}" if side and not line.latex.startswith("=") else fitted
    if line.role in _MATHEMATICS:
        return f"${latex.line_in_latex(shown)}$"
    return "".join(map(_run, line.runs)) if line.runs else latex.text_in_latex(shown)


def _run(run: Run) -> str:
    """Return a piece of a sentence."""
    if not run.level:
        return f"${latex.line_in_latex(run.text)}$" if run.italic else latex.text_in_latex(run.text)
    text = run.text.translate(latex.LOWERED)
    sign = "_" if run.level < 0 else "^"
    return f"${sign}{{{latex.name_in_latex(text) if text.isalpha() else latex.line_in_latex(text)}}}$"


def _font(size: float) -> str:
    return rf"font=\fontsize{{{_number(size)}bp}}{{{_number(size * widths.LINE_HEIGHT)}bp}}\selectfont"


def _pen(stroke: Stroke) -> str:
    pen = f"line width={_number(stroke.width)}bp"
    if not stroke.dash:
        return pen
    lengths = [f"{_number(length)}bp" for length in stroke.dash]
    # "on" and "off" in turn.
    pattern = " ".join(f"{'off' if i % 2 else 'on'} {length}" for i, length in enumerate(lengths))
    return f"{pen},dash pattern={pattern}"


def _curve(points: tuple[Point, ...]) -> str:
    steps = [_at(points[0])]
    for i in range(1, len(points), 3):
        first, second, end = map(_at, points[i : i + 3])
        steps.append(f".. controls {first} and {second} .. {end}")
    return " ".join(steps)


def _edges(shape: Shape) -> tuple[float, float, float, float]:
    half, rise = shape.width / 2, shape.height / 2
    return shape.x - half, shape.y - rise, shape.x + half, shape.y + rise


def _at(point: Point) -> str:
    return f"({_number(point[0])},{_number(point[1])})"


def _number(value: float) -> str:
    """Write a number with at most two decimals and no zeros at its end."""
    shown = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if shown == "-0" else shown
