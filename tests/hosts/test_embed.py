"""Figures in Markdown files: pictures and links at the markers, and nothing else touched."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bpviz.cli import main
from bpviz.hosts.markers import Image, filled, image_text, markers

MODEL = "def total(price=100, count=2, tax=1.1):\n    return price * count * tax\n"
MARKER = "<!-- bpviz: apples.py -o images/apples.svg -->\n<!-- /bpviz -->\n"
LINK = "![Computation graph of total: total = 220; gradients: price 2.2, count 110, tax 200.](images/apples.svg)"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "doc").mkdir()
    (tmp_path / "doc" / "images").mkdir()
    (tmp_path / "doc" / "apples.py").write_text(MODEL)
    return tmp_path


def embed(*words: str) -> Result:
    return CliRunner().invoke(main, ["embed", *words], prog_name="bpviz")


@pytest.mark.engine
def test_a_readme_is_filled_once_and_then_stays(folder: Path) -> None:
    readme = folder / "doc" / "README.md"
    readme.write_text(f"# Apples\n\n{MARKER}\nThe end")
    first = embed("doc/README.md")
    assert first.exit_code == 0, first.stderr
    text = readme.read_text()
    assert text == f"# Apples\n\n<!-- bpviz: apples.py -o images/apples.svg -->\n{LINK}\n<!-- /bpviz -->\n\nThe end"
    picture = folder / "doc" / "images" / "apples.svg"
    assert ">220<" in picture.read_text()
    before = readme.stat().st_mtime_ns, picture.stat().st_mtime_ns
    second = embed("doc/README.md")
    assert (second.exit_code, second.stderr) == (0, "")
    assert (readme.stat().st_mtime_ns, picture.stat().st_mtime_ns) == before
    assert embed("doc/README.md", "--check").exit_code == 0


def test_a_file_without_markers_is_reported(folder: Path) -> None:
    (folder / "doc" / "README.md").write_text("# Apples\n")
    done = embed("doc/README.md")
    assert (done.exit_code, done.stderr) == (
        0,
        "bpviz: note: doc/README.md has no marker; where a figure should stand write <!-- bpviz: model.py --> and "
        "<!-- /bpviz -->\n",
    )


@pytest.mark.engine
def test_check_names_stale_files_and_writes_nothing(folder: Path) -> None:
    readme = folder / "doc" / "README.md"
    readme.write_text(MARKER)
    stale = embed("doc/README.md", "--check")
    assert stale.exit_code == 1
    assert "not what would be written now: " in stale.stderr
    assert "apples.svg, doc/README.md" in stale.stderr
    assert readme.read_text() == MARKER
    assert not (folder / "doc" / "images" / "apples.svg").exists()
    assert embed("doc/README.md").exit_code == 0
    (folder / "doc" / "apples.py").write_text(MODEL.replace("100", "150"))
    again = embed("doc/README.md", "--check")
    assert again.exit_code == 1
    assert "apples.svg" in again.stderr


@pytest.mark.engine
def test_every_other_byte_stays(folder: Path) -> None:
    readme = folder / "doc" / "README.md"
    frame = "\ufeffbefore\r\n\r\n- item\r\n  <!-- bpviz: apples.py -->\r\n  {}<!-- /bpviz -->\r\nafter, with no end of line \x0b…"
    readme.write_bytes(frame.format("old\r\n").encode())
    assert embed("doc/README.md").exit_code == 0
    link = LINK.replace("images/", "")
    assert readme.read_bytes() == frame.format(f"{link}\r\n  ").encode()


@pytest.mark.engine
def test_pictures_for_dark_pages_and_words_of_one_s_own(folder: Path) -> None:
    readme = folder / "doc" / "README.md"
    readme.write_text('<!-- bpviz: apples.py:total --theme book --dark --alt "two <apples>" -->\n<!-- /bpviz -->\n')
    result = embed("doc/README.md")
    assert result.exit_code == 0, result.stderr
    assert (
        '<picture><source media="(prefers-color-scheme: dark)" srcset="apples-dark.svg">'
        '<img alt="two &lt;apples&gt;" src="apples.svg"></picture>'
    ) in readme.read_text()
    assert "#1E1E1E" in (folder / "doc" / "apples-dark.svg").read_text()
    assert "#0072B2" in (folder / "doc" / "apples.svg").read_text()


@pytest.mark.engine
def test_a_block_of_python_is_a_model_and_its_errors_name_the_document_s_line(folder: Path) -> None:
    readme = folder / "doc" / "README.md"
    block = "Text.\n\n```python\ndef f(x=3.0):\n    return x * {}\n```\n\n<!-- bpviz: - -o f.svg -->\n<!-- /bpviz -->\n"
    readme.write_text(block.format("x"))
    result = embed("doc/README.md")
    assert result.exit_code == 0, result.stderr
    assert "](f.svg)" in readme.read_text()
    readme.write_text(block.format("unknown"))
    result = embed("doc/README.md")
    assert result.exit_code == 1
    assert "line 5, in f" in result.stderr
    assert "bpviz: doc/README.md, line 8: the model raised NameError; nothing was written" in result.stderr


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        (
            "a\n<!-- bpviz: apples.py -->\n",
            2,
            "doc/README.md, line 2: the marker has no end; write <!-- /bpviz --> below",
        ),
        (
            "<!-- bpviz: apple.py -->\n<!-- /bpviz -->",
            2,
            "line 1: there is no file 'apple.py'; did you mean 'apples.py'?",
        ),
        ("\n<!-- bpviz: apples.py --colour -->\n<!-- /bpviz -->", 2, "line 2: the marker: No such option"),
        ("<!-- bpviz: apples.py -o a.pdf -->\n<!-- /bpviz -->", 2, "line 1: a page shows svg, png, gif, apng, webp"),
        ("<!-- bpviz: apples.py -o x/a.svg -->\n<!-- /bpviz -->", 2, "line 1: the folder 'x' does not exist"),
        ("<!-- bpviz: - -->\n<!-- /bpviz -->", 2, "line 1: there is no block of Python that - could mean"),
        ("<!-- bpviz: 'a -->\n<!-- /bpviz -->", 2, 'line 1: the words "\'a" cannot be split (no closing quotation)'),
    ],
)
def test_errors_name_file_and_line(folder: Path, text: str, code: int, message: str) -> None:
    (folder / "doc" / "README.md").write_text(text)
    result = embed("doc/README.md")
    assert result.exit_code == code
    assert message in result.stderr
    assert (folder / "doc" / "README.md").read_text() == text


def test_markers_in_blocks_of_code_are_text() -> None:
    text = f"````md\n```\n{MARKER}```\n````\n{MARKER}"
    assert [marker.line for marker in markers(text)] == [7]
    assert filled(text, lambda marker: "X").count("X") == 1


def test_hostile_words_stay_words() -> None:
    assert image_text(Image("a b(c).svg", "]( <b>* \\")) == "![\\]( \\<b\\>\\* \\\\](a%20b%28c%29.svg)"
    shown = image_text(Image("a.svg", '"><script>', "b.svg"))
    assert "<script>" not in shown
    assert 'alt="&quot;&gt;&lt;script&gt;"' in shown


def _document(folder: Path, words: str, more: str = "") -> Path:
    readme = folder / "doc" / "README.md"
    readme.write_text(f"<!-- bpviz: {words} -->\n<!-- /bpviz -->\n{more}")
    return readme


def test_pictures_stay_in_the_folder_of_their_document(folder: Path) -> None:
    readme = _document(folder, "apples.py -o ../apples.svg")
    before = readme.read_text()
    done = embed("doc/README.md")
    assert (done.exit_code, readme.read_text(), (folder / "apples.svg").exists()) == (2, before, False)
    assert done.stderr == (
        "bpviz: doc/README.md, line 1: 'apples.svg' is outside the folder of the document; choose a place in it, or "
        "give --allow-outside\n"
    )
    assert embed("doc/README.md", "--allow-outside").exit_code == 0
    assert ">220<" in (folder / "apples.svg").read_text()
    (folder / "elsewhere").mkdir()
    (folder / "doc" / "link").symlink_to(folder / "elsewhere")
    _document(folder, "apples.py -o link/apples.svg")
    assert embed("doc/README.md").exit_code == 2
    assert list((folder / "elsewhere").iterdir()) == []


def test_what_bpviz_did_not_make_stays(folder: Path) -> None:
    _document(folder, "apples.py -o mine.svg -o mine.png -o mine.json")
    mine = folder / "doc" / "mine.svg"
    mine.write_text("<svg>mine</svg>")
    done = embed("doc/README.md")
    assert (done.exit_code, mine.read_text()) == (2, "<svg>mine</svg>")
    assert "'doc/mine.svg' was not made by bpviz, and would be lost; choose another name with -o" in done.stderr
    mine.unlink()
    assert embed("doc/README.md").exit_code == 0
    (folder / "doc" / "apples.py").write_text(MODEL.replace("100", "150"))
    assert embed("doc/README.md").exit_code == 0
    assert ">330<" in mine.read_text()


def test_two_markers_for_one_file_are_an_error(folder: Path) -> None:
    other = "<!-- bpviz: apples.py --labels symbols -o ./apples.svg -->\n<!-- /bpviz -->\n"
    _document(folder, "apples.py -o apples.svg", other)
    done = embed("doc/README.md")
    assert done.exit_code == 2
    assert "line 3: 'doc/apples.svg' is written by the marker of doc/README.md, line 1 too; give each its own -o" in (
        done.stderr
    )
    assert not (folder / "doc" / "apples.svg").exists()


def test_a_change_made_meanwhile_is_not_lost(folder: Path) -> None:
    readme = _document(folder, "slow.py -o slow.svg")
    (folder / "doc" / "slow.py").write_text(f"open({str(readme)!r}, 'a').write('my new line')\n{MODEL}")
    done = embed("doc/README.md")
    assert (done.exit_code, readme.read_text().endswith("my new line")) == (2, True)
    assert "'doc/README.md' was changed meanwhile, and would lose that; run it again" in done.stderr
    assert not (folder / "doc" / "slow.svg").exists()


def test_a_picture_for_every_step_is_linked(folder: Path) -> None:
    readme = _document(folder, "apples.py -o s-%02d.svg")
    assert embed("doc/README.md").exit_code == 0
    lines = readme.read_text().splitlines()[1:-1]
    written = sorted(path.name for path in (folder / "doc").glob("s-*.svg"))
    assert [line.rpartition("(")[2].rstrip(")") for line in lines] == written
    assert len(written) > 3
    assert embed("doc/README.md", "--check").exit_code == 0


def test_a_folder_or_a_pipe_is_no_document(folder: Path) -> None:
    assert "'doc' is a folder; name a FILE.md" in embed("doc").stderr


@pytest.mark.parametrize(
    "text",
    [
        "<!-- bpviz:" * 20_000,
        "<!-- bpviz: m.py -->\n" * 20_000,
        "```\n" * 20_001,
        "```py\nx\n```\n" * 20_000 + "<!-- bpviz:",
    ],
    ids=["unclosed", "without end", "fences", "blocks"],
)
def test_thousands_of_unclosed_markers_take_no_time(folder: Path, text: str) -> None:
    (folder / "doc" / "README.md").write_text(text)
    begun = time.monotonic()
    done = embed("doc/README.md")
    assert (done.exit_code in (0, 2), done.stderr.count("\n"), time.monotonic() - begun < 5) == (True, 1, True)
