"""Gradient descent on a figure: the runs of every step, and their drawing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, overload

from bpviz.analysis.training import Training, descended
from bpviz.drawing.draw import draw
from bpviz.drawing.drawing import Drawing
from bpviz.errors import UsageError, did_you_mean
from bpviz.graph.flow import Flow
from bpviz.graph.graph import Graph
from bpviz.graph.verification import verified
from bpviz.sources.targets import names_of, split_keywords
from bpviz.words.values import spoken

__all__ = ["Descent", "descend"]


class Descent(Training):
    """The runs of gradient descent: a sequence of flows, the start and one for each step.

    ``losses`` are the outputs, ``inputs`` the values at the end, by name; ``learned`` are the names of the inputs that
    go down the gradient, ``diverges`` says whether it ended early, at numbers that are not finite. A slice has some of
    the steps, which keep their numbers: ``found[::10]``.
    """

    def draw(self, **options: Any) -> Drawing:
        """Return the drawing: one layout for all steps, with the curve of the loss. ``options`` are those of `draw`."""
        return draw(self, **options)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return self.draw()._repr_mimebundle_() if self.flows else {"text/plain": repr(self)}

    @overload
    def __getitem__(self, at: int) -> Flow: ...
    @overload
    def __getitem__(self, at: slice) -> Descent: ...
    def __getitem__(self, at: int | slice) -> Any:
        """Return the run of a step, or the descent with some of its steps."""
        return super().__getitem__(at)

    def __repr__(self) -> str:
        if not self.flows:
            return "<descent without steps>"
        name, (start, *_, end) = self.flows[-1].output_name, (*self.losses, self.losses[-1])
        return f"<descent, steps {self.numbers[0]} to {self.numbers[-1]}: {name} from {spoken(start)} to {spoken(end)}>"


def descend(
    target: Callable[..., Any] | Graph | Flow | Drawing,
    /,
    *args: Any,
    rate: float = 0.1,
    steps: int = 10,
    inputs: Mapping[str, Any] | None = None,
    output: Any = None,
    wrt: str | Sequence[str] | None = None,
    freeze: str | Sequence[str] | None = None,
    verify: bool = True,
    **keywords: Any,
) -> Descent:
    """Return gradient descent on a function (or a graph, or a flow): in each step, w becomes w − rate · ∂loss/∂w.

    A function is run with ``args``, with the keywords that name its parameters, and with ``inputs`` by name, and traced
    anew in each step, so that its branches follow; a graph keeps its operations. All floats and arrays of floats that
    reach the output go down, or those that ``wrt`` names and ``freeze`` does not; whole numbers in arrays stay. The
    caller's arrays and objects are never changed. ``output`` names the loss, ``verify`` is that of `bpviz.trace`.

    The descent ends early at a step whose loss or gradients are not finite; that step is kept, and marked.

    >>> import bpviz
    >>> def loss(w=0.0):
    ...     return (w - 3) ** 2
    >>> found = bpviz.descend(loss, rate=0.1, steps=20)
    >>> found
    <descent, steps 0 to 20: loss from 9 to 0.001196>
    >>> round(found.inputs["w"], 4), len(found.flows), found[1].value("w"), found[1].grad("w")
    (2.9654, 21, 0.6000000000000001, -4.8)
    >>> found.draw(title="Gradient descent")
    <drawing of 21 steps of training: 4 boxes>

    Raises `UsageError` for a rate that is not above 0, an output that is not a single number, no input to descend over,
    a start that is not finite, or an unknown name, and what `bpviz.trace` raises.
    """
    source: Any = target.source if isinstance(target, Drawing) else target
    if not isinstance(source, Graph | Flow) and not callable(source):
        raise UsageError(f"descend takes a function, a graph or a flow, but got {target!r:.60}")
    filled, others = split_keywords(source, keywords)
    if others:
        word = next(iter(others))
        known = [*names_of(source), "rate", "steps", "inputs", "output", "wrt", "freeze", "verify"]
        hint = did_you_mean(word, known, "options of the figure go to its drawing, descend(…).draw(…)")
        raise UsageError(f"descend has no option {word!r}; {hint}")
    with verified(verify):
        found = descended(
            source, args, rate, steps, keywords=filled, inputs=inputs, output=output, wrt=wrt, freeze=freeze
        )
    return Descent(found.flows, found.numbers, found.planned, found.learned, found.rate)
