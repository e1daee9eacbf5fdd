import pytest
from hand_drawn import everything

from bpviz.errors import UsageError
from bpviz.figure import Figure
from bpviz.picture.theme import theme
from bpviz.writers import formats

LIGHT = theme("light")

STARTS = {
    "svg": b"<svg ",
    "png": b"\x89PNG",
    "pdf": b"%PDF-",
    "ps": b"%!PS",
    "eps": b"%!PS",
    "dot": b"digraph {",
    "gv": b"digraph {",
    "tex": b"% By hand: a figure made by bpviz.",
    "tikz": b"% By hand: a figure made by bpviz.",
    "mmd": b"---\ntitle: ",
    "mermaid": b"---\ntitle: ",
    "html": b"<!DOCTYPE html>",
    "gif": b"GIF89a",
    "apng": b"\x89PNG",
    "webp": b"RIFF",
}


@pytest.mark.engine
@pytest.mark.parametrize("format", formats.formats())
def test_every_format_is_written(format):
    shown = everything() if formats.reads(format) == "picture" else Figure((), (), title="By hand")
    assert formats.write(shown, LIGHT, format).startswith(STARTS[format])


@pytest.mark.parametrize("spelling", ["svg", ".svg", "SVG", ".Svg"])
def test_a_suffix_is_a_format(spelling):
    assert formats.write(everything(), LIGHT, spelling).startswith(STARTS["svg"])


def test_options_reach_the_writers_that_have_them():
    options = {"scale": 1.0, "engine": "auto", "timeout": None}
    small, large = (len(formats.write(everything(), LIGHT, "png", **{**options, "scale": scale})) for scale in (1, 4))
    assert small < large
    assert formats.write(everything(), LIGHT, "svg", **options) == formats.write(everything(), LIGHT, "svg")
    with pytest.raises(UsageError, match="There is no engine 'none'"):
        formats.write(everything(), LIGHT, "pdf", engine="none")


def test_an_unknown_format_is_answered_with_a_near_one_and_the_list():
    with pytest.raises(UsageError) as caught:
        formats.write(everything(), LIGHT, "pngg")
    assert str(caught.value) == (
        "there is no picture format 'pngg'; did you mean 'png'? (there are: svg, png, pdf, ps, eps, dot, gv, tex, tikz, "
        "mmd, mermaid, html, gif, apng, webp)"
    )


def test_an_unknown_option_is_answered_with_a_near_one():
    with pytest.raises(UsageError, match="there is no option of a writer 'scael'; did you mean 'scale'"):
        formats.write(everything(), LIGHT, "png", scael=2)
