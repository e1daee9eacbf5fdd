"""``bpviz render --watch``: draws the figure again, in a new process, whenever the model is saved.

After an error the last good picture stays; the message is shown on the terminal and on the page of ``--view``.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from itertools import count, takewhile
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from bpviz import children
from bpviz.cli import terminal
from bpviz.drawing.load import file_of
from bpviz.drawing.served import ServedPage
from bpviz.errors import ExtraMissing, UsageError
from bpviz.files import numbered

if TYPE_CHECKING:
    import subprocess

__all__ = ["watch"]

_SUFFIXES = (".py", ".json", ".toml", ".csv", ".npy", ".npz", ".txt")
"""The suffixes of files on which a figure may depend."""


def watch(target: str, arguments: Sequence[str], outputs: Sequence[Path], *, view: bool) -> None:
    """Draw ``target`` now and whenever a file beside it is saved, until Ctrl-C.

    ``arguments`` are those of ``bpviz render`` for one drawing, ``outputs`` the files that it writes.

    Raises `ExtraMissing` without watchfiles, and `UsageError` for a target that is no file.
    """
    folder = _folder(target)
    changes = _changes(folder, {path.resolve() for path in outputs})
    page = ServedPage(outputs[0].name) if view else None
    if page:
        click.launch(page.start())
    terminal.inform(f"watching {folder} (Ctrl-C ends it)")
    draw = _Draw(arguments)
    try:
        for change in changes:
            if change or draw.never:
                # A draw that a newer save has overtaken is dropped.
                draw.begin()
            elif draw.is_done():
                message, failed = draw.end()
                terminal.inform(message, nl=False)
                if page:
                    page.show(message if failed else "", _pictures(outputs[0], message))
    except KeyboardInterrupt:
        pass
    finally:
        draw.drop()
        if page:
            page.stop()
        terminal.inform("no longer watching")


def _folder(target: str) -> Path:
    """Return the folder whose files a target depends on."""
    if target == "-":
        raise UsageError("--watch needs a file that can be saved again, but got standard input (-); name a FILE.py")
    file = file_of(target)
    # A module is below the folder that it is imported from.
    return Path.cwd() if file is None else file.resolve().parent


def _changes(folder: Path, outputs: set[Path]) -> Iterator[object]:
    """Yield the saved files on which the figure may depend, and nothing (an empty set) every tenth of a second."""
    try:
        import watchfiles
    except ImportError:
        raise ExtraMissing('--watch needs watchfiles; install it: pip install "bpviz[watch]"') from None

    def counts(change: Any, path: str) -> bool:
        return path.endswith(_SUFFIXES) and Path(path).resolve() not in outputs

    return watchfiles.watch(folder, watch_filter=counts, rust_timeout=100, yield_on_timeout=True, raise_interrupt=True)


class _Draw:
    """Drawing in a new process, one at a time."""

    def __init__(self, arguments: Sequence[str]) -> None:
        self.command = children.bpviz_command("render", *arguments)
        self.process: subprocess.Popen[bytes] | None = None
        self.messages: IO[bytes] | None = None
        self.never = True

    def begin(self) -> None:
        """Start to draw, and drop what is not finished."""
        self.drop()
        self.never = False
        self.messages = tempfile.TemporaryFile()  # noqa: SIM115
        self.process = children.started(self.command, self.messages)

    def is_done(self) -> bool:
        """Return whether a draw has just ended."""
        return self.process is not None and self.process.poll() is not None

    def end(self) -> tuple[str, bool]:
        """Return the messages of the draw that has ended, and whether it failed."""
        assert self.process is not None
        assert self.messages is not None
        self.messages.seek(0)
        message, failed = self.messages.read().decode(errors="replace"), self.process.returncode != 0
        self.messages.close()
        self.process = self.messages = None
        return message, failed

    def drop(self) -> None:
        """End an unfinished draw: politely, so that it removes what it has begun to write."""
        if self.process is not None and self.messages is not None:
            children.ended(self.process)
            self.messages.close()
        self.process = self.messages = None


def _pictures(output: Path, message: str) -> list[Path]:
    """Return the pictures of an output: its file, or the files of steps that were just written."""
    lines = set(message.splitlines())
    steps = takewhile(lambda path: f"wrote {path}" in lines, (numbered(output, step) for step in count(1)))
    return [path for path in steps if path] if numbered(output, 1) else [output]
