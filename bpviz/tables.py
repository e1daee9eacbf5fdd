"""Reading of TOML files that people write: themes, languages, settings."""

from __future__ import annotations

from errno import ENAMETOOLONG
from pathlib import Path
from typing import Any

from bpviz.errors import UsageError

__all__ = ["changed_at", "read_table"]


def changed_at(path: Path) -> int:
    """Return when a file was changed, in nanoseconds.

    Raises `FileNotFoundError` also for a name that no file can have: with a NUL character, or too long.

    >>> changed_at(Path("a" * 300))
    Traceback (most recent call last):
        ...
    FileNotFoundError: a file cannot be called 'aaa...'
    """
    try:
        return path.stat().st_mtime_ns
    except ValueError:
        raise FileNotFoundError(f"a file cannot be called {str(path)!r}") from None
    except OSError as error:
        if error.errno == ENAMETOOLONG:
            raise FileNotFoundError(f"a file cannot be called {str(path)!r}") from None
        raise


def read_table(path: Path, called: str) -> dict[str, Any]:
    """Return the table of a TOML file; ``called`` names the file in messages, such as ``the theme 'my.toml'``.

    Raises:
        FileNotFoundError, NotADirectoryError: there is no such file.
        UsageError: it is no regular file, cannot be read, or is not TOML.

    >>> read_table(Path("/"), "the theme '/'")
    Traceback (most recent call last):
        ...
    bpviz.errors.UsageError: the theme '/' is a folder; name a TOML file
    """
    import tomllib

    changed_at(path)
    if path.is_dir():
        raise UsageError(f"{called} is a folder; name a TOML file")
    if path.exists() and not path.is_file():
        # To read a pipe could take for ever.
        raise UsageError(f"{called} is a device or a pipe; name a TOML file")
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise
    except OSError as error:
        raise UsageError(f"{called} cannot be read: {error.strerror or error}") from None
    except ValueError as error:
        # Of TOML, of UTF-8, or of an integer with thousands of digits.
        raise UsageError(f"{called} is not valid TOML: {error}") from None
    except RecursionError:
        raise UsageError(f"{called} is not valid TOML: its values are nested too deeply") from None
