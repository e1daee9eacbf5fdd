"""The model's world stays the model's: whatever it does to the process, the picture is what and where it should be."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.hosts

PLAIN = "def f(x=3.0):\n    return x * 2\n"

DOES: dict[str, str] = {
    "changes the folder": "import os, tempfile\nos.chdir(tempfile.mkdtemp())\ndef f(x=3.0):\n    return x * 2\n",
    "changes the folder in the function": "import os\ndef f(x=3.0):\n    os.chdir('/')\n    return x * 2\n",
    "deletes its folder": (
        "import os, tempfile\nat = tempfile.mkdtemp()\nos.chdir(at)\nos.rmdir(at)\ndef f(x=3.0):\n    return x * 2\n"
    ),
    "changes sys.argv": "import sys\nsys.argv[:] = ['a', '-o', 'b.svg']\n" + PLAIN,
    "replaces sys.argv": "import sys\ndef f(x=3.0):\n    sys.argv = None\n    return x * 2\n",
    "empties sys.path": "import sys\nsys.path[:] = []\n" + PLAIN,
    "replaces sys.path": "import sys\nsys.path = ['/nowhere']\n" + PLAIN,
    "prints": "print('LOUD')\ndef f(x=3.0):\n    print('LOUD')\n    return x * 2\n",
    "prints to the first stdout": "import sys\nsys.__stdout__.write('LOUD')\n" + PLAIN,
    "writes to descriptor 1": "import os\nos.write(1, b'LOUD')\ndef f(x=3.0):\n    os.write(1, b'LOUD')\n    return x * 2\n",
    "runs a program that prints": "import os\nos.system('echo LOUD')\n" + PLAIN,
    "prints at exit": (
        "import atexit, os\natexit.register(lambda: print('LOUD'))\n"
        "atexit.register(lambda: os.write(1, b'LOUD'))\n" + PLAIN
    ),
    "registers a print in the function": (
        "import atexit\ndef f(x=3.0):\n    atexit.register(lambda: print('LOUD'))\n    return x * 2\n"
    ),
    "prints in a thread": (
        "import os, threading, time\n"
        "def late():\n    for _ in range(40):\n        time.sleep(0.02)\n        print('LOUD')\n        os.write(1, b'LOUD')\n"
        "threading.Thread(target=late).start()\n" + PLAIN
    ),
    "replaces stdout": "import sys\nsys.stdout = open('LOUD.txt', 'w')\nprint('LOUD')\n" + PLAIN,
    "removes the streams": "import sys\nsys.stdout = sys.stderr = sys.__stdout__ = None\n" + PLAIN,
    "closes descriptor 1": "import os\nos.close(1)\n" + PLAIN,
    "closes stdout": "import sys\nsys.stdout.close()\n" + PLAIN,
    "redirects descriptor 1": "import os\nos.dup2(os.open('LOUD.txt', os.O_CREAT | os.O_WRONLY), 1)\n" + PLAIN,
    "redirects descriptor 2": "import os\nos.dup2(os.open('LOUD.txt', os.O_CREAT | os.O_WRONLY), 2)\n" + PLAIN,
    "patches print": "import builtins\nbuiltins.print = lambda *a, **k: None\n" + PLAIN,
    "patches open": "import builtins\nbuiltins.open = None\n" + PLAIN,
    "patches what writes files": (
        "import os, pathlib, tempfile\nos.replace = os.fsync = os.open = os.fdopen = tempfile.mkstemp = None\n"
        "pathlib.Path.write_bytes = pathlib.Path.open = None\nos.path.exists = os.path.isdir = lambda path: False\n"
        + PLAIN
    ),
    "takes all signals": "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n" + PLAIN,
    "sets a timer": (
        "import signal\nsignal.signal(signal.SIGALRM, lambda *a: 1 / 0)\n"
        "def f(x=3.0):\n    signal.setitimer(signal.ITIMER_REAL, 0.05, 0.01)\n    return x * 2\n"
    ),
    "makes warnings errors": (
        "import warnings\nwarnings.simplefilter('error')\ndef f(x=3.0):\n    try:\n        warnings.warn('LOUD')\n"
        "        return x\n    except UserWarning:\n        return x * 2\n"
    ),
    "takes all rights from new files": "import os\nos.umask(0o777)\n" + PLAIN,
    "allows few calls": "import sys\nsys.setrecursionlimit(60)\n" + PLAIN,
    "has a byte order mark": "\ufeff" + PLAIN,
    "has lines of Windows": PLAIN.replace("\n", "\r\n"),
    "has a byte default beside a number": "def f(x=3.0, s=b'abc'):\n    return x * 2\n",
}


def run(folder: Path, *words: str, stdin: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-P", "-m", "bpviz", *words],
        cwd=folder,
        input=stdin,
        capture_output=True,
        timeout=60,
        check=False,
    )


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("plain")
    (folder / "model.py").write_text(PLAIN)
    return run(folder, "render", "model.py", "-o", "-").stdout


@pytest.mark.parametrize("what", DOES)
def test_whatever_a_model_does(tmp_path: Path, picture: bytes, what: str) -> None:
    (tmp_path / "model.py").write_bytes(DOES[what].encode())
    done = run(tmp_path, "render", "model.py", "-o", "-", "-o", "a.svg")
    assert (done.returncode, done.stdout) == (0, picture), done.stderr.decode()
    assert (tmp_path / "a.svg").read_bytes() == picture
    assert {path.name for path in tmp_path.iterdir()} - {"__pycache__", "LOUD.txt"} == {"model.py", "a.svg"}
    assert b"Traceback" not in done.stderr.replace(b"Exception ignored", b"")
    assert b"ResourceWarning" not in done.stderr
    assert (tmp_path / "a.svg").stat().st_mode == (tmp_path / "model.py").stat().st_mode


REFUSED: dict[str, tuple[bytes, int, str]] = {
    "os._exit": (b"import os\ndef f(x=3.0):\n    os._exit(0)\n", 1, "the model called os._exit(); nothing was written"),
    "os._exit at once": (b"import os\nos._exit(0)\n", 1, "the model called os._exit(); nothing was written"),
    "another program": (
        b"import os\ndef f(x=3.0):\n    os.execv('/bin/true', ['true'])\n",
        1,
        "the model called os.execv(); nothing was written",
    ),
    "sys.exit": (
        b"import sys\ndef f(x=3.0):\n    sys.exit(0)\n",
        1,
        "the model called sys.exit(); nothing was written",
    ),
    "len": (
        b"import builtins\nbuiltins.len = lambda x: 7\ndef f(x=3.0):\n    return x\n",
        2,
        "the model replaces the built-in 'len', with which bpviz computes; give it another name",
    ),
    "all kinds": (
        b"import builtins\nbuiltins.isinstance = lambda *a: True\nbuiltins.dict = builtins.getattr = None\n"
        b"def f(x=3.0):\n    return x\n",
        2,
        "the model replaces the built-in 'getattr', with which bpviz computes; give it another name",
    ),
    "NUL": (
        b"def f(x=3.0):\n    return x\n\0",
        2,
        "'model.py' has a NUL character in line 3, which no Python source can have; delete it",
    ),
    "no UTF-8": (b"# caf\xe9\n", 2, "'model.py' is not UTF-8 text (byte 5); save it as UTF-8"),
    "unknown encoding": (
        b"# coding: nonsense\ndef f(x=3.0): return x\n",
        2,
        "'model.py' cannot be read: unknown encoding: nonsense; name an encoding that Python knows",
    ),
    "wrong encoding": (
        b"# coding: ascii\n# caf\xe9\n",
        2,
        "'model.py' is not ascii text (byte 21), as its first lines say",
    ),
    "main block": (
        b"if __name__ == '__main__':\n    def f(x=3.0):\n        return x\n",
        2,
        'model.py has nothing to draw outside of its block if __name__ == "__main__", which is not run here; define the '
        "function above it, with defaults: def f(x=1.0): …",
    ),
    "text": (
        b"def f(x='abc'):\n    return x\n",
        2,
        "f has no number among its parameters: 'x' is text; give it a number or an array: x=1.0",
    ),
    "bytes": (
        b"def f(data=b'abc'):\n    return data\n",
        2,
        "f has no number among its parameters: 'data' is bytes; give it a number or an array: data=1.0",
    ),
    "GeneratorExit": (
        b"def f(x=3.0):\n    raise GeneratorExit\n",
        1,
        "the model raised GeneratorExit; nothing was written",
    ),
    "an exception of its own": (
        b"class Stop(BaseException):\n    pass\ndef f(x=3.0):\n    raise Stop('now')\n",
        1,
        "the model raised Stop; nothing was written",
    ),
    "a signal handler": (
        b"import os, signal\ndef stop(*a):\n    raise TimeoutError('too long')\nsignal.signal(signal.SIGALRM, stop)\n"
        b"def f(x=3.0):\n    signal.setitimer(signal.ITIMER_REAL, 0.05)\n    while True:\n        x = x + 1.0\n",
        1,
        "the model raised TimeoutError; nothing was written",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_no_success_says_so(tmp_path: Path, what: str) -> None:
    source, code, said = REFUSED[what]
    (tmp_path / "model.py").write_bytes(source)
    done = run(tmp_path, "render", "model.py", "-o", "a.svg")
    text = done.stderr.decode()
    assert (done.returncode, text.splitlines()[-1]) == (code, f"bpviz: {said}"), text
    assert done.stdout == b"" and not (tmp_path / "a.svg").exists()
    # In a traceback there are only the user's frames.
    assert all("model.py" in line for line in text.splitlines() if line.startswith("  File ")), text
    if code == 2:
        assert text.count("\n") == 1


@pytest.mark.parametrize("name", ["json", "numpy", "random", "tempfile", "subprocess", "click", "re", "os", "signal"])
def test_files_named_like_modules_are_harmless(tmp_path: Path, picture: bytes, name: str) -> None:
    (tmp_path / f"{name}.py").write_text("raise SystemError('this is another module')\n")
    (tmp_path / "model.py").write_text(PLAIN)
    done = run(tmp_path, "render", "model.py", "-o", "-", "-o", "a.json")
    assert (done.returncode, done.stdout) == (0, picture), done.stderr.decode()
    (tmp_path / f"{name}.py").write_text(PLAIN)
    done = run(tmp_path, "render", f"{name}.py", "-o", "-")
    assert (done.returncode, done.stdout) == (0, picture), done.stderr.decode()


@pytest.mark.parametrize(
    "source",
    [
        b"# -*- coding: latin-1 -*-\n# caf\xe9\ndef f(x=3.0):\n    return x * 2\n",
        b"#!/usr/bin/python\n# vim: set fileencoding=cp1252 :\n# \x80\ndef f(x=3.0):\n    return x * 2\n",
        b"\xef\xbb\xbfdef f(x=3.0):\r\n    return x * 2\r\n",
    ],
)
def test_encodings(tmp_path: Path, picture: bytes, source: bytes) -> None:
    (tmp_path / "model.py").write_bytes(source)
    assert run(tmp_path, "render", "model.py", "-o", "-").stdout == picture
    assert run(tmp_path, "render", "-", "-o", "-", stdin=source).stdout == picture


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (b"x\xff\xfe def", "standard input is not UTF-8 text (byte 1); save it as UTF-8"),
        (
            b"def f(x=3.0):\n return x\0",
            "standard input has a NUL character in line 2, which no Python source can have;",
        ),
    ],
)
def test_standard_input_that_is_no_source(tmp_path: Path, source: bytes, said: str) -> None:
    done = run(tmp_path, "render", "-", "-o", "a.svg", stdin=source)
    assert done.returncode == 2 and done.stderr.decode().startswith(f"bpviz: {said}")


def test_a_model_keeps_what_it_has_changed(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/factor.txt").write_text("5")
    (tmp_path / "data/helper.py").write_text("def twice(x):\n    return x * 2\n")
    (tmp_path / "model.py").write_text(
        "import builtins, os, sys\nos.chdir('data')\nsys.path.insert(0, os.getcwd())\n"
        "builtins.print = lambda *a: None\n"
        "def f(x=3.0):\n    import helper\n    print('LOUD')\n    return helper.twice(x) * float(open('factor.txt').read())\n"
    )
    done = run(tmp_path, "render", "model.py", "-o", "-", "-f", "json")
    assert done.returncode == 0 and b"LOUD" not in done.stdout + done.stderr, done.stderr.decode()
    assert next(node for node in json.loads(done.stdout)["nodes"] if node["name"] == "x")["gradient"] == 10.0


def test_a_reader_that_ends_early(tmp_path: Path, picture: bytes) -> None:
    (tmp_path / "model.py").write_text(DOES["prints"])
    command = f"{sys.executable} -P -m bpviz render model.py -o - | head -c 5"
    cut = subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True, timeout=60, check=True)
    assert cut.stdout == picture[:5] and b"Error" not in cut.stderr


@pytest.mark.parametrize("command", [("explain",), ("gradcheck",), ("render", "-o", "-", "-f", "json")])
def test_every_command_keeps_its_results_apart(tmp_path: Path, command: tuple[str, ...]) -> None:
    loud = DOES["writes to descriptor 1"] + DOES["prints at exit"].replace(PLAIN, "")
    (tmp_path / "loud.py").write_text(loud)
    done = run(tmp_path, command[0], "loud.py", *command[1:])
    assert done.returncode == 0 and done.stdout
    assert b"LOUD" in done.stderr and b"LOUD" not in done.stdout
