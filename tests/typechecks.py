"""The run-time type checks of the tests: each function's first calls in every test, by beartype.

A solver calls its small functions thousands of times with arguments of the same types; to check each call takes as
long as the work itself. What was left alone in a test is checked again in the next.
"""

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

from beartype import beartype

CALLS = 20
"""So many calls of a function are checked in each test."""

_counts: dict[int, int] = {}
_left_alone: list[Any] = []


def sampled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Check the types of a function's first calls; the checks themselves are made at the first."""
    checked: Callable[..., Any] | None = None

    @wraps(function)
    def check(*given: Any, **named: Any) -> Any:
        nonlocal checked
        if checked is None:
            checked = beartype(function)
        count = _counts[id(function)] = _counts.get(id(function), 0) + 1
        if count == CALLS:
            _leave_alone(function)
        return checked(*given, **named)

    return check


def begin() -> None:
    """Check all functions again, from their next call on."""
    _counts.clear()
    while _left_alone:
        del _left_alone.pop().__no_type_check__


def _leave_alone(function: Callable[..., Any]) -> None:
    """Mark what jaxtyping made of a function so that it is called without checks, if it has a name to find it by."""
    found: Any = sys.modules.get(function.__module__)
    for name in function.__qualname__.split("."):
        found = None if found is None else vars(found).get(name)
    found = getattr(found, "__func__", found)  # of a class or static method
    # jaxtyping looks for this mark on the function that it wraps, and on the wrapper.
    if hasattr(found, "__wrapped__") and not hasattr(found, "__no_type_check__"):
        found.__no_type_check__ = True
        _left_alone.append(found)
