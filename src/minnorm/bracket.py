"""What is known of a network that is to agree with known regions: itself, and two bounds of the least norm."""

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr
from jaxtyping import Float

from minnorm import losses, sealed
from minnorm.checks import check_points, instance
from minnorm.datasets import pack, penalty_attributes, penalty_of, unpack
from minnorm.network import ShallowReLU
from minnorm.objective.norm import PathNorm
from minnorm.objective.regions.demand import Demand
from minnorm.objective.regions.described import described, description
from minnorm.objective.regions.known import Regions
from minnorm.pictures import card, record, scale
from minnorm.solution import Certificate, Ending, Solution

_KIND = "minnorm solution for regions"
_FORMAT = 1
_PROVED = ("value", "lower_bound", "error", "within", "slope", "tolerance")

ROUNDING = 2.0**-30
"""Of the labels' amplitude: up to which an error on the regions is one of rounding, where none is allowed."""


@dataclass(frozen=True)
class Bracket:
    r"""What `verify_regions` found: lower_bound <= N(error) and N(within) <= value, recomputed from both sides.

    N(delta) is the least norm of networks with |f - label| <= delta on all of K. `value` is the norm of the network,
    rounded up, where its `error` on all of K, rounded up and met at `worst`, is at most `within` (or, for within = 0,
    a rounding error of 1e-9 of the labels' amplitude), infinite elsewhere; `lower_bound` <= N(within) is proved by the
    dual vector on finitely many points of K; `finite` is what `verify` said of them.
    """

    value: float
    lower_bound: float
    error: float
    worst: Float[np.ndarray, " d"]
    within: float
    finite: Certificate
    tolerance: float = 1e-2
    slope: float = 0.0
    """N(delta) >= lower_bound + (within - delta) slope for 0 <= delta <= within is proved, too; 0 for margins."""

    @property
    def gap(self) -> float:
        """(value - lower bound) / value, 0 where both are equal."""
        if self.value == self.lower_bound:
            return 0.0
        return (self.value - self.lower_bound) / self.value if 0 < self.value < math.inf else math.inf

    @property
    def certified(self) -> bool:
        """Whether both bounds are proven, and within tolerance of each other."""
        return self.finite.scope != "searched" and 0 <= self.gap <= self.tolerance


@dataclass(frozen=True, repr=False)
class RegionSolution:
    """A network that agrees with known regions up to `within`, and the dual vector that bounds all others' norm.

    `network` has the least norm that was found; `points`, `labels` and `dual` are finitely many points of the regions
    and the dual vector there, which bounds the norm from below; `bracket` is what `verify_regions` made of both.
    With `margins` label f >= 1 is asked for instead, and `error` is the largest 1 - label f. Calling the solution
    evaluates the network at points of shape (n, d), or (n,) for d = 1.
    """

    regions: Regions
    within: float
    penalty: PathNorm
    network: ShallowReLU
    points: Float[np.ndarray, "n d"]
    labels: Float[np.ndarray, " n"]
    dual: Float[np.ndarray, " n"]
    bracket: Bracket | None = None
    rounds: int = 0
    """Finite problems that were solved."""
    ending: Ending = "closed"
    """Why the exchange stopped."""
    margins: bool = False
    """Whether label f >= 1 is asked of networks, and not |f - label| <= within."""

    def __call__(self, x: "npt.ArrayLike") -> Float[np.ndarray, " n"]:
        """f at points (n, d), or (n,) for d = 1."""
        return np.asarray(self.network.evaluate(check_points(x, "x")))

    @property
    def finite(self) -> Solution:
        """What is claimed of the points alone."""
        asked = losses.SQUARED if self.within == 0 and not self.margins else self.demand.loss
        return Solution(self.network, self.dual, self.penalty, 0.0, loss=asked)

    @property
    def demand(self) -> Demand:
        """What is asked of networks."""
        return Demand(self.within, self.margins)

    @property
    def proof(self) -> Bracket:
        """The bracket; ValueError where there is none yet."""
        if self.bracket is None:
            raise ValueError("this solution has not been verified; minnorm.verify_regions(regions, solution) does it")
        return self.bracket

    @property
    def value(self) -> float:
        """The norm of the network, an upper bound of N(within)."""
        return self.proof.value

    @property
    def lower_bound(self) -> float:
        """A lower bound of N(within)."""
        return self.proof.lower_bound

    @property
    def error(self) -> float:
        """The largest |f - label| on all regions, rounded up."""
        return self.proof.error

    @property
    def gap(self) -> float:
        """(value - lower bound) / value."""
        return self.proof.gap

    @property
    def certified(self) -> bool:
        """Whether both bounds are proven, and within tolerance of each other."""
        return self.bracket is not None and self.bracket.certified

    def to_dataset(self) -> xr.Dataset:
        """The solution as an `xarray.Dataset`: network, points, labels and dual vector, the rest as attributes.

        The regions are an attribute in JSON, a table for each part as `minnorm regions` reads them from TOML; the
        certificate of the points has the prefix finite_.
        """
        proof: dict[str, Any] = {}
        variables = {
            "points": (("point", "coordinate"), self.points),
            "labels": ("point", self.labels),
            "dual": ("point", self.dual),
        }
        if self.bracket is not None:
            known = {name: part for name, part in asdict(self.bracket.finite).items() if part is not None}
            proof = {f"finite_{name}": part for name, part in known.items()}
            proof |= {name: getattr(self.bracket, name) for name in _PROVED}
            proof |= {"gap": self.gap, "certified": int(self.certified)}
            variables["worst"] = ("coordinate", self.bracket.worst)
        return xr.Dataset(
            pack(self.network.to_dict()) | variables,
            attrs={
                "kind": _KIND,
                "format": _FORMAT,
                "regions": json.dumps(description(self.regions)),
                **penalty_attributes(self.penalty),
                "within": self.within,
                "margins": int(self.margins),
                "rounds": self.rounds,
                "ending": self.ending,
                **proof,
            },
        )

    @classmethod
    def from_dataset(cls, data: xr.Dataset) -> "RegionSolution":
        """The inverse of `to_dataset`, with the bracket as it was then; ValueError for anything else."""
        instance("data", data, xr.Dataset, "a dataset, as RegionSolution.to_dataset makes it")
        known = data.attrs
        if known.get("kind") != _KIND or known.get("format") != _FORMAT:
            raise ValueError(
                f"this dataset is no solution for regions of format {_FORMAT}; RegionSolution.save writes one"
            )
        try:
            network = unpack(data)
            points, labels, dual = (np.asarray(data.variables[name].values) for name in ("points", "labels", "dual"))
            bracket = None
            if "finite_scope" in known:
                stored: dict[str, Any] = {
                    name: known[f"finite_{name}"] if name == "scope" else float(known[f"finite_{name}"])
                    for name in Certificate.__dataclass_fields__
                    if f"finite_{name}" in known
                }
                finite = Certificate(**stored)
                numbers = {name: float(known[name]) for name in _PROVED}
                bracket = Bracket(worst=np.asarray(data.variables["worst"].values), finite=finite, **numbers)
            return cls(
                described(json.loads(known["regions"])),
                float(known["within"]),
                penalty_of(known),
                network,
                points,
                labels,
                dual,
                bracket,
                int(known["rounds"]),
                known["ending"],
                bool(known["margins"]),
            )
        except KeyError as error:
            raise ValueError(f"this solution lacks {error}; write it again with RegionSolution.save") from None

    def save(self, path: str | Path) -> None:
        """Write the solution to a netCDF file, whole or not at all, with a digest of its bytes at the end.

        >>> import tempfile
        >>> import minnorm as mn
        >>> K = mn.Regions([(mn.ball([0.0, 0.0], 1.0), 0.0), (mn.ball([4.0, 0.0], 1.0), 1.0)])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     mn.interpolate_regions(K, within=0.0).save(f"{folder}/discs.nc")
        ...     round(RegionSolution.load(f"{folder}/discs.nc").value, 6)
        1.0
        """
        sealed.save(self.to_dataset(), path)

    @classmethod
    def load(cls, path: str | Path) -> "RegionSolution":
        """Read what `save` wrote, with the bracket as it was then; `minnorm.verify_regions` finds it again.

        ValueError for any other file, and for one of which a single bit has changed since.
        """
        return cls.from_dataset(sealed.load(instance("path", path, (str, Path), "the name of a file")))

    def __repr__(self) -> str:
        facts = {
            "norm": str(self.penalty),
            "size": f"{self.network.width} neurons in dimension {self.regions.dim}; "
            f"dual vector on {np.count_nonzero(self.dual)} points",
        }
        if self.bracket is not None:
            one = self.bracket
            where = ", ".join(f"{number:.4g}" for number in one.worst)
            facts["bracket"] = f"between {one.lower_bound:.8g} and {one.value:.8g}, relative gap {one.gap:.1e}"
            if self.margins:
                facts["margin"] = f"at least {1 - one.error:.6g} on all regions, met at ({where}); 1 is asked for"
            else:
                facts["error"] = f"at most {one.error:.6g} on all regions, met at ({where}); {self.within:g} is allowed"
        said = "not verified" if self.bracket is None else "certified" if self.certified else "not certified"
        return record(f"RegionSolution: {said}", facts)

    def _repr_html_(self) -> str:
        gap = self.gap if self.bracket is not None else math.inf
        tolerance = 1e-2 if self.bracket is None else self.bracket.tolerance
        label = f"the gap {gap:.1e} on a logarithmic scale, and the tolerance {tolerance:.1e}"
        return card(repr(self), scale(min(gap, 1.0), tolerance, label))
