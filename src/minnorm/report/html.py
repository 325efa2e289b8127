"""The report: one self-contained HTML page for a directory of studies."""

import base64
import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import matplotlib as mpl
from jinja2 import Environment, PackageLoader, StrictUndefined
from matplotlib.figure import Figure

from minnorm.known import RadialBump
from minnorm.report import figures
from minnorm.report.tables import COLUMNS, Row, rows, short
from minnorm.solution import Solution
from minnorm.study import Store, stores
from minnorm.study.tasks import LineTask, TaskData


@dataclass(frozen=True)
class Picture:
    """A figure as the page holds it."""

    source: str
    caption: str


@dataclass(frozen=True)
class Section:
    """What the page says about one study."""

    name: str
    description: str
    exact: str
    settings: str
    findings: Sequence[str]
    pictures: Sequence[Picture]
    columns: Sequence[str]
    rows: Sequence[Row]
    unfinished: int


def write(directory: str | Path, out: str | Path | None = None) -> Path:
    """Write `report.html` for the study in a directory, or for those in its subdirectories.

    The page needs no network: figures are vector graphics inside it. Returns its path. Errors: ValueError
    if there is no study, or none of its shards is done.
    """
    sections = [_section(store) for store in stores(directory)]
    environment = Environment(
        loader=PackageLoader("minnorm.report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    page = environment.get_template("report.html.jinja").render(
        title=" and ".join(section.name for section in sections),
        sections=sections,
        columns=COLUMNS,
        short=short,
        version=version("minnorm"),
    )
    path = Path(out) if out is not None else Path(directory) / "report.html"
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_text(page, encoding="utf-8")
    os.replace(temporary, path)
    return path


def _section(store: Store) -> Section:
    study = store.study()
    table = list(rows(store))
    if not table:
        raise ValueError(f"{store.directory}: no shard of {study.name!r} is done; run the study first")
    data = study.task.data()
    columns = [name for name in COLUMNS if any(name in row.cells for row in table)]
    total = len(list(study.shards()))
    done = sum(1 for _ in store.done())
    return Section(
        name=study.name,
        description=study.description,
        exact=_exact(data),
        settings=_settings(table, data),
        findings=_findings(table, data),
        pictures=_pictures(table, data, isinstance(study.task, LineTask)),
        columns=columns,
        rows=table,
        unfinished=total - done,
    )


def _exact(data: TaskData) -> str:
    if data.target is None:
        return (
            "No closed form is known for these data: networks are compared with each other, and how far any "
            "of them is from the least possible norm is left open here."
        )
    exact = data.target.exact
    if isinstance(exact, Solution):
        return (
            f"Exact minimum norm {exact.value:.10g}, lower bound {exact.lower_bound:.10g}, verified in exact "
            f"arithmetic (relative gap {exact.gap:.1e}, scope {exact.certificate.scope if exact.certificate else '-'})."
        )
    return (
        f"Exact minimum norm {exact.norm:.13g} in dimension {exact.dim}, plateau {exact.plateau:g}, with a proven "
        f"relative error below {exact.norm_error:.0e}; Lipschitz constant {exact.lipschitz:.6g}. The training data "
        "are a finite sample of the known region, so the least norm that fits them is somewhat smaller."
    )


def _settings(table: Sequence[Row], data: TaskData) -> str:
    attributes = table[0].runs.attrs
    batch = sorted({int(row.runs.attrs["batch_size"]) for row in table})
    return (
        f"{data.points.shape[0]} points in dimension {data.points.shape[1]}, width {attributes['width']}, "
        f"{int(table[0].runs['step'].values[-1])} steps, batch size {', '.join(map(str, batch))}, "
        f"{table[0].networks} seeds a setting, {attributes['dtype']}; objective 1/(2n) Σ (f(x) − y)² + "
        "λ (|a|² + |W|²)/2 with decay λ."
    )


def _findings(table: Sequence[Row], data: TaskData) -> list[str]:
    """Sentences computed from the table; nothing is said that its numbers do not say."""
    found = []
    diverged = sum(row.diverged for row in table)
    found.append(
        f"{sum(row.networks for row in table)} networks were trained; "
        + (f"{diverged} diverged and are left out of means and figures." if diverged else "none diverged.")
    )
    alive = [row for row in table if row.diverged < row.networks]
    if not alive:
        return found
    if data.target is not None:
        nearest = min(alive, key=lambda row: row.cells["l2_unknown"].mean)
        farthest = max(alive, key=lambda row: row.cells["l2_unknown"].mean)
        for row, word in ((nearest, "Nearest to"), (farthest, "Farthest from")):
            found.append(
                f"{word} the exact interpolant in L2: {_name(row)}, at {row.cells['l2_unknown']}, with norm ratio "
                f"{row.cells['norm_ratio']} and training loss {row.cells['training_loss']}."
            )
    for decay in sorted({row.weight_decay for row in alive}):
        some = [row for row in alive if row.weight_decay == decay]
        name = "norm_ratio" if data.target is not None else "path_norm"
        means = [row.cells[name].mean for row in some]
        losses = [row.cells["training_loss"].mean for row in some]
        found.append(
            f"With decay {short(decay)} the {COLUMNS[name]} lies between {min(means):.3g} and {max(means):.3g} over "
            f"optimisers and initialisations (training loss {min(losses):.1e} to {max(losses):.1e})."
        )
    return found


def _name(row: Row) -> str:
    return f"{row.optimizer} from {row.initial} with decay {short(row.weight_decay)}"


def _pictures(table: Sequence[Row], data: TaskData, line: bool) -> list[Picture]:
    pictures = []
    if line and data.target is not None and isinstance(data.target.exact, Solution):
        pictures.append(
            Picture(
                _embed(figures.line_functions(table, data.target.exact, data.points[:, 0], data.values)),
                "Learned functions of all seeds (coloured) and the exact minimum-norm interpolant (dashed) through "
                "the data (dots). Ticks at the foot: knots of the first seed's network, as long as their share of "
                "its bends; bends below a thousandth of the total are left out.",
            )
        )
    if data.target is not None and isinstance(data.target.exact, RadialBump):
        pictures.append(
            Picture(
                _embed(figures.radial_profiles(table, data.target.exact)),
                "Above: mean of the learned function over directions, against the exact profile (dashed). Below: "
                "its standard deviation over directions, 0 for a radial function. Lines are means over seeds, "
                "bands the range of all seeds.",
            )
        )
    minimum = data.target.norm if data.target is not None else None
    pictures.append(
        Picture(
            _embed(figures.norm_trajectories(table, minimum)),
            "Path norm and training loss during training"
            + (", with the norm of the exact interpolant (dashed)" if minimum is not None else "")
            + ". Lines are geometric means over seeds, bands the range of all seeds; step 0 is drawn at 0.5.",
        )
    )
    return pictures


def _embed(figure: Figure) -> str:
    """A figure as a data URI, the same bytes for the same figure."""
    buffer = io.BytesIO()
    with mpl.rc_context({"svg.hashsalt": "minnorm", **figures.STYLE}):
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return "data:image/svg+xml;base64," + base64.b64encode(buffer.getvalue()).decode()
