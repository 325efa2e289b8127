"""Who takes the steps in benchmarks/train.py: this library's engines and its peers, all from the same networks."""

import os
import warnings
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

import jax
import jax.numpy as jnp
import numpy as np
import torch
from sklearn.neural_network import MLPRegressor

from minnorm.network import ShallowReLU
from minnorm.training.choice import Choice
from minnorm.training.engine import Engine, Kind, Rows, Setting, State, Varied

THREADS = 2

Advance = Callable[[int], np.ndarray]
"""Takes so many more steps and returns the inner weights (K, m, d) then."""


@dataclass(frozen=True)
class Case:
    """K networks of width m on n points in d dimensions, with a row of learning rates and one of decays."""

    d: int
    n: int
    m: int
    count: int
    batch: int | None = None

    @property
    def flops(self) -> float:
        """Operations of one step of one network, counted as 4 n m (d + 2)."""
        return 4.0 * (self.batch or self.n) * self.m * (self.d + 2)

    @property
    def traffic(self) -> float:
        """Bytes that one step must move at least: parameters and AdamW's two moments in and out, points in."""
        return 4.0 * (6 * self.m * (self.d + 2) + (self.batch or self.n) * (self.d + 1))

    @cached_property
    def data(self) -> tuple[np.ndarray, np.ndarray]:
        """Points and values."""
        x = np.random.default_rng(1).normal(size=(self.n, self.d)).astype(np.float32)
        return x, np.sin(3 * x[:, 0])

    @cached_property
    def first(self) -> dict[str, np.ndarray]:
        """The parameters at the start."""
        d, m, rng = self.d, self.m, np.random.default_rng(0)
        shapes = {"inner_weights": (m, d), "biases": (m,), "outer_weights": (m,), "offset": ()}
        scale = {"inner_weights": d**-0.5, "biases": d**-0.5, "outer_weights": m**-0.5, "offset": 1.0}
        return {
            name: (scale[name] * rng.uniform(-1, 1, (self.count, *shape))).astype(np.float32)
            for name, shape in shapes.items()
        }

    @property
    def rates(self) -> np.ndarray:
        """Learning rates."""
        return np.geomspace(1e-4, 1e-3, self.count).astype(np.float32)

    @property
    def decays(self) -> np.ndarray:
        """Weight decays."""
        return np.geomspace(1e-5, 1e-3, self.count).astype(np.float32)

    def engine(self, kind: Kind) -> tuple[Engine, Varied]:
        """This library's engine, and what varies between networks."""
        choice = Choice.of(optimizer="adamw", initial="pytorch", width=self.m, batch_size=self.batch)
        setting = Setting(choice.checked(self.n), kind, THREADS)
        x, y = self.data
        rates, decays = jnp.asarray(self.rates), jnp.asarray(self.decays)
        varied = Varied(rates, decays, jnp.ones(self.count, jnp.float32), jnp.arange(self.count, dtype=jnp.int32))
        return Engine(Rows(jnp.asarray(x), jnp.asarray(y)), setting), varied

    def rows(self, steps: int) -> np.ndarray | None:
        """The minibatches (steps, K, batch) that this library draws first."""
        if self.batch is None:
            return None
        engine, varied = self.engine("xla")
        draw = jax.vmap(engine._rows, in_axes=(0, None))
        return np.stack([np.asarray(draw(varied, jnp.int32(step))) for step in range(steps)])


@contextmanager
def instruction_set(name: str | None):
    """MINNORM_ISA for a while."""
    before = os.environ.get("MINNORM_ISA")
    if name is not None:
        os.environ["MINNORM_ISA"] = name
    try:
        yield
    finally:
        os.environ.pop("MINNORM_ISA", None)
        if before is not None:
            os.environ["MINNORM_ISA"] = before


def ours(case: Case, kind: Kind, instructions: str | None = None) -> Advance:
    """An engine of this library on two threads."""
    engine, varied = case.engine(kind)
    state = jax.jit(jax.vmap(engine.start))(varied)
    names = ("inner_weights", "biases", "outer_weights", "offset")
    network = ShallowReLU(*(jnp.asarray(case.first[name]) for name in names))
    state = State(network, state.memory, state.step)
    with instruction_set(instructions):
        program = jax.jit(jax.vmap(engine.advance, in_axes=(0, 0, None))).lower(state, varied, jnp.int32(0)).compile()

    def advance(steps: int) -> np.ndarray:
        nonlocal state
        state = program(state, varied, jnp.int32(steps))
        return np.asarray(state.network.inner_weights)

    return advance


def torch_batches(case: Case, where: str) -> Callable[[int, int], tuple[torch.Tensor, torch.Tensor]]:
    """(network, step) -> points and values: all, or a minibatch, the first steps' as this library draws them."""
    x, y = (torch.tensor(part, device=where) for part in case.data)
    given = case.rows(2)

    def take(network: int, step: int) -> tuple[torch.Tensor, torch.Tensor]:
        if given is None or case.batch is None:
            return x, y
        if step < len(given):
            rows = torch.tensor(given[step, network], dtype=torch.long)
        else:
            rows = torch.randint(case.n, (case.batch,))
        return x[rows], y[rows]

    return take


def eager(case: Case, threads: int, where: str = "cpu") -> Advance:
    """PyTorch, one network after another, with its fused AdamW; decay as here: inner and outer weights, lr * lam."""
    take = torch_batches(case, where)
    runs = []
    for k, (rate, decay) in enumerate(zip(case.rates.tolist(), case.decays.tolist(), strict=True)):
        w, b, a, c = (torch.tensor(part[k], device=where, requires_grad=True) for part in case.first.values())
        groups = [{"params": [w, a], "weight_decay": decay}, {"params": [b, c], "weight_decay": 0.0}]
        runs.append(((w, b, a, c), torch.optim.AdamW(groups, lr=rate, fused=True)))
    done = 0

    def advance(steps: int) -> np.ndarray:
        nonlocal done
        torch.set_num_threads(threads)
        for k, ((w, b, a, c), optimizer) in enumerate(runs):
            for step in range(done, done + steps):
                x, y = take(k, step)
                optimizer.zero_grad()
                hidden = torch.nn.functional.linear(x, w, b).relu()
                (0.5 * (hidden @ a + c - y).square().mean()).backward()
                optimizer.step()
        done += steps
        return np.stack([run[0][0].detach().cpu().numpy() for run in runs])

    return advance


def ensemble(case: Case, *, compiled: bool, where: str = "cpu") -> Advance:
    """torch.func: vmap of grad over networks and AdamW on the stacked parameters, on two threads, perhaps compiled."""
    take, count = torch_batches(case, where), case.count
    points, values = (torch.tensor(part, device=where) for part in case.data)

    def loss(w, b, a, c, x, y):
        return 0.5 * (torch.nn.functional.linear(x, w, b).relu() @ a + c - y).square().mean()

    shared = None if case.batch is None else 0
    gradient = torch.func.vmap(torch.func.grad(loss, argnums=(0, 1, 2, 3)), in_dims=(0, 0, 0, 0, shared, shared))
    rates, decays = (torch.tensor(axis, device=where) for axis in (case.rates, case.decays))

    def step(parts, firsts, seconds, x, y, first_bias, second_bias):
        new = []
        for i, (part, g, mean, square) in enumerate(zip(parts, gradient(*parts, x, y), firsts, seconds, strict=True)):
            shape = (-1, *[1] * (part.ndim - 1))
            mean = mean + 0.1 * (g - mean)
            square = 0.999 * square + 0.001 * g * g
            if i in (0, 2):
                part = part * (1 - (rates * decays).reshape(shape))
            part = part - rates.reshape(shape) * (mean / first_bias) / ((square / second_bias).sqrt() + 1e-8)
            new.append((part, mean, square))
        return tuple(zip(*new, strict=True))

    torch.set_num_threads(THREADS)
    run = torch.compile(step) if compiled else step
    parts = tuple(torch.tensor(part, device=where) for part in case.first.values())
    firsts, seconds = (tuple(torch.zeros_like(part) for part in parts) for _ in range(2))
    done = 0

    def advance(steps: int) -> np.ndarray:
        nonlocal done, parts, firsts, seconds
        torch.set_num_threads(THREADS)
        for _ in range(steps):
            if case.batch is None:
                x, y = take(0, done)
            elif done < 2:
                x, y = (torch.stack(part) for part in zip(*(take(k, done) for k in range(count)), strict=True))
            else:
                rows = torch.randint(case.n, (count, case.batch))
                x, y = points[rows], values[rows]
            done += 1
            parts, firsts, seconds = run(
                parts, firsts, seconds, x, y, torch.tensor(1 - 0.9**done), torch.tensor(1 - 0.999**done)
            )
        return parts[0].cpu().numpy().copy()

    return advance


def perceptron(case: Case) -> Advance:
    """scikit-learn's MLPRegressor with Adam, one network after another; it has no AdamW, so its steps are Adam's."""
    x, y = case.data
    runs = []
    for rate in case.rates.tolist():
        run = MLPRegressor(
            hidden_layer_sizes=(case.m,),
            solver="adam",
            alpha=0.0,
            learning_rate_init=rate,
            batch_size=case.batch or case.n,
            warm_start=True,
            tol=0.0,
            n_iter_no_change=1 << 30,
            random_state=0,
        )
        runs.append(run)
    each = -(-case.n // (case.batch or case.n))  # steps of one pass over the data

    def advance(steps: int) -> np.ndarray:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that it has not converged
            for run in runs:
                run.set_params(max_iter=-(-steps // each)).fit(x, y)
        return np.stack([run.coefs_[0].T for run in runs])

    advance.steps_at_least = each
    return advance
