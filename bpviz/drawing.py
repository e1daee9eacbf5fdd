"""One call from a function, a graph or a flow to a picture in any format, or on a notebook's page."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bpviz.derive import gradient_graph
from bpviz.elements import elements as spelled_out
from bpviz.errors import BpvizError, UsageError, did_you_mean
from bpviz.figure import Figure, Sheet
from bpviz.figures.circuit import CircuitOptions, circuit
from bpviz.flow import Flow
from bpviz.graph import Graph
from bpviz.opening import open_named
from bpviz.propagate import propagate
from bpviz.recorder import NO_VALUE
from bpviz.tracing import trace

if TYPE_CHECKING:
    from bpviz.picture import Picture
    from bpviz.theme import Theme

__all__ = ["DrawOptions", "Drawing", "beside", "draw", "write_file"]

_CIRCUIT = frozenset(f.name for f in fields(CircuitOptions))
_LARGE = 3000
"""The most operations that are drawn: beyond, no reader finds anything, and the layout takes minutes."""


@dataclass(frozen=True, slots=True)
class DrawOptions:
    """How a figure is drawn: what it shows (`CircuitOptions`), in which theme and by which engine.

    ``timeout`` bounds the layout, in seconds; ``None`` means no bound.
    """

    circuit: CircuitOptions = field(default_factory=CircuitOptions)
    theme: str = "light"
    engine: str = "auto"
    timeout: float | None = 60.0


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

    @cached_property
    def figure(self) -> Figure | Sheet:
        """What it shows, as plain data."""
        return self.source if isinstance(self.source, Figure | Sheet) else circuit(self.source, self.options.circuit)

    @cached_property
    def theme(self) -> Theme:
        """The colours and measures it is drawn with."""
        from bpviz.theme import theme

        return theme(self.options.theme)

    @cached_property
    def picture(self) -> Picture:
        """Where everything stands.

        Raises `EngineMissing` without Graphviz, `LayoutTimeout` when the layout takes too long, and `UsageError`
        when there is more than can be drawn readably.
        """
        from bpviz.layout import lay_out

        operations = sum(box.kind in ("operation", "group") for box in self.figure.boxes)
        if operations > _LARGE:
            raise UsageError(
                f"the figure has {operations} operations, more than the {_LARGE} that can be drawn; "
                "close groups with --depth 1 (depth=1), draw a part of the model, or write its data as JSON"
            )
        picture = lay_out(self.figure, self.theme, engine=self.options.engine, timeout=self.options.timeout)
        return replace(picture, fingerprint=self.fingerprint)

    @property
    def fingerprint(self) -> str:
        """The mark of what it shows, which every file of it carries: told without Graphviz (`bpviz.fingerprint`)."""
        from bpviz.fingerprint import fingerprint

        return fingerprint(self.figure, self.theme)

    def is_shown_by(self, data: bytes, format: str) -> bool:
        """Whether a file of this format shows what would be drawn now."""
        if format == "json":
            return data == self.to_json().encode()
        from bpviz.fingerprint import found_in

        return found_in(data) == self.fingerprint

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader should know beyond the picture: numbers that are not finite, inputs that lead nowhere."""
        if not isinstance(self.source, Flow):
            return ()
        if self.source.graph.is_gradient:
            # A gradient need not depend on every input.
            return tuple(map(str, self.source.nonfinite))
        graph = self.source.graph
        drawn = {box.id for box in self.figure.boxes}
        unused = [name for index, name in graph.record.is_input.items() if f"n{index}" not in drawn]
        told = [f"the input {name!r} does not reach the output" for name in unused]
        return (*map(str, self.source.nonfinite), *told)

    def to_bytes(self, format: str, **options: Any) -> bytes:
        """The file of a format (``svg``, ``png``, ``pdf``, ``dot``, ``json``, …).

        Raises `UsageError` for an unknown format.
        """
        check_format(format)
        if format == "json":
            return self.to_json().encode()
        from bpviz import writers

        return writers.write(self.picture, self.theme, format, engine=self.options.engine, **options)

    def to_svg(self) -> str:
        """The picture as SVG text."""
        return self.to_bytes("svg").decode()

    def to_png(self, scale: float = 2.0) -> bytes:
        """The picture as PNG; ``scale`` 1 is 96 pixels an inch."""
        return self.to_bytes("png", scale=scale)

    def to_pdf(self) -> bytes:
        """The picture as PDF."""
        return self.to_bytes("pdf")

    def to_dot(self) -> str:
        """The picture as positioned DOT: ``dot -Kneato -n2`` draws it alike."""
        return self.to_bytes("dot").decode()

    def to_json(self) -> str:
        """The graph and its numbers; can be drawn again."""
        from bpviz.archive import dumped

        if isinstance(self.source, Figure | Sheet):
            raise UsageError("JSON holds one graph and its numbers; save a card or several figures as svg, png or pdf")
        return dumped(self.source)

    def save(self, path: str | os.PathLike[str], format: str | None = None) -> Path:
        """Write a file, in the format of its suffix unless another is named; answers the path.

        The file is replaced only when the new one is complete. Raises `UsageError` for an unknown suffix or a folder
        that does not exist.
        """
        place = Path(path)
        write_file(place, self.to_bytes(format or format_of(place)))
        return place

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        bundle = {"text/plain": repr(self)}
        try:
            bundle["image/svg+xml"] = self.to_svg()
        except BpvizError as error:
            # A notebook goes on without its picture, and says why.
            bundle["text/plain"] += f"\nnot drawn: {error}"
        return bundle

    def __repr__(self) -> str:
        boxes = sum(box.kind != "branch" for box in self.figure.boxes)
        if isinstance(self.source, Sheet):
            return f"<drawing of {len(self.source.figures)} figures: {boxes} boxes>"
        if isinstance(self.source, Figure):
            return f"<drawing of {self.source.title or 'a figure'}: {boxes} boxes>"
        graph = self.source.graph if isinstance(self.source, Flow) else self.source
        name = graph.name or "the computation"
        if isinstance(self.source, Flow):
            from bpviz.figures.content import spoken

            return f"<drawing of {name}: {self.source.output_name} = {spoken(self.source.output)}, {boxes} boxes>"
        return f"<drawing of {name}: {boxes} boxes>"


def draw(target: Callable[..., Any] | Graph | Flow | Drawing, *args: Any, **options: Any) -> Drawing:
    """The figure of a function (traced with ``args``), a graph, a flow, or a drawing with other options.

    Options: ``show`` (``both``, ``forward``, ``backward``), ``labels`` (``values``, ``symbols``: formulas, ``rules``:
    upstream × slope = gradient, ``none``), ``names`` (a dict that renames inputs and values; ``labels`` takes it too),
    ``inputs`` (other values, by name), ``output`` and ``seed`` (as in `bpviz.propagate`), ``depth``, ``open``,
    ``close`` (groups and operations), ``precision``, ``title``, ``direction`` (``LR``, ``TB``), ``theme``, ``engine``
    (``auto``, ``bundled``, ``system``) and ``timeout`` (seconds). ``shared=True`` marks what the backward pass computes
    once and uses several times.

    ``grad="x"`` draws the backward pass itself, as the graph that computes the gradient of ``x``; ``grad=("x", "x")``
    that of the second derivative, ``grad="W,b"`` that of two gradients. ``plumbing=True`` shows in it also the steps
    that only bring numbers into another shape.

    ``elements=True`` opens arrays into single numbers, ``elements="W[0,:]"`` (or several such) what has to do with
    these elements; ``beside=True`` shows the arrays as well, on one page.

    >>> import bpviz
    >>> def total(price=100, count=2, tax=1.1):
    ...     return price * count * tax
    >>> bpviz.draw(total, inputs={"tax": 1.2})
    <drawing of total: total = 240, 6 boxes>

    Raises `UsageError` for an unknown option or value, and what `bpviz.trace` and `bpviz.propagate` raise.
    """
    inputs, output, seed = options.pop("inputs", None), options.pop("output", None), options.pop("seed", None)
    chosen, with_arrays = options.pop("elements", False), options.pop("beside", False)
    orders = options.pop("grad", ())
    orders = (orders,) if isinstance(orders, str) else tuple(orders)
    if orders:
        # The gradients are what flows forward here.
        options.setdefault("show", "forward")
    if isinstance(options.get("labels"), Mapping):
        options["names"] = options.pop("labels")
    source: Flow | Graph | Figure | Sheet
    if isinstance(target, Drawing):
        made, source = draw_options(target.options, **options), target.source
        if isinstance(source, Figure | Sheet):
            return Drawing(source, made)
    else:
        made = draw_options(DrawOptions(), **options)
        source = target if isinstance(target, Graph | Flow) else trace(target, *args)
    if args and isinstance(target, Graph | Flow | Drawing):
        raise UsageError("arguments go with a function; give a graph other values with inputs={...}")
    graph = source.graph if isinstance(source, Flow) else source
    if isinstance(source, Graph):
        has_values = all(source.record.values[i] is not NO_VALUE for i in source.record.is_input)
        if has_values or inputs is not None:
            source = propagate(source, inputs, output, seed)
    elif inputs is not None or output is not None or seed is not None:
        source = propagate(graph, {**_given(source), **(inputs or {})}, output or source.output_name, seed)
    source, made = _opened(source, made)
    whole = Drawing(_derived(source, orders), made)
    if not chosen:
        return whole
    only = () if chosen is True else (chosen,) if isinstance(chosen, str) else tuple(chosen)
    single = Drawing(_derived(spelled_out(source, *only), orders), made)
    return beside(whole, single) if with_arrays else single


def beside(*drawings: Drawing, captions: Sequence[str] = ()) -> Drawing:
    """Several drawings on one page, with captions: side by side where there is room, else below each other.

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
    pairs: list[tuple[Figure, str]] = []
    for drawing, caption in zip(drawings, captions or [""] * len(drawings), strict=True):
        figure = drawing.figure
        inner = list(zip(figure.figures, figure.captions, strict=True)) if isinstance(figure, Sheet) else [(figure, "")]
        # A drawing of several keeps the captions that these have.
        pairs += [(one, own or caption) for one, own in inner]
    figures, texts = zip(*pairs, strict=True)
    return Drawing(Sheet(figures, texts), drawings[0].options)


def card(name: str, **options: Any) -> Drawing:
    """The card of an operation: one node, forward and backward in symbols, and what its rule does in a sentence.

    ``general`` is the card of any y = f(x). Options are those of `bpviz.draw` that concern the look.

    >>> import bpviz
    >>> bpviz.card("relu")
    <drawing of relu: 3 boxes>

    Raises `UsageError` for an operation that is not in the table.
    """
    from bpviz.figures.card import card as figure_of

    return Drawing(figure_of(name), draw_options(DrawOptions(), **options))


def _opened(source: Flow | Graph, made: DrawOptions) -> tuple[Flow | Graph, DrawOptions]:
    """The source with the composite operations opened that ``open`` names or ``depth`` reaches, and what is left."""
    options = made.circuit
    # What is open now is a group like any other; the names that opened nothing are groups already, or wrong.
    source, rest = open_named(source, options.open, options.depth)
    return source, replace(made, circuit=replace(options, open=rest))


def _derived(source: Flow | Graph, orders: tuple[Any, ...]) -> Flow | Graph:
    """The gradient of the source as a graph, or the gradient of that, for each of the orders."""
    for wrt in orders:
        source = propagate(gradient_graph(source, wrt.split(",") if isinstance(wrt, str) else wrt))
    return source


def _given(flow: Flow) -> dict[str, Any]:
    return {flow.graph.record.is_input[index]: value for index, value in flow.given.items()}


def draw_options(base: DrawOptions, **given: Any) -> DrawOptions:
    """The options with some of them replaced.

    Raises `UsageError` for an unknown option, or a value that it cannot have.
    """
    own = {f.name for f in fields(DrawOptions)} - {"circuit"}
    for name, value in given.items():
        if name not in own | _CIRCUIT:
            hint = did_you_mean(name, own | _CIRCUIT, f"there are: {', '.join(sorted(own | _CIRCUIT))}")
            raise UsageError(f"there is no drawing option {name!r}; {hint}")
        allowed = _CHOICES.get(name)
        if allowed and value not in allowed:
            raise UsageError(f"{name} must be one of {', '.join(allowed)}, but got {value!r}")
        if name in ("open", "close"):
            given[name] = (value,) if isinstance(value, str) else tuple(value)
        if name == "names":
            given[name] = tuple(value.items())
    if not 1 <= given.get("precision", 4) <= 17:
        raise UsageError(f"precision must be from 1 to 17 digits, but got {given['precision']!r}")
    shown = replace(base.circuit, **{k: v for k, v in given.items() if k in _CIRCUIT})
    return replace(base, circuit=shown, **{k: v for k, v in given.items() if k in own})


_CHOICES = {
    "show": ("both", "forward", "backward"),
    "labels": ("values", "symbols", "rules", "none"),
    "direction": ("LR", "TB"),
    "engine": ("auto", "bundled", "system"),
}


def check_format(format: str) -> str:
    """The format, when there is such a one.

    Raises `UsageError` with close matches otherwise.
    """
    from bpviz import writers

    known = (*writers.formats(), "json")
    if format not in known:
        hint = did_you_mean(format, known, "choose another")
        raise UsageError(f"there is no format {format!r}; {hint} (there are: {', '.join(known)})")
    return format


def format_of(path: Path) -> str:
    """The format that a file's suffix names.

    >>> format_of(Path("apples.SVG"))
    'svg'

    Raises `UsageError` for a suffix that is none.
    """
    suffix = path.suffix.lower().lstrip(".")
    if not suffix:
        raise UsageError(f"{str(path)!r} has no suffix to tell its format; write {path}.svg, or name one with --format")
    return check_format(suffix)


def check_place(path: Path) -> None:
    """Raise `UsageError` when a file cannot be written there: no such folder, or a folder itself."""
    if path.is_dir():
        raise UsageError(f"{str(path)!r} is a folder; name a file in it, for example {path / 'figure.svg'}")
    folder = path.parent
    if not folder.is_dir():
        raise UsageError(f"the folder {str(folder)!r} does not exist; make it first: mkdir -p {folder}")
    if not os.access(folder, os.W_OK):
        raise UsageError(f"the folder {str(folder)!r} cannot be written to; choose another place with -o")


def write_file(path: Path, data: bytes) -> None:
    """Write a file under a temporary name and move it into place, so that a failure never harms the old one.

    Raises `UsageError` when the folder is missing, cannot be written to, or the path is a folder.
    """
    check_place(path)
    # A link is written through, as `>` in a shell would.
    place = Path(os.path.realpath(path))
    # Two processes may write the same figure at once; "x" refuses a name that is there already.
    temporary = place.with_name(f".{place.name[:40]}.{os.getpid()}")
    try:
        with open(temporary, "xb") as file:
            file.write(data)
        if place.exists():
            os.chmod(temporary, place.stat().st_mode & 0o777)
        os.replace(temporary, place)
    except OSError as error:
        raise UsageError(
            f"{str(path)!r} cannot be written: {error.strerror or error}; choose another place with -o"
        ) from None
    finally:
        temporary.unlink(missing_ok=True)
