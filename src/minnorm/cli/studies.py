"""`minnorm demo`, `minnorm study` and `minnorm report`: whole grids of training runs, and pages about them."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from minnorm.cli.options import Json, Threads, whole, writable
from minnorm.cli.show import print_json, print_table, progress, say, text

Workers = Annotated[
    int | None, typer.Option(parser=whole, help="Processes, each pinned to its share of the cores; default: this one.")
]
Cluster = Annotated[str | None, typer.Option(help="Address of a dask.distributed scheduler, e.g. tcp://host:8786.")]

Found = Annotated[str, typer.Argument(metavar="DIRECTORY", help="Directory of a study, or of several, or its URL.")]
Made = Annotated[
    str | None,
    typer.Option(metavar="DIRECTORY", help="Directory, or its URL; default: the file's name without its ending."),
]

DEMO = ("1-line", "2-bump", "3-diabetes")


def demo(
    out: Annotated[Path, typer.Option(help="Directory for results and report.")] = Path("minnorm-demo"),
    as_json: Json = False,
    threads: Threads = None,
) -> None:
    """The main job, small: three studies against their exact interpolants, and a report.

    Example: `minnorm demo --out minnorm-demo`. Takes a few minutes; run again, it goes on where it stopped.
    """
    from minnorm import study
    from minnorm.report import write

    began = time.monotonic()
    for name in DEMO:
        with resources.as_file(resources.files("minnorm.study") / "demo" / f"{name}.toml") as file:
            specification = study.load(file)
        with _kept(out, f"minnorm demo --out {out}"), progress(f"{name[2:]}: ", quiet=as_json) as show:
            study.run(specification, out / name, progress=show, threads=threads)
    page = write(out)
    seconds = time.monotonic() - began
    if as_json:
        print_json({"report": str(page), "seconds": round(seconds, 1), "studies": [_summary(out / n) for n in DEMO]})
    else:
        say(f"{seconds:.0f} s")
        print(f"report: {page}")


def run(
    file: Annotated[Path, typer.Argument(help="Study in TOML.")],
    out: Made = None,
    workers: Workers = None,
    cluster: Cluster = None,
    as_json: Json = False,
    threads: Threads = None,
) -> None:
    """Run what is missing of a study; killed and run again, it ends with the same arrays.

    A file with several studies gets a directory for each. Example: `minnorm study run study.toml --out results`
    """
    from minnorm import study

    directory = out if out is not None else file.stem
    parts = {_within(directory, name): one for name, one in study.load_all(file).items()}
    for place, specification in parts.items():
        study.Store(place).check(specification)  # before hours of work on the ones before it
    _run(parts, directory, workers, cluster, as_json, threads)


def resume(
    directory: Found,
    workers: Workers = None,
    cluster: Cluster = None,
    as_json: Json = False,
    threads: Threads = None,
) -> None:
    """Run what is missing of the study in a directory: `run` without its file.

    Example: `minnorm study resume results`
    """
    from minnorm import study

    parts = {str(store.directory): store.study() for store in study.stores(directory)}
    _run(parts, directory, workers, cluster, as_json, threads)


def _run(
    parts: Mapping[str, Any],
    directory: str,
    workers: int | None,
    cluster: str | None,
    as_json: bool,
    threads: int | None,
) -> None:
    from minnorm import study

    for place, specification in parts.items():
        with (
            _kept(directory, f"minnorm study resume {directory}"),
            progress(f"{specification.name}: ", quiet=as_json) as show,
        ):
            study.run(specification, place, progress=show, threads=threads, workers=workers, cluster=cluster)
    if as_json:
        _print_each([_summary(place) for place in parts])
    else:
        print(f"done: {directory}  (minnorm report {directory} shows it)")


@contextmanager
def _kept(directory: Path | str, command: str) -> Iterator[None]:
    """After Ctrl-C: exit 130, with one line that says what is kept and the command that goes on."""
    try:
        yield
    except KeyboardInterrupt:
        say(f"minnorm: interrupted; the shards that are done are kept in {directory}; {command} goes on")
        raise typer.Exit(130) from None


def _within(directory: str, name: str) -> str:
    """The directory of one of a file's studies; "" is the name of the only one."""
    return f"{directory.rstrip('/')}/{name}" if name else directory


def _print_each(found: list[dict[str, Any]]) -> None:
    """One study as an object, several as a list in one."""
    print_json(found[0] if len(found) == 1 else {"studies": found})


def plan(
    file: Annotated[Path, typer.Argument(help="Study in TOML.")],
    out: Made = None,
    workers: Annotated[int, typer.Option(parser=whole, help="Processes that will share the work.")] = 1,
    as_json: Json = False,
    threads: Threads = None,
) -> None:
    """What a study will take: networks, shards, time and disk, from a short calibration of each kind of shard.

    Example: `minnorm study plan study.toml --workers 2`
    """
    from minnorm import study

    directory = out if out is not None else file.stem
    plans = []
    for name, specification in study.load_all(file).items():
        with progress("calibrating ", quiet=as_json) as show:
            found = study.plan(specification, _within(directory, name), workers=workers, threads=threads, progress=show)
        plans.append(
            {
                "name": specification.name,
                "networks": found.networks,
                "shards": found.shards,
                "done": found.done,
                "seconds": round(found.seconds, 1),
                "bytes": found.bytes,
            }
        )
    if as_json:
        _print_each(plans)
        return
    rows = [[one["name"], *(str(one[k]) for k in ("networks", "shards", "done")), *_cost(one)] for one in plans]
    if len(plans) > 1:
        whole = {name: sum(one[name] for one in plans) for name in ("networks", "shards", "done", "seconds", "bytes")}
        rows.append(["all", *(str(whole[k]) for k in ("networks", "shards", "done")), *_cost(whole)])
    print_table(f"{file}: what is to be done", ("study", "networks", "shards", "done", "time left", "disk"), rows)


def _cost(one: dict[str, Any]) -> tuple[str, str]:
    return f"about {_duration(one['seconds'])}", f"{one['bytes'] / 1e6:.1f} MB"


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def status(directory: Found, as_json: Json = False) -> None:
    """How many shards of a study are done.

    Example: `minnorm study status results`
    """
    from minnorm import study

    found = [_summary(store.directory) for store in study.stores(directory)]
    if as_json:
        _print_each(found)
        return
    rows = [[one["name"], f"{one['done']} of {one['shards']}", text(one["complete"])] for one in found]
    print_table(str(directory), ("study", "shards done", "complete"), rows)
    for problem in (problem for one in found for problem in one["bad"]):
        print(f"cannot be used: {problem}")


def merge(
    sources: Annotated[list[str], typer.Argument(metavar="DIRECTORY", help="Directories of studies, or URLs.")],
    out: Annotated[
        str, typer.Option(metavar="DIRECTORY", help="Directory that takes their shards; new, or a study already.")
    ],
    file: Annotated[
        Path | None, typer.Option("--study", help="Study in TOML that a new directory holds; default: the first's.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Copy the finished shards of several directories into one.

    Example: `minnorm study merge machine-1 machine-2 --out results`
    """
    from dataclasses import asdict

    from minnorm import study

    with _kept(out, "the same command"):
        found = study.merge(sources, out, None if file is None else study.load(file))
    if as_json:
        print_json({"directory": str(out), **asdict(found)})
        return
    print(f"{out}: {found.copied} shards copied, {found.present} there already, {found.missing} missing")
    if found.foreign:
        print(f"{found.foreign} shards are no part of this study")
    for name in found.differing:
        print(f"other numbers than the one kept: {name}")
    for problem in found.bad:
        print(f"cannot be used: {problem}")


def export(
    directory: Found,
    out: Annotated[Path, typer.Option(help="File that ends in .csv or .parquet.")],
    trajectories: Annotated[
        bool, typer.Option("--trajectories", help="A row for each recorded step, not only the last.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Write a table with a row for each network of a study: settings, place on the grid, what was measured.

    Example: `minnorm study export results --out results.csv`
    """
    from minnorm import study

    writable(out)
    rows = study.export(study.stores(directory), out, trajectories=trajectories)
    print_json({"out": str(out), "rows": rows}) if as_json else print(f"{out}: {rows} rows")


def report(
    directory: Found,
    out: Annotated[Path | None, typer.Option(help="Page to write; default: DIRECTORY/report.html.")] = None,
    figures: Annotated[Path | None, typer.Option(help="Write the figures as files to this folder, too.")] = None,
    kind: Annotated[Literal["svg", "pdf", "png"], typer.Option(help="Of these files.")] = "svg",
    style: Annotated[Literal["light", "dark"], typer.Option(help="Background of these files.")] = "light",
    as_json: Json = False,
) -> None:
    """Write a self-contained HTML page of a study, or of all studies in a directory, for light and dark screens.

    Example: `minnorm report results`

    Example: `minnorm report results --figures figures --kind pdf`
    """
    from minnorm.report import page_path, sections, write_figures, write_page

    path = page_path(directory, out)
    writable(out)
    found = sections(directory)
    page = write_page(found, path)
    made = [] if figures is None else write_figures(found, figures, kind=kind, style=style)
    if as_json:
        print_json({"report": str(page), "figures": [str(path) for path in made]})
        return
    print(f"report: {page}")
    if figures is not None:
        print(f"figures: {len(made)} in {figures}")


def _summary(directory: Path | str) -> dict[str, Any]:
    from minnorm import study

    found = study.status(directory)
    return {
        "directory": str(directory),
        "name": found.name,
        "shards": found.shards,
        "done": found.done,
        "complete": found.complete,
        "bad": list(found.bad),
    }
