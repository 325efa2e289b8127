r"""Random problems with losses that are no squares, certified by the package and judged in 50 digits by other code.

    python tests/fuzz/losses.py --cases 300 --seed 1

A certificate's value must not be below the objective of its network, and its bound not above that of its dual vector,
both computed here: losses and conjugates by their definitions in mpmath, sup |h| by the solver's oracle, which the
judge does not use. Prints each fault and how many were certified; exits 1 if there was a fault.
"""

import argparse
import os
import sys
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import mpmath as mp
import numpy as np
import scipy.optimize

import minnorm as mn
from minnorm.solve.pricing import oracle

mp.mp.dps = 50
CONSTRAINTS = ("tolerance:0.3", "margin")
LOSSES = (
    *("huber:0.5", "absolute", "quantile:0.8", "insensitive:0.1", "logistic", "hinge", "squared_hinge"),
    *CONSTRAINTS,
)
MARGINS = ("logistic", "hinge", "squared_hinge", "margin")
TINY = 1e-12  # below it lam_max is a rounding error: the free terms fit
ORACLE = mp.mpf(10) ** -11  # relative error of the oracle's supremum


def phi(word: str, number: float, z: mp.mpf) -> mp.mpf:
    """The loss of a residual or margin."""
    number = mp.mpf(number)
    return {
        "huber": lambda: z * z / 2 if abs(z) <= number else number * abs(z) - number**2 / 2,
        "absolute": lambda: abs(z),
        "quantile": lambda: max((1 - number) * z, -number * z),
        "insensitive": lambda: max(abs(z) - number, mp.mpf(0)),
        "logistic": lambda: mp.log1p(mp.exp(-z)),
        "hinge": lambda: max(1 - z, mp.mpf(0)),
        "squared_hinge": lambda: max(1 - z, mp.mpf(0)) ** 2 / 2,
        "tolerance": lambda: max(abs(z) - number, mp.mpf(0)),  # what constraints are broken by
        "margin": lambda: max(1 - z, mp.mpf(0)),
    }[word]()


def conjugate(word: str, number: float, v: mp.mpf) -> mp.mpf:
    """sup_z v z - phi(z)."""
    number = mp.mpf(number)
    low, high = {
        "huber": (-number, number),
        "quantile": (-number, 1 - number),
        "absolute": (-1, 1),
        "insensitive": (-1, 1),
        "squared_hinge": (-mp.inf, 0),
        "margin": (-mp.inf, 0),
        "tolerance": (-mp.inf, mp.inf),
    }.get(word, (-1, 0))
    if not low <= v <= high:
        return mp.inf

    def entropy(t: mp.mpf) -> mp.mpf:
        return t * mp.log(t) if t > 0 else mp.mpf(0)

    return {
        "huber": lambda: v * v / 2,
        "absolute": lambda: mp.mpf(0),
        "quantile": lambda: mp.mpf(0),
        "insensitive": lambda: number * abs(v),
        "logistic": lambda: entropy(-v) + entropy(1 + v),
        "hinge": lambda: v,
        "squared_hinge": lambda: v + v * v / 2,
        "tolerance": lambda: number * abs(v),
        "margin": lambda: v,
    }[word]()


def objective(word: str, number: float, x, y, p, lam, net, penalty) -> tuple[mp.mpf, mp.mpf]:
    """What the network pays, and by how much it breaks constraints."""
    w, b, a = net.inner_weights, net.biases, net.outer_weights
    f = []
    for row in x:
        total = mp.mpf(float(net.offset))
        for k in range(len(a)):
            z = mp.mpf(float(b[k])) + sum(mp.mpf(float(q)) * mp.mpf(float(r)) for q, r in zip(w[k], row, strict=True))
            total += mp.mpf(float(a[k])) * max(z, mp.mpf(0))
        if net.skip is not None:
            total += sum(mp.mpf(float(q)) * mp.mpf(float(r)) for q, r in zip(net.skip, row, strict=True))
        f.append(total)
    costs = np.column_stack([w, b]) if penalty.bias == "penalised" else w
    norm = sum(abs(mp.mpf(float(a[k]))) * mp.sqrt(sum(mp.mpf(float(q)) ** 2 for q in costs[k])) for k in range(len(a)))
    weights, labels = [mp.mpf(float(q)) for q in p], [mp.mpf(float(q)) for q in y]
    zs = [label * v if word in MARGINS else v - label for label, v in zip(labels, f, strict=True)]
    if word in ("tolerance", "margin"):
        return norm, max(phi(word, number, z) for z in zs)
    paid = sum(q * phi(word, number, z) for q, z in zip(weights, zs, strict=True)) / sum(weights)
    return paid + mp.mpf(lam) * norm, mp.mpf(0)


def bound(word: str, number: float, x, y, p, lam, dual, penalty) -> mp.mpf:
    """The best bound of multiples of a dual vector, made orthogonal to the free terms; an upper estimate of it."""
    n = len(y)
    free = [[mp.mpf(1)] * n] if penalty.bias == "free" or penalty.offset == "free" else []
    if penalty.skip == "free":
        free += [[mp.mpf(float(q)) for q in column] for column in x.T]
    nu = mp.matrix([float(q) for q in dual])
    F = mp.matrix(free).T if free else None
    if F is not None:  # distances from it do not matter here: the repair is of the size of rounding errors
        gram = F.T * F + mp.eye(F.cols) * mp.mpf(10) ** -40
        nu = nu - F * mp.lu_solve(gram, F.T * nu)
    size = max(abs(q) for q in nu)
    nu = mp.matrix([q if abs(q) > size * mp.mpf(10) ** -14 else mp.mpf(0) for q in nu])  # no sign of rounding errors
    plain = np.array([float(q) for q in nu])
    moved = x - x.mean(axis=0) if penalty.bias == "free" else x
    _, s, v = np.linalg.svd(moved, full_matrices=False)
    rank = max(int(np.sum(s > 1e-12 * s[0])), 1)
    largest = oracle.exact(np.ascontiguousarray(moved @ v[:rank].T), plain, penalty.bias).largest
    S = sum(mp.mpf(float(q)) for q in p)
    labels = [mp.mpf(float(q)) for q in y]
    signs = labels if word in MARGINS else [mp.mpf(1)] * n
    parts = [-S * signs[i] * nu[i] / mp.mpf(float(p[i])) for i in range(n)]

    def at(t: mp.mpf) -> mp.mpf:
        linear = mp.mpf(0) if word in MARGINS else t * sum(nu[i] * labels[i] for i in range(n))
        return linear - sum(mp.mpf(float(p[i])) * conjugate(word, number, t * parts[i]) for i in range(n)) / S

    most = mp.mpf(10) ** 6 / max(max(abs(part) for part in parts), mp.mpf(10) ** -300)
    if largest > 0:
        most = min(most, mp.mpf(lam or 1.0) / mp.mpf(largest) * (1 + ORACLE))
    low, high = mp.mpf(0), most
    while at(high) == -mp.inf and high > mp.mpf(10) ** -30:  # into the domain
        low, high = mp.mpf(0), high * (1 - mp.mpf(10) ** -3) if high > most / 2 else high / 2
    edge, outside = high, most
    for _ in range(80):  # its edge, from inside
        middle = (edge + outside) / 2
        if at(middle) > -mp.inf:
            edge = middle
        else:
            outside = middle
    low, high, best = mp.mpf(0), edge, max(at(edge), mp.mpf(0))
    for _ in range(90):
        first, second = low + (high - low) * mp.mpf("0.382"), low + (high - low) * mp.mpf("0.618")
        at_first, at_second = at(first), at(second)
        best = max(best, at_first, at_second)
        low, high = (first, high) if at_first < at_second else (low, second)
    return best


def orthogonal(dual, x, penalty) -> np.ndarray:
    """A dual vector without its part along free terms, but for rounding errors."""
    columns = [np.ones(len(x))] if penalty.bias == "free" or penalty.offset == "free" else []
    columns += list((x - x.mean(axis=0) if columns else x).T) if penalty.skip == "free" else []
    if not columns:
        return dual
    q, s, _ = np.linalg.svd(np.column_stack(columns), full_matrices=False)
    q = q[:, s > 1e-12 * s[0]]
    dual = dual - q @ (q.T @ dual)
    return dual - q @ (q.T @ dual)


def draw(rng: np.random.Generator, loss: str):
    """A problem: points of rank 1 to 3, some of them equal, weights, a penalty and lam."""
    n, d = int(rng.integers(3, 13)), int(rng.integers(1, 4))
    x = rng.normal(size=(n, d)) * 10.0 ** rng.uniform(-1, 1)
    if rng.random() < 0.3:
        x = np.round(x)
    if rng.random() < 0.4:
        x[-1] = x[0]
    elif rng.random() < 0.2:  # whole numbers stay of exactly the rank that they have
        x = x + 10.0 ** rng.uniform(0, 3)
    if np.ptp(x, axis=0).max() == 0:
        x[0] += 1
    y = rng.normal(size=n) * 10.0 ** rng.uniform(-1, 1) + (100.0 if rng.random() < 0.2 else 0.0)
    if loss in MARGINS:
        y = np.where(rng.random(n) < 0.5, 1.0, -1.0)
        y[:2] = 1.0, -1.0
    if loss in CONSTRAINTS:  # equal points have equal labels
        first, group = np.unique(x, axis=0, return_index=True, return_inverse=True)[1:]
        y = y[first][group.reshape(-1)]
        if loss in MARGINS and np.ptp(y) == 0:
            x[1] += 0.5  # whole numbers may be equal, these are not
            y[1] = -y[1]
    weights = 10.0 ** rng.uniform(-2, 1, size=n) if rng.random() < 0.5 else None
    words = [("free", "penalised"), ("none", "free"), ("free", "none")]
    penalty = mn.PathNorm(*(str(rng.choice(pair)) for pair in words))
    return x, y, weights, penalty


def separable(x, y, p, penalty) -> bool:
    """Whether free terms alone have the sign of every label that counts."""
    constant = penalty.bias == "free" or penalty.offset == "free"
    columns = np.column_stack([np.ones((len(x), int(constant))), x[:, : x.shape[1] * (penalty.skip == "free")]])
    if columns.shape[1] == 0:
        return False
    rows = -y[p > 0, None] * columns[p > 0]
    free = [(None, None)] * columns.shape[1]
    return scipy.optimize.linprog(np.zeros(columns.shape[1]), rows, -np.ones(len(rows)), bounds=free).success


def examine(loss: str, seed: int, number: int) -> tuple[bool | None, list[str]]:
    """Whether a case was certified, None where there was nothing to prove, and what is false in its certificate."""
    rng = np.random.default_rng([seed, number, LOSSES.index(loss)])
    x, y, weights, penalty = draw(rng, loss)
    constrained = loss in CONSTRAINTS
    most = 0.0 if constrained else mn.lam_max(x, y, penalty, loss=loss, sample_weight=weights)
    lam = 0.0 if constrained else most * 10.0 ** rng.uniform(-3, 0.1) if most > TINY * float(np.ptp(y)) else 0.1
    word, _, text = loss.partition(":")
    value = float(text or 0.0)
    solution = mn.fit(x, y, lam, loss=loss, sample_weight=weights, penalty=penalty)
    p = np.ones(len(y)) if weights is None else weights
    said = (
        f"{loss} --seed {seed} case {number}: n={len(y)} d={x.shape[1]} {penalty} lam/lam_max={lam / (most or 1):.1e}"
    )
    faults = []
    claims = [("solved", solution)]
    noisy = orthogonal(solution.dual * (1 + 0.3 * rng.uniform(-1, 1, size=len(y))), x, penalty)  # and a poor one
    claims.append(("made up", mn.Solution(solution.network, noisy, penalty, lam, weights=weights, loss=solution.loss)))
    for name, claim in claims:
        proof = claim.certificate or mn.verify(x, y, claim)
        true, broken = objective(word, value, x, y, p, lam, claim.network.to_numpy(), penalty)
        if proof.residual < broken or (proof.certified and broken > proof.rounding):
            faults.append(f"{name}: breaks constraints by {mp.nstr(broken, 5)}, {proof}; {said}")
        if mp.mpf(proof.value) < true:
            faults.append(f"{name}: value {proof.value!r} < {mp.nstr(true, 17)}; {said}")
        if proof.value > true * (1 + mp.mpf(10) ** -9) + mp.mpf(10) ** -12:
            faults.append(f"{name}: value {proof.value!r} loose, {mp.nstr(true, 17)}; {said}")
        best = bound(word, value, x, y, p, lam, claim.dual, penalty)
        if mp.mpf(proof.lower_bound) > best * (1 + mp.mpf(10) ** -10) + true * mp.mpf(10) ** -11:
            faults.append(f"{name}: bound {proof.lower_bound!r} > {mp.nstr(best, 17)}; {said}")
    if loss in MARGINS and separable(x, y, p, penalty):  # free terms alone come as near 0 as one likes
        return None, faults
    if solution.value <= TINY * float(np.ptp(y)):  # nothing is left to prove
        return None, faults
    if not solution.certified:
        print(f"OPEN gap {solution.gap:.1e} {solution.ending}; {said}", flush=True)
    return solution.certified, faults


def main() -> int:
    """Run the cases."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=300)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--loss", nargs="+", default=list(LOSSES), choices=list(LOSSES))
    options = parser.parse_args()
    wrong = 0
    import warnings

    warnings.simplefilter("ignore")
    for loss in options.loss:
        began, certified, cases = time.monotonic(), 0, 0
        for number in range(options.first, options.first + options.cases):
            proved, faults = examine(loss, options.seed, number)
            cases += proved is not None
            certified, wrong = certified + (proved is True), wrong + len(faults)
            for fault in faults:
                print(f"FAULT {fault}", flush=True)
        spent = f"{time.monotonic() - began:.0f} s"
        print(f"{loss}: {certified} of {cases} certified, {spent}, {wrong} faults so far", flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
