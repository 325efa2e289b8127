"""Every public function with one wrong argument at a time: it is taken, or refused in one line that names it.

    python tests/fuzz/arguments.py --seconds 600 --seed 1
    python tests/fuzz/arguments.py --only interpolate penalty        # all values for one argument
    python tests/fuzz/arguments.py --calls 300 --limit 0             # so many calls, however long they take

A fault is any other error than a ValueError or TypeError of one line with the argument's name, and any call of over
`--limit` seconds of this process's own time.
"""

import argparse
import math
import random
import re
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

import jax
import matplotlib as mpl
import numpy as np
import pandas as pd
import scipy.sparse
import xarray as xr
from matplotlib.figure import Figure

import minnorm as mn
from minnorm.objective.data import TiesError

mpl.use("Agg")
NEW = {"generator": lambda: (k for k in range(3)), "axes": lambda: Figure().subplots()}  # for each call
X = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
Y = np.array([0.0, 1.0, 1.0, 0.0])
T, U = np.array([0.0, 1.0, 2.0, 3.0]), np.array([0.0, 1.0, 0.0, 0.5])


@dataclass(frozen=True)
class Entry:
    """A public function and arguments that are right."""

    name: str
    call: Callable[..., Any]
    right: dict[str, Any]
    options: tuple[str, ...] = ()
    """Arguments that may be left out, beyond those in `right`."""


def _network() -> mn.ShallowReLU:
    return mn.ShallowReLU(
        np.array([[1.0, 0.0], [0.0, 2.0]]), np.array([0.0, -1.0]), np.array([1.0, -1.0]), np.array(0.5)
    )


def _on_line() -> mn.ShallowReLU:
    return mn.ShallowReLU(np.array([[1.0], [-1.0]]), np.array([0.0, 1.0]), np.array([1.0, -1.0]), np.array(0.5))


def zoo() -> dict[str, Any]:
    """Values that are wrong for most arguments, under names to report them by."""
    return {
        "None": None,
        "True": True,
        "'3'": "3",
        "'free'": "free",
        "''": "",
        "b'x'": b"x",
        "10**400": 10**400,
        "-1": -1,
        "0": 0,
        "0.5": 0.5,
        "2": 2,
        "nan": float("nan"),
        "inf": float("inf"),
        "-inf": float("-inf"),
        "1e-320": 1e-320,
        "1e300": 1e300,
        "1j": 1j,
        "Decimal": Decimal("1.5"),
        "Fraction": Fraction(1, 3),
        "[]": [],
        "()": (),
        "[1.0]": [1.0],
        "[[1.0]]": [[1.0]],
        "[1, 'a']": [1, "a"],
        "['a', 'b']": ["a", "b"],
        "[[1], [2, 3]]": [[1], [2, 3]],
        "[None]": [None],
        "{}": {},
        "{'a': 1}": {"a": 1},
        "{1: 2}": {1: 2},
        "{'a': None}": {"a": None},
        "{1, 2}": {1, 2},
        "object": object(),
        "int": int,
        "lambda": lambda *_: None,
        "lambda two": lambda *_: np.zeros((2, 2)),
        **{name: make() for name, make in NEW.items()},
        "array 0-d": np.array(3.0),
        "array (2,)": np.array([1.0, 2.0]),
        "array (2, 2)": np.zeros((2, 2)),
        "array (2, 3, 4)": np.zeros((2, 3, 4)),
        "array (0,)": np.zeros(0),
        "array (4, 3)": np.ones((4, 3)),
        "array of nan": np.full(4, np.nan),
        "array of text": np.array(["a", "b", "c", "d"]),
        "array of objects": np.array([object()] * 4),
        "array of 1e300": np.array([1e300, -1e300, 0.0, 1.0]),
        "array of 1e-320": np.array([1e-320, 2e-320, 0.0, 3e-320]),
        "dates": np.array(["2020-01-01", "NaT", "2020-01-03", "2020-01-04"], dtype="M8[D]"),
        "masked": np.ma.array([1.0, 2.0, 3.0, 4.0], mask=[0, 1, 0, 0]),
        "sparse": scipy.sparse.csr_matrix(np.eye(4)),
        "frame": pd.DataFrame({"a": ["x", "y", "z", "w"]}),
        "jax": jax.numpy.zeros(3),
        "str_": np.str_("free"),
        "penalty": mn.PathNorm(skip="free"),
        "network": _network(),
        "network on the line": _on_line(),
        "solution": mn.known.line(T, U),
        "unverified": mn.known.line(T, U, certify=False),
        "problem": mn.Problem(X, Y),
        "dataset": xr.Dataset({"a": ("b", [1.0])}),
    }


def entries() -> list[Entry]:
    """The public functions."""
    path = mn.path(T, U, [0.1, 0.01])
    runs = mn.train(T, U, weight_decay=0.01, width=4, steps=3)
    plane = mn.interpolate(X, Y)
    fit = mn.fit(T, U, 0.01)
    line = mn.known.line(T, U)
    cross = np.array([[0.0, 0], [1, 0], [-1, 0], [0, 1]])
    bump = mn.known.radial_bump(3)
    denoiser = mn.known.denoiser([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]], 0.1)
    solver = ("penalty", "tolerance", "time_limit", "seed", "certify", "progress", "on_interrupt")
    radial = mn.known.radial_fit([0.0, 1.0, 2.0], [1.0, 0.0, 0.0], 3)
    gaps, levels = [(0.0, 1.0), (2.0, 4.0)], [1.0, 0.0, 0.5]
    network, on_line = _network(), _on_line()
    found = [
        Entry("PathNorm", mn.PathNorm, {}, ("bias", "skip", "offset")),
        Entry("Problem", mn.Problem, {"points": X, "values": Y}, ("penalty", "lam", "weights")),
        Entry("interpolate", mn.interpolate, {"X": X, "y": Y}, solver),
        Entry("fit", mn.fit, {"X": X, "y": Y, "lam": 0.1}, ("sample_weight", *solver)),
        Entry("path", mn.path, {"X": T, "y": U, "lams": [0.1]}, ("sample_weight", *solver)),
        Entry("band", mn.band, {"X": T, "y": U, "query": T + 0.5}, tuple(o for o in solver if o != "seed")),
        Entry("lam_max", mn.lam_max, {"X": X, "y": Y}, ("penalty", "sample_weight", "time_limit", "seed")),
        Entry(
            "verify",
            mn.verify,
            {"points": X, "values": Y, "solution": plane},
            ("tolerance", "effort", "seed", "time_limit", "progress"),
        ),
        Entry(
            "train",
            mn.train,
            {"X": X, "y": Y, "width": 4, "steps": 3},
            (
                "sample_weight",
                "optimizer", "learning_rate", "weight_decay", "scale", "seeds", "batch_size", "decay", "schedule",
                "convention", "penalty", "initial", "biases", "antisymmetric", "start", "options", "dtype", "records",
                "trajectory", "threads", "engine", "progress", "checkpoint",
            ),
        ),
        Entry("compare", mn.compare, {"model": network, "X": X, "y": Y, "weight_decay": 0.1},
              ("decayed", "loss", "reduction", "lam", "sample_weight", "time_limit")),
        Entry("ShallowReLU.evaluate", network.evaluate, {"points": X}),
        Entry("ShallowReLU.balance", network.balance, {}, ("with_bias",)),
        Entry("ShallowReLU.merge", network.merge, {}, ("tolerance",)),
        Entry("ShallowReLU.prune", network.prune, {}, ("tolerance",)),
        Entry("ShallowReLU.from_dict", mn.ShallowReLU.from_dict, {"parts": network.to_dict()}),
        Entry("ShallowReLU.from_state_dict", mn.ShallowReLU.from_state_dict, {"state": network.to_state_dict()}),
        Entry("ShallowReLU.from_torch", mn.ShallowReLU.from_torch, {"module": network.to_state_dict()}),
        Entry("ShallowReLU.from_sklearn", mn.ShallowReLU.from_sklearn, {"model": network.to_state_dict()}),
        Entry("PathNorm.value", mn.PathNorm().value, {"network": network}),
        Entry("PathNorm.weight_decay", mn.PathNorm().weight_decay, {"network": network}),
        Entry("Solution.call", plane, {"points": X}),
        Entry("Solution.from_dataset", mn.Solution.from_dataset, {"data": plane.to_dataset()}),
        Entry("Solution.load", mn.Solution.load, {"path": "nowhere.nc"}),
        Entry("MinNormRegressor", _fitted(mn.MinNormRegressor), {"X": X, "y": Y, "alpha": 0.1},
              ("bias", "skip", "tol", "max_time", "random_state", "sample_weight")),
        Entry("MinNormRegressorCV", _fitted(mn.MinNormRegressorCV), {"X": X, "y": Y, "alphas": [0.1], "cv": 2},
              ("bias", "skip", "tol", "max_time", "random_state", "sample_weight")),
        Entry("MinNormClassifier", _fitted(mn.MinNormClassifier), {"X": X, "y": [0, 1, 1, 0], "alpha": 0.1},
              ("loss", "class_weight", "bias", "skip", "tol", "max_time", "random_state", "sample_weight")),
        Entry("MinNormClassifierCV", _fitted(mn.MinNormClassifierCV),
              {"X": X, "y": [0, 1, 1, 0], "alphas": [0.1], "cv": 2},
              ("loss", "class_weight", "scoring", "bias", "skip", "tol", "max_time", "random_state", "sample_weight")),
        Entry("known.line_margin", mn.known.line_margin, {"x": [0.0, 1.0, 3.0], "labels": [1, -1, 1]},
              ("penalty", "certify")),
        Entry("known.convex_margin", mn.known.convex_margin, {"first": [0.0, 1.0], "second": [1.0, 1.0]}, ("certify",)),
        Entry("known.radial_margin", mn.known.radial_margin, {"dim": 3}, ("plateau",)),
        Entry("known.polygon", mn.known.polygon, {"corners": 5}, ("certify",)),
        Entry("known.cross_polytope", mn.known.cross_polytope, {"dim": 3}, ("certify",)),
        Entry("known.simplex", mn.known.simplex, {"labels": [1.0, 0.0, 2.0]}, ("origin", "certify")),
        Entry("known.line", mn.known.line, {"x": T, "y": U}, ("penalty", "certify")),
        Entry("known.line_path", mn.known.line_path, {"x": T, "y": U}, ("penalty",)),
        Entry("LinePath.at", mn.known.line_path(T, U).at, {"lam": 0.1}, ("certify",)),
        Entry("LinePath.values", mn.known.line_path(T, U).values, {"lam": 0.1}),
        Entry("known.line_solutions", mn.known.line_solutions, {"x": T, "y": U}, ("penalty",)),
        Entry("LineSolutions.lower", mn.known.line_solutions(T, U).lower, {"query": 0.5}),
        Entry("known.ridge", mn.known.ridge, {"points": X[:2], "values": Y[:2]}, ("penalty", "direction", "certify")),
        Entry("known.ridge_sum", mn.known.ridge_sum, {"points": cross, "values": [0.0, 1.0, 0.0, 0.0]},
              ("penalty", "directions", "centre", "certify")),
        Entry("known.denoiser", mn.known.denoiser, {"clean": X[:3], "radius": 0.1}),
        Entry("known.acute_denoiser", mn.known.acute_denoiser, {"clean": cross[[1, 2, 3]] * [0.5, 1], "radius": 0.1}),
        Entry("Denoiser.call", denoiser, {"points": X}),
        Entry("Denoiser.network", denoiser.network, {"direction": [1.0, 0.0]}),
        Entry("known.radial_bump", mn.known.radial_bump, {"dim": 3}, ("plateau", "outer", "digits")),
        Entry("RadialBump.call", bump, {"x": np.zeros((2, 3))}),
        Entry("RadialBump.profile", bump.profile, {"r": 0.5}),
        Entry("RadialBump.stretch", bump.stretch, {"factor": 2.0}),
        Entry("RadialBump.sample", bump.sample, {"key": 0, "n": 5}, ("law", "outer", "inner_fraction")),
        Entry("RadialBump.as_network", bump.as_network, {"width": 4, "key": 0}),
        Entry("known.radial_fit", mn.known.radial_fit, {"radii": [0.0, 1.0, 2.0], "values": [1.0, 0.0, 0.0], "dim": 3},
              ("lam", "weights")),
        Entry("RadialFit.profile", radial.profile, {"r": 0.5}),
        Entry("RadialFit.curve", radial.curve, {"s": 0.5}),
        Entry("known.radial_law", mn.known.radial_law, {"law": "shell", "dim": 3, "count": 4},
              ("plateau", "scale", "outer", "inner_fraction")),
        Entry("known.radial_norms", lambda **given: list(mn.known.radial_norms(**given)), {"dims": [1, 3]},
              ("plateau", "outer", "digits")),
        Entry("known.radial_shells", mn.known.radial_shells, {"dim": 3, "gaps": gaps, "levels": levels}, ("digits",)),
        Entry("known.radial_target", mn.known.radial_target, {"dim": 3, "gaps": gaps, "pieces": levels}, ("outer",)),
        Entry("measure.path_norm", mn.measure.path_norm, {"network": network}, ("penalty",)),
        Entry("measure.weight_decay", mn.measure.weight_decay, {"network": network}, ("penalty",)),
        Entry("measure.excess_norm", mn.measure.excess_norm, {"network": network, "minimum": 1.0}, ("penalty",)),
        Entry("measure.norm_ratio", mn.measure.norm_ratio, {"network": network, "minimum": 1.0}, ("penalty",)),
        Entry("measure.knots", mn.measure.knots, {"network": on_line}, ("tolerance",)),
        Entry("measure.seminorm_line", mn.measure.seminorm_line, {"network": on_line}, ("skip", "tolerance")),
        Entry("measure.effective_neurons", mn.measure.effective_neurons, {"network": network},
              ("angle", "share", "radius")),
        Entry("measure.balancedness", mn.measure.balancedness, {"network": network}, ("with_bias",)),
        Entry("measure.sharpness", mn.measure.sharpness, {"network": network, "points": X, "values": Y},
              ("iterations",)),
        Entry("measure.l2_distance", mn.measure.l2_distance, {"f": network, "g": network, "points": X}, ("weights",)),
        Entry("measure.sup_distance", mn.measure.sup_distance, {"f": network, "g": network, "points": X}),
        Entry("measure.distances", mn.measure.distances, {"f": network, "g": network, "regions": {"all": X}}),
        Entry("measure.values_of", mn.measure.values_of, {"f": network, "points": X}, ("name",)),
        Entry("measure.directions", mn.measure.directions, {"dim": 3, "count": 6}, ("key",)),
        Entry("measure.radial_profile", mn.measure.radial_profile, {"f": network, "dim": 2, "radii": [0.0, 1.0]},
              ("count", "key")),
        Entry("measure.best_stretch", mn.measure.best_stretch,
              {"mean": np.exp(-T), "radii": T, "exact_profile": lambda r: np.exp(-r)}, ("weight", "bracket")),
        Entry("plot_line", mn.plot_line, {"x": T, "y": U}, ("solution", "band", "others", "knots", "ax")),
        Entry("plot_certificate", mn.plot_certificate, {"x": T, "y": U, "solution": line}, ("ax",)),
        Entry("plot_plane", mn.plot_plane, {"X": X, "y": Y, "solution": plane}, ("colorbar", "ax")),
        Entry("plot_comparison", mn.plot_comparison,
              {"comparison": mn.compare(network, X, Y, lam=0.1).to_dataset()}, ("ax",)),
        Entry("plot_denoiser", mn.plot_denoiser, {"found": denoiser}, ("axes",)),
        Entry("plot_denoiser_plane", mn.plot_denoiser_plane, {"found": denoiser}, ("ax",)),
        Entry("plot_excess", mn.plot_excess, {"runs": runs, "solutions": fit}, ("ax",)),
        Entry("plot_gap", mn.plot_gap, {"history": [(0.0, 1.0, 0.5)]}, ("ax",)),
        Entry("plot_path", mn.plot_path, {"path": path}, ("axes",)),
        Entry("plot_radial", mn.plot_radial, {"f": bump}, ("others", "ax")),
        Entry("plot_radial_certificate", mn.plot_radial_certificate, {"f": bump}, ("ax",)),
        Entry("plot_radial_measure", mn.plot_radial_measure, {"f": bump}, ("ax",)),
        Entry("plot_ridge", mn.plot_ridge, {"X": X, "y": Y, "solution": plane, "directions": [[1.0, 0.0]]},
              ("centre", "axes")),
        Entry("plot_style", lambda style: mn.plot_style(style).__enter__(), {"style": "light"}),
        Entry("plot_trajectories", mn.plot_trajectories, {"runs": runs}, ("minimum", "axes")),
    ]  # fmt: skip
    return found


def _fitted(kind: type) -> Callable[..., Any]:
    return lambda X, y, sample_weight=None, **settings: kind(**settings).fit(X, y, sample_weight)


@dataclass(frozen=True)
class Outcome:
    """What a call came to: "taken", "refused", "fault" or "slow", with what was said."""

    kind: str
    said: str


def call(entry: Entry, argument: str, value: Any, limit: float) -> Outcome:
    """One call with one wrong argument, in at most `limit` seconds of the process's own time (0: without limit)."""
    given = entry.right | {argument: value}
    before = signal.signal(signal.SIGPROF, _alarm)
    signal.setitimer(signal.ITIMER_PROF, limit)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            entry.call(**given)
        return Outcome("taken", "")
    except TimeoutError:
        return Outcome("slow", f"over {limit:g} s")
    except TiesError:
        return Outcome("refused", "")
    except (ValueError, TypeError) as error:
        frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
        said, where = str(error), frames[-1].f_code.co_filename
        if callable(value) and any(frame.f_locals.get("self") is value for frame in frames):
            return Outcome("taken", "")  # an error of the caller's own function
        named = re.search(rf"\b{argument.rstrip('s')}|{re.escape(str(value)[:40])} is", said) and "minnorm" in where
        clear = named and "\n" not in said and len(said) < 400 and not isinstance(error, np.linalg.LinAlgError)
        clear = clear or (argument in ("X", "y") and "sklearn" in where)  # its words for its own checks
        return Outcome("refused" if clear else "fault", f"{type(error).__name__}: {said}")
    except Exception as error:
        return Outcome("fault", f"{type(error).__name__}: {error}")
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0.0)
        signal.signal(signal.SIGPROF, before)
        mpl.pyplot.close("all") if "matplotlib.pyplot" in sys.modules else None


def _alarm(*_: Any) -> None:
    raise TimeoutError


def cases(only: list[str], names: Iterable[str]) -> Iterator[tuple[Entry, str, str]]:
    """Every function, argument and name of a value."""
    for entry in entries():
        for argument in (*entry.right, *entry.options):
            if all(word in (entry.name, argument) for word in only):
                yield from ((entry, argument, name) for name in names)


def main() -> int:
    """Run for some seconds; 1 if there was a fault."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=math.inf)
    parser.add_argument("--calls", type=int, help="Only so many, of all kinds.")
    parser.add_argument("--limit", type=float, default=20.0, help="Seconds for a call; 0: as long as it takes.")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="*", default=[], help="Names of a function and of an argument.")
    parser.add_argument("--all", action="store_true", help="Print what was refused and taken, too.")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as programs:
        jax.config.update("jax_compilation_cache_dir", programs)  # many calls train by one and the same program
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
        return run(asked)


def run(asked: argparse.Namespace) -> int:
    """Make the calls that are asked for."""
    values = zoo()
    todo = list(cases(asked.only, values))
    random.Random(asked.seed).shuffle(todo)
    counts: Counter[str] = Counter()
    taken: Counter[str] = Counter()
    begin = time.monotonic()
    for entry, argument, name in todo[: asked.calls]:
        start = time.monotonic()
        if start > begin + asked.seconds:
            break
        value = NEW[name]() if name in NEW else values[name]
        outcome = call(entry, argument, value, asked.limit)
        counts[outcome.kind] += 1
        taken[f"{entry.name}({argument})"] += time.monotonic() - start
        if outcome.kind in ("fault", "slow") or asked.all:
            print(
                f"{outcome.kind}: {entry.name}({argument}={name}): {' '.join(outcome.said.split())[:300]}", flush=True
            )
    print(f"{counts.total()} of {len(todo)} calls: " + ", ".join(f"{v} {k}" for k, v in counts.most_common()))
    longest = ", ".join(f"{name} {seconds:.0f} s" for name, seconds in taken.most_common(12))
    print(f"{time.monotonic() - begin:.0f} s, most of them for {longest}")
    return 1 if counts["fault"] + counts["slow"] else 0


if __name__ == "__main__":
    raise SystemExit(main())
