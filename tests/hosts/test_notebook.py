"""Notebooks: executed by a real kernel, converted by nbconvert."""

from __future__ import annotations

import base64
from typing import Any

import pytest

import bpviz
from bpviz.errors import UsageError

CELLS = (
    "%load_ext bpviz\nimport numpy as np\nW = np.array([1.0, 2.0])",
    "%%bpviz total --theme dark\ndef total(price=100, count=2):\n    return price * count",
    "%%bpviz\ndef helper(x):\n    return x\ndef squares(w=W):\n    return np.sum(helper(w) ** 2)",
    "total(3, 4)",
    "import bpviz\nbpviz.draw(total, notebook='publish')",
)


def executed(*cells: str, allow_errors: bool = False) -> Any:
    # These take long to import, and quick tests do without them.
    import nbformat
    from nbconvert.preprocessors import ExecutePreprocessor

    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    ExecutePreprocessor(timeout=120, allow_errors=allow_errors).preprocess(notebook, {"metadata": {"path": "."}})
    return notebook


@pytest.mark.hosts
@pytest.mark.engine
def test_a_notebook_runs_and_survives_conversion() -> None:
    from nbconvert import HTMLExporter, LatexExporter

    notebook = executed(*CELLS)
    shown = [cell.outputs[-1].data if cell.outputs else {} for cell in notebook.cells]
    assert ">200<" in shown[1]["image/svg+xml"]
    assert "#1E1E1E" in shown[1]["image/svg+xml"]
    # 1² + 2² = 5, with a variable of the notebook's.
    assert ">5<" in shown[2]["image/svg+xml"]
    assert shown[3]["text/plain"] == "12"
    assert base64.b64decode(shown[4]["image/png"]).startswith(b"\x89PNG")
    page, _ = HTMLExporter().from_notebook_node(notebook)
    assert page.count('src="data:image/svg+xml;base64,') == 2
    assert page.count('src="data:image/png;base64,') == 1
    # Without Inkscape nbconvert takes no SVG to paper; what was published goes there as it is.
    notebook.cells = [notebook.cells[-1]]
    paper, resources = LatexExporter().from_notebook_node(notebook)
    assert [data[:5] for name, data in resources["outputs"].items() if name.endswith(".pdf")] == [b"%PDF-"]
    assert "\\includegraphics" in paper


@pytest.mark.hosts
def test_errors_of_a_cell_have_a_message() -> None:
    notebook = executed(
        "%load_ext bpviz",
        "%%bpviz\nx = 1",
        "%%bpviz --colour\ndef f(x=1.0):\n    return x * x",
        "%%bpviz\ndef f(x=1.0):\n    return unknown",
        "%%bpviz\ndef f(x=1.0):\n    return x\ndef g(x=1.0):\n    return x",
        "%%bpviz\ndef f(x):\n    return x",
        '%%bpviz "f\ndef f(x=1.0):\n    return x',
        allow_errors=True,
    )
    messages = ["".join(out.evalue for out in cell.outputs if out.output_type == "error") for cell in notebook.cells]
    assert messages[1].startswith("the cell has nothing to draw; define a function whose parameters have defaults")
    assert messages[3] == "the model raised NameError"
    assert "NameError: name 'unknown' is not defined" in "".join(notebook.cells[3].outputs[0].traceback)
    assert messages[2] == "%%bpviz: No such option '--colour'. Did you mean '--close'?"
    assert messages[4] == "the cell has several things to draw: f, g; name one: %%bpviz f"
    assert messages[5].endswith("or name one and its values: %%bpviz f --set x=1.0")
    assert messages[6] == "the words '\"f' cannot be split (no closing quotation); close the quotes"


@pytest.mark.engine
@pytest.mark.parametrize(
    ("option", "kinds"),
    [
        ("", {"image/svg+xml", "image/png"}),
        ("svg", {"image/svg+xml"}),
        ("png", {"image/png"}),
        ("html", {"text/html"}),
        ("live", {"text/html", "image/svg+xml"}),
        ("publish", {"image/png", "application/pdf"}),
    ],
)
def test_formats_for_notebooks(option: str, kinds: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    drawing = bpviz.draw(lambda x=3.0: x * x, **({"notebook": option} if option else {}))
    assert drawing._repr_mimebundle_().keys() - {"text/plain"} == kinds
    if option:
        monkeypatch.setenv("BPVIZ_NOTEBOOK", option)
        assert bpviz.draw(lambda x=3.0: x * x)._repr_mimebundle_().keys() - {"text/plain"} == kinds


@pytest.mark.engine
def test_a_notebook_shows_steps_as_html_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    def kinds(**options: Any) -> set[str]:
        return bpviz.draw(lambda x=3.0: x * x, steps=True, **options)._repr_mimebundle_().keys() - {"text/plain"}

    assert kinds() == {"text/html"}
    assert kinds(notebook="png") == {"image/png"}
    monkeypatch.setenv("BPVIZ_NOTEBOOK", "publish")
    assert kinds() == {"image/png", "application/pdf"}


def test_an_unknown_option_breaks_no_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BPVIZ_NOTEBOOK", "jpg")
    bundle = bpviz.draw(lambda x=3.0: x * x)._repr_mimebundle_()
    assert bundle.keys() == {"text/plain"}
    assert (
        "not drawn: BPVIZ_NOTEBOOK must be one of svg, png, html, live, publish, but is 'jpg'" in bundle["text/plain"]
    )
    with pytest.raises(UsageError, match="notebook must be one of svg, png, html, live, publish, but got 'jpg'"):
        bpviz.draw(lambda x=3.0: x * x, notebook="jpg")
