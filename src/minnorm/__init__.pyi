from . import known, losses, measure, report, study
from .activation import Activation
from .estimator import MinNormClassifier, MinNormClassifierCV, MinNormRegressor, MinNormRegressorCV
from .network import ShallowReLU
from .objective.norm import PathNorm
from .objective.problem import Problem
from .plot import (
    plot_certificate,
    plot_denoiser,
    plot_denoiser_plane,
    plot_excess,
    plot_gap,
    plot_line,
    plot_parts,
    plot_path,
    plot_plane,
    plot_radial,
    plot_radial_certificate,
    plot_radial_measure,
    plot_ridge,
    plot_style,
    plot_trajectories,
)
from .solution import Certificate, Solution, UncertifiedWarning
from .solve import band, fit, interpolate, lam_max, path, separate
from .training import train
from .verification import verify
from .versions import show_versions

__version__: str

__all__ = [
    "Activation",
    "Certificate",
    "MinNormClassifier",
    "MinNormClassifierCV",
    "MinNormRegressor",
    "MinNormRegressorCV",
    "PathNorm",
    "Problem",
    "ShallowReLU",
    "Solution",
    "UncertifiedWarning",
    "band",
    "fit",
    "interpolate",
    "known",
    "lam_max",
    "losses",
    "measure",
    "path",
    "plot_certificate",
    "plot_denoiser",
    "plot_denoiser_plane",
    "plot_excess",
    "plot_gap",
    "plot_line",
    "plot_parts",
    "plot_path",
    "plot_plane",
    "plot_radial",
    "plot_radial_certificate",
    "plot_radial_measure",
    "plot_ridge",
    "plot_style",
    "plot_trajectories",
    "report",
    "separate",
    "show_versions",
    "study",
    "train",
    "verify",
]
