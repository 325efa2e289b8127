r"""Random small problems with every loss, certified by the package and solved again by a conic solver.

    python tests/fuzz/conic.py --cases 300 --seed 1

The other solver is column generation of a few lines: masters by cvxpy and Clarabel, atoms by plain enumeration of sign
patterns that random directions have, and the best atom of each, inside or on its border. Its value is that of a network
and so above the minimum whatever it missed: a certified bound above it is false. Prints, for each loss, how many were
certified and the largest relative distance of the two values, and each fault; exits 1 if there was one.
"""

import argparse
import itertools
import os
import sys
import time
import warnings

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import cvxpy as cp
import numpy as np

import minnorm as mn
from losses import CONSTRAINTS, LOSSES, MARGINS, TINY, draw, separable

DRAWN, ROUNDS, CLOSED = 1000, 25, 1e-7
FALSE = 1e-6  # relative: what conic solvers are good for


def paid(word: str, number: float, f: cp.Expression, y: np.ndarray, p: np.ndarray):
    """What values pay, a mean over the points, and the constraints on them."""
    z = cp.multiply(y, f) if word in MARGINS else f - y
    terms = {
        "squared": lambda: cp.square(z) / 2,
        "huber": lambda: cp.huber(z, number) / 2,
        "absolute": lambda: cp.abs(z),
        "quantile": lambda: cp.maximum((1 - number) * z, -number * z),
        "insensitive": lambda: cp.pos(cp.abs(z) - number),
        "logistic": lambda: cp.logistic(-z),
        "hinge": lambda: cp.pos(1 - z),
        "squared_hinge": lambda: cp.square(cp.pos(1 - z)) / 2,
    }
    if word == "tolerance":
        return 0.0, [cp.abs(z) <= number]
    if word == "margin":
        return 0.0, [z >= 1]
    return (p / p.sum()) @ terms[word](), []


def centres(x: np.ndarray, penalty: mn.PathNorm) -> list[np.ndarray]:
    """Rows z with h(u) = sum nu_i relu(u . z_i) for unit u: one family for penalised biases, else one for each kink."""
    if penalty.bias == "penalised":
        return [np.column_stack([x, np.ones(len(x))])]
    return [x - point for point in np.unique(x, axis=0)]


def best_atoms(z: np.ndarray, nu: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Unit u with large |h(u)|: on each cell that is met, h is linear, and largest at its gradient or on a border."""
    dim = z.shape[1]
    scale = np.max(np.abs(z)) or 1.0
    drawn = rng.normal(size=(DRAWN, dim))
    patterns = np.unique(z @ drawn.T > 0, axis=1).T
    gradients = (patterns * nu) @ z
    found = [gradients]
    borders = np.unique(np.round(z / scale, 12), axis=0)
    borders = borders[np.linalg.norm(borders, axis=1) > 1e-9]
    for size in range(1, dim):
        for chosen in itertools.islice(itertools.combinations(borders, size), 80):
            q, s, _ = np.linalg.svd(np.array(chosen).T, full_matrices=False)
            q = q[:, s > 1e-9]
            on_border = gradients - (gradients @ q) @ q.T
            found.append(on_border[:: max(1, len(on_border) // 60)])
            if dim - q.shape[1] == 1:  # a line of them
                found.append(np.linalg.svd(q.T)[2][-1:])
    u = np.concatenate(found)
    length = np.linalg.norm(u, axis=1)
    u = u[length > 1e-9 * np.max(length, initial=1e-300)]
    u = np.concatenate([u, -u]) / np.linalg.norm(np.concatenate([u, -u]), axis=1)[:, None]
    h = np.abs(np.maximum(u @ z.T, 0) @ nu)
    return u[np.argsort(-h)[:3]]


def least(word: str, number: float, x, y, p, lam, penalty, rng) -> tuple[float, float]:
    """The value of a network that a conic solver finds, and the largest |h| that is left, relative to its limit."""
    live = p > 0
    x, y, p = x[live], y[live], p[live]
    centre = x.mean(axis=0) if penalty.bias == "free" else 0 * x[0]
    moved = x - centre
    _, s, v = np.linalg.svd(moved, full_matrices=False)
    rank = max(int(np.sum(s > 1e-11 * max(s[0], 1e-300))), 1)
    moved = moved @ v[:rank].T
    radius = np.sqrt(np.mean(np.sum(moved**2, axis=1))) if penalty.bias == "free" else 1.0
    moved = moved / (radius or 1.0)
    lam = lam / (radius or 1.0)
    free = [np.ones((len(y), 1))] if penalty.bias == "free" or penalty.offset == "free" else []
    free += [moved] if penalty.skip == "free" else []
    columns = np.column_stack(free) if free else np.zeros((len(y), 0))
    weight = lam or 1.0 / (radius or 1.0)
    families = centres(moved, penalty)
    atoms = np.zeros((len(y), 0))
    for z in families:
        u = rng.normal(size=(12, z.shape[1]))
        atoms = np.column_stack([atoms, np.maximum(z @ (u / np.linalg.norm(u, axis=1)[:, None]).T, 0)])
    best, left = np.inf, np.inf
    for _ in range(ROUNDS):
        a, c = cp.Variable(atoms.shape[1]), cp.Variable(columns.shape[1]) if columns.shape[1] else None
        f = cp.Variable(len(y))
        made = atoms @ a + (columns @ c if c is not None else 0)
        loss, kept = paid(word, number, f, y, p)
        ties = f == made
        problem = cp.Problem(cp.Minimize(loss + weight * cp.norm1(a)), [ties, *kept])
        problem.solve(solver=cp.CLARABEL, tol_gap_abs=1e-12, tol_gap_rel=1e-10, tol_feas=1e-10)
        if problem.status not in ("optimal", "optimal_inaccurate"):
            return best, left
        nu, best = np.asarray(ties.dual_value), min(best, float(problem.value))
        more, left = [], 0.0
        for z in families:
            u = best_atoms(z, nu, rng)
            h = np.maximum(z @ u.T, 0)
            left = max(left, float(np.max(np.abs(nu @ h))) / weight)
            more.append(h[:, np.abs(nu @ h) > weight * (1 + 0.5 * CLOSED)])
        if left <= 1 + CLOSED:
            break
        atoms = np.column_stack([atoms, *more])
    return best, left


def examine(loss: str, seed: int, number: int):
    """Whether it was certified, None where nothing was to be proven; the distance of the values; what is false."""
    rng = np.random.default_rng([seed, number, LOSSES.index(loss)])
    x, y, weights, penalty = draw(rng, loss)
    constrained = loss in CONSTRAINTS
    most = 0.0 if constrained else mn.lam_max(x, y, penalty, loss=loss, sample_weight=weights)
    lam = 0.0 if constrained else most * 10.0 ** rng.uniform(-3, 0.1) if most > TINY * float(np.ptp(y)) else 0.1
    solution = mn.fit(x, y, lam, loss=loss, sample_weight=weights, penalty=penalty)
    p = np.ones(len(y)) if weights is None else weights
    if solution.value <= TINY * float(np.ptp(y)) or (loss in MARGINS and separable(x, y, p, penalty)):
        return None, 0.0, []
    word, _, text = loss.partition(":")
    try:
        value, left = least(word, float(text or 0), x, y, p, lam, penalty, rng)
    except cp.SolverError:
        return solution.certified, 0.0, []
    said = f"{loss} --seed {seed} case {number}: {value!r} (sup |h| {left:.8f}), {solution.certificate}"
    faults = [f"FALSE {said}"] if solution.lower_bound > value * (1 + FALSE) + 1e-9 else []
    apart = abs(solution.value / value - 1) if left <= 1 + 1e-5 else 0.0
    if solution.certified and left <= 1 + 1e-5 and solution.value > value * (1 + 1e-4):
        faults.append(f"APART {said}")
    return solution.certified, apart, faults


def main() -> int:
    """Run the cases."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=300)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--loss", nargs="+", default=list(LOSSES), choices=list(LOSSES))
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    wrong = 0
    for loss in options.loss:
        began, certified, cases, apart = time.monotonic(), 0, 0, []
        for number in range(options.first, options.first + options.cases):
            proved, distance, faults = examine(loss, options.seed, number)
            cases, certified, wrong = cases + (proved is not None), certified + (proved is True), wrong + len(faults)
            apart.append(distance)
            for fault in faults:
                print(fault, flush=True)
        spent = f"{time.monotonic() - began:.0f} s"
        print(
            f"{loss}: {certified} of {cases} certified, at most {max(apart):.1e} apart, {spent}, {wrong} faults so far",
            flush=True,
        )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
