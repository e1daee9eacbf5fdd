"""Reading a PNG back."""

from __future__ import annotations

import struct
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image

__all__ = ["pixels", "size"]


def size(png: bytes) -> tuple[int, int]:
    """Width and height in pixels, as the head of the file states them."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    return struct.unpack(">II", png[16:24])


def pixels(png: bytes) -> Any:
    """Return every pixel as red, green, blue and opacity, from 0 to 255, in an array of shape (height, width, 4)."""
    return np.asarray(Image.open(BytesIO(png)).convert("RGBA"))
