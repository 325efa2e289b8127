"""Least norm on whole regions: finitely many points of them, exchanged until the rest agrees."""

import dataclasses
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float
from scipy.optimize import linprog
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
from minnorm.solution import Ending
from minnorm.solve.minimise import minimise, moment
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
_KEPT, _SMALL = 12, 1e-7  # networks that are mixed; of a network's norm: neurons that it does without
_SEEN, _RIM = 20_000, 3000  # points of the regions on which mixtures are told apart, and of each boundary
_NEARLY = 0.5  # of what is allowed, at which a point is one that mixtures are asked about
_INSIDE, _BELOW = (
    1 - 1e-6,
    1 - 1e-8,
)  # of what is allowed: aimed at by mixtures, and taken; the proof adds rounding errors
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
    left = None if deadline == math.inf else max(0.5, deadline - time.monotonic())
    return dataclasses.replace(found, bracket=verify_regions(regions, found, tolerance=gap, seed=seed, time_limit=left))


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
    _excess: float = field(default=0.0, repr=False)
    _missed: list[float] = field(default_factory=list, repr=False)
    _networks: list[ShallowReLU] = field(default_factory=list, repr=False)

    def __post_init__(self) -> None:
        first = facing(self.regions)
        share = max(8, _FIRST // len(self.regions))
        spread = [shape.spread(share) for shape in self.regions.shapes]
        labels = [label(x) for (_, label), x in zip(self.regions, spread, strict=True)]
        x, y = np.concatenate([first[0], *spread]), np.concatenate([first[1], *labels])
        self.x, self.y = _distinct(x, y, self.regions.diameter)
        rims = [(points, label(points)) for shape, label in self.regions for points in [shape.spread(_RIM)]]
        self._seen = [self.regions.sample(_SEEN, self.seed), *rims]

    @property
    def gap(self) -> float:
        return (self.value - self.bound) / self.value if 0 < self.value < math.inf else float(self.value > self.bound)

    @property
    def solution(self) -> RegionSolution:
        assert self.network is not None
        assert self.proof is not None
        x, y, nu = self.proof
        return RegionSolution(self.regions, self.within, self.penalty, self.network, x, y, nu, None, self.rounds)

    @property
    def tired(self) -> bool:
        """Whether labels are to be met, and what is missed is as large as it was some rounds ago: rounding errors."""
        return self.within == 0 and self.rounds > _TIRED and self._excess >= min(self._missed[:-_TIRED])

    def run(self, deadline: float, tell: Callable[[float, float], object]) -> Ending:
        """Exchange points until the gap is closed, the time is over, or nothing moves."""
        while True:
            began = time.monotonic()
            try:
                moved = self.step(deadline)
            except KeyboardInterrupt:
                if self.network is None:
                    raise
                return "interrupted"
            now = time.monotonic()
            over = now + _LONGER * (now - began) > deadline
            self.mix(hopeless=over or not moved)
            tell(self.value, self.bound)
            if self.gap <= _CLOSED * self.tolerance:
                return "closed"
            if over:
                return "time"
            if not moved or self.tired:
                return "stalled"

    def step(self, deadline: float) -> bool:
        """Solve the problem of the points, take what it proves, and change the points; whether any are new."""
        ahead, most = _AHEAD * self._excess, _MOST_AHEAD * self.within
        if ahead > most:  # it would cost too much, but a network that keeps is wanted for mixtures now and then
            ahead = _FAR_AHEAD * self.within if self.rounds % _OFTEN == _OFTEN - 1 else 0.0
        room = self.within - ahead
        loss = SQUARED if room == 0 else Tolerance(room)
        accuracy = min(_ROUGH if room > 0 else _EXACT, max(_SOLVED * self.tolerance, _FINE))
        left = None if deadline == math.inf else max(0.1, deadline - time.monotonic())
        problem = Problem.of(Points(self.x, self.y), self.penalty, 0.0, loss)
        solved = minimise(
            problem, tolerance=accuracy, time_limit=left, seed=self.seed, certify=False, on_interrupt="raise"
        )
        self.rounds += 1
        net, nu = solved.network.to_numpy(), np.asarray(solved.dual)
        if room > 0:
            net = _without_small(net)
        self._networks = [*self._networks[1 - _KEPT :], net]
        bound = float(nu @ self.y - self.within * np.sum(np.abs(nu)))
        if bound > self.bound or self.proof is None:
            self.bound, self.proof = max(bound, self.bound), (self.x, self.y, nu)
        worst, new = self._violated(net, room)
        value, best = self.penalty.value(net), self.value < math.inf
        allowed = _BELOW * self.within if self.within > 0 else ROUNDING * self.regions.amplitude / 4
        if worst <= allowed and value < self.value:
            self.value, self.network = float(value), net
        elif not best:
            self.network = net
        self._excess = max(worst - room, 0.0)
        self._missed.append(self._excess)
        return self._change(nu, net, room, new)

    def mix(self, hopeless: bool = False) -> None:
        r"""Take the cheapest mixture sum_j t_j f_j of the last networks that keeps to what is allowed.

        Networks miss labels at different places between their points, so that mixtures miss them by less; the norm is
        convex. Many points tell which mixtures keep, and those that do not are held where they fail. Where the gap
        would stay open it is left for later, unless this is the last time.
        """
        if self.within == 0 or len(self._networks) < 2:
            return
        norms = np.array([self.penalty.value(net) for net in self._networks])
        for _ in range(_HOPED):
            x, y = (np.concatenate(part) for part in zip(*self._seen, strict=True))
            rest = np.stack([net.evaluate(x) - y for net in self._networks], axis=1)
            near = np.max(np.abs(rest), axis=1) > _NEARLY * self.within
            rows = np.concatenate([rest[near], -rest[near]])
            found = linprog(norms, rows, np.full(len(rows), _INSIDE * self.within), np.ones((1, norms.size)), [1.0])
            if found.status != 0 or not found.fun < self.value:
                return
            if not hopeless and found.fun - self.bound > _CLOSED * self.tolerance * found.fun:
                return
            shares = [(share, net) for share, net in zip(found.x, self._networks, strict=True) if share > 0]
            mixture = _without_small(_mixed(shares))
            worst, failed = self._violated(mixture, _INSIDE * self.within)
            if worst <= _BELOW * self.within:
                self.value, self.network = float(self.penalty.value(mixture)), mixture
                return
            self._seen.append(failed)

    def _violated(self, net: ShallowReLU, room: float) -> tuple[float, tuple[np.ndarray, np.ndarray]]:
        """The largest error on the regions, and the points to add, with their labels."""
        found = [(x, label(x)) for shape, label in self.regions for x in [candidates(net, shape, label)]]
        x, y = (np.concatenate(part) for part in zip(*found, strict=True))
        size = np.abs(net.evaluate(x) - y)
        worst = float(np.max(size))
        above = size > room + _WORSE * (worst - room)
        x, y, size = x[above], y[above], size[above]
        n = len(self.x)
        distance = self.regions.diameter / (_CLOSE * n ** (1 / max(2, self.regions.dim)))
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


def _mixed(shares: list[tuple[float, ShallowReLU]]) -> ShallowReLU:
    """sum_j t_j f_j as a network."""
    nets = [net for _, net in shares]
    skip = None if nets[0].skip is None else sum(share * np.asarray(net.skip) for share, net in shares)
    return dataclasses.replace(
        nets[0],
        inner_weights=np.concatenate([net.inner_weights for net in nets]),
        biases=np.concatenate([net.biases for net in nets]),
        outer_weights=np.concatenate([share * np.asarray(net.outer_weights) for share, net in shares]),
        offset=np.asarray(sum(share * float(net.offset) for share, net in shares)),
        skip=skip,
    )


def _without_small(net: ShallowReLU) -> ShallowReLU:
    """A network without neurons that are next to nothing of its norm."""
    size = np.abs(net.outer_weights) * np.linalg.norm(net.inner_weights, axis=1)
    kept = size > _SMALL * np.sum(size)
    parts = {name: np.asarray(getattr(net, name))[kept] for name in ("inner_weights", "biases", "outer_weights")}
    return dataclasses.replace(net, **parts)


def _distinct(x: Float[np.ndarray, "n d"], y: Float[np.ndarray, " n"], size: float) -> tuple[np.ndarray, np.ndarray]:
    """Points without those that are next to an earlier one."""
    pairs = KDTree(x).query_pairs(_TWINS * size, output_type="ndarray")
    kept = np.ones(len(x), dtype=bool)
    kept[np.max(pairs, axis=1)] = False
    return x[kept], y[kept]
