"""The bundled Graphviz, which pygraphviz brings: called in this process, or run as a script.

As a script (``python bundled.py PROGRAM FORMAT DIRECTORY``, see `bpviz.layout.engines`) it reads DOT from standard
input and writes the result to standard output. So that this process starts quickly, the module imports nothing of
bpviz, and little of the standard library.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # importing it from ``typing`` would cost a fifth of a layout's time
if TYPE_CHECKING:
    from typing import IO, Any

__all__ = ["draw", "home", "package", "version"]

_LEAST = (2, 0, 4)
"""The first pygraphviz whose wheels contain Graphviz."""


def package() -> Any:
    """Return pygraphviz.

    Raises:
        ImportError: there is no pygraphviz of 2.0.4 or later, or its libraries cannot be loaded.
    """
    try:
        import pygraphviz  # type: ignore[import-untyped]
    except ModuleNotFoundError as error:
        raise ImportError("pygraphviz is not installed") from error
    found = tuple(int(part) for part in str(pygraphviz.__version__).split(".")[:3] if part.isdecimal())
    if found < _LEAST:
        raise ImportError("the installed pygraphviz is older than 2.0.4")
    return pygraphviz


def home() -> str:
    """Return the directory that holds the ``pygraphviz`` package."""
    return os.path.dirname(os.path.dirname(os.path.abspath(str(package().__file__))))


def version() -> str:
    """Return the version of the bundled Graphviz, such as ``14.1.5``."""
    return str(package().__graphviz_version__)


def draw(source: bytes, program: str, format: str) -> bytes:
    """Lay ``source`` out with ``program`` (``dot``, ``nop2``) and return it as ``format``; release all memory.

    Graphviz does not support threads: pygraphviz holds Python's lock during each call, and no two graphs share
    anything between the calls.

    Raises:
        RuntimeError: Graphviz failed; the message is its output on standard error.
    """
    with spool() as messages:
        saved = _redirected(2, messages)
        try:
            result = _draw(package(), source, program, format)
        finally:
            if saved is not None:
                os.dup2(saved, 2)
                os.close(saved)
        if result is None:
            messages.seek(0)
            raise RuntimeError(messages.read().decode(errors="replace").strip() or "it did not say why")
        return result


def _draw(pygraphviz: Any, source: bytes, program: str, format: str) -> bytes | None:
    try:
        graph = pygraphviz.AGraph(string=source.decode())
    except (pygraphviz.DotError, ValueError):
        return None
    try:
        result: bytes = graph.draw(format=format, prog=program)
    except ValueError:
        return None
    finally:
        graph.close()
    return result


def _redirected(descriptor: int, file: IO[bytes]) -> int | None:
    """Redirect what C code writes to ``descriptor`` into ``file``; return a copy of the old one, or None."""
    try:
        saved = os.dup(descriptor)
    except OSError:  # closed, as standard error is under pythonw
        return None
    os.dup2(file.fileno(), descriptor)
    return saved


def spool() -> IO[bytes]:
    """Return a file without a name: in memory on Linux, without an import of ``tempfile``."""
    if sys.platform == "linux":
        try:
            return os.fdopen(os.memfd_create("bpviz"), "w+b")
        except OSError:  # some sandboxes forbid it
            pass
    from tempfile import TemporaryFile

    return TemporaryFile()


def _main(program: str, format: str, directory: str) -> None:
    import signal

    # Python's handler would wait until the C code returns.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    # After the standard library: no module of the working directory can be imported.
    sys.path.append(directory)
    try:
        result = draw(sys.stdin.buffer.read(), program, format)
    except RuntimeError as error:
        sys.exit(str(error))
    sys.stdout.buffer.write(result)


if __name__ == "__main__":
    _main(*sys.argv[1:])
