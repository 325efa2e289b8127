"""How long a verification may take, and how far it is."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

Progress = Callable[[float], object]


class OutOfTime(Exception):
    """An enumeration that was not finished; what it has seen bounds nothing from above."""


@dataclass(frozen=True)
class Clock:
    """The `time.monotonic` moment at which to stop, who is told the fraction done, and which part of it this is."""

    end: float = math.inf
    progress: Progress | None = None
    span: tuple[float, float] = (0.0, 1.0)

    @property
    def left(self) -> float:
        """Seconds."""
        return self.end - time.monotonic()

    def check(self, done: float = 0.0) -> None:
        """Tell that a share of this part is done; OutOfTime if it is too late."""
        if self.left < 0:
            raise OutOfTime
        if self.progress is not None:
            low, high = self.span
            self.progress(low + done * (high - low))

    def part(self, k: int, count: int) -> "Clock":
        """The k-th of `count` equal parts."""
        low, high = self.span
        step = (high - low) / count
        return replace(self, span=(low + k * step, low + (k + 1) * step))

    def within(self, seconds: float) -> "Clock":
        """The same, to end after so many seconds at the latest."""
        return replace(self, end=min(self.end, time.monotonic() + seconds))

    def all_but(self, share: float) -> "Clock":
        """The same, to end when only this share of what is left now will be left."""
        return self if math.isinf(self.end) else replace(self, end=self.end - share * max(0.0, self.left))


ENDLESS = Clock()
