"""What is said of a result that is not certified."""

import dataclasses
import warnings

import numpy as np
import pytest

import minnorm as mn
from minnorm import advice
from minnorm.objective.problem import Problem
from minnorm.solution import Certificate, Solution

PLANE = np.random.default_rng(0).normal(size=(12, 2))
LABELS = np.sin(3 * PLANE[:, 0])


def unproved(x, y, ending="rounding", penalty=None, lam=0.0, **changes):
    """A problem, and a solution of it with a certificate of a gap of 1e-3."""
    problem = Problem(x, y, penalty, lam)
    proof = Certificate(
        value=1.0, lower_bound=0.999, dual_norm=1.0, residual=0.0, rounding=1e-12, scope="exact", tolerance=1e-6
    )
    net = mn.interpolate([0.0, 1.0], [0.0, 0.0]).network
    dual = np.zeros(problem.values.size)
    return problem, Solution(net, dual, problem.penalty, lam, dataclasses.replace(proof, **changes), ending=ending)


def test_nothing_is_said_of_what_is_certified_or_not_verified():
    solution = mn.fit(PLANE, LABELS, 0.1)
    problem = Problem(PLANE, LABELS, None, 0.1)
    assert solution.certified
    assert advice.advice(problem, solution) == ""
    assert advice.advice(problem, dataclasses.replace(solution, certificate=None)) == ""


@pytest.mark.parametrize("offset", ["free", "none"])
@pytest.mark.parametrize("lam", [0.0, 0.01])
def test_labels_that_free_terms_fit_leave_nothing_to_prove(lam, offset):
    labels = PLANE @ [0.3, -1.7] + 0.1  # but for rounding errors, which cost a relative gap of 1
    with pytest.warns(mn.UncertifiedWarning, match="fit y up to rounding errors; nothing is left to prove"):
        mn.fit(PLANE, labels, lam, penalty=mn.PathNorm(skip="free", offset=offset))


@pytest.mark.parametrize("gap", [1e-3, 0.08, 1.0])
@pytest.mark.parametrize("bias", ["free", "penalised"])
def test_of_such_labels_nothing_is_left_whatever_the_gap_if_the_neurons_cost_nothing(gap, bias):
    """The dots of rounding errors are connected at the least cost, up to rounding errors of theirs."""
    labels = PLANE @ [0.3, -1.7] + 0.1
    penalty = mn.PathNorm(bias=bias, skip="free")
    problem, solution = unproved(PLANE, labels, penalty=penalty, value=1e-14, lower_bound=1e-14 * (1 - gap))

    def made(cost):
        net = mn.ShallowReLU(np.eye(2), np.zeros(2), np.array([cost, -cost]), np.array(0.1), np.array([0.3, -1.7]))
        return dataclasses.replace(solution, network=net)

    cheap = made(1e-15)
    assert "nothing is left to prove" in advice.advice(problem, cheap)
    assert "nothing is left" not in advice.advice(problem, made(1e-3)), "its neurons cost something"
    bent = Problem(PLANE, labels + 1e-9 * LABELS, penalty)
    assert "nothing is left" not in advice.advice(bent, cheap), "labels that free terms do not fit"
    missed = dataclasses.replace(cheap, certificate=dataclasses.replace(cheap.certificate, residual=1e-3))
    assert "the network misses y" in advice.advice(problem, missed)


@pytest.mark.parametrize(
    ("case", "said"),
    [
        (unproved(PLANE, LABELS, "time"), "give more time_limit, or accept a tolerance above 1.0e-03"),
        (unproved(PLANE, LABELS, "interrupted"), "it was interrupted: solve again"),
        (unproved(PLANE, LABELS), "give a tolerance above 1.0e-03"),
        (unproved(PLANE, LABELS + 1e9), "subtract the mean of y"),
        (unproved(PLANE * np.array([1.0, 1e-9]), LABELS), "scale X[:, 1], it ranges over"),
        (unproved(PLANE + np.array([1e9, 0.0]), LABELS), "centre X[:, 0], it is 1.0e+09 from 0"),
        (
            unproved(PLANE, 1e9 * PLANE[:, 0] + LABELS, penalty=mn.PathNorm(skip="free")),
            "the best linear function from y",
        ),
        (unproved(np.vstack([PLANE, PLANE[3] + 1e-14]), np.append(LABELS, 0.0)), "merge rows 3 and 12 of X"),
        (unproved(PLANE, LABELS, scope="searched"), "a search, which proves nothing (its relative gap is 1.0e-03)"),
        (unproved(PLANE, LABELS, residual=1e-3, value=np.inf), "the network misses y by 1.0e-03"),
    ],
)
def test_the_advice_fits_the_ending_and_the_data(case, said):
    text = advice.advice(*case)
    assert text.startswith("not certified: ")
    assert said in text
    assert "\n" not in text
    if case[1].ending != "time" and case[1].certificate.scope != "searched":
        assert "time" not in text


def test_an_entry_has_its_own_words():
    words = advice.Words(tolerance="--tolerance", time_limit="--time-limit", values="price", columns=("rooms", "age"))
    assert "--time-limit, or accept a --tolerance" in advice.advice(*unproved(PLANE, LABELS, "time"), words)
    assert "subtract the mean of price" in advice.advice(*unproved(PLANE, LABELS + 1e9), words)
    assert "scale column age" in advice.advice(*unproved(PLANE * np.array([1.0, 1e-9]), LABELS), words)


ENTRIES = {
    "interpolate": lambda: mn.interpolate(PLANE, LABELS, time_limit=0),
    "fit": lambda: mn.fit(PLANE, LABELS, 1e-3, time_limit=0),
    "path": lambda: mn.path(PLANE, LABELS, [1e-2, 1e-3, 0.0], time_limit=0),
    "band": lambda: mn.band(PLANE, LABELS, [[0.1, 0.2], [0.3, 0.1]], time_limit=0),
}


@pytest.mark.parametrize("entry", ENTRIES)
def test_every_entry_warns_once_at_the_line_that_asked(entry):
    with pytest.warns(mn.UncertifiedWarning, match="give more time_limit") as caught:
        ENTRIES[entry]()
    assert len(caught) == 1
    assert caught[0].filename == __file__


def test_estimators_warn_in_scikit_learns_way():
    from sklearn.exceptions import ConvergenceWarning

    with pytest.warns(ConvergenceWarning, match="tol is 1.0e-06; give more max_time") as caught:
        mn.MinNormRegressor(alpha=1e-3, max_time=0).fit(PLANE, LABELS)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    with pytest.warns(ConvergenceWarning, match="give more max_time") as caught:
        mn.MinNormRegressorCV([1e-2, 1e-3], 2, max_time=0).fit(PLANE, LABELS)
    assert len(caught) == 1


def test_silence_is_not_broken_by_an_inner_entry():
    with advice.silent(), advice.speaking(advice.Words()), warnings.catch_warnings():
        warnings.simplefilter("error")
        for entry in ENTRIES.values():
            entry()


def test_a_bound_that_is_far_off_is_called_proven_and_asks_for_time():
    problem, solution = unproved(PLANE, LABELS, scope="bounded", lower_bound=0.6, searched_bound=1 - 1e-9)
    said = advice.advice(problem, solution)
    assert said == (
        "not certified: the proven relative gap is 4.0e-01 (a search finds 1.0e-09), tolerance is 1.0e-06; "
        "give time_limit, or more of it, to the bound, or fewer points or columns"
    )
    both = advice.advice(*unproved(PLANE, LABELS, scope="bounded", searched_bound=0.999))
    assert "the relative gap is 1.0e-03" in both
