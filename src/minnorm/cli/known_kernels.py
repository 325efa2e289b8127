"""`minnorm known kernel`: what networks that stay near their random start find, beside the least norm."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from minnorm.cli import reading
from minnorm.cli.options import Json, Offset, Skip, Target, decimal, picture, whole
from minnorm.cli.reading import Data, Decimal, Drop, DropMissing, Features, Reading, Separator, Ties
from minnorm.cli.show import deliver, print_json, print_table, text

_NAMES = {"tangent": "tangent kernel", "features": "random features"}


def kernel(
    data: Data,
    target: Target = None,
    width: Annotated[int, typer.Option(parser=whole, help="Neurons.")] = 1000,
    biases: Annotated[Literal["uniform", "zero"], typer.Option(help="Initial biases.")] = "uniform",
    ridge: Annotated[float, typer.Option(parser=decimal, help="0 interpolates.")] = 0.0,
    skip: Skip = "none",
    offset: Offset = "free",
    plot: Annotated[
        Path | None, typer.Option(help="Draw both beside the least norm, on a line: a PNG, PDF or SVG.")
    ] = None,
    features: Features = None,
    drop: Drop = None,
    dropna: DropMissing = False,
    ties: Ties = "refuse",
    separator: Separator = None,
    decimal_mark: Decimal = None,
    as_json: Json = False,
) -> None:
    """The lazy regime: interpolants of the tangent kernel and of random features, in closed form.

    Example: `minnorm known kernel points.csv --plot lazy.png`
    """
    from minnorm import PathNorm, known

    penalty = PathNorm("free", skip, offset)
    picture(plot)
    table = reading.table(data, target, Reading(features, drop, dropna, separator, decimal_mark), ties)
    options: dict[str, Any] = {"width": width, "biases": biases, "ridge": ridge}
    found = {
        "tangent": known.kernel_tangent(table.points, table.values, penalty, **options),
        "features": known.kernel_features(table.points, table.values, penalty, **options),
    }
    if plot is not None:
        from minnorm.plot import plot_line, save

        others = {_NAMES[name]: f for name, f in found.items()}
        deliver(save, plot_line(table.points, table.values, others=others).figure, plot)
    if as_json:
        each = {
            name: {
                "norm": f.norm,
                "condition": f.condition,
                "residual": f.residual,
                "coefficients": f.coefficients.tolist(),
            }
            for name, f in found.items()
        }
        file = None if plot is None else str(plot)
        print_json({"kind": "kernel", **reading.columns(table), "points": len(table.values), **each, "plot": file})
        return
    rows = [
        [_NAMES[name], *(text(number) for number in (f.norm, f.condition, f.residual))] for name, f in found.items()
    ]
    print_table(
        f"Kernels on {len(table.values)} points", ["kernel", "norm in its space", "condition", "residual"], rows
    )
