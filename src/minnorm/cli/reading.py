"""Tables on the command line: one set of options that say how to read them, and what is said about it."""

from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import typer

from minnorm.cli.show import say

TABLE = "Table"  # panel of --help

Data = Annotated[Path, typer.Argument(help="CSV file with a header line.")]
Features = Annotated[
    list[str] | None,
    typer.Option(help="Columns that are coordinates, as a,b; default: all but the target.", rich_help_panel=TABLE),
]
Drop = Annotated[list[str] | None, typer.Option(help="Columns to leave out, as c,d.", rich_help_panel=TABLE)]
DropMissing = Annotated[
    bool, typer.Option("--dropna", help="Leave out rows with missing entries.", rich_help_panel=TABLE)
]
Ties = Annotated[
    Literal["refuse", "mean"],
    typer.Option(
        help="Equal points with different values, where lam is 0: refuse them, or take their mean.",
        rich_help_panel=TABLE,
    ),
]
Weights = Annotated[
    str | None,
    typer.Option(help="Column that says how often each point counts; default: once.", rich_help_panel=TABLE),
]
Separator = Annotated[
    str | None,
    typer.Option(
        help="comma, semicolon, tab, bar, space or a character; default: as the file looks.", rich_help_panel=TABLE
    ),
]
Decimal = Annotated[
    str | None, typer.Option("--decimal", help=". or , ; default: as the file looks.", rich_help_panel=TABLE)
]


class Reading(NamedTuple):
    """What the options said."""

    features: list[str] | None = None
    drop: list[str] | None = None
    dropna: bool = False
    separator: str | None = None
    decimal: str | None = None
    weights: str | None = None


def table(
    path: Path, target: str | None, how: Reading, ties: str = "refuse", *, interpolates: bool = True, remedy: str = ""
) -> Any:
    """The table; what is worth knowing about it is said on standard error.

    Where it is to be interpolated, equal points with different values are refused with a `remedy`, or taken together.
    """
    from minnorm.table import read_table

    if interpolates and how.weights is not None:
        raise ValueError(
            f"weights is {how.weights}, but where lam is 0 every label is met, however often it counts; give --lam "
            "above 0, or leave --weights out (--drop takes the column away)"
        )
    found = read_table(
        path,
        target,
        _names(how.features),
        drop=_names(how.drop) or (),
        dropna=how.dropna,
        separator=how.separator,
        decimal=how.decimal,
        ties="mean" if interpolates and ties == "mean" else "keep",
        weights=how.weights,
    )
    _say_all(found.notes)
    if interpolates:
        found.reject_ties(path, remedy or "take their means with --ties mean, or use minnorm solve with --lam above 0")
    elif ties == "mean":
        say(f"{path}: with lam above 0 equal points count as often as they occur, and --ties changes nothing")
    return found


def points(path: Path, how: Reading) -> Any:
    """Points without values."""
    from minnorm.table import read_points

    found, notes = read_points(
        path,
        _names(how.features),
        drop=_names(how.drop) or (),
        dropna=how.dropna,
        separator=how.separator,
        decimal=how.decimal,
    )
    _say_all(notes)
    return found


def columns(table: Any) -> dict[str, Any]:
    """Entries that name the columns which were taken."""
    weighed = {"weights": table.weighed_by} if table.weighed_by else {}
    return {"features": list(table.features), "target": table.target, **weighed}


def named(table: Any) -> list[tuple[str, str]]:
    """Rows that name the columns which were taken."""
    return [("features", ", ".join(table.features)), ("target", table.target)]


def _say_all(notes: tuple[str, ...]) -> None:
    for note in notes:
        say(note)


def _names(given: list[str] | None) -> list[str] | None:
    """Names with commas between them, once or several times."""
    if not given:
        return None
    names = [name.strip() for text in given for name in text.split(",")]
    return [name for name in names if name]
