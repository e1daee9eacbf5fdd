"""Settings from ``[tool.bpviz]`` of the nearest pyproject.toml: defaults for the command line and ``BPVIZ_*``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bpviz.errors import UsageError, did_you_mean
from bpviz.tables import read_table

__all__ = ["project_settings", "settings_file"]


def project_settings(folder: Path, known: Iterable[str]) -> dict[str, Any]:
    """Return the settings of a folder, by the long names of options (``theme``, ``precision``).

    >>> project_settings(Path("/"), {"theme"})
    {}

    Raises `UsageError` for a key that is no option, or a file that is not TOML.
    """
    file = settings_file(folder)
    if file is None:
        return {}
    tools = read_table(file, str(file)).get("tool", {})
    table = tools.get("bpviz", {}) if isinstance(tools, dict) else {}
    if not isinstance(table, dict):
        raise UsageError(f'tool.bpviz in {file} must be a table, but is {table!r}; write [tool.bpviz] theme = "book"')
    names = set(known)
    settings = {}
    for key, value in table.items():
        name = key.replace("-", "_")
        if name not in names:
            hint = did_you_mean(name, names, f"there are: {', '.join(sorted(names))}")
            raise UsageError(f"[tool.bpviz] in {file} has an unknown setting {key!r}; {hint}")
        # The path of a file is relative to pyproject.toml, not to the working directory.
        is_file = name in ("theme", "lang") and str(value).endswith(".toml")
        text = _text(value)
        if text is None:
            raise UsageError(
                f"[tool.bpviz] in {file} has {key} = {_short(value)}; a text, a number, true or false is expected"
            )
        settings[name] = str(file.parent / text) if is_file else text
    return settings


def _text(value: Any) -> str | None:
    """Return a setting as it would be written on the command line; ``None`` if it could not be."""
    match value:
        case str():
            return value
        case bool():
            return str(value).lower()
        case int() | float() if abs(value) < 1e30:
            return str(value)
        case list() if value and all(isinstance(part, str) for part in value):
            return ",".join(value)
    return None


def _short(value: Any) -> str:
    return "a large number" if isinstance(value, int) else repr(value)[:60]


def settings_file(folder: Path) -> Path | None:
    """Return the nearest pyproject.toml, in the folder or above it; ``None`` if it has no settings of bpviz."""
    for place in (folder, *folder.parents):
        file = place / "pyproject.toml"
        if file.is_file():
            # Most projects have no settings of bpviz, and reading TOML takes longer than a search in the text.
            try:
                return file if b"bpviz" in file.read_bytes() else None
            except OSError as error:
                raise UsageError(f"{file} cannot be read: {error.strerror or error}") from None
    return None
