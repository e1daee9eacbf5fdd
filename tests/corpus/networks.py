"""Networks as books that build deep learning from scratch write them: functions, layers, small classes."""

from collections import OrderedDict

import numpy as np

rng = np.random.default_rng(1)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softmax(x):
    if x.ndim == 2:
        x = x.T
        x = x - np.max(x, axis=0)
        y = np.exp(x) / np.sum(np.exp(x), axis=0)
        return y.T
    x = x - np.max(x)
    return np.exp(x) / np.sum(np.exp(x))


def cross_entropy_error(y, t):
    if y.ndim == 1:
        t = t.reshape(1, t.size)
        y = y.reshape(1, y.size)
    if t.size == y.size:
        t = t.argmax(axis=1)
    batch_size = y.shape[0]
    return -np.sum(np.log(y[np.arange(batch_size), t] + 1e-7)) / batch_size


class Relu:
    def __init__(self):
        self.mask = None

    def forward(self, x):
        self.mask = x <= 0
        out = x.copy()
        out[self.mask] = 0
        return out

    def backward(self, dout):
        dout[self.mask] = 0
        return dout


class Sigmoid:
    def __init__(self):
        self.out = None

    def forward(self, x):
        self.out = sigmoid(x)
        return self.out

    def backward(self, dout):
        return dout * (1.0 - self.out) * self.out


class Affine:
    def __init__(self, W, b):
        self.W = W
        self.b = b
        self.x = None
        self.original_x_shape = None
        self.dW = None
        self.db = None

    def forward(self, x):
        self.original_x_shape = x.shape
        x = x.reshape(x.shape[0], -1)
        self.x = x
        return np.dot(self.x, self.W) + self.b

    def backward(self, dout):
        dx = np.dot(dout, self.W.T)
        self.dW = np.dot(self.x.T, dout)
        self.db = np.sum(dout, axis=0)
        return dx.reshape(*self.original_x_shape)


class SoftmaxWithLoss:
    def __init__(self):
        self.loss = None
        self.y = None
        self.t = None

    def forward(self, x, t):
        self.t = t
        self.y = softmax(x)
        self.loss = cross_entropy_error(self.y, self.t)
        return self.loss

    def backward(self, dout=1):
        batch_size = self.t.shape[0]
        if self.t.size == self.y.size:
            return (self.y - self.t) / batch_size
        dx = self.y.copy()
        dx[np.arange(batch_size), self.t] -= 1
        return dx / batch_size


class Dropout:
    def __init__(self, ratio=0.5):
        self.ratio = ratio
        self.mask = None

    def forward(self, x, train_flg=True):
        if train_flg:
            self.mask = np.random.RandomState(3).rand(*x.shape) > self.ratio
            return x * self.mask
        return x * (1.0 - self.ratio)


class BatchNormalization:
    def __init__(self, gamma, beta, momentum=0.9):
        self.gamma = gamma
        self.beta = beta
        self.momentum = momentum
        self.running_mean = None
        self.running_var = None

    def forward(self, x, train_flg=True):
        if self.running_mean is None:
            _, D = x.shape
            self.running_mean = np.zeros(D)
            self.running_var = np.zeros(D)
        if train_flg:
            mu = x.mean(axis=0)
            xc = x - mu
            var = np.mean(xc**2, axis=0)
            std = np.sqrt(var + 10e-7)
            xn = xc / std
            self.running_mean = self.momentum * self.running_mean + (1 - self.momentum) * mu
            self.running_var = self.momentum * self.running_var + (1 - self.momentum) * var
        else:
            xn = (x - self.running_mean) / np.sqrt(self.running_var + 10e-7)
        return self.gamma * xn + self.beta


def im2col(images, filter_h, filter_w, stride=1, pad=0):
    N, C, H, W = images.shape
    out_h = (H + 2 * pad - filter_h) // stride + 1
    out_w = (W + 2 * pad - filter_w) // stride + 1
    img = np.pad(images, [(0, 0), (0, 0), (pad, pad), (pad, pad)], "constant")
    col = np.zeros((N, C, filter_h, filter_w, out_h, out_w))
    for y in range(filter_h):
        y_max = y + stride * out_h
        for x in range(filter_w):
            x_max = x + stride * out_w
            col[:, :, y, x, :, :] = img[:, :, y:y_max:stride, x:x_max:stride]
    return col.transpose(0, 4, 5, 1, 2, 3).reshape(N * out_h * out_w, -1)


def col2im(col, shape, filter_h, filter_w, stride=1, pad=0):
    N, C, H, W = shape
    out_h = (H + 2 * pad - filter_h) // stride + 1
    out_w = (W + 2 * pad - filter_w) // stride + 1
    col = col.reshape(N, out_h, out_w, C, filter_h, filter_w).transpose(0, 3, 4, 5, 1, 2)
    img = np.zeros((N, C, H + 2 * pad + stride - 1, W + 2 * pad + stride - 1))
    for y in range(filter_h):
        y_max = y + stride * out_h
        for x in range(filter_w):
            x_max = x + stride * out_w
            img[:, :, y:y_max:stride, x:x_max:stride] += col[:, :, y, x, :, :]
    return img[:, :, pad : H + pad, pad : W + pad]


class Convolution:
    def __init__(self, W, b, stride=1, pad=0):
        self.W = W
        self.b = b
        self.stride = stride
        self.pad = pad

    def forward(self, x):
        FN, C, FH, FW = self.W.shape
        N, C, H, W = x.shape
        out_h = int(1 + (H + 2 * self.pad - FH) / self.stride)
        out_w = int(1 + (W + 2 * self.pad - FW) / self.stride)
        col = im2col(x, FH, FW, self.stride, self.pad)
        col_W = self.W.reshape(FN, -1).T
        out = np.dot(col, col_W) + self.b
        return out.reshape(N, out_h, out_w, -1).transpose(0, 3, 1, 2)


class Pooling:
    def __init__(self, pool_h, pool_w, stride=2, pad=0):
        self.pool_h = pool_h
        self.pool_w = pool_w
        self.stride = stride
        self.pad = pad

    def forward(self, x):
        N, C, H, W = x.shape
        out_h = int(1 + (H - self.pool_h) / self.stride)
        out_w = int(1 + (W - self.pool_w) / self.stride)
        col = im2col(x, self.pool_h, self.pool_w, self.stride, self.pad)
        col = col.reshape(-1, self.pool_h * self.pool_w)
        out = np.max(col, axis=1)
        return out.reshape(N, out_h, out_w, C).transpose(0, 3, 1, 2)


X = rng.normal(size=(2, 3))
T = np.array([[0, 1], [1, 0]])
IMAGE = rng.normal(size=(1, 1, 4, 4))


def three_layers(
    x=np.array([1.0, 0.5]),
    W1=np.array([[0.1, 0.3, 0.5], [0.2, 0.4, 0.6]]),
    b1=np.array([0.1, 0.2, 0.3]),
    W2=np.array([[0.1, 0.4], [0.2, 0.5], [0.3, 0.6]]),
    b2=np.array([0.1, 0.2]),
    W3=np.array([[0.1, 0.3], [0.2, 0.4]]),
    b3=np.array([0.1, 0.2]),
):
    """A three-layer perceptron, forward only."""
    z1 = sigmoid(np.dot(x, W1) + b1)
    z2 = sigmoid(np.dot(z1, W2) + b2)
    return np.dot(z2, W3) + b3


def params_in_a_dict(
    x=X, network={"W1": rng.normal(size=(3, 4)), "b1": np.zeros(4), "W2": rng.normal(size=(4, 2)), "b2": np.zeros(2)}
):
    """Two layers whose weights are in a dict, with labels as whole numbers."""
    W1, W2 = network["W1"], network["W2"]
    b1, b2 = network["b1"], network["b2"]
    z = sigmoid(np.dot(x, W1) + b1)
    y = softmax(np.dot(z, W2) + b2)
    return cross_entropy_error(y, np.array([1, 0]))


def layers_in_order(
    x=X, W1=rng.normal(size=(3, 4)), b1=rng.normal(size=4), W2=rng.normal(size=(4, 2)), b2=rng.normal(size=2)
):
    """Layer objects in an ordered dict; the ReLU masks a copy."""
    layers = OrderedDict()
    layers["Affine1"] = Affine(W1, b1)
    layers["Relu1"] = Relu()
    layers["Affine2"] = Affine(W2, b2)
    for layer in layers.values():
        x = layer.forward(x)
    return SoftmaxWithLoss().forward(x, T)


def numbered_layers(
    x=X,
    params={
        "W1": rng.normal(size=(3, 3)),
        "b1": np.zeros(3),
        "W2": rng.normal(size=(3, 3)),
        "b2": np.zeros(3),
        "W3": rng.normal(size=(3, 2)),
        "b3": np.zeros(2),
    },
    weight_decay_lambda=0.1,
):
    """Deep network with weight decay; the layers are numbered by their names."""
    depth = len(params) // 2
    weight_decay = 0
    for idx in range(1, depth + 1):
        W, b = params["W" + str(idx)], params["b" + str(idx)]
        weight_decay += 0.5 * weight_decay_lambda * np.sum(W**2)
        x = np.dot(x, W) + b
        if idx != depth:
            x = np.maximum(0, x)
    return SoftmaxWithLoss().forward(x, T) + weight_decay


def one_step_by_own_backward(x=X, W=rng.normal(size=(3, 2)), b=np.array([0.1, -0.1]), lr=0.1):
    """The loss after one step of gradient descent, the gradient by the layers' own backward."""
    affine, last = Affine(W, b), SoftmaxWithLoss()
    last.forward(affine.forward(x), T)
    affine.backward(last.backward(1))
    W = W - lr * affine.dW
    b = b - lr * affine.db
    return SoftmaxWithLoss().forward(Affine(W, b).forward(x), T)


def hidden_backward(x=X, W1=rng.normal(size=(3, 4)), W2=rng.normal(size=(4, 2))):
    """Norm of the gradient of two layers, each layer's backward called in reverse."""
    layers = [Affine(W1, np.zeros(4)), Relu(), Affine(W2, np.zeros(2))]
    last = SoftmaxWithLoss()
    for layer in layers:
        x = layer.forward(x)
    last.forward(x, np.array([1, 0]))
    dout = last.backward()
    layers.reverse()
    for layer in layers:
        dout = layer.backward(dout)
    return np.sum(layers[-1].dW ** 2) + np.sum(dout**2)


def batch_normalized(x=rng.normal(size=(4, 3)), gamma=np.array([1.0, 0.5, 2.0]), beta=np.zeros(3)):
    """Batch normalization with running averages, then the test mode on the same batch."""
    norm = BatchNormalization(gamma, beta)
    out = norm.forward(x)
    return np.sum(out**3) + np.sum(norm.forward(x, train_flg=False) ** 2) / 100


def dropped_out(x=X, W=rng.normal(size=(3, 4))):
    """Dropout with a mask of fixed random numbers."""
    layer = Dropout(0.4)
    return np.mean(layer.forward(np.dot(x, W)) ** 2) + np.sum(layer.forward(x, train_flg=False))


def im2col_convolution(x=IMAGE, W=rng.normal(size=(2, 1, 3, 3)), b=np.array([0.1, -0.2])):
    """Convolution by im2col: a buffer of patches is filled in two loops."""
    return np.sum(Convolution(W, b, stride=1, pad=1).forward(x) ** 2)


def small_cnn(x=IMAGE, W=rng.normal(size=(2, 1, 3, 3)), b=np.array([0.1, -0.2]), V=rng.normal(size=(8, 2))):
    """Convolution, ReLU, pooling, affine, softmax and loss."""
    x = Convolution(W, b, pad=1).forward(x)
    x = Relu().forward(x)
    x = Pooling(2, 2).forward(x)
    x = Affine(V, np.zeros(2)).forward(x)
    return SoftmaxWithLoss().forward(x, np.array([1]))


def folded_back(x=IMAGE):
    """Patches are taken apart by im2col, squared and added back by col2im."""
    col = im2col(x, 2, 2, stride=1)
    return np.sum(np.sin(col2im(col**2, x.shape, 2, 2)))


def perceptron_or(x1=0.3, x2=0.9):
    """XOR of three soft gates, weights in arrays made from the inputs."""

    def gate(a, b, w, bias):
        x = np.array([a, b])
        return sigmoid(np.sum(np.array(w) * x) + bias)

    s1 = gate(x1, x2, [-5.0, -5.0], 7.0)
    s2 = gate(x1, x2, [5.0, 5.0], -2.0)
    return gate(s1, s2, [5.0, 5.0], -7.0)


def mean_squared_error(y=np.array([0.1, 0.05, 0.6]), t=np.array([0.0, 0.0, 1.0])):
    """Half the sum of squared errors."""
    return 0.5 * np.sum((y - t) ** 2)


def batch_loop(x=rng.normal(size=(4, 3)), W=rng.normal(size=(3, 2)), batch_size=2):
    """Accuracy-like loop over batches; the losses are collected in a list."""
    losses = []
    for i in range(0, len(x), batch_size):
        y = softmax(np.dot(x[i : i + batch_size], W))
        losses.append(cross_entropy_error(y, np.array([[0, 1], [1, 0]])))
    return np.mean(losses)


def weights_changed_in_a_list(x=np.array([0.1, 0.2, 0.3]), weights=[np.ones(3), np.array([2.0, 1.0, 0.5])]):
    """Weights in a list: each is changed in place by a loop variable, two are swapped, one is appended."""
    for w in weights:
        w -= 0.1 * x * w
    weights[0], weights[1] = weights[1], weights[0]
    weights.append(x)
    return sum((i + 1) * np.sum(w**2) for i, w in enumerate(weights))


class Variable:
    def __init__(self, data):
        self.data = data
        self.grad = None


def square(v):
    return Variable(v.data**2)


def exponential(v):
    return Variable(np.exp(v.data))


def boxed_variables(x=0.5):
    """Variables in boxes: the square of exp of a square."""
    v = Variable(np.array(x))
    return square(exponential(square(v))).data


class TwoLayerNet:
    def __init__(self, input_size, hidden_size, output_size, weight_init_std=0.5):
        random = np.random.RandomState(0)
        self.params = {}
        self.params["W1"] = weight_init_std * random.randn(input_size, hidden_size)
        self.params["b1"] = np.zeros(hidden_size)
        self.params["W2"] = weight_init_std * random.randn(hidden_size, output_size)
        self.params["b2"] = np.zeros(output_size)
        self.layers = OrderedDict()
        self.layers["Affine1"] = Affine(self.params["W1"], self.params["b1"])
        self.layers["Sigmoid"] = Sigmoid()
        self.layers["Affine2"] = Affine(self.params["W2"], self.params["b2"])
        self.last_layer = SoftmaxWithLoss()

    def predict(self, x):
        for layer in self.layers.values():
            x = layer.forward(x)
        return x

    def loss(self, x=X, t=T):
        """A network whose layers share their arrays with its dict of parameters."""
        return self.last_layer.forward(self.predict(x), t)


two_layer_net = TwoLayerNet(3, 4, 2).loss


def descent_from_random_weights(rate=0.1, x=np.array([[1.0, -0.5], [0.3, 0.8], [-0.7, 0.2]])):
    """The loss after two steps of descent from weights that the function draws itself, as it depends on the rate."""
    np.random.seed(1)
    W, b, t = np.random.randn(2, 1) * 0.5, np.zeros(1), np.linspace(0, 1, 3).reshape(-1, 1)
    for _ in range(2):
        error = x @ W + b - t
        W -= rate * x.T @ error / len(x)
        b -= rate * np.mean(error, axis=0)
    return np.mean((x @ W + b - t) ** 2)
