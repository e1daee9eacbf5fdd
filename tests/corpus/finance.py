"""Finance: options, bonds, portfolios."""

import math

import numpy as np
from scipy.stats import norm


def norm_cdf(x):
    return 0.5 * (1 + math.erf(x / math.sqrt(2)))


def black_scholes_math(S=100.0, K=105.0, T=0.5, r=0.02, sigma=0.25):
    """A call by math.erf."""
    d1 = (math.log(S / K) + (r + 0.5 * sigma**2) * T) / (sigma * math.sqrt(T))
    d2 = d1 - sigma * math.sqrt(T)
    return S * norm_cdf(d1) - K * math.exp(-r * T) * norm_cdf(d2)


def black_scholes_scipy(S=100.0, K=105.0, T=0.5, r=0.02, sigma=0.25, option="put"):
    """A put by SciPy's norm.cdf, the kind of option as a string."""
    d1 = (np.log(S / K) + (r + 0.5 * sigma**2) * T) / (sigma * np.sqrt(T))
    d2 = d1 - sigma * np.sqrt(T)
    if option == "call":
        return S * norm.cdf(d1) - K * np.exp(-r * T) * norm.cdf(d2)
    return K * np.exp(-r * T) * norm.cdf(-d2) - S * norm.cdf(-d1)


def black_scholes_polynomial(S=100.0, K=105.0, T=0.5, sigma=0.25):
    """A call with the polynomial approximation of the normal distribution."""

    def phi(x):
        k = 1 / (1 + 0.2316419 * abs(x))
        poly = k * (0.319381530 + k * (-0.356563782 + k * (1.781477937 + k * (-1.821255978 + k * 1.330274429))))
        tail = np.exp(-x * x / 2) / np.sqrt(2 * np.pi) * poly
        return 1 - tail if x >= 0 else tail

    d1 = (np.log(S / K) + 0.5 * sigma**2 * T) / (sigma * np.sqrt(T))
    return S * phi(d1) - K * phi(d1 - sigma * np.sqrt(T))


def binomial_tree(S=100.0, K=98.0, r=0.03, sigma=0.2):
    """An American put on a tree, values overwritten from the end."""
    N, T = 3, 1.0
    dt = T / N
    u = np.exp(sigma * np.sqrt(dt))
    d = 1 / u
    p = (np.exp(r * dt) - d) / (u - d)
    values = [max(K - S * u**j * d ** (N - j), 0) for j in range(N + 1)]
    for i in range(N - 1, -1, -1):
        for j in range(i + 1):
            hold = np.exp(-r * dt) * (p * values[j + 1] + (1 - p) * values[j])
            values[j] = max(hold, K - S * u**j * d ** (i - j))
    return values[0]


def binomial_in_arrays(S=100.0, K=98.0, r=0.03, sigma=0.2):
    """A European call on a tree, one array shortened at each step."""
    N = 3
    dt = 1.0 / N
    u = np.exp(sigma * np.sqrt(dt))
    p = (np.exp(r * dt) - 1 / u) / (u - 1 / u)
    prices = S * u ** (2.0 * np.arange(N + 1) - N)
    values = np.maximum(prices - K, 0.0)
    for _ in range(N):
        values = np.exp(-r * dt) * (p * values[1:] + (1 - p) * values[:-1])
    return values[0]


def monte_carlo_call(S=100.0, K=100.0, r=0.01, sigma=0.3):
    """A call by simulated paths, one column after the other."""
    random = np.random.default_rng(0)
    paths = np.zeros((4, 4))
    paths[:, 0] = S
    for t in range(1, 4):
        z = random.standard_normal(4)
        paths[:, t] = paths[:, t - 1] * np.exp((r - 0.5 * sigma**2) / 3 + sigma * np.sqrt(1 / 3) * z)
    return np.exp(-r) * np.mean(np.maximum(paths[:, -1] - K, 0))


def implied_volatility(price=8.0, S=100.0, K=100.0):
    """Newton steps for the volatility of an at-the-money call (Bachelier's approximation with a cube)."""
    sigma = 0.2
    for _ in range(3):
        value = S * sigma * 0.4 + 0.01 * (S - K) - 0.5 * sigma**3
        vega = S * 0.4 - 1.5 * sigma**2
        sigma -= (value - price) / vega
    return sigma


def portfolio_variance(w=np.array([0.5, 0.3, 0.2])):
    """Variance of a portfolio."""
    sigma = np.array([[0.04, 0.01, 0.0], [0.01, 0.09, 0.02], [0.0, 0.02, 0.16]])
    return np.dot(w.T, np.dot(sigma, w))


def sharpe_ratio(weights=np.array([0.4, 0.6]), risk_free=0.01):
    """Sharpe ratio of a series of returns, weights normalized in place."""
    returns = np.array([[0.02, -0.01], [0.01, 0.03], [-0.02, 0.02], [0.03, 0.0]])
    w = np.array(weights)
    w /= np.sum(w)
    r = returns @ w
    return (np.mean(r) - risk_free) / np.std(r)


def minimum_variance(cov=np.array([[0.04, 0.01], [0.01, 0.09]])):
    """Weights of least variance by inverse; their variance."""
    ones = np.ones(len(cov))
    inverse = np.linalg.inv(cov)
    w = inverse @ ones / (ones @ inverse @ ones)
    return w @ cov @ w


def bond_duration(y=0.05, coupon=4.0, face=100.0):
    """Macaulay duration by sums over years."""
    price, weighted = 0, 0
    for t in range(1, 5):
        cash = coupon if t < 4 else coupon + face
        pv = cash / (1 + y) ** t
        price += pv
        weighted += t * pv
    return weighted / price


def net_present_value(rate=0.08, cash_flows=[-100.0, 30.0, 45.0, 60.0]):
    """Net present value by a comprehension."""
    return sum(c / (1 + rate) ** i for i, c in enumerate(cash_flows))


def mortgage(principal=200.0, annual_rate=0.04, years=3):
    """The monthly payment, months as a whole number."""
    n = int(years * 12)
    r = annual_rate / 12
    return principal * r / (1 - (1 + r) ** -n)


def compound_savings(monthly=10.0, rate=0.03):
    """Savings with interest, balances in an array."""
    balance = np.zeros(7)
    for m in range(1, 7):
        balance[m] = (balance[m - 1] + monthly) * (1 + rate / 12)
    return balance[-1]


def yield_curve(beta0=0.04, beta1=-0.02, beta2=0.01, tau=1.5):
    """Nelson-Siegel at three maturities against quotes."""
    t = np.array([0.5, 2.0, 10.0])
    x = t / tau
    y = beta0 + beta1 * (1 - np.exp(-x)) / x + beta2 * ((1 - np.exp(-x)) / x - np.exp(-x))
    return np.sum((y - np.array([0.022, 0.03, 0.037])) ** 2) * 1e4


def ewma_volatility(lam=0.94):
    """Exponentially weighted variance of returns."""
    var = 0.01
    for r in [0.02, -0.03, 0.01]:
        var = lam * var + (1 - lam) * r**2
    return math.sqrt(var)


def progressive_tax(income=50.0, rates=(0.1, 0.2, 0.4)):
    """Tax by brackets."""
    brackets = [(0, 10), (10, 40), (40, float("inf"))]
    tax = 0
    for (low, high), rate in zip(brackets, rates):
        if income > low:
            tax += (min(income, high) - low) * rate
    return tax


def maximum_drawdown(p=np.array([1.0, 1.2, 0.9, 1.3, 1.1])):
    """The largest loss since the highest price so far."""
    peak = np.maximum.accumulate(p)
    return np.max((peak - p) / peak)
