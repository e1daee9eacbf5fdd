"""``np.vectorize``: a function of numbers is called for every element of a recorded array."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from types import FrameType
from typing import Any

from bpviz.doors.placing import opened
from bpviz.lazy import LazyModule
from bpviz.ops import OPERATIONS, shape_of
from bpviz.recording import refusals
from bpviz.recording.handle import HANDLES
from bpviz.writes.assignments import gathered, has_handles
from bpviz.writes.buffers import bare

__all__ = ["vectorized"]

np: Any = LazyModule("numpy")


def vectorized(original: Callable[..., Any]) -> Callable[..., Any]:
    """Return the door of the method that is called for the arrays."""

    @wraps(original)
    def door(self: Any, *args: Any, **keywords: Any) -> Any:
        if opened.recorder is None or not has_handles(args):
            return original(self, *args, **keywords)
        frame = sys._getframe(1)
        if keywords or self.signature is not None or self.excluded:
            raise refusals.unknown("np.vectorize with signature=, excluded= or named arguments", frame)
        return _each(self.pyfunc, self.otypes, tuple(map(gathered, args)), frame)

    return door


def _each(function: Callable[..., Any], types: Any, args: tuple[Any, ...], frame: FrameType) -> Any:
    args = tuple(x if type(x) in HANDLES else np.asarray(bare(x)) for x in args)
    shape = np.broadcast_shapes(*map(shape_of, args))
    spread = [x if shape_of(x) == shape else OPERATIONS["broadcast_to"](x, shape=shape) for x in args]
    places = list(np.ndindex(*shape))
    made = [function(*[x[place] if shape else x for x in spread]) for place in places]
    if not made or isinstance(made[0], tuple):
        raise refusals.unknown("np.vectorize with several results, or of an empty array", frame)
    if not types and not isinstance(made[0], float | np.floating):
        raise refusals.cannot_write(
            "np.vectorize takes the type of its first result for all, which is no float here; return 0.0, not 0", frame
        )
    line = gathered(made) if has_handles(made) else np.array(made)
    return OPERATIONS["reshape"](line, shape=shape)
