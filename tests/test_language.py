"""Languages: complete, filled in alike, and open to others."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from bpviz.errors import UsageError
from bpviz.language import ENGLISH, language, languages
from bpviz.ops import OPERATIONS

HOME = Path(__file__).parents[1] / "bpviz"


def said() -> set[str]:
    """Every sentence that the package says: what stands in a call of ``say`` (or of ``self.say``)."""
    found = set()
    for path in HOME.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == "say":
                found |= {part.value for part in ast.walk(node.args[0]) if isinstance(part, ast.Constant)}
    return {sentence for sentence in found if isinstance(sentence, str)}


@pytest.mark.parametrize("name", [name for name in languages() if name != "en"])
def test_a_language_of_bpviz_s_own_has_every_sentence(name: str) -> None:
    table = language(name).sentences
    assert sorted(said() - table.keys()) == []
    rows = OPERATIONS.values()
    built_in = [row for row in rows if row.forward.__module__.startswith("bpviz")]
    assert sorted({row.says for row in built_in} - table.keys()) == []
    assert sorted({row.convention for row in built_in} - table.keys() - {""}) == []


def test_what_a_file_does_not_hold_stays_english(tmp_path: Path) -> None:
    file = tmp_path / "de.toml"
    file.write_text('"input {name}" = "Eingabe {name}"\n[more]\n"the branch" = "die Verzweigung"\n', encoding="utf-8")
    german = language(str(file))
    assert german.code == "de"
    assert german("input {name}", name="x") == "Eingabe x"
    assert german("the branch") == "die Verzweigung"
    assert german("output {name}", name="{y}") == "output {y}"
    assert ENGLISH("input {name}", name="x") == "input x"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("x = 3", "has 'x' = 3; a sentence is expected"),
        ('"input {name}" = "Eingabe {nam}"', "fills in {nam}, which 'input {name}' does not have"),
        ("x = ", "is not valid TOML: Invalid value (at end of document)"),
    ],
)
def test_a_wrong_file_is_refused(tmp_path: Path, text: str, complaint: str) -> None:
    file = tmp_path / "xx.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        language(str(file))
    assert str(caught.value) == f"the language {str(file)!r} {complaint}"


def test_an_unknown_language_is_refused_with_what_there_is() -> None:
    with pytest.raises(UsageError) as caught:
        language("jp")
    assert str(caught.value) == (
        "there is no language 'jp'; choose another, or name a file: fr.toml (there are: en, ja)"
    )
