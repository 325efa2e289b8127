"""Work beside a session: one task at a time, in a thread; a new one takes the place of the old."""

import threading
from collections.abc import Callable
from typing import Any

Stopping = Callable[[], bool]
"""Says whether the task is no longer wanted; tasks ask it often and raise `Stopped` or return."""


class Stopped(Exception):
    """Raised inside a task that is no longer wanted."""


class Background:
    """Runs tasks for one session; `later` is that of its `Visit`.

    What a task returns goes to `done`, the message of a ValueError to `failed`, both in the session's own thread, and
    only while no other task has been started since and none has been stopped.
    """

    def __init__(self, later: Callable[[Callable[[], None]], None]) -> None:
        self._later = later
        self._current: object = None

    @property
    def busy(self) -> bool:
        """Whether a task is at work."""
        return self._current is not None

    def run(self, task: Callable[[Stopping], Any], done: Callable[[Any], None], failed: Callable[[str], None]) -> None:
        """Start a task and leave the one before."""
        mark = self._current = object()

        def stopped() -> bool:
            return self._current is not mark

        def finish(act: Callable[[Any], None], value: Any) -> None:
            def tell() -> None:
                if not stopped():
                    self._current = None
                    act(value)

            if not stopped():
                self._later(tell)

        def work() -> None:
            try:
                result = task(stopped)
            except Stopped:
                return
            except (ValueError, OSError) as error:
                finish(failed, str(error))
                return
            finish(done, result)

        threading.Thread(target=work, daemon=True).start()

    def stop(self) -> None:
        """Leave the task at work, if there is one."""
        self._current = None
