"""Vectors on the circles around the corners of an acute triangle that prove what its denoiser costs."""

import numpy as np
from jaxtyping import Float
from scipy.linalg import null_space
from scipy.optimize import lsq_linear

_ROUNDS, _MOST, _GRID = 12, 100, 46  # of cuts; cuts in one of them; bits that entries keep, so that they sum exactly
_SLACK, _KINK = 0.03, 0.03  # how far below 1 other directions stay, and how much sharper than need be a turn is
_DONE, _CUT, _FEASIBLE, _SMALL = 1e-10, 1e-11, 1e-5, 1e-14


def spread(
    clean: Float[np.ndarray, "3 2"],
    radius: float,
    directions: Float[np.ndarray, "3 2"],
    heights: Float[np.ndarray, " 3"],
    towards: Float[np.ndarray, "3 2"],
) -> tuple[Float[np.ndarray, "24 2"], Float[np.ndarray, "24 2"]]:
    r"""Points (24, 2) on the circles, just inside, and vectors nu (24, 2) with |sum_i nu_i relu(w . x_i + b)| <= |w|.

    With s_k = 2 / (h_k - 2 r) and e_k `towards` corner k from the denoiser's p, the circle around it gets

        sum nu = s_k e_k,      sum nu (x - x_k)^T = - s_k h_k / 2 e_k u_k^T + m_k (e_k and u_k turned by 90 degrees),

    which sets the sum to e_k and -e_k at the atoms of the denoiser's neurons. Of all such nu the one of least length
    is taken for which other atoms stay below 1 - 0.03 sin^2 of the angle to the nearest u_k: a least-distance problem,
    by nonnegative least squares, whose inequalities are added where they are violated.
    """
    steps = 2 / (heights - 2 * radius)
    ways = np.stack([[u, -u, _turned(u), -_turned(u), v, w, -v, -w] for u, v, w in _cycles(directions)])
    within = radius - 8 * np.finfo(np.float64).eps * float(np.max(np.abs(clean)) + radius)
    points = (clean[:, None] + within * ways).reshape(-1, 2)
    count, each = len(points), ways.shape[1]
    frame = np.vstack([np.ones(3), clean.T])
    equal: list[np.ndarray] = []
    right: list[float] = []
    cuts: list[np.ndarray] = []
    most: list[np.ndarray] = []

    def row(where: int | slice, vector: np.ndarray) -> np.ndarray:
        entries = np.zeros((count, 2))
        entries[where] = vector
        return entries.reshape(-1)

    for k in range(3):
        own = slice(k * each, k * each + each)
        along, across = within * (ways[k] @ directions[k]), within * (ways[k] @ _turned(directions[k]))
        for axis in np.eye(2):
            equal += [row(own, axis), row(own, np.outer(along, axis))]
            right += [steps[k] * axis @ towards[k], -(1 + steps[k] * within) * axis @ towards[k]]
        equal.append(row(own, np.outer(across, towards[k])))
        right.append(0.0)
        foot = np.linalg.solve(frame, np.append(1.0, clean[k] - heights[k] * directions[k]))
        for other in ((k + 1) % 3, (k + 2) % 3):  # where neuron k begins to turn, touching the other two circles
            cuts.append(row(other * each + 3 + (k - other) % 3, towards[k])[None])
            most.append(np.array([-steps[k] * (foot[other] + _KINK)]))
        cuts.append(row(k * each + 1, -towards[k])[None])
        most.append(np.array([-(1 + _KINK) * steps[k]]))
    left = np.stack(equal)
    base, free = np.linalg.lstsq(left, np.array(right), rcond=None)[0], null_space(left)
    nu, best, scale = base.reshape(count, 2), base.reshape(count, 2), float(np.linalg.norm(base))
    least = np.inf
    for _ in range(_ROUNDS):
        knots, turns, lengths = _peaks(points, nu)
        if np.max(lengths) < least:
            least, best = float(np.max(lengths)), nu
        if least <= 1 + _DONE:
            break
        w = np.column_stack([np.cos(turns), np.sin(turns)])
        bound = 1 - _SLACK * np.min(1 - (w @ directions.T) ** 2, axis=1)
        worst = np.argsort(bound - lengths)[:_MOST]
        worst = worst[lengths[worst] > bound[worst] + _CUT]
        place = w[worst] @ points.T
        hidden = np.maximum(place - np.take_along_axis(place, knots[worst, None], axis=1), 0)
        heard = hidden @ nu
        heard /= np.linalg.norm(heard, axis=1, keepdims=True)
        cuts.append((hidden[:, :, None] * heard[:, None]).reshape(len(worst), -1))
        most.append(bound[worst])
        cut = np.concatenate(cuts)
        moved = _least_distance(-scale * cut @ free, cut @ base - np.concatenate(most))
        if moved is None:
            break
        nu = (base + scale * free @ moved).reshape(count, 2)
    unit = 2.0 ** (np.ceil(np.log2(np.max(np.abs(best)))) - _GRID)
    exact = np.round(best / unit) * unit
    exact[-1] = -np.sum(exact[:-1], axis=0)
    return points, exact


def _turned(vector: np.ndarray) -> np.ndarray:
    return np.array([-vector[1], vector[0]])


def _cycles(rows: np.ndarray) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Each row with the two that come after it."""
    return [(rows[k], rows[(k + 1) % 3], rows[(k + 2) % 3]) for k in range(3)]


def _peaks(points: np.ndarray, nu: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Atoms at which the sum is longest, on each arc and for each knot: knots, angles, lengths."""
    count = len(points)
    away = points[None] - points[:, None]  # [knot, point]
    turn = (np.arctan2(away[..., 1], away[..., 0]) + np.pi / 2)[~np.eye(count, dtype=bool)].reshape(count, -1)
    low = np.sort(np.concatenate([turn, turn - np.pi], axis=1) % (2 * np.pi), axis=1)
    high = np.concatenate([low[:, 1:], low[:, :1] + 2 * np.pi], axis=1)
    half = (low + high) / 2
    w = np.stack([np.cos(half), np.sin(half)], axis=-1)
    active = (np.einsum("ijd,iad->iaj", away, w) > 0).astype(np.float64)
    linear = np.einsum("iaj,jq,ijd->iaqd", active, nu, away)
    axes = np.linalg.svd(linear)[2]
    best = np.arctan2(axes[..., 0, 1], axes[..., 0, 0])
    best += np.pi * np.round((half - best) / np.pi)
    at = np.clip(best, low, high)
    wrong = np.cos(2 * (low - best)) > np.cos(2 * (high - best))
    at = np.where((best < low) | (best > high), np.where(wrong, low, high), at)
    length = np.linalg.norm(np.einsum("iaqd,iad->iaq", linear, np.stack([np.cos(at), np.sin(at)], axis=-1)), axis=-1)
    peak = (length >= np.roll(length, 1, axis=1)) & (length >= np.roll(length, -1, axis=1))
    knots = np.broadcast_to(np.arange(count)[:, None], at.shape)
    return knots[peak], at[peak], length[peak]


def _least_distance(rows: np.ndarray, least: np.ndarray) -> np.ndarray | None:
    """The shortest z with rows @ z >= least, or None."""
    system = np.vstack([rows.T, least])
    system /= np.linalg.norm(system, axis=0)
    goal = np.zeros(len(system))
    goal[-1] = 1.0
    weights = lsq_linear(system, goal, (0, np.inf), method="bvls", tol=_SMALL).x
    residual = system @ weights - goal
    return None if residual[-1] > -(_FEASIBLE**2) else -residual[:-1] / residual[-1]
