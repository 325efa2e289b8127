"""Training a whole grid of networks: what users call, and the loop over records."""

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from functools import partial
from threading import Event
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from jaxtyping import Int
from numpy.typing import ArrayLike

from minnorm import losses
from minnorm.checks import flag, function, instance, optional, suggesting, whole
from minnorm.losses import Loss
from minnorm.network import ShallowReLU
from minnorm.objective.data import Points
from minnorm.objective.norm import PathNorm
from minnorm.objective.problem import reject_other_than_classes
from minnorm.training import arguments, margins
from minnorm.training.arguments import Given
from minnorm.training.checkpoint import Checkpoint, Course, Keeper, identity
from minnorm.training.choice import Choice, Rule
from minnorm.training.choice import Start as StartChoice
from minnorm.training.conventions import Convention
from minnorm.training.engine import Engine, Rows, Setting, State, Varied
from minnorm.training.initial import Biases
from minnorm.training.optimizers import Decay
from minnorm.training.result import AXES, dataset

Progress = Callable[[int, int], None]
"""Called with (network steps done, network steps in all) as training goes on."""

_CALL_SECONDS = 0.5  # of computing between two signs of progress, or chances to interrupt
_CACHED = 1 << 18  # parameters of the networks that a thread works on at once
_DRAWN_FOR = 1024  # networks whose minibatches are drawn together


@suggesting
def train(
    X: "ArrayLike",
    y: "ArrayLike",
    *,
    loss: "Loss | str" = "squared",
    sample_weight: "ArrayLike | None" = None,
    optimizer: str = "adam",
    learning_rate: float | Sequence[float] = 1e-3,
    weight_decay: float | Sequence[float] = 0.0,
    scale: float | Sequence[float] = 1.0,
    seeds: int | Sequence[int] = 1,
    width: int = 1000,
    steps: int = 10_000,
    batch_size: int | None = None,
    decay: Decay | None = None,
    schedule: str = "constant",
    convention: Convention = "own",
    penalty: PathNorm | None = None,
    settled: float | None = None,
    initial: str = "xavier_uniform",
    biases: Biases = "uniform",
    antisymmetric: bool = False,
    start: Given | None = None,
    options: Mapping[str, float] | None = None,
    dtype: Literal["float32", "float64"] = "float32",
    records: int = 60,
    trajectory: bool = False,
    threads: int | None = None,
    engine: Literal["auto", "native", "xla"] = "auto",
    progress: "Progress | None" = None,
    checkpoint: "Checkpoint | None" = None,
) -> "xr.Dataset":
    r"""Train shallow ReLU networks over a grid of learning rates, weight decays, scales and seeds.

    Every network minimises, with its own learning rate and lam = weight decay,

        1/S sum_i p_i loss(y_i, f(x_i)) + lam (|a|^2 + |W|^2) / 2,    S = sum_i p_i

    whose global minimum for large width is that of (PL), `minnorm.Problem`, with the same lam.

    Arguments: `X` (n, d) or (n,), `y` (n,). `loss`: a name or an object of `minnorm.losses`, as for `fit`,
    (f(x_i) - y_i)^2 / 2 by default. `sample_weight` p (n,): how often each point counts, None for once and 0
    for not at all. `optimizer`: a name in `minnorm.training.OPTIMIZERS`; `options`
    changes its defaults, e.g. {"momentum": 0.95}. `batch_size`: None takes all data in each step, except for
    sgd and label_noise, which then draw 32 points; points are drawn with replacement. `decay`:
    "coupled" (the objective above) or "decoupled" (as in AdamW; its default). `schedule` of the learning rate:
    constant, cosine, warmup or inverse, see `minnorm.training.schedules`. `convention`: "torch", "optax" or "published"
    take the steps of that library's optimiser of the name, or of its paper, with their defaults, where they differ from
    ours. `penalty` says which
    parameters decay: (a, W), or (a, W, b) for PathNorm(bias="penalised"); it also gives the network its
    skip term and offset. `settled`, for losses of classes, e.g. 0.01: training ends before the last of its `steps` at
    the first recorded one where all networks were separated, and their normalised margins within this share of what
    they are, for half of the steps taken. `initial`: xavier_uniform, xavier_normal, kaiming_uniform, kaiming_normal or
    pytorch; `biases` starts them "uniform" on +-1/sqrt(d) or at "zero"; `scale` multiplies all initial
    parameters; `antisymmetric` starts from f = 0. `start` instead of these gives the
    network (times `scale`) from which the runs of a seed start, called as start(seed, width): samples of the
    optimal measure, say. `seeds`: how many, or a list of them below 2**32. `records`: about how many log-spaced
    steps are recorded; `trajectory` keeps the networks there, too, for `compare`. `threads`: at most this many,
    default all cores.
    `engine`: "native" is the compiled kernel, for processors; "xla" compiles the formula, on any device;
    "auto" is native on a processor. They agree to rounding. `checkpoint` keeps the state about once a minute, and a run
    that finds one goes on from it to the numbers of an undisturbed run: see `minnorm.training.Checkpoint`.

    Returns an `xarray.Dataset` with dimensions learning_rate, weight_decay, scale, seed, step; the metrics
    at the recorded steps; the final parameters; `diverged`, true where a number is no longer finite, and
    `diverged_step`, the first recorded step where that shows (-1: none). `networks` turns it into
    `ShallowReLU` objects. The same arguments on the same machine give the same numbers; with the native
    engine a network's numbers depend neither on the rest of the grid nor on `threads`.

    Errors: ValueError naming the argument, its value and what is allowed.

    >>> runs = train([-1.0, 0.0, 1.0], [0.0, 1.0, 0.0], learning_rate=[1e-3, 1e-2], width=20, seeds=2, steps=50)
    >>> runs.sizes["learning_rate"], runs.sizes["seed"], runs["inner_weights"].shape
    (2, 2, (2, 1, 1, 2, 20, 1))

    Started from samples of the optimal measure of a bump, whose norm they have:

    >>> from minnorm.known import radial_bump
    >>> bump = radial_bump(3)
    >>> X, y = bump.sample(0, 40)
    >>> runs = train(X, y, start=lambda seed, width: bump.as_network(width, seed), seeds=2, width=50, steps=0)
    >>> bool((abs(runs["path_norm"] - bump.norm) < 1e-3 * bump.norm).all())
    True
    """
    points = Points(X, y, sample_weight, names=("X", "y"))
    data = points.counting()
    rule = Rule(optimizer, options, decay, schedule, convention)
    law = StartChoice(initial, biases, antisymmetric, given=start is not None)
    paid = str(losses.of(loss))
    chosen = Choice(rule, law, width, steps, batch_size, dtype, PathNorm.given(penalty), paid, settled)
    chosen = chosen.checked(len(data))
    reject_other_than_classes(points, losses.of(chosen.loss), "y")
    setting = Setting(chosen, arguments.engine_kind(engine, chosen.loss), trajectory=flag("trajectory", trajectory))
    axes = {
        "learning_rate": arguments.axis("learning_rate", learning_rate, positive=True),
        "weight_decay": arguments.axis("weight_decay", weight_decay),
        "scale": arguments.axis("scale", scale),
        "seed": arguments.seeds(seeds),
    }
    recorded = recorded_steps(chosen.steps, whole("records", records, 1))
    threads = arguments.threads(threads)
    optional(function, "progress", progress, "a function of (steps done, all), or None", 2)
    optional(function, "start", start, "a function of (seed, width) that returns a ShallowReLU, or None", 2)
    given = None if start is None else arguments.given_networks(start, axes["seed"], data.x.shape[1], chosen)
    if checkpoint is not None:
        wanted = "an object with load(name) and save(name, arrays)"
        instance("checkpoint", checkpoint, Checkpoint, wanted)
        function("checkpoint.save", checkpoint.save, wanted, 2)
    with jax.enable_x64(chosen.dtype == "float64"):
        metrics, parameters = _run(data, setting, axes, given, recorded, threads, progress, checkpoint)
    taken = recorded[: metrics["objective"].shape[1]]
    return dataset(data, setting, axes, taken, metrics, parameters)


def recorded_steps(steps: int, records: int) -> Int[np.ndarray, " r"]:
    """The steps that `train` records: the start, and about `records` log-spaced ones up to the last.

    >>> recorded_steps(100, 3)
    array([  0,   1,  10, 100])
    """
    spaced = np.unique(np.round(np.geomspace(max(steps, 1), 1, records)).astype(int))  # the last step first
    return np.concatenate([[0], spaced[spaced <= steps]])


@dataclass(frozen=True)
class Steps:
    """What an engine does for a batch of networks: each function maps over the first axis of what it is given."""

    start: Callable[[Varied], State]
    metrics: Callable[[ShallowReLU, Varied], dict[str, Any]]
    advance: Callable[[State, Varied, Any], State]

    @staticmethod
    def of(engine: Engine) -> "Steps":
        """Not compiled yet."""
        return Steps(jax.vmap(engine.start), jax.vmap(engine.metrics), jax.vmap(engine.advance, in_axes=(0, 0, None)))


def rows(data: Points, dtype: str) -> Rows:
    """Points for an engine; weights over their mean."""
    kind = jnp.dtype(dtype)
    weights = jnp.asarray(data.weights / np.mean(data.weights), kind) if data.weighted else None
    return Rows(jnp.asarray(data.x, kind), jnp.asarray(data.y, kind), weights)


def _run(
    data: Points,
    setting: Setting,
    axes: dict[str, np.ndarray],
    given: ShallowReLU | None,
    recorded: Int[np.ndarray, " r"],
    threads: int,
    progress: Progress | None,
    checkpoint: Checkpoint | None,
) -> tuple[dict[str, np.ndarray], ShallowReLU]:
    """Metrics (networks, records) and final parameters (networks, ...), networks in the grid's order.

    Networks run in groups of one size, mapped together; a last group is filled up with copies.
    """
    grid = _grid(axes, setting.choice.dtype)
    engine, size = _sized(data, setting, _started(axes, given), grid[0].size, threads)
    groups = [
        Varied(*(jnp.asarray(np.resize(column[i : i + size], size)) for column in grid))
        for i in range(0, grid[0].size, size)
    ]
    keeper = Keeper(checkpoint, identity(data, setting, given, grid, recorded))
    steps, courses = _begun(Steps.of(engine), groups, keeper, recorded)
    double, within = setting.choice.dtype == "float64", setting.choice.settled
    run = _Run(steps, groups, courses, keeper, recorded, double, within, progress)
    run.to_the_end(threads)
    join = partial(
        jax.tree.map, lambda *parts: (parts[0] if len(parts) == 1 else np.concatenate(parts))[: grid[0].size]
    )
    return join(*(each.metrics() for each in courses)), join(*jax.device_get([each.state.network for each in courses]))


def _grid(axes: dict[str, np.ndarray], dtype: str) -> list[np.ndarray]:
    """The value of each axis for every network."""
    columns = [np.asarray(axes[axis], np.int64 if axis == "seed" else dtype) for axis in AXES]
    return [column.reshape(-1) for column in np.meshgrid(*columns, indexing="ij")]


def _started(axes: dict[str, np.ndarray], given: ShallowReLU | None) -> Any:
    return None if given is None else (jnp.asarray(axes["seed"]), jax.tree.map(jnp.asarray, given))


def _sized(data: Points, setting: Setting, started: Any, total: int, threads: int) -> tuple[Engine, int]:
    """The engine, with its share of the threads, and how many networks it takes at once."""
    held = rows(data, setting.choice.dtype)
    whole_steps = Engine(held, setting, started).runs_whole_steps()
    size = _group_size(data, setting, total, threads, whole_steps)
    return Engine(held, replace(setting, threads=max(1, threads // -(-total // size))), started), size


def _begun(
    steps: Steps, groups: Sequence[Varied], keeper: Keeper, recorded: Int[np.ndarray, " r"]
) -> tuple[Steps, list[Course]]:
    """Compiled programs, and every group at its start, or where its checkpoint left it."""
    start = jax.jit(steps.start).lower(groups[0]).compile()
    first = start(groups[0])
    shapes = jax.eval_shape(steps.metrics, first.network, groups[0])
    courses = []
    for g, group in enumerate(groups):
        courses.append(keeper.resume(f"group-{g}", first if g == 0 else start(group), shapes, recorded))
    del first
    advance = jax.jit(steps.advance, donate_argnums=0)
    advance = advance.lower(courses[0].state, groups[0], jnp.zeros((), jnp.int32)).compile()
    metrics = jax.jit(steps.metrics).lower(courses[0].state.network, groups[0]).compile()
    return Steps(start, metrics, advance), courses


@dataclass
class _Run:
    """Groups of networks on their way, each followed by a thread, to one last record.

    That is the last of all, or the first at which every group has settled within the share `settled`.
    """

    steps: Steps
    groups: Sequence[Varied]
    courses: Sequence[Course]
    keeper: Keeper
    recorded: Int[np.ndarray, " r"]
    double: bool
    settled: float | None
    progress: Progress | None
    stopped: Event = field(default_factory=Event)

    def to_the_end(self, threads: int) -> None:
        """All groups; an error in one of them, or Ctrl-C, stops the others."""
        together = False
        with ThreadPoolExecutor(threads) as pool:
            try:
                while not together:
                    least = max(len(each.history) for each in self.courses)
                    running = [pool.submit(self.follow, g, least) for g in range(len(self.groups))]
                    for each in as_completed(running):
                        each.result()
                    together = len({len(each.history) for each in self.courses}) == 1
            except BaseException:
                self.stopped.set()
                pool.shutdown(cancel_futures=True)
                raise

    def follow(self, g: int, least: int) -> None:
        """One group from record to record, to the last, or until it has settled with so many records at least."""
        course, pace = self.courses[g], 1
        with jax.enable_x64(self.double):
            for record in self.recorded[len(course.history) :].tolist():
                if self.waits_for_nothing(course, least):
                    break
                while course.steps < record:
                    pace = self.stretch(g, record, pace)
                course.history.append(jax.device_get(self.steps.metrics(course.state.network, self.groups[g])))
            self.keeper.look(f"group-{g}", course, finished=True)

    def waits_for_nothing(self, course: Course, least: int) -> bool:
        """Whether a group has settled, with so many records at least."""
        if self.settled is None or len(course.history) < least:
            return False
        return margins.settled(course.history, self.recorded, self.settled)

    def stretch(self, g: int, record: int, pace: int) -> int:
        """At most `pace` steps towards a record, in one call; the pace of the next one."""
        if self.stopped.is_set():
            raise CancelledError
        course = self.courses[g]
        count, began = min(record - course.steps, pace), time.perf_counter()
        state = self.steps.advance(course.state, self.groups[g], jnp.asarray(count, jnp.int32))
        course.state, course.steps = jax.block_until_ready(state), course.steps + count
        quick = time.perf_counter() - began < _CALL_SECONDS / 2
        self.keeper.look(f"group-{g}", course)
        self.tell()
        return 2 * pace if quick else pace

    def tell(self) -> None:
        """How many steps of all networks are done."""
        if self.progress is not None:
            size = self.groups[0].seed.size
            whole = int(self.recorded[-1]) * size * len(self.groups)
            self.progress(sum(each.steps for each in self.courses) * size, whole)


def _group_size(data: Points, setting: Setting, total: int, threads: int, whole_steps: bool) -> int:
    """Networks mapped together: all of them on an accelerator, a few at a time on a processor.

    Few enough for its caches, and many enough to hide the cost of starting an operation. Where the native engine runs
    whole steps it takes all networks at once and gives each thread one after another; only minibatches, drawn ahead
    for all networks of a group, may not be many more than a call takes.
    """
    chosen = setting.choice
    if whole_steps and (chosen.batch_size is None or total <= _DRAWN_FOR):
        return total
    if whole_steps:
        return -(-total // (threads * -(-total // (threads * _DRAWN_FOR))))
    if setting.engine == "native":
        parameters = chosen.width * (data.x.shape[1] + 2)
        # XLA writes a loop over one network out, and then adds up a line search's products in another order.
        least = 2 if chosen.rule.entry.gradient == "searched" else 1
        return max(least, min(-(-total // threads), _CACHED // parameters, 64))
    if jax.default_backend() != "cpu":
        return total
    hidden = (chosen.batch_size or len(data)) * chosen.width
    return max(1, min(total, 4 if hidden > 4096 else 16))
