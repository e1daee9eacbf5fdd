"""Every program of the corpus as it stands: its value, its gradients, its figure.

The references are the plain run, central differences of it, and autograd where it can run the program.
"""

from __future__ import annotations

import inspect
from typing import Any

import corpus_programs as corpus
import pytest
from amounts import some
from at_once import at_once

import bpviz
from bpviz.errors import BpvizError

REFUSED: dict[str, tuple[str, ...]] = {}
"""Programs that bpviz refuses today, by what is missing."""

RUN_BY_AUTOGRAD = 150
"""At least so many programs have autograd as a second reference."""

SVG_BOXES = 60
"""The largest figure that is laid out here; of the smaller ones a tenth is, by the last digit of their size."""


def programs() -> list[Any]:
    """Return the names of all programs; those that bpviz refuses are marked."""
    reasons = {name: reason for reason, names in REFUSED.items() for name in names}
    unknown = reasons.keys() - set(corpus.names())
    assert not unknown, f"no such program: {sorted(unknown)}"

    def marks(name: str) -> list[pytest.MarkDecorator]:
        if name in reasons:
            return [pytest.mark.xfail(reason=reasons[name], raises=BpvizError, strict=True)]
        return []

    return [pytest.param(name, marks=marks(name), id=name) for name in corpus.names()]


@pytest.mark.parametrize("name", some(programs()))
def test_a_program_as_it_stands(name: str) -> None:
    assert not corpus.faults(name)

    function = corpus.find(name)
    figure = bpviz.draw(function).figure
    assert figure.boxes
    if len(figure.boxes) <= SVG_BOXES and len(figure.boxes) % 10 == 3:
        assert bpviz.draw(function).to_svg().rstrip().endswith("</svg>")


@pytest.mark.thorough
def test_there_are_as_many_programs_and_references_as_said() -> None:
    assert len(corpus.names()) >= 240
    assert sum(corpus.autograd_gradients(name) is not None for name in corpus.names()) >= RUN_BY_AUTOGRAD


@at_once(corpus.names())
def test_every_program_says_what_it_is(name: str) -> None:
    function = corpus.find(name)
    assert function.__doc__ if inspect.isroutine(function) else type(function).__call__.__doc__, name
