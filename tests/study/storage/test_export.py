import pandas as pd
import pytest

from minnorm import study
from minnorm.study.storage import export


@pytest.fixture
def store(tmp_path, costless, four):
    return study.run(four, tmp_path / "s")


def test_a_row_for_each_network_at_its_last_step(tmp_path, store):
    assert study.export(store, tmp_path / "s.csv") == 16
    rows = pd.read_csv(tmp_path / "s.csv")
    assert list(rows.columns[:5]) == ["shard", "optimizer", "convention", "biases", "width"]
    assert "inner_weights" not in rows
    assert (rows["step"] == 60).all()
    for shard, data in store.done():
        mine = rows[rows["shard"] == shard.key].set_index(["weight_decay", "seed"])
        assert (mine["optimizer"] == shard.train.optimizer).all()
        assert (mine["width"] == shard.train.width).all()
        last = data["path_norm"].isel(step=-1).squeeze(drop=True)
        for (decay, seed), row in mine.iterrows():
            assert row["path_norm"] == last.sel(weight_decay=decay, seed=seed).item()


def test_trajectories_have_a_row_for_each_step(store):
    rows = study.table(store, trajectories=True)
    assert len(rows) == 32
    assert set(rows["step"]) == {0, 60}


def test_parquet_needs_pyarrow(tmp_path, store, monkeypatch):
    monkeypatch.setattr(export, "find_spec", lambda _: None)
    with pytest.raises(ValueError, match=r"needs pyarrow; pip install 'minnorm\[parquet\]'"):
        study.export(store, tmp_path / "s.parquet")
    with pytest.raises(ValueError, match=r"\.csv or \.parquet"):
        study.export(store, tmp_path / "s.xlsx")


def test_parquet_holds_the_same(tmp_path, store):
    pytest.importorskip("pyarrow")
    study.export(store, tmp_path / "s.parquet")
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "s.parquet"), study.table(store))


def test_nothing_to_export(tmp_path, four):
    empty = study.Store(tmp_path / "e")
    empty.begin(four)
    with pytest.raises(ValueError, match="no finished shard"):
        study.export(empty, tmp_path / "e.csv")
