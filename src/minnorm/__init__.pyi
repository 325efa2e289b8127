from . import known, measure, report, study
from .network import ShallowReLU
from .penalty import PathNorm
from .problem import Problem
from .solution import Certificate, Solution
from .solve import fit, interpolate
from .train import train
from .verify import verify

__all__ = [
    "Certificate",
    "PathNorm",
    "Problem",
    "ShallowReLU",
    "Solution",
    "fit",
    "interpolate",
    "known",
    "measure",
    "report",
    "study",
    "train",
    "verify",
]
