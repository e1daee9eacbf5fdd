"""A page on which readers edit a function and see its figure: bpviz itself runs in their browser, in Pyodide.

Everything is served beside the page, and nothing is loaded from elsewhere. The files of Pyodide are not in this
repository: `BPVIZ_PYODIDE` names a folder that has them (``npm install pyodide``, or the whole distribution, whose
NumPy is then used). Without it the page says how to get it.
"""

import os
import shutil
import zipfile
from html import escape
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

import bpviz

FILES = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip", "pyodide-lock.json")
"""The files of Pyodide's core."""
NUMPY = "numpy-*.whl"
WITHOUT = "This documentation was built without Pyodide, so nothing can be edited here. To build it with Pyodide: "
COMMAND = "npm install pyodide && BPVIZ_PYODIDE=node_modules/pyodide sphinx-build docs docs/_build"


def source() -> Path | None:
    """Return the folder of Pyodide, if one is named and there."""
    named = os.environ.get("BPVIZ_PYODIDE", "")
    folder = Path(named)
    return folder.resolve() if named and (folder / "pyodide.mjs").is_file() else None


class Playground(SphinxDirective):
    """The function of the content, to be edited, and its figure."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        code = "\n".join(self.content)
        if source() is None or self.env.app.builder.format != "html":
            shown = nodes.literal_block(code, code, language="python")
            return [shown, nodes.note("", nodes.paragraph("", WITHOUT, nodes.literal(COMMAND, COMMAND)))]
        up = "../" * self.env.docname.count("/")
        place = f"{up}_static/playground"
        page = (
            f'<div class="playground" data-place="{place}"><textarea aria-label="A function" spellcheck="false" '
            f'rows="{len(self.content) + 2}">{escape(code)}</textarea><p><button disabled>Draw</button> '
            '<output>Loading Python …</output></p><img alt="" hidden></div>'
            f'<script type="module" src="{place}/playground.js"></script>'
        )
        return [nodes.raw("", page, format="html")]


def put(app: Sphinx, error: Exception | None) -> None:
    """Copy the files that the page loads."""
    folder = source()
    if error is not None or folder is None or app.builder.format != "html":
        return
    place = Path(app.outdir, "_static", "playground")
    place.mkdir(parents=True, exist_ok=True)
    shutil.copy(Path(__file__).with_name("playground.js"), place)
    for path in [*(folder / name for name in FILES), *folder.glob(NUMPY)]:
        if path.is_file():
            shutil.copy(path, place)
    home = Path(bpviz.__file__).parent
    with zipfile.ZipFile(place / "bpviz.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(home.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                archive.write(path, Path("bpviz", path.relative_to(home)))


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive("playground", Playground)
    app.connect("build-finished", put)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
