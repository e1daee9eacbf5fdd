"""Figures in Sphinx: ``extensions = ["bpviz.hosts.sphinx"]``, and the directive ``.. bpviz:: model.py:loss``.

The drawing is kept as plain data with the document, and drawn in the format that the builder needs: SVG for HTML, PDF
for LaTeX. Every picture is cached by the fingerprint of what it shows, so a figure is drawn again only when it has
changed.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docutils import nodes
from docutils.parsers.rst import directives
from docutils.parsers.rst.directives.images import Image
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

import bpviz
from bpviz.cli.request import OF_FILES, names, spelled
from bpviz.cli.settings import settings_file
from bpviz.errors import BpvizError, ModelFailed, UsageError
from bpviz.files import write_file
from bpviz.fingerprint import fingerprint
from bpviz.hosts.dependencies import files_of_model
from bpviz.hosts.inline import inlined
from bpviz.hosts.requests import Place, drawing_of
from bpviz.hosts.sphinx_frames import framed, lives
from bpviz.text.lengths import NAMED, points
from bpviz.writers import formats

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata

    from bpviz.drawing.drawing import Drawing

__all__ = ["BpvizDirective", "setup"]

logger = logging.getLogger(__name__)

_FORMATS = formats.by_mime(lambda row: row.reads == "picture" and not row.many)
"""What a builder can be given, by the media types that it takes."""

_IMAGE = Image.option_spec or {}


def _width(argument: str) -> str:
    """Return a checked width: one for rows, as ``bpviz render`` takes it, else one for an image: 50%, 400px."""
    if _of_rows(argument) or argument.strip() == "none":
        return argument.strip()
    checked: str = _IMAGE["width"](argument)
    return checked


def _of_rows(width: str) -> float | None:
    """Return a width for rows in points; ``None`` for any width, and for one that is for an image only."""
    try:
        # A number alone means pixels, as for other images.
        return None if width.strip().isdecimal() else points(width.strip())
    except UsageError:
        return None


_OWN: dict[str, Callable[[str], Any]] = {
    "alt": directives.unchanged,
    "caption": directives.unchanged,
    "code": directives.flag,
    "name": directives.unchanged,
    **{name: _IMAGE[name] for name in ("align", "class", "height", "scale")},
    "width": _width,
}
"""The directive's options other than those of ``bpviz render``."""


class _Options(dict[str, Callable[[str], Any]]):
    """The options of the directive. Unknown ones pass, because bpviz's own message offers similar names."""

    def __missing__(self, name: str) -> Callable[[str], Any]:
        return directives.unchanged


class figure_of(nodes.General, nodes.Element):
    """Stands for a drawing until the builder is known."""


class BpvizDirective(SphinxDirective):
    """The figure of a target, or of the Python in its body; options as of ``bpviz render``, and `_OWN`."""

    optional_arguments = 1
    final_argument_whitespace = True
    has_content = True
    option_spec = _Options({**dict.fromkeys(names(OF_FILES), directives.unchanged), **_OWN})

    def run(self) -> list[nodes.Node]:
        """Return the figure, in a frame if it has a caption, below its code if that is shown."""
        own = {name: self.options[name] for name in _OWN if name in self.options}
        target = self._target()
        folder = Path(self.env.doc2path(self.env.docname)).parent
        self._note_files(target, folder)
        options = {**self.config.bpviz_defaults, **self.options}
        given = {name: text or "" for name, text in options.items() if name not in _OWN}
        width = options.get("width", "")
        if _of_rows(width) or width == "none":
            given["width"] = width
        try:
            words, place = [target, *spelled(given)], self._place(folder)
            result = drawing_of("the directive", words, place, without=OF_FILES)
            if (widest := _of_rows(width)) and "width" in self.options:
                # A figure that is wider is made narrower; none is made wider.
                own.pop("width")
                if result.drawing.picture.width > widest:
                    own["width"] = NAMED.get(width, width)
            elif width == "none":
                own.pop("width", None)
        except BpvizError as error:
            raise self.error(_message(error)) from None
        for note in result.drawing.notes:
            logger.info("%s", note, location=self.get_location())
        figure = figure_of(
            drawing=result.drawing.as_shown(),
            stem=result.stem,
            image={
                "alt": own.get("alt", result.drawing.figure.description),
                **{name: own[name] for name in ("height", "scale", "width") if name in own},
            },
        )
        return [*self._code(target, folder, "code" in own), self._framed(figure, own)]

    def _target(self) -> str:
        target: str = self.arguments[0].strip() if self.arguments else "-"
        if self.content and target.partition(":")[0] != "-":
            raise self.error("a figure is drawn of a file or of the code below, not of both; leave out one of them")
        # A path that begins with / starts at the root of the documents, as everywhere in Sphinx.
        return f"{self.env.srcdir}{target}" if target.startswith("/") else target

    def _place(self, folder: Path) -> Place:
        source, line = self.get_source_info()
        if not self.content:
            return Place(source, folder)
        above = self.content.offset(0) or 0
        # MyST counts the lines of the block, reStructuredText those of the document.
        first = above + 1 if above >= line else line + self.content_offset + 1
        return Place(source, folder, "\n".join([*self.content, ""]), first)

    def _note_files(self, target: str, folder: Path) -> None:
        """Note the files of the figure, broken ones too: the document is read again when one of them changes."""
        with contextlib.chdir(folder):
            files = [] if target.startswith("-") else files_of_model(target)
            given = {**self.config.bpviz_defaults, **self.options}
            named = (Path(given.get(option, "")) for option in ("theme", "lang"))
            files += [file.resolve() for file in named if file.suffix == ".toml"]
            settings = settings_file(folder)
            files += [settings] if settings else []
        for file in files:
            self.env.note_dependency(str(file))

    def _code(self, target: str, folder: Path, shown: bool) -> list[nodes.Node]:
        if not shown:
            return []
        text = "\n".join(self.content)
        if not text:
            with contextlib.chdir(folder):
                files = files_of_model(target)
            if not files:
                raise self.error(f"the code of {target} is not in a file next to the document; leave out :code:")
            text = files[0].read_text(encoding="utf-8-sig")
        block = nodes.literal_block(text, text, language="python")
        self.set_source_info(block)
        return [block]

    def _framed(self, figure: figure_of, own: dict[str, Any]) -> nodes.Element:
        frame: nodes.Element = figure
        if "caption" in own:
            words, messages = self.state.inline_text(own["caption"], self.lineno)
            caption = nodes.caption(own["caption"], "", *words)
            self.set_source_info(caption)
            frame = nodes.figure("", figure, caption, *messages)
        for part in {figure, frame}:
            self.set_source_info(part)
        frame["classes"] += own.get("class", [])
        if "align" in own:
            (frame if frame is not figure else figure["image"])["align"] = own["align"]
        self.add_name(frame)
        return frame


def _message(error: BpvizError) -> str:
    return f"{error}\n{error.traceback}" if isinstance(error, ModelFailed) else str(error)


def _format(app: Sphinx, drawing: Drawing) -> str:
    """Return the builder's format; ``html`` is a piece of its page; empty for a builder without pictures."""
    moves = drawing.options.animate and not drawing.options.steps
    inline = drawing.options.steps or (app.config.bpviz_inline and not moves)
    if app.builder.format == "html" and inline and not lives(app, drawing):
        return "html"
    wanted = (_FORMATS[kind] for kind in app.builder.supported_image_types if kind in _FORMATS)
    return next(wanted, "")


def _picture(app: Sphinx, figure: figure_of, format: str) -> Path:
    """Return the file of a picture in the cache; draw it if it is missing."""
    drawing: Drawing = figure["drawing"]
    alt = figure["image"]["alt"]
    if format == "html":
        steps = drawing.step_list if drawing.options.steps else ()
        mark = fingerprint(drawing.film or drawing.figure, drawing.theme, steps, alt)
    else:
        mark = drawing.fingerprint(format)
    path = Path(app.doctreedir, "bpviz", f"{figure['stem']}-{mark.replace(':', '-')}.{format}")
    if not path.exists():
        data = inlined(drawing, alt=alt).encode() if format == "html" else drawing.to_bytes(format)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_file(path, data)
    return path


def draw_ahead(app: Sphinx, doctree: nodes.document) -> None:
    """Draw the pictures of a document after reading, when several documents are read in parallel."""
    for figure in list(doctree.findall(figure_of)):
        try:
            if format := _format(app, figure["drawing"]):
                _picture(app, figure, format)
        except BpvizError as error:
            logger.error("%s", _message(error), location=figure)
            figure.parent.remove(figure)


def show(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Replace the drawings by pictures in the builder's format."""
    for figure in list(doctree.findall(figure_of)):
        format = _format(app, figure["drawing"])
        common = {"ids": figure["ids"], "names": figure["names"], "classes": [*figure["classes"], "bpviz"]}
        try:
            path = _picture(app, figure, format) if format else None
        except BpvizError as error:
            # The document was read for another builder.
            logger.error("%s", _message(error), location=figure)
            figure.parent.remove(figure)
            continue
        if path is not None and format == "html":
            inner = nodes.raw("", path.read_text(encoding="utf-8"), format="html")
            figure.replace_self(nodes.container("", inner, **common))
            continue
        uri = str(path or "")
        image = nodes.image("", uri=uri, candidates={"*": uri}, **figure["image"], **common)
        image.source, image.line = figure.source, figure.line
        if path is not None:
            app.env.images.add_file(docname, uri)
        alive = path is not None and lives(app, figure["drawing"])
        figure.replace_self(framed(app, figure["drawing"], docname, figure["stem"], image) if alive else image)


def _environment() -> dict[str, str]:
    """Return the settings in the environment."""
    return {name: value for name, value in sorted(os.environ.items()) if name.startswith("BPVIZ_")}


def setup(app: Sphinx) -> ExtensionMetadata:
    """Add the directive to a project of Sphinx."""
    app.add_node(figure_of)
    app.add_directive("bpviz", BpvizDirective)
    app.add_config_value("bpviz_defaults", {}, "env", dict)
    app.add_config_value("bpviz_inline", False, "html", bool)
    # A hidden setting, not for conf.py: when the environment changes, all pages are read again.
    app.add_config_value("bpviz_environment", _environment(), "env", dict)
    app.connect("doctree-read", draw_ahead)
    app.connect("doctree-resolved", show)
    return {"version": bpviz.__version__, "parallel_read_safe": True, "parallel_write_safe": True}
