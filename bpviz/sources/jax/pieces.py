"""Pieces of a traced function that are one step each: their operands, the function of these, and their results."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from bpviz.frozen import dataclass
from bpviz.lazy import LazyModule
from bpviz.sources.jax.calls import Scoped, scopes_of

__all__ = ["Computed", "Piece", "is_literal", "is_real", "pieces"]

np: Any = LazyModule("numpy")
jax: Any = LazyModule("jax")
jnp: Any = LazyModule("jax.numpy")
core: Any = LazyModule("jax.extend.core")

_BOOKKEEPING = frozenset(
    {"broadcast_in_dim", "reshape", "squeeze", "expand_dims", "convert_element_type", "copy", "copy_p"}
)
"""Equations that bring an operand into the form in which the one that follows takes it."""


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """One step: ``function(*operands)`` returns the ``results``, which are variables of the traced function.

    ``main`` is the equation that says what it computes; ``None`` where several do. ``library`` is the library's
    function that the user called, or empty. Operands are variables or literals; a value that is used twice is there
    twice, if the step has a main equation.
    """

    equations: Sequence[Any]
    main: Any | None
    library: str
    operands: Sequence[Any]
    function: Callable[..., tuple[Any, ...]]
    results: Sequence[Any]


def pieces(equations: Sequence[Any], outputs: Sequence[Any], is_group: Callable[[Any], bool]) -> Iterator[Piece | Any]:
    """Iterate over the steps of a traced function; equations for which ``is_group`` holds come by themselves.

    Equations that one call of a library traced, one after the other, are one step.
    """
    last_use: dict[Any, int] = {variable: len(equations) for variable in outputs if not is_literal(variable)}
    for place, equation in enumerate(equations):
        for variable in equation.invars:
            if not is_literal(variable):
                last_use[variable] = max(last_use.get(variable, -1), place)
    first = 0
    while first < len(equations):
        if is_group(equations[first]):
            yield equations[first]
            first += 1
            continue
        call = _call(equations[first])
        end = first + 1
        while call is not None and end < len(equations) and _call(equations[end]) == call:
            if is_group(equations[end]):
                break
            end += 1
        some = equations[first:end]
        results = [v for e in some for v in e.outvars if last_use.get(v, -1) >= end]
        # What nobody uses has no place in a figure.
        if results:
            yield _piece(some, results, "" if call is None else call.title)
        first = end


def is_literal(variable: Any) -> bool:
    """Return whether an operand of an equation is a number that stands in the code."""
    return isinstance(variable, core.Literal)


def is_real(value: Any) -> bool:
    """Return whether gradients can flow to a value: whether its numbers are floats."""
    return bool(jnp.issubdtype(jnp.result_type(value), jnp.floating))


def _call(equation: Any) -> Scoped | None:
    """Return the call of a library in which an equation was traced; ``None`` if that is not known."""
    last = next(reversed(scopes_of(equation)), None)
    return last if isinstance(last, Scoped) and last.library else None


def _piece(equations: Sequence[Any], results: Sequence[Any], library: str) -> Piece:
    main = _main(equations, results)
    if main is not None:
        made = {variable: e for e in equations if e is not main for variable in e.outvars}
        chains = [_chain(operand, made) for operand in main.invars]
        function = _one_by_one(main, [chain for _, chain in chains])
        return Piece(equations, main, library, [source for source, _ in chains], function, tuple(main.outvars))
    inside = {variable for e in equations for variable in e.outvars}
    taken = (v for e in equations for v in e.invars if not is_literal(v) and v not in inside)
    free = list(dict.fromkeys(taken))
    return Piece(equations, None, library, free, _together(equations, free, results), tuple(results))


def _main(equations: Sequence[Any], results: Sequence[Any]) -> Any | None:
    """Return the equation that the others only prepare, if there is such a one."""
    if len(equations) == 1:
        return equations[0]
    others = [e for e in equations if e.primitive.name not in _BOOKKEEPING]
    if len(others) != 1 or any(result not in others[0].outvars for result in results):
        return None
    return others[0]


def _chain(operand: Any, made: Mapping[Any, Any]) -> tuple[Any, Sequence[Any]]:
    """Return what an operand comes from, and the equations that bring it from there into its form."""
    chain: list[Any] = []
    while not is_literal(operand) and operand in made:
        chain.append(made[operand])
        (operand,) = made[operand].invars
    return operand, chain[::-1]


def _one_by_one(main: Any, chains: Sequence[Sequence[Any]]) -> Callable[..., tuple[Any, ...]]:
    """Return the main equation as a function of what its operands come from, each by itself."""
    prepared = [[_alone(equation) for equation in chain] for chain in chains]
    last = _alone(main)

    def function(*xs: Any) -> tuple[Any, ...]:
        operands = []
        for x, chain in zip(xs, prepared, strict=True):
            for step in chain:
                (x,) = step(x)
            operands.append(x)
        return last(*operands)

    return function


def _alone(equation: Any) -> Callable[..., tuple[Any, ...]]:
    """Return one equation as a function of all its operands, also of literals and of one value that is there twice."""
    fresh = [_variable(variable.aval) for variable in equation.invars]
    # By public means: what a primitive's `bind` takes differs between releases.
    return _function(fresh, equation.outvars, [equation.replace(invars=fresh)])


def _variable(aval: Any) -> Any:
    """Return a fresh variable of a traced function."""
    try:
        return core.Var(aval)
    except TypeError:
        # Before JAX 0.6 it takes the end of its name first.
        return core.Var("", aval)


def _together(equations: Sequence[Any], free: Sequence[Any], results: Sequence[Any]) -> Callable[..., tuple[Any, ...]]:
    return _function(free, results, equations)


def _function(taken: Sequence[Any], results: Sequence[Any], equations: Sequence[Any]) -> Callable[..., tuple[Any, ...]]:
    effects = frozenset().union(*(equation.effects for equation in equations))
    # Releases from 0.5.3 on warn without it.
    about: Any = {"debug_info": core.DebugInfo("step", "step", None, None)} if hasattr(core, "DebugInfo") else {}
    closed = core.ClosedJaxpr(core.Jaxpr((), list(taken), list(results), list(equations), effects, **about), ())
    run = core.jaxpr_as_fun(closed)
    return lambda *xs: tuple(run(*xs))


class Computed:
    """A step that JAX can compute again (`bpviz.ops.table.foreign.Call`)."""

    def __init__(self, function: Callable[..., tuple[Any, ...]], types: Sequence[Any]) -> None:
        """Take the function of all operands, and the types of these."""
        self.function, self.types = function, types

    def __call__(self, *xs: Any) -> Any:
        """Return the results for NumPy's operands, as NumPy's arrays."""
        made = self.function(*(jnp.asarray(x, type_) for x, type_ in zip(xs, self.types, strict=True)))
        results = tuple(np.asarray(result) for result in made)
        return results if len(results) > 1 else results[0]

    def pullback(self, result: int, slot: int) -> Computed | None:
        """Return the step that takes the gradient of a result, and the operands, and returns an operand's gradient."""
        if not jnp.issubdtype(self.types[slot], jnp.floating):
            return None

        def rule(g: Any, *xs: Any) -> tuple[Any, ...]:
            def of_slot(x: Any) -> Any:
                return self.function(*xs[:slot], x, *xs[slot + 1 :])[result]

            value, pull = jax.vjp(of_slot, xs[slot])
            return tuple(pull(g.astype(value.dtype)))

        # The widest type that JAX has in this process; `rule` casts to that of the result.
        return Computed(rule, (jnp.result_type(float), *self.types))
