"""The least objective of a small problem by Clarabel over a growing dictionary, with every face of every arrangement.

    minimise  loss(f) + lam sum |a_k|      f = Phi a + C c       (columns of Phi: atoms of norm 1; of C: free terms)

The largest |h(u)| over unit u is found on the faces of the arrangement of the points' hyperplanes, where h is linear:
all of them are listed once, by representatives, for up to a dozen points in up to four dimensions. So the dictionary
grows until no atom is missing, and both the value, of a network, and the supremum that is left are the problem's own.
"""

import itertools
from dataclasses import dataclass

import clarabel
import numpy as np
import scipy.sparse as sp

ROUNDS, CLOSED = 60, 1e-8
NUDGES, FLAT = (0.0, 1e-4, 1e-6, 1e-8), 1e-9  # each far below the one before, for wedges may be thin
FIRST, MORE = 30, 6  # atoms of each family to begin with, and at most in each round


@dataclass(frozen=True)
class Faces:
    """All faces of an arrangement: where h is active on each, and the projector onto its span."""

    z: np.ndarray
    active: np.ndarray
    projectors: np.ndarray
    span: np.ndarray

    @staticmethod
    def of(z: np.ndarray) -> "Faces":
        """All faces of the hyperplanes u . z_i = 0."""
        dim = z.shape[1]
        size = np.linalg.norm(z, axis=1)
        some = size > FLAT * max(np.max(size), 1e-300)
        normals = z[some] / size[some, None]
        if len(normals):
            largest = normals[np.arange(len(normals)), np.argmax(np.abs(normals), axis=1)]
            normals *= np.sign(largest)[:, None]  # opposite ones are one hyperplane
            normals = normals[np.unique(np.round(normals, 9), axis=0, return_index=True)[1]]
        bases, points = {}, {}
        for size in range(min(dim - 1, len(normals)), -1, -1):
            for chosen in itertools.combinations(range(len(normals)), size):
                q = np.linalg.svd(normals[list(chosen)])[2][size:] if size else np.eye(dim)
                if size and np.linalg.matrix_rank(normals[list(chosen)], tol=1e-8) < size:
                    continue
                bases[chosen] = q.T @ q
                found = [np.vstack([q, -q])] if dim - size == 1 else [q[:1], -q[:1]]
                for j in range(len(normals)) if dim - size > 1 else ():
                    inner = points.get(tuple(sorted({*chosen, j}))) if j not in chosen else None
                    if inner is not None:
                        aside = bases[chosen] @ normals[j]
                        aside /= np.linalg.norm(aside)  # hyperplanes that almost agree are apart, too
                        nudge = NUDGES[dim - size - 1] * aside
                        found += [inner + nudge, inner - nudge]
                rows = np.concatenate(found)
                signs = np.sign(np.round(rows @ normals.T, 10)) if len(normals) else np.zeros((len(rows), 1))
                points[chosen] = rows[np.unique(signs, axis=0, return_index=True)[1]]
        where = np.concatenate(list(points.values()))
        span = np.repeat(np.arange(len(points)), [len(rows) for rows in points.values()])
        return Faces(z, (where @ z.T > FLAT * np.max(np.abs(z))).astype(float), np.array(list(bases.values())), span)

    def best(self, nu: np.ndarray, count: int) -> tuple[float, np.ndarray]:
        """sup |h| over unit u, and atoms (n, k) of the largest |h|."""
        slopes = (self.active * nu) @ self.z
        u = np.einsum("fij,fj->fi", self.projectors[self.span], slopes)
        length = np.linalg.norm(u, axis=1)
        u = u[length > 1e-10 * max(np.max(length), 1e-300)]
        u /= np.linalg.norm(u, axis=1, keepdims=True)
        u = np.concatenate([u, -u])
        atoms = np.maximum(u @ self.z.T, 0).T
        h = np.abs(nu @ atoms)
        order = np.argsort(-h)[: 20 * count]
        kept: list[int] = []
        for k in order:  # not the same one twice
            if all(np.max(np.abs(u[k] - u[j])) > 1e-6 for j in kept):
                kept.append(int(k))
            if len(kept) == count:
                break
        return float(np.max(h, initial=0.0)), atoms[:, kept]


class Programme:
    """A cone programme, put together block by block: rows, right sides and cones, and costs of blocks of unknowns."""

    def __init__(self) -> None:
        self.width, self.linear, self.square = 0, [], []
        self.rows, self.right, self.cones, self.places = [], [], [], []

    def unknowns(self, count: int, cost=0.0, square=0.0) -> slice:
        """So many more, with a cost c x + s x^2 / 2 each."""
        self.linear.append(np.broadcast_to(cost, count))
        self.square.append(np.broadcast_to(square, count))
        self.width += count
        return slice(self.width - count, self.width)

    def within(self, cone, right: np.ndarray, *terms) -> None:
        """right - sum matrix x[block] in a cone; rows of cones of three are in their order."""
        self.rows.append(terms)
        self.right.append(right)
        self.cones += cone if isinstance(cone, list) else [cone(len(right))]

    def solve(self, tight: float) -> tuple[str, float, np.ndarray, np.ndarray]:
        """Status, value, unknowns and multipliers."""
        blocks = []
        for terms, right in zip(self.rows, self.right, strict=True):
            row = np.zeros((len(right), self.width))
            for block, matrix in terms:
                row[:, block] = matrix
            blocks.append(row)
        settings = clarabel.DefaultSettings()
        settings.verbose = False
        settings.tol_gap_abs, settings.tol_gap_rel, settings.tol_feas = 1e-13, tight, tight
        found = clarabel.DefaultSolver(
            sp.csc_matrix(sp.diags(np.concatenate(self.square))),
            np.concatenate(self.linear),
            sp.csc_matrix(np.concatenate(blocks)),
            np.concatenate(self.right),
            self.cones,
            settings,
        ).solve()
        return str(found.status), float(found.obj_val), np.array(found.x), np.array(found.z)


def pay(lp: Programme, f: slice, word: str, number: float, y: np.ndarray, w: np.ndarray) -> None:
    """Make unknown values f pay sum w loss(y, f)."""
    n, eye = len(y), np.eye(len(y))
    zero, positive = clarabel.ZeroConeT, clarabel.NonnegativeConeT
    sign = np.diag(y)
    if word == "margin":
        lp.within(positive, -np.ones(n), (f, -sign))
    elif word == "tolerance":
        lp.within(positive, y + number, (f, eye))
        lp.within(positive, number - y, (f, -eye))
    elif word in ("hinge", "squared_hinge"):
        short = lp.unknowns(n, *((w, 0.0) if word == "hinge" else (0.0, w)))
        lp.within(positive, -np.ones(n), (f, -sign), (short, -eye))
        lp.within(positive, np.zeros(n), (short, -eye))
    elif word == "logistic":
        t, first, second = lp.unknowns(n, w), lp.unknowns(n), lp.unknowns(n)
        lp.within(positive, np.ones(n), (first, eye), (second, eye))
        spread = np.zeros((3, 3 * n, n))
        for k in range(3):
            spread[k, np.arange(k, 3 * n, 3), np.arange(n)] = 1
        ones = np.tile([0.0, 1.0, 0.0], n)
        exponential = [clarabel.ExponentialConeT() for _ in range(n)]
        lp.within(exponential, ones, (t, spread[0]), (first, -spread[2]))
        lp.within(exponential, ones, (t, spread[0]), (f, spread[0] @ sign), (second, -spread[2]))
    elif word == "squared":
        lp.within(zero, y, (f, eye), (lp.unknowns(n, 0.0, w), -eye))
    else:
        up, down = {"quantile": (1 - number, number), "huber": (number, number)}.get(word, (1.0, 1.0))
        above, below = lp.unknowns(n, w * up), lp.unknowns(n, w * down)
        lp.within(positive, np.zeros(n), (above, -eye))
        lp.within(positive, np.zeros(n), (below, -eye))
        terms = [(f, eye), (above, -eye), (below, eye)]
        if word == "huber":
            terms.append((lp.unknowns(n, 0.0, w), -eye))
        if word == "insensitive":
            free = lp.unknowns(n)
            terms.append((free, -eye))
            lp.within(positive, np.full(n, number), (free, eye))
            lp.within(positive, np.full(n, number), (free, -eye))
        lp.within(zero, y, *terms)


def master(word, number, y, p, weight, atoms, columns) -> tuple[bool, float, np.ndarray, np.ndarray]:
    """Whether it was solved, the value, the dual vector and the masses of a dictionary."""
    lp, n, k = Programme(), len(y), atoms.shape[1]
    up, down, free = lp.unknowns(k, weight), lp.unknowns(k, weight), lp.unknowns(columns.shape[1])
    f = lp.unknowns(n)
    lp.within(clarabel.ZeroConeT, np.zeros(n), (f, np.eye(n)), (up, -atoms), (down, atoms), (free, -columns))
    lp.within(clarabel.NonnegativeConeT, np.zeros(k), (up, -np.eye(k)))
    lp.within(clarabel.NonnegativeConeT, np.zeros(k), (down, -np.eye(k)))
    pay(lp, f, word, number, y, p / p.sum())
    for tight in (1e-11, 1e-9):
        status, value, x, z = lp.solve(tight)
        if "Solved" in status and "Almost" not in status:
            break
    return "Solved" in status, value, z[:n], x[up] - x[down]


def least(word: str, number: float, x, y, p, lam: float, penalty, rng) -> tuple[float, float]:
    """The value of a network that is found, and the largest |h| that is left, relative to its limit."""
    live = p > 0
    x, y, p = x[live], y[live], p[live]
    free_biases = penalty.bias == "free"
    moved = x - x.mean(axis=0) if free_biases else x
    _, s, v = np.linalg.svd(moved, full_matrices=False)
    rank = max(int(np.sum(s > 1e-11 * max(s[0], 1e-300))), 1)
    moved = moved @ v[:rank].T
    radius = (np.sqrt(np.mean(np.sum(moved**2, axis=1))) or 1.0) if free_biases else 1.0
    moved, weight = moved / radius, (lam or 1.0) / radius
    free = [np.ones((len(y), 1))] if free_biases or penalty.offset == "free" else []
    free += [moved] if penalty.skip == "free" else []
    columns = np.column_stack(free) if free else np.zeros((len(y), 0))
    size = np.linalg.norm(columns, axis=0)
    columns = columns[:, size > 0] / size[size > 0]
    if free_biases:
        families = [Faces.of(moved - point) for point in np.unique(moved, axis=0)]
    else:
        families = [Faces.of(np.column_stack([moved, np.ones(len(y))]))]
    drawn = [rng.normal(size=(FIRST, faces.z.shape[1])) for faces in families]
    atoms = np.column_stack(
        [
            np.maximum(faces.z @ (u / np.linalg.norm(u, axis=1, keepdims=True)).T, 0)
            for faces, u in zip(families, drawn, strict=True)
        ]
    )
    best, left = np.inf, np.inf
    for _ in range(ROUNDS):
        solved, value, nu, masses = master(word, number, y, p, weight, atoms, columns)
        if not solved:
            break
        best = min(best, value)
        found = [faces.best(nu, MORE) for faces in families]
        left = max(most for most, _ in found) / weight
        if left <= 1 + CLOSED:
            break
        kept = np.abs(nu @ atoms) > weight * 0.7 if atoms.shape[1] > 40 * len(y) else np.ones(atoms.shape[1], bool)
        kept |= np.abs(masses) > 1e-9 * np.max(np.abs(masses), initial=0.0)
        fresh = [more[:, np.abs(nu @ more) > weight * (1 + 0.1 * (left - 1))] for _, more in found]
        atoms = np.column_stack([atoms[:, kept], *fresh])
    return best, left
