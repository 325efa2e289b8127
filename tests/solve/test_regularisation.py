from types import SimpleNamespace

import numpy as np
import pytest

import minnorm as mn
from minnorm import resources
from minnorm.solve import minimise as minimising
from minnorm.solve import regularisation, routes
from minnorm.solve.minimise import minimise
from minnorm.solve.regularisation import lam_max, networks, path
from minnorm.solve.routes import Warm

PENALTIES = [
    mn.PathNorm(),
    mn.PathNorm(skip="free"),
    mn.PathNorm(bias="penalised"),
    mn.PathNorm(bias="penalised", skip="free"),
    mn.PathNorm(bias="penalised", offset="none"),
]


def data(n=14, d=2, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, d))
    return x, np.sin(2 * x[:, 0]) + x[:, -1] ** 2 / 2 + 0.1 * rng.normal(size=n)


def name(penalty):
    return f"{penalty.bias}-{penalty.skip}-{penalty.offset}"


# The first and the last of them; all where there is time.
LONGER = [pytest.param(p, marks=pytest.mark.slow, id=name(p)) for p in PENALTIES[1:-1]]


@pytest.fixture(scope="module", params=[PENALTIES[0], *LONGER, PENALTIES[-1]], ids=name)
def solved(request):
    x, y = data()
    largest = lam_max(x, y, request.param)
    lams = [2 * largest, largest, *(largest * np.geomspace(0.7, 1e-4, 7)), 0.0]
    return x, y, request.param, path(x, y, lams, penalty=request.param)


def test_every_network_is_certified(solved):
    _, _, _, ds = solved
    assert ds.certified.all()
    assert ds.attrs["scope"] in ("exact", "bounded")
    assert np.all(ds.gap <= ds.attrs["tolerance"])
    assert np.all(np.diff(ds.lam) < 0)


def test_norm_falls_and_loss_rises_with_lam(solved):
    _, _, _, ds = solved
    assert np.all(np.diff(ds.norm) >= -1e-5 * float(ds.norm.max()))
    assert np.all(np.diff(ds.loss) <= 1e-6 * float(ds.loss.max()))


def test_the_least_value_is_concave_and_rises(solved):
    _, _, _, ds = solved
    lam, value = ds.lam.values[:-1][::-1], ds.value.values[:-1][::-1]
    slopes = np.diff(value) / np.diff(lam)
    assert np.all(slopes >= -1e-6)
    assert np.all(np.diff(slopes) <= 1e-5 * np.max(slopes))
    # Danskin: the derivative is the norm, so slopes of chords lie between the norms at their ends.
    norm = ds.norm.values[:-1][::-1]
    assert np.all(slopes <= norm[:-1] * (1 + 1e-3) + 1e-6)
    assert np.all(slopes >= norm[1:] * (1 - 1e-3) - 1e-6)


def test_no_neurons_from_lam_max_on(solved):
    _, _, _, ds = solved
    assert ds.neurons.values[:2].tolist() == [0, 0]
    assert ds.neurons.values[2] > 0
    assert ds.norm.values[1] == 0


@pytest.mark.slow
def test_equals_cold_solutions(solved):
    x, y, penalty, ds = solved
    for k in (3, 6, ds.sizes["lam"] - 1):
        cold = mn.fit(x, y, float(ds.lam[k]), penalty=penalty)
        assert float(ds.value[k]) == pytest.approx(cold.value, rel=3e-6)
        assert float(ds.lower_bound[k]) <= cold.value
        assert cold.lower_bound <= float(ds.value[k])


def test_tends_to_the_interpolant(solved):
    _, _, _, ds = solved
    norm = float(ds.norm[-1])
    assert float(ds.loss[-1]) < 1e-15
    small = ds.isel(lam=slice(-4, -1))
    defect = norm - small.value / small.lam
    assert np.all(defect >= -1e-5 * norm)
    # value/lam = norm - lam n |nu|^2 / 2 with nu the interpolant's dual vector, while that is the optimal one.
    n, nu = ds.sizes["point"], ds.dual.values[-1]
    assert np.all(defect <= small.lam * n * (nu @ nu) / 2 + 2e-5 * norm)


def test_networks_give_values_and_norms(solved):
    x, y, penalty, ds = solved
    pairs = list(networks(ds))
    assert [lam for lam, _ in pairs] == ds.lam.values.tolist()
    for k, (lam, net) in enumerate(pairs):
        assert net.width == int(ds.neurons[k])
        assert penalty.value(net) == pytest.approx(float(ds.norm[k]), rel=1e-12)
        loss = np.mean((net.evaluate(x) - y) ** 2) / 2
        assert loss == pytest.approx(float(ds.loss[k]), abs=1e-15)
        if lam > 0:
            assert loss + lam * penalty.value(net) == pytest.approx(float(ds.value[k]), rel=1e-9)


def test_dual_is_the_residual(solved):
    x, y, _, ds = solved
    _, net = list(networks(ds))[4]
    residual = (y - net.evaluate(x)) / len(y)
    assert np.max(np.abs(ds.dual.values[4] - residual)) < 1e-3 * np.max(np.abs(residual))


def test_the_hat_in_closed_form():
    lams = [0.2, 1 / 9, 0.1, 0.05, 0.01, 0.0]
    ds = path([-1.0, 0.0, 1.0], [0.0, 1.0, 0.0], lams)
    inside = np.array([lam for lam in lams if 0 < lam <= 1 / 9])
    # The dual vector is lam (-1, 2, -1) as long as there are neurons.
    assert ds.value.values[1:-1] == pytest.approx(2 * inside - 9 * inside**2, rel=1e-6)
    assert ds.norm.values[1:] == pytest.approx([*(2 - 18 * inside), 2.0], abs=1e-4)
    assert float(ds.value[0]) == pytest.approx(1 / 9)
    assert lam_max([-1.0, 0.0, 1.0], [0.0, 1.0, 0.0]) == pytest.approx(1 / 9, rel=1e-11)


@pytest.mark.parametrize("penalty", PENALTIES, ids=name)
def test_lam_max_is_the_threshold(penalty):
    x, y = data(seed=3)
    largest = lam_max(x, y, penalty)
    assert mn.fit(x, y, largest, penalty=penalty).network.width == 0
    just_below = mn.fit(x, y, 0.97 * largest, penalty=penalty, tolerance=1e-8)
    assert penalty.value(just_below.network) > 0


@pytest.mark.slow
@pytest.mark.parametrize("factor", [1e-3, 50.0])
def test_scaling_laws(factor):
    x, y = data()
    lam = lam_max(x, y) / 30
    one = path(x, y, [lam])
    # f(x) -> t f(x): loss t^2, norm t. f(x) -> f(x / s): norm 1/s.
    labels = path(x, factor * y, [factor * lam], certify=False)
    points = path(factor * x + 3, y, [factor * lam], certify=False)
    assert float(labels.value[0]) == pytest.approx(factor**2 * float(one.value[0]), rel=3e-6)
    assert float(points.value[0]) == pytest.approx(float(one.value[0]), rel=3e-6)
    assert lam_max(x, factor * y) == pytest.approx(factor * lam_max(x, y), rel=1e-9)
    assert lam_max(factor * x + 3, y) == pytest.approx(factor * lam_max(x, y), rel=1e-9)


@pytest.mark.slow
def test_default_grid():
    x, y = data(n=5)
    ds = path(x, y, certify=False)
    assert ds.sizes["lam"] == 25
    assert float(ds.lam[0]) == ds.attrs["lam_max"]
    assert float(ds.lam[-1]) == pytest.approx(1e-4 * ds.attrs["lam_max"])
    assert ds.attrs["lam_max_scope"] == "exact"
    assert ds.attrs["scope"] == "none"
    assert not ds.certified.any()
    assert np.all(np.isnan(ds.gap))


def test_labels_that_cost_nothing():
    x, _ = data()
    ds = path(x, np.full(len(x), 3.0))
    assert ds.attrs["lam_max"] == 0
    assert ds.lam.values.tolist() == [0.0]
    assert float(ds.norm[0]) < 1e-12
    assert lam_max(x, x @ [1.0, 2.0] - 1, mn.PathNorm(skip="free")) == 0
    assert lam_max([2.0, 2.0], [0.0, 1.0]) == 0


def test_equal_points_with_different_labels():
    ds = path([0.0, 0.0, 1.0, 2.0], [0.0, 1.0, 1.0, 0.0], [1.0, 0.01, 1e-4])
    assert ds.certified.all()
    assert float(ds.loss[-1]) == pytest.approx(0.5 / 8, rel=1e-3)
    with pytest.raises(ValueError, match="equal"):
        path([0.0, 0.0, 1.0, 2.0], [0.0, 1.0, 1.0, 0.0], [1.0, 0.0])


@pytest.mark.slow
def test_order_and_progress_do_not_matter():
    x, y = data(n=8)
    seen = []
    one = path(x, y, [0.0, 0.1, 0.01], progress=lambda done, of: seen.append((done, of)))
    other = path(x, y, [0.1, 0.01, 0.0])
    assert seen == [(1, 3), (2, 3), (3, 3)]
    assert one.identical(other)


@pytest.mark.filterwarnings("ignore::minnorm.UncertifiedWarning")  # looked at, or not what it is about
def test_time_limit_still_answers():
    x, y = data(n=40)
    ds = path(x, y, [0.1, 0.01, 0.001], time_limit=0.0)
    assert ds.sizes["lam"] == 3
    assert np.all(ds.lower_bound <= ds.value)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::minnorm.UncertifiedWarning")
@pytest.mark.parametrize("late", [0.0, 3.0, pytest.param(1.0, marks=pytest.mark.slow)])
def test_what_each_problem_takes_beyond_its_share_is_kept_for_the_others(late, monkeypatch):
    """On a clock of its own, where each takes its share and `late` seconds more."""
    now, limits, moments, whole = [0.0], [], [], minimise

    def slow(*arguments, time_limit, moment_for_proof, **options):
        limits.append(time_limit)
        moments.append(moment_for_proof)
        now[0] += time_limit + late
        return whole(*arguments, **options)

    clock = SimpleNamespace(monotonic=lambda: now[0])
    for module in (regularisation, minimising, routes, resources):
        monkeypatch.setattr(module, "time", clock)
    monkeypatch.setattr(regularisation, "minimise", slow)
    x, y = data(n=8)
    path(x, y, np.geomspace(0.1, 0.01, 10), time_limit=100.0)
    assert len(limits) == 10
    assert min(limits) >= 0
    assert sum(moments) <= 1
    assert 99 <= now[0] <= 100 + 2 * late


@pytest.mark.slow
def test_warm_start_saves_rounds():
    x, y = data(n=40)
    largest = lam_max(x, y)
    warm = Warm()
    for lam in (0.02 * largest, 0.015 * largest):
        solution = minimise(mn.Problem(x, y, None, lam), certify=False, warm=warm)
    assert solution.rounds < minimise(mn.Problem(x, y, None, lam), certify=False).rounds


def test_survives_netcdf(tmp_path):
    ds = path([0.0, 1.0, 2.0], [0.0, 1.0, 0.0], [0.1, 0.01], penalty=mn.PathNorm(skip="free"))
    ds.to_netcdf(tmp_path / "path.nc", engine="h5netcdf")
    import xarray as xr

    with xr.open_dataset(tmp_path / "path.nc", engine="h5netcdf") as back:
        assert back.identical(ds)


@pytest.mark.parametrize("lams", [[-1.0], [], [[1.0]], [np.nan], [0.1, 0.1], "many"])
def test_bad_lams(lams):
    with pytest.raises(ValueError, match="lams is"):
        path([0.0, 1.0, 2.0], [0.0, 1.0, 0.0], lams)


@pytest.mark.slow
def test_fifty_points_on_the_default_grid():
    x, y = data(n=50)
    ds = path(x, y)
    assert ds.certified.all()
    assert np.all(np.diff(ds.norm) >= -1e-6 * float(ds.norm.max()))


@pytest.mark.filterwarnings("ignore::minnorm.UncertifiedWarning")  # looked at, or not what it is about
def test_above_rank_three_lam_max_is_searched():
    x, y = data(n=12, d=4)
    ds = path(x, y, [lam_max(x, y), 0.01])
    assert ds.attrs["lam_max_scope"] == "searched"
    assert ds.attrs["scope"] in ("bounded", "searched")
    assert ds.neurons.values[0] == 0 < ds.neurons.values[1]
