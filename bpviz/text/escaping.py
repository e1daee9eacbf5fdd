"""Text for XML and HTML: one function for content and for attributes, used by every writer."""

from __future__ import annotations

from bpviz.text.widths import printable

__all__ = ["escaped"]


def escaped(text: str) -> str:
    """Return a line of text as content or as the value of an attribute in quotes, for XML and HTML.

    Characters that XML does not allow become visible signs (`bpviz.text.widths.printable`).

    >>> escaped("a < 'b' & \\x00")
    'a &lt; &#x27;b&#x27; &amp; ␀'
    """
    shown = printable(text)
    for sign, name in _NAMES:
        if sign in shown:
            shown = shown.replace(sign, name)
    return shown


_NAMES = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"), ("'", "&#x27;"))
"""The signs with a meaning in markup; the ampersand first."""
