"""The page of a living figure: one file of HTML that loads nothing, and whose policy allows its own script only."""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bpviz import ops
from bpviz.figure import Figure
from bpviz.frozen import dataclass
from bpviz.graph.flow import Flow
from bpviz.living.asking import Asking
from bpviz.living.bindings import Bindings
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

__all__ = ["Living", "living", "mark", "write"]

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
    precision: int = 4,
    say: Language = ENGLISH,
    *,
    has_numbers: bool = True,
    names: Sequence[str] | None = None,
    hides: Callable[[int], bool] = lambda _: False,
    layouts: Sequence[Layout] = (),
) -> Living:
    """Return what makes a picture of a flow follow its inputs.

    ``has_numbers`` says whether its arrows have numbers, ``names`` what it calls the nodes, and ``hides`` which of them
    hide their numbers. ``layouts`` are pictures with other groups open and closed; the first is the picture itself.

    Raises `StaysStillError` with one sentence where it cannot.
    """
    made = program(flow)
    try_out(flow, made)
    steps = made.lowering.continued()
    pictures = [(figure, picture), *((other.figure, other.picture) for other in layouts[1:])]
    bound = [_bound(Bindings(flow, made, steps, *one, precision, say, has_numbers), one[1], theme) for one in pictures]
    known = _names(flow, made, steps)
    names = flow.graph.labels if names is None else names
    asking = Asking(flow, made, steps, names, precision, say, hides, picture.notation)
    views = [{**one, **asking.of_picture(*shown)} for one, shown in zip(bound, pictures, strict=True)]
    scripts = [*(["ask"] if asking.answers else []), "view"]
    if len(layouts) > 1:
        names_of, folds = toggles(flow, layouts)
        views = [{**view, **fold} for view, fold in zip(views, folds, strict=True)]
        views[0] |= {"toggles": names_of, "layouts": views[1:]}
        scripts.append("fold")
    data = {
        "initial": [_plain(number) for number in asking.steps.initial],
        "precision": precision,
        "names": known,
        "output": flow.output_name,
        "guards": [{"slot": guard.slot, "line": guard.line, "truth": guard.truth} for guard in made.guards],
        "words": _words(say),
        "ask": {"answers": asking.answers, "edges": asking.edges()},
        **views[0],
    }
    drawings = tuple(svg.write(one, theme, inline=True, say=say).decode() for _, one in pictures[1:])
    return Living(data, (*made.statements, *steps.statements), tuple(asking.statements), scripts, drawings)


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
        "table": say("The table has the numbers as they were drawn; reset to see it."),
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
    say: Language = ENGLISH,
) -> bytes:
    """Return the page; if the figure stays still, with the sentence that says why."""
    if isinstance(made, StaysStillError):
        sentence = say("This figure does not follow its inputs: {reason}.", reason=str(made))
        return html.write(picture, theme, sections=(f"<p>{escaped(sentence)}</p>", *sections), say=say)
    plain = html.write(picture, theme, sections=sections, say=say, strict=True).decode()
    style = _style(made).replace("MARK", theme.strokes["mark"].colour)
    own = re.search(r'<figure class="bpviz-figure ([\w-]+)">', plain)
    assert own is not None
    others = "".join(f"<template>{drawing}</template>\n" for drawing in made.drawings)
    style = f"<style>{style.replace('.P', '.' + own[1])}</style>\n"
    inside = f"{style}{others}{_data(made)}<script>{_script(made)}</script>\n"
    page = plain.replace("</figure>", f"{inside}</figure>", 1)
    charset = '<meta charset="utf-8">\n'
    return page.replace(charset, charset + _policy(page), 1).encode()


def mark(made: Living | StaysStillError) -> str:
    """Return a text that differs where what a page does differs."""
    return (
        str(made)
        if isinstance(made, StaysStillError)
        else "".join((_data(made), _script(made), _style(made), *made.drawings))
    )


def _data(made: Living) -> str:
    # No `<` can end the element or open a comment in it.
    text = json.dumps(made.data, ensure_ascii=False, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")
    return f'<script type="application/json">{text}</script>\n'


def _style(made: Living) -> str:
    return "".join(script(f"{name}.css") for name in ("figure", *made.scripts))


def _script(made: Living) -> str:
    steps = f"const steps = [{_functions(made.statements)}], more = [{_functions(made.more)}];"
    # Most figures have only what JavaScript's Math has.
    functions = (script("functions.js"),) if "F." in steps else ()
    scripts = (script(f"{name}.js") for name in ("figure", *made.scripts))
    parts = *functions, script("numbers.js"), steps, *scripts
    return "(() => {\n" + "\n".join(map(_smaller, parts)) + "\n})();"


def _functions(lines: Sequence[str]) -> str:
    chunks = [lines[at : at + _CHUNK] for at in range(0, len(lines), _CHUNK)]
    return ",\n".join("v => {" + "".join(line.replace(" ", "") for line in chunk) + "}" for chunk in chunks)


def _smaller(text: str) -> str:
    """Return a script without its comments and indents."""
    lines = (line.strip() for line in text.splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("//"))


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
