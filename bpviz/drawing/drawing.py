"""A drawing: what it shows, where everything stands, and its files in any format or on a notebook's page."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bpviz.drawing.options import DrawOptions
from bpviz.errors import BpvizError, UsageError
from bpviz.figure import Figure, Sheet, Step
from bpviz.figures.circuit import circuit
from bpviz.files import check_format, format_of, numbered, write_file
from bpviz.graph.flow import Flow
from bpviz.graph.graph import Graph
from bpviz.text.language import ENGLISH, Language

if TYPE_CHECKING:
    from bpviz.picture.elements import Picture
    from bpviz.picture.theme import Theme

__all__ = ["Drawing"]

_ROWS = 100
"""The most values in the table below a figure."""
_MOVING = ("gif", "apng", "webp")
_LARGE = 3000
"""The most operations that are drawn: beyond, no reader finds anything, and the layout takes minutes."""


@dataclass(frozen=True, eq=False)
class Drawing:
    """A figure that can be shown and saved: it shows itself in a notebook, ``save`` writes it to a file.

    >>> import bpviz
    >>> drawing = bpviz.draw(lambda price=100, count=2: price * count)
    >>> drawing
    <drawing of the computation: output = 200, 4 boxes>
    """

    source: Flow | Graph | Figure | Sheet
    options: DrawOptions
    shown: Picture | None = None
    """The picture in place of that of the whole: one of its steps."""
    retold: Callable[[Language], Figure | Sheet] | None = None
    """Makes a card, or a page of several figures, in another language."""

    @cached_property
    def figure(self) -> Figure | Sheet:
        """What it shows, as plain data."""
        return self.source if isinstance(self.source, Figure | Sheet) else circuit(self.source, self.options.circuit)

    @cached_property
    def theme(self) -> Theme:
        """The colours and measures it is drawn with."""
        from bpviz.picture.theme import theme

        return theme(self.options.theme)

    @cached_property
    def picture(self) -> Picture:
        """Where everything stands.

        Raises `EngineMissing` without Graphviz, `LayoutTimeout` when the layout takes too long, and `UsageError`
        when there is more than can be drawn readably.
        """
        from bpviz.layout.page import lay_out

        if self.shown is not None:
            return self.shown
        operations = sum(box.kind in ("operation", "group") for box in self.figure.boxes)
        if operations > _LARGE:
            raise UsageError(
                f"the figure has {operations} operations, more than the {_LARGE} that can be drawn; "
                "close groups with --depth 1 (depth=1), draw a part of the model, or write its data as JSON"
            )
        return lay_out(self.figure, self.theme, engine=self.options.engine, timeout=self.options.timeout)

    def fingerprint(self, format: str = "svg", step: int = 0) -> str:
        """The mark of what it shows, which every file of it carries: told without Graphviz (`bpviz.fingerprint`).

        ``step`` is the number of the step that the file shows, from 1 on; 0 where it shows all.
        """
        from bpviz.fingerprint import fingerprint, of_step

        if step:
            return of_step(self._told_mark, step)
        more = self._sections if format == "html" else ()
        if self._tells(format):
            more += (self._told_mark,)
        # The words of a writer are in no figure.
        code = self.options.circuit.lang.code
        return fingerprint(self.figure, self.theme, *more, *(() if code == ENGLISH.code else (code,)))

    @cached_property
    def _told_mark(self) -> str:
        """The mark of what tells the steps."""
        from bpviz.fingerprint import fingerprint

        return fingerprint(self.figure, self.theme, self.told, self.options.seconds)

    def is_shown_by(self, data: bytes, format: str, step: int = 0) -> bool:
        """Whether a file of this format shows what would be drawn now."""
        if format == "json":
            return data == self.to_json().encode()
        from bpviz.fingerprint import found_in

        return found_in(data) == self.fingerprint(format, step)

    def _tells(self, format: str) -> bool:
        """Whether a file of this format tells the steps one after the other."""
        made = self.options
        return format in _MOVING or (format == "svg" and made.animate) or (format == "html" and made.steps)

    @cached_property
    def told(self) -> tuple[Step, ...]:
        """The steps of its telling, each with its sentence: forward, then backward, then the whole.

        Raises `UsageError` for a drawing without numbers.
        """
        from bpviz.figures.steps import steps

        if not isinstance(self.source, Flow):
            raise UsageError(
                "only a figure of one run can be told in steps, with its numbers; "
                "give a function whose inputs have values, or a Flow"
            )
        return steps(self.source, self.options.circuit)

    def steps(self) -> tuple[Drawing, ...]:
        """A drawing of every step: one layout for all, the sentence of the step below it.

        >>> import bpviz
        >>> drawing = bpviz.draw(lambda price=100, count=2: price * count)
        >>> len(drawing.steps()), drawing.told[1].sentence
        (5, '× : output = 100 × 2 = 200')

        Raises `UsageError` for a drawing without numbers, and what `picture` raises.
        """
        from bpviz.picture.stages import with_captions

        pictures = with_captions(self.picture, self.told, self.theme)
        return tuple(replace(self, shown=picture) for picture in pictures)

    @cached_property
    def _sections(self) -> tuple[str, ...]:
        """What stands below the figure on a page of HTML: the table of what every value does to the output."""
        if not isinstance(self.source, Flow) or self.options.circuit.show == "forward":
            return ()
        from bpviz.analysis.influences import influences, named, objective
        from bpviz.documents.document import Document
        from bpviz.documents.html import fragment
        from bpviz.formulas.symbols import Symbols
        from bpviz.words.influences import influence_table

        flow, precision, say = self.source, self.options.circuit.precision, self.options.circuit.lang
        output, symbol = objective(flow, say)
        found = influences(flow, named(flow)[:_ROWS], Symbols(flow))
        table = influence_table(found, output, symbol, precision, say)
        return (fragment(Document("", (table,))),)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader should know beyond the picture: numbers that are not finite, inputs that lead nowhere."""
        if not isinstance(self.source, Flow):
            return ()
        graph, say = self.source.graph, self.options.circuit.lang
        odd = [found.sentence(say) for found in self.source.nonfinite]
        if graph.is_gradient:
            # A gradient need not depend on every input.
            return tuple(odd)
        drawn = {box.id for box in self.figure.boxes}
        unused = [name for index, name in graph.record.is_input.items() if f"n{index}" not in drawn]
        return (*odd, *(say("the input '{name}' does not reach the output", name=name) for name in unused))

    def to_bytes(self, format: str, **options: Any) -> bytes:
        """The file of a format (``svg``, ``png``, ``pdf``, ``dot``, ``json``, …).

        Raises `UsageError` for an unknown format.
        """
        check_format(format)
        if format == "json":
            return self.to_json().encode()
        from bpviz.writers import formats

        made = self.options
        if self._tells(format):
            options = {"steps": self.told, "seconds": made.seconds, **options}
        options = {"say": made.circuit.lang, **self._scaled, **options}
        if format == "html":
            options = {"sections": self._sections, **options}
        shown = self.figure if formats.reads(format) == "figure" else self.picture
        # A single step, taken from its drawing, is marked as what it was taken from is not.
        mark = "" if self.shown is not None else self.fingerprint(format)
        return formats.write(shown, self.theme, format, mark=mark, engine=made.engine, **options)

    def to_frames(self, format: str, **options: Any) -> Iterator[bytes]:
        """The file of every step, in a format that holds one picture; see `steps`.

        Raises `UsageError` for another format.
        """
        from bpviz.picture.stages import with_captions
        from bpviz.writers import formats

        if format in (*_MOVING, "html", "json") or formats.reads(check_format(format)) != "picture":
            raise UsageError(f"frames are single pictures, such as step-%02d.svg or step-%02d.png, but got {format!r}")
        stages = with_captions(self.picture, self.told, self.theme)
        marks = [self.fingerprint(format, step) for step in range(1, len(self.told) + 1)]
        say, engine = self.options.circuit.lang, self.options.engine
        options = {**self._scaled, **options}
        return formats.frames(stages, self.theme, format, marks=marks, say=say, engine=engine, **options)

    @property
    def _scaled(self) -> dict[str, float]:
        """The scale as an option of the writers, where one was chosen."""
        return {} if self.options.scale is None else {"scale": self.options.scale}

    def to_svg(self) -> str:
        """The picture as SVG text."""
        return self.to_bytes("svg").decode()

    def to_png(self, scale: float | None = None) -> bytes:
        """The picture as PNG; ``scale`` 1 is 96 pixels an inch, by default it is 2."""
        return self.to_bytes("png", **({} if scale is None else {"scale": scale}))

    def to_pdf(self) -> bytes:
        """The picture as PDF."""
        return self.to_bytes("pdf")

    def to_dot(self) -> str:
        """The picture as positioned DOT: ``dot -Kneato -n2`` draws it alike."""
        return self.to_bytes("dot").decode()

    def to_fragment(self) -> str:
        """The picture as a piece of HTML for another page: a figure with its caption, to be walked with ``steps``."""
        from bpviz.writers.html import fragment

        steps = self.told if self._tells("html") else ()
        return fragment(self.picture, self.theme, steps=steps, say=self.options.circuit.lang)

    def to_json(self) -> str:
        """The graph and its numbers; can be drawn again."""
        from bpviz.graph.archive import dumped

        if isinstance(self.source, Figure | Sheet):
            raise UsageError("JSON holds one graph and its numbers; save a card or several figures as svg, png or pdf")
        return dumped(self.source)

    def save(self, path: str | os.PathLike[str], format: str | None = None) -> Path:
        """Write a file, in the format of its suffix unless another is named; answers the path.

        ``step-%02d.svg`` writes a file for every step. A file is replaced only when the new one is complete. Raises
        `UsageError` for an unknown suffix or a folder that does not exist.
        """
        place = Path(path)
        for each, data in self.files(place, format or format_of(place)):
            write_file(each, data)
        return place

    def files(self, path: Path, format: str) -> Iterator[tuple[Path, bytes]]:
        """The file of a path, or those of all steps where its name has a place for their numbers, as ``%02d``."""
        if not numbered(path, 1):
            yield path, self.to_bytes(format)
            return
        for step, data in enumerate(self.to_frames(format), 1):
            yield numbered(path, step) or path, data

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        bundle = {"text/plain": repr(self)}
        try:
            for kind in _shown_in_notebooks(self.options):
                bundle[kind] = _SHOWN[kind](self)
        except BpvizError as error:
            # A notebook goes on without its picture, and says why.
            bundle["text/plain"] += f"\nnot drawn: {error}"
        return bundle

    def __getstate__(self) -> dict[str, Any]:
        # What follows from these is made again; the function that makes a card again in another language stays behind.
        return {"source": self.source, "options": self.options, "shown": self.shown, "retold": None}

    def __repr__(self) -> str:
        boxes = sum(box.kind != "branch" for box in self.figure.boxes)
        if isinstance(self.source, Sheet):
            return f"<drawing of {len(self.source.figures)} figures: {boxes} boxes>"
        if isinstance(self.source, Figure):
            return f"<drawing of {self.source.title or 'a figure'}: {boxes} boxes>"
        graph = self.source.graph if isinstance(self.source, Flow) else self.source
        name = graph.name or "the computation"
        if isinstance(self.source, Flow):
            from bpviz.words.values import spoken

            return f"<drawing of {name}: {self.source.output_name} = {spoken(self.source.output)}, {boxes} boxes>"
        return f"<drawing of {name}: {boxes} boxes>"


def _as_base64(data: bytes) -> str:
    import base64

    return base64.b64encode(data).decode()


_SHOWN: dict[str, Callable[[Drawing], str]] = {
    "image/svg+xml": Drawing.to_svg,
    "image/png": lambda drawing: _as_base64(drawing.to_png()),
    "application/pdf": lambda drawing: _as_base64(drawing.to_pdf()),
    "text/html": lambda drawing: drawing.to_fragment(),
}
"""How a drawing shows itself in each of the types that notebooks know."""

_NOTEBOOK = {
    "svg": ("image/svg+xml",),
    "png": ("image/png",),
    "html": ("text/html",),
    # Dots for pages and for GitHub, lines for paper. With SVG, nbconvert would ask for Inkscape on the way to LaTeX.
    "publish": ("image/png", "application/pdf"),
}
"""What a notebook is given, by the option ``notebook``."""


def _shown_in_notebooks(made: DrawOptions) -> tuple[str, ...]:
    # Steps are walked in HTML alone.
    given = made.notebook or os.environ.get("BPVIZ_NOTEBOOK", "html" if made.steps else "svg")
    if given not in _NOTEBOOK:
        raise UsageError(f"BPVIZ_NOTEBOOK must be one of {', '.join(_NOTEBOOK)}, but is {given!r}")
    return _NOTEBOOK[given]
