"""The page of a training study."""

from collections.abc import Sequence
from typing import ClassVar

from minnorm.report.section import Section
from minnorm.study import Store, Study
from minnorm.study.specification.pages import add


@add
class Training:
    """Settings side by side, for each task."""

    word: ClassVar[str] = "training"

    def admits(self, study: Study) -> str | None:
        """Any study: one that solves has rates."""
        return None

    def sections(self, stores: Sequence[Store]) -> list[Section]:
        """What there is to say of all studies on it."""
        from minnorm.report.training.section import sections

        return sections(stores)
