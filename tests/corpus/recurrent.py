"""Recurrent networks over time, as books, gists and assignments write them."""

import numpy as np

rng = np.random.default_rng(3)


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


XS = rng.normal(size=(2, 3, 2))
H0 = np.zeros((2, 3))


class RNN:
    def __init__(self, Wx, Wh, b):
        self.params = [Wx, Wh, b]
        self.cache = None

    def forward(self, x, h_prev):
        Wx, Wh, b = self.params
        t = np.dot(h_prev, Wh) + np.dot(x, Wx) + b
        h_next = np.tanh(t)
        self.cache = (x, h_prev, h_next)
        return h_next


class TimeRNN:
    def __init__(self, Wx, Wh, b, stateful=False):
        self.params = [Wx, Wh, b]
        self.layers = None
        self.h = None
        self.stateful = stateful

    def forward(self, xs):
        Wx, Wh, b = self.params
        N, T, D = xs.shape
        D, H = Wx.shape
        self.layers = []
        hs = np.empty((N, T, H), dtype="f8")
        if not self.stateful or self.h is None:
            self.h = np.zeros((N, H), dtype="f8")
        for t in range(T):
            layer = RNN(*self.params)
            self.h = layer.forward(xs[:, t, :], self.h)
            hs[:, t, :] = self.h
            self.layers.append(layer)
        return hs


class LSTM:
    def __init__(self, Wx, Wh, b):
        self.params = [Wx, Wh, b]
        self.cache = None

    def forward(self, x, h_prev, c_prev):
        Wx, Wh, b = self.params
        N, H = h_prev.shape
        A = np.dot(x, Wx) + np.dot(h_prev, Wh) + b
        f = sigmoid(A[:, :H])
        g = np.tanh(A[:, H : 2 * H])
        i = sigmoid(A[:, 2 * H : 3 * H])
        o = sigmoid(A[:, 3 * H :])
        c_next = f * c_prev + g * i
        h_next = o * np.tanh(c_next)
        self.cache = (x, h_prev, c_prev, i, f, g, o, c_next)
        return h_next, c_next


class TimeAffine:
    def __init__(self, W, b):
        self.params = [W, b]

    def forward(self, x):
        N, T, D = x.shape
        W, b = self.params
        rx = x.reshape(N * T, -1)
        return (np.dot(rx, W) + b).reshape(N, T, -1)


class TimeEmbedding:
    def __init__(self, W):
        self.params = [W]

    def forward(self, xs):
        N, T = xs.shape
        V, D = self.params[0].shape
        out = np.empty((N, T, D), dtype="f")
        out = out.astype("f8")
        for t in range(T):
            out[:, t, :] = self.params[0][xs[:, t]]
        return out


def rnn_over_time(x=XS, Wx=rng.normal(size=(2, 3)), Wh=rng.normal(size=(3, 3)) / 2, b=np.zeros(3)):
    """An RNN that fills a buffer of hidden states."""
    N, T, D = x.shape
    h = np.zeros((N, T, Wh.shape[0]))
    prev = H0
    for t in range(T):
        prev = np.tanh(x[:, t, :].dot(Wx) + prev.dot(Wh) + b)
        h[:, t, :] = prev
    return np.sum(h**2)


def time_rnn_layer(xs=XS, Wx=rng.normal(size=(2, 3)), Wh=rng.normal(size=(3, 3)), b=np.zeros(3)):
    """The book's time layer: a layer object per step, an empty buffer."""
    return np.sum(np.sin(TimeRNN(Wx, Wh, b).forward(xs)))


def stateful_rnn(xs=XS, Wx=rng.normal(size=(2, 3)), Wh=rng.normal(size=(3, 3)), b=np.zeros(3)):
    """Two windows of one sequence, the state kept in between."""
    layer = TimeRNN(Wx, Wh, b, stateful=True)
    first = layer.forward(xs)
    second = layer.forward(xs * 0.5)
    return np.mean(first) + np.mean(second**2)


def language_model(
    embed=rng.normal(size=(4, 2)),
    Wx=rng.normal(size=(2, 3)),
    Wh=rng.normal(size=(3, 3)),
    W=rng.normal(size=(3, 4)),
):
    """Embedding, RNN, affine and softmax over time."""
    xs = np.array([[0, 2, 1]])
    ts = np.array([2, 1, 3])
    vectors = TimeEmbedding(embed).forward(xs)
    hs = TimeRNN(Wx, Wh, np.zeros(3)).forward(vectors)
    scores = TimeAffine(W, np.zeros(4)).forward(hs)
    N, T, V = scores.shape
    ys = scores.reshape(N * T, V)
    ys = np.exp(ys - ys.max(axis=1, keepdims=True))
    ys /= ys.sum(axis=1, keepdims=True)
    ls = np.log(ys[np.arange(N * T), ts])
    return -np.sum(ls) / (N * T)


def lstm_over_time(xs=XS, Wx=rng.normal(size=(2, 12)) / 2, Wh=rng.normal(size=(3, 12)) / 2, b=np.zeros(12)):
    """An LSTM over time, gates as slices, states in a buffer."""
    N, T, D = xs.shape
    H = Wh.shape[0]
    hs = np.empty((N, T, H))
    h, c = np.zeros((N, H)), np.zeros((N, H))
    for t in range(T):
        layer = LSTM(Wx, Wh, b)
        h, c = layer.forward(xs[:, t, :], h, c)
        hs[:, t, :] = h
    return np.sum(hs) + np.sum(c**2)


def gru_step(
    x=rng.normal(size=(1, 2)),
    h_prev=rng.normal(size=(1, 3)),
    Wx=rng.normal(size=(2, 9)),
    Wh=rng.normal(size=(3, 9)),
    b=np.zeros(9),
):
    """One step of a GRU with the weights of three gates side by side."""
    H = Wh.shape[0]
    Wxz, Wxr, Wxh = Wx[:, :H], Wx[:, H : 2 * H], Wx[:, 2 * H :]
    Whz, Whr, Whh = Wh[:, :H], Wh[:, H : 2 * H], Wh[:, 2 * H :]
    bz, br, bh = b[:H], b[H : 2 * H], b[2 * H :]
    z = sigmoid(np.dot(x, Wxz) + np.dot(h_prev, Whz) + bz)
    r = sigmoid(np.dot(x, Wxr) + np.dot(h_prev, Whr) + br)
    h_hat = np.tanh(np.dot(x, Wxh) + np.dot(r * h_prev, Whh) + bh)
    return (1 - z) * h_prev + z * h_hat


def gru_over_time(x=rng.normal(size=(3, 2)), params={k: rng.normal(size=(2, 5)) for k in ("z", "r", "h")}):
    """A GRU on concatenated input and state, three matrices in a dict."""
    h = np.zeros(2)
    outs = []
    for t in range(len(x)):
        both = np.concatenate((h, x[t], np.ones(1)))
        z = sigmoid(params["z"] @ both)
        r = sigmoid(params["r"] @ both)
        n = np.tanh(params["h"] @ np.concatenate((r * h, x[t], np.ones(1))))
        h = z * h + (1 - z) * n
        outs.append(h)
    return np.sum(np.array(outs) ** 2)


def char_rnn_loss(
    Wxh=rng.normal(size=(3, 4)), Whh=rng.normal(size=(3, 3)), Why=rng.normal(size=(4, 3)), bh=np.zeros((3, 1))
):
    """A character model: states in a dict by time, one-hot columns, loss by log of one probability."""
    inputs, targets = [0, 3, 1], [3, 1, 2]
    xs, hs, ys, ps = {}, {}, {}, {}
    hs[-1] = np.zeros((3, 1))
    loss = 0
    for t in range(len(inputs)):
        xs[t] = np.zeros((4, 1))
        xs[t][inputs[t]] = 1
        hs[t] = np.tanh(np.dot(Wxh, xs[t]) + np.dot(Whh, hs[t - 1]) + bh)
        ys[t] = np.dot(Why, hs[t])
        ps[t] = np.exp(ys[t]) / np.sum(np.exp(ys[t]))
        loss += -np.log(ps[t][targets[t], 0])
    return loss


def char_rnn_clipped_step(Wxh=rng.normal(size=(3, 2)), Whh=rng.normal(size=(3, 3)), x=rng.normal(size=(2, 1))):
    """Backpropagation through time by hand; the gradients are clipped in place."""
    hs = {-1: np.zeros((3, 1))}
    for t in range(2):
        hs[t] = np.tanh(np.dot(Wxh, x) + np.dot(Whh, hs[t - 1]))
    dWxh, dWhh = np.zeros_like(Wxh), np.zeros_like(Whh)
    dhnext = np.zeros_like(hs[0])
    for t in reversed(range(2)):
        dh = hs[t] + dhnext
        dhraw = (1 - hs[t] * hs[t]) * dh
        dWxh += np.dot(dhraw, x.T)
        dWhh += np.dot(dhraw, hs[t - 1].T)
        dhnext = np.dot(Whh.T, dhraw)
    for dparam in [dWxh, dWhh]:
        np.clip(dparam, -0.3, 0.3, out=dparam)
    return np.sum(dWxh * Wxh) + np.sum(dWhh * Whh)


def bidirectional(x=rng.normal(size=(3, 2)), Wf=rng.normal(size=(2, 2)), Wb=rng.normal(size=(2, 2))):
    """Two RNNs, one from the end; their states are side by side."""
    forward, backward = np.zeros((3, 2)), np.zeros((3, 2))
    h = np.zeros(2)
    for t in range(3):
        h = np.tanh(x[t] @ Wf + h)
        forward[t] = h
    h = np.zeros(2)
    for t in range(3)[::-1]:
        h = np.tanh(x[t] @ Wb + h)
        backward[t] = h
    return np.sum(np.hstack((forward, backward)) ** 2)


def seq2seq_with_attention(
    enc=rng.normal(size=(3, 2)), W=rng.normal(size=(2, 2)), V=rng.normal(size=(4, 2)), start=np.array([0.1, 0.2])
):
    """A decoder that looks back at the encoder's states, two steps."""
    h = start
    total = 0.0
    for _ in range(2):
        s = enc @ h
        a = np.exp(s - s.max())
        a /= a.sum()
        context = np.sum(enc * a[:, np.newaxis], axis=0)
        h = np.tanh(np.concatenate([h, context]) @ V)
        total = total + h @ W @ h
    return total


def peephole_cell(x=0.5, h=0.1, c=-0.2, w=np.array([0.3, -0.5, 0.8, 0.2]), p=np.array([0.1, 0.2, 0.3])):
    """An LSTM cell of single numbers with peepholes."""
    i = sigmoid(w[0] * x + h + p[0] * c)
    f = sigmoid(w[1] * x + h + p[1] * c)
    c_new = f * c + i * np.tanh(w[2] * x + h)
    o = sigmoid(w[3] * x + h + p[2] * c_new)
    return o * np.tanh(c_new)
