"""What stands in the circle of a step: the symbols of the textbooks for PyTorch's functions."""

from __future__ import annotations

from bpviz.sources.torch.tensors.drafts import Called, Slot

__all__ = ["symbol_of"]

_SYMBOLS = {
    "linear": "Affine", "addmm": "Affine", "baddbmm": "Affine", "mm": "dot", "bmm": "dot", "matmul": "dot",
    "mv": "dot", "dot": "dot", "einsum": "einsum", "outer": "⊗", "bilinear": "Bilinear",
    "conv1d": "Conv", "conv2d": "Conv", "conv3d": "Conv",
    "conv_transpose1d": "Convᵀ", "conv_transpose2d": "Convᵀ", "conv_transpose3d": "Convᵀ",
    "batch_norm": "BatchNorm", "layer_norm": "LayerNorm", "group_norm": "GroupNorm", "rms_norm": "RMSNorm",
    "instance_norm": "InstanceNorm", "local_response_norm": "LRN", "normalize": "x/‖x‖",
    "relu": "ReLU", "leaky_relu": "Leaky ReLU", "prelu": "PReLU", "relu6": "ReLU6", "gelu": "GELU", "silu": "SiLU",
    "elu": "ELU", "selu": "SELU", "mish": "Mish", "hardswish": "Hardswish", "hardtanh": "clip", "softplus": "softplus",
    "sigmoid": "σ", "logsigmoid": "log σ", "softmax": "softmax", "log_softmax": "log softmax", "glu": "GLU",
    "cross_entropy": "softmax loss", "nll_loss": "−Σ t·log y", "mse_loss": "mean (y−t)²", "l1_loss": "mean |y−t|",
    "smooth_l1_loss": "smooth L1", "huber_loss": "Huber", "binary_cross_entropy": "yes/no loss",
    "binary_cross_entropy_with_logits": "σ loss", "kl_div": "KL", "cosine_similarity": "cos",
    "pairwise_distance": "‖x−y‖", "cdist": "‖x−y‖",
    "max_pool1d": "MaxPool", "max_pool2d": "MaxPool", "max_pool3d": "MaxPool", "avg_pool1d": "AvgPool",
    "avg_pool2d": "AvgPool", "avg_pool3d": "AvgPool", "adaptive_avg_pool1d": "AvgPool",
    "adaptive_avg_pool2d": "AvgPool",
    "adaptive_max_pool2d": "MaxPool", "interpolate": "resize", "upsample": "resize", "pad": "pad",
    "scaled_dot_product_attention": "Attention", "multi_head_attention_forward": "Attention",
    "embedding": "Embedding", "embedding_bag": "Embedding", "one_hot": "one-hot",
    "dropout": "Dropout", "dropout1d": "Dropout", "dropout2d": "Dropout", "alpha_dropout": "Dropout",
    "lstm": "LSTM", "gru": "GRU", "rnn_tanh": "RNN", "rnn_relu": "RNN", "lstm_cell": "LSTM", "gru_cell": "GRU",
    "rnn_tanh_cell": "RNN", "rnn_relu_cell": "RNN",
    "view": "reshape", "reshape": "reshape", "flatten": "reshape", "unflatten": "reshape", "unsqueeze": "reshape",
    "squeeze": "reshape", "view_as": "reshape", "reshape_as": "reshape", "transpose": "T", "permute": "T", "T": "T",
    "mT": "T", "t": "T", "H": "T", "mH": "T", "swapaxes": "T", "movedim": "T", "expand": "broadcast",
    "expand_as": "broadcast", "broadcast_to": "broadcast", "cat": "concat", "concat": "concat", "stack": "stack",
    "split": "split", "chunk": "split", "unbind": "split", "tensor_split": "split",
    "__getitem__": "[ ]", "select": "[ ]", "narrow": "[ ]", "index_select": "[ ]", "gather": "[ ]",
    "take_along_dim": "[ ]",
    "__setitem__": "[ ] ←", "index_add": "[ ] +", "scatter_add": "[ ] +", "index_copy": "[ ] ←", "copy": "copy",
    "masked_fill": "mask", "tril": "tril", "triu": "triu", "contiguous": "copy", "clone": "copy",
    "to": "type", "type": "type", "type_as": "type", "float": "type", "double": "type", "half": "type",
    "bfloat16": "type",
    "long": "type", "int": "type", "bool": "type", "detach": "stop", "data": "stop", "where": "where",
    "add": "+", "sub": "−", "mul": "×", "div": "÷", "truediv": "÷", "rsub": "−", "rdiv": "÷", "rtruediv": "÷",
    "radd": "+", "rmul": "×", "neg": "−", "pow": "xʸ", "rpow": "xʸ", "float_power": "xʸ", "square": "x²",
    "reciprocal": "1/x", "exp": "exp", "log": "log", "log1p": "log(1+x)", "sqrt": "√", "rsqrt": "1/√", "tanh": "tanh",
    "sin": "sin", "cos": "cos", "abs": "|x|", "clamp": "clip", "clip": "clip",
    "sum": "Σ", "mean": "mean", "std": "std", "var": "var", "prod": "Π", "max": "max", "min": "min", "amax": "max",
    "amin": "min", "maximum": "max", "minimum": "min", "norm": "‖x‖", "cumsum": "Σ…", "logsumexp": "lse",
    "argmax": "argmax", "argmin": "argmin", "topk": "top k", "sort": "sort", "eq": "=", "ne": "≠", "lt": "<", "le": "≤",
    "gt": ">", "ge": "≥", "grad": "∂", "hook": "hook", "BackwardHookFunction": "hook", "view_of": "view",
}  # fmt: skip

_WITH_NUMBER = frozenset({"add", "sub", "mul", "div", "truediv", "rsub", "rdiv", "rtruediv", "radd", "rmul"})
_EXPONENTS = {2: "x²", 3: "x³", 0.5: "√", -0.5: "1/√", -1: "1/x"}


def symbol_of(called: Called) -> str:
    """Return what stands in the circle of a call.

    >>> symbol_of(Called("linear")), symbol_of(Called("mul", args=("x", 2.0))), symbol_of(Called("erfinv"))
    ('Affine', '×2', 'erfinv')
    """
    name, second = called.name, called.args[1] if len(called.args) > 1 else None
    number = second if isinstance(second, int | float) and not isinstance(second, bool) else None
    known = _SYMBOLS.get(name, name)
    if number is None or isinstance(second, Slot):
        return known
    if name in ("pow", "__pow__"):
        return _EXPONENTS.get(number, f"x^{number:g}")
    if name in _WITH_NUMBER:
        return f"{number:.3g}{known}" if name in ("rsub", "rdiv", "rtruediv") else f"{known}{number:.3g}"
    return known
