"""Populations, epidemics, neurons, enzymes."""

import numpy as np


def sir_steps(beta=0.4, gamma=0.1, i0=0.01):
    """An epidemic, arrays of the three groups by day."""
    n = 5
    S, I, R = np.zeros(n), np.zeros(n), np.zeros(n)
    S[0], I[0], R[0] = 1 - i0, i0, 0.0
    for t in range(n - 1):
        new = beta * S[t] * I[t]
        S[t + 1] = S[t] - new
        I[t + 1] = I[t] + new - gamma * I[t]
        R[t + 1] = R[t] + gamma * I[t]
    return I[-1]


def seir_tuple(beta=0.5, sigma=0.2, gamma=0.1):
    """An epidemic with exposed people; the state is a tuple."""
    state = (0.97, 0.02, 0.01, 0.0)
    for _ in range(4):
        s, e, i, r = state
        state = (s - beta * s * i, e + beta * s * i - sigma * e, i + sigma * e - gamma * i, r + gamma * i)
    return state[2]


def sir_fit(params={"beta": 0.4, "gamma": 0.1}):
    """Squared distance of a simulated epidemic to reported cases."""
    cases = [0.02, 0.03, 0.05]
    s, i = 0.98, 0.02
    error = 0
    for observed in cases:
        error += (i - observed) ** 2
        s, i = s - params["beta"] * s * i, i + params["beta"] * s * i - params["gamma"] * i
    return 1000 * error


def lotka_volterra(alpha=1.1, beta=0.4, delta=0.1, gamma=0.4, dt=0.05):
    """Prey and predators by Euler, a row per step."""
    steps = 5
    xy = np.zeros((steps, 2))
    xy[0] = [10.0, 5.0]
    for t in range(steps - 1):
        x, y = xy[t]
        xy[t + 1, 0] = x + dt * (alpha * x - beta * x * y)
        xy[t + 1, 1] = y + dt * (delta * x * y - gamma * y)
    return xy[-1].sum()


def logistic_map(r=2.8, x=0.2):
    """The logistic map, six times."""
    xs = []
    for _ in range(6):
        x = r * x * (1 - x)
        xs.append(x)
    return xs[-1]


def leslie_matrix(survival=np.array([0.5, 0.8]), births=np.array([0.0, 1.2, 1.5])):
    """A population in age classes; the matrix is filled by rows and a diagonal."""
    L = np.zeros((3, 3))
    L[0, :] = births
    for i in range(2):
        L[i + 1, i] = survival[i]
    n = np.array([10.0, 5.0, 2.0])
    for _ in range(3):
        n = L @ n
    return np.sum(n)


def michaelis_menten(vmax=2.0, km=0.5):
    """Rates of an enzyme against measurements."""
    s = np.array([0.1, 0.5, 1.0, 3.0])
    v = np.array([0.35, 0.95, 1.3, 1.75])
    return np.sum((vmax * s / (km + s) - v) ** 2)


def fitzhugh_nagumo(v=-0.5, w=0.1, current=0.5):
    """A neuron's voltage by Euler."""
    for _ in range(4):
        dv = v - v**3 / 3 - w + current
        dw = 0.08 * (v + 0.7 - 0.8 * w)
        v += 0.2 * dv
        w += 0.2 * dw
    return v


def leaky_integrate_and_fire(current=1.8, tau=5.0):
    """A neuron whose voltage is reset at the threshold."""
    v, trace = 0.0, []
    for _ in range(5):
        v = v + (current * 3 - v) / tau
        if v > 1.5:
            v = 0.2 * v
        trace.append(v)
    return sum(trace)


def hill_gene_circuit(k=np.array([1.0, 0.8]), n=2.0):
    """Two genes that repress each other, three steps on an array in place."""
    x = np.array([0.5, 0.3])
    for _ in range(3):
        rate = k / (1 + x[::-1] ** n) - 0.5 * x
        x = x + 0.2 * rate
    return x[0] - x[1]


def pharmacokinetics(ka=1.2, ke=0.3, volume=10.0):
    """Concentration of a drug after two doses; boolean masks select the times."""
    t = np.array([0.5, 1.0, 4.0, 6.0])
    c = np.zeros(len(t))
    for dose_time in (0.0, 3.0):
        after = t > dose_time
        dt = t[after] - dose_time
        c[after] += 100 * ka / (volume * (ka - ke)) * (np.exp(-ke * dt) - np.exp(-ka * dt))
    return np.sum(c)


def neighbor_joining_likelihood(branch=0.2, kappa=0.5):
    """Likelihood of two sequences under a two-state model."""
    same = 0.5 + 0.5 * np.exp(-2 * branch * kappa)
    log_l = 0
    for a, b in zip("ACCA", "ACAA"):
        log_l += np.log(0.5 * same) if a == b else np.log(0.5 * (1 - same))
    return log_l


def wright_fisher_selection(p=0.3, s=0.1, h=0.5):
    """Frequency of an allele under selection, generation by generation."""
    for _ in range(4):
        q = 1 - p
        mean = p * p * (1 + s) + 2 * p * q * (1 + h * s) + q * q
        p = (p * p * (1 + s) + p * q * (1 + h * s)) / mean
    return p
