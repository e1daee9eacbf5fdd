"""``bpviz ops``: the table of operations, to read."""

from __future__ import annotations

import click

from bpviz.cli import choices

__all__ = ["command"]


@click.command("ops")
@click.argument("name", required=False)
@choices.lang
def command(name: str | None, lang: str | None) -> None:
    """List the operations that can be recorded, or tell all about one."""
    from bpviz import ops
    from bpviz.language import language

    say = language(lang)
    rows = [ops.named(name)] if name else list(ops.OPERATIONS.values())
    width = max(len(row.name) for row in rows)
    for row in rows:
        click.echo(f"{row.name:<{width}}  {row.symbol:<12}  {say(row.says)}")
        notes = [f"NumPy: {', '.join('np.' + n for n in row.numpy)}"] if row.numpy else []
        notes += [say("convention: {convention}", convention=say(row.convention))] if row.convention else []
        notes += [say("rule: {rule}", rule=row.reference)] if row.reference else []
        if notes:
            click.echo(f"{'':<{width}}  {'':<12}  {'; '.join(notes)}")
