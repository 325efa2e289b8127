"""What is asked of points in the plane: interpolation, a fit, or the separation of two classes, and the code of it."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from minnorm import advice
from minnorm.explore.page.solver import Progress
from minnorm.losses import Margin
from minnorm.objective.norm import PathNorm
from minnorm.objective.problem import Problem
from minnorm.solution import Solution
from minnorm.solve import fit, separate

LOSSES = ("squared", "logistic", "hinge")
_CLASSES = ("logistic", "hinge")


@dataclass(frozen=True)
class Asked:
    """What is minimised; with lam = 0 a loss of classes asks for the largest margin."""

    lam: float
    loss: str
    bias: Any
    skip: Any
    tolerance: float
    time_limit: float

    @property
    def classes(self) -> bool:
        """Whether values are classes, -1 and 1."""
        return self.loss in _CLASSES

    @property
    def penalty(self) -> PathNorm:
        """What parameters cost."""
        return PathNorm(bias=self.bias, skip=self.skip)

    def problem(self, points: np.ndarray, values: np.ndarray) -> Problem:
        """The problem of points (n, 2) and values (n,)."""
        loss = Margin() if self.classes and self.lam == 0 else None if self.lam == 0 else self.loss
        return Problem(points, values, self.penalty, self.lam, loss=loss)

    def solve(self, points: np.ndarray, values: np.ndarray, progress: Progress | None = None) -> Solution:
        """The certified solution; ValueError for points that have none."""
        options: dict[str, Any] = {"penalty": self.penalty, "tolerance": self.tolerance, "time_limit": self.time_limit}
        options |= {"progress": progress, "on_interrupt": "raise"}
        with advice.silent():  # the page shows what is not certified
            if self.classes and self.lam == 0:
                return separate(points, values, **options)
            return fit(points, values, self.lam, loss=self.loss, **options)

    def code(self, points: np.ndarray, values: np.ndarray) -> list[str]:
        """Lines that print the minimum."""
        usual = {"bias": "free", "skip": "none"}
        changed = [f"{name}={getattr(self, name)!r}" for name, word in usual.items() if getattr(self, name) != word]
        options = "" if self.tolerance == 1e-6 else f", tolerance={self.tolerance!r}"
        if self.lam == 0:
            call = "mn.separate(X, y" if self.classes else "mn.interpolate(X, y"
        else:
            call = f"mn.fit(X, y, {self.lam!r}" + (f", loss={self.loss!r}" if self.classes else "")
        rows = ",\n".join(f"    [{a!r}, {b!r}, {c!r}]" for a, b, c in np.column_stack([points, values]).tolist())
        return [
            "import minnorm as mn\nimport numpy as np\n",
            f"data = np.array([\n{rows},\n])\nX, y = data[:, :2], data[:, 2]",
            f"penalty = mn.PathNorm({', '.join(changed)})",
            f"solution = {call}, penalty=penalty{options})",
            "print(solution.value, solution.gap, solution.certified)",
        ]


def classes(values: np.ndarray) -> np.ndarray:
    """Values as classes: 1 above their middle, -1 below; ValueError where all are one.

    >>> classes(np.array([0.0, 1.0, 0.2])).tolist()
    [-1.0, 1.0, -1.0]
    """
    low, high = float(np.min(values)), float(np.max(values))
    if low == high:
        raise ValueError("all values are equal; classes are two: give points of both values, or choose squared loss")
    return np.where(values > 0.5 * (low + high), 1.0, -1.0)
