"""``bpviz doctor``: what is installed, and what to install."""

from __future__ import annotations

import click

import bpviz
from bpviz.cli import terminal

__all__ = ["command"]


@click.command("doctor")
def command() -> None:
    """Print which engines, fonts and packages are installed, and what to install."""
    import platform
    from importlib import metadata

    from bpviz.layout.engines import engines
    from bpviz.writers.font_files import font_files

    terminal.result(
        f"bpviz {bpviz.__version__}, Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    )
    for package in ("numpy", "networkx", "graphviz", "pygraphviz", "resvg-py", "fonttools", "click", "pillow"):
        try:
            terminal.result(f"  {package} {metadata.version(package)}")
        except metadata.PackageNotFoundError:
            terminal.result(f"  {package} is missing: pip install {package}")
    found = engines()
    terminal.result(
        "  layout: bpviz itself places the boxes; Graphviz is used for PDF, PS and EPS, and where --engine names it"
    )
    for engine in found:
        where = f"{engine.version}, {engine.where}" if engine.available else f"missing: {engine.hint}"
        terminal.result(f"  {engine.name} Graphviz: {where}")
    japanese = font_files("日本語")
    terminal.result(f"  font: {japanese.files[0].name} (bundled)")
    if japanese.missing:
        terminal.result(
            "  Japanese in PNG and PDF: no font found; install one, for example: sudo apt install fonts-noto-cjk"
        )
    else:
        terminal.result(f"  Japanese in PNG and PDF: {', '.join(path.name for path in japanese.files[1:])}")
