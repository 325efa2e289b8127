"""The judge beyond one dimension: against the exact judge on the line, programmes over dictionaries, and symmetries."""

import ast
import dataclasses
import itertools
import math
import re
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog, nnls
from tests.made import free_terms

import minnorm
from minnorm import verify
from minnorm.known import line
from minnorm.network import ShallowReLU
from minnorm.objective.norm import PathNorm
from minnorm.solution import Solution
from minnorm.verification import clock, judge
from minnorm.verification.exact import UP
from minnorm.verification.primal import lengths, path_norm, residuals
from minnorm.verification.repair import correction, rough_correction
from minnorm.verification.space import reduce

quick = settings(max_examples=6, deadline=None)
seeds = st.integers(0, 2**32 - 1)
PENALTIES = [PathNorm(*parts) for parts in itertools.product(("free", "penalised"), ("none", "free"), ("free", "none"))]
every_penalty = pytest.mark.parametrize("penalty", PENALTIES, ids=lambda p: f"{p.bias}-{p.skip}-{p.offset}")


def nothing(d, offset=0.0):
    return ShallowReLU(np.zeros((0, d)), np.zeros(0), np.zeros(0), np.array(offset))


def orthogonal(rng, rows, columns):
    return np.linalg.qr(rng.normal(size=(columns, rows)))[0].T


def admissible(nu, x, penalty):
    """nu made orthogonal to the free terms, up to rounding."""
    terms = free_terms(x, penalty)
    return nu - terms @ np.linalg.lstsq(terms, nu, rcond=None)[0]


def dual_norm(x, nu, penalty):
    y = np.zeros(len(x))
    return verify(x, y, Solution(nothing(x.shape[1]), nu, penalty)).dual_norm


# Against the exact judge on the line.


@every_penalty
@pytest.mark.parametrize("d", [2, 3])
@given(seed=seeds)
@quick
def test_a_line_in_space_is_judged_as_on_the_line(penalty, d, seed):
    """Along a coordinate or a Pythagorean direction the embedding is exact."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 9))
    t = rng.integers(-8, 9, n) / 2.0
    y = np.where(t > 0, t, -t / 2)
    nu = admissible(rng.integers(-4, 5, n).astype(float), t[:, None], penalty)
    nu = nu if np.max(np.abs(nu)) > 1e-9 else 0 * nu  # the best multiple of a rounding error is arbitrary
    net = ShallowReLU(rng.normal(size=(3, 1)), rng.normal(size=3), rng.normal(size=3), np.array(0.0))
    direction = np.array([[3.0, 4.0], [0.0, 5.0]][seed % 2] + [0.0] * (d - 2))
    flat = verify(5 * t, y, Solution(net, nu, penalty, lam=0.25))
    embedded = dataclasses.replace(net, inner_weights=net.inner_weights @ direction[None] / 5)
    here = verify(t[:, None] * direction, y, Solution(embedded, nu, penalty, lam=0.25))
    assert here.scope == "exact"
    slack = 1e-11 * (1 + np.abs(nu).sum() * 40)
    assert here.dual_norm == pytest.approx(flat.dual_norm, abs=slack)
    assert here.value == pytest.approx(flat.value, rel=1e-11)
    assert here.value >= flat.value * (1 - 1e-14)
    assert here.lower_bound == pytest.approx(flat.lower_bound, rel=1e-9, abs=1e-9)


def test_the_closed_form_on_a_line_in_space_is_certified():
    x, y = np.array([0.5, 1.0, 2.0, 3.0]), np.array([0.0, 1.0, 0.0, 0.0])
    known = line(x, y)
    direction = np.array([[2.0, -1.0, 2.0]]) / 3
    net = dataclasses.replace(known.network, inner_weights=known.network.inner_weights @ direction)
    for shift in (0.0, 100.0):
        moved = dataclasses.replace(net, biases=net.biases - shift * net.inner_weights.sum(axis=1))
        found = verify(x[:, None] * direction + shift, y, Solution(moved, known.dual))
        assert found.certified
        assert found.value == pytest.approx(4)
        assert found.lower_bound <= 4


# Against programmes over a dictionary of atoms.


def dictionary(rng, count, penalty, near=(), radius=0.0, d=2):
    """Unit (w, b), or unit w and b later, spread over the sphere and close to given ones."""
    k = d + (penalty.bias == "penalised")
    atoms = [rng.normal(size=(count, k))]
    atoms += [centre + radius * rng.normal(size=(60, k)) * rng.random((60, 1)) ** 3 for centre in near]
    atoms = np.concatenate([*atoms, np.reshape(near, (-1, k))])
    return atoms / np.linalg.norm(atoms, axis=1, keepdims=True)


def columns(x, atoms, penalty):
    """(w, b) of all atoms; with free biases each w at all kinks."""
    if penalty.bias == "penalised":
        return atoms[:, :-1], atoms[:, -1]
    w = np.repeat(atoms, len(x), axis=0)
    return w, -(atoms @ x.T).ravel()


def violators(rng, x, nu, count=60):
    """Unit (w, b) at which |h| is large: the highest of many, and each pushed uphill at random."""
    z = np.column_stack([x, np.ones(len(x))])
    height = lambda u: np.abs(np.maximum(u @ z.T, 0) @ nu)  # noqa: E731
    u = rng.normal(size=(5000, 3))
    u /= np.linalg.norm(u, axis=1, keepdims=True)
    u = u[np.argsort(-height(u))[:count]]
    for step in 0.5 ** np.arange(1, 40):
        for _ in range(4):
            other = u + step * rng.normal(size=u.shape)
            other /= np.linalg.norm(other, axis=1, keepdims=True)
            u = np.where((height(other) > height(u))[:, None], other, u)
    return u


def interpolate(x, y, penalty, rng):
    """A linear programme, refined where it puts mass: primal network and dual vector."""
    near, radius = np.zeros((0, 2 + (penalty.bias == "penalised"))), 0.0
    kept = near
    rounds, shrink = (8, 5.0) if penalty.bias == "free" else (24, 1.7)
    for k in range(rounds):
        w, b = columns(x, np.vstack([kept, dictionary(rng, 400, penalty, near, radius)]), penalty)
        phi = np.maximum(x @ w.T + b, 0)
        free = np.column_stack(
            [np.ones((len(x), int(penalty.offset == "free"))), x if penalty.skip == "free" else np.zeros((len(x), 0))]
        )
        found = linprog(
            np.concatenate([np.ones(2 * len(b)), np.zeros(free.shape[1])]),
            A_eq=np.column_stack([phi, -phi, free]),
            b_eq=y,
            bounds=[(0, None)] * (2 * len(b)) + [(None, None)] * free.shape[1],
            method="highs",
        )
        a = found.x[: len(b)] - found.x[len(b) : 2 * len(b)]
        live = np.flatnonzero(np.abs(a) > 1e-12)
        near = w[live]
        if penalty.bias == "penalised":
            near = np.column_stack([w, b])[live]
            kept = np.vstack([kept, near, violators(rng, x, found.eqlin.marginals)])
        radius = 0.3 / shrink**k
    # The programme meets its constraints to 1e-9: least squares on the atoms it chose meets them to rounding.
    support = np.column_stack([phi[:, live], free])
    polished = np.concatenate([a[live], found.x[2 * len(b) :]])
    polished = polished + np.linalg.lstsq(support, y - support @ polished, rcond=None)[0]
    a[live], rest = polished[: len(live)], polished[len(live) :]
    offset = rest[0] if penalty.offset == "free" else 0.0
    skip = rest[-2:] if penalty.skip == "free" else None
    return ShallowReLU(w[live], b[live], a[live], np.array(offset), skip), found.eqlin.marginals


@pytest.mark.slow
@pytest.mark.parametrize(
    "penalty",
    [PathNorm(), PathNorm(skip="free"), PathNorm("penalised"), PathNorm("penalised", offset="none")],
    ids=lambda p: f"{p.bias}-{p.skip}-{p.offset}",
)
def test_interpolation_in_the_plane(penalty):
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(8, 2)), rng.normal(size=8)
    net, nu = interpolate(x, y, penalty, rng)
    tolerance = 1e-5 if penalty.bias == "free" else 1e-4
    found = verify(x, y, Solution(net, nu, penalty), tolerance=tolerance)
    assert found.scope == "exact"
    assert 0 <= found.gap < tolerance
    assert found.residual < 1e-8
    assert found.certified
    if penalty.bias == "penalised":
        z, atoms = np.column_stack([x, np.ones(len(x))]), violators(rng, x, nu)
        highest = np.max(np.abs(np.maximum(atoms @ z.T, 0) @ nu))
        assert highest <= found.dual_norm <= highest * (1 + tolerance)
    wrong = nu + 0.05 * admissible(rng.normal(size=8), x, penalty)
    for solution in (
        Solution(net, wrong, penalty),
        Solution(net, -nu, penalty),
        Solution(net, 0 * nu, penalty),
        Solution(dataclasses.replace(net, outer_weights=net.outer_weights * 1.001), nu, penalty),
        Solution(nothing(2), nu, penalty),
    ):
        against = verify(x, y, solution, tolerance=tolerance)
        assert not against.certified
        assert against.lower_bound <= found.value * (1 + 1e-12)


def test_weight_decay_in_the_plane():
    rng = np.random.default_rng(4)
    penalty, lam = PathNorm(), 0.03
    x, y = rng.normal(size=(8, 2)), rng.normal(size=8)
    near, radius = np.zeros((0, 2)), 0.0
    for k in range(7):
        w, b = columns(x, dictionary(rng, 100, penalty, near, radius), penalty)
        phi = np.maximum(x @ w.T + b, 0)
        centred = phi - phi.mean(axis=0)
        # With a = p - q and p, q >= 0 the penalty is linear, and part of a least-squares problem with bounds.
        both = np.column_stack([centred, -centred])
        target = y - y.mean()
        dual, p = nonnegative(both, target, lam * len(y))
        a = p[: len(b)] - p[len(b) :]
        live = np.flatnonzero(np.abs(a) > 1e-9)
        near, radius = w[live], 0.3 / 6.0**k
    net = ShallowReLU(w[live], b[live], a[live], np.array(y.mean() - phi.mean(axis=0)[live] @ a[live]))
    found = verify(x, y, Solution(net, (y - net.evaluate(x)) / len(y), penalty, lam), tolerance=1e-5)
    assert found.scope == "exact"
    assert found.lower_bound <= found.value
    assert found.certified
    assert np.linalg.norm(dual) > 0
    worse = dataclasses.replace(net, outer_weights=net.outer_weights * 1.02)
    assert not verify(x, y, Solution(worse, (y - net.evaluate(x)) / len(y), penalty, lam), tolerance=1e-5).certified
    null = verify(x, y, Solution(nothing(2, y.mean()), (y - y.mean()) / len(y), penalty, lam=50.0))
    assert null.certified
    assert null.value == pytest.approx(np.var(y) / 2)


def nonnegative(matrix, target, price):
    """min |M p - t|^2 / 2 + price sum p over p >= 0: through its dual, a projection on {u : M^T u <= price}."""
    # The projection of t on a polyhedron is t - M p; its multipliers p solve a least-squares problem (Lawson & Hanson).
    rows = np.vstack([-matrix, -(price - target @ matrix)])
    q, _ = nnls(rows, np.append(np.zeros(len(target)), 1.0), maxiter=20 * rows.shape[1])
    r = rows @ q - np.append(np.zeros(len(target)), 1.0)
    return -r[:-1] / r[-1] + target, -q / r[-1]


# Symmetries and degenerate data.


@every_penalty
@given(seed=seeds)
@quick
def test_the_order_and_repetition_of_points_do_not_matter(penalty, seed):
    rng = np.random.default_rng(seed)
    x = rng.integers(-3, 4, (7, 2)).astype(float)
    nu = admissible(rng.normal(size=7), x, penalty)
    wanted = dual_norm(x, nu, penalty)
    order = rng.permutation(7)
    assert dual_norm(x[order], nu[order], penalty) == pytest.approx(wanted, rel=1e-9, abs=1e-9)
    share = rng.normal(size=7)
    twice = dual_norm(np.vstack([x, x]), np.append(nu - share, share), penalty)
    assert twice == pytest.approx(wanted, rel=1e-9, abs=1e-9)


@every_penalty
@pytest.mark.parametrize("power", [-200, 60, 150])
def test_corrections_are_exact_where_the_last_bit_is_a_large_power_of_two(penalty, power):
    x = 2.0**power * np.array([[0, 0], [1, 0], [0, 1], [3, 5]])
    nu = np.array([1.0, -2.0, 3.0, 0.5])
    total = [Fraction(float(v)) for v in nu]
    for j, part in correction(x, nu, penalty).items():
        total[j] += part
    for column in free_terms(x, penalty).T:
        assert sum(t * Fraction(float(v)) for t, v in zip(total, column, strict=True)) == 0


@pytest.mark.parametrize("penalty", [PathNorm(), PathNorm("penalised"), PathNorm("penalised", offset="none")])
@pytest.mark.parametrize("k", [2, 3])
@given(seed=seeds)
@settings(max_examples=2, deadline=None)
def test_rotations_and_more_coordinates_do_not_matter(penalty, k, seed):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(8, k))
    nu = admissible(rng.normal(size=8), x, penalty)
    wanted = dual_norm(x, nu, penalty)
    turned = x @ orthogonal(rng, k, 5)
    assert dual_norm(turned, nu, penalty) == pytest.approx(wanted, rel=1e-8)
    if penalty.bias == "free":
        assert dual_norm(turned + 10 * rng.normal(size=5), nu, penalty) == pytest.approx(wanted, rel=1e-8)
        assert dual_norm(2.0**40 * x, nu, penalty) == pytest.approx(2.0**40 * wanted, rel=1e-14)
        assert dual_norm(1e-160 * x, 1e200 * nu, penalty) == pytest.approx(1e40 * wanted, rel=1e-8)


@given(seed=seeds)
@quick
def test_an_exact_embedding_with_a_free_skip(seed):
    rng = np.random.default_rng(seed)
    x = rng.integers(-8, 9, (8, 2)) / 4.0
    embed = rng.integers(-2, 3, (2, 5)).astype(float)
    metric = np.linalg.cholesky(embed @ embed.T + 1e-9 * np.eye(2))
    penalty = PathNorm(skip="free")
    nu = admissible(rng.normal(size=8), x, penalty)
    assert dual_norm(x @ embed, nu, penalty) == pytest.approx(dual_norm(x @ metric, nu, penalty), rel=1e-3, abs=1e-3)


def test_a_free_skip_along_rounding_errors_is_no_proof():
    """Five points of a plane in R^5, up to rounding, can be interpolated by a linear function."""
    rng = np.random.default_rng(0)
    x = np.array([[0, 0], [1, 0], [0, 1], [-1, 0.3], [0.4, -1]]) @ orthogonal(rng, 2, 5)
    y = np.array([1.0, 0, 0, 0, 0])
    nu = admissible(y, x, PathNorm(skip="free"))
    assert verify(x, y, Solution(nothing(5), nu, PathNorm(skip="free"))).lower_bound < 1e-6


@every_penalty
@pytest.mark.parametrize(
    "x",
    [
        np.array([[1.0, 2.0]]),
        np.zeros((1, 3)),
        np.ones((4, 2)),
        np.array([[0.0, 1.0], [0.0, 1.0], [2.0, 1.0]]),
        np.array([[0.0, 0.0], [1.0, 2.0], [2.0, 4.0], [3.0, 6.0]]),
        np.array(list(itertools.product(range(4), repeat=2)), dtype=float),
    ],
    ids=["one", "origin", "equal", "repeated", "collinear", "grid"],
)
def test_degenerate_data(x, penalty):
    rng = np.random.default_rng(0)
    n, d = x.shape
    for nu in (np.zeros(n), admissible(rng.normal(size=n), x, penalty), rng.normal(size=n), np.eye(n)[0]):
        flat = Solution(nothing(d, 2.5 if penalty.offset == "free" else 0.0), nu, penalty)
        y = np.full(n, 2.5 if penalty.offset == "free" else 0.0)
        found = verify(x, y, flat)
        assert found.certified == (found.lower_bound >= -1e-6)
        assert found.lower_bound <= 1e-12
        assert (found.value, found.scope) == (0, "exact")
        assert found.residual < 1e-12
        assert math.isfinite(found.dual_norm)
        w = rng.normal(size=(200, d))
        b = -(w @ x.T).max(axis=1) + rng.random(200) * np.ptp(w @ x.T, axis=1)
        if np.allclose(nu @ free_terms(x, penalty), 0):
            h = np.abs(np.maximum(w @ x.T + b[:, None], 0) @ nu) / penalty.atom_cost(w, b)
            assert np.max(h) <= found.dual_norm + 1e-12
    assert verify(x, y, dataclasses.replace(flat, dual=np.zeros(n))).certified


def test_constant_labels_have_norm_zero():
    x = np.random.default_rng(0).normal(size=(6, 2))
    found = verify(x, np.full(6, 3.0), Solution(nothing(2, 3.0), np.zeros(6)))
    assert (found.value, found.lower_bound, found.gap, found.certified) == (0, 0, 0, True)


# The parts.


@every_penalty
@pytest.mark.parametrize("d", [1, 2, 4])
@given(seed=seeds)
@settings(max_examples=8, deadline=None)
def test_corrections_are_exact_and_small(penalty, d, seed):
    rng = np.random.default_rng(seed)
    x = rng.integers(-3, 4, (8, d)).astype(float) if seed % 2 else rng.normal(size=(8, d))
    nu = admissible(rng.normal(size=8), x, penalty)
    change = correction(x, nu, penalty)
    total = [Fraction(float(v)) + change.get(j, Fraction(0)) for j, v in enumerate(nu)]
    terms = []
    if penalty.offset == "free" or penalty.bias == "free":
        terms.append([Fraction(1)] * 8)
    if penalty.skip == "free":
        terms += [[Fraction(float(v)) for v in column] for column in x.T]
    assert all(sum(t * v for t, v in zip(total, term, strict=True)) == 0 for term in terms)
    assert max((abs(part) for part in change.values()), default=0) < 1e-10
    rough = rough_correction(x, nu, penalty) if penalty.skip == "free" else {}
    assert max((abs(part) for part in rough.values()), default=0) < 1e-13


def test_corrections_that_are_too_large_a_computation_are_left():
    x = np.random.default_rng(0).normal(size=(60, 45))
    nu = np.random.default_rng(1).normal(size=60)
    assert correction(x, nu, PathNorm(skip="free")) is None
    for data in (x, x[:, :1] + np.zeros(45), np.zeros((60, 45))):
        assert verify(data, 0 * nu, Solution(nothing(45), nu, PathNorm(skip="free"))).scope == "searched"


@given(seed=seeds, d=st.integers(2, 5), m=st.integers(0, 12), away=st.sampled_from([0.0, 1.0, 1e8]))
@quick
def test_residuals_and_norm_are_bounded_above_and_closely(seed, d, m, away):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(3, d)) + away
    w = rng.normal(size=(m, d))
    net = ShallowReLU(
        w,
        rng.normal(size=m) - w @ x[0],
        rng.normal(size=m),
        np.array(1.0 + away),
        rng.normal(size=d) if seed % 2 else None,
    )
    y = net.evaluate(x)
    found = residuals(net, x, y)
    assert np.all(residuals(net, x, y + 1.0, 2.0**-36) >= residuals(net, x, y + 1.0) * (1 - 1e-15))
    for i in range(3):
        exact = abs(exact_value(net, x[i]) - Fraction(float(y[i])))
        assert exact <= Fraction(found[i])
        assert found[i] <= float(exact) * (1 + 1e-14) + 1e-26 * (1 + away) * (m + 1)
    for penalty in (PathNorm(skip="free"), PathNorm("penalised", skip="free")):
        atoms = net.inner_weights if penalty.bias == "free" else np.column_stack([net.inner_weights, net.biases])
        wanted = math.fsum(abs(v) * math.hypot(*row) for v, row in zip(net.outer_weights.tolist(), atoms, strict=True))
        assert wanted * (1 - 1e-15) <= path_norm(net, penalty) <= wanted * (1 + 1e-13)


def exact_value(net, point):
    """f at a point, as a rational number."""
    point = [Fraction(float(v)) for v in point]
    inner = [[Fraction(float(v)) for v in row] for row in net.inner_weights]
    skip = [] if net.skip is None else [Fraction(float(v)) for v in net.skip]
    value = Fraction(float(net.offset)) + sum(v * p for v, p in zip(skip, point, strict=False))
    for w, b, a in zip(inner, net.biases.tolist(), net.outer_weights.tolist(), strict=True):
        value += Fraction(a) * max(Fraction(0), Fraction(b) + sum(v * p for v, p in zip(w, point, strict=True)))
    return value


@given(seed=seeds)
@quick
def test_a_residual_without_rounding_is_exact(seed):
    rng = np.random.default_rng(seed)
    w, b, a, v = (rng.integers(-8, 9, size) / 4.0 for size in ((5, 2), 5, 5, 2))
    net, x = ShallowReLU(w, b, a, np.array(1e9), v), rng.integers(-8, 9, (4, 2)) / 2.0
    y = np.array([float(exact_value(net, point)) for point in x])
    np.testing.assert_array_equal(residuals(net, x, y), 0.0)
    np.testing.assert_array_equal(residuals(net, x, y + 0.25), 0.25 * UP)


def test_lengths_at_the_ends_of_the_range():
    assert lengths(np.array([[3e-320, 4e-320], [3e300, 4e300], [0.0, 0.0]])) == pytest.approx([5e-320, 5e300, 0])
    assert lengths(np.full((1, 4), 1.7e308))[0] == math.inf


def test_numbers_beyond_the_range_prove_nothing():
    x = np.array([[1e200, 0.0], [0.0, 1e200], [0.0, 0.0]])
    net = ShallowReLU(np.full((1, 2), 1e200), np.zeros(1), np.ones(1), np.array(0.0))
    found = verify(x, np.zeros(3), Solution(net, np.array([1e200, 1.0, -1e200])))
    assert found.residual == math.inf
    assert found.dual_norm == math.inf
    assert not found.certified


def test_coordinates_pay_for_what_they_leave_out():
    rng = np.random.default_rng(0)
    x = np.column_stack([rng.normal(size=(10, 2)), 1e-14 * rng.normal(size=10)])
    nu = admissible(rng.normal(size=10), x, PathNorm())
    problem = reduce(x, nu, np.zeros(10), PathNorm())
    assert problem.coordinates.shape[1] == 2
    assert 1e-15 < problem.price < 1e-10
    assert 1 <= problem.stretch < 1 + 1e-12


# The public face.


def test_bad_input_is_named():
    x, y = np.zeros((2, 2)), np.zeros(2)
    with pytest.raises(ValueError, match="points has 2 columns and the solution's network takes 3"):
        verify(x, y, Solution(nothing(3), np.zeros(2)))
    with pytest.raises(ValueError, match=r"dual vector has shape \(3,\)"):
        verify(x, y, Solution(nothing(2), np.zeros(3)))
    with pytest.raises(ValueError, match="not finite"):
        verify(x, y, Solution(nothing(2, np.nan), np.zeros(2)))
    with pytest.raises(ValueError, match="offset"):
        verify(x, y, Solution(nothing(2, 1.0), np.zeros(2), PathNorm(offset="none")))


def test_an_enumeration_obeys_the_clock_and_tells_how_far_it_is(monkeypatch):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(14, 3))
    solution = Solution(nothing(3), admissible(rng.normal(size=14), x, PathNorm()))
    seen = []
    assert verify(x, np.zeros(14), solution, progress=seen.append).scope == "exact"
    assert seen == sorted(seen)
    assert len(seen) > 10
    assert seen[-1] == 1
    # The clock jumps by a second each time it is asked, so an enumeration is stopped half-way.
    ticks = itertools.count()
    for module in (clock, judge):
        monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: float(next(ticks))))
    stopped = []
    found = verify(x, np.zeros(14), solution, time_limit=60, progress=stopped.append)
    assert (found.scope, found.certified) == ("searched", False)
    assert 0 < stopped[-2] < 1
    with pytest.raises(ValueError, match="time_limit is -1"):
        verify(x, np.zeros(14), solution, time_limit=-1)


def test_a_limit_takes_the_place_of_patience():
    for effort in (0.0, 1.0):
        assert 599 < judge._clock(effort, 600.0, None).left <= 600
        assert judge._clock(effort, None, None).left <= 40 * effort


def test_the_package_does_not_hide_the_function():
    assert callable(minnorm.verify)
    assert minnorm.verify is verify


def test_the_judge_imports_nothing_that_computes():
    for path in (Path(minnorm.__file__).parent / "verification").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
            names.append(getattr(node, "module", None) or "")
            assert not any(part in name for name in names for part in ("solve", "compensated", "minnorm.known"))
            assert "known" not in names
            assert "_native" not in names or path.name in ("boxes.py", "branching.py", "strips.py")


@pytest.mark.slow
def test_the_judge_has_compiled_code_of_its_own():
    root = Path(minnorm.__file__).parent

    def used(path):
        nodes = ast.walk(ast.parse(path.read_text()))
        calls = (node for node in nodes if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name))
        return {node.attr for node in calls if node.value.id == "_native"}

    assert used(root / "verification" / "branching.py") == {"branch", "cover"}
    assert used(root / "verification" / "strips.py") == {"stripe"}
    assert used(root / "verification" / "boxes.py") == {"enclose"}
    # The solver asks branching on cones for places where its searches start, too: no bound of it is used.
    starts, judges = root / "solve" / "pricing" / "oracle.py", {"branch", "cover", "enclose", "stripe"}
    assert judges & used(starts) == {"cover"}
    assert not any(judges & used(path) for path in (root / "solve").rglob("*.py") if path != starts)
    own = {f"{name}.hpp" for name in ("boxes", "branch", "cones", "shortest", "strips", "parallel", "watch")}
    for name in ("boxes", "branch", "cones", "shortest", "strips"):
        for kind in ("cpp", "hpp"):
            assert (
                set(re.findall(r'#include "(.*)"', (root.parents[1] / "native" / f"{name}.{kind}").read_text())) <= own
            )


def test_an_objective_beyond_the_range_of_floats_is_infinite():
    x = np.linspace(0.0, 1.0, 5)[:, None] * np.ones(2)
    net = ShallowReLU(np.zeros((0, 2)), np.zeros(0), np.zeros(0), np.asarray(0.0))
    found = verify(x, np.full(5, 8e153) * np.arange(5), Solution(net, np.zeros(5), PathNorm(), 1.0))
    assert found.value == np.inf
    assert not found.certified
