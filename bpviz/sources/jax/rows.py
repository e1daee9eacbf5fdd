"""What a step is called, and which of our operations computes the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from bpviz import ops
from bpviz.lazy import LazyModule
from bpviz.sources.jax.pieces import Piece, is_literal
from bpviz.sources.steps import Same

__all__ = ["Named", "named"]

np: Any = LazyModule("numpy")


class Named(NamedTuple):
    """The name and symbol of a step, the operation that does the same, and the constants that this takes as well."""

    function: str
    symbol: str = ""
    same: Same | None = None
    constants: tuple[float, ...] = ()
    order: tuple[int, ...] = ()


_PLAIN = {
    "add": "add",
    "add_any": "add",
    "sub": "subtract",
    "mul": "multiply",
    "div": "divide",
    "neg": "negative",
    "exp": "exp",
    "exp2": "exp2",
    "expm1": "expm1",
    "log": "log",
    "log1p": "log1p",
    "sin": "sin",
    "cos": "cos",
    "tan": "tan",
    "tanh": "tanh",
    "sinh": "sinh",
    "cosh": "cosh",
    "asin": "arcsin",
    "acos": "arccos",
    "atan": "arctan",
    "atan2": "arctan2",
    "logistic": "sigmoid",
    "sqrt": "sqrt",
    "cbrt": "cbrt",
    "square": "square",
    "abs": "abs",
    "sign": "sign",
    "floor": "floor",
    "ceil": "ceil",
    "max": "maximum",
    "min": "minimum",
    "pow": "power",
    "erf": "erf",
    "erfc": "erfc",
    "gt": "greater",
    "ge": "greater_equal",
    "lt": "less",
    "le": "less_equal",
    "eq": "equal",
    "ne": "not_equal",
    "relu": "relu",
    "softplus": "softplus",
    "sigmoid": "sigmoid",
}
_REDUCED = {"reduce_sum": "sum", "reduce_max": "max", "reduce_min": "min", "reduce_prod": "prod"}
_REDUCTIONS = ("sum", "mean", "var", "std", "max", "min", "prod", "softmax", "log_softmax", "logsumexp")
_SYMBOLS = {
    "conv_general_dilated": "Conv",
    "gather": "[ ]",
    "dynamic_slice": "[ ]",
    "slice": "[ ]",
    "squeeze": "reshape",
    "broadcast_in_dim": "broadcast",
    "concatenate": "concat",
    "convert_element_type": "type",
    "rsqrt": "1/√",
    "gelu": "GELU",
    "silu": "SiLU",
    "softmax": "softmax",
    "log_softmax": "log softmax",
    "stop_gradient": "stop",
    "take_along_axis": "[ ]",
    "reduce_window_max": "MaxPool",
}
_SAYS_NOTHING = frozenset({"op", "meth", "fun", "wrapper", "cache_miss", "deferring_binary_op", "method"})
_TOLERANCE = 1e-3
_LARGEST = 100_000


def named(piece: Piece, values: Sequence[Any], results: Sequence[Any]) -> Named:
    """Return what a step is called. ``values`` and ``results`` are its numbers, as NumPy's arrays.

    An operation of ours is named only if it returns the same numbers here.
    """
    found = _of_main(piece) if piece.main is not None else _of_call(piece)
    if found.same is None:
        return found
    operands = [*values, *found.constants]
    ordered = [operands[i] for i in found.order] if found.order else operands
    return (
        found if len(results) == 1 and _agrees(found.same, ordered, results[0]) else Named(found.function, found.symbol)
    )


def _agrees(same: Same, operands: Sequence[Any], result: Any) -> bool:
    row = ops.OPERATIONS.get(same.row)
    if row is None or (len(row.operands) != len(operands) and not row.variadic):
        return False
    if sum(np.size(x) for x in operands) > _LARGEST:
        # The kinds of steps are few, and small ones are compared in any model's tests.
        return True
    try:
        with ops.silence():
            ours = np.asarray(row(*operands, **same.parameters))
    except (ArithmeticError, TypeError, ValueError, IndexError):
        return False
    if ours.shape != np.shape(result):
        return False
    return bool(np.allclose(ours, result, rtol=_TOLERANCE, atol=1e-6, equal_nan=True))


def _of_main(piece: Piece) -> Named:
    main = piece.main
    assert main is not None
    name, taken = main.primitive.name, main.params
    if name in ("pjit", "jit", "custom_jvp_call", "custom_vjp_call", "closed_call"):
        name = _inner_name(main).lstrip("_")
    if name in _PLAIN:
        return Named(name, "", Same(_PLAIN[name]))
    if name == "integer_pow":
        return Named("integer_pow", "", Same("power"), (float(taken["y"]),))
    if name == "dot_general":
        return Named("dot", "dot", Same("matmul") if _is_matmul(main) else None)
    if name in _REDUCED:
        return Named(_REDUCED[name], "", Same(_REDUCED[name], {"axis": _axes(taken["axes"]), "keepdims": False}))
    if name in ("select_n", "where"):
        # JAX selects by 0 and 1: what is taken where the condition does not hold comes first.
        order = (0, 2, 1) if name == "select_n" else ()
        return Named("where", "where", Same("where") if len(main.invars) == 3 else None, (), order)
    if name == "transpose":
        return Named("transpose", "T", Same("transpose", {"axes": tuple(map(int, taken["permutation"]))}))
    if name == "reshape":
        return Named("reshape", "", Same("reshape", {"shape": tuple(map(int, taken["new_sizes"]))}))
    if name == "squeeze":
        return Named("reshape", "", Same("reshape", {"shape": tuple(map(int, main.outvars[0].aval.shape))}))
    return _of_reduction(piece, name) or Named(name, _SYMBOLS.get(name, name.replace("_", " ")))


def _of_call(piece: Piece) -> Named:
    """Return the name of a step of several equations: that of the function that was called."""
    name = piece.library.lstrip("_")
    if name in _SAYS_NOTHING or name.startswith("<") or "traceback" in name:
        name = _telling(piece)
    return _of_reduction(piece, name) or Named(name, _SYMBOLS.get(name, name.replace("_", " ")))


def _of_reduction(piece: Piece, name: str) -> Named | None:
    if name not in _REDUCTIONS or len(piece.operands) != 1 or is_literal(piece.operands[0]):
        return None
    taken = next((e.params["axes"] for e in _all_equations(piece.equations) if e.primitive.name in _REDUCED), None)
    if taken is None:
        return None
    axes = _axes(taken)
    if name in ("softmax", "log_softmax"):
        return Named(name, _SYMBOLS[name], Same(name, {"axis": axes[0]}) if len(axes) == 1 else None)
    keepdims = piece.results[0].aval.ndim == piece.operands[0].aval.ndim
    return Named(name, "", Same(name, {"axis": axes, "keepdims": keepdims}))


def _all_equations(equations: Sequence[Any]) -> Any:
    for equation in equations:
        yield equation
        for inner in (equation.params.get("jaxpr"), equation.params.get("call_jaxpr")):
            if inner is not None:
                yield from _all_equations(getattr(inner, "jaxpr", inner).eqns)


def _telling(piece: Piece) -> str:
    """Return the name of the last equation that is more than a change of form, or of the last one."""
    names = [e.primitive.name for e in piece.equations]
    forms = ("broadcast_in_dim", "reshape", "squeeze", "convert_element_type")
    rest = [name for name in names if name not in forms]
    return str(rest[-1] if rest else names[-1])


def _inner_name(equation: Any) -> str:
    """Return the name of the function that an equation calls."""
    if name := equation.params.get("name"):
        return str(name)
    inner = equation.params.get("call_jaxpr") or equation.params.get("jaxpr")
    inner = getattr(inner, "jaxpr", inner)
    name = getattr(getattr(inner, "debug_info", None), "func_name", "")
    if not name and len(inner.eqns) == 1:
        # Before JAX 0.6 a function with a derivative of its own says its name only inside, where it is jitted.
        name = inner.eqns[0].params.get("name")
    return str(name or equation.primitive.name).rpartition(".")[2]


def _axes(axes: Any) -> tuple[int, ...]:
    return tuple(map(int, axes))


def _is_matmul(equation: Any) -> bool:
    """Return whether the sums of a product run over the axes that NumPy's matmul takes."""
    (left, right), batch = equation.params["dimension_numbers"]
    x, y = (operand.aval.ndim for operand in equation.invars)
    if tuple(left) != (x - 1,) or tuple(right) != (max(y - 2, 0),):
        return False
    if not any(map(len, batch)):
        return bool(y <= 2)
    return bool(x == y) and all(tuple(axes) == tuple(range(x - 2)) for axes in batch)
