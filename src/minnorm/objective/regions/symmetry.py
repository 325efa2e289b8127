"""Rotations and reflections that leave regions and their labels as they are."""

import itertools

import numpy as np
from jaxtyping import Float

from minnorm.objective.regions.known import Affine, Regions
from minnorm.objective.regions.shape import Shape

_SAME = 1e-9  # of the regions' size: corners that are one
_ROUND = 16  # rotations that stand for all of them
_TURNS = (12, 10, 9, 8, 7, 6, 5, 4, 3, 2)
_PROBES = 24  # points of each shape at which labels are compared
_FEATURES = 400  # corners beyond which nothing is looked for


def symmetries(regions: Regions) -> tuple[Float[np.ndarray, " d"], Float[np.ndarray, "g d d"]]:
    """(centre, maps): x -> centre + map (x - centre) leaves the regions and their labels as they are.

    The maps are a group, the identity first. The norm with free biases is convex and does not change under them, so
    that the mean over the group of a network that agrees with the regions does, too, and costs no more. Where all
    rotations are symmetries some of them stand for all. They are told by corners, edges and circles up to rounding
    errors: what uses them must prove its results by other means.

    >>> from minnorm import ball, shell
    >>> len(symmetries(Regions([(ball([0, 0], 0.3), 1.0), (shell([0, 0], 1, 2), 0.0)]))[1])
    32
    """
    features = [_features(shape) for shape in regions.shapes]
    places = np.concatenate(features)
    centre = np.mean(places, axis=0)
    identity = np.eye(regions.dim)[None]
    if regions.dim == 1 or len(places) > _FEATURES:
        return centre, identity
    if regions.dim == 3:
        return centre, np.stack([turn for turn in _signed_exchanges() if _kept(regions, centre, turn)])
    size = regions.diameter
    radii = np.linalg.norm(places - centre, axis=1)
    round_ = float(np.max(radii)) <= _SAME * size and all(not np.any(label.slope) for label in regions.labels)
    if round_:
        return centre, _dihedral(_ROUND, 0.0)
    turns = next((k for k in _TURNS if _kept(regions, centre, _rotation(2 * np.pi / k))), 1)
    first = int(np.argmax(radii))
    angles = np.arctan2(*(places - centre).T[::-1])
    partners = np.abs(radii - radii[first]) <= _SAME * size
    for axis in np.unique((angles[first] + angles[partners]) / 2):
        if _kept(regions, centre, _reflection(axis)):
            return centre, _dihedral(turns, axis)
    return centre, np.stack([_rotation(2 * np.pi * k / turns) for k in range(turns)])


def _features(shape: Shape) -> Float[np.ndarray, "k d"]:
    """Corners and centres."""
    return np.concatenate([shape.vertices, *(center[None] for center, _ in shape.spheres)])


def _rotation(angle: float) -> Float[np.ndarray, "2 2"]:
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, -s], [s, c]])


def _reflection(axis: float) -> Float[np.ndarray, "2 2"]:
    c, s = np.cos(2 * axis), np.sin(2 * axis)
    return np.array([[c, s], [s, -c]])


def _dihedral(turns: int, axis: float) -> Float[np.ndarray, "g 2 2"]:
    """Rotations, then reflections."""
    rotations = np.stack([_rotation(2 * np.pi * k / turns) for k in range(turns)])
    return np.concatenate([rotations, rotations @ _reflection(axis)])


def _signed_exchanges() -> list[Float[np.ndarray, "3 3"]]:
    """Those of a cube, the identity first."""
    found = []
    for order in itertools.permutations(range(3)):
        for signs in itertools.product((1.0, -1.0), repeat=3):
            turn = np.zeros((3, 3))
            turn[range(3), order] = signs
            found.append(turn)
    return found


def _kept(regions: Regions, centre: np.ndarray, turn: np.ndarray) -> bool:
    """Whether each part becomes one of the parts, with the same labels."""
    size = _SAME * regions.diameter
    moved = [shape.mapped(turn, 1.0, centre - turn @ centre) for shape in regions.shapes]
    return all(
        any(
            _same(one, other, size) and _agree(shape, label, turn, centre, known)
            for other, known in zip(regions.shapes, regions.labels, strict=True)
        )
        for one, shape, label in zip(moved, regions.shapes, regions.labels, strict=True)
    )


def _same(one: Shape, other: Shape, size: float) -> bool:
    """Whether two shapes have the same corners, edges and circles."""
    if type(one) is not type(other) or one.solid != other.solid or len(one.spheres) != len(other.spheres):
        return False
    rounds = zip(sorted(one.spheres, key=lambda s: s[1]), sorted(other.spheres, key=lambda s: s[1]), strict=True)
    circles = all(np.linalg.norm(c - o) <= size and abs(r - s) <= size for (c, r), (o, s) in rounds)
    if one.dim == 3 and len(one.faces):  # a hull is told by its corners, and its faces may be cut in several ways
        return _match(one.vertices, other.vertices, size)
    middles = [np.mean(shape.edges, axis=1) for shape in (one, other)]
    return circles and _match(one.vertices, other.vertices, size) and _match(middles[0], middles[1], size)


def _match(one: np.ndarray, other: np.ndarray, size: float) -> bool:
    """Whether two sets of points are one."""
    if len(one) != len(other):
        return False
    if len(one) == 0:
        return True
    apart = np.linalg.norm(one[:, None] - other[None], axis=2)
    return bool(np.all(np.min(apart, axis=0) <= size) and np.all(np.min(apart, axis=1) <= size))


def _agree(shape: Shape, label: Affine, turn: np.ndarray, centre: np.ndarray, known: Affine) -> bool:
    """Whether a label is the other one at the points' images."""
    x = np.concatenate([shape.spread(_PROBES), shape.vertices])
    there = known(centre + (x - centre) @ turn.T)
    return bool(np.all(np.abs(there - label(x)) <= _SAME * np.maximum(1.0, np.abs(there))))
