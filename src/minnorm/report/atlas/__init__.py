"""The page of an atlas: where each optimiser goes."""

from collections.abc import Sequence
from typing import ClassVar

from minnorm.report.section import Section
from minnorm.study import Store, Study
from minnorm.study.specification.pages import add, of_training


@add
class Atlas:
    """Optimisers ranked, and published findings one by one."""

    word: ClassVar[str] = "atlas"

    def admits(self, study: Study) -> str | None:
        """Studies that train."""
        return of_training(study)

    def sections(self, stores: Sequence[Store]) -> list[Section]:
        """What there is to say of all studies on it."""
        from minnorm.report.atlas.section import sections

        return sections(stores)
