"""A tensor that exists: what PyTorch itself still knows of how it was made."""

from __future__ import annotations

from typing import Any

from bpviz.sources.steps import Record

__all__ = ["record_existing"]


def record_existing(tensor: Any) -> Record:
    """Return the record of a tensor from PyTorch's own graph."""
    raise NotImplementedError
