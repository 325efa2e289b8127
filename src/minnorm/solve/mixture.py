"""Mixtures of networks: each misses labels elsewhere, so that together they miss them by less; the norm is convex."""

import dataclasses
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float
from scipy.optimize import linprog

from minnorm.network import ShallowReLU

_KEPT = 12  # networks that are mixed
_NEARLY = 0.5  # of what is allowed, at which a point is one that mixtures are asked about
_SMALL = 1e-7  # of a network's norm: neurons that it does without


@dataclass
class Mixtures:
    """sum_j t_j f_j of the last networks, t >= 0, sum_j t_j = 1, judged by what they miss at points x, labels y."""

    x: Float[np.ndarray, "n d"]
    y: Float[np.ndarray, " n"]
    networks: list[ShallowReLU] = field(default_factory=list)
    norms: list[float] = field(default_factory=list)
    rests: list[Float[np.ndarray, " n"]] = field(default_factory=list)
    """f_j - y, of each network."""

    def add(self, net: ShallowReLU, norm: float) -> None:
        """Another network; the oldest goes where there are many."""
        self.networks = [*self.networks, net][-_KEPT:]
        self.norms = [*self.norms, norm][-_KEPT:]
        self.rests = [*self.rests, net.evaluate(self.x) - self.y][-_KEPT:]

    def hold(self, x: Float[np.ndarray, "k d"], y: Float[np.ndarray, " k"]) -> None:
        """More points."""
        self.x, self.y = np.concatenate([self.x, x]), np.concatenate([self.y, y])
        self.rests = [
            np.concatenate([rest, net.evaluate(x) - y]) for rest, net in zip(self.rests, self.networks, strict=True)
        ]

    def cheapest(self, allowed: float) -> tuple[float, Float[np.ndarray, " j"]] | None:
        """The least sum_j t_j |f_j| with |sum_j t_j f_j - y| <= allowed at all points, and t; None where there is no
        such mixture, or one network alone."""
        if len(self.networks) < 2:
            return None
        rest = np.stack(self.rests, axis=1)
        near = np.max(np.abs(rest), axis=1) > _NEARLY * allowed
        rows = np.concatenate([rest[near], -rest[near]])
        found = linprog(self.norms, rows, np.full(len(rows), allowed), np.ones((1, len(self.norms))), [1.0])
        return (float(found.fun), found.x) if found.status == 0 else None

    def mixed(self, shares: Float[np.ndarray, " j"]) -> ShallowReLU:
        """sum_j t_j f_j as a network."""
        parts = [(share, net) for share, net in zip(shares, self.networks, strict=True) if share > 0]
        nets = [net for _, net in parts]
        skip = None if nets[0].skip is None else sum(share * np.asarray(net.skip) for share, net in parts)
        whole = dataclasses.replace(
            nets[0],
            inner_weights=np.concatenate([net.inner_weights for net in nets]),
            biases=np.concatenate([net.biases for net in nets]),
            outer_weights=np.concatenate([share * np.asarray(net.outer_weights) for share, net in parts]),
            offset=np.asarray(sum(share * float(net.offset) for share, net in parts)),
            skip=skip,
        )
        return without_small(whole)


def without_small(net: ShallowReLU) -> ShallowReLU:
    """A network without neurons that are next to nothing of its norm."""
    size = np.abs(net.outer_weights) * np.linalg.norm(net.inner_weights, axis=1)
    kept = size > _SMALL * np.sum(size)
    parts = {name: np.asarray(getattr(net, name))[kept] for name in ("inner_weights", "biases", "outer_weights")}
    return dataclasses.replace(net, **parts)


def scaled(net: ShallowReLU, factor: float) -> ShallowReLU:
    """factor f."""
    skip = None if net.skip is None else factor * np.asarray(net.skip)
    masses, offset = factor * np.asarray(net.outer_weights), np.asarray(factor * float(net.offset))
    return dataclasses.replace(net, outer_weights=masses, offset=offset, skip=skip)
