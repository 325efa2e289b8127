"""Where a function is known, and what it is there."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from jaxtyping import Float

from minnorm.checks import instance, numbers, real, shown
from minnorm.objective.regions.shape import Shape, vector
from minnorm.objective.regions.straight import Finite
from minnorm.pictures import record

_TRIALS, _STEPS = 400, 200  # from how many points, and how often, nearest points of two shapes are sought
_TOUCHING = 1e-9  # of their sizes: what is closer has a point in common


@dataclass(frozen=True, eq=False)
class Affine:
    """The label offset + slope . x."""

    slope: Float[np.ndarray, " d"]
    offset: float

    def __call__(self, x: Float[np.ndarray, "n d"]) -> Float[np.ndarray, " n"]:
        """The label at points."""
        return x @ self.slope + self.offset

    def __repr__(self) -> str:
        if not np.any(self.slope):
            return f"{self.offset:g}"
        slope = ", ".join(f"{number:g}" for number in self.slope)
        return f"{self.offset:g} + ({slope}) . x"


def affine(slope: "npt.ArrayLike | float | int", offset: float | int = 0.0) -> Affine:
    """The label offset + slope . x of a region.

    Arguments: `slope` (d,), d from 1 to 3, or a number for d = 1; `offset`, a number.

    Errors: ValueError for what is not finite.

    >>> affine([1.0, 0.0], 2.0)
    2 + (1, 0) . x
    """
    return Affine(vector("slope", slope), real("offset", offset, "a finite number"))


class Regions:
    r"""Known regions: K = K_1 u ... u K_k, bounded closed sets of R^d, d <= 3, with a constant or affine label on each.

    Arguments: `parts`, pairs of a shape (`mn.ball`, `mn.shell`, `mn.box`, `mn.polygon`, `mn.polytope`, `mn.segment`,
    `mn.points`) and its label, a number or `mn.affine`; for `mn.points` an array of labels, one for each, too.

    Errors: ValueError for parts of different dimensions, and for parts that meet where their labels differ.

    >>> from minnorm import ball, shell
    >>> K = Regions([(ball([0, 0], 0.3), 1.0), (shell([0, 0], 1, 2), 0.0)])
    >>> K.labels_at(np.array([[0.0, 0.1], [0.0, 1.5], [0.0, 0.5]]))
    array([ 1.,  0., nan])
    """

    shapes: tuple[Shape, ...]
    labels: tuple[Affine, ...]

    def __init__(self, parts: Any) -> None:
        pairs = _pairs(parts)
        dims = {shape.dim for shape, _ in pairs}
        if len(dims) > 1:
            raise ValueError(f"parts have dimensions {', '.join(map(str, sorted(dims)))}; give shapes of one dimension")
        self.shapes, self.labels = (tuple(part) for part in zip(*pairs, strict=True))
        self._reject_contradictions()

    @property
    def dim(self) -> int:
        """d."""
        return self.shapes[0].dim

    def __len__(self) -> int:
        return len(self.shapes)

    def __iter__(self) -> Any:
        return iter(zip(self.shapes, self.labels, strict=True))

    def __repr__(self) -> str:
        facts = {f"{label!r}": f"on the {shape!r}" for shape, label in self}
        return record(f"Regions: {len(self)} parts in dimension {self.dim}", facts)

    @property
    def box(self) -> tuple[Float[np.ndarray, " d"], Float[np.ndarray, " d"]]:
        """The lowest and the highest coordinates."""
        lows, highs = zip(*(shape.box for shape in self.shapes), strict=True)
        return np.min(lows, axis=0), np.max(highs, axis=0)

    @property
    def diameter(self) -> float:
        """Of their box."""
        return float(np.linalg.norm(np.subtract(*self.box)))

    @property
    def amplitude(self) -> float:
        """The difference between the largest and the smallest label."""
        found = [label(shape.vertices if len(shape.vertices) else shape.spread(64)) for shape, label in self]
        return float(np.max(np.concatenate(found)) - np.min(np.concatenate(found)))

    @classmethod
    def of_image(
        cls,
        image: Any,
        labels: dict[float, float] | None = None,
        *,
        unknown: float | int | None = None,
        height: float | int = 1.0,
    ) -> "Regions":
        """Regions of a mask image, whose grey levels are labels: see `minnorm.objective.regions.mask.of_image`."""
        from minnorm.objective.regions.mask import of_image

        return of_image(image, labels, unknown=unknown, height=height)

    def labels_at(self, x: Float[np.ndarray, "n d"]) -> Float[np.ndarray, " n"]:
        """The label at each point, NaN outside the regions."""
        found = np.full(len(x), math.nan)
        for shape, label in self:
            inside = shape.contains(x)
            found[inside] = label(x[inside])
        return found

    def sample(self, count: int, seed: int | np.random.Generator = 0) -> tuple[np.ndarray, np.ndarray]:
        """`count` points of K and their labels, drawn uniformly: as many of each part as its volume asks for.

        Parts without an interior beside parts that have one get as many points as an equal share.
        """
        random = np.random.default_rng(seed)
        sizes = np.array([_size(shape) for shape in self.shapes])
        solid = np.array([shape.solid for shape in self.shapes])
        shares = np.where(solid, sizes / max(float(np.sum(sizes[solid])), 1e-300), 1.0)
        shares[~solid] = float(np.mean(shares[solid])) if np.any(solid) else 1.0
        which = random.choice(len(self), size=count, p=shares / np.sum(shares))
        x, y = np.zeros((count, self.dim)), np.zeros(count)
        for k, (shape, label) in enumerate(self):
            rows = which == k
            x[rows] = shape.sample(int(np.sum(rows)), random)
            y[rows] = label(x[rows])
        return x, y

    def _reject_contradictions(self) -> None:
        """ValueError where two parts meet and their labels differ there."""
        for j in range(len(self)):
            for i in range(j):
                met = _meeting(self.shapes[i], self.shapes[j])
                one, other = (self.labels[k](met) for k in (i, j))
                wrong = np.abs(one - other) > _TOUCHING * np.maximum(1.0, np.abs(one))
                if np.any(wrong):
                    where = ", ".join(f"{number:.3g}" for number in met[wrong][0])
                    raise ValueError(
                        f"parts {i} and {j} meet at ({where}), where their labels are {one[wrong][0]:g} and "
                        f"{other[wrong][0]:g}; no continuous function has both: separate the shapes"
                    )


def _pairs(parts: Any) -> list[tuple[Shape, Affine]]:
    """Shapes and their labels, checked; points with several labels as one part for each."""
    found: list[tuple[Shape, Affine]] = []
    try:
        given = [(shape, label) for shape, label in parts]
    except (TypeError, ValueError):
        raise ValueError(f"parts is {shown(parts)}; give pairs of a shape and a label") from None
    for k, (shape, label) in enumerate(given):
        instance(f"parts[{k}][0]", shape, Shape, "a shape, as mn.ball and mn.polygon make them")
        if isinstance(label, Affine):
            if label.slope.size != shape.dim:
                raise ValueError(f"parts[{k}] has dimension {shape.dim} and its label {label.slope.size}")
            found.append((shape, label))
            continue
        values = numbers(label, f"the label of parts[{k}]")
        if not np.all(np.isfinite(values)):
            raise ValueError(f"the label of parts[{k}] is not finite; give a number or mn.affine")
        if values.shape == ():
            found.append((shape, Affine(np.zeros(shape.dim), float(values))))
        elif isinstance(shape, Finite) and values.shape == (len(shape.places),):
            found += [
                (Finite(point[None]), Affine(np.zeros(shape.dim), float(value)))
                for point, value in zip(shape.places, values, strict=True)
            ]
        else:
            raise ValueError(f"the label of parts[{k}] has shape {values.shape}; give a number or mn.affine")
    if not found:
        raise ValueError("parts is empty; give at least one pair of a shape and a label")
    return found


def _size(shape: Shape) -> float:
    """Volume, estimated by points of the box where there is no formula."""
    low, high = shape.box
    whole = float(np.prod(high - low))
    if not shape.solid or whole == 0:
        return 0.0
    return whole * float(
        np.mean(shape.contains(low + (high - low) * np.random.default_rng(0).random((20_000, shape.dim))))
    )


def _meeting(one: Shape, other: Shape) -> Float[np.ndarray, "n d"]:
    """Points that two shapes have in common, as alternating projections and their own points find them."""
    size = max(one.diameter, other.diameter, 1e-300)
    random = np.random.default_rng(0)
    x = np.concatenate([shape.spread(_TRIALS) for shape in (one, other)])
    x = np.concatenate([x, one.sample(_TRIALS, random), other.sample(_TRIALS, random)])
    for _ in range(_STEPS):
        there = other.nearest(one.nearest(x))
        moved = float(np.max(np.abs(there - x)))
        x = there
        if moved <= 1e-12 * size:
            break
    apart = np.linalg.norm(x - one.nearest(x), axis=1)
    return x[apart <= _TOUCHING * size]
