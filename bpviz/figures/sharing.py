"""Shared factors in a circuit: the wires along which they flow back, and the steps that compute them."""

from __future__ import annotations

from bpviz.analysis.sharing import shared_factors, shared_in
from bpviz.figure import Tone
from bpviz.figures.labels import Use
from bpviz.graph.flow import Flow
from bpviz.graph.graph import Graph

__all__ = ["Shared"]


class Shared:
    """The places of shared factors: the wires along which they flow back, or their steps in a gradient's figure."""

    def __init__(self, graph: Graph, flow: Flow | None) -> None:
        """Find them in the graph if it is that of a gradient, else in the backward pass of its flow."""
        self.steps = set(shared_in(graph)) if graph.is_gradient else set()
        factors = () if flow is None or graph.is_gradient else shared_factors(flow).factors
        self.wires = {wire: factor.name for factor in factors for wire in factor.wires}
        self.nodes = {node: factor.name for factor in factors for node in factor.nodes}

    def step(self, index: int) -> Tone:
        """Return the tone of a node's box."""
        return "shared" if index in self.steps else "plain"

    def gradient(self, index: int, use: Use, stem: bool) -> str:
        """Return the name of the shared factor that flows back from a use; empty if there is none."""
        names = {self.wires.get(step, "") for step in use.steps}
        if len(names) == 1:
            return names.pop()
        return self.nodes.get(index, "") if stem else ""
