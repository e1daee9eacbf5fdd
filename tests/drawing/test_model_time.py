"""--model-timeout: a model that does not end is stopped, whatever it does."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from command_line import run

from bpviz.drawing.model_time import limited_model
from bpviz.errors import ModelFailed

LOOP = "def f(x=1.0):\n    while True:\n        pass\n"
SLEEP = "import time\ndef f(x=1.0):\n    time.sleep(60)\n    return x\n"
AT_IMPORT = "import time\ntime.sleep(60)\ndef f(x=1.0):\n    return x\n"
CATCHES = "def f(x=1.0):\n    while True:\n        try:\n            while True: pass\n        except Exception:\n            pass\n"
STUBBORN = CATCHES.replace("Exception", "BaseException")


@pytest.mark.parametrize("source", [LOOP, SLEEP, AT_IMPORT, CATCHES], ids=["loop", "sleep", "import", "catches"])
def test_a_model_that_does_not_end_is_stopped(source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("m.py").write_text(source)
    begun = time.monotonic()
    done = run("render", "m.py", "--model-timeout", "0.3")
    assert (done.exit_code, time.monotonic() - begun < 20) == (1, True)
    advice = "allow it more: --model-timeout 0.6; nothing was written\n"
    assert done.stderr.endswith(f"bpviz: the model took longer than 0.3 s and was stopped; {advice}")
    assert "m.py" in done.stderr
    assert "bpviz/" not in done.stderr
    assert not Path("m.svg").exists()


@pytest.mark.parametrize("command", ["explain m.py", "gradcheck m.py", "diff m.py --set-b x=2.0", "diff other.py m.py"])
@pytest.mark.parametrize("source", [LOOP, AT_IMPORT], ids=["loop", "import"])
@pytest.mark.thorough
def test_every_command_that_runs_a_model_has_the_limit(
    command: str, source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("m.py").write_text(source)
    Path("other.py").write_text("def f(x=1.0):\n    return x * 2\n")
    done = run(*command.split(), "--model-timeout", "0.3")
    assert done.exit_code == 1
    assert done.stderr.endswith("allow it more: --model-timeout 0.6; nothing was written\n")
    monkeypatch.setenv("BPVIZ_MODEL_TIMEOUT", "0.3")
    assert run(*command.split()).stderr == done.stderr


@pytest.mark.thorough
def test_the_runs_that_gradients_are_checked_with_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("m.py").write_text("import time\ndef f(x=1.0):\n    time.sleep(0.1)\n    return x * x\n")
    assert run("gradcheck", "m.py").exit_code == 0
    Path("m.py").write_text("""\
import time
import numpy as np
def f(x=np.ones(50)):
    time.sleep(0.1)
    return np.sum(x * x)
""")
    done = run("gradcheck", "m.py", "--no-verify", "--model-timeout", "1")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "the model took longer than 1 s and was stopped" in done.stderr


@pytest.mark.hosts
def test_a_model_that_catches_everything_ends_the_command(tmp_path: Path) -> None:
    (tmp_path / "m.py").write_text(STUBBORN)
    command = [sys.executable, "-m", "bpviz", "render", "m.py", "--model-timeout", "0.3"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "bpviz: the model took longer than 0.3 s and was stopped" in done.stderr


def test_a_setting_limits_documents_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("m.py").write_text(LOOP)
    Path("pyproject.toml").write_text("[tool.bpviz]\nmodel_timeout = 0.3\n")
    Path("README.md").write_text("<!-- bpviz: m.py -->\n<!-- /bpviz -->\n")
    done = run("embed", "README.md")
    assert done.exit_code == 1
    assert "README.md, line 1: the model took longer than 0.3 s" in done.stderr


def test_it_works_in_any_thread() -> None:
    found: list[str] = []

    def work() -> None:
        try:
            with limited_model(0.2):
                while True:
                    pass
        except ModelFailed as error:
            found.append(str(error))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(20)
    assert found == ["the model took longer than 0.2 s and was stopped; allow it more: --model-timeout 0.4"]


def test_a_model_in_time_is_left_alone() -> None:
    with limited_model(5.0):
        pass
    with limited_model(None):
        pass
    with pytest.raises(ZeroDivisionError), limited_model(5.0):
        _ = 1 / 0


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no timers that send signals")
def test_a_limit_that_rings_while_it_is_left_leaves_no_timer(monkeypatch: pytest.MonkeyPatch) -> None:
    set_at_once = threading.Event.set

    def slowly(event: threading.Event) -> None:
        # The limit rings in here, again and again.
        end = time.monotonic() + 0.3
        while time.monotonic() < end:
            pass
        set_at_once(event)

    monkeypatch.setattr("bpviz.drawing.model_time._AGAIN", 0.01)

    def sleeps() -> None:
        with limited_model(0.05):
            monkeypatch.setattr(threading.Event, "set", slowly)
            time.sleep(1)

    with pytest.raises(ModelFailed):
        sleeps()
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
