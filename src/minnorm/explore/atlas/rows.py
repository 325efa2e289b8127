"""All networks of a directory's studies as rows: what can be an axis, a colour, a filter; and one network again."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from minnorm import study
from minnorm.network import ShallowReLU
from minnorm.study.specification.target import Target
from minnorm.study.specification.tasks import TaskData
from minnorm.study.storage.export import SETTINGS
from minnorm.training import AXES, networks

_SETTINGS = ("study", *SETTINGS, *AXES)
_HIDDEN = ("shard", "row", "step", "diverged", "diverged_step")
_FEW = 40  # values of a setting up to which it is a filter


@dataclass(frozen=True)
class Rows:
    """A row for each network: `frame` has the columns of `study.table`, `study`, and `row`, its place in its shard."""

    frame: pd.DataFrame
    stores: Mapping[str, study.Store]

    @cached_property
    def axes(self) -> list[str]:
        """Columns of numbers that are not all the same: measures first, then settings."""
        numbers = [name for name in self.frame.columns if name not in _HIDDEN and self._is_number(name)]
        varied = [str(name) for name in numbers if self._differs(name)]
        return sorted(varied, key=lambda name: name in _SETTINGS or name.startswith("task_"))

    @cached_property
    def settings(self) -> list[str]:
        """Settings that are not all the same."""
        return [
            str(name)
            for name in self.frame.columns
            if (name in _SETTINGS or str(name).startswith("task_")) and self._differs(name)
        ]

    @cached_property
    def filters(self) -> dict[str, list[str]]:
        """Settings with their values as texts, where these are not too many and no other filter gives them."""
        found = {name: self._texts(name) for name in self.settings if not self._follows(name)}
        return {name: values for name, values in found.items() if len(values) <= _FEW}

    @cached_property
    def colours(self) -> list[str]:
        """What points can be coloured by."""
        return [*self.settings, *(name for name in self.axes if name not in self.settings)]

    def chosen(self, only: Mapping[str, str]) -> pd.DataFrame:
        """The rows whose settings have these values, as texts."""
        frame: Any = self.frame
        for name, value in only.items():
            if name in frame.columns:
                frame = frame[frame[name].map(text) == value]
        return frame

    def _follows(self, name: str) -> bool:
        """Whether the study, or the optimiser, determines a setting."""
        leaders = [leader for leader in ("study", "optimizer") if leader in self.settings and leader != name]
        values = self.frame[name].astype(str)
        return any(values.groupby(self.frame[leader]).nunique().max() == 1 for leader in leaders)

    def _texts(self, name: str) -> list[str]:
        values = self.frame[name].dropna().unique()
        numbers = self._is_number(name)
        return [text(value) for value in sorted(values, key=(lambda v: v) if numbers else str)]

    def _differs(self, name: str) -> bool:
        return len(self.frame[name].dropna().unique()) > 1

    def _is_number(self, name: str) -> bool:
        return self.frame[name].dtype.kind in "iuf"


def text(value: object) -> str:
    """A setting's value as a text.

    >>> text(0.001), text("adam"), text(3)
    ('0.001', 'adam', '3')
    """
    return f"{value:.6g}" if isinstance(value, float | np.floating) else str(value)


def load_rows(directory: Path) -> Rows:
    """The finished networks of the store in a directory, or of those in its subdirectories.

    They are read again only when others are finished. Errors: ValueError if there are none.
    """
    found = study.stores(directory)
    done = tuple(shard.key for store in found for shard in store.study().shards() if store.has(shard))
    return _load_rows(directory, done)


@lru_cache(maxsize=2)
def _load_rows(directory: Path, _done: tuple[str, ...]) -> Rows:
    stores, frames = {}, []
    for store in study.stores(directory):
        try:
            frame = study.table(store)
        except ValueError:
            if any(store.has(shard) for shard in store.study().shards()):
                raise
            continue
        if not {"shard", "path_norm", *AXES} <= set(frame.columns):
            continue  # a study that solves has no networks to show
        name = _name(store.study().name, stores)
        stores[name] = store
        frame.insert(0, "study", name)
        frame["row"] = frame.groupby("shard", sort=False).cumcount()
        frames.append(frame)
    if not frames:
        raise ValueError(
            f"{directory} has no trained network yet; `minnorm study run FILE --out {directory}` makes them"
        )
    return Rows(pd.concat(frames, ignore_index=True), stores)


def _name(wanted: str, taken: Mapping[str, object]) -> str:
    names = (wanted if k == 1 else f"{wanted} ({k})" for k in range(1, len(taken) + 2))
    return next(name for name in names if name not in taken)


@dataclass(frozen=True)
class Chosen:
    """One network with the data it was trained on, its row, and its trajectories against `step`."""

    row: Mapping[str, Any]
    network: ShallowReLU | None
    data: TaskData
    target: Target | None
    """The exact interpolant, where it is known."""
    runs: xr.Dataset

    @property
    def trajectories(self) -> dict[str, np.ndarray]:
        """What was recorded at each step."""
        return {str(name): part.values for name, part in self.runs.data_vars.items() if part.dims == ("step",)}


def load_network(rows: Rows, row: Mapping[str, Any]) -> Chosen:
    """Read the shard of a row, and take out its network; ValueError if the file is gone or damaged."""
    store = rows.stores[row["study"]]
    shard, runs = _shard(store.directory, row["shard"])
    place = {axis: int(np.argmin(np.abs(runs[axis].values - row[axis]))) for axis in AXES}
    one = runs.isel({axis: [index] for axis, index in place.items()})
    ((_, network),) = networks(one)
    whole = all(np.all(np.isfinite(part)) for part in network.to_dict().values())
    target = shard.task.interpolant()  # found here, beside the session, which draws it
    return Chosen(row, network if whole else None, shard.task.data(), target, one.isel(dict.fromkeys(AXES, 0)))


@lru_cache(maxsize=8)
def _shard(directory: Path | str, key: str) -> tuple[study.Shard, xr.Dataset]:
    store = study.Store(directory)
    for shard in store.study().shards():
        if shard.does == "train" and shard.key == key:
            runs = store.load(shard)
            if runs is not None:
                return shard, runs
    raise ValueError(f"{directory} no longer has the shard {key}; load the page again")
