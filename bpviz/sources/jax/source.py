"""The door: what bpviz asks a source for (`bpviz.sources.registry`)."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from types import ModuleType
from typing import Any

from bpviz.code_files import is_library
from bpviz.errors import RecordingError, UsageError
from bpviz.graph.flow import Flow
from bpviz.lazy import LazyModule
from bpviz.recording.source import place_of
from bpviz.sources.assembly import flow
from bpviz.sources.jax.calls import scoped
from bpviz.sources.jax.pieces import is_real
from bpviz.sources.jax.tape import Tape, Value
from bpviz.sources.steps import Record

__all__ = ["handles", "parameters", "record"]

np: Any = LazyModule("numpy")
jax: Any = LazyModule("jax")
jnp: Any = LazyModule("jax.numpy")

_OLDEST = (0, 5)
_PACKAGES = ("jax", "jaxlib", "flax", "equinox", "optax")


def handles(thing: Any) -> bool:
    """Return whether a thing is JAX's: an array, a jitted function, a function or module of JAX."""
    if isinstance(thing, jax.Array):
        return True
    name = thing.__name__ if isinstance(thing, ModuleType) else getattr(thing, "__module__", None) or ""
    return name.partition(".")[0] in _PACKAGES or type(thing).__module__.partition(".")[0] in _PACKAGES


def parameters(thing: Any) -> tuple[str, ...]:
    """Return the names of what a function takes."""
    try:
        taken = inspect.signature(thing).parameters.values()
    except (TypeError, ValueError):
        return ()
    return tuple(one.name for one in taken if one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD))


def record(thing: Any, /, *args: Any, **kwargs: Any) -> Flow:
    """Return the flow of a function, traced and run once with these arguments.

    Arrays and floats in arguments, also inside lists, dicts and other trees that JAX knows, are inputs:
    ``params['fc1']['W']``. Of what it returns, the first array of floats is differentiated.

    Raises `UsageError` for an argument without a value and a result without floats, and `RecordingError` for Python
    code that decides by a number.
    """
    if jax.__version_info__ < _OLDEST:
        raise UsageError(
            f"bpviz records JAX 0.5 or newer, but {jax.__version__} is installed; install a newer one: "
            'pip install "bpviz[jax]"'
        )
    if not callable(thing):
        raise UsageError("JAX keeps no record of an array; draw the function that makes it: bpviz.draw(f, x)")
    if type(thing).__module__.partition(".")[0] in _PACKAGES:
        # A jitted function would be a group around everything.
        thing = inspect.unwrap(thing)
    title = _title(thing)
    given = _bound(thing, args, kwargs, title)
    # Each by itself: in a dict of all, JAX would sort them by name.
    trees = {name: jax.tree_util.tree_flatten_with_path(value) for name, value in given.items()}

    def called(*numbers: Any) -> Any:
        rest = iter(numbers)
        full = {
            name: jax.tree_util.tree_unflatten(tree, [next(rest) if _is_numeric(leaf) else leaf for _, leaf in leaves])
            for name, (leaves, tree) in trees.items()
        }
        return thing(**full)

    found = [(f"{n}{jax.tree_util.keystr(path)}", leaf) for n, (leaves, _) in trees.items() for path, leaf in leaves]
    names, arrays = zip(*((name, jnp.asarray(leaf)) for name, leaf in found if _is_numeric(leaf)), strict=True)
    try:
        closed, shape = jax.make_jaxpr(scoped(called), return_shape=True)(*arrays)
    except jax.errors.ConcretizationTypeError as error:
        raise RecordingError(
            f"{title or 'the function'} takes a number out of an array, or decides by one{_where(error)}, which JAX "
            "cannot trace; write jnp.where, jax.lax.cond or jax.lax.fori_loop"
        ) from error
    tape = Tape()
    values = [tape.leaf(name, array, "input") for name, array in zip(names, arrays, strict=True)]
    constants = [tape.leaf("", constant, "constant") for constant in closed.consts]
    results = tape.run(closed.jaxpr, constants, values)
    output = _output(results, tape, title)
    seed = jnp.ones(results[output].array.shape, results[output].array.dtype)
    numbers = [_numbered(result, tape) for result in results]
    gradients, wires = tape.backward(numbers[output], seed)
    paths = [jax.tree_util.keystr(path).strip(".") for path, _ in jax.tree_util.tree_flatten_with_path(shape)[0]]
    return flow(
        Record(
            "JAX",
            title,
            tape.entries,
            numbers[output],
            list(zip(numbers, paths, strict=True)) if len(numbers) > 1 else (),
            np.asarray(seed) if tape.reached[numbers[output]] else None,
            gradients if tape.reached[numbers[output]] else {},
            wires,
            function=thing,
        )
    )


def _title(thing: Any) -> str:
    name = getattr(thing, "__name__", "")
    return "" if name.startswith("<") else name


def _is_numeric(leaf: Any) -> bool:
    return isinstance(leaf, jax.Array | np.ndarray | np.generic | float)


def _bound(thing: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any], title: str) -> dict[str, Any]:
    try:
        bound = inspect.signature(thing).bind(*args, **kwargs)
    except TypeError as error:
        raise UsageError(
            f"{title or 'the function'} has no value for an argument ({error}); give it: bpviz.draw(f, x), or a default"
        ) from None
    bound.apply_defaults()
    kinds = {one.kind for one in bound.signature.parameters.values()}
    if kinds & {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.POSITIONAL_ONLY}:
        raise UsageError(
            f"{title or 'the function'} takes arguments by position alone, which have no names; write a function that "
            "names them"
        )
    flat: dict[str, Any] = {}
    for name, value in bound.arguments.items():
        is_rest = bound.signature.parameters[name].kind is inspect.Parameter.VAR_KEYWORD
        flat.update(value if is_rest else {name: value})
    return flat


def _output(results: list[Value], tape: Tape, title: str) -> int:
    floats = [k for k, result in enumerate(results) if is_real(result.array)]
    if not floats:
        raise UsageError(f"{title or 'the function'} returns no array of floats, so there is nothing to differentiate")
    return next((k for k in floats if (n := results[k].number) is not None and tape.reached[n]), floats[0])


def _numbered(result: Value, tape: Tape) -> int:
    number = result.number if result.number is not None else tape.leaf("", result.array, "constant").number
    assert number is not None
    return number


def _where(error: BaseException) -> str:
    """Return the user's line from which an error comes, for a message."""
    traceback, place = error.__traceback__, ""
    while traceback is not None:
        code = traceback.tb_frame.f_code
        if not is_library(code.co_filename):
            place = f" ({place_of(code, traceback.tb_lineno)})"
        traceback = traceback.tb_next
    return place
