"""The pixels of an SVG, by resvg: in this process, or in a child that can be stopped.

resvg holds Python's lock while it draws, so neither a time limit nor Ctrl-C reaches a process that draws. A small
picture is drawn at once; a large one by this module as a script, which reads the options of resvg as JSON from standard
input and writes the PNG to standard output. So that it starts quickly, it imports nothing of bpviz before that.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["draw"]

_PIXELS = 3_000_000
_CHARACTERS = 40_000
"""What takes half a second; a child takes a few hundredths."""


def draw(pixels: float, **options: Any) -> bytes:
    """Return what ``resvg_py.svg_to_bytes`` makes of these options, a picture of so many pixels.

    Raises:
        ImportError: resvg is not installed.
        LayoutTimeout: the time limit of the drawing is over.
        EngineFailed: the child process ended without a picture.
    """
    import resvg_py

    from bpviz.children import can_start_python

    is_large = pixels > _PIXELS or len(options["svg_string"]) > _CHARACTERS
    drawn = _drawn_in_child(str(resvg_py.__file__), options) if is_large and can_start_python() else None
    return resvg_py.svg_to_bytes(**options) if drawn is None else drawn


def _drawn_in_child(module: str, options: dict[str, Any]) -> bytes | None:
    """Return the PNG; ``None`` where no child can be started."""
    import json
    import os
    import subprocess

    from bpviz import children, deadline
    from bpviz.errors import EngineFailed

    home = os.path.dirname(os.path.dirname(os.path.abspath(module)))
    command = children.python_command(os.path.abspath(__file__), home)
    try:
        done = children.run(command, input=json.dumps(options).encode(), timeout=deadline.left())
    except subprocess.TimeoutExpired:
        deadline.check("drawing the pixels")
        raise
    except OSError:
        return None
    if done.returncode:
        lines = done.stderr.decode(errors="replace").strip().splitlines() or [f"it ended with {done.returncode}"]
        raise EngineFailed(f"resvg could not draw the PNG: {lines[-1]}")
    return done.stdout


def _main(home: str) -> None:
    import json
    import signal

    # Python's handler would wait until resvg returns.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    # After the standard library: no module of the working directory can be imported.
    sys.path.append(home)
    import resvg_py

    sys.stdout.buffer.write(resvg_py.svg_to_bytes(**json.loads(sys.stdin.buffer.read())))


if __name__ == "__main__":
    _main(*sys.argv[1:])
