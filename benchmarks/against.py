"""This build of the library beside an earlier one, by turns: each row in a process of its own for each build."""

import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import instances

ROOT = Path(__file__).parents[1]
_GRACE = 1.5  # times the limit, and a minute: when a process that does not heed it is ended
_HEAD = (
    "| row | before | gap, scope | now | gap, scope | before / now | verify before, now | neurons | MB |",
    "|---|---|---|---|---|---|---|---|---|",
)


@contextmanager
def built(commit: str) -> Iterator[Path]:
    """A directory with the library of a commit alone, for PYTHONPATH; what it needs is what is installed here."""
    with tempfile.TemporaryDirectory() as folder:
        sources, packages = Path(folder, "sources"), Path(folder, "packages")
        sources.mkdir()
        archive = subprocess.run(["git", "archive", commit], cwd=ROOT, check=True, capture_output=True).stdout
        subprocess.run(["tar", "-x", "-C", str(sources)], input=archive, check=True)
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(packages)]
        subprocess.run([*pip, str(sources)], check=True)
        yield packages


def run(row: instances.Row, packages: Path | None, limit: float) -> dict[str, Any]:
    """What `one.py` prints with a build, this one for None; or {"ended": why it printed nothing}."""
    command = [sys.executable, str(Path(__file__).with_name("one.py")), row.name, "--limit", str(limit)]
    path = str(packages or ROOT / "src")
    found = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, [path, os.environ.get("PYTHONPATH", "")]))}
    try:
        done = subprocess.run(command, env=found, capture_output=True, text=True, timeout=_GRACE * limit + 60)
    except subprocess.TimeoutExpired:
        return {"ended": f"not in {_GRACE * limit + 60:.0f} s"}
    if done.returncode:
        return {"ended": (done.stderr.strip().splitlines() or ["died"])[-1][:80]}
    return json.loads(done.stdout.splitlines()[-1])


def compare(rows: Sequence[instances.Row], commit: str, rounds: int, limit: float, out: Path | None) -> str:
    """The table in Markdown, written after every row; seconds are the processor's, ratios medians over rounds."""
    lines = list(_HEAD)
    kept: dict[str, list[list[dict[str, Any]]]] = {}
    print("\n".join(lines), flush=True)
    with built(commit) as before:
        for row in rows:
            pairs = [[run(row, build, limit) for build in (before, None)] for _ in range(rounds)]
            kept[row.name] = pairs
            lines.append(line(row.name, pairs))
            print(lines[-1], flush=True)
            if out is not None:
                out.mkdir(parents=True, exist_ok=True)
                (out / "against.md").write_text("\n".join([*lines, ""]))
                (out / "against.json").write_text(json.dumps({"commit": commit, "rows": kept}, indent=1))
    return "\n".join(lines)


def line(name: str, pairs: Sequence[Sequence[dict[str, Any]]]) -> str:
    """One row of the table."""
    old, new = zip(*pairs, strict=True)
    whole = [one for one in pairs if all("solve" in side for side in one)]
    ratios = [before["solve"] / now["solve"] for before, now in whole]
    ratio = f"{statistics.median(ratios):.2f}" if ratios else "–"
    last = [next((one for one in reversed(side) if "solve" in one), {}) for side in (old, new)]
    return (
        f"| {name} | {_median(old, 'solve')} | {_claim(old)} | {_median(new, 'solve')} | {_claim(new)} | {ratio} "
        f"| {_median(old, 'verify')}, {_median(new, 'verify')} "
        f"| {last[0].get('neurons', '–')}, {last[1].get('neurons', '–')} "
        f"| {last[0].get('megabytes', math.nan):.0f}, {last[1].get('megabytes', math.nan):.0f} |"
    )


def _median(side: Sequence[dict[str, Any]], name: str) -> str:
    numbers = [one[name] for one in side if name in one]
    return f"{statistics.median(numbers):.3g}" if numbers else side[-1]["ended"]


def _claim(side: Sequence[dict[str, Any]]) -> str:
    one = next((one for one in reversed(side) if "solve" in one), None)
    if one is None:
        return "–"
    searched = one.get("searched_gap")
    beside = f" (searched {searched:.1e})" if searched is not None and searched < one["gap"] else ""
    return f"{one['gap']:.1e}{beside}, {one['scope']}" + (", certified" if one["certified"] else "")
