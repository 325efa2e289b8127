"""The benchmarks' own judge and data; the peers only where they are installed."""

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest

import minnorm as mn
from minnorm.solve.regularisation import lam_max

FOLDER = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture
def benchmark(monkeypatch):
    """Import one of the benchmarks' modules, as the script does."""
    monkeypatch.syspath_prepend(str(FOLDER))
    names = [path.stem for path in FOLDER.glob("*.py")]
    yield importlib.import_module
    for name in names:
        sys.modules.pop(name, None)


def solved(benchmark, bias, n=40, fraction=1e-2):
    """A small task of the benchmark, this library's certificate for it and its network."""
    peers = benchmark("peers")
    x, y = benchmark("instances").plane(n)
    penalty = peers.penalty(bias)
    lam = fraction * lam_max(x, y, penalty)
    solution = mn.fit(x, y, lam, penalty=penalty)
    return peers.Task(x, y, lam, bias, 20.0), solution


def handed_over(benchmark, network):
    """A network as the benchmarks pass it on."""
    parts = (np.asarray(part) for part in (network.inner_weights, network.biases, network.outer_weights))
    return benchmark("objective").Network(*parts, float(network.offset))


@pytest.mark.parametrize("bias", ["free", "penalised"])
def test_the_judge_agrees_with_verify(benchmark, bias):
    task, solution = solved(benchmark, bias)
    network = handed_over(benchmark, solution.network)
    value = benchmark("objective").objective(network, task.points, task.values, task.lam, bias)
    assert value == pytest.approx(solution.value, rel=1e-12)


def test_the_judge_by_hand_and_under_rescaling(benchmark):
    judge = benchmark("objective")
    x, y = np.array([[0.0], [1.0]]), np.array([0.0, 3.0])
    one = judge.Network(np.array([[2.0]]), np.array([0.0]), np.array([1.0]))
    assert judge.objective(one, x, y, 0.5, "free") == pytest.approx(1 / 4 + 0.5 * 2)
    moved = judge.Network(np.array([[6.0]]), np.array([3.0]), np.array([1 / 3]))
    assert judge.objective(moved, x, y, 0.5, "penalised") == pytest.approx((1 + 0) / 4 + 0.5 * np.hypot(2, 1))
    with_offset = judge.Network(one.inner, one.biases, one.outer, 1.0)
    assert judge.objective(with_offset, x, y, 0.5, "free") == pytest.approx((1 + 0) / 4 + 0.5 * 2)
    assert judge.objective(with_offset, x, y, 0.5, "penalised") == np.inf
    lost = judge.Network(np.array([[np.nan]]), one.biases, one.outer)
    assert judge.objective(lost, x, y, 0.5, "free") == np.inf


def test_instances_are_as_documented(benchmark):
    instances = benchmark("instances")
    x, y = instances.plane(100)
    rng = np.random.default_rng(0)
    np.testing.assert_array_equal(x, rng.normal(size=(100, 2)))
    np.testing.assert_array_equal(y, np.sin(2 * x[:, 0]) + x[:, 1] ** 2)
    x, y = instances.diabetes()
    assert x.shape == (442, 10)
    np.testing.assert_allclose(
        [x.std(axis=0).max(), x.std(axis=0).min(), y.std(), abs(x.mean())], [1, 1, 1, 0], atol=1e-12
    )
    x, y = instances.teacher()
    assert x.shape == (1000, 10)
    assert y.std() == pytest.approx(np.sqrt(1 + 0.1**2), rel=0.02)
    x, y = instances.shell(5)
    radius = np.linalg.norm(x, axis=1)
    assert radius[0] == 0
    assert radius[1:].min() >= 1
    assert radius.max() <= 2
    assert y.sum() == y[0] == 1
    x, y = instances.circles()
    assert np.unique(np.linalg.norm(x - [[0.0, 0.0]] - 3.0 * y[:, None] * [1.0, 0.0], axis=1).round(12)) == [1.0]
    names = [row.name for row in instances.SPEED_ROWS]
    assert len(set(names)) == len(names)
    names = [row.name for row in instances.PEER_ROWS]
    assert len(set(names)) == len(names) == 14
    assert len(instances.by_name(instances.PEER_ROWS, ["plane-100"])) == 4
    with pytest.raises(ValueError, match="no row is called plane-7"):
        instances.by_name(instances.PEER_ROWS, ["plane-7"])


@pytest.mark.parametrize("bias", ["free", "penalised"])
def test_the_convex_programme_has_the_same_optimum(benchmark, bias):
    pytest.importorskip("cvxpy")
    task, solution = solved(benchmark, bias, n=25)
    net = solution.network
    active = np.unique(task.points @ net.inner_weights.T + net.biases >= 0, axis=1)
    network, status = benchmark("peers").pattern_programme(task, active, 60.0)
    value = benchmark("objective").objective(network, task.points, task.values, task.lam, bias)
    assert status == "optimal"
    assert solution.lower_bound <= value <= solution.value * (1 + 1e-5)


@pytest.mark.parametrize("bias", ["free", "penalised"])
def test_adam_stays_above_the_bound(benchmark, bias):
    pytest.importorskip("torch")
    task, solution = solved(benchmark, bias, n=25)
    peers, judge = benchmark("peers"), benchmark("objective")
    short = peers.Task(task.points, task.values, task.lam, bias, 4.0)
    _, network, _ = next(peers.adam(short))
    assert judge.objective(network, task.points, task.values, task.lam, bias) >= solution.lower_bound
    assert np.float64(2.0**-1074) * 1.0 > 0  # numbers below the normal range are what they were


def test_builds_are_compared_by_medians_of_ratios_and_what_did_not_end_is_said(benchmark):
    against = benchmark("against")
    one = {"gap": 1e-7, "scope": "exact", "certified": True, "neurons": 5, "verify": 0.5, "megabytes": 100.4}
    pairs = [[one | {"solve": before}, one | {"solve": now}] for before, now in ((8.0, 2.0), (9.0, 3.0), (30.0, 3.0))]
    cells = [cell.strip() for cell in against.line("plane", pairs).strip("|").split("|")]
    claim = "1.0e-07, exact, certified"
    assert cells == ["plane", "9", claim, "3", claim, "4.00", "0.5, 0.5", "5, 5", "100, 100"]
    late = [[{"ended": "not in 90 s"}, one | {"solve": 2.0}]]
    cells = [cell.strip() for cell in against.line("plane", late).strip("|").split("|")]
    assert cells[1:6] == ["not in 90 s", "–", "2", claim, "–"]


@pytest.mark.slow
def test_a_row_is_solved_and_proved_in_a_process_of_its_own(benchmark):
    (row,) = [row for row in benchmark("instances").SPEED_ROWS if row.name == "checkerboard-5,interpolate"]
    found = benchmark("against").run(row, None, 60.0)
    assert found["certified"]
    assert found["value"] == pytest.approx(14 * np.sqrt(2), rel=1e-6)
    assert 0 < found["solve"] < 60
    assert 10 < found["megabytes"] < 4000


@pytest.mark.slow
def test_the_table_and_the_figure(benchmark, tmp_path):
    chart = benchmark("chart")
    proof = {"value": 1.0, "lower_bound": 0.99999, "scope": "exact", "gap": 1e-5}
    proof |= {"solve_seconds": 0.1, "verify_seconds": 0.2}
    points = [
        {"seconds": s, "objective": v, "neurons": 3, "note": "run", "in_time": s < 10}
        for s, v in ((0.1, 1.1), (2.0, 1.0005), (11.0, 1.0))
    ]
    solvers = {
        "minnorm": {"points": points, "ended": "done"},
        "Adam": {"points": [], "ended": "torch is not installed"},
    }
    row = {"certificate": proof, "budget": 10.0, "solvers": solvers}
    chart.write({"machine": {"cores": 2}, "rows": {"plane": row}}, tmp_path)
    lines = (tmp_path / "table.md").read_text().splitlines()
    assert lines[3] == "| plane | minnorm | 1.0005 | 5.1e-04 | 2.00 | 3 | run, 2.00 s |"
    assert lines[4] == "| plane | Adam | - | - | - | - | torch is not installed |"
    assert (tmp_path / "figure.png").stat().st_size > 0
    assert (tmp_path / "figure.svg").stat().st_size > 0
