"""The sections of a study that trains: for each of its tasks, the settings side by side, and what they gave."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from minnorm.report.section import Picture, Section, Table
from minnorm.report.training import figures
from minnorm.report.training.rows import COLUMNS, NEAR, Row, least_norm, rows, short
from minnorm.study import Store
from minnorm.study.specification.target import Target
from minnorm.study.specification.tasks import TaskData


def sections(stores: Sequence[Store]) -> list[Section]:
    """What there is to say about studies that train. Errors: ValueError for one of which no shard is done."""
    return [section for store in stores for section in _sections(store)]


def _sections(store: Store) -> list[Section]:
    study = store.study()
    tasks: dict[str, list[Row]] = {}
    for row in rows(store):
        tasks.setdefault(row.task.model_dump_json(), []).append(row)
    if not tasks:
        raise ValueError(f"{store.directory}: no shard of {study.name!r} is done; run the study first")
    each = [table[0].task.model_dump() for table in tasks.values()]
    varied = [name for name in each[0] if any(one[name] != each[0][name] for one in each)]
    unfinished = store.unfinished()
    found = []
    for table, settings in zip(tasks.values(), each, strict=True):
        place = ", ".join(f"{name.replace('_', ' ')} {settings[name]}" for name in varied)
        data, target = table[0].task.data(), table[0].task.known()
        least = least_norm(table[0].task, (row.runs for row in table))
        columns = [name for name in COLUMNS if any(name in row.cells for row in table)]
        found.append(
            Section(
                name=f"{study.name}: {place}" if place else study.name,
                description=study.description,
                exact=_exact(target, least),
                settings=_settings(table, data),
                findings=_findings(table, least),
                pictures=_pictures(table, data, target, least),
                tables=[_table(table, columns)],
                unfinished=unfinished,
            )
        )
        unfinished = 0  # of the study, said once
    return found


def _exact(target: Target | None, least: float | None) -> str:
    if target is not None:
        return target.words
    if least is not None:
        return (
            f"Exact minimum norm {least:.6g}, found and certified by the solver when the networks were trained; the "
            "values of its function are good to about a thousandth of the labels' size."
        )
    return (
        "No closed form is known for these data: networks are compared with each other, and how far any "
        "of them is from the least possible norm is left open here."
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


def _findings(table: Sequence[Row], least: float | None) -> list[str]:
    """Sentences computed from the table; nothing is said that its numbers do not say."""
    found = []
    networks, diverged = sum(row.networks for row in table), sum(row.diverged for row in table)
    found.append(
        f"{networks} networks were trained; "
        + (f"{diverged} of {networks} diverged, left out of medians and figures." if diverged else "none diverged.")
    )
    alive = [row for row in table if row.diverged < row.networks]
    if not alive:
        return found
    if least is not None:
        nearest = min(alive, key=lambda row: row.cells["l2_unknown"].median)
        farthest = max(alive, key=lambda row: row.cells["l2_unknown"].median)
        for row, word in ((nearest, "Nearest to"), (farthest, "Farthest from")):
            found.append(
                f"{word} the exact interpolant in L2: {_name(row)}, at {row.cells['l2_unknown']}, with norm ratio "
                f"{row.cells['norm_ratio']} and training loss {row.cells['training_loss']}."
            )
    for decay in sorted({row.weight_decay for row in alive}):
        some = [row for row in alive if row.weight_decay == decay]
        name = "norm_ratio" if least is not None else "path_norm"
        middle = [row.cells[name].median for row in some]
        losses = [row.cells["training_loss"].median for row in some]
        found.append(
            f"With decay {short(decay)} the medians of the {COLUMNS[name]} lie between {min(middle):.3g} and "
            f"{max(middle):.3g} over the settings (training loss {min(losses):.1e} to {max(losses):.1e})"
            + _reached(some)
        )
    return found


def _reached(some: Sequence[Row]) -> str:
    known = [row for row in some if row.reached is not None]
    if not known:
        return "."
    reached, networks = sum(row.reached or 0 for row in known), sum(row.networks for row in known)
    return f"; {reached} of {networks} networks are at the minimum."


def _name(row: Row) -> str:
    rate, decay = short(row.learning_rate), short(row.weight_decay)
    return f"{row.optimizer} from {row.initial} with rate {rate} and decay {decay}"


def _surfaces(table: Sequence[Row], data: TaskData, _target: Target | None) -> Picture | None:
    if "target_plane" not in table[0].runs:
        return None
    return Picture(
        partial(figures.surfaces, table, data.points),
        "First: the certified network, of least norm up to its bracket among those near the labels on all of the "
        "regions. Then, in the same shades, the function that the first seed learned with each setting; dots are its "
        "training points, which lie in the regions. Between the regions only the norm says what a function is.",
        "between the regions",
    )


def _learned(table: Sequence[Row], data: TaskData, target: Target | None) -> Picture | None:
    if target is None:
        return None
    return Picture(
        partial(figures.line_functions, table, target.function, data.points[:, 0], data.values),
        "Learned functions of all seeds (coloured) and the exact minimum-norm interpolant (dashed) through "
        "the data (dots). Ticks at the foot: knots of the first seed's network of each learning rate, the "
        "smallest lowest, as long as their share of its bends; those below a thousandth of the total are left out."
        + _lazy(table),
        "learned functions",
    )


def _profiles(table: Sequence[Row], _data: TaskData, target: Target | None) -> Picture | None:
    if target is None:
        return None
    assert target.profile is not None
    return Picture(
        partial(figures.radial_profiles, table, target.profile),
        "Above: mean of the learned function over directions, against the exact profile (dashed). Below: "
        "its standard deviation over directions, 0 for a radial function. Lines are medians over seeds, "
        "bands the range of all seeds." + _lazy(table),
        "radial profiles",
    )


def _lazy(table: Sequence[Row]) -> str:
    """What dotted lines are, where there are any."""
    if not any("lazy_l2_unknown" in row.cells for row in table):
        return ""
    return " Dotted: what training gives where networks stay near the first seed's start, by its tangent kernel."


_PICTURES: Mapping[str, Callable[[Sequence[Row], TaskData, Target | None], Picture | None]] = {
    "query": _learned,
    "radius": _profiles,
    "across": _surfaces,
}
"""The picture of what a probe recorded, by its coordinate; None where it takes a target that is not to be had."""


def _pictures(table: Sequence[Row], data: TaskData, target: Target | None, least: float | None) -> list[Picture]:
    pictures = []
    for coordinate, picture in _PICTURES.items():
        found = picture(table, data, target) if coordinate in table[0].runs else None
        if found is not None:
            pictures.append(found)
    pictures.append(
        Picture(
            partial(figures.norm_trajectories, table, least),
            "Path norm and training loss during training"
            + (", with the norm of the exact interpolant (dashed)" if least is not None else "")
            + ". Lines are medians over seeds, bands the range of all seeds; step 0 is drawn at 0.5.",
            "norm and loss in training",
        )
    )
    return pictures


def _table(table: Sequence[Row], columns: Sequence[str]) -> Table:
    return Table(
        ["optimiser", "initialisation", "learning rate", "decay", *(COLUMNS[name] for name in columns), *_ENDS],
        [
            [
                row.optimizer,
                row.initial,
                short(row.learning_rate),
                short(row.weight_decay),
                *(str(row.cells[name]) if name in row.cells else "–" for name in columns),
                row.share,
                f"{row.diverged}/{row.networks}",
            ]
            for row in table
        ],
        _NOTE,
    )


_ENDS = ("at the minimum", "diverged")

_NOTE = f"""Median [least, largest] over the seeds at the last step. [·] is the norm: the least Σ |a| |w| of any network, of any width, that computes a function.
At the minimum: seeds with an excess objective of at most {NEAR:.0%}; without decay, those that fit the training data (a loss of at most 1e-4 of that of f = 0) with a data norm ratio of at most {1 + NEAR:g}.
Norm ratio: path norm over the exact minimum norm [f*]; 1 is optimal. With decay λ the global minimiser f has loss + λ [f] ≤ λ [f*]: its ratio is below 1 and tends to 1 as λ → 0. Without decay a ratio below 1 says that the network does not fit the whole known region.
Data norm ratio: path norm over the least norm of any network through the training data, certified.
Excess objective: objective over the least objective of any network with the same λ, minus 1; 0 is the global minimum. Where more points than the solver takes are drawn from a radial law, it is the minimum for infinitely many of them, and a finite sample may fall below 0.
L2 and sup distance: to the exact interpolant where the target is not known. L2 to lazy: there, to what training gives where networks stay near their start: the start's function and the interpolant of the rest of least norm in its tangent kernel's space.
Stretch: the s for which the exact profile f*(r/s) fits best.
Radial std: averaged over r.
Balancedness: path norm over weight decay value, 1 if |a| = |w| for every neuron.
Neurons: left after merging those within 0.01 radians and dropping the smallest, up to 1 % of the norm together.
Function's norm [f]: of the learned function itself, from its kinks. It is at most the path norm; what is missing is what neurons waste that bend at the same place in opposite ways.
Training loss: 1/(2n) Σ (f(x) − y)²."""  # noqa: E501
