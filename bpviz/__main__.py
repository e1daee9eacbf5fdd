"""``python -m bpviz``, and the start of the command ``bpviz``."""

import os
import sys
from typing import Any


def start() -> None:
    """Run the command line; an interrupt while bpviz is loaded ends it as one while it draws does."""
    sys.unraisablehook = _interrupt_again
    try:
        _open_streams()
        from bpviz.cli import main

        main(prog_name="bpviz")
    except KeyboardInterrupt:
        _interrupted()
    except RuntimeError as error:
        # While a class is made, Python puts it around the interrupt.
        if not isinstance(error.__cause__, KeyboardInterrupt):
            raise
        _interrupted()


def _open_streams() -> None:
    """Open the standard streams that are closed, to nowhere: no file that is opened later gets their number."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115


def _interrupt_again(dropped: Any) -> None:
    """Interrupt once more where an interrupt came in a callback, from which Python lets no exception out."""
    if dropped.exc_type is not KeyboardInterrupt:
        sys.__unraisablehook__(dropped)
        return
    from _thread import interrupt_main
    from threading import Timer

    # Not here: this is still the callback.
    Timer(0.005, interrupt_main).start()


def _interrupted() -> None:
    try:
        sys.stderr.write("bpviz: interrupted; nothing was written\n")
        sys.stderr.flush()
    except OSError:
        pass
    finally:
        # Not sys.exit: threads that libraries have started need not be waited for.
        os._exit(130)


if __name__ == "__main__":
    start()
