"""Where files go and in which format: asked before anything is drawn, and written so that a failure harms nothing."""

from __future__ import annotations

import os
import re
from pathlib import Path

from bpviz.errors import UsageError, did_you_mean

__all__ = ["check_format", "check_place", "format_of", "left_over", "numbered", "write_file"]

_NUMBERED = re.compile(r"%0?\d*d")


def numbered(path: Path, step: int) -> Path | None:
    """The path with a step's number in the place that its name has for it, as ``%02d``; ``None`` where it has none.

    >>> numbered(Path("step-%02d.svg"), 3).name, numbered(Path("apples.svg"), 3)
    ('step-03.svg', None)
    """
    if not _NUMBERED.search(path.name):
        return None
    return path.with_name(_NUMBERED.sub(lambda place: place[0] % step, path.name, count=1))


def left_over(path: Path, count: int) -> list[Path]:
    """The files of further steps than there are now, which a longer model has left there.

    >>> left_over(Path("apples.svg"), 3)
    []
    """
    place = _NUMBERED.search(path.name)
    if place is None:
        return []
    before, behind = map(re.escape, (path.name[: place.start()], path.name[place.end() :]))
    found = (re.fullmatch(rf"{before}(\d+){behind}", entry.name) for entry in path.parent.iterdir())
    steps = sorted(int(match[1]) for match in found if match)
    return [old for step in steps if step > count and (old := numbered(path, step)) and old.is_file()]


def check_format(format: str) -> str:
    """The format, when there is such a one.

    Raises `UsageError` with close matches otherwise.
    """
    from bpviz.writers import formats

    known = (*formats.formats(), "json")
    if format not in known:
        hint = did_you_mean(format, known, "choose another")
        raise UsageError(f"there is no format {format!r}; {hint} (there are: {', '.join(known)})")
    return format


def format_of(path: Path) -> str:
    """The format that a file's suffix names.

    >>> format_of(Path("apples.SVG"))
    'svg'

    Raises `UsageError` for a suffix that is none.
    """
    suffix = path.suffix.lower().lstrip(".")
    if not suffix:
        raise UsageError(f"{str(path)!r} has no suffix to tell its format; write {path}.svg, or name one with --format")
    return check_format(suffix)


def check_place(path: Path) -> None:
    """Raise `UsageError` when a file cannot be written there: no such folder, or a folder itself."""
    if path.is_dir():
        raise UsageError(f"{str(path)!r} is a folder; name a file in it, for example {path / 'figure.svg'}")
    folder = path.parent
    if not folder.is_dir():
        raise UsageError(f"the folder {str(folder)!r} does not exist; make it first: mkdir -p {folder}")
    if not os.access(folder, os.W_OK):
        raise UsageError(f"the folder {str(folder)!r} cannot be written to; choose another place with -o")


def write_file(path: Path, data: bytes) -> None:
    """Write a file under a temporary name and move it into place, so that a failure never harms the old one.

    Raises `UsageError` when the folder is missing, cannot be written to, or the path is a folder.
    """
    check_place(path)
    # A link is written through, as `>` in a shell would.
    place = Path(os.path.realpath(path))
    # Two processes may write the same figure at once; "x" refuses a name that is there already.
    temporary = place.with_name(f".{place.name[:40]}.{os.getpid()}")
    try:
        with open(temporary, "xb") as file:
            file.write(data)
        if place.exists():
            os.chmod(temporary, place.stat().st_mode & 0o777)
        os.replace(temporary, place)
    except OSError as error:
        raise UsageError(
            f"{str(path)!r} cannot be written: {error.strerror or error}; choose another place with -o"
        ) from None
    finally:
        temporary.unlink(missing_ok=True)
