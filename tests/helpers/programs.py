"""Which programs a test starts, so that its marks say what it needs."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

__all__ = ["Started", "started"]

STARTS = tuple(name for name in dir(os) if name.startswith(("exec", "fork", "posix_spawn", "spawn", "system")))
"""The functions of ``os`` that begin a program or another process."""
GRAPHVIZ = ("bundled.py", "dot", "neato")


class Started(list[str]):
    """The programs that were started since the list was cleared, each with its first words."""

    def listen(self) -> Started:
        """Note what this process starts from now on.

        An audit hook would see it too. Python calls it for each ``id()`` as well, and tests would take 5 % longer.
        """
        start = subprocess.Popen.__init__

        @wraps(start)
        def noted(process: Any, args: Any, *more: Any, **options: Any) -> None:
            self.append(args if isinstance(args, str) else " ".join(map(str, args)))
            start(process, args, *more, **options)

        subprocess.Popen.__init__ = noted  # type: ignore[method-assign]
        for name in STARTS:
            setattr(os, name, self._noting(name, getattr(os, name)))
        return self

    def _noting(self, name: str, start: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(start)
        def noted(*args: Any, **options: Any) -> Any:
            self.append(" ".join(map(str, (f"os.{name}", *args[:1]))))
            return start(*args, **options)

        return noted

    def unmarked(self, marks: set[str]) -> list[str]:
        """Return the programs that none of these marks allows.

        ``engine`` allows Graphviz; ``hosts`` and ``browser`` allow every program.
        """
        if marks & {"hosts", "browser"}:
            return []
        return [line for line in self if "engine" not in marks or not is_graphviz(line)]


def is_graphviz(line: str) -> bool:
    """Return whether a command runs Graphviz.

    >>> is_graphviz("/usr/bin/dot -V"), is_graphviz("python -I -S /a/bpviz/layout/bundled.py dot svg"), is_graphviz("npm i")
    (True, True, False)
    """
    return any(Path(word).name in GRAPHVIZ for word in line.split())


started = Started().listen()
