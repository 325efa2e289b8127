"""Atoms and points that stand for all their images under a finite group of rotations and reflections."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from jaxtyping import Float, Int

from minnorm.network import ShallowReLU

_SAME = 1e-11  # of the order of 1: images that are one
_GROUP = 512  # points at which a network is evaluated together
_DIGITS = 50  # of the lattice's places; its sums have no rounding errors
_GENERIC = np.array([1.0, 0.6, 0.3])  # on no plane of a reflection that only changes signs or exchanges coordinates


@dataclass(frozen=True)
class Orbits:
    r"""u = (x - centre) / radius, and a group of orthogonal maps of u, the identity first.

    An atom stands for the mean of its images, 1/g sum_G sigma(w . G u + b), which costs what it costs itself; a point
    with the dual number nu for its images with nu / g each.
    """

    centre: Float[np.ndarray, " d"]
    radius: float
    maps: Float[np.ndarray, "g d d"]

    @property
    def dim(self) -> int:
        """d."""
        return self.centre.size

    def places(self, x: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n d"]:
        """u of points."""
        return (x - self.centre) / self.radius

    def points(self, u: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n d"]:
        """x of coordinates."""
        return self.centre + self.radius * u

    def mirrored(self, u: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n d"]:
        """x of coordinates, in space on a lattice about the centre, so that images of points remain images."""
        if self.dim < 3:
            return self.points(u)
        step = 2.0 ** (np.frexp(np.max(np.abs(self.centre)) + self.radius)[1] - _DIGITS)
        return step * (np.round(self.centre / step) + np.round(self.radius * u / step))

    def folded(self, u: Float[np.ndarray, "n d"]) -> tuple[Float[np.ndarray, "m d"], Int[np.ndarray, " m"]]:
        """Of each point's images the one that is nearest to a direction without symmetry, each once; whose they are."""
        u = self.representatives(u)
        keys = np.round(u / _SAME).astype(np.int64)
        which = np.unique(keys, axis=0, return_index=True)[1]
        return u[which], which

    def representatives(self, u: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n d"]:
        """Of each vector's images the one that is nearest to a direction without symmetry."""
        if len(self.maps) == 1 or len(u) == 0:
            return u
        nearest = np.argmax(u @ (self._towards @ self.maps).T, axis=1)
        return np.einsum("nij,nj->ni", self.maps[nearest], u)

    @cached_property
    def _towards(self) -> Float[np.ndarray, " d"]:
        """Next to the axis of a reflection, so that what is folded is between two axes; in space between planes."""
        if self.dim == 3:
            return _GENERIC
        mirrors = [turn for turn in self.maps if np.linalg.det(turn) < 0]
        angle = np.arctan2(mirrors[0][1, 0], mirrors[0][0, 0]) / 2 if mirrors else 0.0
        return np.array([np.cos(angle + 1e-3), np.sin(angle + 1e-3)])

    def atoms(self, u: Float[np.ndarray, "n d"], w: Float[np.ndarray, "p d"], b: Float[np.ndarray, " p"]) -> np.ndarray:
        """The means over the group at points, (n, p)."""
        found = np.zeros((len(u), b.size))
        image = np.empty_like(found)  # fresh pages for each would cost more than what is computed
        for turn in self.maps:
            np.matmul(u, (w @ turn).T, out=image)
            image += b
            found += np.maximum(image, 0.0, out=image)
        found /= len(self.maps)
        return found

    def linear(self, u: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n q"]:
        """The means over the group of linear functions: those that are not 0."""
        return u @ self._invariant

    @cached_property
    def _invariant(self) -> Float[np.ndarray, "d q"]:
        """v for each of them."""
        whole = np.mean(self.maps, axis=0)
        basis = np.linalg.svd(whole)[2][: np.linalg.matrix_rank(whole, tol=1e-9)]
        return whole.T @ basis.T

    def slope(self, coefficients: Float[np.ndarray, " q"]) -> Float[np.ndarray, " d"]:
        """v with v . u for coefficients of `linear`."""
        return self._invariant @ coefficients

    def spread(
        self, rows: Float[np.ndarray, "n k"], numbers: Float[np.ndarray, " n"]
    ) -> tuple[Float[np.ndarray, "m k"], Float[np.ndarray, " m"]]:
        """All images of rows whose first d entries are mapped, each once, and the numbers shared among them."""
        copies = len(self.maps)
        if copies == 1 or len(rows) == 0:
            return rows, numbers
        images = np.tile(rows, (copies, 1))
        d = self.dim
        images[:, :d] = np.einsum("gij,nj->gni", self.maps, rows[:, :d]).reshape(-1, d)
        keys = np.round(images / _SAME).astype(np.int64)
        _, first, group = np.unique(keys, axis=0, return_index=True, return_inverse=True)
        return images[first], np.bincount(group.reshape(-1), np.tile(numbers, copies) / copies)


@dataclass(frozen=True)
class OrbitNetwork:
    """f = offset + slope . u + the means of atoms, and all of their images as `weights`, `biases`, `masses`."""

    orbits: Orbits
    w: Float[np.ndarray, "p d"]
    b: Float[np.ndarray, " p"]
    a: Float[np.ndarray, " p"]
    offset: float
    slope: Float[np.ndarray, " d"]

    @property
    def norm(self) -> float:
        """sum |a|, in coordinates."""
        return float(np.sum(np.abs(self.a)))

    @cached_property
    def images(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Weights, biases and masses of all images."""
        rows, masses = self.orbits.spread(np.column_stack([self.w, self.b]), self.a)
        return rows[:, :-1], rows[:, -1], masses

    def __call__(self, u: Float[np.ndarray, "n d"]) -> Float[np.ndarray, " n"]:
        """f at coordinates."""
        weights, biases, masses = self.images
        found = u @ self.slope + self.offset
        for near in _boxes(u):
            low, high = np.min(u[near], axis=0), np.max(u[near], axis=0)
            middle, reach = weights @ ((low + high) / 2) + biases, np.abs(weights) @ ((high - low) / 2)
            on, bent = middle > reach, np.abs(middle) <= reach  # neurons without a knot in the box are affine there
            hidden = np.maximum(u[near] @ weights[bent].T + biases[bent], 0.0)
            found[near] += hidden @ masses[bent] + u[near] @ (masses[on] @ weights[on]) + masses[on] @ biases[on]
        return found

    def times(self, factor: float) -> "OrbitNetwork":
        """factor f."""
        return replace(self, a=factor * self.a, offset=factor * self.offset, slope=factor * self.slope)

    def mixed(self, other: "OrbitNetwork", share: float) -> "OrbitNetwork":
        """(1 - share) f + share other."""
        return OrbitNetwork(
            self.orbits,
            np.concatenate([self.w, other.w]),
            np.concatenate([self.b, other.b]),
            np.concatenate([(1 - share) * self.a, share * other.a]),
            (1 - share) * self.offset + share * other.offset,
            (1 - share) * self.slope + share * other.slope,
        )

    def network(self, size: float, middle: float, skip: bool) -> ShallowReLU:
        """middle + size f as a network of x."""
        weights, biases, masses = self.images
        centre, radius = self.orbits.centre, self.orbits.radius
        slope = size * self.slope / radius
        return ShallowReLU(
            weights,
            biases * radius - weights @ centre,
            masses * size / radius,
            np.asarray(middle + size * self.offset - slope @ centre),
            slope if skip else None,
        )


def _boxes(u: Float[np.ndarray, "n d"]) -> list[Int[np.ndarray, " k"]]:
    """Points that are near each other, in groups of about `_GROUP`: halved along their longest side."""
    done, left = [], [np.arange(len(u))] if len(u) else []
    while left:
        some = left.pop()
        if some.size <= _GROUP:
            done.append(some)
            continue
        side = int(np.argmax(np.ptp(u[some], axis=0)))
        order = np.argpartition(u[some, side], some.size // 2)
        left += [some[order[: some.size // 2]], some[order[some.size // 2 :]]]
    return done


def corners(net: OrbitNetwork, near: float) -> Float[np.ndarray, "k 2"]:
    """Where knots of the plane cross each other within `near` of the centre, one of all images, each once."""
    weights, biases, _ = net.images
    found = [np.zeros((0, 2))]
    alone = len(net.orbits.maps) == 1
    for k in range(net.b.size):
        others = slice(k + 1, None) if alone else slice(None)
        (p, q), r, (s, t), v = net.w[k], net.b[k], weights[others].T, biases[others]
        det = p * t - q * s
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            place = np.stack([(v * q - r * t) / det, (r * s - p * v) / det], axis=1)
            inside = np.sum(place * place, axis=1) <= near * near
        found.append(place[inside])
    return net.orbits.folded(np.concatenate(found))[0]
