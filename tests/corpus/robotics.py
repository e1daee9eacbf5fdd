"""Robots and vision: arms, filters, rotations, cameras."""

import math

import numpy as np


def rot_z(theta):
    c, s = np.cos(theta), np.sin(theta)
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])


def two_link_arm(t1=0.3, t2=0.5, l1=1.0, l2=0.8):
    """Distance of the hand to a target, with math."""
    x = l1 * math.cos(t1) + l2 * math.cos(t1 + t2)
    y = l1 * math.sin(t1) + l2 * math.sin(t1 + t2)
    return (x - 1.0) ** 2 + (y - 1.0) ** 2


def planar_arm(angles=np.array([0.3, 0.5, -0.2]), lengths=np.array([1.0, 0.8, 0.5])):
    """Position of an arm of any number of links by cumulated angles."""
    total = np.cumsum(angles)
    return np.array([np.sum(lengths * np.cos(total)), np.sum(lengths * np.sin(total))])


def denavit_hartenberg(q=np.array([0.1, 0.4, -0.3])):
    """A chain of homogeneous transforms filled entry by entry."""
    T = np.eye(4)
    a, d = [0.5, 0.4, 0.2], [0.1, 0.0, 0.0]
    for i in range(3):
        A = np.eye(4)
        A[0, 0] = np.cos(q[i])
        A[0, 1] = -np.sin(q[i])
        A[1, 0] = np.sin(q[i])
        A[1, 1] = np.cos(q[i])
        A[0, 3] = a[i] * np.cos(q[i])
        A[1, 3] = a[i] * np.sin(q[i])
        A[2, 3] = d[i]
        T = T @ A
    return np.sum(T[:3, 3] ** 2)


def inverse_kinematics_step(theta=np.array([0.4, 0.6]), target=np.array([1.2, 0.7])):
    """A step with the pseudo-inverse of the Jacobian."""
    x = np.array([np.cos(theta[0]) + np.cos(theta[0] + theta[1]), np.sin(theta[0]) + np.sin(theta[0] + theta[1])])
    J = np.array(
        [
            [-np.sin(theta[0]) - np.sin(theta[0] + theta[1]), -np.sin(theta[0] + theta[1])],
            [np.cos(theta[0]) + np.cos(theta[0] + theta[1]), np.cos(theta[0] + theta[1])],
        ]
    )
    new = theta + np.linalg.solve(J, target - x)
    return np.sum(new**2)


def kalman_filter(q=0.1, r=0.5, x0=0.0):
    """A Kalman filter of one number over measurements, log likelihood added."""
    x, p, total = x0, 1.0, 0.0
    for z in [0.4, 0.6, 0.3]:
        p = p + q
        s = p + r
        k = p / s
        total += -0.5 * (np.log(2 * np.pi * s) + (z - x) ** 2 / s)
        x = x + k * (z - x)
        p = (1 - k) * p
    return total


class KalmanFilter:
    def __init__(self, F, H, Q, R, P, x0):
        self.F, self.H, self.Q, self.R, self.P, self.x = F, H, Q, R, P, x0

    def predict(self):
        self.x = np.dot(self.F, self.x)
        self.P = np.dot(np.dot(self.F, self.P), self.F.T) + self.Q
        return self.x

    def update(self, z):
        y = z - np.dot(self.H, self.x)
        S = self.R + np.dot(self.H, np.dot(self.P, self.H.T))
        K = np.dot(np.dot(self.P, self.H.T), np.linalg.inv(S))
        self.x = self.x + np.dot(K, y)
        I = np.eye(self.F.shape[0])
        self.P = np.dot(np.dot(I - np.dot(K, self.H), self.P), (I - np.dot(K, self.H)).T) + np.dot(
            np.dot(K, self.R), K.T
        )


def kalman_tracking(x0=np.array([[0.0], [1.0]]), Q=np.eye(2) * 0.05, R=np.array([[0.5]]), dt=0.5):
    """A filter object for position and speed; matrices made from dt."""
    F = np.array([[1, dt], [0, 1]])
    kf = KalmanFilter(F, np.array([[1.0, 0.0]]), Q, R, np.eye(2), x0)
    for z in (0.4, 1.1):
        kf.predict()
        kf.update(np.array([[z]]))
    return np.sum(kf.x**2) + np.trace(kf.P)


def particle_weights(x=np.array([0.2, 0.9, 1.4]), sigma=0.5):
    """Weights of particles, one by one in place, then normalized."""
    w = np.ones(len(x))
    for i in range(len(x)):
        w[i] *= np.exp(-((x[i] - 1.0) ** 2) / (2 * sigma**2)) / np.sqrt(2 * np.pi * sigma**2)
    w /= sum(w)
    return 1.0 / np.sum(w**2)


def quaternion_rotation(q=np.array([0.9, 0.1, 0.3, -0.2]), v=np.array([1.0, 2.0, 0.5])):
    """A vector rotated by a unit quaternion, the product written out."""

    def multiply(a, b):
        w0, x0, y0, z0 = a
        w1, x1, y1, z1 = b
        return np.array(
            [
                w0 * w1 - x0 * x1 - y0 * y1 - z0 * z1,
                w0 * x1 + x0 * w1 + y0 * z1 - z0 * y1,
                w0 * y1 - x0 * z1 + y0 * w1 + z0 * x1,
                w0 * z1 + x0 * y1 - y0 * x1 + z0 * w1,
            ]
        )

    q = q / np.linalg.norm(q)
    conj = q * np.array([1, -1, -1, -1])
    p = np.concatenate(([0.0], v))
    return multiply(multiply(q, p), conj)[1:]


def quaternion_of_scalar_and_vector(angle=0.7, axis=np.array([0.0, 0.6, 0.8])):
    """A quaternion joined from a list of one number and a vector."""
    q = np.concatenate([[np.cos(angle / 2)], np.sin(angle / 2) * axis])
    return np.sum(q * np.array([1.0, 2.0, 3.0, 4.0]))


def rodrigues(axis=np.array([0.2, 0.5, 0.8]), angle=0.7, v=np.array([1.0, 0.0, 0.5])):
    """Rotation about an axis with cross and dot."""
    k = axis / np.sqrt(axis.dot(axis))
    return v * np.cos(angle) + np.cross(k, v) * np.sin(angle) + k * np.dot(k, v) * (1 - np.cos(angle))


def euler_angles(roll=0.1, pitch=0.2, yaw=0.3):
    """Product of three rotations of arrays made from sines and cosines; a point turned."""
    Rx = np.array([[1, 0, 0], [0, np.cos(roll), -np.sin(roll)], [0, np.sin(roll), np.cos(roll)]])
    Ry = np.array([[np.cos(pitch), 0, np.sin(pitch)], [0, 1, 0], [-np.sin(pitch), 0, np.cos(pitch)]])
    R = rot_z(yaw) @ Ry @ Rx
    return R @ np.array([1.0, 2.0, 3.0])


def camera_projection(f=500.0, cx=320.0, cy=240.0, t=np.array([0.1, -0.2, 2.0])):
    """Reprojection error of three points, in homogeneous coordinates."""
    K = np.array([[f, 0, cx], [0, f, cy], [0, 0, 1]])
    points = np.array([[0.0, 0.0, 1.0], [0.5, 0.2, 1.5], [-0.3, 0.4, 0.8]])
    seen = np.array([[340.0, 210.0], [400.0, 245.0], [290.0, 280.0]])
    uvw = (K @ (points + t).T).T
    uv = uvw[:, :2] / uvw[:, 2:]
    return np.mean(np.sum((uv - seen) ** 2, axis=1))


def lens_distortion(x=0.3, y=-0.2, k1=0.1, k2=-0.05):
    """Radial distortion of a point."""
    r2 = x * x + y * y
    factor = 1 + k1 * r2 + k2 * r2**2
    return (x * factor) ** 2 + (y * factor) ** 2


def pid_controller(kp=1.2, ki=0.3, kd=0.1):
    """A PID loop on a first-order plant; squared errors added."""
    x, integral, prev_error, cost = 0.0, 0.0, 0.0, 0.0
    dt = 0.1
    for _ in range(4):
        error = 1.0 - x
        integral += error * dt
        derivative = (error - prev_error) / dt
        u = kp * error + ki * integral + kd * derivative
        x += dt * (-x + u)
        prev_error = error
        cost += error**2
    return cost


def bicycle_model(state={"x": 0.0, "y": 0.0, "yaw": 0.1, "v": 1.0}, delta=0.2, a=0.5):
    """The kinematic bicycle, the state a dict that is updated."""
    dt, L = 0.1, 2.5
    s = dict(state)
    for _ in range(3):
        s["x"] += s["v"] * np.cos(s["yaw"]) * dt
        s["y"] += s["v"] * np.sin(s["yaw"]) * dt
        s["yaw"] += s["v"] / L * np.tan(delta) * dt
        s["v"] += a * dt
    return s["x"] + 2 * s["y"]


class State:
    def __init__(self, x=0.0, y=0.0, yaw=0.0, v=0.0):
        self.x, self.y, self.yaw, self.v = x, y, yaw, v

    def update(self, a, delta):
        self.x = self.x + self.v * math.cos(self.yaw) * 0.1
        self.y = self.y + self.v * math.sin(self.yaw) * 0.1
        self.yaw = self.yaw + self.v / 2.5 * math.tan(delta) * 0.1
        self.v = self.v + a * 0.1


def vehicle_object(v=1.0, delta=0.2, a=0.5):
    """A vehicle object whose attributes change in each step, with math."""
    state = State(v=v)
    for _ in range(3):
        state.update(a, delta)
    return state.x + 2 * state.y


def normalized_angle(a=2.5, b=-2.8):
    """A difference of angles brought to (-pi, pi]."""
    d = a - b
    while d > math.pi:
        d -= 2 * math.pi
    while d < -math.pi:
        d += 2 * math.pi
    return d**2


def bearing_and_range(x=1.0, y=2.0, heading=0.3):
    """A measurement of a landmark with arctan2 and hypot."""
    dx, dy = 4.0 - x, 3.0 - y
    return np.hypot(dx, dy) + np.arctan2(dy, dx) - heading


def lqr_cost(K=np.array([0.5, 0.8]), x=np.array([1.0, 0.0])):
    """Cost of linear feedback over a few steps."""
    A, B = np.array([[1.0, 0.1], [0.0, 1.0]]), np.array([0.0, 0.1])
    cost = 0.0
    for _ in range(4):
        u = -K @ x
        cost = cost + x @ x + 0.1 * u**2
        x = A @ x + B * u
    return cost


def icp_error(theta=0.1, t=np.array([0.2, -0.1])):
    """Error of a point cloud after a rigid motion, the nearest point of each taken."""
    a = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    b = np.array([[0.3, 0.0], [1.2, 0.1], [0.1, 0.9]])
    R = np.array([[np.cos(theta), -np.sin(theta)], [np.sin(theta), np.cos(theta)]])
    moved = a @ R.T + t
    error = 0
    for p in moved:
        distances = np.sum((b - p) ** 2, axis=1)
        error += distances[np.argmin(distances)]
    return error
