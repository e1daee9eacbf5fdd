"""The search of the documentation in English and in Japanese, whose words are parted where the script changes."""

import re
from collections.abc import Iterator
from typing import Any

from sphinx.application import Sphinx
from sphinx.search.en import SearchEnglish

_KANJI = "一-鿿々"
_RUNS = re.compile(rf"[{_KANJI}]+|[ァ-ヿ]+|[ぁ-ゟ]+|[^\Wぁ-ヿ{_KANJI}]+")


class BothLanguages(SearchEnglish):
    """English, whose words have stems, and Japanese, parted where kanji, katakana, hiragana and other letters meet.

    Two kanji of a longer word are found, too: 伝播 in 逆伝播.
    """

    lang = "en"
    # Endings in hiragana differ, so in a query they count only if they are all of it.
    js_splitter_code = f"""
function splitQuery(query) {{
  const runs = query.match(/[{_KANJI}]+|[ァ-ヿ]+|[ぁ-ゟ]+|(?:(?![ぁ-ヿ{_KANJI}])[\\p{{L}}\\p{{N}}_])+/gu) || [];
  const named = runs.filter((run) => !/^[ぁ-ゟ]+$/.test(run));
  return named.length ? named : runs;
}}
"""

    def split(self, input: str) -> list[str]:
        return [part for word in super().split(input) for part in _parts(word)]


def _parts(word: str) -> Iterator[str]:
    for run in _RUNS.findall(word):
        yield run
        if len(run) > 2 and re.match(f"[{_KANJI}]", run):
            yield from (run[at : at + 2] for at in range(len(run) - 1))


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_search_language(BothLanguages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
