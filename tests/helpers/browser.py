"""Drives a real Chromium, without a driver: one page goes in, its document with the measurements comes out.

>>> from browser import collisions, measure                                       # doctest: +SKIP
>>> collisions(measure({"apples": svg})["apples"])                                # doctest: +SKIP
[]
"""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import subprocess
import tempfile
import zlib
from collections.abc import Mapping
from contextlib import suppress
from math import ceil
from pathlib import Path
from typing import Any

from collisions import Cell, Line, Measurement, Outline, Text, collisions

__all__ = ["HOW_TO_INSTALL", "Measurement", "chromium", "collisions", "measure", "screenshot"]

HOW_TO_INSTALL = "no Chromium found: `apt-get install chromium`, or set BPVIZ_CHROMIUM to the program"
SECONDS = 240
"""How long a browser may take for a page, or to start. On a machine with other work two minutes are not always enough."""
STARTS = 2
"""How often a browser is started before a test fails: one that hangs at its start does so by chance."""
TOOLBARS = 200
"""A headless window still counts its toolbars (143 units), and what lies below the page may stay unpainted."""
FLAGS = (
    "--headless",
    "--no-sandbox",  # containers run as root, where the sandbox refuses to start
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--hide-scrollbars",
)


def chromium() -> str | None:
    """The program to run: ``BPVIZ_CHROMIUM``, else the first Chromium or Chrome on the path, else None."""
    names = (os.environ.get("BPVIZ_CHROMIUM"), "chromium", "chromium-browser", "google-chrome", "chrome")
    return next((found for name in names if name and (found := shutil.which(name))), None)


def measure(svgs: Mapping[str, str]) -> dict[str, Measurement]:
    """Lay out all figures in one page of one browser and measure them.

    Raises `RuntimeError` when there is no browser, when it says nothing, or when a figure cannot be read.
    """
    # No `<` can end the script element or open a comment in it.
    sources = json.dumps(dict(svgs)).replace("<", "\\u003c")
    script = Path(__file__).with_name("measure.js").read_text(encoding="utf-8")
    page = (
        '<!DOCTYPE html><html><head><meta charset="utf-8"></head><body>'
        f'<script type="application/json" id="sources">{sources}</script><script>{script}</script></body></html>'
    )
    document = run_browser(page, "--dump-dom")
    match = re.search(r'<pre id="result">(.*?)</pre>', document, re.DOTALL)
    if match is None:
        raise RuntimeError(f"the browser returned no measurements but: {document[:500]!r}")
    result = json.loads(html.unescape(match[1]))
    failed = {name: raw["error"] for name, raw in result.items() if "error" in raw}
    if failed:
        raise RuntimeError("the browser cannot read " + "; ".join(f"{name}: {why}" for name, why in failed.items()))
    return {name: measurement(raw) for name, raw in result.items()}


def measurement(raw: Mapping[str, Any]) -> Measurement:
    """The browser's JSON as typed data."""

    def outline(item: Mapping[str, Any]) -> Outline:
        return Outline(item["kind"], item["owner"], tuple(item["box"]), item.get("radius", 0.0), item["half"])

    def line(item: Mapping[str, Any]) -> Line:
        flat = item["points"]
        points = tuple(zip(flat[::2], flat[1::2], strict=True))
        return Line(item["kind"], item["owner"], points, item["half"])

    return Measurement(
        view=tuple(raw["view"]),
        owners=tuple((kind, title) for kind, title in raw["owners"]),
        texts=tuple(
            Text(item["content"], item["kind"], item["owner"], tuple(map(tuple, item["boxes"])))
            for item in raw["texts"]
        ),
        shapes=tuple(map(outline, raw["shapes"])),
        lines=tuple(map(line, raw["lines"])),
        heads=tuple(map(line, raw["heads"])),
        frames=tuple(map(outline, raw["frames"])),
        cells=tuple(Cell(item["owner"], tuple(item["box"])) for item in raw["cells"]),
    )


def screenshot(svg_or_html: str, path: str | Path, dark: bool = False, scale: float = 2.0) -> None:
    """Write a PNG of an SVG (cut to its size) or of a whole page, as a reader with a light or a dark screen sees it."""
    page, size = svg_or_html, (1280, 1024)
    if found := re.search(r"<svg\b[^>]*>", svg_or_html) if "<html" not in svg_or_html.lower() else None:
        ground = "#1E1E1E" if dark else "#FFFFFF"
        svg = svg_or_html[found.start() :]
        view = re.search(r'viewBox="([^"]+)"', found[0])
        if view is None:
            raise ValueError("the SVG has no viewBox, so its size is not known; give its root a viewBox")
        width, height = (float(number) for number in re.split(r"[\s,]+", view[1].strip())[2:])
        size = (ceil(width), ceil(height))
        style = f"margin:0;background:{ground};color-scheme:{'dark' if dark else 'light'}"
        svg = re.sub(r"^<svg\b", f'<svg style="display:block;width:{width}px;height:{height}px"', svg)
        page = f'<!DOCTYPE html><html><head><meta charset="utf-8"></head><body style="{style}">{svg}</body></html>'
    target = Path(path).resolve()
    target.unlink(missing_ok=True)
    run_browser(
        page,
        f"--screenshot={target}",
        f"--window-size={size[0]},{size[1] + TOOLBARS}",
        f"--force-device-scale-factor={scale}",
        f"--blink-settings=preferredColorScheme={0 if dark else 1}",
    )
    if not target.exists():
        raise RuntimeError(f"the browser wrote no picture to {target}")
    target.write_bytes(cut(target.read_bytes(), round(size[1] * scale)))


def cut(png: bytes, height: int) -> bytes:
    """The upper ``height`` rows of a PNG as a browser writes it (8 bits a channel, not interlaced)."""
    chunks, at = [], 8
    while at < len(png):
        length = int.from_bytes(png[at : at + 4])
        chunks.append((png[at + 4 : at + 8], png[at + 8 : at + 8 + length]))
        at += length + 12
    (header,) = (body for kind, body in chunks if kind == b"IHDR")
    width, channels = int.from_bytes(header[:4]), {2: 3, 6: 4}[header[9]]
    rows = zlib.decompress(b"".join(body for kind, body in chunks if kind == b"IDAT"))
    kept = zlib.compress(rows[: height * (width * channels + 1)])
    header = header[:4] + height.to_bytes(4) + header[8:]
    parts = [
        len(body).to_bytes(4) + kind + body + zlib.crc32(kind + body).to_bytes(4)
        for kind, body in ((b"IHDR", header), (b"IDAT", kept), (b"IEND", b""))
    ]
    return png[:8] + b"".join(parts)


def slow(what: str) -> str:
    """Return a message about a browser that took too long, with how busy this machine is."""
    load = (
        f"; the load of this machine is {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
        if os.name == "posix"
        else ""
    )
    return f"the browser {what} within {SECONDS} s{load}"


def run_browser(page: str, *arguments: str) -> str:
    """Return what the browser prints for a page. A browser that does not finish is started once more.

    It gets a new profile: a running browser would else take the page over. Raises `RuntimeError` where there is no
    browser, where it fails, and where it does not finish either time.
    """
    for _ in range(STARTS - 1):
        with suppress(subprocess.TimeoutExpired):
            return _run_once(page, *arguments)
    try:
        return _run_once(page, *arguments)
    except subprocess.TimeoutExpired as error:
        raise RuntimeError(f"{slow('did not finish')}, {STARTS} times") from error


def _run_once(page: str, *arguments: str) -> str:
    program = chromium()
    if program is None:
        raise RuntimeError(HOW_TO_INSTALL)
    # A browser that is shutting down may still write into its profile: what it leaves is not worth failing for.
    with tempfile.TemporaryDirectory(prefix="bpviz-browser-", ignore_cleanup_errors=True) as folder:
        file = Path(folder, "page.html")
        file.write_text(page, encoding="utf-8")
        command = [program, *FLAGS, f"--user-data-dir={folder}/profile", *arguments, file.as_uri()]
        done = subprocess.run(command, capture_output=True, timeout=SECONDS, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise RuntimeError(f"the browser ended with {done.returncode}: {done.stderr.decode(errors='replace')[-1000:]}")
    return done.stdout.decode("utf-8", errors="replace")
