"""Objective against time: this solver and its peers on the same training objective, judged by one function.

    python benchmarks/solve.py --budget 120 --out results      every row; table.md, results.json, a figure
    python benchmarks/solve.py --rows plane-100 --budget 10    the rows of one data set, in a minute or two
    python benchmarks/solve.py --own                           this library alone, on larger problems
    python benchmarks/solve.py --against COMMIT --rounds 3     this library and its build of a commit, by turns

See benchmarks/README.md for what is compared and how scaling and biases were matched.
"""

import argparse
import importlib.util
import json
import multiprocessing
import os
import platform
import queue
import signal
import sys
import time
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import against
import chart
import instances
import peers
from objective import objective

_LATE = 1.1  # of the budget: what a network may take and still count
_GRACE = 60.0  # seconds that starting a process and judging may take on top
_MEMORY = 14 << 30  # bytes of address space for one solver


def machine() -> dict[str, Any]:
    """Where the times were taken: processor, cores to be used, threads, versions."""
    found: dict[str, Any] = {
        "processor": platform.processor() or platform.machine(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "load": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "threads": os.environ.get("OMP_NUM_THREADS", "one for each core"),
        "python": platform.python_version(),
    }
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line.split(":", 1)[1].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        found["processor"] = names[0] if names else found["processor"]
    for package in ("numpy", "scipy", "torch", "cvxpy", "clarabel", "pyscnn"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def _child(solver: str, task: peers.Task, results: Any) -> None:
    """Run one solver in a process of its own; sends (seconds, objective, neurons, note), None at the end."""
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, resource.RLIM_INFINITY))
    except (ImportError, ValueError):  # no such limit on this system
        pass
    try:
        solve = peers.SOLVERS[solver].run(task)
        for seconds, network, note in solve:
            value = objective(network, task.points, task.values, task.lam, task.bias)
            results.put((seconds, value, len(network.outer), note))
    except MemoryError:
        results.put(f"out of memory ({_MEMORY >> 30} GiB)")
    except Exception as error:
        results.put(f"{type(error).__name__}: {error}")
    results.put(None)


def run(solver: str, task: peers.Task) -> dict[str, Any]:
    """Every network that a solver finds in time, with its objective; `ended` says why there are no more."""
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    process = context.Process(target=_child, args=(solver, task, results), daemon=True)
    process.start()
    points: list[dict[str, Any]] = []
    ended = "done"
    patience = _LATE * task.budget + _GRACE
    since = time.monotonic()
    while True:
        try:
            answer = results.get(timeout=1.0)
        except queue.Empty:
            if not process.is_alive() and results.empty():
                ended = f"died with exit code {process.exitcode}"
                break
            if time.monotonic() - since > patience:
                ended = "stopped: its next run exceeds the budget"
                break
            continue
        since = time.monotonic()
        if answer is None:
            break
        if isinstance(answer, str):
            ended = answer
            continue
        seconds, value, width, note = answer
        in_time = seconds <= _LATE * task.budget
        points.append({"seconds": seconds, "objective": value, "neurons": width, "note": note, "in_time": in_time})
        print(f"    {seconds:8.2f} s   {value:.9g}   {note}{'' if in_time else '   (late)'}", flush=True)
    process.join(0 if ended.startswith("stopped") else 10)
    process.terminate()
    process.join()
    results.close()
    if ended != "done":
        print(f"    {ended}", flush=True)
    return {"points": points, "ended": ended}


def lam_of(row: instances.Row, points: Any, values: Any) -> float:
    """The row's lam."""
    from minnorm.solve.regularisation import lam_max

    return row.fraction * lam_max(points, values, peers.penalty(row.bias)) if row.fraction else 0.0


def certify(row: instances.Row, points: Any, values: Any, lam: float, limit: float | None) -> dict[str, Any]:
    """This library's solution with the certificate that `verify` makes of it, timed apart."""
    from minnorm import fit, interpolate, verify

    options = {"penalty": peers.penalty(row.bias), "tolerance": row.tolerance, "certify": False, "time_limit": limit}
    began = time.perf_counter()
    found = fit(points, values, lam, **options) if lam else interpolate(points, values, **options)
    solved = time.perf_counter()
    proof = verify(points, values, found, tolerance=row.tolerance)
    verified = time.perf_counter()
    return asdict(proof) | {
        "gap": proof.gap,
        "certified": proof.certified,
        "neurons": found.network.width,
        "solve_seconds": solved - began,
        "verify_seconds": verified - solved,
    }


def compare(rows: list[instances.Row], solvers: list[str], budget: float, out: Path) -> None:
    """Each solver on each row, one after another; the files are written anew after every row."""
    out.mkdir(parents=True, exist_ok=True)
    stored = out / "results.json"
    results = json.loads(stored.read_text()) if stored.exists() else {"rows": {}}
    results["machine"] = machine()
    for row in rows:
        points, values = row.make()
        print(f"{row.name}   n = {len(values)}, d = {points.shape[1]}", flush=True)
        lam = lam_of(row, points, values)
        proof = certify(row, points, values, lam, budget)
        print(
            f"  certificate: value {proof['value']:.9g}, bound {proof['lower_bound']:.9g}, scope {proof['scope']}, "
            f"{proof['solve_seconds']:.2f} s + {proof['verify_seconds']:.2f} s to verify",
            flush=True,
        )
        entry = {"n": len(values), "d": points.shape[1], "lam": lam, "bias": row.bias, "budget": budget}
        entry |= {"certificate": proof, "solvers": {}}
        for name in solvers:
            solver = peers.SOLVERS[name]
            if row.bias not in solver.biases:
                continue
            print(f"  {name}", flush=True)
            if importlib.util.find_spec(solver.needs) is None:
                entry["solvers"][name] = {"points": [], "ended": f"{solver.needs} is not installed"}
                print(f"    {entry['solvers'][name]['ended']}", flush=True)
                continue
            entry["solvers"][name] = run(name, peers.Task(points, values, lam, row.bias, budget))
        known = results["rows"] | {row.name: entry}
        order = [r.name for r in instances.PEER_ROWS if r.name in known]
        results["rows"] = {name: known[name] for name in order}
        written = out / "results.json.new"
        written.write_text(json.dumps(results, indent=1))
        written.replace(stored)
        chart.write(results, out)
    print((out / "table.md").read_text())


def own(rows: list[instances.Row], limit: float | None, out: Path | None) -> None:
    """This library alone: value, verified gap and scope, seconds to solve and to verify."""
    head = "| data | n | d | objective | tolerance | value | verified gap | scope | neurons | solve | verify |"
    lines = [head, "|" + "---|" * head.count(" | ") + "---|"]
    print("\n".join(lines), flush=True)
    for row in rows:
        points, values = row.make()
        proof = certify(row, points, values, lam_of(row, points, values), limit)
        kind = f"lam = {row.fraction:g} lam_max" if row.fraction else "interpolation"
        gap = f"{proof['gap']:.1e}" if proof["scope"] != "searched" else f"({proof['gap']:.1e})"
        lines.append(
            f"| {row.data} | {len(values)} | {points.shape[1]} | {kind} | {row.tolerance:.0e} | {proof['value']:.9g} "
            f"| {gap} | {proof['scope']} | {proof['neurons']} | {proof['solve_seconds']:.2f} s "
            f"| {proof['verify_seconds']:.2f} s |"
        )
        print(lines[-1], flush=True)
    print("\nA gap in brackets is of a bound whose dual norm was searched for: it proves nothing.")
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        (out / "own.md").write_text("\n".join([*lines, "", chart.describe(machine()), ""]))


def main() -> None:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--own", action="store_true", help="this library alone, on its own table of problems")
    parser.add_argument("--against", metavar="COMMIT", help="this library beside its build of that commit, by turns")
    parser.add_argument("--rounds", type=int, default=1, help="of --against (default: 1)")
    parser.add_argument("--rows", nargs="+", metavar="ROW", help="names of rows, or of data (default: all)")
    parser.add_argument("--solvers", nargs="+", choices=list(peers.SOLVERS), default=list(peers.SOLVERS))
    parser.add_argument("--budget", type=float, metavar="SECONDS", help="for each run from scratch (default: 120)")
    parser.add_argument("--out", type=Path, metavar="DIR", help="where to write (default: benchmarks/results)")
    parser.add_argument("--list", action="store_true", help="print the names of the rows and stop")
    options = parser.parse_args()
    rows = instances.SPEED_ROWS if options.against else instances.OWN_ROWS if options.own else instances.PEER_ROWS
    if options.list:
        print("\n".join(row.name for row in rows))
        return
    try:
        rows = instances.by_name(rows, options.rows)
    except ValueError as error:
        parser.error(str(error))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that a solver's process ends with this one
    print(chart.describe(machine()), "\n", flush=True)
    if options.against:
        against.compare(rows, options.against, options.rounds, options.budget or 120.0, options.out)
    elif options.own:
        own(rows, options.budget, options.out)
    else:
        compare(rows, options.solvers, options.budget or 120.0, options.out or Path(__file__).parent / "results")


if __name__ == "__main__":
    sys.exit(main())
