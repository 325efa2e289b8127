"""What a shard's file says of networks that learn classes: how large their margins are, and where they separate."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from jaxtyping import Float

from minnorm.measure.distances import Function, values_of
from minnorm.network import ShallowReLU
from minnorm.objective.norm import PathNorm
from minnorm.study.optimum import Optimum, least
from minnorm.study.specification.probes import Measured, OnPlane
from minnorm.study.specification.spec import Shard
from minnorm.study.specification.tasks import TaskData
from minnorm.study.tangent import Tangent, starts
from minnorm.training.margins import learnt

DESCRIPTION = {
    "margin_share": "normalised margin / the largest of any network, certified: 1 is the separator of least norm",
    "squares_share": "the same with weight decay in place of the path norm, at most margin_share",
    "sup_margin": "margin / the square of the largest parameter",
    "hybrid_margin": "margin / the square of the largest of |W|_op / sqrt(m / d), |b|_sup and |a|_sup",
    "boundary_distance": "distance from where f changes sign to where the separator of least norm does, on straight "
    "lines from points to their nearest ones of the other class, as a share of their lengths; mean",
    "boundary_angle": "angle in degrees between the normals of the two boundaries there; mean",
    "disagreement": "share of a box around the data where the sign of f is not that of the separator of least norm",
    "kernel_distance": "boundary_distance to the separator of the tangent kernel at the network's start",
    "kernel_angle": "boundary_angle to that separator",
    "kernel_disagreement": "disagreement with that separator",
    "apart": "boundary_distance between the two separators",
}
"""What is measured of each network, by name."""

_STEPS = 256  # of a line between two points
_NUDGE = 1e-6  # of a line's length: for slopes
_SAMPLE = 2000


@dataclass(frozen=True)
class Lines:
    """Straight lines from points of class 1 to points of class -1: from each point to its nearest of the other."""

    start: Float[np.ndarray, "k d"]
    end: Float[np.ndarray, "k d"]

    @staticmethod
    def between(points: Float[np.ndarray, "n d"], labels: Float[np.ndarray, " n"]) -> "Lines":
        """Each pair once."""
        up, down = points[labels > 0], points[labels < 0]
        away = np.linalg.norm(up[:, None] - down[None], axis=-1)
        pairs = {(i, int(np.argmin(row))) for i, row in enumerate(away)}
        pairs |= {(int(np.argmin(column)), j) for j, column in enumerate(away.T)}
        first, second = np.array(sorted(pairs)).T
        return Lines(up[first], down[second])

    def crossings(self, f: Function) -> Float[np.ndarray, " k"]:
        """Where f first falls to 0 or below, as a share of each line; NaN where it does not, or begins there."""
        share = np.linspace(0, 1, _STEPS + 1)
        places = self.start[:, None] + share[:, None] * (self.end - self.start)[:, None]
        values = values_of(f, places.reshape(-1, places.shape[2])).reshape(len(self.start), -1)
        right = np.argmax(values <= 0, axis=1)
        met = (values[:, 0] > 0) & np.any(values <= 0, axis=1)
        rows, left = np.arange(len(values)), np.maximum(right - 1, 0)
        high, low = values[rows, left], values[rows, np.maximum(right, 1)]
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(met, (left + high / (high - low)) / _STEPS, np.nan)

    def normals(self, f: Function, share: Float[np.ndarray, " k"]) -> Float[np.ndarray, "k d"]:
        """Directions in which f falls, where lines are at these shares."""
        at = self.start + share[:, None] * (self.end - self.start)
        step = _NUDGE * np.linalg.norm(self.end - self.start, axis=1)
        slopes = []
        for j in range(at.shape[1]):
            aside = np.zeros(at.shape)
            aside[:, j] = step
            slopes.append(values_of(f, at - aside) - values_of(f, at + aside))
        found = np.stack(slopes, axis=1)
        size = np.linalg.norm(found, axis=1, keepdims=True)
        return np.divide(found, size, out=np.zeros_like(found), where=size > 0)


@dataclass(frozen=True)
class Boundary:
    """Where a function separates: on the lines, and its signs in the region."""

    lines: Lines
    there: Float[np.ndarray, "q d"]
    f: Function
    at: Float[np.ndarray, " k"]
    signs: Float[np.ndarray, " q"]

    @staticmethod
    def of(f: Function, lines: Lines, there: Float[np.ndarray, "q d"]) -> "Boundary":
        """Evaluated once."""
        return Boundary(lines, there, f, lines.crossings(f), np.sign(values_of(f, there)))

    def against(self, other: "Boundary") -> tuple[float, float, float]:
        """Mean distance on the lines, mean angle, share of the region of another sign; NaN where nothing is met."""
        both = np.isfinite(self.at) & np.isfinite(other.at)
        apart = float(np.mean(self.signs != other.signs))
        if not np.any(both):
            return np.nan, np.nan, apart
        where = Lines(self.lines.start[both], self.lines.end[both])
        one, two = where.normals(self.f, self.at[both]), where.normals(other.f, other.at[both])
        angle = np.degrees(np.arccos(np.clip(np.sum(one * two, axis=1), -1, 1)))
        return float(np.mean(np.abs(self.at - other.at)[both])), float(np.mean(angle)), apart


@dataclass(frozen=True)
class Margins:
    """What networks of a shard are compared with: the certified separator, and those of their tangent kernels."""

    data: TaskData
    penalty: PathNorm
    best: Optimum
    boundary: Boundary
    kernels: Mapping[int, Boundary]

    @staticmethod
    def of(shard: Shard, data: TaskData, arguments: Mapping[str, Any]) -> "Margins | None":
        """None where no margins are learnt, or the separator of least norm is not certified here."""
        penalty: PathNorm = arguments["penalty"]
        if not (learnt(shard.train.loss) and shard.measure.optimum):
            return None
        best = least(data.points, data.values, penalty, 0.0, "margin")
        there = shard.task.region(_SAMPLE)
        if best is None or best.solution is None or not best.certified or there is None:
            return None
        lines = Lines.between(data.points, data.values)
        kernels = {}
        # At scale 1: the kernel's separator is that at any scale.
        for (_, seed), start in starts(data, arguments, scale=1.0).items():
            f = Tangent(start, penalty).separator(data.points, data.values)
            if f is not None:
                kernels[seed] = Boundary.of(f, lines, there)
        return Margins(data, penalty, best, Boundary.of(best.solution, lines, there), kernels)

    def measure(self, network: ShallowReLU, place: Mapping[str, Any]) -> Measured:
        """All numbers of `DESCRIPTION` for one network."""
        net = network.to_numpy()
        margin = float(np.min(self.data.values * net.evaluate(self.data.points)))
        norm, squares = float(self.penalty.total(net)), float(self.penalty.half_squares(net))
        own = Boundary.of(net, self.boundary.lines, self.boundary.there)
        kernel = self.kernels.get(place["seed"])
        nothing = (np.nan, np.nan, np.nan)
        to_best, to_kernel = own.against(self.boundary), nothing if kernel is None else own.against(kernel)
        apart = np.nan if kernel is None else kernel.against(self.boundary)[0]
        sizes = [float(np.max(np.abs(part), initial=0.0)) for part in (net.biases, net.outer_weights)]
        height = max(1.0, net.width / net.dim) ** 0.5
        largest = max(*sizes, float(np.max(np.abs(net.inner_weights), initial=0.0)))
        hybrid = max(*sizes, float(np.linalg.norm(net.inner_weights, 2)) / height)
        numbers = (
            *(_over(margin * self.best.value, size) for size in (norm, squares)),
            *(_over(margin, size**2) for size in (largest, hybrid)),
            *to_best,
            *to_kernel,
            apart,
        )
        return {name: ((), number) for name, number in zip(DESCRIPTION, numbers, strict=True)}

    def record(self, runs: xr.Dataset, shard: Shard) -> None:
        """Add the separators themselves, where the task's probes see the plane, and the least norm."""
        runs.attrs |= {"least_norm": self.best.value, "least_norm_bound": self.best.lower_bound}
        for probe in shard.task.probes(shard.measure):
            if isinstance(probe, OnPlane):
                for name, f in (("separator", self.boundary.f), ("kernel", self._kernel())):
                    if f is not None:
                        runs[f"{name}_plane"] = (*probe.seen(f, 2), {"long_name": _PLANES[name]})

    def _kernel(self) -> Function | None:
        return next((one.f for one in self.kernels.values()), None)


_PLANES = {
    "separator": "the separator of least norm on a grid of the plane",
    "kernel": "the separator of the tangent kernel at the first seed's start, on it",
}


def _over(margin: float, size: float) -> float:
    return margin / size if size > 0 else np.nan
