"""The sources: who records a target of another framework.

A source is a module (or any object) with two functions:

- ``handles(thing) -> bool``: whether a thing is one of its framework: a tensor, a module, a compiled function, the
  framework's own Python module. It is called with the target, and with what the target is given and refers to.
- ``record(thing, *args, **kwargs) -> Flow``: run the thing once with these arguments and return its flow
  (`bpviz.sources.steps`). Arguments may be NumPy arrays and numbers; the source makes tensors of them. Nothing of the
  user's is changed, also if the thing raises.

It may have more:

- ``parameters(thing) -> tuple[str, ...]``: the names of what a thing takes, where `inspect.signature` does not say so
  (``forward`` of a module).
- ``recording() -> ContextManager``: for ``with bpviz.recording():``; ``record(tensor)`` then draws a value made inside.
- ``load(path) -> thing``: for files that are targets (``net.onnx``).

Ours are found by the name of the package that a class comes from, and imported only then. Others are entry points of
the group ``bpviz.sources``, whose name is that of the package: ``mxnet = "bpviz_mxnet.source"``.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack
from functools import cache
from importlib import import_module
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any, Protocol, cast

from bpviz.code_files import is_library
from bpviz.errors import ExtraMissing, UsageError
from bpviz.graph.flow import Flow
from bpviz.recording.source import add_framework

__all__ = [
    "Source",
    "extra_for",
    "named_source",
    "parameters_of_foreign",
    "recording",
    "required_of_foreign",
    "source_for",
]


class Source(Protocol):
    """What records the targets of one framework."""

    def handles(self, thing: Any) -> bool:
        """Return whether a thing is one of its framework."""

    def record(self, thing: Any, /, *args: Any, **kwargs: Any) -> Flow:
        """Run a thing once and return its flow."""


_OURS = {"torch": "torch", "jax": "jax", "jaxlib": "jax", "flax": "jax", "onnx": "onnx"}
"""The packages whose things our own sources record, with the modules of these."""
_PLAIN = frozenset({"builtins", "numpy", "scipy", "bpviz", "__main__", *sys.stdlib_module_names})
"""The packages whose things need no source."""
_DEEPEST = 6
"""How deep lists, dicts and functions that functions call are looked through."""
_MANY = 1000
"""The most things that are looked at."""


def source_for(thing: Any, args: tuple[Any, ...] = (), keywords: Mapping[str, Any] | None = None) -> Source | None:
    """Return the source that records a thing with these arguments; ``None`` if it is a matter of NumPy and Python.

    >>> source_for(lambda x=3.0: x * x) is None
    True

    Raises `ExtraMissing` where the source itself needs a package that is not installed.
    """
    for one in _met(thing, args, keywords or {}):
        source = _source_of(_package_of(one))
        if source is not None and source.handles(one):
            return source
    return None


def named_source(package: str) -> Source:
    """Return the source for the things of a package.

    Raises `UsageError` if there is none, and `ExtraMissing` if it needs a package that is not installed.
    """
    source = _source_of(package)
    if source is None:
        raise UsageError(f"no source records the things of {package}; there are: {', '.join(_OURS)}")
    return source


def extra_for(module: str) -> str:
    """Return the extra of bpviz that installs a module that is missing; empty if none does.

    >>> extra_for("torch"), extra_for("torch.missing"), extra_for("pandas")
    ('torch', '', '')
    """
    return module if _OURS.get(module) == module else ""


def parameters_of_foreign(thing: Any) -> tuple[str, ...] | None:
    """Return the names of what a thing of another framework takes; ``None`` where its signature says them.

    >>> parameters_of_foreign(lambda x=3.0: x) is None
    True
    """
    source = None if isinstance(thing, FunctionType) else source_for(thing)
    names = getattr(source, "parameters", None)
    return None if names is None else tuple(names(thing))


def required_of_foreign(thing: Any) -> tuple[str, ...]:
    """Return the names of what a thing of another framework must be given, since there is no default.

    >>> required_of_foreign(lambda x: x)
    ()
    """
    import inspect

    if source_for(thing) is None:
        return ()
    names = parameters_of_foreign(thing) or ()
    try:
        parameters = inspect.signature(getattr(thing, "forward", thing)).parameters
    except (TypeError, ValueError):
        return names
    known = [one for one in parameters.values() if one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)]
    # A source may have names of its own for them.
    titles = names if len(names) == len(known) else tuple(one.name for one in known)
    found = [title for title, one in zip(titles, known, strict=True) if one.default is one.empty]
    return tuple(title for title in found if not names or title in names)


def recording() -> AbstractContextManager[object]:
    """Record what frameworks do in this block, so that values made in it can be drawn with all their steps::

        with bpviz.recording():
            loss = cross_entropy(net(x), t)
        bpviz.draw(loss)

    Raises `UsageError` if no framework is imported that could be recorded.
    """
    stack, found = ExitStack(), False
    with stack:
        for package in [name for name in _OURS if name in sys.modules]:
            begin = getattr(_source_of(package), "recording", None)
            if begin is not None:
                stack.enter_context(begin())
                found = True
        for name in _entry_points():
            begin = getattr(_source_of(name), "recording", None) if name in sys.modules else None
            if begin is not None:
                stack.enter_context(begin())
                found = True
        if not found:
            raise UsageError(
                "nothing is imported that could be recorded in a block; import torch before it, or draw a function: "
                "bpviz.draw(f)"
            )
        return stack.pop_all()


def _source_of(package: str) -> Source | None:
    """Return the source of a package; ``None`` if nobody records its things."""
    if package in _PLAIN:
        return None
    if package in _OURS:
        return _ours(package)
    module = sys.modules.get(package)
    if module is None or not is_library(getattr(module, "__file__", None) or ""):
        # The user's own modules; entry points are only read for installed packages, since that takes a while.
        return None
    return _theirs(package)


@cache
def _ours(package: str) -> Source:
    name = _OURS[package]
    try:
        return cast(Source, import_module(f"bpviz.sources.{name}"))
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing in ("", "bpviz"):
            raise
        raise ExtraMissing(
            f"figures of {package} need {missing}, which is not installed; install it: pip install 'bpviz[{name}]'"
        ) from None


@cache
def _theirs(package: str) -> Source | None:
    entry = _entry_points().get(package)
    if entry is None:
        return None
    add_framework(package)
    return cast(Source, entry.load())


@cache
def _entry_points() -> dict[str, Any]:
    from importlib.metadata import entry_points

    return {entry.name: entry for entry in entry_points(group="bpviz.sources")}


def _package_of(thing: Any) -> str:
    """Return the name of the package that a thing, or one of the classes of its class, comes from.

    >>> _package_of(len), _package_of(sys), _package_of(3.0)
    ('builtins', 'sys', 'builtins')
    """
    if isinstance(thing, ModuleType):
        return thing.__name__.partition(".")[0]
    if isinstance(thing, FunctionType | BuiltinFunctionType):
        return (thing.__module__ or "builtins").partition(".")[0]
    classes = thing.__mro__ if isinstance(thing, type) else type(thing).__mro__
    packages = [one.__module__.partition(".")[0] for one in classes]
    return next(
        (name for name in packages if name in _OURS), next((n for n in packages if n not in _PLAIN), "builtins")
    )


def _met(thing: Any, args: tuple[Any, ...], keywords: Mapping[str, Any]) -> Iterator[Any]:
    """Iterate over what decides: the target, its arguments, and what the target refers to; each once."""
    todo: list[tuple[Any, int]] = [(thing, 0), *((one, 0) for one in (*args, *keywords.values()))]
    seen: set[int] = set()
    for one, depth in todo:
        if id(one) in seen or len(seen) > _MANY:
            continue
        seen.add(id(one))
        kind = type(one)
        if kind in _SIMPLE or kind.__module__ == "numpy":
            continue
        if kind not in _CONTAINERS:
            yield one
        if depth < _DEEPEST:
            parts = one[:_MANY] if kind is tuple or kind is list else _parts(one)
            todo += [
                (part, depth + 1)
                for part in parts
                # A table of numbers has many rows.
                if type(part) not in _SIMPLE and not (type(part) is tuple and _SIMPLE.issuperset(map(type, part)))
            ]


_SIMPLE = frozenset({float, int, bool, str, bytes, complex, type(None)})
_CONTAINERS = frozenset({list, tuple, dict})
"""Those of Python itself: only what is in them may need a source."""


def _parts(thing: Any) -> Iterator[Any]:
    """Iterate over what a thing refers to: values of a container, what a function names, what an object holds."""
    if isinstance(thing, list | tuple):
        yield from thing[:_MANY]
    elif isinstance(thing, Mapping):
        yield from thing.values()
    elif isinstance(thing, MethodType):
        yield from (thing.__self__, thing.__func__)
    elif isinstance(thing, FunctionType):
        if is_library(thing.__code__.co_filename):
            # What a library's function refers to is that library's own affair.
            return
        yield from _values_of(thing)
    elif isinstance(wrapped := getattr(thing, "func", None), Callable) and hasattr(thing, "keywords"):  # type: ignore[arg-type]
        # functools.partial
        yield from (wrapped, *getattr(thing, "args", ()), *thing.keywords.values())
    elif not isinstance(thing, type | ModuleType) and not is_library(_file_of(type(thing))):
        yield from getattr(thing, "__dict__", {}).values()
        call = next((vars(one)["__call__"] for one in type(thing).__mro__ if "__call__" in vars(one)), None)
        if isinstance(call, FunctionType):
            yield call


def _values_of(function: FunctionType) -> Iterator[Any]:
    """Iterate over the defaults of a function, and the values of the variables outside of it that it names."""
    yield from function.__defaults__ or ()
    yield from (function.__kwdefaults__ or {}).values()
    for cell in function.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:
            # A variable that has no value yet.
            continue
    names = function.__globals__
    codes = [function.__code__]
    for code in codes:
        yield from (names[name] for name in code.co_names if name in names)
        codes += [constant for constant in code.co_consts if hasattr(constant, "co_names")]
    if hasattr(function, "__wrapped__"):
        yield function.__wrapped__


def _file_of(cls: type) -> str:
    module = sys.modules.get(cls.__module__)
    return "<frozen" if cls.__module__ in _PLAIN - {"__main__"} else getattr(module, "__file__", None) or ""
