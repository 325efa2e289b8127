"""Reading data tables: a CSV file in, points and values out, one clear error for each way it can be wrong."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import numpy as np
from jaxtyping import Float, Int

from minnorm.checks import check_points, check_values
from minnorm.delimited import Fields, plain_number, read_fields
from minnorm.objective.data import ties as tied

Ties = Literal["keep", "mean"]

_MISSING = ("", "na", "n/a", "nan", "null", "none")
_TOLD = 5  # places that a message lists


@dataclass(frozen=True)
class Table:
    """Points (n, d), values (n,), and the names of their columns.

    `lines` (n,) are those of the file; `weights` (n,), from the column `weighed_by`, say how often each point counts,
    None for once; `notes` say what is worth knowing about how it was read; `separator`, `decimal`, `dropna` and `ties`
    are how.
    """

    points: Float[np.ndarray, "n d"]
    values: Float[np.ndarray, " n"]
    features: tuple[str, ...]
    target: str
    lines: Int[np.ndarray, " n"]
    notes: tuple[str, ...] = ()
    separator: str = ","
    decimal: str = "."
    dropna: bool = False
    ties: Ties = "keep"
    weights: Float[np.ndarray, " n"] | None = None
    weighed_by: str = ""

    @property
    def reading(self) -> dict[str, str | int]:
        """Attributes of a result, with which `read_again` reads the same table."""
        return {
            "target": self.target,
            "table_separator": self.separator,
            "table_decimal": self.decimal,
            "table_dropna": int(self.dropna),
            "table_ties": self.ties,
            "table_weights": self.weighed_by,
        }

    def reject_ties(self, path: str | Path, remedy: str) -> None:
        """ValueError, with the lines, for equal points with different values."""
        found = tied(self.points, self.values)
        if not found:
            return
        told = [f"lines {_listed([int(self.lines[row]) for row in rows])}" for rows in found[:_TOLD]]
        more = "" if len(found) <= _TOLD else f"; and {len(found) - _TOLD} more"
        count = "1 point" if len(found) == 1 else f"{len(found)} points"
        raise ValueError(
            f"{path} has {count} more than once with different {self.target}, which no function interpolates: "
            f"{'; '.join(told)}{more}; {remedy}"
        )

    def mean_of_ties(self) -> "Table":
        """Points with different values once, at their first place, with the mean of their values.

        >>> table = Table(np.array([[1.0], [2.0], [1.0]]), np.array([0.0, 5.0, 4.0]), ("x",), "y", np.array([2, 3, 4]))
        >>> table.mean_of_ties().values, table.mean_of_ties().lines
        (array([2., 5.]), array([2, 3]))
        """
        found = tied(self.points, self.values)
        if not found:
            return self
        values, kept = self.values.copy(), np.ones(self.values.size, dtype=bool)
        for rows in found:
            values[rows[0]] = float(sum(map(Fraction, self.values[rows].tolist())) / len(rows))  # no sum overflows
            kept[rows[1:]] = False
        note = (
            f"{sum(map(len, found))} rows are of {len(found)} points with different {self.target}; each point is taken "
            "once, with their mean"
        )
        return dataclasses.replace(
            self,
            points=self.points[kept],
            values=values[kept],
            lines=self.lines[kept],
            notes=(*self.notes, note),
            ties="mean",
        )


def read_table(
    path: str | Path,
    target: str | None = None,
    features: Sequence[str] | None = None,
    *,
    drop: Sequence[str] = (),
    dropna: bool = False,
    separator: str | None = None,
    decimal: str | None = None,
    ties: Ties = "keep",
    weights: str | None = None,
) -> Table:
    """Read a CSV file with a header line; `target` names the column of values, by default the last one.

    `features` are the columns of coordinates, in this order, by default all others; `drop` leaves columns out; `dropna`
    leaves rows out in which an entry is missing. `separator` and `decimal` as for `read_fields`, by default what the
    file looks like; `ties="mean"` takes equal points with different values once, with their mean; `weights` names the
    column that says how often each point counts, if there is one. A first column without a name that numbers the rows,
    or names them, is left out, and so is a column without a name or entries.

    Errors: ValueError for a missing or empty file, no header line, equal names, rows of another length than the header,
    columns that are not there, entries that are missing, not finite numbers, or whole numbers that float64 cannot hold
    (with the line), and fewer than two columns.
    """
    path = Path(path)
    fields, notes = _named(path, read_fields(path, separator, decimal))
    names = _without(path, fields, drop)
    if weights is not None:
        _reject_unknown(path, fields, [weights])
        if weights == target or weights in (features or ()):
            raise ValueError(f"weights is {weights!r}, which is the target or one of the features; give another column")
        names = [name for name in names if name != weights]
    if target is not None and target not in names:
        raise ValueError(f"target is {target!r}, which {path} does not have; its columns are {_listed(names)}")
    _reject_unknown(path, fields, names if features is None else features)
    if target is None:
        others = names if features is None else [name for name in names if name not in features]
        if not others or len(names) < 2:
            raise ValueError(f"{path} has columns {_listed(names)}; give two or more, the values and a coordinate")
        target = others[-1]
    chosen = tuple(name for name in names if name != target) if features is None else tuple(features)
    if target in chosen:
        raise ValueError(f"target is {target!r}, which is one of the features; give another column")
    if not chosen:
        raise ValueError(f"{path} has columns {_listed(names)}; give two or more, the values and a coordinate")
    weighed = () if weights is None else (weights,)
    columns, lines, notes = _numbers(path, fields, (*chosen, target, *weighed), dropna, notes)
    table = Table(
        check_points(np.column_stack([columns[name] for name in chosen])),
        check_values(columns[target]),
        chosen,
        target,
        np.array(lines),
        notes,
        fields.separator,
        fields.decimal,
        dropna,
        weights=None if weights is None else columns[weights],
        weighed_by=weights or "",
    )
    return table.mean_of_ties() if ties == "mean" else table


def read_again(path: str | Path, attributes: Mapping[str, Any], features: Sequence[str] | None) -> Table:
    """Read a file as a result's `attributes` say (`Table.reading`), as usual in what they do not say."""
    separator, decimal = (attributes.get(f"table_{name}") for name in ("separator", "decimal"))
    return read_table(
        path,
        attributes.get("target"),
        features,
        dropna=bool(attributes.get("table_dropna", False)),
        separator=None if separator is None else str(separator),
        decimal=None if decimal is None else str(decimal),
        ties="mean" if attributes.get("table_ties") == "mean" else "keep",
        weights=attributes.get("table_weights") or None,
    )


def read_points(
    path: str | Path,
    features: Sequence[str] | None = None,
    *,
    drop: Sequence[str] = (),
    dropna: bool = False,
    separator: str | None = None,
    decimal: str | None = None,
) -> tuple[Float[np.ndarray, "q d"], tuple[str, ...]]:
    """Read points from a CSV file, from the columns `features`, by default all; the points, and notes as of a `Table`.

    Errors: ValueError as for `read_table`.
    """
    path = Path(path)
    fields, notes = _named(path, read_fields(path, separator, decimal))
    names = _without(path, fields, drop) if features is None else list(features)
    _reject_unknown(path, fields, names)
    if not names:
        raise ValueError(f"{path} has no column of coordinates; give one or more")
    columns, _, notes = _numbers(path, fields, tuple(names), dropna, notes)
    return check_points(np.column_stack([columns[name] for name in names])), notes


def _named(path: Path, fields: Fields) -> tuple[Fields, tuple[str, ...]]:
    """Without columns that have no name and no meaning; ValueError for equal names, and for columns without one."""
    notes, kept = list(fields.notes), []
    for k, name in enumerate(fields.names):
        column = [row[k] for row in fields.rows]
        if name and not name.startswith("Unnamed: "):
            kept.append(k)
        elif not any(column):
            notes.append(f"{path}: column {k + 1} has no name and no entries, and is left out")
        elif k == 0 and _numbers_or_names_rows(column):
            notes.append(f"{path}: column 1 has no name and numbers or names the rows, and is left out")
        else:
            raise ValueError(f"{path} has no name for column {k + 1}; give it one in the header line")
    names = tuple(fields.names[k] for k in kept)
    equal = sorted({name for name in names if names.count(name) > 1})
    if equal:
        raise ValueError(f"{path} has several columns {_listed(equal)}; give them different names")
    if not fields.rows:
        raise ValueError(f"{path} has no rows below its header line")
    return dataclasses.replace(fields, names=names, rows=[[row[k] for k in kept] for row in fields.rows]), tuple(notes)


def _numbers_or_names_rows(column: list[str]) -> bool:
    if not all(entry.isdecimal() for entry in column):
        return all(plain_number(entry, ".") is None for entry in column)
    counted = [int(entry) for entry in column]
    return all(low < high for low, high in pairwise(counted))


def _without(path: Path, fields: Fields, drop: Sequence[str]) -> list[str]:
    _reject_unknown(path, fields, drop)
    return [name for name in fields.names if name not in drop]


def _reject_unknown(path: Path, fields: Fields, names: Sequence[str]) -> None:
    unknown = [name for name in names if name not in fields.names]
    if unknown:
        raise ValueError(
            f"{path} has no column {_listed(unknown)}; its columns are {_listed(fields.names)}, and asked for are "
            f"{_listed(names)}"
        )
    twice = [name for name in names if list(names).count(name) > 1]
    if twice:
        raise ValueError(f"column {twice[0]!r} is asked for twice; name it once")


def _numbers(
    path: Path, fields: Fields, names: tuple[str, ...], dropna: bool, notes: tuple[str, ...]
) -> tuple[dict[str, np.ndarray], list[int], tuple[str, ...]]:
    """The columns as finite float64 arrays, the lines they are from, and what there is to note."""
    places = [fields.names.index(name) for name in names]
    missing = [any(row[k].lower() in _MISSING for k in places) for row in fields.rows]
    if dropna and any(missing):
        notes = (*notes, f"{path}: {sum(missing)} of {len(missing)} rows have missing entries, and are left out")
        if all(missing):
            raise ValueError(f"{path} has no row without missing entries; leave columns out (--drop)")
    rows = [row for row, gone in zip(fields.rows, missing, strict=True) if not (dropna and gone)]
    lines = [line for line, gone in zip(fields.lines, missing, strict=True) if not (dropna and gone)]
    columns = {}
    for k, name in zip(places, names, strict=True):
        entries = [row[k] for row in rows]
        columns[name] = np.array([_entry(path, *at, name, fields.decimal) for at in zip(lines, entries, strict=True)])
    return columns, lines, notes


def _entry(path: Path, line: int, text: str, name: str, decimal: str) -> float:
    """One number; ValueError, with its place, for another text and for what float64 cannot hold."""
    place = f"{path} line {line}: column {name!r}"
    plain = plain_number(text, decimal)
    if plain is None:
        if text.lower() in _MISSING:
            raise ValueError(f"{place} has no entry ({text!r}); leave such rows out (--dropna), or impute them")
        raise ValueError(
            f"{place} has {text[:40]!r}, which is not a number; correct it, or leave the column out (--drop)"
        )
    number = float(plain)
    if not np.isfinite(number):
        raise ValueError(f"{place} is beyond the range of float64 ({_short(text)}); rescale it")
    if len(plain) > 15 and plain.lstrip("+-").isdecimal() and int(plain) != int(number):
        raise ValueError(
            f"{place} has the whole number {_short(text)}, which float64 cannot hold; subtract a common offset, or "
            "leave the column out (--drop) if it only looks like a number"
        )
    return number


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{len(text)} digits"


def _listed(names: Sequence[object]) -> str:
    told = [str(name) for name in names]
    return ", ".join(told if len(told) <= 20 else [*told[:20], f"and {len(told) - 20} more"]) or "none"
