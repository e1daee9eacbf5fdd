"""Settings from ``[tool.bpviz]`` of the nearest pyproject.toml: defaults for the command line and ``BPVIZ_*``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bpviz.errors import UsageError, did_you_mean

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
    import tomllib

    try:
        table = tomllib.loads(file.read_text(encoding="utf-8")).get("tool", {}).get("bpviz", {})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} is not valid TOML: {error}") from None
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
        settings[name] = str(file.parent / value) if is_file else value
    return settings


def settings_file(folder: Path) -> Path | None:
    """Return the nearest pyproject.toml, in the folder or above it; ``None`` if it has no settings of bpviz."""
    for place in (folder, *folder.parents):
        file = place / "pyproject.toml"
        if file.is_file():
            # Most projects have no settings of bpviz, and reading TOML takes longer than a search in the text.
            return file if b"bpviz" in file.read_bytes() else None
    return None
