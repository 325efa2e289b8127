"""What a solver or a closed form returns, and the proof that goes with it."""

import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import xarray as xr
from jaxtyping import Float

from minnorm import losses, sealed
from minnorm.checks import instance, numbers
from minnorm.datasets import pack, penalty_attributes, penalty_of, unpack
from minnorm.losses import SQUARED, Loss
from minnorm.measure.parts import Parts, parts
from minnorm.network import ShallowReLU
from minnorm.objective.norm import PathNorm
from minnorm.pictures import bars, card, curve, record, scale

Scope = Literal["exact", "bounded", "searched"]
Ending = Literal["closed", "time", "rounding", "stalled", "interrupted"]
"""Why a solver stopped: the gap was closed by its own reckoning, its time was over, rounding errors were all that was
left, nothing moved any more, or Ctrl-C."""

_KIND = "minnorm solution"
_FORMAT = 2


class UncertifiedWarning(UserWarning):
    """A result is not proved to be a global minimiser; the message says what would help."""


def relative_gap(value: Any, bound: Any) -> npt.NDArray[np.float64]:
    """(value - bound) / |value| of a solver at work, and 1 where there is no value yet.

    >>> relative_gap([np.inf, 2.0], [1.0, 1.0])
    array([1. , 0.5])
    """
    above, below = np.asarray(value, dtype=np.float64), np.asarray(bound, dtype=np.float64)
    found, size = np.isfinite(above), np.maximum(np.abs(above), 1e-300)
    return np.divide(above - below, size, out=np.ones(above.shape), where=found)


@dataclass(frozen=True)
class Certificate:
    """What `verify` found: bounds recomputed from the data, the network and the dual vector alone.

    Every number is rounded to the safe side: `value`, `residual` and `dual_norm` up, `lower_bound` down, and
    0 <= lower_bound <= value. With lam > 0 `value` is the network's objective. Where it has to interpolate, `value` is
    its path norm and the price of what it misses on the data, so that the true minimum is between the two bounds
    whatever the residual; it is infinite for a network that is no interpolant. `residual` is the largest error on the
    data, or by how much the worst of them breaks its constraint, |f - y| <= delta or y f >= 1, where the loss is one;
    and `rounding` the size up to which that is a rounding error, infinite with lam > 0. `dual_norm` is the largest
    |h_nu| over all atoms; the bound belongs to the dual vector divided by it. `scope` says how that maximum was found:
    "exact", "bounded" (a rigorous upper bound, which may be far above it) or "searched" (a heuristic, which proves
    nothing). Where it is bounded, `searched_bound` is what `lower_bound` would be if the largest value that was met
    were the maximum: an estimate, None elsewhere.
    """

    value: float
    lower_bound: float
    dual_norm: float
    residual: float
    rounding: float
    scope: Scope
    tolerance: float = 1e-6
    searched_bound: float | None = None

    @property
    def gap(self) -> float:
        """(value - lower bound) / value, 0 where both are equal; relative, so rescaling the labels leaves it alone.

        It is proven unless the scope is "searched".
        """
        return self._gap_to(self.lower_bound)

    @property
    def searched_gap(self) -> float:
        """The same with `searched_bound` where there is one: the gap that a perfect bound may prove."""
        return self._gap_to(self.lower_bound if self.searched_bound is None else self.searched_bound)

    def _gap_to(self, bound: float) -> float:
        if self.value == bound:
            return 0.0
        if self.value == 0 or math.isinf(self.value):
            return math.inf
        return (self.value - bound) / abs(self.value)

    @property
    def certified(self) -> bool:
        """Whether the bounds are proven and within tolerance, and the residual is at most a rounding error."""
        return self.scope != "searched" and 0 <= self.gap <= self.tolerance and self.residual <= self.rounding

    def _repr_html_(self) -> str:
        facts = {
            "value": f"{self.value:.10g}",
            "lower bound": f"{self.lower_bound:.10g}",
            "residual": f"{self.residual:.1e}"
            + (f" (rounding {self.rounding:.1e})" if self.rounding < math.inf else ""),
        }
        label = f"the gap {self.gap:.1e} on a logarithmic scale, and the tolerance {self.tolerance:.1e}"
        return card(record(f"Certificate: {self._said}", facts), scale(self.gap, self.tolerance, label))

    @property
    def _said(self) -> str:
        """The verdict, in words."""
        word = "certified" if self.certified else "not certified"
        gap = f"relative gap {self.gap:.1e}"
        if not self.certified and self.searched_bound is not None:
            gap = f"proven relative gap {self.gap:.1e}, searched {self.searched_gap:.1e}"
        return f"{word}, {gap}, tolerance {self.tolerance:.1e}, scope {self.scope}"


@dataclass(frozen=True, repr=False)
class Solution:
    """A network that is claimed to be a global minimiser, with the dual vector that should prove it.

    `certificate` is what `verify` made of it, None if it has not been verified; `certified` is true only
    after that. Calling the solution evaluates the network at points of shape (n, d), or (n,) for d = 1.
    """

    network: ShallowReLU
    dual: Float[np.ndarray, " n"]
    penalty: PathNorm = field(default_factory=PathNorm)
    lam: float = 0.0
    certificate: Certificate | None = None
    rounds: int = 0
    """Rounds of column generation; 0 for a closed form."""
    ending: Ending = "closed"
    """Why the solver stopped."""
    weights: Float[np.ndarray, " n"] | None = None
    """How often each point counts, None for once; for lam > 0 the problem is that of `Problem.weights`."""
    loss: Loss = SQUARED
    """What a point pays for its value, where lam > 0; where lam = 0 labels are met, or `loss` is a constraint."""

    def __call__(self, points: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """f at points (n, d), or (n,) or a scalar for d = 1; shape (n,) or scalar."""
        x = numbers(points, "points")
        if self.network.dim == 1 and (x.ndim != 2 or x.shape[1] != 1):
            return self.network.evaluate(x.reshape(-1, 1)).reshape(x.shape)
        return self.network.evaluate(x)

    def __repr__(self) -> str:
        network, n = self.network.to_numpy(), self.dual.size
        paid = "loss" if self.loss == SQUARED else f"{self.loss} loss"
        what = f"{paid} + {self.lam:g} path norm on {n} points"
        if self.lam == 0:
            what = f"path norm through {n} points" + ("" if self.loss == SQUARED else f", {self.loss}")
        penalty, proof = self.penalty, self.certificate
        facts = {
            "norm": f"{penalty.value(network):.10g} ({penalty})",
            "size": f"{network.width} neurons",
            "proof": "not verified; minnorm.verify(X, y, solution) does it" if proof is None else proof._said,
        }
        return record(f"Solution: least {what} in dimension {network.dim}", facts)

    def _repr_html_(self) -> str:
        network = self.network.to_numpy()
        size = np.linalg.norm(network.inner_weights, axis=1)
        if network.dim > 1:
            picture = bars(network.outer_weights * size, "each neuron's part of the path norm")
        else:
            turning = size > 0
            knots = -network.biases[turning] / network.inner_weights[turning, 0]
            low, high = (float(np.min(knots)), float(np.max(knots))) if knots.size else (0.0, 0.0)
            margin = 0.2 * (high - low) or 1.0
            x = np.union1d(np.linspace(low - margin, high + margin, 120), knots)
            picture = curve(x, network.evaluate(x[:, None]), f"the function from {x[0]:.3g} to {x[-1]:.3g}")
        return card(repr(self), picture)

    @property
    def value(self) -> float:
        """The objective at the network; for interpolation its path norm and the price of its residual."""
        return self._verified().value

    @property
    def lower_bound(self) -> float:
        """A bound below the global minimum."""
        return self._verified().lower_bound

    @property
    def gap(self) -> float:
        """The relative distance of the two."""
        return self._verified().gap

    @property
    def data_error(self) -> float:
        r"""No minimiser f* differs from this network f by more than this at any of the n data points.

            |f(x_i) - f*(x_i)| <= sqrt(2 S/p_i (value - lower_bound))     for lam > 0,
            |f(x_i) - f*(x_i)| <= residual                                for lam = 0,

        in units of the labels; p_i is how often a point counts, S the sum, so that S/p_i = n where all count once, and
        the least p_i > 0 is taken. The objective F is convex on networks of any width, and its loss is quadratic in the
        predictions: along the way from f* to f, F(f) - F(f*) >= 1/(2S) sum_i p_i (f(x_i) - f*(x_i))^2. It is the root
        of the gap that decides, not the gap; between and beyond the data nothing follows. Infinite where the lower
        bound is not proven (scope "searched"), and for other losses than the square, which may be flat. ValueError if
        the solution has not been verified.

        >>> import minnorm as mn
        >>> x, y = [[0.0], [1.0], [2.0], [3.0]], [0.0, 1.0, 0.0, 1.0]
        >>> rough, fine = (mn.fit(x, y, 0.01, tolerance=tolerance) for tolerance in (1e-3, 1e-10))
        >>> bool((abs(rough(x) - fine(x)) <= rough.data_error + fine.data_error).all())
        True
        """
        proof = self._verified()
        if proof.scope == "searched" or self.loss != SQUARED:
            return math.inf
        if self.lam == 0:
            return proof.residual
        excess = max(0.0, proof.value - proof.lower_bound)
        times = float(len(self.dual))
        if self.weights is not None:
            times = float(np.sum(self.weights) / np.min(self.weights[self.weights > 0])) * (1 + len(self.dual) * 2e-16)
        return math.sqrt(2 * times * excess) * (1 + 1e-15)  # and its own rounding

    def parts(self, X: npt.ArrayLike) -> Parts:
        """What each column, or pair of columns, adds to f: the shape functions of neurons that read few columns.

        `X` (n, d) are the data over which they are centred, each point as often as it counts; see `measure.parts`.
        """
        counted = None if self.weights is None or len(self.weights) != len(np.asarray(X)) else self.weights
        return parts(self.network, X, counted)

    @property
    def certified(self) -> bool:
        """Whether `verify` confirmed this very solution as a global minimiser within its tolerance."""
        return self.certificate is not None and self.certificate.certified

    def to_dataset(self) -> xr.Dataset:
        r"""The solution as an `xarray.Dataset`: the network and the dual vector, the rest as attributes.

        Variables: `inner_weights` (neuron, coordinate), `biases` and `outer_weights` (neuron), `offset` (), `skip`
        (coordinate) if there is one, `dual` (point), `weights` (point) if points count differently. Attributes: the
        penalty's options, `lam`, `rounds`, `ending`, and, if the solution has been verified, the certificate's numbers,
        with `gap` and `certified` (1 or 0) for readers.

        >>> from minnorm.known import line
        >>> data = line([-1.0, 0.0, 1.0], [0.0, 1.0, 0.0]).to_dataset()
        >>> data.attrs["value"], data.attrs["certified"], dict(data.sizes)
        (2.0, 1, {'neuron': 2, 'coordinate': 1, 'point': 3})
        """
        proof: dict[str, float | str] = {}
        if self.certificate is not None:
            known = {name: part for name, part in asdict(self.certificate).items() if part is not None}
            proof = known | {"gap": self.gap, "certified": int(self.certified)}
        return xr.Dataset(
            pack(self.network.to_dict())
            | {"dual": ("point", self.dual)}
            | ({} if self.weights is None else {"weights": ("point", self.weights)}),
            attrs={
                "kind": _KIND,
                "format": _FORMAT,
                **penalty_attributes(self.penalty),
                "lam": self.lam,
                "rounds": self.rounds,
                "ending": self.ending,
            }
            | ({} if self.loss == SQUARED else {"loss": str(self.loss)})
            | proof,
        )

    @classmethod
    def from_dataset(cls, data: xr.Dataset) -> "Solution":
        """The inverse of `to_dataset`; ValueError for a dataset that is something else.

        The certificate is the one that was stored: what `verify` found then. `minnorm.verify(X, y, solution)` finds
        it again from the data.
        """
        instance("data", data, xr.Dataset, "a dataset, as Solution.to_dataset makes it")
        known = data.attrs
        if known.get("kind") != _KIND:
            raise ValueError("this dataset is not a solution; Solution.to_dataset and `minnorm solve --out` make one")
        if known.get("format") != _FORMAT:
            raise ValueError(f"this solution has format {known.get('format')}; this version reads {_FORMAT}")
        try:
            numbers = [name for name in Certificate.__dataclass_fields__ if name not in ("scope", "searched_bound")]
            certificate = None
            if "scope" in known:
                searched = known.get("searched_bound")
                certificate = Certificate(
                    scope=known["scope"],
                    searched_bound=None if searched is None else float(searched),
                    **{name: float(known[name]) for name in numbers},
                )
            return cls(
                unpack(data),
                np.asarray(data.variables["dual"].values),
                penalty_of(known),
                float(known["lam"]),
                certificate,
                int(known["rounds"]),
                known.get("ending", "closed"),
                np.asarray(data.variables["weights"].values) if "weights" in data.data_vars else None,
                losses.of(known.get("loss")),
            )
        except KeyError as error:
            raise ValueError(f"this solution lacks {error}; write it again with Solution.save") from None

    def save(self, path: str | Path) -> None:
        """Write the solution to a netCDF file, as `to_dataset` lays it out, with a digest of its bytes at the end.

        It is written under another name, flushed and renamed: an old file stays as it was until the new one is all
        there. OSError if it cannot be written.

        >>> import tempfile
        >>> from minnorm.known import line
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     line([-1.0, 0.0, 1.0], [0.0, 1.0, 0.0]).save(f"{folder}/hat.nc")
        ...     Solution.load(f"{folder}/hat.nc").value
        2.0
        """
        sealed.save(self.to_dataset(), path)

    @classmethod
    def load(cls, path: str | Path) -> "Solution":
        """Read what `save` wrote, with the certificate as it was then.

        ValueError for any other file, and for one of which a single bit has changed since.
        """
        return cls.from_dataset(sealed.load(instance("path", path, (str, Path), "the name of a file")))

    def _verified(self) -> Certificate:
        if self.certificate is None:
            raise ValueError("this solution has not been verified; minnorm.verify(X, y, solution) does it")
        return self.certificate
