"""Where a task's functions are looked at: in the region where the target is not known, and on grids for figures."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from minnorm import measure
from minnorm.known import RadialBump
from minnorm.study.specification.tasks import LineTask, PointsTask, Task, TaskData

_SAMPLE = 2000


@dataclass(frozen=True)
class Yardstick:
    """The exact interpolant on a task's data, and `there`, on a sample of its unknown region."""

    on_data: Float[np.ndarray, " n"]
    there: Float[np.ndarray, "k d"]
    values_there: Float[np.ndarray, " k"]


def yardstick(task: Task, data: TaskData) -> Yardstick | None:
    """The exact interpolant's values, evaluated once for all networks; None where no target is known."""
    if data.target is None:
        return None
    there = unknown_points(task, data)
    return Yardstick(data.target.function(data.points), there, data.target.function(there))


def unknown_points(task: Task, data: TaskData) -> Float[np.ndarray, "k d"]:
    """A fixed sample of the region where only the interpolant says what f is.

    On a line: between the data; of a bump: its shell plateau < |x| < 1; else fresh points of the data's law.
    """
    if isinstance(task, LineTask):
        return np.linspace(min(task.x), max(task.x), _SAMPLE + 1)[:, None]
    if isinstance(task, PointsTask):
        return task.draw(_SAMPLE, stream=1)
    if data.target is None or not isinstance(data.target.exact, RadialBump):
        raise ValueError(f"a task of kind {task.kind} has no target")
    bump = data.target.exact
    levels = bump.plateau + (np.arange(40) + 0.5) / 40 * (1 - bump.plateau)
    directions = measure.directions(bump.dim, 64, 0)
    return (bump.scale * levels[:, None, None] * directions[None]).reshape(-1, bump.dim)


def query_points(task: LineTask) -> Float[np.ndarray, " q"]:
    """Where a line task's functions are recorded: the data's interval and a fifth of it on both sides."""
    low, high = min(task.x), max(task.x)
    margin = 0.2 * (high - low)
    return np.linspace(low - margin, high + margin, 701)
