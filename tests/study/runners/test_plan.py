import pytest

from minnorm import study
from minnorm.study.runners import plan
from minnorm.study.runners.plan import Rate, calibrate, size


def test_counts_and_what_is_done_already(tmp_path, costless, four, monkeypatch):
    calibrated = []

    def rate(shard, _threads):
        calibrated.append(shard)
        return Rate(compile=1.0, step=1e-3, record=1e-2, measure=0.5)

    monkeypatch.setattr(plan, "calibrate", rate)
    found = study.plan(four, tmp_path)
    assert (found.networks, found.shards, found.done) == (16, 4, 0)
    assert found.seconds == pytest.approx(4 * (1.0 + 4 * (60 * 1e-3 + 7 * 1e-2 + 0.5)))
    assert len(calibrated) == 4  # two optimisers, two widths
    assert study.plan(four, tmp_path, workers=2).seconds == pytest.approx(found.seconds / 2)
    study.run(four, tmp_path)
    again = study.plan(four, tmp_path)
    assert (again.networks, again.done, again.seconds, again.bytes) == (16, 4, 0, 0)


def test_shards_that_differ_in_what_costs_nothing_are_calibrated_once(small, monkeypatch):
    seen = []
    monkeypatch.setattr(plan, "calibrate", lambda shard, _: seen.append(shard) or Rate(1.0, 0.0, 0.0, 0.0))
    small["grid"] |= {"initial": ["pytorch", "xavier_normal"], "steps": [10, 20]}
    study.plan(study.parse(small))
    assert len(seen) == 2


@pytest.mark.slow
def test_a_calibration_measures_and_stops_early(small):
    small["train"]["steps"] = 10**9
    shard = next(study.parse(small).shards())
    rate = calibrate(shard, 1)
    assert 0 < rate.step < 1e-2
    assert 0 < rate.measure < 1
    assert rate.seconds(shard) > 10**9 * rate.step


@pytest.mark.slow
@pytest.mark.parametrize(
    "task",
    [
        {"kind": "line", "x": [-1.0, 0.0, 1.0], "y": [0.0, 1.0, 0.0]},
        pytest.param({"kind": "bump", "dim": 3, "points": 50}, marks=pytest.mark.slow),
    ],
)
def test_disk_is_foreseen(tmp_path, task):
    content = {
        "name": "s",
        "task": task,
        "train": {"width": 3000, "steps": 3, "optimizer": "gd", "seed": 5},
        "measure": {"directions": 4, "radii": 500},
    }
    specification = study.parse(content)
    store = study.run(specification, tmp_path)
    (shard,) = specification.shards()
    assert store.path(shard).stat().st_size == pytest.approx(size(shard), rel=0.15)


@pytest.mark.slow
def test_a_study_that_solves_is_foreseen_too(tmp_path):
    content = {"name": "a", "task": {"kind": "bump", "dim": 2}, "solve": {"lam": [0.0, 1e-2]}}
    few, many = (
        study.plan(study.parse({**content, "grid": {"task": {"points": points}}}), tmp_path)
        for points in ([10, 20], [10, 600])
    )
    assert (few.networks, few.shards, few.done) == (4, 2, 0)
    assert 0 < few.seconds < many.seconds
    assert 0 < few.bytes < 10**6
