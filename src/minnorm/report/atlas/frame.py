"""All networks of an atlas as one table, and what an optimiser's networks have in common."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from minnorm.study import Shard, Store
from minnorm.training import AXES

Frame = Any
"""A `pandas.DataFrame`, whose declared types say too little of what its methods return."""

FIT = 1e-3
"""A network fits its data if its training loss is below this share of half the labels' variance."""

SCALARS = (
    "training_loss",
    "norm_ratio",
    "data_norm_ratio",
    "excess_objective",
    "l2_unknown",
    "seminorm",
    "bends_at_data",
    "effective_neurons",
    "stretch",
    "radial_std",
)


def frame(stores: Sequence[Store]) -> Frame:
    """A row for each finished network: study, optimizer, start, bias, the axes, `rate`, `fits`, and the measures;
    and `optimum`, how sure the minima are that it is compared with.

    `start` is the initialisation in words; `rate` numbers the optimiser's step sizes from the smallest, 0. The mean
    of the radial deviation over radii is `radial_std`. Networks that diverged have NaN for every measure.
    """
    tables = []
    for store in stores:
        name = store.study().name
        tables += [_table(name, shard, runs) for shard, runs in store.trained()]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def _table(name: str, shard: Shard, runs: xr.Dataset) -> Frame:
    last = runs.isel(step=-1)
    kept = last[[variable for variable in SCALARS if variable in last]]
    if "radius" in kept.dims:
        kept = kept.mean("radius", skipna=False)
    found: Frame = kept.to_dataframe().reset_index()
    rates = np.sort(runs["learning_rate"].values)
    variance = float(np.var(shard.task.data().values))
    measures = [variable for variable in kept.data_vars if variable not in AXES]
    broken = last["diverged"].values.ravel()
    found.loc[broken, measures] = np.nan
    scale = shard.train.scale
    start = shard.train.initial.replace("_", " ")
    return found.drop(columns=["step"], errors="ignore").assign(
        study=name,
        optimizer=shard.train.optimizer,
        start=start if scale == 1 else f"{start} × {scale:g}",
        bias=shard.train.penalty.bias,
        rate=np.searchsorted(rates, found["learning_rate"]),
        optimum=runs.attrs["optimum"],
        fits=(found["training_loss"] <= FIT * 0.5 * variance).values,
    )


def tuned(table: Frame, by: str) -> Frame:
    """The networks at each setting's best step size: `by` is "fit", most that fit and then least loss; or a measure.

    A setting is a study, an optimiser, a start, a penalty of biases and a decay; all of its seeds stay.
    """
    setting = ["study", "optimizer", "start", "bias", "weight_decay"]
    groups = table.groupby([*setting, "learning_rate"], sort=False)
    with np.errstate(all="ignore"):
        score = groups.agg(
            unfit=("fits", lambda fits: -float(fits.sum()) if by == "fit" else 0.0),
            size=("training_loss" if by == "fit" else by, lambda values: values.fillna(np.inf).mean()),
        )
    best = score.sort_values(["unfit", "size"], kind="stable").reset_index().drop_duplicates(setting)
    return table.merge(best[[*setting, "learning_rate"]], on=[*setting, "learning_rate"])


def by_seed(table: Frame, measure: str) -> Frame:
    """Each optimiser's level of a measure, as if all had the same starts: rows optimisers, columns seeds.

        log(measure) = level of the optimiser + effect of the start + error,      least squares for each seed,

    the effects with mean 0. Where every optimiser has every start that is the geometric mean over starts; where some
    only fit their data from an easy start, they are not rewarded for it.
    """
    positive = table[table[measure] > 0]
    logs: Any = np.log(positive[measure])
    cells = logs.groupby([positive["optimizer"], positive["start"], positive["seed"]]).mean()
    levels = {seed: _levels(one.droplevel("seed").unstack("start")) for seed, one in cells.groupby("seed")}
    return np.exp(pd.DataFrame(levels))


def _levels(cells: Frame) -> Any:
    """Row levels of a table with gaps, by least squares with rows and columns as factors."""
    i, j = np.nonzero(cells.notna().to_numpy())
    rows, columns = cells.shape
    design = np.zeros((len(i) + 1, rows + columns))
    design[np.arange(len(i)), i] = 1
    design[np.arange(len(i)), rows + j] = 1
    design[-1, rows:] = 1
    solved = np.linalg.lstsq(design, np.append(cells.to_numpy()[i, j], 0.0), rcond=None)[0]
    return pd.Series(solved[:rows], index=cells.index)
