r"""Phi D Phi^T of many atoms at points in a plane, in about a sixth of the operations of the product.

Atoms of one direction, more or less, are active at the points on one side. Sorted by direction and place, blocks of
them are zero but for few points; and where an atom is active at most of them, relu(z) = z + relu(-z) leaves the few
others and z = w . x + b, which is a matrix of rank 3 for all atoms together.
"""

import math

import numpy as np
from jaxtyping import Float
from scipy.linalg.blas import dsyr2k, dsyrk  # pyright: ignore[reportAttributeAccessIssue]

from minnorm import _native

_SECTORS, _POINTS = (8, 64), 40  # of directions, one for each so many points
_BLOCK = (48, 256)  # atoms
_ATOMS = 12  # blocks of atoms for each sector are about an n-th of this


class Gram:
    """The points and, for each sector of directions, their order from those that its atoms are active at first."""

    def __init__(self, points: Float[np.ndarray, "n 2"]) -> None:
        n = len(points)
        self._lifted = np.column_stack([points, np.ones(n)])
        self._sectors = 2 * int(np.clip(n // (2 * _POINTS), _SECTORS[0] // 2, _SECTORS[1] // 2))
        self._block = int(np.clip(n // _ATOMS, *_BLOCK))
        half = math.pi / self._sectors * (1 + 1e-9)
        angle = 2 * math.pi * (np.arange(self._sectors) + 0.5) / self._sectors
        along = points @ np.stack([np.cos(angle), np.sin(angle)])
        across = points @ np.stack([-np.sin(angle), np.cos(angle)])
        # An atom of the sector is active nowhere where this is at most -b.
        reach = np.maximum(along, along * math.cos(half)) + math.sin(half) * np.abs(across)
        reach = reach + 1e-9 * (1 + np.abs(reach))
        self._order = np.argsort(-reach, axis=0).T.astype(np.int32)
        self._reach = np.ascontiguousarray(np.take_along_axis(-reach.T, self._order, axis=1))

    def product(
        self,
        weights: Float[np.ndarray, "k 2"],
        biases: Float[np.ndarray, " k"],
        ratio: Float[np.ndarray, " k"],
        matrix: Float[np.ndarray, "n n"],
    ) -> None:
        """The lower triangle of sum_k D_k relu(w_k . x_i + b_k) relu(w_k . x_j + b_k) into `matrix`, in Fortran's
        order, |w_k| = 1."""
        theta = np.column_stack([weights, biases])
        turned, sector, count = self._turned(theta)
        root = np.sqrt(ratio)
        signed = np.where(turned, -1.0, 1.0)[:, None] * theta
        matrix[:] = 0.0
        mixed = np.zeros((len(matrix), 3))
        order = np.lexsort((count, sector))
        ends = np.searchsorted(sector[order], np.arange(self._sectors + 1))
        for one in range(self._sectors):
            held = order[ends[one] : ends[one + 1]]
            parts = -(-held.size // self._block)
            for block in np.array_split(held, parts) if parts else ():
                most = int(count[block[-1]])
                if most == 0:
                    continue
                seen = np.sort(self._order[one, :most])
                values = self._lifted[seen] @ (signed[block] * root[block, None]).T
                np.maximum(values, 0, out=values)
                part = dsyrk(1.0, values.T, trans=1, lower=1)
                _native.add_lower(matrix.T, part.T, seen)
                back = turned[block]
                mixed[seen] += values[:, back] @ (theta[block[back]] * root[block[back], None])
        inner = theta[turned].T @ (theta[turned] * ratio[turned, None])
        mixed += 0.5 * self._lifted @ inner
        dsyr2k(1.0, self._lifted, mixed, beta=1.0, c=matrix, overwrite_c=1, lower=1)

    def _turned(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """For each atom whether it is turned about, its sector then, and how many points may be active."""
        turn = np.arctan2(theta[:, 1], theta[:, 0]) / (2 * math.pi) % 1.0
        ahead = np.minimum((turn * self._sectors).astype(np.int64), self._sectors - 1)
        behind = (ahead + self._sectors // 2) % self._sectors
        first, second = self._counts(ahead, theta[:, 2]), self._counts(behind, -theta[:, 2])
        turned = second < first
        return turned, np.where(turned, behind, ahead), np.where(turned, second, first)

    def _counts(self, sector: np.ndarray, biases: np.ndarray) -> np.ndarray:
        found = np.empty(sector.size, dtype=np.int64)
        for one in range(self._sectors):
            here = sector == one
            found[here] = np.searchsorted(self._reach[one], biases[here])
        return found
