"""Pictures as GIF, APNG and WebP: the steps as PNG frames, put into one file by Pillow."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import Any, Literal

from bpviz.errors import ExtraMissing
from bpviz.figure import Step
from bpviz.picture import Picture
from bpviz.stages import with_captions
from bpviz.theme import Theme
from bpviz.writers import png
from bpviz.writers.motion import HOLD, SECONDS

__all__ = ["write"]

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
    scale: float = 2.0,
) -> bytes:
    """Return ``picture`` as a file that shows its ``steps`` in turn, each for so many ``seconds``, for ever.

    Without steps it stands still. ``scale`` is that of PNG.

    Raises `ExtraMissing` without Pillow, and what `bpviz.writers.png.write` raises.
    """
    try:
        from PIL import Image
    except ImportError:
        raise ExtraMissing(f"{format.upper()} needs Pillow; install it: pip install 'bpviz[animate]'") from None
    pictures = with_captions(picture, steps, theme) if steps else [picture]
    frames = [Image.open(BytesIO(png.write(each, theme, scale=scale))).convert("RGB") for each in pictures]
    if format == "gif":
        # All frames in the colours of the last, which shows everything, so that nothing flickers.
        palette = frames[-1].quantize(256, method=Image.Quantize.MEDIANCUT)
        frames = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    durations = [round(seconds * 1000)] * (len(frames) - 1) + [round(seconds * (1 + HOLD) * 1000)]
    file = BytesIO()
    frames[0].save(file, save_all=True, append_images=frames[1:], duration=durations, loop=0, **_WAYS[format])
    return file.getvalue()
