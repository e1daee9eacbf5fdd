"""Pictures as a page of HTML that contains everything: it loads nothing, and works from a file."""

from __future__ import annotations

from collections.abc import Sequence

from bpviz.figure import Step
from bpviz.picture.elements import Picture
from bpviz.picture.theme import Theme
from bpviz.text.colours import NO_BACKGROUND
from bpviz.text.escaping import escaped
from bpviz.text.language import ENGLISH, Language
from bpviz.writers import player, svg
from bpviz.writers.following import PREFIX
from bpviz.writers.svg import unique

__all__ = ["fragment", "write"]


def write(
    picture: Picture,
    theme: Theme,
    *,
    steps: Sequence[Step] = (),
    sections: Sequence[str] = (),
    say: Language = ENGLISH,
    alone: bool = False,
    strict: bool = False,
) -> bytes:
    """Return ``picture`` as an HTML page; with ``steps`` the reader moves through them.

    ``sections`` are pieces of HTML below the figure: tables, explanations. The page of a figure that
    is ``alone``, for an iframe, has no caption and no margins. A ``strict`` page without steps has styles in style
    sheets only, so that a policy can allow these and no others.

    >>> from bpviz.picture.theme import theme
    >>> page = write(Picture(10.0, 5.0, (), "a < b"), theme("light")).decode()
    >>> page[:15], "<title>a &lt; b</title>" in page
    ('<!DOCTYPE html>', True)
    """
    title = escaped(picture.title or picture.description or say("Computation graph"))
    grounds = f":root,body{{{_ground(theme)}}}"
    if theme.dark is not None:
        grounds += f"@media screen and (prefers-color-scheme:dark){{:root,body{{{_ground(theme.dark)}}}}}"
    figure = fragment(picture, theme, steps=steps, say=say, caption="" if alone else None, strict=strict).rstrip()
    body = "\n".join([figure, *sections])
    return (
        f'<!DOCTYPE html>\n<html lang="{escaped(say.code)}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta name="generator" content="bpviz">\n<title>{title}</title>\n'
        f"<style>{_ALONE if alone else _PAGE}{grounds}</style>\n"
        f"</head>\n<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    ).encode()


def fragment(
    picture: Picture,
    theme: Theme,
    *,
    steps: Sequence[Step] = (),
    say: Language = ENGLISH,
    caption: str | None = None,
    strict: bool = False,
) -> str:
    """Return the figure alone, for another page; several on one page do not disturb each other.

    It is dark if the page is. The default ``caption`` describes the figure.

    >>> from bpviz.picture.theme import theme
    >>> fragment(Picture(10.0, 5.0, (), description="what it shows"), theme("light")).splitlines()[-2:]
    ['<figcaption>what it shows</figcaption>', '</figure>']
    """
    # With steps, the last sentence is the same as the caption.
    usual = picture.title if steps else picture.description
    text = usual if caption is None else caption
    below = f"<figcaption>{escaped(text)}</figcaption>\n" if text else ""
    if steps:
        rules, body = _FIGURE + player.rules(theme), player.written(picture, theme, steps, say)
    else:
        drawn = svg.write(picture, theme, inline=True, say=say)
        half = player.half(picture)
        style = "" if strict else f' style="{half}"'
        rules = f"{_FIGURE}.P .bpviz-picture{{{half}}}\n" if strict else _FIGURE
        body = f'<div class="bpviz-picture"{style}>\n{drawn.decode()}</div>\n'
    # The class three times: it must win against the page's rules for all lists and images.
    rules = rules.replace(".P", f".{PREFIX}" * 3)
    return unique(f'<figure class="bpviz-figure {PREFIX}">\n<style>{rules}</style>\n{body}{below}</figure>\n').decode()


def _ground(theme: Theme) -> str:
    # The scroll bars of a page are light or dark by the color-scheme of its root.
    dark = int(theme.background[1:3], 16) < 0x80
    colour = NO_BACKGROUND if theme.transparent else theme.background
    return f"background:{colour};color:{theme.inks['name']};color-scheme:{'dark' if dark else 'light'}"


# The sections below the figure are light or dark like the figure.
_PAGE = """
body{margin:1rem;font:16px/1.5 system-ui,sans-serif}
main article.bpviz-page{max-width:none;margin:1rem 0;padding:0;background:none;color:inherit;color-scheme:inherit}
"""

_ALONE = """
body{margin:0;font:16px/1.5 system-ui,sans-serif}
main>figure>div:not(.bpviz-picture){padding-inline:.7rem}
"""

# A picture becomes smaller to fit the window, down to half its size; then it scrolls.
_FIGURE = """
:where(.P){margin:0}
.P .bpviz-picture{overflow-x:auto}
.P .bpviz-picture>svg{display:block;height:auto;max-width:max(100%,var(--half))}
.P g:target :is(circle,rect){stroke-width:3}
.P figcaption{font-size:.9em;margin-top:.5em}
@media print{.P .bpviz-picture>svg{max-width:100%}}
"""
