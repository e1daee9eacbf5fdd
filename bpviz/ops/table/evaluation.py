"""Computing a row with numbers: NaN and infinities are values, and Python's floats stay Python's floats."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from typing import Any, Protocol

from bpviz.lazy import LazyModule, imported
from bpviz.ops.table.values import plain

__all__ = ["computed", "evaluate", "pull", "silence"]

np: Any = LazyModule("numpy")


class _Row(Protocol):
    """The fields of a row that its computation needs (see `bpviz.ops.table.row.Operation`)."""

    @property
    def forward(self) -> Callable[..., Any]: ...

    @property
    def scalar(self) -> Callable[..., Any] | None: ...

    @property
    def keeping(self) -> Callable[..., tuple[Any, Any]] | None: ...


_silent = ContextVar("_silent", default=False)
"""Whether NumPy's warnings are already off: turning them off takes as long as a small operation."""


class silence:
    """Turn NumPy's warnings about NaN and infinities off for a ``with`` block.

    NumPy is not imported for this: without NumPy there are no warnings.

    >>> from bpviz import ops
    >>> with silence():
    ...     ops.divide.forward(np.ones(1), 0.0)
    array([inf])
    """

    __slots__ = ("_state", "_token")

    def __enter__(self) -> None:
        self._token = None
        if not _silent.get() and imported("numpy"):
            self._state = np.errstate(all="ignore")
            self._state.__enter__()
            self._token = _silent.set(True)

    def __exit__(self, *exception: object) -> None:
        if self._token is not None:
            _silent.reset(self._token)
            self._state.__exit__(*exception)


def evaluate(row: _Row, xs: Sequence[Any], parameters: Mapping[str, Any]) -> Any:
    """Return the forward value, which may be NaN or infinite; raise what NumPy itself raises (for shapes)."""
    if row.scalar is not None and not parameters:
        for x in xs:
            if type(x) is not float and type(x) is not bool:
                break
        else:
            try:
                return row.scalar(*xs)
            except (ArithmeticError, ValueError):
                xs = tuple(map(_as_numpy, xs))
    if _silent.get():
        try:
            value = row.forward(*xs, **parameters)
            return value if type(value) is np.ndarray and value.ndim else plain(value)
        except (ArithmeticError, TypeError):
            pass
    return plain(_done(row.forward, xs, parameters))


def computed(row: _Row, xs: Sequence[Any], parameters: Mapping[str, Any]) -> tuple[Any, Any]:
    """Return the forward value, and what the rules can use again (``None`` where the row keeps nothing)."""
    if row.keeping is None or (row.scalar is not None and all(type(x) is float for x in xs)):
        return evaluate(row, xs, parameters), None
    value, kept = _done(row.keeping, xs, parameters)
    return plain(value), kept


def _done(work: Callable[..., Any], xs: Sequence[Any], parameters: Mapping[str, Any]) -> Any:
    if not _silent.get():
        # Import NumPy now: only an imported module can be silenced.
        np.ndarray  # noqa: B018
        with silence():
            return _done(work, xs, parameters)
    # Python's floats stay Python's: with NumPy's floats, float32 arrays would all become float64.
    try:
        return work(*xs, **parameters)
    except (ArithmeticError, TypeError):
        return work(*map(_as_numpy, xs), **parameters)


def _as_numpy(x: Any) -> Any:
    """Return NumPy's number for Python's, or an array for a list: it gives inf or nan where Python's raises (1/0)."""
    kind = type(x)
    return np.float64(x) if kind is float or kind is int else np.asarray(x) if kind in (list, tuple) else x


def pull(rule: Callable[..., Any], g: Any, z: Any, xs: Sequence[Any], parameters: Mapping[str, Any]) -> Any:
    """Return one rule's gradient for numbers: inf or nan where Python's floats would raise (1/0)."""
    try:
        return rule(g, z, *xs, **parameters)
    except (ArithmeticError, ValueError):
        with np.errstate(all="ignore"):
            return plain(rule(*map(_as_numpy, (g, z, *xs)), **parameters))
