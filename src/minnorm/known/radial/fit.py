"""Radial data in any dimension: the global minimum of interpolation and of weight-decay training over all of R^d."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from jaxtyping import Float

from minnorm import advice
from minnorm.checks import check_values, strength, whole
from minnorm.known.radial.atoms import UNIT, correlation, largest_correlation, peaks, radial_atoms, rounding
from minnorm.known.radial.averaged import Averaged
from minnorm.known.radial.master import best_masses
from minnorm.known.radial.price import price
from minnorm.pictures import record
from minnorm.solution import Certificate

_ROUNDS = 60
_PATIENCE = 15  # rounds without a lower maximum of |h|
_CLOSE = 1e-9  # how far |h| may exceed 1 in the last round
_FIRST = 300  # neurons in the first round of lam > 0, at radii
_NEAR = 1e-4  # how far |h| is below 1 at neurons that are kept although they have no mass
_APART = 1e-8  # of two neurons, in units of the largest radius: h is as good as equal there
_MATTERS = 1e-9  # share of the largest mass below which a neuron is left out
_NOTHING = 1e-14  # a mass, in units of values over the largest radius, that is a rounding error
_TOLERANCE = 1e-9  # of the proof
_ANSWER = 1e-6  # masses that miss values by more than this share of their size are no answer
_LEVEL = 2.0**-42  # of the values' size, and of what the neurons vary: up to there a residual is rounding


@dataclass(frozen=True, repr=False)
class RadialFit(Averaged):
    """The minimiser of a radial problem, with the proof that it is one. Made by `radial_fit`.

        f(x) = c + int E relu(r u - s) dmu(s),   r = |x|,   u a coordinate of a uniform direction,    [f] = ||mu||

    `radii` (n,) ascending and distinct, `values` (n,) and `weights` (n,), summing to 1, are the data, equal radii
    merged; `knots` (k,) and `masses` (k,) are mu, on s >= 0; `dual` (n,) is nu of `curve`. Calling it evaluates f
    at points of shape (..., dim).
    """

    dim: int
    lam: float
    radii: Float[np.ndarray, " n"]
    values: Float[np.ndarray, " n"]
    weights: Float[np.ndarray, " n"]
    knots: Float[np.ndarray, " k"]
    masses: Float[np.ndarray, " k"]
    constant: float
    dual: Float[np.ndarray, " n"]
    certificate: Certificate
    rounds: int = 0

    def __repr__(self) -> str:
        n = self.radii.size
        what = f"norm through {n} radii" if self.lam == 0 else f"loss + {self.lam:g} norm on {n} radii"
        word, gap = "certified" if self.certified else "not certified", self.gap
        facts = {
            "norm": f"{self.norm:.10g}",
            "size": f"{self.knots.size} atoms",
            "proof": f"{word}, relative gap {gap:.1e}, scope {self.certificate.scope}",
        }
        return record(f"RadialFit: least {what} in dimension {self.dim}", facts)

    @property
    def value(self) -> float:
        """The objective at f, rounded up: [f] for lam = 0, else 1/2 E (f - h)^2 + lam [f]."""
        return self.certificate.value

    @property
    def lower_bound(self) -> float:
        """A proven bound below the objective of every function on R^d, radial or not."""
        return self.certificate.lower_bound

    @property
    def gap(self) -> float:
        """The relative distance of the two."""
        return self.certificate.gap

    @property
    def certified(self) -> bool:
        """Whether the gap, and for lam = 0 the residual, are within 1e-6."""
        return self.certificate.certified


def radial_fit(
    radii: npt.ArrayLike, values: npt.ArrayLike, dim: int, lam: float | int = 0.0, weights: npt.ArrayLike | None = None
) -> RadialFit:
    r"""Train on a radial law to the global minimum, or interpolate labels on spheres, in any dimension.

        lam > 0:   min  1/2 sum_j p_j E (f(r_j w) - y_j)^2 + lam [f]     over all f on R^d,  w uniform on the sphere
        lam = 0:   min  [f]    s.t.  f = y_j where |x| = r_j

    Averaging f over rotations raises neither term, so that f = c + int k_s dmu(s) with the averaged neurons
    k_s(r) = E relu(r u - s) of `radial_atoms`: one parameter s in [0, max r], as those beyond vanish on the data and
    those with s < 0 differ by constants. In the dual |sum_j nu_j k_s(r_j)| <= 1 for all s and sum nu = 0; column
    generation adds the extrema of that curve.

    Arguments: `radii` (n,) >= 0, also repeated (for lam = 0 with equal values); `values` (n,); `dim`, positive;
    `lam` >= 0; `weights` (n,) > 0 of the law, divided by their sum, equal if left out.

    Returns a `RadialFit`. Its `lower_bound` is proven, rounding included: the dual vector returned is divided by a
    bound of its curve on all of [0, max r]. For points drawn on the spheres of the law, `minnorm.fit` finds a value
    that is no larger. Equal radii with different values add half their variance to value and bound. For lam = 0 and
    many radii close to each other the dual vector is huge, and double precision may not certify: see `certified`.

    Errors: ValueError naming the argument.

    >>> fit = radial_fit([0.0, 1.0, 2.0], [1.0, 0.0, 0.0], dim=3)
    >>> fit.certified, round(fit.norm, 6)
    (True, 10.472136)
    >>> fit = radial_fit([0.0, 1.0, 2.0], [1.0, 0.0, 0.0], dim=3, lam=0.01)
    >>> fit.certified, bool(fit.norm < 10)
    (True, True)

    Source: Rosset, Swirszcz, Srebro & Zhu (2007), *l1 regularization in infinite dimensional feature spaces*, for the
    reduction to finitely many atoms.
    """
    dim, lam = _checked(dim, lam)
    r, y, p, noise = _merged(radii, values, weights, lam)
    extent, size = float(r[-1]), float(np.max(np.abs(y - p @ y)))
    if extent == 0 or size == 0:
        return _finished(dim, lam, r, y, p, np.empty(0), np.empty(0), np.zeros(r.size), noise, 0)
    unit = r / extent
    root = np.sqrt(p) if lam > 0 else np.ones(r.size)
    rho = lam / (extent * size)
    target = root * (y - (p @ y)) / size if lam > 0 else (y - y[0]) / size

    def columns(s: np.ndarray) -> np.ndarray:
        value = radial_atoms(unit, s, dim)[0]
        return root[:, None] * (value - (p @ value if lam > 0 else value[:1]))

    s = unit[:-1] if lam == 0 or r.size <= _FIRST else unit[:: -(-r.size // _FIRST)]
    s, rounds, best, best_height, since = np.union1d(s[s < 1], [0.0]), 0, None, math.inf, 0
    while rounds < _ROUNDS and since < _PATIENCE:
        masses, v = best_masses(columns(s), target, rho)
        nu, rounds = _centred(root * v), rounds + 1
        top = peaks(nu, unit, dim, s)
        height = np.abs(correlation(nu, unit, top, dim)[0])
        new = top[(height > 1 + _CLOSE) & (np.min(np.abs(top[:, None] - s), axis=1) > _APART)]
        matters = np.abs(masses) > max(_MATTERS * np.max(np.abs(masses)), _NOTHING)
        since += 1
        if np.max(height, initial=1.0) < best_height:
            best, best_height, since = (s[matters], masses[matters], nu, top), float(np.max(height, initial=1.0)), 0
        if new.size == 0:
            break
        if lam > 0:
            s = s[matters | (np.abs(correlation(nu, unit, s, dim)[0]) > 1 - _NEAR)]
        s = np.union1d(s, new)
    assert best is not None
    s, masses, nu, top = best
    found = [(s, masses, nu)]
    # Neighbours that share a maximum of |h| become one neuron there, if that costs nothing.
    few = np.unique(top[np.argmin(np.abs(s[:, None] - top), axis=1)]) if top.size else s
    if 0 < few.size < s.size:
        again, v = best_masses(columns(few), target, rho) if lam > 0 else _least_squares(columns(few), target, nu)
        found.append((few, again, _centred(root * v)))
    fits = [
        _finished(dim, lam, r, y, p, knots * extent, mass * (size / extent), dual / extent, noise, rounds)
        for knots, mass, dual in found
    ]
    fit = min(fits, key=lambda fit: (not fit.certified, fit.knots.size if fit.certified else abs(fit.gap)))
    if not fit.certified:
        advice.say(f"not certified: the relative gap is {fit.gap:.1e}; merge radii that are close to each other")
    return fit


def _checked(dim: int, lam: float | int) -> tuple[int, float]:
    dim = whole("dim", dim, 1, 2**31 - 1, "a positive whole number")
    return dim, strength("lam", lam)


def _merged(
    radii: npt.ArrayLike, values: npt.ArrayLike, weights: npt.ArrayLike | None, lam: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Distinct radii, ascending, their mean values and weights, and half the variance within."""
    r, y = check_values(radii, "radii"), check_values(values)
    if r.size == 0 or np.any(r < 0):
        raise ValueError("radii is empty or has negative entries; give distances from the origin")
    if y.size != r.size:
        raise ValueError(f"values has {y.size} entries and radii {r.size}; give one value for each radius")
    p = np.ones(r.size) if weights is None else check_values(weights, "weights")
    if p.size != r.size or np.any(p <= 0):
        raise ValueError("weights needs one number > 0 for each radius; leave out radii without weight")
    p = p / np.sum(p)
    distinct, where = np.unique(r, return_inverse=True)
    mass = np.bincount(where, p)
    mean = np.bincount(where, p * y) / mass
    single = np.bincount(where) == 1
    order = np.argsort(where, kind="stable")
    mean[single] = y[order][np.searchsorted(where[order], np.flatnonzero(single))]
    apart = np.abs(y - mean[where])
    if lam == 0 and np.any(apart > 1e-12 * max(1e-300, float(np.max(np.abs(y))))):
        k = int(np.argmax(apart))
        raise ValueError(
            f"values differ at the radius {r[k]:g}; where radii repeat and lam = 0 give one value, or lam > 0"
        )
    return distinct, mean, mass, 0.5 * float(p @ apart**2) if lam > 0 else 0.0


def _least_squares(columns: np.ndarray, target: np.ndarray, nu: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Masses that interpolate as well as they can, with the dual vector found before."""
    return np.linalg.lstsq(columns, target, rcond=None)[0], nu


def _centred(nu: np.ndarray) -> np.ndarray:
    """The dual vector with the sum 0."""
    return np.concatenate([[-math.fsum(nu[1:].tolist())], nu[1:]])


def _finished(
    dim: int,
    lam: float,
    r: np.ndarray,
    y: np.ndarray,
    p: np.ndarray,
    knots: np.ndarray,
    masses: np.ndarray,
    nu: np.ndarray,
    noise: float,
    rounds: int,
) -> RadialFit:
    """The fit with its certificate: value and bound of what is returned, rounded to the safe side."""
    atoms = radial_atoms(r, knots, dim)[0]
    made = atoms @ masses
    above = y - y[0]  # a constant is free and costs no digits
    lift = float(p @ (above - made)) if lam > 0 else float(np.mean(above - made))
    constant = float(y[0]) + lift
    shifted = y - constant
    error = (rounding(dim) + (knots.size + 4) * UNIT) * r * float(np.abs(masses).sum())
    misfit = np.abs(shifted - made) + error + 4 * UNIT * (np.abs(shifted) + np.abs(made))
    if knots.size == 0:
        misfit = np.abs(shifted) * (1 + 2 * UNIT)
    norm = math.fsum(np.abs(masses).tolist())
    _, greatest = largest_correlation(nu, r, dim, _TOLERANCE)
    greatest += abs(math.fsum(nu.tolist())) * float(r[0])  # nu is made orthogonal to constants at the first radius
    gains = nu * above
    gain = max(0.0, math.fsum(gains.tolist()) - 4 * UNIT * float(np.abs(gains).sum()))
    size, level = float(np.ptp(y)) / 2, math.inf
    up = 1 + (r.size + 8) * 2 * UNIT
    if lam == 0:
        level = _LEVEL * (size + norm * float(r[-1])) + 4 * UNIT * float(np.max(np.abs(y)))
        answers = float(np.max(misfit)) <= max(_ANSWER * size, level)
        value = (norm + price(misfit, r, knots, dim)) * up if answers else math.inf
        lower = gain / greatest if gain > 0 else 0.0
    else:
        value = (0.5 * float(p @ misfit**2) + lam * norm + noise) * up
        square = float(nu**2 @ (1 / p)) * up
        # alpha = t nu, with t at most lam over the curve's maximum.
        t = min(lam / greatest if greatest > 0 else math.inf, gain / square if square > 0 else 0.0)
        lower = max(0.0, t * gain - 0.5 * t * t * square * up) + noise / up
    lower *= 1 - 8 * UNIT
    certificate = Certificate(
        value=value,
        lower_bound=lower if lower <= value else 0.0,
        dual_norm=greatest,
        residual=float(np.max(misfit)),
        rounding=level,
        scope="bounded",
    )
    return RadialFit(dim, lam, r, y, p, knots, masses, constant, nu, certificate, rounds)
