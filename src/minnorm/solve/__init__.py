"""Global minimisers by column generation: oracles, master problem, loop."""

from minnorm.solve.minimise import fit as fit
from minnorm.solve.minimise import interpolate as interpolate

__all__ = ["fit", "interpolate"]
