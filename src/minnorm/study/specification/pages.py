"""The pages of reports by name, and which studies each of them can be written of: said before a study runs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from minnorm.study.specification.spec import Study


@dataclass(frozen=True)
class Page:
    """What a page is of, in a line; and `admits(study)`: None, or why it cannot be written of a study, and the remedy.

    The page NAME itself is `minnorm.report.NAME.section`, with a function `sections(stores)`.
    """

    about: str
    admits: Callable[["Study"], str | None] = lambda study: None


def _trained(study: "Study") -> str | None:
    if study.solve is None:
        return None
    return "is of networks that are trained; this study solves: leave it out, or say 'rates'"


def _stretched(study: "Study") -> str | None:
    of_bump = study.task.kind == "bump" and not any(study.values("task.plateau"))
    if study.solve is None and not of_bump:
        others = "leave it out, or use a task of kind 'bump' with plateau 0"
        return f"is for training on a bump without plateau; {others}"
    return _trained(study)


def _rates(study: "Study") -> str | None:
    if study.solve is not None:
        return None
    if not study.task.has_interpolant():
        return f"needs an exact norm, which no task of kind {study.task.kind!r} has"
    if not study.measure.optimum or not any(study.values("weight_decay")):
        return "needs the least objective of infinite width; leave measure.optimum on, and give a weight_decay > 0"
    if len(set(study.values("width"))) < 2:
        return "compares widths; give at least two of them in grid or zip"
    return None


PAGES: Mapping[str, Page] = {
    "training": Page("settings side by side, for each task"),
    "atlas": Page("optimisers ranked, and published findings one by one", _trained),
    "stretch": Page("published numbers of the stretched bump", _stretched),
    "rates": Page("the convergence theorem: power laws with intervals", _rates),
}
"""All pages by name; `report` of a study chooses one, and one that solves is of rates."""
