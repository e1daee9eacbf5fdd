"""Themes: complete, legible, and distinct without colour."""

from __future__ import annotations

from typing import get_args

import pytest

from bpviz.errors import UsageError
from bpviz.figure import Tone
from bpviz.theme import THEMES, LineRole, TextRole, Theme, looks, theme


def luminance(colour: str) -> float:
    """The relative luminance of the WCAG 2 definition."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("look", THEMES.values(), ids=THEMES)
def test_every_role_has_a_style_and_text_is_legible(look: Theme) -> None:
    assert set(look.strokes) == set(get_args(LineRole))
    assert set(look.inks) == set(look.sizes) == set(get_args(TextRole))
    for role, ink in look.inks.items():
        assert contrast(ink, look.background) >= 4.5, role


@pytest.mark.parametrize("tone", get_args(Tone))
@pytest.mark.parametrize("base", THEMES.values(), ids=THEMES)
def test_text_is_legible_in_every_tone(base: Theme, tone: Tone) -> None:
    for role, ink in looks(base)[tone].inks.items():
        assert contrast(ink, base.background) >= 4.5, role


@pytest.mark.parametrize("base", THEMES.values(), ids=THEMES)
def test_tones_differ_without_colour(base: Theme) -> None:
    plain, pale, strong, shared = (looks(base)[tone] for tone in get_args(Tone))
    assert plain is base
    for role in ("forward", "backward", "node"):
        assert contrast(pale.strokes[role].colour, base.background) < 2.2
        assert strong.strokes[role].width >= 1.5 * base.strokes[role].width
    assert shared.strokes["backward"].width >= 1.5 * base.strokes["backward"].width


@pytest.mark.parametrize("look", THEMES.values(), ids=THEMES)
def test_the_two_arrows_differ_without_colour(look: Theme) -> None:
    forward, backward = look.strokes["forward"], look.strokes["backward"]
    assert backward.width >= 1.5 * forward.width


def test_print_uses_no_colour() -> None:
    look = theme("print")
    assert look.pale[1:3] == look.pale[3:5] == look.pale[5:7]
    for colour in (*look.inks.values(), *(stroke.colour for stroke in look.strokes.values()), *look.heat):
        assert colour[1:3] == colour[3:5] == colour[5:7]
    levels = [luminance(colour) for colour in look.heat]
    assert levels == sorted(levels, reverse=True)


def test_colours_agreed_on() -> None:
    assert (theme("light").strokes["forward"].colour, theme("light").strokes["backward"].colour) == (
        "#1A1A1A",
        "#B84A00",
    )
    assert (theme("dark").background, theme("dark").strokes["forward"].colour) == ("#1E1E1E", "#56B4E9")


def test_an_unknown_theme_is_refused_with_what_comes_close() -> None:
    with pytest.raises(UsageError) as caught:
        theme("drak")
    assert str(caught.value) == ("there is no theme 'drak'; did you mean 'dark'? (there are: light, dark, book, print)")
