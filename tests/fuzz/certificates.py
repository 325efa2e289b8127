"""Random problems, solved and certified by the package, and judged in rationals and 60 digits by other code.

    python tests/fuzz/certificates.py --seconds 600 --seed 1

Prints each fault with what reproduces it, and a summary; exits 1 if there was one. `--case` repeats a single case.
"""

import argparse
import json
import multiprocessing
import os
import sys
import time
import traceback
from collections import Counter, defaultdict

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from cases import POINTS, Case, described, draw

SLOW = 20.0  # CPU seconds that no case may take
KILLED = 90.0  # and after which it is not waited for
EVERY = 60.0  # seconds between signs of life
STEEPER = ", the minimum's free slope beyond float64"
FEW, LOW = 30, 3  # points and dimensions up to which most must be certified


def main() -> int:
    """Run cases until the time is up."""
    options = arguments()
    if options.case is not None:
        return repeat(options)
    began = said = time.monotonic()
    tally = Tally(options.open)
    numbers = iter(range(options.first, sys.maxsize))
    workers = [Worker(options) for _ in range(options.workers)]
    while True:
        running = time.monotonic() - began < options.seconds and tally.cases < options.cases
        for worker in workers:
            if running and worker.idle:
                worker.start(next(numbers))
        if not running and all(worker.idle for worker in workers):
            break
        multiprocessing.connection.wait([worker.pipe for worker in workers if not worker.idle], timeout=1.0)
        for worker in workers:
            report = worker.report()
            if report is not None:
                tally.take(report)
        if time.monotonic() > said + EVERY:
            said = time.monotonic()
            print(f"{tally.cases} cases, {tally.faults} with faults", file=sys.stderr, flush=True)
    for worker in workers:
        worker.stop()
    print(tally.summary(time.monotonic() - began))
    return 1 if tally.faults else 0


def arguments() -> argparse.Namespace:
    """The command line's options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=600.0, help="budget of wall time")
    parser.add_argument("--cases", type=int, default=sys.maxsize, help="at most so many")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--dims", type=int, nargs="+", default=[1, 2, 3, 4], choices=[1, 2, 3, 4])
    parser.add_argument("--kind", nargs="+", default=list(POINTS), choices=list(POINTS), help="kinds of points")
    parser.add_argument("--workers", type=int, default=1, help="processes")
    parser.add_argument("--claims", action="store_true", help="certify made-up networks and dual vectors instead")
    parser.add_argument("--open", action="store_true", help="print what is not certified, too")
    parser.add_argument("--case", type=int, help="only the case of this number, shown in full")
    return parser.parse_args()


def repeat(options: argparse.Namespace) -> int:
    """Solve one case and show it."""
    case = draw(options.seed, options.case, tuple(options.dims), tuple(options.kind))
    p = case.problem
    print(case.name)
    print(f"x = np.array({p.x.tolist()!r})\ny = np.array({p.y.tolist()!r})")
    report = judge(case, options)
    print(json.dumps(report, indent=1))
    return 1 if report["faults"] else 0


def judge(case: Case, options: argparse.Namespace) -> dict:
    """Solve a case, or make up a claim for it, and what is to be said of the answer."""
    import claims
    import solved

    return claims.report(case) if options.claims else solved.report(case)


class Worker:
    """A process that solves one case after another, and is replaced when one takes too long."""

    def __init__(self, options: argparse.Namespace):
        self.options, self.number, self.began = options, None, 0.0
        self._start_process()

    @property
    def idle(self) -> bool:
        """Whether it has nothing to do."""
        return self.number is None

    def start(self, number: int) -> None:
        """Begin a case."""
        self.number, self.began = number, self._seconds()
        self.pipe.send(number)

    def report(self) -> dict | None:
        """What the case came to, None while it runs."""
        if self.idle:
            return None
        number = self.number
        if self.pipe.poll():
            self.number = None
            try:
                return self.pipe.recv()
            except EOFError:
                fault = "the process died"
        elif self._seconds() - self.began > KILLED:
            self.number, fault = None, f"not done after {KILLED:g} CPU seconds"
        else:
            return None
        self.stop()
        self._start_process()
        case = draw(self.options.seed, number, tuple(self.options.dims), tuple(self.options.kind))
        return described(case) | {"faults": [fault], "seconds": KILLED, "outcome": "killed"}

    def stop(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.join()

    def _start_process(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=serve, args=(theirs, self.options), daemon=True)
        self.process.start()
        theirs.close()

    def _seconds(self) -> float:
        import psutil

        try:
            times = psutil.Process(self.process.pid).cpu_times()
        except psutil.NoSuchProcess:
            return 0.0
        return times.user + times.system


def serve(pipe, options: argparse.Namespace) -> None:
    """What a worker process does: a number comes, a report goes."""
    while True:
        try:
            number = pipe.recv()
        except EOFError:
            return
        case = draw(options.seed, number, tuple(options.dims), tuple(options.kind))
        try:
            pipe.send(judge(case, options))
        except Exception:
            fault = f"CHECKER: {traceback.format_exc()}"
            pipe.send(described(case) | {"outcome": "not judged", "faults": [fault], "seconds": 0.0})


class Tally:
    """What all reports say together."""

    def __init__(self, show_open: bool):
        self.cases, self.faults, self.open = 0, 0, show_open
        self.kinds: Counter[str] = Counter()
        self.certified: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
        self.slowest: list[tuple[float, str]] = []
        self.outcomes: Counter[str] = Counter()

    def take(self, report: dict) -> None:
        """Count a report, and print its faults."""
        self.cases += 1
        faults = list(report["faults"])
        if report["seconds"] > SLOW and report["outcome"] != "killed":
            faults.append(f"slow: more than {SLOW:g} CPU seconds")
        where = f"--seed {report['seed']} --case {report['number']}"
        self.slowest = sorted([*self.slowest, (report["seconds"], f"{where}: {report['name']}")], reverse=True)[:5]
        self.outcomes[report["outcome"]] += 1
        if report["n"] <= FEW and report["d"] <= LOW and not report["outcome"].startswith("refused"):
            lam = "lam > 0" if report["lam"] else "lam = 0"
            lam += ", labels that free terms fit" if report["fitted"] else STEEPER if report.get("steep") else ""
            for group in ("all", f"points {report['points']}", f"labels {report['labels']}", report["penalty"]):
                share = self.certified[lam, group]
                share[0] += report["outcome"] == "certified"
                share[1] += 1
        if faults:
            self.faults += 1
            self.kinds.update(fault.split("\n")[0][:90] for fault in faults)
        told = f"{where}\n  {report['name']}\n  {report.get('numbers', '')}"
        if faults:
            print(f"FAULT {'; '.join(faults)}\n  {told}", flush=True)
        elif self.open and report["outcome"] not in ("certified", "judged"):
            print(f"OPEN {report['outcome']}\n  {told}", flush=True)

    def summary(self, seconds: float) -> str:
        """All counts."""
        lines = [f"{self.cases} cases in {seconds:.0f} s, {self.faults} with faults"]
        lines += [f"  {count} x {kind}" for kind, count in self.kinds.most_common()]
        lines += [f"outcomes: {dict(self.outcomes.most_common())}", f"certified, n <= {FEW}, d <= {LOW}:"]
        for (lam, group), (yes, of) in sorted(self.certified.items()):
            lines.append(f"  {lam}, {group}: {yes} of {of}, {100 * yes / of:.1f} %")
        lines.append("slowest, CPU seconds:")
        lines += [f"  {spent:.1f} {where}" for spent, where in self.slowest]
        return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
