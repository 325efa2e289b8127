"""The page of stretches: bumps of high dimension."""

from collections.abc import Sequence
from typing import ClassVar

from minnorm.report.section import Section
from minnorm.study import Store, Study
from minnorm.study.specification.pages import add, of_training


@add
class Stretch:
    """Published numbers of the stretched bump."""

    word: ClassVar[str] = "stretch"

    def admits(self, study: Study) -> str | None:
        """Studies that train on a bump without plateau."""
        of_bump = study.task.kind == "bump" and not any(study.values("task.plateau"))
        if study.solve is None and not of_bump:
            others = "leave it out, or use a task of kind 'bump' with plateau 0"
            return f"is for training on a bump without plateau; {others}"
        return of_training(study)

    def sections(self, stores: Sequence[Store]) -> list[Section]:
        """What there is to say of all studies on it."""
        from minnorm.report.stretch.section import sections

        return sections(stores)
