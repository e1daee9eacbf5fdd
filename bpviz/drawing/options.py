"""The table of options: names, values and help, for Python, the command line and documents.

An option is one row of `OPTIONS`. `bpviz.draw`, the commands, the settings in the environment and in pyproject.toml,
the directives and blocks of documents, and the reference all read it. An option that a drawing keeps is also a field
of `DrawOptions` or `CircuitOptions`, with its default.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field, fields, replace
from typing import Any, get_args

from bpviz.drawing.option import Option, Range
from bpviz.errors import UsageError, did_you_mean
from bpviz.figure import Direction, NotationKind, Repeat
from bpviz.figures.options import CircuitOptions, Constants, Labels, Parameters, Repeats, Show
from bpviz.frozen import dataclass
from bpviz.layout.engine_names import ENGINES
from bpviz.living.sliders import Slider, sliders_of
from bpviz.text.colours import checked_background
from bpviz.text.language import language
from bpviz.text.lengths import points
from bpviz.text.styles import named_styles
from bpviz.writers.formats import TABLE, Format, formats

__all__ = ["OPTIONS", "DrawOptions", "checked", "draw_options"]


@dataclass(frozen=True, slots=True)
class DrawOptions:
    """How a figure is drawn: what it shows (`CircuitOptions`), in which theme and by which engine.

    ``background`` replaces that of the theme: a colour, or ``none`` for a transparent page. ``timeout`` limits the
    drawing, in seconds; ``None`` means no limit. ``animate`` makes SVG move, ``steps`` lets HTML be walked step by
    step; in what moves, a step lasts ``seconds``. With ``live``, the numbers of HTML follow its inputs; it may have
    sliders. With ``figure_only``, HTML has neither a table nor margins. ``scale`` is the size of formats with pixels:
    1 is 96 pixels an inch; ``None`` is the writer's default. ``notebook`` is the format for notebooks; empty means that
    of ``BPVIZ_NOTEBOOK``, else ``svg``.
    """

    circuit: CircuitOptions = field(default_factory=CircuitOptions)
    theme: str = "light"
    background: str | None = None
    engine: str = "auto"
    timeout: float | None = 60.0
    animate: bool = False
    steps: bool = False
    live: bool | tuple[Slider, ...] = False
    figure_only: bool = False
    seconds: float = 1.5
    scale: float | None = None
    notebook: str = ""


_CIRCUIT = {f.name: f.default for f in fields(CircuitOptions)}
_DRAWING = {f.name: f.default for f in fields(DrawOptions) if f.name != "circuit"}


def _kept(name: str, flags: str = "", help: str = "", **more: Any) -> Option:
    """Return the row of an option that a drawing keeps, with the default of its field."""
    return Option(name, flags, help, **{"default": {**_CIRCUIT, **_DRAWING}[name], **more})


def _several(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _pairs(value: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(value.items())


def _titles(which: Callable[[Format], bool]) -> str:
    return ", ".join(TABLE[name].title for name in formats(which))


_ROWS = (
    Option(
        "outputs",
        "-o --output",
        "Where to write; repeat it for several files; - is stdout, step-%02d.svg a file for every step. "
        "[default: NAME.svg here]",
        (),
        metavar="FILE",
        taken_by="command",
        builders=True,
        about="output",
    ),
    Option(
        "format",
        "-f --format",
        "svg, png, pdf, tex, html, gif, …; wins over the suffix.",
        metavar="FORMAT",
        setting=True,
        taken_by="command",
        builders=True,
        about="output",
    ),
    Option(
        "assignments",
        "--set",
        "Another value for an input: --set tax=1.2, --set 'W=[[1, 2]]'.",
        (),
        python="inputs",
        metavar="NAME=VALUE",
        taken_by="command",
        about="computed",
    ),
    Option(
        "changes",
        "--what-if",
        "Old and new numbers, as if this input had another value: --what-if tax=1.2.",
        (),
        metavar="NAME=VALUE",
        taken_by="command",
        about="computed",
    ),
    Option(
        "descend",
        "--descend",
        "Gradient descent by so many steps, all in one layout: --descend 20 -o fig.gif.",
        None,
        range=Range(1, 1000, "is how many steps are taken, from 1 to 1000", whole=True, none=True),
        metavar="STEPS",
        taken_by="command",
        about="computed",
    ),
    Option(
        "rate",
        "--rate",
        "With --descend: how much of the gradient is subtracted. [default: 0.1]",
        None,
        range=Range(0, None, "is the share of the gradient that is subtracted, such as 0.1", open=True, none=True),
        metavar="RATE",
        taken_by="command",
        about="computed",
    ),
    _kept("show", "--show", "Which arrows are drawn.", choices=get_args(Show), setting=True),
    _kept("labels", "--labels", "What is written at the arrows.", choices=get_args(Labels), setting=True),
    _kept(
        "depth",
        "--depth",
        "Close groups that lie deeper (0: all). [default: as many as fit a page]",
        range=Range(0, None, "is how deep groups are open, from 0 (none) on", whole=True, none=True),
        setting=True,
    ),
    _kept(
        "open",
        "--open",
        "Show the inside of this group, at any --depth; all: of every group.",
        metavar="GROUP",
        convert=_several,
    ),
    _kept("close", "--close", "Show this group as one box.", metavar="GROUP", convert=_several),
    _kept(
        "repeats",
        "--repeats",
        "Of more than four equal blocks in a chain, show the first and the last, or all.",
        choices=get_args(Repeats),
        setting=True,
    ),
    Option(
        "of",
        "--of",
        "The value whose gradient is taken. [default: what the function returns]",
        python="output",
        metavar="NAME",
        taken_by="command",
        about="computed",
    ),
    Option(
        "wrt",
        "--wrt",
        "What is differentiated: parameters, attributes, globals: --wrt W1,b1. [default: all inputs]",
        metavar="NAMES",
        listed=True,
        setting=True,
        about="computed",
    ),
    Option(
        "freeze",
        "--freeze",
        "What is not: --freeze x,t. It is shown as a constant.",
        metavar="NAMES",
        listed=True,
        setting=True,
        about="computed",
    ),
    Option(
        "seed",
        help="The gradient with which the backward pass begins, a number or an array. [default: 1]",
        about="computed",
    ),
    _kept(
        "path",
        "--highlight --path",
        "Light the paths from a value to the output, or to another: --highlight bias, --path bias..loss.",
        metavar="A[..B]",
    ),
    _kept("only", "--only", "Show these paths alone, and what feeds them.", metavar="A..B"),
    Option(
        "elements",
        "--elements",
        "Open arrays into single numbers: all, or what has to do with some: --elements 'W[0,:]'.",
        (),
        alone="",
        metavar="[ELEMENTS]",
    ),
    Option("beside", "--beside", "With --elements: show the arrays on the same page.", False),
    Option(
        "grad",
        "--grad",
        "Draw the graph that computes the gradient of this input (W,b: of both); again for the second derivative.",
        (),
        metavar="NAME",
        about="computed",
    ),
    _kept("plumbing", "--plumbing", "With --grad: show also what only brings numbers into another shape."),
    _kept("shared", "--shared", "Mark what the backward pass computes once and uses again.", setting=True),
    _kept("names", help="A dict that renames inputs and values in the figure.", convert=_pairs, about="looks"),
    _kept(
        "notation",
        "--names",
        "Names as in a book (θ₁ for theta_1), or as they are typed in code.",
        choices=get_args(NotationKind),
        setting=True,
        python="names",
        about="looks",
    ),
    _kept(
        "constants",
        "--constants",
        "Write constants into the operation that uses them (×3, +1), give them wires, or hide them.",
        choices=get_args(Constants),
        setting=True,
    ),
    _kept(
        "parameters",
        "--parameters",
        "The weights of modules of PyTorch and its like: a wire for each, or hide them.",
        choices=get_args(Parameters),
        setting=True,
    ),
    _kept(
        "styles",
        "--style",
        "The look of a value: --style h:color=#0072B2, --style 'h:note=hidden state', --style h:hide (its numbers).",
        metavar="NAME:LOOK",
        convert=named_styles,
        about="looks",
    ),
    _kept(
        "before",
        help="An earlier run (a Flow), whose numbers are shown beside those of this one: 100 → 200.",
        about="computed",
    ),
    _kept(
        "direction",
        "--direction",
        "Left to right, right to left, top to bottom, or bottom to top.",
        choices=get_args(Direction),
        any_case=True,
        setting=True,
        about="looks",
    ),
    _kept(
        "width",
        "--width",
        "Set what is wider in rows, like text: 720pt, 16cm, 6in, column (84 mm), page (165 mm), or none for one line.",
        default="720pt",
        metavar="WIDTH",
        setting=True,
        convert=points,
        about="looks",
    ),
    _kept(
        "repeat",
        "--repeat",
        "Write an input again where it is used: where its uses lie apart, at every use, or never.",
        choices=get_args(Repeat),
        setting=True,
        about="looks",
    ),
    _kept(
        "theme",
        "--theme",
        "light, dark, auto (the reader's), book, print, cs231n, or a file of your own: my.toml.",
        metavar="NAME",
        setting=True,
        about="looks",
    ),
    _kept(
        "background",
        "--background",
        "Another background: a colour such as #F5F5F5, or none for a transparent page. [default: the theme's]",
        metavar="COLOUR",
        setting=True,
        convert=checked_background,
        about="looks",
    ),
    _kept(
        "precision",
        "--precision",
        "Significant digits.",
        range=Range(1, 17, "must be from 1 to 17 digits", whole=True),
        setting=True,
        about="looks",
    ),
    _kept(
        "lang",
        "--lang",
        "The language of bpviz's own words: en, ja, or a file of your own: fr.toml. [default: en]",
        default=None,
        metavar="NAME",
        setting=True,
        convert=language,
        about="looks",
    ),
    _kept("title", "--title", "A line above the figure.", metavar="TEXT", setting=True, about="looks"),
    _kept(
        "engine",
        "--engine",
        "What lays it out: bpviz itself (auto), or a Graphviz.",
        choices=ENGINES,
        setting=True,
        about="looks",
    ),
    _kept(
        "timeout",
        "--timeout",
        "How long a drawing may take, from its figure to its file.",
        range=Range(0, None, "is how many seconds the drawing may take, such as 60", open=True, none=True),
        metavar="SECONDS",
        setting=True,
        about="looks",
    ),
    _kept(
        "animate",
        "--animate",
        "SVG that moves by itself: forward, then backward; or step by step of --descend.",
        about="output",
    ),
    _kept("steps", "--steps", "HTML in which the reader walks through the steps.", about="output"),
    _kept(
        "live",
        "--live",
        "HTML in which the reader changes inputs, and all numbers follow; with a slider: --live tax=1..1.5.",
        default=(),
        alone="",
        like="..",
        metavar="[NAME=LOW..HIGH]",
        convert=sliders_of,
        about="output",
    ),
    _kept(
        "figure_only",
        "--figure-only",
        "HTML with the figure alone, without a table and margins: for an iframe.",
        about="output",
    ),
    _kept(
        "seconds",
        "--seconds-per-step",
        f"How long a step is shown in what moves: --animate, {_titles(lambda row: row.steps == 'always')}.",
        range=Range(0, 1000, "must be more than 0 and less than 1000, such as 1.5", open=True),
        metavar="SECONDS",
        setting=True,
        about="output",
    ),
    _kept(
        "scale",
        "--scale",
        f"Pixels of {_titles(lambda row: row.pixels)}: 1 is 96 an inch, 3.125 is 300. [default: 2, or less for "
        "what moves and is wide, and what would have too many pixels]",
        range=Range(0, 1000, "must be more than 0 and less than 1000, such as 2", open=True, none=True),
        metavar="FACTOR",
        setting=True,
        builders=True,
        about="output",
    ),
    _kept(
        "notebook",
        help="What notebooks are given; live follows its inputs, publish survives on paper. [default: svg and png]",
        choices=(*formats(lambda row: "page" in row.notebook), "live", "publish"),
        about="output",
    ),
    Option(
        "verify",
        "--verify/--no-verify",
        "Compare what is recorded with a plain run of the function.",
        True,
        setting=True,
        taken_by="command",
        about="computed",
    ),
    Option(
        "model_timeout",
        "--model-timeout",
        "How long the model may run.",
        range=Range(0, None, "is how many seconds the model may run, such as 10", open=True, none=True),
        metavar="SECONDS",
        setting=True,
        taken_by="command",
        about="computed",
    ),
    Option(
        "as_json",
        "--json",
        "Print JSON on stdout, in place of text.",
        False,
        taken_by="terminal",
        about="output",
    ),
    Option(
        "check",
        "--check",
        "Write nothing; exit 1 if a file is not what would be written.",
        False,
        taken_by="terminal",
        about="output",
    ),
    Option(
        "force",
        "--force",
        "Write even over a Python file, or over the file that is drawn.",
        False,
        taken_by="terminal",
        about="output",
    ),
    Option(
        "view",
        "--view",
        "Open the result; with --watch, a page that follows it.",
        False,
        taken_by="terminal",
        about="output",
    ),
    Option(
        "verbose",
        "-v --verbose",
        "Say how long each stage takes, and what laid the figure out.",
        False,
        taken_by="terminal",
        about="output",
    ),
    Option(
        "watch",
        "--watch",
        "Draw again whenever the model is saved, until Ctrl-C.",
        False,
        taken_by="terminal",
        about="output",
    ),
)
OPTIONS: dict[str, Option] = {row.name: row for row in _ROWS}
"""Every option of `bpviz.draw` and of ``bpviz render`` by its name, in the order of the help."""


def checked(name: str, value: Any, called: str = "") -> Any:
    """Return the checked and converted value of an option; ``called`` is its name in messages.

    >>> checked("open", "layer"), checked("precision", 3)
    (('layer',), 3)

    Raises `UsageError` for a wrong value.
    """
    row = OPTIONS[name]
    if row.any_case and isinstance(value, str) and value.upper() in row.choices:
        value = value.upper()
    if row.choices and value not in row.choices:
        got = "is" if called else "got"
        raise UsageError(f"{called or row.python or name} must be one of {', '.join(row.choices)}, but {got} {value!r}")
    if row.range and not row.range.holds(value):
        raise UsageError(f"{name} {row.range.must}, but got {value!r}")
    return value if row.convert is None else row.convert(value)


def draw_options(base: DrawOptions | None = None, /, **given: Any) -> DrawOptions:
    """Return options with some of them replaced; without ``base``, those of a new drawing, in the reader's language.

    Raises `UsageError` for an unknown option, or a wrong value.
    """
    if base is None:
        base, given = DrawOptions(), {"lang": None, **given}
    elif given.get("lang") is None:
        # An existing drawing keeps its language, unless another is named.
        given.pop("lang", None)
    if isinstance(given.get("names"), str):
        given = {"notation": given["names"], **{name: value for name, value in given.items() if name != "names"}}
    known = {**_CIRCUIT, **_DRAWING}
    for name in given:
        if name not in known:
            # Also those that `bpviz.draw` has taken out before.
            every = {row.python or row.name for row in OPTIONS.values() if row.taken_by == "draw" or row.python}
            every |= {"highlight", "verify"}
            hint = did_you_mean(name, every, f"there are: {', '.join(sorted(every))}")
            raise UsageError(f"there is no drawing option {name!r}; {hint}")
    values = {name: checked(name, value) for name, value in given.items()}
    shown = replace(base.circuit, **{name: value for name, value in values.items() if name in _CIRCUIT})
    return replace(base, circuit=shown, **{name: value for name, value in values.items() if name in _DRAWING})
