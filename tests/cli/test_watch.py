"""--watch: the picture follows the model, and the last good one stays."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from devtools import Page, opened, until

from bpviz import children
from bpviz.cli import main
from bpviz.drawing.served import ServedPage

MODEL = "def total(price=100, count=2):\n    return price * count\n"


def _programs(folder: Path) -> Path:
    """A folder with the program that opens what a user wants to see: it writes down what that is."""
    opener = folder / "programs" / "xdg-open"
    opener.parent.mkdir()
    opener.write_text(f'#!/bin/sh\nprintf %s "$1" > "{folder}/opened"\n')
    opener.chmod(0o755)
    return opener.parent


@pytest.fixture
def watching(
    tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[tuple[Path, subprocess.Popen[bytes], list[str]]]:
    """A model's file, the process that watches it (with more words, if the test has some), and the lines it said."""
    (tmp_path / "model.py").write_text(MODEL)
    words = getattr(request, "param", ["-o", "model.svg"])
    command = [sys.executable, "-m", "bpviz", "render", "model.py", "--watch", *words]
    # The page is opened by a program that only prints its address.
    process = subprocess.Popen(
        command,
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        start_new_session=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1", "PATH": f"{_programs(tmp_path)}:{os.environ['PATH']}"},
    )
    output: list[str] = []
    threading.Thread(target=lambda: output.extend(line.decode() for line in process.stderr or ()), daemon=True).start()
    try:
        yield tmp_path, process, output
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


@pytest.mark.hosts
@pytest.mark.engine
def test_the_picture_follows_the_model_and_the_last_good_one_stays(
    watching: tuple[Path, subprocess.Popen[bytes], list[str]],
) -> None:
    folder, process, output = watching
    model, picture = folder / "model.py", folder / "model.svg"
    assert until(lambda: picture.exists() and "wrote model.svg\n" in output), output
    assert ">200<" in picture.read_text()
    time.sleep(0.5)
    model.write_text(MODEL.replace("100", "150"))
    assert until(lambda: ">300<" in picture.read_text()), output
    good = picture.read_bytes()
    time.sleep(0.5)
    model.write_text("def total(price=100:\n")
    assert until(lambda: any("is not valid Python" in line for line in output)), output
    assert picture.read_bytes() == good
    time.sleep(0.5)
    model.write_text(MODEL.replace("100", "7"))
    assert until(lambda: ">14<" in picture.read_text()), output
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0
    assert until(lambda: "no longer watching\n" in output)
    assert [path.name for path in folder.iterdir() if path.name.startswith(".")] == []


def test_the_page_shows_the_picture_and_errors(tmp_path: Path) -> None:
    picture = tmp_path / "<b>.svg"
    picture.write_text("<svg/>")
    page = ServedPage(picture.name)
    address = page.start()

    def get(path: str) -> tuple[str, bytes]:
        with urllib.request.urlopen(address + path, timeout=30) as reply:
            return reply.headers["Content-Type"], reply.read()

    try:
        kind, body = get("")
        assert kind == "text/html; charset=utf-8"
        assert b"<title>&lt;b&gt;.svg</title>" in body
        page.show("", [picture])
        assert json.loads(get("news?0")[1]) == {"edition": 1, "message": "", "pictures": 1}
        assert get("picture/1?1") == ("image/svg+xml", b"<svg/>")
        threading.Timer(0.2, page.show, ["it broke", []]).start()
        assert json.loads(get("news?1")[1]) == {"edition": 2, "message": "it broke", "pictures": 1}
        picture.with_suffix(".tex").write_text("% TikZ")
        page.show("", [picture, picture.with_suffix(".tex"), picture.with_name("gone.svg")])
        assert get("picture/2?3") == ("text/plain; charset=utf-8", b"% TikZ")
        for nothing in ("other", "picture/0", "picture/3", "picture/4", "picture/-1", "picture/", "picture/²"):
            with pytest.raises(urllib.error.HTTPError, match="404"):
                get(urllib.parse.quote(nothing))
    finally:
        page.stop()


STEPS = """
    new Promise(done => {
        const look = () => {
            const shown = [...document.querySelectorAll("object")].map(one => one.contentDocument?.querySelector("svg"));
            const words = svg => [...svg.querySelectorAll("text")].map(text => text.textContent);
            const ready = shown.length && shown.every(svg => svg);
            ready ? done(JSON.stringify(shown.map(words))) : setTimeout(look, 50);
        };
        look();
    })
"""
"""The texts of all pictures on a page, once they are there."""


@pytest.mark.engine
@pytest.mark.browser
@pytest.mark.skipif(sys.platform != "linux", reason="the program that opens pages has another name there")
@pytest.mark.parametrize("watching", [["-o", "step-%02d.svg", "--view"]], indirect=True)
def test_the_page_shows_every_step(watching: tuple[Path, subprocess.Popen[bytes], list[str]]) -> None:
    folder, _, output = watching
    # A step of an older model, which was longer.
    (folder / "step-06.svg").write_text("<svg/>")
    assert until(lambda: "wrote step-05.svg\n" in output and (folder / "opened").exists()), output

    def shown(browser: Page) -> list[list[str]]:
        reply = browser.ask("Runtime.evaluate", expression=STEPS, awaitPromise=True)
        return json.loads(reply["result"]["value"])  # type: ignore[no-any-return]

    with opened((folder / "opened").read_text()) as browser:
        # Two inputs, the product, the backward pass, the whole: 100 · 2 = 200.
        pictures = shown(browser)
        assert len(pictures) == 5
        assert ["200" in words for words in pictures] == [False, True, True, True, True]
        (folder / "model.py").write_text(MODEL.replace("100", "150"))
        assert until(lambda: "300" in shown(browser)[4]), output


@pytest.mark.parametrize(
    ("words", "output"),
    [
        (("model.py", "--watch", "--check"), "--watch writes files; leave out --check"),
        (("model.py", "--watch", "-o", "-"), "--watch writes files; leave out -o -"),
        (("model.py", "--watch", "-o", "x.foo"), "there is no format 'foo'"),
        (("model.py", "--watch", "-o", "gone/x.svg"), "the folder 'gone' does not exist"),
        (("-", "--watch"), "--watch needs a file that can be saved again, but got standard input (-); name a FILE.py"),
    ],
)
def test_what_cannot_be_watched(words: tuple[str, ...], output: str) -> None:
    result = CliRunner().invoke(main, ["render", *words], prog_name="bpviz")
    assert result.exit_code == 2
    assert output in result.stderr


def test_without_watchfiles_the_message_says_how_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "watchfiles", None)
    (tmp_path / "model.py").write_text(MODEL)
    result = CliRunner().invoke(main, ["render", str(tmp_path / "model.py"), "--watch"], prog_name="bpviz")
    assert result.exit_code == 3
    assert result.stderr == 'bpviz: --watch needs watchfiles; install it: pip install "bpviz[watch]"\n'


@pytest.mark.hosts
def test_modules_beside_the_picture_are_not_run(tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text(MODEL)
    subprocess.run([sys.executable, "-m", "bpviz", "render", "model.py", "-o", "g.json"], cwd=tmp_path, check=True)
    for name in ("click", "json", "numpy"):
        (tmp_path / f"{name}.py").write_text("open('ran', 'w')\nraise SystemExit(9)\n")
    command = children.bpviz_command("render", "g.json", "--watch", "-o", "g.svg")
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        assert until(lambda: (tmp_path / "g.svg").exists())
        assert not (tmp_path / "ran").exists()
    finally:
        process.kill()
        process.wait()


@pytest.mark.hosts
def test_a_draw_that_a_newer_save_has_overtaken_is_dropped(
    watching: tuple[Path, subprocess.Popen[bytes], list[str]],
) -> None:
    folder, _, output = watching
    model, picture = folder / "model.py", folder / "model.svg"
    assert until(lambda: "wrote model.svg\n" in output), output
    time.sleep(0.5)
    model.write_text(f"import time\nopen('begun', 'w')\ntime.sleep(60)\n{MODEL.replace('100', '150')}")
    assert until(lambda: (folder / "begun").exists()), output
    model.write_text(MODEL.replace("100", "7"))
    assert until(lambda: ">14<" in picture.read_text()), output
    assert output.count("wrote model.svg\n") <= 2
