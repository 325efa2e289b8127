r"""sup |h| in any dimension at once, by cancelling points against others: a semidefinite relaxation and its proof.

    h(u, b) = sum_i v_i relu(z_i),      z_i = u . s_i + b,      |u| <= 1,  |b| <= R = max |s_i|

With e_j the sign of z_j where v_j > 0, e_0 = 1, and any numbers G_ij with sum_j |G_ij| <= 1,

    2 h = sum_i v_i z_i + sum_i v_i |z_i|,      -|z_i| <= -sum_j G_ij z_i e_j      where v_i < 0, and therefore

    2 h <= sum_j |B_j . q|,      B_j = v_j z_j - sum_(v_i < 0) |v_i| G_ij z_i      as linear forms of q = (u, b / R),

with sum_i v_i z_i in place of v_j z_j for j = 0. Points near each other with opposite weights cancel: the less is left
of them, the better the bound. For any m_j > 0

    sum_j |B_j . q| <= sum_j 1 / (4 m_j) + q . M q,      M = sum_j m_j B_j B_j^T,
    q . M q <= mu + kappa + 2 |E|,      E = M + L L^T - diag(mu, .., mu, kappa)      for any mu, kappa and L,

since q . L L^T q >= 0 and |q|^2 <= 2. Whatever G, m, mu, kappa and L are, that is a proof; floating point chooses them.
The best G come from the dual problem: z_i and e_j become vectors a_i = A^T z_i and unit vectors t_j,

    maximise 1/2 sum_j v_j a_j . t_j + 1/2 sum_i v_i a_i . t_0 - 1/2 sum_(v_i < 0) |v_i| max_j |a_i . t_j|,

solved for the vectors themselves with a smooth maximum, whose weights are G.

Rounding. A coordinate of B_j is a sum of at most 2 n products: together the forms err by gamma_(2 n + 8) 6 T at most,
T = sum |v_i| (|s_i| + R). M, L L^T and E err by gamma_(2 n + D + 32) (trace M + |L|^2 + trace diag) in Frobenius' norm,
where q has D coordinates.

Source: Burer & Monteiro (2003) for the vectors; Goemans & Williamson (1995) for signs as unit vectors.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from minnorm.verification.clock import ENDLESS, Clock
from minnorm.verification.exact import UP, gamma
from minnorm.verification.primal import lengths

_SMOOTH = (0.1, 0.03, 0.01, 0.003, 0.003, 0.001, 0.001)  # of the largest |z_i|, stage by stage
_STEPS = 150  # of a quasi-Newton method, for each stage
_MORE = 8  # coordinates of the vectors more than q has
_LARGEST = 1 << 24  # pairs of points
_TINY = 2.0**-480  # more than what is lost below the range of float64
_SAFE = 1 - 2.0**-40  # so that sum_j |G_ij| <= 1 whatever the rounding


@dataclass(frozen=True)
class _Forms:
    """z_i as rows of (s_i, R) or s_i; those that count with v_j > 0 and those with v_i < 0."""

    z: np.ndarray  # (n, D)
    reach: np.ndarray  # of |z_i|, (n,)
    linear: np.ndarray  # sum_i v_i z_i, (D,)
    convex: np.ndarray  # indices (p,)
    concave: np.ndarray  # indices (c,)
    gain: np.ndarray  # (p,)
    cost: np.ndarray  # (c,)
    affine: bool


def bound(points: np.ndarray, weights: np.ndarray, affine: bool, clock: Clock = ENDLESS, enough: float = 0.0) -> float:
    """An upper bound of sup |h| over |u| <= 1 and |b| <= max |s_i| if `affine`, else b = 0; infinite without one.

    Arguments: `points` s (n, k); `weights` v (n,); `affine`; `clock`, after which the best until then is returned;
    `enough`, a bound that needs no improvement.
    """
    heard = (weights != 0) & (np.any(points != 0, axis=1) | affine)
    points, weights = points[heard], weights[heard]
    if not np.any(points):
        return math.inf if affine and points.size else 0.0
    if len(points) ** 2 > _LARGEST:
        return math.inf
    exponent = int(np.frexp(np.max(np.abs(points)))[1])
    unit = np.ldexp(points, -exponent)
    if not np.array_equal(np.ldexp(unit, exponent), points):
        return math.inf
    sides = [_Side(_forms(unit, sign * weights, affine)) for sign in (1.0, -1.0)]
    for smooth in _SMOOTH:
        for number, side in enumerate(sides):
            before = max(each.best for each in sides)
            if side.best <= math.ldexp(enough, -exponent) or clock.left <= 0:
                continue
            side.improve(smooth, clock.all_but(0.5) if number == 0 and math.isinf(before) else clock)
    return float(np.ldexp(max(side.best for side in sides), exponent))


def _forms(points: np.ndarray, weights: np.ndarray, affine: bool) -> _Forms:
    size = lengths(points)
    reach = float(np.max(size)) if affine else 0.0
    z = np.column_stack([points, np.full(len(points), reach)]) if affine else points
    convex, concave = np.flatnonzero(weights > 0), np.flatnonzero(weights < 0)
    return _Forms(z, size + reach, weights @ z, convex, concave, weights[convex], -weights[concave], affine)


class _Side:
    """One sign of h: the vectors of the relaxation, and the best bound so far."""

    def __init__(self, forms: _Forms) -> None:
        self.forms, self.best = forms, math.inf
        p, d = len(forms.convex), forms.z.shape[1]
        self.width = min(d + _MORE, d + p)
        self.x = np.random.default_rng(0).normal(size=(d + p + 1) * self.width)

    def improve(self, smooth: float, clock: Clock) -> None:
        """A stage of the quasi-Newton method, and the bound that its weights prove."""

        def late(_: np.ndarray) -> None:
            if clock.left <= 0:
                raise StopIteration

        self.x = minimize(
            self._relaxed, self.x, (smooth,), "L-BFGS-B", jac=True, callback=late, options={"maxiter": _STEPS}
        ).x
        a, t = self._vectors(self.x)[:2]
        self.best = min(self.best, _proven(self.forms, self._cancelling(a, t, smooth)[1], a))

    def _vectors(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """A (D, r) with |A_u| = 1 and |A_b| <= 1, unit vectors t (p + 1, r), and what divides the rows."""
        forms, rows = self.forms, x.reshape(-1, self.width)
        d = forms.z.shape[1]
        length = np.sqrt(np.sum(rows * rows, axis=1))
        k = d - 1 if forms.affine else d
        length[:k] = np.linalg.norm(length[:k])
        if forms.affine:
            length[k] = max(length[k], 1.0)
        unit = rows / length[:, None]
        return unit[:d], unit[d:], length

    def _cancelling(self, a: np.ndarray, t: np.ndarray, smooth: float) -> tuple[np.ndarray, np.ndarray]:
        """max_j |a_i . t_j| / reach, smoothed, and its weights G (c, p + 1)."""
        forms = self.forms
        products = (forms.z[forms.concave] @ a) @ t.T / forms.reach[forms.concave, None]
        top = np.max(np.abs(products), axis=1, keepdims=True)
        up, down = np.exp((products - top) / smooth), np.exp((-products - top) / smooth)
        total = np.sum(up + down, axis=1, keepdims=True)
        return top[:, 0] + smooth * np.log(total[:, 0]), (up - down) / total

    def _relaxed(self, x: np.ndarray, smooth: float) -> tuple[float, np.ndarray]:
        """Twice the negative objective and its gradient."""
        forms = self.forms
        a, t, length = self._vectors(x)
        height, g = self._cancelling(a, t, smooth)
        plus, minus = forms.z[forms.convex], forms.z[forms.concave]
        images = plus @ a
        first = forms.linear @ a
        value = first @ t[0] + forms.gain @ np.sum(images * t[1:], axis=1)
        value -= (forms.cost * forms.reach[forms.concave]) @ height
        weighted = forms.cost[:, None] * g
        slope_t = np.concatenate([first[None], forms.gain[:, None] * images]) - weighted.T @ (minus @ a)
        slope_a = np.outer(forms.linear, t[0]) + plus.T @ (forms.gain[:, None] * t[1:]) - minus.T @ (weighted @ t)
        slope, unit = np.concatenate([slope_a, slope_t]), np.concatenate([a, t])
        along = np.sum(slope * unit, axis=1)
        k = forms.z.shape[1] - forms.affine
        along[:k] = np.sum(along[:k])
        if forms.affine and length[k] <= 1:
            along[k] = 0.0
        return -value, -((slope - along[:, None] * unit) / length[:, None]).ravel()


def _proven(forms: _Forms, g: np.ndarray, a: np.ndarray) -> float:
    """The bound of sup h that G proves, rounded up; m from the relaxation's A."""
    z, (n, d) = forms.z, forms.z.shape
    share = np.sum(np.abs(g), axis=1, keepdims=True)
    g = g * (_SAFE / np.maximum(share, 1.0))
    left = np.concatenate([forms.linear[None], forms.gain[:, None] * z[forms.convex]])
    left = left - (forms.cost[:, None] * g).T @ z[forms.concave]  # B_j, (p + 1, D)
    total = float(np.sum(forms.cost * forms.reach[forms.concave]) + forms.gain @ forms.reach[forms.convex])
    size = np.sqrt(np.sum((left @ a) ** 2, axis=1))
    m = 1 / (2 * np.maximum(size, 1e-9 * float(np.max(size)) + 2.0**-300))
    root = np.sqrt(m)[:, None] * left
    matrix = root.T @ root
    if not np.all(np.isfinite(matrix)):
        return math.inf
    tops = np.maximum(_diagonal(matrix, forms.affine), 0.0)
    factor = _root(np.diag(tops) - matrix)
    error = np.sqrt(np.sum((matrix + factor @ factor.T - np.diag(tops)) ** 2))
    rest = gamma(2 * n + d + 32) * (float(np.trace(matrix)) + float(np.sum(factor * factor)) + float(np.sum(tops)))
    radius = float(tops[0]) + (float(tops[-1]) if forms.affine else 0.0)
    twice = float(np.sum(1 / (4 * m))) + radius + 2 * (float(error) + rest)
    found = (twice + gamma(2 * n + 8) * 6 * total) / 2 * (1 + gamma(n + d * d + 32)) * UP + _TINY
    return found if found >= 0 else math.inf


def _diagonal(matrix: np.ndarray, affine: bool) -> np.ndarray:
    """(mu, .., mu, kappa) of least mu + kappa, nearly, with diag - M >= 0."""
    d = len(matrix)
    if not affine:
        return np.full(d, np.linalg.eigvalsh(matrix)[-1] * (1 + 1e-12))
    best, least = np.full(d, np.linalg.eigvalsh(matrix)[-1]), math.inf
    for ratio in 2.0 ** np.linspace(-8, 8, 65):  # kappa = ratio mu
        scale = np.append(np.ones(d - 1), ratio**-0.5)
        mu = float(np.linalg.eigvalsh(matrix * np.outer(scale, scale))[-1])
        if mu * (1 + ratio) < least:
            least, best = mu * (1 + ratio), mu * np.append(np.ones(d - 1), ratio)
    return best * (1 + 1e-12)


def _root(matrix: np.ndarray) -> np.ndarray:
    """L with L L^T near a matrix >= 0."""
    values, vectors = np.linalg.eigh(matrix)
    return vectors * np.sqrt(np.maximum(values, 0.0))
