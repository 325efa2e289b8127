"""Stores behind URLs: what holds on a disk holds there, but for claims."""

import errno
import sys
import uuid
from pathlib import Path

import numpy as np
import pytest
from fsspec.implementations.local import LocalFileSystem
from fsspec.implementations.memory import MemoryFileSystem

from minnorm import study
from minnorm.study.storage.folders import Disk, folder
from minnorm.study.storage.remote import Remote


@pytest.fixture(params=["memory", pytest.param("local", marks=pytest.mark.slow)])
def url(request, tmp_path):
    """A place of a kind whose objects appear whole, and one where files are moved."""
    return f"memory://{uuid.uuid4().hex}/s" if request.param == "memory" else f"local://{tmp_path / 'remote'}"


def test_files_are_written_read_listed_moved_and_removed(url):
    place = folder(url)
    assert isinstance(place, Remote)
    assert (place.read("a"), place.has("a"), place.files("in"), place.folders()) == (None, False, [], [])
    place.remove("a")
    place.write("in/a", b"1")
    place.write("in/a", b"2")
    place.write("in/b", b"")
    place.write("top", b"3")
    assert place.read("in/a") == b"2"
    assert place.read("in/b") == b""
    assert place.files("in") == ["in/a", "in/b"]
    assert place.files("") == ["top"]
    assert place.folders() == [f"{url}/in"]
    assert (place.has("in/a"), place.has("in"), place.has("in/c")) == (True, False, False)
    place.move("in/a", "in/c")
    place.remove("in/b")
    assert place.files("in") == ["in/c"]
    with place.claim("work") as one, place.claim("work", wait=True) as two:
        assert one is two is None


@pytest.mark.slow
def test_a_study_behind_a_url_is_as_on_a_disk(url, tmp_path, four, costless, same):
    disk = tmp_path / "disk"
    store = study.run(four, url)
    assert len(costless) == 4
    study.run(four, url + "/")
    assert len(costless) == 4
    assert study.status(url).complete
    study.run(four, disk / "b")
    same(url, disk / "b")
    assert study.plan(four, url).done == 4
    with pytest.raises(ValueError, match=r"no files on this machine"):
        store.path(next(four.shards()))
    assert study.export(store, disk / "t.csv") == 16
    (found,) = study.stores(url.removesuffix("/s").removesuffix("/remote"))
    assert found.directory == url
    assert study.merge([url], disk / "c").copied == 4
    same(disk / "c", disk / "b")
    assert study.merge([disk / "b"], f"{url}/other").copied == 4
    same(f"{url}/other", disk / "b")


def test_another_study_is_refused(url, four, small, costless):
    with pytest.raises(ValueError, match="holds no study"):
        study.status(url)
    with pytest.raises(ValueError, match="holds no study"):
        study.stores(url)
    study.run(four, url)
    small["train"]["width"] = 13
    with pytest.raises(ValueError, match="other settings"):
        study.run(study.parse(small), url)


@pytest.mark.slow
@pytest.mark.parametrize("damage", [lambda b: b[: len(b) // 2], lambda _: b"", lambda b: b[:-9] + b"123456789"])
def test_a_truncated_object_is_reported_set_aside_and_redone(url, tmp_path, four, costless, same, damage):
    store, place = study.run(four, url), folder(url)
    victim = f"shards/{next(four.shards()).key}.nc"
    place.write(victim, damage(place.read(victim)))
    assert victim in study.status(url).bad[0]
    with pytest.warns(RuntimeWarning, match=r"doing it again"):
        study.run(four, url)
    assert len(costless) == 5
    assert place.has(f"{victim}.bad")
    study.run(four, tmp_path / "b")
    same(url, tmp_path / "b")
    place.write("study.json", b'{"format"')
    with pytest.raises(ValueError, match=r"study\.json is damaged; remove it"):
        store.study()


def test_checkpoints_are_kept_there(url, four, costless):
    store = study.Store(url)
    store.begin(four)
    first, second, *_ = four.shards()
    for shard in (first, second):
        store.parts(shard).save("a", {"step": np.array(3)})
    place = folder(url)
    place.write(f"parts/{second.key}.b.npz", b"half")
    store.begin(four)
    assert store.parts(first).load("a") == {"step": 3}
    with pytest.warns(RuntimeWarning, match="is damaged"):
        assert store.parts(second).load("b") is None
    study.run(four, url)
    assert place.files("parts") == []


@pytest.mark.slow
def test_a_temporary_file_that_may_be_alive_is_left(tmp_path, four, costless):
    url = f"local://{tmp_path / 'remote'}"
    study.run(four, url)
    left = tmp_path / "remote" / "shards" / f".{next(four.shards()).key}.nc.0f.tmp"
    left.write_bytes(b"half")
    study.run(four, url)
    assert left.exists()
    assert study.status(url).complete


def test_a_write_that_fails_leaves_what_was_there_and_says_where(url, monkeypatch):
    place = folder(url)
    place.write("a", b"before")

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "no space left")

    for system in (MemoryFileSystem, LocalFileSystem):
        monkeypatch.setattr(system, "pipe_file", full)
    with pytest.raises(OSError, match=rf"{url}/a cannot be written \(OSError.*no space left"):
        place.write("a", b"after")
    monkeypatch.undo()
    monkeypatch.setattr(LocalFileSystem, "mv", full)
    if url.startswith("local"):
        with pytest.raises(OSError, match="cannot be written"):
            place.write("a", b"after")
    assert place.read("a") == b"before"
    assert place.files("") == ["a"]


def test_trouble_on_the_way_is_no_damaged_file(four, costless, monkeypatch):
    """A file that cannot be had just now is not computed again: the run ends, and says why."""
    url = f"memory://{uuid.uuid4().hex}"
    study.run(four, url)

    def lost(*_, **__):
        raise TimeoutError("connection lost")

    for call, what in (("cat_file", "read"), ("info", "looked for"), ("ls", "listed")):
        with monkeypatch.context() as here:
            here.setattr(MemoryFileSystem, call, lost)
            with pytest.raises(OSError, match=rf"{url}/.*cannot be {what} \(TimeoutError: connection lost\)"):
                study.run(four, url)
    study.run(four, url)
    assert len(costless) == 4


def test_what_cannot_be_opened_says_what_to_do(four, monkeypatch):
    with pytest.raises(ValueError, match=r"nope://x cannot be opened \(Protocol not known: nope\); give a path, or"):
        study.run(four, "nope://x")
    with pytest.raises(ValueError, match=r"give an absolute path, as in file:///"):
        study.Store("file://host/x")
    with pytest.raises(ValueError, match="merged; give it as text"):
        study.Store(Path("s3://bucket/x"))
    with pytest.raises(ValueError, match="which lives in this process; leave workers out"):
        study.run(four, "memory://x", workers=2)
    monkeypatch.setitem(sys.modules, "s3fs", None)
    with pytest.raises(ValueError, match=r"s3://bucket/x needs a package that is not installed: Install s3fs"):
        study.Store("s3://bucket/x")
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    with pytest.raises(ValueError, match=r"pip install 'minnorm\[remote\]'"):
        study.Store("memory://x")


def test_file_urls_are_paths(tmp_path, four, costless):
    store = study.run(four, f"file://{tmp_path}/a")
    assert store.directory == tmp_path / "a"
    assert isinstance(folder(f"file://{tmp_path}"), Disk)
    with store.claim(next(four.shards())) as ours:
        assert ours is True
