"""What a solver or a closed form returns, and the proof that goes with it."""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt
from jaxtyping import Float

from minnorm.network import ShallowReLU
from minnorm.penalty import PathNorm

Scope = Literal["exact", "bounded", "searched"]


@dataclass(frozen=True)
class Certificate:
    """What `verify` found: bounds recomputed from the data, the network and the dual vector alone.

    Every number is rounded to the safe side: `value`, `residual` and `dual_norm` up, `lower_bound` down.
    `dual_norm` is the largest |h_nu| over all atoms; the bound belongs to the dual vector divided by it.
    `scope` says how that maximum was found: "exact", "bounded" (a rigorous upper bound) or "searched"
    (a heuristic, which proves nothing).
    """

    value: float
    lower_bound: float
    dual_norm: float
    residual: float
    scale: float
    scope: Scope
    tolerance: float = 1e-6

    @property
    def gap(self) -> float:
        """(value - lower bound) / max(1, |value|); it may be negative by as much as the residual explains."""
        return (self.value - self.lower_bound) / max(1.0, abs(self.value))

    @property
    def certified(self) -> bool:
        """Whether the gap, and for interpolation the residual relative to the labels, are within tolerance."""
        return (
            self.scope != "searched"
            and abs(self.gap) <= self.tolerance
            and self.residual <= self.tolerance * self.scale
        )


@dataclass(frozen=True)
class Solution:
    """A network that is claimed to be a global minimiser, with the dual vector that should prove it.

    `certificate` is what `verify` made of it, None if it has not been verified; `certified` is true only
    after that. Calling the solution evaluates the network at points of shape (n, d), or (n,) for d = 1.
    """

    network: ShallowReLU
    dual: Float[np.ndarray, " n"]
    penalty: PathNorm = field(default_factory=PathNorm)
    lam: float = 0.0
    certificate: Certificate | None = None

    def __call__(self, points: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """f at points (n, d), or (n,) or a scalar for d = 1; shape (n,) or scalar."""
        x = np.asarray(points, dtype=np.float64)
        if self.network.dim == 1 and (x.ndim != 2 or x.shape[1] != 1):
            return self.network.evaluate(x.reshape(-1, 1)).reshape(x.shape)
        return self.network.evaluate(x)

    @property
    def value(self) -> float:
        """The objective at the network: its path norm for interpolation."""
        return self._verified().value

    @property
    def lower_bound(self) -> float:
        """A bound below the global minimum."""
        return self._verified().lower_bound

    @property
    def gap(self) -> float:
        """The relative distance of the two."""
        return self._verified().gap

    @property
    def certified(self) -> bool:
        """Whether `verify` confirmed this very solution as a global minimiser within its tolerance."""
        return self.certificate is not None and self.certificate.certified

    def _verified(self) -> Certificate:
        if self.certificate is None:
            raise ValueError("this solution has not been verified; minnorm.verify(X, y, solution) does it")
        return self.certificate
