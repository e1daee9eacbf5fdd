"""How a drawing is made: of a function, a graph or a flow in one call; of an operation; of several drawings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from bpviz.analysis.training import Training, difference, training_of
from bpviz.drawing.drawing import Drawing
from bpviz.drawing.options import DrawOptions, draw_options
from bpviz.errors import UsageError
from bpviz.figure import Figure, Film, Sheet
from bpviz.graph.flow import Flow
from bpviz.graph.graph import Graph
from bpviz.graph.propagate import run
from bpviz.graph.verification import verified
from bpviz.living.sliders import checked_sliders
from bpviz.sources.targets import source_of, split_keywords
from bpviz.text.element_names import arrays_of
from bpviz.text.language import Language, language
from bpviz.transforms.opening import open_named, openable

__all__ = ["beside", "card", "draw", "language_for"]


def draw(target: Any, *args: Any, **options: Any) -> Drawing:
    """Return the drawing of a function, a graph, a flow, the flows of a training, or a drawing with other options.

    A function is traced with ``args`` and with the keywords that name its parameters; all other keywords are options.

    Options: ``show`` (``both``, ``forward``, ``backward``), ``labels`` (``values``, ``shapes``: shapes and types,
    ``symbols``: formulas, ``rules``: upstream × slope = gradient, ``none``), ``names`` (``math``: as in a book, θ₁ for
    ``theta_1``; ``code``: as they are typed; or a dict that renames inputs and values, which ``labels`` takes too),
    ``constants`` (``fold``: in the operation that uses them, ×3, +1; ``wires``; ``hide``), ``inputs`` (other values, by
    name), ``output`` and ``seed`` (as in `bpviz.propagate`), ``depth``, ``open``, ``close`` (groups and operations),
    ``repeats`` (``auto``: of more than four equal blocks in a chain the first and the last; ``all``), ``precision``,
    ``title``, ``direction``
    (``LR``, ``RL``, ``TB``, ``BT``), ``width`` (what is more than 30 % wider is set in rows: ``"720pt"``, ``"16cm"``,
    ``"6in"``, ``"column"``, ``"page"``, ``"none"``, or a number of points), ``repeat`` (``auto``: an input is
    written again where its uses lie apart; ``always``, ``never``), ``theme``, ``background`` (a colour, or ``none``:
    transparent), ``engine`` (``auto``, ``bundled``, ``system``), ``timeout`` (seconds) and ``notebook`` (what
    notebooks are given: ``svg``, ``png``, ``html``, ``live``, or ``publish`` for paper). ``animate=True``
    makes SVG move, ``steps=True`` lets the reader of HTML walk through the steps; a step lasts so many ``seconds``.
    ``live=True`` makes HTML on which the reader changes inputs, and all numbers follow; ``live={"tax": (1, 1.5)}``
    with sliders (``(1, 1.5, 0.1)``: in steps of this size; ``"W[0,1]"``: for an element). ``figure_only=True`` leaves
    out the table and the margins of HTML, for an iframe. ``scale`` is how many pixels PNG and its like have: 1 is 96 an
    inch. ``shared=True`` marks what the backward pass computes once and uses several times.

    ``styles={"h": {"color": "#0072B2", "note": "hidden", "hide": True}}`` gives values a look: a colour for what is not
    a gradient, a note above the number, no numbers (see `bpviz.style`).

    ``wrt="W1,b1"`` names what is differentiated, ``freeze="x,t"`` what is not (see `bpviz.trace`).

    ``grad="x"`` draws the backward pass itself, as the graph that computes the gradient of ``x``; ``grad=("x", "x")``
    that of the second derivative, ``grad="W,b"`` that of two gradients. ``plumbing=True`` shows in it also the steps
    that only bring numbers into another shape.

    ``elements=True`` opens arrays into single numbers, ``elements="W[0,:]"`` (or several such) what has to do with
    these elements, also in the graph of a gradient; ``beside=True`` shows the arrays as well, on one page.

    ``path="bias..loss"`` (or ``highlight="bias"``, to the output) lights the paths from one value to another, with the
    slope of every link and their products below the figure; ``only="bias..loss"`` leaves all else out.

    ``lang="ja"`` (or a file: ``lang="fr.toml"``) is the language of what bpviz itself writes; by default the one that
    ``BPVIZ_LANG`` names in the environment, or English.

    ``verify=False`` leaves out the plain run with which a function is compared (see `bpviz.trace`).

    The flows of a training, one for each step (``bpviz.descend``, or a loop of your own), are drawn in one layout, with
    the curve of the output: ``draw(flows)`` or ``draw(flows[0], steps=flows)``. SVG shows the last one, or moves with
    ``animate=True``; GIF and HTML show all.

    ``before=flow`` shows beside the numbers those of an earlier run, of this model or of another: ``100 → 200``.

    >>> import bpviz
    >>> def total(price=100, count=2, tax=1.1):
    ...     return price * count * tax
    >>> bpviz.draw(total, inputs={"tax": 1.2})
    <drawing of total: total = 240, 6 boxes>

    Raises `UsageError` for an unknown option or value, and what `bpviz.trace` and `bpviz.propagate` raise.
    """
    keywords, options = split_keywords(target, options)
    training = _training(target, options)
    if training is not None:
        return _of_training(training, target, {**keywords, **options}, args)
    numbers = {name: options.pop(name, None) for name in ("inputs", "output", "seed", "wrt", "freeze")}
    verify = options.pop("verify", True)
    if "highlight" in options:
        if "path" in options:
            raise UsageError("path and highlight are two names of one option; give one of them")
        options["path"] = options.pop("highlight")
    chosen, with_arrays = options.pop("elements", False), options.pop("beside", False)
    orders = options.pop("grad", ())
    orders = (orders,) if isinstance(orders, str) else tuple(orders)
    if orders:
        # The gradients are what flows forward here.
        options.setdefault("show", "forward")
    if isinstance(options.get("labels"), Mapping):
        options["names"] = options.pop("labels")
    source: Any
    if isinstance(target, Drawing):
        made, source = draw_options(target.options, **options), target.source
        if isinstance(source, Figure | Film | Sheet):
            spoken = made.circuit.lang
            if target.translated is not None and spoken is not target.options.circuit.lang:
                source = target.translated(spoken)
            return Drawing(source, made, translated=target.translated)
    else:
        made, source = draw_options(**options), target
    with verified(verify):
        source, made = _opened(source_of(source, args, keywords, **numbers), made)
    whole = Drawing(source, made)
    if not chosen:
        if with_arrays:
            raise UsageError("beside the arrays stand their elements; give elements=True (--elements), too")
        return _with_sliders(_derived(whole, orders))
    only = () if chosen is True else (chosen,) if isinstance(chosen, str) else tuple(chosen)
    # The gradient of single numbers, not single numbers of the gradient: its steps would be those of arrays.
    single = _derived(_single(whole, only), orders)
    return beside(_of_arrays(_derived(whole, orders)), single) if with_arrays else _with_sliders(single)


def _with_sliders(whole: Drawing) -> Drawing:
    """Return a drawing whose sliders are for inputs that it has."""
    if isinstance(whole.options.live, tuple) and isinstance(whole.source, Flow | Graph):
        checked_sliders(whole.source, whole.options.live)
    return whole


def _training(target: Any, options: dict[str, Any]) -> Training | None:
    """Return the training to draw: the target, or the flows of the option ``steps``, which then is ``True``."""
    source = target.source if isinstance(target, Drawing) else target
    steps = options.get("steps", False)
    if isinstance(steps, bool):
        if isinstance(source, Training):
            return source
        return training_of(source) if isinstance(source, list | tuple) else None
    if not isinstance(steps, list | tuple | Training):
        raise UsageError(f"steps is True, or the flows of a training, one for each step, but got {steps!r:.60}")
    if not isinstance(source, Flow | Graph):
        raise UsageError(
            f"steps are the flows of a training; give the first of them, draw(flows[0], …), not {source!r}"
        )
    options["steps"] = True
    found = training_of(steps)
    if reason := difference(source.graph if isinstance(source, Flow) else source, found[0].graph):
        raise UsageError(f"step {found.numbers[0]} {reason}, unlike what is drawn; draw its own steps: draw(flows)")
    return found


def _of_training(training: Training, target: Any, options: dict[str, Any], args: tuple[Any, ...]) -> Drawing:
    """Return the drawing of a training: every run is drawn with the options, and shown in its step."""
    if args or options.get("inputs") is not None or options.get("beside"):
        raise UsageError("a training has its own numbers and one figure; leave out arguments, inputs and beside")
    if not len(training):
        raise UsageError("the training has no steps; draw some of them, such as steps[:3]")
    base = target.options if isinstance(target, Drawing) else draw_options(steps=True)
    drawings = [draw(Drawing(flow, base), **options) for flow in training.drawn or training]
    flows = tuple(drawing.source for drawing in drawings if isinstance(drawing.source, Flow))
    made = replace(drawings[-1], source=replace(training, drawn=flows))
    if made.options.live:
        raise UsageError(
            "the steps of a training and live make two different pages; give one of them (on a living page, gradient "
            "descent has buttons)"
        )
    # Now, not when it is written: steps that differ are an error of this call.
    assert made.film is not None
    return made


def beside(*drawings: Drawing, captions: Sequence[str] = ()) -> Drawing:
    """Return several drawings on one page, with captions: side by side where there is room, else below each other.

    The looks are those of the first one.

    >>> import bpviz
    >>> one = bpviz.draw(lambda x=3.0: x * x)
    >>> beside(one, bpviz.draw(one, labels="symbols"), captions=["numbers", "formulas"])
    <drawing of 2 figures: 6 boxes>

    Raises `UsageError` when there is no drawing, or not one caption for each.
    """
    if not drawings:
        raise UsageError("there is nothing to show; give one or more drawings: bpviz.beside(bpviz.draw(f), …)")
    if captions and len(captions) != len(drawings):
        raise UsageError(f"there are {len(drawings)} drawings but {len(captions)} captions; give each its own")
    texts = captions or [""] * len(drawings)
    return Drawing(
        _page(drawings, texts),
        drawings[0].options,
        translated=lambda say: _page([draw(drawing, lang=say) for drawing in drawings], texts),
    )


def _page(drawings: Sequence[Drawing], captions: Sequence[str]) -> Sheet:
    """Return the figures of drawings on one page; a drawing that is a page itself gives its figures one by one."""
    pairs: list[tuple[Figure, str]] = []
    for drawing, caption in zip(drawings, captions, strict=True):
        figure = drawing.figure
        inner = list(zip(figure.figures, figure.captions, strict=True)) if isinstance(figure, Sheet) else [(figure, "")]
        # A drawing of several keeps the captions that these have.
        pairs += [(one, own or caption) for one, own in inner]
    figures, texts = zip(*pairs, strict=True)
    return Sheet(figures, texts)


def card(name: str, **options: Any) -> Drawing:
    """Return the card of an operation: one node, forward and backward in symbols, and what its rule does in a sentence.

    ``general`` is the card of any y = f(x). Options are those of `bpviz.draw` that concern the look.

    >>> import bpviz
    >>> bpviz.card("relu")
    <drawing of relu: 3 boxes>

    Raises `UsageError` for an operation that is not in the table.
    """
    from bpviz.figures.card import card as figure_of

    made = draw_options(**options)
    return Drawing(figure_of(name, made.circuit.lang), made, translated=lambda say: figure_of(name, say))


def language_for(target: Any, lang: str | Language | None) -> Language:
    """Return the language that is named, else that of a drawing; for anything else that of the reader.

    >>> language_for(card("relu", lang="ja"), None)
    <language ja>
    """
    return target.options.circuit.lang if lang is None and isinstance(target, Drawing) else language(lang)


def _opened(source: Flow | Graph, made: DrawOptions) -> tuple[Flow | Graph, DrawOptions]:
    """Return the source with the composite operations opened that ``open`` names or ``depth`` reaches, and the options
    that are left.
    """
    options = made.circuit
    # What is open now is a group like any other; the names that opened nothing are groups already, or wrong.
    closed = source.graph if isinstance(source, Flow) else source
    source, rest = open_named(source, options.open, options.depth)
    opened = source.graph if isinstance(source, Flow) else source
    if options.open:
        # They stay open in a figure that closes groups until it fits its page. A title that is also the name of a
        # closed operation would open that one, too, when the drawing is drawn again.
        titles = dict.fromkeys(scope.title for scope in opened.record.scopes[len(closed.record.scopes) :])
        rest = (*rest, *(title for title in titles if title.replace(" ", "_") not in openable(opened)))
    shown = replace(options, open=rest)
    if options.before is not None:
        before, _ = open_named(options.before, options.open, options.depth)
        assert isinstance(before, Flow)
        shown = replace(shown, before=before)
    return source, replace(made, circuit=shown)


def _single(whole: Drawing, only: tuple[str, ...]) -> Drawing:
    """Return a drawing of single numbers in the place of arrays, also in the run before."""
    from bpviz.transforms.elements import elements

    assert isinstance(whole.source, Flow | Graph)
    shown = whole.options
    if shown.circuit.before is not None:
        before = elements(shown.circuit.before, *only)
        assert isinstance(before, Flow)
        shown = replace(shown, circuit=replace(shown.circuit, before=before))
    return Drawing(elements(whole.source, *only), shown)


def _of_arrays(whole: Drawing) -> Drawing:
    """Return the drawing of arrays beside that of single numbers.

    It shows the paths of ``b`` for those of ``b[0]``, and leaves out the styles of single numbers.
    """
    assert isinstance(whole.source, Flow | Graph)
    graph = whole.source.graph if isinstance(whole.source, Flow) else whole.source
    circuit = whole.options.circuit
    path, only = (_path_of_arrays(graph, text) for text in (circuit.path, circuit.only))
    styles = tuple((name, style) for name, style in circuit.styles if name in graph or not arrays_of(name))
    shown = replace(circuit, path=path, only=only, styles=styles)
    return replace(whole, options=replace(whole.options, circuit=shown))


def _path_of_arrays(graph: Graph, path: str) -> str:
    ends = [end.strip() for end in path.split("..")]
    arrays = ([end] if end in graph else [name for name in arrays_of(end) if name in graph] for end in ends)
    return "..".join(found[0] if found else end for end, found in zip(ends, arrays, strict=True))


def _derived(whole: Drawing, orders: tuple[Any, ...]) -> Drawing:
    """Return the drawing of the gradient as a graph, or of the gradient of that, for each of the orders."""
    source = whole.source
    assert isinstance(source, Flow | Graph)
    if orders:
        from bpviz.transforms.gradient_graph import gradient_graph
    for wrt in orders:
        source = run(gradient_graph(source, wrt.split(",") if isinstance(wrt, str) else wrt))
    return replace(whole, source=source)
