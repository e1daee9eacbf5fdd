"""Models that make data: autoencoders, adversaries, flows, diffusion."""

import numpy as np

rng = np.random.default_rng(6)
X = rng.uniform(0.2, 0.8, size=(2, 3))
NOISE = rng.normal(size=(2, 2))


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def vae_loss(x=X, W=rng.normal(size=(3, 4)), V=rng.normal(size=(2, 3)), b=np.zeros(3)):
    """Variational autoencoder: reconstruction and divergence, the noise held."""
    h = x @ W
    mu, logvar = h[:, :2], h[:, 2:]
    z = mu + np.exp(0.5 * logvar) * NOISE
    y = sigmoid(z @ V + b)
    bce = -np.sum(x * np.log(y) + (1 - x) * np.log(1 - y))
    kld = -0.5 * np.sum(1 + logvar - mu**2 - np.exp(logvar))
    return bce + kld


def autoencoder(x=X, W=rng.normal(size=(3, 2)), b=np.zeros(2), c=np.zeros(3)):
    """An autoencoder with tied weights."""
    code = np.tanh(x @ W + b)
    return np.mean(np.square(code @ W.T + c - x))


def denoising_sparse(x=X, W=rng.normal(size=(3, 2))):
    """A sparse autoencoder: some inputs are set to 0, the mean activation is pushed to 0.1."""
    noisy = np.copy(x)
    noisy[:, 1] = 0
    h = sigmoid(noisy.dot(W))
    rho, rho_hat = 0.1, np.mean(h, axis=0)
    kl = np.sum(rho * np.log(rho / rho_hat) + (1 - rho) * np.log((1 - rho) / (1 - rho_hat)))
    return np.sum((h.dot(W.T) - x) ** 2) + kl


def gan_losses(z=NOISE, G=rng.normal(size=(2, 3)), D=rng.normal(size=(3, 1))):
    """Discriminator's and generator's losses, returned together."""

    def discriminator(x):
        return sigmoid(x @ D)

    fake = np.tanh(z @ G)
    d_loss = -np.mean(np.log(discriminator(X)) + np.log(1 - discriminator(fake)))
    g_loss = -np.mean(np.log(discriminator(fake)))
    return d_loss + g_loss


def wasserstein_with_penalty(x=X, w=np.array([0.5, -0.2, 0.8]), v=0.7):
    """A critic and the penalty of its slope, the slope written out."""
    fake = x[::-1] * 0.5
    critic = lambda x: v * np.tanh(x @ w)
    middle = 0.3 * x + 0.7 * fake
    slope = v * (1 - np.tanh(middle @ w) ** 2)[:, None] * w
    norm = np.sqrt(np.sum(slope**2, axis=1))
    return np.mean(critic(fake)) - np.mean(critic(x)) + 10 * np.mean((norm - 1) ** 2)


def diffusion_loss(x0=X, W=rng.normal(size=(4, 3))):
    """A denoising step: x_t from x_0, predicted noise from x_t and t."""
    beta = np.linspace(1e-2, 0.2, 5)
    alpha_bar = np.cumprod(1 - beta)
    t = 3
    eps = rng_noise
    x_t = np.sqrt(alpha_bar[t]) * x0 + np.sqrt(1 - alpha_bar[t]) * eps
    inp = np.concatenate([x_t, np.full((2, 1), t / 5)], axis=1)
    return np.mean((eps - np.tanh(inp @ W)) ** 2)


rng_noise = rng.normal(size=(2, 3))


def heat_diffusion_step(u=np.array([0.0, 1.0, 3.0, 2.0, 0.5]), k=0.2):
    """Three explicit steps of the heat equation, the inside written in place."""
    for _ in range(3):
        new = u.copy()
        new[1:-1] = u[1:-1] + k * (u[2:] - 2 * u[1:-1] + u[:-2])
        u = new
    return np.sum(u**2)


def planar_flow(z=NOISE, u=np.array([0.3, 0.5]), w=np.array([1.0, -0.5]), b=0.1):
    """A normalizing flow: log density after a planar layer."""
    a = np.dot(z, w) + b
    z_new = z + u * np.tanh(a)[:, np.newaxis]
    psi = (1 - np.tanh(a) ** 2)[:, np.newaxis] * w
    log_det = np.log(np.abs(1 + psi @ u))
    log_base = -0.5 * np.sum(z_new**2, axis=1) - np.log(2 * np.pi)
    return -np.mean(log_base + log_det)


def coupling_layer(x=rng.normal(size=(2, 4)), W=rng.normal(size=(2, 2)), V=rng.normal(size=(2, 2))):
    """RealNVP: one half is scaled and shifted by the other, written into an empty array."""
    x1, x2 = np.split(x, 2, axis=1)
    s = np.tanh(x1 @ W)
    y = np.empty_like(x)
    y[:, :2] = x1
    y[:, 2:] = x2 * np.exp(s) + x1 @ V
    return np.sum(y**2) / 2 - np.sum(s)


def free_energy(v=np.array([1.0, 0.0, 1.0]), W=rng.normal(size=(3, 2)), b=np.zeros(3), c=np.zeros(2)):
    """Free energy of a restricted Boltzmann machine."""
    return -np.dot(v, b) - np.sum(np.logaddexp(0, v @ W + c))


def hopfield_energy(s=np.array([0.9, -0.8, 0.7])):
    """Energy of a Hopfield network that stored two patterns."""
    patterns = np.array([[1, -1, 1], [1, 1, -1]])
    W = np.zeros((3, 3))
    for p in patterns:
        W += np.outer(p, p)
    np.fill_diagonal(W, 0)
    W /= len(patterns)
    return -0.5 * s @ W @ s


def contrastive(a=rng.normal(size=(3, 2)), b=rng.normal(size=(3, 2)), temperature=0.5):
    """InfoNCE of two views: the diagonal holds the pairs."""
    a = a / np.linalg.norm(a, axis=1, keepdims=True)
    b = b / np.linalg.norm(b, axis=1, keepdims=True)
    logits = a @ b.T / temperature
    log_prob = logits - np.log(np.sum(np.exp(logits), axis=1, keepdims=True))
    return -np.mean(np.diag(log_prob))
