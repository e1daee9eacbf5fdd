"""Training steps: the value is the loss after the step, so gradients flow through the update."""

import numpy as np

rng = np.random.default_rng(7)
X, T = rng.normal(size=(4, 2)), rng.normal(size=4)


def loss_of(w):
    return np.mean((X @ w - T) ** 2)


def gradient_of(w):
    return 2 * X.T @ (X @ w - T) / len(T)


class SGD:
    def __init__(self, lr=0.01):
        self.lr = lr

    def update(self, params, grads):
        for key in params.keys():
            params[key] -= self.lr * grads[key]


class Momentum:
    def __init__(self, lr=0.01, momentum=0.9):
        self.lr = lr
        self.momentum = momentum
        self.v = None

    def update(self, params, grads):
        if self.v is None:
            self.v = {}
            for key, val in params.items():
                self.v[key] = np.zeros_like(val)
        for key in params:
            self.v[key] = self.momentum * self.v[key] - self.lr * grads[key]
            params[key] += self.v[key]


class Nesterov:
    def __init__(self, lr=0.01, momentum=0.9):
        self.lr = lr
        self.momentum = momentum
        self.v = None

    def update(self, params, grads):
        if self.v is None:
            self.v = {key: np.zeros_like(val) for key, val in params.items()}
        for key in params:
            params[key] += self.momentum * self.momentum * self.v[key]
            params[key] -= (1 + self.momentum) * self.lr * grads[key]
            self.v[key] *= self.momentum
            self.v[key] -= self.lr * grads[key]


class AdaGrad:
    def __init__(self, lr=0.01):
        self.lr = lr
        self.h = None

    def update(self, params, grads):
        if self.h is None:
            self.h = {}
            for key, val in params.items():
                self.h[key] = np.zeros_like(val)
        for key in params:
            self.h[key] += grads[key] * grads[key]
            params[key] -= self.lr * grads[key] / (np.sqrt(self.h[key]) + 1e-7)


class RMSprop:
    def __init__(self, lr=0.01, decay_rate=0.99):
        self.lr = lr
        self.decay_rate = decay_rate
        self.h = {}

    def update(self, params, grads):
        for key in params:
            if key not in self.h:
                self.h[key] = np.zeros_like(params[key])
            self.h[key] *= self.decay_rate
            self.h[key] += (1 - self.decay_rate) * grads[key] * grads[key]
            params[key] -= self.lr * grads[key] / (np.sqrt(self.h[key]) + 1e-7)


class Adam:
    def __init__(self, lr=0.001, beta1=0.9, beta2=0.999):
        self.lr = lr
        self.beta1 = beta1
        self.beta2 = beta2
        self.iter = 0
        self.m = None
        self.v = None

    def update(self, params, grads):
        if self.m is None:
            self.m, self.v = {}, {}
            for key, val in params.items():
                self.m[key] = np.zeros_like(val)
                self.v[key] = np.zeros_like(val)
        self.iter += 1
        lr_t = self.lr * np.sqrt(1.0 - self.beta2**self.iter) / (1.0 - self.beta1**self.iter)
        for key in params:
            self.m[key] += (1 - self.beta1) * (grads[key] - self.m[key])
            self.v[key] += (1 - self.beta2) * (grads[key] ** 2 - self.v[key])
            params[key] -= lr_t * self.m[key] / (np.sqrt(self.v[key]) + 1e-7)


def steps(optimizer, w, count=2):
    params = {"w": w.copy()}
    for _ in range(count):
        optimizer.update(params, {"w": gradient_of(params["w"])})
    return loss_of(params["w"])


W = np.array([0.5, -0.3])


def sgd_steps(w=W, lr=0.1):
    """Two steps of SGD, in place in a dict."""
    return steps(SGD(lr), w)


def momentum_steps(w=W, lr=0.1, momentum=0.9):
    """Two steps with momentum; the velocity starts as zeros."""
    return steps(Momentum(lr, momentum), w)


def nesterov_steps(w=W, lr=0.1, momentum=0.8):
    """Two steps of Nesterov's method."""
    return steps(Nesterov(lr, momentum), w)


def adagrad_steps(w=W, lr=0.1):
    """Two steps of AdaGrad."""
    return steps(AdaGrad(lr), w)


def rmsprop_steps(w=W, lr=0.1, decay=0.9):
    """Two steps of RMSprop."""
    return steps(RMSprop(lr, decay), w)


def adam_steps(w=W, lr=0.1):
    """Two steps of Adam as the book's class writes it."""
    return steps(Adam(lr), w)


def adam_training_step(w=W, m=np.zeros(2), v=np.ones(2) * 0.01, alpha=0.05, b1=0.9, b2=0.99):
    """One step of Adam from the paper's formulas."""
    t = 3
    g = gradient_of(w)
    m = b1 * m + (1 - b1) * g
    v = b2 * v + (1 - b2) * np.square(g)
    m_hat = m / (1 - b1**t)
    v_hat = v / (1 - b2**t)
    w = w - alpha * m_hat / (np.sqrt(v_hat) + 1e-8)
    return loss_of(w)


def adam_with_config(w=W, dw=np.array([0.4, -0.7])):
    """Adam as an assignment: moments in a config dict with defaults, the pair returned."""

    def adam(w, dw, config=None):
        if config is None:
            config = {}
        config.setdefault("learning_rate", 1e-2)
        config.setdefault("m", np.zeros_like(w))
        config.setdefault("v", np.zeros_like(w))
        config.setdefault("t", 0)
        config["t"] += 1
        config["m"] = 0.9 * config["m"] + 0.1 * dw
        config["v"] = 0.999 * config["v"] + 0.001 * dw**2
        mb = config["m"] / (1 - 0.9 ** config["t"])
        vb = config["v"] / (1 - 0.999 ** config["t"])
        next_w = w - config["learning_rate"] * mb / (np.sqrt(vb) + 1e-8)
        return next_w, config

    config = None
    for _ in range(2):
        w, config = adam(w, dw * w, config)
    return np.sum(w**2)


def gradient_descent_on_a_line(w=1.0, b=0.0, learning_rate=0.05):
    """Fit a line by a few steps, sums over the points in a loop."""
    points = [(1.0, 2.0), (2.0, 2.5), (3.0, 4.5)]
    for _ in range(3):
        dw, db = 0.0, 0.0
        for x, y in points:
            dw += -(2 / len(points)) * x * (y - (w * x + b))
            db += -(2 / len(points)) * (y - (w * x + b))
        w = w - learning_rate * dw
        b = b - learning_rate * db
    total = 0
    for x, y in points:
        total += (y - (w * x + b)) ** 2
    return total / float(len(points))


def gradient_clipping(g1=np.array([3.0, -4.0]), g2=np.array([1.0, 2.0])):
    """Gradients are scaled in place to a largest norm."""
    grads = [g1 * 1.0, g2 * 1.0]
    max_norm = 2.0
    total_norm = 0
    for grad in grads:
        total_norm += np.sum(grad**2)
    total_norm = np.sqrt(total_norm)
    rate = max_norm / (total_norm + 1e-6)
    if rate < 1:
        for grad in grads:
            grad *= rate
    return grads[0][0] * grads[1][1] + np.sum(grads[0])


def weight_decay_and_schedule(w=W, lr=0.2, decay=0.01):
    """SGD with weight decay and a cosine schedule."""
    history = []
    for epoch in range(3):
        rate = 0.5 * lr * (1 + np.cos(np.pi * epoch / 3))
        w = w - rate * (gradient_of(w) + decay * w)
        history.append(loss_of(w))
    return sum(history) / len(history)


def learning_to_learn(w=W, log_lr=-2.0):
    """The loss after three steps as a function of the learning rate's logarithm."""
    lr = np.exp(log_lr)
    for i in range(3):
        w = w - lr * gradient_of(w)
    return loss_of(w)


def maml(theta=0.5, alpha=0.1):
    """MAML on two tasks: the loss after one inner step."""
    total = 0
    for target in (1.0, -0.5):
        inner = 2 * (theta - target) + np.cos(theta)
        adapted = theta - alpha * inner
        total += (adapted - target) ** 2 + np.sin(adapted)
    return total


def line_search(w=W):
    """Backtracking: the step is halved until the loss falls."""
    g = gradient_of(w)
    step = 4.0
    while loss_of(w - step * g) > loss_of(w):
        step *= 0.5
    return loss_of(w - step * g)


def polyak_averaging(w=W, tau=0.3):
    """A target network that follows by a soft update, in place."""
    target = np.zeros_like(w)
    for _ in range(3):
        w = w - 0.1 * gradient_of(w)
        target[:] = tau * w + (1 - tau) * target
    return loss_of(target)
