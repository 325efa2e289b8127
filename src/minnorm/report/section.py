"""What a page says of studies, before it is a page: texts, figures and tables."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Picture:
    """A figure, made when the page is, in the style that holds then; and what it shows, with what uncertainty."""

    draw: "Callable[[], Figure]"
    caption: str
    title: str = ""
    """A few words, for those who do not see it, and for the name of its file."""


@dataclass(frozen=True)
class Table:
    """A table of texts: the first `names` columns are words, the rest numbers; `note` explains the columns."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""
    title: str = ""
    names: int = 2


@dataclass(frozen=True)
class Section:
    """What the page says about a study, or about several that belong together."""

    name: str
    description: str
    exact: str
    settings: str
    findings: Sequence[str]
    pictures: Sequence[Picture]
    tables: Sequence[Table]
    unfinished: int = 0
    """Shards that are not done."""
