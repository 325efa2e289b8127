"""`minnorm regions`: what a network does between regions where it is known."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from minnorm.cli.options import OUTPUT, Bias, Json, Offset, Skip, decimal, picture, whole
from minnorm.cli.show import deliver, gap_progress, plain, print_json, print_table
from minnorm.cli.solve import TimeLimit, stopped

if TYPE_CHECKING:
    from minnorm import RegionPath, Regions, RegionSolution


def regions(
    description: Annotated[
        Path | None,
        typer.Argument(
            help="TOML file with a table [[region]] for each part: shape, its numbers, label.", show_default=False
        ),
    ] = None,
    image: Annotated[
        Path | None, typer.Option(help="PNG file whose grey levels, 0 to 1, are labels; instead of a description.")
    ] = None,
    unknown: Annotated[
        float | None, typer.Option(parser=decimal, help="Grey level of --image between the regions.")
    ] = None,
    within: Annotated[
        list[float] | None,
        typer.Option(
            parser=decimal,
            help="How far the function may be from the labels, on all of the regions; repeat it for several.",
            show_default="0",
        ),
    ] = None,
    margins: Annotated[
        bool, typer.Option("--margins", help="Labels are sides -1 and 1: ask for label times function >= 1.")
    ] = False,
    bias: Bias = "free",
    skip: Skip = "none",
    offset: Offset = "free",
    tolerance: Annotated[float, typer.Option(parser=decimal, help="Relative gap of the bracket.")] = 1e-2,
    time_limit: TimeLimit = None,
    plot: Annotated[
        Path | None,
        typer.Option(help="Draw the function between the regions: a PNG, PDF or SVG.", rich_help_panel=OUTPUT),
    ] = None,
    seed: Annotated[int, typer.Option(parser=whole, help="Of the searches.")] = 0,
    as_json: Json = False,
) -> None:
    """The least norm of networks that agree with known regions, between two proven bounds.

    Example: `minnorm regions regions.toml --within 0.05 --plot between.png`

    Example: `minnorm regions --image mask.png --unknown 0.5 --within 0.05`

    Example: `minnorm regions regions.toml --within 0.2 --within 0.1 --within 0.05 --plot path.png`
    """
    if (description is None) == (image is None):
        raise ValueError("description and image are both given or both missing; give a TOML file, or --image")
    if unknown is not None and image is None:
        raise ValueError("unknown is a grey level of an image; give --image")
    if margins and within:
        raise ValueError("within and margins are both given; margins have no within")
    picture(plot)
    from minnorm import PathNorm, Regions, interpolate_regions, region_path, separate_regions

    known = Regions.of_image(image, unknown=unknown) if image is not None else _read(description)
    if plot is not None and known.dim != 2 and len(within or [0.0]) == 1:
        raise ValueError(f"plot draws regions of the plane, and these have dimension {known.dim}; leave --plot out")
    began = time.monotonic()
    options: dict[str, Any] = {
        "penalty": PathNorm(bias=bias, skip=skip, offset=offset),
        "tolerance": tolerance,
        "time_limit": time_limit,
        "seed": seed,
    }
    rooms = within or [0.0]
    with gap_progress(tolerance, quiet=as_json) as show:
        if len(rooms) > 1:
            _several(region_path(known, rooms, progress=show, **options), plot, as_json, began)
            return
        if margins:
            found = separate_regions(known, progress=show, **options)
        else:
            found = interpolate_regions(known, within=rooms[0], progress=show, **options)
    if plot is not None:
        from minnorm.plot import plot_regions, save

        deliver(save, plot_regions(found).figure, plot)
    result = {
        "kind": "regions",
        "parts": len(known),
        "dim": known.dim,
        "within": None if found.margins else found.within,
        "margins": found.margins,
        "certified": found.certified,
        "value": plain(found.value),
        "lower_bound": found.lower_bound,
        "gap": plain(found.gap),
        "error": found.error,
        "worst": found.proof.worst.tolist(),
        "neurons": found.network.width,
        "points": len(found.points),
        "rounds": found.rounds,
        "ending": found.ending,
        "plot": None if plot is None else str(plot),
        "seconds": round(time.monotonic() - began, 3),
    }
    if as_json:
        print_json(result)
    else:
        _print(found, len(known))
    stopped(found.ending, plot)


def _print(found: "RegionSolution", parts: int) -> None:
    """The bracket, in words."""
    rows = [
        ("least norm", f"between {found.lower_bound:.8g} and {found.value:.8g}"),
        ("relative gap", f"{found.gap:.1e}" + (", certified" if found.certified else ", not certified")),
        ("margin", f"at least {1 - found.error:.6g}")
        if found.margins
        else ("error on the regions", f"at most {found.error:.6g}"),
        ("neurons", str(found.network.width)),
        ("points", f"{len(found.points)} after {found.rounds} rounds"),
    ]
    asked = "as sides" if found.margins else f"within {found.within:g}"
    print_table(f"{parts} known regions in dimension {found.regions.dim}, {asked}", ["", ""], rows)


def _several(found: "RegionPath", plot: Path | None, as_json: bool, began: float) -> None:
    """Brackets for several rooms, and what they prove of none."""
    if plot is not None:
        from minnorm.plot import plot_region_path, save

        deliver(save, plot_region_path(found).figure, plot)
    least = float(found.lower(0.0))
    if as_json:
        brackets = [
            {
                "within": one.within,
                "value": plain(one.value),
                "lower_bound": one.lower_bound,
                "gap": plain(one.gap),
                "certified": one.certified,
                "neurons": one.network.width,
                "ending": one.ending,
            }
            for one in found.solutions
        ]
        result = {
            "kind": "region path",
            "certified": found.certified,
            "brackets": brackets,
            "lower_bound_at_0": least,
            "plot": None if plot is None else str(plot),
            "seconds": round(time.monotonic() - began, 3),
        }
        print_json(result)
    else:
        rows = [
            (f"{one.within:g}", f"{one.lower_bound:.8g}", f"{one.value:.8g}", f"{one.gap:.1e}")
            for one in found.solutions
        ]
        rows.append(("0", f"{least:.8g}", "", ""))
        print_table("least norm within", ["within", "at least", "at most", "relative gap"], rows)
    stopped(found.solutions[-1].ending, plot)


def _read(path: Path | None) -> "Regions":
    """Regions of a TOML file."""
    import tomllib

    from minnorm.objective.regions.described import described

    assert path is not None
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}; give a TOML file") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is no TOML file: {error}") from None
    wrong = sorted(set(tables) - {"region"})
    if wrong:
        raise ValueError(f"{path} has {wrong[0]}; give tables [[region]] alone")
    return described(tables.get("region", []))
