"""Pictures as GIF, APNG and WebP: the steps as PNG frames, put into one file by Pillow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from io import BytesIO
from math import sqrt
from typing import Any, Literal

from bpviz import progress
from bpviz.errors import ExtraMissing, UsageError
from bpviz.figure import Step
from bpviz.picture.elements import Picture
from bpviz.picture.stages import with_captions
from bpviz.picture.theme import Theme
from bpviz.writers import png
from bpviz.writers.motion import HOLD, SECONDS

__all__ = ["MOST_PIXELS", "WIDEST", "write"]

_NEAR = 8
_COLOURS = 256
"""The most colours of a GIF, of which the last one may be transparent."""
_PAINTED = 64
"""The least opacity, of 255, of a pixel that is painted in a GIF, where it is painted or not."""
WIDEST = 1600
"""The greatest default width in pixels: wide enough for a screen. Each step costs its pixels again."""
MOST_PIXELS = 250_000_000
"""The most pixels of all steps together: about half a minute of work."""

_WAYS: dict[str, dict[str, Any]] = {
    "gif": {"format": "GIF", "optimize": False, "disposal": 1},
    "apng": {"format": "PNG", "default_image": False},
    "webp": {"format": "WEBP", "lossless": True, "quality": 80, "method": 4},
}


def write(
    picture: Picture,
    theme: Theme,
    *,
    format: Literal["gif", "apng", "webp"] = "gif",
    steps: Sequence[Step] = (),
    seconds: float = SECONDS,
    scale: float | None = None,
) -> bytes:
    """Return ``picture`` as a file that repeats its ``steps``, each for ``seconds`` seconds.

    Without steps it does not move. ``scale`` is that of PNG; by default it is 2, or less if the picture would be wider
    than `WIDEST` pixels or all steps had more than `MOST_PIXELS`, but at least ½, so that its letters can be read.

    Raises `ExtraMissing` without Pillow, `UsageError` if all steps together have more than `MOST_PIXELS` pixels, and
    the errors of `bpviz.writers.png.write`.
    """
    try:
        from PIL import Image
    except ImportError:
        raise ExtraMissing(f'{format.upper()} needs Pillow; install it: pip install "bpviz[animate]"') from None
    pictures = with_captions(picture, steps, theme) if steps else [picture]
    zoom = _scale(pictures[0], len(pictures)) if scale is None else scale
    _check(pictures[0], len(pictures), zoom, format)

    def drawn(at: int) -> Any:
        frame = Image.open(BytesIO(png.write(pictures[at], theme, scale=zoom)))
        return frame.convert("RGBA" if theme.transparent else "RGB")

    def counted(at: int) -> Any:
        frame = drawn(at)
        progress.count("drawn {done} of {total} steps", at + 1, len(pictures))
        return frame

    # One at a time: all at once would fill the memory. Pillow reads all of them twice for APNG only.
    frames: Iterator[Any] = map(counted, range(len(pictures)))
    if format == "gif":
        # All frames use the colours of the last, which shows everything, so that nothing flickers.
        last = _opaque(drawn(len(pictures) - 1), theme)
        palette = last.quantize(_COLOURS - theme.transparent, method=Image.Quantize.MEDIANCUT)
        palette.putpalette(_cleared(palette.getpalette(), last.getpixel((0, 0))))
        frames = (_reduced(frame, palette, theme) for frame in frames)
    way = _WAYS[format]
    if format == "gif" and theme.transparent:
        # Each frame is cleared before the next one, which would otherwise show through.
        way = {**way, "transparency": _COLOURS - 1, "disposal": 2}
    durations = [round(seconds * 1000)] * (len(pictures) - 1) + [round(seconds * (1 + HOLD) * 1000)]
    file = BytesIO()
    first, rest = next(frames), list(frames) if format == "apng" else frames
    first.save(file, save_all=True, append_images=rest, duration=durations, loop=0, **way)
    return png.with_resolution(file.getvalue(), zoom) if format == "apng" else file.getvalue()


def _opaque(frame: Any, theme: Theme) -> Any:
    """Return a frame on the background of its theme."""
    from PIL import Image

    if frame.mode == "RGB":
        return frame
    page = Image.new("RGBA", frame.size, theme.background)
    return Image.alpha_composite(page, frame).convert("RGB")


def _reduced(frame: Any, palette: Any, theme: Theme) -> Any:
    """Return a frame in the colours of a palette; what is hardly painted gets the number of the transparent colour."""
    from PIL import Image

    made = _opaque(frame, theme).quantize(palette=palette, dither=Image.Dither.NONE)
    if frame.mode == "RGBA":
        hardly = frame.getchannel("A").point(lambda alpha: 255 if alpha < _PAINTED else 0)
        made.paste(_COLOURS - 1, mask=hardly)
    return made


def _cleared(palette: Sequence[int], ground: Sequence[int]) -> list[int]:
    """Return a palette (red, green, blue in turn) with the background in place of colours almost equal to it.

    Pillow would confuse them.

    >>> _cleared([255, 255, 255, 252, 252, 252, 184, 74, 0], (255, 255, 255))
    [255, 255, 255, 255, 255, 255, 184, 74, 0]
    """
    colours = (palette[at : at + 3] for at in range(0, len(palette), 3))
    near = ((colour, max(abs(a - b) for a, b in zip(colour, ground, strict=True)) < _NEAR) for colour in colours)
    return [part for colour, is_near in near for part in (ground if is_near else colour)]


def _check(picture: Picture, count: int, scale: float, format: str) -> None:
    width, height = (side * scale * png.DOTS_PER_INCH / 72 for side in (picture.width, picture.height))
    if count > 1 and count * width * height > MOST_PIXELS:
        raise UsageError(
            f"{format.upper()} of {count} steps, each of {width:.0f} × {height:.0f} pixels, would have "
            f"{count * width * height / 1e6:.0f} million; it may have at most {MOST_PIXELS / 1e6:.0f} million. "
            "Write SVG that moves (--animate) or HTML (--steps), which have no pixels, or show less of the model "
            "(--depth, --only), or all of it smaller (--scale)"
        )


def _scale(picture: Picture, count: int) -> float:
    width, height = (side * png.DOTS_PER_INCH / 72 for side in (picture.width, picture.height))
    # A little less, because every picture has whole pixels.
    largest = 0.99 * sqrt(MOST_PIXELS / (count * width * height))
    return min(2.0, max(0.5, min(WIDEST / width, largest)))
