"""Norms of a network, of the function it computes, and what they say about its neurons."""

import math
from collections.abc import Callable
from functools import cache

import numpy as np
import numpy.typing as npt
from jaxtyping import Float
from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh
from scipy.spatial import KDTree

from minnorm._types import Array
from minnorm.checks import flag, real, whole
from minnorm.network import ShallowReLU, as_network, row_norms
from minnorm.objective.data import Points
from minnorm.objective.norm import Bias, PathNorm, Skip

_DENSE = 128  # up to this many parameters the Hessian is formed
_BLOCK = 1 << 20  # hidden values held at once by a Hessian-vector product
_KNOT_TOLERANCE = 4 * float(np.finfo(np.float64).eps)  # rescaling a neuron moves -b/w by less


def path_norm(network: ShallowReLU, penalty: PathNorm | None = None) -> float:
    r"""The path norm sum_k |a_k| |w_k|, or its variant with penalised biases: see `PathNorm`.

    Errors: ValueError if the network has a term that the penalty forbids.

    >>> path_norm(ShallowReLU(np.array([[3.0, 4.0]]), np.zeros(1), np.array([-2.0]), np.array(0.0)))
    10.0
    """
    return PathNorm.given(penalty).value(network)


def weight_decay(network: ShallowReLU, penalty: PathNorm | None = None) -> float:
    r"""The weight decay (|a|^2 + |W|^2) / 2, with |b|^2 if biases are penalised: see `PathNorm`.

    Errors: ValueError if the network has a term that the penalty forbids.

    >>> weight_decay(ShallowReLU(np.array([[3.0, 4.0]]), np.zeros(1), np.array([-2.0]), np.array(0.0)))
    14.5
    """
    return PathNorm.given(penalty).weight_decay(network)


def excess_norm(network: ShallowReLU, minimum: float, penalty: PathNorm | None = None) -> float:
    r"""How much of the path norm is unnecessary: path norm - minimum.

    `minimum` is the least norm of an interpolant under the same penalty; a network that does not quite
    interpolate may fall below it. Errors: ValueError unless it is finite and at least 0.

    >>> excess_norm(ShallowReLU(np.array([[3.0, 4.0]]), np.zeros(1), np.array([-2.0]), np.array(0.0)), 8.0)
    2.0
    """
    wanted = "the minimal norm, a finite number >= 0"
    minimum = real("minimum", minimum, wanted, lambda number: 0 <= number < math.inf)
    return path_norm(network, penalty) - minimum


def norm_ratio(network: ShallowReLU, minimum: float, penalty: PathNorm | None = None) -> float:
    r"""The path norm in units of the least possible one: path norm / minimum, 1 at best.

    Errors: ValueError unless `minimum` is positive and finite; where it is 0 only `excess_norm` makes sense.

    >>> norm_ratio(ShallowReLU(np.array([[3.0, 4.0]]), np.zeros(1), np.array([-2.0]), np.array(0.0)), 8.0)
    1.25
    """
    wanted = "a positive finite number, or use excess_norm"
    minimum = real("minimum", minimum, wanted, lambda number: 0 < number < math.inf)
    return path_norm(network, penalty) / minimum


def knots(
    network: ShallowReLU, tolerance: float = _KNOT_TOLERANCE
) -> tuple[Float[np.ndarray, " k"], Float[np.ndarray, " k"]]:
    r"""Where a network on the line bends and by how much: f'' = sum_j A_j delta(x - t_j).

    Neurons share a knot if their positions -b_k / w_k follow each other at distances of at most `tolerance`
    times the larger |b_k / w_k| of the two; the default allows for rounding only. Then A_j = sum a_k |w_k|,
    and t_j is the mean position, weighted by |a_k w_k|. Knots whose terms cancel to rounding are left out;
    neurons with w_k = 0 are constants.

    Returns positions t (increasing) and slope changes A, each of shape (k,).

    Errors: ValueError for d > 1, NaN or infinite parameters, and a negative tolerance.

    >>> knots(ShallowReLU(np.array([[1.0], [-2.0]]), np.array([-3.0, 6.0]), np.ones(2), np.array(0.0)))
    (array([3.]), array([3.]))
    """
    net = _on_the_line(network)
    tolerance = real("tolerance", tolerance, "a finite number >= 0", lambda number: 0 <= number < math.inf)
    w = net.inner_weights[:, 0]
    live = (w != 0) & (net.outer_weights != 0)
    with np.errstate(over="ignore"):
        position = np.nan_to_num(-net.biases[live] / w[live])
    order = np.argsort(position, kind="stable")
    position = position[order]
    change = np.asarray(net.outer_weights * np.abs(w))[live][order]
    if change.size == 0:
        return position, change
    with np.errstate(over="ignore"):
        apart = np.diff(position) > tolerance * np.maximum(np.abs(position[1:]), np.abs(position[:-1]))
    first = np.append(0, np.flatnonzero(apart) + 1)
    size = np.add.reduceat(np.abs(change), first)
    group = np.repeat(np.arange(first.size), np.diff(np.append(first, change.size)))
    share = np.divide(np.abs(change), size[group], out=np.zeros_like(change), where=size[group] > 0)
    middle = position[first] + np.add.reduceat(share * (position - position[first][group]), first)
    total = np.add.reduceat(change, first)
    bends = np.abs(total) > 4 * np.finfo(np.float64).eps * size
    return middle[bends], total[bends]


def seminorm_line(network: ShallowReLU, skip: Skip = "none", tolerance: float = _KNOT_TOLERANCE) -> float:
    r"""The variation semi-norm [f] of the function that a network on the line computes, from its knots.

        skip="none":  max( int |f''|, |f'(-inf) + f'(+inf)| )
        skip="free":  int |f''|

    It depends on the function alone, so it is at most the path norm of any network that computes it: the
    difference is what neurons waste by cancelling. A skip term of the network counts as part of f.

    Arguments: `network` of dimension 1; `skip`, whether an affine term is free; `tolerance` as for `knots`.

    Errors: ValueError for d > 1, NaN or infinite parameters, another `skip` and a negative tolerance.

    >>> wave = ShallowReLU(np.ones((2, 1)), np.zeros(2), np.array([5.0, -3.0]), np.array(0.0))
    >>> path_norm(wave), seminorm_line(wave)
    (8.0, 2.0)

    Source: Savarese, Evron, Soudry & Srebro (2019), *How do infinite width bounded norm networks look in
    function space?*
    """
    penalty = PathNorm(skip=skip)
    bending = math.fsum(np.abs(knots(network, tolerance)[1]).tolist())
    if penalty.linear_is_free:
        return bending
    net = _on_the_line(network)
    ends = (net.outer_weights * net.inner_weights[:, 0]).tolist()
    if net.skip is not None:
        ends += [2 * float(net.skip[0])]
    return max(bending, abs(math.fsum(ends)))


def effective_neurons(network: ShallowReLU, angle: float = 1e-2, share: float = 1e-2, radius: float = 1.0) -> int:
    r"""The number of neurons left after merging near-parallel ones and dropping the negligible.

    Neurons are compared as directions of (w_k, b_k / radius): the one of largest |a_k| |w_k| takes all within
    `angle` of itself, then the largest of the rest does, and so on. (`ShallowReLU.merge` links neighbours to
    neighbours: a wide untrained network, whose directions lie densely, would become one neuron.) A group
    weighs |sum a_k w_k|, what its neurons do not cancel. The count is the least number of groups that leaves the
    others at most a `share` of the total weight. Neurons with w_k = 0 are constants and do not count.

    Arguments: `angle` in radians, from 0 to 1; `share`, from 0 up to 1; `radius` > 0, the length at which
    weight and bias count alike: give the radius of the data, the same one for all networks to be compared.

    Errors: ValueError for arguments outside these ranges, and for NaN or infinite parameters.

    >>> w, b = np.array([[1.0], [2.0], [1.0]]), np.array([0.0, 1e-3, 1.0])
    >>> effective_neurons(ShallowReLU(w, b, np.ones(3), np.array(0.0)))
    2

    Source: Boursier, Pillaud-Vivien & Flammarion (2022), *Gradient flow dynamics of shallow ReLU networks for
    square loss and orthogonal inputs*, for the alignment that makes the count small.
    """
    angle = real("angle", angle, "radians from 0 to 1", lambda number: 0 <= number <= 1)
    share = real("share", share, "a number from 0 up to, not including, 1", lambda number: 0 <= number < 1)
    wanted = "the radius of the data, a positive number"
    radius = real("radius", radius, wanted, lambda number: 0 < number < math.inf)
    net = _reject_not_finite(as_network(network).to_numpy())
    size = np.abs(net.outer_weights) * row_norms(np.asarray(net.inner_weights))
    live = size > 0
    lifted = np.column_stack([net.inner_weights * min(1.0, radius), net.biases / max(1.0, radius)])[live]
    lifted /= np.asarray(row_norms(lifted))[:, None]
    pull = net.outer_weights[live, None] * net.inner_weights[live]
    tree = KDTree(lifted)
    reach = 2 * math.sin(angle / 2) + 4 * np.finfo(np.float64).eps  # chord of the angle, and rounding
    free = np.ones(len(lifted), dtype=bool)
    groups = []
    for k in np.lexsort([*lifted.T, -size[live]]):
        if free[k]:
            near = np.array(tree.query_ball_point(lifted[k], reach))
            near = near[free[near]]
            free[near] = False
            groups.append(float(np.linalg.norm(pull[near].sum(axis=0))))
    rest = np.cumsum(np.sort(groups))
    return int(np.sum(rest > max(share * sum(groups), 1e-12 * size.sum())))


def balancedness(network: ShallowReLU, with_bias: bool = False) -> float:
    r"""How evenly inner and outer weights share the work: path norm / weight decay.

        sum_k |a_k| |w_k|  /  sum_k (|a_k|^2 + |w_k|^2) / 2

    As 2 |a| |w| <= |a|^2 + |w|^2 it lies in [0, 1], and it is 1 only if |a_k| = |w_k| for all k, as in every
    minimiser of weight decay. One factor on all weights cancels; what it sees is the rescaling of single
    neurons, which leaves the function alone. `with_bias=True` puts |(w_k, b_k)| for |w_k|. A network of zeros
    is balanced: 1.

    >>> balancedness(ShallowReLU(np.array([[3.0]]), np.zeros(1), np.array([1.0]), np.array(0.0)))
    0.6

    Source: Du, Hu & Lee (2018), *Algorithmic regularization in learning deep homogeneous models: layers are
    automatically balanced*.
    """
    bias: Bias = "penalised" if flag("with_bias", with_bias) else "free"
    penalty = PathNorm(bias, skip="free", activation=as_network(network).activation)
    decay = penalty.weight_decay(network)
    return 1.0 if decay == 0 else min(1.0, penalty.value(network) / decay)


def sharpness(network: ShallowReLU, points: npt.ArrayLike, values: npt.ArrayLike, *, iterations: int = 1000) -> float:
    r"""The largest eigenvalue of the Hessian of the training loss in all parameters.

        lambda_max of the second derivative of 1/(2n) sum_i (f(x_i) - y_i)^2 in (W, b, a, c, v)

    Gradient descent with step size h is stable at a minimum only if it is at most 2/h. It is at least 1, the
    second derivative in c, and it belongs to the parameters: rescaling a neuron changes it. A neuron with
    w . x_i + b = 0 counts as inactive at x_i, as in training.

    Arguments: `points` (n, d), or (n,) for d = 1; `values` (n,); `iterations`, the most restarts of the
    Lanczos method, which serves above 128 parameters. In float64 whatever JAX is configured to.

    Errors: ValueError for data that `Points` rejects, points of another dimension, NaN or
    infinite parameters, iterations below 1; RuntimeError if the Lanczos method does not converge.

    >>> net = ShallowReLU(np.array([[1.0]]), np.array([1.0]), np.array([3.0]), np.array(0.0))
    >>> sharpness(net, [1.0], [6.0])  # (w x + b)^2 + (a x)^2 + a^2 + 1
    23.0

    Source: Cohen, Kaur, Li, Kolter & Talwalkar (2021), *Gradient descent on neural networks typically occurs
    at the edge of stability*.
    """
    data = Points(points, values)
    if data.x.shape[1] != as_network(network).dim:
        raise ValueError(f"points has {data.x.shape[1]} columns; this network takes {network.dim}")
    iterations = whole("iterations", iterations, 1, 2**31 - 1)
    net = _reject_not_finite(network.to_numpy())
    n = len(data.y)
    rows = min(n, max(1, _BLOCK // max(1, net.width)))
    pad = -n % rows
    x = np.pad(data.x, ((0, pad), (0, 0))).reshape(-1, rows, net.dim)
    y = np.pad(data.y, (0, pad)).reshape(-1, rows)
    mean = np.pad(np.full(n, 1 / n), (0, pad)).reshape(-1, rows)
    import jax
    import jax.numpy as jnp

    with jax.enable_x64(True):
        blocks = (jnp.asarray(x), jnp.asarray(y), jnp.asarray(mean))
        inner = jax.tree.map(jnp.asarray, net)
        size = sum(leaf.size for leaf in jax.tree.leaves(inner))

        def product(vector: np.ndarray) -> np.ndarray:
            return np.asarray(_compiled()(inner, blocks, vector.reshape(size)))

        if size <= _DENSE:
            return float(np.linalg.eigvalsh(np.stack([product(column) for column in np.eye(size)]))[-1])
        start = np.random.default_rng(0).standard_normal(size)
        hessian = LinearOperator((size, size), matvec=product, dtype=np.float64)  # pyright: ignore
        try:
            top = eigsh(hessian, 1, which="LA", v0=start, maxiter=iterations, return_eigenvectors=False)
        except ArpackNoConvergence:
            raise RuntimeError(f"Lanczos: no convergence in iterations={iterations}; give more") from None
        return float(top[0])


@cache
def _compiled() -> Callable[..., Array]:
    """`_hessian_product`, compiled once; JAX is loaded for it."""
    import jax

    return jax.jit(_hessian_product)


def _hessian_product(net: ShallowReLU, blocks: tuple[Array, Array, Array], vector: Float[Array, " p"]) -> Array:
    """The Hessian of the loss times a vector, block by block of points, so memory does not grow with n."""
    import jax
    import jax.numpy as jnp
    from jax.flatten_util import ravel_pytree

    flat, unravel = ravel_pytree(net)

    def loss(parameters: jax.Array, x: Array, y: Array, mean: Array) -> Array:
        f = unravel(parameters)
        residual = f.activation(x @ f.inner_weights.T + f.biases) @ f.outer_weights + f.offset - y
        residual = residual if f.skip is None else residual + x @ f.skip
        return 0.5 * jnp.sum(mean * residual**2)

    def add_block(total: Array, block: tuple[Array, ...]) -> tuple[Array, None]:
        gradient = jax.grad(lambda parameters: loss(parameters, *block))
        return total + jax.jvp(gradient, (flat,), (vector,))[1], None

    return jax.lax.scan(add_block, jnp.zeros_like(flat), blocks)[0]


def _on_the_line(network: ShallowReLU) -> ShallowReLU:
    if as_network(network).dim != 1:
        raise ValueError(f"network takes points of dimension {network.dim}; knots are for dimension 1")
    return _reject_not_finite(network.rectified().to_numpy())


def _reject_not_finite(net: ShallowReLU) -> ShallowReLU:
    if not all(np.all(np.isfinite(leaf)) for leaf in net.to_dict().values()):
        raise ValueError("network has NaN or infinite parameters; if its training diverged, leave it out")
    return net
