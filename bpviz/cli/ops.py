"""``bpviz ops``: the table of operations, to read."""

from __future__ import annotations

import click

__all__ = ["command"]


@click.command("ops")
@click.argument("name", required=False)
def command(name: str | None) -> None:
    """List the operations that can be recorded, or tell all about one."""
    from bpviz import ops

    rows = [ops.named(name)] if name else list(ops.OPERATIONS.values())
    width = max(len(row.name) for row in rows)
    for row in rows:
        click.echo(f"{row.name:<{width}}  {row.symbol:<12}  {row.says}")
        notes = [f"NumPy: {', '.join('np.' + n for n in row.numpy)}"] if row.numpy else []
        notes += [f"convention: {row.convention}"] if row.convention else []
        notes += [f"rule: {row.reference}"] if row.reference else []
        if notes:
            click.echo(f"{'':<{width}}  {'':<12}  {'; '.join(notes)}")
