"""Lifting the dual vector of a function on the line to the points that share its places."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from scipy.optimize import linprog
from scipy.sparse import csr_array

_NEAR = 1e-11  # of the extent: points that near to a line are on it
_ROUNDS, _ANGLES, _WAYS, _STEPS = 30, 45, 24, 4  # of cuts; directions in a quarter, and across; steps of ascent
_MOST = 40  # points in the programmes, which are dense
_CUT, _NEARLY = 1e-9, 0.02  # what an atom may exceed its bound by; from where on it may rise above it


@dataclass(frozen=True)
class Fibres:
    """Points by their place u = w . x: `places` (g,) increasing, `labels` (g,), and for each point its `group` (n,)."""

    places: Float[np.ndarray, " g"]
    labels: Float[np.ndarray, " g"]
    group: Int[np.ndarray, " n"]

    def on_first(self, dual: Float[np.ndarray, " g"]) -> Float[np.ndarray, " n"]:
        """The dual vector that has each entry on the first point of its fibre."""
        nu = np.zeros(self.group.size)
        nu[np.unique(self.group, return_index=True)[1]] = dual
        return nu

    def evenly(self, dual: Float[np.ndarray, " g"]) -> Float[np.ndarray, " n"]:
        """The dual vector that divides each entry evenly among the points of its fibre."""
        return (dual / np.bincount(self.group))[self.group]


def lifted_dual(
    groups: Fibres,
    across: Float[np.ndarray, "n k"],
    dual: Float[np.ndarray, " g"],
    *,
    penalised: bool = False,
    orthogonal: bool = False,
) -> Float[np.ndarray, " n"]:
    r"""A dual vector of the points with the sums `dual` on the fibres, that is feasible where one is found.

        sum over fibre u of nu_i = dual_u,      |sum_i nu_i relu(w . x_i + b)| <= |w| - delta |w_across|^2 / |w|

    If a line of points along the direction meets all fibres on which `dual` is not zero, its dual is one of the data.
    Else, for free biases, delta is made as large as possible by linear programmes, with atoms that are added where they
    are violated; at most 40 points get entries then, those nearest to a line. For penalised biases, and more than 20
    fibres, entries are divided such that the fibres' means agree, with as little spread as possible, or else evenly.

    Arguments: `groups`; `across` (n, k), coordinates orthogonal to the direction; `dual` (g,); `penalised` biases, for
    which only the line through the origin will do; `orthogonal` to the coordinates, which a free skip term asks for.
    Nothing is promised: `verify` judges the result.

    >>> groups = Fibres(np.array([-1.0, 0.0, 1.0]), np.array([1.0, 0.0, 1.0]), np.array([0, 0, 1, 1, 2, 2]))
    >>> nu = lifted_dual(groups, np.array([[1.0], [-1], [0], [2], [1], [-1]]), np.array([1.0, -2.0, 1.0]))
    >>> np.bincount(groups.group, nu).round(9)
    array([ 1., -2.,  1.])
    """
    on_lines = _on_lines(groups, across, dual, penalised=penalised, every=orthogonal)
    if on_lines is not None:
        return on_lines
    chosen = None if penalised else _nearest(groups, across, dual)
    if chosen is not None:
        numbers, group = np.unique(groups.group[chosen], return_inverse=True)
        few = Fibres(groups.places[numbers], groups.labels[numbers], group)
        found = _by_cuts(few, across[chosen], dual[numbers], orthogonal=orthogonal)
        if found is not None:
            nu = np.zeros(groups.group.size)
            nu[chosen] = found
            return nu
    heard = np.flatnonzero(dual)
    used = np.flatnonzero(np.isin(groups.group, heard))
    weights = _with_common_mean(np.searchsorted(heard, groups.group[used]), across[used], penalised=penalised)
    if weights is None:
        return groups.evenly(dual)
    nu = np.zeros(groups.group.size)
    nu[used] = dual[groups.group[used]] * weights
    return nu


def _on_lines(
    groups: Fibres, across: np.ndarray, dual: np.ndarray, *, penalised: bool, every: bool
) -> np.ndarray | None:
    """The dual on a line of points that meets all fibres with an entry, or its mean over `every` one; None if none."""
    heard = np.flatnonzero(dual)
    used = np.flatnonzero(np.isin(groups.group, heard))
    near = _NEAR * float(np.max(np.abs(across)))
    meeting = []
    for target in np.zeros((1, across.shape[1])) if penalised else across[groups.group == heard[:1]]:
        on = used[np.linalg.norm(across[used] - target, axis=1) <= near]
        on = on[np.unique(groups.group[on], return_index=True)[1]]
        if on.size == heard.size:
            meeting.append(on)
    if not meeting:
        return None
    # A vector that has to be orthogonal to x pays for the rounding errors of points on a single line.
    chosen = np.concatenate(meeting if every else meeting[:1])
    nu = np.zeros(groups.group.size)
    np.add.at(nu, chosen, dual[groups.group[chosen]] * (heard.size / chosen.size))
    return nu


def _nearest(groups: Fibres, across: np.ndarray, dual: np.ndarray) -> np.ndarray | None:
    """All points if they are few, else some of each fibre with an entry, near the mean; None if two each are many."""
    n = groups.group.size
    if n <= _MOST:
        return np.arange(n)
    each = _MOST // max(1, np.count_nonzero(dual))
    if each < 2:
        return None
    order = np.argsort(np.linalg.norm(across - across.mean(axis=0), axis=1), kind="stable")
    fibres = [order[groups.group[order] == k][:each] for k in np.flatnonzero(dual)]
    return np.sort(np.concatenate(fibres))


def _by_cuts(groups: Fibres, across: np.ndarray, dual: np.ndarray, *, orthogonal: bool) -> np.ndarray | None:
    """The vector of largest delta over atoms with kinks at points; None if a programme fails."""
    n = groups.group.size
    place = groups.places[groups.group]
    z = np.column_stack([place - place.mean(), _spread(across)])
    unit = float(np.max(np.abs(z)))  # tolerances of programmes are absolute
    z, dual = z / unit, dual * unit
    directions = _grid(z.shape[1])
    sums = np.zeros((groups.places.size, n + 1))
    sums[groups.group, np.arange(n)] = 1.0
    equal, level = [sums], [dual]
    if orthogonal:
        equal.append(np.column_stack([z[:, 1:].T, np.zeros(z.shape[1] - 1)]))
        level.append(np.zeros(z.shape[1] - 1))
    nu, delta = groups.evenly(dual), 1.0
    rows, slack = np.zeros((0, n)), np.zeros(0)
    for _ in range(_ROUNDS):
        sign, w, kink = _violated(z, nu, delta, directions)
        if sign.size == 0:
            break
        rows = np.concatenate([rows, sign[:, None] * np.maximum(w @ z.T - np.sum(w * z[kink], axis=1)[:, None], 0)])
        slack = np.concatenate([slack, np.sum(w[:, 1:] ** 2, axis=1)])
        solved = linprog(
            np.append(np.zeros(n), -1.0),
            A_ub=np.column_stack([rows, slack]),
            b_ub=np.ones(len(rows)),
            A_eq=np.concatenate(equal),
            b_eq=np.concatenate(level),
            bounds=[(None, None)] * n + [(None, 1.0)],
            method="highs",
        )
        if solved.x is None or solved.status != 0:
            return None
        nu, delta = solved.x[:n], float(solved.x[n])
    return (nu + groups.evenly(dual - np.bincount(groups.group, nu))) / unit


def _spread(across: np.ndarray) -> np.ndarray:
    """The same coordinates about their mean, along the axes in which they spread."""
    moved = across - across.mean(axis=0)
    _, singular, axes = np.linalg.svd(moved, full_matrices=False)
    return moved @ axes[singular > _NEAR * singular[0]].T


def _grid(dim: int) -> np.ndarray:
    """Unit vectors (m, dim): all around in the plane, and on circles through the first axis otherwise."""
    angle = np.linspace(0, 2 * np.pi, 4 * _ANGLES if dim == 2 else 24, endpoint=False)
    ways = np.eye(dim - 1)
    if dim > 2:
        more = np.random.default_rng(0).normal(size=(_WAYS, dim - 1))
        ways = np.concatenate([ways, more / np.linalg.norm(more, axis=1, keepdims=True)])
    circle = [np.column_stack([np.cos(angle), np.sin(angle)[:, None] * way]) for way in ways]
    return np.concatenate(circle)


def _violated(
    z: np.ndarray, nu: np.ndarray, delta: float, directions: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Signs, directions and kinks of atoms beyond their bound, each the largest in the cell of its active points."""
    found: dict[tuple, tuple[float, np.ndarray, int]] = {}
    for start in directions:
        for sign in (1.0, -1.0):
            w, excess, kink = start, *_peak(z, sign * nu, start, delta)
            for _ in range(_STEPS):
                if excess <= -_NEARLY:
                    break
                active = (z - z[kink]) @ w > 0
                pull = sign * nu[active] @ (z[active] - z[kink])
                size = float(np.linalg.norm(pull))
                if size == 0:
                    break
                more, other = _peak(z, sign * nu, pull / size, delta)
                if more <= excess:
                    break
                w, excess, kink = pull / size, more, other
            if excess > _CUT:
                found[(sign, kink, *w.round(7).tolist())] = (sign, w, kink)
    if not found:
        return np.zeros(0), np.zeros((0, z.shape[1])), np.zeros(0, dtype=np.int64)
    signs, ways, kinks = zip(*found.values(), strict=True)
    return np.array(signs), np.stack(ways), np.array(kinks)


def _peak(z: np.ndarray, nu: np.ndarray, w: np.ndarray, delta: float) -> tuple[float, int]:
    """By how much h exceeds its bound at the best kink for w, and that kink."""
    place = z @ w
    h = np.maximum(place - place[:, None], 0) @ nu
    kink = int(np.argmax(h))
    return float(h[kink]) - 1 + delta * float(w[1:] @ w[1:]), kink


def _with_common_mean(
    row: Int[np.ndarray, " m"], across: Float[np.ndarray, "m k"], *, penalised: bool
) -> Float[np.ndarray, " m"] | None:
    """Weights (m,) >= 0 that sum to 1 on each fibre `row`, with a common mean, 0 if penalised; None if none do."""
    (m, k), g = across.shape, int(row.max()) + 1
    if m == g:  # one point each, and not on a line
        return None
    free = 0 if penalised else k
    points, fibres = np.arange(m), np.arange(g)
    # One row for each fibre, the sum of its weights; one for each coordinate and fibre, its mean less the common one.
    entries = [(np.ones(m), row, points)]
    for c in range(k):
        entries.append((across[:, c], g * (c + 1) + row, points))
        entries += [(np.full(g, -1.0), g * (c + 1) + fibres, np.full(g, m + c))] * (free > 0)
    values, rows, columns = (np.concatenate(part) for part in zip(*entries, strict=True))
    about = np.zeros(k) if penalised else across.mean(axis=0)
    found = linprog(
        np.append(np.sum((across - about) ** 2, axis=1), np.zeros(free)),
        A_eq=csr_array((values, (rows, columns)), shape=(g * (k + 1), m + free)),
        b_eq=np.concatenate([np.ones(g), np.zeros(g * k)]),
        bounds=[(0, None)] * m + [(None, None)] * free,
        method="highs",
    )
    return None if found.x is None or found.status != 0 else found.x[:m]
