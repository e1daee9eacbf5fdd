"""A drawing: its figure, its layout, and its files in any format or on a notebook's page."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from io import TextIOBase
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, overload

from bpviz import deadline
from bpviz.analysis.training import Training
from bpviz.drawing.options import DrawOptions
from bpviz.errors import BpvizError, BpvizWarning, UsageError
from bpviz.figure import Figure, Film, Sheet, Step
from bpviz.figures.circuit import circuit
from bpviz.figures.options import CircuitOptions
from bpviz.files import check_no_source, numbered, write_file
from bpviz.frozen import dataclass
from bpviz.graph.flow import Flow
from bpviz.graph.graph import Graph
from bpviz.text.language import ENGLISH, Language
from bpviz.text.styles import Styles
from bpviz.writers import formats

if TYPE_CHECKING:
    from bpviz.living.page import Living
    from bpviz.living.steps import StaysStillError
    from bpviz.picture.elements import Picture
    from bpviz.picture.theme import Theme

__all__ = ["Drawing"]


@dataclass(frozen=True, eq=False)
class Drawing:
    """A figure that a notebook shows and ``save`` writes to a file.

    >>> import bpviz
    >>> drawing = bpviz.draw(lambda price=100, count=2: price * count)
    >>> drawing
    <drawing of the computation: output = 200, 4 boxes>
    """

    source: Flow | Graph | Training | Figure | Film | Sheet
    options: DrawOptions
    shown: Picture | None = None
    """The picture of one step, in place of the whole."""
    translated: Callable[[Language], Figure | Sheet] | None = None
    """Makes a card, or a page of several figures, in another language."""

    @cached_property
    def figure(self) -> Figure | Sheet:
        """The figure as plain data; of a training that of its last step."""
        if self.film is not None:
            return self.film.figures[-1]
        assert not isinstance(self.source, Training | Film)
        return self.source if isinstance(self.source, Figure | Sheet) else self._figure_of(self.source)

    @cached_property
    def film(self) -> Film | None:
        """The figures of all steps of a training, as plain data; ``None`` if it is no drawing of a training."""
        if isinstance(self.source, Training):
            from bpviz.drawing.film import film

            figures = [self._figure_of(flow) for flow in self.source.drawn or self.source]
            return film(self.source, figures, self.options.circuit, self._house)
        return self.source if isinstance(self.source, Film) else None

    def _figure_of(self, source: Flow | Graph) -> Figure:
        with deadline.limited(self.options.timeout):
            return circuit(source, self.options.circuit, self._house)

    @property
    def _house(self) -> Styles:
        """The styles of values that a theme of the user's has."""
        if not self.options.theme.endswith(".toml"):
            return ()
        try:
            return self.theme.styles
        except UsageError:
            # The picture raises it; the figure needs no theme.
            return ()

    @cached_property
    def theme(self) -> Theme:
        """The colours and measures of the drawing."""
        from bpviz.picture.theme import on_background, theme

        return on_background(theme(self.options.theme), self.options.background)

    @cached_property
    def picture(self) -> Picture:
        """The picture, with the place of everything; of a training that of its last step.

        Warnings (`BpvizWarning`) say if its type is below 6 points on a page of the drawing's width, and if a color of
        the author's is hard to read.

        Raises, if an engine of Graphviz is named, `EngineMissing` without it and `LayoutTimeout` when it takes too
        long.
        """
        if self.shown is not None:
            return self.shown
        if self.film is not None:
            from bpviz.picture.stages import Stages, with_captions

            last = Stages(self.moving_picture, self.step_list)[-1]
            return with_captions(last, self.step_list[-1:], self.theme)[0]
        return self._laid_out

    @cached_property
    def moving_picture(self) -> Picture:
        """The picture with all that is shown in some of its steps only."""
        return self.picture if self.shown is not None or self.film is None else self._laid_out

    @cached_property
    def _laid_out(self) -> Picture:
        from bpviz.picture.theme import faint_colors
        from bpviz.picture.type_size import small_type

        with deadline.limited(self.options.timeout):
            found = self._placed()
        width = self.figure.width if isinstance(self.figure, Figure) else self.options.circuit.width
        if width is not None and (sentence := small_type(found, width)):
            warnings.warn(sentence, BpvizWarning, stacklevel=2)
        if faint := faint_colors({part.color for part in found.parts if part.color}, self.theme):
            warnings.warn(
                f"text in {', '.join(faint)} is hard to read: its contrast to the background is less than 3:1",
                BpvizWarning,
                stacklevel=2,
            )
        return found

    def _placed(self) -> Picture:
        made = self.options
        more: Any = {"engine": made.engine, "timeout": made.timeout, "say": made.circuit.lang}
        if self.film is not None:
            from bpviz.layout.film import lay_out_film

            return lay_out_film(self.film, self.theme, **more)
        from bpviz.layout.page import lay_out

        return lay_out(self.figure, self.theme, **more)

    def fingerprint(self, format: str = "svg", step: int = 0) -> str:
        """Return the mark of the figure, which is in each of its files; it needs no layout (`bpviz.fingerprint`).

        ``step`` is the number of the step in the file, from 1 on; 0 for all.
        """
        from bpviz.fingerprint import fingerprint, of_step

        if step:
            return of_step(self._steps_mark, step)
        more = self._sections if "sections" in formats.row_of(format).options else ()
        if self.options.figure_only and "alone" in formats.row_of(format).options:
            more += ("alone",)
        if self.shows_steps(format):
            more += (self._steps_mark,)
        if self.lives(format):
            from bpviz.living.page import mark

            more += (mark(self._living),)
        # The figure does not contain the writer's own words.
        code = self.options.circuit.lang.code
        return fingerprint(self.film or self.figure, self.theme, *more, *(() if code == ENGLISH.code else (code,)))

    @cached_property
    def _steps_mark(self) -> str:
        """The mark of the steps."""
        from bpviz.fingerprint import fingerprint

        return fingerprint(self.film or self.figure, self.theme, self.step_list, self.options.seconds)

    def is_shown_by(self, data: bytes, format: str, step: int = 0) -> bool:
        """Return whether a file of this format shows what would be drawn now."""
        if not formats.row_of(format).remark:
            # It has no mark.
            return data == (list(self.to_frames(format))[step - 1] if step else self.to_bytes(format))
        from bpviz.fingerprint import found_in

        return found_in(data) == self.fingerprint(format, step)

    def shows_steps(self, format: str) -> bool:
        """Return whether a file of this format shows the steps one after the other."""
        when = formats.row_of(format).steps
        return when == "always" or bool(when and getattr(self.options, when))

    def lives(self, format: str) -> bool:
        """Return whether a file of this format follows its inputs, as far as the figure can."""
        return bool(self.options.live) and formats.row_of(format).lives and self.shown is None

    @cached_property
    def _living(self) -> Living | StaysStillError:
        """What makes the figure follow its inputs, or the reason why it cannot."""
        from bpviz.drawing.live import living_of

        def redrawn(circuit: CircuitOptions) -> tuple[Figure, Picture]:
            other = replace(self, options=replace(self.options, circuit=circuit))
            assert isinstance(other.figure, Figure)
            return other.figure, other.picture

        shown = self.source, self.figure, self.options, self.theme, lambda: self.picture
        with deadline.limited(self.options.timeout):
            return living_of(*shown, rows=self._rows, redrawn=redrawn)

    @cached_property
    def step_list(self) -> tuple[Step, ...]:
        """The steps of the drawing, each with its sentence: forward, then backward, then the whole; or of a training.

        Raises `UsageError` for a drawing without numbers.
        """
        from bpviz.figures.steps import steps

        if self.film is not None:
            return self.film.steps
        if not isinstance(self.source, Flow):
            raise UsageError(
                "only a figure of one run, with its numbers, can be shown in steps; "
                "give a function whose inputs have values, or a Flow"
            )
        return steps(self.source, self.options.circuit, self._house)

    def steps(self) -> tuple[Drawing, ...]:
        """Return a drawing of every step: the same layout for all, with the sentence of the step below.

        >>> import bpviz
        >>> drawing = bpviz.draw(lambda price=100, count=2: price * count)
        >>> len(drawing.steps()), drawing.step_list[1].sentence
        (5, '× : output = 100 × 2 = 200')

        Raises `UsageError` for a drawing without numbers, and what `picture` raises.
        """
        from bpviz.picture.stages import with_captions

        pictures = with_captions(self.moving_picture, self.step_list, self.theme)
        return tuple(replace(self, shown=picture) for picture in pictures)

    @cached_property
    def _rows(self) -> tuple[int, ...]:
        """The values in the table below the figure on an HTML page."""
        from bpviz.drawing.below import rows_of

        return rows_of(self.source, self.options, self._house)

    @cached_property
    def _sections(self) -> tuple[str, ...]:
        """The sections below the figure on an HTML page."""
        from bpviz.drawing.below import sections_of

        return sections_of(self.source, self.options, self._rows)

    @property
    def notes(self) -> tuple[str, ...]:
        """Notes that are not in the picture: those of the run, and groups that were closed so that it fits a page."""
        return (*self.run_notes, *(self.figure.closed if isinstance(self.figure, Figure) else ()))

    @property
    def run_notes(self) -> tuple[str, ...]:
        """Notes on the run, without the figure: numbers that are not finite, inputs that do not reach the output."""
        from bpviz.drawing.below import notes_of

        return notes_of(self.source, self.options, self._living if self.options.live else None)

    def to_bytes(self, format: str, **options: Any) -> bytes:
        """Return the file of a format (``svg``, ``png``, ``pdf``, ``dot``, ``json``, …).

        Raises `UsageError` for an unknown format.
        """
        with deadline.limited(self.options.timeout):
            return self._written(formats.check_format(format), **options)

    def _written(self, format: str, **options: Any) -> bytes:
        row = formats.row_of(format)
        if row.reads == "flow":
            return self.to_json().encode()
        made = self.options
        shown: Any
        if "sections" in row.options:
            options = {"sections": self._sections, "alone": made.figure_only, **options}
        if self.lives(format):
            from bpviz.living.page import write

            # A figure that stays still is walked through without its inputs.
            steps = self.step_list if self.shows_steps(format) and isinstance(self._living, Exception) else ()
            more: Any = {name: options[name] for name in ("sections", "alone")}
            page = write(self.picture, self.theme, self._living, say=made.circuit.lang, steps=steps, **more)
            return formats.stamped(page, self.fingerprint(format), format)
        if self.shows_steps(format):
            options = {"steps": self.step_list, "seconds": made.seconds, **options}
        options = {"say": made.circuit.lang, **self._scaled, **options}
        if row.reads == "figure":
            shown = self.figure
        else:
            shown = self.moving_picture if self.shows_steps(format) else self.picture
        # The drawing of a single step has another mark than the whole drawing.
        mark = "" if self.shown is not None else self.fingerprint(format)
        return formats.write(shown, self.theme, format, mark=mark, engine=made.engine, **options)

    def to_frames(self, format: str, **options: Any) -> Iterator[bytes]:
        """Iterate over the files of the steps, in a format that holds one picture; see `steps`.

        Raises `UsageError` for another format.
        """
        from bpviz.picture.stages import with_captions

        row = formats.row_of(formats.check_format(format))
        if row.many or row.reads != "picture":
            raise UsageError(f"frames are single pictures, such as step-%02d.svg or step-%02d.png, but got {format!r}")
        stages = with_captions(self.moving_picture, self.step_list, self.theme)
        marks = [self.fingerprint(format, step) for step in range(1, len(self.step_list) + 1)]
        say, engine = self.options.circuit.lang, self.options.engine
        options = {**self._scaled, **options}
        return formats.frames(stages, self.theme, format, marks=marks, say=say, engine=engine, **options)

    @property
    def _scaled(self) -> dict[str, float]:
        """The scale as an option of the writers, if one was chosen."""
        return {} if self.options.scale is None else {"scale": self.options.scale}

    def to_svg(self) -> str:
        """Return the picture as SVG text."""
        return self.to_bytes("svg").decode()

    def to_png(self, scale: float | None = None) -> bytes:
        """Return the picture as PNG; ``scale`` 1 is 96 pixels an inch, by default it is 2 (300 dpi: 3.125)."""
        return self.to_bytes("png", **({} if scale is None else {"scale": scale}))

    def to_pdf(self) -> bytes:
        """Return the picture as PDF."""
        return self.to_bytes("pdf")

    def to_dot(self) -> str:
        """Return the picture as positioned DOT: ``dot -Kneato -n2`` draws the same."""
        return self.to_bytes("dot").decode()

    def to_fragment(self) -> str:
        """Return the picture as a piece of HTML for another page: a figure with a caption; with ``steps`` in steps."""
        from bpviz.writers.html import fragment

        steps = self.step_list if self.shows_steps("html") else ()
        picture = self.moving_picture if steps else self.picture
        return fragment(picture, self.theme, steps=steps, say=self.options.circuit.lang)

    @property
    def living_page(self) -> bytes | None:
        """The page of the living figure alone, for a frame; ``None`` if the figure stays still."""
        from bpviz.living.page import write

        made, say = self._living, self.options.circuit.lang
        return None if isinstance(made, Exception) else write(self.picture, self.theme, made, alone=True, say=say)

    def to_frame(self, page: bytes, alt: str = "") -> str:
        """Return a piece of HTML for another page that shows its `living_page` in a frame, over the plain picture.

        ``alt`` is read aloud of the picture.
        """
        from bpviz.living.frame import framed

        return framed(self.picture, page, self.to_bytes("svg"), alt, self.options.circuit.lang)

    @property
    def why_still(self) -> str:
        """A sentence in HTML for below a figure that does not follow its inputs; empty if it is not one of numbers."""
        from bpviz.living.page import why_still

        made, say = self._living, self.options.circuit.lang
        return why_still(made, say) if isinstance(made, Exception) and isinstance(self.source, Flow) else ""

    def to_json(self) -> str:
        """Return the graph and its numbers as JSON, which can be drawn again."""
        from bpviz.graph.archive import dumped

        if not isinstance(self.source, Flow | Graph):
            raise UsageError("JSON holds one graph and its numbers; save a card or several figures as svg, png or pdf")
        return dumped(self.source)

    @overload
    def save(self, path: str | os.PathLike[str], format: str | None = None) -> Path: ...

    @overload
    def save(self, path: IO[Any], format: str) -> None: ...

    def save(self, path: str | os.PathLike[str] | IO[Any], format: str | None = None) -> Path | None:
        """Write a file, in the format of its suffix unless another is named; return the path.

        ``step-%02d.svg`` writes a file for every step. A file is replaced only when the new one is complete. An open
        file, such as ``io.BytesIO()``, is written to; its ``format`` must be named.

        >>> import bpviz, io
        >>> file = io.StringIO()
        >>> bpviz.draw(lambda price=100, count=2: price * count).save(file, format="svg")
        >>> file.getvalue()[:4]
        '<svg'

        Raises `UsageError` for an unknown suffix, a folder that does not exist, or bytes for a file of text.
        """
        if not isinstance(path, str | os.PathLike):
            self._write_to(path, format)
            return None
        place = Path(path)
        for each, data in self.files(place, format or formats.format_of(place)):
            check_no_source(each, otherwise="choose another name, or write drawing.to_bytes(…) there yourself")
            write_file(each, data)
        return place

    def _write_to(self, file: IO[Any], format: str | None) -> None:
        if format is None:
            raise UsageError('the format of an open file must be named: save(file, format="svg")')
        row, data = formats.row_of(format), self.to_bytes(format)
        if not isinstance(file, TextIOBase):
            file.write(data)
        elif row.is_text:
            file.write(data.decode())
        else:
            raise UsageError(f'{row.title} is bytes, but the file takes text; open it with mode "wb"')

    def files(self, path: Path, format: str) -> Iterator[tuple[Path, bytes]]:
        """Iterate over the file of a path, or the files of all steps if its name has a place for a number."""
        if not numbered(path, 1):
            yield path, self.to_bytes(format)
            return
        for step, data in enumerate(self.to_frames(format), 1):
            yield numbered(path, step) or path, data

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        from bpviz.drawing.notebook import shown_in_notebooks

        return shown_in_notebooks(self)

    def as_shown(self) -> Drawing:
        """Return a drawing that shows the same, without the model: for documents, which store it.

        >>> import bpviz
        >>> bpviz.draw(lambda price=100, count=2: price * count).as_shown().source.__class__.__name__
        'Figure'
        """
        options = replace(self.options, circuit=CircuitOptions(lang=self.options.circuit.lang))
        figures = self.figure.figures if isinstance(self.figure, Sheet) else (self.figure,)
        if any(figure.gathered is not None for figure in figures):
            # The figure keeps only those sums of gradients that its layout has read. An error is raised again
            # where the figure is drawn.
            with suppress(BpvizError):
                _ = self.picture
        made = Drawing(self.film or self.figure, options, self.shown)
        if self.options.live:
            made.__dict__["_living"] = self._living
        if self.film is None and (self.options.animate or self.options.steps):
            made.__dict__["step_list"] = self.step_list
        return made

    def __getstate__(self) -> dict[str, Any]:
        # The rest is made again from these; the function that makes a card in another language is left out.
        if isinstance(self.source, Figure | Film | Sheet):
            kept = {name: made for name, made in self.__dict__.items() if name in ("step_list", "_living")}
            return {"source": self.source, "options": self.options, "shown": self.shown, "restep_list": None, **kept}
        return {"source": self.source, "options": self.options, "shown": self.shown, "restep_list": None}

    def __repr__(self) -> str:
        boxes = sum(box.kind != "branch" for box in self.figure.boxes)
        if self.film is not None:
            return f"<drawing of {len(self.film.figures)} steps of training: {boxes} boxes>"
        if isinstance(self.source, Sheet):
            return f"<drawing of {len(self.source.figures)} figures: {boxes} boxes>"
        if not isinstance(self.source, Flow | Graph):
            return f"<drawing of {self.figure.title or 'a figure'}: {boxes} boxes>"
        graph = self.source.graph if isinstance(self.source, Flow) else self.source
        name = graph.name or "the computation"
        if isinstance(self.source, Flow):
            from bpviz.words.values import spoken

            return f"<drawing of {name}: {self.source.output_name} = {spoken(self.source.output)}, {boxes} boxes>"
        return f"<drawing of {name}: {boxes} boxes>"
