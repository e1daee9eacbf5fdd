"""The world of a model: its working directory, streams, signals and changes of Python's own modules are its own.

What a model does to the process counts while the model runs, and nowhere else: the picture is written to where the
command line says, and standard output holds nothing but the picture.
"""

from __future__ import annotations

import builtins
import importlib
import io
import os
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, NoReturn

from bpviz.errors import UsageError
from bpviz.files import MOVED

__all__ = ["world_of_the_model"]

# Python's own module of signals; the other one makes enumerations, which takes as long as a small figure.
_signal: Any = importlib.import_module("_signal")

_FREE = frozenset(
    {"print", "open", "input", "breakpoint", "exit", "quit", "help", "copyright", "credits", "license", "_"}
)
"""Built-in functions that a model may replace for itself: no figure is computed with them."""
_WATCHED = (
    "os",
    "posix",
    "nt",
    "posixpath",
    "ntpath",
    "io",
    "_io",
    "pathlib",
    "tempfile",
    "json",
    "shutil",
    "subprocess",
)
"""Modules with which files are written and programs are started."""


@contextmanager
def world_of_the_model() -> Iterator[None]:
    """Run the user's code; afterwards the process is as before, and the next such block begins as this one ends.

    Its prints go to standard error, whether they use ``print``, the descriptor or another program. Where bpviz is the
    program itself, that lasts: threads and exit handlers of the model cannot write into the picture either.

    Raises `UsageError` if the code has replaced a built-in function that bpviz needs.
    """
    if _world.depth:
        yield
        return
    _world.depth += 1
    _world.enter()
    try:
        yield
    except BaseException:
        _leave()
        raise
    _leave()


def _leave() -> None:
    _world.leave()
    _world.depth -= 1
    name = _world.replaced
    if name:
        raise UsageError(
            f"the model replaces the built-in {name!r}, with which bpviz computes; give it another name"
        ) from None


class _World:
    """The two states of the process: bpviz's, and the model's where that differs."""

    def __init__(self) -> None:
        self.depth = 0
        self.command: Any = None
        self.replaced = ""
        self.folder: str | None = None
        self.handlers: dict[int, Any] = {}
        self.changes: list[tuple[Any, dict[str, Any]]] = []
        self.filters: list[Any] | None = None
        self.leaving: list[Callable[[], None]] = []

    def enter(self) -> None:
        """Begin the model's state."""
        import click

        context = click.get_current_context(silent=True)
        command = None if context is None else context.find_root()
        if command is None or command is not self.command:
            # Another model, or the first.
            self.command, self.folder, self.handlers, self.changes, self.filters = command, None, {}, [], None
        # The last one is undone first: the others need Python's own functions.
        self.leaving = [_streams(), _signals(self), _folder(self), _path(), _ends(), _namespaces(self)]
        if command is not None:
            self.leaving.append(_settings(self))

    def leave(self) -> None:
        """Begin bpviz's own state again."""
        for put_back in reversed(self.leaving):
            put_back()
        self.leaving = []


_MISSING = object()


def _folder(world: _World) -> Callable[[], None]:
    """The working directory and ``sys.argv``."""
    before, arguments = _present_folder(), (sys.argv, list(sys.argv))
    if world.folder is not None:
        with suppress(OSError):
            os.chdir(world.folder)

    def put_back() -> None:
        now = _present_folder()
        world.folder = now if now != before else None
        if now != before and before is not None:
            with suppress(OSError):
                os.chdir(before)
        sys.argv = arguments[0]
        sys.argv[:] = arguments[1]

    return put_back


def _present_folder() -> str | None:
    try:
        return os.getcwd()
    except OSError:
        # It has been deleted.
        return None


def _path() -> Callable[[], None]:
    """The places of modules: the model may add some, but those of bpviz stay."""
    path, entries = sys.path, list(sys.path)

    def put_back() -> None:
        now = [entry for entry in sys.path if isinstance(entry, str)]
        sys.path = path
        path[:] = [*now, *(entry for entry in entries if entry not in now)]

    return put_back


def _signals(world: _World) -> Callable[[], None]:
    """The handlers of signals, and timers."""
    if threading.current_thread() is not threading.main_thread():
        return lambda: None
    known = [number for number in range(1, _signal.NSIG) if _handler(number) is not None]
    before = {number: _handler(number) for number in known}
    for number, handler in world.handlers.items():
        _signal.signal(number, handler)

    def put_back() -> None:
        world.handlers = {}
        alarm = getattr(_signal, "SIGALRM", 0)
        if alarm and _handler(alarm) is not before.get(alarm):
            # Whoever runs bpviz may have a timer too.
            _signal.setitimer(_signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            now = _handler(number)
            if now is not handler and now is not None:
                world.handlers[number] = now
                _signal.signal(number, handler)

    return put_back


def _handler(number: int) -> Any:
    try:
        return _signal.getsignal(number)
    except ValueError:
        return None


def _settings(world: _World) -> Callable[[], None]:
    """The filters of warnings, the rights of new files, and how deep calls may be, if the model lowers it."""
    depth, mask = sys.getrecursionlimit(), os.umask(0o077)
    os.umask(mask)
    kept = warnings.catch_warnings()
    kept.__enter__()
    if world.filters is not None:
        warnings.filters[:] = world.filters  # type: ignore[index]

    def put_back() -> None:
        filters: Any = warnings.filters
        world.filters = list(filters)
        kept.__exit__(None, None, None)
        # While Python ends, it uses the list that it has used last.
        filters[:] = warnings.filters
        os.umask(mask)
        # It may have made room for bpviz as well.
        sys.setrecursionlimit(max(depth, sys.getrecursionlimit()))

    return put_back


def _namespaces(world: _World) -> Callable[[], None]:
    """Built-in functions, and the modules with which files are written."""
    modules = [sys.modules[name] for name in _WATCHED if name in sys.modules]
    spaces: list[Any] = [builtins, *modules]
    pathlib = sys.modules.get("pathlib")
    if pathlib is not None:
        spaces += [pathlib.PurePath, pathlib.Path, type(pathlib.Path())]
    kept = [(space, dict(vars(space))) for space in spaces]
    usual = kept[0][1]
    for space, changes in world.changes:
        _change(space, changes)

    def put_back() -> None:
        # This may be another len, or another dict.
        mine = builtins.__dict__.copy()
        builtins.__dict__.update(usual)
        world.changes, world.replaced = [], ""
        for space, before in kept:
            now = mine if space is builtins else dict(vars(space))
            changes = {name: now.get(name, _MISSING) for name in before if now.get(name, _MISSING) is not before[name]}
            if changes:
                _change(space, {name: before[name] for name in changes})
                world.changes.append((space, changes))
            if space is builtins:
                world.replaced = next((name for name in changes if name not in _FREE), "")

    return put_back


def _change(space: Any, changes: dict[str, Any]) -> None:
    for name, value in changes.items():
        if value is _MISSING:
            type.__delattr__(space, name) if isinstance(space, type) else space.__dict__.pop(name, None)
        elif isinstance(space, type):
            type.__setattr__(space, name, value)
        else:
            space.__dict__[name] = value


def _ends() -> Callable[[], None]:
    """``os._exit`` and the like: the end of the process would pass for success, without a picture."""
    mine, ends = os.getpid(), {name: getattr(os, name) for name in _ENDS if hasattr(os, name)}

    def guarded(name: str, end: Any) -> Any:
        def called(*arguments: Any) -> NoReturn:
            if os.getpid() != mine:
                # In a child, which ends in this way.
                end(*arguments)
            os.write(2, f"bpviz: the model called os.{name}(); nothing was written\n".encode())
            ends["_exit"](1)
            raise SystemExit(1)

        return called

    guards = {name: guarded(name, end) for name, end in ends.items()}
    _change(os, guards)

    def put_back() -> None:
        _change(os, {name: ends[name] for name, guard in guards.items() if getattr(os, name, None) is guard})

    return put_back


_ENDS = ("_exit", "execv", "execve")


# Streams


def _streams() -> Callable[[], None]:
    """Standard output and standard error."""
    out, err = sys.stdout, sys.stderr
    if _is_descriptor(out, 1) and (err is None or _is_descriptor(err, 2)):
        _own.take(out, err)
        out = sys.stdout
    if isinstance(out, _Results):
        _own.quiet += 1
    elif out is not None:
        sys.stdout = err
    result, message = sys.stdout, sys.stderr

    def put_back() -> None:
        if isinstance(out, _Results):
            _own.quiet -= 1
            _own.after_handlers()
        with suppress(Exception):
            # What the model has not written yet, into a stream of its own.
            if sys.stdout not in (result, None):
                sys.stdout.flush()
        sys.stdout, sys.stderr = _own.out or out, _own.err or message

    return put_back


def _is_descriptor(stream: Any, number: int) -> bool:
    try:
        return type(stream).__module__ == "_io" and bool(stream.fileno() == number)
    except (OSError, ValueError, AttributeError):
        return False


class _Own:
    """The streams of the program, apart from the descriptors 1 and 2, which are the model's from now on."""

    def __init__(self) -> None:
        self.out: _Results | None = None
        self.err: Any = None
        # Whether the model runs now, or has the last word.
        self.quiet = 0

    def take(self, out: Any, err: Any) -> None:
        """Take the descriptors away from the model: it writes to standard error instead of standard output."""
        import click

        context = click.get_current_context(silent=True)
        if context is None or context.parent is None:
            # In a program of someone else's, such as the builder of a document.
            return
        out.flush()
        private = os.dup(1)
        stream = os.fdopen(private, "w", encoding=out.encoding, errors=out.errors, newline="")
        self.out = sys.stdout = _Results(stream, out)
        MOVED[1] = private
        if err is None:
            # Standard error is closed: then nobody hears the model.
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            return
        os.dup2(2, 1)
        message = MOVED[2] = os.dup(2)
        # Without a buffer: what a full disk refuses would be written again at the end.
        raw: Any = io.FileIO(message, "w")
        self.err = sys.stderr = io.TextIOWrapper(raw, err.encoding, "backslashreplace", write_through=True)

    def after_handlers(self) -> None:
        """Let what the model does at exit be heard on standard error: this handler comes before its own."""
        import atexit

        atexit.register(self._end)

    def _end(self) -> None:
        if self.out is not None:
            self.out.finish()
        self.quiet += 1


class _Results:
    """Standard output: bpviz's results from its own thread, and standard error for all that the model prints."""

    def __init__(self, stream: Any, usual: Any) -> None:
        self._stream, self._usual, self._thread = stream, usual, threading.get_ident()

    def finish(self) -> None:
        """Write what is left; where its reader has gone, to nowhere, so that Python does not try again."""
        try:
            self._stream.flush()
        except (OSError, ValueError):
            with suppress(OSError, ValueError):
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, self._stream.fileno())
                os.close(nowhere)

    def _chosen(self) -> Any:
        return self._usual if _own.quiet or threading.get_ident() != self._thread else self._stream

    def write(self, text: str) -> int:
        """Write a text."""
        stream = self._chosen()
        written: int = stream.write(text)
        if stream is self._usual:
            stream.flush()
        return written

    def writelines(self, lines: Any) -> None:
        """Write several texts."""
        for line in lines:
            self.write(line)

    @property
    def buffer(self) -> Any:
        """The stream of bytes."""
        return self._chosen().buffer

    def fileno(self) -> int:
        """Return the descriptor."""
        number: int = self._chosen().fileno()
        return number

    def __getattr__(self, name: str) -> Any:
        return getattr(self._chosen(), name)


_own = _Own()
_world = _World()
