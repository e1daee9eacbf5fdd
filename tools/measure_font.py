"""Write ``bpviz/text/font_metrics.py``: how wide the bundled font draws each of its characters.

Run after replacing the font: ``python tools/measure_font.py``. Needs fontTools, which bpviz itself does not load.
"""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

from fontTools.ttLib import TTFont

FONTS = Path(__file__).resolve().parent.parent / "bpviz" / "text" / "fonts"
LINE = 110

TEMPLATE = '''"""How wide {family} draws each of its characters. Made by tools/measure_font.py; do not edit.

Character ``FIRST[i] + k`` is drawn ``ord(ADVANCES[START[i] + k])`` font units wide, for every ``k`` below
``START[i + 1] - START[i]``.
"""

from __future__ import annotations

FAMILY = {family!r}
UNITS_PER_EM = {units}
ASCENT = {ascent}
DESCENT = {descent}
CAP_HEIGHT = {cap_height}
X_HEIGHT = {x_height}

# fmt: off
FIRST = (
{first}
)
START = (
{start}
)
ADVANCES = (
{advances}
)
'''


def wrapped(words: list[str], glue: str) -> str:
    """Set the words in lines of at most ``LINE`` characters."""
    lines = [""]
    for word in words:
        if len(lines[-1]) + len(word) + len(glue) > LINE:
            lines.append("")
        lines[-1] += word + glue
    return "\n".join("    " + line.rstrip() for line in lines)


def quoted(advances: list[int]) -> str:
    """Spell the advances as string literals of escaped characters."""
    escaped = [f"\\u{advance:04x}" for advance in advances]
    size = LINE // 6
    return "\n".join(f'    "{"".join(escaped[i : i + size])}"' for i in range(0, len(escaped), size))


def measured(path: Path) -> str:
    """Return the source of the metrics module for the font at ``path``."""
    font = TTFont(path)
    glyphs = font.getBestCmap()
    codes = sorted(glyphs)
    runs = [[code for _, code in run] for _, run in groupby(enumerate(codes), lambda pair: pair[1] - pair[0])]
    starts = [0]
    for run in runs:
        starts.append(starts[-1] + len(run))
    return TEMPLATE.format(
        family=font["name"].getDebugName(1),
        units=font["head"].unitsPerEm,
        ascent=font["hhea"].ascent,
        descent=-font["hhea"].descent,
        cap_height=font["glyf"]["H"].yMax,
        x_height=font["glyf"]["x"].yMax,
        first=wrapped([str(run[0]) for run in runs], ", "),
        start=wrapped([str(start) for start in starts], ", "),
        advances=quoted([font["hmtx"][glyphs[code]][0] for code in codes]),
    )


if __name__ == "__main__":
    (FONTS / "metrics.py").write_text(measured(FONTS / "DejaVuSans.ttf"), encoding="utf-8")
