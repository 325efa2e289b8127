"""`compare`: the objective of a network, the certified minimum of it, and what lies between."""

import time
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from minnorm.checks import real, suggesting
from minnorm.comparison import constant
from minnorm.comparison.objective import Decayed, Objective, Reduction, objective_of
from minnorm.comparison.result import PARTS, Comparison, Comparisons
from minnorm.comparison.stages import balanced, best, merged, refitted
from minnorm.comparison.subject import Subject, recorded, subject_of, subjects_of
from minnorm.losses import Loss
from minnorm.measure import distances
from minnorm.solution import Solution
from minnorm.solve.minimise import minimise
from minnorm.training import AXES

_BETWEEN = 2000  # places between the data
_CLOSED = 1e-5  # gap of constants that decay, above which it is said
_REFIT = 0.25  # of the time limit is for refitting, beyond the rest


@suggesting
def compare(
    model: Any,
    X: "ArrayLike",
    y: "ArrayLike",
    *,
    weight_decay: float | int | None = None,
    decayed: Decayed | None = None,
    loss: "Loss | str | None" = None,
    reduction: Reduction | None = None,
    lam: float | int | None = None,
    sample_weight: "ArrayLike | None" = None,
    time_limit: float | int = 60,
) -> Comparison | Comparisons:
    r"""How far a trained network is from the certified minimum of its own objective, and why.

        1/n sum_i (f(x_i) - y_i)^2 + g / 2 (|a|^2 + |W|^2),     g = weight_decay

    unless other options are given. The excess over the minimum is split into what rescaling the neurons would save,
    what merging them would, what refitting the outer weights would, and the rest, which is in the function.

    Arguments: `model`, a `ShallowReLU`, a `Solution`, all networks that `train` returned, or what another library has
    trained: a `torch.nn.Module` or its state dict, a Keras model, scikit-learn's MLPRegressor or MLPClassifier, a
    module of Flax or Equinox or its parameters, an ONNX `ModelProto`, of two linear layers with a ReLU between each;
    `X` (n, d), `y` (n,), what it was trained on, classes being -1 and 1 or 0 and 1; `weight_decay`, as optimisers have
    it: the gradient's g theta; `decayed`, "weights", or "all" where biases and the constant decay, too; `loss`, a name
    or an object of `minnorm.losses`, squares by default; `reduction`, "mean" or "sum" of (f - y)^2 or another loss, or
    "half" the mean of squares; `lam`, that of `fit`, instead of `weight_decay` and `reduction`; `sample_weight` p (n,),
    with which the mean is 1/S sum p_i loss; `time_limit` in seconds for each minimum. What a `Solution`, `train`,
    scikit-learn or a compiled Keras model knows of its objective need not be given.

    Returns a `Comparison`; `Comparisons` of the networks of `train`: of the last ones, or with `trajectory` of those at
    every recorded step, which cost one minimum together. Errors: ValueError naming the argument.

    >>> import minnorm as mn
    >>> x, y = [-1.0, 0.0, 1.0], [0.0, 1.0, 0.0]
    >>> hat = mn.ShallowReLU(np.ones((3, 1)), np.array([1.0, 0.0, -1.0]), np.array([1.0, -2.0, 1.0]), np.array(0.0))
    >>> found = mn.compare(hat, x, y, weight_decay=0.02)
    >>> round(found.excess, 4), {name: round(part, 4) for name, part in found.parts.items()}
    (1.356, {'rescaling': 0.2618, 'merging': 0.5236, 'refitting': 0.1099, 'function': 0.4607})
    """
    limit = real("time_limit", time_limit, "seconds >= 0", lambda seconds: seconds >= 0)
    given: dict[str, Any] = {
        "weight_decay": weight_decay,
        "decayed": decayed,
        "loss": loss,
        "reduction": reduction,
        "lam": lam,
    }
    if isinstance(model, xr.Dataset):
        return _grid(model, X, y, given, sample_weight, limit)
    subject = subject_of(model)
    asked = subject.asked(given, _count(y))
    penalty = subject.penalty(asked["decayed"])
    objective = objective_of(X, subject.labels(y), penalty, sample_weight=sample_weight, **asked)
    subject.fit_for(objective.problem.points.shape[1])
    return _compared(subject, objective, _least(objective, limit), limit)


def _count(y: Any) -> int:
    """How many points there are, of what has not been checked yet."""
    try:
        return len(y)
    except TypeError:
        return 1


def _least(objective: Objective, limit: float) -> Solution:
    """The certified minimum, in units of (PL)."""
    if objective.constant_decays:
        return constant.least(objective.problem, limit)
    return minimise(objective.problem, time_limit=limit)


def _compared(subject: Subject, objective: Objective, minimum: Solution, limit: float) -> Comparison:
    net, problem = subject.network, objective.problem
    deadline = time.monotonic() + _REFIT * limit
    rescaled = best(objective.value, balanced(net, problem), net)
    fewer = best(objective.value, merged(rescaled, problem), rescaled)
    fitted = best(objective.value, refitted(fewer, objective, deadline), fewer)
    steps = dict(zip(PARTS, (rescaled, fewer, fitted), strict=False))
    x = problem.points[problem.weights > 0]
    apart = distances(net, minimum.network, {"data": x, "between": _between(x)})
    factor = objective.factor
    notes = (*subject.notes, *_notes(objective, minimum, objective.value(fitted)))
    value, bound = factor * minimum.value, factor * minimum.lower_bound
    return Comparison(net, objective, minimum, value, bound, steps, apart, notes)


def _notes(objective: Objective, least: Solution, reached: float) -> list[str]:
    """How far the proof reaches."""
    proof, notes = least.certificate, []
    assert proof is not None
    if proof.scope == "searched":
        notes.append("the bound is that of a search and proves nothing: the excess is an estimate")
    elif proof.scope == "bounded" and proof.gap > proof.tolerance:
        notes.append(f"the bound may be far below the minimum, gap {proof.gap:.1e}: the excess is at most what is said")
    elif objective.constant_decays and proof.gap > _CLOSED:
        notes.append(f"the bound is {proof.gap:.1e} below the best found for all constants")
    if objective.factor * least.value > reached * (1 + 1e-9):
        notes.append("refitting gave less than the solver's own network: give more time_limit")
    return notes


def _between(x: np.ndarray) -> np.ndarray:
    """Places on lines that join two points of the data; on a line, from the first to the last."""
    if x.shape[1] == 1:
        return np.linspace(x.min(), x.max(), _BETWEEN)[:, None]
    rng = np.random.default_rng(0)
    one, other = rng.integers(len(x), size=(2, _BETWEEN))
    share = rng.random((_BETWEEN, 1))
    return x[one] + share * (x[other] - x[one])


def _grid(runs: xr.Dataset, X: Any, y: Any, given: dict[str, Any], sample_weight: Any, limit: float) -> Comparisons:
    """All networks of `train`, perhaps at each of their steps; one minimum for each weight decay."""
    known: dict[str, tuple[Objective, Solution]] = {}
    found: list[Comparison | None] = []
    for subject in subjects_of(runs):
        asked = subject.asked(given, runs.attrs["points"])
        if str(asked) not in known:
            objective = objective_of(X, y, subject.penalty(asked["decayed"]), sample_weight=sample_weight, **asked)
            subject.fit_for(objective.problem.points.shape[1])
            known[str(asked)] = (objective, _least(objective, limit))
        finite = all(np.all(np.isfinite(part)) for part in subject.network.to_dict().values())
        found.append(_compared(subject, *known[str(asked)], limit) if finite else None)
    axes = (*AXES, "step") if recorded(runs) else AXES
    return Comparisons({axis: np.atleast_1d(runs[axis].values) for axis in axes}, tuple(found))
