"""Whether a file still shows what would be drawn now, told without drawing: a mark of what its figure says.

The mark is of the figure and its theme, or of words and the marks of their figures, not of curves or pixels: another
version of Graphviz, another font or another machine leave it as it is, a changed number does not. Every file carries it
where its format has room for a remark.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any
from zlib import crc32

__all__ = ["fingerprint", "found_in", "of_step", "remarked", "stamped"]

_EDITION = 1
"""Goes up when pictures of the same figures change their looks: then all files are stale."""

_KEY = "bpviz-fingerprint"
_WRITTEN = re.compile(_KEY.encode() + rb'(?:="|[ \0])(\d+:[0-9a-f]{16})')


def fingerprint(*shown: object) -> str:
    """Return the mark of plain data that a file shows: a figure and its theme, or a page of words.

    >>> from bpviz.figure import Figure
    >>> from bpviz.picture.theme import theme
    >>> mark = fingerprint(Figure((), ()), theme("light"))
    >>> len(mark), mark == fingerprint(Figure((), ()), theme("dark"))
    (18, False)
    """
    return _marked(_as_text(shown))


def of_step(mark: str, step: int) -> str:
    """Return the mark of one step of what has this mark.

    >>> of_step("1:0123456789abcdef", 1) == of_step("1:0123456789abcdef", 2)
    False
    """
    return _marked(f"{mark} {step}")


def _marked(text: str) -> str:
    # Imported when a picture is written: with it comes OpenSSL.
    import hashlib

    return f"{_EDITION}:{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"


def _as_text(value: Any) -> str:
    """Plain data as text. What is as it is anyway is left out, so that a field that is new changes no mark."""
    if isinstance(value, tuple):
        return f"({','.join(map(_as_text, value))})"
    if isinstance(value, Mapping):
        return f"{{{','.join(f'{key}:{_as_text(part)}' for key, part in value.items())}}}"
    if is_dataclass(value):
        entries = ((field.name, getattr(value, field.name), field.default) for field in fields(value))
        parts = (f"{name}={_as_text(part)}" for name, part, usual in entries if part is not usual and part != usual)
        return f"{type(value).__name__}({','.join(parts)})"
    return repr(value)


def stamped(data: bytes, mark: str, remark: str) -> bytes:
    """Return a file with the mark in it.

    ``remark`` is how its format writes one: ``svg``, ``png``, ``gif`` and ``webp`` have a place of their own, in all
    others it is a line of text at the end, such as ``% {}``.

    >>> stamped(b"digraph {}", "1:0123456789abcdef", "// {}")
    b'digraph {}\\n// bpviz-fingerprint 1:0123456789abcdef\\n'
    """
    if remark == "svg":
        return data.replace(b"<svg ", f'<svg data-{_KEY}="{mark}" '.encode(), 1)
    if remark == "png":
        body = b"tEXt" + f"{_KEY}\0{mark}".encode()
        chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", crc32(body))
        # Behind the signature and the header, which comes first and has a fixed size.
        return data[:33] + chunk + data[33:]
    text = remarked(mark)
    if remark == "gif":
        # A comment before the byte that ends the file.
        return data[:-1] + b"\x21\xfe" + bytes((len(text),)) + text.encode() + b"\0" + data[-1:]
    if remark == "webp":
        # A chunk of our own at the end, which readers skip; the whole is told how long it is now.
        chunk = b"bpvz" + struct.pack("<I", len(text)) + text.encode() + b"\0" * (len(text) % 2)
        return data[:4] + struct.pack("<I", len(data) + len(chunk) - 8) + data[8:] + chunk
    line = remark.format(text).encode()
    return (data if data.endswith(b"\n") else data + b"\n") + line + b"\n"


def remarked(mark: str) -> str:
    """Return the line of text by which a file carries a mark.

    >>> remarked("1:0123456789abcdef")
    'bpviz-fingerprint 1:0123456789abcdef'
    """
    return f"{_KEY} {mark}"


def found_in(data: bytes) -> str:
    """Return the mark that a file carries; empty where it has none.

    >>> found_in(stamped(b"<svg width='1'/>", "1:0123456789abcdef", "svg"))
    '1:0123456789abcdef'
    """
    found = _WRITTEN.search(data)
    return found[1].decode() if found else ""
