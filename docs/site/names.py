"""The API page names what users import; where that is defined, mkdocstrings is told here."""

import re
from fnmatch import fnmatch
from importlib import import_module
from typing import Any

from mkdocs.structure.pages import Page

_NAME = re.compile(r"^::: ([\w.]+)\.([\w*]+)$", re.MULTILINE)


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """`::: minnorm.known.line` becomes the place where it is defined."""
    return _NAME.sub(_entries, markdown) if page.file.src_uri == "api.md" else markdown


def matching(package: str, pattern: str) -> list[str]:
    """The name itself, or, if there is a star in it, all public names of the package that it matches."""
    return (
        [name for name in import_module(package).__all__ if fnmatch(name, pattern)]
        if "*" in pattern
        else [pattern]
    )


def _entries(found: re.Match[str]) -> str:
    package, pattern = found.groups()
    return "\n".join(_entry(package, name) for name in matching(package, pattern))


def _entry(package: str, name: str) -> str:
    thing = getattr(import_module(package), name)
    home = (
        getattr(thing, "__module__", None) if hasattr(thing, "__qualname__") else None
    )
    return (
        f"::: {home}.{thing.__qualname__}"
        if home and home.startswith("minnorm")
        else f"::: {package}.{name}"
    )
