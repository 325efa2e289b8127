"""The processor's cores, how many threads linear algebra may use while there is work to do, and until when."""

import math
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache

from threadpoolctl import ThreadpoolController

from minnorm.checks import real

_WORTH_IT = 400  # below this many points threads cost more than they bring


def cores() -> list[int]:
    """The numbers of the cores that this process may use; of all of them where the system does not say.

    >>> len(cores()) >= 1
    True
    """
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


@cache
def _libraries() -> ThreadpoolController:
    """What NumPy and SciPy compute with, which does not change: to look for it takes milliseconds."""
    return ThreadpoolController()


@contextmanager
def blas_threads(points: int) -> Iterator[None]:
    """One thread for few points; for many, threads in SciPy's library alone where NumPy brings another of its own.

    Threads of a library that has just been used keep waiting in a busy loop, and two libraries used in turn take
    the processors from each other: the master problem then runs at half its speed.
    """
    libraries = _libraries().select(user_api="blas")
    with ExitStack() as stack:
        if points < _WORTH_IT:
            stack.enter_context(libraries.limit(limits=1))
        elif len(libraries) > 1:
            of_numpy = [each.filepath for each in libraries.lib_controllers if "numpy" in each.filepath]
            stack.enter_context(libraries.select(filepath=of_numpy).limit(limits=1))
        yield


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """One thread, around a block or a function: where several work side by side, or sums are to have the same bits."""
    with _libraries().limit(limits=1, user_api="blas"):
        yield


def moment(time_limit: float | int | None) -> float:
    """The `time.monotonic` moment at which a limit in seconds from now ends; ValueError for a negative one.

    >>> moment(None)
    inf
    """
    if time_limit is None:
        return math.inf
    return time.monotonic() + real("time_limit", time_limit, "seconds >= 0, or None", lambda seconds: seconds >= 0)


def left(deadline: float) -> float:
    """Seconds until a `time.monotonic` moment, 0 after it."""
    return max(0.0, deadline - time.monotonic())


def past(deadline: float) -> bool:
    """Whether a `time.monotonic` moment is over."""
    return time.monotonic() > deadline
