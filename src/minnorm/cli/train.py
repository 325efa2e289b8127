"""`minnorm train`: networks by gradient descent, over a grid."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from minnorm.cli import reading
from minnorm.cli.options import OUTPUT, Bias, Json, Loss, Neurons, Skip, Target, Threads, decimal, whole, writable
from minnorm.cli.reading import Data, Decimal, Drop, DropMissing, Features, Reading, Separator, Weights
from minnorm.cli.show import deliver, plain, print_json, print_table, steps_progress, text

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
    loss: Loss = "squared",
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
            penalty=PathNorm(bias=bias, skip=skip, activation=activation),
            initial=initial,
            biases=biases,
            antisymmetric=antisymmetric,
            dtype=dtype,
            threads=threads,
            progress=show,
        )
    if out is not None:
        deliver(sealed.save, runs, out)
    final = runs.isel(step=-1).stack(network=["learning_rate", "weight_decay", "scale", "seed"])
    places = final.indexes["network"].to_frame(index=False)
    names = ["training_loss", "path_norm", "half_squares", "gradient_norm", "diverged"]
    records = [
        {**place, **{name: plain(final[name].values[i]) for name in names}}
        for i, place in enumerate(places.to_dict("records"))
    ]
    if as_json:
        print_json(
            {
                "kind": "train",
                "optimizer": optimizer,
                **reading.columns(table),
                "steps": steps,
                "out": out and str(out),
                "runs": records,
            }
        )
        return
    single = [axis for axis in places.columns if runs.sizes[axis] == 1]
    columns = [column for column in records[0] if column not in single]
    print_table(
        ", ".join([f"{optimizer}, {steps} steps, width {width}", *(f"{a} {text(records[0][a])}" for a in single)]),
        columns,
        [[text(row[c]) for c in columns] for row in records],
    )
