from collections.abc import Mapping, Sequence
from typing import Any, Literal

from bpviz import nn as nn
from bpviz.analysis.gradcheck import InputCheck as InputCheck
from bpviz.analysis.gradcheck import Report as Report
from bpviz.analysis.gradcheck import gradcheck as gradcheck
from bpviz.analysis.gradcheck import numerical_diff as numerical_diff
from bpviz.analysis.gradcheck import numerical_gradient as numerical_gradient
from bpviz.drawing.draw import beside as beside
from bpviz.drawing.draw import card as card
from bpviz.drawing.drawing import Drawing as Drawing
from bpviz.errors import BpvizError as BpvizError
from bpviz.errors import BpvizWarning as BpvizWarning
from bpviz.errors import RecordingError as RecordingError
from bpviz.errors import UsageError as UsageError
from bpviz.graph.archive import load as load
from bpviz.graph.flow import Flow as Flow
from bpviz.graph.graph import Graph as Graph
from bpviz.graph.graph import Node as Node
from bpviz.graph.propagate import propagate as propagate
from bpviz.ops.table.custom import op as op
from bpviz.recording.naming import group as group
from bpviz.recording.naming import name as name
from bpviz.recording.naming import style as style
from bpviz.reports.comparison import Comparison as Comparison
from bpviz.reports.comparison import diff as diff
from bpviz.reports.descent import Descent as Descent
from bpviz.reports.descent import descend as descend
from bpviz.reports.explanation import Explanation as Explanation
from bpviz.reports.what_if import WhatIf as WhatIf
from bpviz.reports.what_if import what_if as what_if
from bpviz.sources.registry import recording as recording
from bpviz.sources.targets import backprop as backprop
from bpviz.sources.targets import trace as trace
from bpviz.transforms.elements import elements as elements
from bpviz.transforms.grad import grad as grad
from bpviz.transforms.gradient_graph import gradient_graph as gradient_graph
from bpviz.transforms.opening import open_operations as open_operations

__all__ = [
    "BpvizError",
    "BpvizWarning",
    "Comparison",
    "Descent",
    "Drawing",
    "Explanation",
    "Flow",
    "Graph",
    "InputCheck",
    "Node",
    "RecordingError",
    "Report",
    "UsageError",
    "WhatIf",
    "backprop",
    "beside",
    "card",
    "descend",
    "diff",
    "draw",
    "elements",
    "explain",
    "grad",
    "gradcheck",
    "gradient_graph",
    "group",
    "load",
    "name",
    "nn",
    "numerical_diff",
    "numerical_gradient",
    "op",
    "propagate",
    "recording",
    "style",
    "trace",
    "what_if",
]
__version__: str
open = open_operations

def draw(
    target: Any,
    *args: Any,
    inputs: Mapping[str, Any] | None = ...,
    show: Literal["both", "forward", "backward"] = ...,
    labels: Literal["values", "shapes", "symbols", "rules", "none"] = ...,
    depth: int | None = ...,
    open: str | Sequence[str] = ...,
    close: str | Sequence[str] = ...,
    repeats: Literal["auto", "all"] = ...,
    output: str | Node | None = ...,
    wrt: str | Sequence[str] | None = ...,
    freeze: str | Sequence[str] | None = ...,
    seed: Any = ...,
    path: str = ...,
    only: str = ...,
    elements: bool | str | Sequence[str] = ...,
    beside: bool = ...,
    grad: str | Sequence[str] = ...,
    plumbing: bool = ...,
    shared: bool = ...,
    names: Literal["math", "code"] | Mapping[str, str] = ...,
    constants: Literal["fold", "wires", "hide"] = ...,
    parameters: Literal["wires", "hide"] = ...,
    styles: Mapping[str, Mapping[str, Any]] = ...,
    before: Flow | None = ...,
    direction: Literal["LR", "RL", "TB", "BT", "lr", "rl", "tb", "bt"] = ...,
    width: str | float | None = ...,
    repeat: Literal["auto", "always", "never"] = ...,
    theme: str = ...,
    background: str | None = ...,
    precision: int = ...,
    lang: str | None = ...,
    title: str = ...,
    engine: Literal["auto", "bpviz", "graphviz", "bundled", "system"] = ...,
    timeout: float | None = ...,
    animate: bool = ...,
    steps: bool | Sequence[Flow] = ...,
    live: bool | Mapping[str, Any] = ...,
    figure_only: bool = ...,
    seconds: float = ...,
    scale: float | None = ...,
    notebook: Literal["svg", "png", "html", "live", "publish"] = ...,
    verify: bool = ...,
    highlight: str = ...,
    **arguments: Any,
) -> Drawing: ...
def explain(
    target: Any,
    /,
    *args: Any,
    variables: str | Sequence[str] = (),
    what_if: Mapping[str, Any] | None = None,
    inputs: Mapping[str, Any] | None = ...,
    show: Literal["both", "forward", "backward"] = ...,
    labels: Literal["values", "shapes", "symbols", "rules", "none"] = ...,
    depth: int | None = ...,
    open: str | Sequence[str] = ...,
    close: str | Sequence[str] = ...,
    repeats: Literal["auto", "all"] = ...,
    output: str | Node | None = ...,
    wrt: str | Sequence[str] | None = ...,
    freeze: str | Sequence[str] | None = ...,
    seed: Any = ...,
    path: str = ...,
    only: str = ...,
    elements: bool | str | Sequence[str] = ...,
    beside: bool = ...,
    grad: str | Sequence[str] = ...,
    plumbing: bool = ...,
    shared: bool = ...,
    names: Literal["math", "code"] | Mapping[str, str] = ...,
    constants: Literal["fold", "wires", "hide"] = ...,
    parameters: Literal["wires", "hide"] = ...,
    styles: Mapping[str, Mapping[str, Any]] = ...,
    before: Flow | None = ...,
    direction: Literal["LR", "RL", "TB", "BT", "lr", "rl", "tb", "bt"] = ...,
    width: str | float | None = ...,
    repeat: Literal["auto", "always", "never"] = ...,
    theme: str = ...,
    background: str | None = ...,
    precision: int = ...,
    lang: str | None = ...,
    title: str = ...,
    engine: Literal["auto", "bpviz", "graphviz", "bundled", "system"] = ...,
    timeout: float | None = ...,
    animate: bool = ...,
    steps: bool | Sequence[Flow] = ...,
    live: bool | Mapping[str, Any] = ...,
    figure_only: bool = ...,
    seconds: float = ...,
    scale: float | None = ...,
    notebook: Literal["svg", "png", "html", "live", "publish"] = ...,
    verify: bool = ...,
    highlight: str = ...,
    **arguments: Any,
) -> Explanation: ...
