r"""Random small problems with every loss, certified by the package and solved again by a conic solver.

    python tests/fuzz/conic.py --cases 300 --seed 1

The other solver is Clarabel on a dictionary that grows until no atom is missing (`cones.py`). Its value is that of a
network and so above the minimum: a certified bound above it is false. Prints, for each loss, how many were certified,
how many the other solver came to the end of, the largest relative distance of the two values, and each fault; exits 1
if there was one.
"""

import argparse
import os
import sys
import time
import warnings

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from cones import least

import minnorm as mn
from losses import CONSTRAINTS, LOSSES, MARGINS, TINY, draw, separable

ALL = (*LOSSES, "squared")
FALSE, FAR, DONE = 1e-6, 1e-5, 1e-6  # relative: what a conic solver is good for, what two proofs may differ by, its end


def examine(loss: str, seed: int, number: int):
    """Whether it was certified, None where nothing was to be proven; the distance of the values, None where the other
    solver did not end; and what is false."""
    rng = np.random.default_rng([seed, number, ALL.index(loss)])
    x, y, weights, penalty = draw(rng, loss)
    constrained = loss in CONSTRAINTS
    most = 0.0 if constrained else mn.lam_max(x, y, penalty, loss=loss, sample_weight=weights)
    lam = 0.0 if constrained else most * 10.0 ** rng.uniform(-3, 0.1) if most > TINY * float(np.ptp(y)) else 0.1
    solution = mn.fit(x, y, lam, loss=loss, sample_weight=weights, penalty=penalty)
    p = np.ones(len(y)) if weights is None else weights
    if solution.value <= TINY * float(np.ptp(y)) or (loss in MARGINS and separable(x, y, p, penalty)):
        return None, None, []
    word, _, text = loss.partition(":")
    value, left = least(word, float(text or 0), x, y, p, lam, penalty, rng)
    said = f"{loss} --seed {seed} case {number}: {value!r} (sup |h| {left:.10f}), {solution.certificate}"
    faults = [f"FALSE {said}"] if solution.lower_bound > value * (1 + FALSE) + 1e-9 else []
    if left > 1 + DONE:
        return solution.certified, None, faults
    apart = abs(solution.value / value - 1)
    if solution.certified and apart > FAR:
        faults.append(f"APART {said}")
    if not solution.certified:
        print(f"OPEN gap {solution.gap:.1e} {solution.ending}; {said}", flush=True)
    return solution.certified, apart if solution.certified else 0.0, faults


def main() -> int:
    """Run the cases."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=300)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--loss", nargs="+", default=list(ALL), choices=list(ALL))
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    wrong = 0
    for loss in options.loss:
        began, certified, cases, apart = time.process_time(), 0, 0, []
        for number in range(options.first, options.first + options.cases):
            proved, distance, faults = examine(loss, options.seed, number)
            cases, certified, wrong = cases + (proved is not None), certified + (proved is True), wrong + len(faults)
            apart += [] if distance is None else [distance]
            for fault in faults:
                print(fault, flush=True)
        print(
            f"{loss}: {certified} of {cases} certified, {len(apart)} solved by the other too, at most {max(apart):.1e} "
            f"apart, {time.process_time() - began:.0f} CPU s, {wrong} faults so far",
            flush=True,
        )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
