"""The exact minimum-norm interpolant that networks are compared with, of whatever family it is."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from minnorm.known import RadialBump
from minnorm.network import ShallowReLU
from minnorm.objective.norm import PathNorm
from minnorm.solution import Solution


@dataclass(frozen=True)
class Target:
    """The exact minimum-norm interpolant of a task's known region: `of_solution` and `of_bump` make it.

    `function` maps points (n, d) to values (n,); `norm` is [f*]; `sample(width, seed)` draws a network from its
    measure; `words` say how its norm is known; `bump` is what is known beyond that of a radial one.
    """

    function: Callable[[np.ndarray], np.ndarray]
    norm: float
    sample: Callable[[int, int], ShallowReLU]
    words: str
    bump: RadialBump | None = None

    @property
    def profile(self) -> Callable[[np.ndarray], np.ndarray] | None:
        """The function of |x|, if it is radial."""
        return None if self.bump is None else self.bump.profile

    def as_network(self, width: int, seed: int) -> ShallowReLU:
        """A balanced network of any width drawn from the interpolant's measure, of the same path norm."""
        return self.sample(width, seed)

    @staticmethod
    def of_solution(found: Solution) -> "Target":
        """An interpolant with its certificate."""
        how = "in exact arithmetic" if found.network.dim == 1 else "with bounds of all rounding errors"
        return Target(
            found,
            found.value,
            lambda width, seed: _resampled(found.network.balance(), width, seed),
            f"Exact minimum norm {found.value:.10g}, lower bound {found.lower_bound:.10g}, verified {how} "
            f"(relative gap {found.gap:.1e}, scope {found.certificate.scope if found.certificate else '-'}); "
            "the values of the function are good to about the root of that gap.",
        )

    @staticmethod
    def of_network(network: ShallowReLU, words: str) -> "Target":
        """A network whose norm is near the least one, as `words` say."""
        norm = float(PathNorm().total(network.to_numpy()))
        return Target(network.evaluate, norm, lambda width, seed: _resampled(network.balance(), width, seed), words)

    @staticmethod
    def of_bump(bump: RadialBump) -> "Target":
        """The radial bump, of infinitely many neurons."""
        return Target(
            bump,
            bump.norm,
            lambda width, seed: bump.as_network(width, seed).balance(),
            f"Exact minimum norm {bump.norm:.13g} in dimension {bump.dim}, plateau {bump.plateau:g}, with a proven "
            f"relative error below {bump.norm_error:.0e}; Lipschitz constant {bump.lipschitz:.6g}. The training data "
            "are a finite sample of the known region, so the least norm that fits them is somewhat smaller.",
            bump,
        )


def _resampled(network: ShallowReLU, width: int, seed: int) -> ShallowReLU:
    """A network of another width with the same path norm: neurons drawn in proportion to |a| |w|, spread evenly."""
    network = network.to_numpy()
    sizes: Float[np.ndarray, " m"] = np.abs(network.outer_weights) * np.linalg.norm(network.inner_weights, axis=1)
    if not sizes.sum() > 0:
        blank = np.zeros(width)
        return dataclasses.replace(
            network, inner_weights=np.zeros((width, network.dim)), biases=blank, outer_weights=blank
        )
    share = np.cumsum(sizes) / sizes.sum()
    where = (np.arange(width) + np.random.default_rng(seed).random()) / width
    chosen = np.minimum(np.searchsorted(share, where, side="right"), sizes.size - 1)
    shrink = np.sqrt(sizes.sum() / width / sizes[chosen])
    return dataclasses.replace(
        network,
        inner_weights=network.inner_weights[chosen] * shrink[:, None],
        biases=network.biases[chosen] * shrink,
        outer_weights=network.outer_weights[chosen] * shrink,
    )
