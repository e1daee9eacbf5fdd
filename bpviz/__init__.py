"""bpviz: a plain Python function becomes the figure that a deep-learning textbook prints.

>>> import bpviz
>>> def total(price=100, count=2, tax=1.1):
...     subtotal = price * count
...     return subtotal * tax
>>> bpviz.backprop(total).grads
{'price': 2.2, 'count': 110.00000000000001, 'tax': 200.0}
"""

import importlib
from typing import TYPE_CHECKING, Any

from bpviz import nn
from bpviz.composition import beside, card, draw
from bpviz.custom import op
from bpviz.drawing import Drawing
from bpviz.flow import Flow
from bpviz.graph import Graph, Node
from bpviz.opening import open_operations as open
from bpviz.propagate import backprop, propagate
from bpviz.tracing import group, name, trace

if TYPE_CHECKING:
    from bpviz.alternative import WhatIf, what_if
    from bpviz.check import InputCheck, Report, gradcheck, numerical_diff, numerical_gradient
    from bpviz.comparison import Comparison, diff
    from bpviz.derive import gradient_graph
    from bpviz.expansion import elements
    from bpviz.explanation import Explanation, explain
    from bpviz.nesting import grad

__all__ = [
    "Comparison",
    "Drawing",
    "Explanation",
    "Flow",
    "Graph",
    "InputCheck",
    "Node",
    "Report",
    "WhatIf",
    "backprop",
    "beside",
    "card",
    "diff",
    "draw",
    "elements",
    "explain",
    "grad",
    "gradcheck",
    "gradient_graph",
    "group",
    "name",
    "nn",
    "numerical_diff",
    "numerical_gradient",
    "op",
    "open",
    "propagate",
    "trace",
    "what_if",
]

__version__ = "0.1.0"

_LATER = {
    name: module
    for module, names in {
        "alternative": ("WhatIf", "what_if"),
        "check": ("InputCheck", "Report", "gradcheck", "numerical_diff", "numerical_gradient"),
        "comparison": ("Comparison", "diff"),
        "derive": ("gradient_graph",),
        "expansion": ("elements",),
        "explanation": ("Explanation", "explain"),
        "nesting": ("grad",),
    }.items()
    for name in names
}
"""What is imported when it is first used, since most figures do without it, and the module that it comes from."""


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(importlib.import_module(f"{__name__}.{_LATER[name]}"), name)
    return found


def load_ipython_extension(shell: object) -> None:
    """What ``%load_ext bpviz`` calls in a notebook: afterwards ``%%bpviz`` draws the model that a cell defines."""
    # Not imported here: it lies above this module, and nothing else needs it.
    importlib.import_module("bpviz.docs.notebook").register(shell)


def _get_sg_image_scraper() -> Any:
    """What sphinx-gallery asks for where its ``image_scrapers`` names bpviz."""
    return importlib.import_module("bpviz.docs.gallery").scraped
