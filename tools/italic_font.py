"""Write ``bpviz/text/fonts/DejaVuSans-Oblique.ttf``: Latin and Greek of that font, for names in italics.

Run ``python tools/italic_font.py PATH`` with the path of the whole font. Needs fontTools. A letter is as wide as in the
upright font, so that one table of measures serves both.
"""

from __future__ import annotations

import sys
from pathlib import Path

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

FONTS = Path(__file__).resolve().parent.parent / "bpviz" / "text" / "fonts"
# All of Latin: fontconfig prefers a font that has every letter of a language to one with the right slant.
LETTERS = (*range(0x20, 0x7F), *range(0xA0, 0x180), *range(0x391, 0x3CA), 0x302, 0x303, 0x304)


def main(source: str) -> None:
    """Write the letters of the font at ``source``."""
    font, upright = TTFont(source), TTFont(FONTS / "DejaVuSans.ttf")
    subsetter = Subsetter(Options(layout_features=["mark", "mkmk", "ccmp"], hinting=False, notdef_outline=True))
    subsetter.populate(unicodes=LETTERS)
    subsetter.subset(font)
    widths, names, others = upright["hmtx"], upright.getBestCmap(), font.getBestCmap()
    for code, name in others.items():
        font["hmtx"][name] = (widths[names[code]][0], font["hmtx"][name][1])
    font.save(FONTS / "DejaVuSans-Oblique.ttf")


if __name__ == "__main__":
    main(sys.argv[1])
