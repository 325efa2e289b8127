"""What there is time for: rough estimates of how long linear algebra takes, asked before it is begun."""

import math
from typing import NamedTuple

from minnorm.resources import left

_OPERATIONS = 3e9  # a second, of factorisations and products of matrices on one core


class Times(NamedTuple):
    """The `time.monotonic` moments at which column generation ends, and at which its network is as good as it gets."""

    solved: float = math.inf
    polished: float = math.inf


def seconds(operations: float | int) -> float:
    """About how long so many floating point operations take."""
    return operations / _OPERATIONS


def fits(operations: float | int, deadline: float) -> bool:
    """Whether they can be done until `deadline`, a `time.monotonic` moment."""
    return seconds(operations) <= left(deadline)
