"""Points in the plane to begin with, each with its value: small problems that show one thing each."""

import math
from collections.abc import Callable

import numpy as np
from jaxtyping import Float

Points = tuple[Float[np.ndarray, "n 2"], Float[np.ndarray, " n"]]

_DECIMALS = 3  # of coordinates and values, so that they can be read in a URL and in code


def xor(_count: int, _seed: int) -> Points:
    """Four corners of a square: neighbours have different values."""
    return np.array([[-1.0, -1.0], [1.0, 1.0], [-1.0, 1.0], [1.0, -1.0]]), np.array([1.0, 1.0, -1.0, -1.0])


def cross(_count: int, _seed: int) -> Points:
    """1 along one axis and -1 along the other, 0 where they meet."""
    arm = np.array([-1.0, -0.5, 0.5, 1.0])
    zero = np.zeros(4)
    points = np.vstack([np.column_stack([arm, zero]), np.column_stack([zero, arm]), np.zeros((1, 2))])
    return points, np.concatenate([np.ones(4), -np.ones(4), np.zeros(1)])


def ring(count: int, _seed: int) -> Points:
    """1 in the middle and 0 around it, alternately at distance 1 and 1.3: a bump."""
    angle = 2 * math.pi * np.arange(count - 1) / (count - 1)
    radius = np.where(np.arange(count - 1) % 2 == 0, 1.0, 1.3)
    around = radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    return np.vstack([np.zeros((1, 2)), around]), np.append(1.0, np.zeros(count - 1))


def random(count: int, seed: int) -> Points:
    """Uniform points with independent values 1 and -1."""
    rng = np.random.default_rng(seed)
    return rng.uniform(-1, 1, (count, 2)), rng.choice([-1.0, 1.0], count)


def samples(count: int, seed: int) -> Points:
    """Samples of sin(3 x1) cos(2 x2) at uniform points."""
    points = np.random.default_rng(seed).uniform(-1, 1, (count, 2))
    return points, np.sin(3 * points[:, 0]) * np.cos(2 * points[:, 1])


def moons(count: int, seed: int) -> Points:
    """Two classes, each along half a circle around the other's end, with some noise."""
    rng = np.random.default_rng(seed)
    angle = np.pi * rng.uniform(0, 1, count)
    labels = np.where(np.arange(count) % 2 == 0, 1.0, -1.0)
    around = np.column_stack([np.cos(angle), np.sin(angle)])
    points = np.where(labels[:, None] > 0, around, np.array([1.0, 0.5]) - around)
    return points - np.array([0.5, 0.25]) + 0.1 * rng.normal(size=(count, 2)), labels


PRESETS: dict[str, Callable[[int, int], Points]] = {
    "xor": xor,
    "cross": cross,
    "ring": ring,
    "random labels": random,
    "two moons": moons,
    "samples of a function": samples,
}
"""Functions of the number of points and a seed; some have a number of their own."""


def preset(name: str, count: int, seed: int) -> Points:
    """The points of a preset, rounded.

    >>> points, values = preset("xor", 20, 0)
    >>> values.tolist()
    [1.0, 1.0, -1.0, -1.0]
    """
    points, values = PRESETS[name](count, seed)
    return np.round(points, _DECIMALS) + 0.0, np.round(values, _DECIMALS) + 0.0
