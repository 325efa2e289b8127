"""The master problem: optimality conditions, and the same numbers by other methods."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog
from sklearn.linear_model import Lasso

from minnorm.solve import master

seeds = st.integers(0, 2**32 - 1)


@dataclasses.dataclass
class Instance:
    atoms: np.ndarray
    free: np.ndarray
    values: np.ndarray
    rho: np.ndarray

    def solve(self, tolerance=1e-9, **options):
        return master.solve(self.atoms, self.free, self.values, self.rho, tolerance=tolerance, **options)

    def primal(self, solved):
        """The true objective of the returned masses, whose misfit is not taken on trust."""
        norm = float(np.abs(solved.masses).sum())
        if not self.rho.any():
            return norm
        return norm + 0.5 * float(np.sum(self.misfit(solved) ** 2 / self.rho))

    def dual(self, solved):
        return float(self.values @ solved.nu - 0.5 * (self.rho * solved.nu) @ solved.nu)

    def misfit(self, solved):
        return self.values - self.atoms @ solved.masses - self.free @ solved.coefficients


def instance(seed, n=12, p=40, q=1, rho=0.0):
    """Atoms that are ReLUs of points in the plane; free terms 1, then coordinates."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 2))
    w = rng.normal(size=(p, 2))
    w /= np.linalg.norm(w, axis=1, keepdims=True)
    atoms = np.maximum(x @ w.T - (x[rng.integers(n, size=p)] * w).sum(axis=1), 0)
    free = np.column_stack([np.ones(n), x])[:, :q]
    return Instance(atoms, free, rng.normal(size=n), np.full(n, rho))


def check(problem, solved, tolerance=1e-9, scale=None):
    """Karush, Kuhn and Tucker's conditions, with room in proportion to the tolerance."""
    scale = float(np.max(np.abs(problem.values))) if scale is None else scale
    size = max(1.0, abs(problem.dual(solved)))
    room = 20 * tolerance
    assert solved.gap <= tolerance
    assert solved.residual <= tolerance
    np.testing.assert_allclose(problem.misfit(solved), problem.rho * solved.nu, atol=room * scale)
    correlation = problem.atoms.T @ solved.nu
    assert np.max(np.abs(correlation), initial=0.0) <= 1 + room
    np.testing.assert_allclose(problem.free.T @ solved.nu, 0, atol=room * max(1.0, float(np.abs(solved.nu).sum())))
    # |a| (1 - sign(a) Phi^T nu) = 0 for every atom, in sum.
    slack = np.abs(solved.masses) - solved.masses * correlation
    assert slack.sum() <= room * size
    assert np.all(solved.weight >= np.abs(solved.masses) * (1 - 1e-12))
    assert problem.primal(solved) - problem.dual(solved) <= room * size * (
        1 + float(np.abs(solved.nu).sum()) * scale / size
    )


def programme(problem, reward=None):
    """The value of interpolation by HiGHS."""
    p, q = problem.atoms.shape[1], problem.free.shape[1]
    t, g = (np.zeros(p), np.zeros(q)) if reward is None else reward
    result = linprog(
        np.concatenate([1 - t, 1 + t, -g]),
        A_eq=np.concatenate([problem.atoms, -problem.atoms, problem.free], axis=1),
        b_eq=problem.values,
        bounds=[(0, None)] * (2 * p) + [(None, None)] * q,
        options={"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10},
    )
    assert result.status == 0, result.message
    return float(result.fun)


def descend(problem, sweeps=20000):
    """The value with rho > 0 by coordinate descent, with the free terms projected out."""
    root = 1 / np.sqrt(problem.rho)
    free = np.linalg.qr(problem.free * root[:, None])[0]
    columns = problem.atoms * root[:, None]
    columns = columns - free @ (free.T @ columns)
    rest = problem.values * root
    rest = rest - free @ (free.T @ rest)
    square = np.sum(columns**2, axis=0)
    masses = np.zeros(square.size)
    for _ in range(sweeps):
        before = masses.copy()
        for k in np.flatnonzero(square > 1e-20):
            pull = masses[k] * square[k] + columns[:, k] @ rest
            new = np.sign(pull) * max(abs(pull) - 1, 0) / square[k]
            rest = rest + (masses[k] - new) * columns[:, k]
            masses[k] = new
        if np.max(np.abs(masses - before)) < 1e-11:
            break
    return float(np.abs(masses).sum() + 0.5 * rest @ rest)


@pytest.mark.parametrize("q", [0, 1, 3])
@pytest.mark.parametrize(("n", "p"), [(5, 30), (12, 40), (30, 200)])
def test_interpolation_agrees_with_a_linear_programme(n, p, q):
    problem = instance(n + q, n, p, q)
    solved = problem.solve()
    check(problem, solved)
    assert problem.primal(solved) == pytest.approx(programme(problem), rel=1e-8)
    assert problem.dual(solved) == pytest.approx(programme(problem), rel=1e-8)


@pytest.mark.slow
@pytest.mark.parametrize("rho", [0.02, 0.1, 3.0])
@pytest.mark.parametrize(("n", "p"), [(8, 30), (30, 8), (20, 14)])
def test_regression_agrees_with_coordinate_descent(n, p, rho):
    problem = instance(n, n, p, 1, rho)
    problem.rho *= np.random.default_rng(n).uniform(0.5, 2, n)
    solved = problem.solve()
    check(problem, solved)
    assert problem.primal(solved) == pytest.approx(descend(problem), rel=1e-7)
    assert problem.dual(solved) == pytest.approx(descend(problem), rel=1e-7)


def test_regression_agrees_with_the_lasso():
    """With equal rho the problem is the lasso: 1/(2n) |y - Phi a - c|^2 + (rho / n) |a|_1, times n / rho."""
    problem = instance(3, 25, 80, 1, 0.2)
    n, rho = 25, 0.2
    lasso = Lasso(alpha=rho / n, tol=1e-12, max_iter=10**6).fit(problem.atoms, problem.values)
    value = np.sum((problem.values - lasso.predict(problem.atoms)) ** 2) / (2 * rho) + np.abs(lasso.coef_).sum()
    assert problem.primal(problem.solve()) == pytest.approx(value, rel=1e-8)


def test_few_and_many_atoms_take_two_ways_to_one_answer():
    """Repeating atoms changes nothing but which system is solved."""
    few = instance(4, 40, 12, 3, 0.05)
    many = dataclasses.replace(few, atoms=np.tile(few.atoms, (1, 5)))
    assert master.Normal(few.atoms, few.free, few.rho, np.zeros(3)).small
    assert not master.Normal(many.atoms, many.free, many.rho, np.zeros(3)).small
    one, other = few.solve(1e-11), many.solve(1e-11)
    check(few, one, 1e-11)
    np.testing.assert_allclose(one.nu, other.nu, atol=1e-6 * np.abs(one.nu).max())
    np.testing.assert_allclose(one.masses, other.masses.reshape(5, 12).sum(axis=0), atol=1e-6)
    np.testing.assert_allclose(one.coefficients, other.coefficients, atol=1e-6)


@pytest.mark.parametrize("rho", [0.0, 0.1])
def test_a_start_changes_nothing(rho):
    problem = instance(5, 15, 60, 1, rho)
    cold = problem.solve()
    rng = np.random.default_rng(0)
    off = rng.normal(size=15)
    for start in (cold.nu, 0.5 * cold.nu, 100 * cold.nu, off - off.mean(), np.zeros(15)):
        warm = problem.solve(start=start)
        check(problem, warm)
        assert problem.primal(warm) == pytest.approx(problem.primal(cold), rel=1e-8)


@pytest.mark.parametrize("rho", [0.0, 0.1])
def test_a_reward_shifts_the_dual_constraints(rho):
    """Those with a reward t, g: |Phi^T nu + t| <= 1 and F^T nu + g = 0."""
    problem = instance(6, 10, 40, 1, rho)
    rng = np.random.default_rng(1)
    inner = rng.normal(size=10)
    inner *= 0.2 / np.max(np.abs(problem.atoms.T @ inner))
    tilt, pull = rng.uniform(-0.3, 0.3, 40), -problem.free.T @ inner
    solved = problem.solve(start=inner, reward=(tilt, pull))
    correlation = problem.atoms.T @ solved.nu + tilt
    assert np.max(np.abs(correlation)) <= 1 + 1e-8
    np.testing.assert_allclose(problem.free.T @ solved.nu + pull, 0, atol=1e-8)
    np.testing.assert_allclose(problem.misfit(solved), rho * solved.nu, atol=1e-8)
    assert np.sum(np.abs(solved.masses) - solved.masses * correlation) <= 1e-7
    value = problem.primal(solved) - tilt @ solved.masses - pull @ solved.coefficients
    assert value == pytest.approx(problem.dual(solved), rel=1e-7)
    if rho == 0:
        assert value == pytest.approx(programme(problem, (tilt, pull)), rel=1e-7)


@given(seed=seeds, c=st.sampled_from([1e-100, 1e-6, 1e6, 1e100]))
@settings(max_examples=10, deadline=None)
def test_values_have_no_unit(seed, c):
    """A multiple of the values has the multiple of the masses; with rho, rho has the unit of the values."""
    problem = instance(seed, 8, 30, 1)
    large = dataclasses.replace(problem, values=c * problem.values)
    one, other = problem.solve(1e-8), large.solve(1e-8)
    norm = np.abs(one.masses).sum()
    # The gap is relative to the objective, or to 1 if that is more.
    assert abs(np.abs(other.masses).sum() / c - norm) <= 1e-6 * max(norm, 1 / c)


def degenerate(kind, rho):
    problem = instance(7, 10, 30, 1, rho)
    atoms, free, values = problem.atoms, problem.free, problem.values
    if kind == "equal atoms":
        atoms = np.repeat(atoms, 3, axis=1)
    elif kind == "opposite atoms":
        atoms = np.concatenate([atoms, -atoms], axis=1)
    elif kind == "atoms that almost agree":
        atoms = np.concatenate([atoms, atoms * (1 + 1e-13), atoms + 1e-12], axis=1)
    elif kind == "zero atoms":
        atoms = np.concatenate([atoms, np.zeros((10, 4))], axis=1)
    elif kind == "constant atoms":
        atoms = np.concatenate([atoms, np.full((10, 2), 0.7)], axis=1)
    elif kind == "equal free terms":
        free = np.ones((10, 3))
    elif kind == "rank 4":
        atoms = atoms[:, :3] @ np.random.default_rng(0).normal(size=(3, 20))
        values = atoms @ np.random.default_rng(1).normal(size=20) + 0.3
    elif kind == "equal points":
        atoms, free, values = (np.repeat(part, 2, axis=0) for part in (atoms, free, values))
    elif kind == "values of free terms":
        values = np.full(10, 3.0)
    elif kind == "zero values":
        values = np.zeros(10)
    elif kind == "one atom":
        atoms, values = atoms[:, :1], 2 * atoms[:, 0] - 1
    elif kind == "one point":
        atoms, free, values = atoms[:1] + 0.1, free[:1], values[:1]
    return Instance(atoms, free, values, np.full(len(values), rho))


KINDS = [
    "equal atoms",
    "opposite atoms",
    "atoms that almost agree",
    "zero atoms",
    "constant atoms",
    "equal free terms",
    "rank 4",
    "equal points",
    "values of free terms",
    "zero values",
    "one atom",
    "one point",
]


@pytest.mark.parametrize("rho", [0.0, 1e-8, 0.1])
@pytest.mark.parametrize("kind", KINDS)
def test_degenerate_input(kind, rho):
    problem = degenerate(kind, rho)
    solved = problem.solve(1e-8)
    check(problem, solved, 1e-8, max(1.0, float(np.max(np.abs(problem.values)))))
    if rho == 0:
        assert problem.primal(solved) == pytest.approx(programme(problem), rel=1e-6, abs=1e-7)


@given(seed=seeds)
@settings(max_examples=20, deadline=None)
def test_atoms_of_a_small_span(seed):
    """Interpolation of values in a span of few dimensions leaves most of the dual vector undetermined."""
    rng = np.random.default_rng(seed)
    n, p, rank = 12, int(rng.integers(3, 30)), int(rng.integers(1, 6))
    atoms = rng.normal(size=(n, rank)) @ rng.normal(size=(rank, p))
    problem = Instance(atoms, np.ones((n, 1)), atoms @ rng.normal(size=p) + 2.0, np.zeros(n))
    solved = problem.solve(1e-7)
    check(problem, solved, 1e-7)
    assert problem.primal(solved) == pytest.approx(programme(problem), rel=1e-5, abs=1e-6)


@pytest.mark.parametrize("apart", [1e-3, 1e-5, 1e-7])
def test_points_that_almost_agree(apart):
    """Their equations almost do, which the plain normal equations square: no digit of the value may be lost to that."""
    rng = np.random.default_rng(9)
    x = rng.normal(size=(8, 2))
    x = np.concatenate([x, x[:4] + apart * rng.normal(size=(4, 2))])
    w = rng.normal(size=(150, 2))
    atoms = np.maximum(x @ w.T - (x[rng.integers(12, size=150)] * w).sum(axis=1), 0)
    smooth = np.sin(x[:, 0]) + x[:, 1]
    problem = Instance(atoms, np.ones((12, 1)), smooth, np.zeros(12))
    solved = problem.solve(1e-7)
    assert solved.gap <= 1e-7
    assert np.max(np.abs(problem.misfit(solved))) <= 1e-9 * problem.primal(solved)
    assert np.max(np.abs(atoms.T @ solved.nu)) <= 1 + 1e-6
    assert problem.primal(solved) == pytest.approx(problem.dual(solved), rel=1e-5)


def test_a_rough_answer_is_still_well_centred():
    """Stopping early leaves the dual vector inside its constraints: that is what pricing needs."""
    problem = instance(8, 12, 60, 1)
    best = programme(problem)
    for tolerance in (1e-1, 1e-2, 1e-4):
        solved = problem.solve(tolerance)
        assert solved.gap <= tolerance
        assert np.max(np.abs(problem.atoms.T @ solved.nu)) < 1
        assert problem.dual(solved) <= best * (1 + 1e-12)
        assert problem.dual(solved) >= best - 2 * tolerance * max(1, best)


def test_what_atoms_cannot_reach_is_reported():
    """Values that no masses interpolate leave a residual, not an answer."""
    problem = Instance(np.eye(4)[:, :2], np.zeros((4, 0)), np.ones(4), np.zeros(4))
    assert problem.solve().residual > 0.1


@pytest.mark.parametrize("rho", [0.0, 1e-3])
def test_a_large_free_part_of_atoms_costs_no_digits(rho):
    """Far from the origin atoms are nearly constant: where a constant is free, only coefficients change."""
    near = instance(3, q=1, rho=rho)
    rng = np.random.default_rng(0)
    level = 2.0**24 * rng.integers(-8, 9, near.atoms.shape[1])
    near.atoms = np.round(2.0**20 * near.atoms) / 2.0**20
    far = dataclasses.replace(near, atoms=near.atoms + level)
    wanted, found = near.solve(), far.solve()
    assert far.dual(found) == pytest.approx(near.dual(wanted), rel=1e-7)
    assert found.gap <= 1e-7
    moved = found.coefficients[0] + level @ found.masses
    np.testing.assert_allclose(
        near.misfit(dataclasses.replace(found, coefficients=np.array([moved]))), rho * found.nu, atol=1e-6
    )


@pytest.mark.parametrize("calls", [3, 6, 9])
def test_a_step_that_is_not_finite_ends_it_with_the_best_so_far(monkeypatch, calls):
    rng = np.random.default_rng(0)
    instance = Instance(rng.normal(size=(8, 20)), np.ones((8, 1)), rng.normal(size=8), np.zeros(8))
    invert, count = master.Normal._invert, iter(range(1000))

    def breaks(self, right):
        return invert(self, right) * (np.nan if next(count) >= calls else 1)

    monkeypatch.setattr(master.Normal, "_invert", breaks)
    found = instance.solve()
    assert np.all(np.isfinite(found.masses))
    assert np.all(np.isfinite(found.nu))
