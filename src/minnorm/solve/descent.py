"""Descent on all parameters of a network: in many coordinates atoms that move are soon near the best ones."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from jaxtyping import Float
from scipy.optimize import minimize

from minnorm.objective.separable import Separable
from minnorm.resources import past
from minnorm.solve.curved import orthogonal
from minnorm.solve.found import Found, best_coefficients
from minnorm.solve.pricing import oracle
from minnorm.solve.reduction import Reduced

Stages = tuple[tuple[float, int], ...]

_POINTS_EACH, _ENTRIES = 1.5, 3_000_000  # points for each neuron, at least, and values of all neurons, at most
STAGES = ((0.05, 150), (0.02, 100), (0.008, 100), (0.003, 100), (0.001, 100))
"""Half the widths of what kinks are rounded to, of a neuron's size, and quasi-Newton steps, at most, for each."""
_MEMORY = 20  # steps that the quasi-Newton method remembers
_SMALL = 0.1  # of the median: kinks of neurons that are smaller are rounded as if they were of that size
_NORM = 0.1  # of what the best free terms pay: the norm of the first network
_NOTHING = 1e-6  # of the largest mass
_REST = 1e-7  # of the objective, in single precision: a step that gains no more is the last of its stage


def begun(reduced: Reduced, seed: int) -> Found:
    """Random atoms, whose kinks meet points, with small masses of both signs."""
    points, penalty = reduced.points, reduced.problem.penalty
    n = len(points)
    found = Found.begun(reduced, np.zeros(n))
    count = max(1, min(int(n / _POINTS_EACH), _ENTRIES // n))
    weights, biases = oracle.random_starts(points, count, np.random.default_rng([seed, 2]), penalty.bias)
    masses = np.where(np.arange(count) % 2 > 0, 1.0, -1.0) * (_NORM * found.value / count)
    return replace(found, weights=weights, biases=biases, masses=masses)


def descended(reduced: Reduced, network: Found, stages: Stages, deadline: float) -> Found:
    r"""A better network for lam > 0, its objective, and a dual vector of which sup |h| is not known.

        min  sum_k (a_k^2 + cost(w_k, b_k)^2) / 2 + L(sum_k a_k sigma(w_k . x_i + b_k) + (F c)_i)

    is what sum_k |a_k| cost(w_k, b_k) + L is for balanced neurons. A quasi-Newton method follows all parameters
    together; the problem is not convex, and what it ends at is a dictionary to go on with. At the optimum kinks are at
    points, where the objective has edges that hold it too early; so kinks are rounded, stage by stage less,

        relu(z) ~ e clip(z / 2e + 1/2, 0, 1)^2    for z <= e.

    The dual vector is that of the network's residuals, made orthogonal to the free terms. Arguments: `stages`, pairs of
    e, as a share of a neuron's size, and of steps, at most; `deadline`, a `time.monotonic` moment, after which no step
    is taken.

    Source: Neyshabur, Tomioka & Srebro (2015) for weight decay as a path norm; Liu & Nocedal (1989), *On the limited
    memory BFGS method for large scale optimization*; Chen & Mangasarian (1996), *A class of smoothing functions for
    nonlinear and mixed complementarity problems*, for rounding kinks less and less.
    """
    parameters = _Parameters(reduced, network.masses.size)

    def late(_: np.ndarray) -> None:
        if past(deadline):
            raise StopIteration

    now = parameters.of(network)
    for share, steps in stages:
        if past(deadline):
            break
        objective = parameters.rounded(now, share)
        options = {"maxiter": steps, "maxcor": _MEMORY, "maxfun": 2 * steps, "ftol": _REST, "gtol": 0.0}
        now = minimize(objective, now, method="L-BFGS-B", jac=True, callback=late, options=options).x
    weights, biases, masses, coefficients = parameters.network(now)
    fitted = reduced.atoms(weights, biases) @ masses
    coefficients, value = best_coefficients(reduced, fitted, float(np.sum(np.abs(masses))), coefficients)
    nu = reduced.loss.slope(fitted + reduced.free @ coefficients)
    if isinstance(reduced.loss, Separable):
        nu = orthogonal(reduced.loss, nu, reduced.free)  # the coefficients are only nearly the best ones
    return replace(
        network, weights=weights, biases=biases, masses=masses, coefficients=coefficients, value=value, nu=nu
    )


class _Parameters:
    """All parameters of so many neurons in one vector: (w_k, b_k) row by row, a, c."""

    def __init__(self, reduced: Reduced, count: int) -> None:
        # Where they cost nothing biases are measured by what a typical coordinate is, for better conditioned equations.
        costly = reduced.problem.penalty.biases_cost
        self._one = 1.0 if costly else reduced.rank**-0.5
        lifted = np.column_stack([reduced.points, np.full(len(reduced.points), self._one)])
        self._single = lifted.astype(np.float32)
        self._free, self._loss, self._sigma = reduced.free, reduced.loss, reduced.problem.penalty.activation
        self._count = count
        self._counted = np.append(np.ones(reduced.rank), float(costly))

    def of(self, network: Found) -> np.ndarray:
        """A network's, balanced."""
        root = np.sqrt(np.abs(network.masses))
        theta = root[:, None] * np.column_stack([network.weights, network.biases / self._one])
        return np.concatenate([theta.ravel(), root * np.sign(network.masses), network.coefficients])

    def network(self, parameters: Float[np.ndarray, " p"]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Atoms of unit cost, with their masses, those next to nothing left out, and coefficients."""
        theta, outer, coefficients = self._split(parameters)
        size = np.linalg.norm(theta * self._counted, axis=1)
        masses = outer * size
        live = np.abs(masses) > _NOTHING * float(np.max(np.abs(masses), initial=0.0))
        unit = theta[live] / size[live, None]
        return unit[:, :-1], unit[:, -1] * self._one, masses[live], coefficients

    def _split(self, parameters: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(w_k, b_k) as rows, a and c."""
        inner = self._count * self._single.shape[1]
        theta, outer, coefficients = np.split(parameters, [inner, inner + self._count])
        return theta.reshape(self._count, -1), outer, coefficients

    def rounded(self, near: Float[np.ndarray, " p"], share: float) -> Callable[[np.ndarray], tuple[float, np.ndarray]]:
        """What is minimised, and its gradient, with kinks rounded by this share of the sizes that neurons have now.

        Values at the points are in single precision, in which they cost half as much.
        """
        size = np.linalg.norm(self._split(near)[0] * self._counted, axis=1)
        half = (share * np.maximum(size, _SMALL * np.median(size))).astype(np.float32)
        steep, sigma = 0.5 / half, self._sigma

        def objective(parameters: np.ndarray) -> tuple[float, np.ndarray]:
            theta, outer, coefficients = self._split(parameters)
            counted = self._counted * theta
            hidden = self._single @ theta.T.astype(np.float32)
            slope = hidden * steep
            slope += np.float32(0.5)
            np.clip(slope, 0, 1, out=slope)
            below = sigma.minus * hidden if sigma.minus else None
            near = slope * slope
            near *= half
            hidden -= half
            np.maximum(hidden, 0, out=hidden)
            hidden += near
            if sigma.bend != 1:
                hidden *= sigma.bend
                slope *= sigma.bend
            if below is not None:
                hidden -= below
                slope -= sigma.minus
            fitted = hidden @ outer.astype(np.float32) + self._free @ coefficients
            nu = self._loss.slope(fitted)
            rates = nu.astype(np.float32)
            slope *= rates[:, None]
            gradient = counted - outer[:, None] * (slope.T @ self._single)
            value = 0.5 * float(np.sum(counted * theta) + outer @ outer) + self._loss.value(fitted)
            return value, np.concatenate([gradient.ravel(), outer - rates @ hidden, -(nu @ self._free)])

        return objective
