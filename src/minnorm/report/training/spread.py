"""A number over the seeds of a setting, as reports say it."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Spread:
    """Median, least and largest: what holds of seeds that end in several places, too, where no network is at the mean.

    >>> str(Spread(1.2345, 1.2, 2.5)), str(Spread(2.0, 2.0, 2.0))
    ('1.2 [1.2, 2.5]', '2.00')
    """

    median: float
    least: float
    largest: float

    def __str__(self) -> str:
        if not np.isfinite(self.median):
            return "–"
        values = self.median, self.least, self.largest
        size = max(map(abs, values))
        tiny = size != 0 and not 1e-3 <= size < 1e5
        if tiny or 0 < min(map(abs, values)) < 1e-3 * size:
            texts = [f"{value:.1e}" for value in values]
        else:
            # Two digits of the range, all to the same place.
            width = self.largest - self.least
            places = 2 if width <= 0 else int(np.clip(1 - np.floor(np.log10(width)), 0, 4))
            texts = [f"{value:.{places}f}" for value in values]
        middle, least, largest = texts
        return middle if self.least == self.largest else f"{middle} [{least}, {largest}]"


@dataclass(frozen=True)
class Deviation:
    """Mean and standard deviation."""

    mean: float
    deviation: float

    def __str__(self) -> str:
        if not np.isfinite(self.mean):
            return "–"
        if self.mean != 0 and not 1e-3 <= abs(self.mean) < 1e5:
            return f"{self.mean:.1e} ± {self.deviation:.0e}"
        # Two digits of the deviation, the mean to the same place.
        places = 3 if self.deviation <= 0 else int(np.clip(1 - np.floor(np.log10(self.deviation)), 0, 4))
        return f"{self.mean:.{places}f} ± {self.deviation:.{places}f}"


def spread(values: np.ndarray) -> Spread:
    """Of the values that are finite; NaN where none is."""
    kept = _finite(values)
    return Spread(*map(float, (np.median(kept), kept.min(), kept.max()))) if kept.size else Spread(*[np.nan] * 3)


def deviation(values: np.ndarray) -> Deviation:
    """Of the values that are finite, of the sample; NaN where none is."""
    kept = _finite(values)
    if not kept.size:
        return Deviation(np.nan, np.nan)
    return Deviation(float(kept.mean()), float(kept.std(ddof=1)) if kept.size > 1 else 0.0)


def _finite(values: np.ndarray) -> np.ndarray:
    return values[np.isfinite(values)].astype(np.float64)
