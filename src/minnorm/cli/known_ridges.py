"""`minnorm known ridge | ridge-sum | denoiser`: what is known beyond one dimension without a radius."""

from pathlib import Path
from typing import Annotated, Any

import typer

from minnorm.cli import reading
from minnorm.cli.options import Bias, Json, Offset, Skip, Target, number, picture
from minnorm.cli.reading import Decimal, Drop, DropMissing, Features, Reading, Separator, Ties, named
from minnorm.cli.show import deliver, print_json, print_table, text

Data = Annotated[Path, typer.Argument(help="CSV file with a header line: coordinates and the values.")]
Plot = Annotated[Path | None, typer.Option(help="Draw functions and dual certificate: a PNG, PDF or SVG.")]
Directions = Annotated[
    list[str] | None,
    typer.Option("--direction", help="An axis, as 1,0,0; give it once for each; default: coordinates."),
]


def ridge(
    data: Data,
    target: Target = None,
    direction: Annotated[
        str | None, typer.Option(help="The w of values h(w . x), as 0.6,0.8; not needed for points on a line.")
    ] = None,
    bias: Bias = "free",
    skip: Skip = "none",
    offset: Offset = "free",
    plot: Plot = None,
    features: Features = None,
    drop: Drop = None,
    dropna: DropMissing = False,
    ties: Ties = "refuse",
    separator: Separator = None,
    decimal_mark: Decimal = None,
    as_json: Json = False,
) -> None:
    """Points on a line in space, or values h(w . x): one coordinate, lifted and verified on the points as given.

    Example: `minnorm known ridge points.csv --direction 0.6,0.8 --plot ridge.png`
    """
    import numpy as np

    from minnorm import PathNorm, known

    penalty = PathNorm(bias, skip, offset)
    picture(plot)
    along = None if direction is None else _vector("direction", direction)
    table = reading.table(data, target, Reading(features, drop, dropna, separator, decimal_mark), ties)
    solution = known.ridge(table.points, table.values, penalty, direction=along)
    if plot is not None:
        from minnorm.known.ridges.fibres import nearest_line
        from minnorm.plot import ridge_figure, save

        shown = nearest_line(table.points)[1] if along is None else np.asarray(along)
        deliver(save, ridge_figure(table.points, table.values, solution, shown[None]), plot)
    _show("ridge", f"Ridge function through {len(table.values)} points", solution, table, plot, as_json=as_json)


def ridge_sum(
    data: Data,
    target: Target = None,
    direction: Directions = None,
    centre: Annotated[str | None, typer.Option(help="The point where the axes meet, as 0,0; default: 0.")] = None,
    skip: Skip = "none",
    plot: Plot = None,
    features: Features = None,
    drop: Drop = None,
    dropna: DropMissing = False,
    ties: Ties = "refuse",
    separator: Separator = None,
    decimal_mark: Decimal = None,
    as_json: Json = False,
) -> None:
    """A sum of ridge functions through points on orthogonal axes, where their norms add up.

    Example: `minnorm known ridge-sum cross.csv --skip free --plot cross.png`
    """
    import numpy as np

    from minnorm import PathNorm, known

    picture(plot)
    axes = None if not direction else [_vector("direction", text) for text in direction]
    middle = None if centre is None else _vector("centre", centre)
    table = reading.table(data, target, Reading(features, drop, dropna, separator, decimal_mark), ties)
    solution = known.ridge_sum(
        table.points, table.values, PathNorm(skip=skip), directions=_equally_long(axes), centre=middle
    )
    if plot is not None:
        from minnorm.plot import ridge_figure, save

        dim = table.points.shape[1]
        start = np.zeros(dim) if middle is None else middle
        deliver(save, ridge_figure(table.points, table.values, solution, axes or np.eye(dim), start), plot)
    _show(
        "ridge sum",
        f"Sum of ridge functions through {len(table.values)} points",
        solution,
        table,
        plot,
        as_json=as_json,
    )


def denoiser(
    clean: Annotated[Path, typer.Argument(help="CSV file with a header line: the coordinates of the clean points.")],
    radius: Annotated[str, typer.Option(help="Radius of the noise: each ball goes to its clean point.")],
    plot: Plot = None,
    features: Features = None,
    drop: Drop = None,
    dropna: DropMissing = False,
    separator: Separator = None,
    decimal_mark: Decimal = None,
    as_json: Json = False,
) -> None:
    """The denoiser of least norm for points on a line, on rays without acute angles, or of an acute triangle.

    Example: `minnorm known denoiser clean.csv --radius 0.2 --plot denoiser.png`
    """
    from minnorm import known
    from minnorm.known.ridges.acute import is_acute

    picture(plot)
    points = reading.points(clean, Reading(features, drop, dropna, separator, decimal_mark))
    wide = number("radius", radius, float)
    if is_acute(points):
        _acute(known.acute_denoiser(points, wide), plot, as_json=as_json)
        return
    found = known.denoiser(points, wide)
    if plot is not None:
        from minnorm.plot import denoiser_figure, save

        deliver(save, denoiser_figure(found), plot)
    rays = [
        {
            "direction": along.tolist(),
            "places": found.places[j].tolist(),
            "knots": found.knots(j).tolist(),
            "slopes": found.slopes(j).tolist(),
        }
        for j, along in enumerate(found.directions)
    ]
    if as_json:
        print_json(
            {
                "kind": "denoiser",
                "points": len(found.clean),
                "dim": found.vertex.size,
                "radius": found.radius,
                "norm": found.norm,
                "vertex": found.vertex.tolist(),
                "rays": rays,
                "plot": None if plot is None else str(plot),
            }
        )
        return
    print_table(
        f"Denoiser of {len(found.clean)} clean points, radius {found.radius:g}",
        ("", "value"),
        [
            ("norm", f"{found.norm:.14g}"),
            ("neurons", str(sum(len(ray["knots"]) for ray in rays))),
            ("vertex", ", ".join(f"{x:.6g}" for x in found.vertex)),
            ("rays", str(len(rays))),
            ("steepest slope", f"{max(max(ray['slopes']) for ray in rays):.8g}"),
            *([] if plot is None else [("picture", str(plot))]),
        ],
    )


def _acute(found: Any, plot: Path | None, *, as_json: bool) -> None:
    """The denoiser of an acute triangle, with its bound."""
    if plot is not None:
        from minnorm.plot import denoiser_figure, save

        deliver(save, denoiser_figure(found), plot)
    if as_json:
        print_json(
            {
                "kind": "acute denoiser",
                "radius": found.radius,
                "norm": found.norm,
                "lower_bound": found.lower_bound,
                "gap": found.gap,
                "certified": found.certified,
                "middle": found.middle.tolist(),
                "directions": found.directions.tolist(),
                "heights": found.heights.tolist(),
                "plot": None if plot is None else str(plot),
            }
        )
        return
    print_table(
        f"Denoiser of an acute triangle, radius {found.radius:g}",
        ("", "value"),
        [
            ("norm" if found.certified else "norm, an upper bound of the minimum", f"{found.norm:.14g}"),
            ("lower bound", f"{found.lower_bound:.14g}"),
            ("certified", f"{text(found.certified)} (relative gap {found.gap:.1e})"),
            ("meeting point", ", ".join(f"{x:.6g}" for x in found.middle)),
            ("neurons", "6"),
            *([] if plot is None else [("picture", str(plot))]),
        ],
    )


def _show(kind: str, title: str, solution: Any, table: Any, plot: Path | None, *, as_json: bool) -> None:
    """A verified solution."""
    net = solution.network
    if as_json:
        print_json(
            {
                "kind": kind,
                **reading.columns(table),
                "points": len(solution.dual),
                "norm": solution.value,
                "lower_bound": solution.lower_bound,
                "gap": solution.gap,
                "certified": solution.certified,
                "scope": solution.certificate.scope,
                "neurons": net.width,
                "network": {name: part.tolist() for name, part in net.to_dict().items()},
                "dual": solution.dual.tolist(),
                "plot": None if plot is None else str(plot),
            }
        )
        return
    print_table(
        title,
        ("", "value"),
        [
            *named(table),
            ("norm" if solution.certified else "norm, an upper bound of the minimum", f"{solution.value:.14g}"),
            ("lower bound", f"{solution.lower_bound:.14g}"),
            ("certified", f"{text(solution.certified)} (relative gap {solution.gap:.1e})"),
            ("neurons", str(net.width)),
            *([] if plot is None else [("picture", str(plot))]),
        ],
    )


def _vector(name: str, text: str) -> list[float]:
    """Numbers with commas between them."""
    return [number(name, part.strip(), float) for part in text.split(",")]


def _equally_long(axes: list[list[float]] | None) -> list[list[float]] | None:
    if axes is not None and len({len(axis) for axis in axes}) > 1:
        raise ValueError("direction is given with different lengths; give each axis one number for each coordinate")
    return axes
