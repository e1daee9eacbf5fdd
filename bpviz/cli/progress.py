"""A line on the terminal that counts what is done, while work takes long."""

from __future__ import annotations

import sys

import click

__all__ = ["Progress"]

_LONG = 100
"""The most things that are done without a line."""
_EACH = 20


class Progress:
    """Prints how many of many things are done; nothing if stderr is no terminal."""

    def __init__(self, words: str) -> None:
        """Take the line, such as ``compared {done} of {total}``."""
        self.words = words
        self.longest = 0

    def __enter__(self) -> Progress:
        return self

    def show(self, done: int, total: int) -> None:
        """Print how many things are done, now and then."""
        if total > _LONG and sys.stderr.isatty() and (done % _EACH == 0 or done == total):
            line = self.words.format(done=done, total=total)
            # It covers the line before it.
            self.longest = max(self.longest, len(line))
            click.echo(f"\r{line.ljust(self.longest)}", err=True, nl=False)

    def __exit__(self, *exception: object) -> None:
        if self.longest:
            click.echo("", err=True)
