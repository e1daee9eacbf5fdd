"""The engines by name; finding Graphviz and running it: the bundled one (pygraphviz) or the ``dot`` of the system.

By default bpviz places everything itself (`bpviz.layout.placement.place`). Graphviz is used only for layouts with an
engine of Graphviz (`lay_out`), and for files of pictures with fixed positions (`render`). Small layouts run in this
process, in about a millisecond; larger ones run in a child process, because C code cannot be interrupted and has no
time limit.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bpviz import children, deadline
from bpviz.errors import EngineFailed, EngineMissing, LayoutTimeout, UsageError
from bpviz.frozen import dataclass
from bpviz.layout import bundled
from bpviz.layout.engine_names import check_engine

__all__ = ["CHILD_EFFORT", "CHILD_SIZE", "EngineInfo", "choose", "engines", "lay_out", "render"]

CHILD_SIZE = 600
"""The number of boxes or wires from which a layout runs in a child process: it may take a tenth of a second or minutes,
so the start of a process (about 35 ms) does not matter."""

CHILD_EFFORT = 3000
"""The number of places of boxes and long wires, in all ranks, from which even a layout of few boxes may take long."""

INSTALL_BUNDLED = 'pip install "bpviz[pdf]"'
INSTALL_SYSTEM = {
    "darwin": "brew install graphviz",
    "win32": "winget install graphviz",
}.get(sys.platform, "sudo apt install graphviz")


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """One engine: Graphviz's version and its path, or the command that installs it."""

    name: str
    version: str
    where: str
    available: bool
    hint: str = ""


def lay_out(
    dot: str, *, engine: str = "graphviz", timeout: float | None = None, size: int = 0, effort: int = 0
) -> dict[str, Any]:
    """Lay ``dot`` out with Graphviz's ``dot`` and return its ``json0`` output.

    ``timeout`` is in seconds, ``None`` for no limit; it applies from `CHILD_SIZE` boxes or wires and from
    `CHILD_EFFORT` places on: smaller layouts take milliseconds. ``size`` is the number of boxes, ``effort`` an
    estimate of the places of boxes and wires in all ranks.

    Raises:
        EngineMissing: the named engine, or any engine, is not installed.
        EngineFailed: Graphviz failed; the message has its output.
        LayoutTimeout: it took longer than ``timeout``.

    >>> result = lay_out("digraph { rankdir=LR; a [width=1, height=0.5, fixedsize=true]; a -> b }")
    >>> result["objects"][0]["name"], result["objects"][0]["width"]
    ('a', '1')
    """
    source = dot.encode()
    timeout = deadline.left(timeout)
    chosen = choose(engine)
    small = max(size, source.count(b"->")) < CHILD_SIZE and effort < CHILD_EFFORT
    if chosen == "bundled" and small:
        result = _draw_here(source, "dot", "json0")
    else:
        result = _draw_in_child(chosen, source, "dot", "json0", timeout=timeout, size=size)
    # Imported here: a json.py in the working directory would hide it from `python -m bpviz` (see `bpviz.__main__`).
    import json

    places: dict[str, Any] = json.loads(result)
    return places


def render(
    dot: str,
    format: str,
    *,
    engine: str = "auto",
    timeout: float | None = None,
    environment: Mapping[str, str] | None = None,
) -> bytes:
    """Return the positioned ``dot`` as ``format`` (``pdf``, ``ps``, …), drawn by Graphviz without moving anything.

    ``environment`` has additional variables for Graphviz, such as the settings of fontconfig
    (`bpviz.writers.font_files.fontconfig`). Raises the errors of `lay_out`.
    """
    # Always a child process, because fontconfig reads its settings once in a process. Without a given date, Cairo
    # would write the present one into a PDF, and write either in the local time.
    variables = {"SOURCE_DATE_EPOCH": "0", **os.environ, "TZ": "UTC0", **(environment or {})}
    return _draw_in_child(
        choose(engine), dot.encode(), "nop2", format, timeout=deadline.left(timeout), size=0, environment=variables
    )


def engines() -> tuple[EngineInfo, ...]:
    """Return the state of both engines, the bundled one first; never raises.

    >>> [info.name for info in engines()]
    ['bundled', 'system']
    """
    return (_bundled_info(), _system_info())


def choose(engine: str) -> str:
    """Return ``bundled`` or ``system``: the Graphviz that ``engine`` means on this machine.

    ``auto`` and ``bpviz`` name no Graphviz, and mean the same as ``graphviz``.

    Raises:
        UsageError: it is none of `bpviz.layout.engine_names.ENGINES`.
        EngineMissing: it is not installed; the message has the command that installs it.
    """
    check_engine(engine)
    reason = ""
    if engine != "system":
        try:
            bundled.package()
            return "bundled"
        except ImportError as error:
            reason = str(error)
    if engine == "bundled":
        raise EngineMissing(f"The bundled engine cannot be used: {reason}. Install it:\n    {INSTALL_BUNDLED}")
    if _system_dot() is not None:
        return "system"
    if engine == "system":
        raise EngineMissing(
            f"The system engine cannot be used: there is no `dot` on PATH. Install it:\n    {INSTALL_SYSTEM}"
        )
    raise EngineMissing(
        f"No Graphviz was found: {reason}, and there is no `dot` on PATH. Install one of the two:\n"
        f"    {INSTALL_BUNDLED}\n    {INSTALL_SYSTEM}"
    )


def _system_dot() -> str | None:
    from shutil import which

    return which("dot")


def _bundled_info() -> EngineInfo:
    try:
        return EngineInfo("bundled", bundled.version(), str(Path(bundled.home(), "pygraphviz")), True)
    except Exception as error:  # an installation may be broken in any way
        return EngineInfo("bundled", "", "", False, f"{error}: {INSTALL_BUNDLED}")


def _system_info() -> EngineInfo:
    try:
        where = _system_dot()
        if where is None:
            return EngineInfo("system", "", "", False, INSTALL_SYSTEM)
        import graphviz  # type: ignore[import-untyped]

        return EngineInfo("system", ".".join(map(str, graphviz.version())), where, True)
    except Exception as error:  # as above
        return EngineInfo("system", "", "", False, f"{error}: {INSTALL_SYSTEM}")


def _draw_here(source: bytes, program: str, format: str) -> bytes:
    try:
        return bundled.draw(source, program, format)
    except RuntimeError as error:
        raise EngineFailed(f"Graphviz failed: {error}") from None


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
    """Run ``engine`` in a child process, which is killed at the time limit or when the user interrupts."""
    import subprocess

    if engine == "bundled" and not children.can_start_python():
        # A frozen or embedding application has no Python to start.
        return _draw_here(source, program, format)
    command = _bundled_command(program, format) if engine == "bundled" else _system_command(program, format)
    try:
        done = children.run(command, input=source, timeout=timeout, environment=environment)
    except subprocess.TimeoutExpired:
        raise LayoutTimeout(_too_long(timeout or 0, size)) from None
    except OSError as error:
        raise EngineFailed(f"Graphviz could not be started ({command[0]}): {error}") from error
    if done.returncode:
        message = done.stderr.decode(errors="replace").strip() or "it did not say why"
        crashed = done.returncode < 0
        raise EngineFailed(
            f"Graphviz crashed (signal {-done.returncode})." if crashed else f"Graphviz failed: {message}"
        )
    return done.stdout


def _bundled_command(program: str, format: str) -> list[str]:
    return children.python_command(str(Path(bundled.__file__).resolve()), program, format, bundled.home())


def _system_command(program: str, format: str) -> list[str]:
    """Return the command line of the ``graphviz`` package, whose functions have no time limit."""
    from graphviz.backend import dot_command  # type: ignore[import-untyped]

    layout, fixed = ("neato", 2) if program == "nop2" else (program, None)
    kind, _, renderer = format.partition(":")
    try:
        command = dot_command.command(layout, kind, renderer=renderer or None, neato_no_op=fixed)
    except ValueError as error:
        raise UsageError(f"Graphviz cannot write {format!r}: {error}") from error
    return [str(part) for part in command]


def _too_long(timeout: float, size: int) -> str:
    what = f"The layout of {size} boxes" if size else "The layout"
    return (
        f"{what} took longer than {timeout:g} s and was stopped. Allow it more time (--timeout {2 * timeout:g}), "
        "or show less: close groups (--depth 1), or draw one direction only (--show forward)."
    )
