"""The page of the convergence theorem."""

from collections.abc import Sequence
from typing import ClassVar

from minnorm.report.section import Section
from minnorm.study import Store, Study
from minnorm.study.specification.pages import add


@add
class Rates:
    """The convergence theorem: power laws with intervals."""

    word: ClassVar[str] = "rates"

    def admits(self, study: Study) -> str | None:
        """Studies that solve, and those of several widths that are compared with the exact norm."""
        if study.solve is not None:
            return None
        if not study.task.has_interpolant():
            return f"needs an exact norm, which no task of kind {study.task.kind!r} has"
        if not study.measure.optimum or not any(study.values("weight_decay")):
            return "needs the least objective of infinite width; leave measure.optimum on, and give a weight_decay > 0"
        if len(set(study.values("width"))) < 2:
            return "compares widths; give at least two of them in grid or zip"
        return None

    def sections(self, stores: Sequence[Store]) -> list[Section]:
        """What there is to say of all studies on it."""
        from minnorm.report.rates.section import sections

        return sections(stores)
