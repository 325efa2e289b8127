"""A study as one table: a row for each network, for programs that read CSV or Parquet."""

import io
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import pandas as pd
import xarray as xr

from minnorm.atomic import write
from minnorm.study.specification.spec import AnyShard
from minnorm.study.storage.store import Store
from minnorm.training import AXES
from minnorm.training.choice import columns, options

SETTINGS = tuple(name for name in options() if name != "penalty")
"""The columns of a table that say what was set, beside the axes."""


def table(store: Store, *, trajectories: bool = False) -> pd.DataFrame:
    """All finished networks of a study: what was set, where it stands on the grid, and what was measured.

    A row is a network at its last step; with `trajectories`, a network at a recorded step. Arrays (weights,
    profiles, functions) are left in the shards' files. Columns: `shard`, the settings, those of the task as
    task_NAME, learning_rate, weight_decay, scale, seed, `step`, and all scalars that were recorded or measured. Of a
    study that solves, a row is a problem.
    """
    frames = [_frame(shard, runs, trajectories) for shard, runs in store.done()]
    if not frames:
        raise ValueError(f"{store.directory} has no finished shard; `minnorm study run` makes them")
    return pd.concat(frames, ignore_index=True)


def export(store: Store | Sequence[Store], path: str | Path, *, trajectories: bool = False) -> int:
    """Write `table` to a file that ends in .csv or .parquet; returns the number of rows.

    Several stores give one table, with a column `study` first.

    Errors: ValueError for another ending, for .parquet without pyarrow, or if nothing is finished.
    """
    path = Path(path)
    if path.suffix not in (".csv", ".parquet"):
        raise ValueError(f"out is {path}; give a file that ends in .csv or .parquet")
    if path.suffix == ".parquet" and find_spec("pyarrow") is None:
        raise ValueError(f"out is {path}, which needs pyarrow; pip install 'minnorm[parquet]', or write .csv")
    stores = [store] if isinstance(store, Store) else list(store)
    tables = [table(one, trajectories=trajectories) for one in stores]
    if len(stores) > 1:
        for one, rows in zip(stores, tables, strict=True):
            rows.insert(0, "study", one.study().name)
    rows = pd.concat(tables, ignore_index=True)
    if path.suffix == ".csv":
        write(path, rows.to_csv(index=False).encode())
    else:
        buffer = io.BytesIO()
        rows.to_parquet(buffer, engine="pyarrow", index=False)
        write(path, buffer.getvalue())
    return len(rows)


def _frame(shard: AnyShard, runs: xr.Dataset, trajectories: bool) -> pd.DataFrame:
    of_task = {f"task_{name}": value for name, value in shard.task.model_dump().items() if _is_scalar(value)}
    if shard.does == "solve":
        frame = runs.to_dataframe().reset_index()
        return frame.assign(shard=shard.key, method=shard.solve.method, **of_task)
    if not trajectories:
        runs = runs.isel(step=-1)
    dims = {*AXES, "step"} & set(runs.dims)
    scalars = [name for name in runs.data_vars if set(runs[name].dims) <= dims]
    frame = runs[scalars].to_dataframe().reset_index()
    given = {"shard": shard.key, **columns(runs.attrs, shard.train.steps)}
    places = [*AXES, "step"]
    measured = [name for name in frame.columns if name not in places]
    return frame.assign(**given, **of_task).reindex(columns=[*given, *of_task, *places, *measured])


def _is_scalar(value: object) -> bool:
    return isinstance(value, str | int | float)
