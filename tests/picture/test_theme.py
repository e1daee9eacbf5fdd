"""Themes: complete, legible, and distinct without colour."""

from __future__ import annotations

import math
from pathlib import Path
from typing import get_args

import pytest

from bpviz.errors import BpvizWarning, UsageError
from bpviz.figure import Tone
from bpviz.picture.looks import looks
from bpviz.picture.theme import LineRole, Stroke, TextRole, Theme, names, theme

LOOKS = [theme(name) for name in names()]


def luminance(colour: str) -> float:
    """The relative luminance of the WCAG 2 definition."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("look", LOOKS, ids=names())
def test_every_role_has_a_style_and_text_is_legible(look: Theme) -> None:
    assert set(look.strokes) == set(get_args(LineRole))
    assert set(look.inks) == set(look.sizes) == set(get_args(TextRole))
    for role, ink in look.inks.items():
        assert contrast(ink, look.background) >= 4.5, role


@pytest.mark.parametrize("tone", get_args(Tone))
@pytest.mark.parametrize("base", LOOKS, ids=names())
def test_text_is_legible_in_every_tone(base: Theme, tone: Tone) -> None:
    for role, ink in looks(base)[tone].inks.items():
        assert contrast(ink, base.background) >= 4.5, role


@pytest.mark.parametrize("base", LOOKS, ids=names())
def test_tones_differ_without_colour(base: Theme) -> None:
    plain, pale, strong, shared = (looks(base)[tone] for tone in get_args(Tone))
    assert plain is base
    for role in ("forward", "backward", "node"):
        assert contrast(pale.strokes[role].colour, base.background) < 2.2
        assert strong.strokes[role].width >= 1.5 * base.strokes[role].width
    assert shared.strokes["backward"].width >= 1.5 * base.strokes["backward"].width


@pytest.mark.parametrize("base", LOOKS, ids=names())
def test_steps_of_the_backward_pass_look_like_gradients_with_and_without_colour(base: Theme) -> None:
    steps = looks(base, "backward")
    assert steps["plain"].strokes["forward"] == base.strokes["backward"]
    assert steps["plain"].strokes["node"].width >= 1.5 * base.strokes["node"].width
    assert steps["shared"].strokes["forward"] == base.shared
    assert looks(base)["shared"].strokes["forward"] == base.strokes["forward"]
    for look in steps.values():
        for role, ink in look.inks.items():
            assert contrast(ink, base.background) >= 4.5, role


@pytest.mark.parametrize("look", LOOKS, ids=names())
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


def test_an_unknown_theme_is_refused_with_a_close_match() -> None:
    with pytest.raises(UsageError) as caught:
        theme("drak")
    assert str(caught.value) == (
        "there is no theme 'drak'; did you mean 'dark'? (there are: auto, book, cs231n, dark, light, print)"
    )
    with pytest.raises(UsageError) as caught:
        theme("../dark")
    assert str(caught.value).startswith("there is no theme '../dark'; did you mean 'dark'?")
    with pytest.raises(UsageError) as caught:
        theme("mine.toml")
    assert str(caught.value) == (
        "there is no file 'mine.toml' with a theme; choose one of auto, book, cs231n, dark, light, print"
    )


# What three kinds of colour-blind readers see, in linear RGB: Machado, Oliveira and Fernandes, 2009, severity 1.
BLINDNESS = {
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.01182, 0.04294, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.3039)),
}


def seen(colour: str, kind: str) -> tuple[float, float, float]:
    """The CIE Lab coordinates of a colour as such a reader sees it."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    red, green, blue = (
        min(max(sum(m * c for m, c in zip(row, linear, strict=True)), 0.0), 1.0) for row in BLINDNESS[kind]
    )
    x = (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.9505
    y = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    z = (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.089
    fx, fy, fz = (t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116 for t in (x, y, z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


@pytest.mark.parametrize("kind", BLINDNESS)
@pytest.mark.parametrize("look", [look for look in LOOKS if look.name != "print"], ids=lambda look: look.name)
def test_colour_blind_readers_can_distinguish_the_two_passes(look: Theme, kind: str) -> None:
    # The print theme has one ink only; there it is dash and weight alone.
    one, other = (seen(look.inks[role], kind) for role in ("forward", "backward"))
    assert math.dist(one, other) >= 20


def test_a_theme_of_the_user_s_own(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(
        'base = "dark"\nbackward = "#ff8a80"\ndark = "night.toml"\n[lines]\nbackward = { dash = [3, 2] }\n'
        "[sizes]\nsymbol = 16\n[measures]\ngap = 6\n",
        encoding="utf-8",
    )
    (tmp_path / "night.toml").write_text('base = "dark"\nbackground = "#000000"\n', encoding="utf-8")
    mine = theme(str(file))
    assert (mine.name, mine.background, mine.strokes["forward"]) == ("mine", "#1E1E1E", Stroke("#56B4E9", 1.0))
    assert mine.strokes["backward"] == Stroke("#FF8A80", 2.0, (3.0, 2.0))
    assert (mine.sizes["symbol"], mine.sizes["name"], mine.gap) == (16.0, 14.0, 6.0)
    assert mine.dark is not None
    assert mine.dark.background == "#000000"
    assert mine.inks["backward"] == "#FF8A80"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("backwards = '#000000'", "has an unknown key 'backwards'; did you mean 'backward'?"),
        ("backward = 'red'", "has backward = 'red'; a colour is written as '#RRGGBB', such as '#B84A00'"),
        ("heat = ['#000000']", "has heat = ['#000000']; three colours are expected: of −1, 0 and 1"),
        ("[lines]\nbakward = {}", "has an unknown key 'lines.bakward'; did you mean 'backward'?"),
        ("[lines]\nbackward = 3", "has lines.backward = 3; a table is expected: [lines.backward]"),
        ("[sizes]\nname = 0", "has sizes.name = 0; a length in points is expected, such as 14"),
        ("base = 3", "names another theme as 3; write its name in quotes, such as 'light'"),
        ("backward = ", "is not valid TOML: Invalid value (at end of document)"),
    ],
)
def test_a_wrong_theme_file_is_refused(tmp_path: Path, text: str, complaint: str) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        theme(str(file))
    assert str(caught.value) == f"the theme {str(file)!r} {complaint}"


@pytest.mark.parametrize("key", ["base", "dark"])
def test_a_theme_follows_the_files_that_it_names(tmp_path: Path, key: str) -> None:
    (tmp_path / "mine.toml").write_text(f'{key} = "other.toml"\n', encoding="utf-8")
    (tmp_path / "other.toml").write_text('base = "below.toml"\n', encoding="utf-8")
    for colour in ("#000000", "#101010"):
        (tmp_path / "below.toml").write_text(f'base = "dark"\nbackground = "{colour}"\n', encoding="utf-8")
        mine = theme(str(tmp_path / "mine.toml"))
        shown = mine if key == "base" else mine.dark
        assert shown is not None
        assert shown.background == colour


def test_a_theme_that_is_its_own_base_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('base = "mine.toml"', encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        theme(str(file))
    assert str(caught.value) == f"the theme {str(file)!r} is its own base; name another, such as 'light'"


def test_faint_text_is_reported(tmp_path: Path) -> None:
    file = tmp_path / "faint.toml"
    file.write_text('grey = "#CCCCCC"', encoding="utf-8")
    with pytest.warns(BpvizWarning) as caught:
        theme(str(file))
    assert [str(warning.message) for warning in caught] == [
        "in the theme 'faint' the text of constant, muted, note is hard to read: its contrast to the background is "
        "less than 4.5:1"
    ]


@pytest.mark.parametrize("look", LOOKS, ids=names())
def test_heat_has_no_colour_of_a_direction(look: Theme) -> None:
    directions = {look.strokes["forward"].colour, look.strokes["backward"].colour, look.shared.colour}
    assert directions.isdisjoint(look.heat)


def test_a_theme_that_is_its_own_base_through_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('base = "other.toml"\n')
    (tmp_path / "other.toml").symlink_to(tmp_path / "mine.toml")
    with pytest.raises(UsageError, match="is its own base"):
        theme(str(tmp_path / "mine.toml"))


@pytest.mark.parametrize("dash", ["5", '"a"', "[1, 2, 3]", "[[1]]", "{}", "[-1]", "true"])
def test_a_dash_that_is_none_is_refused(tmp_path: Path, dash: str) -> None:
    (tmp_path / "mine.toml").write_text(f"[lines.forward]\ndash = {dash}\n")
    with pytest.raises(UsageError, match=r"has lines\.forward\.dash = "):
        theme(str(tmp_path / "mine.toml"))
