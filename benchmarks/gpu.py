"""What a GPU is worth: the tests that need one, then training on it beside PyTorch, in ten minutes at most.

    python benchmarks/gpu.py              # a GPU, JAX for it (pip install "jax[cuda12]"), the extras dev and bench
    python benchmarks/gpu.py --small      # tiny cases, in a minute, on any machine: whether the script itself works

The cases are d15 and d31 of benchmarks/train.py: this library's XLA engine against PyTorch's loop over networks, its
ensemble and that compiled, the same AdamW steps, checked equal first, all in float32 without TF32. Lines are printed
as they come, so that a run that is cut off has said what it knew. Without a GPU one line says so.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # or there would be no memory for PyTorch

import jax
import torch

from train import CASES, measure, report
from trainers import Advance, Case, eager, ensemble, ours

ROOT = Path(__file__).parents[1]
SMALL = {"d15": Case(d=15, n=40, m=20, count=3), "d31": Case(d=31, n=50, m=20, count=2)}
LIMIT = 600.0  # seconds
FOR_TESTS = 0.4  # of them, at most


def device() -> str | None:
    """The GPU's name, None where JAX has none."""
    first = jax.devices()[0]
    return None if first.platform == "cpu" else first.device_kind


def tests() -> str:
    """The last line of the tests that need a GPU."""
    files = [str(file) for file in (ROOT / "tests").rglob("test_*.py") if "mark.gpu" in file.read_text()]
    command = [sys.executable, "-m", "pytest", "-q", "-m", "gpu", "-p", "no:cacheprovider", *files]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=FOR_TESTS * LIMIT, check=False)
    except subprocess.TimeoutExpired:
        return f"not done in {FOR_TESTS * LIMIT:.0f} s"
    if done.returncode not in (0, 5):
        print(done.stdout[-4000:], done.stderr[-2000:], sep="\n", flush=True)
    return (done.stdout.strip() or done.stderr.strip()).splitlines()[-1]


def engines(case: Case, where: str) -> dict[str, Advance]:
    """Who takes the steps: those that take any; what keeps the others from it is printed."""
    makers: dict[str, Callable[[], Advance]] = {
        "xla": lambda: ours(case, "xla"),
        "torch": lambda: eager(case, 1, where),
        "torch ensemble": lambda: ensemble(case, compiled=False, where=where),
        "torch compiled": lambda: ensemble(case, compiled=True, where=where),
    }
    found: dict[str, Advance] = {}
    for name, make in makers.items():
        try:
            advance = make()
            advance(1)
            found[name] = advance
        except Exception as error:  # a peer that does not run here must not cost the rest
            print(f"  {name} does not run here: {str(error).splitlines()[0]}", flush=True)
    return found


def main() -> None:
    """The device, the tests, and a table for each case."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", action="store_true", help="tiny cases, one short round")
    parser.add_argument("--no-tests", action="store_true", help="leave the tests out")
    options = parser.parse_args()
    began, name = time.monotonic(), device()
    if name is None:
        print(f"there is no GPU here for JAX {jax.__version__}; what follows is the processor", flush=True)
        if not options.small:
            raise SystemExit('give --small, or a GPU and pip install "jax[cuda12]"')
    else:
        print(f"{name}; JAX {jax.__version__}, PyTorch {torch.__version__}", flush=True)
    where = "cuda" if name is not None and torch.cuda.is_available() else "cpu"
    if name is not None and where == "cpu":
        print("PyTorch has no GPU here: its rows are the processor's", flush=True)
    if not options.no_tests:
        print(f"tests marked gpu: {tests()}", flush=True)
    rounds, seconds = (1, 0.05) if options.small else (3, 1.0)
    cases = SMALL if options.small else {name: CASES[name] for name in SMALL}
    with jax.default_matmul_precision("highest"):
        for name, case in cases.items():
            if time.monotonic() - began > 0.7 * LIMIT:
                print(f"{name} is left out: there is no time for it", flush=True)
                continue
            speeds, peaks = measure(engines(case, where), case, rounds, seconds)
            report(name, case, speeds, peaks)
    print(f"{time.monotonic() - began:.0f} s in all", flush=True)


if __name__ == "__main__":
    main()
