"""The real Mermaid, in a real browser: what it draws of a source, or its error.

The package comes from npm, once, into a cache beside the other caches of this user.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from devtools import opened

__all__ = ["HOW_TO_INSTALL", "can_run", "drawn"]

PACKAGE = "mermaid@11"
HOW_TO_INSTALL = "npm is not installed, from which Mermaid comes: `apt-get install npm`"

_PAGE = """<!DOCTYPE html><html><head><meta charset="utf-8"></head><body><div id="drawn"></div>
<script src="{library}"></script>
<script>
mermaid.initialize({{startOnLoad: false, securityLevel: "strict", theme: {theme}}});
async function draw(source) {{
  const place = document.getElementById("drawn");
  place.innerHTML = (await mermaid.render("figure", source)).svg;
  const texts = selector => [...place.querySelectorAll(selector)].map(element => (element.innerText ?? element.textContent).trim());
  return {{nodes: texts(".node .nodeLabel"), edges: texts(".edgeLabels .edgeLabel .edgeLabel"),
           frames: texts(".cluster-label"), links: place.querySelectorAll("a, script, img").length,
           paths: place.querySelectorAll(".edgePaths path").length,
           title: place.querySelector("svg > title")?.textContent, said: place.querySelector("svg > desc")?.textContent}};
}}
</script></body></html>"""


def can_run() -> bool:
    """Whether Mermaid is there, or can be fetched."""
    return shutil.which("npm") is not None or _library().is_file()


def _library() -> Path:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "bpviz-tests", PACKAGE)
    return cache / "node_modules" / "mermaid" / "dist" / "mermaid.min.js"


def _installed() -> Path:
    library = _library()
    if not library.is_file():
        folder = library.parents[3]
        folder.mkdir(parents=True, exist_ok=True)
        command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(folder), PACKAGE]
        subprocess.run(command, check=True, capture_output=True, timeout=600, stdin=subprocess.DEVNULL)
    return library


def drawn(*sources: str, dark: bool = False, picture: Path | None = None) -> list[dict[str, Any]]:
    """What Mermaid draws of each source: the texts of its nodes, edges and frames, its title and description.

    ``picture`` takes a screenshot of the last one. Raises `RuntimeError` with Mermaid's words where it understands a
    source not.
    """
    with tempfile.TemporaryDirectory(prefix="bpviz-mermaid-") as folder:
        page = Path(folder, "page.html")
        theme = json.dumps("dark" if dark else "default")
        page.write_text(_PAGE.format(library=_installed().as_uri(), theme=theme), encoding="utf-8")
        with opened(page) as browser:
            found = [browser.run(f"draw({json.dumps(source)})") for source in sources]
            if picture is not None:
                import base64

                picture.write_bytes(base64.b64decode(browser.ask("Page.captureScreenshot")["data"]))
            return found
