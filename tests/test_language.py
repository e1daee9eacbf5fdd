"""Languages: complete, filled in alike, and open to others."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

import bpviz
from bpviz.cli import main
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


def total(price=100, count=2, tax=1.1):
    return price * count * tax


@pytest.mark.engine
def test_a_drawing_speaks_the_language_that_is_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "de.toml"
    file.write_text('"input {name}" = "Eingabe {name}"\n"Computation graph" = "Rechengraph"\n', encoding="utf-8")
    japanese, german = bpviz.draw(total, lang="ja").to_svg(), bpviz.draw(total, lang=str(file)).to_svg()
    assert ' lang="ja" xml:lang="ja"' in japanese
    assert "<title>priceから×へ：値 100、勾配 2.2</title>" in japanese
    assert ' lang="de" xml:lang="de"' in german
    assert "<title>Eingabe price</title>" in german
    assert ">Rechengraph</title>" in german
    assert "lang=" not in bpviz.draw(total).to_svg()
    assert bpviz.draw(total, lang="en").fingerprint() == bpviz.draw(total).fingerprint()
    assert bpviz.draw(total, lang="ja").fingerprint() != bpviz.draw(total).fingerprint()


def test_a_card_says_its_rule_in_the_language() -> None:
    assert bpviz.card("relu", lang="ja").figure.notes == (
        "x > 0では勾配をそのまま通し、他では止める。",
        "取り決め：x = 0では止める（PyTorch、JAXと同じ）。at_zero=1で通す。",
    )


def test_an_explanation_speaks_the_language() -> None:
    told = bpviz.explain(total, what_if={"price": 200}, lang="ja")
    assert "priceが1増えると、totalは2.2増える。" in str(told)
    assert "priceが100から200になると、totalは220増える。勾配の予測どおり、100 × 2.2。" in str(told)
    assert re.findall("[a-z]{4,}", re.sub("price|count|total|tax", "", str(told))) == []


@pytest.mark.engine
def test_the_command_line_and_the_environment_and_the_project_choose_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("apples.py").write_text("def total(price=100, count=2):\n    return price * count\n", encoding="utf-8")

    def run(*words: str, **environment: str) -> str:
        result = CliRunner().invoke(main, words, prog_name="bpviz", env=environment)
        assert result.exit_code == 0, result.output
        return result.stdout

    assert "入力 price" in run("render", "apples.py", "-o", "-", "--lang", "ja")
    assert "入力 price" in run("render", "apples.py", "-o", "-", BPVIZ_LANG="ja")
    assert "totalの勾配確認：合格" in run("gradcheck", "apples.py", "--lang", "ja")
    assert "他では止める。" in run("ops", "relu", "--lang", "ja")
    assert "totalは2増える" in run("explain", "apples.py", BPVIZ_LANG="ja")
    Path("fr.toml").write_text('"input {name}" = "entrée {name}"\n', encoding="utf-8")
    Path("pyproject.toml").write_text('[tool.bpviz]\nlang = "fr.toml"\n', encoding="utf-8")
    Path("below").mkdir()
    monkeypatch.chdir("below")
    assert "entrée price" in run("render", "../apples.py", "-o", "-")
    assert "input price" in run("render", "../apples.py", "-o", "-", "--lang", "en")
