"""Finished work stays finished: the keys of shards, and the files that hold them, are those of earlier versions."""

import hashlib
import tarfile
from pathlib import Path

import pytest
import xarray as xr

from minnorm import study

ROOT = Path(__file__).parents[2]
KEYS = {
    "src/minnorm/study/demo/1-line.toml": {
        "": (6, "3ff8820054f8fe9de626"),
    },
    "src/minnorm/study/demo/2-bump.toml": {
        "": (6, "ab5b253f1101cfb93c86"),
    },
    "src/minnorm/study/demo/3-diabetes.toml": {
        "": (1, "105a6c30260bbdea7584"),
    },
    "studies/atlas.toml": {
        "line": (68, "0c63f3bc6be479b13a49"),
        "bump": (68, "09622444a6f749ab8f0a"),
        "plane": (68, "47f1d83d36530bfaa0fd"),
        "biases": (24, "ab347098ee085a96aa12"),
    },
    "studies/bump31-small.toml": {
        "base": (3, "2c64bf3f615ef9f6030c"),
        "rates": (3, "07d64c2b242c6a9d3e8c"),
        "radii": (6, "0a86b41245600833a791"),
        "steps": (6, "93a18851d721b0abac2c"),
        "initial": (3, "7fb8d0685eefb1d0f18b"),
        "cosine": (3, "cbbd8ba5c6e83b29ab73"),
        "widths": (3, "a01f451bde9848a81c72"),
        "wide": (3, "ff01fc41ce25b5d86365"),
        "narrow": (3, "f8c6e2885b0d867a4125"),
        "origin": (6, "cfa652ca8b190d482977"),
        "points": (1, "456fb13246d6f484eb3e"),
    },
    "studies/bump31.toml": {
        "rates": (9, "3345fca0b32358491ded"),
        "data": (72, "54b7f34534b8e763567f"),
        "widths": (12, "9e1f64ce3d1a199baa40"),
        "initial": (3, "b6683a9810543b471cf3"),
        "cosine": (3, "aa420bd4b21b3e2fbc73"),
        "points": (9, "f1c870bdf59ffdf49975"),
    },
    "studies/convergence.toml": {
        "decay": (24, "87f692ba17fdbaa72cb4"),
        "points": (75, "27ebb9470cbbbcfcde67"),
        "spheres": (230, "ff6e7892e1240e054fa3"),
        "width": (12, "c87b076781af16f053d3"),
        "noise": (60, "7adbfd12de48b32dd55d"),
    },
}
"""For each study of a file, how many shards it has and the digest of their keys, as one text."""


@pytest.mark.parametrize("file", KEYS)
def test_the_keys_of_shards_are_those_of_finished_work(file):
    found = {}
    for name, one in study.load_all(ROOT / file).items():
        keys = [shard.key for shard in one.shards()]
        found[name] = len(keys), hashlib.sha256("".join(keys).encode()).hexdigest()[:20]
    assert found == KEYS[file]


@pytest.fixture
def earlier(tmp_path):
    """Two stores of the version before tasks had regions: the first shards of two studies, the others were lost."""
    with tarfile.open(Path(__file__).parent / "written_before.tar.xz") as archive:
        archive.extractall(tmp_path, filter="data")
    return tmp_path


@pytest.mark.parametrize("name", ["trained", "solved"])
def test_a_store_of_an_earlier_version_is_read(earlier, name):
    ((shard, data),) = study.Store(earlier / name).done()
    assert (shard.key, shard.task.kind) == (data.attrs["shard"], "line")
    assert study.status(earlier / name).done == 1


@pytest.mark.slow
@pytest.mark.parametrize("name", [pytest.param("trained", marks=pytest.mark.slow), "solved"])
def test_a_store_of_an_earlier_version_is_continued(earlier, name):
    (file,) = (earlier / name / "shards").iterdir()
    before = file.read_bytes(), file.stat().st_mtime_ns
    store = study.Store(earlier / name)
    study.run(store.study(), earlier / name, threads=1)
    assert (file.read_bytes(), file.stat().st_mtime_ns) == before
    old, new = (data for _, data in store.done())
    assert {one: part.dims for one, part in old.variables.items()} == {
        one: part.dims for one, part in new.variables.items()
    }
    assert old.attrs.keys() == new.attrs.keys()
    again = study.run(store.study(), earlier / "again", threads=1).load(next(store.study().shards()))
    xr.testing.assert_allclose(again, old, rtol=1e-5, atol=1e-7)
