"""What is being recorded: values, leaves and steps, before they become a `bpviz.sources.steps.Record`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import CodeType
from typing import Any, NamedTuple

from bpviz.frozen import dataclass
from bpviz.sources.steps import Group, Kind

__all__ = ["NOWHERE", "Called", "LeafDraft", "Place", "Slot", "StepDraft", "Value"]


@dataclass(frozen=True, slots=True)
class Slot:
    """Stands in the arguments of a call for the tensor with this number, which is not kept: its shape and type."""

    number: int
    shape: tuple[int, ...]
    dtype: Any
    stride: tuple[int, ...] = ()

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)


class Called(NamedTuple):
    """A call of a function of PyTorch: its name, and its arguments with a `Slot` for every tensor.

    ``random`` is the state of the random numbers before the call, for a function that draws some; ``autocast`` the type
    to which PyTorch casts its operands, if it does.
    """

    name: str
    function: Callable[..., Any] | None = None
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = {}
    random: Any = None
    autocast: Any = None


class Place(NamedTuple):
    """The place of a step: the user's code, and the groups around it.

    ``direct``: the user's own code made the call, so that its variables name the results.
    """

    code: CodeType | None
    offset: int
    group: Group | None
    direct: bool = True


NOWHERE = Place(None, -1, None, False)


class Value:
    """A tensor as it was at one moment: its numbers, and who made it."""

    __slots__ = ("device", "dtype", "label", "maker", "numbers", "requires_grad", "shape", "summed", "tensor")

    def __init__(self, maker: LeafDraft | StepDraft, tensor: Any, numbers: Any) -> None:
        self.maker = maker
        self.numbers = numbers
        self.shape, self.dtype, self.device = tuple(tensor.shape), tensor.dtype, tensor.device
        self.requires_grad = tensor.requires_grad
        self.label = ""
        # Returns the tensor, or None when it is gone.
        self.tensor: Callable[[], Any] = lambda: None
        # Its gradient is the sum of those of its wires: PyTorch keeps another number for it.
        self.summed = False


class LeafDraft:
    """A value that no step made, in the making."""

    __slots__ = ("group", "kind", "name", "value")

    def __init__(self, name: str, kind: Kind, group: Group | None = None) -> None:
        self.name, self.kind, self.group = name, kind, group
        self.value: Value

    @property
    def values(self) -> list[Value]:
        """Its value, in a list, as a step has its results."""
        return [self.value]


class StepDraft:
    """A step in the making. ``nodes`` are the nodes of PyTorch's graph that belong to it alone.

    ``unclear`` are the slots whose gradients nobody can tell from those of another step. ``through`` are slots to which
    the gradient of the result goes as it is. ``adapted`` says of a slot that its operand is no longer the argument of
    the call, but what this function made of it. ``picks`` say where each value is found after the call: the number of a
    tensor among its results, or −1 − the slot of an operand that was written into; empty where it cannot be called
    again. ``partial``: it wrote into a part of its first operand, through a view.
    """

    __slots__ = (
        "adapted",
        "called",
        "nodes",
        "operands",
        "partial",
        "picks",
        "place",
        "through",
        "unclear",
        "values",
    )

    def __init__(self, called: Called, operands: list[Value], place: Place) -> None:
        self.called, self.operands, self.place = called, operands, place
        self.values: list[Value] = []
        self.nodes: list[Any] = []
        self.unclear: set[int] = set()
        self.through: set[int] = set()
        self.adapted: dict[int, str] = {}
        self.picks: tuple[int, ...] = ()
        self.partial = False
