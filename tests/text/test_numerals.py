"""Numbers as a book prints them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bpviz.text.numerals import MINUS, number, superscript

RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (1.0, "1"),
        (-1.5, "−1.5"),
        (1.1, "1.1"),
        (220.00000000000003, "220"),
        (110.00000000000001, "110"),
        (0.1 + 0.2, "0.3"),
        (2 / 3, "0.6667"),
        (0.99996, "1"),
        (9.9996, "10"),
        (1234.5, "1234"),  # even, as everywhere in computing
        (1234.56, "1235"),
        (999950.7, "999951"),
        (999999.4, "999999"),
        (999999.6, "1×10⁶"),
        (9999999.0, "9999999"),
        (1e7, "1×10⁷"),
        (-1.25e-5, "−1.25×10⁻⁵"),
        (0.0001, "0.0001"),
        (0.00009999996, "0.0001"),
        (0.000031, "3.1×10⁻⁵"),
        (5e-324, "4.941×10⁻³²⁴"),
        (1.7976931348623157e308, "1.798×10³⁰⁸"),
        (math.nan, "NaN"),
        (math.inf, "∞"),
        (-math.inf, "−∞"),
    ],
)
def test_numbers(value: float, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize(
    ("precision", "text"), [(1, "3"), (2, "3.1"), (3, "3.14"), (6, "3.14159"), (16, "3.141592653589793")]
)
def test_precision(precision: int, text: str) -> None:
    assert number(math.pi, precision) == text


@given(st.floats(-1e300, 1e300), st.integers(1, 12))
def test_the_text_says_the_number(value: float, precision: int) -> None:
    text = number(value, precision)
    assert "-" not in text
    assert "e" not in text
    plain = text.replace(MINUS, "-")
    if "×10" in plain:
        mantissa, exponent = plain.split("×10")
        plain = f"{mantissa}e{exponent.translate(RAISED)}"
    assert float(plain) == pytest.approx(value, rel=0.51 * 10 ** (1 - precision), abs=5e-324)


@given(st.integers(-9_999_999, 9_999_999))
def test_whole_numbers_are_never_rounded(value: int) -> None:
    assert number(float(value)).replace(MINUS, "-") == str(value)


def test_superscript() -> None:
    assert superscript("-12") == superscript("−12") == "⁻¹²"
    assert superscript("0.5") == "⁰·⁵"
