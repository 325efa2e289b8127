"""All minimum-norm interpolants on the line with free biases: their band, and the one with the fewest knots."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from jaxtyping import Float

from minnorm.checks import check_points, check_values, numbers
from minnorm.known.univariate.dots import connect_the_dots
from minnorm.known.univariate.interpolant import certified, line
from minnorm.objective.norm import PathNorm
from minnorm.objective.problem import Problem
from minnorm.pictures import record
from minnorm.solution import Solution

_ROUNDING = 4 * np.finfo(float).eps


def line_solutions(x: npt.ArrayLike, y: npt.ArrayLike, penalty: PathNorm | None = None) -> "LineSolutions":
    r"""All minimum-norm interpolants in one dimension, free biases: band, uniqueness and the sparsest of them.

        { f : f(x_i) = y_i, [f] = minimum }

    A minimiser turns only as the broken line through the points does: where two neighbouring points both turn
    upwards it may lie anywhere between the chord and the chords beside it, extended; downwards likewise. So a longest
    run of m turns of one sign needs ceil(m/2) knots. Without a free skip term and with V = sum |s_{i+1} - s_i| less
    than |S|, S = s_1 + s_{n-1}, the slopes beyond the ends lack (|S| - V)/2 in all, in any split.

    Arguments: `x` (n,) or (n, 1) in any order; `y` (n,); `penalty` as for `line`, with free biases.

    Returns `LineSolutions`. Errors: ValueError as for `line`, and for penalised biases, whose minimiser `line` returns.

    >>> found = line_solutions([0.0, 1.0, 2.0, 3.0], [0.0, 0.0, 1.0, 3.0], PathNorm(skip="free"))
    >>> found.unique, float(found.lower(1.5)), float(found.upper(1.5)), found.knots.round(9)
    (False, 0.0, 0.5, array([1.5]))

    Source: Debarre, Denoyelle, Unser & Fageot (2022), *Sparsest piecewise-linear regression of one-dimensional data*;
    Boursier & Flammarion (2023) for the case without a skip term.
    """
    if PathNorm.of_relu_alone(penalty, "known.line_solutions").biases_cost and penalty is not None:
        raise ValueError(f"penalty has bias={penalty.bias!r}; with it known.line returns the sparse minimiser")
    first = line(x, y, penalty, certify=False)
    points, labels = check_points(x, "x")[:, 0], check_values(y, "y")
    t, index = np.unique(points, return_index=True)
    ends = Broken.of(t, labels[index], skip=first.penalty.linear_is_free)
    at, values = ends.sparsest()
    solution = Solution(
        connect_the_dots(at, values, skip=first.penalty.linear_is_free), first.dual, first.penalty, first.lam
    )
    solution = certified(Problem(points, labels, first.penalty), solution)
    return LineSolutions(ends, solution, at[1:-1])


@dataclass(frozen=True)
class LineSolutions:
    """The set of all minimisers: `sparsest` is one with the fewest knots, which are `knots` (k,) in order."""

    broken: "Broken"
    sparsest: Solution
    knots: Float[np.ndarray, " k"]

    def __repr__(self) -> str:
        facts = {
            "norm": f"{self.sparsest.penalty.value(self.sparsest.network):.10g} ({self.sparsest.penalty})",
            "size": f"{self.knots.size} knots of the sparsest",
            "band": "one minimiser" if self.unique else "more than one minimiser",
        }
        return record(f"LineSolutions: all least-norm interpolants of {self.broken.t.size} points", facts)

    @property
    def unique(self) -> bool:
        """Whether there is one minimiser only."""
        return self.broken.missing == 0 and not np.any(self.broken.loose)

    def lower(self, query: float | int | npt.ArrayLike) -> npt.NDArray[np.float64]:
        """The least value of all minimisers at query points, of any shape."""
        return self.broken.band(query)[0]

    def upper(self, query: float | int | npt.ArrayLike) -> npt.NDArray[np.float64]:
        """The largest value of all minimisers at query points, of any shape."""
        return self.broken.band(query)[1]


@dataclass(frozen=True)
class Broken:
    """The broken line through the points: slopes, signs of turns, and what the slopes beyond the ends lack.

    `signs` (n,) are those at the points; at the ends they are of the turns that a minimiser may have there.
    """

    t: Float[np.ndarray, " n"]
    y: Float[np.ndarray, " n"]
    slopes: Float[np.ndarray, " n-1"]
    signs: Float[np.ndarray, " n"]
    missing: float

    @classmethod
    def of(cls, t: Float[np.ndarray, " n"], y: Float[np.ndarray, " n"], *, skip: bool) -> "Broken":
        """For points t in order; a turn that rounding errors of the labels explain is none."""
        gaps = np.diff(t)
        slopes = np.diff(y) / gaps
        turns = np.diff(slopes)
        noise = _ROUNDING * (np.abs(y[:-1]) + np.abs(y[1:])) / gaps
        signs = np.zeros(t.size)
        signs[1:-1] = np.where(np.abs(turns) > noise[:-1] + noise[1:], np.sign(turns), 0.0)
        both, bend = float(slopes[0] + slopes[-1]), float(np.sum(np.abs(turns)))
        missing = 0.0 if skip else max(0.0, (abs(both) - bend) / 2)
        if missing <= _ROUNDING * abs(both) + noise[0] + noise[-1]:
            missing = 0.0
        missing = float(np.copysign(missing, both))
        if missing:
            signs[0], signs[-1] = np.sign(missing), -np.sign(missing)
        return cls(t, y, slopes, signs, missing)

    @property
    def norm(self) -> float:
        """The minimum."""
        return float(np.sum(np.abs(np.diff(self.slopes)))) + abs(self.missing)

    @property
    def loose(self) -> np.ndarray:
        """Between which points a minimiser need not be the chord, (n - 1,)."""
        return self.signs[:-1] * self.signs[1:] > 0

    def other(self, query: float | int | npt.ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        """The chord and the far end of the band: the neighbouring chords, extended."""
        q = numbers(query, "query")
        shape, q = q.shape, q.reshape(-1)
        t, y = self.t, self.y
        i = np.clip(np.searchsorted(t, q, side="right") - 1, 0, t.size - 2)
        near = np.where(q - t[i] <= t[i + 1] - q, i, i + 1)
        chord = y[near] + self.slopes[i] * (q - t[near])
        steps = np.concatenate([[self.slopes[0] - self.missing], self.slopes, [self.slopes[-1] - self.missing]])
        left = y[i] + steps[i] * (q - t[i])
        right = y[i + 1] + steps[i + 2] * (q - t[i + 1])
        inner = np.where(self.signs[i] > 0, np.maximum(left, right), np.minimum(left, right))
        far = np.where(self.loose[i], inner, chord)
        far = np.where(q < t[0], y[0] + steps[0] * (q - t[0]), far)
        far = np.where(q > t[-1], y[-1] + steps[-1] * (q - t[-1]), far)
        return chord.reshape(shape), far.reshape(shape)

    def band(self, query: float | int | npt.ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        """The least and the largest value of all minimisers."""
        chord, far = self.other(query)
        return np.asarray(np.minimum(chord, far)), np.asarray(np.maximum(chord, far))

    def sparsest(self) -> tuple[np.ndarray, np.ndarray]:
        """Knots of a minimiser with as few as possible, between two more points on its outer pieces; values there."""
        signs, t, y = self.signs.copy(), self.t, self.y
        before, after = self.slopes[0], self.slopes[-1]
        if self.missing:
            # The turn beyond an end costs no knot if a run of the same sign and odd length begins there.
            at_left = not _odd(signs[1:-1][::-1], signs[-1]) or _odd(signs[1:-1], signs[0])
            if at_left:
                signs[-1] = 0.0
                before = before - self.missing
            else:
                signs[0] = 0.0
                after = after - self.missing
        steps = np.concatenate([[before], self.slopes, [after]])
        where, level = [], []
        i = 0
        while i < t.size:
            if signs[i] == 0:
                i += 1
                continue
            stop = i
            while stop < t.size and signs[stop] == signs[i]:
                stop += 1
            if (stop - i) % 2:
                where.append(t[i])
                level.append(y[i])
                i += 1
            for k in range(i, stop, 2):
                # The chords on both sides of cell k meet in it.
                span = t[k + 1] - t[k]
                into = (y[k + 1] - y[k] - steps[k + 2] * span) / (steps[k] - steps[k + 2])
                into = min(max(into, 0.0), span)
                where.append(t[k] + into)
                level.append(y[k] + steps[k] * into)
            i = stop
        extent = t[-1] - t[0]
        first, last = t[0] - extent, t[-1] + extent
        return (
            np.array([first, *where, last]),
            np.array([y[0] - before * extent, *level, y[-1] + after * extent]),
        )


def _odd(signs: np.ndarray, sign: float) -> bool:
    """Whether the run of `sign` that begins there has odd length."""
    other = np.flatnonzero(signs != sign)
    return (int(other[0]) if other.size else signs.size) % 2 == 1
