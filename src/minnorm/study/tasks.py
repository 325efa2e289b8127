"""Tasks of a study: where a target is known, and, if that is known, its minimum-norm interpolant."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from jaxtyping import Float
from pydantic import BaseModel, ConfigDict, Field

from minnorm import known
from minnorm.known import RadialBump
from minnorm.solution import Solution
from minnorm.table import read_table


@dataclass(frozen=True)
class Target:
    """The exact minimum-norm interpolant of a task's known region."""

    function: Callable[[np.ndarray], np.ndarray]
    norm: float
    exact: RadialBump | Solution


@dataclass(frozen=True)
class TaskData:
    """Training data of a task, and its target where one is known."""

    points: Float[np.ndarray, "n d"]
    values: Float[np.ndarray, " n"]
    target: Target | None


class _Task(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LineTask(_Task):
    """Points on the line; the target is the minimum-norm interpolant in closed form."""

    kind: Literal["line"]
    x: list[float] = Field(min_length=2)
    y: list[float] = Field(min_length=2)

    def count(self) -> int:
        """How many points there are."""
        return len(self.x)

    def data(self) -> TaskData:
        """The points as given."""
        exact = known.line(self.x, self.y)
        points = np.asarray(self.x, dtype=np.float64)[:, None]
        return TaskData(points, np.asarray(self.y, dtype=np.float64), Target(exact, exact.value, exact))


class BumpTask(_Task):
    """The radial bump: label 1 at the origin or on a plateau, label 0 outside the unit ball."""

    kind: Literal["bump"]
    dim: int
    plateau: float = 0.0
    points: int = Field(default=500, ge=2)
    law: Literal["shell", "uniform_radius", "normal"] = "uniform_radius"
    outer: float = Field(default=2.0, gt=1)
    inner_fraction: float = Field(default=0.1, gt=0, lt=1)
    seed: int = Field(default=0, ge=0)

    def count(self) -> int:
        """How many points are drawn."""
        return self.points

    def bump(self) -> RadialBump:
        """The exact minimum-norm bump; in even dimensions it depends on how far out its labels reach."""
        outer = math.inf if self.law == "normal" else self.outer
        return known.radial_bump(self.dim, self.plateau, outer)

    def data(self) -> TaskData:
        """A sample of the known region."""
        bump = self.bump()
        points, values = bump.sample(
            self.seed, self.points, self.law, outer=self.outer, inner_fraction=self.inner_fraction
        )
        return TaskData(points, values, Target(bump, bump.norm, bump))


class DiabetesTask(_Task):
    """The diabetes data of Efron, Hastie, Johnstone & Tibshirani (2004): 442 patients, 10 features, standardised."""

    kind: Literal["diabetes"]

    def count(self) -> int:
        """How many patients there are."""
        return 442

    def data(self) -> TaskData:
        """Features and response with mean 0 and standard deviation 1."""
        from sklearn.datasets import load_diabetes

        points, values = load_diabetes(return_X_y=True, scaled=False)
        return TaskData(_standardise(np.asarray(points)), _standardise(np.asarray(values)), None)


class CsvTask(_Task):
    """A CSV file with a header line; `target` names the column of values."""

    kind: Literal["csv"]
    path: str
    target: str | None = None
    standardise: bool = False

    def count(self) -> int:
        """How many lines the table has."""
        return len(read_table(self.path, self.target).values)

    def data(self) -> TaskData:
        """The table, standardised if asked."""
        table = read_table(self.path, self.target)
        if self.standardise:
            return TaskData(_standardise(table.points), _standardise(table.values), None)
        return TaskData(table.points, table.values, None)


Task = Annotated[LineTask | BumpTask | DiabetesTask | CsvTask, Field(discriminator="kind")]


def _standardise(array: np.ndarray) -> np.ndarray:
    array = np.asarray(array, dtype=np.float64)
    deviation = array.std(axis=0)
    if np.any(deviation == 0):
        raise ValueError("standardise is on but a column is constant; remove it")
    return (array - array.mean(axis=0)) / deviation
