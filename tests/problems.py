"""Named problems whose least objective is known, and where each number comes from."""

from dataclasses import dataclass, field

import numpy as np

from minnorm.objective.norm import PathNorm


@dataclass(frozen=True)
class Named:
    """Data, penalty and lam; the least objective, right to `error` relative to it; its source."""

    name: str
    points: np.ndarray
    values: np.ndarray
    optimum: float
    source: str
    penalty: PathNorm = field(default_factory=PathNorm)
    lam: float = 0.0
    error: float = 1e-12


def waves(n: int, d: int) -> tuple[np.ndarray, np.ndarray]:
    """Normal points with the labels sin(2 x_0) + x_1^2 (d = 2) or sin(2 x_0) + x_1 x_2 (d = 3)."""
    x = np.random.default_rng(0).normal(size=(n, d))
    return x, np.sin(2 * x[:, 0]) + (x[:, 1] ** 2 if d == 2 else x[:, 1] * x[:, 2])


def kernel(dim: int, r: np.ndarray, s: np.ndarray) -> np.ndarray:
    """E |r u - s| over a coordinate u of a uniform direction, (r, s), by the midpoint rule in the angle of u."""
    angle = (np.arange(4000) + 0.5) * np.pi / 4000
    weights = np.sin(angle) ** (dim - 2)
    u, weights = np.cos(angle), weights / weights.sum()
    return np.array([np.abs(np.subtract.outer(x * u, s)).T @ weights for x in r])


def cross(d: int) -> tuple[np.ndarray, np.ndarray]:
    """Label 1 at the origin and 0 at the 2 d points +-e_i."""
    return np.concatenate([np.zeros((1, d)), np.eye(d), -np.eye(d)]), np.eye(1, 2 * d + 1)[0]


SQUARE = np.array([[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]])
PRODUCT = np.array([1.0, -1.0, -1.0, 1.0])
_HAT = np.array([[-1.0], [0.0], [1.0]]), np.array([0.0, 1.0, 0.0])
_SKEWED = np.array([[0.5], [1.0], [2.0], [3.0]]), np.array([0.0, 1.0, 0.0, 0.0])

_LINE = "Savarese, Evron, Soudry & Srebro (2019): max(int |f''|, |f'(-inf) + f'(inf)|)"
_BY_HAND_SQUARE = (
    "by hand: |x_0 + x_1| - 1 has this norm; nu = y has |h| <= sqrt 2, attained at b = 0 on the diagonals. With "
    "lam > 0 the same function is shrunk by the factor 1 - 2 sqrt(2) lam"
)
_BY_HAND_CROSS = (
    "by hand: 1 - |x_0 + ... + x_(d-1)| has the norm 2 sqrt d. For nu = 1 at the origin and -1/(2d) at the others, h "
    "for fixed w is convex in b at b = 0, concave elsewhere and zero at both ends, so |h| is largest at b = 0: "
    "|w|_1 / (2d)"
)
_BY_HAND_PAIR = "by hand: residuals +-2 lam, slope D - 4 lam for labels D apart at distance 1"
_TABLE = (
    "computed once by cutting planes; wherever it is tested, `verify`, which shares no code with the solver, proves it "
    "again from both sides, and a programme over other atoms bounds it from above"
)
_PROGRAMME = "linear programme over a fine grid of atoms, with and without the neuron (0, 1)"

CLOSED = [
    Named("hat", *_HAT, 2.0, _LINE),
    Named("skewed hat", *_SKEWED, 4.0, _LINE),
    Named("slope", np.array([[1.0], [3.0]]), np.array([2.0, -3.0]), 2.5, _LINE),
    Named("hat, all biases penalised", *_HAT, 3.0, _PROGRAMME, PathNorm("penalised", "none", "none")),
    Named(
        "skewed hat, all biases penalised", *_SKEWED, 6.479, _PROGRAMME, PathNorm("penalised", "none", "none"), 0, 1e-4
    ),
    Named("pair", np.array([[0.0], [1.0]]), np.array([-1.0, 2.0]), 3 * 0.2 - 2 * 0.2**2, _BY_HAND_PAIR, lam=0.2),
    Named("product on a square", SQUARE, PRODUCT, 8**0.5, _BY_HAND_SQUARE),
    Named("shrunk product", SQUARE, PRODUCT, 0.1 * 8**0.5 - 4 * 0.1**2, _BY_HAND_SQUARE, lam=0.1),
    *(Named(f"cross in {d} dimensions", *cross(d), 2 * d**0.5, _BY_HAND_CROSS) for d in (1, 2, 3, 4)),
]
"""Small problems with closed forms."""

PLANE = [
    Named("plane", *waves(100, 2), 15.607964, _TABLE, error=5e-7),
    Named("plane, lam_max / 1e2", *waves(100, 2), 0.0455525, _TABLE, lam=1e-2, error=2e-6),
    Named("plane, lam_max / 1e3", *waves(100, 2), 0.0052098, _TABLE, lam=1e-3, error=1e-5),
    Named("plane, lam_max / 1e4", *waves(100, 2), 0.00054860, _TABLE, lam=1e-4, error=1e-5),
]
"""A hundred points in the plane; lam as a share of lam_max."""

LARGE = [
    Named("large plane, lam_max / 1e2", *waves(1000, 2), 0.0716312, _TABLE, lam=1e-2, error=2e-6),
    Named("large plane, lam_max / 1e3", *waves(1000, 2), 0.0091869, _TABLE, lam=1e-3, error=1e-5),
    Named("space", *waves(200, 3), 19.59089, _TABLE, error=1e-6),
    Named("space, lam_max / 1e2", *waves(200, 3), 0.0530539, _TABLE, lam=1e-2, error=2e-6),
    Named("space, lam_max / 1e3", *waves(200, 3), 0.0062452, _TABLE, lam=1e-3, error=1e-5),
]
"""Problems that take minutes; lam as a share of lam_max."""
