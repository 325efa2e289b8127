"""Minimum-norm interpolants that are known exactly."""

from minnorm.known.axes import ridge_sum as ridge_sum
from minnorm.known.denoiser import Denoiser as Denoiser
from minnorm.known.denoiser import denoiser as denoiser
from minnorm.known.line import line as line
from minnorm.known.line_path import LinePath as LinePath
from minnorm.known.line_path import line_path as line_path
from minnorm.known.line_solutions import LineSolutions as LineSolutions
from minnorm.known.line_solutions import line_solutions as line_solutions
from minnorm.known.radial import RadialBump as RadialBump
from minnorm.known.radial import RadialCertificate as RadialCertificate
from minnorm.known.radial import RadialMeasure as RadialMeasure
from minnorm.known.radial import radial_bump as radial_bump
from minnorm.known.radial_exchange import ExtremalMeasure as ExtremalMeasure
from minnorm.known.radial_fit import RadialFit as RadialFit
from minnorm.known.radial_fit import radial_fit as radial_fit
from minnorm.known.radial_sample import radial_law as radial_law
from minnorm.known.radial_shells import RadialShells as RadialShells
from minnorm.known.radial_shells import radial_shells as radial_shells
from minnorm.known.radial_table import RadialNorm as RadialNorm
from minnorm.known.radial_table import radial_norms as radial_norms
from minnorm.known.radial_tail import RadialTail as RadialTail
from minnorm.known.radial_target import RadialTarget as RadialTarget
from minnorm.known.radial_target import radial_target as radial_target
from minnorm.known.ridge import ridge as ridge

__all__ = [
    "Denoiser",
    "ExtremalMeasure",
    "LinePath",
    "LineSolutions",
    "RadialBump",
    "RadialCertificate",
    "RadialFit",
    "RadialMeasure",
    "RadialNorm",
    "RadialShells",
    "RadialTail",
    "RadialTarget",
    "denoiser",
    "line",
    "line_path",
    "line_solutions",
    "radial_bump",
    "radial_fit",
    "radial_law",
    "radial_norms",
    "radial_shells",
    "radial_target",
    "ridge",
    "ridge_sum",
]
