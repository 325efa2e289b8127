"""Options that several commands share, and numbers that are refused with advice."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer


def decimal(text: str | float) -> float:
    """A number on the command line, or the default of its option."""
    try:
        return float(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a number; give one such as 1e-3") from None


def whole(text: str | int) -> int:
    """A whole number on the command line, or the default of its option."""
    try:
        return int(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a whole number; give one such as 3") from None


PENALTY, OUTPUT = "Penalty", "Output and resources"  # panels of --help

Json = Annotated[
    bool,
    typer.Option("--json", help="Print one JSON object on standard output, nothing else.", rich_help_panel=OUTPUT),
]
Threads = Annotated[
    int | None,
    typer.Option(parser=whole, help="At most this many threads; default: all cores.", rich_help_panel=OUTPUT),
]
Target = Annotated[str | None, typer.Option(help="Column of the values; default: the last.")]
Bias = Annotated[
    Literal["free", "penalised", "penalized"],
    typer.Option(metavar="[free|penalised]", help="Whether biases are part of the penalty.", rich_help_panel=PENALTY),
]
Skip = Annotated[
    Literal["none", "free"], typer.Option(help="Whether there is a term v . x, at no cost.", rich_help_panel=PENALTY)
]
Neurons = Annotated[
    str,
    typer.Option(
        "--activation",
        metavar="relu|leaky_relu:SLOPE|abs",
        help="What neurons do.",
        rich_help_panel=PENALTY,
    ),
]
Inputs = Annotated[
    int | None,
    typer.Option(
        parser=whole, help="Neurons read at most this many of the features: 1, 2 or 3.", rich_help_panel=PENALTY
    ),
]
Offset = Annotated[
    Literal["free", "none"], typer.Option(help="Whether there is a constant, at no cost.", rich_help_panel=PENALTY)
]


Loss = Annotated[
    str,
    typer.Option(
        metavar="squared|huber:DELTA|absolute|quantile:Q|insensitive:DELTA|logistic|hinge|squared_hinge",
        help="What a point pays; the last three take labels -1 and 1.",
        rich_help_panel=PENALTY,
    ),
]


def number(name: str, text: str, kind: type) -> Any:
    """`text` as an int or a float; ValueError that names the option."""
    try:
        return kind(text)
    except ValueError:
        wanted = "a positive whole number" if kind is int else "a number"
        raise ValueError(f"{name} is {text!r}; give {wanted}") from None


KINDS = (".svg", ".pdf", ".png")
"""What pictures may be."""


def picture(plot: Path | None) -> None:
    """ValueError if a picture has no directory to be written to, or a name that does not say what it is."""
    writable(plot, "plot")
    if plot is not None and plot.suffix.lower() not in KINDS:
        raise ValueError(f"plot is {plot}; give a name that ends in .svg, .pdf or .png")


def writable(out: Path | None, name: str = "out") -> None:
    """ValueError if a file has no directory to be written to."""
    if out is not None and not out.parent.is_dir():
        raise ValueError(f"{name} is {out}, but there is no directory {out.parent}; make it first")
