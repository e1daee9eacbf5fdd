"""The page of a living figure: one file of HTML that loads nothing, and whose policy allows its own script only."""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from bpviz import ops
from bpviz.figure import Figure, Step
from bpviz.frozen import dataclass
from bpviz.graph.flow import Flow
from bpviz.living.asking import Asking
from bpviz.living.bindings import Bindings
from bpviz.living.controls import Wishes, controls
from bpviz.living.expressions import script
from bpviz.living.layouts import Layout, toggles
from bpviz.living.steps import Lowering, Program, StaysStillError, program
from bpviz.living.trial import try_out
from bpviz.picture.elements import Picture
from bpviz.picture.looks import Looks
from bpviz.picture.theme import Theme
from bpviz.text.escaping import escaped
from bpviz.text.language import ENGLISH, Language
from bpviz.writers import html, svg

__all__ = ["Living", "living", "mark", "why_still", "write"]

_STYLED = ("ask", "view", "fold", "learn")
"""The scripts that bring a style sheet; those of the figure and of the rows below it are on every page."""
_CHUNK = 500
"""The most statements in one function: a browser compiles functions one by one."""


@dataclass(frozen=True, eq=False)
class Living:
    """What a page needs to follow its inputs, as plain data: the numbers, their places, and the steps.

    ``more`` are the steps of numbers that only answers to readers need. ``scripts`` are the names of those after
    ``figure.js``, ``drawings`` other layouts as SVG.
    """

    data: Mapping[str, Any]
    statements: Sequence[str]
    more: Sequence[str] = ()
    scripts: Sequence[str] = ()
    drawings: Sequence[str] = ()


def living(
    flow: Flow,
    figure: Figure,
    picture: Picture,
    theme: Theme,
    wishes: Wishes | None = None,
    layouts: Sequence[Layout] = (),
) -> Living:
    """Return what makes a picture of a flow follow its inputs; ``wishes`` say what the reader finds on its page.

    ``layouts`` are pictures with other groups open and closed; the first is the picture itself.

    Raises `StaysStillError` with one sentence where it cannot.
    """
    wishes = wishes or Wishes()
    options = wishes.circuit
    precision, say = options.precision, options.lang
    made = program(flow)
    try_out(flow, made)
    pictures = [(figure, picture), *((other.figure, other.picture) for other in layouts[1:])]
    steps = made.lowering.continued()
    bound = [Bindings(flow, made, steps, *one, precision, say, options.labels == "values") for one in pictures]
    names = _names(flow, made, steps)
    more, scripts = controls(flow, wishes, [(one[1], found) for one, found in zip(pictures, bound, strict=True)])
    # Its numbers come after all others.
    asking = Asking(flow, made, steps, options, wishes.house, picture.notation)
    views = [
        {**_bound(found, one[1], theme), **walked, **asking.of_picture(*one)}
        for found, one, walked in zip(bound, pictures, more.pop("views"), strict=True)
    ]
    first = ["ask"] * bool(asking.answers) + ["view"] + ["fold"] * (len(layouts) > 1)
    if len(layouts) > 1:
        titles, folds = toggles(flow, layouts)
        views = [{**view, **fold} for view, fold in zip(views, folds, strict=True)]
        views[0] |= {"toggles": titles, "layouts": views[1:]}
    data = {
        "initial": [_plain(number) for number in asking.steps.initial],
        "precision": precision,
        "names": names,
        "output": flow.output_name,
        "guards": [{"slot": guard.slot, "line": guard.line, "truth": guard.truth} for guard in made.guards],
        "ask": {"answers": asking.answers, "edges": asking.edges()},
        **views[0],
        **more,
        "words": {**_words(say), **more["words"]},
    }
    drawings = tuple(svg.write(one, theme, inline=True, say=say).decode() for _, one in pictures[1:])
    statements = (*made.statements, *steps.statements)
    return Living(data, statements, tuple(asking.statements), (*first, *scripts), drawings)


def _bound(found: Bindings, picture: Picture, theme: Theme) -> dict[str, Any]:
    """Return the bindings of a picture as plain data, with the colours of its heat maps."""
    shades = Looks(theme), None if theme.dark is None else Looks(theme.dark)
    for label in found.labels:
        if label["kind"] == "heat":
            look = picture.parts[label["part"]].look
            label["heat"] = [looks[look].heat for looks in shades if looks is not None]
    parts = {"labels": found.labels, "titles": found.titles, "notes": found.notes}
    return {**parts, "description": found.description}


def _words(say: Language) -> dict[str, str]:
    """Return the words of the script."""
    return {
        "reset": say("Reset"),
        "close": say("Close"),
        "in": say("Zoom in"),
        "out": say("Zoom out"),
        "fit": say("Fit"),
        "drawn": say("As drawn"),
        "open": say("group {title}, open"),
        "hint": say("Drag an underlined number, or click it and type."),
        "same": say("{shape} all {number}"),
        "wrong": say("{text} is not a number."),
        "stale": say(
            "With these inputs, line {line} of the function decides otherwise. The numbers that are struck out are "
            "those of what was recorded, not of the function."
        ),
    }


def _names(flow: Flow, made: Program, steps: Lowering) -> list[dict[str, Any]]:
    """Return the values that scripts can ask for, by name; what no gradient reaches has zeros."""
    zero = steps.constant(0.0)
    return [
        {
            "name": flow.graph.names[index],
            "shape": list(ops.shape_of(flow.values[index])),
            "value": list(slots),
            "gradient": list(made.gradients.get(index, [zero] * len(slots))),
            "input": index in made.inputs,
        }
        for index, slots in made.values.items()
    ]


def _plain(number: float) -> float | str:
    if math.isfinite(number):
        return number
    return "NaN" if number != number else "Infinity" if number > 0 else "-Infinity"


def write(
    picture: Picture,
    theme: Theme,
    made: Living | StaysStillError,
    *,
    sections: Sequence[str] = (),
    alone: bool = False,
    say: Language = ENGLISH,
    steps: Sequence[Step] = (),
) -> bytes:
    """Return the page; if the figure stays still, in these steps and with the sentence that says why.

    A figure that is ``alone`` is for a frame of another page, and tells that page how high it is.
    """
    shown: Any = {"alone": alone, "say": say}
    if isinstance(made, StaysStillError):
        return html.write(picture, theme, steps=steps, sections=(why_still(made, say), *sections), **shown)
    plain = html.write(picture, theme, sections=sections, strict=True, **shown).decode()
    style = _style(made).replace("MARK", theme.strokes["mark"].colour)
    own = re.search(r'<figure class="bpviz-figure ([\w-]+)">', plain)
    assert own is not None
    others = "".join(f"<template>{drawing}</template>\n" for drawing in made.drawings)
    style = f"<style>{style.replace('.P', '.' + own[1])}</style>\n"
    inside = f"{style}{others}{_data(made)}<script>{_script(made)}</script>\n"
    page = plain.replace("</figure>", f"{inside}</figure>", 1)
    if alone:
        page = page.replace("</body>", f"<script>{script('frame.js')}</script>\n</body>")
    charset = '<meta charset="utf-8">\n'
    return page.replace(charset, charset + _policy(page), 1).encode()


def why_still(error: StaysStillError, say: Language = ENGLISH) -> str:
    """Return a sentence below a figure that stays still, in HTML."""
    return f"<p>{escaped(say('This figure does not follow its inputs: {reason}.', reason=str(error)))}</p>"


def mark(made: Living | StaysStillError) -> str:
    """Return a text that differs where what a page does differs."""
    if isinstance(made, StaysStillError):
        return str(made)
    return "".join((_data(made), _script(made), _style(made), *made.drawings))


def _data(made: Living) -> str:
    # No `<` can end the element or open a comment in it.
    text = json.dumps(made.data, ensure_ascii=False, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")
    return f'<script type="application/json">{text}</script>\n'


def _style(made: Living) -> str:
    return "".join(script(f"{name}.css") for name in ("figure", "walk", *(n for n in made.scripts if n in _STYLED)))


def _script(made: Living) -> str:
    steps = f"const steps = [{_functions(made.statements)}], more = [{_functions(made.more)}];"
    # Most figures have only what JavaScript's Math has.
    functions = (script("functions.js"),) if "F." in steps else ()
    scripts = (script(f"{name}.js") for name in ("figure", *made.scripts))
    # Nothing may be added to what scripts of the page rely on.
    parts = *functions, script("numbers.js"), steps, *scripts, "Object.freeze(api);"
    return "(() => {\n" + "\n".join(parts) + "\n})();"


def _functions(lines: Sequence[str]) -> str:
    chunks = [lines[at : at + _CHUNK] for at in range(0, len(lines), _CHUNK)]
    return ",\n".join("v => {" + "".join(line.replace(" ", "") for line in chunk) + "}" for chunk in chunks)


def _policy(page: str) -> str:
    """Return the policy of a page: nothing is loaded, and only what is written here is a style or a script."""
    styles = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    rules = {
        "default-src": "'none'",
        "style-src": " ".join(map(_hash, dict.fromkeys(styles))),
        "script-src": " ".join(map(_hash, dict.fromkeys(scripts))),
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    text = "; ".join(f"{key} {value}" for key, value in rules.items())
    return f'<meta http-equiv="Content-Security-Policy" content="{text}">\n'


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
