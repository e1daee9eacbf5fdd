"""PyTorch: a module, a function of tensors or a tensor that exists becomes a flow with PyTorch's own numbers.

Each call of PyTorch's Python interface is one step. PyTorch's own backward pass runs once, and hooks see what arrives
at every value and along every wire.
"""

from bpviz.sources.torch.source import handles, parameters, record, recording
from bpviz.sources.torch.tensors.refusals import check_version, imported_version

__all__ = ["handles", "parameters", "record", "recording"]

if imported_version():
    check_version(imported_version())
