"""Global minimisers by column generation: oracles, master problem, loop."""

from minnorm.solve.exchange import interpolate_regions as interpolate_regions
from minnorm.solve.exchange import separate_regions as separate_regions
from minnorm.solve.extent.band import band as band
from minnorm.solve.minimise import fit as fit
from minnorm.solve.minimise import interpolate as interpolate
from minnorm.solve.minimise import separate as separate
from minnorm.solve.regularisation import lam_max as lam_max
from minnorm.solve.regularisation import path as path
from minnorm.solve.trade import RegionPath as RegionPath
from minnorm.solve.trade import region_path as region_path

__all__ = [
    "RegionPath",
    "band",
    "fit",
    "interpolate",
    "interpolate_regions",
    "lam_max",
    "path",
    "region_path",
    "separate",
    "separate_regions",
]
