"""The report: one self-contained HTML page for a directory of studies, and its figures as files."""

import base64
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from minnorm.atomic import write as write_file
from minnorm.plot import plot_style, save
from minnorm.report.section import Picture, Section
from minnorm.study import Store, stores
from minnorm.study.specification.pages import page

_PIXELS = 130  # an inch of a figure: its letters are then about as large as the text


def sections(directory: str | Path) -> list[Section]:
    """What there is to say of the study in a directory, or of those in its subdirectories.

    Errors: ValueError if there is no study, or none of its shards is done.
    """
    kinds: dict[str, list[Store]] = {}
    for store in stores(directory):
        kinds.setdefault(store.study().page, []).append(store)
    return [section for name, found in kinds.items() for section in page(name).sections(found)]


def write(directory: str | Path, out: str | Path | None = None) -> Path:
    """Write `report.html` for the study in a directory, or for those in its subdirectories.

    The page needs no network: figures are vector graphics inside it, each for a light and for a dark page, of which
    the reader's browser shows one. Returns its path. Errors: ValueError if there is no study, none of its shards is
    done, or the directory is a URL and `out` is not given.
    """
    return write_page(sections(directory), page_path(directory, out))


def page_path(directory: str | Path, out: str | Path | None) -> Path:
    """Where a page is written, `report.html` in the directory by default; ValueError if that is a URL."""
    if out is None and "://" in str(directory):
        raise ValueError(f"out is missing, and {directory} is a URL; give --out, a file of this machine for the page")
    return Path(directory) / "report.html" if out is None else Path(out)


def write_page(found: Sequence[Section], path: Path) -> Path:
    """Write a page with these sections."""
    environment = Environment(
        loader=PackageLoader("minnorm.report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    page = environment.get_template("report.html.jinja").render(
        title=" and ".join(section.name for section in found),
        sections=found,
        embed=_embed,
        version=version("minnorm"),
    )
    write_file(path, page.encode())
    return path


def write_figures(
    found: Sequence[Section], folder: str | Path, *, kind: str = "svg", style: str = "light"
) -> list[Path]:
    """Write the figures of these sections as files of their own: SECTION-NUMBER-TITLE.KIND.

    Arguments: `found`, of `sections`; `folder`, which is made if it is not there; `kind`, svg, pdf or png; `style`,
    light or dark. Returns their paths. Errors: ValueError for another kind or style.
    """
    made = []
    for section in found:
        for number, picture in enumerate(section.pictures, 1):
            words = [section.name, str(number), picture.title]
            path = Path(folder) / f"{'-'.join(filter(None, map(_slug, words)))}.{kind}"
            path.parent.mkdir(parents=True, exist_ok=True)
            with plot_style(style):
                save(picture.draw(), path)
            made.append(path)
    return made


def _slug(words: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")


@dataclass(frozen=True)
class _Image:
    """A figure as the page holds it: a data URI, and its size in CSS pixels."""

    source: str
    width: int
    height: int


def _embed(picture: Picture, style: str) -> _Image:
    """The same bytes for the same figure."""
    buffer = io.BytesIO()
    with plot_style(style):
        figure = picture.draw()
        save(figure, buffer, "svg")
    source = "data:image/svg+xml;base64," + base64.b64encode(buffer.getvalue()).decode()
    width, height = (round(_PIXELS * float(inches)) for inches in figure.get_size_inches())
    return _Image(source, width, height)
