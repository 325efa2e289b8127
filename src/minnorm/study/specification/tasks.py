"""Tasks of a study: where a target is known, and, if that is known, its minimum-norm interpolant."""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, TypeVar, get_args, get_origin

import numpy as np
from jaxtyping import Float
from pydantic import Field, SerializeAsAny, WrapValidator
from pydantic_core import PydanticCustomError

from minnorm import advice, known, measure
from minnorm.known import RadialBump
from minnorm.objective.norm import PathNorm
from minnorm.objective.problem import Problem
from minnorm.study.optimum import least
from minnorm.study.specification.probes import MeasureSpec, OnLine, OnPlane, OnSphere, Probe, box
from minnorm.study.specification.strict import Finite, Strict
from minnorm.study.specification.target import Target
from minnorm.table import read_table


@dataclass(frozen=True)
class TaskData:
    """Training data of a task."""

    points: Float[np.ndarray, "n d"]
    values: Float[np.ndarray, " n"]


class TaskBase(Strict):
    """Where a study's data come from, what they are compared with, and where functions are looked at.

    A task says `kind`, `count` and `data`; all else has a default: no interpolant is known, and no probe is taken.
    """

    files: ClassVar[tuple[str, ...]] = ()
    """Fields that are paths of files, relative to the study file."""
    radial: ClassVar[bool] = False
    """Whether labels depend on |x| alone, so that a solver may take radii for points."""

    if TYPE_CHECKING:
        kind: Any

    def count(self) -> int:
        """How many points there are, without making them."""
        raise NotImplementedError

    def data(self) -> TaskData:
        """The points and values, always the same for the same fields; it never solves."""
        raise NotImplementedError

    def dimension(self) -> int:
        """The number of coordinates of a point."""
        return self.data().points.shape[1]

    def known(self) -> Target | None:
        """The exact minimum-norm interpolant where that is to be had without a solver."""
        return None

    def interpolant(self) -> Target | None:
        """The exact minimum-norm interpolant; finding it may take a solver a minute. None where it is not to be had."""
        return self.known()

    @classmethod
    def has_interpolant(cls) -> bool:
        """Whether tasks of this kind say what their interpolant is."""
        return cls.known is not TaskBase.known or cls.interpolant is not TaskBase.interpolant

    def region(self, count: int) -> Float[np.ndarray, "k d"] | None:
        """A fixed sample of about `count` points of where only the interpolant says what f is."""
        return None

    def probes(self, measures: MeasureSpec) -> Sequence[Probe]:
        """Where trained networks are looked at."""
        return ()

    def law_of_radii(self, count: int = 200) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
        """Radii, labels and weights of the law with uniform directions that points and labels are drawn from."""
        return None

    def few(self, count: int) -> "TaskBase":
        """The same task with at most so many points, where that can be said."""
        fewer = "points" in type(self).model_fields and self.count() > count
        return self.model_copy(update={"points": count}) if fewer else self

    def digest(self) -> str | None:
        """Of what a task's data depend on beside its fields: of a file's content."""
        return None

    @classmethod
    def is_axis(cls, name: str, value: object) -> bool:
        """Whether a value of a field is a list of values, each of them one that the field takes."""
        if name == "kind" or name not in cls.model_fields or not isinstance(value, list) or not value:
            return False
        return get_origin(cls.model_fields[name].annotation) is not list or isinstance(value[0], list)


TASKS: dict[str, type[TaskBase]] = {}
"""All kinds of task by name."""

Kind = TypeVar("Kind", bound=type[TaskBase])


def add(model: Kind) -> Kind:
    """Make a class of tasks known by its `kind`; a decorator. ValueError for a word that is taken."""
    (word,) = get_args(model.model_fields["kind"].annotation)
    if TASKS.get(word, model) is not model:
        raise ValueError(f"a task is of kind {word!r} already; give {model.__name__} another word")
    TASKS[word] = model
    return model


def _of_its_kind(value: Any, _: Any) -> TaskBase:
    """A task, or the one that a table describes."""
    table = value if isinstance(value, dict) else {"kind": getattr(value, "kind", None)}
    kind = table.get("kind")
    if kind is None:
        raise PydanticCustomError("union_tag_not_found", "no kind", {"discriminator": "kind"})
    if not isinstance(kind, str) or kind not in TASKS:
        raise PydanticCustomError("union_tag_invalid", "unknown kind", {"discriminator": "kind", "tag": str(kind)})
    return TASKS[kind].model_validate(value)


if TYPE_CHECKING:
    Task = TaskBase
else:
    Task = Annotated[SerializeAsAny[TaskBase], WrapValidator(_of_its_kind)]


@add
class LineTask(TaskBase):
    """Points on the line; the target is the minimum-norm interpolant in closed form."""

    kind: Literal["line"]
    x: list[Finite] = Field(min_length=2)
    y: list[Finite] = Field(min_length=2)

    def count(self) -> int:
        """How many points there are."""
        return len(self.x)

    def dimension(self) -> int:
        """One."""
        return 1

    def data(self) -> TaskData:
        """The points as given."""
        Problem(self.x, self.y)  # whose errors say what is wrong with them
        return TaskData(np.asarray(self.x, dtype=np.float64)[:, None], np.asarray(self.y, dtype=np.float64))

    def known(self) -> Target:
        """The interpolant in closed form."""
        return on_line(self.x, self.y)

    def region(self, count: int) -> Float[np.ndarray, "k 1"]:
        """Between the data."""
        return np.linspace(min(self.x), max(self.x), count + 1)[:, None]

    def probes(self, measures: MeasureSpec) -> Sequence[Probe]:
        """The line."""
        return (OnLine.around(self.x),)


@add
class BumpTask(TaskBase):
    """The radial bump: label 1 at the origin or on a plateau, label 0 beyond `radius`, up to noise.

    `outer` is in units of the radius. Labels get independent normal noise of standard deviation `noise`.
    """

    radial: ClassVar[bool] = True
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

    def dimension(self) -> int:
        """That of the bump."""
        return self.dim

    def data(self) -> TaskData:
        """A sample of the known region."""
        points, values = self.bump().sample(
            self.seed, self.points, self.law, outer=self.outer, inner_fraction=self.inner_fraction
        )
        if self.noise > 0:
            values = values + self.noise * np.random.default_rng([self.seed, 1]).standard_normal(values.size)
        return TaskData(points, values)

    def known(self) -> Target:
        """The bump."""
        return Target.of_bump(self.bump())

    def region(self, count: int) -> Float[np.ndarray, "k dim"]:
        """The shell plateau < |x| < 1, in 64 directions."""
        bump, levels = self.bump(), max(1, count // 50)
        radii = bump.plateau + (np.arange(levels) + 0.5) / levels * (1 - bump.plateau)
        directions = measure.directions(bump.dim, 64, 0)
        return (bump.scale * radii[:, None, None] * directions[None]).reshape(-1, bump.dim)

    def probes(self, measures: MeasureSpec) -> Sequence[Probe]:
        """Spheres around the origin."""
        return (OnSphere(np.linspace(0.0, measures.largest_radius, measures.radii), measures.directions),)

    def law_of_radii(self, count: int = 200) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
        """Radii, labels and weights of the law that the points are drawn from; None for noisy labels."""
        if self.noise > 0:
            return None
        return known.radial_law(
            self.law,
            self.dim,
            count,
            plateau=self.plateau,
            scale=self.radius,
            outer=self.outer,
            inner_fraction=self.inner_fraction,
        )


@add
class PointsTask(TaskBase):
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

    def dimension(self) -> int:
        """As asked."""
        return self.dim

    def data(self) -> TaskData:
        """The sample."""
        points, rng = self.draw(self.points), np.random.default_rng([self.seed, 2])
        if self.labels == "normal":
            values = rng.standard_normal(self.points)
        else:
            w = rng.standard_normal((5, self.dim))
            w /= np.linalg.norm(w, axis=1, keepdims=True)
            values = np.maximum(points @ w.T + rng.uniform(-1, 1, 5), 0) @ rng.choice([-1.0, 1.0], 5)
        if self.noise > 0:
            values = values + self.noise * np.random.default_rng([self.seed, 3]).standard_normal(self.points)
        return TaskData(points, values)

    def interpolant(self) -> Target | None:
        """The interpolant of the sample, if the solver certifies it in seconds."""
        data = self.data()
        found = least(data.points, data.values, PathNorm(), 0.0)
        if found is None or found.solution is None or not found.certified:
            return None
        return Target.of_solution(found.solution)

    def region(self, count: int) -> Float[np.ndarray, "k dim"]:
        """Fresh points of the data's law."""
        return self.draw(count, stream=1)


@add
class DiabetesTask(TaskBase):
    """The diabetes data of Efron, Hastie, Johnstone & Tibshirani (2004): 442 patients, 10 features, standardised."""

    kind: Literal["diabetes"]

    def count(self) -> int:
        """How many patients there are."""
        return 442

    def data(self) -> TaskData:
        """Features and response with mean 0 and standard deviation 1."""
        from sklearn.datasets import load_diabetes

        points, values = load_diabetes(return_X_y=True, scaled=False)
        return TaskData(_standardise(np.asarray(points)), _standardise(np.asarray(values)))


@add
class CsvTask(TaskBase):
    """A CSV file with a header line; `target` names the column of values.

    With `classes` that column has two numbers, and the larger one is the class 1, the other one the class -1.
    """

    files: ClassVar[tuple[str, ...]] = ("path",)
    kind: Literal["csv"]
    path: str
    target: str | None = None
    standardise: bool = False
    classes: bool = False

    def count(self) -> int:
        """How many lines the table has."""
        return len(read_table(self.path, self.target).values)

    def data(self) -> TaskData:
        """The table, standardised if asked."""
        table = read_table(self.path, self.target)
        points = _standardise(table.points) if self.standardise else table.points
        if self.classes:
            return TaskData(points, _labels(table.values, table.target))
        return TaskData(points, _standardise(table.values) if self.standardise else table.values)

    def region(self, count: int) -> Float[np.ndarray, "k d"] | None:
        """For classes a box around the data, uniformly."""
        if not self.classes:
            return None
        low, high = box(self.data().points)
        return np.random.default_rng(0).uniform(low, high, (count, low.size))

    def probes(self, measures: MeasureSpec) -> Sequence[Probe]:
        """For classes the plane, where the data are in one."""
        return (OnPlane(*box(self.data().points)),) if self.classes and self.dimension() == 2 else ()

    def digest(self) -> str:
        """Of the file."""
        return hashlib.sha256(Path(self.path).read_bytes()).hexdigest()


def on_line(x: Sequence[float] | np.ndarray, y: Sequence[float] | np.ndarray) -> Target:
    """The minimum-norm interpolant of points on the line, in closed form."""
    with advice.silent():
        return Target.of_solution(known.line(x, y))


@lru_cache(maxsize=64)
def _bump(dim: int, plateau: float, outer: float, radius: float) -> RadialBump:
    return known.radial_bump(dim, plateau, outer).stretch(radius)


def _labels(values: np.ndarray, name: str) -> np.ndarray:
    """-1 and 1 for two numbers, in their order."""
    found = np.unique(values)
    if found.size != 2:
        told = ", ".join(f"{value:g}" for value in found[:5])
        raise ValueError(f"classes is on but column {name!r} has the values {told}; give a column of two numbers")
    return np.where(values == found[1], 1.0, -1.0)


def _standardise(array: Any) -> np.ndarray:
    array = np.asarray(array, dtype=np.float64)
    deviation = array.std(axis=0)
    if np.any(deviation == 0):
        raise ValueError("standardise is on but a column is constant; remove it")
    return (array - array.mean(axis=0)) / deviation
