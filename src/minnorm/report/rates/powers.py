"""Power laws y = factor * x^exponent fitted to repeated measurements, with intervals."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from jaxtyping import Float
from scipy.stats import t as student

_SURE = 0.95


@dataclass(frozen=True)
class Power:
    """A power law: the exponent with a 95 % interval, on the range of x that it was fitted on. Made by `power`.

    `lines` (g, 2) has, for each of g repetitions, log y at the `centre` of log x, and the exponent; with one repetition
    the interval is that of its regression, whose standard errors are `errors`.
    """

    lines: Float[np.ndarray, "g 2"]
    errors: Float[np.ndarray, " 2"]
    freedom: int
    centre: float
    start: float
    stop: float

    @property
    def repetitions(self) -> int:
        """How many lines there are."""
        return len(self.lines)

    @property
    def exponent(self) -> float:
        """The mean exponent."""
        return float(self.lines[:, 1].mean())

    @property
    def interval(self) -> tuple[float, float]:
        """What holds the exponent with 95 % confidence."""
        reach = self._reach(np.zeros(1))[1]
        return self.exponent - reach, self.exponent + reach

    def __call__(self, x: npt.ArrayLike) -> np.ndarray:
        """The law at x (n,)."""
        distance = np.log(np.asarray(x, dtype=np.float64)) - self.centre
        return np.exp(self.lines[:, 0].mean() + self.exponent * distance)

    def band(self, x: npt.ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        """What holds the law at each x (n,) with 95 % confidence."""
        distance = np.log(np.asarray(x, dtype=np.float64)) - self.centre
        reach = np.exp(self._reach(distance)[0])
        return self(x) / reach, self(x) * reach

    def _reach(self, distance: np.ndarray) -> tuple[np.ndarray, float]:
        """Half the interval of log y at distances from the centre, and of the exponent."""
        quantile = float(student.ppf(0.5 + _SURE / 2, self.freedom)) if self.freedom > 0 else np.nan
        if self.repetitions == 1:
            return quantile * np.hypot(self.errors[0], self.errors[1] * distance), quantile * float(self.errors[1])
        values = self.lines[:, :1] + self.lines[:, 1:] * distance
        root = np.sqrt(self.repetitions)
        return (
            quantile * values.std(axis=0, ddof=1) / root,
            quantile * float(self.lines[:, 1].std(ddof=1)) / root,
        )

    def __str__(self) -> str:
        low, high = self.interval
        if not np.isfinite(low):
            return f"{self.exponent:.2f}"
        # Two digits of half the interval, the exponent to the same place.
        places = int(np.clip(1 - np.floor(np.log10(max((high - low) / 2, 1e-4))), 2, 4))
        return f"{self.exponent:.{places}f} [{low:.{places}f}, {high:.{places}f}]"


def power(x: Sequence[npt.ArrayLike], y: Sequence[npt.ArrayLike]) -> Power | None:
    r"""Fit a power law to each repetition by least squares in log-log, and average the exponents.

        log y = log factor + exponent log x

    Arguments: `x` and `y`, for each repetition, a data seed say, arrays of equal length; what is not positive and
    finite is left out. A repetition needs two points in different places. With two or more repetitions the interval is
    Student's for the mean over them: points of one repetition need not be independent of each other, repetitions have
    to be. With one, it is that of the regression, for independent errors of log y. No interval holds the error of a law
    that is not yet a power law on this range.

    Returns None if no repetition can be fitted.

    >>> law = power([[1.0, 10.0, 100.0]] * 2, [[2.0, 0.2, 0.02], [4.0, 0.4, 0.04]])
    >>> str(law), bool(abs(law.exponent + 1) < 1e-12)
    ('-1.0000 [-1.0000, -1.0000]', True)
    """
    kept = []
    for one, two in zip(x, y, strict=True):
        pair = np.array([one, two], dtype=np.float64).reshape(2, -1)
        pair = pair[:, np.all(np.isfinite(pair) & (pair > 0), axis=0)]
        if np.unique(pair[0]).size >= 2:
            kept.append(np.log(pair))
    if not kept:
        return None
    places = np.concatenate([pair[0] for pair in kept])
    centre = float(places.mean())
    lines = np.array([_line(pair, centre) for pair in kept])
    errors, freedom = np.zeros(2), len(kept) - 1
    if len(kept) == 1:
        pair = kept[0]
        freedom = pair.shape[1] - 2
        distance = pair[0] - centre
        residual = pair[1] - lines[0, 0] - lines[0, 1] * distance
        spread = np.sqrt(residual @ residual / max(freedom, 1))
        errors = spread * np.array([1 / np.sqrt(pair.shape[1]), 1 / np.sqrt(distance @ distance)])
    return Power(lines, errors, freedom, centre, float(np.exp(places.min())), float(np.exp(places.max())))


def _line(pair: np.ndarray, centre: float) -> np.ndarray:
    slope, value = np.polyfit(pair[0] - centre, pair[1], 1)
    return np.array([value, slope])
