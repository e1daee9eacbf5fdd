"""The recording of calls of PyTorch: which values they take and make, and which part of PyTorch's graph is theirs."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any, NamedTuple

from bpviz.lazy import LazyModule
from bpviz.ops.table.thumbnails import LARGE
from bpviz.recording.source import is_ours
from bpviz.sources.torch.leaves import Leaves
from bpviz.sources.torch.places import Places
from bpviz.sources.torch.tensors.autograd import Edge, edge_of, name_of_node, version_of
from bpviz.sources.torch.tensors.drafts import NOWHERE, Called, LeafDraft, Place, Slot, StepDraft, Value
from bpviz.sources.torch.tensors.nested import placed, replaced, tensors
from bpviz.sources.torch.tensors.numbers import kept_of
from bpviz.sources.torch.tensors.refusals import check
from bpviz.sources.torch.territory import Territory

__all__ = ["Tape"]

torch: Any = LazyModule("torch")

_SMALL = 4096
"""Results of so few elements are copied at once."""
_SLOT_EACH = frozenset(
    {"mul", "add", "sub", "div", "mm", "bmm", "pow", "maximum", "minimum", "hypot", "atan2", "addmm", "cat", "stack"}
)
"""Functions of which PyTorch's graph has one node with an input for each operand, in their order."""
_RANDOM = frozenset(
    {"dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "feature_alpha_dropout",
     "scaled_dot_product_attention", "lstm", "gru", "rnn_tanh", "rnn_relu", "rrelu", "bernoulli", "multinomial",
     "normal", "poisson"}
)  # fmt: skip
"""Functions that draw random numbers, which a callable row draws again."""


class Operand(NamedTuple):
    """An operand of a call: the tensor, its value before the call, and its edge."""

    tensor: Any
    value: Value
    edge: Edge | None


class _Seen:
    """A tensor that has a value, with its edge and its version at that time."""

    __slots__ = ("edge", "tensor", "value", "version")

    def __init__(self, tensor: Any, value: Value, edge: Edge | None) -> None:
        # Larger ones are not kept alive by the recording.
        small = tensor.numel() <= LARGE or tensor.is_leaf
        self.tensor: Callable[[], Any] = (lambda: tensor) if small else weakref.ref(tensor)
        self.value, self.edge, self.version = value, edge, version_of(tensor)


class _Late(NamedTuple):
    """A value whose numbers are still those of a tensor, with the version that this has."""

    value: Value
    tensor: Any
    version: int


class Tape:
    """One recording.

    ``is_late``: the numbers of larger results are copied when something writes into them, or at the end (`settle`),
    since PyTorch's own graph keeps most of them as long. What writes unseen makes the recording ``stale``.
    """

    def __init__(
        self,
        leaves: Leaves,
        places: Places,
        before_write: Callable[[Any], None] = lambda tensor: None,
        *,
        is_late: bool = False,
    ) -> None:
        self.leaves, self.places, self.before_write = leaves, places, before_write
        self.is_late, self.stale = is_late, False
        # The results that are not copied yet, by the memory in which they stand.
        self.late: dict[int, list[_Late]] = {}
        self.entries: list[LeafDraft | StepDraft] = []
        self.seen: dict[int, _Seen] = {}
        self.territory = Territory(self.value_of, self._insert_before)
        # The frame that calls PyTorch now.
        self.frame: FrameType | None = None
        # How many functions of PyTorch's, made of several steps, run around the call: the user's variables name no
        # result inside of them.
        self.composites = 0

    # Values

    def keep(self, value: Value, tensor: Any) -> None:
        """Keep the numbers of a tensor as those of a value: now, or when it must be."""
        if self.is_late and _SMALL < tensor.numel() <= LARGE and tensor.layout is torch.strided:
            late = _Late(value, tensor.detach(), version_of(tensor))
            self.late.setdefault(tensor.untyped_storage().data_ptr(), []).append(late)
        else:
            value.numbers = kept_of(tensor)

    def settle(self, tensor: Any) -> None:
        """Copy what stands in the memory of a tensor, before something writes into it."""
        if self.late and tensor.layout is torch.strided:
            self._settle(self.late.pop(tensor.untyped_storage().data_ptr(), ()))

    def _settle(self, values: Sequence[_Late]) -> None:
        for late in values:
            self.stale = self.stale or version_of(late.tensor) != late.version
            late.value.numbers = kept_of(late.tensor)

    def finish(self) -> None:
        """Let go of all tensors, and of PyTorch's graph; then copy what is not copied yet."""
        self.frame = None
        self.seen.clear()
        self.territory.release()
        for entry in self.entries:
            for value in entry.values:
                value.tensor = lambda: None
            if isinstance(entry, StepDraft):
                entry.nodes.clear()
        while self.late:
            self._settle(self.late.popitem()[1])

    def forget(self) -> None:
        """Let go of all numbers: values and their makers hold each other, so that they would stay for a while."""
        for entry in self.entries:
            for value in entry.values:
                value.numbers = None
        self.entries.clear()

    def is_known(self, tensor: Any) -> bool:
        """Return whether a tensor, as it is now, has a value."""
        seen = self._seen(tensor)
        return seen is not None and seen.edge == edge_of(tensor) and seen.version == version_of(tensor)

    def _seen(self, tensor: Any) -> _Seen | None:
        seen = self.seen.get(id(tensor))
        return seen if seen is not None and seen.tensor() is tensor else None

    def note(self, tensor: Any, value: Value, *, claims: bool = True) -> None:
        """From now on, a tensor as it is now has this value."""
        edge = edge_of(tensor)
        self.seen[id(tensor)] = seen = _Seen(tensor, value, edge)
        value.tensor = seen.tensor
        if edge is not None and claims:
            self.territory.by_edge[edge] = value

    def value_of(self, tensor: Any) -> Value:
        """Return the value of an operand: a known one, a leaf, or what has happened to it unseen."""
        if self.is_known(tensor):
            return self.seen[id(tensor)].value
        seen, edge = self._seen(tensor), edge_of(tensor)
        if edge is not None and edge in self.territory.by_edge and (seen is None or seen.edge != edge):
            return self.territory.by_edge[edge]
        if edge is not None and tensor.grad_fn is not None and (seen is None or seen.edge != edge):
            return self._unseen(tensor, edge)
        base = tensor._base
        if base is not None and self._seen(base) is not None and edge is None:
            # Another view was written into: this one shows the same memory.
            operand = Operand(base, self.value_of(base), None)
            return self.step(Called("view"), [operand], [tensor], self._unnamed())[0]
        return self._leaf(tensor)

    def _leaf(self, tensor: Any) -> Value:
        check(tensor)
        name, kind = self.leaves.name_of(tensor, self.frame)
        if tensor.requires_grad and kind == "constant":
            kind = "input"
        group = None if kind != "constant" or self.frame is None else self.places.group_of(self.frame)
        draft = LeafDraft(name, kind, group)
        draft.value = Value(draft, tensor, None)
        if isinstance(tensor, torch.nn.Parameter):
            self.keep(draft.value, tensor)
        else:
            # PyTorch writes into buffers unseen.
            draft.value.numbers = kept_of(tensor)
        self.entries.append(draft)
        self.note(tensor, draft.value)
        if tensor._backward_hooks:
            self.hooked(tensor)
        return self.seen[id(tensor)].value

    def _unseen(self, tensor: Any, edge: Edge) -> Value:
        """Return the value of a tensor that was made unseen: by compiled code, or through a view of it.

        What lies between it and what is known is one step, with the name of PyTorch's own node.
        """
        owner = self.territory.owner.get(edge[0])
        if owner is not None:
            # Another result of a step that is there.
            value = Value(owner, tensor, kept_of(tensor))
            owner.values.append(value)
            self.note(tensor, value)
            return value
        return self.step(Called(name_of_node(edge[0])), [], [tensor], self._unnamed())[0]

    def _unnamed(self) -> Place:
        return NOWHERE if self.frame is None else self._place(self.frame)._replace(direct=False)

    def _place(self, frame: FrameType) -> Place:
        place = self.places.at(frame)
        return place._replace(direct=False) if self.composites else place

    def hooked(self, tensor: Any) -> None:
        """Note that a hook of the user's changes the gradient of a tensor: that is a step of its own."""
        if not tensor.requires_grad:
            return
        value = self.value_of(tensor)
        self.settle(tensor)
        draft = StepDraft(Called("hook"), [value], self._unnamed())
        draft.through.add(0)
        made = Value(draft, tensor, value.numbers)
        made.summed = True
        draft.values.append(made)
        self.entries.append(draft)
        self.note(tensor, made, claims=False)

    # Calls

    def call(self, called: Called, run: Callable[..., Any], frame: FrameType, *, writes: bool = False) -> Any:
        """Run one function of PyTorch, record it, and return what it returns."""
        xs = tensors((called.args, called.kwargs))
        self.frame = frame
        if not xs:
            result = run(*called.args, **called.kwargs)
            if not writes:
                self._made_of_nothing(result, frame)
            return result
        operands = [Operand(x, self.value_of(x), edge_of(x)) for x in xs]
        targets = tensors((called.args[:1] if writes else (), called.kwargs.get("out")))
        for target in targets:
            self.settle(target)
            whole = target if target._base is None else target._base
            if isinstance(self.value_of(whole).maker, LeafDraft):
                self.before_write(whole)
        old = {id(t): (self.value_of(t._base), edge_of(t._base)) for t in targets if t._base is not None}
        args, kwargs, aliases = self._apart(called, operands, targets)
        if called.name in _RANDOM and not writes:
            called = called._replace(random=_random_state(xs[0]))
        called = called._replace(autocast=_autocast(xs[0]))
        versions = [version_of(x) for x in xs]
        result = run(*args, **kwargs)
        called = _without_tensors(called)
        changed = [x for x, before in zip(xs, versions, strict=True) if version_of(x) != before]
        changed = _once(x for x in changed if writes or x.requires_grad or any(x is t for t in targets))
        views = [x for x in changed if id(x) in old]
        outs = _once(out for out in [*tensors(result), *changed] if not any(out is view for view in views))
        for view in views:
            # What changes is the tensor that it is a view of, from which the view is taken again.
            base = view._base
            value, edge = old[id(view)]
            operands = [Operand(base, value, edge) if one.tensor is view else one for one in operands]
            outs = _once([*outs, base])
        fresh = [out for out in outs if not self.is_known(out)]
        if not fresh:
            return result
        place = self._place(frame)
        values = self.step(called, operands, fresh, place, aliases)
        maker = values[0].maker
        if isinstance(maker, StepDraft) and views:
            maker.partial = True
        elif isinstance(maker, StepDraft):
            found = {id(out): -1 - slot for slot, out in enumerate(xs)}
            found.update({id(out): number for number, out in enumerate(tensors(result))})
            maker.picks = tuple(found[id(out)] for out in fresh)
        self._name(values, fresh, result, frame, place)
        for view in views:
            self.value_of(view)
        return result

    def _made_of_nothing(self, result: Any, frame: FrameType) -> None:
        """Note tensors that were made of no others: zeros, random numbers."""
        for path, out in placed(result):
            if not self.is_known(out):
                value = self._leaf(out)
                maker = value.maker
                if isinstance(maker, LeafDraft) and not maker.name and self._place(frame).direct:
                    maker.name = self.places.name_at(frame, path)

    def _apart(
        self, called: Called, operands: Sequence[Operand], targets: Sequence[Any]
    ) -> tuple[Any, Any, dict[int, Edge]]:
        """Return the arguments with an alias for each further slot in which a tensor stands, and the aliases' edges.

        So each wire has a gradient of its own, where PyTorch has several nodes for one call. An alias is a view: no
        number changes.
        """
        edges = [operand.edge for operand in operands]
        again = [slot for slot, edge in enumerate(edges) if edge is not None and edge in edges[:slot]]
        again = [slot for slot in again if not any(operands[slot].tensor is target for target in targets)]
        if not again or called.name in _SLOT_EACH or called.name == "grad" or not torch.is_grad_enabled():
            return called.args, called.kwargs, {}
        swapped = [operand.tensor for operand in operands]
        aliases: dict[int, Edge] = {}
        for slot in again:
            swapped[slot] = swapped[slot].view_as(swapped[slot])
            edge = edge_of(swapped[slot])
            assert edge is not None
            aliases[slot] = edge
        swap = iter(swapped)
        args, kwargs = replaced((called.args, dict(called.kwargs)), lambda _: next(swap), torch.Tensor)
        return args, kwargs, aliases

    def step(
        self,
        called: Called,
        operands: Sequence[Operand],
        outs: Sequence[Any],
        place: Place,
        aliases: dict[int, Edge] | None = None,
    ) -> list[Value]:
        """Append a step with these results, and claim the part of PyTorch's graph that belongs to it."""
        edges = [(aliases or {}).get(slot, operand.edge) for slot, operand in enumerate(operands)]
        draft = StepDraft(called, [operand.value for operand in operands], place)
        starts: list[Edge] = []
        for out in outs:
            check(out)
            edge = edge_of(out)
            value = Value(draft, out, None)
            self.keep(value, out)
            draft.values.append(value)
            if edge is None:
                continue
            if edge in self.territory.by_edge and not out.is_leaf:
                # Written into inside of no_grad: PyTorch lets the gradient pass as if nothing had happened.
                if edge in edges:
                    draft.through.add(edges.index(edge))
                    value.summed = True
            elif not out.is_leaf:
                starts.append(edge)
        self.territory.claim(draft, starts, edges)
        self.entries.append(draft)
        for out, value in zip(outs, draft.values, strict=True):
            self.note(out, value, claims=not value.summed)
        return draft.values

    def _insert_before(self, draft: StepDraft, other: StepDraft) -> None:
        self.entries.insert(self.entries.index(other), draft)

    # Names

    def _name(self, values: Sequence[Value], outs: Sequence[Any], result: Any, frame: FrameType, place: Place) -> None:
        if not place.direct:
            return
        for path, tensor in placed(result):
            for value, out in zip(values, outs, strict=True):
                if out is tensor and not value.label:
                    value.label = self.places.name_at(frame, path)
        if len(values) == 1 and not values[0].label and result is None:
            # y[0] = x: the target keeps its name.
            values[0].label = values[0].maker.operands[0].label if isinstance(values[0].maker, StepDraft) else ""

    def name_results(self, result: Any, frame: FrameType) -> None:
        """Name the results of a module after the variables that take them, if the user's own code called it."""
        caller: FrameType | None = frame
        while caller is not None and caller.f_code.co_filename == torch.nn.modules.module.__file__:
            caller = caller.f_back
        if caller is None or is_ours(caller):
            return
        for path, tensor in placed(result):
            if self.is_known(tensor):
                value = self.seen[id(tensor)].value
                if isinstance(value.maker, StepDraft) and not value.label:
                    value.label = self.places.name_at(frame, path)


def _once(found: Any) -> list[Any]:
    """Return tensors without repetition; equal tensors are not the same."""
    kept: dict[int, Any] = {}
    for tensor in found:
        kept.setdefault(id(tensor), tensor)
    return list(kept.values())


def _without_tensors(called: Called) -> Called:
    """Return a call with a slot in place of every tensor, so that these are not kept alive."""
    count = iter(range(1_000_000))

    def slot(tensor: Any) -> Slot:
        stride = tensor.stride() if tensor.layout is torch.strided else ()
        return Slot(next(count), tuple(tensor.shape), tensor.dtype, tuple(stride))

    args, kwargs = replaced((called.args, dict(called.kwargs)), slot, torch.Tensor)
    return called._replace(args=args, kwargs=kwargs)


def _autocast(tensor: Any) -> Any:
    device = tensor.device.type
    return torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else None


def _random_state(tensor: Any) -> Any:
    return torch.get_rng_state() if tensor.device.type == "cpu" else None
