"""Options that several commands have, each written once."""

from __future__ import annotations

import click

__all__ = ["check", "lang", "of", "precision", "theme"]

precision = click.option(
    "--precision",
    type=click.IntRange(1, 17),
    default=4,
    envvar="BPVIZ_PRECISION",
    show_default=True,
    help="Significant digits.",
)

lang = click.option(
    "--lang",
    default="en",
    envvar="BPVIZ_LANG",
    show_default=True,
    metavar="NAME",
    help="The language of bpviz's own words: en, ja, or a file of your own: fr.toml.",
)

theme = click.option(
    "--theme",
    default="light",
    envvar="BPVIZ_THEME",
    show_default=True,
    metavar="NAME",
    help="light, dark, auto (the reader's), book, print, cs231n, or a file of your own: my.toml.",
)

of = click.option(
    "--of", "of", metavar="NAME", help="The value whose gradient is taken. [default: what the function returns]"
)

check = click.option("--check", is_flag=True, help="Write nothing; exit 1 if a file is not what would be written.")
