"""Every program of the corpus as it stands: its value, its gradients, its figure.

The references are the plain run, central differences of it, and autograd where it can run the program.
"""

from __future__ import annotations

import ast
import warnings
from typing import Any

import corpus
import numpy as np
import pytest

import bpviz
from bpviz.errors import BpvizError

REFUSED = {
    "functions of math": (
        "finance.black_scholes_math",
        "finance.ewma_volatility",
        "numerics.ackley",
        "numerics.trapezoid",
        "physics.damped_oscillation",
        "physics.electric_potential",
        "physics.kepler_until_close",
        "physics.lens_by_snell",
        "physics.lorentz",
        "physics.projectile_range",
        "robotics.two_link_arm",
        "robotics.vehicle_object",
    ),
    "functions of SciPy": (
        "finance.black_scholes_scipy",
        "statistics.beta_posterior",
        "statistics.logistic_by_expit",
        "statistics.mixture_by_logsumexp",
        "statistics.normal_logpdf_scipy",
    ),
    "isinstance": ("numerics.accepts_number_or_array",),
    "a number formatted by %": ("physics.report_of_a_fall",),
    "int of a whole number": ("finance.mortgage",),
    "the method dot of a plain array": ("recurrent.rnn_over_time", "statistics.logistic_c_"),
    "no row for np.insert": ("numerics.moving_average",),
    "no row for np.linalg.eigvalsh": ("physics.spring_frequencies",),
}
"""Programs that bpviz refuses today, by what is missing."""

NOT_INPUTS = {}
"""Programs with numbers in objects that are not inputs today: they have a value and gradients, but not all of them."""

AUTOGRAD_IS_WRONG = {
    # It computes `x = x * y` for `x *= y`, so what a loop variable stands for does not change.
    "optimizers.gradient_clipping",
}

RUN_BY_AUTOGRAD = 140
"""At least so many programs have autograd as a second reference."""

SVG_BOXES = 40
"""The largest figure that is laid out here."""


def programs() -> list[Any]:
    """Return the names of all programs; those that bpviz refuses are marked."""
    reasons = {name: reason for reason, names in REFUSED.items() for name in names}
    unknown = {*reasons, *NOT_INPUTS, *AUTOGRAD_IS_WRONG} - set(corpus.names())
    assert not unknown, f"no such program: {sorted(unknown)}"

    def marks(name: str) -> list[pytest.MarkDecorator]:
        if name in reasons:
            return [pytest.mark.xfail(reason=reasons[name], raises=BpvizError, strict=True)]
        return []

    return [pytest.param(name, marks=marks(name), id=name) for name in corpus.names()]


@pytest.mark.parametrize("name", programs())
def test_a_program_as_it_stands(name: str) -> None:
    function = corpus.find(name)
    program = corpus.program(function)
    plain, slopes = program.run(), corpus.differences(program)
    peer = None if name in AUTOGRAD_IS_WRONG else corpus.autograd_gradients(name)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # NumPy's, at exp of -1e10
        flow = bpviz.backprop(function)
    assert np.shape(flow.output) == np.shape(plain)
    np.testing.assert_allclose(flow.output, plain, rtol=1e-12, atol=1e-14)

    # Differences lose the digits by which the result is larger than the slope.
    noise = 1e-8 * max(1e-3, float(np.sum(np.abs(plain))))
    for number in corpus.numbers(program):
        slope = slopes[number.name]
        # What an object holds is an input only if it is used.
        unused = not number.is_argument and number.name not in flow.grads and not np.any(slope)
        gradient = slope if unused else flow.grads[number.name]
        assert np.shape(gradient) == np.shape(number.value), number.name
        near = {"rtol": 1e-7, "atol": noise + 1e-8 * float(np.max(np.abs(slope)))}
        np.testing.assert_allclose(gradient, slope, **near, err_msg=number.name)
        if peer and number.name in peer:
            exact = {"rtol": 1e-9, "atol": 1e-12 * max(1.0, float(np.max(np.abs(slope))))}
            np.testing.assert_allclose(gradient, peer[number.name], **exact, err_msg=number.name)

    figure = bpviz.draw(function).figure
    assert figure.boxes
    if len(figure.boxes) <= SVG_BOXES and len(figure.boxes) % 10 == 3:
        assert bpviz.draw(function).to_svg().rstrip().endswith("</svg>")


def test_there_are_as_many_programs_and_references_as_said() -> None:
    assert len(corpus.names()) >= 240
    assert sum(corpus.autograd_gradients(name) is not None for name in corpus.names()) >= RUN_BY_AUTOGRAD


@pytest.mark.parametrize("field", corpus.FIELDS)
def test_every_program_says_what_it_is(field: str) -> None:
    tree = ast.parse((corpus.FOLDER / f"{field}.py").read_text(encoding="utf-8"))
    undocumented = [
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
        and node.name in vars(corpus.load(field))
        and f"{field}.{node.name}" in corpus.names()
        if not ast.get_docstring(node)
    ]
    assert not undocumented
