"""The documentation: built with every warning an error, its figures drawn, its examples run."""

from __future__ import annotations

import doctest
import re
import subprocess
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote

import pytest
from click import Context
from devtools import opened
from places import DOCS

from bpviz.cli import main

PAGES = sorted(page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.rst"))
DRAWING = ("how-it-works.rst", "howto/markdown.rst")
"""The pages whose examples lay out a figure."""


@pytest.mark.hosts
@pytest.mark.engine
def test_it_builds_without_a_warning_and_draws_its_figures(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "sphinx",
        "-W",
        "-q",
        "-d",
        str(tmp_path / "trees"),
        str(DOCS),
        str(tmp_path / "html"),
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    tutorial = (tmp_path / "html" / "tutorial.html").read_text(encoding="utf-8")
    drawn = list((tmp_path / "html").rglob("*.svg"))
    assert ">220<" in "".join(path.read_text(encoding="utf-8") for path in drawn) + tutorial
    for name in ("index.html", "ja/index.html", "howto/living.html"):
        page = tmp_path / "html" / name
        (frame,) = re.findall(r'<iframe [^>]*src="([^"]*)"', page.read_text(encoding="utf-8"))
        living = (page.parent / frame).read_text(encoding="utf-8")
        assert "default-src 'none'" in living and not re.search(r'(?:src|href)="(?:https?:)?//', living), name


def test_the_reference_has_every_command() -> None:
    reference = (DOCS / "reference" / "commands.rst").read_text(encoding="utf-8")
    assert re.findall(r"command-help:: (\w+)", reference) == main.list_commands(Context(main))


@pytest.mark.parametrize(
    "page",
    [pytest.param(DOCS / name, id=name, marks=[pytest.mark.engine] if name in DRAWING else []) for name in PAGES],
)
def test_its_examples_run(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    options = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    failed, _ = doctest.testfile(str(page), module_relative=False, optionflags=options, encoding="utf-8")
    assert failed == 0


class Silent(SimpleHTTPRequestHandler):
    """A server without a log."""

    def log_message(self, *words: object) -> None:
        pass


SOUGHT = {
    # The words that readers search, in pages of their language.
    "勾配": "ja/tutorial",
    "逆伝播": "ja/tutorial",
    "伝播": "ja/tutorial",
    "りんご": "ja/tutorial",
    "幅が広すぎる": "ja/troubleshooting",
    "背景を透明": "ja/troubleshooting",
    "四角": "ja/troubleshooting",
    "フォント": "ja/troubleshooting",
    "my loop": "troubleshooting",
    "math.exp": "troubleshooting",
    "y[i] =": "troubleshooting",
    "too wide": "troubleshooting",
    "fonts": "troubleshooting",
    "Colab": "troubleshooting",
    "PowerPoint": "troubleshooting",
    "transparent": "troubleshooting",
    "NaN": "troubleshooting",
}

NO_FIGURES = """\
import sys
from docutils.parsers.rst import Directive

sys.path.insert(0, {docs!r})
extensions = ["japanese_search"]
html_theme = "furo"
suppress_warnings = ["ref", "toc"]

class Nothing(Directive):
    has_content, optional_arguments, final_argument_whitespace = True, 9, True
    option_spec = {{name: str for name in ("code", "lang", "live", "labels", "width")}}

    def run(self):
        return []

def setup(app):
    app.add_directive("bpviz", Nothing)
"""


@pytest.mark.hosts
@pytest.mark.browser
def test_its_search_finds_the_words_of_both_languages(tmp_path: Path) -> None:
    (tmp_path / "conf.py").write_text(NO_FIGURES.format(docs=str(DOCS)), encoding="utf-8")
    (tmp_path / "ja").mkdir()
    for name in dict.fromkeys(["index", *SOUGHT.values()]):
        (tmp_path / f"{name}.rst").write_bytes((DOCS / f"{name}.rst").read_bytes())
    built = tmp_path / "html"
    subprocess.run([sys.executable, "-m", "sphinx", "-q", str(tmp_path), str(built)], capture_output=True, check=True)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Silent, directory=str(built))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_address[1]}/search.html?q="
        with opened("about:blank") as page:
            for words, wanted in SOUGHT.items():
                page.go(address + quote(words))
                links = "[...document.querySelectorAll('#search-results li a')].map(link => link.href)"
                assert page.comes_to(f"{links}.some(link => link.includes('/{wanted}.html'))", True), words
        server.shutdown()
