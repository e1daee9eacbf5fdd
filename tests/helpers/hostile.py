"""Names that try to be more than names, for the tests of every writer."""

from __future__ import annotations

from functools import cache
from typing import Any

import bpviz

__all__ = ["NAMES", "PLAIN", "drawing"]

PLAIN = (
    "<b>&\"'",
    "<script>alert(1)</script>",
    "</style><script>alert(2)</script>",
    "--><img src=x onerror=alert(3)>",
    "]]>",
    "&lt;",
    "&#60;i&#62;",
    "url(https://example.org/x)",
    "javascript:alert(4)",
    '%%{init: {"theme":"dark"}}%%',
    "- item",
    "1. list",
    "+",
    "**bold**",
    "`code`",
    "$$x^2$$",
    "fa:fa-car",
    "end",
    '"]; click n0 href "x"',
    "style fill:#f00;",
    "#quot;",
    r"a\nb",
    r"\input{x}",
    "100%",
    "x_1^2~",
    "}{",
    "-0",
    "  two  spaces ",
)
"""Names that are shown as they are."""

NAMES = (
    *PLAIN,
    "\x00\x1b",
    "\ud800",
    "\udc80x\udfff",
    "\ufffd",
    "\u202e",
    "\u2066\u2069",
    "\u200b",
    "\x85\x7f",
    "\n",
    " ",
    "",
    "\ufffe\U0010ffff",
    "単価",
    "😀",
)


@cache
def drawing() -> Any:
    """A drawing in which each of the names is that of an input; its title and its output are hostile, too."""
    graph = bpviz.Graph("</title><script>alert(5)</script>")
    first, *others = [graph.input(name, 1.0) for name in NAMES]
    total = first
    for other in others:
        total = total * other
    graph.output(total, "</script><script>alert(6)</script>")
    return bpviz.draw(graph, title="</title><script>alert(7)</script>")
