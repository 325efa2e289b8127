r"""What a result claims against what its arrays prove, in rationals and 60 digits, without any code of the package.

    (P0)  [f] >= nu . y / s
    (PL)  objective >= max over t of t (nu . y) - t^2 S/2 sum nu_i^2 / p_i,  t <= lam / s

for nu orthogonal to the free terms, weights p of sum S (1 if there are none), and s = sup |sum_i nu_i sigma(w . x_i +
b)| / cost(w, b). With free biases that sum is piecewise linear in b with kinks at points, so s is the largest of
suprema over unit w with z_j = x_j - x_i, over all i. With penalised ones it is that with z_j = (x_j, 1). For neurons
sigma(z) = plus relu(z) + minus relu(-z) the z_j and the -z_j count, with plus nu_j and minus nu_j.
"""

from dataclasses import dataclass, replace
from fractions import Fraction

import mpmath
import numpy as np
from supremum import DIGITS, integers, supremum

HAIR = 1e-9  # relative: what roundings to the safe side may cost
_DUAL_BITS = 300
STEEP = 1e12  # of the labels' spread over the points' extent: free slopes beyond are none of float64


@dataclass(frozen=True)
class Objective:
    """The data and the objective, as the case has them."""

    x: np.ndarray
    y: np.ndarray
    bias: str
    skip: str
    offset: str
    lam: float
    weights: np.ndarray | None = None  # how often points count, 1 if None
    slopes: tuple[float, float] = (1.0, 0.0)  # of the neurons on either side: plus, minus

    @property
    def rectifies(self) -> bool:
        """Whether the neurons are ReLU."""
        return self.slopes == (1.0, 0.0)

    @property
    def times(self) -> list[Fraction]:
        """How often each point counts."""
        return [Fraction(1)] * len(self.y) if self.weights is None else [Fraction(float(p)) for p in self.weights]

    @property
    def counting(self) -> np.ndarray:
        """Which points count at all."""
        return np.ones(len(self.y), dtype=bool) if self.weights is None else self.weights > 0


@dataclass(frozen=True)
class Claim:
    """A network, a dual vector and a certificate's numbers, as they were returned."""

    weights: np.ndarray
    biases: np.ndarray
    outer: np.ndarray
    constant: float
    slope: np.ndarray
    dual: np.ndarray
    value: float
    lower: float
    residual: float
    proven: bool  # the scope is not "searched"
    certified: bool


@dataclass(frozen=True)
class Finding:
    """What is true of a claim: faults by name, the objective, and the best bound that the dual vector proves."""

    faults: list[str]
    objective: float
    bound: float

    @property
    def gap(self) -> float:
        """(objective - bound) / objective."""
        return (self.objective - self.bound) / self.objective if self.objective else 0.0


def examine(problem: Objective, claim: Claim, tolerance: float, known: float = np.inf) -> Finding:
    """All faults of a claim; `known` is an upper bound of the minimum.

    A dual vector that is orthogonal to the free terms but for rounding proves one bound, whoever repairs it. Where it
    is farther off, the repair is a choice, and a bound is only compared with what is known to be possible.
    """
    live = problem.counting
    if not np.all(live):
        return examine(_some(problem, live), replace(claim, dual=claim.dual[live]), tolerance, known)
    with mpmath.workdps(DIGITS):
        faults = [] if _admitted(problem, claim) else ["a term that the penalty forbids"]
        misfit = residuals(problem, claim)
        norm = path_norm(problem, claim)
        times = problem.times
        squares = sum(p * r * r for p, r in zip(times, misfit, strict=True))
        true = _mpf(squares / (2 * sum(times))) + mpmath.mpf(problem.lam) * norm if problem.lam else norm
        bound = best_bound(problem, claim.dual)
        value, lower = mpmath.mpf(claim.value), mpmath.mpf(claim.lower)
        worst = max(abs(r) for r in misfit)
        if not 0 <= claim.lower <= claim.value:
            faults.append("not 0 <= lower_bound <= value")
        if value < true:
            faults.append("value below the objective of the network")
        if not claim.residual >= worst:
            faults.append("residual below the true one")
        if bound > value * (1 + mpmath.mpf(10) ** -40) + (0 if problem.lam else mpmath.mpf(10) ** -300):
            faults.append("value below the minimum")
        if problem.lam and bound > true * (1 + mpmath.mpf(10) ** -40):
            faults.append("CHECKER: a bound above an objective")
        if claim.proven and lower > bound + HAIR * abs(value):
            if _feasible_but_for_rounding(problem, claim.dual):
                faults.append("lower_bound is not what the dual vector proves")
            elif lower > min(mpmath.mpf(known), true if problem.lam else mpmath.inf):
                faults.append("FALSE: lower_bound is above a network's objective")
        if claim.certified:
            faults += _of_certified(problem, claim, tolerance, true, worst)
            if value - bound > (tolerance * (1 + 1e-6) + HAIR * 1e-3) * value:
                if _feasible_but_for_rounding(problem, claim.dual):
                    faults.append("FALSE: the true gap is larger than the tolerance")
                elif value > known * (1 + 2 * tolerance + HAIR):
                    faults.append("FALSE: there is a better network")
        return Finding(faults, float(true), float(bound))


def _some(problem: Objective, rows: np.ndarray) -> Objective:
    """The problem of some points."""
    weights = None if problem.weights is None else problem.weights[rows]
    return replace(problem, x=problem.x[rows], y=problem.y[rows], weights=weights)


def _of_certified(problem: Objective, claim: Claim, tolerance: float, true, worst) -> list[str]:
    faults = []
    value = mpmath.mpf(claim.value)
    if not claim.proven:
        faults.append("certified by a search")
    if problem.lam:
        if value > true * (1 + max(HAIR, tolerance)):
            faults.append("value above the objective of the network")
    else:
        y, free = problem.y, abs(claim.constant) + float(np.max(np.abs(problem.x) @ np.abs(claim.slope)))
        rounding = 2.0**-44 * max(float(np.max(np.abs(y))), min(free, 2.0**24 * float(np.ptp(y))))
        if worst > max(tolerance * spread(problem), rounding):
            faults.append("FALSE: the residual is no rounding error")
    return faults


def _admitted(problem: Objective, claim: Claim) -> bool:
    forbidden = problem.skip == "none" and np.any(claim.slope)
    return not (forbidden or (problem.offset == "none" and claim.constant))


def residuals(problem: Objective, claim: Claim) -> list[Fraction]:
    """f(x_i) - y_i, exactly."""
    (x, e_x), (w, e_w), (a, e_a) = integers(problem.x), integers(claim.weights), integers(claim.outer)
    (b, e_b), (v, e_v) = integers(claim.biases), integers(claim.slope)
    hidden = x @ w.T if len(w) else np.zeros((len(x), 0), dtype=object)
    e = max(e_x + e_w, e_b)
    hidden = hidden * 2 ** (e - e_x - e_w) + (b * 2 ** (e - e_b))[None]
    (plus, minus), e_s = _slopes(problem)
    seen = plus * np.maximum(hidden, 0) + minus * np.maximum(-hidden, 0)
    fitted = seen @ a if len(a) else np.zeros(len(x), dtype=object)
    e += e_s
    lines = x @ v
    return [
        _scaled(first, e + e_a) + _scaled(second, e_x + e_v) + Fraction(claim.constant) - Fraction(float(label))
        for first, second, label in zip(fitted.tolist(), lines.tolist(), problem.y, strict=True)
    ]


def path_norm(problem: Objective, claim: Claim) -> mpmath.mpf:
    """sum_k |a_k| cost(w_k, b_k)."""
    inner = np.column_stack([claim.weights, claim.biases]) if problem.bias == "penalised" else claim.weights
    total = mpmath.mpf(0)
    for row, a in zip(inner.tolist(), claim.outer.tolist(), strict=True):
        total += abs(mpmath.mpf(a)) * mpmath.sqrt(mpmath.fsum(mpmath.mpf(number) ** 2 for number in row))
    return total


def best_bound(problem: Objective, dual: np.ndarray) -> mpmath.mpf:
    """The best lower bound of the minimum that multiples of the nearest feasible dual vector prove; at least 0."""
    return _bound(problem, nearest_feasible(problem, [Fraction(float(part)) for part in dual]))


def _bound(problem: Objective, nu: list[Fraction], lost: float = 0.0) -> mpmath.mpf:
    """What a feasible nu proves, if nu . y is less by what is `lost`."""
    numbers, e = scaled_integers(nu)
    against = _mpf(_dot(nu, [Fraction(float(label)) for label in problem.y])) - lost
    if not any(numbers) or against <= 0:
        return mpmath.mpf(0)
    largest = dual_norm_of(problem, numbers) * mpmath.mpf(2) ** -e
    if not problem.lam:
        return against / largest if largest else mpmath.inf
    times = problem.times
    square = _mpf(sum(times) * sum(part * part / p for part, p in zip(nu, times, strict=True)))
    t = against / square
    t = min(t, mpmath.mpf(problem.lam) / largest) if largest else t
    return max(mpmath.mpf(0), t * against - t * t * square / 2)


def is_steep(problem: Objective, claim: Claim, tolerance: float) -> bool:
    """Whether the minimum has a free slope of more than B = STEEP times the labels' spread over the points' extent.

    For nu that is orthogonal to constants, if these are free, but not to x, networks with |v| <= B have

        objective >= t (nu . y - B |sum nu_i x_i|) - t^2 S sum nu_i^2 / (2 p_i),    0 <= t <= lam / s.

    If that is above the tolerance over the objective of the network, or of its neurons with the best free terms in
    rationals, it takes a steeper one. Rounding such a slope changes values at the points by 1e-4 of the labels' spread.
    """
    if problem.skip != "free" or not problem.lam:
        return False
    live = problem.counting
    if not np.all(live):
        return is_steep(_some(problem, live), replace(claim, dual=claim.dual[live]), tolerance)
    with mpmath.workdps(DIGITS):
        extent = mpmath.norm([mpmath.mpf(float(part)) for part in np.ptp(problem.x, axis=0)])
        if not extent:
            return False
        flat, misfit = replace(problem, skip="none"), residuals(problem, claim)
        nu = nearest_feasible(flat, [Fraction(float(part)) for part in claim.dual])
        moments = [_mpf(_dot(nu, [Fraction(float(number)) for number in column])) for column in problem.x.T]
        lost = STEEP * spread(problem) / extent * mpmath.norm(moments)
        price = mpmath.mpf(problem.lam) * path_norm(problem, claim)
        times = problem.times
        found = min(
            _mpf(sum(p * r * r for p, r in zip(times, rest, strict=True)) / (2 * sum(times))) + price
            for rest in (misfit, nearest_feasible(problem, misfit))
        )
        return found < (1 - mpmath.mpf(tolerance)) * _bound(flat, nu, lost)


def _feasible_but_for_rounding(problem: Objective, dual: np.ndarray) -> bool:
    """Whether any repair that is as small as the nearest one changes sup |h| by a share that does not count."""
    given = [Fraction(float(part)) for part in dual]
    nearest = nearest_feasible(problem, given)
    repair = sum(abs(float(a - b)) for a, b in zip(given, nearest, strict=True))
    size = np.linalg.norm(problem.x, axis=1) if problem.bias == "penalised" else np.ptp(problem.x, axis=0)
    reach = float(np.hypot(1, np.max(size)) if problem.bias == "penalised" else np.linalg.norm(size))
    numbers, e = scaled_integers(nearest)
    largest = float(dual_norm_of(problem, numbers) * mpmath.mpf(2) ** -e)
    return len(dual) * repair * reach <= 1e-2 * HAIR * largest


def dual_norm_of(problem: Objective, nu: np.ndarray) -> mpmath.mpf:
    """sup |h_nu| / cost for the problem's points and neurons."""
    _, e = _slopes(problem)
    return dual_norm(problem.x, nu, problem.bias, seen_twice(problem, nu)) * mpmath.mpf(2) ** -e


def seen_twice(problem: Objective, nu: np.ndarray) -> np.ndarray:
    """Integer weights of the z_j, and of the -z_j where neurons have a slope on the other side."""
    (plus, minus), _ = _slopes(problem)
    return np.concatenate([plus * nu, minus * nu]) if minus else plus * nu


def dual_norm(x: np.ndarray, nu: np.ndarray, bias: str, both: np.ndarray | None = None) -> mpmath.mpf:
    """sup |h_nu| / cost, for integers nu (n,) that are orthogonal to the free terms, `both` with the slopes."""
    both = nu if both is None else both
    if bias == "penalised":
        z, e = integers(np.column_stack([x, np.ones(len(x))]))
        return supremum(np.concatenate([z, -z])[: len(both)], both)[0] * mpmath.mpf(2) ** -e
    z, e = integers(x)
    best = mpmath.mpf(0)
    for pivot in np.unique(x[nu != 0], axis=0, return_index=True)[1] if np.any(nu) else ():
        apart = z - z[np.flatnonzero(nu != 0)[pivot]]
        best = max(best, supremum(np.concatenate([apart, -apart])[: len(both)], both, best)[0])
    return best * mpmath.mpf(2) ** -e


def _slopes(problem: Objective) -> tuple[tuple[int, int], int]:
    """Integers and e with (plus, minus) = integers * 2^-e."""
    numbers, e = integers(problem.slopes) if any(problem.slopes) else (np.zeros(2, dtype=object), 0)
    return (int(numbers[0]), int(numbers[1])), e


def free_terms(problem: Objective) -> list[list[Fraction]]:
    """What costs nothing: columns of functions at the points. Free biases make constants, as limits, free."""
    columns = [[Fraction(1)] * len(problem.x)] if problem.offset == "free" or problem.bias == "free" else []
    if problem.skip == "free":
        columns += [[Fraction(float(number)) for number in column] for column in problem.x.T]
    return columns


def nearest_feasible(problem: Objective, nu: list[Fraction]) -> list[Fraction]:
    """nu without its part in the span of the free terms, in rationals."""
    return without_free_terms(problem, nu, [Fraction(1)] * len(nu))


def without_free_terms(problem: Objective, vector: list[Fraction], times: list[Fraction]) -> list[Fraction]:
    """What the best free terms leave, in rationals, where points count so many times."""
    basis: list[tuple[list[Fraction], Fraction]] = []
    for column in free_terms(problem):
        column = _without(column, basis, times)
        square = sum(p * part * part for p, part in zip(times, column, strict=True))
        if square:
            basis.append((column, square))
    return _without(vector, basis, times)


def _without(
    vector: list[Fraction], basis: list[tuple[list[Fraction], Fraction]], times: list[Fraction]
) -> list[Fraction]:
    for other, square in basis:
        share = sum(p * a * b for p, a, b in zip(times, vector, other, strict=True)) / square
        vector = [a - share * b for a, b in zip(vector, other, strict=True)] if share else vector
    return vector


def spread(problem: Objective) -> float:
    """The largest label that is left by the best fit of the free terms."""
    return max(abs(float(part)) for part in nearest_feasible(problem, [Fraction(float(label)) for label in problem.y]))


def closest(problem: Objective) -> float:
    """The least distance of two distinct points, 1 if there are none."""
    places = np.unique(problem.x, axis=0)
    apart = [float(np.linalg.norm(a - b)) for k, a in enumerate(places) for b in places[:k]]
    return min((distance for distance in apart if distance), default=1.0)


def flatness(problem: Objective) -> float:
    """The points' largest extent over that across them, which slopes of a free linear term may use."""
    singular = np.linalg.svd(problem.x - problem.x.mean(axis=0), compute_uv=False)
    return float(singular[0] / np.min(singular[singular > 0], initial=singular[0])) if singular[0] else 1.0


def scaled_integers(numbers: list[Fraction]) -> tuple[np.ndarray, int]:
    """Integers and e with numbers = integers * 2^-e, to 300 bits of the largest: orthogonality is lost by 1e-90."""
    top = max(abs(number) for number in numbers)
    if not top:
        return np.zeros(len(numbers), dtype=object), 0
    e = _DUAL_BITS - (top.numerator.bit_length() - top.denominator.bit_length())
    scale = Fraction(2) ** e
    return np.array([round(number * scale) for number in numbers], dtype=object), e


def _scaled(number: int, e: int) -> Fraction:
    return Fraction(number, 2**e) if e >= 0 else Fraction(number * 2**-e)


def _dot(a: list[Fraction], b: list[Fraction]) -> Fraction:
    return sum((s * t for s, t in zip(a, b, strict=True)), Fraction(0))


def _mpf(number: Fraction) -> mpmath.mpf:
    return mpmath.mpf(number.numerator) / number.denominator
