"""How far a network in training is from what is certified, in words and as a number for a plot."""

from dataclasses import dataclass

from minnorm.losses import Constraint, Margin
from minnorm.objective.problem import Problem
from minnorm.solution import Solution
from minnorm.training.follow import Frame


@dataclass(frozen=True)
class Target:
    """What a network is trained towards: the problem of its own objective, and the certified solution."""

    problem: Problem
    solution: Solution

    @property
    def norm(self) -> float:
        """The path norm of the solution."""
        return self.problem.penalty.value(self.solution.network)

    @property
    def trained_loss(self) -> str:
        """The loss with which a network comes near it: that of the problem, or what stands for a constraint."""
        loss = self.problem.loss
        if isinstance(loss, Margin):
            return "logistic"
        return str(loss.softened if isinstance(loss, Constraint) else loss)

    @property
    def measured(self) -> str:
        """What `distance` measures."""
        if isinstance(self.problem.loss, Margin):
            return "margin below the largest, share"
        return "above the minimum, share" if self.solution.lam > 0 else "norm above the least"

    def distance(self, frame: Frame) -> float:
        """How far the network is away: relative, or the excess of its norm where only that is compared.

        For margins: 1 - (normalised margin) / (largest one). It is below 0 for networks that do not fit their data
        and have a smaller norm.
        """
        value = self.solution.value
        if isinstance(self.problem.loss, Margin):
            return 1 - frame.metrics["normalised_margin"] * value
        if self.solution.lam > 0:
            return (frame.metrics["objective"] - value) / value if value else float(frame.metrics["objective"] > 0)
        return frame.metrics["path_norm"] - value

    def said(self, frame: Frame) -> str:
        """The distance in words."""
        value, distance = self.solution.value, self.distance(frame)
        if isinstance(self.problem.loss, Margin):
            if frame.metrics["margin"] <= 0:
                return "the classes are not separated"
            return f"margin {_percent(distance)} below the largest"
        if self.solution.lam > 0:
            return f"{_percent(distance)} above the minimum"
        if not value:
            return f"norm {distance:.3g} above the least, 0"
        where = "above" if distance >= 0 else "below"
        return f"norm {_percent(abs(distance) / value)} {where} the least"


def _percent(share: float) -> str:
    """A share in per cent, with so many digits that it can be read.

    >>> _percent(0.246), _percent(0.0123), _percent(3.4e-5), _percent(12.0)
    ('25 %', '1.2 %', '0.0034 %', '1200 %')
    """
    if share >= 0.1:
        return f"{100 * share:.0f} %"
    return f"{100 * share:.2g} %" if share >= 1e-6 else f"{100 * share:.1e} %"
