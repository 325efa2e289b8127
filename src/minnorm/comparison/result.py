"""What `compare` returns: the excess of a network over the certified minimum, split by what would save it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from minnorm.comparison.objective import Objective
from minnorm.measure import Distance
from minnorm.network import ShallowReLU
from minnorm.pictures import bars, card, record
from minnorm.solution import Scope, Solution

PARTS = {
    "rescaling": "rescaling its neurons, so that |a| = |w|, would save",
    "merging": "merging neurons that are active at the same points, and dropping idle ones, would save",
    "refitting": "refitting its outer weights and constant, a convex problem, would save",
    "function": "what only other neurons, of another function, save",
}
"""What an excess is made of, in the order in which it is taken off."""


@dataclass(frozen=True, repr=False)
class Comparison:
    r"""A network's objective against the least that any network has, and where the difference is.

        objective = lower_bound (1 + excess),      excess = rescaling + merging + refitting + function

    Each part but the last is what one operation saves, applied to the network after those before it: `steps` has the
    networks, and the objective of the last of them is lower_bound (1 + function). `best` is the solver's network with
    its certificate, `best_objective` what it has. All are in the units of the objective that was asked about.
    """

    network: ShallowReLU
    """The one that was given, in float64."""
    objective_of: Objective
    best: Solution
    best_objective: float
    lower_bound: float
    """No network of any width has less: proven unless `scope` says "searched"."""
    steps: Mapping[str, ShallowReLU]
    """The network after each operation, under the names of `parts`."""
    distances: Mapping[str, Distance]
    """Of the network to the best one: on the "data", and "between" them, on lines that join two of them."""
    notes: tuple[str, ...] = ()
    """What else is to be known: how far the proof reaches, what the objective leaves out."""

    @property
    def objective(self) -> float:
        """The loss and the decay of the network."""
        return self.objective_of.value(self.network)

    @property
    def loss(self) -> float:
        """The loss alone."""
        return self.objective_of.loss(self.network)

    @property
    def decay(self) -> float:
        """The decay alone."""
        return self.objective_of.decay(self.network)

    @property
    def excess(self) -> float:
        """objective / lower_bound - 1."""
        return self._share(self.objective - self.lower_bound)

    @property
    def parts(self) -> dict[str, float]:
        """What the excess is made of, as shares of the lower bound."""
        values = [self.objective, *(self.objective_of.value(net) for net in self.steps.values()), self.lower_bound]
        saved = zip(PARTS, values[:-1], values[1:], strict=True)
        return {name: self._share(before - after) for name, before, after in saved}

    @property
    def scope(self) -> Scope:
        """How the lower bound was proven: "exact", "bounded" or, which proves nothing, "searched"."""
        assert self.best.certificate is not None
        return self.best.certificate.scope

    @property
    def _least(self) -> ShallowReLU:
        """The best network, balanced: with the least decay of its rescalings."""
        return self.best.network.balance(with_bias=self.best.penalty.biases_cost)

    def _share(self, amount: float) -> float:
        """Of the lower bound."""
        if self.lower_bound > 0:
            return amount / self.lower_bound
        return math.inf if amount > 0 else 0.0

    def __repr__(self) -> str:
        sure = "searched, not proven" if self.scope == "searched" else f"proven, scope {self.scope}"
        best, data = self.best, self.distances["data"]
        loss, decay = self.objective_of.loss(self._least), self.objective_of.decay(self._least)
        facts = {
            "objective": f"{self.objective:.8g} (loss {self.loss:.5g}, decay {self.decay:.5g})",
            "lower bound": f"{self.lower_bound:.8g} ({sure})",
            "best network": f"{self.best_objective:.8g} (loss {loss:.5g}, decay {decay:.5g}), "
            f"{best.network.width} neurons of {self.network.width}",
            **{f"- {name}": f"{part:.3%}  {PARTS[name]}" for name, part in self.parts.items()},
            "distance": f"{data.l2:.3g} at the data, {self.distances['between'].l2:.3g} between (root mean square)",
            "minimised": self.objective_of.words,
            **{f"note {k + 1}": note for k, note in enumerate(self.notes)},
        }
        return record(f"Comparison: {self.excess:.3%} above the minimum", facts)

    def _repr_html_(self) -> str:
        label = "the parts of the excess: " + ", ".join(f"{name} {part:.2%}" for name, part in self.parts.items())
        return card(repr(self), bars([*self.parts.values()], label))

    def plot(self, *, ax: Any = None) -> Any:
        """The parts of the excess as bars, in `ax` or new axes: `minnorm.plot_comparison`."""
        from minnorm.plot.comparison import plot_comparison

        return plot_comparison(self.to_dataset(), ax=ax)

    def to_dataset(self) -> xr.Dataset:
        """All numbers as an `xarray.Dataset`, with dimensions part, stage and region."""
        steps = {"given": self.network, **self.steps, "best": self._least}
        steps = dict(zip(("given", "rescaled", "merged", "refitted", "best"), steps.values(), strict=True))
        of, proof = self.objective_of, self.best.certificate
        assert proof is not None
        variables: dict[str, Any] = {
            "objective": ((), self.objective, {"long_name": "loss and decay"}),
            "lower_bound": ((), self.lower_bound, {"long_name": "no network has less"}),
            "best_objective": ((), self.best_objective, {"long_name": "of the solver's network"}),
            "excess": ((), self.excess, {"long_name": "objective / lower_bound - 1"}),
            "parts": ("part", [*self.parts.values()], {"long_name": "what the excess is made of"}),
            "loss": ("stage", [of.loss(net) for net in steps.values()], {"long_name": "what the points pay"}),
            "decay": ("stage", [of.decay(net) for net in steps.values()], {"long_name": "what the parameters pay"}),
            "neurons": ("stage", [net.width for net in steps.values()], {"long_name": "width"}),
            "distance_l2": ("region", [one.l2 for one in self.distances.values()], {"long_name": "root mean square"}),
            "distance_sup": ("region", [one.sup for one in self.distances.values()], {"long_name": "the largest met"}),
        }
        coordinates = {"part": [*self.parts], "stage": [*steps], "region": [*self.distances]}
        about = {"kind": "minnorm comparison", "scope": self.scope, "lam": of.problem.lam, "minimised": of.words}
        return xr.Dataset(variables, coordinates, {**about, "notes": " | ".join(self.notes)})


@dataclass(frozen=True, repr=False)
class Comparisons:
    """Those of all networks of a grid, as `train` returns them, in its order; those that diverged have none."""

    dims: Mapping[str, np.ndarray]
    """The grid: the values along each of its axes."""
    each: tuple[Comparison | None, ...]

    def __len__(self) -> int:
        return len(self.each)

    def __getitem__(self, k: int) -> Comparison | None:
        return self.each[k]

    def to_dataset(self) -> xr.Dataset:
        """All numbers as an `xarray.Dataset` on the grid, NaN for networks that diverged."""
        found = [None if one is None else one.to_dataset() for one in self.each]
        some = next((one for one in found if one is not None), None)
        if some is None:
            raise ValueError("all networks diverged; there is nothing to compare")
        empty = some.where(False)
        whole = xr.concat(
            [empty if one is None else one.astype(float) for one in found], "network", combine_attrs="override"
        )
        shape = [len(values) for values in self.dims.values()]
        variables = {
            name: ((*self.dims, *part.dims[1:]), part.values.reshape(*shape, *part.shape[1:]), part.attrs)
            for name, part in whole.data_vars.items()
        }
        coordinates = {**self.dims, **{name: some[name].values for name in ("part", "stage", "region")}}
        return xr.Dataset(variables, coordinates, some.attrs)

    def plot(self, *, ax: Any = None) -> Any:
        """The parts of every excess: bars, or of one network's steps areas. In `ax` or new axes."""
        from minnorm.plot.comparison import plot_comparison

        return plot_comparison(self.to_dataset(), ax=ax)

    def animate(self, *, seconds: float | int = 8) -> Any:
        """The steps of one network as a `matplotlib.animation.FuncAnimation`, with the certified minimum.

        On a line the function is beside its excess. `.save("descent.gif", writer="pillow")` writes it. Errors:
        ValueError for a grid of several networks, and without steps.
        """
        from minnorm.plot.descent import animate_descent

        some = next((one for one in self.each if one is not None), None)
        if some is None:
            raise ValueError("the network diverged at once; there is nothing to animate")
        problem = some.objective_of.problem
        nets = [None if one is None else one.network for one in self.each]
        points, values = problem.points, problem.values
        return animate_descent(self.to_dataset(), nets, some.best.network, points, values, seconds)

    def __repr__(self) -> str:
        excess = [one.excess for one in self.each if one is not None]
        facts = {
            "networks": f"{len(self)}, {len(self) - len(excess)} diverged",
            "excess": f"{min(excess):.3%} to {max(excess):.3%}" if excess else "none",
        }
        return record("Comparisons", facts)
