"""`minnorm known`: interpolants in closed form."""

from pathlib import Path
from typing import Annotated

import typer

from minnorm.cli.options import Json, Skip, Target, number
from minnorm.cli.show import print_json, print_table


def radial(
    dim: Annotated[str, typer.Option(help="Dimension, odd.")],
    plateau: Annotated[str, typer.Option(help="The function is 1 for |x| <= plateau, in [0, 1).")] = "0",
    as_json: Json = False,
) -> None:
    """The radial bump: 1 at the origin (or on a plateau), 0 outside the unit ball, of least norm.

    Example: `minnorm known radial --dim 15 --json`
    """
    from minnorm import known

    bump = known.radial_bump(number("dim", dim, int), number("plateau", plateau, float))
    low, high = bump.norm_bounds
    result = {
        "kind": "radial",
        "dim": bump.dim,
        "plateau": bump.plateau,
        "norm": bump.norm,
        "norm_lower": low,
        "norm_upper": high,
        "lipschitz": bump.lipschitz,
        "atoms": bump.measure.atoms.tolist(),
        "masses": bump.measure.masses.tolist(),
    }
    if as_json:
        print_json(result)
        return
    print_table(
        f"Radial bump, dimension {bump.dim}, plateau {bump.plateau:g}",
        ("", "value"),
        [
            ("norm", f"{bump.norm:.14g}"),
            ("proven bounds", f"{low:.14g} .. {high:.14g}"),
            ("Lipschitz constant", f"{bump.lipschitz:.8g}"),
            ("atoms", str(bump.measure.atoms.size)),
        ],
    )


def line(
    data: Annotated[Path, typer.Argument(help="CSV file with a header line: one coordinate and the values.")],
    target: Target = None,
    skip: Skip = "none",
    as_json: Json = False,
) -> None:
    """The minimum-norm interpolant of points on the line, in closed form, verified in exact arithmetic.

    Example: `minnorm known line points.csv --target y`
    """
    from minnorm import PathNorm, known
    from minnorm.table import read_table

    table = read_table(data, target)
    solution = known.line(table.points, table.values, PathNorm(skip=skip))
    knots = solution.network.biases * -solution.network.inner_weights[:, 0]
    if as_json:
        print_json(
            {
                "kind": "line",
                "points": len(table.values),
                "norm": solution.value,
                "lower_bound": solution.lower_bound,
                "gap": solution.gap,
                "certified": solution.certified,
                "neurons": solution.network.width,
                "network": {name: part.tolist() for name, part in solution.network.to_dict().items()},
                "dual": solution.dual.tolist(),
            }
        )
        return
    print_table(
        f"Minimum-norm interpolant of {len(table.values)} points",
        ("", "value"),
        [
            ("norm", f"{solution.value:.14g}"),
            ("lower bound", f"{solution.lower_bound:.14g}"),
            ("certified", f"{solution.certified} (relative gap {solution.gap:.1e})"),
            ("neurons", str(solution.network.width)),
            ("knots", ", ".join(f"{k:.6g}" for k in sorted(set(knots.tolist()))[:20])),
        ],
    )
