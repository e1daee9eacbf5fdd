"""Reading a PNG back, with the standard library alone."""

import struct
import zlib


def size(png: bytes) -> tuple[int, int]:
    """Width and height in pixels."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    return struct.unpack(">II", png[16:24])


def rows(png: bytes) -> list[list[tuple[int, ...]]]:
    """Every pixel as (red, green, blue) or (red, green, blue, alpha); 8 bits a channel, not interlaced."""
    width, height = size(png)
    depth, colour, _, _, interlaced = png[24:29]
    assert (depth, interlaced) == (8, 0)
    channels = {2: 3, 6: 4}[colour]
    data, place, parts = b"", 8, []
    while place < len(png):
        (length,) = struct.unpack(">I", png[place : place + 4])
        if png[place + 4 : place + 8] == b"IDAT":
            parts.append(png[place + 8 : place + 8 + length])
        place += 12 + length
    data = zlib.decompress(b"".join(parts))
    stride = width * channels
    above, found = bytearray(stride), []
    for y in range(height):
        start = y * (stride + 1)
        line = _unfiltered(data[start], bytearray(data[start + 1 : start + 1 + stride]), above, channels)
        found.append([tuple(line[x : x + channels]) for x in range(0, stride, channels)])
        above = line
    return found


def _unfiltered(kind: int, line: bytearray, above: bytearray, channels: int) -> bytearray:
    for i in range(len(line)):
        left = line[i - channels] if i >= channels else 0
        corner = above[i - channels] if i >= channels else 0
        guesses = (0, left, above[i], (left + above[i]) // 2, _paeth(left, above[i], corner))
        line[i] = (line[i] + guesses[kind]) & 0xFF
    return line


def _paeth(left: int, above: int, corner: int) -> int:
    guess = left + above - corner
    return min((left, above, corner), key=lambda value: abs(guess - value))
