"""What a TARGET on the command line stands for: a function, a graph, a flow or a drawing in somebody's file.

To load a model is to run its file, as pytest and uvicorn do with theirs.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import field, replace
from pathlib import Path
from types import FunctionType, MethodType, ModuleType
from typing import Any, cast

from bpviz.drawing.drawing import Drawing
from bpviz.drawing.models import imported_module, run_source
from bpviz.errors import UsageError, closest, did_you_mean
from bpviz.frozen import dataclass
from bpviz.graph.flow import Flow
from bpviz.graph.graph import Graph
from bpviz.objects.held import is_object
from bpviz.sources.registry import named_source, parameters_of_foreign, required_of_foreign, source_for

__all__ = ["Loaded", "Source", "Target", "arguments_of", "chosen", "decoded", "file_of", "load", "stem_of"]

Thing = Callable[..., Any] | Graph | Flow | Drawing


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was found, and the name that its picture takes (``apples`` for ``apples.py``).

    ``arguments`` are variables of its file that a thing of another framework is run with: ``x`` for ``forward(self,
    x)``.
    """

    thing: Thing
    stem: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Source:
    """The text of a model that is in no file of its own: where it was read, and the folder that it may import from.

    ``wanted`` is the name of the thing in it that is meant; empty where there is only one.
    """

    text: str
    where: str
    folder: Path
    wanted: str = ""

    def named(self, name: str) -> Source:
        """Return the same text, of which the thing of that name is meant."""
        return replace(self, wanted=name)


Target = str | Source | Loaded
"""What can be loaded; what is loaded already is taken as it is."""


def load(target: Target) -> Loaded:
    """Return the thing that ``FILE.py[:NAME]``, ``package.module:NAME``, ``-`` (standard input) or ``FILE.json`` names.

    Raises `UsageError` when the file, the name or anything to draw is missing, or when there are several and none is
    called ``main``. What the file itself raises passes through.
    """
    if isinstance(target, Loaded):
        return target
    if isinstance(target, str) and _divided(target)[0] == "-":
        if sys.stdin is None or sys.stdin.closed:
            raise UsageError("standard input is closed; name a FILE.py, or write: bpviz render - < FILE.py")
        target = Source(_text_of_stdin(), "standard input", Path.cwd(), _divided(target)[1])
    if isinstance(target, Source):
        module = run_source(f"<{target.where}>", target.text, target.folder)
        return _found(module, target.wanted, target.where, target.wanted or stem_of("-"))
    (path, name), file = _divided(target), file_of(target)
    if file is None:
        return _found(imported_module(path), name, path, stem_of(target))
    if file.suffix.lower() == ".json":
        from bpviz.graph.archive import loaded

        return Loaded(loaded(_read(file), str(file)), stem_of(target))
    if file.suffix.lower() == ".onnx":
        source: Any = named_source("onnx")
        return Loaded(source.load(file), stem_of(target))
    text = _read(file)
    return _found(run_source(str(file), text, file.resolve().parent), name, str(file), stem_of(target))


def _found(module: ModuleType, name: str, where: str, stem: str) -> Loaded:
    thing = chosen(module, name, where)
    return Loaded(thing, stem, arguments_of(thing, vars(module)))


def arguments_of(thing: Any, variables: Mapping[str, Any]) -> dict[str, Any]:
    """Return the variables of a file that a thing of another framework must be given."""
    if isinstance(thing, Graph | Flow | Drawing):
        return {}
    return {name: variables[name] for name in required_of_foreign(thing) if name in variables}


def stem_of(target: str) -> str:
    """Return the name that the picture of a target takes, without running it.

    >>> stem_of("gallery/apples.py:total"), stem_of("package.module:loss"), stem_of("-")
    ('apples', 'loss', 'figure')
    """
    file, (path, name) = file_of(target), _divided(target)
    if file is not None:
        return file.stem
    return name or ("figure" if path == "-" else path.rpartition(".")[2])


def file_of(target: str) -> Path | None:
    """Return the file that a target names; ``None`` for a module, and for standard input.

    >>> file_of("gallery/apples.py:total").name, file_of("package.module:loss")
    ('apples.py', None)
    """
    path = _divided(target)[0]
    file = Path(path)
    named = file.suffix.lower() in (".py", ".json", ".onnx") or os.sep in path or file.exists()
    return file if named and path != "-" else None


def _divided(target: str) -> tuple[str, str]:
    """Return the file or module, and the name after the last colon, if that is not the colon of a drive letter."""
    if Path(target).exists():
        return target, ""
    path, colon, name = target.rpartition(":")
    if not colon or len(path) == 1 or "/" in name or "\\" in name:
        return target, ""
    return path, name


def _read(file: Path) -> str:
    if file.is_dir():
        raise UsageError(f"{str(file)!r} is a folder; name a file in it, for example {file / 'model.py'}")
    if file.is_char_device() or file.is_block_device():
        raise UsageError(f"{str(file)!r} is a device, which may have no end; name a file, or - for standard input")
    try:
        return decoded(file.read_bytes(), str(file))
    except FileNotFoundError:
        if not file.parent.is_dir():
            where = f"for there is no folder {str(file.parent)!r}; check the path, or the folder you are in"
            raise UsageError(f"there is no file {str(file)!r}, {where}") from None
        # Suffixes are alike enough to make any two short names close.
        known = {entry.stem: entry for entry in file.parent.iterdir() if entry.suffix in (".py", ".json")}
        close = closest(file.stem, known)
        hint = f"did you mean {str(known[close])!r}?" if close else "check the path, or the folder you are in"
        raise UsageError(f"there is no file {str(file)!r}; {hint}") from None
    except OSError as error:
        raise UsageError(f"{str(file)!r} cannot be read: {error.strerror or error}") from None


def _text_of_stdin() -> str:
    return decoded(sys.stdin.buffer.read(), "standard input")


def decoded(data: bytes, where: str) -> str:
    """Return the text of a source: UTF-8, or what the comment in its first lines says, as Python reads it.

    >>> decoded(b"# -*- coding: latin-1 -*-\\nprice = 1  # \\xa3", "apples.py")[-1]
    '£'

    Raises `UsageError` if it is no such text.
    """
    encoding, shown = "utf-8-sig", where if where == "standard input" else repr(where)
    if b"coding" in b"".join(data.splitlines()[:2]):
        import io
        import tokenize

        try:
            encoding = tokenize.detect_encoding(io.BytesIO(data).readline)[0]
        except SyntaxError as error:
            raise UsageError(f"{shown} cannot be read: {error.msg}; name an encoding that Python knows") from None
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        if encoding != "utf-8-sig":
            raise UsageError(f"{shown} is not {encoding} text (byte {error.start}), as its first lines say") from None
        raise UsageError(f"{shown} is not UTF-8 text (byte {error.start}); save it as UTF-8") from None
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise UsageError(f"{shown} has a NUL character in line {line}, which no Python source can have; delete it")
    # As a file that is opened as text; some editors also begin with a mark of the encoding.
    return text.replace("\r\n", "\n").replace("\r", "\n").removeprefix("\ufeff")


def chosen(
    module: ModuleType, name: str, where: str, before: str = "", variables: Mapping[str, Any] | None = None
) -> Thing:
    """Return what of a module is drawn: the thing of that name; without a name ``main``, or the only one there is.

    In messages the module is called ``where``, and what stands ``before`` a name is how one is chosen in it. A model of
    another framework takes what it must be given from ``variables``, by default those of the module.

    Raises `UsageError` when there is none, or several.
    """
    names, before = vars(module), before or f"{where}:"
    variables = names if variables is None else variables
    if name:
        head, *attributes = name.split(".")
        if head not in names:
            there = f"it has: {_listed(_candidates(module)) or 'nothing to draw'}"
            hint = did_you_mean(head, names, there)
            raise UsageError(f"{where} has no {head!r}; {hint}")
        thing, before_it = names[head], head
        for attribute in attributes:
            if not hasattr(thing, attribute):
                hint = did_you_mean(attribute, dir(thing), f"name one of its methods: {_listed(_methods(thing))}")
                raise UsageError(f"{before_it!r} in {where} has no {attribute!r}; {hint}")
            thing, before_it = getattr(thing, attribute), f"{before_it}.{attribute}"
        if not (isinstance(thing, Graph | Flow | Drawing) or callable(thing)):
            methods = _methods(thing)
            needed = f"name one of its methods: {before}{name}.{methods[0]}" if methods else _NEEDED
            raise UsageError(f"{name!r} in {where} is a {type(thing).__name__}; {needed}")
        return cast(Thing, thing)
    candidates = _candidates(module)
    if "main" in candidates:
        return candidates["main"]
    if len(candidates) == 1:
        return next(iter(candidates.values()))
    if candidates:
        first = next(iter(candidates))
        raise UsageError(f"{where} has several things to draw: {_listed(candidates)}; name one: {before}{first}")
    lacking = {key: _lacking(thing, variables) for key, thing in names.items() if key[0] != "_" and _is_model(thing)}
    foreign = {key: names[key] for key, missing in lacking.items() if not missing}
    if len(foreign) == 1:
        return cast(Thing, next(iter(foreign.values())))
    if foreign:
        raise UsageError(
            f"{where} has several things to draw: {_listed(foreign)}; name one: {before}{next(iter(foreign))}"
        )
    functions = [key for key, thing in names.items() if _is_own_function(thing, module)]
    if lacking and not functions:
        key, missing = next(iter(lacking.items()))
        raise UsageError(
            f"{where} has a model, {key}, but no value for {', '.join(missing)}; give {missing[0]} a value there, or "
            f"define a function that calls {key} on one"
        )
    methods = [
        f"{key}.{name}"
        for key, thing in names.items()
        if _is_own_object(thing, module)
        for name in _methods(thing)
        if _has_all_values(getattr(thing, name))
    ]
    if methods:
        raise UsageError(
            f"{where} has no function to draw, but objects with methods ({_listed(methods[:6])}); "
            f"name one: {before}{methods[0]}"
        )
    if functions:
        first = functions[0]
        raise UsageError(
            f"{where} has no function whose parameters all have values ({_listed(functions)}); "
            f"give them defaults, def {first}(x=1.0), or name one and its values: {before}{first} --set x=1.0"
        )
    if _has_main_block(module):
        raise UsageError(
            f'{where} has nothing to draw outside of its block if __name__ == "__main__", which is not run here; '
            "define the function above it, with defaults: def f(x=1.0): …"
        )
    raise UsageError(f"{where} has nothing to draw; define a function whose parameters have defaults: def f(x=1.0): …")


def _has_main_block(module: ModuleType) -> bool:
    import linecache

    lines = linecache.getlines(module.__file__ or "")
    return any(line.startswith("if __name__ ==") and "__main__" in line for line in lines)


_NEEDED = "a function, Graph, Flow or Drawing is needed"


def _is_model(thing: Any) -> bool:
    """Return whether a thing is a model of another framework, which takes something."""
    if isinstance(thing, type | FunctionType | ModuleType) or not callable(thing) or source_for(thing) is None:
        return False
    return bool(parameters_of_foreign(thing))


def _lacking(thing: Any, variables: Mapping[str, Any]) -> list[str]:
    """Return the names of what a model of another framework must be given, and for which there is no variable."""
    return [name for name in required_of_foreign(thing) if name not in variables]


def _is_own_object(thing: Any, module: ModuleType) -> bool:
    return type(thing).__module__ == module.__name__


def _methods(thing: Any) -> list[str]:
    """Return the methods of an object that a figure can show, those whose parameters all have values first."""
    names = [name for name in dir(type(thing)) if not name.startswith("_")]
    methods = [name for name in names if isinstance(getattr(type(thing), name, None), FunctionType)]
    return sorted(methods, key=lambda name: not _has_all_values(getattr(thing, name)))


def _candidates(module: ModuleType) -> dict[str, Thing]:
    """Return what can be drawn as it stands: functions of this file that need no arguments, graphs, flows, drawings."""
    found: dict[str, Thing] = {}
    for key, thing in vars(module).items():
        if (
            isinstance(thing, Graph | Flow | Drawing)
            or _is_method(thing)
            or (_is_own_function(thing, module) and not key.startswith("_") and _has_all_values(thing))
        ):
            found[key] = thing
    if "main" not in found and _is_own_function(getattr(module, "main", None), module):
        found["main"] = module.main
    return found


def _is_method(thing: Any) -> bool:
    """Return whether a variable holds the method of an object that needs no arguments: ``main = net.loss``."""
    return isinstance(thing, MethodType) and is_object(thing.__self__) and _has_all_values(thing)


def _has_all_values(function: Any) -> bool:
    """Return whether a function has parameters, and all of them have defaults; a method needs none of its own."""
    code = function.__code__
    if isinstance(function, MethodType):
        return bool(code.co_argcount - 1 == len(function.__defaults__ or ()) and code.co_argcount > 1)
    by_keyword = code.co_varnames[code.co_argcount :][: code.co_kwonlyargcount]
    return (
        code.co_argcount + code.co_kwonlyargcount > 0
        and code.co_argcount == len(function.__defaults__ or ())
        and set(by_keyword) <= set(function.__kwdefaults__ or {})
    )


def _is_own_function(thing: Any, module: ModuleType) -> bool:
    code = getattr(thing, "__code__", None)
    return (
        code is not None
        and getattr(thing, "__module__", None) == module.__name__
        and (code.co_filename == module.__file__ or hasattr(thing, "__wrapped__"))
    )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
