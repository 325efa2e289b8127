"""Neurons that read few columns: suprema and bounds of the judge against all faces in integers, set by set.

    python tests/fuzz/inputs.py --seconds 600 --seed 1

Prints each fault with the numbers that reproduce it, and a summary; exits 1 if there was one.
"""

import argparse
import itertools
import sys
import time
import warnings

import mpmath
import numpy as np
from supremum import DIGITS, integers, supremum

import minnorm as mn
from minnorm.network import ShallowReLU

CLOSE = 1e-5  # a supremum may be above the true one by this share, for points far from the origin
KINDS = ("normal", "integers", "scales", "far", "twins")
SLOPES = ((1.0, 0.0), (1.0, 0.0), (1.0, 1.0), (1.0, -0.25), (0.5, 3.0), (0.0, -2.0))
"""Of the neurons, on either side."""


def main() -> int:
    """Cases until the time is up."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    mpmath.mp.dps = DIGITS
    warnings.simplefilter("ignore", mn.UncertifiedWarning)
    began, faults = time.monotonic(), 0
    for number in itertools.count():
        if time.monotonic() - began > options.seconds:
            print(f"{number} cases, {faults} with faults")
            return 1 if faults else 0
        found = case(np.random.default_rng([options.seed, number]))
        if found:
            faults += 1
            print(f"--seed {options.seed}, case {number}: {found}", flush=True)
    return 0


def case(rng: np.random.Generator) -> str:
    """What is wrong with one random problem, or ""."""
    n, d = int(rng.integers(2, 8)), int(rng.integers(2, 5))
    inputs, bias = int(rng.integers(1, 4)), str(rng.choice(["free", "penalised"]))
    kind = str(rng.choice(KINDS))
    x = points(rng, n, d, kind)
    slopes = SLOPES[int(rng.integers(len(SLOPES)))]
    penalty = mn.PathNorm(bias, activation=mn.Activation(*slopes), inputs=inputs)
    nu = rng.integers(-50, 50, size=n) / 64.0
    nu[-1] -= nu.sum()
    none = ShallowReLU(np.zeros((0, d)), np.zeros(0), np.zeros(0), np.array(0.0), None, penalty.activation)
    proof = mn.verify(x, nu, mn.Solution(none, nu, penalty, 0.1))
    true = largest(x, nu, min(inputs, d), bias, slopes)
    name = f"{kind}, n {n}, d {d}, inputs {inputs}, bias {bias}, slopes {slopes}"
    if proof.scope == "bounded" and not proof.dual_norm >= true:
        # It is that of another vector, which proves more: no network may cost less than that says.
        cost = mn.fit(x, nu, 0.1, penalty=penalty).value
        if proof.lower_bound > cost:
            return f"{name}: {proof.lower_bound!r} is said to be a lower bound, and a network costs {cost!r}"
        return solved(x, rng.normal(size=n), penalty, name, kind)
    if proof.scope == "searched" or not true <= proof.dual_norm:
        return f"{name}: sup |h| is {mpmath.nstr(true, 20)}, and said to be {proof.dual_norm!r}, {proof.scope}"
    if proof.dual_norm > float(true) * (1 + CLOSE) + 1e-12:
        return f"{name}: sup |h| is {mpmath.nstr(true, 20)}, and bounded by {proof.dual_norm!r}"
    return solved(x, rng.normal(size=n), penalty, name, kind)


def solved(x: np.ndarray, y: np.ndarray, penalty: mn.PathNorm, name: str, kind: str) -> str:
    """What is wrong with a solution: neurons that read too much, or bounds that fall as neurons read more."""
    found = mn.fit(x, y, 1e-2, penalty=penalty)
    read = np.count_nonzero(found.network.inner_weights, axis=1)
    if np.max(read, initial=0) > (penalty.inputs or x.shape[1]):
        return f"{name}: a neuron reads {np.max(read)} columns"
    more = mn.fit(
        x, y, 1e-2, penalty=mn.PathNorm(penalty.bias, activation=penalty.activation, inputs=(penalty.inputs or 0) + 1)
    )
    if more.lower_bound > found.value:
        return f"{name}: neurons that read more need {more.lower_bound!r} at least, and {found.value!r} is enough"
    return "" if found.certified or kind in ("far", "scales") or found.value < 1e-9 else f"{name}: gap {found.gap}"


def points(rng: np.random.Generator, n: int, d: int, kind: str) -> np.ndarray:
    """Points (n, d) of a kind."""
    x = rng.normal(size=(n, d))
    if kind == "integers":
        return rng.integers(0, 3, size=(n, d)).astype(float)
    if kind == "scales":
        return x * 10.0 ** rng.integers(-3, 4, size=d)
    if kind == "far":
        return x + 10.0 ** rng.integers(0, 4)
    if kind == "twins":
        x[:, -1] = x[:, 0]
    return x


def largest(x: np.ndarray, nu: np.ndarray, inputs: int, bias: str, slopes: tuple[float, float]) -> mpmath.mpf:
    """sup |h| over neurons that read at most so many columns, in 60 digits."""
    best = mpmath.mpf(0)
    for columns in itertools.combinations(range(x.shape[1]), inputs):
        part = x[:, columns]
        lifted = np.column_stack([part, np.ones(len(part))]) if bias == "penalised" else part
        whole, e = integers(lifted)
        mass, e_nu = integers(np.concatenate([slopes[0] * nu, slopes[1] * nu]))
        fans = [whole] if bias == "penalised" else [whole - pivot for pivot in whole]
        for fan in fans:
            best = max(best, mpmath.ldexp(supremum(np.concatenate([fan, -fan]), mass)[0], -e - e_nu))
    return best


if __name__ == "__main__":
    sys.exit(main())
