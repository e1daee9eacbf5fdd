"""Fingerprints of figures, by which a file can be checked without drawing it again.

The mark is computed from the figure and its theme, or from text and its figures' marks, not from curves or pixels:
another version of Graphviz, another font or another machine do not change it; a changed number does. Every file
contains it if its format has a place for a remark.
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
"""Increases when the pictures of the same figures change their looks: then all files are stale."""

_KEY = "bpviz-fingerprint"
_WRITTEN = re.compile(_KEY.encode() + rb'(?:="|[ \0])(\d+:[0-9a-f]{16})')


def fingerprint(*shown: object) -> str:
    """Return the mark of the plain data in a file: a figure and its theme, or a page of text.

    >>> from bpviz.figure import Figure
    >>> from bpviz.picture.theme import theme
    >>> mark = fingerprint(Figure((), ()), theme("light"))
    >>> len(mark), mark == fingerprint(Figure((), ()), theme("dark"))
    (18, False)
    """
    return _marked(_as_text(shown))


def of_step(mark: str, step: int) -> str:
    """Return the mark of one step of a figure with this mark.

    >>> of_step("1:0123456789abcdef", 1) == of_step("1:0123456789abcdef", 2)
    False
    """
    return _marked(f"{mark} {step}")


def _marked(text: str) -> str:
    # Imported only when a picture is written, because it loads OpenSSL.
    import hashlib

    return f"{_EDITION}:{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"


def _as_text(value: Any) -> str:
    """Return plain data as text, without default values, so that a new field changes no mark."""
    if isinstance(value, tuple):
        return f"({','.join(map(_as_text, value))})"
    if isinstance(value, Mapping):
        return f"{{{','.join(f'{key}:{_as_text(part)}' for key, part in value.items())}}}"
    if is_dataclass(value):
        seen = (field for field in fields(value) if not field.metadata.get("unseen"))
        values = ((field.name, getattr(value, field.name), field.default) for field in seen)
        parts = (f"{name}={_as_text(part)}" for name, part, usual in values if part is not usual and part != usual)
        return f"{type(value).__name__}({','.join(parts)})"
    return repr(value)


def stamped(data: bytes, mark: str, remark: str) -> bytes:
    """Return a file with the mark in it.

    ``remark`` says how its format writes one: ``svg``, ``png``, ``gif`` and ``webp`` have a special place; in all
    others it is a line of text at the end, such as ``% {}``.

    >>> stamped(b"digraph {}", "1:0123456789abcdef", "// {}")
    b'digraph {}\\n// bpviz-fingerprint 1:0123456789abcdef\\n'
    """
    if remark == "svg":
        return data.replace(b"<svg ", f'<svg data-{_KEY}="{mark}" '.encode(), 1)
    if remark == "png":
        body = b"tEXt" + f"{_KEY}\0{mark}".encode()
        chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", crc32(body))
        # After the signature and the header, which comes first and has a fixed size.
        return data[:33] + chunk + data[33:]
    text = remarked(mark)
    if remark == "gif":
        # A comment before the byte that ends the file.
        return data[:-1] + b"\x21\xfe" + bytes((len(text),)) + text.encode() + b"\0" + data[-1:]
    if remark == "webp":
        # A private chunk at the end, which readers skip; the header gets the new length.
        chunk = b"bpvz" + struct.pack("<I", len(text)) + text.encode() + b"\0" * (len(text) % 2)
        return data[:4] + struct.pack("<I", len(data) + len(chunk) - 8) + data[8:] + chunk
    line = remark.format(text).encode()
    return (data if data.endswith(b"\n") else data + b"\n") + line + b"\n"


def remarked(mark: str) -> str:
    """Return the line of text with a mark.

    >>> remarked("1:0123456789abcdef")
    'bpviz-fingerprint 1:0123456789abcdef'
    """
    return f"{_KEY} {mark}"


def found_in(data: bytes) -> str:
    """Return the mark in a file; empty if it has none.

    >>> found_in(stamped(b"<svg width='1'/>", "1:0123456789abcdef", "svg"))
    '1:0123456789abcdef'
    """
    found = _WRITTEN.search(data)
    return found[1].decode() if found else ""
