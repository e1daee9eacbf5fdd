"""A page in a real Chromium, controlled over a pipe: no driver, no port, no library."""

from __future__ import annotations

import json
import os
import select
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from browser import FLAGS, HOW_TO_INSTALL, SECONDS, STARTS, chromium, slow

__all__ = ["Page", "opened", "until"]


class Silent(RuntimeError):
    """The browser has ended, or has sent nothing for too long."""


def until(holds: Callable[[], bool], seconds: float = 120) -> bool:
    """Return whether something becomes true in time. On an idle machine it takes a moment, on a loaded one longer."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


class Page:
    """One page of a running browser."""

    def __init__(self, to_browser: int, from_browser: int) -> None:
        self._to, self._from = to_browser, from_browser
        self._count, self._session, self._rest = 0, "", b""

    def ask(self, method: str, **parameters: Any) -> Any:
        """Send a command of the DevTools protocol and return its result.

        Raises `RuntimeError` with the browser's own words where it refuses.
        """
        self._count += 1
        message = {"id": self._count, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while True:
            reply = self._read()
            if reply.get("id") == self._count:
                if "error" in reply:
                    raise RuntimeError(f"{method}: {reply['error']}")
                return reply["result"]

    def wait_for(self, event: str) -> None:
        """Read on until the browser reports this event."""
        while self._read().get("method") != event:
            pass

    def _read(self) -> dict[str, Any]:
        end = time.monotonic() + SECONDS
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._from], [], [], max(0.0, end - time.monotonic()))
            if not ready:
                raise Silent(slow("sent nothing"))
            more = os.read(self._from, 1 << 16)
            if not more:
                raise Silent("the browser ended")
            self._rest += more
        one, _, self._rest = self._rest.partition(b"\0")
        found: dict[str, Any] = json.loads(one)
        return found

    def attach(self) -> None:
        """Take over the first page there is."""
        targets = self.ask("Target.getTargets")["targetInfos"]
        page = next(target["targetId"] for target in targets if target["type"] == "page")
        self._session = self.ask("Target.attachToTarget", targetId=page, flatten=True)["sessionId"]
        self.ask("Page.enable")

    def go(self, address: str) -> None:
        """Load an address and wait until everything on it is there."""
        self.ask("Page.navigate", url=address)
        self.wait_for("Page.loadEventFired")

    def run(self, script: str) -> Any:
        """The value of an expression on the page."""
        reply = self.ask("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in reply:
            raise RuntimeError(reply["exceptionDetails"]["exception"].get("description", "an exception"))
        return reply["result"].get("value")

    def comes_to(self, script: str, value: Any) -> bool:
        """Return whether an expression on the page gets this value in time: the page has its own work to do first."""
        return until(lambda: bool(self.run(script) == value))

    def press(self, key: str, shift: bool = False) -> None:
        """Press and let go of a key: ``ArrowRight``, ``Tab``, ``Home``."""
        for kind in ("rawKeyDown", "keyUp"):
            about = {"key": key, "code": key, "windowsVirtualKeyCode": _CODES[key], "modifiers": 8 * shift}
            self.ask("Input.dispatchKeyEvent", type=kind, **about)

    def type(self, text: str) -> None:
        """Type a text."""
        for sign in text:
            for kind, more in (("keyDown", {"text": sign}), ("keyUp", {})):
                self.ask("Input.dispatchKeyEvent", type=kind, key=sign, **more)

    def drag(self, x: float, y: float, by: float, kind: str = "mouse", shift: bool = False) -> None:
        """Press a mouse or a finger (``touch``) down at a place, move it sideways, and let go."""
        steps = [x + by * part for part in (0.25, 0.5, 0.75, 1.0)] if by else []
        if kind == "touch":
            self.ask("Emulation.setTouchEmulationEnabled", enabled=True)
            for name, place in [("touchStart", x), *(("touchMove", step) for step in steps)]:
                self.ask("Input.dispatchTouchEvent", type=name, touchPoints=[{"x": place, "y": y}])
            self.ask("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])
            self.ask("Emulation.setTouchEmulationEnabled", enabled=False)
            return
        events = [("mousePressed", x), *(("mouseMoved", step) for step in steps), ("mouseReleased", x + by)]
        for name, place in events:
            about = {"x": place, "y": y, "button": "left", "buttons": 1, "clickCount": 1, "modifiers": 8 * shift}
            self.ask("Input.dispatchMouseEvent", type=name, **about)

    def spoken(self) -> list[tuple[str, str]]:
        """What is read aloud, in order: the role and the name of everything that has a name."""
        self.ask("Accessibility.enable")
        tree = {node["nodeId"]: node for node in self.ask("Accessibility.getFullAXTree")["nodes"]}
        found, waiting = [], [next(iter(tree))]
        while waiting:
            node = tree.get(waiting.pop())
            if node is None:
                continue
            waiting.extend(reversed(node.get("childIds", [])))
            name = node.get("name", {}).get("value", "")
            if name and not node.get("ignored"):
                found.append((node["role"]["value"], name))
        return found

    def heard(self, selector: str) -> list[tuple[str, str]]:
        """What is read aloud of elements: the role and the name of each."""
        root = self.ask("DOM.getDocument")["root"]["nodeId"]
        found = []
        for node in self.ask("DOM.querySelectorAll", nodeId=root, selector=selector)["nodeIds"]:
            tree = self.ask("Accessibility.getPartialAXTree", nodeId=node, fetchRelatives=False)["nodes"]
            found.append((tree[0]["role"]["value"], tree[0].get("name", {}).get("value", "")))
        return found

    @contextmanager
    def frame(self, number: int) -> Iterator[Page]:
        """Act in a frame of the page, by its number; it is in a sandbox, and so in a process of its own."""
        root = self.ask("DOM.getDocument")["root"]["nodeId"]
        elements = self.ask("DOM.querySelectorAll", nodeId=root, selector="iframe")["nodeIds"]
        target = self.ask("DOM.describeNode", nodeId=elements[number])["node"]["frameId"]
        own, self._session = self._session, ""
        try:
            # The browser itself knows all its processes, once it has listed them.
            self.ask("Target.getTargets")
            self._session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
            yield self
        finally:
            self._session = own


_CODES = {"ArrowRight": 39, "ArrowLeft": 37, "ArrowUp": 38, "ArrowDown": 40, "Home": 36, "End": 35} | {
    "+": 187,
    "-": 189,
    "0": 48,
    "Tab": 9,
    "Enter": 13,
    "Escape": 27,
    " ": 32,
}


@contextmanager
def opened(place: Path | str) -> Iterator[Page]:
    """Open a page that shows a file, or what an address has, in a browser of its own with a new profile.

    A browser that does not start is started once more. Raises `RuntimeError` where there is no browser, and where it
    does not start either time.
    """
    page, close = _started()
    try:
        page.go(place if isinstance(place, str) else place.resolve().as_uri())
        yield page
    finally:
        close()


def _started() -> tuple[Page, Callable[[], None]]:
    """Return the page of a browser that has started, and the function that ends the browser."""
    for left in reversed(range(STARTS)):
        page, close = _start()
        try:
            page.attach()
            return page, close
        except (Silent, BrokenPipeError) as error:
            close()
            if not left:
                raise RuntimeError(f"the browser did not start, {STARTS} times: {error}") from error
    raise AssertionError("a browser is started at least once")


def _start() -> tuple[Page, Callable[[], None]]:
    program = chromium()
    if program is None:
        raise RuntimeError(HOW_TO_INSTALL)
    (theirs_in, ours_out), (ours_in, theirs_out) = os.pipe(), os.pipe()

    def as_the_browser_expects() -> None:
        # It reads from descriptor 3 and writes to 4, which may be taken: first out of the way.
        reading, writing = os.dup(theirs_in), os.dup(theirs_out)
        os.dup2(reading, 3)
        os.dup2(writing, 4)

    folder = tempfile.TemporaryDirectory(prefix="bpviz-browser-", ignore_cleanup_errors=True)
    browser = subprocess.Popen(
        [program, *FLAGS, "--remote-debugging-pipe", f"--user-data-dir={folder.name}/profile", "about:blank"],
        stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        close_fds=False,
        preexec_fn=as_the_browser_expects,
    )
    os.close(theirs_in)
    os.close(theirs_out)

    def close() -> None:
        browser.terminate()
        try:
            browser.wait(20)
        except subprocess.TimeoutExpired:
            browser.kill()
            browser.wait()
        os.close(ours_out)
        os.close(ours_in)
        folder.cleanup()

    return Page(ours_out, ours_in), close
