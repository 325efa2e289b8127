"""The processor's cores, on systems that say which ones a process may use and on those that do not."""

import os


def cores() -> list[int]:
    """The numbers of the cores that this process may use; of all of them where the system does not say.

    >>> len(cores()) >= 1
    True
    """
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))
