"""The section of an atlas: optimisers ranked by excess norm, distance and symmetry, and what holds across tasks."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from minnorm.report.atlas import claims as atlas_claims
from minnorm.report.atlas import figures as atlas_figures
from minnorm.report.atlas.frame import FIT, Frame, by_seed, frame, tuned
from minnorm.report.atlas.ranks import LEVEL, Ranked, concordance, contrast, ranked
from minnorm.report.section import Picture, Section, Table
from minnorm.report.training.rows import short
from minnorm.study import Store

MEASURES = {
    "data_norm_ratio": "norm ratio",
    "l2_unknown": "L2 distance",
    "radial_std": "radial deviation",
    "excess_objective": "excess objective",
}
"""What optimisers are ranked by; the last with decay, the others without."""


def sections(stores: Sequence[Store]) -> list[Section]:
    """One section for all studies of the atlas. Errors: ValueError if nothing is finished."""
    table = frame(stores)
    if table.empty:
        raise ValueError(f"{stores[0].directory}: no shard of {stores[0].study().name!r} is done; run the study first")
    free = table[table["bias"] == "free"]
    # A study that varies what is penalised is for the claims; rankings need all optimisers.
    wide = [name for name, part in free.groupby("study", sort=False) if part["optimizer"].nunique() > 3]
    main = free[free["study"].isin(wide or free["study"].unique())]
    fit = tuned(main[main["weight_decay"] == 0], "fit")
    fit = fit[fit["fits"]]
    excess = _excess(main)
    ranks = rankings(main, fit, excess)
    verdicts = atlas_claims.verdicts(table)
    study = stores[0].study()
    return [
        Section(
            name="Atlas of implicit bias",
            description=study.description,
            exact=_exact(main),
            settings=_settings(table, main),
            findings=[*findings(main, ranks), *_claims_in_words(verdicts)],
            pictures=_pictures(main, fit, ranks, excess),
            tables=[
                *(_ranking_table(name, found) for name, found in ranks.items() if found),
                Table(
                    ["finding", "source", "contrast", f"factor [{LEVEL:.0%} interval]", "pairs", "verdict"],
                    atlas_claims.rows(verdicts),
                    "Factors are geometric means over pairs of networks that agree in all else, seeds included; "
                    "intervals come from resampling seeds. Confirmed: the interval lies on the predicted side of 1; "
                    "not confirmed: on the other; unclear: it holds 1.",
                    "Published findings, one by one",
                    3,
                ),
            ],
            unfinished=sum(store.unfinished() for store in stores),
        )
    ]


def rankings(
    table: Frame, fit: Frame, excess: Mapping[str, Sequence[tuple[str, Ranked]]]
) -> dict[str, dict[str, Ranked]]:
    """For each study and measure, the optimisers in order; each at its best step size for every start.

    Without decay: networks that fit, `fit`, at the step size where most do and then the loss is least. With the largest
    decay, first in `excess`: all networks, at the step size of the least excess objective.
    """
    found: dict[str, dict[str, Ranked]] = {}
    for study, part in table.groupby("study", sort=False):
        here, names = fit[fit["study"] == study], part["optimizer"].unique()
        found[str(study)] = {
            measure: ranked(by_seed(here, measure).reindex(names))
            for measure in ("data_norm_ratio", "l2_unknown", "radial_std")
            if measure in here and here[measure].notna().any()
        }
        if study in excess:
            found[str(study)]["excess_objective"] = excess[str(study)][0][1]
    return found


def findings(table: Frame, ranks: Mapping[str, Mapping[str, Ranked]]) -> list[str]:
    """Sentences computed from the networks; what holds across tasks first."""
    fit = table[table["weight_decay"] == 0]["fits"]
    said = [
        f"{len(table)} networks of {table['optimizer'].nunique()} optimisers were compared on "
        f"{table['study'].nunique()} tasks; {int((~np.isfinite(table['training_loss'])).sum())} diverged. "
        f"Without decay {fit.mean():.0%} fit their data (loss below {FIT:g} of half the labels' variance)."
    ]
    for measure, word in MEASURES.items():
        of_studies = {study: found[measure] for study, found in ranks.items() if measure in found}
        if of_studies:
            said.append(_across(of_studies, word))
    for words, column, ends in _effects(table):
        if ends is not None:
            said.append(_effect(table, words, column, *ends))
    return said


def _across(of_studies: Mapping[str, Ranked], word: str) -> str:
    """Who is ahead everywhere, who behind, and how alike the orders are."""
    common = set.intersection(*(set(found.names) for found in of_studies.values()))
    third = max(1, len(common) // 3)
    ahead, behind = set(common), set(common)
    for found in of_studies.values():
        count = len(found.names)
        ahead &= {name for name in common if found.rank[found.of(name), 1] <= third}
        behind &= {name for name in common if found.rank[found.of(name), 0] > count - third}
    where = "in all tasks" if len(of_studies) > 1 else f"on {next(iter(of_studies))!r}"
    sure = f"with the whole {LEVEL:.0%} interval of the rank"
    text = (
        f"By {word}, {_names(ahead) or 'no optimiser'} {'is' if len(ahead) < 2 else 'are'} in the best third {where}, "
    )
    text += f"{sure}; {_names(behind) or 'none'} {'is' if len(behind) < 2 else 'are'} in the last."
    if len(of_studies) > 1 and len(common) > 2:
        order = sorted(common)
        table = np.array([_places([found.of(name) for name in order]) for found in of_studies.values()])
        w, chance = concordance(table)
        text += f" The orders of the tasks agree with Kendall's W = {w:.2f} (1: the same; by chance as much in "
        text += f"{chance:.1%})."
    return text


def _places(values: Sequence[int]) -> np.ndarray:
    return np.argsort(np.argsort(values)) + 1


def _names(names: set[str]) -> str:
    return ", ".join(sorted(name.replace("_", " ") for name in names))


def _effects(table: Frame) -> list[tuple[str, str, tuple[Any, Any] | None]]:
    """What varies besides the optimiser, with its two ends."""
    ends = atlas_claims.starts(table)
    largest = table["weight_decay"].max()
    return [
        ("start", "start", (ends[0], ends[1]) if ends else None),
        ("step size", "rate", (table["rate"].max(), 0) if table["rate"].max() > 0 else None),
        ("decay", "weight_decay", (largest, 0.0) if largest > 0 else None),
    ]


def _effect(table: Frame, words: str, column: str, first: Any, second: Any) -> str:
    """How the norm changes from one end of a choice to the other, in each task."""
    shared = [name for name in ("optimizer", "start", "weight_decay", "rate") if name != column]
    parts, signs = [], set()
    for study, part in table.groupby("study", sort=False):
        chosen = part if column == "weight_decay" else part[part["fits"] & (part["weight_decay"] == 0)]
        found = contrast(chosen[chosen[column] == first], chosen[chosen[column] == second], "data_norm_ratio", shared)
        if found is not None:
            parts.append(f"{found} ({study})")
            signs.add(-1 if found.high < 1 else 1 if found.low > 1 else 0)
    if column == "weight_decay":
        here, there = f"decay {short(first)}", "none"
    elif column == "rate":
        here, there = "the largest step size", "the smallest"
    else:
        here, there = f"the start {first}", str(second)
    verdict = {
        -1: "lowers the norm in every task",
        1: "raises the norm in every task",
        0: "has no sure effect in any task",
    }
    held = verdict[signs.pop()] if len(signs) == 1 else "does not act the same way in all tasks"
    return f"Of the {words}: {here} instead of {there} {held}; factors {', '.join(parts)}."


def _claims_in_words(verdicts: Sequence[atlas_claims.Verdict]) -> list[str]:
    counts = {word: sum(one.word == word for one in verdicts) for word in ("confirmed", "not confirmed", "unclear")}
    return [
        f"Of {len(verdicts)} published findings, {counts['confirmed']} are confirmed here, {counts['not confirmed']} "
        f"are not, {counts['unclear']} stay unclear: see the last table."
    ]


def _exact(main: Frame) -> str:
    """What networks are compared with, and how sure that is."""
    unsure = [str(study) for study, part in main.groupby("study", sort=False) if set(part["optimum"]) != {"certified"}]
    said = (
        "Norms are compared with the least norm of any network through the same data, objectives with the global "
        "minimum for the same decay; both are certified by a dual bound that was computed anew."
    )
    if unsure:
        said += (
            f" Not so on {', '.join(unsure)}: the solver is not sure to certify minima there, and objectives are "
            "compared with the minimum for infinitely many points of a radial law, or with nothing."
        )
    return said


def _settings(table: Frame, main: Frame) -> str:
    return (
        f"{main['start'].nunique()} starts ({', '.join(main['start'].unique())}), {main['rate'].nunique()} step sizes "
        f"for each optimiser, decays {', '.join(short(lam) for lam in sorted(main['weight_decay'].unique()))}, "
        f"{table['seed'].nunique()} seeds. Rankings take each optimiser at its best step size for each start; its "
        "level is fitted beside effects of the starts, so that one that only fits from an easy start gains nothing; "
        "geometric means over seeds. adamw, lion and muon decay decoupled from the gradient: the objective "
        "that they are compared by is not quite the one they minimise."
    )


def _pictures(
    table: Frame,
    fit: Frame,
    ranks: Mapping[str, Mapping[str, Ranked]],
    excess: Mapping[str, Sequence[tuple[str, Ranked]]],
) -> list[Picture]:
    norm = {study: [("norm", found["data_norm_ratio"])] for study, found in ranks.items() if "data_norm_ratio" in found}
    interval = f"Bars hold {LEVEL:.0%} of resampled seeds."
    pictures = []
    if norm:
        pictures.append(
            Picture(
                partial(atlas_figures.rankings, norm, "path norm / least norm through the data", 1.0),
                "Path norm of networks that fit their data without decay, over the certified least norm (dashed). "
                f"{interval} Optimisers without a dot fit in fewer than half of the seeds.",
            )
        )
        shades = {study: _by_start(fit[fit["study"] == study], table) for study in norm}
        pictures.append(
            Picture(
                partial(atlas_figures.starts, shades, "start"),
                "The same by start, from small to large: geometric means over seeds. Blank: no network fits. Below 1: "
                "the networks fit to the tolerance, not exactly.",
            )
        )
    if excess:
        pictures.append(
            Picture(
                partial(atlas_figures.rankings, excess, "objective / least objective − 1", None),
                f"How far training with decay ends from the global minimum of its own objective. {interval}",
            )
        )
    return pictures


def _by_start(fit: Frame, table: Frame) -> Frame:
    with np.errstate(all="ignore"):
        logs = np.log(fit["data_norm_ratio"])
    means = np.exp(logs.groupby([fit["optimizer"], fit["start"]]).mean()).unstack("start")
    return means.reindex(index=table["optimizer"].unique(), columns=table["start"].unique())


def _excess(table: Frame) -> dict[str, list[tuple[str, Ranked]]]:
    """For each study that has them, excess objectives for each decay, the largest first."""
    found: dict[str, list[tuple[str, Ranked]]] = {}
    if "excess_objective" not in table:
        return found
    for study, part in table.groupby("study", sort=False):
        compared = [  # diverged networks stay, so that a step size is not chosen for those that survive it
            (lam, same)
            for lam, same in sorted(part.groupby("weight_decay"), reverse=True)
            if same["excess_objective"].notna().any()
        ]
        names = part["optimizer"].unique()
        if compared:
            found[str(study)] = [
                (
                    f"decay {short(lam)}",
                    ranked(by_seed(tuned(same, "excess_objective"), "excess_objective").reindex(names)),
                )
                for lam, same in compared
            ]
    return found


def _ranking_table(study: str, found: Mapping[str, Ranked]) -> Table:
    measures = [name for name in MEASURES if name in found]
    first = found[measures[0]]
    rows = []
    for name in (*first.names, *first.absent):
        row = [name.replace("_", " ")]
        for measure in measures:
            one = found[measure]
            if name not in one.names:
                row += ["–", "–"]
                continue
            i = one.of(name)
            low, high = one.interval[i]
            row.append(f"{one.value[i]:.3g} [{low:.3g}, {high:.3g}]")
            row.append(f"{one.rank[i, 0]:.0f}–{one.rank[i, 1]:.0f}")
        rows.append(row)
    columns = ["optimiser"] + [text for measure in measures for text in (MEASURES[measure], "rank")]
    return Table(
        columns,
        rows,
        "Levels over starts, geometric means over seeds, with intervals from resampled seeds, of values and ranks. "
        "Norm ratio: path norm over the least norm through the data; L2 distance: to the exact interpolant where the "
        "target is not known; radial deviation: standard deviation over directions, mean over radii; these without "
        "decay, of networks that fit. Excess objective: objective over its global minimum, minus 1, with the "
        "largest decay.",
        study,
        1,
    )
