"""``bpviz render --watch``: draws the figure again, in a new process, whenever the model is saved.

After an error the last good picture stays; the message is shown on the terminal and on the page of ``--view``.
"""

from __future__ import annotations

import html
import json
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count, takewhile
from pathlib import Path
from typing import Any

import click

from bpviz.drawing.load import file_of
from bpviz.errors import ExtraMissing, UsageError
from bpviz.files import numbered
from bpviz.writers import formats

__all__ = ["watch"]

_SUFFIXES = (".py", ".json", ".toml", ".csv", ".npy", ".npz", ".txt")
"""The suffixes of files on which a figure may depend."""


def watch(target: str, arguments: Sequence[str], outputs: Sequence[Path], *, view: bool) -> None:
    """Draw ``target`` now and whenever a file beside it is saved, until Ctrl-C.

    ``arguments`` are those of ``bpviz render`` for one drawing, ``outputs`` the files that it writes.

    Raises `ExtraMissing` without watchfiles, and `UsageError` for a target that is no file.
    """
    folder = _folder(target)
    changes = _changes(folder, {path.resolve() for path in outputs})
    page = _Page(outputs[0].name) if view else None
    if page:
        click.launch(page.start())
    click.echo(f"watching {folder} (Ctrl-C ends it)", err=True)
    try:
        while True:
            message, failed = _drawn(arguments)
            if page:
                page.show(message if failed else "", _pictures(outputs[0], message))
            next(changes)
    except (KeyboardInterrupt, StopIteration):
        click.echo("no longer watching", err=True)
    finally:
        if page:
            page.stop()


def _folder(target: str) -> Path:
    """Return the folder whose files a target depends on."""
    if target == "-":
        raise UsageError("--watch needs a file that can be saved again, but got standard input (-); name a FILE.py")
    file = file_of(target)
    # A module is below the folder that it is imported from.
    return Path.cwd() if file is None else file.resolve().parent


def _changes(folder: Path, outputs: set[Path]) -> Iterator[object]:
    """Yield whenever a file is saved on which the figure may depend."""
    try:
        import watchfiles
    except ImportError:
        raise ExtraMissing("--watch needs watchfiles; install it: pip install 'bpviz[watch]'") from None

    def counts(change: Any, path: str) -> bool:
        return path.endswith(_SUFFIXES) and Path(path).resolve() not in outputs

    return watchfiles.watch(folder, watch_filter=counts, raise_interrupt=True)


def _drawn(arguments: Sequence[str]) -> tuple[str, bool]:
    """Draw once, in a new process; return its messages, and whether it failed."""
    done = subprocess.run(
        [sys.executable, "-m", "bpviz", "render", *arguments], stderr=subprocess.PIPE, stdin=subprocess.DEVNULL
    )
    message = done.stderr.decode(errors="replace")
    click.echo(message, err=True, nl=False)
    return message, done.returncode != 0


def _pictures(output: Path, message: str) -> list[Path]:
    """Return the pictures of an output: its file, or the files of steps that were just written."""
    lines = set(message.splitlines())
    steps = takewhile(lambda path: f"wrote {path}" in lines, (numbered(output, step) for step in count(1)))
    return [path for path in steps if path] if numbered(output, 1) else [output]


class _Page:
    """A local page that shows pictures one below the other, and reloads them when they have changed."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.pictures: Sequence[Path] = ()
        self.edition = 0
        self.message = ""
        self.changed = threading.Condition()
        page = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                page.reply(self)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True

    def start(self) -> str:
        """Start the server; return the address of the page."""
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self.server.server_port}/"

    def show(self, message: str, pictures: Sequence[Path]) -> None:
        """Send the new pictures, or the message of an error, to every open page."""
        with self.changed:
            self.edition, self.message = self.edition + 1, message
            self.pictures = self.pictures if message else pictures
            self.changed.notify_all()

    def stop(self) -> None:
        """Stop the server."""
        self.server.shutdown()
        self.server.server_close()

    def reply(self, request: BaseHTTPRequestHandler) -> None:
        """Reply to one request: with the page, a picture by its number, or the news since an edition."""
        path, _, since = request.path.partition("?")
        number = path.removeprefix("/picture/")
        picture = self._picture(int(number)) if number.isascii() and number.isdigit() else None
        match path:
            case _ if picture:
                kind, body = _kind(picture), picture.read_bytes()
            case "/":
                kind, body = "text/html; charset=utf-8", _PAGE.format(name=html.escape(self.name)).encode()
            case "/news":
                kind, body = "application/json", self._news(int(since) if since.isdigit() else 0)
            case _:
                request.send_error(404)
                return
        request.send_response(200)
        request.send_header("Content-Type", kind)
        request.send_header("Content-Length", str(len(body)))
        request.send_header("Cache-Control", "no-store")
        request.end_headers()
        request.wfile.write(body)

    def _picture(self, number: int) -> Path | None:
        """Return the file of a picture by its number, from 1 on, if it exists."""
        found = self.pictures[number - 1 : number] if number else ()
        return next((path for path in found if path.is_file()), None)

    def _news(self, since: int) -> bytes:
        with self.changed:
            # Reply after a while in any case, so that the threads of closed pages end.
            self.changed.wait_for(lambda: self.edition > since, timeout=20)
            return json.dumps(
                {"edition": self.edition, "message": self.message, "pictures": len(self.pictures)}
            ).encode()


def _kind(picture: Path) -> str:
    """Return the media type of a file; what a browser cannot show is shown as text.

    >>> _kind(Path("a.svg")), _kind(Path("a.html")), _kind(Path("a.tex"))
    ('image/svg+xml', 'text/html; charset=utf-8', 'text/plain; charset=utf-8')
    """
    row = formats.TABLE.get(picture.suffix.lower().lstrip("."))
    kind = row.mime if row and row.shown else "text/plain"
    return f"{kind}; charset=utf-8" if kind.startswith("text/") else kind


_PAGE = """<!DOCTYPE html>
<html><head><meta charset="utf-8"><title>{name}</title>
<style>
:root {{ color-scheme: light dark; font-family: system-ui, sans-serif; }}
body {{ margin: 1rem; }}
main {{ display: flex; flex-direction: column; align-items: start; gap: 1rem; }}
object {{ max-width: 100%; }}
pre {{ border-left: 4px solid #C2185B; padding: 0.5rem 1rem; white-space: pre-wrap; }}
pre:empty {{ display: none; }}
</style></head>
<body><pre id="message" role="alert"></pre><main id="figure"></main>
<script>
"use strict";
let edition = 0;
async function follow() {{
  for (;;) {{
    try {{
      const news = await (await fetch("/news?" + edition)).json();
      if (news.edition > edition) {{
        edition = news.edition;
        document.getElementById("message").textContent = news.message;
        if (!news.message) {{
          const figure = document.getElementById("figure");
          // So that the reader stays where they are while the pictures come in.
          figure.style.minHeight = figure.offsetHeight + "px";
          figure.replaceChildren(...Array.from({{ length: news.pictures }}, (_, place) => {{
            const picture = document.createElement("object");
            picture.data = "/picture/" + (place + 1) + "?" + edition;
            return picture;
          }}));
          setTimeout(() => figure.style.minHeight = "", 1000);
        }}
      }}
    }} catch {{
      document.getElementById("message").textContent = "bpviz is no longer watching.";
      await new Promise(later => setTimeout(later, 2000));
    }}
  }}
}}
follow();
</script></body></html>
"""
