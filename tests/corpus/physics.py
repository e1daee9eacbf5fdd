"""Physics: trajectories, energies, fields."""

import math
from math import cos, exp, pi, sin, sqrt

import numpy as np

rng = np.random.default_rng(9)


def falling_with_drag(v0=10.0, k=0.1, dt=0.1):
    """A ball thrown up with drag, Euler steps."""
    y, v, g = 0.0, v0, 9.81
    for _ in range(5):
        a = -g - k * v * abs(v)
        v = v + a * dt
        y = y + v * dt
    return y


def appended_trajectory(v=np.array([1.0, 2.0]), dt=0.1):
    """A trajectory to which each point is appended as a row."""
    path = np.zeros((1, 2))
    for _ in range(3):
        path = np.append(path, [path[-1] + dt * v], axis=0)
    return np.sum(path**2)


def projectile_range(v=20.0, angle=0.6):
    """Range of a projectile by math's sine."""
    return v**2 * math.sin(2 * angle) / 9.81


def damped_oscillation(t=0.7, gamma=0.3, omega=2.0):
    """A damped oscillation, names imported from math."""
    return exp(-gamma * t) * cos(omega * t) + sin(omega * t) / (2 * pi)


def lorentz(v=0.6):
    """Time dilation."""
    c = 1.0
    gamma = 1 / sqrt(1 - v**2 / c**2)
    return gamma * 2.0


def rk4_pendulum(theta=0.5, omega=0.0, length=1.2, dt=0.05):
    """A pendulum by RK4, the state in an array."""

    def f(state):
        th, om = state
        return np.array([om, -9.81 / length * np.sin(th)])

    y = np.array([theta, omega])
    for _ in range(3):
        k1 = f(y)
        k2 = f(y + dt / 2 * k1)
        k3 = f(y + dt / 2 * k2)
        k4 = f(y + dt * k3)
        y = y + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return y[0]


def rk4_trajectory(y0=np.array([1.0, 0.0]), k=2.0, dt=0.1):
    """A spring by RK4, every state written into a trajectory."""

    def deriv(y, t):
        dydt = np.zeros_like(y)
        dydt[0] = y[1]
        dydt[1] = -k * y[0]
        return dydt

    n = 4
    t = np.linspace(0, (n - 1) * dt_plain, n)
    y = np.zeros((n, 2))
    y[0] = y0
    for i in range(n - 1):
        k1 = deriv(y[i], t[i])
        k2 = deriv(y[i] + k1 * dt / 2.0, t[i] + dt_plain / 2.0)
        k3 = deriv(y[i] + k2 * dt / 2.0, t[i] + dt_plain / 2.0)
        k4 = deriv(y[i] + k3 * dt, t[i] + dt_plain)
        y[i + 1] = y[i] + (dt / 6.0) * (k1 + 2 * k2 + 2 * k3 + k4)
    return np.sum(y**2)


dt_plain = 0.1


def double_pendulum_energy(th1=0.3, th2=0.7, w1=0.1, w2=-0.2):
    """Energy of a double pendulum of unit masses and lengths."""
    kinetic = 0.5 * w1**2 + 0.5 * (w1**2 + w2**2 + 2 * w1 * w2 * np.cos(th1 - th2))
    potential = -2 * 9.81 * np.cos(th1) - 9.81 * np.cos(th2)
    return kinetic + potential


def n_body_energy(pos=rng.normal(size=(3, 2)), vel=rng.normal(size=(3, 2))):
    """Energy of three bodies, the pairs in two loops."""
    mass = [1.0, 2.0, 0.5]
    energy = 0.0
    for i in range(3):
        energy += 0.5 * mass[i] * np.dot(vel[i], vel[i])
        for j in range(i + 1, 3):
            r = np.linalg.norm(pos[i] - pos[j])
            energy -= mass[i] * mass[j] / r
    return energy


def n_body_step(pos=rng.normal(size=(3, 2)), vel=rng.normal(size=(3, 2)), dt=0.01):
    """A leapfrog step; the accelerations are added up in a buffer."""

    def acceleration(pos):
        a = np.zeros_like(pos)
        for i in range(len(pos)):
            for j in range(len(pos)):
                if i != j:
                    d = pos[j] - pos[i]
                    a[i] += d / (np.sum(d**2) + 0.01) ** 1.5
        return a

    vel = vel + 0.5 * dt * acceleration(pos)
    pos = pos + dt * vel
    vel = vel + 0.5 * dt * acceleration(pos)
    return np.sum(pos * vel)


def verlet_spring(x=1.0, v=0.0, k=4.0, dt=0.1):
    """Velocity Verlet, positions in a list."""
    xs = [x]
    a = -k * x
    for _ in range(4):
        x = x + v * dt + 0.5 * a * dt**2
        a_new = -k * x
        v = v + 0.5 * (a + a_new) * dt
        a = a_new
        xs.append(x)
    return sum(xs)


def coupled_springs(x=np.array([0.1, -0.2, 0.3]), k=2.0):
    """Energy of a chain of springs between two walls."""
    energy = 0.5 * k * x[0] ** 2 + 0.5 * k * x[-1] ** 2
    for i in range(len(x) - 1):
        energy += 0.5 * k * (x[i + 1] - x[i]) ** 2
    return energy


def spring_frequencies(k1=2.0, k2=3.0):
    """Squared frequencies of two masses: eigenvalues of the stiffness matrix."""
    K = np.array([[k1 + k2, -k2], [-k2, k2]])
    w = np.linalg.eigvalsh(K)
    return w[0] + 3 * w[1]


def lennard_jones(pos=np.array([[0.0, 0.0], [1.1, 0.1], [0.4, 1.2]])):
    """Energy of a cluster by differences of all pairs."""
    i, j = np.triu_indices(len(pos), k=1)
    r2 = np.sum((pos[i] - pos[j]) ** 2, axis=1)
    s6 = 1 / r2**3
    return np.sum(4 * (s6**2 - s6))


def ising_mean_field(m=0.3, beta=0.8, J=1.0):
    """Mean-field iterations of the magnetization."""
    for _ in range(4):
        m = np.tanh(beta * (J * 4 * m + 0.1))
    return m


def wave_step(u=np.array([0.0, 0.5, 1.0, 0.5, 0.0]), c=0.5):
    """The wave equation, two time levels in place."""
    prev = u.copy()
    for _ in range(3):
        nxt = np.zeros_like(u)
        for i in range(1, len(u) - 1):
            nxt[i] = 2 * u[i] - prev[i] + c**2 * (u[i + 1] - 2 * u[i] + u[i - 1])
        prev, u = u, nxt
    return np.sum(u**2)


def laplace_relaxation(top=np.array([1.0, 2.0, 3.0, 2.0])):
    """Jacobi relaxation on a plate with a hot edge."""
    T = np.zeros((4, 4))
    T[0, :] = top
    for _ in range(3):
        T[1:-1, 1:-1] = 0.25 * (T[:-2, 1:-1] + T[2:, 1:-1] + T[1:-1, :-2] + T[1:-1, 2:])
    return T[1:3, 1:3].sum()


def reaction_diffusion(U=np.full((3, 3), 0.8) + 0.05 * rng.normal(size=(3, 3)), V=np.full((3, 3), 0.3), F=0.04):
    """A step of Gray and Scott with np.roll, on copies changed in place."""

    def laplacian(Z):
        return np.roll(Z, 1, 0) + np.roll(Z, -1, 0) + np.roll(Z, 1, 1) + np.roll(Z, -1, 1) - 4 * Z

    u, v = U.copy(), V.copy()
    uvv = u * v * v
    u += 0.16 * laplacian(U) - uvv + F * (1 - U)
    v += 0.08 * laplacian(V) + uvv - (F + 0.06) * V
    return np.sum(u * v)


def phase_field_energy(phi=rng.normal(size=(3, 3))):
    """Cellular potential: gradients of a field and a double well."""
    gx = phi[1:, :] - phi[:-1, :]
    gy = phi[:, 1:] - phi[:, :-1]
    return 0.5 * np.sum(gx**2) + 0.5 * np.sum(gy**2) + np.sum(0.25 * (phi**2 - 1) ** 2)


def blackbody_ratio(T=5.0):
    """Planck's law at two wavelengths, in thousands of kelvins."""
    planck = lambda lam: 1 / (lam**5 * (np.exp(14.388 / (lam * T)) - 1))
    return planck(0.5) / planck(0.7)


def kepler(e=0.3, M=1.0):
    """Kepler's equation by Newton, five times."""
    E = M
    for _ in range(5):
        E = E - (E - e * np.sin(E) - M) / (1 - e * np.cos(E))
    return E


def kepler_until_close(e=0.3, M=1.0):
    """The same until the step is small, with math."""
    E = M
    while True:
        step = (E - e * math.sin(E) - M) / (1 - e * math.cos(E))
        E -= step
        if abs(step) < 1e-12:
            break
    return E


def rc_circuit(R=2.0, C=0.5, V=5.0):
    """Charging of a capacitor, voltages by time in a buffer."""
    dt = 0.1
    v = np.zeros(6)
    for i in range(5):
        v[i + 1] = v[i] + dt * (V - v[i]) / (R * C)
    return v[-1]


def lens_by_snell(angle=0.4, n1=1.0, n2=1.5):
    """Refraction at two surfaces."""
    inside = math.asin(n1 / n2 * math.sin(angle))
    return math.tan(inside) + math.degrees(inside) / 100


def electric_potential(charges=((1.0, 0.0, 0.0), (-0.5, 1.0, 0.5)), x=0.3, y=0.8):
    """Potential of point charges, tuples unpacked in a loop, math.hypot."""
    total = 0
    for q, cx, cy in charges:
        total += q / math.hypot(x - cx, y - cy)
    return total


def quantum_expectation(c=np.array([0.6, 0.7, 0.2])):
    """Energy expectation of a normalized state."""
    H = np.diag([1.0, 2.0, 3.0]) + 0.1 * np.ones((3, 3))
    psi = c / np.sqrt(np.vdot(c, c))
    return np.vdot(psi, H @ psi)


def report_of_a_fall(h=20.0, g=9.81):
    """A time of fall that is printed on the way with % and an f-string."""
    t = (2 * h / g) ** 0.5
    line = "t = %.3f s" % t + f", v = {g * t:.2f}"
    if len(line) < 5:
        raise ValueError(line)
    return t
