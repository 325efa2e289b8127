"""`minnorm known polygon`, `cross-polytope`, `simplex`, `convex-margin`, `radial-margin`: what a few numbers say."""

from typing import Annotated, Any

import typer

from minnorm.cli.options import Json, number
from minnorm.cli.show import print_json, print_table, text


def polygon(
    corners: Annotated[str, typer.Option(help="How many corners, 3 or more.")],
    as_json: Json = False,
) -> None:
    """1 at the centre of a regular polygon and 0 at its corners, by a network of least norm.

    Example: `minnorm known polygon --corners 6`
    """
    from minnorm import known

    found = known.polygon(number("corners", corners, int))
    _show("polygon", f"1 at the centre, 0 at {corners} corners", found, as_json=as_json)


def cross_polytope(
    dim: Annotated[str, typer.Option(help="Dimension.")],
    as_json: Json = False,
) -> None:
    """1 at the origin and 0 at all unit vectors and their negatives, by a network of least norm.

    Example: `minnorm known cross-polytope --dim 3`
    """
    from minnorm import known

    found = known.cross_polytope(number("dim", dim, int))
    _show("cross-polytope", f"1 at the origin, 0 at +-e_i in dimension {dim}", found, as_json=as_json)


def simplex(
    labels: Annotated[str, typer.Option(help="Labels at the unit vectors, as 1,0,2.5.")],
    origin: Annotated[str | None, typer.Option(help="Label at the origin; default: no such point.")] = None,
    as_json: Json = False,
) -> None:
    """Labels at the unit vectors, and perhaps one at the origin, met by a network of least norm.

    Example: `minnorm known simplex --labels 1,0,2.5 --origin 0`
    """
    from minnorm import known

    given = [number("labels", part, float) for part in labels.split(",")]
    base = None if origin is None else number("origin", origin, float)
    _show("simplex", f"Labels at {len(given)} unit vectors", known.simplex(given, base), as_json=as_json)


def convex_margin(
    first: Annotated[str, typer.Option(help="Point of the body where f is 1 or more, nearest to the other, as 3,0.")],
    second: Annotated[str, typer.Option(help="Point of the body where f is -1 or less, nearest to the first.")],
    as_json: Json = False,
) -> None:
    """The max-margin network of two convex bodies, by their nearest points: one neuron.

    Example: `minnorm known convex-margin --first 3,0 --second 0,4`
    """
    from minnorm import known

    a = [number("first", part, float) for part in first.split(",")]
    b = [number("second", part, float) for part in second.split(",")]
    _show("convex margin", "Max-margin network of two convex bodies", known.convex_margin(a, b), as_json=as_json)


def radial_margin(
    dim: Annotated[str, typer.Option(help="Dimension.")],
    plateau: Annotated[str, typer.Option(help="The function is 1 or more for |x| <= plateau, in [0, 1).")] = "0",
    as_json: Json = False,
) -> None:
    """The function of least norm that is 1 or more in a ball and -1 or less outside of the unit ball.

    Example: `minnorm known radial-margin --dim 5 --plateau 0.3`
    """
    from minnorm import known

    cone = known.radial_margin(number("dim", dim, int), number("plateau", plateau, float))
    slope = 2 / (1 - cone.plateau)
    if as_json:
        print_json(
            {
                "kind": "radial margin",
                "dim": cone.dim,
                "plateau": cone.plateau,
                "norm": cone.norm,
                "margin": cone.margin,
                "slope": slope,
            }
        )
        return
    print_table(
        f"Max-margin cone, dimension {cone.dim}, plateau {cone.plateau:g}",
        ("", "value"),
        [("norm", f"{cone.norm:.14g}"), ("largest margin", f"{cone.margin:.14g}"), ("slope", f"{slope:.8g}")],
    )


def _show(kind: str, title: str, solution: Any, *, as_json: bool) -> None:
    """A verified solution."""
    net = solution.network
    if as_json:
        print_json(
            {
                "kind": kind,
                "points": len(solution.dual),
                "norm": solution.value,
                "lower_bound": solution.lower_bound,
                "gap": solution.gap,
                "certified": solution.certified,
                "scope": solution.certificate.scope,
                "neurons": net.width,
                "network": {name: part.tolist() for name, part in net.to_dict().items()},
                "dual": solution.dual.tolist(),
            }
        )
        return
    print_table(
        title,
        ("", "value"),
        [
            ("norm", f"{solution.value:.14g}"),
            ("lower bound", f"{solution.lower_bound:.14g}"),
            ("certified", f"{text(solution.certified)} (relative gap {solution.gap:.1e})"),
            ("neurons", str(net.width)),
        ],
    )
