"""The command line: parse, call, print. Libraries load inside the commands, so that --help answers at once.

This is its table of contents; each module has one group of commands.
"""

import warnings
from typing import Annotated

import typer

from minnorm.cli import explore, known, known_radial, known_ridges, solve, studies, train
from minnorm.cli.show import say

app = typer.Typer(
    name="minnorm",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    help="Minimum-norm interpolation by shallow ReLU networks: know it, solve it, train towards it, measure the "
    "distance.",
)
known_app = typer.Typer(no_args_is_help=True, help="Minimum-norm interpolants that are known exactly.")
known_app.command("radial")(known.radial)
known_app.command("radial-fit")(known_radial.radial_fit)
known_app.command("line")(known.line)
known_app.command("ridge")(known_ridges.ridge)
known_app.command("ridge-sum")(known_ridges.ridge_sum)
known_app.command("denoiser")(known_ridges.denoiser)
study_app = typer.Typer(no_args_is_help=True, help="Whole grids of training runs, resumable.")
study_app.command("plan")(studies.plan)
study_app.command("run")(studies.run)
study_app.command("resume")(studies.resume)
study_app.command("status")(studies.status)
study_app.command("merge")(studies.merge)
study_app.command("export")(studies.export)

app.command("demo")(studies.demo)
app.add_typer(known_app, name="known")
app.command("solve")(solve.solve)
app.command("verify")(solve.verify)
app.command("train")(train.train)
app.add_typer(study_app, name="study")
app.command("report")(studies.report)
app.command("explore")(explore.explore)


@app.callback(invoke_without_command=True)
def version(
    show: Annotated[bool, typer.Option("--version", help="Print the version.", is_eager=True)] = False,
) -> None:
    """Print the version if asked."""
    if show:
        from importlib.metadata import version as installed

        print(installed("minnorm"))
        raise typer.Exit


def main() -> None:
    """Run the command line: exit 0, or 2 with one line that says what is wrong with the input."""
    warnings.showwarning = lambda message, *_args, **_kwargs: say(f"warning: {message}")
    code: object = 0
    try:
        code = app(standalone_mode=False)
    except (ValueError, OSError) as error:
        from numpy.linalg import LinAlgError

        if isinstance(error, LinAlgError):
            raise  # a ValueError, but not about the input
        _fail(str(error))
    except typer.TyperException as error:
        _fail(_advice(error))
    except (KeyboardInterrupt, typer.Abort):
        say("minnorm: interrupted; what was finished is kept")
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
