"""`minnorm known radial-fit`, and `radial --within`: what depends on the radius alone, in any dimension."""

from pathlib import Path
from typing import Annotated

import typer

from minnorm.cli import reading
from minnorm.cli.options import Json, number, picture
from minnorm.cli.reading import Decimal, Drop, DropMissing, Reading, Separator
from minnorm.cli.show import deliver, print_json, print_table, text


def radial_fit(
    data: Annotated[Path, typer.Argument(help="CSV file with columns radius, value and, if wanted, weight.")],
    dim: Annotated[str, typer.Option(help="Dimension.")],
    lam: Annotated[str, typer.Option(help="Weight decay; 0 interpolates.")] = "0",
    plot: Annotated[
        Path | None, typer.Option(help="Draw profile, atoms and dual certificate: a PNG, PDF or SVG.")
    ] = None,
    drop: Drop = None,
    dropna: DropMissing = False,
    separator: Separator = None,
    decimal_mark: Decimal = None,
    as_json: Json = False,
) -> None:
    """The global minimum of weight-decay training, or of interpolation, on labels that depend on |x| alone.

    Example: `minnorm known radial-fit radii.csv --dim 8 --lam 1e-4`

    Example: `minnorm known radial-fit radii.csv --dim 2 --plot fit.png`
    """
    from minnorm import known

    picture(plot)
    how = Reading(None, drop, dropna, separator, decimal_mark)
    table = reading.table(data, "value", how, interpolates=False)
    names = table.features
    if "radius" not in names or set(names) - {"radius", "weight"}:
        raise ValueError(f"{data} has columns {', '.join(names)} and value; give radius, value and perhaps weight")
    column = dict(zip(names, table.points.T, strict=True))
    fit = known.radial_fit(
        column["radius"], table.values, number("dim", dim, int), number("lam", lam, float), column.get("weight")
    )
    if plot is not None:
        from minnorm.plot import radial_figure, save

        deliver(save, radial_figure(fit), plot)
    if as_json:
        print_json(
            {
                "kind": "radial fit",
                "dim": fit.dim,
                "lam": fit.lam,
                "norm": fit.norm,
                "value": fit.value,
                "lower_bound": fit.lower_bound,
                "gap": fit.gap,
                "certified": fit.certified,
                "residual": fit.certificate.residual,
                "knots": fit.knots.tolist(),
                "masses": fit.masses.tolist(),
                "constant": fit.constant,
                "radii": fit.radii.tolist(),
                "dual": fit.dual.tolist(),
                "plot": None if plot is None else str(plot),
            }
        )
        return
    print_table(
        f"Radial fit, dimension {fit.dim}, {fit.radii.size} radii, lam {fit.lam:g}",
        ("", "value"),
        [
            ("norm", f"{fit.norm:.12g}"),
            ("value", f"{fit.value:.12g}"),
            ("lower bound", f"{fit.lower_bound:.12g}"),
            ("certified", f"{text(fit.certified)} (relative gap {fit.gap:.1e})"),
            ("largest residual", f"{fit.certificate.residual:.3g}"),
            ("atoms", str(fit.knots.size)),
            ("radii of the atoms", ", ".join(f"{s:.6g}" for s in fit.knots[:12]) + (", ..." * (fit.knots.size > 12))),
            *([] if plot is None else [("picture", str(plot))]),
        ],
    )


def radial_within(dim: int, plateau: float, outer: float, within: float, plot: Path | None, as_json: bool) -> None:
    """What `minnorm known radial` says of a bump that need not be 1 and 0 exactly."""
    from minnorm import known

    found = known.radial_within(dim, plateau, outer, within)
    low, high = found.norm_bounds
    if plot is not None:
        from minnorm.plot import radial_figure, save

        deliver(save, radial_figure(found), plot)
    if as_json:
        print_json(
            {
                "kind": "radial within",
                "dim": found.dim,
                "plateau": found.plateau,
                "outer": found.outer,
                "within": found.within,
                "norm": found.norm,
                "norm_lower": low,
                "norm_upper": high,
                "error": found.error,
                "knots": found.knots.tolist(),
                "masses": found.masses.tolist(),
                "constant": found.constant,
                "radii": found.radii.tolist(),
                "dual": found.dual.tolist(),
                "plot": None if plot is None else str(plot),
            }
        )
        return
    print_table(
        f"Radial bump within {found.within:g}, dimension {found.dim}, plateau {found.plateau:g}, outer {found.outer:g}",
        ("", "value"),
        [
            ("norm", f"{found.norm:.12g}"),
            ("proven bounds", f"{low:.12g} .. {high:.12g}"),
            ("largest error, proven", f"{found.error:.6g}"),
            ("atoms", str(found.knots.size)),
            *([] if plot is None else [("picture", str(plot))]),
        ],
    )
