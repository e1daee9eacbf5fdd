"""Operations of the user's own: a full row made of a forward function and a rule."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from bpviz.errors import UsageError
from bpviz.lazy import LazyModule
from bpviz.ops.table.registry import OPERATIONS, operation
from bpviz.ops.table.row import Case, Operation
from bpviz.ops.table.values import Shape

__all__ = ["is_custom", "op"]

np: Any = LazyModule("numpy")

_custom: set[str] = set()


def op(
    name: str,
    forward: Callable[..., Any],
    vjp: Callable[..., Any] | Sequence[Callable[..., Any] | None],
    *,
    symbol: str = "",
    says: str = "",
    notation: str = "",
    shape: Callable[..., Shape] | None = None,
    inside: Callable[..., Any] | None = None,
    domain: Sequence[tuple[float, float]] = (),
    cases: Sequence[Case] = (),
    convention: str = "",
    reference: str = "",
    commutes: bool = False,
    binds: int | None = None,
    unwritten: bool = False,
    opaque: bool = False,
    plumbing: bool = False,
) -> Operation:
    """Add an operation to the table; it is called like a function, on numbers, arrays and recorded values.

    ``forward`` takes the operands (and, by keyword, parameters, which are those with a default) as numbers or arrays.
    ``vjp`` is called with the incoming gradient ``g``, the output ``z`` and the operands, and gives one gradient per
    operand, in a tuple (``None`` where none flows); or it is a sequence of such rules, one per operand. A rule that
    uses Python's operators and other operations (``bpviz.ops.exp``) rather than NumPy's own can be differentiated
    again and reads as a formula. Broadcasting need not be undone. ``inside`` is the same computation in smaller
    operations, for ``--open``. The other keywords are the fields of `bpviz.ops.Operation`, where each is explained:
    ``binds`` and ``unwritten``, for example, say how formulas write the operation. An operation that was made here may
    be made again under the same name, as in a notebook's cell that is run twice.

    >>> import bpviz
    >>> cube = bpviz.op("cube", lambda x: x**3, lambda g, z, x: (g * 3 * x**2,), symbol="x³", notation="{x}³")
    >>> bpviz.backprop(lambda x=2.0: cube(x)).grads
    {'x': 12.0}

    Raises `UsageError` when the name is that of a built-in operation, or the numbers of operands and rules differ, or
    ``plumbing`` has several operands.
    """
    operands, parameters = _signature(name, forward)
    if isinstance(vjp, Sequence):
        rules: Any = tuple(rule and partial(_fresh, rule) for rule in vjp)
        if len(rules) != len(operands):
            raise UsageError(
                f"the operation {name!r} has {len(operands)} operands ({', '.join(operands)}) but {len(rules)} rules; "
                "give one rule per operand, None for one without a gradient"
            )
    else:
        shares = partial(_share, name, vjp)
        rules = tuple(partial(_fresh, partial(shares, slot, len(operands))) for slot in range(len(operands)))
    if plumbing and len(operands) != 1:
        raise UsageError(
            f"the operation {name!r} has {len(operands)} operands ({', '.join(operands)}), but plumbing is a change of "
            "shape, which has one; leave plumbing=True out"
        )
    if name in _custom:
        OPERATIONS.pop(name, None)
    made = operation(
        name,
        symbol or name,
        " ".join(operands),
        forward=partial(_fresh, forward),
        vjp=rules,
        parameters=parameters,
        says=says or (inspect.getdoc(forward) or "An operation of the user's own.").splitlines()[0],
        notation=notation or f"{name}({', '.join('{' + x + '}' for x in operands)})",
        shape=shape or partial(_tried_shape, forward),
        inside=inside,
        domain=tuple(domain),
        cases=tuple(cases) or (Case(tuple(() for _ in operands)),),
        convention=convention,
        reference=reference,
        commutes=commutes,
        binds=binds,
        unwritten=unwritten,
        opaque=opaque,
        plumbing=plumbing,
    )
    _custom.add(name)
    return made


def is_custom(row: Operation) -> bool:
    """Return whether an operation is one of the user's own.

    >>> from bpviz import ops
    >>> is_custom(ops.exp)
    False
    """
    return row.name in _custom


def _signature(name: str, forward: Callable[..., Any]) -> tuple[list[str], dict[str, Any]]:
    """Return the operands (parameters without a default) and the parameters (those with one)."""
    operands: list[str] = []
    parameters: dict[str, Any] = {}
    for key, parameter in inspect.signature(forward).parameters.items():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            raise UsageError(f"the operation {name!r} takes *{key}, but its operands must be named: def forward(x, y)")
        if parameter.default is parameter.empty:
            operands.append(key)
        else:
            parameters[key] = parameter.default
    if not operands:
        raise UsageError(f"the operation {name!r} has no operands; its forward function needs some: lambda x: …")
    return operands, parameters


def _fresh(function: Callable[..., Any], *values: Any, **parameters: Any) -> Any:
    """Return the result of a user's function; an array as a copy, since it may be one that the user fills again."""
    made = function(*values, **parameters)
    return np.array(made) if type(made) is np.ndarray else made


def _share(name: str, vjp: Callable[..., Any], slot: int, count: int, *values: Any, **parameters: Any) -> Any:
    """One operand's part of a rule that gives all gradients at once."""
    shares = vjp(*values, **parameters)
    if not isinstance(shares, tuple | list):
        shares = (shares,)
    if len(shares) != count:
        raise UsageError(
            f"the rule of {name!r} gave {len(shares)} gradients for {count} operands; give a tuple with one for each"
        )
    return shares[slot]


def _tried_shape(forward: Callable[..., Any], *shapes: Shape, **parameters: Mapping[str, Any]) -> Shape:
    """Return the shape of the result, found by trying: nobody has written it down."""
    with np.errstate(all="ignore"):
        return tuple(np.shape(forward(*(np.ones(shape) for shape in shapes), **parameters)))
