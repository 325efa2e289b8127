"""The penalty of a network and of a single atom, for every convention in use."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
from jaxtyping import Float

from minnorm._types import Array, Scalar
from minnorm.activation import RELU, Activation
from minnorm.checks import choice, instance, optional, whole
from minnorm.network import ShallowReLU, as_network, row_norms

Bias = Literal["free", "penalised"]
Skip = Literal["none", "free"]
Offset = Literal["free", "none"]


def costly_biases(bias: Bias) -> bool:
    """Whether this option makes biases count in what a neuron costs; ValueError if it is none of the options."""
    return choice("bias", bias, get_args(Bias)) == "penalised"


@dataclass(frozen=True, init=False, repr=False)
class PathNorm:
    r"""The path norm of a shallow ReLU network, the least weight decay among its rescalings.

        bias="free":       sum_k |a_k| |w_k|
        bias="penalised":  sum_k |a_k| |(w_k, b_k)|

    `skip="free"` allows a term v . x at no cost, `offset="none"` forbids the constant c. With free biases
    a constant is the limit of atoms of vanishing cost, so forbidding c does not change the infimum.
    "penalized" is understood as "penalised". `activation` is what the neurons do, the norm being that of networks of
    such neurons: "relu", "leaky_relu:0.25", "abs", or an `Activation`. With `inputs` k every neuron reads at most k of
    the columns, no more entries of its weights being other than 0: an additive model for 1, one of pairwise
    interactions for 2; None is for all columns.

    Errors: ValueError for any other option.

    Source: Neyshabur, Tomioka & Srebro (2015); Savarese, Evron, Soudry & Srebro (2019); Boursier & Flammarion
    (2023) for penalised biases.

    >>> import numpy as np
    >>> net = ShallowReLU(np.array([[3.0, 4.0]]), np.array([1.0]), np.array([-2.0]), np.array(0.5))
    >>> PathNorm().value(net)
    10.0
    """

    bias: Bias
    skip: Skip
    offset: Offset
    activation: Activation
    inputs: int | None

    def __init__(
        self,
        bias: Bias | Literal["penalized"] = "free",
        skip: Skip = "none",
        offset: Offset = "free",
        activation: Activation | str = RELU,
        inputs: int | None = None,
    ) -> None:
        spelled = "penalised" if isinstance(bias, str) and str(bias) == "penalized" else bias
        for name, value, kind in (("bias", spelled, Bias), ("skip", skip, Skip), ("offset", offset, Offset)):
            object.__setattr__(self, name, choice(name, value, get_args(kind)))
        object.__setattr__(self, "activation", Activation.of(activation))
        object.__setattr__(self, "inputs", optional(whole, "inputs", inputs, 1))

    def __repr__(self) -> str:
        options = {"bias": self.bias, "skip": self.skip, "offset": self.offset} | self.unusual
        return f"PathNorm({', '.join(f'{name}={option!r}' for name, option in options.items())})"

    def __str__(self) -> str:
        """The options in words."""
        options = {"bias": self.bias, "skip": self.skip, "offset": self.offset} | self.unusual
        return ", ".join(f"{name} {option}" for name, option in options.items())

    @property
    def unusual(self) -> dict[str, str | int]:
        """The options `activation` and `inputs`, only said where neurons are not ReLU, or read few columns."""
        sigma: dict[str, str | int] = {} if self.activation.rectifies else {"activation": str(self.activation)}
        return sigma if self.inputs is None else sigma | {"inputs": self.inputs}

    @classmethod
    def of_relu_alone(cls, penalty: "PathNorm | None", caller: str) -> "PathNorm":
        """The penalty, or the usual one for None; ValueError, in the name of `caller`, if it is not ReLU's."""
        given = cls.given(penalty)
        if not given.activation.rectifies:
            raise ValueError(
                f"penalty has the activation {given.activation}; {caller} is for ReLU: leave it out, or "
                "use interpolate or fit"
            )
        return cls.of_all_columns(given, caller)

    @classmethod
    def of_all_columns(cls, penalty: "PathNorm | None", caller: str) -> "PathNorm":
        """The penalty, or the usual one for None; ValueError, in the name of `caller`, if it has `inputs`."""
        given = cls.given(penalty)
        if given.inputs is not None:
            raise ValueError(f"penalty has inputs={given.inputs}; {caller} is for neurons that read all columns")
        return given

    @property
    def of_relu(self) -> "PathNorm":
        """The same options for ReLU neurons."""
        return PathNorm(self.bias, self.skip, self.offset, inputs=self.inputs)

    def restricts(self, dim: int) -> bool:
        """Whether there are neurons of `dim` columns that read too many of them."""
        return self.inputs is not None and self.inputs < dim

    @property
    def affine_is_free(self) -> bool:
        """Whether a term v . x + c costs nothing: then [f] is ReLU's over |plus + minus|, whatever the activation."""
        return self.linear_is_free and self.constant_is_free

    @property
    def constant_is_free(self) -> bool:
        """Whether a constant costs nothing: free biases give one without an offset too, by neurons with w -> 0."""
        return self.has_offset or self.biases_are_free

    @property
    def linear_is_free(self) -> bool:
        """Whether a term v . x costs nothing."""
        return self.skip == "free"

    @property
    def has_offset(self) -> bool:
        """Whether the network may have a constant of its own."""
        return self.offset != "none"

    @property
    def biases_are_free(self) -> bool:
        """Whether a neuron costs as much wherever its kink is."""
        return not self.biases_cost

    @property
    def biases_cost(self) -> bool:
        """Whether biases count in what a neuron costs."""
        return costly_biases(self.bias)

    def atom_cost(self, inner_weights: Float[Array, "m d"], biases: Float[Array, " m"]) -> Float[Array, " m"]:
        """|w_k| or |(w_k, b_k)|: what one unit of outer weight costs, shape (m,)."""
        if self.biases_cost:
            return row_norms(inner_weights, biases)
        return row_norms(inner_weights)

    @staticmethod
    def given(penalty: "PathNorm | None") -> "PathNorm":
        """The penalty, or the usual one for None; ValueError for anything else."""
        if penalty is None:
            return PathNorm()
        return instance("penalty", penalty, PathNorm, 'a PathNorm, as PathNorm(bias="penalised"), or None')

    def total(self, network: ShallowReLU) -> Scalar:
        """The path norm in the network's own arrays, for use inside JAX transformations."""
        return (abs(network.outer_weights) * self.atom_cost(network.inner_weights, network.biases)).sum()

    def half_squares(self, network: ShallowReLU) -> Scalar:
        """The weight decay in the network's own arrays, for use inside JAX transformations."""
        a, w, b = network.outer_weights, network.inner_weights, network.biases
        squares = (a * a).sum() + (w * w).sum()
        return 0.5 * (squares + (b * b).sum() if self.biases_cost else squares)

    def value(self, network: ShallowReLU) -> float:
        """The path norm; ValueError if the network has a term that this penalty forbids."""
        self.admit(as_network(network))
        return float(self.total(network.to_numpy()))

    def weight_decay(self, network: ShallowReLU) -> float:
        """R = (|a|^2 + |W|^2)/2, with |b|^2 added if biases are penalised; at least the path norm."""
        self.admit(as_network(network))
        return float(self.half_squares(network.to_numpy()))

    def admit(self, network: ShallowReLU) -> None:
        """Raise ValueError if the network has a term that this penalty forbids, or other neurons."""
        if network.activation != self.activation:
            raise ValueError(
                f"the network has the activation {network.activation} and the penalty {self.activation}; "
                "they must agree: PathNorm(activation=...)"
            )
        if not self.linear_is_free and network.skip is not None and np.any(np.asarray(network.skip)):
            raise ValueError('the network has a skip term, which skip="none" forbids; use PathNorm(skip="free")')
        if not self.has_offset and float(np.asarray(network.offset)) != 0:
            raise ValueError('the network has an offset, which offset="none" forbids; use offset="free"')
        if self.inputs is None:
            return
        most = int(np.max(np.count_nonzero(np.asarray(network.inner_weights), axis=1), initial=0))
        if most > self.inputs:
            raise ValueError(
                f"the network has a neuron that reads {most} columns, and the penalty has inputs={self.inputs}; "
                "leave inputs out, or measure another network"
            )

    def correlation(
        self, dual: npt.ArrayLike, points: Float[Array, "n d"], network: ShallowReLU
    ) -> npt.NDArray[np.float64]:
        """h(w_k, b_k) / cost(w_k, b_k) with h(w, b) = sum_i nu_i sigma(w . x_i + b), for each neuron (m,).

        The dual norm of nu is the supremum of its absolute value over all atoms; a dual vector is feasible
        where that is at most 1. A neuron without cost is a constant, to which a feasible nu is orthogonal: 0.
        """
        net = network.to_numpy()
        hidden = self.activation(np.asarray(points, dtype=np.float64) @ net.inner_weights.T + net.biases)
        inner = np.asarray(dual, dtype=np.float64) @ hidden
        cost = self.atom_cost(net.inner_weights, net.biases)
        return np.divide(inner, cost, out=np.zeros_like(inner), where=cost > 0)
