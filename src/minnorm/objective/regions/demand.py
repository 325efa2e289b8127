"""What is asked of a function on known regions: to be near its label, or on the label's side."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from minnorm import losses
from minnorm.objective.regions.known import Regions


@dataclass(frozen=True)
class Demand:
    r"""|f - label| <= within, or with `margins` label f >= 1, on all of K.

    What a value misses is |f - label|, allowed up to `within`, or 1 - label f, allowed up to 0.

    >>> Demand(0.1).missed(np.array([1.5]), np.array([1.0])), Demand(margins=True).missed(np.array([1.5]), np.ones(1))
    (array([0.5]), array([-0.5]))
    """

    within: float = 0.0
    margins: bool = False

    @property
    def loss(self) -> losses.Loss:
        """The same as a loss of finitely many points."""
        return losses.Margin() if self.margins else losses.Tolerance(self.within)

    def missed(self, values: Float[np.ndarray, " n"], labels: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
        """What values miss at points with these labels."""
        return 1.0 - labels * values if self.margins else np.abs(values - labels)

    def bound(self, nu: Float[np.ndarray, " n"], labels: Float[np.ndarray, " n"]) -> float:
        """What a dual vector with sup |h| = 1 bounds the norm by from below."""
        return float(nu @ labels - self.within * np.sum(np.abs(nu)))

    def refuse(self, regions: Regions) -> None:
        """ValueError where labels are no sides."""
        if not self.margins:
            return
        if self.within:
            raise ValueError(f"within is {self.within:g}; margins have none")
        for k, label in enumerate(regions.labels):
            if np.any(label.slope) or abs(label.offset) != 1:
                raise ValueError(f"regions has the label {label!r} on part {k}; margins are for labels -1 and 1")
        if len({label.offset for label in regions.labels}) < 2:
            raise ValueError("regions has one label alone; margins are for both, -1 and 1")
