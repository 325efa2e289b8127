"""One case solved by the package, and what is to be said of the answer."""

import time
import traceback
import warnings
from dataclasses import replace

import numpy as np
from cases import Case, described
from check import Claim, Objective, closest, examine, flatness, is_steep, spread
from optimum import bracket

import minnorm as mn


def report(case: Case) -> dict:
    """The case, its outcome, faults and CPU seconds."""
    p = case.problem
    penalty = norm(p)
    said = described(case) | {"faults": [], "numbers": ""}
    began = time.process_time()
    try:
        with warnings.catch_warnings(record=True) as heard:
            warnings.simplefilter("always")
            if p.lam:
                solution = mn.fit(p.x, p.y, p.lam, sample_weight=p.weights, penalty=penalty, tolerance=case.tolerance)
            else:
                solution = mn.interpolate(p.x, p.y, penalty=penalty, tolerance=case.tolerance)
    except ValueError as error:
        return said | {"outcome": f"refused: {_kind(str(error))}", "numbers": str(error), **_spent(began)}
    except Exception:
        fault = "traceback: " + traceback.format_exc().strip().splitlines()[-1]
        return said | {"outcome": "traceback", "faults": [fault], "numbers": traceback.format_exc(), **_spent(began)}
    spent = _spent(began)
    on_the_line = not p.lam and p.bias == "free" and p.x.shape[1] == 1 and p.rectifies
    found = examine(p, claim(solution), case.tolerance, bracket(p)[1] * (1 + 1e-12) if on_the_line else np.inf)
    faults = found.faults + _warnings(heard, solution.certified)
    if np.any(solution.dual[~p.counting]):
        faults.append("a point that does not count has a part in the dual vector")
    if case.twice:
        faults += _second(case, solution)
    if not p.lam and p.x.shape[1] == 1:
        faults += _closed_form(case, penalty)
    certificate = solution.certificate
    numbers = f"objective {found.objective!r}, bound {found.bound!r}, gap {found.gap:.3g}; {certificate}"
    outcome = (
        "certified" if solution.certified else "not certified, though true" if found.gap <= case.tolerance else "open"
    )
    steep = outcome != "certified" and is_steep(p, claim(solution), case.tolerance)
    return said | {"outcome": outcome, "faults": faults, "numbers": numbers, "steep": steep, **spent}


def norm(problem: Objective) -> mn.PathNorm:
    """The problem's penalty, as the package has it."""
    return mn.PathNorm(problem.bias, problem.skip, problem.offset, mn.Activation(*problem.slopes))


def claim(solution: mn.Solution) -> Claim:
    """The solution's arrays and its certificate's numbers."""
    net, certificate = solution.network.to_dict(), solution.certificate
    return Claim(
        net["inner_weights"], net["biases"], net["outer_weights"], float(net["offset"]),
        net.get("skip", np.zeros(solution.network.dim)), solution.dual, certificate.value, certificate.lower_bound,
        certificate.residual, certificate.scope != "searched", certificate.certified,
    )  # fmt: skip


def repeated(problem: Objective) -> Objective | None:
    """The problem with its points as often as they count, where these are whole numbers."""
    if problem.weights is None:
        return problem
    times = problem.weights.astype(int)
    if not np.array_equal(times, problem.weights):
        return None
    return replace(problem, x=np.repeat(problem.x, times, axis=0), y=np.repeat(problem.y, times), weights=None)


def _closed_form(case: Case, penalty: mn.PathNorm) -> list[str]:
    """Faults of the closed form on the line."""
    p = case.problem
    try:
        with warnings.catch_warnings(record=True) as heard:
            warnings.simplefilter("always")
            solution = mn.known.line(p.x, p.y, penalty)
    except ValueError:
        return []
    except Exception as error:
        return [f"known.line: traceback: {type(error).__name__}: {error}"]
    found = examine(p, claim(solution), solution.certificate.tolerance)
    return [f"known.line: {fault}" for fault in found.faults + _warnings(heard, solution.certified)]


def _second(case: Case, solution: mn.Solution) -> list[str]:
    """Faults that the independent optimum and the independent lam_max show."""
    p, faults = repeated(case.problem), []
    if p is None:
        return []
    least, most = bracket(p)
    proven = solution.certificate.scope != "searched"
    if proven and solution.lower_bound > most * (1 + 1e-9):
        faults.append(f"FALSE: lower_bound is above a network's objective, {most!r}")
    if solution.value < least * (1 - 1e-9):
        faults.append(f"value below the minimum, which is at least {least!r}")
    if solution.certified and solution.value > most * (1 + 2 * case.tolerance + 1e-9):
        faults.append(f"FALSE: certified, and there is a better network, {most!r}")
    if p.lam and case.largest:
        found = mn.lam_max(p.x, p.y, norm(p))
        lost = float(np.max(np.abs(p.y))) / spread(p) + float(np.max(np.abs(p.x))) / closest(p)
        lost += flatness(p) if p.skip == "free" else 0.0
        if abs(found / case.largest - 1) > 1e-6 + 1e-13 * lost:  # it is no certificate, and computed in float64
            faults.append(f"lam_max is {found!r}, not {case.largest!r}")
    return faults


def _warnings(heard: list, certified: bool) -> list[str]:
    """Faults in what was warned: anything but one UncertifiedWarning where there is no certificate."""
    names = [warning.category.__name__ for warning in heard]
    faults = [
        f"stray warning: {w.category.__name__}: {w.message}"
        for w in heard
        if w.category.__name__ != "UncertifiedWarning"
    ]
    if names.count("UncertifiedWarning") != (not certified):
        faults.append(f"{names.count('UncertifiedWarning')} warnings though certified is {certified}")
    return faults


def _kind(message: str) -> str:
    return "".join(letter for letter in message if not letter.isdigit())[:60]


def _spent(began: float) -> dict:
    return {"seconds": time.process_time() - began}
