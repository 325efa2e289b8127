"""Reading data tables: a CSV file in, points and values out, one clear error for each way it can be wrong."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from minnorm.problem import check_points, check_values


@dataclass(frozen=True)
class Table:
    """Points (n, d), values (n,), and the names of their columns."""

    points: Float[np.ndarray, "n d"]
    values: Float[np.ndarray, " n"]
    features: tuple[str, ...]
    target: str


def read_table(path: str | Path, target: str | None = None) -> Table:
    """Read a CSV file with a header line; `target` names the column of values, by default the last one.

    All other columns are coordinates. Errors: ValueError for a missing or empty file, a column that is not
    there, entries that are not numbers (with the line), NaN or infinities, fewer than two columns.
    """
    import pandas as pd  # takes a third of a second, and only tables need it

    path = Path(path)
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
    if len(names) < 2 or len(set(names)) < len(names):
        raise ValueError(f"{path} has columns {', '.join(names)}; give two or more with different names")
    target = names[-1] if target is None else target
    if target not in names:
        raise ValueError(f"target is {target!r}, which {path} does not have; its columns: {', '.join(names)}")
    columns: dict[str, np.ndarray] = {}
    for name in names:
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
    features = tuple(name for name in names if name != target)
    return Table(
        check_points(np.column_stack([columns[name] for name in features])),
        check_values(columns[target]),
        features,
        target,
    )
