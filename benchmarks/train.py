"""Training side by side: this library's engines and PyTorch, the same AdamW updates, in interleaved rounds.

Run `python benchmarks/train.py [--rounds 3] [--seconds 1] [CASE ...]` with the `bench` extra installed. First all
engines take two steps from the same networks, and must agree. Then each round times every engine in turn, and the
table gives medians over rounds: networks x steps/s, the ratio to the best peer with its range, GFLOP/s counted as
4 n m (d + 2) for each full step, and their fraction of sgemm measured in the same rounds on as many threads.
"""

import argparse
import time
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import torch

from minnorm.network import ShallowReLU
from minnorm.penalty import PathNorm
from minnorm.train import OPTIMIZERS
from minnorm.train.engine import Engine, Kind, Setting, State, Varied

CASES = {  # d, n, m, K
    "line-small": (1, 20, 100, 64),
    "line-large": (1, 10_000, 10_000, 4),
    "d3": (3, 1000, 1000, 16),
    "d15": (15, 1000, 1000, 16),
    "d31": (31, 10_000, 1000, 4),
}
PEERS = ("torch, 1 thread", "torch, 2 threads", "torch ensemble")
Advance = Callable[[int], np.ndarray]
"""Takes so many more steps and returns the inner weights (K, m, d) then."""


def start(d: int, m: int, count: int) -> dict[str, np.ndarray]:
    """The parameters of `count` random networks."""
    rng = np.random.default_rng(0)
    shapes = {"inner_weights": (m, d), "biases": (m,), "outer_weights": (m,), "offset": ()}
    scale = {"inner_weights": d**-0.5, "biases": d**-0.5, "outer_weights": m**-0.5, "offset": 1.0}
    return {
        name: (scale[name] * rng.uniform(-1, 1, (count, *shape))).astype(np.float32) for name, shape in shapes.items()
    }


def grid(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Learning rates and decays."""
    return np.geomspace(1e-4, 1e-3, count).astype(np.float32), np.geomspace(1e-5, 1e-3, count).astype(np.float32)


def ours(kind: Kind, x: np.ndarray, y: np.ndarray, first: dict[str, np.ndarray]) -> Advance:
    """An engine of this library on two threads of the kernel."""
    entry, count = OPTIMIZERS["adamw"], len(first["offset"])
    width = first["biases"].shape[1]
    setting = Setting(
        "adamw",
        entry.options,
        "decoupled",
        PathNorm(),
        "pytorch",
        "uniform",
        False,
        width,
        None,
        "float32",
        kind,
        torch.get_num_threads(),
    )
    engine = Engine(jnp.asarray(x), jnp.asarray(y), setting)
    rates, decays = grid(count)
    varied = Varied(
        jnp.asarray(rates), jnp.asarray(decays), jnp.ones(count, jnp.float32), jnp.arange(count, dtype=jnp.int32)
    )
    state = jax.jit(jax.vmap(engine.start))(varied)
    network = jax.vmap(lambda w, b, a, c: ShallowReLU(w, b, a, c))(
        *(jnp.asarray(first[name]) for name in ("inner_weights", "biases", "outer_weights", "offset"))
    )
    state = State(network, state.memory, state.step)
    program = jax.jit(lambda state, steps: jax.vmap(engine.advance, in_axes=(0, 0, None))(state, varied, steps))

    def advance(steps: int) -> np.ndarray:
        nonlocal state
        state = program(state, jnp.int32(steps))
        return np.asarray(state.network.inner_weights)

    return advance


def eager(threads: int, x: np.ndarray, y: np.ndarray, first: dict[str, np.ndarray]) -> Advance:
    """PyTorch, one network after another, with its fused AdamW; decay as here: inner and outer weights, lr * lam."""
    rates, decays = grid(len(first["offset"]))
    points, values = torch.tensor(x), torch.tensor(y)
    runs = []
    for k, (rate, decay) in enumerate(zip(rates.tolist(), decays.tolist(), strict=True)):
        w, b, a, c = (torch.tensor(part[k], requires_grad=True) for part in first.values())
        groups = [{"params": [w, a], "weight_decay": decay}, {"params": [b, c], "weight_decay": 0.0}]
        runs.append(((w, b, a, c), torch.optim.AdamW(groups, lr=rate, fused=True)))

    def advance(steps: int) -> np.ndarray:
        torch.set_num_threads(threads)
        for (w, b, a, c), optimizer in runs:
            for _ in range(steps):
                optimizer.zero_grad()
                hidden = torch.nn.functional.linear(points, w, b).relu()
                (0.5 * (hidden @ a + c - values).square().mean()).backward()
                optimizer.step()
        return np.stack([run[0][0].detach().numpy() for run in runs])

    return advance


def ensemble(x: np.ndarray, y: np.ndarray, first: dict[str, np.ndarray]) -> Advance:
    """torch.func: vmap of grad over networks, and AdamW written on the stacked parameters, on two threads."""
    points, values = torch.tensor(x), torch.tensor(y)

    def loss(w, b, a, c):
        return 0.5 * (torch.nn.functional.linear(points, w, b).relu() @ a + c - values).square().mean()

    gradient = torch.func.vmap(torch.func.grad(loss, argnums=(0, 1, 2, 3)))
    parts = [torch.tensor(part) for part in first.values()]
    firsts, seconds = ([torch.zeros_like(part) for part in parts] for _ in range(2))
    rates, decays = (torch.tensor(column) for column in grid(len(first["offset"])))
    done = 0

    def advance(steps: int) -> np.ndarray:
        nonlocal done
        torch.set_num_threads(2)
        for _ in range(steps):
            done += 1
            gradients = gradient(*parts)
            for i, (part, g, mean, square) in enumerate(zip(parts, gradients, firsts, seconds, strict=True)):
                shape = (-1, *[1] * (part.ndim - 1))
                mean.lerp_(g, 0.1)
                square.mul_(0.999).addcmul_(g, g, value=0.001)
                if i in (0, 2):
                    part.mul_(1 - (rates * decays).reshape(shape))
                size = (square / (1 - 0.999**done)).sqrt_().add_(1e-8)
                part.sub_(rates.reshape(shape) * (mean / (1 - 0.9**done)) / size)
        return parts[0].numpy().copy()

    return advance


def sgemm() -> float:
    """GFLOP/s of a float32 product of two 1500 x 1500 matrices on two threads."""
    torch.set_num_threads(2)
    a = torch.rand(1500, 1500)
    a @ a
    best = np.inf
    for _ in range(3):
        began = time.perf_counter()
        a @ a
        best = min(best, time.perf_counter() - began)
    return 2 * 1500**3 / best / 1e9


def measure(name: str, rounds: int, seconds: float) -> None:
    """Check that all take the same steps, time them in turn, and print the table."""
    d, n, m, count = CASES[name]
    rng = np.random.default_rng(1)
    x = rng.normal(size=(n, d)).astype(np.float32)
    y, first = np.sin(3 * x[:, 0]), start(d, m, count)
    torch.set_num_threads(2)
    engines: dict[str, Advance] = {
        "native": ours("native", x, y, first),
        "xla": ours("xla", x, y, first),
        "torch, 1 thread": eager(1, x, y, first),
        "torch, 2 threads": eager(2, x, y, first),
        "torch ensemble": ensemble(x, y, first),
    }
    speeds: dict[str, list[float]] = {engine: [] for engine in engines}
    reference, steps = None, {}
    for engine, advance in engines.items():
        found = advance(2)
        reference = found if reference is None else reference
        np.testing.assert_allclose(found, reference, atol=1e-5, err_msg=engine)
        began = time.perf_counter()
        advance(1)
        steps[engine] = max(1, int(seconds / (time.perf_counter() - began)))
    peaks = []
    for _ in range(rounds):
        peaks.append(sgemm())
        for engine, advance in engines.items():
            began = time.perf_counter()
            advance(steps[engine])
            speeds[engine].append(count * steps[engine] / (time.perf_counter() - began))
    peak, table = float(np.median(peaks)), {engine: np.array(speed) for engine, speed in speeds.items()}
    best = max((table[peer] for peer in PEERS), key=lambda speed: float(np.median(speed)))
    print(f"\n{name}: d={d}, n={n}, m={m}, K={count}; sgemm {peak:.0f} GFLOP/s")
    for engine, speed in table.items():
        flops, ratio = np.median(speed) * 4 * n * m * (d + 2) / 1e9, speed / best
        print(
            f"  {engine:18} {np.median(speed):12.4g} networks x steps/s  x {np.median(ratio):7.2f}"
            f" [{ratio.min():.2f}, {ratio.max():.2f}]  {flops:8.1f} GFLOP/s  {flops / peak:6.2f} of sgemm"
        )


def main() -> None:
    """Run the cases asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"of {', '.join(CASES)}; default all")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.0, help="for each engine and round")
    arguments = parser.parse_args()
    unknown = set(arguments.cases) - set(CASES)
    if unknown:
        parser.error(f"there is no case {sorted(unknown)}; choose of {', '.join(CASES)}")
    for name in arguments.cases or CASES:
        measure(name, arguments.rounds, arguments.seconds)


if __name__ == "__main__":
    main()
