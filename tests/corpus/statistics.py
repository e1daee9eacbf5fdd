"""Statistics and classical machine learning: regressions, mixtures, chains, losses."""

import numpy as np
from scipy.special import expit, gammaln, logsumexp
from scipy.stats import norm

rng = np.random.default_rng(8)
X = rng.normal(size=(5, 2))
Y = np.array([0, 1, 1, 0, 1])
W = np.array([0.5, -0.4])


def logistic_by_sum(w=W, b=0.1, X=X):
    """Logistic regression, idiom 1: cross entropy of sigmoids in arrays."""
    p = 1 / (1 + np.exp(-(X @ w + b)))
    return -np.mean(Y * np.log(p) + (1 - Y) * np.log(1 - p))


def logistic_by_loop(w=W, b=0.1):
    """Logistic regression, idiom 2: a loop over examples with an if for the label."""
    cost = 0.0
    for i in range(len(X)):
        f = 1 / (1 + np.exp(-(np.dot(X[i], w) + b)))
        if Y[i] == 1:
            cost += -np.log(f)
        else:
            cost += -np.log(1 - f)
    return cost / len(X)


def logistic_by_signs(w=W):
    """Logistic regression, idiom 3: labels -1 and 1, log(1 + exp)."""
    signs = 2 * Y - 1
    return np.sum(np.log1p(np.exp(-signs * (X @ w))))


def logistic_by_logaddexp(theta=np.array([0.1, 0.5, -0.4])):
    """Logistic regression, idiom 4: a column of ones, logaddexp."""
    A = np.hstack([np.ones((len(X), 1)), X])
    z = A @ theta
    return np.sum(np.logaddexp(0, z) - Y * z)


def logistic_by_expit(w=W, b=0.1):
    """Logistic regression, idiom 5: SciPy's sigmoid."""
    p = expit(X @ w + b)
    return -np.sum(np.log(np.where(Y == 1, p, 1 - p)))


def logistic_c_(theta=np.array([0.1, 0.5, -0.4])):
    """Logistic regression with the bias as a column by np.c_."""
    A = np.c_[np.ones(len(X)), X]
    h = 1 / (1 + np.exp(-A.dot(theta)))
    return (-1 / len(Y)) * (np.log(h).T.dot(Y) + np.log(1 - h).T.dot(1 - Y))


def softmax_regression(W=rng.normal(size=(2, 3)), X=X):
    """Softmax regression with one-hot labels from np.eye."""
    T = np.eye(3)[np.array([0, 2, 1, 1, 0])]
    Z = X @ W
    P = np.exp(Z) / np.exp(Z).sum(axis=1)[:, None]
    return -(T * np.log(P)).sum() / len(X)


def least_squares(X=X, y=np.array([1.0, 2.0, 0.5, -1.0, 0.3])):
    """Least squares by the normal equations; the residual's square."""
    beta = np.linalg.inv(X.T @ X) @ X.T @ y
    r = y - X @ beta
    return r @ r


def ridge_by_solve(X=X, y=np.array([1.0, 2.0, 0.5, -1.0, 0.3]), lam=0.5):
    """Ridge regression by solve; the loss on the same data."""
    w = np.linalg.solve(X.T @ X + lam * np.eye(X.shape[1]), X.T @ y)
    return np.mean((y - X.dot(w)) ** 2) + lam * w.dot(w)


def lasso_soft_threshold(z=np.array([0.8, -0.1, -1.5]), lam=0.3):
    """Soft thresholding, as in coordinate descent."""
    return np.sum(np.sign(z) * np.maximum(np.abs(z) - lam, 0) * np.array([1.0, 2.0, 3.0]))


def huber_loss(pred=np.array([0.5, 2.0, -1.0]), target=np.array([0.2, 0.0, 1.5]), delta=1.0):
    """Huber loss by where."""
    error = target - pred
    small = np.abs(error) <= delta
    return np.mean(np.where(small, 0.5 * error**2, delta * (np.abs(error) - 0.5 * delta)))


def huber_by_mask(pred=np.array([0.5, 2.0, -1.0]), target=np.array([0.2, 0.0, 1.5])):
    """Huber loss, the large errors overwritten by a mask."""
    error = np.abs(target - pred)
    loss = 0.5 * error**2
    mask = error > 1.0
    loss[mask] = error[mask] - 0.5
    return loss.sum()


def hinge_loss(w=W, b=0.2, C=2.0):
    """Soft-margin SVM in the primal."""
    y = np.where(Y == 0, -1, 1)
    distances = 1 - y * (np.dot(X, w) + b)
    distances[distances < 0] = 0
    return 0.5 * np.dot(w, w) + C * (np.sum(distances) / len(X))


def quantile_loss(q_hat=np.array([1.0, 2.5, 0.3]), y=np.array([1.5, 2.0, 0.1])):
    """Pinball loss."""
    e = y - q_hat
    return np.mean(np.maximum(0.9 * e, (0.9 - 1) * e))


def gaussian_log_likelihood(mu=0.3, log_sigma=-0.2):
    """Log likelihood of a normal distribution."""
    data = np.array([0.1, 0.9, -0.4, 0.5])
    sigma = np.exp(log_sigma)
    return np.sum(-0.5 * np.log(2 * np.pi) - log_sigma - 0.5 * ((data - mu) / sigma) ** 2)


def normal_logpdf_scipy(mu=0.3, sigma=0.8):
    """The same with SciPy's norm."""
    data = np.array([0.1, 0.9, -0.4, 0.5])
    return np.sum(norm.logpdf(data, loc=mu, scale=sigma))


def gaussian_mixture(log_pi=np.array([-0.5, -0.9]), mu=np.array([-1.0, 1.0]), s=np.array([0.7, 1.2])):
    """Log likelihood of a mixture of two normals, components in a loop."""
    data = np.array([-1.2, 0.3, 0.8])
    total = 0.0
    for x in data:
        density = 0.0
        for k in range(2):
            density += np.exp(log_pi[k]) * np.exp(-0.5 * ((x - mu[k]) / s[k]) ** 2) / (s[k] * np.sqrt(2 * np.pi))
        total += np.log(density)
    return total


def mixture_by_logsumexp(logits=np.array([0.2, -0.1]), mu=np.array([-1.0, 1.0])):
    """The same mixture by SciPy's logsumexp, components along an axis."""
    data = np.array([-1.2, 0.3, 0.8])[:, None]
    log_w = logits - logsumexp(logits)
    return np.sum(logsumexp(log_w - 0.5 * (data - mu) ** 2 - 0.5 * np.log(2 * np.pi), axis=1))


def multivariate_normal(x=np.array([0.5, -0.2]), mu=np.zeros(2), cov=np.array([[2.0, 0.3], [0.3, 1.0]])):
    """Log density of a multivariate normal, with det and inv."""
    d = len(x)
    diff = x - mu
    return -0.5 * (d * np.log(2 * np.pi) + np.log(np.linalg.det(cov)) + diff.T @ np.linalg.inv(cov) @ diff)


def em_step(mu=np.array([-1.0, 1.5])):
    """One EM step for two means: responsibilities in a buffer, then weighted means."""
    data = np.array([-1.0, -0.5, 1.0, 2.0])
    r = np.zeros((len(data), 2))
    for k in range(2):
        r[:, k] = np.exp(-0.5 * (data - mu[k]) ** 2)
    r /= r.sum(axis=1, keepdims=True)
    new = np.zeros(2)
    for k in range(2):
        new[k] = np.sum(r[:, k] * data) / np.sum(r[:, k])
    return np.sum((new - mu) ** 2)


def pca_reconstruction(X=X, v=np.array([0.8, 0.6])):
    """Error after projecting centred data on one direction."""
    Xc = X - X.mean(axis=0)
    u = v / np.linalg.norm(v)
    return np.sum((Xc - np.outer(Xc @ u, u)) ** 2)


def k_means_loss(centers=np.array([[0.5, 0.5], [-1.0, -0.5]]), X=X):
    """K-means: each point to its nearest centre."""
    loss = 0
    for x in X:
        loss += min([np.sum((x - c) ** 2) for c in centers])
    return loss


def k_means_step(centers=np.array([[0.5, 0.5], [-1.0, -0.5]]), X=X):
    """One step of Lloyd: distances by broadcasting, argmin, means per cluster."""
    d = ((X[:, None, :] - centers[None, :, :]) ** 2).sum(axis=2)
    labels = d.argmin(axis=1)
    new_centers = np.array([X[labels == k].mean(axis=0) for k in range(2)])
    return np.sum((new_centers - centers) ** 2)


def poisson_regression(w=W, X=X):
    """Poisson log likelihood with gammaln of the counts."""
    counts = np.array([1, 0, 3, 2, 1])
    eta = X @ w
    return np.sum(counts * eta - np.exp(eta) - gammaln(counts + 1))


def beta_posterior(a=2.0, b=3.0):
    """Log density of a beta distribution."""
    x = 0.4
    return (a - 1) * np.log(x) + (b - 1) * np.log(1 - x) - (gammaln(a) + gammaln(b) - gammaln(a + b))


def hmm_forward(
    pi=np.array([0.6, 0.4]), A=np.array([[0.7, 0.3], [0.4, 0.6]]), B=np.array([[0.1, 0.4, 0.5], [0.6, 0.3, 0.1]])
):
    """Forward algorithm of a hidden Markov model, alpha in a table."""
    obs = [0, 1, 2]
    N, T = A.shape[0], len(obs)
    alpha = np.zeros((T, N))
    alpha[0] = pi * B[:, obs[0]]
    for t in range(1, T):
        for j in range(N):
            alpha[t, j] = alpha[t - 1].dot(A[:, j]) * B[j, obs[t]]
    return np.log(alpha[-1].sum())


def hmm_log_scaled(pi=np.array([0.6, 0.4]), A=np.array([[0.7, 0.3], [0.4, 0.6]]), B=np.array([[0.2, 0.8], [0.7, 0.3]])):
    """The same with scaling, the logarithms of the scales added."""
    alpha = pi * B[:, 0]
    log_likelihood = 0.0
    for o in (1, 1, 0):
        c = alpha.sum()
        log_likelihood += np.log(c)
        alpha = (alpha / c) @ A * B[:, o]
    return log_likelihood + np.log(alpha.sum())


def arima_residuals(phi=0.5, theta=0.3, y=np.array([1.0, 0.5, 0.8, 1.2, 0.9])):
    """ARMA(1, 1): residuals one after the other into an array."""
    e = np.zeros(len(y))
    for t in range(1, len(y)):
        e[t] = y[t] - phi * y[t - 1] - theta * e[t - 1]
    return np.sum(e**2)


def exponential_smoothing(alpha=0.3, y=np.array([3.0, 5.0, 4.0, 6.0])):
    """Exponential smoothing; squared one-step errors."""
    level = y[0]
    sse = 0
    for obs in y[1:]:
        sse += (obs - level) ** 2
        level = alpha * obs + (1 - alpha) * level
    return sse


def garch(omega=0.1, alpha=0.2, beta=0.6):
    """GARCH(1, 1) log likelihood with variances in a list."""
    r = np.array([0.3, -0.5, 0.8, -0.1])
    sigma2 = [np.var(r)]
    for t in range(1, len(r)):
        sigma2.append(omega + alpha * r[t - 1] ** 2 + beta * sigma2[t - 1])
    sigma2 = np.array(sigma2)
    return -0.5 * np.sum(np.log(2 * np.pi * sigma2) + r**2 / sigma2)


def correlation(x=np.array([1.0, 2.0, 4.0, 3.0]), y=np.array([0.5, 1.5, 2.0, 2.5])):
    """Pearson's correlation by sums."""
    xm, ym = x - np.mean(x), y - np.mean(y)
    return np.sum(xm * ym) / np.sqrt(np.sum(xm**2) * np.sum(ym**2))


def kernel_regression(h=0.5, y=np.array([1.0, 3.0, 2.0])):
    """Nadaraya-Watson at one point."""
    xs, x = np.array([0.0, 1.0, 2.0]), 0.7
    w = np.exp(-0.5 * ((x - xs) / h) ** 2)
    return (w @ y) / w.sum()


def gaussian_process(log_l=0.1, log_noise=-1.0, y=np.array([0.2, 1.0, 0.4])):
    """Marginal likelihood of a Gaussian process by Cholesky."""
    x = np.array([0.0, 0.7, 1.5])
    d = (x[:, None] - x[None, :]) ** 2
    K = np.exp(-0.5 * d / np.exp(log_l) ** 2) + np.exp(log_noise) * np.eye(3)
    L = np.linalg.cholesky(K)
    a = np.linalg.solve(L.T, np.linalg.solve(L, y))
    return -0.5 * y @ a - np.sum(np.log(np.diag(L))) - 1.5 * np.log(2 * np.pi)


def kl_of_normals(m1=0.0, s1=1.0, m2=0.5, s2=1.5):
    """Divergence between two normal distributions."""
    return np.log(s2 / s1) + (s1**2 + (m1 - m2) ** 2) / (2 * s2**2) - 0.5


def entropy_of_large_shares(p=np.array([0.5, 0.01, 0.3, 0.19])):
    """Entropy, the tiny shares left out by a mask."""
    q = p[p > 0.1]
    return -np.sum(q * np.log(q))


def matrix_factorization(P=rng.normal(size=(2, 2)), Q=rng.normal(size=(3, 2)), beta=0.02):
    """Squared error over the known ratings."""
    R = [[5, 3, 0], [4, 0, 1]]
    e = 0
    for i in range(len(R)):
        for j in range(len(R[i])):
            if R[i][j] > 0:
                e = e + pow(R[i][j] - np.dot(P[i, :], Q[j, :]), 2)
                for k in range(2):
                    e = e + (beta / 2) * (pow(P[i][k], 2) + pow(Q[j][k], 2))
    return e


def most_likely_path(A=np.array([[0.7, 0.3], [0.4, 0.6]]), B=np.array([[0.9, 0.1], [0.2, 0.8]])):
    """The Viterbi algorithm: a buffer of scores, and one of whole numbers."""
    seen = [0, 1, 0]
    score, back = np.zeros((3, 2)), np.zeros((3, 2), dtype=int)
    score[0] = np.log(B[:, seen[0]])
    for t in range(1, 3):
        for j in range(2):
            s = score[t - 1] + np.log(A[:, j])
            back[t, j] = np.argmax(s)
            score[t, j] = s[back[t, j]] + np.log(B[j, seen[t]])
    return np.max(score[-1])


def filter_likelihood(z=np.array([1.0, 1.3, 0.9]), q=0.1, r=0.5):
    """The log-likelihood of a Kalman filter of place and speed."""
    F, H = np.array([[1.0, 1.0], [0.0, 1.0]]), np.array([[1.0, 0.0]])
    x, P, total = np.zeros((2, 1)), np.eye(2), 0.0
    for measured in z:
        x, P = F.dot(x), F.dot(P).dot(F.T) + q * np.eye(2)
        y = measured - H.dot(x)
        S = H.dot(P).dot(H.T) + r
        K = P.dot(H.T).dot(np.linalg.inv(S))
        x, P = x + K.dot(y), (np.eye(2) - K @ H) @ P
        total -= 0.5 * (np.log(2 * np.pi * np.linalg.det(S)) + (y.T @ np.linalg.inv(S) @ y).item())
    return total


def means_of_groups(x=np.array([1.0, 4.0, 2.0, 5.0])):
    """The mean of each group, one of which is empty: 0 there, and no NaN in the gradient."""
    group = np.array([0, 2, 0, 2])
    sums, counts = np.zeros(3), np.bincount(group, minlength=3)
    np.add.at(sums, group, x)
    means = np.divide(sums, counts, out=np.zeros(3), where=counts > 0)
    return np.sum(means**2) + np.max(x, where=group == 0, initial=0.0)


def whitened(x=np.array([[1.0, 2.0], [2.0, 1.0], [4.0, 5.0], [0.0, 3.5]])):
    """Principal components by singular values, scaled to the variance 1."""
    x = x - np.mean(x, axis=0)
    U, S, V = np.linalg.svd(np.dot(x.T, x) / x.shape[0])
    white = np.dot(x, U) / np.sqrt(S + 1e-5)
    return np.sum(white**4) + S[0] / np.sum(S)
