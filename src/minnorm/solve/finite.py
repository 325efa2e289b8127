"""Regions by finitely many points of them, exchanged until the rest agrees; each finite problem is solved alone."""

import math

import numpy as np
from jaxtyping import Float
from scipy.spatial import KDTree

from minnorm.bracket import ROUNDING
from minnorm.losses import SQUARED
from minnorm.network import ShallowReLU
from minnorm.objective.data import Points
from minnorm.objective.norm import PathNorm
from minnorm.objective.problem import Problem
from minnorm.objective.regions.demand import Demand
from minnorm.objective.regions.extremes import apart, candidates
from minnorm.objective.regions.known import Regions
from minnorm.objective.regions.nearby import facing
from minnorm.resources import left
from minnorm.solution import relative_gap
from minnorm.solve.minimise import minimise
from minnorm.solve.mixture import Mixtures, scaled, without_small

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
_TIRED = 4  # rounds in a row after which what is missed has not become less
_TWINS = 2e-4  # of the regions' size: points that are closer tell the solver nothing, and cost it digits
_MET = 1e-9  # of a margin: what is more than asked for, since the proof adds rounding errors


class Finite:
    """Points of the regions, and the best from both sides so far."""

    def __init__(self, regions: Regions, demand: Demand, penalty: PathNorm, tolerance: float, seed: int) -> None:
        self.regions, self.demand, self.penalty, self.tolerance, self.seed = regions, demand, penalty, tolerance, seed
        self.within = demand.within
        self.value, self.bound, self.rounds = math.inf, 0.0, 0
        self._network: ShallowReLU | None = None
        first = facing(regions)
        share = max(8, _FIRST // len(regions))
        spread = [shape.spread(share) for shape in regions.shapes]
        labels = [label(x) for (_, label), x in zip(regions, spread, strict=True)]
        x, y = np.concatenate([first[0], *spread]), np.concatenate([first[1], *labels])
        self.x, self.y = _distinct(x, y, regions.diameter)
        self.dual = (self.x, self.y, np.zeros(len(self.y)))
        self._missed: list[float] = []  # by what each network exceeded the room that it was given
        rims = [(points, label(points)) for shape, label in regions for points in [shape.spread(_RIM)]]
        seen, known = zip(regions.sample(_SEEN, seed), *rims, strict=True)
        self._mixtures = Mixtures(np.concatenate(seen), np.concatenate(known))

    @property
    def network(self) -> ShallowReLU:
        """The best network, or the last one where none agrees."""
        assert self._network is not None
        return self._network

    @property
    def gap(self) -> float:
        """Between the bounds so far."""
        return float(relative_gap(self.value, self.bound))

    @property
    def _tired(self) -> bool:
        """Whether labels are to be met, and what is missed is as large as it was some rounds ago: rounding errors."""
        return self.within == 0 and self.rounds > _TIRED and self._missed[-1] >= min(self._missed[:-_TIRED])

    def step(self, deadline: float) -> bool:
        """Solve the problem of the points, take what it proves, and change the points; whether any are new."""
        room = self._room()
        exact = room == 0 and not self.demand.margins
        accuracy = min(_EXACT if exact else _ROUGH, max(_SOLVED * self.tolerance, _FINE))
        limit = None if deadline == math.inf else max(0.1, left(deadline))
        loss = SQUARED if exact else Demand(room, self.demand.margins).loss
        problem = Problem.of(Points(self.x, self.y), self.penalty, 0.0, loss)
        solved = minimise(
            problem, tolerance=accuracy, time_limit=limit, seed=self.seed, certify=False, on_interrupt="raise"
        )
        self.rounds += 1
        net, nu = solved.network.to_numpy(), np.asarray(solved.dual)
        net = net if exact else without_small(net)
        bound = self.demand.bound(nu, self.y)
        if bound > self.bound:
            self.bound, self.dual = bound, (self.x, self.y, nu)
        worst, new = self._violated(net, room)
        self._missed.append(max(worst - room, 0.0))
        self._take(net, worst)
        moved = self._change(nu, net, room, new)
        self._mix(hopeless=False)
        return moved and not self._tired

    def finish(self) -> None:
        """The cheapest mixture, where the gap stays open."""
        self._mix(hopeless=True)

    def _room(self) -> float:
        """What finite problems allow: less than all of it, so that networks keep to it between the points."""
        ahead, most = _AHEAD * self._missed[-1] if self._missed else 0.0, _MOST_AHEAD * self.within
        if ahead > most:  # it would cost too much, but a network that keeps is wanted for mixtures now and then
            ahead = _FAR_AHEAD * self.within if self.rounds % _OFTEN == _OFTEN - 1 else 0.0
        return self.within - ahead

    def _take(self, net: ShallowReLU, worst: float) -> None:
        """A network, if it agrees and is the best; one with a margin is made to have the margin 1."""
        value = float(self.penalty.value(net))
        if self.demand.margins:
            if worst < 1:
                net, worst = scaled(net, (1 + _MET) / (1 - worst)), 0.0
                value = float(self.penalty.value(net))
            allowed = 0.0
        else:
            self._mixtures.add(net, value)
            allowed = _BELOW * self.within if self.within > 0 else ROUNDING * self.regions.amplitude / 4
        if worst <= allowed and value < self.value:
            self.value, self._network = value, net
        elif self.value == math.inf:
            self._network = net

    def _mix(self, hopeless: bool) -> None:
        """Take the cheapest mixture of the last networks that keeps to what is allowed.

        Many points tell which mixtures keep, and those that do not are held where they fail. Where the gap would stay
        open it is left for later, unless this is the last time.
        """
        for _ in range(_HOPED if self.within > 0 else 0):
            found = self._mixtures.cheapest(_INSIDE * self.within)
            if found is None or not found[0] < self.value:
                return
            if not hopeless and found[0] - self.bound > self.tolerance * found[0]:
                return
            mixture = self._mixtures.mixed(found[1])
            worst, failed = self._violated(mixture, _INSIDE * self.within)
            if worst <= _BELOW * self.within:
                self.value, self._network = float(self.penalty.value(mixture)), mixture
                return
            self._mixtures.hold(*failed)

    def _violated(self, net: ShallowReLU, room: float) -> tuple[float, tuple[np.ndarray, np.ndarray]]:
        """The largest error on the regions, and the points to add, with their labels."""
        found = [(x, label(x)) for shape, label in self.regions for x in [candidates(net, shape, label)]]
        x, y = (np.concatenate(part) for part in zip(*found, strict=True))
        size = self.demand.missed(net.evaluate(x), y)
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
            slack = room - self.demand.missed(net.evaluate(self.x), self.y)
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
