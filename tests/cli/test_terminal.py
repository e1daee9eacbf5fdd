"""Every command, every time: one sentence and the right exit code, whatever the streams and files are."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from command_line import run

pytestmark = pytest.mark.hosts
POSIX = pytest.mark.skipif(os.name != "posix", reason="streams of POSIX")
COMMANDS = (
    ("render", "apples.py", "-o", "-"),
    ("explain", "apples.py"),
    ("gradcheck", "apples.py"),
    ("diff", "apples.py", "apples.py"),
    ("ops",),
    ("card", "relu", "-o", "-"),
    ("doctor",),
)


def started(folder: Path, *words: str, redirect: str = "", **more: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a shell that redirects its streams."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("BPVIZ_")} | more
    code = "import sys; sys.argv[0] = 'bpviz'; from bpviz.__main__ import start; start()"
    command = ["sh", "-c", f'exec "$@" {redirect}', "sh", sys.executable, "-c", code, *words]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)


def is_one_sentence(message: str) -> bool:
    return message.startswith("bpviz: ") and message.count("\n") == 1 and "Traceback" not in message


@POSIX
@pytest.mark.parametrize("words", [*COMMANDS, ("--help",), ("render", "--help"), ("--version",)], ids=" ".join)
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_stdout_that_is_full(folder: Path, words: tuple[str, ...]) -> None:
    done = started(folder, *words, redirect="> /dev/full")
    assert done.returncode == 2
    assert is_one_sentence(done.stderr), done.stderr
    assert "No space left on device" in done.stderr


@POSIX
@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_stdout_that_is_closed(folder: Path, words: tuple[str, ...]) -> None:
    done = started(folder, *words, redirect=">&-")
    assert (done.returncode, done.stderr) == (2, "bpviz: standard output is closed; name a file with -o, or open it\n")


@POSIX
@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_the_reader_of_stdout_that_ends(folder: Path, words: tuple[str, ...]) -> None:
    code = "import sys; sys.argv[0] = 'bpviz'; from bpviz.__main__ import start; start()"
    process = subprocess.Popen(
        [sys.executable, "-c", code, *words], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert (process.stderr.read(), process.wait(60)) == ("", 0)


@POSIX
@pytest.mark.parametrize("redirect", ["2>&-", "2>/dev/full", "<&- >&- 2>&-"])
def test_stderr_that_is_closed_or_full(folder: Path, redirect: str) -> None:
    done = started(folder, "render", "apples.py", "-o", "a.svg", redirect=redirect)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    # No message has gone into the file that got the number of stderr.
    picture = (folder / "a.svg").read_text()
    assert (picture.startswith("<svg"), picture.endswith("</svg>\n"), "wrote" in picture) == (True, True, False)
    assert started(folder, "render", "nothing.py", redirect=redirect).returncode == 2


@POSIX
def test_stdin_that_is_closed(folder: Path) -> None:
    done = started(folder, "render", "-", redirect="<&-")
    assert (done.returncode, is_one_sentence(done.stderr)) == (2, True)
    assert "standard input is closed" in done.stderr


@POSIX
def test_no_home_and_no_environment(folder: Path) -> None:
    code = "import sys; sys.argv[0] = 'bpviz'; from bpviz.__main__ import start; start()"
    command = ["env", "-i", sys.executable, "-c", code, "render", "apples.py", "-o", "a.svg", "-o", "a.png"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "wrote a.svg\nwrote a.png\n")


@POSIX
def test_a_limit_of_the_size_of_files(folder: Path) -> None:
    (folder / "a.svg").write_text("old")
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (512, 512)); sys.argv[0] = 'bpviz'; "
        "from bpviz.__main__ import start; start()"
    )
    command = [sys.executable, "-c", code, "render", "apples.py", "-o", "a.svg"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    assert (done.returncode, is_one_sentence(done.stderr)) == (2, True)
    assert ((folder / "a.svg").read_text(), len(list(folder.iterdir()))) == ("old", 2)


def _folder(path: Path) -> None:
    path.mkdir()


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _unreadable(path: Path) -> None:
    path.write_bytes(b"\xff\xfe\x00")


@POSIX
@pytest.mark.parametrize("make", [_folder, _pipe, _unreadable], ids=lambda make: make.__name__.strip("_"))
@pytest.mark.parametrize("option", ["--theme", "--lang"])
def test_a_folder_or_a_pipe_in_place_of_a_theme_or_a_language(
    folder: Path, option: str, make: Callable[[Path], None]
) -> None:
    make(folder / "xx.toml")
    done = run("render", "apples.py", option, "xx.toml")
    assert (done.exit_code, is_one_sentence(done.stderr), (folder / "apples.svg").exists()) == (2, True, False)


@POSIX
def test_a_folder_or_a_pipe_in_place_of_settings_is_passed_over(folder: Path) -> None:
    _pipe(folder / "pyproject.toml")
    assert run("render", "apples.py").exit_code == 0


HOSTILE = "\x1b]0;owned\x07\x9b31m\u202e"


@POSIX
@pytest.mark.parametrize(
    "words",
    [
        (f"{HOSTILE}.py",),
        ("apples.py", f"--{HOSTILE}"),
        ("apples.py", "--theme", HOSTILE),
        ("apples.py", "--set", f"{HOSTILE}=1"),
        ("apples.py", "--set", f"price={HOSTILE}"),
        ("apples.py", "-o", f"{HOSTILE}.svg"),
        ("apples.py", "-o", f"nowhere/{HOSTILE}.svg"),
        ("raises.py",),
        (f"apples.py:{HOSTILE}",),
    ],
    ids=ascii,
)
def test_nothing_controls_the_terminal(folder: Path, words: tuple[str, ...]) -> None:
    (folder / "raises.py").write_text(f"def f(x=1.0):\n    raise ValueError({HOSTILE!r})\n")
    done = run("render", *words)
    assert all(c.isprintable() or c == "\n" for c in done.output), ascii(done.output)


@pytest.mark.parametrize("value", ["[[1,2],[3]]", "[1,[2]]", "[" * 300 + "]" * 300, "[[]", "{1: 2}", "9" * 6000])
def test_ragged_and_huge_values_are_refused(folder: Path, value: str) -> None:
    (folder / "array.py").write_text("import numpy as np\ndef f(x=np.ones((2, 2))):\n    return (x * x).sum()\n")
    for words in (("render", "apples.py", "--set", f"price={value}"), ("render", "array.py", "--set", f"x={value}")):
        if (value, words[1]) == ("{1: 2}", "apples.py"):
            continue
        done = run(*words)
        assert (done.exit_code, is_one_sentence(done.stderr), len(done.stderr) < 400) == (2, True, True), done.stderr


INTERRUPTED = (
    (130, "bpviz: interrupted; nothing was written\n"),
    (130, "wrote a.svg\nbpviz: interrupted; written before: a.svg\n"),
)
FIRST = """
import signal, sys

class First:
    def find_spec(name, path, target=None):
        if name.startswith("bpviz.") and First in sys.meta_path:
            sys.meta_path.remove(First)
            sys.stdout.write("."); sys.stdout.flush()

signal.signal(signal.SIGINT, signal.default_int_handler)
sys.meta_path.insert(0, First)
sys.argv[0] = "bpviz"
"""
"""A start of the command that writes a dot as soon as the first module of bpviz is loaded."""


DROPPED = """
import bpviz.cli
import sys, threading, time, weakref

class Thing:
    pass

def start(*_, **__):
    thing = Thing()
    # The interrupt comes while the callback runs, which lets no exception out.
    kept = weakref.ref(thing, lambda _: [print(".", flush=True), time.sleep(9)])
    del thing
    for _ in range(90):
        time.sleep(0.1)

bpviz.cli.main = start
import bpviz.__main__; bpviz.__main__.start()
"""


@POSIX
def test_an_interrupt_that_comes_in_a_callback_is_not_lost(folder: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", DROPPED], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.read(1)
    process.send_signal(signal.SIGINT)
    message = process.communicate(timeout=60)[1].decode()
    assert (process.returncode, message) == INTERRUPTED[0]


@POSIX
def test_an_interrupt_at_any_time_is_one(folder: Path) -> None:
    code = FIRST + "import bpviz.__main__; bpviz.__main__.start()"
    seen = set()
    for delay in (0.0, 0.005, 0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.13, 0.16, 0.2):
        process = subprocess.Popen(
            [sys.executable, "-c", code, "render", "apples.py", "-o", "a.svg"],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert process.stdout is not None
        process.stdout.read(1)
        time.sleep(delay)
        process.send_signal(signal.SIGINT)
        message = process.communicate(timeout=60)[1].decode()
        outcome = (process.returncode, message)
        seen.add(outcome)
        # The last comes when Python is already ending, and no longer hears interrupts.
        done = (*INTERRUPTED, (0, "wrote a.svg\n"), (-signal.SIGINT, "wrote a.svg\n"))
        assert outcome in done, (delay, outcome)
    assert INTERRUPTED[0] in seen
