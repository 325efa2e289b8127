import errno
import resource
import warnings

import numpy as np
import pytest

from minnorm import study
from minnorm.study.storage.checkpoints import Parts


@pytest.fixture
def store(tmp_path, four):
    """A store that has begun with a study of four shards."""
    store = study.Store(tmp_path / "s")
    store.begin(four)
    return store


ARRAYS = {
    "state/mu.0": np.array([1.5, np.nan, -0.0], dtype=np.float32),
    "step": np.array(7),
    "key": np.array([1, 2**32 - 1], dtype=np.uint32),
    "file": np.zeros((2, 0), dtype=bool),
}


def left(store):
    return sorted(path.name for path in (store.directory / "parts").glob("*"))


def test_arrays_come_back_as_they_were(store, four):
    parts = store.parts(next(four.shards()))
    assert parts.load("a") is None
    parts.save("a", {"step": np.array(1)})
    parts.save("a", ARRAYS)
    parts.save("b-2", {})
    found = parts.load("a")
    assert list(found) == list(ARRAYS)
    for name, array in ARRAYS.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)
    assert np.signbit(found["state/mu.0"][2])
    assert parts.load("b-2") == {}
    assert len(left(store)) == 2
    parts.remove()
    assert left(store) == []


@pytest.mark.parametrize("name", ["", "a/b", "..", "a.b"])
def test_names_are_those_of_files(store, four, name):
    with pytest.raises(ValueError, match="name is"):
        store.parts(next(four.shards())).save(name, {})


def test_every_truncation_and_change_is_noticed(store, four):
    parts = store.parts(next(four.shards()))
    parts.save("a", ARRAYS)
    (path,) = (store.directory / "parts").iterdir()
    content = path.read_bytes()
    for length in range(0, len(content), 31):
        path.write_bytes(content[:length])
        with pytest.warns(RuntimeWarning, match=rf"{path.name} is damaged.*left out"):
            assert parts.load("a") is None
        assert not path.exists()
    changed = content.replace(ARRAYS["key"].tobytes(), ARRAYS["key"][::-1].tobytes())
    path.write_bytes(changed)
    assert changed != content
    with pytest.warns(RuntimeWarning, match="is damaged"):
        assert parts.load("a") is None


def test_checkpoints_of_other_work_are_not_taken_for_this(store, four, monkeypatch):
    one, two = (store.parts(shard) for shard in list(four.shards())[:2])
    one.save("a", ARRAYS)
    (path,) = (store.directory / "parts").iterdir()
    content = path.read_bytes()
    for parts, name, key in ((two, "a", "shard"), (one, "b", "part")):
        other = path.with_name(f"{parts.shard}.{name}.npz")
        other.write_bytes(content)
        with pytest.warns(RuntimeWarning, match=f"{other.name} is of other work: its {key}"):
            assert parts.load(name) is None
        assert not other.exists()
    for what, value in (("FORMAT", 99), ("version", lambda _: "0.0")):
        one.save("a", ARRAYS)
        with monkeypatch.context() as here:
            here.setattr(f"minnorm.study.storage.checkpoints.{what}", value)
            with pytest.warns(RuntimeWarning, match="of other work"):
                assert one.load("a") is None


def test_a_checkpoint_that_finds_no_room_is_a_warning_and_the_last_one_stays(store, four):
    parts = store.parts(next(four.shards()))
    parts.save("a", {"step": np.array(1)})
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
    try:
        with pytest.warns(RuntimeWarning, match=r"no checkpoint \(.*no room for .*training goes on"):
            parts.save("a", {"step": np.arange(1000)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert len(left(store)) == 1
    assert parts.load("a")["step"] == 1


def test_what_keeps_a_checkpoint_from_being_written_is_told_once(store, four, monkeypatch):
    def full(*_):
        raise OSError(errno.EROFS, "read-only")

    monkeypatch.setattr("minnorm.study.storage.folders.write", full)
    parts = store.parts(next(four.shards()))
    with pytest.warns(RuntimeWarning, match="read-only"):
        parts.save("a", {})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        parts.save("a", {})


@pytest.mark.slow
def test_they_are_kept_while_their_shard_is_not_done_and_go_with_it(store, four, costless):
    first, second, *_ = four.shards()
    for shard in (first, second):
        store.parts(shard).save("a", ARRAYS)
    stranger = Parts(store._folder, "0123456789abcdef")
    stranger.save("a", ARRAYS)
    killed = store.directory / "parts" / f".{second.key}.a.npz.77.tmp"
    killed.write_bytes(b"half")
    assert study.status(store.directory).done == 0
    assert study.status(store.directory).bad == ()
    store.begin(four)
    assert left(store) == sorted(f"{shard.key}.a.npz" for shard in (first, second))
    with store.claim(second):
        killed.write_bytes(b"half")
        store.begin(four)
        assert killed.exists()
    study.run(four, store.directory)
    assert left(store) == []
    store.parts(first).save("a", ARRAYS)  # as by a run that is killed between saving and tidying
    study.run(four, store.directory)
    assert left(store) == []
    assert len(costless) == 4
