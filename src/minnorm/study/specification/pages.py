"""The pages of reports by name, and which studies each of them can be written of: said before a study runs."""

import pkgutil
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar, runtime_checkable

if TYPE_CHECKING:
    from minnorm.study.specification.spec import Study


@runtime_checkable
class Page(Protocol):
    """What a report says of studies, and of which it can say it: `minnorm.report.NAME`, or a file of one's own."""

    word: ClassVar[str]
    """What it is called where a study says `report`."""

    def admits(self, study: "Study") -> str | None:
        """None, or why it cannot be written of a study, and the remedy. Asked on workers too: it draws nothing."""
        ...

    def sections(self, stores: Sequence[Any]) -> list[Any]:
        """The `report.Section`s of all studies of a directory that are on it; ValueError where nothing is done."""
        ...


Kind = TypeVar("Kind", bound=type)
_KNOWN: dict[str, type] = {}


def add(kind: Kind) -> Kind:
    """Make a class of pages known by its `word`; a decorator. ValueError for a word that is taken."""
    word = kind.word
    if _KNOWN.get(word, kind) is not kind:
        raise ValueError(f"a page is called {word!r} already; give {kind.__name__} another word")
    _KNOWN[word] = kind
    return kind


def known() -> list[str]:
    """The words of all pages, `training` first, which is taken if nothing is said."""
    inside = pkgutil.iter_modules(import_module("minnorm.report").__path__)
    found = {module.name for module in inside if module.ispkg}  # what pages share is in modules beside them
    return sorted(found | set(_KNOWN), key=lambda word: (word != "training", word))


def page(word: str) -> Page:
    """The page of a name that is known; its module is imported for that."""
    if word not in _KNOWN:
        import_module(f"minnorm.report.{word}")
    return _KNOWN[word]()


def of_training(study: "Study") -> str | None:
    """Why a page of networks that are trained cannot be written of a study, if it cannot."""
    if study.solve is None:
        return None
    return "is of networks that are trained; this study solves: leave it out, or say 'rates'"
