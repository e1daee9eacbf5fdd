"""How many programs of ``tests/corpus`` bpviz draws as they stand, by field; the others are listed with the reason.

Run as ``python benchmarks/corpus.py``; prints Markdown. Needs autograd; SciPy for the programs that use it.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "helpers"))

import corpus_programs
from measure import table

import bpviz
from bpviz.errors import BpvizError

OUTCOMES = ("drawn", "refused", "wrong")


def main() -> None:
    print(report())


def report() -> str:
    """Return the table of outcomes by field, and a line for each program that is not drawn."""
    counts = {field: Counter[str]() for field in corpus_programs.FIELDS}
    others = []
    for name in corpus_programs.names():
        outcome, reason = outcome_of(name)
        counts[name.partition(".")[0]][outcome] += 1
        if outcome != "drawn":
            others.append(f"- `{name}` {outcome}: {reason}")
    counts["all"] = sum(counts.values(), Counter())
    rows = [(field, *(str(count[outcome]) for outcome in OUTCOMES)) for field, count in counts.items()]
    return "\n".join([table(("field", *OUTCOMES), rows), "", *others])


def outcome_of(name: str) -> tuple[str, str]:
    """Return whether a program is drawn, refused or wrong, and why."""
    try:
        if found := corpus_programs.faults(name):
            return "wrong", "; ".join(found)
        assert bpviz.draw(corpus_programs.find(name)).figure.boxes
    except BpvizError as error:
        return "refused", str(error)
    # Any other error is not a refusal.
    except Exception as error:
        return "wrong", repr(error)
    return "drawn", ""


if __name__ == "__main__":
    main()
