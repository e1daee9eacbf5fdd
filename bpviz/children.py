"""Child processes: each ends with its parent, has a time limit, and imports nothing of the working directory.

On POSIX this module is also the program that is started: it sets the limits for itself, then becomes the command.
Therefore it imports nothing of bpviz, and little of the standard library.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping, Sequence
    from typing import IO, Any

__all__ = ["bpviz_command", "ended", "python_command", "run", "started"]


def python_command(*arguments: str) -> list[str]:
    """Return a command of Python that ignores the working directory, ``PYTHONPATH`` and installed packages."""
    return [sys.executable, "-I", "-S", *arguments]


def bpviz_command(*arguments: str) -> list[str]:
    """Return the command line ``bpviz …`` of this installation, as a new process.

    It has the user's environment with ``PYTHONPATH``, which a model may need, but no module of the working directory
    stands in for one of bpviz's.
    """
    home = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    # At the end, so that it hides nothing: a checkout that is not installed is still found.
    code = f"import sys; sys.path.append({home!r}); from bpviz.__main__ import start; start()"
    return [sys.executable, "-P", "-c", code, *arguments]


def run(
    command: Sequence[str],
    *,
    input: bytes,
    timeout: float | None = None,
    environment: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[bytes]:
    """Run a command and return what it wrote; it is killed at the time limit, and ends with this process.

    Raises `subprocess.TimeoutExpired`, and `OSError` if the command cannot be started.
    """
    import subprocess

    hidden = getattr(subprocess, "CREATE_NO_WINDOW", 0)
    return subprocess.run(
        _bound(command, timeout),
        input=input,
        capture_output=True,
        timeout=timeout,
        env=environment,
        creationflags=hidden,
    )


def started(command: Sequence[str], stderr: IO[Any]) -> subprocess.Popen[bytes]:
    """Start a command whose messages go to a file; it ends with this process."""
    import subprocess

    return subprocess.Popen(_bound(command, None), stdin=subprocess.DEVNULL, stderr=stderr)


def ended(process: subprocess.Popen[bytes]) -> None:
    """End a child: interrupt it, and kill it if it has not ended after two seconds."""
    import signal
    import subprocess

    if process.poll() is None:
        try:
            process.send_signal(signal.SIGINT if os.name == "posix" else signal.SIGTERM)
            process.wait(2)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _bound(command: Sequence[str], timeout: float | None) -> list[str]:
    """Return the command, started through this module where that is possible."""
    if os.name != "posix" or not sys.executable or getattr(sys, "frozen", False):
        return list(command)
    limit = "0" if timeout is None else str(int(min(timeout, 10**6)) + 5)
    return [*python_command(os.path.abspath(__file__), str(os.getpid()), limit), *command]


_CANNOT_RUN = 127
"""The exit code of a shell for a command that it cannot start."""


def _main(parent: int, limit: int, *command: str) -> None:
    """Set the limits of this process, and become the command."""
    if sys.platform == "linux":
        _end_with_parent()
        if os.getppid() != parent:
            # It ended in between.
            os._exit(1)
    if limit:
        import resource
        import signal

        # For a parent that cannot end this process: of time, and of computing.
        signal.alarm(limit)
        hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
        if hard == resource.RLIM_INFINITY or limit < hard:
            resource.setrlimit(resource.RLIMIT_CPU, (limit, hard))
    try:
        os.execvp(command[0], command)
    except OSError as error:
        sys.stderr.write(f"{command[0]}: {error.strerror}")
        sys.exit(_CANNOT_RUN)


def _end_with_parent() -> None:
    """Ask Linux to kill this process when its parent ends, however that ends. The command inherits this."""
    import ctypes
    import signal

    set_signal_of_death = 1
    library = ctypes.CDLL(None)
    if hasattr(library, "prctl"):
        library.prctl(set_signal_of_death, signal.SIGKILL)


if __name__ == "__main__":
    _main(int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:])
