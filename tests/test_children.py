"""Child processes: they end with their parent, keep their limits, and import nothing from where they are started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from devtools import until

from bpviz import children

pytestmark = [pytest.mark.hosts, pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")]

PARENT = """
import subprocess, sys
from bpviz import children
children._WATCHED = sys.argv[1] == "watched"
code = "import os, time; open('pid', 'w').write(str(os.getpid())); time.sleep(60)"
children.run(children.python_command("-c", code), input=b"", timeout=60)
"""


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.skipif(sys.platform != "linux", reason="/proc says whether a process lives")
@pytest.mark.parametrize("way", ["by the kernel", "watched"])
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT], ids=lambda s: s.name)
def test_a_child_ends_with_its_parent(tmp_path: Path, how: signal.Signals, way: str) -> None:
    place = tmp_path / "pid"
    parent = subprocess.Popen([sys.executable, "-c", PARENT, way], cwd=tmp_path, stderr=subprocess.DEVNULL)
    assert until(lambda: place.exists() and place.read_text() != "")
    child = int(place.read_text())
    assert is_alive(child)
    parent.send_signal(how)
    parent.wait(30)
    assert until(lambda: not is_alive(child))


@pytest.mark.skipif(sys.platform != "linux", reason="/proc says whether a process lives")
def test_the_process_that_watches_ends_with_the_child(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(children, "_WATCHED", True)
    before = set(os.listdir("/proc/self/fd"))
    code = "import sys; sys.stdout.write(sys.stdin.read())"
    done = children.run(children.python_command("-c", code), input=b"some words", timeout=20)
    assert (done.stdout, done.returncode, done.stderr) == (b"some words", 0, b"")
    assert set(os.listdir("/proc/self/fd")) == before

    def left() -> list[str]:
        texts = []
        for place in Path("/proc").glob("[0-9]*"):
            try:
                if is_alive(int(place.name)):
                    texts.append(place.joinpath("cmdline").read_text())
            except OSError:
                continue
        return [text for text in texts if f"\0{os.getpid()}\0" in text and "children.py" in text]

    assert until(lambda: not left())
    with pytest.raises(subprocess.TimeoutExpired):
        children.run(children.python_command("-c", "while True: pass"), input=b"", timeout=0.3)
    assert until(lambda: not left())


def test_a_child_has_limits_of_its_own() -> None:
    code = "import resource, signal; print(signal.alarm(0), resource.getrlimit(resource.RLIMIT_CPU)[0])"
    done = children.run(children.python_command("-c", code), input=b"", timeout=7)
    alarm, computing = map(int, done.stdout.split())
    assert (10 <= alarm <= 12, computing) == (True, 12)


def test_a_child_that_takes_too_long_is_killed() -> None:
    begun = time.monotonic()
    with pytest.raises(subprocess.TimeoutExpired):
        children.run(children.python_command("-c", "while True: pass"), input=b"", timeout=0.5)
    assert time.monotonic() - begun < 10


def test_a_command_that_does_not_exist_says_so() -> None:
    done = children.run(["no-such-program-of-bpviz"], input=b"", timeout=5)
    assert (done.returncode, done.stderr.decode()) == (127, "no-such-program-of-bpviz: No such file or directory")


@pytest.mark.parametrize("name", ["click", "json", "numpy", "string", "subprocess", "tempfile", "random"])
def test_modules_beside_the_picture_are_not_imported(tmp_path: Path, name: str) -> None:
    (tmp_path / "apples.py").write_text("def f(x=2.0):\n    return x * 3\n")
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("BPVIZ_", "PYTHON"))}

    def render(*words: str) -> subprocess.CompletedProcess[str]:
        command = [*words, "render", "g.json", "-o", "g.svg"]
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)

    start = "from bpviz.__main__ import start; start()"
    subprocess.run(
        [sys.executable, "-P", "-c", start, "render", "apples.py", "-o", "g.json"],
        cwd=tmp_path,
        env=environment,
        check=True,
    )
    (tmp_path / f"{name}.py").write_text("open('ran', 'w').write('')\nraise SystemExit('code ran')\n")
    for words in ([sys.executable, "-m", "bpviz"], children.bpviz_command()):
        done = render(*words)
        assert (done.returncode, done.stderr) == (0, "wrote g.svg\n")
        assert not (tmp_path / "ran").exists()
