"""Another dual vector than the one that was given, where what bounds the dual norm suits another better."""

from dataclasses import replace
from fractions import Fraction

import numpy as np

from minnorm.verification import space
from minnorm.verification.asked import Asked, Bounded, corrected
from minnorm.verification.clock import Clock
from minnorm.verification.conjugate import constant_is_free, linear_is_free
from minnorm.verification.exact import Dual
from minnorm.verification.loosened import Loosened, Programme, loosened

_ABOVE = 3  # dimensions in which suprema are exact
_ATOMS = 512  # neurons of the network, the heaviest
_PROVING, _LONGEST = 0.05, 600.0  # of the time for what is exact; seconds in any case


def improved(asked: Asked, found: Bounded, clock: Clock) -> Bounded:
    """What was `found`, or more, with another dual vector that is repaired and bounded as the one that was given.

    What is said of the largest value that was met stays that of the vector that was asked about.
    """
    if found.scope != "bounded" or asked.lam is None or asked.enough(found.dual) or clock.left <= 0:
        return found
    dual = _dual(asked, clock.within(_LONGEST))
    return found if dual is None or asked.proves(dual) <= asked.proves(found.dual) else replace(found, dual=dual)


def _dual(asked: Asked, clock: Clock) -> Dual | None:
    x, penalty, lam = asked.x, asked.penalty, asked.lam or 0.0
    plain = space.reduce(x, np.ones(len(x)), np.zeros(len(x)), penalty, clock)
    if plain.coordinates.shape[1] <= _ABOVE:
        return None
    # sup |h| is 2^scale times what it is in these coordinates; the vector is sought with 2^scale / lam in it.
    scale = plain.exponent - 1
    times = np.ldexp(1.0, scale) / (lam or 1.0)
    labels = asked.y - asked.y.mean() if constant_is_free(penalty) else asked.y
    columns = [np.ones((len(x), 1))] * constant_is_free(penalty)
    columns += [x - x.mean(axis=0) if constant_is_free(penalty) else x] * linear_is_free(penalty)
    free = np.concatenate([np.zeros((len(x), 0)), *columns], axis=1)
    shares = asked.weights / np.sum(asked.weights)
    unit = np.ldexp(1.0, scale)
    programme = Programme(labels, lam / unit / shares, free, 1 / unit if asked.decays else 0.0)

    def enough(nu: np.ndarray, norm: float) -> bool:
        true = nu / times
        square = Fraction(float(np.sum(true * true / asked.weights)))
        against = Fraction(float(labels @ true))
        return asked.enough(Dual(norm * (lam or 1.0), against, square, lambda: [Fraction(v) for v in true.tolist()]))

    group = np.unique(x, axis=0, return_inverse=True)[1].reshape(-1)
    neurons = np.ldexp(_neurons(asked), -scale)
    points, affine = plain.coordinates, plain.free
    best = loosened(points, affine, group, programme, asked.nu * times, neurons, clock.all_but(_PROVING), enough)
    return None if best is None else _proven(replace(asked, nu=best.nu / times), best, points)


def _neurons(asked: Asked) -> np.ndarray:
    """Values (n, m) of the network's heaviest neurons at unit cost, as ReLU's."""
    weights, biases = np.asarray(asked.net.inner_weights), np.asarray(asked.net.biases)
    cost = np.linalg.norm(weights, axis=1)
    if asked.penalty.bias == "penalised":
        cost = np.hypot(cost, biases)
    heavy = np.argsort(-np.abs(np.asarray(asked.net.outer_weights)) * cost, kind="stable")[:_ATOMS]
    heavy = heavy[cost[heavy] > 0]
    return np.maximum(asked.x @ weights[heavy].T + biases[heavy], 0.0) / cost[heavy]


def _proven(asked: Asked, best: Loosened, points: np.ndarray) -> Dual | None:
    """The repaired vector with its bound; None where it has no exact repair."""
    vector = corrected(asked, asked.clock)
    problem = space.reduce(asked.x, asked.nu, vector.moved, asked.penalty)
    if not (vector.exact and np.array_equal(problem.coordinates, points)):
        return None
    return replace(vector.dual, norm=problem.norm(best.norm(problem.weights)))
