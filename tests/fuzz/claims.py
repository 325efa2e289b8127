"""Networks and dual vectors that nobody would return, certified by the package: what a proof must not believe."""

import math
import time
import traceback
import warnings
from dataclasses import replace

import numpy as np
from cases import Case, described
from check import Objective, examine
from solved import claim, norm

import minnorm as mn


def report(case: Case) -> dict:
    """The case with a claim drawn for it, its outcome, faults and CPU seconds."""
    rng = np.random.default_rng([case.seed, case.number, 1])
    case, factors = _scaled(case, rng)
    p = case.problem
    said = described(case) | {"faults": [], "numbers": "", "outcome": "judged", "seconds": 0.0}
    penalty = norm(p)
    try:
        with warnings.catch_warnings(record=True) as heard:
            warnings.simplefilter("always")
            base = _solution(case, penalty, rng)
            drawn, words = _spoilt(base, case, rng)
            began = time.process_time()
            certificate = mn.verify(p.x, p.y, drawn, tolerance=case.tolerance)
    except ValueError as error:
        return said | {"outcome": "refused: " + "".join(c for c in str(error) if not c.isdigit())[:60]}
    except Exception:
        fault = "traceback: " + traceback.format_exc().strip().splitlines()[-1]
        return said | {"outcome": "traceback", "faults": [fault], "numbers": traceback.format_exc()}
    seconds = time.process_time() - began
    claimed = claim(replace(drawn, certificate=certificate))
    found = examine(p, claimed, case.tolerance, _known(p, base))
    faults = found.faults + [f"warning: {w.category.__name__}: {w.message}" for w in heard if _stray(w)]
    words = f"{', '.join(words + factors) or 'as solved'}; objective {found.objective!r}, bound {found.bound!r}"
    return said | {
        "outcome": "certified" if certificate.certified else "not certified",
        "faults": faults,
        "numbers": f"{words}; {certificate}",
        "seconds": seconds,
    }


def _known(problem: Objective, base: mn.Solution) -> float:
    """The objective of the network before it was spoilt, an upper bound of the minimum where lam > 0."""
    if not problem.lam:
        return math.inf
    certificate = mn.verify(problem.x, problem.y, base)
    return examine(problem, claim(replace(base, certificate=certificate)), 1.0).objective


def _stray(warning: warnings.WarningMessage) -> bool:
    return warning.category.__name__ != "UncertifiedWarning"


def _scaled(case: Case, rng: np.random.Generator) -> tuple[Case, list[str]]:
    """The same problem in other units, now and then."""
    if rng.random() < 0.8:
        return case, []
    p = case.problem
    length, size = (10.0 ** rng.integers(-100, 101) for _ in range(2))
    moved = replace(p, x=p.x * length, y=p.y * size, lam=float(p.lam * length * size))
    return replace(case, problem=moved), [f"x times {length:g}, y times {size:g}"]


def _solution(case: Case, penalty: mn.PathNorm, rng: np.random.Generator) -> mn.Solution:
    """What the solver returns, or a random network with a random dual vector."""
    p = case.problem
    n, d = p.x.shape
    if rng.random() < 0.7 and n * d <= 40:
        problem = {"penalty": penalty, "certify": False, "tolerance": 1e-6}
        return (
            mn.fit(p.x, p.y, p.lam, sample_weight=p.weights, **problem)
            if p.lam
            else mn.interpolate(p.x, p.y, **problem)
        )
    m = int(rng.integers(0, 5))
    net = mn.ShallowReLU(
        rng.standard_normal((m, d)),
        rng.standard_normal(m),
        rng.standard_normal(m),
        np.asarray(rng.standard_normal() if p.offset == "free" else 0.0),
        rng.standard_normal(d) if p.skip == "free" else None,
        penalty.activation,
    )
    return mn.Solution(net, rng.standard_normal(n), penalty, p.lam, weights=p.weights)


def _spoilt(solution: mn.Solution, case: Case, rng: np.random.Generator) -> tuple[mn.Solution, list[str]]:
    """The solution with up to three changes, and what they are."""
    words = []
    for change in rng.permutation(len(CHANGES))[: rng.integers(0, 4)]:
        solution = CHANGES[change](solution, case, rng)
        words.append(CHANGES[change].__name__[1:].replace("_", " "))
    return solution, words


def _network(solution: mn.Solution, **parts) -> mn.Solution:
    return replace(solution, network=mn.ShallowReLU.from_dict(solution.network.to_dict() | parts))


def _noise(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return values * (1 + 10 ** rng.uniform(-17, -3) * rng.standard_normal(np.shape(values)))


def _noisy_masses(solution, case, rng):
    return _network(solution, outer_weights=_noise(solution.network.outer_weights, rng))


def _noisy_biases(solution, case, rng):
    return _network(solution, biases=_noise(solution.network.biases, rng))


def _smaller_masses(solution, case, rng):
    return _network(solution, outer_weights=solution.network.outer_weights * (1 - 10 ** rng.uniform(-12, -1)))


def _rescaled_neurons(solution, case, rng):
    """The same function; some products of its parts leave the range of normal numbers."""
    net = solution.network
    s = 2.0 ** rng.integers(-500, 501, size=net.width)
    return _network(
        solution,
        inner_weights=net.inner_weights * s[:, None],
        biases=net.biases * s,
        outer_weights=net.outer_weights / s,
    )


def _flat_neurons(solution, case, rng):
    """Neurons without weights: constants, which cost nothing with free biases."""
    net = solution.network
    b, a = rng.standard_normal(3), rng.standard_normal(3) * 10 ** rng.uniform(-17, 1)
    return _network(
        solution,
        inner_weights=np.concatenate([net.inner_weights, rng.choice([0.0, -0.0], size=(3, net.dim))]),
        biases=np.concatenate([net.biases, b]),
        outer_weights=np.concatenate([net.outer_weights, a]),
    )


def _cancelling_neurons(solution, case, rng):
    net = solution.network
    w, b = rng.standard_normal((1, net.dim)), rng.standard_normal(1)
    a = 10 ** rng.uniform(-10, 10)
    return _network(
        solution,
        inner_weights=np.concatenate([net.inner_weights, w, w * (1 + 2.0**-52)]),
        biases=np.concatenate([net.biases, b, b]),
        outer_weights=np.concatenate([net.outer_weights, [a, -a]]),
    )


def _zeros_with_signs(solution, case, rng):
    net = solution.network
    return _network(
        solution,
        inner_weights=np.concatenate([net.inner_weights, np.full((2, net.dim), -0.0)]),
        biases=np.concatenate([net.biases, [-0.0, 1.0]]),
        outer_weights=np.concatenate([net.outer_weights, [1.0, -0.0]]),
        offset=net.offset * 1.0 if net.offset else np.asarray(-0.0),
    )


def _no_neurons(solution, case, rng):
    none = np.zeros(0)
    return _network(solution, inner_weights=np.zeros((0, solution.network.dim)), biases=none, outer_weights=none)


def _noisy_dual(solution, case, rng):
    return replace(solution, dual=_noise(solution.dual, rng))


def _dual_with_a_constant(solution, case, rng):
    return replace(solution, dual=solution.dual + 10 ** rng.uniform(-17, 0) * rng.choice([-1, 1]))


def _dual_with_a_slope(solution, case, rng):
    size = np.max(np.abs(case.problem.x)) or 1.0
    return replace(solution, dual=solution.dual + 10 ** rng.uniform(-17, 0) * case.problem.x[:, 0] / size)


def _larger_dual(solution, case, rng):
    return replace(solution, dual=solution.dual * 10.0 ** rng.integers(-30, 31))


def _dual_of_labels(solution, case, rng):
    return replace(solution, dual=case.problem.y.copy())


def _one_dual_entry(solution, case, rng):
    dual = solution.dual.copy()
    dual[rng.integers(len(dual))] *= -(10.0 ** rng.integers(-3, 4))
    return replace(solution, dual=dual)


def _zero_dual(solution, case, rng):
    return replace(solution, dual=rng.choice([0.0, -0.0], size=len(solution.dual)))


CHANGES = [
    _noisy_masses,
    _noisy_biases,
    _smaller_masses,
    _rescaled_neurons,
    _flat_neurons,
    _cancelling_neurons,
    _zeros_with_signs,
    _no_neurons,
    _noisy_dual,
    _dual_with_a_constant,
    _dual_with_a_slope,
    _larger_dual,
    _dual_of_labels,
    _one_dual_entry,
    _zero_dual,
]
