"""Regions of space: where a network misses labels most, and atoms that a dual vector violates, by search."""

import math

import numpy as np
from jaxtyping import Float

from minnorm.objective.regions.demand import Demand
from minnorm.objective.regions.extremes import apart
from minnorm.objective.regions.known import Affine, Regions
from minnorm.objective.regions.shape import Shape
from minnorm.resources import past
from minnorm.solve.orbits import OrbitNetwork, Orbits
from minnorm.solve.pricing.oracle import Atoms, promising, random_starts, search

CLEAR = 5e-3  # of the room: what networks keep clear of, since searches may overlook as much
_LOOKED = 60_000  # places on boundaries, and as many inside, at which errors are looked at; shared by the images
_FEWEST = 4000  # of them in any case
_CLIMBED, _ROUNDS, _TRIED = 150, 10, 12  # from the worst so often, so long, to so many places next to each
_WIDE, _NARROWER = 0.03, 0.55  # of the diameter: where from, and by how much nearer each time
_STARTS, _RANDOM = 60, 30  # ascents of |h| from atoms of the pool, and from elsewhere
_STEPS = 60  # of each


def worst_places(
    net: OrbitNetwork,
    regions: Regions,
    asked: Demand,
    labels: list[Affine],
    random: np.random.Generator,
    deadline: float = math.inf,
) -> tuple[Float[np.ndarray, "k 3"], Float[np.ndarray, " k"]]:
    """Places in coordinates at which a network misses most, as search finds them, and the labels there.

    Arguments: the network; the regions; what is `asked`, and `labels` in units of the network; `random`;
    `deadline`, after which nothing is looked for next to the worst places that were met.
    """
    found = [
        _climbed(net, shape, asked, label, random, deadline)
        for shape, label in zip(regions.shapes, labels, strict=True)
    ]
    u, y = (np.concatenate(part) for part in zip(*found, strict=True))
    folded, which = net.orbits.folded(u)
    return folded, y[which]


def _climbed(
    net: OrbitNetwork, shape: Shape, asked: Demand, label: Affine, random: np.random.Generator, deadline: float
) -> tuple[np.ndarray, np.ndarray]:
    """The worst of many places, and what is worse next to them."""
    orbits = net.orbits
    count = max(_FEWEST, _LOOKED // len(orbits.maps))
    x = [shape.vertices, shape.spread(count)]
    x += [shape.sample(count, random)] if shape.solid else []
    x += [np.linspace(a, b, 200) for a, b in shape.edges[:200]]
    x = np.concatenate(x)
    x = x[orbits.folded(orbits.places(x))[1]]

    def missed(at: np.ndarray) -> np.ndarray:
        return asked.missed(net(orbits.places(at)), label(at))

    size = missed(x)
    best = apart(x, size, 0.3 * _WIDE * shape.diameter, _CLIMBED)
    x, size = x[best], size[best]
    radius = _WIDE * shape.diameter
    for _ in range(_ROUNDS if len(x) and shape.diameter > 0 else 0):
        if past(deadline):
            break
        moves = radius * random.standard_normal((_TRIED, *x.shape)) / math.sqrt(3)
        there = shape.nearest((x + moves).reshape(-1, 3))
        sizes = missed(there).reshape(_TRIED, -1)
        first, rows = np.argmax(sizes, axis=0), np.arange(len(x))
        better = sizes[first, rows] > size
        x[better] = there.reshape(_TRIED, -1, 3)[first, rows][better]
        size = np.maximum(size, sizes[first, rows])
        radius *= _NARROWER
    return orbits.places(x), label(x)


def violated(
    orbits: Orbits,
    x: Float[np.ndarray, "n 3"],
    nu: Float[np.ndarray, " n"],
    pool: tuple[Float[np.ndarray, "p 3"], Float[np.ndarray, " p"]],
    random: np.random.Generator,
) -> Atoms:
    """Local maxima of |h| of a dual vector on points in coordinates, from the nearest of the pool and from elsewhere.

    Whether the largest is the largest of all is for the proof to say.
    """
    nu = nu - np.mean(nu)
    near = promising(x, nu, *pool, _STARTS)
    others = random_starts(x, _RANDOM, random, "free")
    weights, biases = (np.concatenate(part) for part in zip(near, others, strict=True))
    found = search(x, nu, "free", weights, biases, both=False, max_iterations=_STEPS)
    return Atoms(orbits.representatives(found.weights), found.biases, found.values)
