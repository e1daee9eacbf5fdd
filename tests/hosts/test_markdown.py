"""Figures in Markdown: a site of MkDocs and one of Zensical, built as users do, and a page of markdown-it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from devtools import opened
from markdown import markdown
from markdown_it import MarkdownIt

from bpviz.errors import ModelFailed, UsageError
from bpviz.hosts.markdown import formatter, plugin, validator

MODEL = "def total(price=100, count=2, tax=1.1):\n    return price * count * tax\n"
SETTINGS = """\
site_name: Apples
use_directory_urls: false
theme:
  name: material
  font: false
  palette:
    - {media: "(prefers-color-scheme: light)", scheme: default}
    - {media: "(prefers-color-scheme: dark)", scheme: slate}
markdown_extensions:
  - pymdownx.superfences:
      custom_fences:
        - &figure
          name: bpviz
          class: bpviz
          format: !!python/name:bpviz.hosts.markdown.formatter
          validator: !!python/name:bpviz.hosts.markdown.validator
        - {<<: *figure, name: python}
"""
PAGE = """\
# Apples

```bpviz target="apples.py" caption="Two apples & a <tax>"
```

```python bpviz code labels="symbols"
def square(x=3.0):
    return x * x
```

```python
untouched = 1
```

```bpviz target="apples.py" set="tax=1.2 count=5" steps
```
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "apples.py").write_text(MODEL, encoding="utf-8")
    return tmp_path


def site(folder: Path, tool: str, page: str) -> subprocess.CompletedProcess[str]:
    (folder / "mkdocs.yml").write_text(SETTINGS, encoding="utf-8")
    (folder / "docs").mkdir(exist_ok=True)
    (folder / "docs" / "index.md").write_text(page, encoding="utf-8")
    return subprocess.run([sys.executable, "-m", tool, "build", "--strict"], capture_output=True, text=True)


@pytest.mark.hosts
@pytest.mark.engine
@pytest.mark.browser
@pytest.mark.parametrize("tool", ["mkdocs", "zensical"])
def test_a_site_shows_figures_as_light_or_dark_as_its_pages(folder: Path, tool: str) -> None:
    done = site(folder, tool, PAGE)
    assert done.returncode == 0, done.stderr
    file = folder / "site" / "index.html"
    html = file.read_text(encoding="utf-8")
    assert html.count('<figure class="bpviz-figure') == 3
    assert "<figcaption>Two apples &amp; a &lt;tax&gt;</figcaption>" in html
    assert ">220<" in html
    # 100 · 5 · 1.2 = 600.
    assert "100 × 5 = 500" in html and "= 600" in html
    assert 'class="nf">square' in html and "untouched" in html
    ink = 'getComputedStyle(document.querySelector("figure svg .background")).fill'
    with opened(file) as page:
        # The reader chooses with a button of the page, whatever the system says.
        for system, scheme, colour in (
            ("dark", "default", "rgb(255, 255, 255)"),
            ("light", "slate", "rgb(30, 30, 30)"),
        ):
            page.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": system}])
            # Said again where the page, which begins with a scheme of its own, was later than we.
            chosen = f'document.body.setAttribute("data-md-color-scheme", "{scheme}"); {ink}'
            assert page.comes_to(chosen, colour), (page.run(ink), colour)
        # What the page says of its own lists must not take the player apart: all its buttons stand in one line.
        tops = page.run('[...document.querySelectorAll("figure input")].map(e => e.getBoundingClientRect().top)')
        assert len(tops) == 7
        assert len(set(tops)) == 1


WRONG = {
    '```bpviz target="apples.py" colour="red"\n```\n': "a block called bpviz has no option 'colour'; there are: alt, ",
    '```bpviz target="apple.py"\n```\n': "there is no file 'apple.py'; did you mean 'apples.py'?",
    '```bpviz target="apples.py"\nx = 1\n```\n': "a figure is drawn of a file or of the code below, not of both",
    "```bpviz\n```\n": "there is no block of Python that - could mean",
    "```bpviz\ndef f(x=1.0):\n    return unknown\n```\n": "NameError: name 'unknown' is not defined",
}


@pytest.mark.hosts
@pytest.mark.parametrize("tool", ["mkdocs", "zensical"])
def test_an_error_stops_the_build_of_a_site(folder: Path, tool: str) -> None:
    done = site(folder, tool, "```bpviz\ndef f(x=1.0):\n    return unknown\n```\n")
    assert done.returncode != 0
    assert "bpviz: the model raised NameError" in done.stderr
    assert '"<the block>", line 2, in f' in done.stderr


def shown(text: str) -> str:
    fences = [{"name": n, "class": "bpviz", "format": formatter, "validator": validator} for n in ("bpviz", "python")]
    settings = {"pymdownx.superfences": {"custom_fences": fences}}
    return markdown(text, extensions=["pymdownx.superfences", "attr_list"], extension_configs=settings)


@pytest.mark.parametrize("text", WRONG)
def test_errors_have_a_message(folder: Path, text: str) -> None:
    with pytest.raises(Exception, match="bpviz: ") as caught:
        shown(text)
    assert type(caught.value).__name__ == "SuperFencesException"
    assert WRONG[text] in str(caught.value)


@pytest.mark.engine
def test_attributes_name_options_as_well(folder: Path) -> None:
    html = shown('``` { .bpviz target="apples.py" what-if="tax=1.2" animate alt="it <moves>" }\n```\n')
    assert '<img alt="it &lt;moves&gt;" src="data:image/svg+xml;base64,' in html


@pytest.mark.engine
def test_settings_of_the_project_hold(folder: Path) -> None:
    text = '```bpviz target="apples.py"\n```\n'
    assert "light-dark(" in shown(text)
    (folder / "pyproject.toml").write_text("[tool.bpviz]\ntheme = 'dark'\n")
    assert "light-dark(" not in shown(text)
    assert "#1E1E1E" in shown(text)


@pytest.mark.engine
def test_markdown_it_shows_figures(folder: Path) -> None:
    page = MarkdownIt().use(plugin, folder=folder)
    html = page.render(PAGE)
    assert html.count('<figure class="bpviz-figure') == 3
    assert '<code class="language-python">def square(x=3.0):' in html
    assert '<code class="language-python">untouched = 1' in html
    assert ">220<" in html and "= 600" in html


def test_errors_of_markdown_it_name_the_line(folder: Path) -> None:
    page = MarkdownIt().use(plugin, folder=folder)
    with pytest.raises(UsageError, match=r"^line 3: there is no file 'apple\.py'; did you mean 'apples\.py'\?"):
        page.render('# Apples\n\n```bpviz target="apple.py"\n```\n')
    with pytest.raises(UsageError, match=r"^line 1: a block called bpviz has no option 'them'; did you mean 'theme'"):
        page.render("```bpviz them=dark\n```\n")
    with pytest.raises(ModelFailed, match=r"^line 3: the model raised NameError") as caught:
        page.render("Text.\n\n```bpviz\ndef f(x=1.0):\n    return unknown\n```\n")
    assert 'page>", line 5, in f' in caught.value.traceback
