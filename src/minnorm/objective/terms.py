"""What costs nothing: the constant and the linear term of a function, as many of them as a penalty leaves free."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from minnorm.objective.norm import PathNorm


@dataclass(frozen=True)
class FreeTerms:
    r"""The functions g with f(x) = g(x) . c at no cost.

        g(x) = (1, tilts^T (x - middle))

    the first entry where `constant`, the others where `linear`. Tilts (d, t) are coordinates in which slopes are told
    apart; the constant takes up what `middle` (d,) takes off, and is 0 where it isn't free.

    >>> terms = FreeTerms.of(PathNorm(skip="free"), 2)
    >>> terms.row(np.array([3.0, 4.0]))
    array([1., 3., 4.])
    >>> terms.split(np.array([1.0, 2.0, 0.0]))
    (1.0, array([2., 0.]))
    """

    constant: bool
    linear: bool
    middle: Float[np.ndarray, " d"]
    tilts: Float[np.ndarray, "d t"]

    @classmethod
    def of(cls, penalty: PathNorm, dim: int) -> "FreeTerms":
        """The terms 1, x_1, ..., x_d that a penalty leaves free."""
        linear = penalty.linear_is_free
        return cls(penalty.constant_is_free, linear, np.zeros(dim), np.eye(dim)[:, : dim * linear])

    @property
    def count(self) -> int:
        """q, how many there are."""
        return int(self.constant) + self.tilts.shape[1]

    def columns(self, points: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n q"]:
        """g at points."""
        return self.beside((points - self.middle) @ self.tilts)

    def beside(self, tilted: Float[np.ndarray, "n t"]) -> Float[np.ndarray, "n q"]:
        """g where the linear part of it is known: the constant, if it is free, and then that."""
        return np.concatenate([np.ones((len(tilted), int(self.constant))), tilted], axis=1)

    def row(self, point: Float[np.ndarray, " d"]) -> Float[np.ndarray, " q"]:
        """g at a point."""
        return np.array([*([1.0] if self.constant else []), *((point - self.middle) @ self.tilts)])

    def split(self, coefficients: Float[np.ndarray, " q"]) -> tuple[float, Float[np.ndarray, " d"] | None]:
        """(level, slope) with g(x) . c = level + slope . (x - middle); no slope where linear terms cost."""
        level = float(coefficients[0]) if self.constant else 0.0
        return level, self.tilts @ coefficients[int(self.constant) :] if self.linear else None
