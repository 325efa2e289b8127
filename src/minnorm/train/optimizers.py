"""Optimisers: each is one entry, an optax transformation of the gradient and what it takes by default."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import optax

Decay = Literal["coupled", "decoupled"]


@dataclass(frozen=True)
class Optimizer:
    """How a gradient becomes a direction; the learning rate and weight decay are added around it.

    `direction` takes `options` by keyword. `decay` is where weight decay goes unless asked otherwise:
    "coupled" adds its gradient to the loss's before the transformation, "decoupled" adds lam * parameter
    after it (Loshchilov & Hutter 2019). `batch` is "full" or "mini" where the optimiser's name settles it.
    """

    direction: Callable[..., optax.GradientTransformation]
    options: Mapping[str, float] = field(default_factory=dict)
    decay: Decay = "coupled"
    batch: Literal["full", "mini", "either"] = "either"


OPTIMIZERS: dict[str, Optimizer] = {
    "gd": Optimizer(optax.identity, batch="full"),
    "sgd": Optimizer(optax.identity, batch="mini"),
    "momentum": Optimizer(lambda momentum: optax.trace(momentum), {"momentum": 0.9}),
    "nesterov": Optimizer(lambda momentum: optax.trace(momentum, nesterov=True), {"momentum": 0.9}),
    "rmsprop": Optimizer(optax.scale_by_rms, {"decay": 0.9, "eps": 1e-8}),
    "adam": Optimizer(optax.scale_by_adam, {"b1": 0.9, "b2": 0.999, "eps": 1e-8}),
    "adamw": Optimizer(optax.scale_by_adam, {"b1": 0.9, "b2": 0.999, "eps": 1e-8}, decay="decoupled"),
}
"""All optimisers by name. Sources: Robbins & Monro (1951), Polyak (1964), Nesterov (1983), Tieleman & Hinton
(2012), Kingma & Ba (2015), Loshchilov & Hutter (2019)."""
