"""Reading data tables: a CSV file in, points and values out, one clear error for each way it can be wrong."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Float

from minnorm.problem import check_points, check_values


@dataclass(frozen=True)
class Table:
    """Points (n, d), values (n,), and the names of their columns."""

    points: Float[np.ndarray, "n d"]
    values: Float[np.ndarray, " n"]
    features: tuple[str, ...]
    target: str


def read_table(path: str | Path, target: str | None = None, features: Sequence[str] | None = None) -> Table:
    """Read a CSV file with a header line; `target` names the column of values, by default the last one.

    All other columns are coordinates; `features` says which they have to be, and their order. Errors: ValueError for
    a missing or empty file, a column that is not there, entries that are not numbers (with the line), NaN or
    infinities, fewer than two columns.
    """
    path = Path(path)
    frame = _read(path)
    names = list(frame.columns)
    if len(names) < 2:
        raise ValueError(f"{path} has columns {', '.join(names)}; give two or more with different names")
    column = names[-1] if target is None else target
    if column not in names:
        raise ValueError(f"target is {column!r}, which {path} does not have; its columns: {', '.join(names)}")
    others = tuple(name for name in names if name != column)
    features = others if features is None else _agreed(path, others, features)
    columns = _numbers(path, frame)
    return Table(
        check_points(np.column_stack([columns[name] for name in features])),
        check_values(columns[column]),
        tuple(features),
        column,
    )


def read_points(path: str | Path, features: Sequence[str] | None = None) -> Float[np.ndarray, "q d"]:
    """Read points from a CSV file whose columns are `features`, in any order; ValueError as for `read_table`.

    Without `features` all columns are coordinates.
    """
    path = Path(path)
    frame = _read(path)
    names = tuple(frame.columns) if features is None else _agreed(path, tuple(frame.columns), features)
    columns = _numbers(path, frame)
    return check_points(np.column_stack([columns[name] for name in names]))


def _agreed(path: Path, names: tuple[str, ...], features: Sequence[str]) -> tuple[str, ...]:
    """`features`, if they are the given names."""
    if set(names) != set(features):
        raise ValueError(
            f"{path} has coordinates {', '.join(names) or 'none'}; give it {', '.join(features)}, and no other"
        )
    return tuple(features)


def _read(path: Path) -> pd.DataFrame:
    if not path.is_file():
        raise ValueError(f"{path} is not a file; give a CSV file with a header line")
    try:
        frame = pd.read_csv(path)
    except (pd.errors.EmptyDataError, pd.errors.ParserError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is not a CSV file with a header line: {str(error).strip()}") from None
    names = [str(name).strip() for name in frame.columns]
    frame.columns = names
    if len(frame) == 0:
        raise ValueError(f"{path} has no rows below its header line")
    if len(set(names)) < len(names):
        raise ValueError(f"{path} has columns {', '.join(names)}; give two or more with different names")
    return frame


def _numbers(path: Path, frame: pd.DataFrame) -> dict[str, np.ndarray]:
    """The columns as finite float64 arrays."""
    columns: dict[str, np.ndarray] = {}
    for name in frame.columns:
        entries = frame[name]
        numbers = np.array(pd.to_numeric(entries, errors="coerce"), dtype=np.float64)
        wrong = np.isnan(numbers) & ~np.array(entries.isna())
        if np.any(wrong):
            row = int(np.argmax(wrong))
            raise ValueError(f"{path} line {row + 2}: column {name!r} has {entries.iloc[row]!r}, which is not a number")
        if not np.all(np.isfinite(numbers)):
            row = int(np.argmin(np.isfinite(numbers)))
            raise ValueError(f"{path} line {row + 2}: column {name!r} is {entries.iloc[row]}; remove or impute it")
        columns[name] = numbers
    return columns
