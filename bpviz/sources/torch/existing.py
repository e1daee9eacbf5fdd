"""A tensor that exists: what PyTorch itself still knows of how it was made.

Its graph has the operations, and saves some of their values for the backward pass; others can be computed again from
these, bit for bit. What lies between known values is one step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from bpviz.errors import UsageError
from bpviz.lazy import LazyModule
from bpviz.sources.torch.tape import Tape
from bpviz.sources.torch.tensors.autograd import Edge, edge_of, is_leaf_node, made_at, name_of_node, outgoing
from bpviz.sources.torch.tensors.drafts import NOWHERE, Called, Slot, StepDraft, Value
from bpviz.sources.torch.tensors.numbers import kept_of

__all__ = ["retrace"]

torch: Any = LazyModule("torch")


def retrace(tape: Tape, output: Any, variables: Mapping[str, Any]) -> None:
    """Put on a tape what is known of how a tensor was made; ``variables`` are tensors with names of the user's.

    Raises `UsageError` for a tensor whose graph was freed by a backward pass.
    """
    edge = edge_of(output)
    if edge is None or output.grad_fn is None:
        tape.value_of(output)
        return
    order = _in_order(edge[0])
    known = _Known(output, variables)
    for node in order:
        if is_leaf_node(node):
            known.add((node, 0), node.variable.detach())
        else:
            known.look_into(node)
    for node in order:
        if is_leaf_node(node):
            tape.value_of(node.variable)
            continue
        for number in known.numbers_of(node):
            _add(tape, known, (node, number))
    tape.note(output, tape.territory.by_edge[edge])


def _in_order(last: Any) -> list[Any]:
    """Return the nodes that lead to one, each after those that it was computed from."""
    order: list[Any] = []
    seen: set[Any] = set()
    todo = [(last, False)]
    while todo:
        node, is_done = todo.pop()
        if is_done:
            order.append(node)
        elif node not in seen:
            seen.add(node)
            todo.append((node, True))
            todo += [(way.edge[0], False) for way in outgoing(node) if way.edge[0] not in seen]
    return order


def _add(tape: Tape, known: _Known, edge: Edge) -> None:
    """Append the step that ends in a known value."""
    tensor = known.values[edge]
    name, slots = _call_of(edge[0])
    links = [known.link(edge[0], slot) for slot in slots]
    by_edge = tape.territory.by_edge
    operands = []
    if all(link in by_edge or (edge[0], slot) in known.constants for link, slot in zip(links, slots, strict=True)):
        operands = [
            by_edge[link] if link in by_edge else tape.value_of(known.constants[edge[0], slot])
            for link, slot in zip(links, slots, strict=True)
        ]
    draft = StepDraft(Called(name), list(operands), NOWHERE)
    value = Value(draft, tensor, kept_of(tensor))
    value.requires_grad, value.label = True, known.labels.get(edge, "")
    draft.values.append(value)
    tape.territory.claim(draft, [edge], [link if link in by_edge else None for link in links] if operands else [])
    if operands and len(operands) == len(draft.operands) and name in _AS_CALLED:
        # Nothing lies between: it is the call itself.
        arguments = [Slot(slot, operand.shape, operand.dtype) for slot, operand in enumerate(operands)]
        draft.called = Called(name, args=tuple(arguments))
    elif any(name_of_node(inner) not in _PLUMBING for inner in draft.nodes[1:]):
        draft.called = Called(f"{name} …")
    by_edge[edge] = value
    tape.entries.append(draft)


def _call_of(node: Any) -> tuple[str, list[int]]:
    """Return the function that a node belongs to, and its operands (by slot) in the order of its arguments."""
    name, count = name_of_node(node), len(node.next_functions)
    if name == "addmm":
        weight = node.next_functions[2][0]
        is_turned = weight is not None and name_of_node(weight) == "t"
        return ("linear", [1, 2, 0]) if is_turned else ("addmm", [0, 1, 2])
    return name, list(range(count))


_AS_CALLED = frozenset(
    {"linear", "mul", "div", "neg", "exp", "log", "sqrt", "tanh", "sigmoid", "relu", "abs", "sin", "cos", "mm", "bmm",
     "mv", "dot", "t", "maximum", "minimum"}
)  # fmt: skip
"""Functions that take their operands and nothing else."""
_PLUMBING = frozenset({"t", "view", "expand", "unsafe_view", "transpose", "permute", "unsqueeze", "squeeze"})
"""Nodes that need not be mentioned."""


class _Known:
    """The values that are known, by edge, and the names of the user's variables for them."""

    def __init__(self, output: Any, variables: Mapping[str, Any]) -> None:
        self.values: dict[Edge, Any] = {}
        # Which outputs of a node have a known value.
        self.numbers: dict[Any, set[int]] = {}
        self.labels: dict[Edge, str] = {}
        # Operands without a gradient, by node and slot.
        self.constants: dict[tuple[Any, int], Any] = {}
        self.data = {tensor.data_ptr(): tensor for tensor in variables.values() if not tensor.requires_grad}
        for name, tensor in variables.items():
            edge = edge_of(tensor)
            if edge is not None and tensor.grad_fn is not None:
                self.add(edge, tensor.detach())
                self.labels.setdefault(edge, name)
        edge = edge_of(output)
        assert edge is not None
        self.add(edge, output.detach())

    def add(self, edge: Edge, value: Any) -> None:
        """Note the value at an edge."""
        self.values.setdefault(edge, value)
        self.numbers.setdefault(edge[0], set()).add(edge[1])

    def numbers_of(self, node: Any) -> Iterator[int]:
        """Iterate over the outputs of a node whose values are known."""
        return iter(sorted(self.numbers.get(node, ())))

    def look_into(self, node: Any) -> None:
        """Note what a node has saved of its operands and of its result, and compute its result again if possible."""
        kind = node.name().rstrip("0123456789").removesuffix("Backward")
        edges = list(node.next_functions)
        for attribute, slot in _SAVED.get(kind, {}).items():
            saved = _saved(node, attribute)
            if saved is None:
                continue
            if slot < 0:
                self.add((node, 0), saved)
            elif self._is_operand(edges, slot) and _fits(saved, edges[slot]):
                self.add(edges[slot], saved)
        for attribute, slot in _SAVED.get(kind, {}).items():
            if 0 <= slot < len(edges) and edges[slot][0] is None:
                saved = _saved(node, attribute)
                if saved is not None:
                    self.constants[node, slot] = self._of_users(saved)
        again = _AGAIN.get(kind)
        if again is None or (node, 0) in self.values:
            return
        operands = [self._operand(node, slot) for slot in range(len(edges))]
        if all(operand is not None for operand in operands):
            with torch.no_grad(), suppress(RuntimeError, TypeError, AttributeError):
                made = again(node, *operands)
                if made is not None:
                    self.add((node, 0), made)

    def _is_operand(self, edges: Sequence[Edge], slot: int) -> bool:
        """Return whether a value in this slot stands for itself: a weight is turned inside of its layer."""
        return slot < len(edges) and edges[slot][0] is not None and name_of_node(edges[slot][0]) != "t"

    def link(self, node: Any, slot: int) -> Edge:
        """Return the edge of an operand; of a weight that its layer turns, that of the weight itself."""
        edge: Edge = node.next_functions[slot]
        is_turned = edge[0] is not None and name_of_node(edge[0]) == "t" and name_of_node(node) == "addmm"
        return edge[0].next_functions[0] if is_turned else edge

    def _operand(self, node: Any, slot: int) -> Any:
        edge, link = node.next_functions[slot], self.link(node, slot)
        if edge[0] is None:
            return self.constants.get((node, slot))
        if edge in self.values or link == edge:
            return self.values.get(edge)
        return self.values[link].t() if link in self.values else None

    def _of_users(self, saved: Any) -> Any:
        """Return the user's own tensor that a node has saved, if a variable holds it; it has a name."""
        mine = self.data.get(saved.data_ptr())
        return mine if mine is not None and mine.shape == saved.shape and mine.dtype == saved.dtype else saved


def _saved(node: Any, attribute: str) -> Any:
    """Return a tensor that a node has saved; ``None`` if it has not."""
    try:
        saved = getattr(node, f"_saved_{attribute}", None)
    except RuntimeError:
        raise UsageError(
            "the graph of this tensor was freed by backward(); draw it before, or record the step: "
            "with bpviz.recording(): …"
        ) from None
    return saved.detach() if isinstance(saved, torch.Tensor) else None


def _fits(tensor: Any, edge: Edge) -> bool:
    """Return whether a saved tensor has the shape of what arrives at an edge; PyTorch may save it in another one."""
    return (tuple(tensor.shape), tensor.dtype) == made_at(edge)


_SAVED: dict[str, dict[str, int]] = {
    **{kind: {"self": 0, "other": 1} for kind in ("Mul", "Div", "Maximum", "Minimum", "Hypot", "Atan2")},
    **{
        kind: {"self": 0}
        for kind in ("Log", "Gelu", "Silu", "LeakyRelu", "Abs", "Softplus", "Pow", "Sin", "Cos", "Clamp", "Elu")
    },
    **{kind: {"result": -1} for kind in ("Relu", "Tanh", "Sigmoid", "Exp", "Sqrt", "Softmax", "LogSoftmax", "Rsqrt")},
    "Mm": {"self": 0, "mat2": 1}, "Bmm": {"self": 0, "mat2": 1}, "Addmm": {"mat1": 1, "mat2": 2},
    "Mv": {"self": 0, "vec": 1}, "Dot": {"self": 0, "tensor": 1}, "Convolution": {"input": 0, "weight": 1},
    "NativeBatchNorm": {"input": 0, "weight": 1}, "NativeLayerNorm": {"input": 0, "weight": 1},
    "NllLoss": {"self": 0}, "MseLoss": {"self": 0, "target": 1},
    "MaxPool2DWithIndices": {"self": 0}, "BinaryCrossEntropyWithLogits": {"self": 0},
    "ScaledDotProductFlashAttentionForCpu": {"query": 0, "key": 1, "value": 2},
}  # fmt: skip
"""What nodes save: the name of the attribute, and the slot of the operand that it is; −1 for the result."""


def _signed(number: int) -> int:
    """Return an axis that PyTorch hands out as a number without sign."""
    return number - 2**64 if number >= 2**63 else number


def _with_shape(node: Any, change: Callable[[tuple[int, ...]], Any]) -> Any:
    """Return what a change makes of the shape of a node's result, where PyTorch says that shape."""
    made = made_at((node, 0))
    return None if made is None else change(made[0])


_AGAIN: dict[str, Callable[..., Any]] = {
    "Add": lambda node, x, y: torch.add(x, y, alpha=node._saved_alpha),
    "Sub": lambda node, x, y: torch.sub(x, y, alpha=node._saved_alpha),
    "Mul": lambda node, x, y: x * y, "Div": lambda node, x, y: x / y, "Neg": lambda node, x: -x,
    "Mm": lambda node, x, y: x @ y, "Bmm": lambda node, x, y: x @ y, "Mv": lambda node, x, y: x.mv(y),
    "Dot": lambda node, x, y: x.dot(y),
    "Addmm": lambda node, b, x, w: torch.addmm(b, x, w, beta=node._saved_beta, alpha=node._saved_alpha),
    "Log": lambda node, x: x.log(), "Abs": lambda node, x: x.abs(), "Sin": lambda node, x: x.sin(),
    "Cos": lambda node, x: x.cos(), "Silu": lambda node, x: torch.nn.functional.silu(x),
    "Gelu": lambda node, x: torch.nn.functional.gelu(x, approximate=node._saved_approximate),
    "Pow": lambda node, x: x.pow(node._saved_exponent),
    "LeakyRelu": lambda node, x: torch.nn.functional.leaky_relu(x, node._saved_negative_slope),
    "Sum": lambda node, x: x.sum() if not hasattr(node, "_saved_dim") else None,
    "Mean": lambda node, x: x.mean(),
    "Transpose": lambda node, x: x.transpose(_signed(node._saved_dim0), _signed(node._saved_dim1)),
    **dict.fromkeys(("View", "UnsafeView", "ReshapeAlias"), lambda node, x: _with_shape(node, x.reshape)),
    "Expand": lambda node, x: _with_shape(node, x.expand),
}  # fmt: skip
"""How a result is computed again from its operands."""


def named_tensors(variables: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """Return the tensors among variables, by name."""
    return {name: value for name, value in variables if isinstance(value, torch.Tensor)}
