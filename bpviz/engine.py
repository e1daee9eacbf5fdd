"""Finding Graphviz and running it: the bundled one (pygraphviz) or the ``dot`` of the system.

Graphviz is asked for two things only: positions (`lay_out`), and files of pictures whose positions are already fixed
(`render`). Small layouts run in this process, in about a millisecond; anything that may take long runs in a child
process, because C code can neither be interrupted nor given a time limit.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO, Any

from bpviz.errors import EngineFailed, EngineMissing, LayoutTimeout, UsageError

__all__ = ["CHILD_SIZE", "ENGINES", "EngineInfo", "engines", "lay_out", "render"]

ENGINES = ("auto", "bundled", "system")

CHILD_SIZE = 150
"""From this many boxes or wires on, a layout runs in a child process: it may then take more than a tenth of a second,
beside which the start of a child (about 40 ms) is small."""

INSTALL_BUNDLED = 'pip install "pygraphviz>=2.0.4"'
INSTALL_SYSTEM = {
    "darwin": "brew install graphviz",
    "win32": "winget install graphviz",
}.get(sys.platform, "sudo apt install graphviz")

# The child gets the two directories that it needs, behind the standard library's, and nothing else: neither the
# working directory nor PYTHONPATH can slip in a module. Ctrl-C ends it at once, also in the midst of C code.
_CHILD = (
    "import signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); "
    "sys.path += sys.argv[3:]; from bpviz.engine import _serve; _serve(sys.argv[1], sys.argv[2])"
)


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """What is known of one engine: Graphviz's version, where it lies, and if it is missing, the line to type."""

    name: str
    version: str
    where: str
    available: bool
    hint: str = ""


def lay_out(dot: str, *, engine: str = "auto", timeout: float | None = None, size: int = 0) -> dict[str, Any]:
    """Lay ``dot`` out with Graphviz's ``dot`` and return what its ``json0`` format says.

    ``timeout`` is in seconds, ``None`` for no limit; it holds from `CHILD_SIZE` boxes or wires on, below which a layout
    takes milliseconds. ``size`` is the number of boxes, for that choice and for the message.

    Raises:
        EngineMissing: no engine, or not the one asked for, is installed.
        EngineFailed: Graphviz could not lay it out; the message carries what it said.
        LayoutTimeout: it took longer than ``timeout``.

    >>> answer = lay_out("digraph { rankdir=LR; a [width=1, height=0.5, fixedsize=true]; a -> b }")
    >>> answer["objects"][0]["name"], answer["objects"][0]["width"]
    ('a', '1')
    """
    source = dot.encode()
    chosen = _choose(engine)
    if chosen == "bundled" and max(size, source.count(b"->")) < CHILD_SIZE:
        answer = _draw_here(source, "dot", "json0")
    else:
        answer = _draw_in_child(chosen, source, "dot", "json0", timeout=timeout, size=size)
    result: dict[str, Any] = json.loads(answer)
    return result


def render(
    dot: str, format: str, *, engine: str = "auto", timeout: float | None = None, fonts: Sequence[Path] = ()
) -> bytes:
    """Let Graphviz write the positioned ``dot`` as ``format`` (``pdf``, ``ps``, …), moving nothing.

    ``fonts`` are the only font files that it may use, whatever fonts the machine has; without any it takes the
    machine's. (Graphviz on macOS draws with the system's own fonts and ignores these.) Raises as `lay_out` does.
    """
    from bpviz.fontfiles import fontconfig

    # Always a child: fontconfig reads its settings once in the life of a process.
    with fontconfig(fonts) as settings:
        # Cairo writes the clock into a PDF unless it is told a date.
        environment = {"SOURCE_DATE_EPOCH": "0", **os.environ, **settings}
        return _draw_in_child(
            _choose(engine), dot.encode(), "nop2", format, timeout=timeout, size=0, environment=environment
        )


def engines() -> tuple[EngineInfo, ...]:
    """What is installed, the bundled engine first; never raises."""
    return (_bundled_info(), _system_info())


# ── choosing ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _choose(engine: str) -> str:
    """``bundled`` or ``system``, whichever ``engine`` means here."""
    if engine not in ENGINES:
        raise UsageError(f"There is no engine {engine!r}; choose one of {', '.join(ENGINES)}.")
    reason = ""
    if engine != "system":
        try:
            _bindings()
            return "bundled"
        except ImportError as error:
            reason = str(error)
    if engine != "bundled" and _system_dot() is not None:
        return "system"
    lines = {"bundled": [INSTALL_BUNDLED], "system": [INSTALL_SYSTEM]}.get(engine, [INSTALL_BUNDLED, INSTALL_SYSTEM])
    what = {
        "bundled": f"The bundled engine cannot be used: {reason}.",
        "system": "There is no `dot` on PATH, so the system engine cannot be used.",
    }.get(engine, f"No Graphviz engine was found: {reason}, and there is no `dot` on PATH.")
    raise EngineMissing(
        "\n".join([f"{what} Install {'one' if len(lines) > 1 else 'it'}:", *(f"    {x}" for x in lines)])
    )


@cache
def _bindings() -> Any:
    """Pygraphviz's compiled bindings, alone where possible: the whole package takes three times as long to import.

    Raises:
        ImportError: there is no pygraphviz of 2.0.4 or later, or its libraries cannot be loaded.
    """
    name = "pygraphviz._graphviz"
    if sys.platform == "win32" or name in sys.modules:
        import pygraphviz.graphviz as bindings  # on Windows the package tells the loader where its libraries are
    else:
        from importlib.machinery import PathFinder
        from importlib.util import find_spec, module_from_spec

        package = find_spec("pygraphviz")
        if package is None:
            raise ImportError("pygraphviz is not installed")
        spec = PathFinder.find_spec(name, package.submodule_search_locations)
        if spec is None or spec.loader is None:
            raise ImportError("pygraphviz has no compiled part here")
        bindings = module_from_spec(spec)
        # Known under its own name, so that whoever imports pygraphviz later shares it.
        sys.modules[name] = bindings
        try:
            spec.loader.exec_module(bindings)
        except BaseException:
            del sys.modules[name]
            raise
    if not hasattr(bindings, "gvContextWithBuiltins"):
        raise ImportError("the installed pygraphviz is older than 2.0.4")
    return bindings


def _system_dot() -> str | None:
    from shutil import which

    return which("dot")


def _bundled_info() -> EngineInfo:
    try:
        bindings = _bindings()
        parts = (bindings.GRAPHVIZ_MAJOR_VERSION, bindings.GRAPHVIZ_MINOR_VERSION, bindings.GRAPHVIZ_PATCH_VERSION)
        return EngineInfo("bundled", ".".join(map(str, parts)), str(Path(_bindings_file()).parent), True)
    except Exception as error:  # `bpviz doctor` reports whatever is wrong with an installation
        return EngineInfo("bundled", "", "", False, f"{error}; {INSTALL_BUNDLED}")


def _system_info() -> EngineInfo:
    try:
        where = _system_dot()
        if where is None:
            return EngineInfo("system", "", "", False, INSTALL_SYSTEM)
        import graphviz

        return EngineInfo("system", ".".join(map(str, graphviz.version())), where, True)
    except Exception as error:  # as above
        return EngineInfo("system", "", "", False, f"{error}; {INSTALL_SYSTEM}")


# ── in this process ───────────────────────────────────────────────────────────────────────────────────────────────


def _draw_here(source: bytes, program: str, format: str) -> bytes:
    """Run the bundled Graphviz in this process and release all that it took.

    Graphviz is not made for threads; pygraphviz holds Python's lock during each call, and nothing of one graph is
    shared with another between the calls.
    """
    bindings = _bindings()
    with _spool() as file, _standard_error() as said:
        file.write(source)
        file.flush()
        file.seek(0)
        try:
            graph = bindings.agread(file, None)
        except ValueError:
            raise EngineFailed(_failure(said())) from None
        context = bindings.gvContextWithBuiltins()
        try:
            laid_out = bindings.gvLayout(context, graph, program.encode()) == 0
            status, data = bindings.gvRenderData(context, graph, format.encode()) if laid_out else (-1, b"")
            if laid_out:
                bindings.gvFreeLayout(context, graph)
        finally:
            bindings.agclose(graph)
            bindings.gvFreeContext(context)
        if status != 0:
            raise EngineFailed(_failure(said()))
    result: bytes = data
    return result


@contextmanager
def _standard_error() -> Iterator[Any]:
    """Catch what C code writes to standard error; gives a function returning it so far."""
    try:
        saved = os.dup(2)
    except OSError:  # there is none, as under pythonw
        yield lambda: b""
        return
    with _spool() as file:
        try:
            os.dup2(file.fileno(), 2)
            yield lambda: (file.seek(0), file.read())[1]
        finally:
            os.dup2(saved, 2)
            os.close(saved)


def _spool() -> IO[bytes]:
    """A file without a name: in memory on Linux, where that also saves importing ``tempfile``."""
    if sys.platform == "linux":
        try:
            return os.fdopen(os.memfd_create("bpviz"), "w+b")
        except OSError:  # forbidden in some sandboxes
            pass
    from tempfile import TemporaryFile

    return TemporaryFile()


# ── in a child process ────────────────────────────────────────────────────────────────────────────────────────────


def _draw_in_child(
    engine: str,
    source: bytes,
    program: str,
    format: str,
    *,
    timeout: float | None,
    size: int,
    environment: Mapping[str, str] | None = None,
) -> bytes:
    """Run ``engine`` in a process of its own, killed at the time limit or when the user interrupts."""
    import subprocess

    if engine == "bundled" and not _can_start_a_child():
        return _draw_here(source, program, format)
    command = _bundled_command(program, format) if engine == "bundled" else _system_command(program, format)
    try:
        done = subprocess.run(
            command,
            input=source,
            capture_output=True,
            timeout=timeout,
            env=environment,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except subprocess.TimeoutExpired:
        raise LayoutTimeout(_too_long(timeout or 0, size)) from None
    except OSError as error:
        raise EngineFailed(f"Graphviz could not be started ({' '.join(command)}): {error}") from error
    if done.returncode:
        raise EngineFailed(_failure(done.stderr, done.returncode))
    return done.stdout


def _can_start_a_child() -> bool:
    """Whether ``sys.executable`` is a Python: not so in a frozen or an embedding application."""
    return bool(sys.executable) and not getattr(sys, "frozen", False)


def _bundled_command(program: str, format: str) -> list[str]:
    ours = Path(__file__).resolve().parents[1]
    pygraphviz = Path(_bindings_file()).parents[1]
    return [sys.executable, "-I", "-S", "-c", _CHILD, program, format, str(ours), str(pygraphviz)]


def _bindings_file() -> str:
    """The path of the compiled module, ``…/pygraphviz/_graphviz.abi3.so``."""
    return str(sys.modules["pygraphviz._graphviz"].__file__)


def _system_command(program: str, format: str) -> list[str]:
    """The command line of ``dot``, as the ``graphviz`` package writes it.

    Its functions that also run the command have no time limit; so only this half of it is used.
    """
    from graphviz.backend import dot_command
    from graphviz.exceptions import RequiredArgumentError

    try:
        if program == "nop2":
            command = dot_command.command("neato", format, neato_no_op=2)
        else:
            command = dot_command.command(program, format)
    except (ValueError, RequiredArgumentError) as error:
        raise UsageError(f"Graphviz cannot write {format!r}: {error}") from error
    return [str(part) for part in command]


def _serve(program: str, format: str) -> None:
    """What the child does: DOT on standard input, the result on standard output."""
    try:
        result = _draw_here(sys.stdin.buffer.read(), program, format)
    except EngineFailed as error:
        sys.exit(str(error))
    sys.stdout.buffer.write(result)


# ── what went wrong ───────────────────────────────────────────────────────────────────────────────────────────────


_FAILED = "Graphviz failed: "


def _failure(said: bytes, code: int = 0) -> str:
    message = said.decode(errors="replace").strip().removeprefix(_FAILED)
    if code < 0:
        return f"Graphviz crashed (signal {-code}). {message}".strip()
    return _FAILED + (message or "it did not say why.")


def _too_long(timeout: float, size: int) -> str:
    what = f"The layout of {size} boxes" if size else "The layout"
    return (
        f"{what} took longer than {timeout:g} s and was stopped. Allow it more time (--timeout {2 * timeout:g}), "
        "or show less: close groups (--depth 1), or draw one direction only (--show forward)."
    )
