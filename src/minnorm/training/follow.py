"""Training that can be watched: a network of the engine, step by step, in stretches of growing length."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp

from minnorm.network import ShallowReLU
from minnorm.objective.data import Points
from minnorm.training.arguments import engine_kind
from minnorm.training.choice import Choice
from minnorm.training.engine import Engine, Setting, Varied
from minnorm.training.loop import Steps, rows

_GROWTH = 1.2  # from one frame to the next
_STRETCH = 0.1  # seconds of computing between two frames, at most


@dataclass(frozen=True)
class Recipe:
    """How one network is trained: what is chosen for it, and its place on a grid; the names are those of `train`."""

    choice: Choice
    learning_rate: float
    weight_decay: float = 0.0
    scale: float = 1.0
    seed: int = 0


@dataclass(frozen=True)
class Frame:
    """The network after so many steps, which took so many seconds, with the engine's metrics."""

    step: int
    seconds: float
    network: ShallowReLU
    metrics: dict[str, float]


def follow(points: Points, recipe: Recipe) -> Iterator[Frame]:
    """Train on points, in float64, and show the start, then ever longer stretches up to the last step.

    The numbers are those of `minnorm.train` with the same arguments, whatever the stretches.

    >>> recipe = Recipe(Choice.of(optimizer="adam", width=20, steps=10), learning_rate=1e-2)
    >>> frames = list(follow(Points([-1.0, 0.0, 1.0], [0.0, 1.0, 0.0]), recipe))
    >>> frames[0].step, frames[-1].step
    (0, 10)
    """
    chosen = replace(recipe.choice, dtype="float64").checked(len(points))
    last = chosen.steps
    # Where the schedule does not ask for it, a run of another length finds its program compiled.
    program = _program(chosen if chosen.rule.schedule != "constant" else replace(chosen, steps=0))
    with jax.enable_x64(True):
        data = rows(points, "float64")
        rate, decay, scale = jnp.asarray([[recipe.learning_rate], [recipe.weight_decay], [recipe.scale]], jnp.float64)
        varied = Varied(rate, decay, scale, jnp.asarray([recipe.seed]))
        state = program.start(data, varied)
    step, seconds, pace = 0, 0.0, 1
    while True:
        # JAX's precision belongs to the thread: it is not left changed while the caller has its turn.
        with jax.enable_x64(True):
            metrics = jax.device_get(program.metrics(data, state.network, varied))
            network = jax.tree.map(lambda part: part[0], jax.device_get(state.network))
        yield Frame(step, seconds, network, {name: float(value[0]) for name, value in metrics.items()})
        if step >= last:
            return
        with jax.enable_x64(True):
            if step == 0:  # compile, outside of the time that is shown
                state = program.advance(data, state, varied, jnp.zeros((), jnp.int32))
            count = min(max(1, round((_GROWTH - 1) * step)), pace, last - step)
            began = time.perf_counter()
            state = jax.block_until_ready(program.advance(data, state, varied, jnp.asarray(count, jnp.int32)))
        took = time.perf_counter() - began
        seconds += took
        step += count
        pace = max(1, int(pace * min(2.0, _STRETCH / max(took, 1e-9))) if count == pace else pace)


class _OnData:
    """The loop's steps, compiled as functions of the data too."""

    def __init__(self, setting: Setting) -> None:
        def steps(data: Any) -> Steps:
            return Steps.of(Engine(data, setting))

        self.start = jax.jit(lambda data, varied: steps(data).start(varied))
        self.metrics = jax.jit(lambda data, network, varied: steps(data).metrics(network, varied))
        self.advance = jax.jit(
            lambda data, state, varied, count: steps(data).advance(state, varied, count), donate_argnums=1
        )


@lru_cache(maxsize=32)
def _program(chosen: Choice) -> _OnData:
    """Compiled for a choice; a change of data or rates finds it ready."""
    return _OnData(Setting(chosen, engine_kind("auto", chosen.loss)))
