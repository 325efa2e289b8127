"""Files of fields between separators, taken apart: what separates is seen or told, every row keeps its line."""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|", "space": " "}
"""By name; "space" is any run of white space."""

_LOOKED_AT = 50  # rows, to see what separates
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_COMMA = re.compile(r"[+-]?(\d+,\d*|,\d+)([eE][+-]?\d+)?", re.ASCII)
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+", re.ASCII)


@dataclass(frozen=True)
class Fields:
    """The names in the header, the rows of texts with their lines in the file (from 1), and how they were told apart.

    `notes` say what was not plain: another separator than a comma, another encoding than UTF-8.
    """

    names: tuple[str, ...]
    rows: list[list[str]]
    lines: list[int]
    separator: str
    decimal: str
    notes: tuple[str, ...]


def read_fields(path: Path, separator: str | None = None, decimal: str | None = None) -> Fields:
    """Take a file of text apart.

    `separator`, a name in `SEPARATORS` or a character, and `decimal`, "." or ",", are seen if they are not told. Lines
    that are empty or begin with # are left out. Errors: ValueError, with the line, for what is no text, has no header
    line, or rows of other lengths than that.
    """
    told = None if separator is None else _separator(separator)
    if decimal not in (None, ".", ","):
        raise ValueError(f"decimal is {decimal!r}; give . or ,")
    if decimal is not None and decimal == told:
        raise ValueError(f"separator and decimal are both {decimal!r}; they must differ")
    text, notes = _text(path)
    kept = [(k, line) for k, line in enumerate(_lines(text), 1) if line.strip() and not line.lstrip().startswith("#")]
    if not kept:
        raise ValueError(f"{path} is empty; give a CSV file with a header line")
    between = _seen(kept) if told is None else told
    if told is None and between not in (",", ""):
        notes.append(f"{path}: fields are taken to be separated by {_name(between)} (else: --separator)")
    rows, lines = _split(kept, between)
    header = tuple(name.strip() for name in rows[0])
    if all(not name or _is_number(name) or _COMMA.fullmatch(name) for name in header):
        raise ValueError(
            f"{path} has no header line: line {lines[0]} is {_cut(kept[0][1])}; put a line of names above it, as "
            f"{','.join([f'x{k}' for k in range(1, len(header))] + ['y'])}"
        )
    for row, line in zip(rows[1:], lines[1:], strict=True):
        if len(row) != len(header):
            raise ValueError(
                f"{path} line {line} has {_fields(len(row))} and the header line has {len(header)}; give each column a "
                f"name, and each row all entries (separated by {_name(between)})"
            )
    found = [[entry.strip() for entry in row] for row in rows[1:]]
    point = decimal or _decimal(path, found, between)
    if decimal is None and point == ",":
        notes.append(f"{path}: commas are taken to be decimal (else: --decimal)")
    return Fields(header, found, lines[1:], between, point, tuple(notes))


def plain_number(text: str, decimal: str) -> str | None:
    """The text of a number with a decimal point, as Python reads it; None if it is none.

    >>> plain_number("1,5e3", ","), plain_number("1,5", "."), plain_number("1_000", ".")
    ('1.5e3', None, None)
    """
    if decimal == "," and _COMMA.fullmatch(text):
        text = text.replace(",", ".")
    return text if _is_number(text) else None


def _is_number(text: str) -> bool:
    return _NUMBER.fullmatch(text) is not None


def _separator(told: str) -> str:
    separator = SEPARATORS.get(told, told)
    if len(separator) != 1 or separator.isalnum() or separator in "\"'\n\r.+-#":
        raise ValueError(f"separator is {told!r}; give one of {', '.join(SEPARATORS)}, or a character such as ;")
    return separator


def _name(separator: str) -> str:
    return next((name for name, each in SEPARATORS.items() if each == separator), repr(separator) if separator else "")


def _text(path: Path) -> tuple[str, list[str]]:
    """The content of a file, and how it was decoded if not plainly."""
    if not path.is_file():
        raise ValueError(f"{path} is not a file; give a CSV file with a header line")
    content = path.read_bytes()
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace"), [f"{path}: read as UTF-16"]
    if b"\0" in content:
        raise ValueError(f"{path} is not a text file; save the table as CSV")
    try:
        return content.decode("utf-8-sig"), []
    except UnicodeDecodeError:
        return content.decode("latin-1"), [f"{path}: read as Latin-1, as it is not UTF-8"]


def _lines(text: str) -> list[str]:
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _seen(kept: Sequence[tuple[int, str]]) -> str:
    """The separator that gives the header and the rows below it the same number of fields, two or more; "" if none.

    Of several, that between most numbers.
    """
    sample = kept[: _LOOKED_AT + 1]
    share = {}
    for separator in SEPARATORS.values():
        rows = _split(sample, separator)[0]
        if len(rows[0]) > 1 and all(len(row) == len(rows[0]) for row in rows):
            entries = [entry.strip() for row in rows[1:] for entry in row]
            share[separator] = sum(_is_number(each) or _COMMA.fullmatch(each) is not None for each in entries) / (
                len(entries) or 1
            )
    if share:
        return max(share, key=lambda separator: share[separator])
    spaced = all(len(line.split()) > 1 for _, line in sample)
    return next((each for each in ",;\t|" if each in sample[0][1]), " " if spaced else "")


def _split(kept: Sequence[tuple[int, str]], separator: str) -> tuple[list[list[str]], list[int]]:
    """Rows of fields, and the line at which each begins."""
    if separator == " ":
        return [line.split() for _, line in kept], [k for k, _ in kept]
    if not separator:
        return [[line.strip().strip('"')] for _, line in kept], [k for k, _ in kept]
    reader = csv.reader((line for _, line in kept), delimiter=separator, skipinitialspace=separator != "\t")
    rows, lines, begun = [], [], 0
    try:
        for row in reader:
            rows.append(row)
            lines.append(kept[begun][0])
            begun = reader.line_num
    except csv.Error as error:
        raise ValueError(f"line {kept[min(begun, len(kept) - 1)][0]} is not CSV: {error}") from None
    return rows, lines


def _decimal(path: Path, rows: list[list[str]], separator: str) -> str:
    """A comma where entries are numbers with one, and the separator is something else; ValueError if in doubt."""
    if separator == ",":
        return "."
    with_comma = [entry for row in rows for entry in row if "," in entry and _COMMA.fullmatch(entry)]
    if not with_comma:
        return "."
    if all(_THOUSANDS.fullmatch(entry) for entry in with_comma):
        raise ValueError(
            f"{path} has entries such as {with_comma[0]!r}; give --decimal , if the comma is a decimal one, and write "
            "thousands without commas if not"
        )
    return ","


def _fields(count: int) -> str:
    return f"{count} field" + "s" * (count != 1)


def _cut(line: str) -> str:
    return repr(line if len(line) <= 40 else f"{line[:37]}...")
