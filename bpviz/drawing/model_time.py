"""A time limit for the user's code, for builders of documents: a model that hangs does not stop them for ever."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from types import FrameType

from bpviz.errors import ModelFailed

__all__ = ["ModelTooLong", "limited_model"]

_AGAIN, _PATIENCE = 0.5, 10
"""A model that catches the exception gets it again after so many seconds, and so many times."""


class ModelTooLong(BaseException):
    """The model took too long. It is no `Exception`, so that an ``except Exception`` of the model lets it through."""


@contextlib.contextmanager
def limited_model(seconds: float | None) -> Iterator[None]:
    """Limit what is inside to so many seconds; ``None`` is no limit.

    In the main thread of POSIX it also interrupts a model that sleeps or waits. A model that catches the exception
    again and again, and C code that does not return, end the process after some seconds more, with a message.

    Raises `ModelFailed`.
    """
    if seconds is None:
        yield
        return
    by_signal = hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()
    limit = (_Alarm if by_signal else _Watch)(seconds)
    try:
        try:
            yield
        finally:
            limit.stop()
    except ModelTooLong as error:
        raise ModelFailed(str(error), "") from None


def _message(seconds: float) -> str:
    return f"the model took longer than {seconds:g} s and was stopped; allow it more: --model-timeout {2 * seconds:g}"


class _Limit:
    """Raises `ModelTooLong` in the thread that made it, and ends the process if that does not help."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.times = 0
        self.thread = threading.get_ident()
        self.done = threading.Event()
        self.start()
        threading.Thread(target=self._guard, daemon=True).start()

    def start(self) -> None:
        """Start the time."""
        raise NotImplementedError

    def stop(self) -> None:
        """Stop the time."""
        self.done.set()

    def _guard(self) -> None:
        if not self.done.wait(self.seconds + _AGAIN * _PATIENCE + 5):
            self._end()

    def _end(self) -> None:
        os.write(2, f"bpviz: {_message(self.seconds)}; nothing was written\n".encode())
        os._exit(ModelFailed.exit_code)


class _Alarm(_Limit):
    """By a signal: in the main thread of POSIX."""

    def start(self) -> None:
        self.old = signal.signal(signal.SIGALRM, self._ring)
        self.timer = signal.setitimer(signal.ITIMER_REAL, self.seconds, _AGAIN)

    def stop(self) -> None:
        super().stop()
        signal.setitimer(signal.ITIMER_REAL, *self.timer)
        signal.signal(signal.SIGALRM, self.old)

    def _ring(self, number: int, frame: FrameType | None) -> None:
        if self.done.is_set() or _is_ending(frame):
            # It rings again.
            return
        self.times += 1
        if self.times > _PATIENCE:
            self._end()
        raise ModelTooLong(_message(self.seconds))


def _is_ending(frame: FrameType | None) -> bool:
    """Return whether the limit is being left: what is raised now would leave its timer on."""
    if frame is not None and frame.f_code is contextlib._GeneratorContextManager.__exit__.__code__:
        return True
    # The generator is on the stack only before and after the model runs.
    while frame is not None and frame.f_code is not limited_model.__wrapped__.__code__:  # type: ignore[attr-defined]
        frame = frame.f_back
    return frame is not None


class _Watch(_Limit):
    """By another thread: everywhere else."""

    def start(self) -> None:
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        # Imported where there is a limit, for it takes 3 ms.
        import ctypes

        pause = self.seconds
        while not self.done.wait(pause):
            self.times += 1
            if self.times > _PATIENCE:
                self._end()
            message = _message(self.seconds)
            # It is raised as a class: its message comes from the constructor.
            raised = type("ModelTooLong", (ModelTooLong,), {"__str__": lambda error, message=message: message})
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self.thread), ctypes.py_object(raised))
            pause = _AGAIN
