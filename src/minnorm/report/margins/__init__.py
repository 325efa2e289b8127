"""The page of networks that learn classes: their margins against the largest one, and where they separate."""

from collections.abc import Sequence
from typing import ClassVar

from minnorm.report.section import Section
from minnorm.study import Store, Study
from minnorm.study.specification.pages import add, of_training
from minnorm.training.margins import learnt


@add
class Margins:
    """Optimisers side by side, for each task."""

    word: ClassVar[str] = "margins"

    def admits(self, study: Study) -> str | None:
        """Studies that train with a loss of margins and compare with the certified separator."""
        why = of_training(study)
        if why is not None:
            return why
        other = [str(loss) for loss in study.values("loss") if not learnt(str(loss))]
        if other:
            return f"is of losses of classes, and this study trains with {other[0]}: take logistic, or leave it out"
        if not study.measure.optimum:
            return "compares with the certified separator; leave measure.optimum out"
        return None

    def sections(self, stores: Sequence[Store]) -> list[Section]:
        """What there is to say of all studies on it."""
        from minnorm.report.margins.section import sections

        return sections(stores)
