import numpy as np
import pytest

from minnorm import fit, interpolate, known
from minnorm.study import parse
from minnorm.study.shards.run import run_shard


def solved(**content):
    (shard,) = parse({"name": "a", **content}).shards()
    return shard, run_shard(shard)


@pytest.mark.slow
def test_every_lam_has_its_certified_minimum():
    shard, found = solved(task={"kind": "bump", "dim": 2, "points": 25}, solve={"lam": [0.0, 1e-2, 1e-4]})
    data = shard.task.data()
    assert found["lam"].values.tolist() == [0.0, 1e-2, 1e-4]
    assert found["certified"].values.all()
    least = interpolate(data.points, data.values).value
    assert found["value"].sel(lam=0.0) == pytest.approx(least, rel=1e-6)
    assert found["norm"].sel(lam=0.0) == pytest.approx(least, rel=1e-6)
    assert found["value"].sel(lam=1e-2) == pytest.approx(fit(data.points, data.values, 1e-2).value, rel=1e-6)
    parts = found["training_loss"] + found["lam"] * found["norm"]
    np.testing.assert_allclose(parts.values[1:], found["value"].values[1:], rtol=1e-6)
    assert found["norm"].sel(lam=1e-2) < found["norm"].sel(lam=1e-4) < found["norm"].sel(lam=0.0)
    assert found.attrs["exact_norm"] == known.radial_bump(2, outer=2.0).norm


@pytest.mark.slow
def test_radii_are_the_problem_averaged_over_rotations():
    task = {"kind": "bump", "dim": 3, "points": 20}
    _, points = solved(task=task, solve={"lam": 1e-3})
    shard, radii = solved(task=task, solve={"lam": 1e-3, "method": "radii"})
    data = shard.task.data()
    direct = known.radial_fit(np.linalg.norm(data.points, axis=1), data.values, 3, 1e-3)
    assert radii["value"].item() == direct.value
    assert points["value"].item() < radii["value"].item()
    assert radii["l2_unknown"].item() < points["l2_unknown"].item()


@pytest.mark.slow
def test_the_line_and_the_plane_are_measured_against_their_interpolants():
    _, line = solved(task={"kind": "line", "x": [0.0, 1.0, 2.0], "y": [0.0, 1.0, 0.0]}, solve={"lam": [0.0, 0.1]})
    _, plane = solved(task={"kind": "points", "points": 12}, solve={"lam": [0.0, 0.1]})
    for found in (line, plane):  # both to a gap of 1e-6, and functions to about its root
        assert found["sup_unknown"].sel(lam=0.0) < 1e-2 * found["l2_unknown"].sel(lam=0.1)
