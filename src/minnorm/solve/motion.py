"""How atoms and their masses move together while no kink meets another point."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.linalg
from jaxtyping import Bool, Float

from minnorm.solve.reduction import Reduced

_PINNED = 1e-10  # distance from a point at which a kink goes through it


@dataclass(frozen=True)
class Motion:
    r"""The directions in which theta_k = a_k (w_k, b_k) may move, and what that does to the objective.

        sum_k |theta_k|    and, at the points,    sum_k sigma'_ki theta_k . (x_i, 1)

    Kinks through points, `pinned` (n, k), stay there. `lifted` (n, r + 1) are the points (x_i, 1), `moves` bases of
    what may be added to each theta_k, `counted` (r + 1,) is 1 for what costs, 0 for biases that do not.
    """

    lifted: Float[np.ndarray, "n s"]
    theta: Float[np.ndarray, "k s"]
    masses: Float[np.ndarray, " k"]
    pinned: Bool[np.ndarray, "n k"]
    slopes: Float[np.ndarray, "n k"]
    counted: Float[np.ndarray, " s"]

    @classmethod
    def of(
        cls,
        reduced: Reduced,
        lifted: Float[np.ndarray, "n s"],
        weights: Float[np.ndarray, "k r"],
        biases: Float[np.ndarray, " k"],
        masses: Float[np.ndarray, " k"],
    ) -> "Motion":
        """Of atoms of unit cost with masses, none of them 0."""
        atoms = np.column_stack([weights, biases])
        hidden = lifted @ atoms.T
        pinned = np.abs(hidden) <= _PINNED * np.linalg.norm(lifted, axis=1)[:, None]
        sigma = reduced.problem.penalty.activation
        slopes = np.where(hidden > 0, sigma.plus, -sigma.minus) * ~pinned
        counted = np.append(np.ones(weights.shape[1]), float(reduced.problem.penalty.biases_cost))
        return cls(lifted, masses[:, None] * atoms, masses, pinned, slopes, counted)

    @cached_property
    def moves(self) -> list[np.ndarray]:
        """For each atom an orthonormal basis, as columns, of how it may move."""
        return [_orthogonal(self.lifted[pins]) for pins in self.pinned.T]

    @cached_property
    def unknowns(self) -> int:
        """The number of all those directions."""
        return sum(move.shape[1] for move in self.moves)

    @property
    def columns(self) -> Float[np.ndarray, "n u"]:
        """What each direction changes at the points."""
        blocks = [(self.lifted * self.slopes[:, k : k + 1]) @ move for k, move in enumerate(self.moves)]
        return np.concatenate([np.zeros((len(self.lifted), 0)), *blocks], axis=1)

    @property
    def pulls(self) -> Float[np.ndarray, " u"]:
        """The slope of the cost along each direction."""
        parts = [move.T @ direction for move, (direction, _) in zip(self.moves, self._directions, strict=True)]
        return np.concatenate([np.zeros(0), *parts])

    @property
    def bends(self) -> list[np.ndarray]:
        """The second derivatives of the cost, atom by atom."""
        parts = zip(self.moves, self._directions, strict=True)
        return [move.T @ ((np.diag(self.counted) - np.outer(to, to)) / size) @ move for move, (to, size) in parts]

    @cached_property
    def _directions(self) -> list[tuple[np.ndarray, float]]:
        """Where the cost of each atom grows, and that cost."""
        counted = [self.counted * theta for theta in self.theta]
        return [(one / size, size) for one in counted if (size := float(np.linalg.norm(one)))]

    def moved(
        self, change: Float[np.ndarray, " u"], near: float
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, float, np.ndarray]:
        """(weights, biases, masses, share, live): a share of the step, to `near` of the way to the first point that a
        kink meets; `live` says which atoms have any cost left, and are there."""
        ends = np.cumsum([move.shape[1] for move in self.moves])
        parts = np.split(change, ends)
        turn = np.array([move @ part for move, part in zip(self.moves, parts[:-1], strict=True)])
        before = np.where(self.pinned, 0.0, self.lifted @ self.theta.T)
        rate = np.where(self.pinned, 0.0, self.lifted @ turn.T)
        reach = np.full(before.shape, np.inf)
        np.divide(-before, rate, out=reach, where=before * rate < 0)
        share = min(1.0, near * float(np.min(reach, initial=np.inf)))
        theta = self.theta + share * turn
        size = np.linalg.norm(theta * self.counted, axis=1)
        live = size > 0
        sign = np.sign(self.masses[live])
        unit = theta[live] / size[live, None] * sign[:, None]
        return unit[:, :-1], unit[:, -1], size[live] * sign, share, live


def _orthogonal(vectors: np.ndarray) -> np.ndarray:
    """An orthonormal basis, as columns, of what is orthogonal to the rows of `vectors`."""
    return scipy.linalg.null_space(vectors, rcond=1e-9) if len(vectors) else np.eye(vectors.shape[1])
