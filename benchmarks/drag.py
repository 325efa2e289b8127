"""A point among 100 dragged on the view Line: milliseconds a step, and whose processor time they are.

Run `python benchmarks/drag.py [--against SRC] [--rounds 3] [--steps 30]` with the extra `dev` and a Chromium. SRC is
the `src` folder of another build, its compiled module in it; it and this one take turns. Each step of the pointer
waits for the answer to the one before. `median` and `p95` are from the request until its answer is drawn, as the page
measures them; `server` and `browser` are processor milliseconds a step, of the server's process and of the process
that draws, medians over rounds: on a busy machine these alone can be compared.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from playwright.sync_api import Page, sync_playwright

HERE = Path(__file__).parents[1] / "src"
CASES = {"least norm": "", "decay": "&lam=0.001", "decay, biases penalised": "&lam=0.001&bias=penalised"}
WHERE = """([x, y]) => {
  const plot = Bokeh.documents[0].get_model_by_name("function"), view = Bokeh.index.find_one(plot);
  const box = view.canvas_view.el.getBoundingClientRect();
  return [box.left + view.frame.x_scale.compute(x), box.top + view.frame.y_scale.compute(y)];
}"""
DRAWN = "(n) => performance.getEntriesByName('answer').length >= n"
Figures = dict[str, float]


def points(n: int = 100) -> tuple[np.ndarray, np.ndarray]:
    """A sine with noise, at places that are nearly equidistant."""
    rng = np.random.default_rng(0)
    x = (np.linspace(-1, 1, n) + rng.uniform(-0.008, 0.008, n)).round(4)
    return x, (np.sin(5 * x) + 0.2 * rng.normal(size=n)).round(3)


@contextmanager
def serving(source: Path) -> Iterator[tuple[str, int]]:
    """The address of a page that a build serves, and the server's process."""
    command = [sys.executable, "-m", "minnorm.cli", "explore", "--no-browser", "--json", "--port", "0"]
    environment = os.environ | {"PYTHONPATH": str(source), "OPENBLAS_NUM_THREADS": "1"}
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    assert server.stdout is not None
    try:
        yield json.loads(server.stdout.readline())["url"], server.pid
    finally:
        server.send_signal(signal.SIGINT)
        server.wait()


def used(process: int) -> float:
    """Processor milliseconds of a process up to now."""
    fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return 1e3 * (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def dragged(page: Page, server: int, drawer: int, steps: int) -> Figures:
    """A point goes up and down."""
    x, y = points()
    across, up = page.evaluate(WHERE, [x[50], y[50]])
    page.mouse.move(across, up)
    page.mouse.down()
    page.mouse.move(across + 3, up + 8)
    page.wait_for_timeout(500)
    page.evaluate("performance.clearMeasures('answer')")
    before = used(server), used(drawer)
    for k in range(1, steps + 1):
        page.mouse.move(across + 10 * np.sin(k / 3), up + 60 * np.sin(k / 7))
        page.wait_for_function(DRAWN, arg=k, polling=40)
    after = used(server), used(drawer)
    taken = page.evaluate("performance.getEntriesByName('answer').map((entry) => entry.duration)")
    page.mouse.up()
    figures = {"median": float(np.median(taken)), "p95": float(np.percentile(taken, 95))}
    return figures | {name: (b - a) / steps for name, a, b in zip(("server", "browser"), before, after, strict=True)}


def measured(source: Path, steps: int) -> dict[str, Figures]:
    """All cases of a build."""
    x, y = ("~".join(map(str, part)) for part in points())
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    found = {}
    with serving(source) as (url, server), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        processes = browser.new_browser_cdp_session()
        for name, query in CASES.items():
            page = browser.new_page(viewport={"width": 1280, "height": 800})
            page.set_default_timeout(600_000)
            page.goto(f"{url}line?x={x}&y={y}{query}")
            page.wait_for_function("globalThis.Bokeh?.documents?.[0]?.is_idle")
            page.wait_for_timeout(2000)
            running = processes.send("SystemInfo.getProcessInfo")["processInfo"]
            drawer = max((one for one in running if one["type"] == "renderer"), key=lambda one: one["id"])
            found[name] = dragged(page, server, drawer["id"], steps)
            page.close()
        browser.close()
    return found


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--against", type=Path, help="the src folder of another build")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=30)
    asked = parser.parse_args()
    builds = {"this": HERE} | ({"other": asked.against.resolve()} if asked.against else {})
    rounds = [{build: measured(source, asked.steps) for build, source in builds.items()} for _ in range(asked.rounds)]
    columns = "median", "p95", "server", "browser"
    print("| case | build | " + " | ".join(columns) + " |\n|---|---|" + "---:|" * len(columns))
    for case in CASES:
        for build in builds:
            figures = (np.median([one[build][case][column] for one in rounds]) for column in columns)
            print(f"| {case} | {build} | " + " | ".join(f"{figure:.0f}" for figure in figures) + " |")


if __name__ == "__main__":
    main()
