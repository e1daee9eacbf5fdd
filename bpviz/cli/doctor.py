"""``bpviz doctor``: what is installed, and what to install."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

import bpviz
from bpviz.cli import options, terminal
from bpviz.errors import EngineMissing

__all__ = ["command"]

_PACKAGES = {
    "numpy": None,
    "networkx": None,
    "graphviz": None,
    "click": None,
    "resvg-py": None,
    "fonttools": "fonts",
    "pygraphviz": "pdf",
    "pillow": "animate",
    "matplotlib": "plot",
    "torch": "torch",
    "jax": "jax",
    "onnx": "onnx",
    "watchfiles": "watch",
    "sphinx": "sphinx",
}
"""The packages that bpviz uses, each with the extra that brings it; None for what every installation has."""
_BPVIZ = '"bpviz[{}]"'


@click.command("doctor", short_help="Print what is installed, and what to install.")
@options.option("as_json")
def command(as_json: bool) -> None:
    """Print which engines, fonts and packages are installed, and what to install."""
    found = _found()
    if as_json:
        from bpviz.documents import data

        terminal.result_bytes(data.write({"bpviz": 1, "kind": "doctor", **found}).encode())
    else:
        for line in _lines(found):
            terminal.result(line)


def _found() -> dict[str, Any]:
    """Return what is installed; whatever is missing has a hint in its place."""
    import platform
    from importlib import metadata

    from bpviz.layout.engines import engines
    from bpviz.writers.font_files import BUNDLED, font_files

    packages: list[dict[str, str | None]] = []
    for name, extra in _PACKAGES.items():
        try:
            packages.append({"name": name, "version": metadata.version(name), "hint": ""})
        except metadata.PackageNotFoundError:
            hint = f"pip install {name if extra is None else _BPVIZ.format(extra)}"
            packages.append({"name": name, "version": None, "hint": hint})
    try:
        japanese = font_files("日本語")
        known, fonts = True, [] if japanese.missing else [path.name for path in japanese.files[1:]]
    except EngineMissing:  # fontTools, which is listed above
        known, fonts = False, []
    return {
        "version": bpviz.__version__,
        "python": platform.python_version(),
        "system": platform.system(),
        "machine": platform.machine(),
        "packages": packages,
        "engines": engines(),
        "font": BUNDLED.name,
        "japanese": {"known": known, "fonts": fonts, "hint": "" if fonts else "sudo apt install fonts-noto-cjk"},
    }


def _lines(found: dict[str, Any]) -> Iterator[str]:
    yield f"bpviz {found['version']}, Python {found['python']}, {found['system']} {found['machine']}"
    for package in found["packages"]:
        missing = f"is missing: {package['hint']}"
        yield f"  {package['name']} {missing if package['version'] is None else package['version']}"
    yield "  layout: bpviz itself places the boxes; Graphviz is used for PDF, PS and EPS, and where --engine names it"
    for engine in found["engines"]:
        where = f"{engine.version}, {engine.where}" if engine.available else f"missing: {engine.hint}"
        yield f"  {engine.name} Graphviz: {where}"
    yield f"  font: {found['font']} (bundled)"
    japanese = found["japanese"]
    if japanese["fonts"]:
        yield f"  Japanese in PNG and PDF: {', '.join(japanese['fonts'])}"
    elif japanese["known"]:
        yield f"  Japanese in PNG and PDF: no font found; install one, for example: {japanese['hint']}"
