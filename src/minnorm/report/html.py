"""The report: one self-contained HTML page for a directory of studies."""

import base64
import io
import os
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path

import matplotlib as mpl
from jinja2 import Environment, PackageLoader, StrictUndefined
from matplotlib.figure import Figure

from minnorm.report import figures, training
from minnorm.report.section import Section
from minnorm.study import Store, stores

SECTIONS: dict[str, Callable[[Sequence[Store]], list[Section]]] = {
    "training": lambda found: [training.section(store) for store in found],
}
"""What a page says of the studies of a directory, by their `report`: functions of all studies with that one."""


def write(directory: str | Path, out: str | Path | None = None) -> Path:
    """Write `report.html` for the study in a directory, or for those in its subdirectories.

    The page needs no network: figures are vector graphics inside it. Returns its path. Errors: ValueError
    if there is no study, or none of its shards is done.
    """
    kinds: dict[str, list[Store]] = {}
    for store in stores(directory):
        kinds.setdefault(store.study().report, []).append(store)
    sections = [section for kind, found in kinds.items() for section in SECTIONS[kind](found)]
    environment = Environment(
        loader=PackageLoader("minnorm.report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    page = environment.get_template("report.html.jinja").render(
        title=" and ".join(section.name for section in sections),
        sections=sections,
        embed=_embed,
        version=version("minnorm"),
    )
    path = Path(out) if out is not None else Path(directory) / "report.html"
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_text(page, encoding="utf-8")
    os.replace(temporary, path)
    return path


def _embed(figure: Figure) -> str:
    """A figure as a data URI, the same bytes for the same figure."""
    buffer = io.BytesIO()
    with mpl.rc_context({"svg.hashsalt": "minnorm", **figures.STYLE}):
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return "data:image/svg+xml;base64," + base64.b64encode(buffer.getvalue()).decode()
