"""Which programs a test starts, as Python itself reports it: so that a test's marks say what it needs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

__all__ = ["Started", "started"]

STARTS = ("subprocess.Popen", "os.posix_spawn", "os.spawn", "os.system", "os.fork", "os.exec")
"""The events of Python that begin a program or another process."""
GRAPHVIZ = ("bundled.py", "dot", "neato")


class Started(list[str]):
    """The programs that were started since the list was cleared, each with its first words."""

    def listen(self) -> Started:
        """Note what this process starts from now on."""
        sys.addaudithook(self._note)
        return self

    def _note(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event in STARTS:
            words = arguments[1] if event != "os.system" and len(arguments) > 1 else arguments[:1]
            self.append(" ".join(map(str, [words] if isinstance(words, str | bytes) else words or [event])))

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
