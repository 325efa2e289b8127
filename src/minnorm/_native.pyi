"""Compiled oracles for minnorm.solve, bounds for minnorm.verification, the kernel for minnorm.training."""

import numpy as np
from jaxtyping import Float, Int

def exact(
    points: Float[np.ndarray, "n r"],
    nu: Float[np.ndarray, " n"],
    tilt: Float[np.ndarray, " r"],
    penalised: bool,
    per_pivot: int,
    threads: int,
    seconds: float,
) -> tuple[Float[np.ndarray, "k r1"], Float[np.ndarray, " k"], bool]:
    """Rows of (weights, bias) and values of sum_i nu_i relu(w . x_i + b) + tilt . w, for points with nu != 0 of rank 2
    or 3, or 1 if penalised, and then without a tilt; whether the time was enough for all."""

def search(
    points: Float[np.ndarray, "n r"],
    nu: Float[np.ndarray, " n"],
    tilt: Float[np.ndarray, " r"],
    starts: Float[np.ndarray, "s r1"],
    penalised: bool,
    both: bool,
    max_iterations: int,
    threads: int,
    seconds: float,
) -> tuple[Float[np.ndarray, "k r1"], Float[np.ndarray, " k"], bool]:
    """Rows of (weights, bias) and values of the local maxima reached from rows of (weights, bias), by h and by -h if
    `both`, else by the sign that h has at the start; whether the time was enough for all starts."""

def branch(
    points: Float[np.ndarray, "n k"],
    weights: Float[np.ndarray, " n"],
    cone: Float[np.ndarray, "m k"],
    affine: bool,
    lower: float,
    target: float,
    closeness: float,
    threads: int,
    seconds: float,
) -> tuple[float, float, float, bool]:
    """The best value met of sum_j weights_j relu(u . s_j + b), |u| <= 1, cone @ u >= 0, with b = -u . s_i for some i if
    `affine`, else 0; an upper bound of all; nodes; whether the bound is at most `target` or within `closeness`."""

def cover(
    points: Float[np.ndarray, "n k"],
    weights: Float[np.ndarray, " n"],
    cone: Float[np.ndarray, "m k"],
    affine: bool,
    lower: float,
    target: float,
    closeness: float,
    threads: int,
    seconds: float,
    most: float = ...,
) -> tuple[float, float, float, bool, Float[np.ndarray, "c q"]]:
    """As `branch`, for the absolute value, by cones, of which about `most` are looked at; last (u, b) or u where values
    above `lower` were met, the best at the end."""

def stripe(
    points: Float[np.ndarray, "n 2"],
    weights: Float[np.ndarray, " n"],
    lower: float,
    target: float,
    closeness: float,
    threads: int,
    seconds: float,
) -> tuple[float, float, float, bool]:
    """(lower, upper) of sup |h(w, b)| over unit w in the plane and b = -w . x_i for some i, the number of strips, and
    whether the upper bound is at most `target` or within `closeness` of the lower one."""

def enclose(
    weights: Float[np.ndarray, "k 3"],
    biases: Float[np.ndarray, " k"],
    masses: Float[np.ndarray, " k"],
    slope: Float[np.ndarray, " 3"],
    constant: float,
    box: Float[np.ndarray, "2 3"],
    normals: Float[np.ndarray, "m 3"],
    most: Float[np.ndarray, " m"],
    center: Float[np.ndarray, " 3"],
    inner: float,
    outer: float,
    mirrors: Float[np.ndarray, "i 3"],
    least: float,
    side: float,
    lower: float,
    target: float,
    excess: float,
    threads: int,
    seconds: float,
) -> tuple[float, float, Float[np.ndarray, " 3"], float, bool]:
    """(lower, upper) of the largest |e|, or side e for a side 1 or -1, e = constant + slope . x + sum_k masses_k
    relu(weights_k . x + biases_k), over the box with normals . x <= most and, for outer > 0, inner <= |x - center| <=
    outer, but for boxes on which a row of mirrors . x is below least; where it was met if above `lower`, boxes, and
    whether upper is at most `target` or lower + `excess`."""

class Plane:
    """The order of the kinks on the circle of lines through each point."""

    def atoms(
        self,
        nu: Float[np.ndarray, " n"],
        tilt: Float[np.ndarray, " 2"],
        per_pivot: int,
        threads: int,
        seconds: float,
    ) -> tuple[Float[np.ndarray, "k 3"], Float[np.ndarray, " k"], bool]:
        """As `exact` with free biases, for nu that may have zeros."""

    def maxima(
        self, nu: Float[np.ndarray, " n"], least: float, threads: int, seconds: float
    ) -> tuple[Float[np.ndarray, "k 3"], Float[np.ndarray, " k"], Int[np.ndarray, " k"], Int[np.ndarray, " k"], bool]:
        """All local maxima of |h| above `least`: rows, values, and the points on the kinks, -1 for no second one."""

def plane(points: Float[np.ndarray, "n 2"], threads: int, seconds: float) -> Plane | None:
    """Of distinct points; None if the time was over before all orders were made."""

class Space:
    """The order of the kinks on the great circle of planes through each two points."""

    def atoms(
        self,
        nu: Float[np.ndarray, " n"],
        tilt: Float[np.ndarray, " 3"],
        per_pivot: int,
        threads: int,
        seconds: float,
    ) -> tuple[Float[np.ndarray, "k 4"], Float[np.ndarray, " k"], bool]:
        """As `exact` with free biases, for nu that may have zeros."""

def space(points: Float[np.ndarray, "n 3"], threads: int, seconds: float) -> Space | None:
    """Of distinct points, no three on a line, else None; None if the time was over before all orders were made."""

class Gram:
    """Products with the values of neurons, rows (w, b), at the points of a plane."""

    def product(
        self, neurons: Float[np.ndarray, "k 3"], ratio: Float[np.ndarray, " k"], threads: int, matrix: np.ndarray
    ) -> None:
        """The upper triangle of sum_k D_k relu(z_ki) relu(z_kj) into `matrix` (n, n); what is below it is lost."""

    def seen(
        self, neurons: Float[np.ndarray, "k 3"], nu: Float[np.ndarray, " n"], threads: int
    ) -> Float[np.ndarray, " k"]:
        """sum_i nu_i relu(z_ki)."""

    def outputs(
        self, neurons: Float[np.ndarray, "k 3"], masses: Float[np.ndarray, " k"], threads: int
    ) -> Float[np.ndarray, " n"]:
        """sum_k a_k relu(z_ki)."""

def gram(plane: Plane, threads: int) -> Gram:
    """Of the points of a plane."""

def turns_to_meet(t: Float[np.ndarray, " n"], y: Float[np.ndarray, " n"], slope: float) -> Float[np.ndarray, " m"]:
    """Masses A_i with y_0 + slope (x - t_0) + sum_i A_i relu(x - t_i) = y_j at t_j, one for each t but the last."""

def instruction_sets() -> list[str]:
    """What the training kernel was built for and this processor runs, the best first."""

def losses() -> list[str]:
    """Words of the losses that the kernel has, by number."""

def operations() -> list[str]:
    """Names of the operations that an optimiser's program is made of, by number."""

def loss_and_gradient() -> object:
    """The training kernel as an XLA FFI target, in a capsule."""

def descend() -> object:
    """Whole steps of an optimiser as an XLA FFI target, in a capsule."""
