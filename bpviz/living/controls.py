"""What readers find below a living figure: the walk through its steps, sliders, and gradient descent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any

from bpviz.analysis.training import descending
from bpviz.errors import UsageError
from bpviz.figures.options import CircuitOptions
from bpviz.frozen import dataclass
from bpviz.graph.flow import Flow
from bpviz.living.bindings import Bindings
from bpviz.living.sliders import Slider, placed
from bpviz.living.steps import StaysStillError
from bpviz.living.table import table, table_words
from bpviz.living.walk import walk
from bpviz.picture.elements import Picture
from bpviz.text.language import Language
from bpviz.text.styles import Styles

__all__ = ["Wishes", "controls"]


@dataclass(frozen=True)
class Wishes:
    """How a living page is shown: the options of its figure, the styles of its theme, and what was chosen for the page.

    A step of the walk is shown for so many ``seconds``. The page ``opens`` with the first step if that is true. These
    ``sliders`` stand below the figure, and a table with ``rows`` for these nodes.
    """

    circuit: CircuitOptions = field(default_factory=CircuitOptions)
    house: Styles = ()
    seconds: float = 1.5
    opens: bool = False
    sliders: tuple[Slider, ...] = ()
    rows: tuple[int, ...] = ()


def controls(
    flow: Flow, wishes: Wishes, shown: Sequence[tuple[Picture, Bindings]]
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the data of what stands below a figure, with its words, and the names of the scripts that read them.

    ``shown`` are its pictures, each with its numbers; ``views`` in the data has what differs between them.

    Raises `UsageError` for a slider of an input that cannot be changed.
    """
    options, say = wishes.circuit, wishes.circuit.lang
    data: dict[str, Any] = {"views": [{}] * len(shown)}
    words, scripts, found = dict(_hold_words(say)), ["hold"], shown[0][1]
    try:
        walks = [walk(flow, picture, options, wishes.house, one) for picture, one in shown]
    except StaysStillError:
        # The sentences have more than the picture: gradients that it hides, and that cannot be written.
        pass
    else:
        kept = {"seconds": wishes.seconds, **({"opens": True} if wishes.opens else {})}
        data["views"] = [{"walk": {**kept, **steps}} for steps in walks]
        words |= _walk_words(say)
        scripts.insert(0, "walk")
    if (rows := table(flow, found, wishes.rows)) is not None:
        data["table"] = rows
        words |= table_words(say)
        scripts.append("table")
    if wishes.sliders:
        places = {i: found.made.values[i] for i in found.made.inputs}
        data["sliders"] = placed(flow, places, wishes.sliders)
        scripts.append("sliders")
    if names := _learned(flow, found):
        data["learn"] = names
        words |= _learn_words(say)
        scripts.append("learn")
    return {**data, "words": words}, tuple(scripts)


def _learned(flow: Flow, found: Bindings) -> list[str]:
    """Return the names of the inputs that gradient descent changes; none where the output is nothing to descend on.

    With another seed than 1, the gradients are multiples of those of the output.
    """
    try:
        names = descending(flow)
    except UsageError:
        return []
    moving = {flow.graph.record.is_input[i] for i in found.made.inputs}
    return names if float(flow.seed) == 1.0 and moving.issuperset(names) else []


def _hold_words(say: Language) -> Mapping[str, str]:
    return {
        "hold": say("Hold"),
        "holding": say("The numbers of now stay, and others stand beside them."),
        "release": say("Let go"),
    }


def _learn_words(say: Language) -> Mapping[str, str]:
    return {
        "learn": say("Gradient descent"),
        "one": say("One step"),
        "run": say("Run"),
        "stop": say("Stop"),
        "rate": say("rate"),
        "along": say("step"),
        "never": say("The descent cannot begin, because not all numbers are finite."),
        "diverges": say("The descent ends with step {number}, which is not finite; a smaller rate may help."),
        "otherwise": say("There is no next step, because line {line} of the function decides otherwise."),
    }


def _walk_words(say: Language) -> Mapping[str, str]:
    return {
        "walk": say("Press ▶ or the arrow keys to walk through the steps."),
        "back": say("Back"),
        "next": say("Next"),
        "play": say("Play"),
        "pause": say("Pause"),
        "step": say("step"),
        "steps": say("Step {number} of {count}"),
        "speed": say("speed"),
        "guess": say("Guess first"),
        "reveal": say("Show the number"),
    }
