"""What a shard's file says of each trained network: its sizes, its distances to exact answers, the task's probes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from minnorm import losses, measure
from minnorm.network import ShallowReLU
from minnorm.objective.data import Points
from minnorm.objective.norm import PathNorm
from minnorm.objective.problem import Problem
from minnorm.study.optimum import Optimum
from minnorm.study.specification.probes import Measured
from minnorm.study.specification.spec import Shard
from minnorm.study.specification.target import Target
from minnorm.study.specification.tasks import Task, TaskData
from minnorm.training.margins import learnt

DESCRIPTION = {
    "effective_neurons": "neurons left after merging equal directions and knots and dropping negligible ones",
    "balancedness": "path norm / weight decay: 1 if |a_k| = |w_k| for all neurons",
    "sharpness": "largest eigenvalue of the Hessian of the training loss",
    "norm_ratio": "path norm / norm of the exact minimum-norm interpolant",
    "l2_data": "root mean square distance to the exact interpolant on the data",
    "l2_unknown": "root mean square distance to the exact interpolant where the target is not known",
    "sup_unknown": "largest distance to the exact interpolant where the target is not known",
    "excess_objective": "(objective at the last step, in double precision) / (least objective of the same lam) - 1",
    "data_norm_ratio": "path norm / least norm of any network through the training data, certified",
}
"""What is measured of a network on any task, by name."""

_SAMPLE = 2000


@dataclass(frozen=True)
class Yardstick:
    """The exact interpolant of a task on its data, and `there`, on a sample of its unknown region."""

    target: Target
    on_data: Float[np.ndarray, " n"]
    there: Float[np.ndarray, "k d"]
    values_there: Float[np.ndarray, " k"]

    @staticmethod
    def of(task: Task, data: TaskData) -> "Yardstick | None":
        """Evaluated once for all networks; None where no interpolant or no region is known."""
        target, there = task.interpolant(), task.region(_SAMPLE)
        if target is None or there is None:
            return None
        return Yardstick(target, target.function(data.points), there, target.function(there))


def measure_network(network: ShallowReLU, data: TaskData, shard: Shard, exact: Yardstick | None) -> Measured:
    """Everything that a shard's file says of one trained network beside minima: dimensions and values by name."""
    penalty = shard.arguments()["penalty"]
    radius = float(np.max(np.linalg.norm(data.points, axis=1)))
    found: Measured = {
        "effective_neurons": ((), measure.effective_neurons(network, radius=radius)),
        "balancedness": ((), measure.balancedness(network, with_bias=penalty.biases_cost)),
    }
    if shard.measure.sharpness:
        found["sharpness"] = ((), measure.sharpness(network, data.points, data.values))
    if exact is not None:
        gap = network.evaluate(exact.there) - exact.values_there
        misfit = network.evaluate(data.points) - exact.on_data
        found["norm_ratio"] = ((), measure.norm_ratio(network, exact.target.norm, penalty))
        found["l2_data"] = ((), float(np.sqrt(np.mean(misfit**2))))
        found["l2_unknown"] = ((), float(np.sqrt(np.mean(gap**2))))
        found["sup_unknown"] = ((), float(np.max(np.abs(gap))))
    for probe in shard.task.probes(shard.measure):
        found |= probe.measure(network, None if exact is None else exact.target, penalty)
    return found


def compare(
    network: ShallowReLU,
    data: TaskData,
    penalty: PathNorm,
    place: Mapping[str, Any],
    compared: Mapping[float, Optimum],
    loss: str = "squared",
) -> Measured:
    """How far a network is from the global minimum of its own lam, and its norm from the least through the data."""
    found: Measured = {}
    if any(lam > 0 for lam in compared):
        lam = place["weight_decay"]
        excess = np.nan
        if lam > 0 and lam in compared and compared[lam].value > 0:
            problem = Problem.of(Points(data.points, data.values), penalty, lam, losses.of(loss))
            objective = problem.paid(network.evaluate(data.points)) + lam * penalty.weight_decay(network)
            excess = objective / compared[lam].value - 1
        found["excess_objective"] = ((), excess)
    if not learnt(loss) and 0.0 in compared and compared[0.0].certified and compared[0.0].value > 0:
        found["data_norm_ratio"] = ((), measure.norm_ratio(network, compared[0.0].value, penalty))
    return found
