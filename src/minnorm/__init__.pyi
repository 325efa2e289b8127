from . import known, losses, measure, report, study
from .activation import Activation
from .bracket import Bracket, RegionSolution
from .comparison import Comparison, Comparisons, compare
from .estimator import MinNormClassifier, MinNormClassifierCV, MinNormRegressor, MinNormRegressorCV
from .network import ShallowReLU
from .objective.norm import PathNorm
from .objective.problem import Problem
from .objective.regions.known import Regions, affine
from .objective.regions.round import ball, shell
from .objective.regions.straight import box, points, polygon, polytope, segment
from .plot import (
    plot_certificate,
    plot_comparison,
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
    plot_region_path,
    plot_regions,
    plot_ridge,
    plot_style,
    plot_trajectories,
)
from .solution import Certificate, Solution, UncertifiedWarning
from .solve import (
    RegionPath,
    band,
    fit,
    interpolate,
    interpolate_regions,
    lam_max,
    path,
    region_path,
    separate,
    separate_regions,
)
from .training import train
from .verification import crossing, verify, verify_regions
from .versions import show_versions

__version__: str

__all__ = [
    "Activation",
    "Bracket",
    "Certificate",
    "Comparison",
    "Comparisons",
    "MinNormClassifier",
    "MinNormClassifierCV",
    "MinNormRegressor",
    "MinNormRegressorCV",
    "PathNorm",
    "Problem",
    "RegionPath",
    "RegionSolution",
    "Regions",
    "ShallowReLU",
    "Solution",
    "UncertifiedWarning",
    "affine",
    "ball",
    "band",
    "box",
    "compare",
    "crossing",
    "fit",
    "interpolate",
    "interpolate_regions",
    "known",
    "lam_max",
    "losses",
    "measure",
    "path",
    "plot_certificate",
    "plot_comparison",
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
    "plot_region_path",
    "plot_regions",
    "plot_ridge",
    "plot_style",
    "plot_trajectories",
    "points",
    "polygon",
    "polytope",
    "region_path",
    "report",
    "segment",
    "separate",
    "separate_regions",
    "shell",
    "show_versions",
    "study",
    "train",
    "verify",
    "verify_regions",
]
