"""Tasks of known regions: their points, the certified network between them, and what is looked at."""

import numpy as np
import pytest

import minnorm as mn
from minnorm import report, study
from minnorm.study.specification import regions
from minnorm.study.specification.regions import RegionsTask

DISCS = [
    {"shape": "ball", "center": [0.0, 0.0], "radius": 1.0, "label": 0.0},
    {"shape": "ball", "center": [4.0, 0.0], "radius": 1.0, "label": 1.0},
]
STUDY = {
    "name": "discs",
    "task": {"kind": "regions", "parts": DISCS, "points": [12, 24], "within": 0.0},
    "train": {"width": 10, "steps": 40, "records": 3},
    "grid": {"weight_decay": [0.0, 1e-3], "seed": 2},
}


def test_points_are_drawn_from_the_regions_and_compared_outside_of_them(monkeypatch):
    monkeypatch.setattr(regions, "interpolate_regions", None)  # neither needs a solver
    task = RegionsTask(kind="regions", parts=DISCS, points=50)
    data, other = task.data(), task.data()
    assert np.array_equal(data.points, other.points)
    np.testing.assert_array_equal(task.regions().labels_at(data.points), data.values)
    assert np.all(np.isnan(task.regions().labels_at(task.region(300))))
    assert task.region(300).shape == (300, 2)
    assert (task.count(), task.dimension()) == (50, 2)
    noisy = RegionsTask(kind="regions", parts=DISCS, points=50, noise=0.1).data()
    assert 0.05 < np.std(noisy.values - data.values) < 0.2


def test_the_target_is_the_certified_network_between_them():
    target = RegionsTask(kind="regions", parts=DISCS, within=0.0).interpolant()
    assert target.norm == pytest.approx(1.0, rel=1e-9)  # 2 / the distance
    assert target.function(np.array([[0.0, 0.5], [4.0, 0.0], [2.0, 0.0]])) == pytest.approx([0.0, 1.0, 0.5])
    assert "between 1 and 1, both proven" in target.words
    net = target.as_network(20, 0)
    assert mn.PathNorm().value(net) == pytest.approx(1.0)


def test_a_mistake_in_a_part_is_said_when_the_study_is_read():
    wrong = {"name": "a", "task": {"kind": "regions", "parts": [{"shape": "disc", "label": 1.0}]}, "train": {}}
    with pytest.raises(ValueError, match=r"task\.parts: .*shape of region 0 is 'disc'"):
        study.parse(wrong)


@pytest.mark.slow
def test_a_study_of_regions_has_pictures_between_them(tmp_path):
    study.run(study.parse(STUDY), tmp_path)
    sections = report.sections(tmp_path)
    assert [section.name for section in sections] == ["discs: points 12", "discs: points 24"]
    for shard, runs in study.Store(tmp_path).trained():
        (probe,) = shard.task.probes(shard.measure)
        grid = np.stack(np.meshgrid(runs["across"], runs["up"]), axis=-1).reshape(-1, 2)
        np.testing.assert_array_equal(grid, probe.places)
        certified = runs["target_plane"].values.reshape(-1, len(grid))
        np.testing.assert_allclose(certified[0], np.clip((grid[:, 0] - 1) / 2, 0, 1), atol=1e-6)
        assert runs["plane"].shape == runs["target_plane"].shape
    for section in sections:
        (between,) = [picture for picture in section.pictures if picture.title == "between the regions"]
        axes = [one for one in between.draw().axes if one.get_visible()]
        assert [one.get_title().split("\n")[-1] for one in axes] == ["certified", "decay 0", "decay 1e-3"]
