"""Tensors as the numbers that a figure shows."""

from __future__ import annotations

import math
from typing import Any

from bpviz.lazy import LazyModule
from bpviz.ops.table.thumbnails import LARGE, thinned
from bpviz.sources.steps import Thumbnail, kept

__all__ = ["array_of", "kept_of"]

np: Any = LazyModule("numpy")
torch: Any = LazyModule("torch")


def array_of(tensor: Any) -> Any:
    """Return a tensor as an array of NumPy, which may share its memory; narrow kinds of floats become float32."""
    tensor = tensor.detach()
    if tensor.layout is not torch.strided:
        tensor = tensor.to_dense()
    tensor = tensor.resolve_conj().resolve_neg().cpu()
    if tensor.is_complex():
        tensor = torch.view_as_real(tensor)
    if tensor.is_floating_point() and tensor.dtype not in (torch.float32, torch.float64, torch.float16):
        tensor = tensor.float()
    return tensor.numpy()


def kept_of(tensor: Any) -> Any:
    """Return the numbers of a tensor as a flow keeps them, whatever happens to the tensor later.

    Of more than a million elements only a thumbnail is kept.
    """
    if tensor.numel() > LARGE and tensor.layout is torch.strided and tensor.is_floating_point():
        return _thumbnail(tensor.detach())
    return kept(array_of(tensor))


def _thumbnail(tensor: Any) -> Any:
    """Return the thumbnail of a large tensor: one pass over its elements, where these are finite."""
    least, most = (float(bound) for bound in torch.aminmax(tensor))
    if not (math.isfinite(least) and math.isfinite(most)):
        # Rare, and slower: which elements are finite?
        return kept(array_of(tensor))
    shape = tuple(tensor.shape)
    # The indices of the rows, as numbers of all axes but the last.
    rows, columns = thinned((math.prod(shape[:-1]), shape[-1]))
    picked = [torch.as_tensor(part, device=tensor.device) for part in np.unravel_index(rows, shape[:-1] or (1,))]
    last = torch.as_tensor(columns, device=tensor.device)
    cells = tensor[last][None] if len(shape) == 1 else tensor[(*(part[:, None] for part in picked), last[None])]
    few = kept(array_of(cells))
    return Thumbnail(shape, few.dtype, few, max(abs(least), abs(most)), least if least == most else None)
