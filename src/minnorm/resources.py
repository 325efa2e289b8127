"""The processor's cores, and how many threads linear algebra may use while there is work to do."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from threadpoolctl import ThreadpoolController

_WORTH_IT = 400  # below this many points threads cost more than they bring


def cores() -> list[int]:
    """The numbers of the cores that this process may use; of all of them where the system does not say.

    >>> len(cores()) >= 1
    True
    """
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


@contextmanager
def blas_threads(points: int) -> Iterator[None]:
    """One thread for few points; for many, threads in SciPy's library alone where NumPy brings another of its own.

    Threads of a library that has just been used keep waiting in a busy loop, and two libraries used in turn take
    the processors from each other: the master problem then runs at half its speed.
    """
    libraries = ThreadpoolController().select(user_api="blas")
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
    with ThreadpoolController().limit(limits=1, user_api="blas"):
        yield
