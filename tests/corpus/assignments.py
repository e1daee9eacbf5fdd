"""Exercises of courses: naive loops first, then in arrays; every forward pass returns its cache."""

import numpy as np

rng = np.random.default_rng(2)


def affine_forward(x, w, b):
    out = x.reshape(x.shape[0], -1).dot(w) + b
    cache = (x, w, b)
    return out, cache


def affine_backward(dout, cache):
    x, w, b = cache
    dx = dout.dot(w.T).reshape(x.shape)
    dw = x.reshape(x.shape[0], -1).T.dot(dout)
    db = np.sum(dout, axis=0)
    return dx, dw, db


def relu_forward(x):
    out = np.maximum(0, x)
    return out, x


def relu_backward(dout, cache):
    dx, x = None, cache
    dx = dout * (x > 0)
    return dx


def softmax_loss(x, y):
    shifted = x - np.max(x, axis=1, keepdims=True)
    Z = np.sum(np.exp(shifted), axis=1, keepdims=True)
    log_probs = shifted - np.log(Z)
    probs = np.exp(log_probs)
    N = x.shape[0]
    loss = -np.sum(log_probs[np.arange(N), y]) / N
    dx = probs.copy()
    dx[np.arange(N), y] -= 1
    dx /= N
    return loss, dx


X = rng.normal(size=(3, 4))
Y = np.array([0, 2, 1])
W = rng.normal(size=(4, 3))


def affine_with_cache(x=X, w=W, b=np.array([0.1, 0.2, 0.3])):
    """The affine layer, which returns its output and its cache."""
    return affine_forward(x, w, b)


def softmax_loss_of_scores(x=rng.normal(size=(3, 3))):
    """Softmax loss; the gradient that it also returns is dropped."""
    loss, _ = softmax_loss(x, Y)
    return loss


def two_layer_loss(
    x=X, W1=rng.normal(size=(4, 5)), b1=np.zeros(5), W2=rng.normal(size=(5, 3)), b2=np.zeros(3), reg=0.1
):
    """Affine, ReLU, affine, softmax loss and regularization, as in an assignment's network."""
    h, cache1 = affine_forward(x, W1, b1)
    r, relu_cache = relu_forward(h)
    scores, cache2 = affine_forward(r, W2, b2)
    loss, dscores = softmax_loss(scores, Y)
    loss += 0.5 * reg * (np.sum(W1 * W1) + np.sum(W2 * W2))
    return loss


def grads_of_two_layers(x=X, W1=rng.normal(size=(4, 5)), W2=rng.normal(size=(5, 3))):
    """The assignment's gradients themselves, put in a dict: their squares are summed."""
    grads = {}
    h, cache1 = affine_forward(x, W1, np.zeros(5))
    r, relu_cache = relu_forward(h)
    scores, cache2 = affine_forward(r, W2, np.zeros(3))
    loss, dscores = softmax_loss(scores, Y)
    dr, grads["W2"], grads["b2"] = affine_backward(dscores, cache2)
    dx, grads["W1"], grads["b1"] = affine_backward(relu_backward(dr, relu_cache), cache1)
    total = 0
    for name in sorted(grads):
        total += np.sum(grads[name] ** 2)
    return total


def svm_loss_naive(W=W, X=X, reg=0.05):
    """Multiclass hinge loss with two loops and a margin that is skipped if it is negative."""
    num_classes = W.shape[1]
    num_train = X.shape[0]
    loss = 0.0
    for i in range(num_train):
        scores = X[i].dot(W)
        correct_class_score = scores[Y[i]]
        for j in range(num_classes):
            if j == Y[i]:
                continue
            margin = scores[j] - correct_class_score + 1
            if margin > 0:
                loss += margin
    loss /= num_train
    loss += reg * np.sum(W * W)
    return loss


def svm_loss_vectorized(W=W, X=X, reg=0.05):
    """The same loss in arrays: the margin of the correct class is set to 0."""
    num_train = X.shape[0]
    scores = X.dot(W)
    correct = scores[np.arange(num_train), Y].reshape(-1, 1)
    margins = np.maximum(0, scores - correct + 1)
    margins[np.arange(num_train), Y] = 0
    return np.sum(margins) / num_train + reg * np.sum(W * W)


def softmax_loss_naive(W=W, X=X, reg=0.05):
    """Softmax loss, example by example."""
    loss = 0.0
    for i in range(len(X)):
        f = X[i].dot(W)
        f -= np.max(f)
        p = np.exp(f) / np.sum(np.exp(f))
        loss += -np.log(p[Y[i]])
    return loss / len(X) + reg * np.sum(W**2)


def batchnorm_forward(x=rng.normal(size=(5, 3)), gamma=np.array([1.0, 2.0, 0.5]), beta=np.array([0.0, 1.0, -1.0])):
    """Batch normalization in small steps, with running averages in a dict; output and cache."""
    bn_param = {"mode": "train", "eps": 1e-5, "momentum": 0.9}
    mode = bn_param["mode"]
    eps = bn_param.get("eps", 1e-5)
    momentum = bn_param.get("momentum", 0.9)
    N, D = x.shape
    running_mean = bn_param.get("running_mean", np.zeros(D, dtype=x.dtype))
    if mode == "train":
        mu = 1 / float(N) * np.sum(x, axis=0)
        xmu = x - mu
        sq = xmu**2
        var = 1 / float(N) * np.sum(sq, axis=0)
        sqrtvar = np.sqrt(var + eps)
        ivar = 1.0 / sqrtvar
        xhat = xmu * ivar
        out = gamma * xhat + beta
        running_mean = momentum * running_mean + (1 - momentum) * mu
        bn_param["running_mean"] = running_mean
        cache = (xmu, ivar, gamma, xhat)
    else:
        raise ValueError('Invalid forward batchnorm mode "%s"' % mode)
    return np.sin(out), cache


def layernorm_forward(x=rng.normal(size=(2, 4)), gamma=np.ones(4) * 1.5, beta=np.zeros(4)):
    """Layer normalization by transposing the batch."""
    xT = x.T
    mean = np.mean(xT, axis=0)
    var = np.var(xT, axis=0)
    x_norm = (xT - mean) / np.sqrt(var + 1e-5)
    return np.sum((x_norm.T * gamma + beta) ** 3)


def dropout_forward(x=X):
    """Inverted dropout, p = 0.6, with a seed."""
    dropout_param = {"p": 0.6, "mode": "train", "seed": 7}
    if "seed" in dropout_param:
        np.random.seed(dropout_param["seed"])
    p = dropout_param["p"]
    mask = (np.random.rand(*x.shape) < p) / p
    return np.sum((x * mask) ** 2)


def conv_forward_naive(x=rng.normal(size=(1, 2, 3, 3)), w=rng.normal(size=(2, 2, 2, 2)), b=np.array([0.1, -0.1])):
    """Convolution with four loops into a buffer of zeros."""
    conv_param = {"stride": 1, "pad": 0}
    stride, pad = conv_param["stride"], conv_param["pad"]
    N, C, H, W = x.shape
    F, _, HH, WW = w.shape
    H_out = int(1 + (H + 2 * pad - HH) / stride)
    W_out = int(1 + (W + 2 * pad - WW) / stride)
    x_pad = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), mode="constant")
    out = np.zeros((N, F, H_out, W_out))
    for n in range(N):
        for f in range(F):
            for i in range(H_out):
                for j in range(W_out):
                    window = x_pad[n, :, i * stride : i * stride + HH, j * stride : j * stride + WW]
                    out[n, f, i, j] = np.sum(window * w[f]) + b[f]
    return out**2


def max_pool_forward_naive(x=rng.normal(size=(1, 2, 4, 4))):
    """Max pooling with four loops."""
    pool_param = {"pool_height": 2, "pool_width": 2, "stride": 2}
    N, C, H, W = x.shape
    HH, WW, stride = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]
    H_out, W_out = 1 + (H - HH) // stride, 1 + (W - WW) // stride
    out = np.empty((N, C, H_out, W_out))
    for n in range(N):
        for c in range(C):
            for i in range(H_out):
                for j in range(W_out):
                    h0, w0 = i * stride, j * stride
                    out[n, c, i, j] = np.max(x[n, c, h0 : h0 + HH, w0 : w0 + WW])
    return np.sum(out**2)


def zero_pad_and_single_step(a_slice=rng.normal(size=(2, 2, 2)), W=rng.normal(size=(2, 2, 2)), b=np.array([[[0.3]]])):
    """One position of a convolution; the bias is an array of one number."""
    s = np.multiply(a_slice, W)
    Z = np.sum(s)
    return Z + b[0, 0, 0]


def rnn_step_forward(
    x=rng.normal(size=(2, 3)),
    prev_h=rng.normal(size=(2, 4)),
    Wx=rng.normal(size=(3, 4)),
    Wh=rng.normal(size=(4, 4)) / 2,
    b=np.zeros(4),
):
    """One step of an RNN, with its cache."""
    next_h = np.tanh(x.dot(Wx) + prev_h.dot(Wh) + b)
    cache = (x, prev_h, Wx, Wh, next_h)
    return next_h, cache


def lstm_step_forward(
    x=rng.normal(size=(1, 3)),
    prev_h=rng.normal(size=(1, 2)),
    prev_c=rng.normal(size=(1, 2)),
    Wx=rng.normal(size=(3, 8)),
    Wh=rng.normal(size=(2, 8)),
    b=np.zeros(8),
):
    """One step of an LSTM; the four gates are slices of one product."""

    def sigmoid(x):
        pos_mask = x >= 0
        neg_mask = x < 0
        z = np.zeros_like(x)
        z[pos_mask] = np.exp(-x[pos_mask])
        z[neg_mask] = np.exp(x[neg_mask])
        top = np.ones_like(x)
        top[neg_mask] = z[neg_mask]
        return top / (1 + z)

    H = prev_h.shape[1]
    a = x.dot(Wx) + prev_h.dot(Wh) + b
    i = sigmoid(a[:, :H])
    f = sigmoid(a[:, H : 2 * H])
    o = sigmoid(a[:, 2 * H : 3 * H])
    g = np.tanh(a[:, 3 * H :])
    next_c = f * prev_c + i * g
    next_h = o * np.tanh(next_c)
    return np.sum(next_h) + np.sum(next_c**2)


def temporal_softmax_loss(x=rng.normal(size=(2, 2, 3))):
    """Softmax loss over time, with a mask of the padding."""
    y = np.array([[0, 2], [1, 0]])
    mask = np.array([[True, True], [True, False]])
    N, T, V = x.shape
    x_flat = x.reshape(N * T, V)
    y_flat = y.reshape(N * T)
    mask_flat = mask.reshape(N * T)
    probs = np.exp(x_flat - np.max(x_flat, axis=1, keepdims=True))
    probs /= np.sum(probs, axis=1, keepdims=True)
    return -np.sum(mask_flat * np.log(probs[np.arange(N * T), y_flat])) / N


def logistic_cost_of_columns(w=np.array([[0.5], [-0.3]]), b=0.1, X=np.array([[1.0, 2.0, -1.0], [3.0, 0.5, -2.0]])):
    """Logistic cost with examples in columns, squeezed to a number."""
    Y = np.array([[1, 1, 0]])
    m = X.shape[1]
    A = 1 / (1 + np.exp(-(np.dot(w.T, X) + b)))
    cost = -1 / m * np.sum(Y * np.log(A) + (1 - Y) * np.log(1 - A))
    return np.squeeze(cost)


def l_layer_forward(
    X=rng.normal(size=(3, 2)),
    parameters={
        "W1": rng.normal(size=(4, 3)),
        "b1": np.zeros((4, 1)),
        "W2": rng.normal(size=(1, 4)),
        "b2": np.zeros((1, 1)),
    },
):
    """Deep network in columns: ReLU layers in a loop, a sigmoid at the end, caches in a list."""
    caches = []
    A = X
    L = len(parameters) // 2
    for l in range(1, L):
        A_prev = A
        Z = np.dot(parameters["W" + str(l)], A_prev) + parameters["b" + str(l)]
        A = np.maximum(0, Z)
        caches.append((A_prev, Z))
    ZL = np.dot(parameters["W" + str(L)], A) + parameters["b" + str(L)]
    AL = 1 / (1 + np.exp(-ZL))
    Y = np.array([[1, 0]])
    m = Y.shape[1]
    return -(1.0 / m) * np.sum(np.multiply(Y, np.log(AL)) + np.multiply(1 - Y, np.log(1 - AL)))


def triplet_loss(a=np.array([0.2, 0.8]), p=np.array([0.3, 0.6]), n=np.array([0.5, 0.1])):
    """Triplet loss of three encodings."""
    alpha = 0.2
    pos_dist = np.sum(np.square(a - p))
    neg_dist = np.sum(np.square(a - n))
    return np.maximum(pos_dist - neg_dist + alpha + 1.0, 0.0)


def content_and_style(a=rng.normal(size=(3, 4)), g=rng.normal(size=(3, 4))):
    """Neural style: the content cost and the cost of the Gram matrices."""
    n_C, n_HW = a.shape
    content = np.sum(np.square(a - g)) / (4 * n_C * n_HW)
    GS, GG = np.matmul(a, a.T), np.matmul(g, g.T)
    style = np.sum(np.square(GS - GG)) / (4 * n_C**2 * n_HW**2)
    return 10 * content + 40 * style


def iou_of_boxes(box1=(2.0, 1.0, 4.0, 3.0), box2=(1.0, 2.0, 3.0, 4.0)):
    """Intersection over union of two boxes given by corners."""
    (x11, y11, x12, y12) = box1
    (x21, y21, x22, y22) = box2
    xi1, yi1 = max(x11, x21), max(y11, y21)
    xi2, yi2 = min(x12, x22), min(y12, y22)
    inter = max(xi2 - xi1, 0) * max(yi2 - yi1, 0)
    union = (x12 - x11) * (y12 - y11) + (x22 - x21) * (y22 - y21) - inter
    return inter / union


def l2_distances_one_loop(X=rng.normal(size=(2, 3)), train=rng.normal(size=(3, 3))):
    """Distances of a nearest-neighbour exercise, row by row into a buffer."""
    dists = np.zeros((X.shape[0], train.shape[0]))
    for i in range(X.shape[0]):
        dists[i, :] = np.sqrt(np.sum((train - X[i]) ** 2, axis=1))
    return dists
