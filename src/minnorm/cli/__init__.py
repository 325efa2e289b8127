"""The command line: parse, call, print. Libraries load inside the commands, so that --help answers at once.

This is its table of contents; each module has one group of commands.
"""

import sys
import warnings
from itertools import takewhile
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from minnorm.cli import (
    compare,
    explore,
    known,
    known_kernels,
    known_polytopes,
    known_radial,
    known_ridges,
    regions,
    solve,
    studies,
    train,
)
from minnorm.cli.show import fancy, plainly, say, undelivered


class _Commands(TyperGroup):
    """Ctrl-C ends a command with a line that says so, whatever the version of Typer makes of it."""

    def invoke(self, ctx: Any) -> Any:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise typer.Abort from None


app = typer.Typer(
    name="minnorm",
    cls=_Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Minimum-norm interpolation by shallow ReLU networks: know it, solve it, train towards it, measure the "
    "distance.",
)
known_app = typer.Typer(no_args_is_help=True, help="Minimum-norm interpolants that are known exactly.")
for name, command in {
    "radial": known.radial,
    "radial-fit": known_radial.radial_fit,
    "line": known.line,
    "kernel": known_kernels.kernel,
    "ridge": known_ridges.ridge,
    "ridge-sum": known_ridges.ridge_sum,
    "denoiser": known_ridges.denoiser,
    "polygon": known_polytopes.polygon,
    "cross-polytope": known_polytopes.cross_polytope,
    "simplex": known_polytopes.simplex,
    "convex-margin": known_polytopes.convex_margin,
    "radial-margin": known_polytopes.radial_margin,
}.items():
    known_app.command(name)(command)
study_app = typer.Typer(no_args_is_help=True, help="Whole grids of training runs, resumable.")
for command in (studies.plan, studies.run, studies.resume, studies.status, studies.merge, studies.export):
    study_app.command()(command)

EXACT, TRAINED, SHOWN = "What is minimal", "What training finds", "See it"
app.add_typer(known_app, name="known", rich_help_panel=EXACT)
app.command(rich_help_panel=EXACT)(solve.solve)
app.command(rich_help_panel=EXACT)(solve.separate)
app.command(rich_help_panel=EXACT)(regions.regions)
app.command(rich_help_panel=EXACT)(solve.verify)
app.command(rich_help_panel=TRAINED)(train.train)
app.command(rich_help_panel=TRAINED)(compare.compare)
app.add_typer(study_app, name="study", rich_help_panel=TRAINED)
app.command(rich_help_panel=SHOWN)(studies.demo)
app.command(rich_help_panel=SHOWN)(studies.report)
app.command(rich_help_panel=SHOWN)(explore.explore)


def _imported(names: list[str]) -> list[str]:
    """Import modules of one's own before the command reads its options."""
    from minnorm import extensions

    for name in names:
        extensions.load(name)
    return names


@app.callback(invoke_without_command=True)
def version(
    show: Annotated[bool, typer.Option("--version", help="Print the version.", is_eager=True)] = False,
    plain: Annotated[
        bool,
        typer.Option(
            "--plain",
            help="No colours, boxes or bars, as in logs; before the command.",
            callback=plainly,
            is_eager=True,
        ),
    ] = False,
    modules: Annotated[
        list[str],
        typer.Option(
            "--import",
            metavar="FILE.py|MODULE",
            help="Run this Python first: losses, tasks, optimisers or report pages of your own; before the command, "
            "and may be repeated.",
            callback=_imported,
        ),
    ] = [],  # noqa: B006
) -> None:
    """Print the version if asked."""
    if show:
        from importlib.metadata import version as installed

        print(installed("minnorm"))
        raise typer.Exit


_LOG_WIDTH = 120


def main() -> None:
    """Run the command line: exit 0, or 2 with one line that says what is wrong with the input."""
    plainly("--plain" in takewhile(lambda word: word.startswith("-"), sys.argv[1:]))
    app.rich_markup_mode = "markdown" if fancy(sys.stdout) else None
    width = {} if sys.stdout.isatty() else {"terminal_width": _LOG_WIDTH}
    warnings.showwarning = lambda message, *_args, **_kwargs: say(f"warning: {message}")
    code: object = 0
    try:
        code = app(standalone_mode=False, **width)
        undelivered()
    except (ValueError, OSError) as error:
        from numpy.linalg import LinAlgError

        if isinstance(error, LinAlgError):
            raise  # a ValueError, but not about the input
        _fail(str(error))
    except typer.TyperException as error:
        _fail(_advice(error))
    except (KeyboardInterrupt, typer.Abort):
        say("minnorm: interrupted; nothing is kept, the same command starts again")
        raise SystemExit(130) from None
    raise SystemExit(code if isinstance(code, int) else 0)


def _advice(error: typer.TyperException) -> str:
    """What is wrong with the command line, and where to read what would be right."""
    context = getattr(error, "ctx", None)
    command = "minnorm" if context is None else context.command_path
    message = error.format_message().rstrip(".")
    if not message:
        return f"give a command; {command} --help lists them"
    return message if isinstance(error, typer.BadParameter) else f"{message}; {command} --help says what it takes"


def _fail(message: str) -> None:
    say("minnorm: " + " ".join(message.split()))
    raise SystemExit(2)
