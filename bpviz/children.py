"""Child processes: each ends with its parent, has a time limit, and imports nothing of the working directory.

On POSIX this module is also the program that is started: it sets the limits for itself, then becomes the command.
Therefore it imports nothing of bpviz, and little of the standard library. On Linux the kernel ends a child with its
parent; elsewhere a second child does, which watches a pipe that is closed when the parent ends, however that ends.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping, Sequence
    from typing import IO, Any

__all__ = ["bpviz_command", "can_start_python", "ended", "python_command", "run", "started"]


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
    ends = _pipe()
    try:
        return subprocess.run(
            _bound(command, timeout, ends),
            input=input,
            capture_output=True,
            timeout=timeout,
            env=environment,
            creationflags=hidden,
            pass_fds=ends[:1],
        )
    finally:
        for end in ends:
            os.close(end)


def started(command: Sequence[str], stderr: IO[Any]) -> subprocess.Popen[bytes]:
    """Start a command whose messages go to a file; it ends with this process."""
    import subprocess
    from weakref import finalize

    ends = _pipe()
    made = subprocess.Popen(_bound(command, None, ends), stdin=subprocess.DEVNULL, stderr=stderr, pass_fds=ends[:1])
    for end in ends:
        finalize(made, os.close, end)
    return made


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


_WATCHED = sys.platform != "linux"
"""Whether a second child watches over the first."""


def can_start_python() -> bool:
    """Return whether a child can run a script; a frozen or embedding application has no Python to start."""
    return bool(sys.executable) and not getattr(sys, "frozen", False)


def _pipe() -> tuple[int, ...]:
    """Return the two ends of the pipe that says that this process has ended; none where no child watches it."""
    return os.pipe() if _WATCHED and os.name == "posix" and can_start_python() else ()


def _bound(command: Sequence[str], timeout: float | None, ends: tuple[int, ...]) -> list[str]:
    """Return the command, started through this module where that is possible."""
    if os.name != "posix" or not can_start_python():
        return list(command)
    limit = "0" if timeout is None else str(int(min(timeout, 10**6)) + 5)
    watched = str(ends[0]) if ends else "-"
    return [*python_command(os.path.abspath(__file__), str(os.getpid()), limit, watched), *command]


_CANNOT_RUN = 127
"""The exit code of a shell for a command that it cannot start."""


def _main(parent: int, limit: int, watched: str, *command: str) -> None:
    """Set the limits of this process, and become the command."""
    if watched != "-":
        _watch_over(int(watched))
    elif sys.platform == "linux":
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


def _watch_over(pipe: int) -> None:
    """Start a process that kills this one when the other end of the pipe is closed. The command inherits it."""
    this = os.getpid()
    if os.fork():
        os.close(pipe)
        return
    import select
    import signal

    # Whoever reads what this process writes waits until nobody has its files; Ctrl-C is for the others.
    for descriptor in (0, 1, 2):
        os.close(descriptor)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while os.getppid() == this:
        if select.select([pipe], [], [], 0.5)[0]:
            if os.getppid() == this:
                os.kill(this, signal.SIGKILL)
            break
    os._exit(0)


if __name__ == "__main__":
    _main(int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:])
