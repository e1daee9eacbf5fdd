"""The functions of SciPy that are written in Python; its ufuncs (``scipy.special.expit``) need no door."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

from bpviz import ops
from bpviz.doors.placing import Door
from bpviz.recording.handle import HANDLES
from bpviz.recording.numpy_calls import composed
from bpviz.writes.assignments import gathered, has_handles

__all__ = ["of_norm", "of_special"]

_getframe = sys._getframe


def of_special(special: Any) -> Iterator[Door]:
    """Make the doors of ``scipy.special``."""
    for name in ("logsumexp", "softmax", "log_softmax"):
        yield special, name, _door(f"scipy.special.{name}", getattr(special, name))


def of_norm(stats: Any) -> Iterator[Door]:
    """Make the doors of the methods of ``scipy.stats.norm``, at its class."""
    norm = type(stats.norm)
    for name in ("pdf", "cdf", "sf", "logpdf", "logcdf"):
        yield norm, name, _door(f"scipy.stats.norm.{name}", getattr(norm, name), method=True)


def _door(name: str, original: Callable[..., Any], *, method: bool = False) -> Callable[..., Any]:
    function = ops.composite(name)
    assert function is not None

    @wraps(original)
    def door(*args: Any, **keywords: Any) -> Any:
        values = (*args, *keywords.values())
        if not has_handles(values):
            return original(*args, **keywords)
        args = tuple(map(gathered, args[1:] if method else args))
        keywords = {key: gathered(value) for key, value in keywords.items()}
        found = next(x for x in (*args, *keywords.values()) if type(x) in HANDLES)
        return composed(found.recorder, function, args, keywords, _getframe(1))

    return door
