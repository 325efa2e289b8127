"""The last step: masses and free terms that suit the network as it is stored, at the points as they were given."""

import math
from dataclasses import replace
from functools import cached_property

import numpy as np
from jaxtyping import Float

from minnorm.activation import Activation
from minnorm.compensated import Pair, add, combination, multiply, product, two_product, two_sum
from minnorm.network import ShallowReLU
from minnorm.objective.norm import PathNorm
from minnorm.objective.problem import Problem
from minnorm.solve.freepart import FreePart
from minnorm.solve.pace import fits
from minnorm.solve.settle import settle
from minnorm.solve.support import Repair

_WORK = 2e9  # points times atoms squared; beyond it the masses stay as they are
_LEVER = 2.0**40  # bias of the neuron that stands for a constant: its other weights are small
_UNIT = 2.0**-51  # of the labels less their free part: what free terms lack is given to neurons from there on
_FITTED = 2.0**-49
_DUST, _ROUNDED = 2.0**-46, 2.0**-53  # of all masses; of the largest label
_WORTH = 1e-9  # of the objective: the same for lam > 0
_TIMES = 3
_DOUBLE, _MISFITS = 60, 16  # operations of a product in double-double arithmetic; as many of them as sums are worth
_REPAIR = 25  # of the singular value decomposition, times n^2 m


def restored(problem: Problem, network: ShallowReLU, part: FreePart, deadline: float = math.inf) -> ShallowReLU:
    r"""A network for labels less their free part as one for the labels, its masses settled where it is evaluated.

    Weights and biases have been rounded to float64 in the problem's coordinates, and so have the free terms. Far from
    the origin that moves kinks and values by more than a last digit. Hidden values are recomputed from what is stored,
    in double-double arithmetic; masses and free terms are then repaired (lam = 0) or re-optimised (lam > 0) against
    them; and what no float64 free term can hold is given to neurons, of next to no cost. What there is no time for
    until `deadline`, a `time.monotonic` moment, is left out.
    """
    stored = _Stored(problem, network, part)
    several = network.dim > 1 or network.width == 0
    n, m, d = len(problem.points), network.width, network.dim
    if not fits(_DOUBLE * n * (d + _MISFITS) * (m if several else 1), deadline):
        return stored.network(hurried=True)
    if several and n * max(m, d) ** 2 <= _WORK and _settling_fits(n, m, problem.lam == 0, deadline):
        stored.settle(deadline)
        if problem.lam == 0:
            stored = _without_dust(stored, network.to_numpy(), part, deadline)
    elif problem.penalty.constant_is_free:
        stored.shift()
    return stored.network()


def _without_dust(stored: "_Stored", network: ShallowReLU, part: FreePart, deadline: float) -> "_Stored":
    """The same without neurons of which settling left next to nothing, if that meets the labels as well."""
    problem = stored.problem
    share = np.abs(stored.masses) * problem.penalty.atom_cost(network.inner_weights, network.biases)
    kept = share > _DUST * np.sum(share)
    if np.all(kept) or not np.any(kept):
        return stored
    parts = {name: getattr(network, name)[kept] for name in ("inner_weights", "biases", "outer_weights")}
    fewer = _Stored(problem, replace(network, **parts), part)
    fewer.settle(deadline)
    missed, before = (float(np.max(np.abs(one.misfit()))) for one in (fewer, stored))
    return fewer if missed <= max(before, _ROUNDED * float(np.max(np.abs(problem.values)))) else stored


def _settling_fits(n: int, m: int, interpolates: bool, deadline: float) -> bool:
    return fits(_REPAIR * n * m * min(n, m) if interpolates else 2 * n * m * m, deadline)


def repaired(problem: Problem, network: ShallowReLU) -> ShallowReLU:
    """The network with the least change of masses and free terms by which it meets the labels of a problem, as far as
    its neurons can."""
    stored = _Stored(problem, network, FreePart(0.0, np.zeros(network.dim)))
    stored.settle()
    return stored.network()


def misfits(problem: Problem, network: ShallowReLU) -> Float[np.ndarray, " n"]:
    """The labels less the network, to the last digits of the difference."""
    return _Stored(problem, network, FreePart(0.0, np.zeros(network.dim))).misfit()


class _Stored:
    """A network with free terms of two numbers each, (high, low), which are their exact sums."""

    def __init__(self, problem: Problem, network: ShallowReLU, part: FreePart) -> None:
        self.problem, self.net = problem, network.to_numpy()
        none = np.zeros(network.dim)
        self.level: Pair = two_sum(np.array([network.offset]), np.array([part.level]))
        self.slope: Pair = two_sum(none if network.skip is None else np.asarray(network.skip), part.slope)
        self.masses = np.asarray(network.outer_weights)
        x, self.count = problem.points, len(problem.points)
        self.centre = x.mean(axis=0) if problem.penalty.constant_is_free else none

    @cached_property
    def hidden(self) -> Pair:
        """sigma(w . x + b), shape (n, m)."""
        high, low = add(
            product(self.problem.points, np.asarray(self.net.inner_weights)),
            (np.asarray(self.net.biases)[None], np.zeros((1, 1))),
        )
        sigma = self.net.activation
        if sigma.rectifies:
            return np.where(high > 0, high, 0.0), np.where(high > 0, low, 0.0)
        return multiply((high, low), np.where(high > 0, sigma.plus, -sigma.minus))

    def free_values(self) -> Pair:
        """The free terms at the points, but for what their low parts are rounded to."""
        x = self.problem.points
        ones = np.ones(self.count)
        total = add((self.level[0] * ones, self.level[1] * ones), (x @ self.slope[1], 0 * ones))
        high, low = product(x, self.slope[0][None])
        return add(total, (high[:, 0], low[:, 0]))

    def rest(self) -> Pair:
        """The labels less the free terms."""
        high, low = self.free_values()
        return add((self.problem.values, np.zeros(self.count)), (-high, -low))

    def misfit(self) -> np.ndarray:
        """The labels less the network."""
        if self.net.dim == 1:  # which takes O((m + n) log m)
            net, none = self.net, np.asarray(0.0)
            alone = ShallowReLU(net.inner_weights, net.biases, self.masses, none, None, net.activation)
            high = alone.evaluate(self.problem.points)
            low = np.zeros(self.count)
        else:
            high, low = combination(self.hidden, self.masses)
        high, low = add(self.rest(), (-high, -low))
        return high + low

    def shift(self) -> None:
        """Change the constant for the better: it makes the mean misfit zero, or the largest one small."""
        rest = self.misfit()
        middle = self.problem.mean(rest) if self.problem.lam > 0 else (float(np.max(rest)) + float(np.min(rest))) / 2
        self.level = add(self.level, (np.array([middle]), np.zeros(1)))

    def settle(self, deadline: float = math.inf) -> None:
        """Change masses and free terms for the better."""
        problem, penalty = self.problem, self.problem.penalty
        atoms = self.hidden[0]
        cost = np.asarray(penalty.atom_cost(self.net.inner_weights, self.net.biases))
        moved = problem.points - self.centre
        extent = np.max(np.abs(moved), axis=0, initial=0.0)
        moved = moved[:, extent > 0] / extent[extent > 0]
        columns = [np.ones((self.count, 1))] if penalty.constant_is_free else []
        linear = penalty.linear_is_free
        free = np.concatenate([*columns, *([moved] if linear else [])], axis=1) if columns or linear else moved[:, :0]
        repair = Repair(atoms, free, self.masses) if problem.lam == 0 else None
        for _ in range(_TIMES):
            rest, before = self.misfit(), self.masses
            if repair is not None:
                masses, change = repair.step(rest, self.masses)
            else:
                masses, change = settle(
                    atoms,
                    free,
                    problem.lam * problem.total / problem.weights,
                    cost,
                    before,
                    np.zeros(free.shape[1]),
                    lambda a, c, rest=rest, before=before: rest - atoms @ (a - before) - free @ c,
                    deadline,
                )
            self.masses = masses
            if linear:
                slope = np.zeros(extent.size)
                slope[extent > 0] = change[len(columns) :] / extent[extent > 0]
                self.slope = add(self.slope, (slope, np.zeros_like(slope)))
                for part, place in zip(slope, self.centre, strict=True):
                    high, low = two_product(np.array([part]), np.array([place]))
                    self.level = add(self.level, (-high, -low)) if columns else self.level
            if columns:
                self.level = add(self.level, (change[:1], np.zeros(1)))

    def network(self, *, hurried: bool = False) -> ShallowReLU:
        """The network, neurons without mass left out, with neurons for the low parts where they matter, and there is
        time to look."""
        net, penalty = self.net, self.problem.penalty
        live = self.masses != 0
        w, b, a = net.inner_weights[live], net.biases[live], self.masses[live]
        more = None if hurried else self._lost()
        if more is not None:
            w, b, a = (np.concatenate(parts) for parts in zip((w, b, a), more, strict=True))
        skip = self.slope[0] if penalty.linear_is_free else None
        return with_offset(ShallowReLU(w, b, a, np.asarray(self.level[0][0]), skip, net.activation), penalty)

    def _lost(self) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
        """Neurons for the low parts of the free terms, if the network is better with than without them."""
        problem, penalty, x = self.problem, self.problem.penalty, self.problem.points
        level, slope = float(self.level[1][0]), self.slope[1]
        missing = level + x @ slope
        free = penalty.biases_are_free
        parts = [slope] if penalty.inputs is None else [one for one in np.diag(slope) if np.any(one)]
        if not self.net.activation.rectifies:  # no two other neurons are linear
            parts, missing = [], np.full(self.count, level)
        steep = float(sum(np.linalg.norm(one) for one in parts))
        if problem.lam == 0:
            # Labels that the free terms fit, but for rounding errors, are worth no neuron.
            left = float(np.max(np.abs(self.rest()[0])))
            if float(np.max(np.abs(missing))) <= _UNIT * left or left <= _FITTED * float(
                np.max(np.abs(problem.values))
            ):
                return None
        else:
            rest = self.misfit()
            cost = problem.lam * (2 * steep + (0.0 if free else abs(level)))
            value = problem.mean(rest**2) / 2 + problem.lam * float(
                np.abs(self.masses) @ penalty.atom_cost(self.net.inner_weights, self.net.biases)
            )
            if problem.mean((rest + missing) ** 2 - rest**2) / 2 - cost <= _WORTH * value:
                return None
        weights, biases, masses = [], [], []
        if level:
            bias, mass = _constant(level, _LEVER if free else 1.0, self.net.activation)
            weights, biases, masses = [np.zeros(slope.size)], [bias], [mass]
        for one in parts:
            size = float(np.linalg.norm(one))
            for sign in (1.0, -1.0):
                if np.any(sign * (x @ one) > 0):
                    weights.append(sign * one / size)
                    biases.append(0.0)
                    masses.append(sign * size)
        return (np.array(weights), np.array(biases), np.array(masses)) if masses else None


def with_offset(network: ShallowReLU, penalty: PathNorm) -> ShallowReLU:
    """The network, or, where the penalty allows no offset, one with a constant neuron (w = 0) in its place."""
    if penalty.has_offset or float(network.offset) == 0:
        return network
    bias, mass = _constant(float(network.offset), _LEVER, network.activation)
    return ShallowReLU(
        np.concatenate([network.inner_weights, np.zeros((1, network.dim))]),
        np.append(network.biases, bias),
        np.append(network.outer_weights, mass),
        np.asarray(0.0),
        network.skip,
        network.activation,
    )


def _constant(level: float, lever: float, sigma: Activation) -> tuple[float, float]:
    """The bias, `lever` in size, and the outer weight of a neuron that does not look at its input and is `level`."""
    bias = lever if abs(sigma.plus) >= abs(sigma.minus) else -lever
    return bias, level / float(sigma(bias))
