"""The parameters of a function by name, with the values of a call."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import FunctionType
from typing import Any

from bpviz import nn, ops
from bpviz.errors import UsageError
from bpviz.lazy import LazyModule

__all__ = ["inputs_of", "like", "parameters_of", "title_of"]

np: Any = LazyModule("numpy")

CO_VARARGS, CO_VARKEYWORDS = 4, 8  # of a code object's flags, as `inspect` names them


def parameters_of(fn: Any) -> tuple[str, ...]:
    """Return the names of a function's parameters; none for a graph, or a function without a signature.

    >>> parameters_of(lambda price, tax=1.1: price * tax)
    ('price', 'tax')
    """
    import inspect

    try:
        return tuple(inspect.signature(fn).parameters)
    except (TypeError, ValueError):
        return ()


def title_of(fn: Any) -> str:
    """Return the name of a function; empty if it has none."""
    while not hasattr(fn, "__name__") and hasattr(fn, "func"):
        # functools.partial
        fn = fn.func
    title = getattr(fn, "__name__", "") or type(fn).__name__
    return "" if title == "<lambda>" else title


def inputs_of(
    fn: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> tuple[list[tuple[str, Any]], dict[str, Any]]:
    """Return the parameters with their values: by position (``*parts`` as ``parts[0]``, …), and by keyword.

    Raises `UsageError` if a parameter has no value, or there are more values than parameters.
    """
    if not callable(fn):
        raise UsageError(f"a function is needed, but got {fn!r}")
    written, module = type(fn) is FunctionType, getattr(fn, "__module__", None) or ""
    if module.startswith("numpy") or not written:
        if type(fn).__module__ == "numpy" or module.partition(".")[0] == "numpy":
            # For NumPy's own functions only what is given; their other parameters (out=, dtype=) are no numbers.
            return [(f"x{i}" if len(args) > 1 else "x", value) for i, value in enumerate(args)], dict(kwargs)
    elif module == nn.__name__ and fn.__name__ in nn.__all__:
        # The same for a layer: a parameter with a default is no number that flows.
        return list(zip(fn.__code__.co_varnames, args, strict=False)), dict(kwargs)
    if written and not kwargs and not hasattr(fn, "__wrapped__"):
        simple = _simple_inputs(fn, args)
        if simple is not None:
            return simple, {}
    import inspect

    try:
        signature = inspect.signature(fn)
    except ValueError:
        # Functions written in C may have no signature.
        return [(f"x{i}", value) for i, value in enumerate(args)], dict(kwargs)
    try:
        bound = signature.bind_partial(*args, **kwargs)
    except TypeError as error:
        raise UsageError(f"{title_of(fn) or '<lambda>'}{signature}: {error}") from None
    bound.apply_defaults()
    positional: list[tuple[str, Any]] = []
    keywords: dict[str, Any] = {}
    for key, parameter in signature.parameters.items():
        if parameter.kind is parameter.VAR_POSITIONAL:
            positional += _numbered(key, bound.arguments[key])
        elif parameter.kind is parameter.VAR_KEYWORD:
            keywords.update(bound.arguments[key])
        elif key not in bound.arguments:
            raise UsageError(
                f"the parameter {key!r} of {title_of(fn) or '<lambda>'} has no value; give it a default ({key}=1.0), "
                "or a value when it is called"
            )
        elif parameter.kind is parameter.KEYWORD_ONLY:
            keywords[key] = bound.arguments[key]
        else:
            positional.append((key, bound.arguments[key]))
    return positional, keywords


def _simple_inputs(fn: Any, args: tuple[Any, ...]) -> list[tuple[str, Any]] | None:
    """Return `inputs_of` for the common case: plain parameters that all have a value. It is faster."""
    code = fn.__code__
    count, flags = code.co_argcount, code.co_flags
    if code.co_kwonlyargcount or flags & CO_VARKEYWORDS or (len(args) > count and not flags & CO_VARARGS):
        return None
    names, values = code.co_varnames, args
    if len(args) < count:
        values += (fn.__defaults__ or ())[len(args) - count :]
    if len(values) < count:
        return None
    pairs = list(zip(names[:count], values, strict=False))
    return pairs + _numbered(names[count], values[count:]) if flags & CO_VARARGS else pairs


def _numbered(key: str, parts: Sequence[Any]) -> list[tuple[str, Any]]:
    return [(f"{key}[{i}]", part) for i, part in enumerate(parts)]


def like(value: Any, before: Any) -> Any:
    """Return a value for a parameter; a list in place of an array, or of a number, becomes an array."""
    if isinstance(value, list | tuple) and not isinstance(before, Iterable):
        return np.asarray(value, dtype=np.float64)
    if isinstance(value, list | tuple) and hasattr(before, "dtype"):
        return np.asarray(value, dtype=before.dtype if ops.shape_of(before) else None)
    return value
