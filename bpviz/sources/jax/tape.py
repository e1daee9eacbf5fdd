"""A traced function, run step by step, forward and backward."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from bpviz.code_files import is_library
from bpviz.lazy import LazyModule
from bpviz.sources.jax.calls import Place, Scoped, name_of, scopes_of, user_places
from bpviz.sources.jax.pieces import Computed, Piece, is_literal, is_real, pieces
from bpviz.sources.jax.rows import named
from bpviz.sources.steps import Group, Leaf, Step

__all__ = ["Tape", "Value"]

np: Any = LazyModule("numpy")
jax: Any = LazyModule("jax")
jnp: Any = LazyModule("jax.numpy")
core: Any = LazyModule("jax.extend.core")

_REMAT = frozenset({"remat", "remat2", "checkpoint"})
_CALLS = _REMAT | {"pjit", "jit", "closed_call", "core_call"}


class Value(NamedTuple):
    """An array, and the number of its entry; ``None`` for a literal, which has an entry at each use."""

    array: Any
    number: int | None


class _Back(NamedTuple):
    """What takes a gradient back through one step: its results, and its operands that are floats."""

    results: Sequence[int]
    operands: Sequence[int]
    slots: Sequence[int]
    pull: Callable[..., Any]
    zeros: Sequence[Any]


class Tape:
    """The entries of a record in the making, and what is needed for the way back."""

    def __init__(self) -> None:
        self.entries: list[Leaf | Step] = []
        self.reached: list[bool] = []
        self.back: list[_Back] = []
        self.groups: dict[tuple[Any, ...], Group] = {}
        self.constants: set[int] = set()

    def leaf(self, name: str, array: Any, kind: Any, group: Group | None = None) -> Value:
        """Add a leaf and return its value."""
        differentiable = kind != "constant" and is_real(array)
        self.entries.append(Leaf(name, np.asarray(array), kind, not differentiable, group))
        number = len(self.reached)
        self.reached.append(differentiable)
        if kind == "constant":
            self.constants.add(number)
        return Value(array, number)

    def run(
        self,
        jaxpr: Any,
        constants: Sequence[Value],
        args: Sequence[Value],
        around: Group | None = None,
        caller: tuple[Place, ...] = (),
    ) -> list[Value]:
        """Run a traced function on values, and return its results.

        ``around`` is the group of the function, ``caller`` where it was called.
        """
        values: dict[Any, Value] = dict(zip(jaxpr.constvars, constants, strict=True))
        values.update(zip(jaxpr.invars, args, strict=True))

        def read(variable: Any) -> Value:
            return Value(variable.val, None) if is_literal(variable) else values[variable]

        for piece in pieces(jaxpr.eqns, jaxpr.outvars, self._is_group):
            if isinstance(piece, Piece):
                made: Sequence[Value] = self._step(piece, [read(v) for v in piece.operands], around, caller)
                values.update(zip(piece.results, made, strict=True))
            else:
                made = self._inside(piece, [read(v) for v in piece.invars], around, caller)
                values.update(zip(piece.outvars, made, strict=True))
        return [read(variable) for variable in jaxpr.outvars]

    def _is_group(self, equation: Any) -> bool:
        """Return whether an equation calls a function of the user's, which is a group."""
        if equation.primitive.name not in _CALLS:
            return False
        return _is_users(equation, _inner(equation))

    def _inside(
        self, equation: Any, args: Sequence[Value], around: Group | None, caller: tuple[Place, ...]
    ) -> list[Value]:
        inner = _inner(equation)
        group = Group(_called(equation), self._group(equation, around))
        constants = [self.leaf("", constant, "constant", group) for constant in inner.consts]
        # A literal has no entry of its own yet.
        taken = [self._entered(value, group) for value in args]
        return self.run(inner.jaxpr, constants, taken, group, (*user_places(equation), *caller))

    def _entered(self, value: Value, group: Group | None) -> Value:
        return value if value.number is not None else self.leaf("", value.array, "constant", group)

    def _group(self, equation: Any, around: Group | None) -> Group | None:
        """Return the innermost group of an equation: calls of the user's functions, and scopes with names."""
        key: tuple[Any, ...] = (around,)
        found = around
        scopes = scopes_of(equation)
        if around is None:
            # The figure is the outermost function itself.
            users = (k for k, scope in enumerate(scopes) if isinstance(scope, Scoped) and not scope.library)
            scopes = scopes[next(users, -1) + 1 :]
        for scope in scopes:
            if isinstance(scope, Scoped) and (scope.library or scope.title.startswith("<")):
                continue
            title = scope.title if isinstance(scope, Scoped) else scope
            if title.startswith(("jvp(", "transpose(", "vmap(", "rematted")):
                continue
            key = (*key, scope)
            if key not in self.groups:
                self.groups[key] = Group(title, found)
            found = self.groups[key]
        return found

    def _step(
        self, piece: Piece, operands: Sequence[Value], around: Group | None, caller: tuple[Place, ...]
    ) -> list[Value]:
        first = piece.equations[0]
        group = self._group(first, around)
        arrays = [jnp.asarray(value.array) for value in operands]
        if all(value.number is None or value.number in self.constants for value in operands):
            # Nothing of it is an input: it is a number that the function has.
            return [self.leaf("", result, "constant", group) for result in piece.function(*arrays)]
        slots = [k for k, value in enumerate(operands) if value.number is not None and self.reached[value.number]]
        results, pull = _differentiated(piece.function, arrays, slots)
        shown = [np.asarray(result) for result in results]
        name = named(piece, [np.asarray(array) for array in arrays], shown)
        numbers = [self._entered(value, group).number for value in operands]
        numbers += [self.leaf("", constant, "constant", group).number for constant in name.constants]
        types = [array.dtype for array in arrays]
        call = Computed(piece.function, types)
        places = user_places(first)
        paths = [(k,) if len(shown) > 1 else () for k in range(len(shown))]
        order = name.order if name.same is not None and name.order else range(len(numbers))
        ordered = [numbers[k] for k in order]
        start = len(self.reached)
        self.entries.append(
            Step(
                name.function,
                tuple(number for number in ordered if number is not None),
                tuple(shown),
                name.symbol if name.same is None else "",
                (name.same,) * len(shown) if name.same is not None else (),
                call if name.same is None else None,
                pull is not None,
                tuple(name_of((*places, *caller), path) for path in paths),
                group,
                places[0].code if places else None,
                places[0].offset if places else -1,
            )
        )
        reached = [pull is not None and is_real(result) for result in results]
        self.reached += reached
        if pull is not None and any(reached):
            sources = [numbers[k] for k in slots]
            at = [list(order).index(k) for k in slots]
            self.back.append(
                _Back(
                    range(start, start + len(results)),
                    [number for number in sources if number is not None],
                    [*at, len(ordered)],
                    pull,
                    [jnp.zeros(result.shape, result.dtype) for result in results],
                )
            )
        return [Value(result, start + k) for k, result in enumerate(results)]

    def backward(self, output: int, seed: Any) -> tuple[Mapping[int, Any], Mapping[int, Sequence[Any]]]:
        """Return the gradients of all values, and those along the wires of all steps, from an output back."""
        gradients: dict[int, Any] = {output: seed}
        wires: dict[int, Sequence[Any]] = {}
        for back in reversed(self.back):
            if not any(number in gradients for number in back.results):
                continue
            given = tuple(
                gradients.get(number, zero) if is_real(zero) else np.zeros(zero.shape, jax.dtypes.float0)
                for number, zero in zip(back.results, back.zeros, strict=True)
            )
            *slots, count = back.slots
            shares: list[Any] = [None] * count
            for slot, operand, share in zip(slots, back.operands, back.pull(given), strict=True):
                shares[slot] = np.asarray(share)
                gradients[operand] = share if operand not in gradients else gradients[operand] + share
            wires[back.results[0]] = shares
        return {number: np.asarray(gradient) for number, gradient in gradients.items()}, wires


def _differentiated(
    function: Callable[..., tuple[Any, ...]], arrays: Sequence[Any], slots: Sequence[int]
) -> tuple[tuple[Any, ...], Callable[..., Any] | None]:
    """Return the results of a step, and what takes their gradients to the operands in ``slots``."""
    if not slots:
        return function(*arrays), None

    def of_slots(*some: Any) -> tuple[Any, ...]:
        full = list(arrays)
        for slot, x in zip(slots, some, strict=True):
            full[slot] = x
        return function(*full)

    results, pull = jax.vjp(of_slots, *(arrays[slot] for slot in slots))
    return results, pull


def _called(equation: Any) -> str:
    """Return the title of a function that an equation calls."""
    name = equation.primitive.name
    return "checkpoint" if name in _REMAT else str(equation.params.get("name") or name)


def _inner(equation: Any) -> Any:
    inner = equation.params.get("jaxpr") or equation.params.get("call_jaxpr")
    return inner if hasattr(inner, "consts") else core.ClosedJaxpr(inner, ())


def _is_users(equation: Any, inner: Any) -> bool:
    """Return whether the function that an equation calls stands in the user's code."""
    if equation.primitive.name in _REMAT:
        return True
    where = str(getattr(inner.jaxpr.debug_info, "func_src_info", "") or "")
    _, _, file = where.partition(" at ")
    return bool(file) and not is_library(file.rpartition(":")[0])
