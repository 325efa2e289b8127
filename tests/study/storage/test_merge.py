import shutil

import pytest

from minnorm import sealed, study


@pytest.fixture
def halves(tmp_path, costless, four):
    """Two stores with half of the study's shards each, one of them in both, and the whole."""
    whole = study.run(four, tmp_path / "whole")
    shards = list(four.shards())
    for name, kept in (("a", shards[:3]), ("b", shards[2:])):
        shutil.copytree(tmp_path / "whole", tmp_path / name)
        for shard in shards:
            if shard not in kept:
                study.Store(tmp_path / name).path(shard).unlink()
    return whole


@pytest.mark.slow
def test_halves_make_a_whole(tmp_path, halves, same):
    found = study.merge([tmp_path / "a", tmp_path / "b"], tmp_path / "c")
    assert (found.copied, found.present, found.missing, found.foreign) == (4, 1, 0, 0)
    assert found.differing == found.bad == ()
    same(tmp_path / "c", tmp_path / "whole")
    again = study.merge([tmp_path / "a"], tmp_path / "c")
    assert (again.copied, again.present) == (0, 3)


def test_another_study_s_shards_are_taken_where_they_are_the_same(tmp_path, halves, small):
    small["grid"]["width"] = [6, 7]
    small["name"] = "other"
    other = study.parse(small)
    found = study.merge([tmp_path / "whole"], tmp_path / "c", other)
    assert (found.copied, found.foreign, found.missing) == (2, 2, 2)
    assert study.Store(tmp_path / "c").study() == other


@pytest.mark.slow
def test_damaged_and_differing_files_are_named(tmp_path, halves, four):
    first, _, third, _ = four.shards()
    one, two = study.Store(tmp_path / "a"), study.Store(tmp_path / "b")
    one.path(first).write_bytes(b"damaged")
    data = two.load(third)
    two.save(third, data.assign(norm_ratio=data["norm_ratio"] + 1).drop_attrs(deep=False))
    found = study.merge([tmp_path / "a", tmp_path / "b"], tmp_path / "c")
    assert (found.copied, found.missing) == (3, 1)
    assert first.key in found.bad[0]
    assert third.key in found.differing[0]


def test_what_cannot_be_merged(tmp_path, halves, small):
    with pytest.raises(ValueError, match="sources is empty"):
        study.merge([], tmp_path / "c")
    with pytest.raises(ValueError, match="no study"):
        study.merge([tmp_path / "nowhere"], tmp_path / "c")
    small["name"] = "other"
    with pytest.raises(ValueError, match="other settings"):
        study.merge([tmp_path / "a"], tmp_path / "b", study.parse(small))
    victim = next((tmp_path / "b" / "shards").iterdir())
    sealed.save(sealed.load(victim).assign_attrs(format=99), victim)
    assert "newer" in study.merge([tmp_path / "b"], tmp_path / "c").bad[0]
