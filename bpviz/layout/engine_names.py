"""The names of the engines, which options and the page read without loading one."""

from __future__ import annotations

from bpviz.errors import UsageError

__all__ = ["ENGINES", "check_engine", "is_own"]

ENGINES = ("auto", "bpviz", "graphviz", "bundled", "system")
"""The engines: ``auto`` is ``bpviz`` itself; ``graphviz`` is the bundled Graphviz or else the system's."""


def is_own(engine: str) -> bool:
    """Return whether ``engine`` means that bpviz places everything itself.

    Raises: UsageError if it is none of `ENGINES`.

    >>> is_own("auto"), is_own("system")
    (True, False)
    """
    check_engine(engine)
    return engine in ("auto", "bpviz")


def check_engine(engine: str) -> None:
    """Raise `UsageError` if ``engine`` is none of `ENGINES`."""
    if engine not in ENGINES:
        raise UsageError(f"There is no engine {engine!r}; choose one of {', '.join(ENGINES)}.")
