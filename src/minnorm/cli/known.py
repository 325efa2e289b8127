"""`minnorm known`: interpolants in closed form."""

from pathlib import Path
from typing import Annotated, Any

import typer

from minnorm.cli import reading
from minnorm.cli.options import Bias, Json, Neurons, Offset, Skip, Target, number, picture, writable
from minnorm.cli.reading import Decimal, Drop, DropMissing, Features, Reading, Separator, Ties, named
from minnorm.cli.show import deliver, plain, print_json, print_table, progress, text


def radial(
    dim: Annotated[str | None, typer.Option(help="Dimension.")] = None,
    plateau: Annotated[str, typer.Option(help="The function is 1 for |x| <= plateau, in [0, 1).")] = "0",
    outer: Annotated[
        str, typer.Option(help="The function is 0 for 1 <= |x| <= outer; matters in even dimension.")
    ] = "inf",
    within: Annotated[
        str | None, typer.Option(help="How far the function may be from 1 and 0 there; with a finite --outer.")
    ] = None,
    digits: Annotated[str | None, typer.Option(help="Prove so many decimal digits, 10 to 250, with mpmath.")] = None,
    table: Annotated[str | None, typer.Option(help="The norms in every dimension up to this one, instead.")] = None,
    plot: Annotated[
        Path | None, typer.Option(help="Draw profile, atoms and dual certificate: a PNG, PDF or SVG.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write the table to this CSV file.")] = None,
    as_json: Json = False,
) -> None:
    """The radial bump: 1 at the origin (or on a plateau), 0 outside the unit ball, of least norm.

    Example: `minnorm known radial --dim 15 --json`

    Example: `minnorm known radial --dim 2 --outer 2 --plot bump.png`

    Example: `minnorm known radial --dim 2 --plateau 0.3 --outer 2 --within 0.05`

    Example: `minnorm known radial --table 64 --out norms.csv`
    """
    from minnorm import known
    from minnorm.cli.known_radial import radial_within

    inside, around = number("plateau", plateau, float), number("outer", outer, float)
    exact = None if digits is None else number("digits", digits, int)
    if (dim is None) == (table is None):
        raise ValueError("dim and table are both given or both missing; give --dim for one bump or --table for many")
    if table is not None:
        if plot is not None or within is not None:
            name = "plot" if within is None else "within"
            raise ValueError(f"{name} is of one bump; give --dim instead of --table")
        _radial_table(number("table", table, int), inside, around, exact, out, as_json=as_json)
        return
    if out is not None:
        raise ValueError("out is the file of a table; give --table instead of --dim")
    picture(plot)
    if within is not None:
        if exact is not None:
            raise ValueError("digits are of the bump that is exactly 1 and 0; leave out --digits or --within")
        radial_within(number("dim", dim or "", int), inside, around, number("within", within, float), plot, as_json)
        return
    bump = known.radial_bump(number("dim", dim or "", int), inside, around, digits=exact)
    low, high = bump.norm_bounds
    tail = bump.measure.tail
    proven = [f"{low:.17g}", f"{high:.17g}"]
    if exact is not None:
        assert isinstance(bump.approximation, known.ExtremalMeasure)
        proven = [str(bound) for bound in bump.approximation.decimal_bounds]
    if plot is not None:
        from minnorm.plot import radial_figure, save

        deliver(save, radial_figure(bump), plot)
    result = {
        "kind": "radial",
        "dim": bump.dim,
        "plateau": bump.plateau,
        "outer": plain(bump.outer),
        "norm": bump.norm,
        "norm_lower": low,
        "norm_upper": high,
        "proven": proven,
        "lipschitz": bump.lipschitz,
        "atoms": bump.measure.atoms.tolist(),
        "masses": bump.measure.masses.tolist(),
        "tail_mass": 0.0 if tail is None else tail.mass,
        "plot": None if plot is None else str(plot),
    }
    if as_json:
        print_json(result)
        return
    print_table(
        f"Radial bump, dimension {bump.dim}, plateau {bump.plateau:g}",
        ("", "value"),
        [
            ("norm", f"{bump.norm:.14g}"),
            ("proven bounds", " .. ".join(proven)),
            ("Lipschitz constant", f"{bump.lipschitz:.8g}"),
            ("atoms", str(bump.measure.atoms.size)),
            *([] if tail is None else [("mass outside the ball", f"{tail.mass:.8g}")]),
            *([] if plot is None else [("picture", str(plot))]),
        ],
    )


def _radial_table(
    largest: int, plateau: float, outer: float, digits: int | None, out: Path | None, *, as_json: bool
) -> None:
    """Norms for every dimension up to the largest."""
    import csv
    import io

    from minnorm import known
    from minnorm.atomic import write

    if largest < 1:
        raise ValueError(f"table is {largest}; give a positive whole number, the largest dimension")
    writable(out)
    rows = []
    with progress("dimension ", quiet=as_json) as show:
        for row in known.radial_norms(range(1, largest + 1), plateau, outer, digits=digits):
            rows.append(row)
            show(row.dim, 1.0, row.dim / largest)
    columns = ("dim", "norm", "lower", "upper", "norm / d", "Lipschitz", "Lipschitz / sqrt(d)")
    texts = [
        (
            str(row.dim),
            row.text(),
            *(f"{bound:.17g}" for bound in row.bounds),
            f"{row.per_dim:.8f}",
            f"{row.lipschitz:.8f}",
            f"{row.lipschitz_per_root:.8f}",
        )
        for row in rows
    ]
    if out is not None:
        lines = io.StringIO(newline="")
        csv.writer(lines).writerows([columns, *texts])
        deliver(write, out, lines.getvalue().encode())
    if as_json:
        print_json(
            {
                "kind": "radial table",
                "plateau": plateau,
                "outer": plain(outer),
                "rows": [
                    {
                        "dim": row.dim,
                        "norm": row.norm,
                        "norm_lower": row.bounds[0],
                        "norm_upper": row.bounds[1],
                        "lipschitz": row.lipschitz,
                    }
                    for row in rows
                ],
            }
        )
        return
    shown = [(text[0], text[1], *text[4:]) for text in texts]
    print_table(f"Radial bumps, plateau {plateau:g}: norms to the digits proven", (*columns[:2], *columns[4:]), shown)


def line(
    data: Annotated[Path, typer.Argument(help="CSV file with a header line: one coordinate and the values.")],
    target: Target = None,
    bias: Bias = "free",
    skip: Skip = "none",
    offset: Offset = "free",
    activation: Neurons = "relu",
    path: Annotated[bool, typer.Option("--path", help="Weight-decay training for all lam; --skip free.")] = False,
    sparsest: Annotated[bool, typer.Option("--sparsest", help="The minimiser with the fewest knots.")] = False,
    margin: Annotated[bool, typer.Option("--margin", help="Classes -1 and 1: least norm with y f >= 1.")] = False,
    plot: Annotated[
        Path | None, typer.Option(help="Draw function, band and dual certificate: a PNG, PDF or SVG.")
    ] = None,
    features: Features = None,
    drop: Drop = None,
    dropna: DropMissing = False,
    ties: Ties = "refuse",
    separator: Separator = None,
    decimal_mark: Decimal = None,
    as_json: Json = False,
) -> None:
    """The minimum-norm interpolant of points on the line, exactly, verified in exact arithmetic.

    Example: `minnorm known line points.csv --target y`

    Example: `minnorm known line points.csv --bias penalised --plot line.png`

    Example: `minnorm known line points.csv --skip free --path`

    Example: `minnorm known line points.csv --activation abs`

    Example: `minnorm known line classes.csv --margin`
    """
    from minnorm import PathNorm, known

    penalty = PathNorm(bias, skip, offset, activation)
    picture(plot)
    how = Reading(features, drop, dropna, separator, decimal_mark)
    table = reading.table(data, target, how, ties, interpolates=not (path or margin))
    if margin and (path or sparsest):
        raise ValueError("margin is of classes; leave out --path and --sparsest, which are of values")
    if path:
        if sparsest or plot is not None:
            raise ValueError("path is of all lam; leave out --sparsest and --plot, which are of the interpolant")
        _line_path(known.line_path(table.points, table.values, penalty), table, as_json=as_json)
        return
    every = not margin and penalty.biases_are_free and (sparsest or penalty.activation.rectifies)
    solutions = known.line_solutions(table.points, table.values, penalty) if every else None
    sparse = solutions if sparsest else None
    minimum = known.line_margin if margin else known.line
    solution = minimum(table.points, table.values, penalty) if sparse is None else sparse.sparsest
    net = solution.network
    turns = abs(net.outer_weights * net.inner_weights[:, 0])
    moving = turns > 1e-12 * max(turns, default=0.0)  # the others are constants, and rounding errors
    knots = sorted(set((-net.biases[moving] / net.inner_weights[moving, 0]).tolist()))
    if plot is not None:
        from minnorm.plot import line_figure, save

        deliver(save, line_figure(table.points, table.values, solution, solutions), plot)
    # With penalised biases line returns the sparse minimiser, and no other is known to exist; so with other neurons.
    unique = None if solutions is None else solutions.unique
    if as_json:
        print_json(
            {
                "kind": "line margin" if margin else "line",
                **reading.columns(table),
                "points": len(table.values),
                "norm": solution.value,
                "lower_bound": solution.lower_bound,
                "gap": solution.gap,
                "certified": solution.certified,
                "unique": unique,
                "neurons": net.width,
                "knots": knots,
                "network": {name: part.tolist() for name, part in net.to_dict().items()},
                "dual": solution.dual.tolist(),
            }
        )
        return
    print_table(
        f"{'Max-margin network' if margin else 'Minimum-norm interpolant'} of {len(table.values)} points",
        ("", "value"),
        [
            *named(table),
            ("norm", f"{solution.value:.14g}"),
            ("lower bound", f"{solution.lower_bound:.14g}"),
            ("certified", f"{text(solution.certified)} (relative gap {solution.gap:.1e})"),
            *([] if unique is None else [("only minimiser", text(unique))]),
            ("neurons", str(net.width)),
            ("knots", ", ".join(f"{k:.6g}" for k in knots[:20]) + (", ..." if len(knots) > 20 else "")),
        ],
    )


def _line_path(path: Any, table: Any, *, as_json: bool) -> None:
    """The breakpoints of a `LinePath`."""
    inner = [segment.knots.size - 2 for segment in path.segments]
    if as_json:
        lams = path.lams.tolist()
        print_json({"kind": "line path", **reading.columns(table), "exact": path.exact, "lams": lams, "knots": inner})
        return
    reach = "down to 0" if path.exact else f"down to {path.lams[-1]:.6g} (ties or rounding errors beyond)"
    shown = list(zip(path.lams.tolist(), inner, strict=True))
    rows = [(f"{lam:.10g}", str(count)) for lam, count in shown[:20]]
    print_table(
        f"{len(shown)} breakpoints, {reach}", ("lam", "knots below it"), rows + [("...", "")] * (len(shown) > 20)
    )
