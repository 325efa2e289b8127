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

solved for the vectors themselves with a smooth maximum, whose weights are G. For these G the best m_j are
1 / (2 |A^T B_j|), with the A that makes sum_j |A^T B_j| largest.

Its answer is a *relaxed neuron*: values (a_i . t_0 + p_i) / 2 at the points, p_i for |z_i|, which lie in a convex set
that does not depend on v. So the bound is convex in v, and a relaxed neuron is a cutting plane for it
(`minnorm.verification.loosened`).

Rounding. A coordinate of B_j is a sum of at most 2 n products: together the forms err by gamma_(2 n + 8) 6 T at most,
T = sum |v_i| (|s_i| + R). M, L L^T and E err by gamma_(2 n + D + 32) (trace M + |L|^2 + trace diag) in Frobenius' norm,
where q has D coordinates.

Source: Burer & Monteiro (2003) for the vectors; Goemans & Williamson (1995) for signs as unit vectors.
"""

import copy
import math
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from minnorm.verification.clock import ENDLESS, Clock
from minnorm.verification.exact import UP, gamma
from minnorm.verification.primal import lengths

STAGES = (0.1, 0.03, 0.01, 0.003, 0.003, 0.001, 0.001)
"""Of the largest |z_i|: how smooth the maximum is, one after the other."""

STEPS = 150
"""Of a quasi-Newton method, for each stage."""

LARGEST = 1 << 24
"""Pairs of points."""

_MORE = 8  # coordinates of the vectors more than q has
_MEMORY = 30  # steps that the quasi-Newton method remembers
_SHARPENED, _SETTLED = 200, 1e-7  # steps to the best A for given G; the least share by which one pays
_TINY = 2.0**-480  # more than what is lost below the range of float64
_SAFE = 1 - 2.0**-40  # so that sum_j |G_ij| <= 1 whatever the rounding


@dataclass(frozen=True)
class Forms:
    """z_i as rows of (s_i, R) or s_i, for points of the order of 1, and how large they become."""

    z: np.ndarray  # (n, D)
    reach: np.ndarray  # of |z_i|, (n,)
    affine: bool

    @classmethod
    def of(cls, points: np.ndarray, affine: bool) -> "Forms":
        """Of points s (n, k), with |b| <= max |s_i| if `affine`, else b = 0."""
        size = lengths(points)
        reach = float(np.max(size, initial=0.0)) if affine else 0.0
        z = np.column_stack([points, np.full(len(points), reach)]) if affine else points
        return cls(z, size + reach, affine)


def bound(points: np.ndarray, weights: np.ndarray, affine: bool, clock: Clock = ENDLESS, enough: float = 0.0) -> float:
    """An upper bound of sup |h| over |u| <= 1 and |b| <= max |s_i| if `affine`, else b = 0; infinite without one.

    Arguments: `points` s (n, k); `weights` v (n,); `affine`; `clock`, after which the best until then is returned;
    `enough`, a bound that needs no improvement.
    """
    heard = (weights != 0) & (np.any(points != 0, axis=1) | affine)
    points, weights = points[heard], weights[heard]
    if not np.any(points):
        return math.inf if affine and points.size else 0.0
    if len(points) ** 2 > LARGEST:
        return math.inf
    exponent = int(np.frexp(np.max(np.abs(points)))[1])
    unit = np.ldexp(points, -exponent)
    if not np.array_equal(np.ldexp(unit, exponent), points):
        return math.inf
    forms = Forms.of(unit, affine)
    sides = [(Vectors(forms), sign * weights) for sign in (1.0, -1.0)]
    best = [math.inf, math.inf]
    for smooth in STAGES:
        for number, (vectors, v) in enumerate(sides):
            before = max(best)
            if best[number] <= math.ldexp(enough, -exponent) or clock.left <= 0:
                continue
            vectors.climb(v, smooth, clock.all_but(0.5) if number == 0 and math.isinf(before) else clock)
            best[number] = min(best[number], vectors.proven(v))
    return float(np.ldexp(max(best), exponent))


class Vectors:
    """The vectors of the relaxation for one sign of h, which are a start for the next v."""

    def __init__(self, forms: Forms) -> None:
        self.forms = forms
        n, d = forms.z.shape
        self.width = d + min(_MORE, n)
        rng = np.random.default_rng(0)
        self.a, self.t = rng.normal(size=(d, self.width)), rng.normal(size=(n + 1, self.width))
        self.smooth = STAGES[0]
        self.z = forms.z.astype(np.float32)
        self.inverse = (1 / np.maximum(forms.reach, 2.0**-100)).astype(np.float32)

    def copy(self) -> "Vectors":
        """As they are now."""
        other = copy.copy(self)
        other.a, other.t = self.a.copy(), self.t.copy()
        return other

    def climb(self, v: np.ndarray, smooth: float, clock: Clock = ENDLESS, steps: int = STEPS) -> None:
        """Steps of a quasi-Newton method towards the relaxation's maximum for v (n,)."""

        def late(_: np.ndarray) -> None:
            if clock.left <= 0:
                raise StopIteration

        self.smooth = smooth
        convex, concave = np.flatnonzero(v > 0), np.flatnonzero(v < 0)
        used = np.append(0, 1 + convex)
        start = np.concatenate([self.a, self.t[used]]).ravel()
        found = minimize(
            _Objective(self, v, convex, concave), start, method="L-BFGS-B", jac=True, callback=late,
            options={"maxiter": steps, "maxcor": _MEMORY},
        )  # fmt: skip
        a, t, _ = self.unit(found.x)
        self.a, self.t[used] = a, t

    def proven(self, v: np.ndarray) -> float:
        """The bound of sup h that the weights of the smooth maximum prove, rounded up."""
        convex, concave = np.flatnonzero(v > 0), np.flatnonzero(v < 0)
        a, t = self.a, self.t[np.append(0, 1 + convex)]
        g = self.cancelling(a, t, concave)[1].astype(np.float64)
        return proven(self.forms, v, g, a)

    def neuron(self, v: np.ndarray) -> np.ndarray:
        """The relaxed neuron (n,) for v, up to the errors of a search."""
        convex, concave = np.flatnonzero(v > 0), np.flatnonzero(v < 0)
        images = self.forms.z @ self.a
        t = self.t[np.append(0, 1 + convex)]
        size = np.zeros(len(images))
        least = np.max(np.abs(images @ t.T), axis=1)
        size[convex] = np.maximum(np.sum(images[convex] * self.t[1 + convex], axis=1), 0.0)
        size[concave] = least[concave]
        return 0.5 * (images @ t[0] + size)

    def unit(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """A (D, r) with |A_u| = 1 and |A_b| <= 1, unit vectors t (p + 1, r), and what divides the rows."""
        rows = x.reshape(-1, self.width)
        d = self.forms.z.shape[1]
        length = np.sqrt(np.sum(rows * rows, axis=1))
        k = d - self.forms.affine
        length[:k] = np.linalg.norm(length[:k])
        if self.forms.affine:
            length[k] = max(length[k], 1.0)
        unit = rows / length[:, None]
        return unit[:d], unit[d:], length

    def cancelling(self, a: np.ndarray, t: np.ndarray, concave: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """max_j |a_i . t_j| / reach, smoothed, and its weights G (c, p + 1), in single precision."""
        images = (self.z[concave] * self.inverse[concave, None]) @ a.astype(np.float32)
        products = images @ (t.T / self.smooth).astype(np.float32)
        top = np.max(np.abs(products), axis=1, keepdims=True, initial=0.0)
        up, down = np.exp(products - top), np.exp(-products - top)
        total = np.sum(up, axis=1, keepdims=True) + np.sum(down, axis=1, keepdims=True)
        up -= down
        up /= total
        return self.smooth * (top + np.log(total))[:, 0].astype(np.float64), up


class _Objective:
    """Twice the negative objective of the relaxation and its gradient."""

    def __init__(self, vectors: Vectors, v: np.ndarray, convex: np.ndarray, concave: np.ndarray) -> None:
        forms = vectors.forms
        self.vectors, self.concave = vectors, concave
        self.linear, self.gain, self.cost = v @ forms.z, v[convex], -v[concave]
        self.plus, self.minus = forms.z[convex], vectors.z[concave]
        self.price = self.cost * forms.reach[concave]

    def __call__(self, x: np.ndarray) -> tuple[float, np.ndarray]:
        vectors = self.vectors
        a, t, length = vectors.unit(x)
        height, g = vectors.cancelling(a, t, self.concave)
        images, first = self.plus @ a, self.linear @ a
        value = first @ t[0] + self.gain @ np.sum(images * t[1:], axis=1) - self.price @ height
        g *= self.cost.astype(np.float32)[:, None]
        near, single = a.astype(np.float32), t.astype(np.float32)
        slope_t = np.concatenate([first[None], self.gain[:, None] * images]) - g.T @ (self.minus @ near)
        slope_a = np.outer(self.linear, t[0]) + self.plus.T @ (self.gain[:, None] * t[1:])
        slope_a -= self.minus.T @ (g @ single)
        slope, unit = np.concatenate([slope_a, slope_t]), np.concatenate([a, t])
        along = np.sum(slope * unit, axis=1)
        affine = vectors.forms.affine
        k = vectors.forms.z.shape[1] - affine
        along[:k] = np.sum(along[:k])
        if affine and length[k] <= 1:
            along[k] = 0.0
        return -float(value), -((slope - along[:, None] * unit) / length[:, None]).ravel()


def proven(forms: Forms, v: np.ndarray, g: np.ndarray, a: np.ndarray) -> float:
    """The bound of sup h that G (c, p + 1) proves for v (n,), rounded up; m from A (D, r) or a better one."""
    z, (n, d) = forms.z, forms.z.shape
    convex, concave = np.flatnonzero(v > 0), np.flatnonzero(v < 0)
    gain, cost = v[convex], -v[concave]
    share = np.sum(np.abs(g), axis=1, keepdims=True)
    g = g * (_SAFE / np.maximum(share, 1.0))
    left = np.concatenate([(v @ z)[None], gain[:, None] * z[convex]])
    left = left - (cost[:, None] * g).T @ z[concave]  # B_j, (p + 1, D)
    total = float(np.abs(v) @ forms.reach)
    size = _sharpened(left, a, forms.affine)
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


def _sharpened(left: np.ndarray, a: np.ndarray, affine: bool) -> np.ndarray:
    """|A^T B_j| (p + 1,) for the A that makes their sum largest, nearly: a convex function, so each step is upwards."""
    k, before, size = left.shape[1] - affine, 0.0, np.zeros(len(left))
    for _ in range(_SHARPENED):
        images = left @ a
        size = np.sqrt(np.sum(images * images, axis=1))
        if float(np.sum(size)) <= before * (1 + _SETTLED):
            break
        before = float(np.sum(size))
        slope = left.T @ (images / np.maximum(size, 2.0**-300)[:, None])
        slope[:k] /= max(float(np.linalg.norm(slope[:k])), 2.0**-300)
        if affine:
            slope[k] /= max(float(np.linalg.norm(slope[k])), 2.0**-300)
        a = slope
    return size


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
