"""Both browsers in which a living figure is tried, with one way to act in them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

import pytest
from devtools import opened
from firefox import opened_in_firefox

__all__ = ["BROWSERS", "BrowserPage", "Open", "middle"]


class BrowserPage(Protocol):
    """One page of a running browser."""

    def go(self, address: str) -> None: ...
    def run(self, script: str) -> Any: ...
    def comes_to(self, script: str, value: Any) -> bool: ...
    def press(self, key: str, shift: bool = False) -> None: ...
    def type(self, text: str) -> None: ...
    def drag(self, x: float, y: float, by: float, kind: str = "mouse", shift: bool = False) -> None: ...
    def heard(self, selector: str) -> list[tuple[str, str]]: ...
    def frame(self, number: int) -> AbstractContextManager[BrowserPage]: ...


Open = Callable[[Path | str], AbstractContextManager[BrowserPage]]

BROWSERS = (
    pytest.param(opened, id="chromium", marks=pytest.mark.browser),
    pytest.param(opened_in_firefox, id="firefox", marks=pytest.mark.firefox),
)
"""For `pytest.mark.parametrize`: the function that opens a page in each browser."""


def middle(page: BrowserPage, selector: str) -> tuple[float, float]:
    """The middle of an element, in the window."""
    x, y = page.run(
        f"(b => [b.left + b.width / 2, b.top + b.height / 2])(document.querySelector({selector!r}).getBoundingClientRect())"
    )
    return x, y
