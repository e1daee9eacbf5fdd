"""The rooms of the package as a table: how many modules and lines each has, and which rooms it imports from.

    python tools/rooms.py            print the table
    python tools/rooms.py --write    put it into CONTRIBUTING.md, between its two marks

Rooms stand in the order of their ranks, which are written in `tests/test_architecture.py`.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "helpers")]

from package_imports import imported, modules  # noqa: E402  (found through the line above)
from test_architecture import RANK, room_of  # noqa: E402

PAGE = ROOT / "CONTRIBUTING.md"
BEGIN = "<!-- rooms: written by tools/rooms.py -->"
END = "<!-- end of rooms -->"


def table(sources: dict[str, str]) -> str:
    """Return the table, in Markdown, of modules that are given by their names below ``bpviz.``, with their sources.

    A room's ``__init__`` counts for its lines and not as a module.

    >>> print(table({"text.widths": "import math", "layout.page": "from bpviz.text import widths"}))
    | room | modules | lines | imports from |
    |---|--:|--:|---|
    | `text/` | 1 | <50 | |
    | `layout/` | 1 | <50 | text |
    """
    rows = ["| room | modules | lines | imports from |", "|---|--:|--:|---|"]
    for room in RANK:
        own = {name: source for name, source in sources.items() if room_of(name) == room}
        if own:
            count = len(own.keys() - {room}) or 1
            lines = sum(len(source.splitlines()) for source in own.values())
            others = {room_of(other) for source in own.values() for other in imported(source, set(sources))} - {room}
            imports = ", ".join(title(other) for other in RANK if other in others)
            rows.append(f"| `{place(room)}` | {count} | {rounded(lines)} | {imports} |".replace("|  |", "| |"))
    return "\n".join(rows)


def title(room: str) -> str:
    """Return a room's name as a sentence has it.

    >>> title("ops.table"), title(".errors"), title("")
    ('ops.table', 'errors', 'bpviz')
    """
    return room.removeprefix(".") or "bpviz"


def place(room: str) -> str:
    """Return where a room lies below ``bpviz/``.

    >>> place("ops.table"), place(".errors"), place("")
    ('ops/table/', 'errors.py', '__init__.py')
    """
    if not room:
        return "__init__.py"
    return f"{room[1:]}.py" if room.startswith(".") else room.replace(".", "/") + "/"


def rounded(lines: int) -> str:
    """Return a number of lines to the nearest hundred: most edits leave the table as it is.

    >>> rounded(1249), rounded(50), rounded(49)
    ('1200', '100', '<50')
    """
    return str((lines + 50) // 100 * 100) if lines >= 50 else "<50"


def with_table(page: str) -> str:
    """Return a page with the table of today between its two marks.

    Raises:
        SystemExit: the marks are not there.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        sys.exit(f"{PAGE.name} has no lines {BEGIN!r} and {END!r}; write them where the table belongs")
    return f"{before}{BEGIN}\n\n{table(modules())}\n\n{END}{after}"


def main(words: list[str]) -> None:
    """Print the table, or write it."""
    if words == ["--write"]:
        PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8")), encoding="utf-8", newline="\n")
    elif words:
        sys.exit(f"the only option is --write, but got {' '.join(words)}")
    else:
        print(table(modules()))


if __name__ == "__main__":
    main(sys.argv[1:])
