"""Every loss by the same conditions; log-cosh, which is none of the package's, shows what a new one takes."""

import math
from dataclasses import dataclass, field

import numpy as np
import pytest
from scipy.optimize import minimize, minimize_scalar

from minnorm.objective.data import Points
from minnorm.objective.loss import Exactly, Loss, Squared
from minnorm.objective.norm import PathNorm
from minnorm.objective.problem import Problem


@dataclass(frozen=True)
class LogCosh:
    """L(f) = sum c log cosh(f - y): squares near the labels, c |f - y| far away, so that |nu| <= c."""

    y: np.ndarray
    size: float
    exact: bool = field(default=False, init=False)
    quadratic: bool = field(default=False, init=False)

    def value(self, f):
        rest = np.abs(f - self.y)
        return self.size * float(np.sum(rest + np.log1p(np.exp(-2 * rest)) - math.log(2)))

    def slope(self, f):
        return self.size * np.tanh(self.y - f)

    def conjugate(self, nu, times=1.0):
        share = times * np.asarray(nu) / self.size
        if np.any(np.abs(share) > 1):
            return math.inf
        near = np.clip(share, -1 + 1e-16, 1 - 1e-16)
        entropy = (1 + share) * np.log1p(near) + (1 - share) * np.log1p(-near)
        return self.size * float(np.sum(entropy / 2 - share * self.y))

    def curvature(self, nu):
        return self.size / (self.size**2 - np.asarray(nu) ** 2)

    def best_multiple(self, nu, most):
        most = min(most, self.size / float(np.max(np.abs(nu), initial=0.0) or math.inf))
        if not math.isfinite(most):
            return 1.0
        return float(minimize_scalar(lambda t: self.conjugate(nu, t), bounds=(0, most), options={"xatol": 1e-12}).x)

    def moved(self, part):
        return LogCosh(self.y - part, self.size)

    def fit(self, columns):
        shape = (columns.shape[1], *self.y.shape[1:])
        found = minimize(
            lambda c: self.value(columns @ c.reshape(shape)),
            np.zeros(math.prod(shape)),
            jac=lambda c: -(columns.T @ self.slope(columns @ c.reshape(shape))).ravel(),
            options={"gtol": 1e-10},
        )
        return found.x.reshape(shape), self.slope(columns @ found.x.reshape(shape))


RNG = np.random.default_rng(0)
SHAPES = [(6,), (6, 3)]
LOSSES = {
    "exactly": lambda y: Exactly(y),
    "squared": lambda y: Squared(y, np.linspace(0.5, 2, len(y))),
    "log-cosh": lambda y: LogCosh(y, 0.7),
}
ALL = pytest.mark.parametrize("name", LOSSES)
SMOOTH = pytest.mark.parametrize("name", ["squared", "log-cosh"])
SHAPED = pytest.mark.parametrize("shape", SHAPES, ids=["one output", "three outputs"])


def of(name, shape, seed=0):
    """A loss, values in its reach and a dual vector in the domain of its conjugate."""
    rng = np.random.default_rng(seed)
    y = rng.normal(size=shape)
    loss = LOSSES[name](y)
    f = y if loss.exact else y + rng.normal(size=shape)
    return loss, f, rng.uniform(-0.5, 0.5, size=shape)


@ALL
@SHAPED
def test_it_keeps_the_protocol(name, shape):
    assert isinstance(of(name, shape)[0], Loss)


@ALL
@SHAPED
def test_fenchel_and_young(name, shape):
    """L(f) + L*(-nu) + nu . f >= 0, with equality for the dual vector of f; wherever labels are met, for every one."""
    loss, f, nu = of(name, shape)
    assert loss.value(f) + loss.conjugate(nu) + np.vdot(nu, f) >= -1e-12
    own = nu if loss.exact else loss.slope(f)
    assert loss.value(f) + loss.conjugate(own) + np.vdot(own, f) == pytest.approx(0, abs=1e-12)
    assert loss.conjugate(nu, 0.3) == pytest.approx(loss.conjugate(0.3 * nu), abs=1e-12)


@SMOOTH
@SHAPED
def test_slopes_are_those_of_finite_differences(name, shape):
    loss, f, nu = of(name, shape)
    step, at = 1e-5, (1, *(0 for _ in shape[1:]))
    e = np.zeros(shape)
    e[at] = step
    assert -(loss.value(f + e) - loss.value(f - e)) / (2 * step) == pytest.approx(loss.slope(f)[at], abs=1e-8)
    bend = (loss.conjugate(nu + e) - 2 * loss.conjugate(nu) + loss.conjugate(nu - e)) / step**2
    assert bend == pytest.approx(loss.curvature(nu)[at], rel=1e-4)
    assert loss.curvature(nu).shape == shape


def test_labels_to_be_met_have_a_linear_conjugate_and_no_value_elsewhere():
    loss, f, nu = of("exactly", (6,))
    assert loss.value(f) == 0
    assert loss.value(f + 1e-9) == math.inf
    assert np.vdot(loss.slope(f - nu), nu) > 0  # points from f to the labels
    assert not np.any(loss.curvature(nu))


def test_the_domain_is_where_the_conjugate_is_finite():
    for name in LOSSES:
        loss, _, nu = of(name, (6,))
        far = loss.conjugate(100 * nu)
        assert math.isfinite(loss.conjugate(nu))
        assert (far == math.inf) == (name == "log-cosh")


@ALL
@SHAPED
@pytest.mark.parametrize("most", [0.05, 1.0, 30.0])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_no_multiple_is_better_than_the_best(name, shape, most, seed):
    loss, _, nu = of(name, shape, seed)
    best = loss.best_multiple(nu, most)
    assert 0 <= best <= most
    others = np.append(np.linspace(0, most, 400), best + np.array([-1e-4, 1e-4]))
    least = min(loss.conjugate(nu, t) for t in others.tolist() if 0 <= t <= most)
    assert loss.conjugate(nu, best) <= least + 1e-8


@ALL
@SHAPED
def test_the_best_coefficients_leave_a_dual_vector_orthogonal_to_the_columns(name, shape):
    loss, f, _ = of(name, shape)
    columns = RNG.normal(size=(len(f), 2))
    coefficients, left = loss.fit(columns)
    assert left == pytest.approx(loss.slope(columns @ coefficients), abs=1e-12)
    assert np.max(np.abs(columns.T @ left)) <= 1e-7


@ALL
@SHAPED
def test_what_is_left_of_a_function_pays_the_same(name, shape):
    loss, f, _ = of(name, shape)
    part = np.full(shape, 0.25)
    assert loss.moved(part).value(f - part) == pytest.approx(loss.value(f), abs=1e-12)


def test_the_loss_of_training_is_a_mean_over_what_counts():
    data = Points([0.0, 1.0, 2.0], [1.0, 2.0, 9.0], [1.0, 3.0, 0.0])
    assert Problem.of(data, PathNorm(), 1.0).paid(np.zeros(3)) == (1 + 3 * 4) / 8
