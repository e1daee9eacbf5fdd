"""ONNX: the operators of a file are computed by bpviz's own operations, so its gradients come from bpviz's own rules.

What bpviz has no operation for is computed by ONNX's reference evaluator. Its value is shown, and its gradient is
unknown.
"""

from bpviz.sources.onnx.source import handles, load, parameters, record

__all__ = ["handles", "load", "parameters", "record"]
