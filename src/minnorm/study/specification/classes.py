"""Tasks with two classes: what networks are compared with is the separator of least norm, whose margin is largest."""

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
from jaxtyping import Float
from pydantic import Field, model_validator

from minnorm.study.specification.places import Misplaced
from minnorm.study.specification.probes import MeasureSpec, OnPlane, Probe, box
from minnorm.study.specification.tasks import TaskBase, TaskData, add

_INNER, _OUTER, _FAR = 0.5, 1.0, 1.5  # radii, of the rings and of "radial"


@add
class ClassTask(TaskBase):
    """Points of two classes with labels -1 and 1.

    `law`: "moons", two half circles that reach into each other, with normal noise of standard deviation `noise`;
    "rings", two circles of radii 0.5 and 1, with such noise; "parity", uniform on [-1, 1]^d without |x_j| < `gap`, with
    label sign(x_1 ... x_d); "radial", label 1 on |x| <= `gap` and -1 on 1 <= |x| <= 1.5, half of each, radii uniform.
    """

    kind: Literal["classes"]
    law: Literal["moons", "rings", "parity", "radial"] = "moons"
    dim: int = Field(default=2, ge=1)
    points: int = Field(default=40, ge=2)
    noise: float = Field(default=0.05, ge=0, allow_inf_nan=False)
    gap: float = Field(default=0.2, ge=0, lt=1)
    seed: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _in_the_plane(self) -> "ClassTask":
        if self.dim != 2 and self.law in ("moons", "rings"):
            raise Misplaced(("dim",), f"{self.law} are in the plane; leave it out, or take law parity or radial")
        return self

    def count(self) -> int:
        """How many points are drawn."""
        return self.points

    def dimension(self) -> int:
        """As asked."""
        return self.dim

    def data(self) -> TaskData:
        """The sample; both classes are there."""
        points, labels = _LAWS[self.law](self, np.random.default_rng([self.seed, 4]))
        if np.all(labels == labels[0]):
            raise ValueError(f"all {self.points} points are of class {labels[0]:g}; take more points, or another seed")
        return TaskData(points, labels)

    def region(self, count: int) -> Float[np.ndarray, "k dim"]:
        """A box around the data, uniformly."""
        low, high = box(self.data().points)
        return np.random.default_rng([self.seed, 5]).uniform(low, high, (count, self.dim))

    def probes(self, measures: MeasureSpec) -> Sequence[Probe]:
        """The plane, where the data are in one."""
        return (OnPlane(*box(self.data().points)),) if self.dim == 2 else ()


def _signs(count: int) -> np.ndarray:
    """As many of each class as can be."""
    return np.where(np.arange(count) < (count + 1) // 2, 1.0, -1.0)


def _moons(task: ClassTask, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    labels = _signs(task.points)
    angle = np.pi * rng.random(task.points)
    upper = np.column_stack([np.cos(angle), np.sin(angle)])
    points = np.where(labels[:, None] > 0, upper, np.array([1.0, 0.5]) - upper)
    return points + task.noise * rng.standard_normal(points.shape), labels


def _rings(task: ClassTask, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    labels = _signs(task.points)
    angle = 2 * np.pi * rng.random(task.points)
    circle = np.column_stack([np.cos(angle), np.sin(angle)])
    points = np.where(labels > 0, _INNER, _OUTER)[:, None] * circle
    return points + task.noise * rng.standard_normal(points.shape), labels


def _parity(task: ClassTask, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    size = rng.uniform(task.gap, 1, (task.points, task.dim))
    sign = rng.choice([-1.0, 1.0], (task.points, task.dim))
    return size * sign, np.prod(sign, axis=1)


def _radial(task: ClassTask, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    labels = _signs(task.points)
    direction = rng.standard_normal((task.points, task.dim))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    share = rng.random(task.points)
    radius = np.where(labels > 0, task.gap * share, _OUTER + (_FAR - _OUTER) * share)
    return radius[:, None] * direction, labels


_LAWS: dict[str, Callable[[ClassTask, np.random.Generator], tuple[np.ndarray, np.ndarray]]] = {
    "moons": _moons,
    "rings": _rings,
    "parity": _parity,
    "radial": _radial,
}
