"""`minnorm train`: networks by gradient descent, over a grid."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from minnorm.cli import reading
from minnorm.cli.options import OUTPUT, Bias, Json, Loss, Neurons, Skip, Target, Threads, decimal, whole, writable
from minnorm.cli.reading import Data, Decimal, Drop, DropMissing, Features, Reading, Separator, Weights
from minnorm.cli.show import deliver, gap_progress, plain, print_json, print_table, say, steps_progress, text

_SECONDS = 60.0  # for all minima together
_AWAY, _UNEVEN = 3.0, 100.0  # from 0, in units of a column's range; of the widest range
_GRID, _NETWORK = "Grid", "Network and its start"  # panels of --help


def train(
    data: Data,
    target: Target = None,
    optimizer: Annotated[str, typer.Option(help="E.g. sgd, adam, muon; an unknown name lists all.")] = "adam",
    learning_rate: Annotated[
        list[float] | None, typer.Option(parser=decimal, help="May be repeated; default 1e-3.", rich_help_panel=_GRID)
    ] = None,
    weight_decay: Annotated[
        list[float] | None, typer.Option(parser=decimal, help="May be repeated; default 0.", rich_help_panel=_GRID)
    ] = None,
    scale: Annotated[
        list[float] | None,
        typer.Option(parser=decimal, help="Factor on initial parameters; may be repeated.", rich_help_panel=_GRID),
    ] = None,
    seeds: Annotated[int, typer.Option(parser=whole, help="How many seeds.", rich_help_panel=_GRID)] = 1,
    width: Annotated[int, typer.Option(parser=whole, help="Neurons.", rich_help_panel=_NETWORK)] = 1000,
    steps: Annotated[int, typer.Option(parser=whole, help="Optimiser steps.")] = 10_000,
    batch_size: Annotated[
        int | None, typer.Option(parser=whole, help="Points a step; default: all (32 for sgd).")
    ] = None,
    decay: Annotated[Literal["coupled", "decoupled"] | None, typer.Option(help="Default: the optimiser's.")] = None,
    schedule: Annotated[
        str, typer.Option(help="Of the learning rate: constant, cosine, warmup, inverse.")
    ] = "constant",
    convention: Annotated[
        Literal["own", "torch", "optax", "published"], typer.Option(help="Whose rule of the optimiser's name.")
    ] = "own",
    loss: Loss = "squared",
    settled: Annotated[
        float | None, typer.Option(parser=decimal, help="End where margins stand still within this share, e.g. 0.01.")
    ] = None,
    bias: Bias = "free",
    skip: Skip = "none",
    activation: Neurons = "relu",
    initial: Annotated[str, typer.Option(help="Initialisation.", rich_help_panel=_NETWORK)] = "xavier_uniform",
    biases: Annotated[
        Literal["uniform", "zero"], typer.Option(help="Initial biases.", rich_help_panel=_NETWORK)
    ] = "uniform",
    antisymmetric: Annotated[
        bool, typer.Option("--antisymmetric", help="Start from f = 0.", rich_help_panel=_NETWORK)
    ] = False,
    dtype: Annotated[
        Literal["float32", "float64"], typer.Option(help="Precision.", rich_help_panel=_NETWORK)
    ] = "float32",
    out: Annotated[
        Path | None,
        typer.Option(help="Write all trajectories and networks to this netCDF file.", rich_help_panel=OUTPUT),
    ] = None,
    features: Features = None,
    drop: Drop = None,
    dropna: DropMissing = False,
    weights: Weights = None,
    separator: Separator = None,
    decimal_mark: Decimal = None,
    certify: Annotated[
        bool, typer.Option("--certify/--no-certify", help="Find the certified minimum of each decay, and the excess.")
    ] = True,
    as_json: Json = False,
    threads: Threads = None,
) -> None:
    """Train networks on a table, over a grid of learning rates, decays, scales and seeds.

    Example: `minnorm train points.csv --target y --optimizer adam --weight-decay 0 --weight-decay 1e-4 --seeds 4`
    """
    from minnorm import PathNorm, sealed
    from minnorm import train as train_networks

    how = Reading(features, drop, dropna, separator, decimal_mark, weights)
    table = reading.table(data, target, how, interpolates=False)
    writable(out)
    _say_scale(table)
    penalty = PathNorm(bias=bias, skip=skip, activation=activation)
    with steps_progress(optimizer, quiet=as_json) as show:
        runs = train_networks(
            table.points,
            table.values,
            loss=loss,
            sample_weight=table.weights,
            optimizer=optimizer,
            learning_rate=learning_rate or 1e-3,
            weight_decay=weight_decay or 0.0,
            scale=scale or 1.0,
            seeds=seeds,
            width=width,
            steps=steps,
            batch_size=batch_size,
            decay=decay,
            schedule=schedule,
            convention=convention,
            penalty=penalty,
            settled=settled,
            initial=initial,
            biases=biases,
            antisymmetric=antisymmetric,
            dtype=dtype,
            threads=threads,
            progress=show,
        )
    if out is not None:
        deliver(sealed.save, runs, out)
    taken = int(runs["step"].values[-1])
    took = f"{taken} steps" if taken == steps else f"{taken} steps until settled"
    final = runs.isel(step=-1).stack(network=["learning_rate", "weight_decay", "scale", "seed"])
    places = final.indexes["network"].to_frame(index=False)
    names = ["training_loss", "objective", "path_norm", "half_squares", "gradient_norm", "diverged"]
    minima = _minima(table, runs["weight_decay"].values.tolist(), penalty, loss, as_json) if certify else {}
    records = [
        {**place, **{name: plain(final[name].values[i]) for name in names}}
        for i, place in enumerate(places.to_dict("records"))
    ]
    for row in records:
        if (found := minima.get(row["weight_decay"])) is not None:
            row |= {"lower_bound": found.lower_bound, "scope": found.certificate.scope}
            excess = None if row["objective"] is None else row["objective"] / max(found.lower_bound, 1e-300) - 1
            row["excess"] = excess
    if as_json:
        print_json(
            {
                "kind": "train",
                "optimizer": optimizer,
                **reading.columns(table),
                "steps": taken,
                **({} if settled is None else {"ending": runs.attrs["ending"]}),
                "out": out and str(out),
                "runs": records,
            }
        )
        return
    single = [axis for axis in places.columns if runs.sizes[axis] == 1]
    columns = [column for column in max(records, key=len) if column not in single]
    print_table(
        ", ".join(
            [
                f"{optimizer}, {took}, width {width}",
                *(f"{a} {text(records[0][a])}" for a in single),
            ]
        ),
        columns,
        [[text(row.get(c, "")) for c in columns] for row in records],
    )


def _minima(table: Any, decays: list[float], penalty: Any, loss: str, quiet: bool) -> dict[float, Any]:
    """The solution for each decay above 0, verified."""
    from minnorm.objective.problem import Problem
    from minnorm.solve.minimise import minimise

    positive = [decay for decay in decays if decay > 0]
    found = {}
    for decay in positive:
        problem = Problem(table.points, table.values, penalty, decay, weights=table.weights, loss=loss)
        with gap_progress(1e-6, quiet=quiet) as show:
            found[decay] = minimise(
                problem, time_limit=_SECONDS / len(positive), progress=show, verifying=show.verifying
            )
    return found


def _say_scale(table: Any) -> None:
    """One line for columns that are far from 0, or of other sizes than the rest: training crawls on those."""
    low, high = table.points.min(axis=0), table.points.max(axis=0)
    spread = high - low
    live = spread > 0
    away = live & (abs(low + high) / 2 > _AWAY * spread)
    uneven = live & (spread < spread.max() / _UNEVEN)
    for k in [*away.nonzero()[0], *(uneven & ~away).nonzero()[0]][:1]:
        others = "" if away[k] else f", others over up to {spread.max():.6g}"
        say(
            f"column {table.features[k]} ranges over {low[k]:.6g}..{high[k]:.6g}{others}: "
            "centre and scale it, or training takes far longer and decay acts on it unevenly"
        )
