import numpy as np
import pytest
from scipy.optimize import linprog

import minnorm as mn
from minnorm.solve import band as exported
from minnorm.solve.extent.band import band
from minnorm.solve.extent.ends import Line, Places
from minnorm.solve.extent.planes import Planes
from minnorm.solve.reduction import reduce

CONVEX = ([0.0, 1.0, 2.0, 3.0], [0.0, 0.0, 1.0, 3.0])
GRID = np.stack(np.meshgrid([-1.0, 0.0, 1.0], [-1.0, 0.0, 1.0]), -1).reshape(-1, 2)


def line_data(seed, n=6):
    rng = np.random.default_rng(seed)
    x = np.sort(rng.normal(size=n))
    # The last of these have a slope at both ends that costs more than the turns do.
    y = 0.3 * rng.normal(size=n) + [0.0, 5.0, -5.0, 3.0][seed % 4] * x + [0.0, 0.0, 0.0, 2.0][seed % 4] * x**2
    inside = (x[1:] + x[:-1]) / 2
    return x, y, np.concatenate([[x[0] - 1, x[0] - 0.2], inside, 0.8 * x[:-1] + 0.2 * x[1:], [x[-1] + 0.7]])


def general(x, y, query, penalty):
    """The method for planes, on data for which `band` has a closed form."""
    reduced = reduce(mn.Problem(x, y, penalty), part=False)  # whose ends are those of the labels, not of a remainder
    places = Places(reduced)
    planes = Planes(reduced, 1e-6, np.inf, True)
    return planes, [planes.at(places.reduced(np.atleast_1d(q))) for q in query]


def column(ends, name):
    return np.array([getattr(e, name) for e in ends])


# The line.


def test_exported():
    assert mn.band is band is exported


def test_convex_data_on_the_line():
    ds = band(*CONVEX, [-1.0, 0.5, 1.25, 1.5, 1.75, 2.5], penalty=mn.PathNorm(skip="free"))
    assert ds.upper.values.tolist() == [0.0, 0.0, 0.25, 0.5, 0.75, 2.0]
    # Between 1 and 2 the largest of 0 and 2 x - 3.
    assert ds.lower.values == pytest.approx([0.0, 0.0, 0.0, 0.0, 0.5, 2.0], abs=1e-14)
    assert ds.certified.all()
    assert ds.attrs["method"] == "closed form on the line"


def test_two_points_on_the_line():
    # The cheapest line costs its slope; ramps from one point to the other cost the same.
    ds = band([0.0, 1.0], [0.0, 1.0], [-2.0, 0.5, 3.0])
    assert ds.lower.values.tolist() == [-2.0, 0.5, 1.0]
    assert ds.upper.values.tolist() == [0.0, 0.5, 3.0]
    assert band([0.0, 1.0], [1.0, 0.0], [-2.0]).lower.values.tolist() == [1.0]


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, *(pytest.param(k, marks=pytest.mark.slow) for k in range(1, 8))])
@pytest.mark.parametrize("skip", ["free", "none"])
def test_closed_form_equals_the_general_method(seed, skip):
    x, y, query = line_data(seed)
    penalty = mn.PathNorm(skip=skip)
    ds = band(x, y, query, penalty=penalty)
    planes, ends = general(x, y, query, penalty)
    assert planes.norm == pytest.approx(ds.attrs["norm"], rel=1e-9)
    for name in ("lower", "upper"):
        assert column(ends, name) == pytest.approx(ds[name].values, abs=3e-6 * np.max(np.abs(y)))
    assert np.all(column(ends, "lower") <= ds.lower.values)
    assert np.all(column(ends, "upper") >= ds.upper.values)
    assert np.all(column(ends, "proved"))
    inner = 1e-7 * np.max(np.abs(y))
    assert np.all(column(ends, "lower_attained") >= ds.lower.values - inner)
    assert np.all(column(ends, "upper_attained") <= ds.upper.values + inner)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("skip", ["free", "none"])
def test_ends_on_the_line_have_the_minimum_norm(seed, skip):
    x, y, query = line_data(seed)
    penalty = mn.PathNorm(skip=skip)
    ds = band(x, y, query, penalty=penalty)
    least = ds.attrs["norm"]
    for k, q in enumerate(query):
        low, high = float(ds.lower[k]), float(ds.upper[k])
        for end, out in ((low, -1e-3), (high, 1e-3)):
            at = mn.known.line(np.append(x, q), np.append(y, end), penalty, certify=False)
            beyond = mn.known.line(np.append(x, q), np.append(y, end + out), penalty, certify=False)
            assert penalty.value(at.network) == pytest.approx(least, rel=1e-9)
            assert penalty.value(beyond.network) > least * (1 + 1e-9)


def test_a_line_in_space():
    x, y, query = line_data(3)
    axis, origin = np.array([2.0, -1.0, 2.0]) / 3, np.array([1.0, 2.0, 3.0])
    one = band(x, y, query)
    lifted = band(origin + x[:, None] * axis, y, origin + query[:, None] * axis)
    assert lifted.lower.values == pytest.approx(one.lower.values, abs=1e-12)
    assert lifted.upper.values == pytest.approx(one.upper.values, abs=1e-12)
    aside = np.array([1.0, 2.0, 0.0])  # orthogonal to the axis
    moved = band(origin + x[:, None] * axis, y, origin + query[:, None] * axis + aside)
    assert moved.lower.values == pytest.approx(one.lower.values, abs=1e-12)
    assert moved.upper.values == pytest.approx(one.upper.values, abs=1e-12)


def test_missing_slope_is_signed():
    x, y, query = line_data(1)
    one, mirrored = band(x, y, query), band(x, -y, query)
    assert mirrored.lower.values == pytest.approx(-one.upper.values)
    assert Line(reduce(mn.Problem(x, y))).broken.missing == -Line(reduce(mn.Problem(x, -y))).broken.missing > 0


# The plane.


def grid_linear_programme(points, values, place, directions=48):
    """The band over atoms with kinks at points in many directions, by one linear programme each way."""
    angles = np.pi * np.arange(2 * directions) / directions
    w = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    every = np.vstack([points, place])
    w = np.repeat(w, len(every), axis=0)
    b = -np.sum(w * np.tile(every, (2 * directions, 1)), axis=1)
    phi = np.maximum(every @ w.T + b, 0)
    columns = np.concatenate([phi, -phi, np.ones((len(every), 1)), -np.ones((len(every), 1))], axis=1)
    cost = np.append(np.ones(2 * phi.shape[1]), [0, 0])
    least = linprog(cost, A_eq=columns[:-1], b_eq=values).fun
    ends = [
        linprog(sign * columns[-1], A_ub=cost[None], b_ub=[least * (1 + 1e-7)], A_eq=columns[:-1], b_eq=values)
        for sign in (1, -1)
    ]
    return least, ends[0].fun, -ends[1].fun


@pytest.mark.slow
@pytest.mark.parametrize("values", [[0.0, 0.0, 0.0, 0.0, 1.0], [1.0, 0.0, 0.0, 1.0, 0.0]])
def test_against_a_linear_programme_in_the_plane(values):
    # By symmetry the directions of axes and diagonals carry minimisers for the corners and the centre of a square.
    points = np.array([[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0], [0.0, 0.0]])
    query = np.array([[0.5, 0.0], [0.5, 0.5]])
    ds = band(points, values, query)
    for k, place in enumerate(query):
        least, low, high = grid_linear_programme(points, values, place)
        assert ds.attrs["norm"] == pytest.approx(least, rel=1e-8)
        assert float(ds.lower[k]) == pytest.approx(low, abs=3e-5)
        assert float(ds.upper[k]) == pytest.approx(high, abs=3e-5)


@pytest.fixture(scope="module", params=["free", "penalised"])
def plane(request):
    rng = np.random.default_rng(1)
    x = rng.normal(size=(12, 2))
    y = np.sin(2 * x[:, 0]) + x[:, 1] ** 2 / 2
    query = np.concatenate([rng.normal(size=(2, 2)), [[6.0, -5.0]]])
    penalty = mn.PathNorm(bias=request.param)
    return x, y, query, penalty, band(x, y, query, penalty=penalty, tolerance=1e-4)


def test_order_of_bounds_and_values(plane):
    *_, ds = plane
    assert np.all(ds.lower <= ds.lower_attained)
    assert np.all(ds.lower_attained <= ds.value)
    assert np.all(ds.value <= ds.upper_attained)
    assert np.all(ds.upper_attained <= ds.upper)
    assert np.all(np.maximum(ds.upper - ds.upper_attained, ds.lower_attained - ds.lower) == ds.gap)
    assert ds.certified.all()
    assert ds.attrs["scope"] in ("exact", "bounded")
    assert 0 < ds.attrs["excess"] < 1e-8


def test_minimum_norm_interpolants_lie_within(plane):
    x, y, query, penalty, ds = plane
    values = mn.interpolate(x, y, penalty=penalty, tolerance=1e-9)(query)
    room = 1e-3 * np.max(np.abs(values))  # that network is 1e-9 from the minimum, which moves it by the root
    assert np.all(values >= ds.lower - room)
    assert np.all(values <= ds.upper + room)


@pytest.mark.slow
def test_attained_values_cost_no_more_and_outer_ones_do(plane):
    x, y, query, penalty, ds = plane
    for k, q in enumerate(query[:2]):
        for attained, beyond in (
            (float(ds.lower_attained[k]), float(ds.lower[k]) - 1e-2),
            (float(ds.upper_attained[k]), float(ds.upper[k]) + 1e-2),
        ):
            inside = mn.interpolate(np.vstack([x, q]), np.append(y, attained), penalty=penalty, tolerance=1e-8)
            outside = mn.interpolate(np.vstack([x, q]), np.append(y, beyond), penalty=penalty, tolerance=1e-8)
            assert inside.lower_bound <= ds.attrs["norm"] * (1 + ds.attrs["excess"])
            assert outside.lower_bound > ds.attrs["norm"]


@pytest.mark.slow
def test_a_wide_band_in_the_plane():
    # y = convex function of the first coordinate: the interpolants of the line, constant across, are minimisers.
    x = np.stack(np.meshgrid(CONVEX[0], [0.0, 1.0]), -1).reshape(-1, 2)
    y = np.tile(CONVEX[1], 2)
    query = np.array([[1.5, 0.0], [1.5, 1.0], [1.5, 0.3], [0.5, 0.5]])
    ds = band(x, y, query, penalty=mn.PathNorm(skip="free"))
    on_line = band(*CONVEX, query[:, 0], penalty=mn.PathNorm(skip="free"))
    assert ds.attrs["norm"] == pytest.approx(on_line.attrs["norm"], rel=1e-8)
    assert np.all(ds.lower <= on_line.lower + 1e-9)
    assert np.all(ds.upper >= on_line.upper - 1e-9)
    # On the rows of data themselves nothing else is possible.
    assert ds.lower.values[:2] == pytest.approx(on_line.lower.values[:2], abs=1e-5)
    assert ds.upper.values[:2] == pytest.approx(on_line.upper.values[:2], abs=1e-5)


def test_symmetry_and_scaling():
    y = np.abs(GRID).max(axis=1) - 0.3 * GRID[:, 0]
    query = np.array([[0.4, 0.2]])
    one = band(GRID, y, query)
    other = band(7 * GRID[:, ::-1] + [3.0, -2.0], 2 - 5 * y, 7 * query[:, ::-1] + [3.0, -2.0])
    assert other.lower.values == pytest.approx(2 - 5 * one.upper.values, abs=1e-4)
    assert other.upper.values == pytest.approx(2 - 5 * one.lower.values, abs=1e-4)


def test_penalised_biases_on_the_line_are_not_free():
    x, y = [-1.0, 0.0, 1.0], [0.0, 1.0, 0.0]
    ds = band(x, y, [-0.5, 0.25, 2.0], penalty=mn.PathNorm(bias="penalised", skip="free"))
    # There the minimiser is unique: the connect-the-dots line.
    assert ds.attrs["method"] == "cutting planes"
    assert ds.lower.values == pytest.approx([0.5, 0.75, -1.0], abs=1e-3)
    assert ds.upper.values == pytest.approx([0.5, 0.75, -1.0], abs=1e-3)
    assert np.all(ds.lower <= [0.5, 0.75, -1.0])
    assert np.all(ds.upper >= [0.5, 0.75, -1.0])


# Where a query point lies.


def test_data_points_have_their_labels():
    y = np.arange(9.0) % 4
    ds = band(GRID, y, GRID[::-1])
    for name in ("lower", "upper", "value"):
        assert ds[name].values.tolist() == y[::-1].tolist()


@pytest.mark.slow
def test_off_the_plane_of_the_data():
    y = np.abs(GRID).max(axis=1)
    flat = np.column_stack([GRID, np.full(9, 2.0)])
    query = np.array([[0.4, 0.2]])
    one = band(GRID, y, query)
    other = band(flat, y, [[0.4, 0.2, -1.0], [1.0, 1.0, 5.0]])
    assert float(other.lower[0]) == pytest.approx(float(one.lower[0]), abs=1e-4)
    assert float(other.upper[0]) == pytest.approx(float(one.upper[0]), abs=1e-4)
    assert other.lower.values[1] == other.upper.values[1] == pytest.approx(1.0)
    free = band(flat, y, [[0.4, 0.2, -1.0]], penalty=mn.PathNorm(skip="free"))
    assert free.lower.values.tolist() == [-np.inf]
    assert free.upper.values.tolist() == [np.inf]
    assert free.certified.all()


def test_labels_that_cost_nothing():
    x = np.random.default_rng(0).normal(size=(5, 2))
    ds = band(x, np.full(5, 3.0), [[0.0, 0.0], [9.0, 9.0]])
    assert ds.lower.values == pytest.approx([3.0, 3.0])
    assert ds.upper.values == pytest.approx([3.0, 3.0])
    linear = band(x, x @ [1.0, -2.0] + 1, [[2.0, 3.0]], penalty=mn.PathNorm(skip="free"))
    assert linear.lower.values == linear.upper.values == pytest.approx([-3.0])


def test_one_point():
    assert band([[1.0, 2.0]], [3.0], [[5.0, 5.0]]).upper.values.tolist() == [3.0]
    ds = band([[1.0, 2.0]], [3.0], [[5.0, 5.0], [1.0, 2.0]], penalty=mn.PathNorm(skip="free"))
    assert ds.upper.values.tolist() == [np.inf, 3.0]


@pytest.mark.filterwarnings("ignore::minnorm.UncertifiedWarning")  # looked at, or not what it is about
def test_progress_time_limit_and_trust():
    seen = []
    y = np.abs(GRID).max(axis=1) - 0.3 * GRID[:, 0]
    query = [[0.4, 0.2], [0.1, 0.7]]
    quick = band(GRID, y, query, time_limit=0.0, progress=lambda *done: seen.append(done))
    assert seen == [(1, 2), (2, 2)]
    trusted = band(GRID, y, query, certify=False)
    assert trusted.attrs["scope"] == "unverified"
    assert not trusted.certified.any()
    assert np.all(quick.lower <= trusted.lower + 1e-6)
    assert np.all(quick.upper >= trusted.upper - 1e-6)


def test_survives_netcdf(tmp_path):
    import xarray as xr

    ds = band(*CONVEX, [0.5, 1.5])
    ds.to_netcdf(tmp_path / "band.nc", engine="h5netcdf")
    with xr.open_dataset(tmp_path / "band.nc", engine="h5netcdf") as back:
        assert back.identical(ds)


def test_bad_arguments():
    x, y = CONVEX
    with pytest.raises(ValueError, match="query has 2 columns"):
        band(x, y, [[0.0, 1.0]])
    with pytest.raises(ValueError, match="query has 1 NaN"):
        band(x, y, [np.nan])
    with pytest.raises(ValueError, match=r"tolerance is 0\.0"):
        band(x, y, [0.5], tolerance=0.0)
    with pytest.raises(ValueError, match="time_limit is -1"):
        band(x, y, [0.5], time_limit=-1.0)
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="rank 4"):
        band(rng.normal(size=(8, 4)), rng.normal(size=8), np.zeros((1, 4)))


@pytest.mark.slow
def test_rank_three():
    rng = np.random.default_rng(2)
    x = rng.normal(size=(14, 3))
    ds = band(x, x[:, 0] ** 2, rng.normal(size=(3, 3)), tolerance=1e-5)
    assert ds.certified.all()
    assert np.all(ds.lower <= ds.value)
    assert np.all(ds.value <= ds.upper)


@pytest.mark.slow
def test_fifty_points_in_the_plane():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(50, 2))
    y = np.sin(2 * x[:, 0]) + x[:, 1] ** 2 / 2
    ds = band(x, y, rng.normal(size=(4, 2)), tolerance=1e-4)
    assert ds.certified.all()
    assert np.all(ds.upper - ds.lower < 5e-3)
