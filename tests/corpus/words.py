"""Word vectors: CBOW, skip-gram, negative sampling, GloVe."""

import numpy as np

rng = np.random.default_rng(5)
IN, OUT = rng.normal(size=(5, 3)), rng.normal(size=(5, 3))


def softmax(x):
    e = np.exp(x - np.max(x))
    return e / e.sum()


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


class MatMul:
    def __init__(self, W):
        self.params = [W]
        self.grads = [np.zeros_like(W)]
        self.x = None

    def forward(self, x):
        (W,) = self.params
        out = np.dot(x, W)
        self.x = x
        return out


class Embedding:
    def __init__(self, W):
        self.params = [W]
        self.grads = [np.zeros_like(W)]
        self.idx = None

    def forward(self, idx):
        (W,) = self.params
        self.idx = idx
        return W[idx]

    def backward(self, dout):
        (dW,) = self.grads
        dW[...] = 0
        np.add.at(dW, self.idx, dout)


def cbow_one_hot(W_in=IN, W_out=OUT.T):
    """CBOW with one-hot rows and a matrix product per context word."""
    c0, c1 = np.eye(5)[[0]], np.eye(5)[[2]]
    h = 0.5 * (MatMul(W_in).forward(c0) + MatMul(W_in).forward(c1))
    s = MatMul(W_out).forward(h)
    return -np.log(softmax(s[0])[1])


def skip_gram(center=IN, outside=OUT):
    """Naive softmax skip-gram over a window of two words."""
    loss = 0.0
    for j in [0, 3]:
        y_hat = softmax(outside @ center[2])
        loss += -np.log(y_hat[j])
    return loss


def negative_sampling(center_vec=IN[0], outside_vectors=OUT):
    """Negative sampling: one true word and drawn ones, one of them twice."""
    indices = [1] + [3, 4, 4]
    loss = -np.log(sigmoid(outside_vectors[indices[0]].dot(center_vec)))
    for k in indices[1:]:
        loss -= np.log(sigmoid(-outside_vectors[k].dot(center_vec)))
    return loss


def negative_sampling_in_arrays(W_in=IN, W_out=OUT):
    """The book's embedding dot with a batch and a sigmoid loss."""
    contexts, targets, negative = np.array([[0, 2], [1, 3]]), np.array([1, 2]), np.array([[3, 4], [0, 4]])
    h = 0
    for i in range(2):
        h = h + Embedding(W_in).forward(contexts[:, i])
    h = h * 1 / 2
    score = np.sum(Embedding(W_out).forward(targets) * h, axis=1)
    loss = -np.mean(np.log(sigmoid(score) + 1e-7))
    for i in range(2):
        score = np.sum(W_out[negative[:, i]] * h, axis=1)
        loss += -np.mean(np.log(1 - sigmoid(score) + 1e-7))
    return loss


def embedding_backward(W=IN, dout=rng.normal(size=(3, 3))):
    """The embedding's own backward: rows of a buffer are added to at repeated places."""
    layer = Embedding(W)
    layer.forward(np.array([1, 3, 1]))
    layer.backward(dout)
    return np.sum(layer.grads[0] * W)


def glove_loss(W=IN, V=OUT, b=np.zeros(5), c=np.zeros(5)):
    """GloVe's weighted least squares over the pairs that occur."""
    counts = {(0, 1): 12.0, (1, 2): 3.0, (2, 4): 150.0}
    loss = 0
    for (i, j), x_ij in counts.items():
        weight = (x_ij / 100) ** 0.75 if x_ij < 100 else 1.0
        loss += weight * (W[i] @ V[j] + b[i] + c[j] - np.log(x_ij)) ** 2
    return 0.5 * loss


def cosine_of_analogy(W=IN):
    """Cosine of king - man + woman and queen."""
    query = W[0] - W[1] + W[2]
    target = W[3]
    nx = query / (np.sqrt(np.sum(query**2)) + 1e-8)
    ny = target / (np.sqrt(np.sum(target**2)) + 1e-8)
    return np.dot(nx, ny)


def ppmi(C=np.array([[4.0, 2.0, 1.0], [2.0, 5.0, 3.0], [1.0, 3.0, 6.0]])):
    """Positive pointwise mutual information, element by element into zeros."""
    M = np.zeros_like(C)
    N = np.sum(C)
    S = np.sum(C, axis=0)
    for i in range(C.shape[0]):
        for j in range(C.shape[1]):
            pmi = np.log2(C[i, j] * N / (S[j] * S[i]) + 1e-8)
            M[i, j] = max(0, pmi)
    return np.sum(M**2)


def bag_of_words(E=IN, W=rng.normal(size=(3, 2))):
    """Mean of word vectors, then a classifier; the words are looked up in a dict."""
    vocabulary = {"good": 0, "bad": 1, "film": 2}
    ids = [vocabulary[w] for w in "good film good".split()]
    p = softmax(np.mean(E[ids], axis=0) @ W)
    return -np.log(p[1])
