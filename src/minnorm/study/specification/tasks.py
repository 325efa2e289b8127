"""Tasks of a study: where a target is known, and, if that is known, its minimum-norm interpolant."""

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Annotated, Any, Literal

import numpy as np
from jaxtyping import Float
from pydantic import BaseModel, ConfigDict, Field

from minnorm import advice, known
from minnorm.known import RadialBump
from minnorm.network import ShallowReLU
from minnorm.objective.norm import PathNorm
from minnorm.solution import Solution
from minnorm.study.shards.optimum import least
from minnorm.table import read_table


@dataclass(frozen=True)
class Target:
    """The exact minimum-norm interpolant of a task's known region."""

    function: Callable[[np.ndarray], np.ndarray]
    norm: float
    exact: RadialBump | Solution

    def as_network(self, width: int, seed: int) -> ShallowReLU:
        """A balanced network of any width drawn from the interpolant's measure, of the same path norm."""
        if isinstance(self.exact, RadialBump):
            return self.exact.as_network(width, seed).balance()
        return _resampled(self.exact.network.balance(), width, seed)


@dataclass(frozen=True)
class TaskData:
    """Training data of a task, and its target: `known`, in closed form, or by a `search` that may take a minute."""

    points: Float[np.ndarray, "n d"]
    values: Float[np.ndarray, " n"]
    known: Target | None
    search: Callable[[], Target | None] | None = None

    @cached_property
    def target(self) -> Target | None:
        """The exact minimum-norm interpolant of the known region, None where it is not to be had."""
        return self.known if self.search is None else self.search()


Finite = Annotated[float, Field(allow_inf_nan=False)]


class _Task(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class LineTask(_Task):
    """Points on the line; the target is the minimum-norm interpolant in closed form."""

    kind: Literal["line"]
    x: list[Finite] = Field(min_length=2)
    y: list[Finite] = Field(min_length=2)

    def count(self) -> int:
        """How many points there are."""
        return len(self.x)

    def data(self) -> TaskData:
        """The points as given."""
        with advice.silent():
            exact = known.line(self.x, self.y)
        points = np.asarray(self.x, dtype=np.float64)[:, None]
        return TaskData(points, np.asarray(self.y, dtype=np.float64), Target(exact, exact.value, exact))


class BumpTask(_Task):
    """The radial bump: label 1 at the origin or on a plateau, label 0 beyond `radius`, up to noise.

    `outer` is in units of the radius. Labels get independent normal noise of standard deviation `noise`.
    """

    kind: Literal["bump"]
    dim: int = Field(ge=1)
    plateau: float = Field(default=0.0, ge=0, lt=1)
    radius: float = Field(default=1.0, gt=0, allow_inf_nan=False)
    points: int = Field(default=500, ge=2)
    law: Literal["shell", "uniform_radius", "normal"] = "uniform_radius"
    outer: float = Field(default=2.0, gt=1)
    inner_fraction: float = Field(default=0.1, gt=0, lt=1)
    noise: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    seed: int = Field(default=0, ge=0)

    def count(self) -> int:
        """How many points are drawn."""
        return self.points

    def bump(self) -> RadialBump:
        """The exact minimum-norm bump; in even dimensions it depends on how far out its labels reach."""
        outer = math.inf if self.law == "normal" else self.outer
        return _bump(self.dim, self.plateau, outer, self.radius)

    def data(self) -> TaskData:
        """A sample of the known region."""
        bump = self.bump()
        points, values = bump.sample(
            self.seed, self.points, self.law, outer=self.outer, inner_fraction=self.inner_fraction
        )
        if self.noise > 0:
            values = values + self.noise * np.random.default_rng([self.seed, 1]).standard_normal(values.size)
        return TaskData(points, values, Target(bump, bump.norm, bump))

    def law_of_radii(self, count: int = 200) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Radii, labels and weights of the law that the points are drawn from, without noise."""
        return known.radial_law(
            self.law,
            self.dim,
            count,
            plateau=self.plateau,
            scale=self.radius,
            outer=self.outer,
            inner_fraction=self.inner_fraction,
        )


class PointsTask(_Task):
    """Random points with random labels; the target is their minimum-norm interpolant, where it can be certified.

    Points follow `law`: standard normal, or uniform on the cube [-1, 1]^d. `labels` are independent standard
    normal numbers, or the values of a "teacher" of 5 random neurons; `noise` is added to either.
    """

    kind: Literal["points"]
    dim: int = Field(default=2, ge=1)
    points: int = Field(default=30, ge=2)
    law: Literal["normal", "uniform"] = "normal"
    labels: Literal["normal", "teacher"] = "normal"
    noise: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    seed: int = Field(default=0, ge=0)

    def count(self) -> int:
        """How many points are drawn."""
        return self.points

    def draw(self, count: int, stream: int = 0) -> Float[np.ndarray, "count dim"]:
        """Points of the law; the training data are stream 0."""
        rng = np.random.default_rng([self.seed, stream])
        size = (count, self.dim)
        return rng.standard_normal(size) if self.law == "normal" else rng.uniform(-1, 1, size)

    def data(self) -> TaskData:
        """The sample, with its interpolant if the solver certifies that in seconds, once it is asked for."""
        points, rng = self.draw(self.points), np.random.default_rng([self.seed, 2])
        if self.labels == "normal":
            values = rng.standard_normal(self.points)
        else:
            w = rng.standard_normal((5, self.dim))
            w /= np.linalg.norm(w, axis=1, keepdims=True)
            values = np.maximum(points @ w.T + rng.uniform(-1, 1, 5), 0) @ rng.choice([-1.0, 1.0], 5)
        if self.noise > 0:
            values = values + self.noise * np.random.default_rng([self.seed, 3]).standard_normal(self.points)
        return TaskData(points, values, None, lambda: _certified(points, values))


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


TASKS: dict[str, type[_Task]] = {
    "line": LineTask,
    "bump": BumpTask,
    "points": PointsTask,
    "diabetes": DiabetesTask,
    "csv": CsvTask,
}
"""All kinds of task by name."""

Task = Annotated[LineTask | BumpTask | PointsTask | DiabetesTask | CsvTask, Field(discriminator="kind")]


def _certified(points: np.ndarray, values: np.ndarray) -> Target | None:
    found = least(points, values, PathNorm(), 0.0)
    if found is None or found.solution is None or not found.certified:
        return None
    return Target(found.solution, found.value, found.solution)


@cache
def _bump(dim: int, plateau: float, outer: float, radius: float) -> RadialBump:
    return known.radial_bump(dim, plateau, outer).stretch(radius)


def _resampled(network: ShallowReLU, width: int, seed: int) -> ShallowReLU:
    """A network of another width with the same path norm: neurons drawn in proportion to |a| |w|, spread evenly."""
    network = network.to_numpy()
    sizes = np.abs(network.outer_weights) * np.linalg.norm(network.inner_weights, axis=1)
    if not sizes.sum() > 0:
        blank = np.zeros(width)
        return dataclasses.replace(
            network, inner_weights=np.zeros((width, network.dim)), biases=blank, outer_weights=blank
        )
    share = np.cumsum(sizes) / sizes.sum()
    where = (np.arange(width) + np.random.default_rng(seed).random()) / width
    chosen = np.minimum(np.searchsorted(share, where, side="right"), sizes.size - 1)
    shrink = np.sqrt(sizes.sum() / width / sizes[chosen])
    return dataclasses.replace(
        network,
        inner_weights=network.inner_weights[chosen] * shrink[:, None],
        biases=network.biases[chosen] * shrink,
        outer_weights=network.outer_weights[chosen] * shrink,
    )


def _standardise(array: Any) -> np.ndarray:
    array = np.asarray(array, dtype=np.float64)
    deviation = array.std(axis=0)
    if np.any(deviation == 0):
        raise ValueError("standardise is on but a column is constant; remove it")
    return (array - array.mean(axis=0)) / deviation
