"""bpviz in the browser's Python: in node without NumPy, and on the page of the documentation."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pyodide
import pytest
from devtools import opened
from places import DOCS, ROOT

import bpviz

pytestmark = [
    pytest.mark.hosts,
    pytest.mark.mermaid,
    pytest.mark.skipif(not pyodide.can_run(), reason=pyodide.HOW_TO_INSTALL),
]

IN_NODE = """
import { loadPyodide } from %s;
const python = await loadPyodide({ stdout: () => {} });
python.FS.mkdir("/host");
python.FS.mount(python.FS.filesystems.NODEFS, { root: %s }, "/host");
console.log(python.runPython(%s));
"""
MODELS = """
import math
from bpviz import nn
def total(price=100, count=2, tax=1.1):
    subtotal = price * count
    return subtotal * tax
def bell(x=1.0):
    return math.exp(-x * x) / (1 + math.tanh(x))
def neuron(x=0.5, w=2.0, b=-1.0):
    return nn.sigmoid(w * x + b)
"""
INSIDE = f"""
import sys
sys.path.insert(0, "/host")
before = set(sys.modules)
import bpviz, json
{MODELS}
made = {{}}
for model in (total, bell, neuron):
    drawing = bpviz.draw(model)
    for format in ("svg", "tex", "mmd", "json"):
        made[f"{{model.__name__}} {{format}}"] = drawing.to_bytes(format).decode()
made["japanese"] = bpviz.draw(total, lang="ja").to_svg()
made["gradients"] = bpviz.backprop(total).grads
for format in ("png", "pdf"):
    try:
        bpviz.draw(total).to_bytes(format)
    except bpviz.BpvizError as error:
        made[format] = str(error).splitlines()[0]
def needs(work):
    try:
        work()
    except ImportError as error:
        return error.name
made["needs"] = [needs(lambda: bpviz.explain(total)), needs(lambda: bpviz.gradcheck(total)),
                 needs(lambda: bpviz.draw(total, live=True).to_bytes("html"))]
made["imported"] = sorted({{"numpy", "networkx", "click", "graphviz", "ctypes", "resvg_py"}} & set(sys.modules))
json.dumps(made)
"""


@pytest.fixture(scope="module")
def inside(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """What bpviz makes in Pyodide, which has no NumPy here."""
    script = tmp_path_factory.mktemp("node") / "inside.mjs"
    words = ((pyodide.folder() / "pyodide.mjs").as_uri(), str(ROOT), INSIDE)
    script.write_text(IN_NODE % tuple(map(json.dumps, words)), encoding="utf-8")
    done = subprocess.run(["node", str(script)], capture_output=True, text=True, encoding="utf-8", timeout=300)
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found


def test_figures_of_numbers_are_those_of_this_python(inside: dict[str, object]) -> None:
    space: dict[str, object] = {}
    exec(MODELS, space)
    for name in ("total", "bell", "neuron"):
        drawing = bpviz.draw(space[name])
        assert inside[f"{name} svg"] == drawing.to_svg()
        assert inside[f"{name} tex"] == drawing.to_bytes("tex").decode()
        assert inside[f"{name} mmd"] == drawing.to_bytes("mmd").decode()
    assert inside["japanese"] == bpviz.draw(space["total"], lang="ja").to_svg()
    # By hand: 2 × 1.1, 100 × 1.1, 100 × 2
    assert inside["gradients"] == pytest.approx({"price": 2.2, "count": 110.0, "tax": 200.0})


def test_what_is_compiled_is_an_error_when_it_is_used(inside: dict[str, object]) -> None:
    assert str(inside["png"]).startswith("PNG needs resvg")
    assert str(inside["pdf"]).startswith("No Graphviz was found")


def test_numpy_is_all_that_the_rest_needs(inside: dict[str, object]) -> None:
    assert inside["needs"] == ["numpy"] * 3
    assert inside["imported"] == []


class Silent(SimpleHTTPRequestHandler):
    """A server without a log."""

    def log_message(self, *words: object) -> None:
        pass


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder; yield its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Silent, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.mark.browser
def test_the_page_draws_what_a_reader_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    conf = f"import sys\nsys.path.insert(0, {str(DOCS)!r})\nextensions = ['playground']\n"
    (tmp_path / "conf.py").write_text(conf, encoding="utf-8")
    text = "Edit\n====\n\n.. playground::\n\n   def y(x=3.0):\n       return x * x\n"
    (tmp_path / "index.rst").write_text(text, encoding="utf-8")
    monkeypatch.setenv("BPVIZ_PYODIDE", str(pyodide.folder()))
    command = [sys.executable, "-m", "sphinx", "-q", "-W", str(tmp_path), str(tmp_path / "html")]
    subprocess.run(command, check=True, capture_output=True)
    said = "document.querySelector('.playground output').textContent"

    with served(tmp_path / "html") as address, opened("about:blank") as page:
        page.go(f"{address}/index.html")
        assert page.comes_to(said, "drawing of y: y = 9, 3 boxes")
        image = "document.querySelector('.playground img')"
        assert page.comes_to(f"{image}.complete && {image}.naturalWidth > 100", True)
        # Nothing comes from elsewhere.
        loaded = page.run("performance.getEntriesByType('resource').map(one => one.name)")
        assert [name for name in loaded if not name.startswith((address, "blob:", "data:"))] == []
        for code, answer in (
            ("import math\ndef f(x=0.0):\n    return math.exp(x) + 2", "drawing of f: f = 3, 4 boxes"),
            ("import numpy as np\ndef f(x=np.ones(2)):\n    return x.sum()", "this page has no module 'numpy'"),
            ("def f(x", "SyntaxError: '(' was never closed"),
            ("x = 1", "write a function whose parameters have values"),
        ):
            page.run(f"document.querySelector('.playground textarea').value = {json.dumps(code)}")
            page.run("document.querySelector('.playground button').click()")
            assert page.run(said).startswith(answer)


def test_without_pyodide_the_page_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    conf = f"import sys\nsys.path.insert(0, {str(DOCS)!r})\nextensions = ['playground']\n"
    (tmp_path / "conf.py").write_text(conf, encoding="utf-8")
    (tmp_path / "index.rst").write_text("Edit\n====\n\n.. playground::\n\n   x = 1\n", encoding="utf-8")
    monkeypatch.delenv("BPVIZ_PYODIDE", raising=False)
    command = [sys.executable, "-m", "sphinx", "-q", "-W", str(tmp_path), str(tmp_path / "html")]
    subprocess.run(command, check=True, capture_output=True)
    page = (tmp_path / "html" / "index.html").read_text(encoding="utf-8")
    assert "npm install pyodide" in re.sub(r"<[^>]*>", "", page)
    assert not (tmp_path / "html" / "_static" / "playground").exists()
