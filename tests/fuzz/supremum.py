r"""sup |g| over unit u for g(u) = sum_j nu_j relu(u . z_j), in integers, by all faces of the arrangement.

    2 g(u) = l . u + sum_j m_j |u . z_j|,      l = sum_j nu_j z_j

with one z_j, without common factors, for all that span the same line. On a face with signs s (0 where u . z_j = 0) it
is v . u with v = l + sum_j s_j m_j z_j, so its extremes inside are at +-P v, P the projection off the z_j of sign 0.
The maximum over the sphere is inside some face, and g is evaluated at every candidate: no decision, only a candidate
that is missing, could make the result wrong, and then too small.

Each face has a ray on its boundary, orthogonal to p - 1 of the z_j if they span p dimensions. Where it is orthogonal to
just these, every choice of their signs is a face; where more meet in it, the faces around it are those of the
arrangement that they form, found in the same way. All signs are those of integers.
"""

from itertools import combinations, product
from math import gcd

import mpmath
import numpy as np

DIGITS = 60
_KEPT = 400  # bits of a candidate: a rounding moves it by nothing that 60 digits could see
_ZERO = mpmath.mpf(0)
_CLOSE = 1e-9  # candidates this near to the largest, by correctly rounded values, are compared in 60 digits

_bits = np.frompyfunc(lambda number: number.bit_length(), 1, 1)
_sign = np.frompyfunc(lambda number: (number > 0) - (number < 0), 1, 1)


def integers(array) -> tuple[np.ndarray, int]:
    """Python integers and e with array = integers * 2^-e, exactly."""
    mantissa, exponent = np.frexp(np.asarray(array, dtype=np.float64))
    live = exponent[mantissa != 0]
    least = int(live.min()) - 53 if live.size else 0
    whole = np.ldexp(mantissa, 53).astype(np.int64).astype(object)
    return whole << np.where(mantissa != 0, exponent - 53 - least, 0).astype(object), -least


def supremum(z: np.ndarray, nu: np.ndarray, least: mpmath.mpf = _ZERO) -> tuple[mpmath.mpf, np.ndarray]:
    """sup |g| over unit u, for integers z (n, k) and nu (n,), and a vector u (k,) at which it is attained.

    Only what is larger than `least` is looked for: that and u = 0 are returned where there is nothing.
    """
    best = _Best(z, nu, 2 * least)
    z, weights = best.z, best.weights
    if len(z) == 0:
        best.judge(best.linear[None], np.zeros((1, 0, z.shape[1]), dtype=object))
        return best.value / 2, best.where
    normals = complement(z)
    rank = z.shape[1] - len(normals)
    pins = _subsets(len(z), rank - 1)
    rays = _crossed(z[pins], normals)
    heights = rays @ z.T
    signs = _sign(heights).astype(np.int8)
    exists = np.any(rays != 0, axis=1)
    simple = exists & (np.sum(signs == 0, axis=1) == rank - 1)
    best.note(rays[exists])
    outside = z * weights[:, None]
    for chosen in product((-1, 0, 1), repeat=rank - 1):
        if not any(chosen) and not len(normals):
            continue  # the ray itself; where the z_j do not span all, h need not be largest in their span
        sums = signs[simple].astype(object) @ outside
        for m, sign in enumerate(chosen):
            sums = sums + sign * outside[pins[simple, m]]
        zeros = [m for m, sign in enumerate(chosen) if sign == 0]
        best.both(sums, z[pins[simple][:, zeros]])
    many: dict[int, list[tuple[np.ndarray, np.ndarray]]] = {}
    for face in _around(z, normals, rays, signs, exists & ~simple):
        flat = independent(z[face == 0])
        many.setdefault(len(flat), []).append((face.astype(object) @ outside, flat))
    for size, found in many.items():
        flats = np.array([flat for _, flat in found], dtype=object).reshape(len(found), size, z.shape[1])
        best.both(np.array([sums for sums, _ in found], dtype=object), flats)
    if len(normals):  # where u is orthogonal to all z, g is linear
        best.judge(best.linear[None], independent(z)[None])
    return best.value / 2, best.where


class _Best:
    """The problem with one z for each line, and the largest |2 g| so far."""

    def __init__(self, z: np.ndarray, nu: np.ndarray, least: mpmath.mpf):
        lines: dict[tuple[int, ...], int] = {}
        self.linear = nu @ z if len(z) else np.zeros(z.shape[1], dtype=object)
        for row, weight in zip(z.tolist(), nu.tolist(), strict=True):
            factor = gcd(*row)
            if factor and weight:
                first = next(number for number in row if number)
                row = tuple(number // (factor if first > 0 else -factor) for number in row)
                lines[row] = lines.get(row, 0) + weight * factor
        kept = [(row, weight) for row, weight in lines.items() if weight]
        self.z = np.array([row for row, _ in kept], dtype=object).reshape(-1, z.shape[1])
        self.weights = np.array([weight for _, weight in kept], dtype=object)
        self.where = np.zeros(z.shape[1], dtype=object)
        sizes = [int(_bits(np.abs(part)).max(initial=0)) for part in (nu, z)]
        self.shift = max(0, sum(sizes) + 2 * len(z).bit_length() + _KEPT - 1000)  # float64 ends at 2^1024
        self.value, self.rough = least, float(least / mpmath.mpf(2) ** self.shift)

    def both(self, sums: np.ndarray, flats: np.ndarray) -> None:
        """Candidates on faces with these sums of s_j m_j z_j, and on the opposite ones."""
        self.judge(self.linear + sums, flats)
        self.judge(self.linear - sums, flats)

    def judge(self, v: np.ndarray, flats: np.ndarray) -> None:
        """Candidates v (c, k) projected off flats (c, q, k), if their |P v| is not below the best."""
        u = trimmed(v)
        seen: list[np.ndarray] = []
        for m in range(flats.shape[1]):
            w = flats[:, m]
            for other in seen:
                w = _off(w, other)
            seen.append(w)
        for w in seen:
            u = _off(u, w)
        live = np.any(u != 0, axis=1)
        u, v = u[live], v[live]
        claimed = self._floats(np.sum(u * v, axis=1)) / _lengths(u)
        self.note(u[np.abs(claimed) >= self.rough * (1 - _CLOSE)])

    def note(self, u: np.ndarray) -> None:
        """Take in |2 g(u)| / |u| at u (c, k), not 0."""
        if len(u) == 0:
            return
        u = trimmed(u)
        heights = np.abs(u @ self.z.T)
        total = heights @ self.weights if len(self.z) else 0
        numbers = np.concatenate([u @ self.linear + total, total - u @ self.linear])
        rough = np.abs(self._floats(numbers)) / np.tile(_lengths(u), 2)
        self.rough = max(self.rough, float(rough.max()))
        with mpmath.workdps(DIGITS + 10):
            for k in np.flatnonzero(rough >= self.rough * (1 - 1e-12))[:64].tolist():
                row = u[k % len(u)]
                value = abs(mpmath.mpf(int(numbers[k]))) / mpmath.sqrt(mpmath.mpf(int(row @ row)))
                if value > self.value:
                    self.value, self.where = value, row if k < len(u) else -row

    def _floats(self, numbers: np.ndarray) -> np.ndarray:
        """Integers over 2^shift, rounded."""
        return (numbers >> self.shift).astype(np.float64) if self.shift else numbers.astype(np.float64)


def _subsets(n: int, size: int) -> np.ndarray:
    sets = list(combinations(range(n), size))
    return np.array(sets, dtype=int).reshape(len(sets), size)


def trimmed(u: np.ndarray) -> np.ndarray:
    """Rows over powers of two, so that none has more than `_KEPT` bits."""
    if u.size == 0:
        return u
    return u >> np.maximum(_bits(np.abs(u)).max(axis=1) - _KEPT, 0)[:, None]


def _lengths(u: np.ndarray) -> np.ndarray:
    return np.sqrt(np.sum(u * u, axis=1).astype(np.float64))


def _off(u: np.ndarray, w: np.ndarray) -> np.ndarray:
    """u without its part along w, times |w|^2."""
    return trimmed(np.sum(w * w, axis=1)[:, None] * u - np.sum(w * u, axis=1)[:, None] * w)


def _crossed(rows: np.ndarray, normals: np.ndarray) -> np.ndarray:
    """Vectors (c, k) orthogonal to rows (c, q, k) and normals (k - 1 - q, k); 0 where these depend on each other."""
    count, _, k = rows.shape
    rows = np.concatenate([rows, np.broadcast_to(normals, (count, *normals.shape))], axis=1)
    minors = [(-1) ** m * _determinant(np.delete(rows, m, axis=2)) for m in range(k)]
    return np.stack(minors, axis=1)


def _determinant(a: np.ndarray) -> np.ndarray:
    """Of each matrix (c, q, q)."""
    count, q, _ = a.shape
    if q == 0:
        return np.full(count, 1, dtype=object)
    if q == 1:
        return a[:, 0, 0]
    return sum((-1) ** m * a[:, 0, m] * _determinant(np.delete(a[:, 1:], m, axis=2)) for m in range(q))


def independent(vectors: np.ndarray) -> np.ndarray:
    """The first vectors that span all."""
    kept: list[np.ndarray] = []
    reduced: list[np.ndarray] = []
    for vector in vectors:
        rest = vector
        for other in reduced:
            rest = (other @ other) * rest - (other @ rest) * other
            rest = rest // (gcd(*rest.tolist()) or 1)
        if np.any(rest != 0):
            kept.append(vector)
            reduced.append(rest)
    return np.array(kept, dtype=object).reshape(len(kept), vectors.shape[1])


def complement(vectors: np.ndarray) -> np.ndarray:
    """Integer vectors that span all that is orthogonal to the given ones."""
    k = vectors.shape[1]
    base = independent(vectors)
    every = independent(
        np.concatenate([base, np.array([[int(i == j) for j in range(k)] for i in range(k)], dtype=object)])
    )
    reduced: list[np.ndarray] = []
    for vector in every:
        for other in reduced:
            vector = (other @ other) * vector - (other @ vector) * other
            vector = vector // (gcd(*vector.tolist()) or 1)
        reduced.append(vector)
    return np.array(reduced[len(base) :], dtype=object).reshape(-1, k)


def _around(z, normals, rays, signs, crowded) -> list[np.ndarray]:
    """Signs (n,) of all faces around rays in which more hyperplanes meet than must, up to the sign of all."""
    faces: dict[bytes, np.ndarray] = {}
    seen: set[bytes] = set()
    for row in np.flatnonzero(crowded):
        zero = signs[row] == 0
        if zero.tobytes() in seen:
            continue
        seen.add(zero.tobytes())
        for local in sign_vectors(z[zero], np.concatenate([normals, rays[row][None]])):
            if np.any(local) or len(normals):
                face = signs[row].copy()
                face[zero] = local
                faces[face.tobytes()] = face
    return list(faces.values())


def sign_vectors(z: np.ndarray, normals: np.ndarray) -> list[np.ndarray]:
    """Signs of all faces of the arrangement of hyperplanes z, which span what is orthogonal to the normals."""
    rank = z.shape[1] - len(normals)
    faces = {bytes(len(z)): np.zeros(len(z), dtype=np.int8)}
    if rank == 0:
        return list(faces.values())
    seen: set[bytes] = set()
    rays = _crossed(z[_subsets(len(z), rank - 1)], normals)
    rays = rays[np.any(rays != 0, axis=1)]
    for ray, side in zip(rays, _sign(rays @ z.T).astype(np.int8), strict=True):
        zero = side == 0
        if zero.tobytes() in seen:
            continue
        seen.add(zero.tobytes())
        if zero.sum() == rank - 1:
            around = product((-1, 0, 1), repeat=rank - 1)
        else:
            around = sign_vectors(z[zero], np.concatenate([normals, ray[None]]))
        for local in around:
            for face in (side.copy(), -side):
                face[zero] = local
                faces[face.tobytes()] = face
    return list(faces.values())
