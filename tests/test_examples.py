"""The documentation's examples that are no doctests: commands, settings, documents, each used as its reader would."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
import textwrap
import tomllib
from doctest import ELLIPSIS, OutputChecker
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from places import DOCS, ROOT
from svg_lines import in_one_piece

import bpviz
from bpviz.cli import main
from bpviz.writers.font_files import BUNDLED

MODEL = """\
def total(price=100, count=2, tax=1.1):
    subtotal = price * count
    return subtotal * tax
"""
PAGES = sorted(page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.rst"))
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]


def blocks(page: str, *languages: str) -> list[tuple[str, str]]:
    """The blocks of code of a page, in these languages (or all), each with its language."""
    text = (DOCS / page).read_text(encoding="utf-8")
    found = re.findall(r"^\.\. code-block:: (\S+)\n\n((?: {3}.*\n|\n)+)", text, flags=re.MULTILINE)
    return [(name, textwrap.dedent(body).strip() + "\n") for name, body in found if not languages or name in languages]


CONSOLES = [
    pytest.param(page, marks=pytest.mark.thorough if page == "howto/training.rst" else ())
    for page in PAGES
    if blocks(page, "console")
]


def block(page: str, language: str, at: int = 0) -> str:
    return blocks(page, language)[at][1]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of somebody who has saved the model of the first page."""
    monkeypatch.chdir(tmp_path)
    assert textwrap.indent(MODEL, "   ") in (DOCS / "index.rst").read_text(encoding="utf-8")
    (tmp_path / "apples.py").write_text(MODEL, encoding="utf-8")
    (tmp_path / "net.py").write_text(block("howto/objects.rst", "python"), encoding="utf-8")
    (tmp_path / "loss.py").write_text(block("howto/training.rst", "python"), encoding="utf-8")
    (tmp_path / "images").mkdir()
    return tmp_path


def follow(console: str) -> None:
    """Type the commands; what comes must be what is printed below each."""
    for command, expected in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", console, flags=re.MULTILINE):
        program, *words = shlex.split(command)
        if program == "pip":
            assert re.findall(r"\[(\w+)\]", command) in ([], *([extra] for extra in EXTRAS))
            continue
        assert program == "bpviz"
        done = CliRunner().invoke(main, words, prog_name="bpviz")
        assert OutputChecker().check_output(expected, done.output, ELLIPSIS), f"{command}\n{done.output}"
        assert bool(done.exit_code) is expected.startswith("bpviz: "), command


@pytest.mark.engine
@pytest.mark.parametrize("page", CONSOLES)
def test_commands_print_the_text_below_them(page: str, folder: Path) -> None:
    """In the order of the page, with the settings and the Markdown that stand before them."""
    for language, text in blocks(page, "console", "markdown", "toml"):
        if language == "console":
            follow(text)
        elif "<!-- bpviz" in text:
            (folder / "README.md").write_text(text, encoding="utf-8")
        elif "[tool.bpviz]" in text:
            (folder / "pyproject.toml").write_text(text, encoding="utf-8")


@pytest.mark.thorough
def test_the_python_of_a_training(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(folder))
    # Another test may have imported a module of this name.
    monkeypatch.delitem(sys.modules, "loss", raising=False)
    names: dict[str, Any] = {}
    _, descent, loop = (text for _, text in blocks("howto/training.rst", "python"))
    exec(descent, names)
    # The gradient is 8·(w − 3), so that w − 3 is multiplied by 1 − 0.05·8 = 0.6.
    assert names["found"].losses[:2] == pytest.approx((36.0, 12.96))
    assert names["found"].inputs["w"] == pytest.approx(3 - 3 * 0.6**8)
    exec(loop, names)
    assert (folder / "momentum.gif").stat().st_size > 10_000


@pytest.mark.engine
def test_files_of_ones_own_hold(folder: Path) -> None:
    _, _, look, styles, font, words = (text for _, text in blocks("reference/settings.rst", "toml"))
    (folder / "my.toml").write_text(look + styles + font, encoding="utf-8")
    (folder / "fonts").mkdir()
    for name in re.findall(r'"(.*\.ttf)"', font):
        shutil.copy(BUNDLED, folder / name)
    (folder / "fr.toml").write_text(words, encoding="utf-8")
    (folder / "pyproject.toml").write_text('[tool.bpviz]\ntheme = "my.toml"\nlang = "fr.toml"\n', encoding="utf-8")
    follow("$ bpviz render apples.py\nwrote apples.svg\n")
    drawn = (folder / "apples.svg").read_text(encoding="utf-8")
    assert "#7A1FA2" in drawn and "entrée price" in drawn and "multiplication" in drawn
    assert "#0072B2" in drawn and "before tax" in drawn


@pytest.mark.latex
def test_a_paper_takes_the_figure_in(folder: Path) -> None:
    follow(block("howto/papers.rst", "console"))
    (folder / "paper.tex").write_text(block("howto/papers.rst", "latex"), encoding="utf-8")
    for name in ("paper.tex", "apples.tex"):
        command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", name]
        subprocess.run(command, check=True, capture_output=True, stdin=subprocess.DEVNULL)
    page_text = subprocess.run(["pdftotext", "paper.pdf", "-"], capture_output=True, text=True, check=True).stdout
    assert "220" in page_text and "Two apples, and a tax" in page_text


def sphinx(folder: Path, conf: str, builds: bool = True) -> str:
    """Build a project of Sphinx; return the page, or the error."""
    (folder / "conf.py").write_text(f'project = "Apples"\n{conf}', encoding="utf-8")
    command = [sys.executable, "-m", "sphinx", "-W", "-q", ".", "html"]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8")
    assert (done.returncode == 0) is builds, done.stderr
    return (folder / "html" / "index.html").read_text(encoding="utf-8") if builds else done.stderr


def pictures(folder: Path) -> str:
    found = sorted((folder / "html" / "_images").glob("*.svg"))
    return in_one_piece("".join(path.read_text(encoding="utf-8") for path in found))


@pytest.mark.hosts
@pytest.mark.engine
def test_a_page_of_sphinx(folder: Path) -> None:
    conf = block("howto/sphinx.rst", "python")
    (folder / "index.rst").write_text(f"Apples\n======\n\n{block('howto/sphinx.rst', 'rst')}", encoding="utf-8")
    page = sphinx(folder, conf)
    # 100 · 2 · 1.2 = 240, and the derivative of x² is 2x.
    assert ">240<" in pictures(folder) and "2·x" in pictures(folder)
    assert "Two apples, and a <em>tax</em>" in page and 'id="apples"' in page
    (folder / "index.rst").write_text("Apples\n======\n\n\n\n\n.. bpviz:: apple.py\n", encoding="utf-8")
    assert block("howto/sphinx.rst", "text").strip() in sphinx(folder, conf, builds=False)


@pytest.mark.hosts
@pytest.mark.engine
def test_a_page_of_myst(folder: Path) -> None:
    (folder / "index.md").write_text(f"# Apples\n\n{block('howto/sphinx.rst', 'markdown')}", encoding="utf-8")
    page = sphinx(folder, 'extensions = ["myst_parser", "bpviz.hosts.sphinx"]\n')
    assert ">220<" in pictures(folder) and "Two apples" in page


@pytest.mark.hosts
@pytest.mark.engine
def test_a_gallery_of_sphinx(folder: Path) -> None:
    conf, example = (text for _, text in blocks("howto/sphinx-gallery.rst", "python"))
    (folder / "index.rst").write_text("Apples\n======\n\n.. toctree::\n\n   auto_examples/index\n", encoding="utf-8")
    (folder / "examples").mkdir()
    (folder / "examples" / "GALLERY_HEADER.rst").write_text("Examples\n========\n", encoding="utf-8")
    (folder / "examples" / "plot_apples.py").write_text(example, encoding="utf-8")
    places = 'exclude_patterns = ["examples"]\nsphinx_gallery_conf |= {"examples_dirs": "examples"}\n'
    sphinx(folder, conf + places)
    assert ">220<" in pictures(folder) and "count·tax" in pictures(folder)


@pytest.mark.hosts
@pytest.mark.engine
def test_a_site_of_mkdocs(folder: Path) -> None:
    (folder / "mkdocs.yml").write_text(block("howto/markdown.rst", "yaml"), encoding="utf-8")
    (folder / "docs").mkdir()
    (folder / "docs" / "index.md").write_text(block("howto/markdown.rst", "markdown"), encoding="utf-8")
    subprocess.run([sys.executable, "-m", "mkdocs", "build", "--strict"], check=True, capture_output=True)
    page = in_one_piece((folder / "site" / "index.html").read_text(encoding="utf-8"))
    assert ">240<" in page and "2·x" in page and "<figcaption>Two apples</figcaption>" in page


@pytest.mark.hosts
@pytest.mark.engine
def test_cells_of_a_notebook() -> None:
    # These take long to import, and quick tests do without them.
    import nbformat
    from nbconvert.preprocessors import ExecutePreprocessor

    cells = [nbformat.v4.new_code_cell(text) for _, text in blocks("howto/notebooks.rst", "ipython")]
    notebook = nbformat.v4.new_notebook(cells=cells)
    ExecutePreprocessor(timeout=120).preprocess(notebook, {"metadata": {"path": "."}})
    shown = [cell.outputs[-1].data.get("image/svg+xml", "") if cell.outputs else "" for cell in notebook.cells]
    assert [re.findall(r">(220|240)<", picture) for picture in shown] == [["220"], [], ["240"], ["220"]]
    assert "<iframe" in notebook.cells[-1].outputs[-1].data["text/html"]


def test_a_cell_of_quarto() -> None:
    *_, cell = re.findall(r"```\{python\}\n(.*?)```", block("howto/quarto.rst", "markdown"), flags=re.DOTALL)
    *lines, last = cell.strip().splitlines()
    names: dict[str, object] = {}
    exec("\n".join(lines), names)
    assert isinstance(eval(last, names), bpviz.Drawing)
