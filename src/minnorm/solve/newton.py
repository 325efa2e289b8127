"""Newton's equations of the interior point that prices, to which atoms are added without factoring them again."""

import math

import numpy as np
from scipy.linalg.blas import dsyrk, dtrsm  # pyright: ignore[reportAttributeAccessIssue]
from scipy.linalg.lapack import dpotrf, dpotrs, dtrtrs  # pyright: ignore[reportAttributeAccessIssue]

from minnorm.solve.columns import Columns

_SINGULAR = (1e-15, 1e-12, 1e-9)  # of the mean eigenvalue: what is added to all, no more than it takes
_ACCURATE, _IMPROVED = 1e-12, 3  # of the right side, in so many times


class Newton:
    """A D A^T of the columns A, D = mass / slack, and the free terms' rows."""

    def __init__(self, columns: Columns, free: np.ndarray, matrix: np.ndarray, *, roughly: bool) -> None:
        self.columns, self.free, self.roughly = columns, free, roughly
        self.ratio, self._factored = columns.ratio, columns.size
        self._halves = np.zeros((len(free), 0))  # L^-1 of columns that were added, L L^T = A D A^T
        self.sound = bool(np.all((columns.mass >= 0) & (columns.slack > 0)))  # but for rounding errors at the very end
        for share in (
            _SINGULAR if self.sound else ()
        ):  # columns that do not span all, as those of points on a grid, need more
            columns.product(self.ratio, matrix)
            matrix[np.diag_indices_from(matrix)] += share * np.trace(matrix) / len(matrix)
            self._factor, failed = dpotrf(matrix, lower=1, overwrite_a=1)
            self.sound = failed == 0 and bool(np.all(np.isfinite(np.diagonal(self._factor))))
            if self.sound:
                self._border()
                break

    def included(self) -> bool:
        """Columns that were added since, in the equations, by the matrix inversion lemma; False if that breaks down."""
        self.ratio = self.columns.ratio
        more = self.columns.values(slice(self._factored + self._halves.shape[1], None))
        fresh = dtrsm(1.0, self._factor, more, lower=1)
        self._halves = np.concatenate([self._halves, fresh], axis=1)
        inner = dsyrk(1.0, self._halves, trans=1, lower=1)
        inner[np.diag_indices_from(inner)] += 1 / self.ratio[self._factored :]
        self._inner, failed = dpotrf(inner, lower=1)
        if failed != 0 or not np.all(np.isfinite(np.diagonal(self._inner))):
            return False
        self._border()
        return True

    def solve(self, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(step, shift) with A D A^T step + F shift = right and F^T step = 0, improved while they miss and it helps."""
        step, shift = self._bordered(right, np.zeros(self.free.shape[1]))
        missed = math.inf
        for _ in range(0 if self.roughly else _IMPROVED):
            left = right - self.free @ shift - self.columns.outputs(self.ratio * self.columns.seen(step))
            most = float(np.max(np.abs(left)))
            if most <= _ACCURATE * np.max(np.abs(right)) or most > 0.5 * missed:
                break
            missed = most
            more, further = self._bordered(left, -(self.free.T @ step))
            step, shift = step + more, shift + further
        return step, shift

    def _bordered(self, right: np.ndarray, across: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The same with F^T step = `across`, as the factors have it."""
        found = self._once(right)
        shift = self._between @ (self.free.T @ found - across)
        return found - self._across @ shift, shift

    def _border(self) -> None:
        self._across = self._once(self.free)
        # Where the columns do not see the free terms it is as good as singular, and the steps are as short as that.
        self._between = np.linalg.pinv(self.free.T @ self._across)

    def _once(self, right: np.ndarray) -> np.ndarray:
        half = dtrtrs(self._factor, right, lower=1)[0]
        if self._halves.size:
            half = half - self._halves @ dpotrs(self._inner, self._halves.T @ half, lower=1)[0]
        return dtrtrs(self._factor, half, lower=1, trans=1)[0]
