"""Languages: complete, filled in alike, and open to others."""

from __future__ import annotations

import ast
import html
import pickle
import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from amounts import some
from click.testing import CliRunner
from places import GALLERY, PACKAGE

import bpviz
from bpviz.analysis.sharing import shared_factors
from bpviz.cli import main
from bpviz.drawing.load import load
from bpviz.errors import UsageError
from bpviz.graph.flow import Flow, NonFinite
from bpviz.hosts.requests import Place, drawing_of
from bpviz.ops import OPERATIONS
from bpviz.text.language import ENGLISH, language, languages


@cache
def used_sentences() -> frozenset[str]:
    """Return every sentence of the package: the arguments of ``say`` (or of ``self.say``)."""
    found = set()
    for path in PACKAGE.rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(source)) if "say(" in source else ():
            if isinstance(node, ast.Call) and _called(node.func) == "say":
                found |= {part.value for part in ast.walk(node.args[0]) if isinstance(part, ast.Constant)}
    return frozenset(sentence for sentence in found if isinstance(sentence, str))


def _called(function: ast.expr) -> str:
    return getattr(function, "attr", "") or getattr(function, "id", "")


@pytest.mark.parametrize("name", [name for name in languages() if name != "en"])
def test_a_language_of_bpviz_s_own_has_every_sentence(name: str) -> None:
    table = language(name).sentences
    assert sorted(used_sentences() - table.keys()) == []
    rows = OPERATIONS.values()
    built_in = [row for row in rows if row.forward.__module__.startswith("bpviz")]
    assert sorted({row.says for row in built_in} - table.keys()) == []
    assert sorted({row.convention for row in built_in} - table.keys() - {""}) == []
    assert sorted({f"operation {row.name}" for row in built_in} - table.keys()) == []


def test_no_sentence_of_a_language_is_out_of_use() -> None:
    rows = OPERATIONS.values()
    used = used_sentences() | {text for row in rows for text in (row.says, row.convention, f"operation {row.name}")}
    assert sorted({key for name in languages() if name != "en" for key in language(name).sentences} - used) == []


def test_sentences_missing_in_a_file_stay_english(tmp_path: Path) -> None:
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


def test_an_unknown_language_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UsageError) as caught:
        language("jp")
    assert str(caught.value) == (
        "there is no language 'jp'; choose another, or name a file: fr.toml (there are: en, ja)"
    )
    with pytest.raises(UsageError) as caught:
        language("nowhere/fr.toml")
    assert str(caught.value) == (
        "there is no file 'nowhere/fr.toml' with a language; check its path, or choose one of en, ja"
    )


def total(price=100, count=2, tax=1.1):
    return price * count * tax


@pytest.mark.engine
def test_a_drawing_has_the_given_language(tmp_path: Path) -> None:
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


def discounted(p=100, n=2, t=1.1, s=0.5):
    x = p * n
    return x * t * s


def test_the_environment_names_the_default_language(monkeypatch: pytest.MonkeyPatch) -> None:
    assert language() is ENGLISH
    monkeypatch.setenv("BPVIZ_LANG", "ja")
    assert language() is language("ja")
    assert bpviz.draw(total).figure.description.startswith("totalの計算グラフ：")
    assert bpviz.card("add").figure.title == "加算"
    assert "totalは220増える" in str(bpviz.explain(total, what_if={"price": 200}))
    assert "totalは220増える" in str(bpviz.what_if(total, price=200))
    assert "違いはない。" in str(bpviz.diff(total, total))
    assert "totalの勾配確認：合格" in str(bpviz.gradcheck(total))
    # t·s is one operation, and each of p, n and t takes one more; without sharing t·s is computed twice.
    assert str(shared_factors(bpviz.backprop(discounted))).splitlines() == [
        "∂discounted/∂x = t·s：一度だけ計算され、∂discounted/∂p、∂discounted/∂nに使われる",
        "逆伝播の演算は4回、共有しなければ5回",
    ]
    assert "勾配が無限大である" in str(bpviz.backprop(lambda x=0.0: np.sqrt(x)).nonfinite[0])
    report = bpviz.what_if(total, price=200, lang="en")
    assert "total grows by 220" in str(report)
    assert report.draw().figure.description.startswith("Computation graph of total:")
    monkeypatch.setenv("BPVIZ_LANG", "")
    assert language() is ENGLISH


def test_a_drawing_keeps_its_language(monkeypatch: pytest.MonkeyPatch) -> None:
    drawing = bpviz.draw(total, lang="ja")
    monkeypatch.setenv("BPVIZ_LANG", "en")
    assert bpviz.draw(drawing, theme="dark").options.circuit.lang.code == "ja"
    assert bpviz.draw(drawing, lang=None).options.circuit.lang.code == "ja"
    assert "totalは220増える" in str(bpviz.what_if(drawing, price=200))
    assert "totalは2.2増える" in str(bpviz.explain(drawing))
    assert "total grows by 2.2" in str(bpviz.explain(drawing, lang="en"))


@pytest.mark.engine
def test_a_wrong_language_in_the_environment_is_blamed_on_its_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    complaint = (
        "BPVIZ_LANG in the environment: there is no language 'jp'; "
        "choose another, or name a file: fr.toml (there are: en, ja)"
    )
    monkeypatch.setenv("BPVIZ_LANG", "jp")
    for function in (bpviz.draw, bpviz.explain, lambda f: bpviz.what_if(f, price=1), lambda f: bpviz.diff(f, f)):
        with pytest.raises(UsageError) as caught:
            function(total)
        assert str(caught.value) == complaint
    # A language that is named is not read from the environment.
    assert bpviz.draw(total, lang="en").options.circuit.lang is ENGLISH
    monkeypatch.chdir(tmp_path)
    Path("apples.py").write_text("def total(price=100, count=2):\n    return price * count\n", encoding="utf-8")
    for words in (["render", "apples.py", "-o", "-"], ["explain", "apples.py"], ["diff", "apples.py", "apples.py"]):
        result = CliRunner().invoke(main, words, prog_name="bpviz")
        assert (result.exit_code, result.stderr) == (2, f"bpviz: {complaint}\n")
        assert CliRunner().invoke(main, [*words, "--lang", "en"], prog_name="bpviz").exit_code == 0


def test_a_language_is_named_by_a_text() -> None:
    with pytest.raises(UsageError) as caught:
        bpviz.what_if(total, lang=3.0)  # type: ignore[arg-type]
    assert str(caught.value) == ("a language is named by a text, such as 'ja' or a file 'fr.toml', but got 3.0")


def test_a_card_says_its_rule_in_the_language() -> None:
    assert bpviz.card("relu", lang="ja").figure.notes == (
        "x > 0では勾配をそのまま通し、他では止める。",
        "取り決め：x = 0では止める（PyTorch、JAXと同じ）。at_zero=1で通す。",
    )


def test_a_card_and_a_page_of_figures_change_their_language() -> None:
    card = bpviz.card("add")
    page = bpviz.draw(bpviz.beside(bpviz.draw(total), card, captions=["one", "two"]), theme="dark")
    report = bpviz.draw(page, lang="ja")
    assert bpviz.draw(card, lang="ja").figure == bpviz.card("add", lang="ja").figure
    assert report.figure.figures == (bpviz.draw(total, lang="ja").figure, bpviz.card("add", lang="ja").figure)
    assert report.figure.captions == ("one", "two")
    assert bpviz.draw(report, theme="light").figure is report.figure
    assert bpviz.draw(report, lang="en").figure == page.figure


def test_an_explanation_speaks_the_language() -> None:
    report = bpviz.explain(total, what_if={"price": 200}, lang="ja")
    assert "priceが1増えると、totalは2.2増える。" in str(report)
    assert "priceが100から200になると、totalは220増える。勾配の予測どおり、100 × 2.2。" in str(report)
    assert re.findall("[a-z]{4,}", re.sub("price|count|total|tax", "", str(report))) == []


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
    assert "違いはない。" in run("diff", "apples.py", "apples.py", "--lang", "ja")
    assert "違いはない。" in run("diff", "apples.py", "apples.py", BPVIZ_LANG="ja")
    Path("fr.toml").write_text('"input {name}" = "entrée {name}"\n', encoding="utf-8")
    Path("pyproject.toml").write_text('[tool.bpviz]\nlang = "fr.toml"\n', encoding="utf-8")
    Path("below").mkdir()
    monkeypatch.chdir("below")
    assert "entrée price" in run("render", "../apples.py", "-o", "-")
    assert "input price" in run("render", "../apples.py", "-o", "-", "--lang", "en")
    # As of every setting: the command line before the environment, and that before the project.
    assert "入力 price" in run("render", "../apples.py", "-o", "-", BPVIZ_LANG="ja")
    assert "entrée price" in run("render", "../apples.py", "-o", "-", "--lang", "../fr.toml", BPVIZ_LANG="ja")


@pytest.mark.parametrize(("words", "variable"), [(["--lang=ja"], ""), ([], "ja")])
def test_documents_speak_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], variable: str) -> None:
    monkeypatch.setenv("BPVIZ_LANG", variable)
    place = Place("index.rst", tmp_path, "def total(price=100, count=2):\n    return price * count\n")
    result = drawing_of("the directive", ["-", *words], place)
    assert result.drawing.figure.description == "totalの計算グラフ：total = 200。勾配：price 2、count 100。"


def test_notes_on_the_command_line_speak_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("logs.py").write_text("import numpy as np\ndef f(x=0.0):\n    return np.log(x)\n", encoding="utf-8")
    result = CliRunner().invoke(main, ["render", "logs.py", "-o", "logs.json", "--lang", "ja"], prog_name="bpviz")
    assert result.stderr == "bpviz: 注意：fの値が無限大である（3行目）\nwrote logs.json\n"


def spoken_in_latin(text: str, *names: str) -> list[str]:
    """The words of three Latin letters and more that stand in a text, but for these names."""
    return [word for word in re.findall("[A-Za-z]{3,}", text) if word not in names]


def shipped(price=100, count=2, tax=1.1, shipping=50):
    goods = price * count + shipping
    total = goods * tax
    return total


def test_a_comparison_speaks_the_language() -> None:
    # (200 + 50)·1.1 = 275, of which shipping has 1.1 and the tax 250 where it had 200.
    report = bpviz.diff(total, shipped, lang="ja")
    assert str(report).splitlines()[0] == "total：220 → 275"
    cells = {words[0]: words for words in map(str.split, str(report).splitlines()[3:]) if words}
    assert cells["ノード"] == ["ノード", "内容", "値", "差", "勾配", "差"]
    assert cells["shipping"] == ["shipping", "追加：入力", "50", "1.1"]
    assert cells["goods"] == ["goods", "追加：add（multiply、shipping）", "250", "1.1"]
    assert cells["total"][:2] == ["total", "オペランド：multiply、tax"]
    assert str(report).endswith("2個追加、2個変更、3個は同じ。")
    assert str(bpviz.diff(shipped, total, lang="ja")).endswith("2個削除、2個変更、3個は同じ。")
    assert (
        str(bpviz.diff(total, total, lang="ja"))
        == "total = 220\n===========\n\n違いはない。5個のノードの値と勾配が同じ。"
    )
    assert '<html lang="ja">' in report.to_html()
    assert bpviz.diff(total, total, lang="ja").say.code == bpviz.diff(total, bpviz.draw(total, lang="ja")).say.code


def test_rows_too_long_for_a_grid_are_in_the_language() -> None:
    report = bpviz.explain(lambda x=np.array([1.0, 2.0, 3.0, 4.0, 5.0]): np.sum(x * x), lang="ja")
    assert "形状(5,)の配列" in str(report)
    assert spoken_in_latin(str(report), "output", "doutput") == []


def test_the_notes_of_a_comparison_s_figure_speak_the_language() -> None:
    def before(x=1.0):
        z = bpviz.nn.relu(x)
        return z + 1

    def after(x=1.0):
        z = bpviz.nn.tanh(x)
        return bpviz.name(z * 2, "w") + 1

    assert bpviz.diff(before, after, lang="ja").draw().figure.notes == (
        "新しいもの：w",
        "変わったもの：z（前はrelu）",
    )
    assert bpviz.diff(after, before, lang="ja").draw().figure.notes == (
        "変わったもの：z（前はtanh）",
        "なくなったもの：w",
    )


def test_differences_of_arrays_and_constants_are_in_the_language() -> None:
    def one(x=np.zeros(30)):
        return np.sum(x * 2.0)

    def two(x=np.ones(30)):
        return np.sum(x * 3.0)

    report = str(bpviz.diff(one, two, lang="ja"))
    assert "multiplyの定数" in report and "2 → 3" in report
    assert "形状(30,)" in report and "最大1" in report
    assert spoken_in_latin(report, "one", "two", "multiply") == []


@pytest.mark.parametrize(("x", "found"), [(0.0, "無限大"), (-1.0, "非数（NaN）")])
def test_numbers_that_are_not_finite_are_named_in_the_language(x: float, found: str) -> None:
    def f(x=x, unused=1.0):
        z = np.log(x)
        return z * 2

    drawing = bpviz.draw(f, lang="ja")
    assert [re.sub("[0-9]+", "n", note) for note in drawing.notes] == [
        f"zの値が{found}である（n行目）",
        "入力「unused」は出力に届かない",
    ]
    assert f"\nzの値が{found}である（" in str(bpviz.explain(drawing))
    assert "行目）。" in str(bpviz.explain(drawing))


def test_a_gradient_that_is_not_finite_is_named_in_the_language() -> None:
    note = bpviz.draw(lambda x=0.0: np.sqrt(x), lang="ja").notes[0]
    assert note.startswith("xの勾配が無限大である（")
    assert str(NonFinite("x", "gradient", "nan", None)) == "the gradient of x is nan"
    assert NonFinite("x", "gradient", "nan", None).sentence(language("ja")) == "xの勾配が非数（NaN）である"


def test_gradients_and_their_groups_are_called_in_the_language() -> None:
    def cube(x=2.0):
        return x * x * x

    def slope(x=2.0):
        return bpviz.grad(cube)(x) + 1

    assert bpviz.draw(cube, grad="x", lang="ja").figure.description.startswith("cubeの勾配の計算グラフ：")
    assert bpviz.draw(cube, grad=("x", "x"), lang="ja").figure.description.startswith("cubeの2階導関数の計算グラフ：")
    assert [frame.title for frame in bpviz.draw(slope, lang="ja").figure.frames] == ["cubeの勾配"]
    closed = bpviz.draw(slope, close="gradient of cube", lang="ja").figure.boxes
    assert [box.text for box in closed if box.kind == "group"] == ["cubeの勾配"]


@pytest.mark.engine
def test_files_of_every_format_speak_the_language() -> None:
    drawing = bpviz.draw(total, lang="ja")
    remark = drawing.to_bytes("tex").decode().partition("\\makeatletter")[0].splitlines()
    assert remark[0] == "% 計算グラフ：bpvizで作った図。"
    assert len(remark) == 4 and all(line.startswith("% ") for line in remark)
    walked = bpviz.draw(drawing, steps=True).to_fragment()
    assert "7ステップ中1" in walked and "Step 1" not in walked
    assert 'lang="ja"' in drawing.to_fragment()
    stored = pickle.loads(pickle.dumps(drawing))
    assert stored.to_svg() == drawing.to_svg() and stored.fingerprint() == drawing.fingerprint()


@pytest.mark.engine
@pytest.mark.parametrize("path", some(sorted(GALLERY.glob("*.py")), every=20), ids=lambda path: path.stem)
def test_no_part_of_a_page_is_in_english(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BPVIZ_LANG", "ja")
    source = path.read_text(encoding="utf-8")
    if path.stem == "regenerate" or "def plot(" in source:
        return
    drawing = bpviz.draw(load(str(path)).thing)
    text = drawing.to_bytes("html").decode()
    if isinstance(drawing.source, Flow):
        report = bpviz.explain(drawing)
        text += f"{report}{report.to_markdown()}{report.to_html()}{bpviz.draw(drawing, steps=True).to_fragment()}"
    # What a reader sees or hears: no style sheets, no scripts, no marks, and of those the words that are read aloud.
    seen = re.sub("<style.*?</style>|<script.*?</script>|```text", "", text, flags=re.DOTALL)
    heard = " ".join(re.findall(r'(?:aria-label|alt|title)="([^"]*)"', seen))
    seen = html.unescape(f"{heard} {re.sub('<[^>]*>', ' ', seen)}")
    # The author's names, also in those of gradients, what formulas and circles call operations, and options.
    names = {*re.findall("[A-Za-z]+", source), *"AWZ", "exp", "log", "put", "max", "dot", "ones", "mean", "stack"}
    names |= {"ReLU", "Affine", "LayerNorm", "Conv", "MaxPool", "maxpool", "unpool", "repeats", "open", "all", "NAME"}
    assert {word for word in spoken_in_latin(seen) if word.lstrip("d") not in names} - names == set()


@pytest.mark.parametrize("own", ["{name:>2000000000}", "{name!r}", "{name.__class__}", "{0}", "{other}", "{name", "}"])
def test_a_sentence_fills_in_what_the_english_one_does_and_nothing_else(tmp_path: Path, own: str) -> None:
    file = tmp_path / "xx.toml"
    file.write_text(f'"input {{name}}" = "{own}"')
    with pytest.raises(UsageError, match=r"fills in \{|has a single brace"):
        language(str(file))
