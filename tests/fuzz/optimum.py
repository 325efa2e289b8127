r"""The minimum of small problems by another route: a closed form on the line, else column generation of its own.

Atoms are added where the exact supremum is attained, the programme over the atoms is solved by HiGHS (lam = 0) or as a
least distance problem (lam > 0), and both ends of the bracket are evaluated in rationals and 60 digits: what the
programme's roundings cost widens the bracket and proves nothing wrong.

Source: Savarese, Evron, Soudry & Srebro (2019) for the line; Lawson & Hanson (1974), chapter 23, for least distances.
"""

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import mpmath
import numpy as np
from check import (
    Claim,
    Objective,
    best_bound,
    free_terms,
    nearest_feasible,
    path_norm,
    residuals,
    scaled_integers,
    seen_twice,
)
from scipy.optimize import linprog, nnls
from supremum import DIGITS, integers, supremum

ROUNDS = 40
_CLOSE = 1e-8


def bracket(problem: Objective) -> tuple[float, float]:
    """Bounds of the minimum from below and above."""
    if problem.lam == 0 and problem.bias == "free" and problem.x.shape[1] == 1 and problem.rectifies:
        value = on_the_line(problem)
        return value, value
    with mpmath.workdps(DIGITS):
        return _generate(problem)


def on_the_line(problem: Objective) -> float:
    """max(V, (V + |s_1 + s_last|) / 2), V = sum |s_(i+1) - s_i| of the slopes s between points; V with a free skip."""
    data = dict(zip(map(Fraction, problem.x[:, 0].tolist()), map(Fraction, problem.y.tolist()), strict=True))
    pairs = sorted(data.items())
    slopes = [(b[1] - a[1]) / (b[0] - a[0]) for a, b in pairwise(pairs)]
    if not slopes:
        return 0.0
    turn = sum((abs(b - a) for a, b in pairwise(slopes)), Fraction(0))
    return float(turn if problem.skip == "free" else max(turn, (turn + abs(slopes[0] + slopes[-1])) / 2))


def _generate(problem: Objective) -> tuple[float, float]:
    n, d = problem.x.shape
    free = np.array([[float(part) for part in column] for column in free_terms(problem)]).reshape(-1, n).T
    scale = np.max(np.abs(free), axis=0, initial=1e-300)
    centred = np.array([float(p) for p in nearest_feasible(problem, [Fraction(float(label)) for label in problem.y])])
    w, b = np.zeros((0, d)), np.zeros(0)
    if not problem.lam:
        w, b = _some(problem)
    lower, upper = 0.0, np.inf
    nu = centred
    for _ in range(ROUNDS):
        feasible = nearest_feasible(problem, [Fraction(float(part)) for part in nu])
        lower = max(lower, float(best_bound(problem, nu)))
        more_w, more_b = _atoms(problem, scaled_integers(feasible)[0])
        if len(more_w) == 0:
            break
        w, b = np.concatenate([w, more_w]), np.concatenate([b, more_b])
        hidden, (plus, minus) = problem.x @ w.T + b, problem.slopes
        hidden = np.where(hidden > 0, plus * hidden, -minus * hidden)
        solved = _interpolation(hidden, free / scale, centred) if not problem.lam else _penalised(problem, hidden, free)
        if solved is None:
            break
        masses, nu = solved
        upper = min(upper, _objective(problem, w, b, masses))
        if np.isfinite(upper) and upper - lower <= _CLOSE * upper:
            break
    if problem.lam or not centred.any():
        upper = min(upper, _objective(problem, w, b, np.zeros(len(b))))
    return lower, upper


def _atoms(problem: Objective, nu: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For every pivot the atom of unit cost with the largest |h|."""
    found = []
    both = seen_twice(problem, nu)
    if problem.bias == "penalised":
        z, _ = integers(np.column_stack([problem.x, np.ones(len(problem.x))]))
        value, u = supremum(np.concatenate([z, -z])[: len(both)], both)
        if value:
            unit = np.array(_unit(u))
            found.append((unit[:-1], unit[-1]))
    else:
        z, _ = integers(problem.x)
        for i in range(len(z)):
            value, u = supremum(np.concatenate([z - z[i], z[i] - z])[: len(both)], both)
            if value:
                unit = np.array(_unit(u))
                found.append((unit, -float(mpmath.fdot(unit.tolist(), problem.x[i].tolist()))))
    return np.array([w for w, _ in found]).reshape(-1, problem.x.shape[1]), np.array([float(b) for _, b in found])


def _some(problem: Objective) -> tuple[np.ndarray, np.ndarray]:
    """Atoms with kinks between points in many directions, to interpolate with from the start."""
    n, d = problem.x.shape
    rng = np.random.default_rng(0)
    w = rng.standard_normal((8 * n, d))
    w /= np.linalg.norm(w, axis=1, keepdims=True)
    i, j = rng.integers(n, size=(2, 8 * n))
    share = rng.random(8 * n)[:, None]
    b = -np.sum(w * (problem.x[i] + share * (problem.x[j] - problem.x[i])), axis=1)
    cost = np.hypot(1, b) if problem.bias == "penalised" else np.ones(8 * n)
    return w / cost[:, None], b / cost


def _unit(u: np.ndarray) -> list[float]:
    length = mpmath.sqrt(int(u @ u))
    return [float(mpmath.mpf(int(part)) / length) for part in u]


def _interpolation(hidden: np.ndarray, free: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """Masses of least sum, and the dual vector."""
    m, q = hidden.shape[1], free.shape[1]
    size = float(np.max(np.abs(y))) or 1.0
    table = np.hstack([hidden, -hidden, free])
    found = linprog(
        np.concatenate([np.ones(2 * m), np.zeros(q)]),
        A_eq=table,
        b_eq=y / size,
        bounds=[(0, None)] * (2 * m) + [(None, None)] * q,
        method="highs-ds",
    )
    if found.status != 0:  # too few atoms yet: a least squares residual is what they cannot fit
        rest = y - table @ np.linalg.lstsq(table, y, rcond=None)[0]
        return (np.zeros(m), rest) if np.any(rest) else None
    return (found.x[:m] - found.x[m : 2 * m]) * size, found.eqlin.marginals


def _penalised(problem: Objective, hidden: np.ndarray, free: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The projection of (y less its free part) / n to {nu: |hidden^T nu| <= lam, free^T nu = 0}, and the masses."""
    n = len(problem.y)
    basis = np.linalg.svd(free, full_matrices=True)[0][:, np.linalg.matrix_rank(free) :] if free.size else np.eye(n)
    centre = basis.T @ problem.y / n
    rows = (np.hstack([hidden, -hidden]).T @ basis) / problem.lam
    # |u - centre| least subject to -rows u >= -1: with z = u - centre, -rows z >= rows centre - 1.
    table = np.vstack([-rows.T, rows @ centre - 1])
    target = np.zeros(len(table))
    target[-1] = 1.0
    weights, _ = nnls(table, target, maxiter=50 * table.shape[1])
    rest = table @ weights - target
    if abs(rest[-1]) < 1e-14:
        return np.zeros(hidden.shape[1]), basis @ centre
    u = centre - rest[:-1] / rest[-1]
    multipliers = weights / -rest[-1] * n / problem.lam
    m = hidden.shape[1]
    return multipliers[:m] - multipliers[m:], basis @ u


def _objective(problem: Objective, w: np.ndarray, b: np.ndarray, masses: np.ndarray) -> float:
    """The objective of the best network on these atoms' masses and free terms, exactly; infinite if it cannot fit."""
    n, d = problem.x.shape
    order = np.argsort(-np.abs(masses), kind="stable")
    net = Claim(w[order], b[order], masses[order], 0.0, np.zeros(d), np.zeros(n), 0, 0, 0, True, True)
    misfit = residuals(problem, net)
    rest = nearest_feasible(problem, misfit)  # the free terms take what they can
    norm = path_norm(problem, net)
    if problem.lam:
        return float(sum(part * part for part in rest) / (2 * n)) + problem.lam * float(norm)
    return float(norm + _price(problem, net, rest))


def _price(problem: Objective, net: Claim, rest: list[Fraction]) -> mpmath.mpf:
    """The path norm of neurons, of the network's own, that with free terms take back what is left at the points."""
    if not any(rest):
        return mpmath.mpf(0)
    alone = [
        replace(net, weights=net.weights[k : k + 1], biases=net.biases[k : k + 1], outer=np.ones(1))
        for k in range(len(net.outer))
    ]
    zero = replace(problem, y=np.zeros(len(problem.y)))
    columns = [(residuals(zero, one), one) for one in alone]
    basis: list[tuple[list[Fraction], dict[int, Fraction]]] = []
    cost = mpmath.mpf(0)
    rest = list(rest)
    shares: dict[int, Fraction] = {}
    for k, (column, _) in enumerate(columns):
        if not any(rest):
            break
        column, made = nearest_feasible(problem, column), {k: Fraction(1)}
        for other, parts in basis:
            share = sum(p * q for p, q in zip(column, other, strict=True)) / sum(q * q for q in other)
            column = [p - share * q for p, q in zip(column, other, strict=True)]
            for j, part in parts.items():
                made[j] = made.get(j, Fraction(0)) - share * part
        square = sum(p * p for p in column)
        if not square:
            continue
        basis.append((column, made))
        share = sum(p * q for p, q in zip(rest, column, strict=True)) / square
        rest = [p - share * q for p, q in zip(rest, column, strict=True)]
        for j, part in made.items():
            shares[j] = shares.get(j, Fraction(0)) + share * part
    if any(rest):
        return mpmath.inf
    for j, part in shares.items():
        cost += abs(mpmath.mpf(part.numerator) / part.denominator) * path_norm(problem, columns[j][1])
    return cost
