"""How large a network's norm is, how far it is from another function, and how round it is."""

from minnorm.measure.distances import Distance as Distance
from minnorm.measure.distances import Function as Function
from minnorm.measure.distances import distances as distances
from minnorm.measure.distances import l2_distance as l2_distance
from minnorm.measure.distances import sup_distance as sup_distance
from minnorm.measure.distances import values_of as values_of
from minnorm.measure.norms import balancedness as balancedness
from minnorm.measure.norms import effective_neurons as effective_neurons
from minnorm.measure.norms import excess_norm as excess_norm
from minnorm.measure.norms import knots as knots
from minnorm.measure.norms import norm_ratio as norm_ratio
from minnorm.measure.norms import path_norm as path_norm
from minnorm.measure.norms import seminorm_line as seminorm_line
from minnorm.measure.norms import sharpness as sharpness
from minnorm.measure.norms import weight_decay as weight_decay
from minnorm.measure.parts import Part as Part
from minnorm.measure.parts import Parts as Parts
from minnorm.measure.parts import parts as parts
from minnorm.measure.radial import RadialProfile as RadialProfile
from minnorm.measure.radial import Stretch as Stretch
from minnorm.measure.radial import best_stretch as best_stretch
from minnorm.measure.radial import directions as directions
from minnorm.measure.radial import radial_profile as radial_profile

__all__ = [
    "Distance",
    "Function",
    "Part",
    "Parts",
    "RadialProfile",
    "Stretch",
    "balancedness",
    "best_stretch",
    "directions",
    "distances",
    "effective_neurons",
    "excess_norm",
    "knots",
    "l2_distance",
    "norm_ratio",
    "parts",
    "path_norm",
    "radial_profile",
    "seminorm_line",
    "sharpness",
    "sup_distance",
    "values_of",
    "weight_decay",
]
