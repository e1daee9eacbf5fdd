"""Figures in real projects of Sphinx: for the browser, for LaTeX, rebuilt when their models are edited."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from devtools import opened

MODEL = "def total(price=100, count=2, tax=1.1):\n    subtotal = price * count\n    return subtotal * tax\n"
ALT = "Computation graph of total: total = 220; gradients: price 2.2, count 110, tax 200."

pytestmark = [pytest.mark.engine, pytest.mark.hosts]

Write = Callable[..., None]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes the documents of a project in which ``apples.py`` is the model."""

    def written(index: str, settings: str = "", **others: str) -> None:
        conf = f'project = "Apples"\nextensions = ["bpviz.hosts.sphinx"]\nnumfig = True\n{settings}\n'
        for name, text in {"conf.py": conf, "apples.py": MODEL, "index.rst": index}.items():
            (tmp_path / name).write_text(text, encoding="utf-8")
        for name, text in others.items():
            (tmp_path / name.replace("__", ".")).write_text(text, encoding="utf-8")

    return written


def build(folder: Path, builder: str = "html", *options: str, fails: bool = False) -> str:
    """Build as a user does, warnings as errors; return the messages."""
    command = [sys.executable, "-m", "sphinx", "-W", "-d", "_doctrees", "-b", builder, *options, ".", f"_{builder}"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, encoding="utf-8")
    assert bool(done.returncode) is fails, done.stderr
    return done.stderr if fails else done.stdout


def page(folder: Path, name: str = "index") -> str:
    return (folder / "_html" / f"{name}.html").read_text(encoding="utf-8")


def pictures(folder: Path) -> dict[str, int]:
    """The cache: names, and when each was written."""
    return {path.name: path.stat().st_mtime_ns for path in (folder / "_doctrees" / "bpviz").iterdir()}


def figures(html: str) -> list[dict[str, str]]:
    """The attributes of the images of figures."""
    tags = re.findall(r'<img [^>]*class="[^"]*bpviz[^>]*>', html)
    return [dict(re.findall(r'([a-z]+)="([^"]*)"', tag)) for tag in tags]


INDEX = """\
Apples
------

:numref:`fruit` shows them.

.. bpviz:: apples.py:total
   :caption: Two *apples*
   :name: fruit

.. bpviz:: /apples.py
   :set: tax=1.2 price=200
   :what-if: count=5
   :alt: dearer & <more>
   :width: 50%

.. bpviz::
   :code:
   :theme: dark

   def square(x=3.0):
       return x * x
"""


def test_a_page_shows_figures_with_captions_alternatives_and_options(tmp_path: Path, write: Write) -> None:
    write(INDEX)
    build(tmp_path)
    html = page(tmp_path)
    first, second, third = figures(html)
    assert first["alt"] == ALT
    assert second["alt"] == "dearer &amp; &lt;more&gt;"
    assert second["style"] == "width: 50%;"
    files = [(tmp_path / "_html" / figure["src"]).read_text(encoding="utf-8") for figure in (first, second, third)]
    assert ">220<" in files[0]
    # 200 · 2 · 1.2 = 480 becomes 200 · 5 · 1.2 = 1200.
    assert ">480 → 1200<" in files[1]
    assert ">9<" in files[2] and "#1E1E1E" in files[2]
    assert re.search(r'<figure class="[^"]*" id="fruit">', html)
    assert re.search(r'href="#fruit"><span class="std std-numref">Fig. 1</span>', html)
    assert re.search(r'<span class="caption-text">Two <em>apples</em></span>', html)
    assert '<span class="nf">square</span>' in html


def test_a_width_sets_a_figure_in_rows_and_makes_it_narrower_but_not_wider(tmp_path: Path, write: Write) -> None:
    body = """
.. bpviz::
   :width: {width}
   :repeats: all

   import numpy as np

   def chain(x=0.4, w=0.9):
       for _ in range({count}):
           x = np.tanh(w * x)
       return x

"""
    write("Rows\n----\n" + "".join(body.format(width=w, count=c) for w, c in (("9cm", 8), ("page", 1), ("50%", 8))))
    build(tmp_path)
    first, second, third = figures(page(tmp_path))
    files = [(tmp_path / "_html" / figure["src"]).read_text(encoding="utf-8") for figure in (first, second, third)]
    narrow, short, usual = (file.count("<title>continues in row") for file in files)
    assert narrow > usual > short == 0
    assert first["style"] == "width: 9cm;"
    assert "style" not in second
    assert third["style"] == "width: 50%;"


@pytest.mark.browser
def test_a_browser_shows_the_pictures_of_the_page(tmp_path: Path, write: Write) -> None:
    write(INDEX)
    build(tmp_path)
    with opened(tmp_path / "_html" / "index.html") as seen:
        widths = seen.run('[...document.querySelectorAll("img.bpviz")].map(image => image.naturalWidth)')
    assert len(widths) == 3
    assert min(widths) > 200


@pytest.mark.latex("sphinx")
def test_latex_gets_pdf_from_the_same_documents(tmp_path: Path, write: Write) -> None:
    write(INDEX)
    build(tmp_path)
    build(tmp_path, "latex")
    folder = tmp_path / "_latex"
    tex = (folder / "apples.tex").read_text(encoding="utf-8")
    assert len(re.findall(r"\\sphinxincludegraphics.*\{\{[^}]*\}\.pdf\}", tex)) == 3
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "apples.tex"]
    done = subprocess.run(command, cwd=folder, capture_output=True)
    assert done.returncode == 0, done.stdout.decode(errors="replace")[-2000:]
    text = subprocess.run(["pdftotext", "apples.pdf", "-"], cwd=folder, capture_output=True, text=True).stdout
    assert {"220", "480 → 1200"} <= set(text.splitlines())


def test_builders_without_pictures_get_the_sentence(tmp_path: Path, write: Write) -> None:
    write(INDEX)
    build(tmp_path, "text")
    assert " ".join(ALT.split()) in " ".join((tmp_path / "_text" / "index.txt").read_text(encoding="utf-8").split())


def test_steps_are_in_the_page_and_moving_pictures_in_an_image(tmp_path: Path, write: Write) -> None:
    write(".. bpviz:: apples.py\n   :steps:\n\n.. bpviz:: apples.py\n   :animate:\n")
    build(tmp_path)
    html = page(tmp_path)
    assert "Step 1 of 7" in html
    (moving,) = figures(html)
    assert "@keyframes" in (tmp_path / "_html" / moving["src"]).read_text(encoding="utf-8")


def test_figures_can_stand_in_the_page_itself(tmp_path: Path, write: Write) -> None:
    write(".. bpviz:: apples.py\n   :theme: auto\n   :alt: mine\n   :name: here\n", "bpviz_inline = True")
    build(tmp_path)
    html = page(tmp_path)
    assert figures(html) == []
    assert re.search(r'<desc id="bpviz-[0-9a-f]*-desc">mine</desc>', html)
    assert 'id="here"' in html
    # Light or dark as the page is, whatever the system says.
    assert "light-dark(" in html
    assert "prefers-color-scheme" not in html.partition('id="here"')[2].partition("</figure>")[0]


def test_an_edit_rebuilds_the_page_and_draws_changed_figures(tmp_path: Path, write: Write) -> None:
    helper = "def priced(price, count):\n    return price * count\n"
    bill = "from helper import priced\ndef bill(price=100, count=2):\n    return priced(price, count)\n"
    pages = ".. toctree::\n\n   one\n   two\n"
    one = "One\n---\n\n.. bpviz:: apples.py\n\n.. bpviz:: bill.py\n"
    two = "Two\n---\n\n.. bpviz:: apples.py\n   :labels: symbols\n"
    write(pages, one__rst=one, two__rst=two, bill__py=bill, helper__py=helper)
    build(tmp_path)
    before = pictures(tmp_path)
    assert len(before) == 3
    assert "no targets are out of date" in build(tmp_path)
    (tmp_path / "helper.py").write_text(helper.replace("price * count", "price + count"), encoding="utf-8")
    output = build(tmp_path)
    assert "0 added, 1 changed, 0 removed" in output
    shown = [(tmp_path / "_html" / f["src"]).read_text(encoding="utf-8") for f in figures(page(tmp_path, "one"))]
    assert ">220<" in shown[0] and ">102<" in shown[1]
    after = pictures(tmp_path)
    assert {name: after[name] for name in before} == before
    assert len(after) == 4


def test_another_environment_rebuilds_all_pages(tmp_path: Path, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    write(".. bpviz:: apples.py\n")
    build(tmp_path)
    assert ALT in page(tmp_path)
    monkeypatch.setenv("BPVIZ_LANG", "ja")
    build(tmp_path)
    assert "totalの計算グラフ" in page(tmp_path)
    assert "no targets are out of date" in build(tmp_path)
    monkeypatch.delenv("BPVIZ_LANG")
    build(tmp_path)
    assert ALT in page(tmp_path)


def test_settings_themes_and_languages_rebuild_the_page_too(tmp_path: Path, write: Write) -> None:
    write(
        ".. bpviz:: apples.py\n   :theme: mine.toml\n   :lang: fr.toml\n",
        mine__toml='base = "light"\n',
        fr__toml='"input {name}" = "entrée {name}"\n',
    )
    settings = tmp_path / "pyproject.toml"
    settings.write_text("[tool.bpviz]\nlabels = 'symbols'\n", encoding="utf-8")
    build(tmp_path)

    def shown() -> str:
        return (tmp_path / "_html" / figures(page(tmp_path))[0]["src"]).read_text(encoding="utf-8")

    assert "price·count" in shown()
    settings.write_text("[tool.bpviz]\nlabels = 'values'\n", encoding="utf-8")
    build(tmp_path)
    assert ">220<" in shown()
    (tmp_path / "mine.toml").write_text('base = "dark"\n', encoding="utf-8")
    build(tmp_path)
    assert "#1E1E1E" in shown() and "entrée price" in shown()
    (tmp_path / "fr.toml").write_text('"input {name}" = "donnée {name}"\n', encoding="utf-8")
    build(tmp_path)
    assert "donnée price" in shown()


def test_documents_read_at_once_are_as_those_read_in_turn(tmp_path: Path, write: Write) -> None:
    names = [f"p{number}" for number in range(8)]
    pages = {
        f"{name}__rst": f"{name}\n--\n\n.. bpviz:: apples.py\n   :set: price={n}\n" for n, name in enumerate(names)
    }
    write(".. toctree::\n\n   " + "\n   ".join(names) + "\n", **pages)
    build(tmp_path, "html", "-j", "2")
    at_once = [page(tmp_path, name) for name in names]
    build(tmp_path, "html", "-E", "-a")
    assert [page(tmp_path, name) for name in names] == at_once
    for name in names:
        assert (tmp_path / "_html" / figures(page(tmp_path, name))[0]["src"]).is_file()


WRONG = {
    ".. bpviz:: apple.py": "there is no file 'apple.py'; did you mean 'apples.py'?",
    ".. bpviz:: apples.py:totl": "apples.py has no 'totl'; did you mean 'total'?",
    ".. bpviz:: apples.py\n   :colour: red": "the directive: No such option '--colour'",
    ".. bpviz:: apples.py\n   :output: x.svg": "the directive: No such option '--output'",
    ".. bpviz:: apples.py\n   :show: left": "the directive: Invalid value for '--show': 'left' is not one of",
    ".. bpviz:: apples.py\n   :set: taxes=1": "there is no input named 'taxes' for --set; did you mean 'tax'?",
    ".. bpviz:: apples.py\n   :set: 'tax=1": 'the words "\'tax=1" cannot be split',
    ".. bpviz::": "there is no block of Python that - could mean; name a file",
    ".. bpviz:: apples.py\n\n   x = 1": "a figure is drawn of a file or of the code below, not of both",
    ".. bpviz::\n\n   def f(x=1.0):\n       return x + unknown": "the model raised NameError",
    ".. bpviz::\n\n   def f(:": "is not valid Python: invalid syntax",
    ".. bpviz:: apples.py\n   :theme: lihgt": "there is no theme 'lihgt'; did you mean 'light'?",
}


def test_errors_stop_the_build_and_point_at_the_line(tmp_path: Path, write: Write) -> None:
    index, lines = "", {}
    for text in WRONG:
        lines[text] = index.count("\n") + 1
        index += f"{text}\n\nAnd so on.\n\n"
    write(index)
    heard = build(tmp_path, fails=True)
    for text, message in WRONG.items():
        place = f"index.rst:{lines[text]}: ERROR: "
        assert place in heard, (text, heard)
        assert message in heard.partition(place)[2].partition("[docutils]")[0].partition("index.rst:")[0], (text, heard)
    # Errors of code name the lines of the document, too.
    (raising,) = (line for text, line in lines.items() if "unknown" in text)
    assert f'index.rst>", line {raising + 3}, in f' in heard
    (broken,) = (line for text, line in lines.items() if "def f(:" in text)
    assert f"ERROR: index.rst, line {broken + 2} is not valid Python" in heard


def test_a_model_that_is_mended_is_read_again(tmp_path: Path, write: Write) -> None:
    write(".. bpviz:: apples.py\n")
    (tmp_path / "apples.py").write_text("def total(:\n", encoding="utf-8")
    build(tmp_path, fails=True)
    (tmp_path / "apples.py").write_text(MODEL, encoding="utf-8")
    build(tmp_path)
    assert len(figures(page(tmp_path))) == 1


def test_myst_runs_the_directive(tmp_path: Path, write: Write) -> None:
    text = (
        "# MyST\n\n```{bpviz} apples.py\n:caption: Two *apples*\n:name: fruit\n:shared:\n```\n\n{numref}`fruit`\n\n"
        "```{bpviz}\ndef f(x=3.0):\n    return x * {}\n```\n"
    )
    write(".. toctree::\n\n   myst\n", 'extensions.append("myst_parser")', myst__md=text.replace("{}", "x"))
    build(tmp_path)
    html = page(tmp_path, "myst")
    assert [figure["alt"].partition(":")[0] for figure in figures(html)] == [
        "Computation graph of total",
        "Computation graph of f",
    ]
    assert "Fig. 1" in html
    (tmp_path / "myst.md").write_text(text.replace("{}", "unknown"), encoding="utf-8")
    heard = build(tmp_path, fails=True)
    assert "myst.md:11: ERROR: the model raised NameError" in heard
    assert 'myst.md>", line 13, in f' in heard


def test_an_example_of_sphinx_gallery_shows_its_drawings(tmp_path: Path, write: Write) -> None:
    settings = (
        'extensions.append("sphinx_gallery.gen_gallery")\nexclude_patterns = ["examples"]\n'
        'sphinx_gallery_conf = {"examples_dirs": "examples", "gallery_dirs": "auto", "image_scrapers": ("bpviz",)}'
    )
    write(".. toctree::\n\n   auto/index\n", settings)
    (tmp_path / "examples").mkdir()
    (tmp_path / "examples" / "GALLERY_HEADER.rst").write_text("Gallery\n-------\n")
    (tmp_path / "examples" / "plot_apples.py").write_text(
        f'"""\nApples\n------\n"""\nimport bpviz\n\n{MODEL}\nbpviz.draw(total)\n\n'
        '# %%\n# Two more.\n\nsymbols = bpviz.draw(total, labels="symbols")\ncard = bpviz.card("relu")\n\n'
        "# %%\n# Nothing new.\n\nagain = symbols\n"
    )
    build(tmp_path)
    html = page(tmp_path, "auto/plot_apples")
    sources = re.findall(r'<img src="\.\./(_images/[^"]*)"[^>]* alt="([^"]*)"', html)
    assert [alt for _, alt in sources] == [ALT, ALT, "relu: z = ReLU(x)"]
    shown = [(tmp_path / "_html" / path).read_text(encoding="utf-8") for path, _ in sources]
    assert ">220<" in shown[0]
    assert "price·count" in shown[1]
    assert "thumb" in page(tmp_path, "auto/index")
