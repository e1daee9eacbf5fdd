"""The page of ``--watch --view``: a server on this machine, for the pictures that are being drawn."""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from bpviz.text.escaping import escaped
from bpviz.writers import formats

__all__ = ["ServedPage"]


class ServedPage:
    """A local page that shows pictures one below the other, and reloads them when they have changed.

    Only who knows its address can read it: other programs and other pages of the browser do not.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.pictures: Sequence[Path] = ()
        self.edition = 0
        self.message = ""
        self.ended = False
        self.changed = threading.Condition()
        self.secret = secrets.token_urlsafe(16)
        page = self

        class Handler(BaseHTTPRequestHandler):
            timeout = 30

            def do_GET(self) -> None:
                page.reply(self)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = _Server(("127.0.0.1", 0), Handler)

    def start(self) -> str:
        """Start the server; return the address of the page."""
        # Every tenth of a second the server checks whether it is to stop.
        threading.Thread(target=self.server.serve_forever, args=(0.1,), daemon=True).start()
        return f"http://127.0.0.1:{self.server.server_port}/{self.secret}/"

    def show(self, message: str, pictures: Sequence[Path]) -> None:
        """Send the new pictures, or the message of an error, to every open page."""
        with self.changed:
            self.edition, self.message = self.edition + 1, message
            self.pictures = self.pictures if message else pictures
            self.changed.notify_all()

    def stop(self) -> None:
        """Stop the server; open pages are told."""
        with self.changed:
            self.ended = True
            self.changed.notify_all()
        self.server.shutdown()
        self.server.server_close()

    def reply(self, request: BaseHTTPRequestHandler) -> None:
        """Reply to one request: with the page, a picture by its number, or the news since an edition."""
        path, _, since = request.path.partition("?")
        if not self._is_ours(request.headers.get("Host", ""), path):
            request.send_error(404)
            return
        page = path.removeprefix(f"/{self.secret}")
        match page.split("/"):
            case ["", ""]:
                kind, body = "text/html; charset=utf-8", _PAGE.format(name=escaped(self.name)).encode()
            case ["", "news"]:
                kind, body = "application/json", self._news(_number(since))
            case ["", "picture", number] if found := self._picture(_number(number)):
                kind, body = found
            case _:
                request.send_error(404)
                return
        request.send_response(200)
        request.send_header("Content-Type", kind)
        request.send_header("Content-Length", str(len(body)))
        request.send_header("Cache-Control", "no-store")
        request.send_header("X-Content-Type-Options", "nosniff")
        request.send_header("Referrer-Policy", "no-referrer")
        request.end_headers()
        request.wfile.write(body)

    def _is_ours(self, host: str, path: str) -> bool:
        """Return whether a request is for this page: a foreign name could be made to lead to this machine."""
        port = self.server.server_port
        return host in (f"127.0.0.1:{port}", f"localhost:{port}") and secrets.compare_digest(
            path[: len(self.secret) + 2].encode("utf-8", "replace"), f"/{self.secret}/".encode()
        )

    def _picture(self, number: int) -> tuple[str, bytes] | None:
        """Return a picture by its number, from 1 on, and its media type; ``None`` if there is no such file."""
        for path in self.pictures[number - 1 : number] if number else ():
            try:
                return _kind(path), path.read_bytes()
            except OSError:
                return None
        return None

    def _news(self, since: int) -> bytes:
        with self.changed:
            # Reply after a while in any case, so that the threads of closed pages end.
            self.changed.wait_for(lambda: self.edition > since or self.ended, timeout=20)
            return json.dumps(
                {"edition": self.edition, "message": self.message, "pictures": len(self.pictures)}
            ).encode()


class _Server(ThreadingHTTPServer):
    """The server; a connection that its reader drops is no error."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass


def _number(text: str) -> int:
    """Return a number in an address; 0 for anything else.

    >>> _number("12"), _number("-1"), _number("9" * 5000)
    (12, 0, 0)
    """
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


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
      const news = await (await fetch("news?" + edition)).json();
      if (news.edition > edition) {{
        edition = news.edition;
        document.getElementById("message").textContent = news.message;
        if (!news.message) {{
          const figure = document.getElementById("figure");
          // So that the reader stays where they are while the pictures come in.
          figure.style.minHeight = figure.offsetHeight + "px";
          figure.replaceChildren(...Array.from({{ length: news.pictures }}, (_, place) => {{
            const picture = document.createElement("object");
            picture.data = "picture/" + (place + 1) + "?" + edition;
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
