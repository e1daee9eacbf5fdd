"""Pictures as a page of HTML that holds all it needs: nothing is fetched, and it works from a file."""

from __future__ import annotations

from collections.abc import Sequence

from bpviz.figure import Step
from bpviz.picture.elements import Picture
from bpviz.picture.theme import Theme
from bpviz.text.language import ENGLISH, Language
from bpviz.writers import player, svg
from bpviz.writers.player import escaped
from bpviz.writers.svg import PREFIX, unique

__all__ = ["fragment", "write"]


def write(
    picture: Picture,
    theme: Theme,
    *,
    steps: Sequence[Step] = (),
    sections: Sequence[str] = (),
    say: Language = ENGLISH,
) -> bytes:
    """Return ``picture`` as an HTML page; with ``steps`` the reader walks through them.

    ``sections`` are pieces of HTML that stand below the figure: tables, explanations.

    >>> from bpviz.picture.theme import theme
    >>> page = write(Picture(10.0, 5.0, (), "a < b"), theme("light")).decode()
    >>> page[:15], "<title>a &lt; b</title>" in page
    ('<!DOCTYPE html>', True)
    """
    title = escaped(picture.title or picture.description or say("Computation graph"))
    grounds = f"body{{{_ground(theme)}}}"
    if theme.dark is not None:
        grounds += f"@media screen and (prefers-color-scheme:dark){{body{{{_ground(theme.dark)}}}}}"
    body = "\n".join([fragment(picture, theme, steps=steps, say=say).rstrip(), *sections])
    return (
        f'<!DOCTYPE html>\n<html lang="{escaped(say.code)}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta name="generator" content="bpviz">\n<title>{title}</title>\n'
        f"<style>{_PAGE}{grounds}</style>\n"
        f"</head>\n<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    ).encode()


def fragment(
    picture: Picture,
    theme: Theme,
    *,
    steps: Sequence[Step] = (),
    say: Language = ENGLISH,
    caption: str | None = None,
) -> str:
    """Return the figure alone, for another page; several on one page don't disturb each other.

    It is dark where the page is. Without a ``caption`` of one's own it says what the figure shows.

    >>> from bpviz.picture.theme import theme
    >>> fragment(Picture(10.0, 5.0, (), description="what it shows"), theme("light")).splitlines()[-2:]
    ['<figcaption>what it shows</figcaption>', '</figure>']
    """
    # Told in steps, the last of them says what the caption would.
    usual = picture.title if steps else picture.description
    text = usual if caption is None else caption
    below = f"<figcaption>{escaped(text)}</figcaption>\n" if text else ""
    if steps:
        rules, body = _FIGURE + player.rules(theme), player.written(picture, theme, steps, say)
    else:
        drawn = svg.write(picture, theme, inline=True, say=say)
        rules, body = _FIGURE, f'<div class="bpviz-picture" style="{player.half(picture)}">\n{drawn.decode()}</div>\n'
    # Said three times: what the page around it says of all its lists and images must not win.
    rules = rules.replace(".P", f".{PREFIX}" * 3)
    return unique(f'<figure class="bpviz-figure {PREFIX}">\n<style>{rules}</style>\n{body}{below}</figure>\n').decode()


def _ground(theme: Theme) -> str:
    # Whether a page is dark is what its scroll bars go by.
    dark = int(theme.background[1:3], 16) < 0x80
    return f"background:{theme.background};color:{theme.inks['name']};color-scheme:{'dark' if dark else 'light'}"


# What stands below the figure is as light or dark as the figure.
_PAGE = """
body{margin:1rem;font:16px/1.5 system-ui,sans-serif}
main article.bpviz-page{max-width:none;margin:1rem 0;padding:0;background:none;color:inherit;color-scheme:inherit}
"""

# A picture is made smaller to fit the window, down to half its size; then it is scrolled.
_FIGURE = """
:where(.P){margin:0}
.P .bpviz-picture{overflow-x:auto}
.P .bpviz-picture>svg{display:block;height:auto;max-width:max(100%,var(--half))}
.P figcaption{font-size:.9em;margin-top:.5em}
@media print{.P .bpviz-picture>svg{max-width:100%}}
"""
