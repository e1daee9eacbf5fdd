"""bpviz: a plain Python function becomes the figure that a deep-learning textbook prints.

>>> import bpviz
>>> def total(price=100, count=2, tax=1.1):
...     subtotal = price * count
...     return subtotal * tax
>>> bpviz.backprop(total).grads
{'price': 2.2, 'count': 110.00000000000001, 'tax': 200.0}
"""

import os
import sys

# An application that contains Python may have no arguments.
_PROGRAM = next(iter(getattr(sys, "argv", ())), "")
_STARTS_HERE = _PROGRAM == "-m" and ("-m", "bpviz") in zip(sys.orig_argv, sys.orig_argv[1:], strict=False)
"""Whether this is ``python -m bpviz``."""

if _STARTS_HERE and sys.path and sys.path[0] in ("", os.getcwd()) and not sys.flags.safe_path:
    # Put there by Python: a json.py in the working directory would hide Python's own from bpviz.
    del sys.path[0]

try:
    import importlib
    from typing import TYPE_CHECKING, Any

    from bpviz import nn
    from bpviz.drawing.draw import beside, card, draw
    from bpviz.drawing.drawing import Drawing
    from bpviz.errors import BpvizError, BpvizWarning, RecordingError, UsageError
    from bpviz.graph.flow import Flow
    from bpviz.graph.graph import Graph, Node
    from bpviz.graph.propagate import propagate
    from bpviz.ops.table.custom import op
    from bpviz.recording.naming import group, name, style
    from bpviz.sources.registry import recording
    from bpviz.sources.targets import backprop, trace
    from bpviz.transforms.opening import open_operations as open  # noqa: F401 (public, but no star import may replace Python's)
except (KeyboardInterrupt, RuntimeError) as _error:
    # Loading takes most of the time of a small figure. Only the command ends here, no program that imports bpviz.
    # While a class is made, Python puts a RuntimeError around the interrupt.
    _is_interrupt = isinstance(_error, KeyboardInterrupt) or isinstance(_error.__cause__, KeyboardInterrupt)
    if _is_interrupt and (_STARTS_HERE or os.path.basename(_PROGRAM) in ("bpviz", "bpviz.exe")):
        os.write(2, b"bpviz: interrupted; nothing was written\n")
        os._exit(130)
    raise

# The function stands where Python looks for the package of the same name, so it has the modules of that.
recording.__dict__ = vars(sys.modules["bpviz.recording"])

if TYPE_CHECKING:
    from bpviz.analysis.gradcheck import InputCheck, Report, gradcheck, numerical_diff, numerical_gradient
    from bpviz.graph.archive import load
    from bpviz.reports.comparison import Comparison, diff
    from bpviz.reports.descent import Descent, descend
    from bpviz.reports.explanation import Explanation, explain
    from bpviz.reports.what_if import WhatIf, what_if
    from bpviz.transforms.elements import elements
    from bpviz.transforms.grad import grad
    from bpviz.transforms.gradient_graph import gradient_graph

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

__version__ = "0.2.0"

_LATER = {
    name: module
    for module, names in {
        "reports.what_if": ("WhatIf", "what_if"),
        "analysis.gradcheck": ("InputCheck", "Report", "gradcheck", "numerical_diff", "numerical_gradient"),
        "reports.comparison": ("Comparison", "diff"),
        "reports.descent": ("Descent", "descend"),
        "transforms.gradient_graph": ("gradient_graph",),
        "transforms.elements": ("elements",),
        "reports.explanation": ("Explanation", "explain"),
        "transforms.grad": ("grad",),
        "graph.archive": ("load",),
    }.items()
    for name in names
}
"""Names that are imported when they are first used, with their modules: most figures do not need them."""


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(importlib.import_module(f"{__name__}.{_LATER[name]}"), name)
    return found


def __dir__() -> list[str]:
    """Return the public names; `open`, too, which ``from bpviz import *`` leaves to Python."""
    return sorted([*__all__, "open", "__version__"])


def load_ipython_extension(shell: object) -> None:
    """Load the notebook extension (``%load_ext bpviz``): then ``%%bpviz`` draws the model that a cell defines."""
    # Not imported here: it lies above this module, and nothing else needs it.
    importlib.import_module("bpviz.hosts.notebook").register(shell)


def _get_sg_image_scraper() -> Any:
    """Return the scraper that sphinx-gallery uses if its ``image_scrapers`` names bpviz."""
    return importlib.import_module("bpviz.hosts.sphinx_gallery").scraped
