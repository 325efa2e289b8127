"""The command line: parse, call, print. Libraries load inside the commands, so that --help answers at once."""

import json
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

app = typer.Typer(
    name="minnorm",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    help="Minimum-norm interpolation by shallow ReLU networks: know it, train towards it, measure the distance.",
)
known_app = typer.Typer(no_args_is_help=True, help="Minimum-norm interpolants that are known exactly.")
study_app = typer.Typer(no_args_is_help=True, help="Whole grids of training runs, resumable.")
app.add_typer(known_app, name="known")
app.add_typer(study_app, name="study")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output, nothing else.")]
Threads = Annotated[int | None, typer.Option(help="At most this many threads; default: all cores.")]
DEMO = ("1-line", "2-bump", "3-diabetes")


def main() -> None:
    """Run the command line: exit 0, or 2 with one line that says what is wrong with the input."""
    warnings.showwarning = lambda message, *_args, **_kwargs: _say(f"warning: {message}")
    code: object = 0
    try:
        code = app(standalone_mode=False)
    except (ValueError, OSError) as error:
        _fail(str(error))
    except typer.TyperException as error:
        _fail(error.format_message() or "give a command; minnorm --help lists them")
    except (KeyboardInterrupt, typer.Abort):
        _say("minnorm: interrupted; what was finished is kept")
        raise SystemExit(130) from None
    raise SystemExit(code if isinstance(code, int) else 0)


@app.callback(invoke_without_command=True)
def version(
    show: Annotated[bool, typer.Option("--version", help="Print the version.", is_eager=True)] = False,
) -> None:
    """Print the version if asked."""
    if show:
        from importlib.metadata import version as installed

        print(installed("minnorm"))
        raise typer.Exit


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Directory for results and report.")] = Path("minnorm-demo"),
    as_json: Json = False,
    threads: Threads = None,
) -> None:
    """The main job, small: three studies against their exact interpolants, and a report.

    Example: `minnorm demo --out minnorm-demo`. Takes a few minutes; run again, it goes on where it stopped.
    """
    from minnorm import report, study

    began = time.monotonic()
    for name in DEMO:
        with resources.as_file(resources.files("minnorm.study") / "demo" / f"{name}.toml") as file:
            specification = study.load(file)
        with _progress(f"{name[2:]}: ", quiet=as_json) as show:
            study.run(specification, out / name, progress=show, threads=threads)
    page = report.write(out)
    seconds = time.monotonic() - began
    if as_json:
        _print_json({"report": str(page), "seconds": round(seconds, 1), "studies": [_summary(out / n) for n in DEMO]})
    else:
        _say(f"{seconds:.0f} s")
        print(f"report: {page}")


@known_app.command("radial")
def known_radial(
    dim: Annotated[str, typer.Option(help="Dimension, odd.")],
    plateau: Annotated[str, typer.Option(help="The function is 1 for |x| <= plateau, in [0, 1).")] = "0",
    as_json: Json = False,
) -> None:
    """The radial bump: 1 at the origin (or on a plateau), 0 outside the unit ball, of least norm.

    Example: `minnorm known radial --dim 15 --json`
    """
    from minnorm import known

    bump = known.radial_bump(_number("dim", dim, int), _number("plateau", plateau, float))
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
        _print_json(result)
        return
    _print_table(
        f"Radial bump, dimension {bump.dim}, plateau {bump.plateau:g}",
        ("", "value"),
        [
            ("norm", f"{bump.norm:.14g}"),
            ("proven bounds", f"{low:.14g} .. {high:.14g}"),
            ("Lipschitz constant", f"{bump.lipschitz:.8g}"),
            ("atoms", str(bump.measure.atoms.size)),
        ],
    )


@known_app.command("line")
def known_line(
    data: Annotated[Path, typer.Argument(help="CSV file with a header line: one coordinate and the values.")],
    target: Annotated[str | None, typer.Option(help="Column of the values; default: the last.")] = None,
    skip: Annotated[Literal["none", "free"], typer.Option(help="Whether an affine term costs nothing.")] = "none",
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
        _print_json(
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
    _print_table(
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


@app.command()
def train(
    data: Annotated[Path, typer.Argument(help="CSV file with a header line.")],
    target: Annotated[str | None, typer.Option(help="Column of the values; default: the last.")] = None,
    optimizer: Annotated[str, typer.Option(help="gd, sgd, momentum, nesterov, rmsprop, adam or adamw.")] = "adam",
    learning_rate: Annotated[list[float] | None, typer.Option(help="May be repeated; default 1e-3.")] = None,
    weight_decay: Annotated[list[float] | None, typer.Option(help="May be repeated; default 0.")] = None,
    scale: Annotated[list[float] | None, typer.Option(help="Factor on initial parameters; may be repeated.")] = None,
    seeds: Annotated[int, typer.Option(help="How many seeds.")] = 1,
    width: Annotated[int, typer.Option(help="Neurons.")] = 1000,
    steps: Annotated[int, typer.Option(help="Optimiser steps.")] = 10_000,
    batch_size: Annotated[int | None, typer.Option(help="Points a step; default: all (32 for sgd).")] = None,
    decay: Annotated[Literal["coupled", "decoupled"] | None, typer.Option(help="Default: the optimiser's.")] = None,
    bias: Annotated[Literal["free", "penalised"], typer.Option(help="Whether biases decay.")] = "free",
    skip: Annotated[Literal["none", "free"], typer.Option(help="Whether there is a term v . x.")] = "none",
    initial: Annotated[str, typer.Option(help="Initialisation.")] = "xavier_uniform",
    biases: Annotated[Literal["uniform", "zero"], typer.Option(help="Initial biases.")] = "uniform",
    antisymmetric: Annotated[bool, typer.Option("--antisymmetric", help="Start from f = 0.")] = False,
    dtype: Annotated[Literal["float32", "float64"], typer.Option(help="Precision.")] = "float32",
    out: Annotated[Path | None, typer.Option(help="Write all trajectories and networks to this netCDF file.")] = None,
    as_json: Json = False,
    threads: Threads = None,
) -> None:
    """Train networks on a table, over a grid of learning rates, decays, scales and seeds.

    Example: `minnorm train points.csv --target y --optimizer adam --weight-decay 0 --weight-decay 1e-4 --seeds 4`
    """
    from minnorm import PathNorm
    from minnorm import train as train_networks
    from minnorm.table import read_table

    table = read_table(data, target)
    if out is not None and not out.parent.is_dir():
        raise ValueError(f"out is {out}, but there is no directory {out.parent}; make it first")
    with _progress("", quiet=as_json) as show:
        runs = train_networks(
            table.points,
            table.values,
            optimizer=optimizer,
            learning_rate=learning_rate or 1e-3,
            weight_decay=weight_decay or 0.0,
            scale=scale or 1.0,
            seeds=seeds,
            width=width,
            steps=steps,
            batch_size=batch_size,
            decay=decay,
            penalty=PathNorm(bias=bias, skip=skip),
            initial=initial,
            biases=biases,
            antisymmetric=antisymmetric,
            dtype=dtype,
            threads=threads,
            progress=lambda done, total: show(optimizer, done / max(total, 1), done / max(total, 1)),
        )
    if out is not None:
        runs.to_netcdf(out, engine="h5netcdf")
    final = runs.isel(step=-1).stack(network=["learning_rate", "weight_decay", "scale", "seed"])
    places = final.indexes["network"].to_frame(index=False)
    names = ["training_loss", "path_norm", "half_squares", "gradient_norm", "diverged"]
    records = [
        {**place, **{name: _plain(final[name].values[i]) for name in names}}
        for i, place in enumerate(places.to_dict("records"))
    ]
    if as_json:
        _print_json(
            {
                "kind": "train",
                "optimizer": optimizer,
                "steps": steps,
                "out": out and str(out),
                "runs": records,
            }
        )
        return
    columns = list(records[0])
    _print_table(
        f"{optimizer}, {steps} steps, width {width}",
        columns,
        [[f"{row[c]:.6g}" if isinstance(row[c], float) else str(row[c]) for c in columns] for row in records],
    )


@study_app.command("run")
def study_run(
    file: Annotated[Path, typer.Argument(help="Study in TOML.")],
    out: Annotated[Path | None, typer.Option(help="Directory; default: the file's name without its ending.")] = None,
    as_json: Json = False,
    threads: Threads = None,
) -> None:
    """Run what is missing of a study; killed and run again, it ends with the same arrays.

    Example: `minnorm study run study.toml --out results`
    """
    from minnorm import study

    specification = study.load(file)
    directory = out if out is not None else Path(file.stem)
    with _progress(f"{specification.name}: ", quiet=as_json) as show:
        study.run(specification, directory, progress=show, threads=threads)
    if as_json:
        _print_json(_summary(directory))
    else:
        print(f"done: {directory}  (minnorm report {directory} shows it)")


@study_app.command("status")
def study_status(
    directory: Annotated[Path, typer.Argument(help="Directory of a study.")], as_json: Json = False
) -> None:
    """How many shards of a study are done.

    Example: `minnorm study status results`
    """
    summary = _summary(directory)
    if as_json:
        _print_json(summary)
        return
    print(f"{summary['name']}: {summary['done']} of {summary['shards']} shards done")
    for problem in summary["bad"]:
        print(f"cannot be used: {problem}")


@app.command("report")
def write_report(
    directory: Annotated[Path, typer.Argument(help="Directory of a study, or of several.")],
    out: Annotated[Path | None, typer.Option(help="Page to write; default: DIRECTORY/report.html.")] = None,
    as_json: Json = False,
) -> None:
    """Write a self-contained HTML page of a study, or of all studies in a directory.

    Example: `minnorm report results`
    """
    from minnorm import report

    page = report.write(directory, out)
    _print_json({"report": str(page)}) if as_json else print(f"report: {page}")


def _summary(directory: Path) -> dict[str, Any]:
    from minnorm import study

    status = study.status(directory)
    return {
        "directory": str(directory),
        "name": status.name,
        "shards": status.shards,
        "done": status.done,
        "complete": status.complete,
        "bad": list(status.bad),
    }


Show = Callable[[Any, float, float], None]


@contextmanager
def _progress(prefix: str, *, quiet: bool) -> Iterator[Show]:
    """A bar on a terminal; elsewhere a line at each new piece of work; nothing if quiet."""
    if quiet or not sys.stderr.isatty():
        seen: list[str] = []

        def line(work: Any, _part: float, whole: float) -> None:
            label = _label(work)
            if not quiet and label not in seen:
                seen.append(label)
                _say(f"{prefix}{label} ({whole:.0%})")

        yield line
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(prefix, total=1.0)
        yield lambda work, _part, whole: bar.update(task, completed=whole, description=prefix + _label(work))


def _label(work: Any) -> str:
    """A shard's name on a progress bar."""
    settings = getattr(work, "train", None)
    if settings is None:
        return str(work)
    scale = "" if settings.scale == 1 else f" x {settings.scale}"
    return f"{settings.optimizer}, {settings.initial}{scale}"


def _number(name: str, text: str, kind: type) -> Any:
    try:
        return kind(text)
    except ValueError:
        wanted = "a positive whole number" if kind is int else "a number"
        raise ValueError(f"{name} is {text!r}; give {wanted}") from None


def _plain(value: Any) -> Any:
    """A NumPy scalar as JSON knows it; what is not finite becomes None."""
    value = value.item()
    return None if (isinstance(value, float) and value != value) or value in (float("inf"), -float("inf")) else value


def _print_json(result: dict[str, Any]) -> None:
    print(json.dumps(result, allow_nan=False))


def _print_table(title: str, columns: Any, rows: Any) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(*columns, title=title)
    for row in rows:
        table.add_row(*row)
    Console().print(table)


def _say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


def _fail(message: str) -> None:
    _say("minnorm: " + " ".join(message.split()))
    raise SystemExit(2)


if __name__ == "__main__":
    main()
