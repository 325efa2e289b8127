"""What all of these end with: the judge's word."""

import dataclasses

import numpy as np

from minnorm.network import ShallowReLU
from minnorm.solution import Solution
from minnorm.verification import verify


def solution_of(
    points: np.ndarray, labels: np.ndarray, network: ShallowReLU, dual: np.ndarray, *, certify: bool
) -> Solution:
    """The solution, verified if that is asked for; nobody is warned where the bound of `verify` is loose."""
    found = Solution(network, dual)
    return dataclasses.replace(found, certificate=verify(points, labels, found)) if certify else found
