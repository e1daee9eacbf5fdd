"""``bpviz ops``: the table of operations."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import click

from bpviz.cli import options, terminal
from bpviz.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from bpviz.ops import Operation
    from bpviz.text.language import Language

__all__ = ["command", "described"]


@click.command("ops", short_help="List the operations, or describe one.")
@click.argument("name", required=False, shell_complete=options.operations)
@options.option("as_json")
@options.option("lang")
def command(name: str | None, as_json: bool, lang: str | None) -> None:
    """List the operations that can be recorded, or describe one by its name or NumPy's (np.linalg.inv).

    Part of a name lists the operations that contain it.

    \b
    bpviz ops               every operation
    bpviz ops soft          softmax, softplus, log_softmax, …
    bpviz ops np.linalg     those of NumPy's linear algebra
    """
    from bpviz import ops
    from bpviz.text.language import language

    say = language(lang)
    wanted = (name or "").removeprefix("np.")
    if as_json:
        terminal.result_bytes(_as_json(wanted, say).encode())
        return
    if wanted in ops.COMPOSITES and wanted not in ops.OPERATIONS:
        terminal.result(f"{called(wanted)}  {say('made of several operations')}")
        terminal.result(f"  {described(wanted)}")
        return
    rows = _rows(wanted)
    width = max(len(row.name) for row in rows)
    for row in rows:
        terminal.result(f"{row.name:<{width}}  {row.symbol:<12}  {say(row.says)}")
        notes = [f"NumPy: {', '.join('np.' + n for n in row.numpy)}"] if row.numpy else []
        notes += [", ".join(row.elsewhere)] if row.elsewhere else []
        notes += [say("convention: {convention}", convention=say(row.convention))] if row.convention else []
        notes += [say("rule: {rule}", rule=row.reference)] if row.reference else []
        if notes:
            terminal.result(f"{'':<{width}}  {'':<12}  {'; '.join(notes)}")
    if not name:
        terminal.result(f"\n{say('Made of several of these:')}")
        listed = ", ".join(map(called, sorted(ops.COMPOSITES)))
        terminal.result(textwrap.fill(listed, 116, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False))


def _as_json(wanted: str, say: Language) -> str:
    """Return what the command prints as JSON: the operations, and the functions that are made of several."""
    from bpviz import ops
    from bpviz.documents import data

    is_composite = wanted in ops.COMPOSITES and wanted not in ops.OPERATIONS
    rows = [] if is_composite else _rows(wanted)
    composites = sorted(ops.COMPOSITES) if not wanted else [wanted] if is_composite else []
    found = {
        "bpviz": 1,
        "kind": "operations",
        "operations": [
            {
                "name": row.name,
                "symbol": row.symbol,
                "says": say(row.says),
                "numpy": [f"np.{name}" for name in row.numpy],
                "elsewhere": row.elsewhere,
                "convention": say(row.convention) if row.convention else None,
                "rule": row.reference or None,
            }
            for row in rows
        ],
        "composites": [{"name": called(name), "says": described(name)} for name in composites],
    }
    return data.write(found)


def called(composite: str) -> str:
    """Return what a function that is made of several operations is called in a program.

    >>> called("ptp"), called("math.dist")
    ('np.ptp', 'math.dist')
    """
    return composite if composite.startswith(("math.", "scipy.")) else f"np.{composite}"


def described(composite: str) -> str:
    """Return a sentence about a NumPy function that is made of several operations.

    >>> described("ptp")
    'the largest minus the smallest.'
    """
    from bpviz import ops

    first, _, _ = (ops.COMPOSITES[composite].__doc__ or "").partition("\n\n")
    _, _, sentence = " ".join(first.split()).replace("``", "").partition(": ")
    return sentence


def _rows(name: str) -> list[Operation]:
    """Return the operation of that name, or all whose names contain it.

    Raises `UsageError` with close matches, also among the functions that are made of several operations.
    """
    from bpviz import ops

    try:
        return [ops.named(name)]
    except UsageError:
        if found := [row for row in ops.OPERATIONS.values() if any(name in one for one in (row.name, *row.numpy))]:
            return sorted(found, key=lambda row: row.name)
        from bpviz.recording.refusals import instead_of

        if advice := instead_of(name):
            raise UsageError(f"np.{name} cannot be recorded; {advice}") from None
        hint = did_you_mean(name, [*ops.OPERATIONS, *ops.COMPOSITES], "`bpviz ops` lists them all")
        raise UsageError(f"there is no operation named {name!r}; {hint}") from None
