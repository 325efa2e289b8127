"""Regions of the plane and of space by points and atoms that come together, up to the regions' symmetries."""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from minnorm.losses import Hinge, Insensitive
from minnorm.network import ShallowReLU
from minnorm.objective.norm import PathNorm
from minnorm.objective.regions.demand import Demand
from minnorm.objective.regions.extremes import apart, candidates
from minnorm.objective.regions.known import Affine, Regions
from minnorm.objective.regions.nearby import facing
from minnorm.objective.regions.symmetry import symmetries
from minnorm.objective.separable import Separable
from minnorm.resources import past
from minnorm.solve import curved
from minnorm.solve.orbits import OrbitNetwork, Orbits, corners
from minnorm.solve.polish import with_offset
from minnorm.solve.pricing.oracle import Atoms
from minnorm.solve.pricing.pivots import at_pivots
from minnorm.solve.pricing.plane import FEWEST, Plane
from minnorm.solve.pricing.pool import cuts, thinned
from minnorm.solve.spatial import CLEAR, violated, worst_places
from minnorm.solve.support import sparsify

_FIRST, _RANDOM, _IMAGES = 48, 4, 32  # points at the beginning; atoms with a knot through each; images, at most
_ADDED, _LEAST, _CLOSE = 0.3, 24, 8.0  # of the points, or so many, may come at once, diameter / (8 sqrt(n)) apart
_WORSE = 0.05  # of the excess of the worst point, that others must have to come
_ACCURATE, _FINEST = (1e-6, 1e-5), 1e-3  # gap of a programme, of a large one; of the tolerance, if that is less
_LARGE = 500  # points of a large programme in the plane; in others, what is loose keeps points that are not needed
_PRICE, _HIGH = 1e4, 30.0  # of what breaks a demand at first; then times the largest dual number, or 1
_LIVE, _TIGHT = 1e-7, 1e-3  # of the largest dual number, of all masses; of the room
_SPARED = 0.02  # of the tolerance, times the bound: dual numbers that are left out together
_NEAR, _FAR = 0.6, 1.5  # of the tolerance: where a network is wanted that keeps to all of K, and no more
_AHEAD, _MOST_AHEAD = 0.35, 0.3  # what keeping clear of what is allowed may cost, of the tolerance; of what is allowed
_MORE, _SPENT = 1.2, 0.85  # of what was missed last, kept clear of if the gap is then at most this of the tolerance
_OUTSIDE, _NEAREST, _SAME = 1e-3, 0.2, 1e-11  # of sup |h|, and how near the best dual vector, where to look between
_IDLE = 1, 2  # rounds for which points without a dual number stay, the second where a network is wanted
_LOOSE = 0.01  # of the room, what they are off at least
_CROWDED, _ACTIVE = 4, (0.02, 5.0, 0.3)  # atoms for each point, from which on those go that are not nearly active
_FEW = 0.03  # the same where a network is wanted that keeps to all of K: many points, few atoms
_BELOW = 1 - 1e-8  # of what is allowed: the proof adds rounding errors
_NOTHING = 1e-10  # of the labels' size: an excess that is a rounding error
_MARGIN = 1e-8  # what is more than a margin of 1: the proof adds rounding errors
_ENOUGH, _SLIGHTLY = 0.9, 0.02  # of the tolerance; of the best bound, that another may be below
_KEPT = 8  # networks that are mixed


class _Known(NamedTuple):
    """A network, and by what it exceeds what is allowed, in coordinates."""

    net: OrbitNetwork
    excess: float


@dataclass
class _Points:
    """Where the demand is asked for: coordinates, labels, dual numbers, and for how long they had none."""

    u: Float[np.ndarray, "n d"]
    y: Float[np.ndarray, " n"]
    nu: Float[np.ndarray, " n"]
    idle: Float[np.ndarray, " n"]

    def keep(self, which: np.ndarray) -> None:
        """Drop all others."""
        self.u, self.y, self.nu, self.idle = self.u[which], self.y[which], self.nu[which], self.idle[which]

    def add(self, u: np.ndarray, y: np.ndarray) -> None:
        """More of them."""
        none = np.zeros(len(y))
        self.u, self.y = np.concatenate([self.u, u]), np.concatenate([self.y, y])
        self.nu, self.idle = np.concatenate([self.nu, none]), np.concatenate([self.idle, none])


class Both:
    r"""min [f] s.t. f agrees with K, by a programme of some atoms at some points of K, both of which grow.

    Each round solves it, prices its dual vector (a bound from below, and new atoms), and visits all corners of the
    network's cells (a bound from above where it agrees with all of K, and new points). What the network missed last is
    kept clear of in the next round, so that it soon keeps to what is allowed; and of two networks, one that does and
    one that does not, a mixture does, too. Atoms and points stand for all of their images under the symmetries of K.
    `begun`, the same for another demand, leaves its points and atoms.

    Source: Hettich & Kortanek (1993), *Semi-infinite programming*.
    """

    def __init__(
        self,
        regions: Regions,
        demand: Demand,
        penalty: PathNorm,
        tolerance: float,
        seed: int,
        begun: "Both | None" = None,
    ) -> None:
        self.regions, self.demand, self.penalty, self.tolerance = regions, demand, penalty, tolerance
        centre, maps = symmetries(regions)
        reach = float(np.max(np.abs(np.stack(regions.box) - centre)))
        self.orbits = Orbits(centre, reach, maps)
        self.middle, self.size = (0.0, 1.0) if demand.margins else _middle_and_size(regions)
        self.asked = Demand(demand.within / self.size, demand.margins)
        # What networks keep clear of: the proof adds rounding errors, and in space corners are searched, not visited.
        self.clear = CLEAR if regions.dim == 3 else 1 - _BELOW
        self.labels = [
            Affine(label.slope / self.size, (label.offset - self.middle) / self.size) for label in regions.labels
        ]
        self.random = np.random.default_rng(seed)
        self.deadline = math.inf
        self.ahead, self.late = 0.0, False
        self.bound, self.value, self.rounds = 0.0, math.inf, 0
        self.best: OrbitNetwork | None = None
        self.last: OrbitNetwork | None = None
        self.seen: list[_Known] = []
        u, y = self._first() if begun is None else (begun.points.u, begun.points.y)
        self.points = _Points(u, y, np.zeros(len(y)), np.zeros(len(y)))
        self.w, self.b, self.values = np.zeros((0, regions.dim)), np.zeros(0), np.zeros((len(y), 0))
        if begun is None:
            weights = self.random.normal(size=(_RANDOM * len(u), regions.dim))
            weights /= np.linalg.norm(weights, axis=1)[:, None]
            self._grow(weights, -np.einsum("kd,kd->k", weights, np.tile(u, (_RANDOM, 1))))
        else:
            self._grow(begun.w, begun.b)
        self.proof = (u, y, np.zeros(len(y)))
        self.proofs: list[tuple[float, tuple[np.ndarray, np.ndarray, np.ndarray]]] = []

    @property
    def dual(self) -> tuple[Float[np.ndarray, "n d"], Float[np.ndarray, " n"], Float[np.ndarray, " n"]]:
        """Points of K, their labels, and the dual vector that proves the bound."""
        u, y, nu = self._least_proof()
        rows, numbers = self.orbits.spread(np.column_stack([u, y]), nu)
        return self.orbits.mirrored(rows[:, :-1]), self.middle + self.size * rows[:, -1], numbers

    def _least_proof(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """In space, where proofs take long, the one on the fewest points that is good enough."""
        enough = (1 - _ENOUGH * self.tolerance) * self.value
        least = enough if self.bound >= enough else (1 - _SLIGHTLY) * self.bound
        good = [proof for bound, proof in self.proofs if bound >= least]
        return min(good, key=lambda one: len(one[1])) if good and self.orbits.dim == 3 else self.proof

    @property
    def network(self) -> ShallowReLU:
        """The best network, or the last one where none agrees with all of K."""
        net = self.best or self.last
        assert net is not None
        return with_offset(net.network(self.size, self.middle, self.penalty.linear_is_free), self.penalty)

    def step(self, deadline: float) -> bool:
        """One round; whether any points or atoms are new."""
        self.rounds += 1
        self.deadline = deadline
        self._aim()
        room = self.asked.within - self.ahead
        free = self._free(self.points.u)
        loss = self._loss(room)
        large = self.orbits.dim == 2 and len(self.points.y) > _LARGE
        solved = curved.solve(
            loss,
            self.values,
            free,
            tolerance=min(_ACCURATE[large], _FINEST * self.tolerance),
            start=self.points.nu,
            deadline=deadline,
        )
        self.points.nu = solved.nu
        atoms = self._priced(loss, free)
        net = self._network(solved.masses, solved.coefficients, room, free)
        if self.orbits.dim == 3 and past(deadline):  # the search takes a while, and a network is there to return
            self.last = net
            return False
        new = self._judged(net, room)
        most = len(self.points.y)
        outside = [thinned(one, *cuts(one.largest), most) for one in atoms if one.largest > 1]
        self._drop(solved.weight, solved.masses, solved.coefficients, free, room, atoms[0].largest)
        for cut in outside:
            self._grow(*cut)
        self.points.add(*new)
        self.values = np.concatenate([self.values, self.orbits.atoms(new[0], self.w, self.b)])
        return len(new[1]) > 0 or any(cut[1].size for cut in outside)

    def _aim(self) -> None:
        """Where the network's norm is near the bound what is left is to keep to all of K, by what that may cost."""
        if self.demand.margins or self.last is None:
            return
        cost = float(np.sum(np.abs(self.points.nu)))
        norm, bound = self.last.norm - cost * self.ahead, self.bound * self.orbits.radius / self.size
        missed = self.seen[-1].excess + self.ahead
        self.late = norm - bound <= (_FAR if self.late else _NEAR) * self.tolerance * norm
        self.ahead = 0.0
        if self.late and cost > 0:
            spare = min(_SPENT * self.tolerance * norm - (norm - bound), _MORE * missed * cost)
            spent = max(_AHEAD * self.tolerance * norm, spare)
            self.ahead = min(spent / cost, _MOST_AHEAD * self.asked.within)

    def finish(self) -> None:
        """Nothing is left to do."""

    def _first(self) -> tuple[np.ndarray, np.ndarray]:
        """Points of the boundaries, and where regions face each other."""
        share = max(8, _FIRST // len(self.regions)) * (1 + min(_IMAGES, len(self.orbits.maps)) // 4)
        x, y = facing(self.regions)
        parts = [(part, label(part)) for shape, label in self.regions for part in [shape.spread(share)]]
        x, y = np.concatenate([x, *(p for p, _ in parts)]), np.concatenate([y, *(v for _, v in parts)])
        u, which = self.orbits.folded(self.orbits.places(x))
        return u, self._label(y[which])

    def _label(self, y: np.ndarray) -> np.ndarray:
        return (y - self.middle) / self.size

    def _free(self, u: np.ndarray) -> np.ndarray:
        """The free terms at points."""
        constant = np.ones((len(u), 1))
        return np.concatenate([constant, self.orbits.linear(u)], axis=1) if self.penalty.linear_is_free else constant

    def _loss(self, room: float) -> Separable:
        """What breaking the demand costs at the points: more than it saves."""
        y, largest = self.points.y, float(np.max(np.abs(self.points.nu), initial=0.0))
        rate = np.full(y.size, _HIGH * max(1.0, largest) if largest > 0 else _PRICE)
        if self.demand.margins:
            return Separable(Hinge(), np.zeros(y.size), y, rate)
        return Separable(Insensitive(room), y, np.ones(y.size), rate)

    def _priced(self, loss: Separable, free: np.ndarray) -> list[Atoms]:
        """Atoms that the dual vector violates, and those on the way to it from the best, which cut deeper."""
        points, before = self.points, self.proof
        live = self._carried(np.abs(points.nu), self.asked.bound(points.nu, points.y))
        part = Separable(loss.kind, loss.y[live], loss.scale[live], loss.rate[live])
        u, y, nu = points.u[live], points.y[live], curved.orthogonal(part, points.nu[live], free[live])
        found = [self._bounded(u, y, nu)]
        share = 1.0
        while found[-1].largest > 1 + _OUTSIDE and self.proof is before and np.any(before[2]) and share > _NEAREST:
            share *= 0.5
            rows = np.concatenate([np.column_stack([u, y]), np.column_stack(before[:2])])
            numbers = np.concatenate([share * nu, (1 - share) * before[2]])
            _, first, group = np.unique(np.round(rows / _SAME), axis=0, return_index=True, return_inverse=True)
            found.append(self._bounded(rows[first, :-1], rows[first, -1], np.bincount(group.reshape(-1), numbers)))
        return found

    def _bounded(self, u: np.ndarray, y: np.ndarray, nu: np.ndarray) -> Atoms:
        """The atoms with the largest |h| for a dual vector; what it bounds is taken if it is better."""
        x, numbers = self.orbits.spread(u, nu)
        if np.count_nonzero(numbers) < 2:
            return Atoms(np.zeros((0, x.shape[1])), np.zeros(0), np.zeros(0))
        if self.orbits.dim == 3:
            atoms = violated(self.orbits, x, numbers, (self.w, self.b), self.random)
        elif len(self.orbits.maps) == 1 and len(x) >= FEWEST:
            atoms = Plane(x).price(numbers - np.mean(numbers))
        else:
            atoms = at_pivots(x, numbers, u, nu)
        nu = nu / max(atoms.largest, 1e-300)
        bound = self.size / self.orbits.radius * self.asked.bound(nu, y)
        if bound > self.bound:
            self.bound, self.proof = bound, (u, y, nu)
            self.proofs.append((bound, self.proof))
        return atoms

    def _carried(self, size: np.ndarray, bound: float) -> np.ndarray:
        """Points without those whose dual numbers are the interior point method's alone: fewer are proved sooner."""
        order = np.argsort(size)
        spared = np.cumsum(size[order]) <= _SPARED * self.tolerance * max(bound, 0.0)
        live = size > _LIVE * np.max(size, initial=0.0)
        live[order[spared]] = False
        return live

    def _network(self, masses: np.ndarray, coefficients: np.ndarray, room: float, free: np.ndarray) -> OrbitNetwork:
        """On as few atoms as the tight points need, and those that fewer atoms would lead astray."""
        values = self.values @ masses + free @ coefficients
        missed = self.asked.missed(values, self.points.y)
        tight = missed > (-_TIGHT if self.demand.margins else room * (1 - _TIGHT))
        heavy = np.abs(masses) > _LIVE * np.sum(np.abs(masses))
        less = np.where(heavy, masses, 0.0)
        most = max(0.0 if self.demand.margins else room, float(np.max(missed))) + _NOTHING
        while np.sum(tight) > free.shape[1]:
            fewer = np.zeros(len(masses))
            fewer[heavy] = sparsify(self.values[np.ix_(tight, heavy)], free[tight], masses[heavy])
            rest = values[tight] - self.values[tight] @ fewer
            terms = np.linalg.lstsq(free[tight], rest, rcond=None)[0]
            astray = (self.asked.missed(self.values @ fewer + free @ terms, self.points.y) > most) & ~tight
            if not np.any(astray):
                less, coefficients = fewer, terms
                break
            tight |= astray
        live = less != 0
        slope = self.orbits.slope(coefficients[1:]) if coefficients.size > 1 else np.zeros(self.orbits.dim)
        return OrbitNetwork(self.orbits, self.w[live], self.b[live], less[live], float(coefficients[0]), slope)

    def _judged(self, net: OrbitNetwork, room: float) -> tuple[np.ndarray, np.ndarray]:
        """What a network misses on all of K: a value, where it may, and points to add, with their labels."""
        u, y = self._places(net)
        missed = self.asked.missed(net(u), y)
        worst = float(np.max(missed))
        self.last = net
        if self.demand.margins:
            limit = 0.0
            if worst < 1:
                self._take(net.times((1 + max(_MARGIN, self.clear)) / (1 - worst)))
        else:
            limit = room
            self._mix(_Known(net, worst - (1 - self.clear) * self.asked.within))
        if worst - limit <= _NOTHING:
            return u[:0], y[:0]
        above = missed > limit + _WORSE * (worst - limit)
        n = len(self.points.y)
        distance = 2 / (_CLOSE * math.sqrt(n * len(self.orbits.maps)))
        chosen = apart(u[above], missed[above], distance, max(_LEAST, int(_ADDED * n)))
        return u[above][chosen], y[above][chosen]

    def _places(self, net: OrbitNetwork) -> tuple[np.ndarray, np.ndarray]:
        """Where f - label may be extreme on K, one of all images, with the labels."""
        if self.orbits.dim == 3:
            return worst_places(net, self.regions, self.asked, self.labels, self.random, self.deadline)
        full = net.network(self.size, self.middle, self.penalty.linear_is_free)
        crossings = self.orbits.points(corners(net, math.sqrt(2.0) * (1 + 1e-9)))
        places, labels = [], []
        for shape, label in self.regions:
            x = candidates(full, shape, label, crossings)
            u, which = self.orbits.folded(self.orbits.places(x))
            places.append(u)
            labels.append(self._label(label(x[which])))
        return np.concatenate(places), np.concatenate(labels)

    def _mix(self, known: _Known) -> None:
        """The best that a network makes alone, or with one of those before: errors are convex."""
        if known.excess <= 0:
            self._take(known.net)
        for other in self.seen:
            inside, outside = (known, other) if known.excess < other.excess else (other, known)
            if inside.excess < 0 < outside.excess:
                share = outside.excess / (outside.excess - inside.excess)
                if (1 - share) * outside.net.norm + share * inside.net.norm < self._best_norm:
                    self._take(outside.net.mixed(inside.net, share))
        self.seen = [*self.seen, known][-_KEPT:]

    @property
    def _best_norm(self) -> float:
        return math.inf if self.best is None else self.best.norm

    def _take(self, net: OrbitNetwork) -> None:
        if net.norm < self._best_norm:
            self.best, self.value = net, self.size / self.orbits.radius * net.norm

    def _drop(
        self,
        weight: np.ndarray,
        masses: np.ndarray,
        coefficients: np.ndarray,
        free: np.ndarray,
        room: float,
        largest: float,
    ) -> None:
        """Points that have long been idle, and atoms that are far from active, go."""
        points = self.points
        missed = self.asked.missed(self.values @ masses + free @ coefficients, points.y)
        loose = missed < (-_LOOSE if self.demand.margins else room * (1 - _LOOSE))
        idle = loose & (np.abs(points.nu) <= _LIVE * np.max(np.abs(points.nu), initial=0.0))
        points.idle = np.where(idle, points.idle + 1, 0.0)
        if self.late or self.b.size > _CROWDED * len(points.y):
            least, times, most = _ACTIVE
            active = 1 - (_FEW if self.late else min(most, max(least, times * (largest - 1))))
            kept = (np.abs(points.nu @ self.values) > active) | (weight > _LIVE * float(np.max(weight)))
            self.w, self.b, self.values = self.w[kept], self.b[kept], self.values[:, kept]
        stays = points.idle < _IDLE[self.late]
        points.keep(stays)
        self.values = self.values[stays]

    def _grow(self, w: np.ndarray, b: np.ndarray) -> None:
        """More atoms."""
        self.w, self.b = np.concatenate([self.w, w]), np.concatenate([self.b, b])
        self.values = np.concatenate([self.values, self.orbits.atoms(self.points.u, w, b)], axis=1)


def _middle_and_size(regions: Regions) -> tuple[float, float]:
    """Half-way between the labels, and half of their difference."""
    found = [label(shape.spread(64)) for shape, label in regions]
    low, high = (float(end(np.concatenate(found))) for end in (np.min, np.max))
    return (low + high) / 2, (high - low) / 2 or 1.0
