"""Optimisers: each is one entry, an optax transformation of the gradient and what it takes by default."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Literal

import jax
import jax.numpy as jnp
import optax

from minnorm.training import conventions
from minnorm.training.conventions import Convention, Variant

Decay = Literal["coupled", "decoupled"]


@dataclass(frozen=True)
class Optimizer:
    """How a gradient becomes a direction; the learning rate and weight decay are added around it.

    `direction` takes `options` by keyword. `decay` is where weight decay goes unless asked otherwise:
    "coupled" adds its gradient to the loss's before the transformation, "decoupled" adds lam * parameter
    after it (Loshchilov & Hutter 2019). `batch` is "full" or "mini" where the optimiser's name settles it. `gradient`
    says where and on what it is taken: "here"; "uphill", after a step of length `rho` along the gradient of the loss
    (Foret et al. 2021); "noisy", on labels with independent normal noise of standard deviation `noise`
    (Blanc et al. 2020); "searched", here and along the direction, by `line_search` on the objective. `same` names the
    conventions whose steps and defaults these are, `others` has those that differ.
    """

    direction: Callable[..., optax.GradientTransformation]
    options: Mapping[str, float] = field(default_factory=dict)
    decay: Decay = "coupled"
    batch: Literal["full", "mini", "either"] = "either"
    gradient: Literal["here", "uphill", "noisy", "searched"] = "here"
    same: tuple[Convention, ...] = ()
    others: Mapping[Convention, Variant] = field(default_factory=dict)

    @property
    def conventions(self) -> tuple[Convention, ...]:
        """Those that it can follow."""
        return ("own", *self.same, *self.others)

    def under(self, convention: Convention) -> "Optimizer":
        """The rule of one of `conventions`."""
        other = self.others.get(convention)
        return self if other is None else replace(self, direction=other.direction, options=other.options)


def _muon(momentum: float, b1: float, b2: float, eps: float) -> optax.GradientTransformation:
    """Momentum with look-ahead, orthogonalised, for the inner weights (m, d); Adam for vectors and the offset."""
    # Without decay, the library's own average is the direction itself: what is averaged is said by `trace`.
    orthogonal = optax.contrib.scale_by_muon(
        beta=0.0, nesterov=False, eps=eps, weight_dimension_numbers=lambda tree: jax.tree.map(lambda _: _ROWS, tree)
    )
    matrices = optax.chain(
        optax.trace(momentum, nesterov=True), orthogonal, optax.stateless_with_tree_map(lambda g, _: g * _height(g))
    )
    return optax.partition(
        {"matrix": matrices, "vector": optax.scale_by_adam(b1, b2, eps)},
        lambda tree: jax.tree.map(lambda leaf: "matrix" if jnp.ndim(leaf) == 2 else "vector", tree),
    )


_ROWS = optax.contrib.MuonDimensionNumbers(reduction_axis=1, output_axis=0)


def _height(weights: Any) -> float:
    return max(1.0, weights.shape[0] / weights.shape[1]) ** 0.5


def _lbfgs(memory_size: float) -> optax.GradientTransformation:
    """Limited-memory BFGS that leaves out steps along which the gradient did not grow: it stays positive definite."""
    if memory_size < 1 or memory_size % 1:
        raise ValueError(f"options has memory_size = {memory_size}; give a whole number >= 1")
    rule = optax.scale_by_lbfgs(int(memory_size))

    def update(updates: Any, state: Any, params: Any = None) -> tuple[Any, Any]:
        grown = jnp.asarray(
            optax.tree.vdot(optax.tree.sub(updates, state.updates), optax.tree.sub(params, state.params))
        )
        kept = optax.tree.where(grown > 0, (state.params, state.updates), (params, updates))
        return rule.update(updates, state._replace(params=kept[0], updates=kept[1]), params)

    return optax.GradientTransformation(rule.init, update)


def line_search(longest: Any) -> optax.GradientTransformationExtraArgs:
    """Steps of at most `longest` times a direction that never increase the objective.

    The first one tried is 1, or `longest` if that is less; another is tried if it does not decrease the objective
    sufficiently, or, up to `longest`, if the slope there is still more than 0.9 of what it was (Nocedal & Wright 2006,
    algorithms 3.5 and 3.6). If none of 20 decreases the objective, there is no step.
    """
    search = optax.scale_by_zoom_linesearch(
        max_linesearch_steps=20, max_learning_rate=longest, approx_dec_rtol=None, initial_guess_strategy="one"
    )

    def update(updates: Any, state: Any, params: Any = None, **here: Any) -> tuple[Any, Any]:
        step, state = search.update(updates, state, params, **here)
        return optax.tree.where(state.value < here["value"], step, optax.tree.zeros_like(step)), state

    return optax.GradientTransformationExtraArgs(search.init, update)


_ADAM = {"b1": 0.9, "b2": 0.999, "eps": 1e-8}

_ALL: tuple[Convention, ...] = ("torch", "optax", "published")

OPTIMIZERS: dict[str, Optimizer] = {
    "gd": Optimizer(optax.identity, batch="full", same=_ALL),
    "sgd": Optimizer(optax.identity, batch="mini", same=_ALL),
    "momentum": Optimizer(lambda momentum: optax.trace(momentum), {"momentum": 0.9}, same=_ALL),
    "nesterov": Optimizer(lambda momentum: optax.trace(momentum, nesterov=True), {"momentum": 0.9}, same=_ALL),
    "rmsprop": Optimizer(
        optax.scale_by_rms,
        {"decay": 0.9, "eps": 1e-8},
        same=("optax",),
        others={
            "torch": Variant(partial(optax.scale_by_rms, eps_in_sqrt=False), {"decay": 0.99, "eps": 1e-8}),
            "published": Variant(conventions.rms_without_eps, {"decay": 0.9, "eps": 0.0}),
        },
    ),
    "adagrad": Optimizer(
        optax.scale_by_rss,
        {"initial_accumulator_value": 0.0, "eps": 1e-10},
        others={
            "torch": Variant(conventions.sum_of_squares, {"initial_accumulator_value": 0.0, "eps": 1e-10}),
            "optax": Variant(optax.scale_by_rss, {"initial_accumulator_value": 0.1, "eps": 1e-7}),
            "published": Variant(conventions.sum_of_squares, {"initial_accumulator_value": 0.0, "eps": 1e-10}),
        },
    ),
    "adadelta": Optimizer(
        optax.scale_by_adadelta,
        {"rho": 0.95, "eps": 1e-6},
        same=("published",),
        others={word: Variant(optax.scale_by_adadelta, {"rho": 0.9, "eps": 1e-6}) for word in ("torch", "optax")},
    ),
    "adam": Optimizer(optax.scale_by_adam, _ADAM, same=_ALL),
    "adamw": Optimizer(optax.scale_by_adam, _ADAM, decay="decoupled", same=_ALL),
    "nadam": Optimizer(
        partial(optax.scale_by_adam, nesterov=True),
        _ADAM,
        same=("optax", "published"),
        others={"torch": Variant(conventions.scheduled_momentum, {**_ADAM, "momentum_decay": 4e-3})},
    ),
    "amsgrad": Optimizer(
        partial(optax.scale_by_amsgrad, bias_correction_mu=False, bias_correction_nu=False),
        _ADAM,
        same=("published",),
        others={
            "torch": Variant(conventions.largest_then_corrected, _ADAM),
            "optax": Variant(optax.scale_by_amsgrad, _ADAM),
        },
    ),
    "adabelief": Optimizer(
        lambda b1, b2, eps: optax.scale_by_belief(b1, b2, eps=eps, eps_root=eps),
        {**_ADAM, "eps": 1e-16},
        same=("optax", "published"),
    ),
    "lion": Optimizer(optax.scale_by_lion, {"b1": 0.9, "b2": 0.99}, decay="decoupled", same=_ALL),
    "sam": Optimizer(lambda rho: optax.identity(), {"rho": 0.05}, gradient="uphill", same=("published",)),
    "label_noise": Optimizer(
        lambda noise: optax.identity(), {"noise": 0.1}, batch="mini", gradient="noisy", same=("published",)
    ),
    "lbfgs": Optimizer(_lbfgs, {"memory_size": 10.0}, batch="full", gradient="searched", same=("published",)),
    "muon": Optimizer(
        _muon,
        {"momentum": 0.95, **_ADAM},
        decay="decoupled",
        same=("torch", "published"),
        others={"optax": Variant(conventions.muon_of_optax, {"momentum": 0.95, **_ADAM})},
    ),
}
"""All optimisers by name. Sources: Robbins & Monro (1951), Polyak (1964), Nesterov (1983), Tieleman & Hinton
(2012), Duchi, Hazan & Singer (2011), Zeiler (2012), Kingma & Ba (2015), Loshchilov & Hutter (2019), Dozat (2016),
Reddi, Kale & Kumar (2018), Zhuang et al. (2020), Chen et al. (2023), Foret et al.
(2021), Blanc et al. (2020), Liu & Nocedal (1989), Jordan (2024)."""
