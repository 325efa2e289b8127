"""Work beside a session: one task at a time, in a thread; of those that wait, only the newest."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

Stopping = Callable[[], bool]
"""Says whether the task is no longer wanted; long tasks ask it often and raise `Stopped` or return."""


_at_work: set[threading.Thread] = set()
_trainings = threading.BoundedSemaphore(4)  # at the same time, of all sessions together
_ending = threading.Event()


def end(patience: float = 10.0) -> None:
    """Tell all sessions' tasks to stop, and wait for them: an interpreter that ends under compiled code aborts."""
    _ending.set()
    over = time.monotonic() + patience
    for thread in tuple(_at_work):
        thread.join(max(0.0, over - time.monotonic()))
    _ending.clear()


@contextmanager
def training() -> Iterator[None]:
    """A place among the few networks that train at a time; ValueError where there is none, which a task may raise."""
    if not _trainings.acquire(blocking=False):
        raise ValueError("other readers are training now; try again when one of them has finished")
    try:
        yield
    finally:
        _trainings.release()


class Stopped(Exception):
    """Raised inside a task that is no longer wanted."""


@dataclass(frozen=True, eq=False)
class _Job:
    task: Callable[[Stopping], Any]
    done: Callable[[Any], None]
    failed: Callable[[str], None]


class Background:
    """Runs tasks for one session; `later` is that of its `Visit`.

    What a task returns goes to `done`, the message of a ValueError to `failed`, both in the session's own thread. A
    task that is started while another is at work waits for it, in the place of what has waited before; the other is
    told to stop once it has had `patience` seconds, so that what is dragged about is followed.
    """

    def __init__(self, later: Callable[[Callable[[], None]], None], patience: float = 0.5) -> None:
        self._later, self._patience = later, patience
        self._lock = threading.Lock()
        self._active: _Job | None = None
        self._waiting: _Job | None = None

    @property
    def busy(self) -> bool:
        """Whether a task is at work."""
        return self._active is not None

    def run(self, task: Callable[[Stopping], Any], done: Callable[[Any], None], failed: Callable[[str], None]) -> None:
        """Start a task now, or when the one at work has ended."""
        with self._lock:
            self._waiting = _Job(task, done, failed)
            if self._active is None:
                self._begin()

    def stop(self) -> None:
        """Leave the task at work, if there is one: nothing will be heard of it."""
        with self._lock:
            self._active = self._waiting = None

    def _begin(self) -> None:
        job, self._waiting = self._waiting, None
        self._active = job
        thread = threading.Thread(target=self._work, args=(job,), daemon=True)
        _at_work.add(thread)
        thread.start()

    def _work(self, job: _Job) -> None:
        began = time.monotonic()

        def stopped() -> bool:
            overdue = self._waiting is not None and time.monotonic() - began > self._patience
            return overdue or self._active is not job or _ending.is_set()

        act: Callable[[], None] = lambda: None  # noqa: E731
        try:
            act = partial(job.done, job.task(stopped))
        except Stopped:
            pass
        except (ValueError, OSError) as error:
            act = partial(job.failed, str(error))
        finally:
            _at_work.discard(threading.current_thread())
            if self._active is job and not _ending.is_set():
                self._later(partial(self._end, job, act))

    def _end(self, job: _Job, act: Callable[[], None]) -> None:
        with self._lock:
            if self._active is not job:
                return
            self._active = None
            if self._waiting is not None:
                self._begin()
        act()
