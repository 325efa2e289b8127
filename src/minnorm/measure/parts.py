"""A network as a sum of functions of the columns that its neurons read: what each column, or pair of them, adds."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from jaxtyping import Float

from minnorm.checks import check_points
from minnorm.network import ShallowReLU, as_network
from minnorm.objective.data import check_weights


@dataclass(frozen=True)
class Part:
    """A function of some of the columns, which has mean 0 over the data, and its standard deviation there."""

    columns: tuple[int, ...]
    network: ShallowReLU
    importance: float

    def __call__(self, points: npt.ArrayLike) -> Float[np.ndarray, " n"]:
        """Its values at points (n, d); other columns than its own do not matter."""
        return self.network.evaluate(points)


@dataclass(frozen=True)
class Parts:
    r"""f(x) = constant + sum over parts g_S(x_S), the most important first; to be iterated, or asked by columns.

    >>> import minnorm as mn
    >>> X = np.random.default_rng(0).normal(size=(30, 3))
    >>> sol = mn.fit(X, np.abs(X[:, 0]) + X[:, 1] / 2, 1e-3, penalty=mn.PathNorm(inputs=1))
    >>> parts = sol.parts(X)
    >>> [part.columns for part in parts][:2]
    [(0,), (1,)]
    >>> bool(np.allclose(parts.constant + parts.at(X).sum(axis=1), sol(X)))
    True
    """

    constant: float
    parts: tuple[Part, ...]

    def __iter__(self) -> Iterator[Part]:
        return iter(self.parts)

    def __len__(self) -> int:
        return len(self.parts)

    def at(self, points: npt.ArrayLike) -> Float[np.ndarray, "n p"]:
        """The values of all parts at points (n, d), a column for each."""
        x = check_points(points)
        return np.stack([part(x) for part in self], axis=1) if self.parts else np.zeros((len(x), 0))

    def of(self, *columns: int) -> Part:
        """The part of just these columns; ValueError if there is none."""
        for part in self:
            if part.columns == tuple(sorted(columns)):
                return part
        raise ValueError(f"columns are {columns}; there are parts of {[part.columns for part in self]}")


def parts(network: ShallowReLU, X: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None) -> Parts:
    r"""The network as a constant and a function for each set of columns that some neuron reads, and no other.

        f(x) = c + sum_S g_S(x_S),    sum_i p_i g_S(x_i) = 0,    importance = (sum_i p_i g_S(x_i)^2 / S)^(1/2)

    A neuron belongs to the set of the columns of its weights that are not 0, and v_j x_j to column j. The sum is f
    but for rounding. What is linear in a pair of columns may be in their part or in that of one: the split is that of
    the neurons, and no other is looked for.

    Arguments: `network`; `X` (n, d), the data over which parts are centred; `sample_weight` p (n,), 1 by default.
    Returns `Parts`. Errors: ValueError for points of another dimension.

    Source: Hastie & Tibshirani (1990), *Generalized Additive Models*, for shape functions.
    """
    net = as_network(network).to_numpy()
    x = check_points(X, "X")
    if x.shape[1] != net.dim:
        raise ValueError(f"X has {x.shape[1]} columns and the network takes {net.dim}; they must agree")
    p = check_weights(sample_weight, len(x))
    reads = np.asarray(net.inner_weights) != 0
    slope = np.zeros(net.dim) if net.skip is None else np.asarray(net.skip)
    keys = {tuple(np.flatnonzero(row).tolist()) for row in reads} | {(int(j),) for j in np.flatnonzero(slope)}
    constant, found = float(net.offset), []
    for columns in sorted(keys):
        mine = np.all(reads == np.isin(np.arange(net.dim), columns), axis=1)
        tilt = np.where(np.arange(net.dim) == columns[0], slope, 0.0) if len(columns) == 1 else np.zeros(net.dim)
        part = replace(
            net,
            inner_weights=net.inner_weights[mine],
            biases=net.biases[mine],
            outer_weights=net.outer_weights[mine],
            offset=np.asarray(0.0),
            skip=tilt if np.any(tilt) else None,
        )
        values = part.evaluate(x)
        mean = float(p @ values) / float(np.sum(p))
        constant += mean
        if columns:
            size = float(np.sqrt(p @ (values - mean) ** 2 / np.sum(p)))
            found.append(Part(columns, replace(part, offset=np.asarray(-mean)), size))
    return Parts(constant, tuple(sorted(found, key=lambda part: -part.importance)))
