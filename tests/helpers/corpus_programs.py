"""The programs of ``tests/corpus``: how they are found, run and differentiated without bpviz, and compared with it.

A program is a function, a method of an object, or an object that can be called, all of whose parameters have defaults.
A function with a parameter that has none is a helper. The numbers of a program are the floats and the arrays of floats
in its defaults and in its object, under the names that they have in a figure.
"""

from __future__ import annotations

import copy
import importlib
import importlib.util
import inspect
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import CodeType, MethodType, ModuleType
from typing import Any, NamedTuple

import numpy as np

import bpviz

FOLDER = Path(__file__).parents[1] / "corpus"
FIELDS = tuple(sorted(path.stem for path in FOLDER.glob("*.py") if not path.stem.startswith(("_", "test_"))))
STEP = 1e-4

AUTOGRAD_IS_WRONG = {
    # It computes `x = x * y` for `x *= y`, so the array that a loop variable stands for does not change.
    "networks.weights_changed_in_a_list",
    "optimizers.gradient_clipping",
}

Gradients = dict[str, Any]


@dataclass
class Program:
    """A program with its object, or None, and its arguments; it can be copied deeply."""

    function: Callable[..., Any]
    owner: Any
    arguments: dict[str, Any]

    def run(self) -> Any:
        """Return the first result, computed on a copy: nothing of the program changes."""
        own = copy.deepcopy(self)
        result = own.function(*([] if own.owner is None else [own.owner]), **own.arguments)
        return result[0] if isinstance(result, tuple) else result


class Number(NamedTuple):
    """A float or an array of floats: its name, where it is in a `Program`, and whether it is in an argument."""

    name: str
    path: tuple[Any, ...]
    value: Any
    is_argument: bool


def load(field: str) -> ModuleType:
    """Return a module of the corpus, loaded anew: what a program changes in it stays in the copy."""
    spec = importlib.util.spec_from_file_location(f"corpus_{field}", FOLDER / f"{field}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    exec(_code(field), vars(module))
    return module


@cache
def _code(field: str) -> CodeType:
    file = FOLDER / f"{field}.py"
    return compile(file.read_bytes(), file, "exec", dont_inherit=True)


def load_for_autograd(field: str) -> ModuleType:
    """Return a module of the corpus with autograd's NumPy and SciPy in place of the real ones."""
    module = load(field)
    module.np = importlib.import_module("autograd.numpy")  # type: ignore[attr-defined]
    for name in {"expit", "gammaln", "logsumexp"} & vars(module).keys():
        setattr(module, name, getattr(importlib.import_module("autograd.scipy.special"), name))
    if hasattr(module, "norm"):
        module.norm = importlib.import_module("autograd.scipy.stats.norm")  # type: ignore[attr-defined]
    return module


@cache
def names() -> tuple[str, ...]:
    """Return the names of all programs, such as ``networks.small_cnn``."""
    return tuple(
        f"{field}.{name}"
        for field in FIELDS
        for module in (load(field),)
        for name, value in vars(module).items()
        if _is_program(value, module)
    )


def _is_program(value: Any, module: ModuleType) -> bool:
    # Methods and objects have the module of their class.
    if not callable(value) or isinstance(value, type) or getattr(value, "__module__", None) != module.__name__:
        return False
    parameters = inspect.signature(value).parameters.values()
    return bool(parameters) and all(parameter.default is not parameter.empty for parameter in parameters)


def find(name: str) -> Callable[..., Any]:
    """Return what a user would hand over: the function, method or object of this name, in a module loaded anew."""
    field, _, function = name.partition(".")
    return getattr(load(field), function)  # type: ignore[no-any-return]


def program(function: Callable[..., Any]) -> Program:
    """Return a function, method or object with its defaults."""
    arguments = {p.name: p.default for p in inspect.signature(function).parameters.values()}
    if isinstance(function, MethodType):
        return Program(function.__func__, function.__self__, arguments)
    if inspect.isfunction(function):
        return Program(function, None, arguments)
    return Program(type(function).__call__, function, arguments)


def numbers(program: Program) -> list[Number]:
    """Return the numbers of a program; an array that is found at several places only once, at the first."""
    found = [
        number
        for parameter, value in program.arguments.items()
        for number in _numbers(value, parameter, ("arguments", parameter), True)
    ]
    if program.owner is not None:
        found += _numbers(program.owner, "", ("owner",), False)
    first = {id(number.value): number for number in reversed(found)}
    return [n for n in found if isinstance(n.value, float) or first[id(n.value)] is n]


def _numbers(value: Any, name: str, path: tuple[Any, ...], is_argument: bool) -> Iterator[Number]:
    if isinstance(value, float) or (isinstance(value, np.ndarray) and value.dtype.kind == "f"):
        yield Number(name, path, value, is_argument)
        return
    for key, part in _parts(value):
        part_name = f"{name}.{key}".removeprefix(".") if _has_fields(value) else f"{name}[{key!r}]"
        yield from _numbers(part, part_name, (*path, key), is_argument)


def _has_fields(value: Any) -> bool:
    return hasattr(value, "_fields") or hasattr(value, "__dict__")


def _parts(value: Any) -> list[tuple[Any, Any]]:
    if isinstance(value, dict):
        return list(value.items())
    if hasattr(value, "_fields"):
        return list(value._asdict().items())
    if isinstance(value, (list, tuple)):
        return list(enumerate(value))
    return list(vars(value).items()) if hasattr(value, "__dict__") else []


def changed(value: Any, path: tuple[Any, ...], change: Callable[[Any], Any]) -> Any:
    """Return ``value`` with the change made at a path; all but tuples are changed in place."""
    if not path:
        return change(value)
    key, rest = path[0], path[1:]
    if hasattr(value, "_fields"):
        return value._replace(**{key: changed(getattr(value, key), rest, change)})
    if isinstance(value, tuple):
        return tuple(changed(part, rest, change) if i == key else part for i, part in enumerate(value))
    if isinstance(value, (dict, list)):
        value[key] = changed(value[key], rest, change)
    else:
        setattr(value, key, changed(getattr(value, key), rest, change))
    return value


def differences(program: Program) -> Gradients:
    """Return the gradient of the sum of a program's result by central differences of the fourth order."""

    def at(path: tuple[Any, ...], index: tuple[int, ...], step: float) -> float:
        def change(value: Any) -> Any:
            if isinstance(value, float):
                return value + step
            value[index] += step
            return value

        return float(np.sum(changed(copy.deepcopy(program), path, change).run()))

    def slope(path: tuple[Any, ...], index: tuple[int, ...]) -> float:
        one, two = (at(path, index, step) - at(path, index, -step) for step in (STEP, 2 * STEP))
        return (8 * one - two) / (12 * STEP)

    return {
        number.name: np.array([slope(number.path, i) for i in np.ndindex(np.shape(number.value))]).reshape(
            np.shape(number.value)
        )
        for number in numbers(program)
    }


def autograd_gradients(name: str) -> Gradients | None:
    """Return autograd's gradients of the arguments' numbers; None if autograd cannot run the program."""
    if name in AUTOGRAD_IS_WRONG:
        return None
    autograd: Any = importlib.import_module("autograd")
    field, _, function_name = name.partition(".")
    start = program(getattr(load_for_autograd(field), function_name))
    arguments = [number for number in numbers(start) if number.is_argument]

    def total(values: list[Any]) -> Any:
        own = copy.deepcopy(start)
        for number, value in zip(arguments, values, strict=True):
            changed(own, number.path, lambda _, value=value: value)
        result = own.function(*([] if own.owner is None else [own.owner]), **own.arguments)
        return importlib.import_module("autograd.numpy").sum(result[0] if isinstance(result, tuple) else result)

    try:
        with np.errstate(all="ignore"):
            gradients = autograd.grad(total)([copy.copy(number.value) for number in arguments])
    except Exception:  # whatever autograd or its NumPy raises at what it does not know
        return None
    return {number.name: gradient for number, gradient in zip(arguments, gradients, strict=True)}


def faults(name: str) -> list[str]:
    """Return what bpviz does wrong with a program: its value, a gradient by one of the references, a changed number.

    Raises `bpviz.errors.BpvizError` if bpviz refuses the program.
    """
    function = find(name)
    start = program(function)
    plain, slopes, peers = start.run(), differences(start), autograd_gradients(name) or {}
    before = copy.deepcopy(numbers(start))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # NumPy's, at exp of -1e10
        flow = bpviz.backprop(function)
    found = [] if _close(flow.output, plain, 1e-12, 1e-14) else [f"value {flow.output}, plain run {plain}"]
    if not _same(numbers(start), before):
        found.append("the program's own numbers have changed")
    # Differences lose the digits by which the result is larger than the slope.
    noise = 1e-8 * max(1e-3, float(np.sum(np.abs(plain))))
    for number in numbers(start):
        slope = slopes[number.name]
        largest = float(np.max(np.abs(slope)))
        if number.name not in flow.grads:
            # What an object holds is an input only if it is used.
            if number.is_argument or largest > noise:
                found.append(f"{number.name} has no gradient, but differences {slope}")
            continue
        gradient = flow.grads[number.name]
        if not _close(gradient, slope, 1e-7, noise + 1e-8 * largest):
            found.append(f"{number.name}: gradient {gradient}, differences {slope}")
        peer = peers.get(number.name, gradient)
        if not _close(gradient, peer, 1e-9, 1e-12 * max(1.0, largest)):
            found.append(f"{number.name}: gradient {gradient}, autograd {peer}")
    return found


def _same(found: list[Number], wanted: list[Number]) -> bool:
    pairs = list(zip(found, wanted, strict=False))
    return len(found) == len(wanted) and all(a.name == b.name and np.array_equal(a.value, b.value) for a, b in pairs)


def _close(found: Any, wanted: Any, relative: float, absolute: float) -> bool:
    return np.shape(found) == np.shape(wanted) and np.allclose(found, wanted, relative, absolute)
