"""How many threads linear algebra may use while a problem is being solved."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from threadpoolctl import ThreadpoolController

_WORTH_IT = 400  # below this many points threads cost more than they bring


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
