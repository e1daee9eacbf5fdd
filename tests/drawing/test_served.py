"""The page of --watch --view: it replies to those who know its address, and survives all others."""

from __future__ import annotations

import http.client
import socket
import struct
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from bpviz.drawing.served import ServedPage


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[ServedPage, str, int, str]]:
    """A page with one picture; its address, port and secret path."""
    picture = tmp_path / "a.svg"
    picture.write_text("<svg/>")
    page = ServedPage(picture.name)
    address = page.start()
    page.show("", [picture])
    parts = urlsplit(address)
    assert parts.port is not None
    try:
        yield page, address, parts.port, parts.path
    finally:
        page.stop()


def status(port: int, path: str, host: str | None = None) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", path, headers={} if host is None else {"Host": host})
    found = connection.getresponse().status
    connection.close()
    return found


def test_only_who_knows_the_address_can_read_it(served: tuple[ServedPage, str, int, str]) -> None:
    _, _, port, secret = served
    assert len(secret) > 20
    for path in ("", "news?0", "picture/1"):
        assert status(port, secret + path) == 200
        assert status(port, "/" + path) == 404
        assert status(port, secret + path, "evil.example") == 404
        assert status(port, secret + path, f"evil.example:{port}") == 404
        assert status(port, secret + path, f"localhost:{port}") == 200
        assert status(port, secret + path, "127.0.0.1:1") == 404


def test_two_pages_have_two_addresses() -> None:
    first, second = ServedPage("a"), ServedPage("b")
    try:
        assert first.secret != second.secret
    finally:
        for page in (first, second):
            page.server.server_close()


def test_odd_requests_are_refused_without_a_traceback(
    served: tuple[ServedPage, str, int, str], capfd: pytest.CaptureFixture[str]
) -> None:
    _, _, port, secret = served
    for path in (f"{secret}picture/{'9' * 5000}", f"{secret}picture/1e9", f"{secret}picture/%00", f"{secret}../news"):
        assert status(port, path) == 404
    assert status(port, f"{secret}news?{'9' * 5000}") == 200
    for sent in (b"\xff\xfe\x00\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET " + b"a" * 70_000 + b"\r\n\r\n", b""):
        with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
            connection.sendall(sent)
            # Reset instead of closed.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    time.sleep(0.2)
    assert status(port, secret) == 200
    assert "Traceback" not in capfd.readouterr().err


def test_a_waiting_page_is_let_go_when_the_server_stops(tmp_path: Path) -> None:
    page = ServedPage("a.svg")
    parts = urlsplit(page.start())
    assert parts.port is not None
    found: list[int] = []
    waiting = threading.Thread(target=lambda: found.append(status(parts.port or 0, f"{parts.path}news?0")))
    waiting.start()
    time.sleep(0.3)
    begun = time.monotonic()
    page.stop()
    waiting.join(10)
    assert (found, time.monotonic() - begun < 5) == ([200], True)


def test_a_picture_that_was_deleted_is_not_found(served: tuple[ServedPage, str, int, str]) -> None:
    page, _, port, secret = served
    page.pictures[0].unlink()
    assert status(port, f"{secret}picture/1") == 404
