"""Where in a study file a thing is said, and what is wrong there, in one line."""

import difflib
import tomllib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pydantic import ValidationError

Place = tuple[str | int, ...]
"""A way through tables and lists: ("zip", 0, "optimizer")."""


class Misplaced(ValueError):
    """An error about a certain place of a study, found where several of its parts meet."""

    def __init__(self, place: Place, message: str) -> None:
        super().__init__(message)
        self.place = place


def lines(text: str) -> dict[Place, int]:
    """The line, from 1, of each table and key of a TOML text.

    A statement is the shortest run of lines that is TOML by itself, so that values over several lines count
    as one.

    >>> lines('name = "a"\\n[[zip]]\\nseed = [\\n1]\\n')
    {(): 1, ('name',): 1, ('zip',): 2, ('zip', 0): 2, ('zip', 0, 'seed'): 3}
    """
    found: dict[Place, int] = {(): 1}
    counts: dict[Place, int] = {}
    here: Place = ()
    statement, first = "", 1
    for number, line in enumerate(text.splitlines(keepends=True), 1):
        first = first if statement else number
        statement += line
        try:
            content = tomllib.loads(statement)
        except tomllib.TOMLDecodeError:
            continue
        if statement.lstrip().startswith("["):
            here = _header(content, counts)
            for depth in range(1, len(here) + 1):
                found.setdefault(here[:depth], first)
        else:
            for place in _places(content):
                found.setdefault((*here, *place), first)
        statement = ""
    return found


def _header(content: dict[str, Any], counts: dict[Place, int]) -> Place:
    """The place of the table that a header opens; a table of an array gets the next number."""
    place: Place = ()
    while content:
        ((name, inner),) = content.items()
        place = (*place, name)
        if isinstance(inner, list):
            counts[place] = counts.get(place, 0) + 1
            inner = inner[0]
        if place in counts:
            place = (*place, counts[place] - 1)
        content = inner
    return place


def _places(content: Any) -> Iterable[Place]:
    inner = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    for name, value in inner:
        if isinstance(content, dict) or isinstance(value, dict):
            yield (name,)
        for place in _places(value):
            yield (name, *place)


def at(place: Place, where: Mapping[Place, int] | None) -> str:
    """The place in words: its line, if lines are known, and its name."""
    name = ".".join(str(part) for part in place) or "study"
    if not where:
        return name
    known = next(place[:depth] for depth in range(len(place), -1, -1) if place[:depth] in where)
    return f"line {where[known]}: {name}"


def first_error(
    error: ValidationError, content: Any, allowed: Callable[[Place], Iterable[str]]
) -> tuple[Place, str, int]:
    """Where the first error is, what to do about it, and how many other places have errors.

    `allowed` gives the names that the table at a place may hold, or the values of what decides its kind.
    """
    explained = [_explain(detail, content, allowed) for detail in error.errors()]
    first = explained[0][0]
    same = [one for one in explained if one[0][: len(first)] == first]  # each member of a union has its complaint
    place, message = max(same, key=lambda one: len(one[0]))
    return place, message, len({other for other, _ in explained} - {other for other, _ in same})


def _explain(detail: Any, content: Any, allowed: Callable[[Place], Iterable[str]]) -> tuple[Place, str]:
    raised = detail.get("ctx", {}).get("error")
    if isinstance(raised, Misplaced):
        return raised.place, str(raised)
    place = _within(detail["loc"], content)
    if detail["type"] == "missing":
        return place, f"{detail['loc'][-1]!r} is missing here; give it"
    if detail["type"] == "extra_forbidden":
        return place, unknown(str(place[-1]), allowed(place[:-1]))
    if detail["type"].startswith("union_tag"):
        name = detail["ctx"]["discriminator"].strip("'")
        place = (*place, name)
        given = detail["ctx"].get("tag")
        return place, f"{name} is missing; choose one of {', '.join(allowed(place))}" if given is None else unknown(
            given, allowed(place)
        )
    message = detail["msg"].removeprefix("Value error, ")
    given = detail["input"]
    if detail["type"] == "value_error" or isinstance(given, dict):
        return place, message
    quoted = isinstance(given, str) and detail["type"] in ("int_type", "float_type", "bool_type")
    return place, f"{message[0].lower()}{message[1:]}, got {given!r}{'; leave out the quotes' if quoted else ''}"


def unknown(name: str, allowed: Iterable[str]) -> str:
    """That a name is not known, the nearest one that is, and all of them.

    >>> unknown("widht", ["steps", "width"])
    "'widht' is unknown; did you mean 'width'? Choose one of steps, width"
    """
    allowed = list(allowed)
    near = difflib.get_close_matches(name, allowed, 1)
    hint = f"; did you mean {near[0]!r}? Choose" if near else "; choose"
    return f"{name!r} is unknown{hint} one of {', '.join(allowed)}"


def _within(location: Place, content: Any) -> Place:
    """The part of a location that exists in the content: without the names of a union's members."""
    place: Place = ()
    for part in location:
        inner: Any = dict(enumerate(content)) if isinstance(content, list) else content
        if isinstance(inner, dict) and part in inner:
            content = inner[part]
            place = (*place, part)
    return place
