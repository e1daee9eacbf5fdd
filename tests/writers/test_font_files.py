from pathlib import Path
from shutil import copyfile

import pytest
from fontTools import ttLib

from bpviz.writers import font_files as fontfiles
from bpviz.writers.font_files import BUNDLED, font_files


@pytest.fixture
def fonts(tmp_path, monkeypatch):
    """Build small fonts and let them be all that this machine has: ``fonts({"name.ttf": "characters"})``."""
    from fontTools.fontBuilder import FontBuilder

    def build(contents: dict[str, str]) -> Path:
        for name, characters in contents.items():
            builder = FontBuilder(1000)
            names = [".notdef", *(f"g{i}" for i in range(len(characters)))]
            builder.setupGlyphOrder(names)
            builder.setupCharacterMap({ord(c): names[i + 1] for i, c in enumerate(characters)})
            builder.setupGlyf({glyph: ttLib.tables._g_l_y_f.Glyph() for glyph in names})
            builder.setupHorizontalMetrics(dict.fromkeys(names, (500, 0)))
            builder.setupHorizontalHeader()
            builder.setupPost()
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            builder.save(path)
        return tmp_path

    monkeypatch.setattr(fontfiles, "_directories", lambda: (tmp_path,))
    fontfiles._installed.cache_clear()
    yield build
    fontfiles._installed.cache_clear()


def names(choice):
    return [path.name for path in choice.files[1:]]


def test_the_bundled_font_and_its_licence_are_there():
    assert BUNDLED.is_file()
    assert "Bitstream Vera" in (BUNDLED.parent / "LICENSE").read_text(encoding="utf-8")


@pytest.mark.parametrize("word", ["", "0.9 × −1.2×10⁻⁵", "∂L/∂σ → ∑ αβ", "Ж ñ", "two\nlines"])
def test_characters_of_the_bundled_font_need_no_other_font(word, monkeypatch):
    monkeypatch.setattr(fontfiles, "_installed", lambda: pytest.fail("searched for fonts"))
    assert font_files(word) == fontfiles.FontChoice((BUNDLED,))


def test_one_font_that_has_all_is_better_than_two(fonts):
    fonts({"a.ttf": "単", "b.ttf": "価", "c.ttf": "単価"})
    assert names(font_files("単価 1")) == ["c.ttf"]


def test_the_fewest_fonts_are_taken_and_the_rest_is_named(fonts):
    fonts({"a.ttf": "単", "b.ttf": "単価", "c.ttf": "価ก"})
    choice = font_files("ก単価𠮷 1")
    assert names(choice) == ["b.ttf", "c.ttf"]
    assert choice.missing == "𠮷"


def test_japanese_sans_serif_comes_before_alphabetical_order(fonts):
    fonts({"AAA-Mincho.ttf": "の単", "ipag.ttf": "の単", "NotoSansCJK-Regular.ttf": "の単", "Zen-Bold.ttf": "の単"})
    assert names(font_files("単の")) == ["NotoSansCJK-Regular.ttf"]


def test_a_plain_cut_comes_before_bold_and_serif(fonts):
    fonts({"A-Bold.ttf": "ก", "B-Serif.ttf": "ก", "sub/Z-Regular.ttf": "ก"})
    assert names(font_files("ก")) == ["Z-Regular.ttf"]


def test_broken_files_are_passed_over(fonts):
    home = fonts({"good.ttf": "単"})
    (home / "aaa.ttf").write_bytes(b"not a font")
    (home / "aab.otf").write_bytes(b"")
    copyfile(home / "good.ttf", home / "aac.txt")
    (home / "aad.ttc").write_bytes((home / "good.ttf").read_bytes()[:100])
    assert names(font_files("単")) == ["good.ttf"]


def test_collections_are_read(fonts):
    home = fonts({"good.ttf": "単"})
    collection = ttLib.TTCollection()
    collection.fonts = [ttLib.TTFont(home / "good.ttf")]
    collection.save(home / "all.ttc")
    (home / "good.ttf").unlink()
    assert names(font_files("単")) == ["all.ttc"]


def test_without_any_font_everything_is_missing_in_order_and_once(fonts):
    assert font_files("価単1価").missing == "価単"


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_every_system_has_places_to_look(platform, monkeypatch, tmp_path):
    monkeypatch.setattr(fontfiles.sys, "platform", platform)
    for name in ("XDG_DATA_HOME", "LOCALAPPDATA", "WINDIR"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("XDG_DATA_DIRS", f"{tmp_path / 'first'}:{tmp_path / 'second'}")
    places = fontfiles._directories()
    assert len(places) >= 2
    if platform == "linux":
        assert tmp_path / "second" / "fonts" in places
        assert Path("/usr/share/fonts") in places


def test_fontconfig_is_given_these_fonts_and_no_other():
    with fontfiles.fontconfig([BUNDLED]) as settings:
        written = Path(settings["FONTCONFIG_FILE"])
        linked = list((written.parent / "fonts").iterdir())
        assert [font.read_bytes() == BUNDLED.read_bytes() for font in linked] == [True]
        assert written.read_text(encoding="utf-8").count("<dir>") == 1
    assert not written.exists()
    with fontfiles.fontconfig([]) as settings:
        assert settings == {}
