"""Living figures in notebooks: executed by a real kernel, saved, converted by nbconvert, shown by both browsers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from browsers import BROWSERS, BrowserPage, Open
from devtools import opened as in_chromium
from nbconvert import HTMLExporter
from nbconvert.preprocessors import ExecutePreprocessor

import bpviz

pytestmark = [pytest.mark.engine, pytest.mark.hosts]

CELLS = (
    "%load_ext bpviz",
    "%%bpviz total --live\ndef total(price=100, count=2, tax=1.1):\n    return price * count * tax",
    "import bpviz\nbpviz.draw(lambda x=3.0: x * x, notebook='live', theme='auto')",
)
LIVE = "document.querySelector('figure').bpviz"
FITS = (
    "(f => f.getBoundingClientRect().height === parseFloat(f.style.height) && f.offsetHeight === "
    "f.parentElement.offsetHeight)(document.querySelectorAll('iframe.bpviz-frame')[{number}])"
)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A notebook that was executed and saved."""
    place = tmp_path_factory.mktemp("notebook") / "lesson.ipynb"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    ExecutePreprocessor(timeout=120).preprocess(notebook, {"metadata": {"path": str(place.parent)}})
    nbformat.write(notebook, place)
    return place


def outputs(saved: Path) -> list[Any]:
    notebook = nbformat.read(saved, as_version=4)  # type: ignore[no-untyped-call]
    return [cell.outputs[-1].data for cell in notebook.cells[1:]]


def test_a_saved_notebook_has_the_living_figure_and_the_plain_one(saved: Path) -> None:
    first, second = outputs(saved)
    for output in first, second:
        assert output.keys() == {"text/plain", "text/html", "image/svg+xml"}
        assert re.findall(r'sandbox="([^"]*)"', output["text/html"]) == ["allow-scripts"]
        assert len(output["text/html"]) < 100_000
    assert ">220<" in first["image/svg+xml"] and ">9<" in second["image/svg+xml"]


@pytest.mark.parametrize("opened", BROWSERS)
def test_a_converted_notebook_is_alive(saved: Path, opened: Open) -> None:
    html, _ = HTMLExporter().from_filename(str(saved))
    place = saved.with_suffix(".html")
    place.write_text(html, encoding="utf-8")
    with opened(place) as page:
        assert page.comes_to(FITS.format(number=0), True)
        assert page.comes_to(FITS.format(number=1), True)
        with page.frame(1) as frame:
            assert frame.run(f"{LIVE}.value('x')") == 3
            frame.run(f"{LIVE}.set({{x: 5}})")
            assert frame.run(f"{LIVE}.gradient('x')") == 10
        with page.frame(0) as frame:
            # Each has its own numbers; the frame is at its own place, and takes the keyboard.
            assert frame.run(f"{LIVE}.value('total')") == pytest.approx(220)
            assert frame.run("[innerHeight >= document.documentElement.offsetHeight, document.scripts.length > 0]") == [
                True,
                True,
            ]
            frame.run("document.querySelector('[aria-label=tax]').focus()")
            frame.press("ArrowUp")
            assert frame.run(f"{LIVE}.value('tax')") == pytest.approx(1.2)
            assert frame.run("getComputedStyle(document.body).margin") == "0px"


def host(output: str, style: str = "", before: str = "", after: str = "") -> str:
    """A page as a notebook has it, with one output."""
    return f'<!DOCTYPE html><meta charset="utf-8"><body style="{style}">{before}<div>{output}</div>{after}'


PLAIN_IS_SEEN = (
    "(i => i.complete && i.naturalWidth > 0 && i.offsetWidth > 100 && getComputedStyle(i).visibility === 'visible')"
    "(document.querySelector('.bpviz-living > img'))"
)


@pytest.mark.parametrize("opened", BROWSERS)
def test_the_plain_picture_is_seen_where_frames_are_taken_out(tmp_path: Path, opened: Open) -> None:
    output = live(lambda x=3.0: x * x)
    place = tmp_path / "page.html"
    # As JupyterLab does with a notebook that it does not trust, and GitHub with all.
    bare = re.sub(r"<(script|style|iframe)\b.*?</\1>", "", output, flags=re.DOTALL)
    place.write_text(host(bare), encoding="utf-8")
    assert "iframe" not in bare and "bpviz-living" in bare
    with opened(place) as page:
        assert page.comes_to(PLAIN_IS_SEEN, True)
        place.write_text(host(output), encoding="utf-8")
        page.go(place.resolve().as_uri())
        assert page.comes_to(FITS.format(number=0), True)
        assert not page.run(PLAIN_IS_SEEN)


@pytest.mark.parametrize("opened", BROWSERS)
def test_it_is_dark_where_the_notebook_is(tmp_path: Path, opened: Open) -> None:
    output = live(lambda x=3.0: x * x, theme="auto")
    place = tmp_path / "page.html"
    place.write_text(host(output, "background:#111"), encoding="utf-8")
    dark = "matchMedia('(prefers-color-scheme: dark)').matches"
    ground = "getComputedStyle(document.body).backgroundColor"
    with opened(place) as page:
        assert page.comes_to(FITS.format(number=0), True)
        with page.frame(0) as frame:
            assert frame.comes_to(dark, True)
            assert frame.run(ground) == "rgb(30, 30, 30)"
        # A reader chooses another theme of the notebook.
        page.run("document.body.setAttribute('style', 'background: white')")
        with page.frame(0) as frame:
            assert frame.comes_to(dark, False)
            assert frame.run(ground) == "rgb(255, 255, 255)"


@pytest.mark.parametrize("opened", BROWSERS)
def test_it_has_its_room_before_a_reader_gets_there(tmp_path: Path, opened: Open) -> None:
    place = tmp_path / "page.html"
    place.write_text(host(live(lambda x=3.0: x * x), before="<p style='height: 9000px'>"), encoding="utf-8")
    with opened(place) as page:
        assert page.comes_to(FITS.format(number=0), True)


@pytest.mark.browser
def test_paper_gets_the_plain_picture(tmp_path: Path) -> None:
    place = tmp_path / "page.html"
    place.write_text(host(live(lambda x=3.0: x * x)), encoding="utf-8")
    with in_chromium(place) as page:
        assert page.comes_to(FITS.format(number=0), True)
        page.ask("Emulation.setEmulatedMedia", media="print")
        assert page.comes_to(PLAIN_IS_SEEN, True)
        assert page.run("document.querySelector('iframe').offsetWidth") == 0


@pytest.mark.browser
@pytest.mark.parametrize("around", [("", ""), ("<div>", "</div>")])
def test_without_a_script_of_the_host_it_has_room(tmp_path: Path, around: tuple[str, str]) -> None:
    """As in marimo, which runs no script of an output, and puts its frames into elements of its own."""
    place = tmp_path / "page.html"
    policy = '<meta http-equiv="Content-Security-Policy" content="script-src \'none\'">'
    output = re.sub(r"(?<=</style>\n)<script>.*?</script>\n", "", live(lambda x=3.0: x * x), flags=re.DOTALL)
    output = output.replace("<iframe", f"{around[0]}<iframe").replace("</iframe>", f"</iframe>{around[1]}")
    place.write_text(host(output), encoding="utf-8")
    with in_chromium(place) as page:
        assert not page.run(PLAIN_IS_SEEN)
        with page.frame(0) as frame:
            svg = "document.querySelector('svg').getBoundingClientRect()"
            assert frame.run(f"innerHeight > {svg}.height + 40 && innerWidth > {svg}.width")
            assert frame.run(f"{LIVE}.value('x')") == 3
    # A host that allows no scripts at all shows the figure still.
    place.write_text(host(policy + live(lambda x=3.0: x * x)), encoding="utf-8")
    with in_chromium(place) as page, page.frame(0) as frame:
        assert frame.run("document.querySelectorAll('svg text').length > 3")


def live(target: Any, **options: Any) -> str:
    found: str = bpviz.draw(target, notebook="live", **options)._repr_mimebundle_()["text/html"]
    return found


def test_a_figure_that_stays_still_says_why() -> None:
    output = live(lambda x=3.0: x * x, path="x")
    assert "<p>This figure does not follow its inputs: it shows paths.</p>" in output
    assert "<iframe" not in output and "<figure" in output


def test_what_can_never_follow_is_shown_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BPVIZ_NOTEBOOK", "live")
    card = bpviz.card("relu")._repr_mimebundle_()
    assert "<iframe" not in card["text/html"] and "does not follow" not in card["text/html"]
    steps = bpviz.draw(lambda x=3.0: x * x, steps=True)._repr_mimebundle_()
    assert "<iframe" not in steps["text/html"] and "<button" in steps["text/html"]


HOSTILE = '"></iframe><img src=x onerror=window.ran=1>'


@pytest.mark.parametrize("opened", BROWSERS)
def test_no_name_gets_out_of_the_frame(tmp_path: Path, opened: Open) -> None:
    graph = bpviz.Graph(HOSTILE)
    x = graph.input(HOSTILE, 3.0)
    graph.output(x * x, "</iframe><script>window.ran=1</script>")
    place = tmp_path / "page.html"
    place.write_text(host(live(graph, title=HOSTILE)), encoding="utf-8")
    with opened(place) as page:
        assert page.comes_to(FITS.format(number=0), True)
        assert page.run("[window.ran ?? 0, document.querySelectorAll('img').length, document.scripts.length]") == [
            0,
            1,
            1,
        ]
        with page.frame(0) as frame:
            assert frame.run("[window.ran ?? 0, document.querySelectorAll('img').length]") == [0, 0]
            assert reaches_nothing(frame)


def reaches_nothing(frame: BrowserPage) -> bool:
    """Whether the frame can neither read its host nor keep anything."""
    tried = ("parent.document.title", "localStorage.length", "top.location.pathname")
    return all(frame.run(f"(() => {{ try {{ {one}; return false }} catch {{ return true }} }})()") for one in tried)
