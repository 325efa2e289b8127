"""Newton's equations of the interior point that prices, to which atoms are added without factoring them again."""

import numpy as np
import scipy.linalg
from scipy.linalg.lapack import dpotrf, dpotrs  # pyright: ignore[reportAttributeAccessIssue]

from minnorm.solve.columns import Columns
from minnorm.solve.gram import Gram

_SINGULAR = (1e-15, 1e-12, 1e-9)  # of the mean eigenvalue: what is added to all, no more than it takes
_ACCURATE = 1e-9


class Newton:
    """A D A^T of the columns A, D = mass / slack, and the free terms' rows."""

    def __init__(
        self, columns: Columns, gram: Gram, free: np.ndarray, matrix: np.ndarray, *, finely: bool = False
    ) -> None:
        self.refinements, self.accurate = (20, 1e-13) if finely else (1, _ACCURATE)
        self.columns, self.free = columns, free
        self.ratio, self._factored = columns.mass / columns.slack, columns.size
        self._images = np.zeros((len(free), 0))
        self.sound = bool(np.all((columns.mass >= 0) & (columns.slack > 0)))  # but for rounding errors at the very end
        for share in (
            _SINGULAR if self.sound else ()
        ):  # columns that do not span all, as those of points on a grid, need more
            gram.product(columns.weights, columns.biases, self.ratio, matrix)
            matrix[np.diag_indices_from(matrix)] += share * np.trace(matrix) / len(matrix)
            self._factor, failed = dpotrf(matrix, lower=1, overwrite_a=1)
            self.sound = failed == 0 and bool(np.all(np.isfinite(np.diagonal(self._factor))))
            if self.sound:
                self._border()
                break

    def included(self) -> bool:
        """Columns that were added since, in the equations, by the matrix inversion lemma; False if that breaks down."""
        self.ratio = self.columns.mass / self.columns.slack
        more = self.columns.values[:, self._factored :]
        fresh = dpotrs(self._factor, more[:, self._images.shape[1] :], lower=1)[0]
        self._images = np.concatenate([self._images, fresh], axis=1)
        inner = more.T @ self._images
        inner[np.diag_indices_from(inner)] += 1 / self.ratio[self._factored :]
        self._inner, failed = dpotrf(inner, lower=1)
        if failed != 0 or not np.all(np.isfinite(np.diagonal(self._inner))):
            return False
        self._border()
        return True

    def solve(self, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(step, shift) with A D A^T step + F shift = right and F^T step = 0."""
        found = self._invert(right)
        shift = self._between @ (self.free.T @ found)
        return found - self._across @ shift, shift

    def _border(self) -> None:
        self._across = self._invert(self.free)
        self._between = scipy.linalg.inv(self.free.T @ self._across)

    def _invert(self, right: np.ndarray) -> np.ndarray:
        """The solution, improved where it misses: once, or by conjugate gradients."""
        found = self._once(right)
        left = right - self._product(found)
        wanted = self.accurate * np.max(np.abs(right))
        if np.max(np.abs(left)) <= wanted:
            return found
        better = self._once(left)
        if self.refinements == 1 or right.ndim == 2:
            return found + better
        best, error, along, slope = found + better, np.inf, better, float(left @ better)
        with np.errstate(over="ignore", invalid="ignore"):  # a singular system leads out of range, and is left
            for _ in range(self.refinements):
                image = self._product(along)
                bent = float(along @ image)
                if not (bent > 0 and slope > 0):
                    break
                found, left = found + slope / bent * along, left - slope / bent * image
                missed = np.max(np.abs(left))
                if missed < error:
                    best, error = found, missed
                if missed <= wanted:
                    break
                better = self._once(left)
                before, slope = slope, float(left @ better)
                along = better + slope / before * along
        return best

    def _product(self, x: np.ndarray) -> np.ndarray:
        values = self.columns.values
        return values @ ((self.ratio if x.ndim == 1 else self.ratio[:, None]) * (values.T @ x))

    def _once(self, right: np.ndarray) -> np.ndarray:
        found = dpotrs(self._factor, right, lower=1)[0]
        if self._images.size:
            more = self.columns.values[:, self._factored :]
            found = found - self._images @ dpotrs(self._inner, more.T @ found, lower=1)[0]
        return found
