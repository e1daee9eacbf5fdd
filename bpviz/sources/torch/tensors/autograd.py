"""The graph that PyTorch itself keeps: where the gradient of a tensor arrives, and what lies behind a result.

An *edge* is a node of that graph and the number of one of its outputs: the gradient of a tensor arrives there.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from bpviz.lazy import LazyModule

__all__ = ["Edge", "Way", "edge_of", "is_leaf_node", "made_at", "name_of_node", "outgoing", "version_of"]

torch: Any = LazyModule("torch")

Edge = tuple[Any, int]


class Way(NamedTuple):
    """One link of PyTorch's graph: the input number ``place`` of a ``node``, and the ``edge`` that it leads to."""

    node: Any
    place: int
    edge: Edge


def edge_of(tensor: Any) -> Edge | None:
    """Return the edge at which the gradient of a tensor arrives; ``None`` if it gets none."""
    if not tensor.requires_grad:
        return None
    if tensor.grad_fn is not None:
        return tensor.grad_fn, tensor.output_nr
    if torch.is_inference_mode_enabled():
        return None
    try:
        with torch.enable_grad():
            # Inside of no_grad PyTorch would not say.
            node = torch.autograd.graph.get_gradient_edge(tensor).node
    except (AssertionError, RuntimeError):
        node = None
    # The result of `out=` inside of no_grad says that it requires a gradient, but has nothing behind it.
    return None if node is None else (node, 0)


def version_of(tensor: Any) -> int:
    """Return how often a tensor was written into; −1 for a tensor that does not count it."""
    return -1 if tensor.is_inference() else int(tensor._version)


def is_leaf_node(node: Any) -> bool:
    """Return whether a node stands for a leaf, whose gradient PyTorch would accumulate."""
    return not node.next_functions and hasattr(node, "variable")


def made_at(edge: Edge) -> tuple[tuple[int, ...], Any] | None:
    """Return the shape and the type of what arrives at an edge; ``None`` before PyTorch 2.5, which does not say so."""
    known = getattr(edge[0], "_input_metadata", None)
    return None if known is None else (tuple(known[edge[1]].shape), known[edge[1]].dtype)


def outgoing(node: Any) -> list[Way]:
    """Return the links from a node to what it was computed from; those without a gradient are left out."""
    return [Way(node, place, edge) for place, edge in enumerate(node.next_functions) if edge[0] is not None]


_TITLES = {"CopySlices": "write", "AsStrided": "view", "Alias": "view", "ToCopy": "to", "NllLoss": "nll_loss"}
"""PyTorch's names of nodes whose operation has another name in Python."""


def name_of_node(node: Any) -> str:
    """Return the name of the operation that a node of PyTorch's graph belongs to: ``mul`` for ``MulBackward0``."""
    stem = str(node.name()).rpartition("::")[2].rstrip("0123456789").removesuffix("Backward")
    return _TITLES.get(stem) or "".join(
        f"_{letter.lower()}" if letter.isupper() and place else letter.lower() for place, letter in enumerate(stem)
    )
