"""Textbook layers and losses, each one node of the figure.

>>> import bpviz
>>> bpviz.backprop(lambda x=0.0: bpviz.nn.sigmoid(x)).grads
{'x': 0.25}
"""

from bpviz import ops

__all__ = [
    "cross_entropy",
    "mean_squared_error",
    "relu",
    "sigmoid",
    "softmax",
    "softmax_cross_entropy",
    "sum_squared_error",
    "tanh",
]

cross_entropy = ops.cross_entropy
mean_squared_error = ops.mean_squared_error
relu = ops.relu
sigmoid = ops.sigmoid
softmax = ops.softmax
softmax_cross_entropy = ops.softmax_cross_entropy
sum_squared_error = ops.sum_squared_error
tanh = ops.tanh
