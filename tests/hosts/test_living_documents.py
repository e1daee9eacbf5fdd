"""Living figures in documents: Sphinx, sites made of Markdown, and files that `bpviz embed` fills."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from browsers import BROWSERS, Open
from click.testing import CliRunner, Result
from markdown_it import MarkdownIt

from bpviz.cli import main
from bpviz.hosts.markdown import formatter, plugin, validator

MODEL = "def total(price=100, count=2, tax=1.1):\n    subtotal = price * count\n    return subtotal * tax\n"
LIVE = "document.querySelector('figure').bpviz"
FITS = "(f => f.offsetHeight > 100 && f.style.height === `${f.offsetHeight}px`)(document.querySelectorAll('iframe.bpviz-frame')[0])"

pytestmark = [pytest.mark.engine]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "apples.py").write_text(MODEL, encoding="utf-8")
    return tmp_path


def follows(opened: Open, place: Path) -> None:
    """Look at a page: the first frame has room, and its figure follows; its picture is not seen."""
    with opened(place) as page:
        assert page.comes_to(FITS, True)
        with page.frame(0) as frame:
            frame.run(f"{LIVE}.set({{tax: 1.2}})")
            assert frame.run(f"{LIVE}.gradient('price')") == pytest.approx(2.4)
            assert frame.run("document.querySelector('article, figcaption')") is None
        assert page.run("document.querySelector('.bpviz-living > img').offsetWidth") == 0


# Sphinx

INDEX = """\
Apples
======

.. bpviz:: apples.py:total
   :live:
   :caption: Two *apples*
   :name: fruit

:numref:`fruit` follows its inputs.

.. bpviz:: apples.py
   :live:
   :width: 50%
   :align: center
   :alt: two <apples>

.. toctree::

   below/other
"""
OTHER = """\
Other
=====

.. bpviz:: /apples.py
   :live:
   :scale: 50

.. bpviz:: /apples.py
   :live:
   :highlight: price
"""


def written(folder: Path) -> Path:
    (folder / "apples.py").write_text(MODEL, encoding="utf-8")
    (folder / "conf.py").write_text(
        'project = "Apples"\ncopyright = "us"\nversion = "1"\nextensions = ["bpviz.hosts.sphinx"]\nnumfig = True\n',
        encoding="utf-8",
    )
    (folder / "index.rst").write_text(INDEX, encoding="utf-8")
    (folder / "below").mkdir(exist_ok=True)
    (folder / "below" / "other.rst").write_text(OTHER, encoding="utf-8")
    return folder


def build(folder: Path, builder: str, *options: str) -> str:
    command = [sys.executable, "-m", "sphinx", "-W", "-d", "_doctrees", "-b", builder, *options, ".", f"_{builder}"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of Sphinx, built for all kinds of readers."""
    folder = written(tmp_path_factory.mktemp("project"))
    (folder / "said").write_text(build(folder, "html"), encoding="utf-8")
    for builder, options in (("dirhtml", ["-j", "2"]), ("latex", []), ("epub", [])):
        build(folder, builder, *options)
    return folder


def frames(page: Path) -> list[Path]:
    """The files that a page shows in frames."""
    found = re.findall(r'<iframe [^>]*sandbox="allow-scripts" src="([^"]*)"', page.read_text(encoding="utf-8"))
    return [page.parent / address for address in found]


@pytest.mark.hosts
@pytest.mark.browser
def test_sphinx_writes_the_page_beside_and_shows_it_in_a_frame(project: Path) -> None:
    said = (project / "said").read_text(encoding="utf-8")
    assert "the figure does not follow its inputs: it shows paths" in said
    index, other = project / "_html" / "index.html", project / "_html" / "below" / "other.html"
    shown = [*frames(index), *frames(other)]
    assert len(shown) == 3 and all(file.is_file() and file.stat().st_size < 60_000 for file in shown)
    html = index.read_text(encoding="utf-8")
    assert re.search(r'href="#fruit"><span class="std std-numref">Fig. 1</span>', html)
    assert html.count('id="fruit"') == 1
    assert re.findall(r'<img alt="([^"]*)" [^>]*src="_images/apples[^"]*svg"', html) == [
        "Computation graph of total: total = 220; gradients: price 2.2, count 110, tax 200.",
        "two &lt;apples&gt;",
    ]
    # 471 points are 628 pixels; half of them are 314.
    with BROWSERS[0].values[0](index) as page:
        assert page.comes_to(FITS, True)
        script = (
            "[...document.querySelectorAll('.bpviz-living')].map(e => [e.offsetWidth, e.parentElement.offsetWidth])"
        )
        (first, room), (second, wide) = page.run(script)
        assert first == min(room, 628) and second == pytest.approx(wide / 2, abs=1)
    with BROWSERS[0].values[0](other) as page:
        assert page.comes_to(FITS, True)
        assert page.run("document.querySelector('.bpviz-living').offsetWidth") == 314
        # The other stays still, and is a picture as always.
        assert page.run("[...document.images].filter(i => i.offsetWidth > 100).length") == 1


@pytest.mark.hosts
@pytest.mark.parametrize("opened", BROWSERS)
def test_the_figure_of_a_page_of_sphinx_follows(project: Path, opened: Open) -> None:
    follows(opened, project / "_dirhtml" / "below" / "other" / "index.html")


@pytest.mark.hosts
@pytest.mark.parametrize("builder", ["latex", "epub"])
def test_paper_and_books_get_the_plain_figure(project: Path, builder: str) -> None:
    files = (project / f"_{builder}").rglob("*")
    text = "".join(path.read_text(encoding="utf-8") for path in files if path.suffix in (".xhtml", ".tex"))
    assert "iframe" not in text and "bpviz-living" not in text
    assert len(re.findall(r"apples-1?-?\w+\}?\.(?:svg|pdf)", text)) >= 3


@pytest.mark.hosts
def test_the_page_changes_with_its_model_only(project: Path, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(project, folder)
    build(folder, "html")
    images = folder / "_html" / "_images"
    before = {path.name: path.stat().st_mtime_ns for path in images.iterdir()}
    assert before == {path.name: path.stat().st_mtime_ns for path in (project / "_html" / "_images").iterdir()}
    # The same picture, but another page: it has a line that can decide otherwise.
    (folder / "apples.py").write_text(
        MODEL.replace("    subtotal", "    if price > 50:\n        pass\n    subtotal", 1), encoding="utf-8"
    )
    build(folder, "html")
    (page,) = {file.resolve() for file in frames(folder / "_html" / "index.html")}
    assert page.name not in before
    assert '"line":2' in page.read_text(encoding="utf-8")


# Markdown

SETTINGS = """\
site_name: Apples
use_directory_urls: false
theme: {name: material, font: false}
markdown_extensions:
  - pymdownx.superfences:
      custom_fences:
        - name: bpviz
          class: bpviz
          format: !!python/name:bpviz.hosts.markdown.formatter
          validator: !!python/name:bpviz.hosts.markdown.validator
"""
PAGE = '# Apples\n\n```bpviz target="apples.py" live caption="two <apples>"\n```\n\nAfter.\n'


@pytest.mark.hosts
@pytest.mark.browser
@pytest.mark.firefox
@pytest.mark.parametrize("tool", ["mkdocs", "zensical"])
def test_a_site_of_markdown_shows_it(folder: Path, tool: str) -> None:
    (folder / "mkdocs.yml").write_text(SETTINGS, encoding="utf-8")
    (folder / "docs").mkdir()
    (folder / "docs" / "index.md").write_text(PAGE, encoding="utf-8")
    done = subprocess.run([sys.executable, "-m", tool, "build", "--strict"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    place = folder / "site" / "index.html"
    assert "<figcaption>two &lt;apples&gt;</figcaption>" in place.read_text(encoding="utf-8")
    for opened in BROWSERS:
        follows(opened.values[0], place)


@pytest.mark.parametrize("opened", BROWSERS)
def test_markdown_it_shows_it(folder: Path, opened: Open) -> None:
    place = folder / "page.html"
    html = (
        MarkdownIt()
        .use(plugin, folder=folder)
        .render(PAGE + '\n```bpviz target="apples.py" live highlight="tax"\n```\n')
    )
    assert "<p>This figure does not follow its inputs: it shows paths" in html
    place.write_text(f'<!DOCTYPE html><meta charset="utf-8">{html}', encoding="utf-8")
    follows(opened, place)


def test_the_block_names_the_option() -> None:
    options: dict[str, str] = {}
    assert validator("bpviz", {"target": "apples.py", "live": ""}, options, {}, None)
    assert options == {"target": "apples.py", "live": ""}
    assert formatter is not None


# bpviz embed


def embed(*words: str) -> Result:
    return CliRunner().invoke(main, ["embed", *words], prog_name="bpviz")


ALT = "Computation graph of total: total = 220; gradients: price 2.2, count 110, tax 200."


def test_embed_links_the_picture_to_the_living_page(folder: Path) -> None:
    readme = folder / "README.md"
    readme.write_text("Text.\n\n<!-- bpviz: apples.py -o images/apples.svg --live -->\n<!-- /bpviz -->\n")
    (folder / "images").mkdir()
    done = embed("README.md")
    assert (done.exit_code, done.stderr) == (0, "wrote images/apples.svg\nwrote images/apples.html\nwrote README.md\n")
    assert f"\n[![{ALT}](images/apples.svg)](images/apples.html)\n" in readme.read_text()
    page = (folder / "images" / "apples.html").read_text()
    assert "Content-Security-Policy" in page and "<table" in page
    assert (embed("README.md").stderr, embed("README.md", "--check").exit_code) == ("", 0)


def test_embed_links_a_light_and_a_dark_picture(folder: Path) -> None:
    readme = folder / "README.md"
    readme.write_text("<!-- bpviz: apples.py --live --dark -o a.svg -o 'b c.html' --alt two -->\n<!-- /bpviz -->\n")
    done = embed("README.md")
    assert done.exit_code == 0, done.stderr
    assert (
        '<a href="b%20c.html"><picture><source media="(prefers-color-scheme: dark)" srcset="a-dark.svg">'
        '<img alt="two" src="a.svg"></picture></a>'
    ) in readme.read_text()
    assert (folder / "b c.html").is_file()


@pytest.mark.parametrize("opened", BROWSERS)
def test_embed_shows_the_page_in_a_frame(folder: Path, opened: Open) -> None:
    readme = folder / "README.md"
    readme.write_bytes(b"- item\r\n  <!-- bpviz: apples.py --live --frame -->\r\n  <!-- /bpviz -->\r\nafter\r\n")
    done = embed("README.md")
    assert done.exit_code == 0, done.stderr
    text = readme.read_bytes().decode()
    lines = text.split("\r\n")
    assert "\n" not in "".join(lines) and all(line.startswith("  ") for line in lines[1:-2])
    assert embed("README.md", "--check").exit_code == 0
    place = folder / "page.html"
    html = MarkdownIt().render(text)
    assert "<li>item" in html and "&lt;" not in html
    place.write_text(f'<!DOCTYPE html><meta charset="utf-8">{html}', encoding="utf-8")
    follows(opened, place)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--frame", "--frame shows a living page; give --live too"),
        ("--live --frame --dark", "--dark is a second picture, and a frame has one page"),
        ("--live -o s-%02d.svg", "a living figure has one picture, but got -o s-%02d.svg; leave out its number"),
    ],
)
def test_what_embed_refuses(folder: Path, words: str, message: str) -> None:
    (folder / "README.md").write_text(f"<!-- bpviz: apples.py {words} -->\n<!-- /bpviz -->\n")
    done = embed("README.md")
    assert done.exit_code == 2 and message in " ".join(done.stderr.split())
