#!/usr/bin/env bash
# beartype 0.23.1: a NamedTuple that is generic, which Python allows since 3.11, cannot be the hint of anything that beartype
# decorates, whether its parameter is given or not. Expected: it is checked as other NamedTuples are, or as any class. Seen: the
# decorator raises BeartypeDecorHintPepUnsupportedException, "unsupported but erroneously detected as supported under beartype
# sign ... NamedTuple". A NamedTuple without a parameter and a generic frozen dataclass with the same fields are taken: results of
# numerical code that are to be checked at run time had better be dataclasses.
source "$(dirname "$0")/run.sh"
install beartype==0.23.1
expect <<'PYTHON'
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

from beartype import beartype
from beartype.roar import BeartypeDecorHintPepUnsupportedException

Point = TypeVar("Point")


class Plain(NamedTuple):
    point: int
    error: float


class Named(NamedTuple, Generic[Point]):
    point: Point
    error: float


@dataclass(frozen=True)
class Kept(Generic[Point]):
    point: Point
    error: float


def outcome(hint, make):
    def best():
        return make(1, 0.5)

    best.__annotations__["return"] = hint
    try:
        return str(beartype(best)())
    except BeartypeDecorHintPepUnsupportedException as error:
        return str(error)


seen = {
    "plain named tuple": outcome(Plain, Plain),
    "generic named tuple": outcome(Named, Named),
    "generic named tuple of int": outcome(Named[int], Named),
    "generic dataclass of int": outcome(Kept[int], Kept),
}
for name, text in seen.items():
    print(f"{name}: {text}")
plain, generic, given, dataclass_ = seen.values()
assert plain == "Plain(point=1, error=0.5)" and dataclass_ == "Kept(point=1, error=0.5)"
assert all("erroneously detected as supported" in text for text in (generic, given))
PYTHON
