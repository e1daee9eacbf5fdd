"""The film of a training: the figure of every step, its sentence, and the curve of the loss."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import prod
from typing import Any

from bpviz import ops
from bpviz.analysis.training import Training, difference
from bpviz.errors import UsageError
from bpviz.figure import ArrowKind, Box, Curve, Figure, Film, Heat, Step, Turns, Wire
from bpviz.figures.groups import titled
from bpviz.figures.options import CircuitOptions
from bpviz.figures.styles import looks_of
from bpviz.graph.flow import Flow
from bpviz.lazy import LazyModule
from bpviz.text.element_names import arrays_of
from bpviz.text.numerals import MINUS, number
from bpviz.text.styles import Styles
from bpviz.words.numbers import elided
from bpviz.words.values import spoken

__all__ = ["film"]

np: Any = LazyModule("numpy")

_FEW = 3
"""The most inputs whose arithmetic is in the sentence of a step."""
_SHORT = 4
"""The most elements of an array in the sentence of a step."""


def film(training: Training, figures: Sequence[Figure], options: CircuitOptions, house: Styles = ()) -> Film:
    """Return the film of a training, from the figure of each step; ``house`` are the styles of a theme.

    What a style hides is in no sentence, and the output has no curve then.

    >>> import bpviz
    >>> found = bpviz.descend(lambda w=0.0: (w - 3) ** 2, rate=0.1, steps=2)
    >>> for step in film(found, [bpviz.draw(flow).figure for flow in found], CircuitOptions()).steps:
    ...     print(step.sentence)
    Start: output = 9; w = 0, ∂output/∂w = −6
    Step 1 of 2: output = 5.76; w = 0 − 0.1 × (−6) = 0.6, ∂output/∂w = −4.8
    Step 2 of 2: output = 3.686; w = 0.6 − 0.1 × (−4.8) = 1.08, ∂output/∂w = −3.84

    Raises `UsageError` for steps that do not compute the same, since one layout could not show them.
    """
    flows = training.drawn or training.flows
    for at, flow, figure in zip(training.numbers, flows, figures, strict=True):
        if reason := difference(flows[0].graph, flow.graph) or _changed(figures[0], figure):
            raise _unlike(training, at, reason)
    # What only some steps have below the figure is in their sentences.
    always = tuple(note for note in figures[0].notes if all(note in figure.notes for figure in figures))
    notes = [tuple(note for note in figure.notes if note not in always) for figure in figures]
    narrator = _Narrator(training, options, house)
    described = narrator.description()
    shown = tuple(replace(figure, notes=always, description=described) for figure in figures)
    return Film(shown, tuple(narrator.steps(notes)), narrator.curve()).with_arrows(_scaled)


def _unlike(training: Training, at: int, reason: str) -> UsageError:
    first = training.numbers[0]
    cut = training.numbers.index(at)
    shorter = f" (--descend {at - 1})" if at > 1 and not first else ""
    return UsageError(
        f"step {at} {reason}, unlike step {first}, so that one layout cannot show both; draw the steps before it, "
        f"steps[:{cut}]{shorter}, or the rest, steps[{cut}:]"
    )


def _changed(one: Figure, other: Figure) -> str:
    """Return what other than numbers at wires differs between two figures; empty if nothing does."""
    if one.frames != other.frames:
        return "has other groups"
    for old, new in zip(one.boxes, other.boxes, strict=False):
        if _bare(old) != _bare(new):
            return f"shows {new.text or new.description!r} in place of {old.text or old.description!r}"
    drawn, now = ([_outline(wire) for wire in figure.wires] for figure in (one, other))
    return "" if drawn == now and len(one.boxes) == len(other.boxes) else "has other arrows"


def _bare(box: Box) -> Box:
    return replace(box, tone="plain")


def _outline(wire: Wire) -> tuple[Any, ...]:
    """Return what stays of a wire when its numbers change."""
    arrows = (
        (arrow.label is not None, arrow.label and arrow.label.name) if arrow else None
        for arrow in (wire.forward, wire.backward)
    )
    return wire.id, wire.source, wire.target, wire.slot, wire.constant, *arrows


def _scaled(arrows: Turns, kind: ArrowKind) -> Turns:
    """Return the arrows of a wire with their heat maps on one scale, so that what shrinks becomes pale."""
    contents = [arrow.label.content if arrow and arrow.label else None for arrow in arrows]
    # In a heat map that is all zeros, 1 stands for nothing.
    heats = [one for one in contents if isinstance(one, Heat) and any(cell for row in one.cells for cell in row)]
    if not heats:
        return arrows
    top = max(heats, key=lambda heat: heat.largest)
    return [
        replace(arrow, label=replace(arrow.label, content=_rescaled(content, top)))
        if arrow and arrow.label and isinstance(content, Heat)
        else arrow
        for arrow, content in zip(arrows, contents, strict=True)
    ]


def _rescaled(heat: Heat, top: Heat) -> Heat:
    """Return a heat map on the scale of another one."""
    share = heat.largest / top.largest
    cells = tuple(tuple(None if cell is None else round(cell * share, 3) for cell in row) for row in heat.cells)
    return replace(top, text=heat.text, cells=cells, marked=heat.marked)


class _Narrator:
    """Writes about the steps of a training."""

    def __init__(self, training: Training, options: CircuitOptions, house: Styles) -> None:
        self.training, self.precision, self.say = training, options.precision, options.lang
        self.called = dict(options.names)
        graph, output = training[0].graph, training[0].output_index
        # The figures may show single numbers, which the runs do not have.
        known = {*graph.names, *graph.labels, *self.called.values()}
        names = tuple(one for one in options.names if one[0] in known)
        styles = tuple(one for one in options.styles if one[0] in known)
        looks = looks_of(graph, replace(options, names=names, styles=styles), house)
        self.output = self._name(graph.names[output])
        self.hides_output = looks.hides(output)
        in_part = {array for element, style in options.styles if style.hide for array in arrays_of(element)}
        hidden = {name for name in training.learned if looks.hides(graph.find(name))} | in_part
        self.inputs = [name for name in training.learned if name not in hidden]

    def description(self) -> str:
        """Return the description of the whole."""
        say, losses = self.say, self.training.losses
        words = {
            "name": titled(self.training[-1].graph.name, say) or say("the computation"),
            "first": self.training.numbers[0],
            "last": self.training.numbers[-1],
        }
        if self.hides_output:
            return say("Computation graph of {name} in training, step {first} to {last}.", **words)
        return say(
            "Computation graph of {name} in training, step {first} to {last}: {output} goes from {start} to {end}.",
            **words,
            output=self.output,
            start=number(losses[0], self.precision),
            end=number(losses[-1], self.precision),
        )

    def curve(self) -> Curve | None:
        """Return the curve of the output."""
        if self.hides_output:
            return None
        return Curve(self.output, self.say("step"), self.training.numbers, self.training.losses)

    def steps(self, notes: Sequence[tuple[str, ...]]) -> Iterator[Step]:
        """Yield the steps, each with its own notes at the end of its sentence."""
        before: Flow | None = None
        for at, flow, own in zip(self.training.numbers, self.training.flows, notes, strict=True):
            numbers = [] if self.hides_output else [f"{self.output} = {self._spoken(flow.output)}"]
            parts = [part for name in self.inputs for part in self._input(name, flow, before)]
            numbers += [self.say(", ").join(elided(parts, self.say))] if parts else []
            yield Step("; ".join((self._step(at, "; ".join(numbers)), *own)), numbered=True)
            # A step that was left out has no arithmetic with the next one.
            before = flow if at + 1 in self.training.numbers else None

    def _step(self, at: int, numbers: str) -> str:
        words = {"number": at, "count": self.training.planned}
        if not numbers:
            return self.say("Step {number} of {count}", **words)
        if not at:
            return self.say("Start: {numbers}", numbers=numbers)
        return self.say("Step {number} of {count}: {numbers}", numbers=numbers, **words)

    def _input(self, name: str, flow: Flow, before: Flow | None) -> Iterator[str]:
        """Yield the value of an input and its gradient: a number with its arithmetic, of an array that is not short
        only the length of the gradient.
        """
        called, value, gradient = self._name(name), flow.value(name), flow.grad(name)
        slope = f"∂{self.output}/∂{called}"
        shape = ops.shape_of(value)
        if len(shape) > 1 or prod(shape) > _SHORT:
            yield f"‖{slope}‖ = {number(float(np.linalg.norm(gradient)), self.precision)}"
            return
        rate, few = self.training.rate, len(self.training.learned) <= _FEW
        if before is not None and rate is not None and few and not shape:
            was, along = self._spoken(before.value(name)), self._spoken(before.grad(name))
            along = f"({along})" if along.startswith(MINUS) else along
            yield f"{called} = {was} − {number(rate, self.precision)} × {along} = {self._spoken(value)}"
        else:
            yield f"{called} = {self._spoken(value)}"
        yield f"{slope} = {self._spoken(gradient)}"

    def _name(self, name: str) -> str:
        return self.called.get(name, name)

    def _spoken(self, value: Any) -> str:
        return spoken(value, self.precision, self.say)
