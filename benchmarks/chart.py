"""The table and the figure of a comparison, from its results alone."""

import math
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("agg")

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

TARGET = 1e-3  # the relative excess whose time the table gives

TOP = 3.0  # of the figure; what is worse is drawn on its upper edge

# Okabe & Ito's colours, told apart by colour-blind readers; a marker each, for print in grey.
STYLES = {
    "minnorm": ("#0072B2", "o"),
    "sampled patterns": ("#D55E00", "s"),
    "Adam": ("#009E73", "^"),
    "scnn, ReLU": ("#CC79A7", "D"),
    "scnn, gated": ("#E69F00", "v"),
}


def excess(value: float, bound: float) -> float:
    """(value - bound) / bound: how far above the lower bound, at most, a network is from the optimum."""
    return (value - bound) / bound if bound > 0 else math.inf


def best(points: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The network of the least objective among those found in time."""
    return min((p for p in points if p["in_time"]), key=lambda p: p["objective"], default=None)


def time_to(points: list[dict[str, Any]], bound: float, target: float = TARGET) -> float | None:
    """Seconds of the fastest run whose relative excess is at most `target`; None if there is none."""
    passed = [p["seconds"] for p in points if p["in_time"] and excess(p["objective"], bound) <= target]
    return min(passed, default=None)


def describe(machine: dict[str, Any]) -> str:
    """The machine in one line."""
    return ", ".join(f"{name} {what}" for name, what in machine.items())


def table(results: dict[str, Any]) -> str:
    """The comparison in Markdown."""
    lines = [
        f"| row | solver | objective | excess over the bound | seconds to {TARGET:.0e} | neurons | best run |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, row in results["rows"].items():
        proof = row["certificate"]
        bound, certified = proof["lower_bound"], proof["scope"] != "searched"
        scope = f"scope {proof['scope']}, verified gap {proof['gap']:.1e}" if certified else "searched: proves nothing"
        lines.append(
            f"| {name} | *lower bound* | {bound:.9g} | | | | {scope}; solved in {proof['solve_seconds']:.2f} s, "
            f"verified in {proof['verify_seconds']:.2f} s |"
        )
        for solver, found in row["solvers"].items():
            top, seconds = best(found["points"]), time_to(found["points"], bound)
            if top is None:
                note = "no run within the budget" if found["ended"] == "done" else found["ended"]
                lines.append(f"| {name} | {solver} | - | - | - | - | {note} |")
                continue
            note = f"{top['note']}, {top['seconds']:.2f} s" + (
                f"; {found['ended']}" if found["ended"] != "done" else ""
            )
            lines.append(
                f"| {name} | {solver} | {top['objective']:.9g} | {excess(top['objective'], bound):.1e} "
                f"| {'-' if seconds is None else f'{seconds:.2f}'} | {top['neurons']} | {note} |"
            )
    budgets = sorted({row["budget"] for row in results["rows"].values()})
    lines += [
        "",
        f"Budget of each run from scratch: {', '.join(f'{b:g}' for b in budgets)} s. "
        f"A dash: never within the budget. {describe(results['machine'])}.",
        "",
    ]
    return "\n".join(lines)


def draw(axes: Axes, name: str, row: dict[str, Any]) -> None:
    """One row: relative excess over the lower bound against seconds, runs as markers, the best so far as a line."""
    proof = row["certificate"]
    bound = proof["lower_bound"]
    gap = max(excess(proof["value"], bound), 1e-9)
    floor = 0.3 * gap
    for solver, found in row["solvers"].items():
        points = sorted((p for p in found["points"] if p["in_time"]), key=lambda p: p["seconds"])
        if not points:
            continue
        colour, marker = STYLES.get(solver, ("black", "x"))
        seconds = np.array([p["seconds"] for p in points])
        heights = np.clip([excess(p["objective"], bound) for p in points], floor, TOP)
        axes.plot(seconds, heights, marker, color=colour, markersize=4, alpha=0.5, clip_on=False)
        axes.step(
            np.append(seconds, max(seconds[-1], row["budget"])),
            np.minimum.accumulate(np.append(heights, heights[-1])),
            where="post",
            color=colour,
            label=solver,
            linewidth=1.5,
            marker=marker,
            markevery=(len(points) - 1, len(points) + 1),
            markersize=4,
        )
    certified = proof["scope"] != "searched"
    label = "within the verified gap" if certified else "within the gap to a searched bound"
    axes.axhspan(floor / 10, gap, color="0.85" if certified else "0.93", zorder=0)
    axes.text(0.98, 0.02, label, transform=axes.transAxes, ha="right", va="bottom", fontsize=7, color="0.35")
    axes.axhline(TARGET, color="0.5", linestyle=":", linewidth=0.8)
    axes.set(xscale="log", yscale="log", title=name, ylim=(floor, TOP))
    axes.title.set_fontsize(9)
    axes.tick_params(labelsize=8)


def write(results: dict[str, Any], out: Path) -> None:
    """table.md, and figure.png and figure.svg, in the folder `out`."""
    (out / "table.md").write_text(table(results))
    rows = results["rows"]
    columns = min(4, len(rows))
    height = -(-len(rows) // columns)
    figure, grid = plt.subplots(
        height, columns, figsize=(max(3.2 * columns, 6.4), 2.7 * height + 0.8), squeeze=False, layout="constrained"
    )
    for axes, (name, row) in zip(grid.flat, rows.items(), strict=False):
        draw(axes, name, row)
    for axes in grid.flat[len(rows) :]:
        axes.set_axis_off()
    figure.supxlabel("seconds of the run", fontsize=9)
    figure.supylabel("(objective - lower bound) / lower bound", fontsize=9)
    handles = {label: h for axes in grid.flat for h, label in zip(*axes.get_legend_handles_labels(), strict=True)}
    figure.legend(handles.values(), handles.keys(), loc="outside upper center", ncols=len(handles) or 1, fontsize=8)
    for suffix in ("png", "svg"):
        figure.savefig(out / f"figure.{suffix}", dpi=160)
    plt.close(figure)
