"""Writing of files: paths are checked before anything is drawn, and an error while writing damages no file."""

from __future__ import annotations

import contextlib
import os
import re
import stat
from collections.abc import Iterable
from pathlib import Path

from bpviz.errors import UsageError

__all__ = ["MOVED", "check_no_source", "check_place", "left_over", "numbered", "write_file"]

_NUMBERED = re.compile(r"%0?(\d*)d")
_SOURCES = (".py", ".pyw", ".pyi", ".ipynb")
"""Suffixes of files that people write, which no figure replaces."""


def numbered(path: Path, step: int) -> Path | None:
    """Return the path with a step's number, if its name has a place for it, such as ``%02d``; else ``None``.

    >>> numbered(Path("step-%02d.svg"), 3).name, numbered(Path("apples.svg"), 3)
    ('step-03.svg', None)

    Raises `UsageError` for a number with more digits than a file name can have.
    """
    place = _NUMBERED.search(path.name)
    if place is None:
        return None
    if len(place[1].lstrip("0")) > 1:
        raise UsageError(
            f"{place[0]} in {str(path)!r} is a number of {place[1]} digits; at most 9 are possible, such as "
            "step-%02d.svg"
        )
    return path.with_name(path.name[: place.start()] + place[0] % step + path.name[place.end() :])


def left_over(path: Path, count: int) -> list[Path]:
    """Return the files of steps after number ``count``, which a longer model has left there.

    >>> left_over(Path("apples.svg"), 3)
    []
    """
    place = _NUMBERED.search(path.name)
    if place is None:
        return []
    before, after = map(re.escape, (path.name[: place.start()], path.name[place.end() :]))
    found = (re.fullmatch(rf"{before}(\d+){after}", entry.name) for entry in path.parent.iterdir())
    steps = sorted(int(match[1]) for match in found if match)
    return [old for step in steps if step > count and (old := numbered(path, step)) and old.is_file()]


def check_place(path: Path) -> None:
    """Raise `UsageError` if no file can be written there: no such folder, the path is a folder, no permission."""
    numbered(path, 1)
    if path.is_dir():
        raise UsageError(f"{str(path)!r} is a folder; name a file in it, for example {path / 'figure.svg'}")
    if _descriptor(path) is not None:
        return
    if path.exists():
        if not os.access(path, os.W_OK):
            raise UsageError(f"the file {str(path)!r} is write-protected; choose another with -o, or chmod u+w {path}")
        if not path.is_file():
            return
    folder = path.parent
    if not folder.is_dir():
        raise UsageError(f"the folder {str(folder)!r} does not exist; make it first: mkdir -p {folder}")
    if not os.access(folder, os.W_OK):
        raise UsageError(f"the folder {str(folder)!r} cannot be written to; choose another place with -o")


def check_no_source(path: Path, sources: Iterable[Path] = (), otherwise: str = "choose another name") -> None:
    """Raise `UsageError` if a file is one of the ``sources`` of a figure, or any Python file, also through links.

    ``otherwise`` is the advice in the message.
    """
    if not path.is_file():
        return
    if any(source.exists() and path.samefile(source) for source in sources):
        raise UsageError(f"{str(path)!r} is what the figure is made from, and would be lost; {otherwise}")
    if any(name.suffix.lower() in _SOURCES for name in (path, path.resolve())):
        raise UsageError(f"{str(path)!r} is a Python file, and would be lost; {otherwise}")


MOVED: dict[int, int] = {}
"""The open files of this process whose numbers a model has now (1, 2), and the numbers that they have instead."""


def write_file(path: Path, data: bytes) -> None:
    """Write a file completely or not at all, even if writing fails or others write it at the same time.

    A link is followed. A device, a pipe or an open file of this process (``/dev/stdout``) is written to, not replaced.

    Raises `UsageError` if the folder is missing, there is no permission, the path is a folder, or writing fails (a
    full disk).
    """
    check_place(path)
    try:
        open_file = _descriptor(path)
        if open_file is not None:
            with os.fdopen(os.dup(MOVED.get(open_file, open_file)), "wb") as file:
                file.write(data)
        elif path.exists() and not path.is_file():
            with open(path, "wb") as file:
                file.write(data)
        else:
            _replace(Path(os.path.realpath(path)), data)
    except OSError as error:
        raise UsageError(
            f"{str(path)!r} cannot be written: {error.strerror or error}; choose another place with -o"
        ) from None


def _replace(place: Path, data: bytes) -> None:
    """Write a regular file under a unique temporary name, then rename it."""
    temporary = place.with_name(f".{place.name[:40]}.{os.urandom(8).hex()}")
    # Not `tempfile.mkstemp`: only the owner can read its files; a new file has the permissions of the umask.
    with open(temporary, "xb") as file:
        try:
            file.write(data)
            file.flush()
            # Without this, a crash of the machine could leave an empty file.
            os.fsync(file.fileno())
            _keep_owner(temporary, place)
            file.close()
            os.replace(temporary, place)
        except BaseException:
            # What is still in the buffer cannot be written either.
            with contextlib.suppress(OSError):
                file.close()
            temporary.unlink(missing_ok=True)
            raise


def _keep_owner(temporary: Path, place: Path) -> None:
    """Give a file the permissions of the one that it replaces, and its owner if this is allowed."""
    try:
        old = place.stat()
    except FileNotFoundError:
        return
    if hasattr(os, "chown") and (old.st_uid, old.st_gid) != (os.geteuid(), os.getegid()):
        with contextlib.suppress(OSError):
            os.chown(temporary, old.st_uid, old.st_gid)
    os.chmod(temporary, stat.S_IMODE(old.st_mode))


def _descriptor(path: Path) -> int | None:
    """Return the number of the open file of this process that a path names: 1 for ``/dev/stdout``; ``None`` for others.

    Such a file cannot be replaced.
    """
    for _ in range(40):
        folder = os.path.realpath(path.parent)
        if path.name.isdigit() and folder in (f"/proc/{os.getpid()}/fd", "/dev/fd"):
            return int(path.name)
        if not path.is_symlink():
            return None
        path = path.parent / os.readlink(path)
    return None
