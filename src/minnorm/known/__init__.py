"""Minimum-norm interpolants that are known exactly."""

from minnorm.known.kernels.interpolant import KernelInterpolant as KernelInterpolant
from minnorm.known.kernels.interpolant import kernel_features as kernel_features
from minnorm.known.kernels.interpolant import kernel_tangent as kernel_tangent
from minnorm.known.margins.bodies import convex_margin as convex_margin
from minnorm.known.margins.line import line_margin as line_margin
from minnorm.known.margins.radial import RadialMargin as RadialMargin
from minnorm.known.margins.radial import radial_margin as radial_margin
from minnorm.known.polytopes.bumps import cross_polytope as cross_polytope
from minnorm.known.polytopes.bumps import polygon as polygon
from minnorm.known.polytopes.simplex import simplex as simplex
from minnorm.known.radial.bump import RadialBump as RadialBump
from minnorm.known.radial.bump import RadialCertificate as RadialCertificate
from minnorm.known.radial.bump import RadialMeasure as RadialMeasure
from minnorm.known.radial.bump import radial_bump as radial_bump
from minnorm.known.radial.exchange import ExtremalMeasure as ExtremalMeasure
from minnorm.known.radial.fit import RadialFit as RadialFit
from minnorm.known.radial.fit import radial_fit as radial_fit
from minnorm.known.radial.law import radial_law as radial_law
from minnorm.known.radial.shells import RadialShells as RadialShells
from minnorm.known.radial.shells import radial_shells as radial_shells
from minnorm.known.radial.table import RadialNorm as RadialNorm
from minnorm.known.radial.table import radial_norms as radial_norms
from minnorm.known.radial.tail import RadialTail as RadialTail
from minnorm.known.radial.target import RadialTarget as RadialTarget
from minnorm.known.radial.target import radial_target as radial_target
from minnorm.known.radial.within import RadialWithin as RadialWithin
from minnorm.known.radial.within import radial_within as radial_within
from minnorm.known.ridges.acute import AcuteDenoiser as AcuteDenoiser
from minnorm.known.ridges.acute import acute_denoiser as acute_denoiser
from minnorm.known.ridges.denoiser import Denoiser as Denoiser
from minnorm.known.ridges.denoiser import denoiser as denoiser
from minnorm.known.ridges.fibres import ridge as ridge
from minnorm.known.ridges.sum import ridge_sum as ridge_sum
from minnorm.known.univariate.interpolant import line as line
from minnorm.known.univariate.path import LinePath as LinePath
from minnorm.known.univariate.path import line_path as line_path
from minnorm.known.univariate.solutions import LineSolutions as LineSolutions
from minnorm.known.univariate.solutions import line_solutions as line_solutions

__all__ = [
    "AcuteDenoiser",
    "Denoiser",
    "ExtremalMeasure",
    "KernelInterpolant",
    "LinePath",
    "LineSolutions",
    "RadialBump",
    "RadialCertificate",
    "RadialFit",
    "RadialMargin",
    "RadialMeasure",
    "RadialNorm",
    "RadialShells",
    "RadialTail",
    "RadialTarget",
    "RadialWithin",
    "acute_denoiser",
    "convex_margin",
    "cross_polytope",
    "denoiser",
    "kernel_features",
    "kernel_tangent",
    "line",
    "line_margin",
    "line_path",
    "line_solutions",
    "polygon",
    "radial_bump",
    "radial_fit",
    "radial_law",
    "radial_margin",
    "radial_norms",
    "radial_shells",
    "radial_target",
    "radial_within",
    "ridge",
    "ridge_sum",
    "simplex",
]
