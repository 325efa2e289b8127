"""The engines: one compiled program that advances a batch of networks by any number of steps."""

import dataclasses
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Float, Int, PRNGKeyArray

from minnorm import losses
from minnorm._types import Array
from minnorm.datasets import PARAMETERS
from minnorm.losses import Loss
from minnorm.network import ShallowReLU
from minnorm.training.choice import Choice
from minnorm.training.initial import initial_network
from minnorm.training.margins import learnt, margins
from minnorm.training.native import calls as native
from minnorm.training.native.program import Program, elementwise_program
from minnorm.training.optimizers import line_search
from minnorm.training.schedules import SCHEDULES

Kind = Literal["native", "xla"]
"""Who computes loss and gradient: the compiled kernel, or XLA from the formula."""

_STEPS_DRAWN, _NUMBERS_DRAWN = 64, 1 << 15  # minibatches drawn at a time: at most so many, of so many numbers in all
_SORTED_FROM = 64  # points on a line, from which the sorted sums are faster than the dense ones


RECORDED = "recorded_"
"""What stands before the names of parameters that belong to a record."""


class Varied(NamedTuple):
    """What differs between networks of one program; traced, so that a grid compiles once."""

    learning_rate: Float[Array, "*batch"]
    weight_decay: Float[Array, "*batch"]
    scale: Float[Array, "*batch"]
    seed: Int[Array, "*batch"]


class State(NamedTuple):
    """One network under training."""

    network: ShallowReLU
    memory: Any
    step: Int[Array, "*batch"]


@dataclass(frozen=True)
class Setting:
    """What all networks of one program share."""

    choice: Choice
    """Checked: with every default written out. Its steps are those of the whole run, for the schedule."""
    engine: Kind = "xla"
    threads: int = 1
    """Of the native kernel, within one call; the numbers do not depend on it."""
    trajectory: bool = False
    """Whether the parameters of each record are kept, too."""


class Rows(NamedTuple):
    """Data points and what they count, over the mean of that; None for once each."""

    points: Float[Array, "n d"]
    values: Float[Array, " n"]
    weights: Float[Array, " n"] | None = None

    def at(self, rows: Int[Array, " k"] | slice) -> "Rows":
        """Some of them."""
        return Rows(self.points[rows], self.values[rows], None if self.weights is None else self.weights[rows])


class Engine:
    """Starts and advances networks on fixed data; written for one network and mapped over a batch.

    The objective is 1/n sum s_i loss(y_i, f(x_i)) + lam R with R the weight decay of the penalty and s the weights.
    """

    def __init__(
        self,
        data: Rows,
        setting: Setting,
        given: tuple[Int[Array, " s"], ShallowReLU] | None = None,
    ) -> None:
        """`given`: seeds, and the networks from which they start (stacked), for the initial law "given"."""
        self.ascending = (
            setting.engine == "native"
            and setting.choice.batch_size is None
            and data.points.shape[1] == 1
            and len(data.points) >= _SORTED_FROM
        )
        self.data = data.at(jnp.argsort(data.points[:, 0])) if self.ascending else data
        self.setting, self.given = setting, given
        self.choice, self.rule = setting.choice, setting.choice.rule

    def start(self, varied: Varied) -> State:
        """The network at initialisation; the same seed starts from the same one whatever else varies."""
        network = self._drawn(varied) if self.given is None else self._given(varied, *self.given)
        return State(
            network,
            self._rule(varied.learning_rate, varied.weight_decay).init(_tree(network)),
            jnp.zeros((), jnp.int32),
        )

    def _given(self, varied: Varied, seeds: Int[Array, " s"], networks: ShallowReLU) -> ShallowReLU:
        place = jnp.argmax(seeds == varied.seed)
        return jax.tree.map(lambda part: varied.scale * part[place], networks)

    def _drawn(self, varied: Varied) -> ShallowReLU:
        choice, start = self.choice, self.choice.start
        network = initial_network(
            self._keys(varied)[0],
            start.initial,
            self.data.points.shape[1],
            choice.width,
            varied.scale,
            biases=start.biases,
            antisymmetric=start.antisymmetric,
            skip=choice.penalty.linear_is_free,
            dtype=jnp.dtype(choice.dtype),
        )
        if not choice.penalty.has_offset:
            network = _with_offset(network, jnp.zeros_like(network.offset))
        return dataclasses.replace(network, activation=choice.penalty.activation)

    def advance(self, state: State, varied: Varied, count: Int[Array, ""]) -> State:
        """`count` steps; by the native engine many at once, where it can run the optimiser's update."""
        program = self._program(state, varied)
        if program is None:
            return jax.lax.fori_loop(0, count, lambda _, now: self._step(now, varied), state)
        if self.choice.batch_size is None:
            return self._descend(program, state, varied, count, self.data, None)
        noisy, dim = self.rule.entry.gradient == "noisy", self.data.points.shape[1]
        numbers = self.choice.batch_size * (dim + 2 if noisy else 1)
        several = max(1, min(_STEPS_DRAWN, _NUMBERS_DRAWN // numbers))

        def draw_and_descend(i: Int[Array, ""], now: State) -> State:
            steps = now.step + jnp.arange(several, dtype=jnp.int32)
            taken = jnp.minimum(count - i * several, several)
            rows = jax.vmap(lambda step: self._rows(varied, step))(steps)
            if not noisy:
                return self._descend(program, now, varied, taken, self.data, rows)
            drawn = jax.vmap(lambda rows, step: self._noisy(varied, rows, step))(rows, steps)
            weights = None if drawn.weights is None else drawn.weights.reshape(-1)
            data = Rows(drawn.points.reshape(-1, dim), drawn.values.reshape(-1), weights)
            every = jnp.arange(rows.size, dtype=jnp.int32).reshape(rows.shape)
            return self._descend(program, now, varied, taken, data, every)

        return jax.lax.fori_loop(0, -(-count // several), draw_and_descend, state)

    def runs_whole_steps(self) -> bool:
        """Whether the native engine runs the optimiser's update too, and many steps in one call."""
        number = jnp.ones((), self.choice.dtype)
        varied = Varied(number, number, number, jnp.zeros((), jnp.int32))
        return self._program(jax.eval_shape(self.start, varied), varied) is not None

    def metrics(self, network: ShallowReLU, varied: Varied) -> dict[str, Any]:
        """Training loss, path norm, weight decay and the gradient of the objective, on all data; margins of classes.

        One network after another, so that no sum depends on how many are trained together.
        """

        @jax.custom_batching.sequential_vmap
        def measure(network: ShallowReLU, weight_decay: Float[Array, ""]) -> dict[str, Any]:
            loss, gradient = self._gradient(network, self.data, None)
            gradient = self._with_decay(gradient, network, weight_decay)
            half_squares, norm = self.choice.penalty.half_squares(network), self.choice.penalty.total(network)
            return {
                "training_loss": loss,
                "objective": loss + weight_decay * half_squares,
                "path_norm": norm,
                "half_squares": half_squares,
                "gradient_norm": optax.tree.norm(gradient),
                **(margins(network, self.data.points, self.data.values, norm) if learnt(self.choice.loss) else {}),
            }

        kept = {f"{RECORDED}{name}": part for name, part in _parts(network).items()} if self.setting.trajectory else {}
        return measure(network, varied.weight_decay) | kept

    def _step(self, state: State, varied: Varied) -> State:
        entry, options = self.rule.entry, self.rule.constants
        if entry.gradient == "searched":
            longest = varied.learning_rate * SCHEDULES[self.rule.schedule](self.choice.steps)(state.step)
            search = self._one_by_one(self._search)
            network, memory = search(state.network, state.memory, longest, varied.weight_decay)
            return State(network, memory, state.step + 1)
        chosen = None if self.choice.batch_size is None else self._rows(varied, state.step)
        if entry.gradient == "noisy":
            rows = slice(None) if chosen is None else chosen
            _, gradient = self._gradient(state.network, self._noisy(varied, rows, state.step), None)
        else:
            _, gradient = self._gradient(state.network, self.data, chosen)
        if entry.gradient == "uphill":
            ahead = self._one_by_one(lambda network, uphill: _along(network, uphill, options["rho"]))
            _, gradient = self._gradient(ahead(state.network, gradient), self.data, chosen)
        update = self._one_by_one(self._update)
        network, memory = update(state.network, gradient, state.memory, varied.learning_rate, varied.weight_decay)
        return State(network, memory, state.step + 1)

    def _one_by_one(self, function: Any) -> Any:
        """The function, one network after another if the engine is native: sums then depend on no other network."""
        return jax.custom_batching.sequential_vmap(function) if self.setting.engine == "native" else function

    def _rows(self, varied: Varied, step: Int[Array, ""]) -> Int[Array, " k"]:
        """A step's minibatch, drawn with replacement."""
        key = jax.random.fold_in(self._keys(varied)[1], step)
        return jax.random.randint(key, (self.choice.batch_size or 0,), 0, len(self.data.points), jnp.int32)

    def _noisy(self, varied: Varied, rows: Int[Array, " k"] | slice, step: Int[Array, ""]) -> Rows:
        """These rows, and in their values a step's noise."""
        data = self.data.at(rows)
        key = jax.random.fold_in(self._keys(varied)[2], step)
        noise = jax.random.normal(key, data.values.shape, data.values.dtype)
        return data._replace(values=data.values + self.rule.constants["noise"] * noise)

    def _update(
        self,
        network: ShallowReLU,
        gradient: ShallowReLU,
        memory: Any,
        learning_rate: Float[Array, ""],
        weight_decay: Float[Array, ""],
    ) -> tuple[ShallowReLU, Any]:
        """The network and the optimiser's memory after a step with this gradient of the loss."""
        if self.rule.decay == "coupled":
            gradient = self._with_decay(gradient, network, weight_decay)
        rule = self._rule(learning_rate, weight_decay)
        update, memory = rule.update(_tree(self._admitted(gradient)), memory, _tree(network))
        return _tree(optax.apply_updates(_tree(network), update)), memory

    def _search(
        self, network: ShallowReLU, memory: Any, longest: Float[Array, ""], weight_decay: Float[Array, ""]
    ) -> tuple[ShallowReLU, Any]:
        """The network and the memory after a step along a line on which the objective is known, with its gradient."""

        @jax.custom_vjp
        def objective(network: ShallowReLU, weight_decay: Float[Array, ""]) -> Float[Array, ""]:
            return known(network, weight_decay)[0]

        def known(network: ShallowReLU, weight_decay: Float[Array, ""]) -> tuple[Float[Array, ""], ShallowReLU]:
            loss, gradient = self._gradient(network, self.data, None)
            value = loss + weight_decay * self.choice.penalty.half_squares(network)
            return value, self._with_decay(gradient, network, weight_decay)

        objective.defvjp(known, lambda gradient, out: (jax.tree.map(lambda g: out * g, gradient), None))
        value, gradient = jax.value_and_grad(objective)(network, weight_decay)
        rule = self._rule(longest, weight_decay)
        step, memory = rule.update(
            _tree(gradient),
            memory,
            _tree(network),
            value=value,
            grad=gradient,
            value_fn=lambda there: objective(there, weight_decay),
        )
        return _tree(optax.apply_updates(_tree(network), step)), memory

    def _program(self, state: State, varied: Varied) -> Program | None:
        """The update for the native engine, if that is the engine and the update is elementwise."""
        gradient = self.rule.entry.gradient
        if gradient != "here" and not (gradient == "noisy" and self.choice.batch_size is not None):
            return None
        if self.setting.engine != "native" or native.leaf_kinds(state.network, state.memory) is None:
            return None
        inputs = (state.network, state.network, state.memory, varied.learning_rate, varied.weight_decay)
        shapes = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype), inputs)
        parts, kept = len(jax.tree.leaves(state.network)), len(jax.tree.leaves(state.memory))
        return elementwise_program(self._update, shapes, [*range(parts), *range(2 * parts, 2 * parts + kept)])

    def _descend(
        self,
        program: Program,
        state: State,
        varied: Varied,
        count: Int[Array, ""],
        data: Rows,
        chosen: Int[Array, "steps k"] | None,
    ) -> State:
        network, memory = native.descend(
            state.network,
            state.memory,
            program,
            count,
            data.points,
            data.values,
            varied.learning_rate,
            varied.weight_decay,
            weights=data.weights,
            chosen=chosen,
            ascending=self.ascending,
            loss=self.choice.loss,
            threads=self.setting.threads,
        )
        return State(network, memory, state.step + count)

    def _gradient(
        self,
        network: ShallowReLU,
        data: Rows,
        chosen: Int[Array, " k"] | None,
    ) -> tuple[Float[Array, ""], ShallowReLU]:
        """The loss on the chosen points and its gradient in what the penalty lets move."""
        if self.setting.engine == "native":
            loss, gradient = native.loss_and_gradient(
                network,
                data.points,
                data.values,
                weights=data.weights,
                chosen=chosen,
                ascending=self.ascending,
                loss=self.choice.loss,
                threads=self.setting.threads,
            )
        else:
            rows = data.at(slice(None) if chosen is None else chosen)
            loss, gradient = _loss_and_gradient(network, rows, losses.of(self.choice.loss))
        return loss, self._admitted(gradient)

    def _with_decay(self, gradient: ShallowReLU, network: ShallowReLU, weight_decay: Float[Array, ""]) -> ShallowReLU:
        shrink = jax.grad(self.choice.penalty.half_squares)(network)
        return jax.tree.map(lambda g, s: g + weight_decay * s, gradient, shrink)

    def _admitted(self, gradient: ShallowReLU) -> ShallowReLU:
        """The gradient in what the penalty lets move."""
        if not self.choice.penalty.has_offset:
            return _with_offset(gradient, jnp.zeros_like(gradient.offset))
        return gradient

    def _rule(
        self, learning_rate: Float[Array, ""], weight_decay: Float[Array, ""]
    ) -> optax.GradientTransformationExtraArgs:
        rule, entry = self.rule, self.rule.entry
        parts = [entry.direction(**rule.constants)]
        if entry.gradient == "searched":
            return optax.chain(*parts, optax.scale(-1.0), line_search(jnp.asarray(learning_rate)))
        if rule.decay == "decoupled":
            parts.append(optax.add_decayed_weights(jnp.asarray(weight_decay), mask=self._decayed))
        if rule.schedule != "constant":
            parts.append(optax.scale_by_schedule(SCHEDULES[rule.schedule](self.choice.steps)))
        return optax.chain(*parts, optax.scale_by_learning_rate(jnp.asarray(learning_rate)))

    def _decayed(self, network: ShallowReLU) -> Any:
        """Which parameters the penalty decays, as a tree of booleans."""
        penalised = [True, self.choice.penalty.biases_cost, True, False, False]
        leaves, structure = jax.tree.flatten(network)
        return jax.tree.unflatten(structure, penalised[: len(leaves)])

    def _keys(self, varied: Varied) -> tuple[PRNGKeyArray, PRNGKeyArray, PRNGKeyArray]:
        """Independent streams: initialisation, minibatches and noise."""
        first, second = jax.random.split(jax.random.key(varied.seed))
        return first, second, jax.random.fold_in(second, 2**32 - 1)


def _loss_and_gradient(network: ShallowReLU, data: Rows, kind: Loss) -> tuple[Float[Array, ""], ShallowReLU]:
    """1/n sum s_i loss(y_i, f(x_i)) and its gradient, which needs the signs of w . x + b only: see docs/training.md."""
    points, values, weights = data
    w, b, a, sigma = network.inner_weights, network.biases, network.outer_weights, network.activation
    hidden = points @ w.T + b
    active = ~(hidden <= 0)  # what is not a number stays visible
    below = 0 if sigma.rectifies else -sigma.minus * hidden
    r = jnp.where(active, hidden if sigma.plus == 1 else sigma.plus * hidden, below) @ a + network.offset - values
    if network.skip is not None:
        r += points @ network.skip
    z = r if kind.argument == "residual" else values * (r + values)
    slope = r if kind == losses.SQUARED else kind.slope(z) * (1 if kind.argument == "residual" else values)
    share = (slope if weights is None else weights * slope) / len(values)
    moments = jnp.concatenate([share[:, None] * points, share[:, None]], axis=1)
    slopes = active.astype(points.dtype) if sigma.rectifies else jnp.where(active, sigma.plus, -sigma.minus)
    sums = slopes.astype(points.dtype).T @ moments
    outer = jnp.sum(sums[:, :-1] * w, axis=1) + sums[:, -1] * b
    skip = None if network.skip is None else jnp.sum(moments[:, :-1], axis=0)
    gradient = ShallowReLU(a[:, None] * sums[:, :-1], a * sums[:, -1], outer, jnp.sum(share), skip, sigma)
    if kind == losses.SQUARED:
        return 0.5 * jnp.sum(share * r), gradient
    paid = kind.value(z)
    return jnp.sum(paid if weights is None else weights * paid) / len(values), gradient


def _along(network: ShallowReLU, direction: ShallowReLU, length: float) -> ShallowReLU:
    """The network moved so far along a direction."""
    factor = length / (optax.tree.norm(direction) + 1e-12)
    return jax.tree.map(lambda p, g: p + factor * g, network, direction)


def _parts(network: ShallowReLU) -> dict[str, Any]:
    return {name: part for name in PARAMETERS if (part := getattr(network, name)) is not None}


def _tree(network: Any) -> Any:
    """A network as optax's annotations see it: any tree of arrays."""
    return network


def _with_offset(network: ShallowReLU, offset: Float[Array, ""]) -> ShallowReLU:
    return dataclasses.replace(network, offset=offset)
