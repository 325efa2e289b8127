"""`minnorm solve` and `minnorm verify`: global minimisers, and their proofs."""

import math
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from minnorm.cli import reading
from minnorm.cli.options import (
    OUTPUT,
    Bias,
    Inputs,
    Json,
    Loss,
    Neurons,
    Offset,
    Skip,
    Target,
    decimal,
    whole,
    writable,
)
from minnorm.cli.reading import Data, Decimal, Drop, DropMissing, Features, Reading, Separator, Ties, Weights
from minnorm.cli.show import deliver, gap_progress, plain, print_json, print_table, progress, say, text

Tolerance = Annotated[float, typer.Option(parser=decimal, help="Relative gap below which a solution is certified.")]
_MOMENT = 1.0  # seconds for a number that is only printed

TimeLimit = Annotated[float | None, typer.Option(parser=decimal, help="Seconds, then the best so far is returned.")]
Out = Annotated[
    Path | None,
    typer.Option(help="Write the network, dual vector and certificate here, netCDF.", rich_help_panel=OUTPUT),
]
Seed = Annotated[int, typer.Option(parser=whole, help="Of the searches in data of affine rank above 3.")]


def solve(
    data: Data,
    target: Target = None,
    lam: Annotated[
        list[float] | None,
        typer.Option(
            parser=decimal, help="Weight of the norm; default 0, which interpolates. With --path it may be repeated."
        ),
    ] = None,
    loss: Loss = "squared",
    within: Annotated[
        float | None,
        typer.Option(parser=decimal, help="How far values may be from the labels; the norm alone is minimised."),
    ] = None,
    bias: Bias = "free",
    skip: Skip = "none",
    offset: Offset = "free",
    activation: Neurons = "relu",
    inputs: Inputs = None,
    tolerance: Tolerance = 1e-6,
    time_limit: TimeLimit = None,
    whole_path: Annotated[bool, typer.Option("--path", help="Solve for many lam; default: 25 from lam_max.")] = False,
    query: Annotated[
        Path | None,
        typer.Option("--band", help="CSV file of points: the range of all minimum-norm interpolants at each."),
    ] = None,
    out: Out = None,
    seed: Seed = 0,
    features: Features = None,
    drop: Drop = None,
    dropna: DropMissing = False,
    ties: Ties = "refuse",
    weights: Weights = None,
    separator: Separator = None,
    decimal_mark: Decimal = None,
    as_json: Json = False,
) -> None:
    """The network that globally minimises the path norm, or loss + lam times it, with a certificate.

    Example: `minnorm solve points.csv --target y --lam 1e-3 --out solution.nc`
    """
    if whole_path and query is not None:
        raise ValueError("path and band are two questions; give one of --path and --band")
    if not whole_path and lam is not None and len(lam) > 1:
        raise ValueError(f"lam is given {len(lam)} times; add --path to solve for several, or give one")
    if query is not None and lam is not None and lam != [0]:
        raise ValueError(f"lam is {lam[0]}, but the band is that of interpolants; leave --lam out")
    if query is not None and loss != "squared":
        raise ValueError(f"loss is {loss}, but the band is that of interpolants; leave --loss out")
    if within is not None:
        loss = _tolerance(within, loss, lam, whole_path or query is not None)
    writable(out)
    from minnorm import PathNorm, losses

    constrained = losses.constrains(losses.of(loss))
    if whole_path and ties == "mean" and 0 in (lam or []):
        raise ValueError("ties is mean, which is for interpolation alone; leave 0 out of --lam, or --path")
    how = Reading(features, drop, dropna, separator, decimal_mark, weights)
    interpolates = not constrained and 0 in (lam or ([1] if whole_path else [0]))
    remedy = "leave 0 out of --lam" if whole_path else "give --lam above 0, or take their means with --ties mean"
    if query is not None:
        remedy = "take their means with --ties mean"
    table = reading.table(data, target, how, ties, interpolates=interpolates, remedy=remedy)
    penalty = PathNorm(bias=bias, skip=skip, offset=offset, activation=activation, inputs=inputs)
    options = {"penalty": penalty, "tolerance": tolerance, "time_limit": time_limit}
    if query is not None:
        _band(table, query, how, options, out, as_json)
    elif whole_path:
        _path(table, lam, options | {"seed": seed, "loss": loss}, out, as_json)
    else:
        _one(table, lam[0] if lam else 0.0, loss, options | {"seed": seed}, out, as_json)


def separate(
    data: Data,
    target: Target = None,
    bias: Bias = "free",
    skip: Skip = "none",
    offset: Offset = "free",
    activation: Neurons = "relu",
    inputs: Inputs = None,
    tolerance: Tolerance = 1e-6,
    time_limit: TimeLimit = None,
    out: Out = None,
    seed: Seed = 0,
    features: Features = None,
    drop: Drop = None,
    dropna: DropMissing = False,
    separator: Separator = None,
    decimal_mark: Decimal = None,
    as_json: Json = False,
) -> None:
    """The max-margin network: that of least path norm with y f >= 1 for classes y = -1 and 1, with a certificate.

    Example: `minnorm separate moons.csv --target label`
    """
    writable(out)
    from minnorm import PathNorm

    how = Reading(features, drop, dropna, separator, decimal_mark, None)
    table = reading.table(data, target, how, interpolates=False)
    penalty = PathNorm(bias=bias, skip=skip, offset=offset, activation=activation, inputs=inputs)
    options = {"penalty": penalty, "tolerance": tolerance, "time_limit": time_limit, "seed": seed}
    _one(table, 0.0, "margin", options, out, as_json)


def _tolerance(within: float, loss: str, lam: list[float] | None, several: bool) -> str:
    """The loss that keeps values within a distance; ValueError where something else is asked for, too."""
    if not 0 <= within < math.inf:
        raise ValueError(f"within is {within}; give a finite number >= 0")
    for name, other in (("loss", loss != "squared"), ("lam", (lam or [0]) != [0]), ("path or band", several)):
        if other:
            raise ValueError(f"within is {within}, which minimises the norm alone; leave --{name} out")
    return f"tolerance:{within}"


def verify(
    data: Data,
    solution: Annotated[Path, typer.Argument(help="What minnorm solve --out or Solution.save wrote.")],
    target: Annotated[
        str | None, typer.Option(help="Column of the values; default: the one that was solved for.")
    ] = None,
    tolerance: Tolerance = 1e-6,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Recompute a solution's value, bound and gap from the data; nothing in its file is taken on trust.

    Example: `minnorm verify points.csv solution.nc`
    """
    from minnorm import Solution, sealed
    from minnorm import verify as judge
    from minnorm.table import read_again

    began = time.monotonic()
    saved = sealed.load(solution)
    claimed = Solution.from_dataset(saved)
    features = [str(name) for name in saved["coordinate"].values] if "coordinate" in saved.coords else None
    table = read_again(data, saved.attrs | ({} if target is None else {"target": target}), features)
    with progress("", quiet=as_json) as show:

        def verifying(done: float) -> None:
            if time.monotonic() - began > _MOMENT:
                show("verifying", done, done)

        found = judge(table.points, table.values, claimed, tolerance=tolerance, seed=seed, progress=verifying)
    result = {
        "kind": "verify",
        **reading.columns(table),
        "points": len(table.values),
        "loss": _loss(claimed),
        "lam": claimed.lam,
        "neurons": claimed.network.width,
        **_proof(found),
        "seconds": round(time.monotonic() - began, 3),
    }
    _print(result, f"{solution}, verified against {data}", as_json)


def _one(table: Any, lam: float, loss: str, options: dict[str, Any], out: Path | None, as_json: bool) -> None:
    """Solve for one lam."""
    from minnorm import Problem, advice, sealed
    from minnorm.solve.minimise import minimise

    began = time.monotonic()
    penalty, names = options.pop("penalty"), ("points", f"column {table.target}", "lam")
    problem = Problem(table.points, table.values, penalty, lam, weights=table.weights, loss=loss, names=names)
    with gap_progress(options["tolerance"], quiet=as_json) as show:
        solution = minimise(problem, progress=show, verifying=show.verifying, on_interrupt="return", **options)
    assert solution.certificate is not None
    if out is not None:
        deliver(sealed.save, _named(solution.to_dataset(), table), out)
    result = {
        "kind": "solve",
        **reading.columns(table),
        "points": len(table.values),
        "loss": _loss(solution),
        "lam": solution.lam,
        "lam_max": _lam_max(problem, options, solution.ending, time.monotonic() - began),
        **_proof(solution.certificate),
        "norm": problem.penalty.value(solution.network),
        "neurons": solution.network.width,
        "rounds": solution.rounds,
        "ending": solution.ending,
        "seconds": round(time.monotonic() - began, 3),
        "out": out and str(out),
    }
    title = "Minimiser of loss + lam norm" if lam > 0 else "Minimum-norm interpolant"
    _print(result, f"Least norm, {problem.loss}" if problem.constrained else title, as_json)
    if not solution.certified:
        say(advice.advice(problem, solution, _words(table)))
    stopped(solution.ending, out)


def _loss(solution: Any) -> str | None:
    """What points pay, None where labels are met."""
    return None if solution.lam == 0 and str(solution.loss) == "squared" else str(solution.loss)


def _lam_max(problem: Any, options: dict[str, Any], ending: str, elapsed: float) -> float | None:
    """`lam_max`, which is only printed: None after Ctrl-C, and where it takes longer than what is left, or a moment."""
    if ending == "interrupted" or problem.constrained:
        return None
    from minnorm.solve.regularisation import largest_lam

    limit = options["time_limit"]
    left = _MOMENT + 0.1 * elapsed if limit is None else min(limit - elapsed, _MOMENT + 0.1 * limit)
    found = largest_lam(problem, options["seed"], time.monotonic() + left)
    return found.lam if found.complete else None


def _words(table: Any) -> Any:
    """What the command line calls its arguments."""
    from minnorm import advice

    return advice.Words("the features", table.target, "--tolerance", "--time-limit", tuple(table.features))


def stopped(ending: str, out: Path | None) -> None:
    """After Ctrl-C: exit 130, with one line that says what is kept."""
    if ending == "interrupted":
        kept = "the best so far is above" + ("" if out is None else f" and in {out}")
        say(f"minnorm: interrupted; {kept}; the same command starts again, with --time-limit it ends by itself")
        raise typer.Exit(130)


def _path(table: Any, lams: list[float] | None, options: dict[str, Any], out: Path | None, as_json: bool) -> None:
    """Solve for many lam."""
    from minnorm import advice
    from minnorm.solve.regularisation import path

    began = time.monotonic()
    with progress("", quiet=as_json) as show, advice.speaking(_words(table)):
        found = path(
            table.points,
            table.values,
            lams,
            sample_weight=table.weights,
            progress=lambda done, total: show("regularisation path", done / total, done / total),
            **options,
        )
    result = _described("path", found, ("lam_max", "lam_max_scope", "scope", "ending"), table, began, out)
    result["path"] = _records(found, "lam")
    _print_records(result, ("lam", "value", "gap", "certified", "norm", "loss", "neurons"), as_json)
    stopped(result["ending"], out)


def _band(table: Any, query: Path, how: Reading, options: dict[str, Any], out: Path | None, as_json: bool) -> None:
    """The range of all minimum-norm interpolants at query points."""
    from minnorm import advice
    from minnorm.solve.extent.band import band

    began = time.monotonic()
    places = reading.points(query, how._replace(features=list(table.features), drop=None))
    with progress("", quiet=as_json) as show, advice.speaking(_words(table)):
        found = band(
            table.points,
            table.values,
            places,
            progress=lambda done, total: show("band", done / total, done / total),
            **options,
        )
    result = _described(
        "band", found, ("norm", "norm_lower_bound", "excess", "scope", "method", "ending"), table, began, out
    )
    result["band"] = [
        {"point": place} | record for place, record in zip(places.tolist(), _records(found, "query"), strict=True)
    ]
    _print_records(result, ("point", "lower", "upper", "gap", "certified"), as_json)
    stopped(result["ending"], out)


def _described(
    kind: str, found: Any, attributes: tuple[str, ...], table: Any, began: float, out: Path | None
) -> dict[str, Any]:
    """What is to be said of a dataset as a whole, which is written to `out`."""
    from minnorm import sealed

    if out is not None:
        deliver(sealed.save, _named(found, table), out)
    return {
        "kind": kind,
        **reading.columns(table),
        "points": len(table.values),
        **{name: plain(found.attrs[name]) for name in attributes},
        "seconds": round(time.monotonic() - began, 3),
        "out": out and str(out),
    }


def _records(found: Any, axis: str) -> list[dict[str, Any]]:
    """One for each place on the axis, of all variables that have no other."""
    columns = {str(name): part.values for name, part in found.variables.items() if part.dims == (axis,)}
    return [{name: plain(column[k]) for name, column in columns.items()} for k in range(found.sizes[axis])]


def _print_records(result: dict[str, Any], columns: tuple[str, ...], as_json: bool) -> None:
    if as_json:
        print_json(result)
        return
    kind = result["kind"]
    shown = {name: value for name, value in result.items() if name not in ("kind", kind, "out")}
    title = ", ".join(f"{name.replace('_', ' ')} {text(value)}" for name, value in shown.items() if value is not None)
    print_table(title, columns, [[text(record[name]) for name in columns] for record in result[kind]])


def _named(dataset: Any, table: Any) -> Any:
    """With the names of the table's columns."""
    return dataset.assign_coords(coordinate=list(table.features)).assign_attrs(table.reading)


def _proof(certificate: Any) -> dict[str, Any]:
    names = ("value", "lower_bound", "gap", "searched_gap", "certified", "scope", "residual", "dual_norm", "tolerance")
    return {name: plain(getattr(certificate, name)) for name in names}


def _print(result: dict[str, Any], title: str, as_json: bool) -> None:
    if as_json:
        print_json(result)
        return
    shown = {name: value for name, value in result.items() if name != "kind" and value is not None}
    print_table(title, ("", "value"), [(name.replace("_", " "), text(value, 12)) for name, value in shown.items()])
