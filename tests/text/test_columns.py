"""Numbers of one array: the same decimals, one power of ten, and true."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bpviz.text.columns import of_one_kind, unpadded

CASES = {
    (1.0, 2.0, 30.0): (("1", "2", "30"), ""),
    (0.3, 2.9, 4.0): (("0.3", "2.9", "4.0"), ""),
    (-0.26341, 0.01821): (("−0.2634", "0.0182"), ""),
    (123.456, 0.5): (("123.46", "0.50"), ""),
    (0.00002, -0.0000345): (("2.00", "−3.45"), "×10⁻⁵"),
    (1.5e8, 2e6): (("1.50", "0.02"), "×10⁸"),
    (123456.7, 300.6): (("123457", "301"), ""),
    (0.0, 0.0): (("0", "0"), ""),
    (float("nan"), 0.25): (("NaN", "0.25"), ""),
    (float("inf"), -0.5): (("∞", "−0.5"), ""),
}


def test_numbers_with_more_digits_than_the_precision_keep_their_whole_part() -> None:
    assert of_one_kind((12345.6, 22345.6), 3) == (("12346", "22346"), "")


@pytest.mark.parametrize("values", CASES)
def test_by_hand(values: tuple[float, ...]) -> None:
    assert of_one_kind(values) == CASES[values]


RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻−", "0123456789--")


def read(text: str) -> tuple[Decimal, Decimal]:
    """Return a printed number, and half a unit of its last digit."""
    found = re.fullmatch(r"(-?\d+)(?:\.(\d+))?(?:×10(-?\d+))?", text.translate(RAISED))
    assert found, text
    exponent = int(found[3] or 0)
    unit = Decimal(10) ** (exponent - len(found[2] or ""))
    return Decimal(f"{found[1]}.{found[2] or 0}").scaleb(exponent), unit / 2


@given(st.lists(st.floats(-1e12, 1e12, allow_subnormal=False), min_size=1, max_size=6))
def test_every_number_is_true_and_of_one_kind(values: list[float]) -> None:
    texts, factor = of_one_kind(values)
    for value, text in zip(values, texts, strict=True):
        shown, half = read(text + factor if not (factor and text == "0") else text)
        assert abs(shown - Decimal(value)) <= half * Decimal("1.001") + abs(Decimal(value)) * Decimal("1e-12")
        assert (shown == 0) == (value == 0) or abs(value) * 1e7 < max(map(abs, values))
    if not any("×" in text for text in texts):
        pointed = {len(text.partition(".")[2]) for text in texts if text != "0"}
        sizes = [abs(value) for value in values if value]
        assert len(pointed) <= 1 or min(sizes) * 1e6 < max(sizes) or max(sizes) > 1000


def test_padding_is_left_out_in_a_line() -> None:
    assert [unpadded(text) for text in ("1.500", "20", "0.000", "1.0 → 2.5", "1.50×10⁻⁵")] == [
        *("1.5", "20", "0"),
        *("1 → 2.5", "1.50×10⁻⁵"),
    ]
