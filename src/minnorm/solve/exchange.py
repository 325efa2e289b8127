"""Least norm on whole regions: finitely many points of them, exchanged until the rest agrees."""

import dataclasses
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float
from scipy.spatial import KDTree

from minnorm.activation import RELU
from minnorm.bracket import ROUNDING, RegionSolution
from minnorm.checks import flag, function, instance, optional, real, suggesting, whole
from minnorm.losses import SQUARED, Tolerance
from minnorm.network import ShallowReLU
from minnorm.objective.data import Points
from minnorm.objective.norm import PathNorm
from minnorm.objective.problem import Problem
from minnorm.objective.regions.extremes import apart, candidates
from minnorm.objective.regions.known import Regions
from minnorm.objective.regions.nearby import facing
from minnorm.resources import left, moment, past
from minnorm.solution import Ending, relative_gap
from minnorm.solve.minimise import minimise
from minnorm.solve.mixture import Mixtures, without_small
from minnorm.verification import verify_regions

Progress = Callable[[float, float, float], None]
"""Called with (seconds, norm of the best network so far, lower bound so far) after each finite problem."""

_FIRST, _MOST = 144, 1500  # points at the beginning, and at most
_ADDED, _CLOSE = 0.3, 8.0  # of the points there are may come at once, diameter / (8 sqrt(n)) apart
_WORSE = 0.05  # of the excess of the worst point, that others must have to come
_FAR_AHEAD, _OFTEN = 0.7, 3  # of what is allowed, where that is more; then only every so many rounds
_IDLE, _LOOSE = 1e-7, 0.01  # of the largest dual number and of the room: who has less, and more, goes
_AHEAD, _MOST_AHEAD = 1.1, 0.4  # times the last excess networks keep clear of what is allowed, if that is no more
_SOLVED, _ROUGH = 0.05, 1e-3  # of the tolerance: the gap to which finite problems are solved, from this one down
_EXACT, _FINE = 1e-9, 1e-9  # the gap where labels are met, and the least
_SEEN, _RIM = 20_000, 3000  # points of the regions on which mixtures are told apart, and of each boundary
# Of what is allowed: aimed at by mixtures, and taken; the proof adds rounding errors.
_INSIDE, _BELOW = 1 - 1e-6, 1 - 1e-8
_HOPED = 3  # times that what a mixture misses elsewhere is made good
_LONGER = 1.5  # times as long as the last the next round may take
_TIRED = 4  # rounds in a row after which what is missed has not become less
_TWINS = 2e-4  # of the regions' size: points that are closer tell the solver nothing, and cost it digits
_CLOSED = 0.9  # of the tolerance: the proof adds rounding errors
_PROOF = 0.2  # of the time limit is kept for the proof


@suggesting
def interpolate_regions(
    regions: Regions,
    *,
    within: float | int,
    penalty: PathNorm | None = None,
    tolerance: float | int = 1e-2,
    time_limit: float | int | None = None,
    seed: int = 0,
    certify: bool = True,
    progress: Progress | None = None,
) -> RegionSolution:
    r"""The least norm of networks that agree with known regions, from both sides, and a network that has it.

        N(within) = min sum_k |a_k| |w_k|   subject to   |f(x) - label(x)| <= within   for all x in K

    Finite problems on points of K are solved, and the worst points of K are added, until the network agrees on all of
    K. A finite problem bounds N from below; to bound it from above, networks keep clear of `within` by what they last
    missed between the points, which costs little because N is convex. Arguments: `regions`, of one or two dimensions;
    `within` >= 0, where 0 has a finite network only where knots need not cross regions; `penalty`, which parameters
    cost, for ReLU; `tolerance` of the relative gap; `time_limit` in seconds, after which the best bracket so far is
    returned, as after Ctrl-C; `seed` of searches; `certify=False` leaves out the proof; `progress`, called with
    (seconds, norm, bound).

    Returns a `RegionSolution` whose bracket `verify_regions` made. Errors: ValueError naming the argument.

    >>> from minnorm import ball
    >>> K = Regions([(ball([0.0, 0.0], 1.0), 0.0), (ball([4.0, 0.0], 1.0), 1.0)])
    >>> sol = interpolate_regions(K, within=0.0)
    >>> sol.certified, round(sol.value, 6)
    (True, 1.0)

    Source: Hettich & Kortanek (1993), *Semi-infinite programming*, for exchange; `verify_regions` for the proof.
    """
    instance("regions", regions, Regions, "mn.Regions")
    room = real("within", within, "a finite number >= 0", lambda size: 0 <= size < math.inf)
    gap = real("tolerance", tolerance, "a relative gap from 1e-9 up, below 1", lambda size: 1e-9 <= size < 1)
    norm = PathNorm.given(penalty)
    if regions.dim > 2:
        raise ValueError(
            f"regions has dimension {regions.dim}; errors on whole regions are proved on the line and in the plane"
        )
    if norm.activation != RELU:
        raise ValueError(f"penalty has {norm.activation} neurons; regions are for ReLU")
    optional(function, "progress", progress, "a function of (seconds, norm, bound), or None", 3)
    certify, seed = flag("certify", certify), whole("seed", seed, 0)
    began, deadline = time.monotonic(), moment(time_limit)
    solving = deadline if not certify else deadline - _PROOF * (deadline - began) if deadline < math.inf else math.inf
    exchange = _Exchange(regions, room, norm, gap, seed)
    ending = exchange.run(solving, lambda v, b: progress and progress(time.monotonic() - began, v, b))
    found = dataclasses.replace(exchange.solution, ending=ending)
    if not certify:
        return found
    limit = None if deadline == math.inf else max(0.5, left(deadline))
    proof = verify_regions(regions, found, tolerance=gap, seed=seed, time_limit=limit)
    return dataclasses.replace(found, bracket=proof)


@dataclass
class _Exchange:
    """Points of the regions, and the best from both sides so far."""

    regions: Regions
    within: float
    penalty: PathNorm
    tolerance: float
    seed: int
    value: float = math.inf
    bound: float = 0.0
    network: ShallowReLU | None = None
    proof: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None
    rounds: int = 0
    _missed: list[float] = field(default_factory=list, repr=False)
    """By what each network exceeded the room that it was given."""

    def __post_init__(self) -> None:
        first = facing(self.regions)
        share = max(8, _FIRST // len(self.regions))
        spread = [shape.spread(share) for shape in self.regions.shapes]
        labels = [label(x) for (_, label), x in zip(self.regions, spread, strict=True)]
        x, y = np.concatenate([first[0], *spread]), np.concatenate([first[1], *labels])
        self.x, self.y = _distinct(x, y, self.regions.diameter)
        rims = [(points, label(points)) for shape, label in self.regions for points in [shape.spread(_RIM)]]
        seen, known = zip(self.regions.sample(_SEEN, self.seed), *rims, strict=True)
        self._mixtures = Mixtures(np.concatenate(seen), np.concatenate(known))

    @property
    def gap(self) -> float:
        return float(relative_gap(self.value, self.bound))

    @property
    def solution(self) -> RegionSolution:
        assert self.network is not None
        assert self.proof is not None
        x, y, nu = self.proof
        return RegionSolution(self.regions, self.within, self.penalty, self.network, x, y, nu, None, self.rounds)

    @property
    def tired(self) -> bool:
        """Whether labels are to be met, and what is missed is as large as it was some rounds ago: rounding errors."""
        return self.within == 0 and self.rounds > _TIRED and self._missed[-1] >= min(self._missed[:-_TIRED])

    def run(self, deadline: float, tell: Callable[[float, float], object]) -> Ending:
        """Exchange points until the gap is closed, the time is over, or nothing moves."""
        while True:
            began = time.monotonic()
            try:
                moved = self.step(deadline)
                now = time.monotonic()
                over = past(deadline - _LONGER * (now - began))
                self.mix(hopeless=over or not moved)
            except KeyboardInterrupt:
                if self.network is None:
                    raise
                return "interrupted"
            tell(self.value, self.bound)
            if self.gap <= _CLOSED * self.tolerance:
                return "closed"
            if over:
                return "time"
            if not moved or self.tired:
                return "stalled"

    def step(self, deadline: float) -> bool:
        """Solve the problem of the points, take what it proves, and change the points; whether any are new."""
        ahead, most = _AHEAD * self._missed[-1] if self._missed else 0.0, _MOST_AHEAD * self.within
        if ahead > most:  # it would cost too much, but a network that keeps is wanted for mixtures now and then
            ahead = _FAR_AHEAD * self.within if self.rounds % _OFTEN == _OFTEN - 1 else 0.0
        room = self.within - ahead
        loss = SQUARED if room == 0 else Tolerance(room)
        accuracy = min(_ROUGH if room > 0 else _EXACT, max(_SOLVED * self.tolerance, _FINE))
        limit = None if deadline == math.inf else max(0.1, left(deadline))
        problem = Problem.of(Points(self.x, self.y), self.penalty, 0.0, loss)
        solved = minimise(
            problem, tolerance=accuracy, time_limit=limit, seed=self.seed, certify=False, on_interrupt="raise"
        )
        self.rounds += 1
        net, nu = solved.network.to_numpy(), np.asarray(solved.dual)
        if room > 0:
            net = without_small(net)
        value = float(self.penalty.value(net))
        self._mixtures.add(net, value)
        bound = float(nu @ self.y - self.within * np.sum(np.abs(nu)))
        if bound > self.bound or self.proof is None:
            self.bound, self.proof = max(bound, self.bound), (self.x, self.y, nu)
        worst, new = self._violated(net, room)
        allowed = _BELOW * self.within if self.within > 0 else ROUNDING * self.regions.amplitude / 4
        if worst <= allowed and value < self.value:
            self.value, self.network = value, net
        elif self.value == math.inf:
            self.network = net
        self._missed.append(max(worst - room, 0.0))
        return self._change(nu, net, room, new)

    def mix(self, hopeless: bool) -> None:
        """Take the cheapest mixture of the last networks that keeps to what is allowed.

        Many points tell which mixtures keep, and those that do not are held where they fail. Where the gap would stay
        open it is left for later, unless this is the last time.
        """
        for _ in range(_HOPED if self.within > 0 else 0):
            found = self._mixtures.cheapest(_INSIDE * self.within)
            if found is None or not found[0] < self.value:
                return
            if not hopeless and found[0] - self.bound > _CLOSED * self.tolerance * found[0]:
                return
            mixture = self._mixtures.mixed(found[1])
            worst, failed = self._violated(mixture, _INSIDE * self.within)
            if worst <= _BELOW * self.within:
                self.value, self.network = float(self.penalty.value(mixture)), mixture
                return
            self._mixtures.hold(*failed)

    def _violated(self, net: ShallowReLU, room: float) -> tuple[float, tuple[np.ndarray, np.ndarray]]:
        """The largest error on the regions, and the points to add, with their labels."""
        found = [(x, label(x)) for shape, label in self.regions for x in [candidates(net, shape, label)]]
        x, y = (np.concatenate(part) for part in zip(*found, strict=True))
        size = np.abs(net.evaluate(x) - y)
        worst = float(np.max(size))
        above = size > room + _WORSE * (worst - room)
        x, y, size = x[above], y[above], size[above]
        n = len(self.x)
        distance = self.regions.diameter / (_CLOSE * math.sqrt(n))
        chosen = apart(x, size, distance, max(64, int(_ADDED * n)))
        return worst, (x[chosen], y[chosen])

    def _change(self, nu: np.ndarray, net: ShallowReLU, room: float, new: tuple[np.ndarray, np.ndarray]) -> bool:
        before = len(self.x)
        if self.rounds > 2 and before > 2 * _FIRST:
            slack = room - np.abs(net.evaluate(self.x) - self.y)
            idle = (np.abs(nu) <= _IDLE * np.max(np.abs(nu))) & (slack > _LOOSE * max(room, self.regions.amplitude))
        else:
            idle = np.zeros(before, dtype=bool)
        kept = self.x[~idle]
        x, y = np.concatenate([kept, new[0]]), np.concatenate([self.y[~idle], new[1]])
        self.x, self.y = _distinct(x, y, self.regions.diameter)
        return len(kept) < len(self.x) <= _MOST


def _distinct(x: Float[np.ndarray, "n d"], y: Float[np.ndarray, " n"], size: float) -> tuple[np.ndarray, np.ndarray]:
    """Points without those that are next to an earlier one."""
    pairs = KDTree(x).query_pairs(_TWINS * size, output_type="ndarray")
    kept = np.ones(len(x), dtype=bool)
    kept[np.max(pairs, axis=1)] = False
    return x[kept], y[kept]
