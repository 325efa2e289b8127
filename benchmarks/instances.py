"""The data of the benchmarks, and the rows of their tables."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from objective import Bias

Data = tuple[np.ndarray, np.ndarray]
"""Points (n, d) and values (n,)."""


def line(n: int) -> Data:
    """A smooth function of one variable at normal points."""
    x = np.random.default_rng(0).normal(size=(n, 1))
    return x, np.sin(2 * x[:, 0])


def plane(n: int) -> Data:
    """A smooth function of two variables at normal points."""
    x = np.random.default_rng(0).normal(size=(n, 2))
    return x, np.sin(2 * x[:, 0]) + x[:, 1] ** 2


def space(n: int) -> Data:
    """A smooth function of three variables at normal points."""
    x = np.random.default_rng(0).normal(size=(n, 3))
    return x, np.sin(2 * x[:, 0]) + x[:, 1] * x[:, 2]


def diabetes() -> Data:
    """Efron, Hastie, Johnstone & Tibshirani's diabetes data (442 points in 10 dimensions), all standardised."""
    from sklearn.datasets import load_diabetes

    x, y = load_diabetes(return_X_y=True)
    return (x - x.mean(axis=0)) / x.std(axis=0), (y - y.mean()) / y.std()


def teacher(n: int = 1000, dim: int = 10, width: int = 10) -> Data:
    """A shallow ReLU network of ten neurons, standardised, with a tenth of noise."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, dim))
    inner = rng.normal(size=(dim, width)) / np.sqrt(dim)
    biases = rng.normal(size=width) * 0.5
    outer = rng.normal(size=width)
    y = np.maximum(x @ inner + biases, 0) @ outer
    y = (y - y.mean()) / y.std()
    return x, y + 0.1 * rng.normal(size=n)


def shell(dim: int, n: int = 200) -> Data:
    """Label 1 at the origin, label 0 uniformly in the shell 1 <= |x| <= 2: a radial bump's known region."""
    rng = np.random.default_rng(0)
    directions = rng.normal(size=(n, dim))
    radii = (1 + rng.random(n) * (2.0**dim - 1)) ** (1 / dim)
    x = directions / np.linalg.norm(directions, axis=1, keepdims=True) * radii[:, None]
    x[0] = 0
    return x, (np.arange(n) == 0).astype(np.float64)


def table(n: int, dim: int) -> Data:
    """A seeded table: waves, a product and a kink in its first columns, with a third of noise."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, dim))
    y = np.sin(2 * x[:, 0]) + x[:, 1] * x[:, 2] + np.abs(x[:, 3])
    return x, (y - y.mean()) / y.std() + 0.3 * rng.normal(size=n)


def circles(count: int = 24) -> Data:
    """Points of two unit circles, 3 apart, with labels 0 and 1: ties everywhere."""
    angles = 2 * np.pi * np.arange(count) / count
    one = np.column_stack([np.cos(angles), np.sin(angles)])
    return np.concatenate([one, one + np.array([3.0, 0.0])]), np.repeat([0.0, 1.0], count)


def checkerboard(side: int) -> Data:
    """A grid of integers whose labels are the parity of i + j."""
    grid = np.stack(np.meshgrid(*2 * [np.arange(side, dtype=float)]), axis=-1).reshape(-1, 2)
    return grid, grid.sum(axis=1) % 2


def standardised(name: str, columns: int | None = None) -> Data:
    """A table of scikit-learn, or its first columns, and its classes or values, all standardised."""
    from sklearn import datasets

    x, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    x, y = x[:, :columns], y.astype(float)
    return (x - x.mean(axis=0)) / x.std(axis=0), (y - y.mean()) / y.std()


@dataclass(frozen=True)
class Row:
    """A problem: data, lam as a fraction of lam_max (0 interpolates), which biases cost, and how exactly to solve."""

    data: str
    """What the table calls the data."""
    make: Callable[[], Data]
    fraction: float
    bias: Bias = "free"
    tolerance: float = 1e-6
    inputs: int | None = None
    """How many columns a neuron reads at most."""

    @property
    def name(self) -> str:
        """Unique among rows; what the command line takes."""
        objective = f"f={self.fraction:.0e}".replace("e-0", "e-") if self.fraction else "interpolate"
        name = f"{self.data},{objective}" + (",penalised" if self.bias == "penalised" else "")
        return name + (f",inputs={self.inputs}" if self.inputs else "")


def _rows() -> list[Row]:
    cases = [
        Row("plane-100", lambda: plane(100), 1e-2),
        Row("plane-100", lambda: plane(100), 1e-3),
        Row("plane-1000", lambda: plane(1000), 1e-2),
        Row("space-200", lambda: space(200), 1e-2),
        Row("diabetes", diabetes, 1e-2, tolerance=1e-4),
        Row("diabetes", diabetes, 1e-3, tolerance=1e-2),
        Row("teacher", teacher, 1e-2, tolerance=1e-3),
    ]
    return cases + [Row(row.data, row.make, row.fraction, "penalised", row.tolerance) for row in cases]


PEER_ROWS = _rows()
"""Where solvers are compared: each problem with free and with penalised biases."""

OWN_ROWS = [
    Row("line-1000000", lambda: line(10**6), 0),
    Row("line-100000", lambda: line(10**5), 1e-3),
    Row("plane-100", lambda: plane(100), 0),
    Row("plane-100", lambda: plane(100), 1e-2),
    Row("plane-100", lambda: plane(100), 1e-3),
    Row("plane-100", lambda: plane(100), 1e-4),
    Row("plane-1000", lambda: plane(1000), 1e-2),
    Row("plane-1000", lambda: plane(1000), 1e-3),
    Row("plane-1000", lambda: plane(1000), 0),
    Row("space-200", lambda: space(200), 1e-2),
    Row("space-200", lambda: space(200), 1e-3),
    Row("space-200", lambda: space(200), 0),
    Row("diabetes", diabetes, 1e-2, tolerance=1e-4),
    Row("diabetes", diabetes, 1e-3, tolerance=1e-2),
    Row("teacher", teacher, 1e-2, tolerance=1e-3),
    Row("shell-3", lambda: shell(3), 0),
    Row("shell-5", lambda: shell(5), 0),
]
"""What this library alone is run on."""


SPEED_ROWS = [
    Row("line-1000000", lambda: line(10**6), 0),
    Row("plane-250", lambda: plane(250), 0),
    Row("plane-500", lambda: plane(500), 0),
    Row("plane-1000", lambda: plane(1000), 0),
    Row("plane-1000", lambda: plane(1000), 1e-2),
    Row("plane-3000", lambda: plane(3000), 0, tolerance=1e-4),
    Row("plane-3000", lambda: plane(3000), 1e-2),
    Row("plane-10000", lambda: plane(10**4), 1e-2),
    Row("space-200", lambda: space(200), 0),
    Row("space-500", lambda: space(500), 1e-2),
    Row("circles", circles, 0),
    Row("checkerboard-5", lambda: checkerboard(5), 0),
    Row("checkerboard-7", lambda: checkerboard(7), 0),
    Row("rank-4", lambda: table(200, 4), 1e-2, tolerance=1e-3),
    Row("rank-5", lambda: table(100, 5), 1e-2, tolerance=1e-2),
    Row("iris", lambda: standardised("iris"), 1e-2),
    Row("wine", lambda: standardised("wine"), 1e-2, tolerance=1e-2),
    Row("diabetes-5", lambda: standardised("diabetes", 5), 1e-2, tolerance=1e-2),
    Row("diabetes", diabetes, 1e-2, tolerance=1e-2),
    Row("diabetes", diabetes, 1e-3, tolerance=4e-3),
    Row("diabetes", diabetes, 3e-2, inputs=2),
    Row("diabetes", diabetes, 1e-2, inputs=2),
    Row("diabetes", diabetes, 0, inputs=1),
    Row("table-20000-8", lambda: table(20_000, 8), 1e-2, inputs=1),
    Row("table-20000-8", lambda: table(20_000, 8), 1e-2, inputs=2, tolerance=1e-3),
    Row("table-20000-8", lambda: table(20_000, 8), 1e-2, tolerance=1e-2),
    Row("table-2000-64", lambda: table(2000, 64), 1e-2, tolerance=1e-2),
]
"""On what builds of this library are compared with each other."""


def by_name(rows: list[Row], names: list[str] | None) -> list[Row]:
    """The rows of these names, or of data called so; all for None. ValueError for a name that is not there."""
    if names is None:
        return rows
    unknown = [name for name in names if not any(name in (row.name, row.data) for row in rows)]
    if unknown:
        raise ValueError(f"no row is called {', '.join(unknown)}; there are {', '.join(row.name for row in rows)}")
    return [row for row in rows if row.name in names or row.data in names]
