"""Figures in Markdown: blocks of code called ``bpviz``, for Python-Markdown's superfences and for markdown-it.

Their options are those of ``bpviz render``; the body is a model, or empty where ``target`` names one. The figure stands
in the page itself, light or dark like the page. An error stops the build with its message. Material for MkDocs and
Zensical take `formatter` and `validator` as a custom fence of ``pymdownx.superfences``, markdown-it takes `plugin`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bpviz.cli.request import OF_FILES, names, spelled, split_words
from bpviz.errors import BpvizError, ModelFailed, UsageError, did_you_mean
from bpviz.hosts.inline import inlined
from bpviz.hosts.requests import Place, drawing_of, located

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

__all__ = ["formatter", "plugin", "validator"]

_OWN = ("target", "alt", "caption", "code")
"""A block's options other than those of ``bpviz render``."""


def validator(
    language: str, inputs: Mapping[str, str | None], options: dict[str, str], attrs: dict[str, str], md: Any
) -> bool:
    """Return whether a fence of superfences is a figure: one called ``bpviz``, or ``python`` with the word ``bpviz``.

    Raises superfences' own exception, which stops the build, for an unknown option.
    """
    if language != "bpviz" and "bpviz" not in inputs:
        return False
    # In an attribute list, a word alone has no value at all.
    given = {name.replace("_", "-"): value or "" for name, value in inputs.items() if name != "bpviz"}
    try:
        _check(given)
    except UsageError as error:
        raise _stop(error) from None
    options.update(given)
    return True


def formatter(source: str, language: str, css_class: str, options: Mapping[str, str], md: Any, **kwargs: Any) -> str:
    """Return the figure of a fence of superfences as HTML. Paths are relative to the folder of the build.

    Raises superfences' own exception, which stops the build, with the message of the error.
    """
    try:
        figure = _figure(dict(options), source, Place("the block", Path.cwd()))
    except BpvizError as error:
        raise _stop(error) from None
    if "code" not in options:
        return figure
    fences = md.preprocessors["fenced_code_block"]
    code = fences.highlight(source, "python", options={}, md=md, classes=[], id_value="", attrs={})
    return f"{code}\n{figure}"


def _stop(error: BpvizError) -> Exception:
    from pymdownx.superfences import SuperFencesException

    details = f"\n{error.traceback}" if isinstance(error, ModelFailed) else ""
    stop: Exception = SuperFencesException(f"bpviz: {error}{details}")
    return stop


def plugin(md: MarkdownIt, folder: str | Path = ".") -> None:
    """Make markdown-it show figures for blocks of code called ``bpviz``; paths are relative to ``folder``.

    >>> from markdown_it import MarkdownIt
    >>> text = "```bpviz\\ndef f(x=3.0):\\n    return x * x\\n```\\n"
    >>> page = MarkdownIt().use(plugin).render(text)
    >>> page[:28], ">9<" in page
    ('<figure class="bpviz-figure ', True)

    Rendering raises bpviz's errors, such as `UsageError`, with the line of the block.
    """
    usual = md.renderer.rules["fence"]  # type: ignore[attr-defined]

    def fence(renderer: Any, tokens: Any, index: int, options: Any, env: Any) -> str:
        token = tokens[index]
        line = token.map[0] + 1 if token.map else 1
        given = _options_in(token.info)
        if given is None:
            return str(usual(tokens, index, options, env))
        with located(f"line {line}"):
            _check(given)
            figure = _figure(dict(given), token.content, Place("the page", Path(folder).resolve(), line=line + 1))
        if "code" not in given:
            return figure
        shown = token.copy(info="python")
        return str(usual([shown], 0, options, env)) + figure

    md.add_render_rule("fence", fence)


def _options_in(info: str) -> dict[str, str] | None:
    """Return the options in the first line of a block of code; ``None`` if the block is not a figure.

    >>> _options_in('bpviz theme="dark" shared'), _options_in("python bpviz"), _options_in("python")
    ({'theme': 'dark', 'shared': ''}, {}, None)
    """
    first, _, rest = info.strip().partition(" ")
    if first != "bpviz" and not (first in ("python", "py") and "bpviz" in rest.split()):
        return None
    pairs = (word.partition("=") for word in split_words(rest))
    return {name.replace("_", "-"): value for name, _, value in pairs if name != "bpviz"}


def _check(given: Mapping[str, str]) -> None:
    known = (*names(OF_FILES), *_OWN)
    for name in given:
        if name not in known:
            hint = did_you_mean(name, known, f"there are: {', '.join(sorted(known))}")
            raise UsageError(f"a block called bpviz has no option {name!r}; {hint}")


def _figure(given: dict[str, str], code: str, place: Place) -> str:
    own = {name: given.pop(name) for name in _OWN if name in given}
    target = own.get("target", "-")
    if code.strip() and target.partition(":")[0] != "-":
        raise UsageError("a figure is drawn of a file or of the code below, not of both; leave out one of them")
    model = Place(place.document, place.folder, code if code.strip() else "", place.line)
    result = drawing_of("the block", [target, *spelled(given)], model, theme="auto")
    return inlined(result.drawing, alt=own.get("alt", ""), caption=own.get("caption", ""))
