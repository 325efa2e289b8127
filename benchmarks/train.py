"""Training side by side: this library's engines and their peers, the same AdamW updates, in interleaved rounds.

Run `python benchmarks/train.py [--rounds 3] [--seconds 1] [--plot roofline.png] [CASE ...]` with the `bench` extra
installed. First all engines take two steps from the same networks, and must agree (but for scikit-learn, which has no
AdamW). Then each round times every engine in turn, and the table gives medians over rounds: networks x steps/s, the
ratio to the best peer with its range, GFLOP/s counted as 4 n m (d + 2) for each full step, and their fraction of sgemm
measured in the same rounds on as many threads.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import torch

from minnorm.training.native.calls import INSTRUCTION_SETS
from trainers import THREADS, Advance, Case, eager, ensemble, ours, perceptron

CASES = {
    "line-small": Case(d=1, n=20, m=100, count=64),
    "line-large": Case(d=1, n=10_000, m=10_000, count=4),
    "d3": Case(d=3, n=1000, m=1000, count=16),
    "d15": Case(d=15, n=1000, m=1000, count=16),
    "d31": Case(d=31, n=10_000, m=1000, count=4),
    "d15-batch": Case(d=15, n=1000, m=1000, count=16, batch=64),
}
OURS = ("native", "native, AVX2", "xla")


def makers(case: Case) -> dict[str, Advance]:
    """All engines of a case."""
    engines = {"native": ours(case, "native")}
    if INSTRUCTION_SETS[0] == "avx512":
        engines["native, AVX2"] = ours(case, "native", "avx2")
    engines["xla"] = ours(case, "xla")
    for threads in range(1, THREADS + 1):
        engines[f"torch, {threads} thread{'s' * (threads > 1)}"] = eager(case, threads)
    engines["torch ensemble"] = ensemble(case, compiled=False)
    engines["torch compiled"] = ensemble(case, compiled=True)
    engines["scikit-learn"] = perceptron(case)
    return engines


def sgemm() -> float:
    """GFLOP/s of a float32 product of two 1500 x 1500 matrices on as many threads."""
    torch.set_num_threads(THREADS)
    a = torch.rand(1500, 1500)
    a @ a
    best = np.inf
    for _ in range(3):
        began = time.perf_counter()
        a @ a
        best = min(best, time.perf_counter() - began)
    return 2 * 1500**3 / best / 1e9


def bandwidth() -> float:
    """GB/s of copying 256 MB in memory, counted in and out."""
    torch.set_num_threads(THREADS)
    a, b = torch.rand(1 << 26), torch.empty(1 << 26)
    b.copy_(a)
    best = np.inf
    for _ in range(3):
        began = time.perf_counter()
        b.copy_(a)
        best = min(best, time.perf_counter() - began)
    return 2 * 4 * a.numel() / best / 1e9


def measure(
    engines: dict[str, Advance], case: Case, rounds: int, seconds: float
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Check that all take the same steps and time them in turn: networks x steps/s and sgemm by round."""
    torch.set_num_threads(THREADS)
    speeds: dict[str, list[float]] = {engine: [] for engine in engines}
    reference, steps = None, {}
    for engine, advance in engines.items():
        found = advance(2)
        reference = found if reference is None else reference
        if engine != "scikit-learn":
            np.testing.assert_allclose(found, reference, atol=1e-5, err_msg=engine)
        least = getattr(advance, "steps_at_least", 1)
        began = time.perf_counter()
        advance(least)
        steps[engine] = least * max(1, int(seconds / (time.perf_counter() - began)))
        began = time.perf_counter()
        advance(steps[engine])  # a better estimate for what costs as much to call as to run
        steps[engine] = least * max(1, int(steps[engine] / least * seconds / (time.perf_counter() - began)))
    peaks = []
    for _ in range(rounds):
        peaks.append(sgemm())
        for engine, advance in engines.items():
            began = time.perf_counter()
            advance(steps[engine])
            speeds[engine].append(case.count * steps[engine] / (time.perf_counter() - began))
    return {engine: np.array(speed) for engine, speed in speeds.items()}, np.array(peaks)


def report(name: str, case: Case, speeds: dict[str, np.ndarray], peaks: np.ndarray) -> None:
    """The table of one case."""
    peers = [engine for engine in speeds if engine not in OURS]
    best = max(peers or speeds, key=lambda peer: float(np.median(speeds[peer])))
    batch = "" if case.batch is None else f", minibatch {case.batch}"
    size = f"d={case.d}, n={case.n}, m={case.m}, K={case.count}{batch}"
    print(f"\n{name}: {size}; sgemm {np.median(peaks):.0f} GFLOP/s; best peer: {best}")
    for engine, speed in speeds.items():
        flops, ratio = speed * case.flops / 1e9, speed / speeds[best]
        print(
            f"  {engine:18} {np.median(speed):12.4g} networks x steps/s  x {np.median(ratio):8.2f}"
            f" [{ratio.min():.2f}, {ratio.max():.2f}]  {np.median(flops):8.1f} GFLOP/s"
            f"  {np.median(flops / peaks):6.2f} of sgemm",
            flush=True,
        )


def roofline(results: dict[str, dict[str, np.ndarray]], peak: float, stream: float, path: Path) -> None:
    """GFLOP/s against operations for each byte that must move, under sgemm's speed and the memory's."""
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    styles = {  # Okabe & Ito's colours, and a marker each
        "native": ("#0072B2", "o"),
        "native, AVX2": ("#56B4E9", "s"),
        "xla": ("#009E73", "^"),
        "best peer": ("#D55E00", "D"),
    }
    figure, axes = plt.subplots(figsize=(7.5, 4.5), layout="constrained")
    intensities = np.array([CASES[name].flops / CASES[name].traffic for name in results])
    x = np.geomspace(intensities.min() / 3, intensities.max() * 3)
    axes.plot(x, np.minimum(peak, stream * x), color="0.3", lw=1)
    axes.annotate(f"sgemm, {peak:.0f} GFLOP/s", (x[-1], peak), ha="right", va="bottom", fontsize=8)
    for engine, (colour, marker) in styles.items():
        found = []
        for name, speeds in results.items():
            if engine == "best peer":
                speed = max(float(np.median(s)) for peer, s in speeds.items() if peer not in OURS)
            elif engine in speeds:
                speed = float(np.median(speeds[engine]))
            else:
                continue
            found.append((CASES[name].flops / CASES[name].traffic, speed * CASES[name].flops / 1e9))
        if found:
            axes.plot(*zip(*found, strict=True), marker, color=colour, label=engine)
    axes.set(
        xscale="log", yscale="log", xlabel="operations for each byte that a step must move", ylabel="GFLOP/s",
        title=f"AdamW steps in float32 on {THREADS} threads",
    )  # fmt: skip
    near: dict[float, list[str]] = {}  # cases whose places can't be told apart share a label
    for name, intensity in sorted(zip(results, intensities, strict=True), key=lambda pair: pair[1]):
        place = next((x for x in near if abs(np.log(intensity / x)) < 0.1), float(intensity))
        near.setdefault(place, []).append(name)
    names = axes.secondary_xaxis("top")
    names.set_xticks(list(near), [", ".join(same) for same in near.values()], fontsize=8)
    names.tick_params(which="minor", length=0)
    axes.legend(fontsize=8, loc="upper left")
    figure.savefig(path, dpi=150)


def main() -> None:
    """Run the cases asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"of {', '.join(CASES)}; default all")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.0, help="for each engine and round")
    parser.add_argument("--plot", type=Path, help="draw a roofline: a PNG, PDF or SVG")
    arguments = parser.parse_args()
    unknown = set(arguments.cases) - set(CASES)
    if unknown:
        parser.error(f"there is no case {sorted(unknown)}; choose of {', '.join(CASES)}")
    results, peaks = {}, []
    for name in arguments.cases or CASES:
        results[name], found = measure(makers(CASES[name]), CASES[name], arguments.rounds, arguments.seconds)
        peaks.append(float(np.median(found)))
        report(name, CASES[name], results[name], found)
    if arguments.plot is not None:
        roofline(results, float(np.median(peaks)), bandwidth(), arguments.plot)


if __name__ == "__main__":
    main()
