"""A master problem with lam > 0 and few atoms as one with as many equations as atoms, whatever the number of points."""

from dataclasses import dataclass

import numpy as np
import scipy.linalg
from jaxtyping import Float
from scipy.linalg.lapack import dpstrf  # pyright: ignore[reportAttributeAccessIssue]

_RANK = 1e-14  # pivots below this share of a column's square are rounding errors


@dataclass(frozen=True)
class Squeezed:
    r"""The same problem seen from the span of its columns.

        min  sum |a| + 1/2 |A (a, c, -1)|^2,    A = [Phi, F, y] / sqrt(rho) = Q R

    depends on R alone, whose rows are as many as A has rank m, and the best dual vector (y - Phi a - F c) / rho is in
    the span: it is Q nu' / sqrt(rho). R is found from A^T A by a Cholesky factorisation with pivots, which takes less
    than one step of the interior point method at all points.

    Shapes: `columns` A (n, m), those that were pivots, over `size`; `factor` (m, m), the triangle of these.
    """

    programme: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
    """Atoms (m, p), free terms (m, q), values (m,) and rho (m,) for `master.solve`."""
    columns: Float[np.ndarray, "n m"]
    factor: Float[np.ndarray, "m m"]
    root: Float[np.ndarray, " n"]

    @classmethod
    def of(
        cls,
        atoms: Float[np.ndarray, "n p"],
        free: Float[np.ndarray, "n q"],
        values: Float[np.ndarray, " n"],
        rho: Float[np.ndarray, " n"],
    ) -> "Squeezed":
        """Of `master.solve`'s problem, rho > 0."""
        root = np.sqrt(rho)
        whole = np.column_stack([atoms, free, values]) / root[:, None]
        size = np.linalg.norm(whole, axis=0)
        whole /= np.where(size > 0, size, 1.0)
        upper, order, rank, _ = dpstrf(whole.T @ whole, tol=_RANK)
        triangle, order = np.triu(upper)[:rank], order - 1
        rows = np.zeros_like(triangle)
        rows[:, order] = triangle * size[order]
        p, q = atoms.shape[1], free.shape[1]
        parts = np.ascontiguousarray(rows[:, :p]), rows[:, p : p + q], rows[:, -1], np.ones(rank)
        return cls(parts, whole[:, order[:rank]], triangle[:, :rank], root)

    def dual(self, nu: Float[np.ndarray, " n"]) -> Float[np.ndarray, " m"]:
        """What there is of a dual vector in the span."""
        return scipy.linalg.solve_triangular(self.factor, self.columns.T @ (self.root * nu), trans=1)

    def original_dual(self, nu: Float[np.ndarray, " m"]) -> Float[np.ndarray, " n"]:
        """The dual vector at the points."""
        return self.columns @ scipy.linalg.solve_triangular(self.factor, nu) / self.root
