"""bpviz: a plain Python function becomes the figure that a deep-learning textbook prints.

>>> import bpviz
>>> def total(price=100, count=2, tax=1.1):
...     subtotal = price * count
...     return subtotal * tax
>>> bpviz.backprop(total).grads
{'price': 2.2, 'count': 110.00000000000001, 'tax': 200.0}
"""

from bpviz import nn
from bpviz.check import InputCheck, Report, gradcheck, numerical_diff, numerical_gradient
from bpviz.custom import op
from bpviz.drawing import Drawing, beside, card, draw
from bpviz.elements import elements
from bpviz.flow import Flow
from bpviz.graph import Graph, Node
from bpviz.opening import open_operations as open
from bpviz.propagate import backprop, propagate
from bpviz.tracing import group, name, trace

__all__ = [
    "Drawing",
    "Flow",
    "Graph",
    "InputCheck",
    "Node",
    "Report",
    "backprop",
    "beside",
    "card",
    "draw",
    "elements",
    "gradcheck",
    "group",
    "name",
    "nn",
    "numerical_diff",
    "numerical_gradient",
    "op",
    "open",
    "propagate",
    "trace",
]

__version__ = "0.1.0"
