import sys
import types

import pytest
from click.testing import CliRunner
from hand_drawn import everything

import bpviz
from bpviz.cli import main
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
    shown = everything() if formats.row_of(format).reads == "picture" else Figure((), (), title="By hand")
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


def test_an_unknown_format_is_refused_with_a_close_match_and_the_list():
    with pytest.raises(UsageError) as caught:
        formats.write(everything(), LIGHT, "pngg")
    assert str(caught.value) == (
        "there is no picture format 'pngg'; did you mean 'png'? (there are: svg, png, pdf, ps, eps, dot, gv, tex, tikz, "
        "mmd, mermaid, html, gif, apng, webp)"
    )


def test_an_unknown_option_is_refused_with_a_close_match():
    with pytest.raises(UsageError, match="there is no option of a writer 'scael'; did you mean 'scale'"):
        formats.write(everything(), LIGHT, "png", scael=2)


def test_every_row_has_valid_fields():
    for name, row in formats.TABLE.items():
        assert row.title, name
        assert "/" in row.mime, name
        assert row.remark or row.reads == "flow", name
        # What always shows steps has a writer that takes them, in a file that holds many pictures.
        assert row.steps != "always" or (row.many and "steps" in row.options), name
        assert ("scale" in row.options) == row.pixels, name


@pytest.mark.parametrize(
    ("which", "names"),
    [
        (lambda row: row.pixels, ("png", "gif", "apng", "webp")),
        (lambda row: row.steps == "always", ("gif", "apng", "webp")),
        (lambda row: row.shown == "image", ("svg", "png", "gif", "apng", "webp")),
        (lambda row: "page" in row.notebook, ("svg", "png", "html")),
        (lambda row: "paper" in row.notebook, ("png", "pdf")),
        (lambda row: row.reads == "figure", ("mmd", "mermaid")),
        (lambda row: row.reads == "flow", ("json",)),
    ],
)
def test_the_columns_agree_with_the_formats(which, names):
    assert formats.formats(which) == names


class TestAdding:
    """A new format is a module and a row; everything else reads the row."""

    @pytest.fixture(autouse=True)
    def outline(self, monkeypatch, tmp_path):
        def write(picture, theme, *, scale=1.0):
            return f"{len(picture.parts)} parts, {scale:g} times\n".encode()

        monkeypatch.setitem(sys.modules, "bpviz.writers.outline", types.SimpleNamespace(write=write))
        row = formats.Format(
            "Outline",
            "text/x-outline",
            "outline",
            options=("scale",),
            remark="# {}",
            pixels=True,
            shown="image",
            notebook=("paper",),
        )
        monkeypatch.setitem(formats.TABLE, "outline", row)
        monkeypatch.chdir(tmp_path)
        (tmp_path / "m.py").write_text("def f(x=2.0):\n    return x * x\n")

    @pytest.mark.engine
    def test_python_writes_it(self, tmp_path):
        drawing = bpviz.draw(lambda x=2.0: x * x, scale=3, notebook="publish")
        drawing.save("f.outline")
        data = (tmp_path / "f.outline").read_bytes()
        first, mark, _ = data.decode().split("\n")
        assert first.endswith("parts, 3 times")
        assert mark == f"# bpviz-fingerprint {drawing.fingerprint('outline')}"
        assert drawing.is_shown_by(data, "outline")
        drawing.save("s-%d.outline")
        assert (tmp_path / f"s-{len(drawing.step_list)}.outline").is_file()
        assert drawing._repr_mimebundle_()["text/x-outline"] == data.decode()

    @pytest.mark.engine
    def test_commands_and_documents_write_it(self, tmp_path):
        done = CliRunner().invoke(main, ["render", "m.py", "-o", "a.outline"])
        assert (done.exit_code, done.stderr) == (0, "wrote a.outline\n")
        assert CliRunner().invoke(main, ["render", "m.py", "-o", "a.outline", "--check"]).exit_code == 0
        (tmp_path / "page.md").write_text("<!-- bpviz: m.py -o b.outline -->\n<!-- /bpviz -->\n")
        assert CliRunner().invoke(main, ["embed", "page.md"]).exit_code == 0
        assert "](b.outline)\n" in (tmp_path / "page.md").read_text()

    def test_messages_offer_it(self):
        with pytest.raises(UsageError, match=r"did you mean 'outline'\? \(there are: .*, json, outline\)"):
            formats.check_format("outlin")
