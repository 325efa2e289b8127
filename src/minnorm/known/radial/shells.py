"""Several shells in odd dimension: a function that is constant on each, and unknown in the gaps between them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from minnorm.checks import several, shown, whole
from minnorm.known.radial.bump import RadialBump, RadialMeasure, radial_bump, radii
from minnorm.pictures import record


@dataclass(frozen=True, repr=False)
class RadialShells:
    """The function of least [f] that is constant on shells: a last level and one stretched bump for each gap.

        f(x) = last + sum_i drops_i bumps_i(x),      [f] = sum_i |drops_i| [bumps_i]

    Made by `radial_shells`; calling it evaluates f at points of shape (..., dim).
    """

    bumps: tuple[RadialBump, ...]
    drops: tuple[float, ...]
    last: float

    def __repr__(self) -> str:
        low, high = self.norm_bounds
        levels = [self.last + sum(self.drops[i:]) for i in range(len(self.drops) + 1)]
        facts = {
            "norm": f"{self.norm:.14g}",
            "size": f"{len(self.bumps)} gaps, {sum(bump.measure.atoms.size for bump in self.bumps)} atoms",
            "proof": f"the norm is between {low:.17g} and {high:.17g}",
        }
        shown = ", ".join(f"{level:g}" for level in levels[:6]) + (", .." if len(levels) > 6 else "")
        return record(f"RadialShells: levels {shown} in dimension {self.bumps[0].dim}", facts)

    @property
    def norm(self) -> float:
        """[f]."""
        return sum(abs(drop) * bump.norm for drop, bump in zip(self.drops, self.bumps, strict=True))

    @property
    def norm_bounds(self) -> tuple[float, float]:
        """Proven lower and upper bounds of the norm."""
        parts = [
            (abs(drop) * bump.norm_bounds[0], abs(drop) * bump.norm_bounds[1])
            for drop, bump in zip(self.drops, self.bumps, strict=True)
        ]
        # Products and sums round by less than a unit in the last place each.
        slack = 2.0**-52 * (len(parts) + 2)
        return sum(low for low, _ in parts) * (1 - slack), sum(high for _, high in parts) * (1 + slack)

    @property
    def measure(self) -> RadialMeasure:
        """The optimal measure: the bumps' atoms, each in the closure of its own gap."""
        atoms = np.concatenate([bump.measure.atoms for bump in self.bumps])
        masses = [drop * bump.measure.masses for drop, bump in zip(self.drops, self.bumps, strict=True)]
        order = np.argsort(atoms, kind="stable")
        return RadialMeasure(atoms[order], np.concatenate(masses)[order], offset=self.last)

    def profile(self, r: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """f at distance r >= 0 from the origin, any shape."""
        parts = [drop * bump.profile(r) for drop, bump in zip(self.drops, self.bumps, strict=True)]
        return np.asarray(self.last + sum(parts), dtype=np.float64)

    def certificate(self, s: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """The dual certificate: in the gaps |phi| <= 1, and phi is the measure's sign at each atom; 0 elsewhere."""
        s = np.abs(np.asarray(s, dtype=np.float64))
        value = np.zeros(s.shape)
        for drop, bump in zip(self.drops, self.bumps, strict=True):
            inside = (s >= bump.plateau * bump.scale) & (s <= bump.scale)
            value = np.where(inside, np.sign(drop) * bump.certificate(s), value)
        return value

    def __call__(self, x: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """f at points of shape (..., dim)."""
        return self.profile(radii(x, self.bumps[0].dim))


def radial_shells(
    dim: int, gaps: Sequence[tuple[float, float]], levels: Sequence[float], *, digits: int | None = None
) -> RadialShells:
    """The minimum-norm function that is constant on shells around the origin, in odd dimension.

        f = levels[0] for |x| <= a_1,  f = levels[i] for b_i <= |x| <= a_(i+1),  f = levels[n] for |x| >= b_n
        [f] = sum_i |levels[i] - levels[i-1]| N(dim, a_i / b_i) / b_i,    N(dim, eps) the norm of radial_bump(dim, eps)

    Arguments: `dim`, odd; `gaps`, the n intervals (a_i, b_i) of |x| in which f is unknown, ascending and apart, where
    a_1 = 0 asks for f(0) = levels[0] only; `levels`, n + 1 numbers; `digits` as in `radial_bump`. Where the last shell
    ends makes no difference.

    Errors: ValueError naming the argument.

    >>> radial_shells(3, [(0.0, 1.0), (2.0, 4.0)], [1.0, 0.0, 0.5]).norm
    28.0

    Source: Abel inversion is local in odd dimension, so f says in each gap which moments of the measure there vanish,
    and the gaps do not interact; each is a problem of `radial_bump`.
    """
    wanted = "an odd positive number (in even dimension gaps interact)"
    dim = whole("dim", dim, 1, 2**31 - 1, wanted)
    if dim % 2 == 0:
        raise ValueError(f"dim is {dim}; give {wanted}")
    ends = ends_of(gaps)
    pairs, given = list(zip(ends[::2], ends[1::2], strict=True)), several(levels)
    if given.shape != (len(pairs) + 1,) or not np.all(np.isfinite(given)):
        raise ValueError(f"levels is {shown(levels)}; give {len(pairs) + 1} finite numbers, one more than gaps")
    bumps = tuple(radial_bump(dim, a / b, digits=digits).stretch(b) for a, b in pairs)
    drops = tuple(before - after for before, after in pairwise(given.tolist()))
    return RadialShells(bumps, drops, float(given[-1]))


def ends_of(gaps: Sequence[tuple[float, float]]) -> list[float]:
    """The gaps' ends a_1, b_1, a_2, ..; ValueError unless they ascend from 0 or more, with shells between."""
    found = several(gaps)
    ends = found.reshape(-1).tolist() if found.ndim == 2 and found.shape[1] == 2 else []
    rising = all(low < high for low, high in pairwise(ends))
    if not ends or not ends[0] >= 0 or not math.isfinite(ends[-1]) or not rising:
        raise ValueError(f"gaps is {shown(gaps)}; give intervals (a, b), 0 <= a < b, ascending, with shells between")
    return ends
