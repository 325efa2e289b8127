"""The solvers: each a generator of (seconds, network, what it was), on a clock that stops while it is judged."""

import itertools
import math
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO

import numpy as np

from objective import Bias, Network

Points = Iterator[tuple[float, Network, str]]


@dataclass(frozen=True)
class Task:
    """What a solver is given: the data, the objective and its time."""

    points: np.ndarray
    values: np.ndarray
    lam: float
    bias: Bias
    budget: float
    """Seconds for each run from scratch."""


class Clock:
    """Seconds since it was made, less those spent in `stopped`."""

    def __init__(self) -> None:
        self._start, self._pause = time.perf_counter(), 0.0

    @property
    def seconds(self) -> float:
        """The reading."""
        return time.perf_counter() - self._start - self._pause

    @contextmanager
    def stopped(self) -> Iterator[float]:
        """Stand still; gives the reading."""
        began = time.perf_counter()
        yield began - self._start - self._pause
        self._pause += time.perf_counter() - began


def minnorm(task: Task) -> Points:
    """This library, from scratch to tolerances of 1e-1, 1e-2, ... without the time that verifying takes."""
    from minnorm import fit

    for tolerance in (1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6):
        clock = Clock()
        found = fit(
            task.points,
            task.values,
            task.lam,
            penalty=penalty(task.bias),
            tolerance=tolerance,
            time_limit=task.budget,
            certify=False,
        )
        seconds = clock.seconds
        net = found.network
        network = Network(
            *(np.asarray(p) for p in (net.inner_weights, net.biases, net.outer_weights)), float(net.offset)
        )
        yield seconds, network, f"tolerance {tolerance:.0e}"
        if seconds >= task.budget:
            return


def penalty(bias: Bias):
    """This library's penalty: free biases and a free offset, or biases in the norm and no offset."""
    from minnorm import PathNorm

    return PathNorm() if bias == "free" else PathNorm(bias="penalised", offset="none")


def patterns(task: Task) -> Points:
    """The convex programme on the activation patterns of 50, 71, 100, ... random directions, until out of time."""
    import cvxpy as cp

    cp.Problem(cp.Minimize(cp.norm(cp.Variable(2) - 1))).solve(solver=cp.CLARABEL)  # what is loaded late is not timed
    augmented = np.column_stack([task.points, np.ones(len(task.points))])
    size = 0
    for exponent in itertools.count():
        clock = Clock()
        directions = np.random.default_rng(0).normal(size=(augmented.shape[1], round(50 * 2 ** (exponent / 2))))
        active = np.unique(augmented @ directions >= 0, axis=1)
        if active.shape[1] < 1.05 * size:
            return  # hardly any patterns are left to find
        size = active.shape[1]
        found = pattern_programme(task, active, task.budget - clock.seconds)
        seconds = clock.seconds
        if found is None:
            return
        yield seconds, found[0], f"{size} patterns, {found[1]}"
        if seconds >= task.budget:
            return


def pattern_programme(task: Task, active: np.ndarray, time_limit: float) -> tuple[Network, str] | None:
    r"""The convex programme of Pilanci & Ergen (2020) on activation patterns (n, P), by cvxpy and Clarabel.

        min 1/(2n) |c + sum_k D_k Z (u_k - v_k) - y|^2 + lam sum_k |u_k| + |v_k|,    (2 D_k - 1) Z u_k, v_k >= 0

    with Z = [X, 1]; the norms leave out the last coordinate where biases are free, and c = 0 where they are not.
    Returns the network of neurons u_k, v_k and the solver's status, or None if it has no answer.
    """
    import cvxpy as cp

    n, d = task.points.shape
    augmented, size = np.column_stack([task.points, np.ones(n)]), active.shape[1]
    paid = d if task.bias == "free" else d + 1
    began = time.perf_counter()
    positive, negative = cp.Variable((d + 1, size)), cp.Variable((d + 1, size))
    inside = [cp.multiply(2.0 * active - 1, augmented @ part) >= 0 for part in (positive, negative)]
    fitted = cp.sum(cp.multiply(active.astype(float), augmented @ (positive - negative)), axis=1)
    offset = cp.Variable() if task.bias == "free" else 0.0
    norm = sum(cp.sum(cp.norm(part[:paid], 2, axis=0)) for part in (positive, negative))
    loss = cp.sum_squares(fitted + offset - task.values) / (2 * n)
    problem = cp.Problem(cp.Minimize(loss + task.lam * norm), inside)
    problem.get_problem_data(cp.CLARABEL)  # compiling is part of the time; what it leaves is the solver's
    left = max(time_limit - (time.perf_counter() - began), 0.1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an inaccurate answer is judged like any other
        try:
            problem.solve(solver=cp.CLARABEL, time_limit=left)
        except cp.SolverError:
            return None
    if positive.value is None or negative.value is None:
        return None
    inner = np.concatenate([positive.value.T, negative.value.T])
    sign = np.repeat([1.0, -1.0], size)
    shift = float(offset.value) if task.bias == "free" else 0.0
    return Network(inner[:, :d], inner[:, d], sign, shift), str(problem.status)


SCNN_RUNS = ((50, 1e-4), (100, 1e-6), (400, 1e-6), (100, 1e-8), (400, 1e-8), (1600, 1e-6), (1600, 1e-8))
"""Numbers of sampled gates, and tolerances of the squared gradient (the package's default is 1e-6)."""


def _scnn(task: Task, kind: str) -> Points:
    """pyscnn on [X, 1]; its loss is |f - y|^2 / (2 n) and its penalty lam sum |u_k|, biases included."""
    from scnn.activations import sample_gate_vectors
    from scnn.metrics import Metrics
    from scnn.models import ConvexGatedReLU, ConvexReLU
    from scnn.optimize import optimize_model
    from scnn.regularizers import NeuronGL1
    from scnn.solvers import AL, ApproximateConeDecomposition

    d = task.points.shape[1]
    augmented = np.column_stack([task.points, np.ones(len(task.points))])
    for gates, tolerance in (
        (50, 1e-4),
        (100, 1e-6),
        (400, 1e-6),
        (100, 1e-8),
        (400, 1e-8),
        (1600, 1e-6),
        (1600, 1e-8),
    ):
        clock = Clock()
        sampled = sample_gate_vectors(0, d + 1, gates)
        if kind == "relu":
            model = ConvexReLU(sampled)
            solver = AL(model, max_primal_iters=10**6, tol=tolerance, constraint_tol=1e-4)
        else:
            model = ConvexGatedReLU(sampled)
            solver = ApproximateConeDecomposition(model, max_iters=10**6, tol=tolerance)
        with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
            found, *_ = optimize_model(
                model,
                solver,
                Metrics(metric_freq=10**6),
                augmented,
                task.values,
                regularizer=NeuronGL1(task.lam),
                unitize_data=False,
                dtype="float64",
            )
        seconds = clock.seconds
        inner, outer = (np.asarray(part, dtype=np.float64) for part in found.parameters)
        yield seconds, Network(inner[:, :d], inner[:, d], outer[0]), f"{gates} gates, tolerance {tolerance:.0e}"
        if seconds >= task.budget:
            return


def scnn_relu(task: Task) -> Points:
    """pyscnn's augmented Lagrangian for the ReLU programme, on more gates and to smaller tolerances."""
    return _scnn(task, "relu")


def scnn_gated(task: Task) -> Points:
    """pyscnn's gated ReLU model by R-FISTA, decomposed into a ReLU network of the same predictions."""
    return _scnn(task, "gated")


WIDTH = 1000
LEARNING_RATES = (3e-2, 1e-2, 3e-3)


def adam(task: Task) -> Points:
    r"""Full-batch Adam in torch on 1/(2n) |f - y|^2 + lam/2 (|a|^2 + |W|^2), with |b|^2 where biases are penalised.

    The decay is part of the gradient, so the minimum over this width is that of the path-norm objective. Learning
    rates fall to zero by a cosine, over a sixteenth, a quarter and all of the time.
    """
    import torch
    from torch.nn.functional import relu

    x, y = torch.tensor(task.points, dtype=torch.float32), torch.tensor(task.values, dtype=torch.float32)
    n, d = x.shape
    for share, rate in itertools.product((1 / 16, 1 / 4, 1.0), LEARNING_RATES):
        torch.manual_seed(0)
        first, last = torch.nn.Linear(d, WIDTH), torch.nn.Linear(WIDTH, 1, bias=task.bias == "free")
        decayed = [first.weight, last.weight] + ([first.bias] if task.bias == "penalised" else [])
        free = [first.bias, last.bias] if task.bias == "free" else []
        optimizer = torch.optim.Adam(
            [{"params": decayed, "weight_decay": task.lam}, {"params": free, "weight_decay": 0.0}][: 1 + bool(free)],
            lr=rate,
        )
        end, clock = share * task.budget, Clock()
        torch.set_flush_denormal(True)  # decayed weights become denormal numbers, which are slow
        try:
            for step in itertools.count():
                if step % 10 == 0:
                    done = clock.seconds / end
                    if done >= 1:
                        break
                    for group in optimizer.param_groups:
                        group["lr"] = rate * 0.5 * (1 + math.cos(math.pi * done))
                optimizer.zero_grad()
                loss = (last(relu(first(x)))[:, 0] - y).square().sum() / (2 * n)
                loss.backward()
                optimizer.step()
        finally:
            torch.set_flush_denormal(False)  # nothing else in this process is to lose them
        with torch.no_grad():
            inner, biases, outer = (p.double().numpy() for p in (first.weight, first.bias, last.weight[0]))
            offset = float(last.bias) if task.bias == "free" else 0.0
        yield clock.seconds, Network(inner, biases, outer, offset), f"rate {rate:g}, {step} steps"


@dataclass(frozen=True)
class Solver:
    """A solver, the package it needs, and the penalties it can be asked for."""

    run: Callable[[Task], Points]
    needs: str
    biases: tuple[Bias, ...] = ("free", "penalised")


SOLVERS = {
    "minnorm": Solver(minnorm, "minnorm"),
    "sampled patterns": Solver(patterns, "cvxpy"),
    "Adam": Solver(adam, "torch"),
    "scnn, ReLU": Solver(scnn_relu, "scnn", ("penalised",)),
    "scnn, gated": Solver(scnn_gated, "scnn", ("penalised",)),
}
