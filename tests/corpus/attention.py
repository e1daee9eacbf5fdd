"""Small transformers, as teaching repositories write them."""

import numpy as np

rng = np.random.default_rng(4)


def gelu(x):
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


def softmax(x):
    exp_x = np.exp(x - np.max(x, axis=-1, keepdims=True))
    return exp_x / np.sum(exp_x, axis=-1, keepdims=True)


def layer_norm(x, g, b, eps: float = 1e-5):
    mean = np.mean(x, axis=-1, keepdims=True)
    variance = np.var(x, axis=-1, keepdims=True)
    return g * (x - mean) / np.sqrt(variance + eps) + b


def linear(x, w, b):
    return x @ w + b


def ffn(x, c_fc, c_proj):
    return linear(gelu(linear(x, **c_fc)), **c_proj)


def attend(q, k, v, mask):
    return softmax(q @ k.T / np.sqrt(q.shape[-1]) + mask) @ v


def mha(x, c_attn, c_proj, n_head):
    x = linear(x, **c_attn)
    qkv = np.split(x, 3, axis=-1)
    qkv_heads = list(map(lambda x: np.split(x, n_head, axis=-1), qkv))
    causal_mask = (1 - np.tri(x.shape[0])) * -1e10
    out_heads = [attend(q, k, v, causal_mask) for q, k, v in zip(*qkv_heads)]
    return linear(np.hstack(out_heads), **c_proj)


def block(x, mlp, attn, ln_1, ln_2, n_head):
    x = x + mha(layer_norm(x, **ln_1), **attn, n_head=n_head)
    return x + ffn(layer_norm(x, **ln_2), **mlp)


X = rng.normal(size=(3, 4))
W = rng.normal(size=(4, 4))


def weights(n, m):
    return {"w": rng.normal(size=(n, m)) / 2, "b": np.zeros(m)}


def scaled_dot_product(q=rng.normal(size=(2, 3)), k=rng.normal(size=(3, 3)), v=rng.normal(size=(3, 2))):
    """Attention of two queries to three keys."""
    scores = np.matmul(q, k.T) / np.sqrt(k.shape[-1])
    return np.matmul(softmax(scores), v)


def causal_attention(q=X, k=X * 0.5, v=X - 1):
    """Attention in which positions after the query are masked with -inf."""
    scores = q @ k.T / q.shape[-1] ** 0.5
    mask = np.triu(np.ones_like(scores), k=1).astype(bool)
    scores[mask] = -np.inf
    return np.sum(softmax(scores) @ v)


def multi_head(x=X, c_attn=weights(4, 12), c_proj=weights(4, 4)):
    """Multi-head attention: split, one attention per head, stack."""
    return np.sum(mha(x, c_attn, c_proj, n_head=2) ** 2)


def transformer_block(
    x=X,
    mlp={"c_fc": weights(4, 8), "c_proj": weights(8, 4)},
    attn={"c_attn": weights(4, 12), "c_proj": weights(4, 4)},
    ln_1={"g": np.ones(4), "b": np.zeros(4)},
    ln_2={"g": np.ones(4), "b": np.zeros(4)},
):
    """A block of GPT-2 with its parameters in nested dicts."""
    return np.mean(block(x, mlp, attn, ln_1, ln_2, n_head=2) ** 2)


def tiny_gpt_loss(
    wte=rng.normal(size=(5, 4)), wpe=rng.normal(size=(3, 4)), c_attn=weights(4, 12), c_proj=weights(4, 4)
):
    """Next-token loss of an embedding, one attention and the tied output matrix."""
    inputs, targets = [1, 4, 2], [4, 2, 0]
    x = wte[inputs] + wpe[range(len(inputs))]
    x = x + mha(x, c_attn, c_proj, n_head=1)
    logits = x @ wte.T
    probs = softmax(logits)
    return -np.mean(np.log(probs[np.arange(3), targets]))


def heads_by_reshape(x=rng.normal(size=(1, 2, 4)), Wq=W, Wk=W.T, Wv=W * 0.5):
    """Multi-head attention by reshaping and transposing, in batches."""
    B, T, C = x.shape
    nh = 2
    q = (x @ Wq).reshape(B, T, nh, C // nh).transpose(0, 2, 1, 3)
    k = (x @ Wk).reshape(B, T, nh, C // nh).transpose(0, 2, 1, 3)
    v = (x @ Wv).reshape(B, T, nh, C // nh).transpose(0, 2, 1, 3)
    att = (q @ k.transpose(0, 1, 3, 2)) * (1.0 / np.sqrt(k.shape[-1]))
    att = np.where(np.tril(np.ones((T, T))) == 0, -1e9, att)
    y = softmax(att) @ v
    return y.transpose(0, 2, 1, 3).reshape(B, T, C)


def attention_by_einsum(x=rng.normal(size=(2, 3, 4)), Wq=W, Wk=W * 0.3, Wv=W.T):
    """Attention in Einstein's notation."""
    q = np.einsum("btc,cd->btd", x, Wq)
    k = np.einsum("btc,cd->btd", x, Wk)
    v = np.einsum("btc,cd->btd", x, Wv)
    weights = softmax(np.einsum("btd,bsd->bts", q, k) / 2.0)
    return np.einsum("bts,bsd->btd", weights, v)


def sinusoidal_positions(x=X):
    """Sines and cosines of positions written into every second column, then added."""
    T, D = x.shape
    pe = np.zeros((T, D))
    position = np.arange(T)[:, np.newaxis]
    div_term = np.exp(np.arange(0, D, 2) * -(np.log(10000.0) / D))
    pe[:, 0::2] = np.sin(position * div_term)
    pe[:, 1::2] = np.cos(position * div_term)
    return np.sum(np.tanh(x + pe))


def rotary_embedding(q=rng.normal(size=(2, 4)), theta=0.5):
    """Rotary positions: halves are rotated by an angle that grows with the position."""
    T, D = q.shape
    half = D // 2
    angle = np.outer(np.arange(T), theta ** np.arange(half))
    x1, x2 = q[:, :half], q[:, half:]
    rotated = np.concatenate(
        [x1 * np.cos(angle) - x2 * np.sin(angle), x1 * np.sin(angle) + x2 * np.cos(angle)], axis=-1
    )
    return np.sum(rotated[0] * rotated[1])


def rms_norm_swiglu(x=X, weight=np.ones(4), W1=W, W2=W.T, W3=W * 0.5):
    """RMS norm and the gated feed-forward of newer models."""
    h = x / np.sqrt(np.mean(x * x, axis=-1, keepdims=True) + 1e-6) * weight
    gate = h @ W1
    return np.sum((gate / (1 + np.exp(-gate)) * (h @ W2)) @ W3)


def kv_cache(x=X, Wk=W, Wv=W * 0.5):
    """Decoding with a cache: keys and values are appended step by step."""
    K, V = np.zeros((0, 4)), np.zeros((0, 4))
    total = 0.0
    for t in range(x.shape[0]):
        K = np.vstack([K, x[t] @ Wk])
        V = np.vstack([V, x[t] @ Wv])
        a = softmax(K @ x[t])
        total += np.sum(a @ V)
    return total


class LayerNorm:
    def __init__(self, dim):
        self.gamma = np.ones(dim)
        self.beta = np.zeros(dim)

    def __call__(self, x=X):
        """A layer-norm object that is called."""
        mean = x.mean(-1, keepdims=True)
        std = x.std(-1, keepdims=True)
        return self.gamma * (x - mean) / (std + 1e-6) + self.beta


layer_norm_object = LayerNorm(4).__call__
