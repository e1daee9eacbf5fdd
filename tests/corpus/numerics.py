"""Numerical methods and curves."""

import math
from functools import reduce

import numpy as np


def newton_square_root(a=2.0):
    """The square root by Newton's iteration."""
    x = a / 2
    for _ in range(4):
        x = 0.5 * (x + a / x)
    return x


def secant(c=0.7):
    """A root of x**3 + x - c by the secant method."""
    x0, x1 = 0.0, 1.0
    f = lambda x: x**3 + x - c
    for _ in range(4):
        x0, x1 = x1, x1 - f(x1) * (x1 - x0) / (f(x1) - f(x0))
    return x1


def trapezoid(a=0.0, b=1.5, n=4):
    """The trapezoidal rule with a loop over a whole number of strips."""
    f = lambda x: x * math.exp(-x)
    h = (b - a) / n
    total = 0.5 * (f(a) + f(b))
    for i in range(1, n):
        total += f(a + i * h)
    return total * h


def simpson(a=0.0, b=1.5):
    """Simpson's rule with slices of an array."""
    n = 4
    x = a + (b - a) * np.arange(n + 1) / n
    y = np.sin(x) ** 2
    return (b - a) / n / 3 * (y[0] + 4 * np.sum(y[1:-1:2]) + 2 * np.sum(y[2:-1:2]) + y[-1])


def simpson_linspace(b=1.5):
    """Simpson's rule on np.linspace up to the bound."""
    x = np.linspace(0.0, b, 5)
    y = np.exp(-(x**2))
    return (x[1] - x[0]) / 3 * (y[0] + 4 * y[1] + 2 * y[2] + 4 * y[3] + y[4])


def gauss_legendre(scale=1.3):
    """Gauss quadrature with two nodes."""
    nodes = [-1 / np.sqrt(3), 1 / np.sqrt(3)]
    return sum(scale * np.cos(scale * (n + 1) / 2) / 2 for n in nodes)


def horner(x=1.2, coefficients=[2.0, -1.0, 0.5, 3.0]):
    """A polynomial by Horner's scheme in reduce."""
    return reduce(lambda acc, c: acc * x + c, coefficients, 0)


def lagrange(ys=np.array([1.0, 2.0, 0.5]), x=0.7):
    """Lagrange interpolation by products."""
    xs = [0.0, 1.0, 2.0]
    total = 0
    for i in range(len(xs)):
        term = ys[i]
        for j in range(len(xs)):
            if j != i:
                term *= (x - xs[j]) / (xs[i] - xs[j])
        total += term
    return total


def bezier(p=np.array([[0.0, 0.0], [1.0, 2.0], [3.0, 2.5], [4.0, 0.0]]), t=0.4):
    """A cubic Bezier curve by de Casteljau, in place."""
    pts = p.copy()
    n = len(pts)
    for k in range(1, n):
        for i in range(n - k):
            pts[i] = (1 - t) * pts[i] + t * pts[i + 1]
    return pts[0]


def bernstein(p=np.array([1.0, 3.0, 2.0]), t=0.3):
    """A Bezier curve by math.comb."""
    n = len(p) - 1
    return sum(math.comb(n, i) * (1 - t) ** (n - i) * t**i * p[i] for i in range(n + 1))


def natural_spline(y=np.array([0.0, 1.0, 0.5, 2.0])):
    """Second derivatives of a natural cubic spline from a tridiagonal system; bending energy."""
    n = len(y)
    A = np.eye(n)
    rhs = np.zeros(n)
    for i in range(1, n - 1):
        A[i, i - 1 : i + 2] = [1, 4, 1]
        rhs[i] = 6 * (y[i + 1] - 2 * y[i] + y[i - 1])
    M = np.linalg.solve(A, rhs)
    return np.sum(M**2)


def catmull_rom(p=np.array([0.0, 1.0, 3.0, 2.0]), u=0.4):
    """A Catmull-Rom segment by a matrix."""
    M = 0.5 * np.array([[0, 2, 0, 0], [-1, 0, 1, 0], [2, -5, 4, -1], [-1, 3, -3, 1]])
    return np.array([1, u, u**2, u**3]) @ M @ p


def thomas_algorithm(b=np.array([4.0, 4.0, 4.0]), d=np.array([1.0, 2.0, 3.0])):
    """A tridiagonal solver that overwrites copies of its coefficients."""
    a, c = np.array([0.0, 1.0, 1.0]), np.array([1.0, 1.0, 0.0])
    b, d = np.copy(b), np.copy(d)
    n = len(d)
    for i in range(1, n):
        w = a[i] / b[i - 1]
        b[i] = b[i] - w * c[i - 1]
        d[i] = d[i] - w * d[i - 1]
    x = np.zeros(n)
    x[-1] = d[-1] / b[-1]
    for i in range(n - 2, -1, -1):
        x[i] = (d[i] - c[i] * x[i + 1]) / b[i]
    return x


def gaussian_elimination(A=np.array([[3.0, 1.0, 1.0], [1.0, 4.0, 1.0], [1.0, 1.0, 5.0]]), b=np.array([1.0, 2.0, 3.0])):
    """Gaussian elimination in place on a copy, with pivots as they come."""
    M = np.column_stack((A, b))
    n = len(b)
    for i in range(n):
        M[i] = M[i] / M[i, i]
        for j in range(n):
            if j != i:
                M[j] -= M[j, i] * M[i]
    return M[:, -1]


def cholesky_by_hand(A=np.array([[4.0, 1.0], [1.0, 3.0]])):
    """Cholesky's factor, entry by entry."""
    n = len(A)
    L = np.zeros_like(A)
    for i in range(n):
        for j in range(i + 1):
            s = A[i, j] - np.dot(L[i, :j], L[j, :j])
            L[i, j] = np.sqrt(s) if i == j else s / L[j, j]
    return np.sum(L**3)


def gram_schmidt(A=np.array([[1.0, 0.5], [0.3, 2.0], [0.2, 0.4]])):
    """Orthonormal columns in a buffer."""
    Q = np.zeros(A.shape)
    for j in range(A.shape[1]):
        v = A[:, j]
        for i in range(j):
            v = v - (Q[:, i] @ A[:, j]) * Q[:, i]
        Q[:, j] = v / np.linalg.norm(v)
    return np.sum(Q[0] * Q[2])


def power_iteration(A=np.array([[2.0, 0.5], [0.5, 1.0]])):
    """The largest eigenvalue by iteration."""
    v = np.ones(2)
    for _ in range(4):
        v = A @ v
        v /= np.linalg.norm(v)
    return v @ A @ v


def jacobi_sweeps(b=np.array([1.0, 2.0])):
    """Jacobi's method: the new vector is filled from the old."""
    A = np.array([[4.0, 1.0], [2.0, 5.0]])
    x = np.zeros(2)
    for _ in range(3):
        x_new = np.zeros_like(x)
        for i in range(2):
            s = sum(A[i][j] * x[j] for j in range(2) if j != i)
            x_new[i] = (b[i] - s) / A[i][i]
        x = x_new
    return x


def gauss_seidel(b=np.array([1.0, 2.0, 0.5])):
    """Gauss-Seidel: the vector is overwritten while it is read."""
    A = np.array([[4.0, 1.0, 0.0], [1.0, 5.0, 2.0], [0.0, 2.0, 6.0]])
    x = np.zeros_like(b)
    for _ in range(2):
        for i in range(3):
            x[i] = (b[i] - np.dot(A[i, :i], x[:i]) - np.dot(A[i, i + 1 :], x[i + 1 :])) / A[i, i]
    return x


def finite_difference_stencil(u=np.array([0.0, 0.5, 0.9, 1.0, 0.7])):
    """Second derivatives by np.diff and by a kernel."""
    return np.sum(np.diff(u, 2) ** 2) + np.sum(np.convolve(u, [1.0, -2.0, 1.0], mode="valid") ** 4)


def moving_average(x=np.array([1.0, 3.0, 2.0, 5.0, 4.0]), w=2):
    """A moving average by cumulated sums."""
    c = np.cumsum(np.insert(x, 0, 0))
    return (c[w:] - c[:-w]) / w


def fourier_coefficients(y=np.array([0.1, 0.9, 0.4, -0.7])):
    """Real Fourier coefficients by sums; the power of the first."""
    N = len(y)
    k = 1
    n = np.arange(N)
    re = np.sum(y * np.cos(2 * np.pi * k * n / N))
    im = -np.sum(y * np.sin(2 * np.pi * k * n / N))
    return re**2 + im**2


def levenberg_marquardt(a=1.0, b=0.5, lam=0.1):
    """One step for y = a exp(b x): the Jacobian is filled column by column."""
    x, y = np.array([0.0, 0.5, 1.0]), np.array([1.1, 1.4, 2.1])
    r = y - a * np.exp(b * x)
    J = np.zeros((3, 2))
    J[:, 0] = np.exp(b * x)
    J[:, 1] = a * x * np.exp(b * x)
    step = np.linalg.solve(J.T @ J + lam * np.eye(2), J.T @ r)
    p = np.array([a, b]) + step
    return np.sum((y - p[0] * np.exp(p[1] * x)) ** 2)


def polynomial_fit(y=np.array([1.0, 2.0, 0.5, 3.0])):
    """A parabola by np.vander and solve."""
    A = np.vander(np.array([0.0, 1.0, 2.0, 3.0]), 3)
    c = np.linalg.solve(A.T @ A, A.T @ y)
    return np.polyval(c, 1.5)


def rosenbrock(x=np.array([1.2, 0.8, 1.1])):
    """Rosenbrock's function in slices."""
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2.0) ** 2.0 + (1 - x[:-1]) ** 2.0)


def ackley(x=0.5, y=-0.3):
    """Ackley's function with names of math."""
    part = -20 * math.exp(-0.2 * math.sqrt(0.5 * (x**2 + y**2)))
    return part - math.exp(0.5 * (math.cos(2 * math.pi * x) + math.cos(2 * math.pi * y))) + math.e + 20


def accepts_number_or_array(x=np.array([0.2, -0.5])):
    """A function that first looks what it was given."""
    if isinstance(x, (int, float)):
        x = np.array([x])
    elif not isinstance(x, np.ndarray):
        raise TypeError("a number or an array")
    return np.sum(np.exp(x))


def elimination_with_pivots(
    A=np.array([[0.5, 1.0, 2.0], [4.0, 1.0, 0.5], [1.0, 3.0, 0.2]]), b=np.array([0.5, 1.5, 2.5])
):
    """Gaussian elimination that swaps rows, with the method dot of what is solved already."""
    A, b, n = A.copy(), b.copy(), len(b)
    for k in range(n):
        p = k + np.argmax(np.abs(A[k:, k]))
        if p != k:
            A[[k, p]] = A[[p, k]]
            b[[k, p]] = b[[p, k]]
        for i in range(k + 1, n):
            m = A[i, k] / A[k, k]
            A[i, k:] -= m * A[k, k:]
            b[i] -= m * b[k]
    x = np.zeros(n)
    for i in range(n - 1, -1, -1):
        x[i] = (b[i] - A[i, i + 1 :].dot(x[i + 1 :])) / A[i, i]
    return x.sum()


def doolittle(A=np.array([[4.0, 1.0, 0.5], [1.0, 3.0, 0.2], [0.5, 0.2, 2.0]])):
    """The determinant from an LU decomposition in two buffers."""
    L, U = np.eye(3), np.zeros((3, 3))
    for i in range(3):
        for j in range(i, 3):
            U[i, j] = A[i, j] - sum(L[i, k] * U[k, j] for k in range(i))
        for j in range(i + 1, 3):
            L[j, i] = (A[j, i] - sum(L[j, k] * U[k, i] for k in range(i))) / U[i, i]
    return np.prod(np.diag(U))


def time_warping(a=np.array([0.5, 1.4, 2.6]), b=np.array([0.0, 2.0, 2.2])):
    """The cost of aligning two series, in a table that begins with infinities."""
    D = np.full((4, 4), np.inf)
    D[0, 0] = 0
    for i in range(1, 4):
        for j in range(1, 4):
            D[i, j] = abs(a[i - 1] - b[j - 1]) + min(D[i - 1, j], D[i, j - 1], D[i - 1, j - 1])
    return D[3, 3]


leaky = np.vectorize(lambda t: t if t > 0 else 0.1 * t)


def element_by_element(x=np.array([[-1.0, 2.0], [0.5, -0.3]])):
    """A function of numbers, made one of arrays by np.vectorize, and a loop over np.ndenumerate."""
    y = leaky(x)
    return sum((i + 2 * j + 1) * v**2 for (i, j), v in np.ndenumerate(y))


def table_lookup(x=np.array([0.3, 1.2, 2.7]), prices=np.array([1.0, 1.5, 3.0, 2.0])):
    """Interpolation in a table, and its slope by np.gradient."""
    at = np.arange(4)
    return np.sum(np.interp(x, at, prices)) + np.interp(1.4, at, np.gradient(prices))


def moving_median(x=np.array([1.0, 3.0, 2.0, 7.0, 4.0])):
    """The medians and a percentile of windows."""
    windows = np.lib.stride_tricks.sliding_window_view(x, 3)
    return np.median(windows, axis=1).sum() + np.percentile(x, 40)
