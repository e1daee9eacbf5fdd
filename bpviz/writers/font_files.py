"""The font files for a text: the bundled font, and fonts of this machine for the characters that it lacks.

A rasteriser draws nothing, without any warning, where all its fonts lack a character. So the files are chosen here by
their characters, and a warning names the characters that no font has.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from bpviz.errors import BpvizWarning, EngineMissing
from bpviz.frozen import dataclass
from bpviz.picture.elements import Picture, Text
from bpviz.text import widths as measures
from bpviz.text.typefaces import Typeface

__all__ = ["BUNDLED", "ITALIC", "FontChoice", "font_files", "fontconfig", "fonts_for"]

BUNDLED = Path(__file__).resolve().parents[1] / "text" / "fonts" / "DejaVuSans.ttf"
ITALIC = BUNDLED.with_name("DejaVuSans-Oblique.ttf")
"""The Latin and Greek letters in italics, made by ``tools/italic_font.py``; each is as wide as the upright one."""

_SUFFIXES = (".ttf", ".otf", ".ttc", ".otc")

# Sans-serif fonts with Japanese, by their file names; those that look best beside DejaVu Sans come first.
_JAPANESE = (
    "notosanscjkjp-regular",
    "notosanscjk-regular",
    "notosanscjk-vf",
    "notosanscjkjp-vf",
    "notosansjp-regular",
    "notosansjp",
    "sourcehansans-regular",
    "sourcehansansjp-regular",
    "hiragino sans w3",
    "ヒラギノ角ゴシック w3",
    "hiraginosans-w3",
    "yugothr",
    "yugothm",
    "yugothic",
    "meiryo",
    "biz-udgothicr",
    "ipaexg",
    "ipag",
    "ipagp",
    "vl-gothic-regular",
    "takaogothic",
    "msgothic",
    "droidsansfallbackfull",
    "droidsansfallback",
)

# Parts of file names of cuts other than the plain one.
_OTHER_CUTS = (
    "bold",
    "italic",
    "oblique",
    "light",
    "thin",
    "black",
    "heavy",
    "medium",
    "condensed",
    "narrow",
    "mono",
    "serif",
    "mincho",
    "music",
)


@dataclass(frozen=True, slots=True)
class FontChoice:
    """The font files for a text, the bundled one first, and the characters that none of them has."""

    files: tuple[Path, ...]
    missing: str = ""


def font_files(text: str, own: Typeface | None = None) -> FontChoice:
    """Choose the fonts for ``text``: the bundled one, then as few of this machine's as possible for the rest.

    What the author's ``own`` font has needs no other.

    >>> font_files("0.9 × σ").files == (BUNDLED,)
    True
    """
    wanted = frozenset(c for c in measures.missing(text) if own is None or own.lacks(c))
    chosen: list[Path] = [BUNDLED]
    if wanted:
        candidates = _covering(wanted)
        while wanted and candidates:
            # The first of those with the most characters: `candidates` are in order of preference.
            best = max(candidates, key=lambda path: len(candidates[path] & wanted))
            if not candidates[best] & wanted:
                break
            chosen.append(best)
            wanted -= candidates.pop(best)
    return FontChoice(tuple(chosen), "".join(c for c in dict.fromkeys(text) if c in wanted))


def fonts_for(picture: Picture, own: Typeface | None = None) -> tuple[Path, ...]:
    """Return the font files for all text of ``picture``, the author's ``own`` first; warn of what none can draw."""
    lines = [e for part in picture.parts for e in part.elements if isinstance(e, Text)]
    choice = font_files("".join(line.text for line in lines), own)
    if choice.missing:
        warnings.warn(_warning(choice.missing), BpvizWarning, stacklevel=3)
    slanted = any(run.italic for line in lines for run in line.runs)
    files = (choice.files[0], ITALIC, *choice.files[1:]) if slanted else choice.files
    return files if own is None else (own.upright, own.italic, *files)


@contextmanager
def fontconfig(files: Sequence[Path]) -> Iterator[Mapping[str, str]]:
    """Yield the environment in which Pango and Cairo know only these fonts; an empty one without files."""
    if not files:
        yield {}
        return
    from tempfile import TemporaryDirectory

    with TemporaryDirectory(prefix="bpviz-fonts-") as name:
        directory = Path(name)
        fonts = directory / "fonts"
        fonts.mkdir()
        for number, file in enumerate(files):
            _link(file, fonts / f"{number}{file.suffix}")
        settings = directory / "fonts.conf"
        settings.write_text(_FONTCONFIG.format(fonts=fonts, cache=directory / "cache"), encoding="utf-8")
        # Pango on Windows uses fontconfig only with this setting.
        yield {"FONTCONFIG_FILE": str(settings), "PANGOCAIRO_BACKEND": "fontconfig"}


_FONTCONFIG = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig><dir>{fonts}</dir><cachedir>{cache}</cachedir></fontconfig>
"""


def _link(file: Path, link: Path) -> None:
    try:
        link.symlink_to(file)
    except OSError:  # Windows lets only some users make links
        from shutil import copyfile

        copyfile(file, link)


def _warning(missing: str) -> str:
    names = " ".join(missing[:20]) + (" …" if len(missing) > 20 else "")
    how = {
        "darwin": "install a font that has them, with Font Book",
        "win32": "install a font that has them (Settings > Personalisation > Fonts)",
    }.get(sys.platform, "install a font that has them, for Japanese: sudo apt install fonts-noto-cjk")
    return f"No font on this machine can draw: {names}. They are left blank in the picture; {how}. An SVG has them."


def _covering(wanted: frozenset[str]) -> dict[Path, frozenset[str]]:
    """Return the ``wanted`` characters of each font, in order of preference, up to the first font that has all."""
    found: dict[Path, frozenset[str]] = {}
    for path in _ranked(_installed(), any(map(_is_cjk, wanted))):
        has = frozenset(c for c in wanted if ord(c) in _characters(path))
        if has == wanted:
            return {path: has}
        if has:
            found[path] = has
    return found


def _is_cjk(character: str) -> bool:
    return "\u2e80" <= character <= "\u9fff" or "\uf900" <= character <= "\uffef" or character >= "\U00020000"


def _ranked(files: Sequence[Path], japanese: bool) -> list[Path]:
    """Return the files sorted: Japanese sans-serif fonts first if they are needed, plain cuts first, then by name."""

    def rank(path: Path) -> tuple[int, int, str, str]:
        name = path.stem.lower()
        place = _JAPANESE.index(name) if japanese and name in _JAPANESE else len(_JAPANESE)
        return (place, sum(cut in name.replace("sansserif", "") for cut in _OTHER_CUTS), name, str(path))

    return sorted(files, key=rank)


@cache
def _installed() -> tuple[Path, ...]:
    """Return every font file of this machine."""
    return tuple(
        Path(directory, name)
        for root in dict.fromkeys(_directories())
        for directory, _, names in os.walk(root)
        for name in names
        if name.lower().endswith(_SUFFIXES)
    )


def _directories() -> tuple[Path, ...]:
    """Return the font folders of all systems; missing ones do no harm."""
    home = Path.home()
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA", str(home / "AppData" / "Local"))
        return (Path(os.environ.get("WINDIR", r"C:\Windows"), "Fonts"), Path(local, "Microsoft", "Windows", "Fonts"))
    if sys.platform == "darwin":
        return (Path("/System/Library/Fonts"), Path("/Library/Fonts"), home / "Library" / "Fonts")
    shared = os.environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share"
    own = os.environ.get("XDG_DATA_HOME") or str(home / ".local" / "share")
    roots = ("/usr/share", "/usr/local/share", *shared.split(":"), own)
    return (*(Path(root, "fonts") for root in roots if root), home / ".fonts")


@cache
def _characters(path: Path) -> frozenset[int]:
    """Return the code points that a font can draw; none where the file is broken.

    Raises:
        EngineMissing: fontTools is not installed.
    """
    try:
        from fontTools.ttLib import TTFont  # type: ignore[import-untyped]
    except ImportError as error:
        raise EngineMissing(
            "To find a font for letters that the bundled one lacks, bpviz needs fontTools; install it:\n"
            '    pip install "bpviz[fonts]"'
        ) from error
    try:
        with TTFont(path, fontNumber=0, lazy=True) as font:
            return frozenset(font.getBestCmap() or ())
    except Exception:  # fontTools raises whatever a broken table leads to
        return frozenset()
