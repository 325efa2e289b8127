"""What is said of a result that is not proved to be a global minimiser: one line, what is missing and what would help.

Every entry says it by `warn`, once; `speaking` makes it use that entry's own words, and `silent` is for those who look
at `certified` themselves.
"""

import math
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

import numpy as np

from minnorm.nearest import nearest_pair
from minnorm.objective.problem import Problem
from minnorm.solution import Certificate, Ending, Solution, UncertifiedWarning

_OFFSET = 1e6  # the size of the labels' free part, relative to the rest, from which on it costs too many digits
_AWAY = 1e4  # a column's distance from the origin, relative to its spread
_NARROW = 1e-6  # a column's spread, relative to the largest
_TWINS = 1e-9  # a distance between points, relative to their extent
_FITTED = 2.0**-48  # of the labels: what free terms leave is rounding up to there
_CHEAP = 2.0**-24  # of the labels, over the points' extent: neurons that cost no more may fit rounding errors
_OURS = ("minnorm", "jaxtyping", "beartype")


@dataclass(frozen=True)
class Words:
    """What an entry calls its arguments; `columns` are the names of the coordinates, if it has any."""

    points: str = "X"
    values: str = "y"
    tolerance: str = "tolerance"
    time_limit: str = "time_limit"
    columns: tuple[str, ...] = ()
    category: type[Warning] = UncertifiedWarning

    def column(self, k: int) -> str:
        """A coordinate's name."""
        return f"column {self.columns[k]}" if self.columns else f"{self.points}[:, {k}]"


_PLAIN = Words()
_WORDS: ContextVar[Words | None] = ContextVar("words", default=_PLAIN)


@contextmanager
def speaking(words: Words | None) -> Iterator[None]:
    """While this lasts `warn` uses these words; None is silence, which no inner entry breaks."""
    token = _WORDS.set(words if _WORDS.get() is not None else None)
    try:
        yield
    finally:
        _WORDS.reset(token)


def silent() -> AbstractContextManager[None]:
    """While this lasts `warn` says nothing: for callers that look at `certified` themselves, or warn once for all."""
    return speaking(None)


def words() -> Words | None:
    """The words in use, None where nothing is to be said."""
    return _WORDS.get()


def advice(problem: Problem, solution: Solution, words: Words | None = None, *, instead: str = "") -> str:
    """One line for a solution that was verified and is not certified, else "".

    `instead` is what else to do where the entry knows neither limits nor tolerances.

    >>> from minnorm.known import line
    >>> problem = Problem([0.0, 1.0, 2.0], [0.0, 1.0, 0.0])
    >>> advice(problem, line([0.0, 1.0, 2.0], [0.0, 1.0, 0.0]))
    ''
    """
    words = words or _PLAIN
    proof = solution.certificate
    if proof is None or proof.certified:
        return ""
    if _free_terms_fit(problem, solution):
        return f"not certified: the free terms fit {words.values} up to rounding errors; nothing is left to prove"
    ways = [*_of_the_data(problem, words), instead] if instead else _remedies(problem, proof, solution.ending, words)
    return f"not certified: {_missing(proof, words)}; {_listed(ways)}"


def warn(problem: Problem, solution: Solution, *, instead: str = "") -> None:
    """Warn of a solution that was verified and is not certified, at the line outside of this package that asked."""
    used = _WORDS.get()
    if used is not None:
        say(advice(problem, solution, used, instead=instead))


def say(message: str) -> None:
    """Warn at the line outside of this package that asked, unless the message is empty or nothing is to be said."""
    used = _WORDS.get()
    if not message or used is None:
        return
    level, frame = 1, sys._getframe()
    while frame is not None and str(frame.f_globals.get("__name__")).split(".")[0] in _OURS:
        level, frame = level + 1, frame.f_back
    warnings.warn(message, used.category, stacklevel=level)


def _free_terms_fit(problem: Problem, solution: Solution) -> bool:
    """Whether free terms fit the labels as closely as float64 can say, and the network's neurons cost next to nothing.

    Points and labels are in units of their sizes, and the free terms' own rounding errors count as the labels' do.
    """
    x, y, penalty, proof = problem.points, problem.values, problem.penalty, solution.certificate
    if proof is None or not proof.residual <= proof.rounding:
        return False
    size, largest = np.max(np.abs(x), axis=0), float(np.max(np.abs(y)))
    x, y = x / np.where(size > 0, size, 1.0), y / (largest or 1.0)
    columns = np.empty((y.size, 0))
    if penalty.linear_is_free:
        columns = x - x.mean(axis=0) if penalty.constant_is_free else x
    if penalty.constant_is_free:
        columns = np.column_stack([columns, np.ones(y.size)])
    weights = np.linalg.lstsq(columns, y, rcond=None)[0]
    left = float(np.max(np.abs(y - columns @ weights)))
    top = float(np.max(size))
    reach = float(np.max(np.ptp(x, axis=0) * (size / (top or 1.0)))) * top if penalty.biases_are_free else max(1.0, top)
    cheap = penalty.value(solution.network.to_numpy()) * reach <= _CHEAP * largest
    return cheap and left <= _FITTED * (1 + float(np.abs(weights).sum()))


def _missing(proof: Certificate, words: Words) -> str:
    if not proof.residual <= proof.rounding:
        return f"the network misses {words.values} by {proof.residual:.1e}"
    gap = f"relative gap is {proof.gap:.1e}"
    if proof.scope == "searched":
        return f"the bound is that of a search, which proves nothing (its {gap})"
    if proof.searched_bound is not None and proof.searched_gap < 0.5 * proof.gap:
        return f"the proven {gap} (a search finds {proof.searched_gap:.1e}), {words.tolerance} is {proof.tolerance:.1e}"
    return f"the {gap}, {words.tolerance} is {proof.tolerance:.1e}"


def _remedies(problem: Problem, proof: Certificate, ending: Ending, words: Words) -> list[str]:
    """What may help, the likeliest first."""
    ways = []
    if ending == "interrupted":
        ways.append("it was interrupted: solve again")
    elif ending == "time":
        ways.append(f"give more {words.time_limit}")
    if proof.scope == "searched":
        return ways or [
            f"a proof takes data of affine rank up to 3, or fewer points, or more {words.time_limit} if set"
        ]
    if proof.searched_bound is not None and proof.residual <= proof.rounding and proof.searched_gap < 0.5 * proof.gap:
        ways = ways or [f"give {words.time_limit}, or more of it, to the bound, or fewer points or columns"]
        if proof.searched_gap <= proof.tolerance:
            return ways
    if not ways:
        ways = _of_the_data(problem, words)
    if proof.residual <= proof.rounding and proof.gap < 0.1:
        ways.append(f"{'accept' if ways else 'give'} a {words.tolerance} above {proof.gap:.1e}")
    return ways or ["rescale the data to the size of 1"]


def _of_the_data(problem: Problem, words: Words) -> list[str]:
    """What in the data costs digits."""
    x, y, penalty = problem.points, problem.values, problem.penalty
    ways = []
    mean, spread = x.mean(axis=0), np.ptp(x, axis=0)
    if abs(np.mean(y)) > _OFFSET * float(np.std(y)) > 0:
        ways.append(f"subtract the mean of {words.values}")
    elif penalty.linear_is_free and y.size > x.shape[1]:
        columns = np.column_stack([x - mean, np.ones(y.size)])
        rest = y - columns @ np.linalg.lstsq(columns, y, rcond=None)[0]
        if float(np.std(y)) > _OFFSET * float(np.std(rest)) > 0:
            ways.append(f"subtract the best linear function from {words.values}")
    far = np.flatnonzero((np.abs(mean) > _AWAY * spread) & (spread > 0))
    if far.size:
        ways.append(
            f"centre {words.column(int(far[0]))}, it is {abs(mean[far[0]]):.1e} from 0 and ranges over "
            f"{spread[far[0]]:.1e}"
        )
    narrow = np.flatnonzero((spread < _NARROW * np.max(spread)) & (spread > 0))
    if narrow.size:
        ways.append(
            f"scale {words.column(int(narrow[0]))}, it ranges over {spread[narrow[0]]:.1e} and others over "
            f"{np.max(spread):.1e}"
        )
    if not ways:
        ways += _of_twins(x, words)
    return ways


def _of_twins(x: np.ndarray, words: Words) -> list[str]:
    (i, j), apart = nearest_pair(x)
    if apart > _TWINS * float(np.max(np.ptp(x, axis=0))):
        return []
    return [f"merge rows {i} and {j} of {words.points}, they are {apart:.1e} apart"]


def _listed(ways: list[str]) -> str:
    return ways[0] if len(ways) == 1 else ", ".join(ways[:-1]) + f", or {ways[-1]}"


def summary(
    problems: list[Problem],
    solutions: list[Solution],
    words: Words | None = None,
    called: Sequence[str] | None = None,
) -> str:
    """One line for several solutions: how many are not certified, and the advice for the one of largest gap.

    `called` are words after which one finds each, such as "for class 2"; by default "at lam = 0.1".
    """
    called = called or [f"at lam = {one.lam:.3g}" for one in solutions]
    said = [(p, s, name) for p, s, name in zip(problems, solutions, called, strict=True) if advice(p, s)]
    if not said:
        return ""
    problem, worst, name = max(said, key=lambda one: one[1].gap if math.isfinite(one[1].gap) else math.inf)
    text = advice(problem, worst, words)
    if len(solutions) == 1:
        return text
    return f"{len(said)} of {len(solutions)} solutions are not certified, the worst {name}" + text[13:]
