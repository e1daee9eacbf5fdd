"""The bundled Graphviz, through pygraphviz's compiled bindings: called in this process, or run as a script.

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

__all__ = ["bindings", "draw", "home", "version"]

_NAME = "pygraphviz._graphviz"


def bindings() -> Any:
    """Return pygraphviz's compiled module, alone if possible: the whole package takes three times as long to import.

    Raises:
        ImportError: there is no pygraphviz of 2.0.4 or later, or its libraries cannot be loaded.
    """
    module: Any = sys.modules.get(_NAME)
    if module is None and sys.platform == "win32":
        from importlib import import_module

        import_module("pygraphviz")  # sets the path of its libraries on Windows
        module = sys.modules[_NAME]
    elif module is None:
        module = _compiled_part()
    if not hasattr(module, "gvContextWithBuiltins"):
        raise ImportError("the installed pygraphviz is older than 2.0.4")
    return module


def _compiled_part() -> Any:
    from importlib.machinery import PathFinder
    from importlib.util import module_from_spec

    package = PathFinder.find_spec("pygraphviz")
    if package is None:
        raise ImportError("pygraphviz is not installed")
    spec = PathFinder.find_spec(_NAME, package.submodule_search_locations)
    if spec is None or spec.loader is None:
        raise ImportError("the installed pygraphviz has no compiled part for this Python")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    # Under its usual name, so that a later import of pygraphviz shares it.
    sys.modules[_NAME] = module
    return module


def home() -> str:
    """Return the directory that holds the ``pygraphviz`` package."""
    return os.path.dirname(os.path.dirname(os.path.abspath(str(bindings().__file__))))


def version() -> str:
    """Return the version of the bundled Graphviz, such as ``14.1.5``."""
    module = bindings()
    return f"{module.GRAPHVIZ_MAJOR_VERSION}.{module.GRAPHVIZ_MINOR_VERSION}.{module.GRAPHVIZ_PATCH_VERSION}"


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
            result = _draw(bindings(), source, program.encode(), format.encode())
        finally:
            if saved is not None:
                os.dup2(saved, 2)
                os.close(saved)
        if result is None:
            messages.seek(0)
            raise RuntimeError(messages.read().decode(errors="replace").strip() or "it did not say why")
        return result


def _draw(graphviz: Any, source: bytes, program: bytes, format: bytes) -> bytes | None:
    with spool() as file:
        file.write(source)
        file.seek(0)
        try:
            graph = graphviz.agread(file, None)
        except ValueError:
            return None
    context = graphviz.gvContextWithBuiltins()
    status, result = -1, None
    try:
        if graphviz.gvLayout(context, graph, program) == 0:
            status, result = graphviz.gvRenderData(context, graph, format)
            graphviz.gvFreeLayout(context, graph)
    finally:
        graphviz.agclose(graph)
        graphviz.gvFreeContext(context)
    return result if status == 0 else None


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
