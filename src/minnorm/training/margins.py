"""Margins of networks that learn classes: what is recorded of them, and what says that they have settled."""

from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Int

from minnorm import losses
from minnorm._types import Array, Scalar
from minnorm.network import ShallowReLU

RECORDED = {
    "margin": "min_i y_i f(x_i), positive where every point is on the right side",
    "normalised_margin": "margin / path_norm: the margin of the multiple of the network whose path norm is 1",
}
"""What is recorded of each network, by name, beside what is of all."""

_BATCH = 1024  # points whose hidden values are held at once
SETTLED = 0.01
"""Of the last normalised margin: what it may have been away from it, unless another share is asked for."""

_LEAST = 100  # steps: before them small ones have moved nothing yet
_RECENT = 0.1  # of the steps: the trend is what came after them


def learnt(loss: str) -> bool:
    """Whether a loss is one of margins y f, so that these are what is learnt."""
    return losses.of(loss).argument == "margin"


def margins(
    network: ShallowReLU, points: Float[Array, "n d"], values: Float[Array, " n"], norm: Scalar
) -> dict[str, Any]:
    """The least y f and what it is for norm 1; 0 for a network of norm 0."""
    margin = jnp.min(values * jax.lax.map(network, points, batch_size=min(_BATCH, len(points))))
    return {"margin": margin, "normalised_margin": jnp.where(norm > 0, margin / jnp.where(norm > 0, norm, 1), 0)}


def course(
    margin: Float[np.ndarray, "k r"],
    normalised: Float[np.ndarray, "k r"],
    recorded: Int[np.ndarray, " r"],
    share: float = SETTLED,
) -> dict[str, tuple[np.ndarray, str]]:
    r"""Where each of k networks stands at its last step: three numbers (k,) by name, and what they are.

    Without weight decay the logistic loss goes to 0 as the network grows, and nothing converges but its direction. So
    what says that training may end is the normalised margin g: `separated_step`, the first recorded step from which on
    all margins are positive; `margin_trend`, (g - g') / |g| with g' a tenth of the steps ago: 0 is standing still;
    `settled_step`, the first recorded step from which on g was within `share` of its last value, if that was in the
    first half of the steps. A step is -1 where there is none.

    >>> one = np.array([[-1.0, 0.5, 0.995, 1.0, 1.0]])
    >>> found = course(one, one, np.array([0, 1, 10, 100, 1000]))
    >>> {name: value.tolist() for name, (value, _) in found.items()}
    {'separated_step': [1], 'margin_trend': [0.0], 'settled_step': [10]}
    """
    last, steps = normalised[:, -1], int(recorded[-1])
    before = normalised[:, int(np.searchsorted(recorded, _RECENT * steps, side="right")) - 1]
    with np.errstate(divide="ignore", invalid="ignore"):
        trend = np.where(last == before, 0.0, (last - before) / np.abs(last))
    near = np.abs(normalised - last[:, None]) <= share * np.abs(last[:, None])
    settled = _first(near, recorded)
    settled[(2 * settled > steps) | (steps == 0)] = -1
    return {
        "separated_step": (_first(margin > 0, recorded), "first recorded step from which on margin > 0, -1 if none"),
        "margin_trend": (trend, "(g - g') / |g|, normalised margin now and after a tenth of the steps"),
        "settled_step": (
            settled,
            f"first recorded step from which on the normalised margin is within {100 * share:g} % of its last "
            "value, -1 if not in the first half of the steps",
        ),
    }


def settled(history: Sequence[Mapping[str, np.ndarray]], recorded: Int[np.ndarray, " r"], share: float) -> bool:
    """Whether training may end: each network was separated, and its normalised margin stood still within `share`, for
    the second half of the steps so far; one whose margin is not a number waits for nothing."""
    count = len(history)
    if count == 0 or recorded[count - 1] < _LEAST:
        return False
    margin, normalised = (np.stack([one[name] for one in history], axis=1) for name in RECORDED)
    stands = course(margin, normalised, recorded[:count], share)
    separated, still = stands["separated_step"][0], stands["settled_step"][0]
    there = (still >= 0) & (separated >= 0) & (2 * separated <= recorded[count - 1])
    return bool(np.all(there | ~np.isfinite(normalised[:, -1])))


def _first(holds: np.ndarray, recorded: np.ndarray) -> np.ndarray:
    """The recorded step from which on something holds to the end; -1 where it does not at the end."""
    count = np.cumprod(holds[:, ::-1], axis=1).sum(axis=1)
    return np.where(count > 0, recorded[len(recorded) - np.maximum(count, 1)], -1)
