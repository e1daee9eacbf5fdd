"""The sentences that bpviz writes, in the reader's language: each is looked up by its English form.

A language is one TOML file, one of bpviz's (``bpviz/text/languages``) or the user's. It maps English sentences to
sentences of that language, with the same ``{…}`` to fill in, in tables of any name. A missing sentence stays English.
Names of operations have keys that begin with "operation", such as ``"operation where"`` (see `Language.operation`).

The default language is that of ``BPVIZ_LANG`` in the environment.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from string import Formatter
from typing import Any

from bpviz.errors import UsageError, did_you_mean
from bpviz.tables import changed_at, read_table

__all__ = ["ENGLISH", "Language", "columns", "language", "languages"]

_HOME = Path(__file__).parent / "languages"
_SUFFIX = ".toml"
_VARIABLE = "BPVIZ_LANG"


_CODE = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*")


class Language:
    """A language: called with an English sentence, it returns its own, with the ``{…}`` filled in.

    >>> ENGLISH("input {name}", name="tax"), language("ja")("input {name}", name="消費税")
    ('input tax', '入力 消費税')
    """

    def __init__(self, code: str, sentences: Mapping[str, str] | None = None) -> None:
        """Take the language's code in pages (``en``, ``ja``) and the sentences that differ from English.

        Raises `UsageError` for a code that no page can have.
        """
        if not _CODE.fullmatch(code):
            raise UsageError(
                f"{code!r} is no code of a language; the name of its file is its code, such as fr.toml or pt-BR.toml"
            )
        self.code = code
        self.sentences = sentences or {}

    def __call__(self, sentence: str, /, **filled: Any) -> str:
        """Return the sentence in this language, filled in; without keywords, braces stay as they are."""
        own = self.sentences.get(sentence, sentence)
        return own.format(**filled) if filled else own

    def operation(self, name: str) -> str:
        """Return the spoken name of an operation; without an entry that is its own name.

        >>> ENGLISH.operation("log_softmax"), language("ja").operation("multiply")
        ('log softmax', '乗算')
        """
        return self.sentences.get(f"operation {name}", name.replace("_", " "))

    def __repr__(self) -> str:
        return f"<language {self.code}>"


ENGLISH = Language("en")


def columns(text: str) -> int:
    """Return the width of a text in columns of a terminal: East Asian characters take two, combining accents none.

    >>> columns("tax"), columns("消費税")
    (3, 6)
    """
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def languages() -> tuple[str, ...]:
    """Return the names of the languages that bpviz has.

    >>> languages()
    ('en', 'ja')
    """
    return ("en", *sorted(path.stem for path in _HOME.glob(f"*{_SUFFIX}")))


def language(name: str | Language | None = None) -> Language:
    """Return the language ``name``, or that of a file ``name.toml``; the default is ``BPVIZ_LANG``, or English.

    >>> language("ja")
    <language ja>

    Raises `UsageError` if there is none (the message offers similar names), and for a file that holds anything but
    sentences, or a ``{…}`` that the English sentence does not have.
    """
    if isinstance(name, Language):
        return name
    if name is not None:
        return _named(name)
    try:
        return _named(os.environ.get(_VARIABLE) or ENGLISH.code)
    except UsageError as error:
        raise UsageError(f"{_VARIABLE} in the environment: {error}") from None


def _named(name: str) -> Language:
    if not isinstance(name, str):
        raise UsageError(f"a language is named by a text, such as 'ja' or a file 'fr.toml', but got {name!r}")
    if name == ENGLISH.code:
        return ENGLISH
    path = Path(name) if name.endswith(_SUFFIX) else _HOME / f"{name}{_SUFFIX}"
    try:
        return _read(path, changed_at(path))
    except (FileNotFoundError, NotADirectoryError):
        if name.endswith(_SUFFIX):
            there = ", ".join(languages())
            raise UsageError(
                f"there is no file {name!r} with a language; check its path, or choose one of {there}"
            ) from None
        hint = did_you_mean(name, languages(), "choose another, or name a file: fr.toml")
        raise UsageError(f"there is no language {name!r}; {hint} (there are: {', '.join(languages())})") from None


@lru_cache(maxsize=16)
def _read(path: Path, edition: int) -> Language:
    """Return the language of a file; ``edition`` changes when the file does, so that the cache reads it again."""
    called = f"the language {str(path)!r}"
    tables = read_table(path, called)
    sentences: dict[str, str] = {}
    for title, table in tables.items():
        pairs = table if isinstance(table, dict) else {title: table}
        for english, own in pairs.items():
            if not isinstance(own, str):
                raise UsageError(f"{called} has {english!r} = {own!r}; a sentence is expected")
            _check_fields(called, english, own)
            sentences[english] = own
    return Language(path.stem, sentences)


def _check_fields(called: str, english: str, own: str) -> None:
    """Raise `UsageError` if a sentence has a ``{…}`` that its English form does not have."""
    known = _fields(english)
    if not known:
        # Such a sentence is not filled in: its braces stay as they are.
        extra = _fields(own) or set()
    else:
        found = _fields(own)
        if found is None:
            raise UsageError(f"{called} has a single brace in {own!r}; write {{{{ or }}}} for the sign itself")
        extra = found - known
    if extra:
        raise UsageError(f"{called} fills in {{{min(extra)}}}, which {english!r} does not have")


def _fields(sentence: str) -> set[str] | None:
    """Return each ``{…}`` as it is written, with its format; ``None`` for a sentence that cannot be filled in."""
    try:
        parts = [part for part in Formatter().parse(sentence) if part[1] is not None]
    except ValueError:
        return None
    return {f"{name}{'!' + how if how else ''}{':' + spec if spec else ''}" for _, name, spec, how in parts}
