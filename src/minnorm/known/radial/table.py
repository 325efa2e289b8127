"""Norms of radial bumps over a range of dimensions, with what they tend to."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from minnorm.checks import reject_masked, shown, whole
from minnorm.known.radial.bump import radial_bump

BERNSTEIN = 0.28016949902386913
"""lim n E_n(|s|), Bernstein's constant (Varga & Carpenter 1985): [f] / d tends to 2 over this in odd dimension."""


@dataclass(frozen=True)
class RadialNorm:
    """The norm of the bump in one dimension with proven `bounds`, and its Lipschitz constant."""

    dim: int
    norm: float
    bounds: tuple[float, float]
    lipschitz: float

    def text(self, digits: int = 12) -> str:
        """The norm to so many significant digits, all proven; fewer where the bounds do not determine them.

        >>> RadialNorm(3, 16.0, (15.999999999999, 16.000000000001), 1.5).text(9)
        '16.0000000'
        """
        for count in range(digits, 0, -1):
            low, high = (f"{bound:#.{count}g}" for bound in self.bounds)
            if low == high:
                return low.rstrip(".")
        return f"{self.bounds[0]!r} .. {self.bounds[1]!r}"

    @property
    def per_dim(self) -> float:
        """[f] / d."""
        return self.norm / self.dim

    @property
    def lipschitz_per_root(self) -> float:
        """The Lipschitz constant over the square root of d."""
        return self.lipschitz / math.sqrt(self.dim)


def radial_norms(
    dims: Iterable[int], plateau: float = 0.0, outer: float = math.inf, *, digits: int | None = None
) -> Iterator[RadialNorm]:
    """Norm, proven bounds and Lipschitz constant of `radial_bump` for each dimension, one at a time.

        [f]_(d-1) <= [f]_d    (restriction to a hyperplane),    [f]_d / d -> 2 / 0.28016949902386913

    Arguments and errors are those of `radial_bump`. The limit is Bernstein's constant in odd dimension; even
    dimensions lie between their neighbours.

    >>> [row.text(6) for row in radial_norms([1, 2, 3, 4])]
    ['4.00000', '11.1981', '16.0000', '23.9416']

    Source: Varga & Carpenter (1985), *On the Bernstein conjecture in approximation theory*, for the constant.
    """
    reject_masked(dims, "dims")
    if isinstance(dims, str | bytes) or not isinstance(dims, Iterable) or getattr(dims, "ndim", 1) == 0:
        raise ValueError(f"dims is {shown(dims)}; give whole numbers, as range(1, 17)")
    for dim in dims:
        dim = whole("dims", dim, 1, 2**31 - 1, "positive whole numbers")
        bump = radial_bump(dim, plateau, outer, digits=digits)
        yield RadialNorm(dim, bump.norm, bump.norm_bounds, bump.lipschitz)
