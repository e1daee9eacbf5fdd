"""The user's models as modules: how a file is run, and what it may import.

A model's own folder comes first for the model's own imports, and for nobody else's: a ``json.py`` beside it hides
neither Python's from bpviz, nor from NumPy.
"""

from __future__ import annotations

import importlib
import importlib.util
import linecache
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

from bpviz.errors import UsageError

__all__ = ["apart", "imported_module", "run_source"]


def run_source(name: str, source: str, folder: Path) -> ModuleType:
    """Run a model's source as a module of its own; its folder comes first on the path, as for ``python FILE``.

    A file inside a package is a module of it, so that relative imports work. The file sees its own ``sys.argv``.
    """
    is_file = not name.startswith("<")
    package = _package(folder) if is_file else ""
    stem = Path(name).stem if is_file else "stdin"
    if not package and (stem in _KNOWN or stem in sys.stdlib_module_names):
        # A model in a file numpy.py is another module than NumPy.
        stem = f"model_{stem}"
    module = ModuleType(f"{package}.{stem}" if package else stem)
    module.__file__ = name
    _add_to_path(folder)
    if package:
        root = folder.parents[package.count(".")]
        _add_to_path(root)
        module.__package__ = package
        importlib.import_module(package)
    # Registered, so that dataclasses and pickles in the model find their module; never over one that is there.
    if sys.modules.setdefault(module.__name__, module) is module:
        _models.add(module.__name__)
    # Messages quote the source: what an earlier run read may have been edited since.
    linecache.checkcache(name)
    if not is_file:
        linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    with _arguments(name if is_file else "-"):
        exec(compile(source, name, "exec"), module.__dict__)
    return module


def _package(folder: Path) -> str:
    """Return the dotted name of the package that a folder is; empty where it is none."""
    names: list[str] = []
    while (folder / "__init__.py").is_file() and folder.name.isidentifier() and folder.parent != folder:
        names.append(folder.name)
        folder = folder.parent
    return ".".join(reversed(names))


@contextmanager
def _arguments(name: str) -> Iterator[None]:
    """While a model is run, ``sys.argv`` is the model's own, not bpviz's."""
    before = sys.argv
    sys.argv = [name]
    try:
        yield
    finally:
        sys.argv = before


def imported_module(path: str) -> ModuleType:
    """Import ``package.module``, which may lie in the working directory.

    Raises `UsageError` where there is none.
    """
    _add_to_path(Path.cwd())
    try:
        found = importlib.util.find_spec(path)
    except (ImportError, ValueError):
        found = None
    if found is None:
        raise UsageError(
            f"there is no file or module {path!r}; "
            "a target is FILE.py, FILE.py:NAME, package.module:NAME, FILE.json or -"
        )
    with _arguments(found.origin or path):
        return importlib.import_module(path)


@contextmanager
def apart() -> Iterator[None]:
    """Forget afterwards what models imported from their own folders.

    Where one process draws many models, each has its own ``helper.py``, as it is now.
    """
    path, known, own = list(sys.path), set(sys.modules), list(_own_folders.folders)
    try:
        yield
    finally:
        folders = [folder + os.sep for folder in sys.path if folder not in path]
        sys.path[:] = path
        _own_folders.folders[:] = own
        if new := sys.modules.keys() - known:
            _forget(new, folders, path)
        _models.intersection_update(sys.modules)


def _forget(names: set[str], folders: list[str], path: list[str]) -> None:
    """Forget those of these modules that are models or lie in one of the folders, which models have put on the path."""
    shared = tuple(os.path.realpath(folder) + os.sep for folder in path)
    for name in names:
        file = getattr(sys.modules[name], "__file__", None) or ""
        # What lies below another folder of the path as well, such as an environment inside the project, is not
        # the model's own. A model's own file may have a relative name.
        below = file.startswith(tuple(folders)) and not os.path.realpath(file).startswith(shared)
        if below or name in _models:
            del sys.modules[name]


def _add_to_path(folder: Path) -> None:
    """Put a model's folder first on the path, for the model's own imports."""
    text = str(folder)
    if text not in sys.path:
        sys.path.insert(0, text)
    if text not in _own_folders.folders:
        _own_folders.folders.append(text)
    if _own_folders not in sys.meta_path:
        sys.meta_path.insert(0, _own_folders)


class _OwnFolders:
    """Finds modules elsewhere first, where a file of a model's folder would hide them.

    That are the modules of Python itself and those that bpviz needs, whoever imports them, and all modules for who is
    no part of a model. What is found nowhere else is left to those who look next.
    """

    def __init__(self) -> None:
        self.folders: list[str] = []

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: Any = None) -> ModuleSpec | None:
        """Return where a module is, if not in the folder of a model; ``None`` where that is not for us to say."""
        if path is not None or not any(_holds(folder, name) for folder in self.folders):
            return None
        if name not in _KNOWN and name not in sys.stdlib_module_names and self._is_own(_importer()):
            return None
        return PathFinder.find_spec(name, [entry for entry in sys.path if entry not in self.folders], target)

    def _is_own(self, frame: FrameType | None) -> bool:
        """Return whether the code that imports is a model's own, or has no file."""
        file = frame.f_code.co_filename if frame is not None else ""
        if not os.path.isabs(file):
            # Files are named as the user names them, from the working directory.
            return True
        return file.startswith(tuple(folder + os.sep for folder in self.folders)) and "site-packages" not in file


def _holds(folder: str, name: str) -> bool:
    place = os.path.join(folder, name)
    return os.path.isfile(place + ".py") or os.path.isdir(place)


def _importer() -> FrameType | None:
    """Return the frame whose code imports a module now."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None and (
        frame.f_code.co_filename.startswith("<frozen importlib") or frame.f_globals.get("__name__") == "importlib"
    ):
        frame = frame.f_back
    return frame


_KNOWN = frozenset(
    (
        *("bpviz", "click", "fontTools", "graphviz", "matplotlib", "networkx", "numpy", "pandas", "PIL", "pygraphviz"),
        *("resvg_py", "scipy"),
    )
)
"""Libraries that bpviz or a model needs: a file of the same name beside the model does not hide them."""
_own_folders = _OwnFolders()
_models: set[str] = set()
"""The names of the models that have been run from their files and are registered."""
