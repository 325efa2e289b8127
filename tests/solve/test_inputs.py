"""Neurons that read few columns: values known from elsewhere, what must not change them, and what is refused."""

import numpy as np
import pytest

import minnorm as mn
from minnorm.solve.additive import refuse_unreachable
from minnorm.solve.pricing import subsets
from minnorm.solve.pricing.columns import Columns
from minnorm.solve.pricing.subsets import Subsets

_OTHERS = [("free", "free"), ("penalised", "none"), ("penalised", "free")]


def table(n: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """Four columns, of which one matters by itself and two by their product."""
    rng = np.random.default_rng(11)
    x = rng.normal(size=(n, 4))
    return x, np.sin(2 * x[:, 0]) + x[:, 1] * x[:, 2] + 0.1 * rng.normal(size=n)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("inputs", "lam", "value"),
    [
        (1, 3e-2, 0.58400687),
        (1, 3e-3, 0.21250326),
        (2, 3e-2, 0.2829182),
        pytest.param(1, 0, 331.39016, marks=pytest.mark.slow),
        pytest.param(2, 3e-3, 0.03881899, marks=pytest.mark.slow),
        pytest.param(2, 0, 15.08467, marks=pytest.mark.slow),
    ],
)
def test_the_minima_of_a_linear_programme_on_a_fine_grid(inputs, lam, value):
    solution = mn.fit(*table(), lam, penalty=mn.PathNorm(inputs=inputs))
    assert solution.certified
    assert solution.certificate.scope == "exact"
    assert solution.value == pytest.approx(value, rel=1e-6)
    assert np.max(np.count_nonzero(solution.network.inner_weights, axis=1)) == inputs


@pytest.mark.slow
@pytest.mark.parametrize(
    ("bias", "skip"), [("free", "none"), *(pytest.param(*one, marks=pytest.mark.slow) for one in _OTHERS)]
)
def test_fewer_columns_cost_more_and_all_of_them_cost_what_they_do(bias, skip):
    x, y = table(10)
    x = x[:, :3]
    values = [
        mn.fit(x, y, 1e-2, penalty=mn.PathNorm(bias, skip, inputs=inputs)).certificate for inputs in (1, 2, 3, None)
    ]
    assert all(one.certified for one in values)
    assert values[0].lower_bound > values[1].value
    assert values[1].lower_bound >= values[2].lower_bound * (1 - 1e-6)
    assert values[2].value == values[3].value


def test_columns_may_be_exchanged_and_the_line_is_the_line():
    x, y = table(20)
    penalty = mn.PathNorm(inputs=1)
    one, other = (mn.fit(x[:, order], y, 1e-2, penalty=penalty) for order in ([0, 1, 2, 3], [3, 1, 0, 2]))
    assert one.value == pytest.approx(other.value, rel=1e-6)
    line = [mn.fit(x[:, :1], y, 1e-2, penalty=p).value for p in (penalty, mn.PathNorm())]
    assert line[0] == line[1]
    # A column that is constant is none, and what is left is the line.
    wide = np.column_stack([np.full(20, 3.0), x[:, 0]])
    assert mn.fit(wide, y, 1e-2, penalty=penalty).value == pytest.approx(line[0], rel=1e-6)


@pytest.mark.slow
def test_columns_with_many_equal_entries_are_met_exactly_by_sums():
    rng = np.random.default_rng(3)
    x = rng.integers(0, 4, size=(30, 8)).astype(float)
    solution = mn.interpolate(x, rng.normal(size=30), penalty=mn.PathNorm(inputs=2))
    assert solution.certified
    few = x[:8]
    alone = [np.sum(np.all(few[:, [k]] == few[:, [k]].T, axis=0)) for k in range(8)]
    assert max(alone) <= 8
    additive = mn.interpolate(few, rng.normal(size=8), penalty=mn.PathNorm(inputs=1))
    assert additive.certified
    assert np.max(np.count_nonzero(additive.network.inner_weights, axis=1)) == 1


def test_labels_that_no_sum_meets_are_refused():
    corners, labels = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), np.array([0.0, 1.0, 1.0, 0.0])
    with pytest.raises(ValueError, match=r"no sum of functions of 1 column each is y at all points.* lam > 0"):
        mn.interpolate(corners, labels, penalty=mn.PathNorm(inputs=1))
    refuse_unreachable(mn.Problem(corners, labels, mn.PathNorm(inputs=2)))
    assert mn.fit(corners, labels, 1e-2, penalty=mn.PathNorm(inputs=1)).value == pytest.approx(1 / 8)


@pytest.mark.usefixtures("unchecked")
def test_what_is_not_meant_for_few_columns_says_so():
    x, y = table(10)
    few = mn.PathNorm(inputs=2)
    with pytest.raises(ValueError, match="penalty has inputs=2; band is for neurons that read all columns"):
        mn.band(x, y, x, penalty=few)
    with pytest.raises(ValueError, match="penalty has inputs=2; train is for neurons that read all columns"):
        mn.train(x, y, penalty=few, steps=1, width=3)
    with pytest.raises(ValueError, match=r"inputs is 0; give a whole number >= 1"):
        mn.PathNorm(inputs=0)
    with pytest.raises(ValueError, match=r"inputs=4; neurons can be held to 1, 2 or 3"):
        mn.fit(np.column_stack([x, x[:, 0] ** 2]), y, 1e-2, penalty=mn.PathNorm(inputs=4))


def test_lam_max_is_where_neurons_of_few_columns_begin():
    x, y = table(20)
    penalty = mn.PathNorm(inputs=1)
    least = mn.lam_max(x, y, penalty)
    assert least < mn.lam_max(x, y)
    assert mn.fit(x, y, least, penalty=penalty).network.width == 0
    assert mn.fit(x, y, 0.99 * least, penalty=penalty).network.width > 0


@pytest.mark.slow
def test_a_large_table_is_certified_as_a_sum_of_functions_of_its_columns():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(6000, 6))
    y = np.sin(2 * x[:, 0]) + np.abs(x[:, 1]) + 0.5 * rng.normal(size=6000)
    penalty = mn.PathNorm(inputs=1)
    solution = mn.fit(x, y, 1e-2 * mn.lam_max(x, y, penalty), penalty=penalty)
    assert solution.certified
    assert solution.certificate.scope == "exact"


def test_a_path_is_certified_and_says_what_neurons_read():
    x, y = table(25)
    ds = mn.path(x, y, [0.1, 0.03, 0.01], penalty=mn.PathNorm(inputs=1))
    assert ds.certified.all()
    assert ds.attrs["penalty_inputs"] == 1
    assert ds.attrs["scope"] == "exact"


def test_estimators_hold_neurons_to_few_features():
    x, y = table(25)
    est = mn.MinNormRegressor(1e-2, inputs=1).fit(x, y)
    assert est.certified_
    assert np.max(np.count_nonzero(est.inner_weights_, axis=1)) == 1


@pytest.mark.slow
def test_a_saved_solution_keeps_what_its_neurons_read(tmp_path):
    x, y = table(12)
    solution = mn.fit(x, y, 1e-2, penalty=mn.PathNorm(inputs=2))
    solution.save(tmp_path / "s.nc")
    again = mn.Solution.load(tmp_path / "s.nc")
    assert again.penalty == solution.penalty
    assert mn.verify(x, y, again).certified


def test_the_columns_oracle_finds_what_looking_at_all_kinks_does():
    rng = np.random.default_rng(5)
    x = rng.normal(size=(40, 3)).round(1)
    nu = rng.normal(size=40)
    nu -= nu.mean()
    kinks = [(nu @ np.maximum(s * (x[:, [j]] - x[:, j]), 0)) for j in range(3) for s in (1.0, -1.0)]
    found = Columns(x).price(nu)
    assert found.largest == pytest.approx(np.max(np.abs(kinks)), rel=1e-13)
    values = nu @ np.maximum(x @ found.weights.T + found.biases, 0)
    assert np.allclose(values, found.values, atol=1e-12)


@pytest.mark.parametrize("bias", ["free", "penalised"])
def test_the_oracle_of_pairs_says_what_its_atoms_are_worth(bias):
    rng = np.random.default_rng(6)
    x = rng.normal(size=(25, 4))
    x[:, 3] = 2 * x[:, 0]  # a pair of rank 1
    nu = rng.normal(size=25)
    nu -= nu.mean()
    found = Subsets.of(x, bias, 2).price(nu, np.zeros((0, 4)), np.zeros(0))
    values = nu @ np.maximum(x @ found.weights.T + found.biases, 0)
    assert np.allclose(values, found.values, atol=1e-12)
    size = np.linalg.norm(np.column_stack([found.weights, found.biases * (bias == "penalised")]), axis=1)
    assert np.allclose(size, 1)
    assert np.max(np.count_nonzero(found.weights, axis=1)) <= 2


@pytest.mark.slow
def test_where_oracles_would_take_too_long_sets_are_searched_and_the_judge_proves(monkeypatch):
    rng = np.random.default_rng(5)
    x = rng.normal(size=(60, 4))
    y = np.sin(2 * x[:, 0]) + x[:, 1] * x[:, 2] + 0.1 * rng.normal(size=60)
    few, none = mn.PathNorm(inputs=2), (np.zeros((0, 4)), np.zeros(0))
    exact = Subsets.of(x, "free", 2)
    top, lam = exact.price(y - y.mean(), *none).largest, 0.1 * mn.lam_max(x, y, few)
    monkeypatch.setattr(subsets, "_MOST", 0.0)
    found = Subsets.of(x, "free", 2)
    assert exact.exact
    assert not found.exact
    assert not found.cheap
    decided = found.decide(y - y.mean(), *none)
    assert decided is not None
    assert decided.largest == pytest.approx(top, rel=1e-9)
    sol = mn.fit(x, y, lam, penalty=few, tolerance=1e-3)
    assert sol.certified
    assert np.sum(sol.network.inner_weights != 0, axis=1).max() <= 2
    assert mn.path(x, y, [2 * lam], penalty=few, tolerance=1e-2).attrs["lam_max_scope"] == "searched"
