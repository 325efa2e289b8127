from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from threadpoolctl import threadpool_limits

from minnorm import measure, study
from minnorm.study.shards.run import run_shard
from minnorm.training import networks


def files(directory):
    return sorted(path.name for path in (Path(directory) / "shards").iterdir())


def arrays(directory):
    return [data for _, data in study.Store(directory).done()]


def assert_same(first, second):
    assert len(first) == len(second) > 0
    for a, b in zip(first, second, strict=True):
        xr.testing.assert_identical(a, b)


@pytest.mark.slow
def test_a_study_holds_training_and_measures(tmp_path, small):
    specification = study.parse(small)
    store = study.run(specification, tmp_path)
    results = list(store.done())
    assert [shard.train.optimizer for shard, _ in results] == ["gd", "adam"]
    target = specification.task.interpolant()
    for _, data in results:
        assert data.sizes["weight_decay"] == 2
        assert data.sizes["seed"] == 2
        for place, network in networks(data):
            one = data.sel(place)
            assert one["seminorm"].item() == pytest.approx(measure.seminorm_line(network), rel=1e-12)
            assert one["seminorm"] <= one["path_norm"].isel(step=-1) * (1 + 1e-5)
            assert one["norm_ratio"].item() == pytest.approx(measure.path_norm(network) / target.norm, rel=1e-12)
            np.testing.assert_allclose(one["function"], network.evaluate(data["query"].values[:, None]), atol=1e-12)


def test_running_again_computes_nothing(tmp_path, small, costless):
    specification = study.parse(small)
    study.run(specification, tmp_path)
    before = arrays(tmp_path)
    study.run(specification, tmp_path)
    assert len(costless) == 2
    assert_same(arrays(tmp_path), before)


def test_a_larger_study_keeps_finished_shards_of_the_same_work(tmp_path, small, costless):
    study.run(study.parse(small), tmp_path / "a")
    small["zip"][0]["optimizer"].append("momentum")
    small["zip"][0]["learning_rate"].append(0.05)
    study.run(study.parse(small), tmp_path / "b")
    assert set(files(tmp_path / "a")) < set(files(tmp_path / "b"))


def test_progress_ends_at_one(tmp_path, small, costless):
    seen = []
    study.run(study.parse(small), tmp_path, progress=lambda _shard, part, whole: seen.append((part, whole)))
    assert seen[-1] == (1.0, 1.0)
    assert all(0 <= part <= 1 and 0 <= whole <= 1 for part, whole in seen)


@pytest.mark.slow
@pytest.mark.parametrize(
    "damage",
    [
        lambda b: b[: len(b) // 2],
        lambda b: b"",
        lambda b: b"not netCDF" + b[10:],
    ],
)
def test_a_damaged_file_is_reported_and_redone(tmp_path, small, costless, damage):
    specification = study.parse(small)
    study.run(specification, tmp_path)
    before = arrays(tmp_path)
    victim = tmp_path / "shards" / files(tmp_path)[0]
    victim.write_bytes(damage(victim.read_bytes()))
    status = study.status(tmp_path)
    assert status.done == 1
    assert victim.name in status.bad[0]
    with pytest.warns(RuntimeWarning, match=victim.name):
        study.run(specification, tmp_path)
    assert_same(arrays(tmp_path), before)


def test_a_file_of_other_work_is_not_taken_for_this(tmp_path, small, costless):
    specification = study.parse(small)
    store = study.run(specification, tmp_path)
    first, second = specification.shards()
    store.path(first).write_bytes(store.path(second).read_bytes())
    with pytest.raises(ValueError, match="belongs to shard"):
        store.load(first)


def test_a_directory_holds_one_study(tmp_path, small, costless):
    study.run(study.parse(small), tmp_path)
    small["train"]["width"] = 13
    with pytest.raises(ValueError, match="other settings"):
        study.run(study.parse(small), tmp_path)
    with pytest.raises(ValueError, match="no study"):
        study.status(tmp_path / "elsewhere")
    with pytest.raises(ValueError, match="no study"):
        study.stores(tmp_path / "elsewhere")


@pytest.mark.slow
def test_diverged_networks_are_marked_and_measured_as_nan(tmp_path, small):
    small["zip"] = []
    small["train"] |= {"optimizer": "gd", "learning_rate": [0.05, 1e9]}
    (data,) = arrays(study.run(study.parse(small), tmp_path).directory)
    assert not data["diverged"].sel(learning_rate=0.05).any()
    assert data["diverged"].sel(learning_rate=1e9).all()
    assert np.isnan(data["norm_ratio"].sel(learning_rate=1e9)).all()
    assert np.isfinite(data["norm_ratio"].sel(learning_rate=0.05)).all()


@pytest.mark.slow
def test_a_shard_has_the_same_bits_on_any_number_of_threads():
    content = {
        "name": "bump",
        "task": {"kind": "bump", "dim": 3, "points": 100},
        "train": {"width": 1000, "steps": 1, "records": 2},
        "measure": {"optimum": False, "directions": 100, "radii": 50},
    }
    (shard,) = study.parse(content).shards()
    found = []
    for threads in (1, 2, 4):
        with threadpool_limits(threads, "blas"):
            found.append(run_shard(shard, threads=threads))
    for other in found[1:]:
        xr.testing.assert_identical(other, found[0])


@pytest.mark.slow
def test_bump_measures(tmp_path):
    content = {
        "name": "bump",
        "task": {"kind": "bump", "dim": 3, "points": 60},
        "train": {"width": 30, "steps": 20, "records": 3},
        "measure": {"directions": 30, "radii": 11, "largest_radius": 2.0, "sharpness": True},
    }
    (data,) = arrays(study.run(study.parse(content), tmp_path).directory)
    assert data["radial_mean"].sizes["radius"] == 11
    np.testing.assert_allclose(data["radial_std"].isel(radius=0), 0, atol=1e-6)
    assert data["sharpness"].item() > 0
    assert data["l2_unknown"].item() <= data["sup_unknown"].item()
