"""Training that can be watched: a network of the engine, step by step, in stretches of growing length."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp

from minnorm.network import ShallowReLU
from minnorm.objective.norm import PathNorm
from minnorm.objective.problem import Problem
from minnorm.training import OPTIMIZERS, usual_batch
from minnorm.training.engine import Engine, Rows, Setting, Varied

_GROWTH = 1.2  # from one frame to the next
_STRETCH = 0.1  # seconds of computing between two frames, at most


@dataclass(frozen=True)
class Recipe:
    """How a network is trained; the names are those of `minnorm.train`."""

    optimizer: str
    learning_rate: float
    weight_decay: float
    width: int
    steps: int
    seed: int
    scale: float
    initial: str


@dataclass(frozen=True)
class Frame:
    """The network after so many steps, which took so many seconds, with the engine's metrics."""

    step: int
    seconds: float
    network: ShallowReLU
    metrics: dict[str, float]


def follow(problem: Problem, recipe: Recipe) -> Iterator[Frame]:
    """Train on the data of a problem, in float64, and show the start, then ever longer stretches up to the last step.

    The numbers are those of `minnorm.train` with the same arguments, whatever the stretches.

    >>> recipe = Recipe("adam", 1e-2, 0.0, 20, 10, 0, 1.0, "xavier_uniform")
    >>> frames = list(follow(Problem([-1.0, 0.0, 1.0], [0.0, 1.0, 0.0], lam=1.0), recipe))
    >>> frames[0].step, frames[-1].step
    (0, 10)
    """
    batch_size = usual_batch(recipe.optimizer, len(problem.values))
    start, measure, advance = _programs(recipe.optimizer, problem.penalty, recipe.initial, recipe.width, batch_size)
    with jax.enable_x64(True):
        data = Rows(jnp.asarray(problem.points), jnp.asarray(problem.values))
        rate, decay, scale = jnp.asarray([[recipe.learning_rate], [recipe.weight_decay], [recipe.scale]], jnp.float64)
        varied = Varied(rate, decay, scale, jnp.asarray([recipe.seed]))
        state = start(data, varied)
    step, seconds, pace = 0, 0.0, 1
    while True:
        # JAX's precision belongs to the thread: it is not left changed while the caller has its turn.
        with jax.enable_x64(True):
            metrics = jax.device_get(measure(data, state.network, varied))
            network = jax.tree.map(lambda part: part[0], jax.device_get(state.network))
        yield Frame(step, seconds, network, {name: float(value[0]) for name, value in metrics.items()})
        if step >= recipe.steps:
            return
        with jax.enable_x64(True):
            if step == 0:  # compile, outside of the time that is shown
                state = advance(data, state, varied, jnp.zeros((), jnp.int32))
            count = min(max(1, round((_GROWTH - 1) * step)), pace, recipe.steps - step)
            began = time.perf_counter()
            state = jax.block_until_ready(advance(data, state, varied, jnp.asarray(count, jnp.int32)))
        took = time.perf_counter() - began
        seconds += took
        step += count
        pace = max(1, int(pace * min(2.0, _STRETCH / max(took, 1e-9))) if count == pace else pace)


@lru_cache(maxsize=32)
def _programs(optimizer: str, penalty: PathNorm, initial: str, width: int, batch_size: int | None) -> tuple[Any, ...]:
    """Compiled functions that start, measure and advance; a change of data or rates finds them ready."""
    entry = OPTIMIZERS[optimizer]
    setting = Setting(
        optimizer=optimizer,
        options=dict(entry.options),
        decay=entry.decay,
        penalty=penalty,
        initial=initial,
        biases="uniform",
        antisymmetric=False,
        width=width,
        batch_size=batch_size,
        dtype="float64",
        engine="native" if jax.default_backend() == "cpu" else "xla",
    )

    def start(data: Any, varied: Any) -> Any:
        return jax.vmap(Engine(data, setting).start)(varied)

    def measure(data: Any, network: Any, varied: Any) -> Any:
        return jax.vmap(Engine(data, setting).metrics)(network, varied)

    def advance(data: Any, state: Any, varied: Any, count: Any) -> Any:
        return jax.vmap(Engine(data, setting).advance, in_axes=(0, 0, None))(state, varied, count)

    return jax.jit(start), jax.jit(measure), jax.jit(advance, donate_argnums=1)
