"""Colours as people write them: #0072B2, or the short #07B."""

from __future__ import annotations

import re

from bpviz.errors import UsageError

__all__ = ["NO_BACKGROUND", "checked_background", "colour"]

NO_BACKGROUND = "none"
"""The background of a transparent page, and the inside of its boxes."""

_WRITTEN = re.compile("#(?:[0-9A-Fa-f]{3}){1,2}")


def colour(text: object) -> str | None:
    """Return a colour as ``#RRGGBB``, in capitals; ``None`` if it is none.

    >>> colour("#0072b2"), colour("#07b"), colour("blue")
    ('#0072B2', '#0077BB', None)
    """
    if not isinstance(text, str) or not _WRITTEN.fullmatch(text):
        return None
    digits = text[1:] if len(text) == 7 else "".join(2 * digit for digit in text[1:])
    return f"#{digits.upper()}"


def checked_background(text: str | None) -> str | None:
    """Return a background: a colour as ``#RRGGBB``, or ``none`` for a transparent page; ``None`` is no choice.

    >>> checked_background("#fff"), checked_background("none")
    ('#FFFFFF', 'none')

    Raises `UsageError` for anything else.
    """
    found = colour(text)
    if found is None and text not in (None, NO_BACKGROUND):
        raise UsageError(
            f"background must be a colour such as #F5F5F5, or none for a transparent page, but got {text!r}"
        )
    return found or text
