"""One row, solved and verified by the build of this library that Python finds first; prints a line of JSON.

    python benchmarks/one.py ROW --limit 60

For `solve.py --against`, which runs it in a process of its own for each build.
"""

import argparse
import inspect
import itertools
import json
import resource
import time
import warnings

import instances
import minnorm as mn


def measured(row: instances.Row, limit: float) -> dict[str, object]:
    """Value, gap, scope and neurons; seconds of the clock and of the processor to solve and to verify; peak memory."""
    x, y = row.make()
    penalty = mn.PathNorm() if row.inputs is None else mn.PathNorm(inputs=row.inputs)
    lam = row.fraction * mn.lam_max(x, y, penalty) if row.fraction else 0.0
    options = {"penalty": penalty, "tolerance": row.tolerance, "time_limit": limit}
    marks = [(time.perf_counter(), time.process_time())]
    found = mn.fit(x, y, lam, certify=False, **options) if lam else mn.interpolate(x, y, certify=False, **options)
    marks.append((time.perf_counter(), time.process_time()))
    timed = (
        {"time_limit": limit} if "time_limit" in inspect.signature(mn.verify).parameters else {}
    )  # not in old builds
    proof = mn.verify(x, y, found, tolerance=row.tolerance, **timed)
    marks.append((time.perf_counter(), time.process_time()))
    (_, solve), (_, verify) = (
        (after[0] - before[0], after[1] - before[1]) for before, after in itertools.pairwise(marks)
    )
    return {
        "value": proof.value,
        "gap": proof.gap,
        "searched_gap": getattr(proof, "searched_gap", None),  # where the gap proves little; not in old builds
        "scope": proof.scope,
        "certified": bool(proof.certified),
        "neurons": found.network.width,
        "solve": solve,
        "verify": verify,
        "wall": marks[2][0] - marks[0][0],
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def main() -> None:
    """Parse, solve, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("row")
    parser.add_argument("--limit", type=float, default=60.0, metavar="SECONDS")
    given = parser.parse_args()
    (row,) = [row for row in instances.SPEED_ROWS if row.name == given.row]
    warnings.simplefilter("ignore")
    print(json.dumps(measured(row, given.limit)))


if __name__ == "__main__":
    main()
