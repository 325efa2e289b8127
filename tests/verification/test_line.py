"""The judge on the line against rational arithmetic, linear programmes and answers known by hand."""

import dataclasses
import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog, minimize

from minnorm import verify
from minnorm.known import line
from minnorm.network import ShallowReLU
from minnorm.objective.norm import PathNorm
from minnorm.solution import Solution

quick = settings(max_examples=40, deadline=None)
seeds = st.integers(0, 2**32 - 1)
PENALTIES = [PathNorm(*parts) for parts in itertools.product(("free", "penalised"), ("none", "free"), ("free", "none"))]
penalties = st.sampled_from(PENALTIES)
halves = st.integers(-8, 8).map(lambda k: k / 2)
NOTHING = ShallowReLU(np.zeros((0, 1)), np.zeros(0), np.zeros(0), np.array(0.0))


def annihilates_constants(penalty):
    return penalty.offset == "free" or penalty.bias == "free"


@st.composite
def data(draw, least=2):
    """Dyadic numbers, so that orthogonality holds exactly."""
    x = draw(st.lists(halves, min_size=least, max_size=6, unique=True))
    y = draw(st.lists(halves, min_size=len(x), max_size=len(x)))
    return np.array(x), np.array(y)


@st.composite
def networks(draw, penalty):
    w, b, a = np.array(draw(st.lists(st.tuples(halves, halves, halves), max_size=5))).reshape(-1, 3).T
    offset = draw(halves) if penalty.offset == "free" else 0.0
    skip = np.array([draw(halves)]) if penalty.skip == "free" else None
    return ShallowReLU(w[:, None], b, a, np.array(offset), skip)


@st.composite
def feasible_duals(draw, x, penalty):
    """Vectors that are orthogonal to the unpenalised terms: sums of the smallest ones of that kind."""
    nu = np.zeros(x.size)
    constants, linear = annihilates_constants(penalty), penalty.skip == "free"
    size = 1 + constants + linear
    for chosen in draw(st.lists(st.permutations(range(x.size)), min_size=1, max_size=3)):
        if size > x.size:
            continue
        i = np.array(chosen[:size])
        if constants and linear:
            vector = [x[i[2]] - x[i[1]], x[i[0]] - x[i[2]], x[i[1]] - x[i[0]]]
        elif linear:
            vector = [x[i[1]], -x[i[0]]]
        else:
            vector = [1.0, -1.0][:size]
        nu[i] += draw(halves) * np.array(vector)
    return nu


def fractions(array):
    return [Fraction(float(number)) for number in array]


def relu(number):
    return max(number, Fraction(0))


def exact_value(net, x, penalty):
    """The path norm and the network at the points."""
    neurons = list(
        zip(fractions(net.inner_weights[:, 0]), fractions(net.biases), fractions(net.outer_weights), strict=True)
    )
    if penalty.bias == "penalised":
        norm = sum(float(abs(a)) * math.sqrt(w * w + b * b) for w, b, a in neurons)
    else:
        norm = sum((abs(a * w) for w, b, a in neurons), Fraction(0))
    c, v = Fraction(float(net.offset)), Fraction(0 if net.skip is None else float(net.skip[0]))
    return norm, [c + v * t + sum(a * relu(w * t + b) for w, b, a in neurons) for t in fractions(x)]


def exact_dual_norm(x, nu, penalty):
    """The largest |h| / cost over all atoms, by its square: at knots, and with penalised biases between them."""
    points = list(zip(fractions(x), fractions(nu), strict=True))
    squares = [Fraction(0)]
    for side, (t, _) in itertools.product((1, -1), points):
        h = sum(n * relu(side * (s - t)) for s, n in points)
        squares.append(h * h / (1 + t * t if penalty.bias == "penalised" else 1))
    if penalty.bias == "penalised":
        squares.append(sum(n for _, n in points) ** 2)
        ends = [-math.inf, *sorted(s for s, _ in points), math.inf]
        for side, (low, high) in itertools.product((1, -1), itertools.pairwise(ends)):
            active = [(s, n) for s, n in points if (s >= high if side == 1 else s <= low)]
            p, q = side * sum(s * n for s, n in active), sum(n for _, n in active)
            if p and low <= -side * Fraction(q) / p <= high:
                squares.append(Fraction(p * p + q * q))
    return math.sqrt(max(squares))


@quick
@given(st.data(), penalties, st.sampled_from([0.0, 0.25, 2.0]))
def test_every_number_agrees_with_rational_arithmetic_and_errs_on_the_safe_side(draws, penalty, lam):
    x, y = draws.draw(data())
    net = draws.draw(networks(penalty))
    nu = draws.draw(feasible_duals(x, penalty))
    norm, values = exact_value(net, x, penalty)
    if lam == 0:
        y = np.array([float(value) for value in values])  # dyadic, so an interpolant to the last digit
    found = verify(x, y, Solution(net, nu, penalty, lam))
    errors = [value - target for value, target in zip(values, fractions(y), strict=True)]
    assert found.scope == "exact"
    rounded_knots = 2.0**-51 * float(np.abs(net.outer_weights) @ np.abs(net.biases))
    residual = float(max(map(abs, errors)))
    assert residual <= found.residual <= residual * (1 + 1e-14) + rounded_knots
    dual_norm = exact_dual_norm(x, nu, penalty)
    assert dual_norm * (1 - 1e-15) <= found.dual_norm <= dual_norm * (1 + 1e-14)
    against = float(sum(n * target for n, target in zip(fractions(nu), fractions(y), strict=True)))
    if lam == 0:
        value, lower = float(norm), max(0.0, against / (dual_norm or 1.0))
        if penalty.bias == "free" and found.residual == 0:
            assert found.value == value
    else:
        value = float(sum(e * e for e in errors)) / (2 * x.size) + lam * float(norm)
        t = max(0.0, against) / (x.size * float(nu @ nu)) if np.any(nu) else 0.0
        t = min(t, lam / dual_norm) if dual_norm else t
        lower = t * against - t * t * x.size * float(nu @ nu) / 2
    slack = 1e-13 * (1 + abs(value) + float(np.abs(nu) @ np.abs(y)) + x.size * float(nu @ nu))
    assert value * (1 - 1e-15) <= found.value <= value + slack + (1 + 4 * residual) * rounded_knots
    assert abs(found.lower_bound - lower) <= slack
    if lam == 0:
        assert found.lower_bound <= lower * (1 + 1e-15)


@quick
@given(st.data(), penalties)
def test_no_atom_exceeds_the_dual_norm(draws, penalty):
    x, _ = draws.draw(data())
    nu = draws.draw(feasible_duals(x, penalty))
    rng = np.random.default_rng(draws.draw(seeds))
    angle = rng.uniform(0, 2 * np.pi, 400)
    atoms = ShallowReLU(np.cos(angle)[:, None], np.sin(angle), np.ones(400), np.array(0.0))
    found = verify(x, np.zeros(x.size), Solution(NOTHING, nu, penalty))
    assert np.max(np.abs(penalty.correlation(nu, x[:, None], atoms))) <= found.dual_norm * (1 + 1e-9) + 1e-9


# Linear programmes.


def line_atoms(x):
    """With free biases knots at the data are enough."""
    w = np.repeat([1.0, -1.0], x.size)
    return w, -w * np.tile(x, 2)


def circle_atoms(x, count):
    """All directions of (w, b) on a grid, and those with knots at the data, where h has its kinks."""
    angle = 2 * np.pi * np.arange(count) / count
    w, b = line_atoms(x)
    size = np.hypot(w, b)
    return np.concatenate([np.cos(angle), w / size]), np.concatenate([np.sin(angle), b / size])


def programme(x, y, penalty, w, b):
    """The least path norm over these atoms, as a network with its dual vector."""
    phi = np.maximum(np.outer(x, w) + b, 0)
    constants = np.ones((x.size, int(annihilates_constants(penalty))))
    linear = x[:, None][:, : int(penalty.skip == "free")]
    cost = np.hypot(w, b) if penalty.bias == "penalised" else np.abs(w)
    free = constants.shape[1] + linear.shape[1]
    found = linprog(
        np.concatenate([cost, cost, np.zeros(free)]),
        A_eq=np.hstack([phi, -phi, constants, linear]),
        b_eq=y,
        bounds=[(0, None)] * (2 * w.size) + [(None, None)] * free,
        method="highs",
    )
    mass = found.x[: w.size] - found.x[w.size : 2 * w.size]
    rest = found.x[2 * w.size :]
    net = ShallowReLU(
        w[:, None],
        b,
        mass,
        np.array(rest[0] if constants.size else 0.0),
        rest[-1:] if linear.size else None,
    )
    return found.fun, Solution(net, np.asarray(found.eqlin.marginals), penalty)


@quick
@given(data(), st.sampled_from(["none", "free"]))
def test_an_optimal_vertex_of_the_linear_programme_is_certified(points, skip):
    x, y = points
    penalty = PathNorm(skip=skip)
    optimum, solution = programme(x, y, penalty, *line_atoms(x))
    found = verify(x, y, solution)
    assert found.certified
    assert found.value == pytest.approx(optimum, rel=1e-9, abs=1e-9)
    assert found.lower_bound == pytest.approx(optimum, rel=1e-9, abs=1e-9)


@pytest.mark.slow
@quick
@given(data(), penalties, seeds)
def test_no_dual_vector_gives_a_bound_above_an_attained_norm(points, penalty, seed):
    x, y = points
    w, b = line_atoms(x) if penalty.bias == "free" else circle_atoms(x, 64)
    optimum, solution = programme(x, y, penalty, w, b)
    rng = np.random.default_rng(seed)
    for size in (0.0, 1e-15, 1e-8, 1e-2, 1.0, 1e6):
        nu = solution.dual + size * rng.normal(size=x.size)
        bound = verify(x, y, Solution(NOTHING, nu, penalty)).lower_bound
        assert bound <= optimum * (1 + 1e-9) + 1e-9


@pytest.mark.parametrize(
    ("x", "y", "minimum"),
    [([-1.0, 0.0, 1.0], [0.0, 1.0, 0.0], 3.0), ([0.5, 1.0, 2.0, 3.0], [0.0, 1.0, 0.0, 0.0], 6.479)],
)
def test_penalised_biases_without_offset_against_a_fine_grid_of_atoms(x, y, minimum):
    x, y = np.array(x), np.array(y)
    optimum, solution = programme(x, y, PathNorm(bias="penalised", offset="none"), *circle_atoms(x, 8000))
    found = verify(x, y, solution, tolerance=1e-5)
    assert found.certified
    assert found.value == pytest.approx(optimum, rel=1e-9)
    assert found.lower_bound <= optimum * (1 + 1e-9)
    assert found.value == pytest.approx(minimum, abs=1e-3)


@pytest.mark.parametrize("penalty", [p for p in PENALTIES if p.bias == "penalised"], ids=str)
def test_penalised_biases_are_certified_on_a_fine_grid_of_atoms(penalty):
    rng = np.random.default_rng(1)
    x, y = np.sort(rng.normal(size=6)), rng.normal(size=6)
    _, solution = programme(x, y, penalty, *circle_atoms(x, 4000))
    assert verify(x, y, solution, tolerance=1e-4).certified


# Weight decay.


@pytest.mark.parametrize("lam", [0.01, 0.2, 0.25, 3.0])
def test_weight_decay_on_two_points_by_hand(lam):
    # f = c + s relu(x) on (0, 0), (1, 1): (1 - s)^2 / 8 + lam s is least at s = 1 - 4 lam, or s = 0.
    s = max(0.0, 1 - 4 * lam)
    net = ShallowReLU(np.ones((1, 1)), np.zeros(1), np.array([s]), np.array((1 - s) / 2))
    al = min(lam, 0.25)
    found = verify([0.0, 1.0], [0.0, 1.0], Solution(net, np.array([-al, al]), PathNorm(), lam))
    optimum = lam - 2 * lam**2 if lam < 0.25 else 1 / 8
    assert found.value == pytest.approx(optimum, rel=1e-14)
    assert found.lower_bound == pytest.approx(optimum, rel=1e-13)
    assert found.certified
    assert found.residual == pytest.approx((1 - s) / 2)


@settings(max_examples=15, deadline=None)
@given(st.integers(3, 6), seeds, st.sampled_from(["none", "free"]), st.sampled_from([1e-3, 1e-2, 0.1]))
def test_weight_decay_against_the_dual_quadratic_programme(n, seed, skip, lam):
    rng = np.random.default_rng(seed)
    x, y = np.cumsum(rng.uniform(0.2, 1, n)), rng.normal(size=n)
    w, b = line_atoms(x)
    phi = np.maximum(np.outer(x, w) + b, 0)
    free = np.stack([np.ones(n), x][: 1 + (skip == "free")], axis=1)
    # In units of lam the constraints read |phi^T nu| <= 1.
    found = minimize(
        lambda nu: lam * n * nu @ nu / 2 - nu @ y,
        np.zeros(n),
        jac=lambda nu: lam * n * nu - y,
        method="SLSQP",
        constraints=[
            {"type": "ineq", "fun": lambda nu: 1 - phi.T @ nu, "jac": lambda nu: -phi.T},
            {"type": "ineq", "fun": lambda nu: 1 + phi.T @ nu, "jac": lambda nu: phi.T},
            {"type": "eq", "fun": lambda nu: free.T @ nu, "jac": lambda nu: free.T},
        ],
        options={"ftol": 1e-14, "maxiter": 500},
    )
    assume(found.success)
    al = lam * found.x
    penalty = PathNorm(skip=skip)
    # The optimal network is a minimum-norm interpolant of its own values y - n al.
    net = line(x, y - n * al, penalty, certify=False).network
    certificate = verify(x, y, Solution(net, al, penalty, lam), tolerance=1e-7)
    assert certificate.certified
    assert certificate.lower_bound == pytest.approx(-lam * found.fun, abs=1e-7)


# What must not be certified.

X, Y = np.array([0.5, 1.0, 2.0, 3.0]), np.array([0.0, 1.0, 0.0, 0.0])


def changed(solution, **parts):
    return dataclasses.replace(solution, network=dataclasses.replace(solution.network, **parts))


@pytest.mark.parametrize("skip", ["none", "free"])
def test_wrong_claims_are_not_certified(skip):
    solution = line(X, Y, PathNorm(skip=skip), certify=False)
    net = solution.network
    assert verify(X, Y, solution).certified
    waste = ShallowReLU(
        np.vstack([net.inner_weights, [[1.0], [1.0]]]),
        np.append(net.biases, [-1.5, -1.5]),
        np.append(net.outer_weights, [1e-5, -1e-5]),
        net.offset,
        net.skip,
    )
    wrong = [
        dataclasses.replace(solution, dual=np.zeros(4)),
        dataclasses.replace(solution, dual=-solution.dual),
        dataclasses.replace(solution, dual=solution.dual[::-1].copy()),
        dataclasses.replace(solution, dual=solution.dual + np.array([0.0, 1e-4, 0.0, -1e-4])),
        dataclasses.replace(solution, network=waste),
        changed(solution, outer_weights=net.outer_weights * (1 + 1e-5)),
        changed(solution, offset=np.asarray(net.offset + 1e-5)),
        changed(solution, biases=net.biases + 1e-5),
    ]
    for claim in wrong:
        assert not verify(X, Y, claim).certified
    assert not verify(X, [*Y[:3], 1e-5], solution).certified
    assert not verify(X, Y, changed(solution, offset=np.asarray(net.offset + 1e-8))).certified
    assert verify(X, Y, changed(solution, offset=np.asarray(net.offset + 1e-12))).certified


def test_the_bound_does_not_depend_on_the_size_of_the_dual_vector():
    solution = line(X, Y)
    for factor in (0.25, 4.0, 2.0**40):
        scaled = dataclasses.replace(solution, dual=factor * solution.dual)
        assert verify(X, Y, scaled).lower_bound == pytest.approx(solution.lower_bound, rel=1e-14)


def test_a_certificate_in_the_solution_is_not_trusted():
    solution = line(X, Y)
    forged = dataclasses.replace(solution, dual=np.zeros(4))
    assert forged.certified
    assert verify(X, Y, forged).lower_bound == 0.0


@pytest.mark.slow
@quick
@given(st.data(), penalties)
def test_order_and_split_of_the_data_do_not_matter(draws, penalty):
    x, y = draws.draw(data())
    net, nu = draws.draw(networks(penalty)), draws.draw(feasible_duals(x, penalty))
    found = verify(x, y, Solution(net, nu, penalty))
    order = np.array(draws.draw(st.permutations(range(x.size))))
    twice = np.concatenate([order, order])
    half = np.concatenate([0.25 * nu[order], 0.75 * nu[order]])
    for again in (
        verify(x[order], y[order], Solution(net, nu[order], penalty)),
        verify(x[twice][:, None], y[twice], Solution(net, half, penalty)),
    ):
        assert dataclasses.astuple(again) == dataclasses.astuple(found)


def test_a_dual_vector_that_misses_orthogonality_by_rounding_pays_for_it():
    solution = line(X, Y, PathNorm(skip="free"))
    nu = solution.dual + np.array([1e-9, 2e-9, -1e-9, 1e-9])
    found = verify(X, Y, dataclasses.replace(solution, dual=nu))
    assert 1e-10 < solution.lower_bound - found.lower_bound < 1e-7
    assert found.certified


def test_one_point_and_one_place_are_data_too():
    constant = dataclasses.replace(NOTHING, offset=np.array(2.0))
    for penalty in PENALTIES:
        if penalty.offset == "free":
            for x in ([3.0], [3.0, 3.0], [0.0, 0.0]):
                nu = np.resize([1.0, -0.5], len(x))
                found = verify(x, np.full(len(x), 2.0), Solution(constant, nu, penalty))
                assert found.certified
                assert found.value == found.residual == 0.0
                assert found.lower_bound <= 0.0


def test_a_knot_beyond_the_range_of_floats_is_beyond_every_point():
    net = ShallowReLU(np.array([[1e-300], [-1e-300]]), np.array([1e10, -1e10]), np.ones(2), np.array(0.0))
    found = verify([0.0, 1.0], [1e10, 1e10], Solution(net, np.zeros(2)))
    assert found.residual <= 1e-5
    assert 2e-300 <= found.value <= 2e-300 * (1 + 1e-12)  # in units of the labels it is subnormal, and rounded up


@pytest.mark.parametrize("power", [-900, -60, 60, 500, 900])
def test_numbers_whose_last_bit_is_a_large_power_of_two_are_not_cut_off(power):
    """Products with 2^e were, in the units of such numbers."""
    x, size = np.array([0.0, 1.0, 2.0]) * 2.0**power, 2.0**power
    flat = dataclasses.replace(NOTHING, offset=np.array(1 / 3))
    for penalty in (PathNorm(), PathNorm("penalised")):
        assert verify(x, Y[:3], Solution(flat, np.zeros(3), penalty)).residual == pytest.approx(2 / 3)
        # A vector that is far from orthogonal to constants is repaired, or proves nothing.
        nu = np.array([0.0, 1.0, 0.25])
        found = verify(x, np.ones(3), Solution(dataclasses.replace(NOTHING, offset=np.array(1.0)), nu, penalty))
        assert (found.value, found.lower_bound) == (0, 0)
    hat = np.array([-0.5, 1.0, -0.5]) / size
    assert verify(x, size * Y[:3], Solution(flat, hat)).lower_bound == pytest.approx(2.0)


@pytest.mark.parametrize("penalty", PENALTIES, ids=str)
def test_labels_that_cost_nothing_are_certified_with_the_value_zero(penalty):
    for lam in (0.0, 0.1):
        found = verify(X, np.zeros(4), Solution(NOTHING, np.zeros(4), penalty, lam))
        assert (found.value, found.lower_bound, found.certified) == (0, 0, True)


# What is refused.

SOLUTION = line(X, Y)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: verify(X[:2], Y[:2], SOLUTION), r"dual vector has shape \(4,\); expected \(2,\)"),
        (lambda: verify(X, Y, dataclasses.replace(SOLUTION, dual=np.full(4, np.nan))), "all finite"),
        (
            lambda: verify(X, Y, changed(SOLUTION, offset=np.array(np.inf))),
            "the solution's network has parameters that are not finite",
        ),
        (lambda: verify(X, Y, changed(SOLUTION, skip=np.ones(1))), "skip term"),
        (lambda: verify(X, Y, dataclasses.replace(SOLUTION, penalty=PathNorm(offset="none"))), "offset"),
        (lambda: verify(X, Y[:2], SOLUTION), "must agree"),
        (lambda: verify(X, [*Y[:3], np.nan], SOLUTION), "values has 1 NaN"),
    ],
)
def test_what_does_not_fit_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
