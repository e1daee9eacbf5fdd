"""``bpviz doctor``: what is installed, and what to install."""

from __future__ import annotations

import click

import bpviz
from bpviz.cli import terminal
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
    "watchfiles": "watch",
    "sphinx": "sphinx",
}
"""The packages that bpviz uses, each with the extra that brings it; None for what every installation has."""
_BPVIZ = '"bpviz[{}]"'


@click.command("doctor", short_help="Print what is installed, and what to install.")
def command() -> None:
    """Print which engines, fonts and packages are installed, and what to install."""
    import platform
    from importlib import metadata

    from bpviz.layout.engines import engines
    from bpviz.writers.font_files import BUNDLED, font_files

    terminal.result(
        f"bpviz {bpviz.__version__}, Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    )
    for package, extra in _PACKAGES.items():
        try:
            terminal.result(f"  {package} {metadata.version(package)}")
        except metadata.PackageNotFoundError:
            terminal.result(f"  {package} is missing: pip install {package if extra is None else _BPVIZ.format(extra)}")
    found = engines()
    terminal.result(
        "  layout: bpviz itself places the boxes; Graphviz is used for PDF, PS and EPS, and where --engine names it"
    )
    for engine in found:
        where = f"{engine.version}, {engine.where}" if engine.available else f"missing: {engine.hint}"
        terminal.result(f"  {engine.name} Graphviz: {where}")
    terminal.result(f"  font: {BUNDLED.name} (bundled)")
    try:
        japanese = font_files("日本語")
    except EngineMissing:  # fontTools, which is listed above
        return
    if japanese.missing:
        terminal.result(
            "  Japanese in PNG and PDF: no font found; install one, for example: sudo apt install fonts-noto-cjk"
        )
    else:
        terminal.result(f"  Japanese in PNG and PDF: {', '.join(path.name for path in japanese.files[1:])}")
