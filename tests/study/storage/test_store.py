import errno
import json
import resource

import h5py
import pytest

from minnorm import sealed, study
from minnorm.study.specification.spec import FORMAT
from minnorm.study.storage.store import OtherFormat


def rewrite(path, **attributes):
    sealed.save(sealed.load(path).assign_attrs(attributes), path)


def test_every_flip_is_noticed_before_a_file_is_parsed(tmp_path, costless, four, monkeypatch):
    """One of them sends the HDF5 library into a loop that Ctrl-C does not end."""
    store = study.run(four, tmp_path)
    shard = next(four.shards())
    content = store.path(shard).read_bytes()
    monkeypatch.setattr(sealed.xr, "open_dataset", lambda *_, **__: pytest.fail("damaged bytes were parsed"))
    for position in range(0, len(content), len(content) // 50):
        store.path(shard).write_bytes(content[:position] + bytes([content[position] ^ 1]) + content[position + 1 :])
        with pytest.raises(ValueError, match=r"\.nc (is damaged|has no digest)"):
            store.load(shard)


@pytest.mark.slow
def test_numbers_that_changed_in_a_file_are_noticed(tmp_path, costless, four, same):
    store = study.run(four, tmp_path / "a")
    study.run(four, tmp_path / "b")
    victim = store.path(next(four.shards()))
    with h5py.File(victim, "a") as file:
        file["path_norm"][0, 0, 0, 0, 0] += 1e-12
    assert "no digest" in study.status(tmp_path / "a").bad[0]
    with pytest.warns(RuntimeWarning, match=r"no digest.*doing it again"):
        study.run(four, tmp_path / "a")
    same(tmp_path / "a", tmp_path / "b")
    assert victim.with_suffix(".nc.bad").exists()
    assert len(costless) == 9


def test_every_truncation_of_a_file_is_noticed(tmp_path, costless, small):
    small["grid"], small["zip"] = {}, []
    specification = study.parse(small)
    store = study.run(specification, tmp_path)
    (shard,) = specification.shards()
    content = store.path(shard).read_bytes()
    for length in range(0, len(content), len(content) // 40):
        store.path(shard).write_bytes(content[:length])
        with pytest.raises(ValueError, match=r"\.nc has no digest at its end: it was cut off"):
            store.load(shard)


@pytest.mark.slow
@pytest.mark.parametrize(("version", "age"), [(FORMAT + 1, "a newer"), (1, "an older"), ("x", "unknown")])
def test_files_of_other_versions_are_refused_and_kept(tmp_path, costless, four, version, age):
    store = study.run(four, tmp_path)
    victim = store.path(next(four.shards()))
    rewrite(victim, format=version)
    kept = victim.read_bytes()
    with pytest.raises(OtherFormat, match=f"{victim.name}.*{age}"):
        study.run(four, tmp_path)
    assert victim.read_bytes() == kept
    assert age in study.status(tmp_path).bad[0]
    file = tmp_path / "study.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "format": version}))
    for use in (lambda: study.run(four, tmp_path), lambda: study.status(tmp_path)):
        with pytest.raises(OtherFormat, match=rf"study\.json.*{age}"):
            use()


@pytest.mark.parametrize("content", ["", '{"format"', "[]", '{"study": 1}'])
def test_a_damaged_study_file_says_what_to_do(tmp_path, costless, four, content):
    study.run(four, tmp_path)
    (tmp_path / "study.json").write_text(content)
    with pytest.raises(ValueError, match=r"study\.json is damaged; remove it"):
        study.run(four, tmp_path)
    (tmp_path / "study.json").unlink()
    study.run(four, tmp_path)
    assert len(costless) == 4


@pytest.mark.slow
def test_a_full_disk_stops_the_study_and_loses_nothing(tmp_path, costless, four, same):
    study.run(four, tmp_path / "b")
    store = study.Store(tmp_path / "a")
    finished = []
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill(_shard, part, _whole):
        if part == 1.0:
            finished.append(part)
        if len(finished) == 2:
            resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))

    try:
        with pytest.raises(OSError, match=r"no room for .* make room and run again") as error:
            study.run(four, tmp_path / "a", progress=fill)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert error.value.errno == errno.EFBIG
    assert study.status(tmp_path / "a").done == 2
    assert len(list((tmp_path / "a" / "shards").iterdir())) == 2  # no part of a file either
    del costless[:]
    study.run(four, tmp_path / "a")
    assert len(costless) == 2
    same(tmp_path / "a", tmp_path / "b")
    assert store.exists


@pytest.mark.slow
def test_what_killed_writers_left_is_removed_unless_they_live(tmp_path, costless, four):
    store = study.run(four, tmp_path)
    dead, live = list(four.shards())[:2]
    left = [store.path(shard).with_name(f".{shard.key}.nc.0f.tmp") for shard in (dead, live)]
    for path in left:
        path.write_bytes(b"half")
    with store.claim(live):
        study.run(four, tmp_path)
    assert [path.exists() for path in left] == [False, True]
    assert list((tmp_path / "claims").iterdir()) == []
