"""Data of the user's own: a CSV file of bounded size, checked as on the command line."""

import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import param
from panel.custom import JSComponent

from minnorm.table import Table, read_table

MOST_BYTES = 1_000_000

_HERE = Path(__file__).parent


class Upload(JSComponent):
    """A field for a CSV file: `took` is called with its table, `say` with what is wrong with it."""

    label = param.String(default="Your own data (CSV with a header line)")
    accept = param.String(default=".csv,text/csv,text/plain")
    most = param.Integer(default=MOST_BYTES)
    sent = param.Dict(default={})

    _esm = _HERE / "upload.js"
    _stylesheets: ClassVar[Any] = [_HERE / "upload.css"]

    @classmethod
    def of(
        cls,
        took: Callable[[Table], None],
        *,
        say: Callable[[str], None],
        columns: int | None = None,
        rows: int = 10_000,
        **layout: Any,
    ) -> "Upload":
        """The field; `columns` and `rows` as for `read`."""
        made = cls(**layout)

        def take(event: Any) -> None:
            sent = event.new
            try:
                table = read(sent["name"], sent["text"], size=int(sent["size"]), columns=columns, rows=rows)
                say("")
                took(table)
            except ValueError as error:
                say(str(error))

        made.param.watch(take, "sent")
        return made


def read(name: str, text: str, *, size: int | None = None, columns: int | None = None, rows: int = 10_000) -> Table:
    """The points and values in the text of a CSV file, the last column of which holds the values.

    Errors: ValueError, naming the file, if it is larger than `MOST_BYTES` (`size` of it, if not all of its text is
    here), has more than `rows` rows or other than `columns` columns in all (None: any), or `read_table` rejects it.

    >>> read("hat.csv", "x,y\\n-1,0\\n0,1\\n1,0\\n", columns=2).values
    array([0., 1., 0.])
    """
    size = len(text.encode()) if size is None else max(size, len(text.encode()))
    if size > MOST_BYTES:
        raise ValueError(f"{name} has {size / 1e6:.1f} MB; give at most {MOST_BYTES / 1e6:g} MB")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data.csv"
        path.write_text(text, "utf-8")
        try:
            table = read_table(path)
        except ValueError as error:
            said = re.sub(r" \(--\w+\)", "", str(error))  # options are for the shell
            raise ValueError(said.replace(str(path), name)) from None
    if columns is not None and len(table.features) + 1 != columns:
        found = ", ".join([*table.features, table.target])
        raise ValueError(f"{name} has columns {found}; this view takes {columns}: coordinates first, the values last")
    if len(table.values) > rows:
        raise ValueError(f"{name} has {len(table.values)} rows; this view takes at most {rows}")
    return table
