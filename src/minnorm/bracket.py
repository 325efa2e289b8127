"""What is known of a network that is to agree with known regions: itself, and two bounds of the least norm."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from jaxtyping import Float

from minnorm import losses
from minnorm.checks import check_points
from minnorm.network import ShallowReLU
from minnorm.objective.norm import PathNorm
from minnorm.objective.regions.known import Regions
from minnorm.pictures import card, record, scale
from minnorm.solution import Certificate, Ending, Solution

ROUNDING = 2.0**-30
"""Of the labels' amplitude: up to which an error on the regions is one of rounding, where none is allowed."""


@dataclass(frozen=True)
class Bracket:
    r"""What `verify_regions` found: lower_bound <= N(error) and N(within) <= value, recomputed from both sides.

    N(delta) is the least norm of networks with |f - label| <= delta on all of K. `value` is the norm of the network,
    rounded up, where its `error` on all of K, rounded up and met at `worst`, is at most `within` (or, for within = 0,
    a rounding error of 1e-9 of the labels' amplitude), infinite elsewhere; `lower_bound` <= N(within) is proved by the
    dual vector on finitely many points of K; `finite` is what `verify` said of them.
    """

    value: float
    lower_bound: float
    error: float
    worst: Float[np.ndarray, " d"]
    within: float
    finite: Certificate
    tolerance: float = 1e-2

    @property
    def gap(self) -> float:
        """(value - lower bound) / value, 0 where both are equal."""
        if self.value == self.lower_bound:
            return 0.0
        return (self.value - self.lower_bound) / self.value if 0 < self.value < math.inf else math.inf

    @property
    def certified(self) -> bool:
        """Whether both bounds are proven, and within tolerance of each other."""
        return self.finite.scope != "searched" and 0 <= self.gap <= self.tolerance


@dataclass(frozen=True, repr=False)
class RegionSolution:
    """A network that agrees with known regions up to `within`, and the dual vector that bounds all others' norm.

    `network` has the least norm that was found; `points`, `labels` and `dual` are finitely many points of the regions
    and the dual vector there, which bounds the norm from below; `bracket` is what `verify_regions` made of both.
    Calling the solution evaluates the network at points of shape (n, d), or (n,) for d = 1.
    """

    regions: Regions
    within: float
    penalty: PathNorm
    network: ShallowReLU
    points: Float[np.ndarray, "n d"]
    labels: Float[np.ndarray, " n"]
    dual: Float[np.ndarray, " n"]
    bracket: Bracket | None = None
    rounds: int = 0
    """Finite problems that were solved."""
    ending: Ending = "closed"
    """Why the exchange stopped."""

    def __call__(self, x: "npt.ArrayLike") -> Float[np.ndarray, " n"]:
        """f at points (n, d), or (n,) for d = 1."""
        return np.asarray(self.network.evaluate(check_points(x, "x")))

    @property
    def finite(self) -> Solution:
        """What is claimed of the points alone."""
        loss = losses.SQUARED if self.within == 0 else losses.Tolerance(self.within)
        return Solution(self.network, self.dual, self.penalty, 0.0, loss=loss)

    @property
    def proof(self) -> Bracket:
        """The bracket; ValueError where there is none yet."""
        if self.bracket is None:
            raise ValueError("this solution has not been verified; minnorm.verify_regions(regions, solution) does it")
        return self.bracket

    @property
    def value(self) -> float:
        """The norm of the network, an upper bound of N(within)."""
        return self.proof.value

    @property
    def lower_bound(self) -> float:
        """A lower bound of N(within)."""
        return self.proof.lower_bound

    @property
    def error(self) -> float:
        """The largest |f - label| on all regions, rounded up."""
        return self.proof.error

    @property
    def gap(self) -> float:
        """(value - lower bound) / value."""
        return self.proof.gap

    @property
    def certified(self) -> bool:
        """Whether both bounds are proven, and within tolerance of each other."""
        return self.bracket is not None and self.bracket.certified

    def __repr__(self) -> str:
        facts = {
            "norm": str(self.penalty),
            "size": f"{self.network.width} neurons in dimension {self.regions.dim}; "
            f"dual vector on {np.count_nonzero(self.dual)} points",
        }
        if self.bracket is not None:
            one = self.bracket
            where = ", ".join(f"{number:.4g}" for number in one.worst)
            facts["bracket"] = f"between {one.lower_bound:.8g} and {one.value:.8g}, relative gap {one.gap:.1e}"
            facts["error"] = f"at most {one.error:.6g} on all regions, met at ({where}); {self.within:g} is allowed"
        said = "not verified" if self.bracket is None else "certified" if self.certified else "not certified"
        return record(f"RegionSolution: {said}", facts)

    def _repr_html_(self) -> str:
        gap = self.gap if self.bracket is not None else math.inf
        tolerance = 1e-2 if self.bracket is None else self.bracket.tolerance
        label = f"the gap {gap:.1e} on a logarithmic scale, and the tolerance {tolerance:.1e}"
        return card(repr(self), scale(min(gap, 1.0), tolerance, label))
