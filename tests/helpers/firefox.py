"""A page in a real Firefox, controlled over Marionette, the protocol that Firefox itself speaks: no driver, no library.

A message is its length in bytes, a colon, and JSON: ``[0, number, command, parameters]`` there, ``[1, number, error,
result]`` back.
"""

from __future__ import annotations

import atexit
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from browser import SECONDS, STARTS, slow
from devtools import until

__all__ = ["HOW_TO_INSTALL", "FirefoxPage", "firefox", "opened_in_firefox"]

HOW_TO_INSTALL = "no Firefox found: `apt-get install firefox-esr`, or set BPVIZ_FIREFOX to the program"
PREFERENCES = {
    "marionette.port": 0,
    "app.update.auto": False,
    "app.update.disabledForTesting": True,
    "browser.aboutwelcome.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.homepage_override.mstone": "ignore",
    "browser.tabs.remote.separatePrivilegedContentProcess": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "dom.ipc.processCount": 1,
    "dom.w3c_touch_events.enabled": 1,
    "extensions.update.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "data:,#remote-settings-dummy/v1",
    "toolkit.telemetry.enabled": False,
    "ui.prefersReducedMotion": 1,
}
"""It loads nothing but what it is told, and its port is any that is free."""

KEYS = {"Tab": "\ue004", "Enter": "\ue007", "Escape": "\ue00c", "End": "\ue010", "Home": "\ue011"} | {
    "ArrowLeft": "\ue012",
    "ArrowUp": "\ue013",
    "ArrowRight": "\ue014",
    "ArrowDown": "\ue015",
    "Shift": "\ue008",
}
"""The keys that have no letter, as WebDriver writes them."""


def firefox() -> str | None:
    """The program to run: ``BPVIZ_FIREFOX``, else the first Firefox on the path, else None."""
    names = (os.environ.get("BPVIZ_FIREFOX"), "firefox-esr", "firefox")
    return next((found for name in names if name and (found := shutil.which(name))), None)


class FirefoxPage:
    """One page of a running Firefox, or a frame of it."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=SECONDS)
        self._stream = self._socket.makefile("rb")
        self._count = 0
        # It says hello.
        self._read()
        self.ask("WebDriver:NewSession", capabilities={"alwaysMatch": {"pageLoadStrategy": "normal"}})

    def ask(self, command: str, **parameters: Any) -> Any:
        """Send a command and return its result; raise `RuntimeError` with Firefox's own words where it refuses."""
        self._count += 1
        message = json.dumps([0, self._count, command, parameters]).encode()
        self._socket.sendall(b"%d:%s" % (len(message), message))
        _, _, error, result = self._read()
        if error:
            raise RuntimeError(f"{command}: {error.get('error')}: {error.get('message')}")
        return result.get("value", result) if isinstance(result, dict) else result

    def _read(self) -> Any:
        length = b""
        while (one := self._stream.read(1)) != b":":
            if not one:
                raise RuntimeError("the browser ended")
            length += one
        return json.loads(self._stream.read(int(length)))

    def go(self, address: str) -> None:
        """Load an address and wait until everything on it is there."""
        self.ask("WebDriver:Navigate", url=address)

    def run(self, script: str) -> Any:
        """The value of an expression on the page."""
        return self.ask("WebDriver:ExecuteScript", script=f"return ({script})", args=[], sandbox=None)

    def comes_to(self, script: str, value: Any) -> bool:
        """Return whether an expression on the page gets this value in time."""
        return until(lambda: bool(self.run(script) == value))

    def press(self, key: str, shift: bool = False) -> None:
        """Press and let go of a key."""
        keys = [KEYS["Shift"]] * shift + [KEYS.get(key, key)]
        down = [{"type": "keyDown", "value": one} for one in keys]
        self._act("key", [*down, *({"type": "keyUp", "value": one} for one in reversed(keys))])

    def type(self, text: str) -> None:
        """Type a text."""
        for sign in text:
            self.press(sign)

    def drag(self, x: float, y: float, by: float, kind: str = "mouse", shift: bool = False) -> None:
        """Press a mouse or a finger (``touch``) down at a place, move it sideways, and let go."""
        # Firefox finds a text that has changed where it was painted last: no hand is quicker than that.
        painted = "requestAnimationFrame(() => requestAnimationFrame(arguments[0]))"
        self.ask("WebDriver:ExecuteAsyncScript", script=painted, args=[], sandbox=None)
        steps = [0.0, 0.25, 0.5, 0.75, 1.0] if by else [0.0]
        moves = [
            {"type": "pointerMove", "x": round(x + by * part), "y": round(y), "origin": "viewport", "duration": 0}
            for part in steps
        ]
        if shift:
            self._act("key", [{"type": "keyDown", "value": KEYS["Shift"]}])
        down, up = ({"type": kind, "button": 0} for kind in ("pointerDown", "pointerUp"))
        self._act("pointer", [moves[0], down, *moves[1:], up], parameters={"pointerType": kind})
        if shift:
            self._act("key", [{"type": "keyUp", "value": KEYS["Shift"]}])

    def _act(self, kind: str, actions: list[dict[str, Any]], **more: Any) -> None:
        source = {"type": kind, "id": f"{kind} {more}", "actions": actions, **more}
        self.ask("WebDriver:PerformActions", actions=[source])

    def heard(self, selector: str) -> list[tuple[str, str]]:
        """What is read aloud of elements: the role and the name of each."""
        found = self.ask("WebDriver:FindElements", using="css selector", value=selector)
        ids = [next(iter(element.values())) for element in found]
        return [
            (self.ask("WebDriver:GetComputedRole", id=one), self.ask("WebDriver:GetComputedLabel", id=one))
            for one in ids
        ]

    @contextmanager
    def frame(self, number: int) -> Iterator[FirefoxPage]:
        """Act in a frame of the page, by its number."""
        self.ask("WebDriver:SwitchToFrame", id=number)
        try:
            yield self
        finally:
            self.ask("WebDriver:SwitchToParentFrame")


@contextmanager
def opened_in_firefox(place: Path | str) -> Iterator[FirefoxPage]:
    """Open a page that shows a file, or what an address has.

    Firefox takes seconds to start: one with a new profile serves all tests of a run, and ends with it. Raises
    `RuntimeError` where there is no Firefox, and where it does not start either time.
    """
    page = _running() or _started()
    page.ask("WebDriver:SwitchToFrame", id=None)
    page.go(place if isinstance(place, str) else place.resolve().as_uri())
    yield page
    page.ask("WebDriver:ReleaseActions")


_pages: list[FirefoxPage] = []


def _running() -> FirefoxPage | None:
    """Return the page of the Firefox that is running, if it still replies."""
    for page in _pages:
        with suppress(RuntimeError, OSError, ValueError):
            page.ask("WebDriver:GetWindowHandle")
            return page
    return None


def _started() -> FirefoxPage:
    program = firefox()
    if program is None:
        raise RuntimeError(HOW_TO_INSTALL)
    for _ in range(STARTS):
        folder = tempfile.TemporaryDirectory(prefix="bpviz-firefox-", ignore_cleanup_errors=True)
        lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in PREFERENCES.items()]
        Path(folder.name, "user.js").write_text("\n".join(lines), encoding="utf-8")
        browser = subprocess.Popen(
            [program, "--headless", "--no-remote", "--marionette", "--profile", folder.name, "about:blank"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "HOME": folder.name, "MOZ_CRASHREPORTER_DISABLE": "1"},
        )
        atexit.register(_end, browser, folder)
        port = _port(Path(folder.name, "MarionetteActivePort"), browser)
        if port is not None:
            _pages[:] = [FirefoxPage(port)]
            return _pages[0]
        _end(browser, folder)
    raise RuntimeError(slow("did not start"))


def _end(browser: subprocess.Popen[bytes], folder: tempfile.TemporaryDirectory[str]) -> None:
    browser.terminate()
    try:
        browser.wait(20)
    except subprocess.TimeoutExpired:
        browser.kill()
        browser.wait()
    folder.cleanup()


def _port(file: Path, browser: subprocess.Popen[bytes]) -> int | None:
    """Return the port that Firefox has chosen; None if it says none in time."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end and browser.poll() is None:
        text = file.read_text() if file.exists() else ""
        if text.strip().isdecimal():
            return int(text)
        time.sleep(0.05)
    return None
