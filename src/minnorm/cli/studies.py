"""`minnorm demo`, `minnorm study` and `minnorm report`: whole grids of training runs, and pages about them."""

import time
from importlib import resources
from pathlib import Path
from typing import Annotated, Any

import typer

from minnorm.cli.options import Json, Threads
from minnorm.cli.show import print_json, progress, say

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
        with progress(f"{name[2:]}: ", quiet=as_json) as show:
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
    with progress(f"{specification.name}: ", quiet=as_json) as show:
        study.run(specification, directory, progress=show, threads=threads)
    if as_json:
        print_json(_summary(directory))
    else:
        print(f"done: {directory}  (minnorm report {directory} shows it)")


def status(directory: Annotated[Path, typer.Argument(help="Directory of a study.")], as_json: Json = False) -> None:
    """How many shards of a study are done.

    Example: `minnorm study status results`
    """
    summary = _summary(directory)
    if as_json:
        print_json(summary)
        return
    print(f"{summary['name']}: {summary['done']} of {summary['shards']} shards done")
    for problem in summary["bad"]:
        print(f"cannot be used: {problem}")


def report(
    directory: Annotated[Path, typer.Argument(help="Directory of a study, or of several.")],
    out: Annotated[Path | None, typer.Option(help="Page to write; default: DIRECTORY/report.html.")] = None,
    as_json: Json = False,
) -> None:
    """Write a self-contained HTML page of a study, or of all studies in a directory.

    Example: `minnorm report results`
    """
    from minnorm.report import write

    page = write(directory, out)
    print_json({"report": str(page)}) if as_json else print(f"report: {page}")


def _summary(directory: Path) -> dict[str, Any]:
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
