"""Losses by name and by number: conjugates, published values, proofs, and what is refused."""

import re

import mpmath
import numpy as np
import pytest

import minnorm as mn
from minnorm import losses
from minnorm.objective.separable import Separable
from minnorm.verification.elementary import ERROR, exp_of_minus, log_above_1, log_of_inverse
from minnorm.verification.losses import bounds_of

NAMES = ("squared", "absolute", "quantile:0.8", "insensitive:0.1", "huber:0.5", "hinge", "squared_hinge", "logistic")
JUDGED = NAMES[1:]

# A conic solver with an exact angular oracle, relative error 1e-7; 40 points in the plane.
LEAST = {
    "squared": (3e-3, 0.2684907),
    "absolute": (1e-2, 0.4973734),
    "huber:1": (3e-3, 0.2566969),
    "quantile:0.8": (1e-2, 0.2136444),
    "insensitive:0.1": (1e-2, 0.4315831),
    "hinge": (1e-2, 0.4489235),
    "squared_hinge": (1e-2, 0.2618965),
    "logistic": (1e-2, 0.4678652),
}
SHORT = ("huber:1", "logistic", "insensitive:0.1")


def plane():
    rng = np.random.default_rng(7)
    x = rng.normal(size=(40, 2))
    y = np.sin(2 * x[:, 0]) + 0.3 * rng.standard_t(2, 40)
    return x, y, np.sign(x[:, 0] * x[:, 1] + 0.3 * rng.normal(size=40))


LONG = [pytest.param(name, marks=pytest.mark.slow) for name in LEAST if name not in SHORT]


@pytest.mark.slow
@pytest.mark.parametrize("name", [*SHORT, *LONG])
def test_the_least_value_is_that_of_a_conic_solver_and_certified(name):
    x, y, labels = plane()
    lam, value = LEAST[name]
    loss = losses.of(name)
    found = mn.fit(x, labels if loss.argument == "margin" else y, lam, loss=name)
    assert found.certified
    assert found.certificate.scope == "exact"
    assert abs(found.value / value - 1) < 1e-6


@pytest.mark.parametrize("name", NAMES)
def test_a_loss_and_its_conjugate_meet_at_the_slope(name):
    loss = losses.of(name)
    z = np.linspace(-3, 3, 241) + 1e-4
    v = loss.slope(z)
    low, high = loss.domain
    assert np.all((v >= low) & (v <= high))
    np.testing.assert_allclose(loss.value(z) + loss.conjugate(v), v * z, atol=1e-12)
    inside = np.linspace(max(low, -2) + 1e-3, min(high, 2) - 1e-3, 31)
    inside = inside[np.abs(inside) > 1e-3]
    h = 1e-6
    slope = (loss.conjugate(inside + h) - loss.conjugate(inside - h)) / (2 * h)
    np.testing.assert_allclose(slope, loss.conjugate_slope(inside) + loss.kink * np.sign(inside), atol=1e-6)
    bent = (loss.conjugate_slope(inside + h) - loss.conjugate_slope(inside - h)) / (2 * h)
    np.testing.assert_allclose(bent, loss.conjugate_curvature(inside), rtol=1e-4, atol=1e-6)
    assert losses.of(str(loss)) == loss


@pytest.mark.parametrize("name", JUDGED)
def test_the_judge_rounds_each_loss_and_its_conjugate_up_and_hardly_more(name):
    loss, judged = losses.of(name), bounds_of(name)
    assert judged.argument == loss.argument
    for exact, end in zip(judged.domain, loss.domain, strict=True):
        assert np.isinf(end) if exact is None else float(exact) == pytest.approx(end)
    rng = np.random.default_rng(0)
    z = np.concatenate([rng.normal(size=200) * 10.0 ** rng.uniform(-9, 2, size=200), [0.0, 1.0]])
    low, high = loss.domain
    v = rng.uniform(max(low, -5), min(high, 5), size=200)
    for ours, theirs in ((judged.value(z), loss.value(z)), (judged.conjugate(v), loss.conjugate(v))):
        assert np.all(ours >= theirs - 1e-15 * (1 + np.abs(theirs)))
        np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-12)


def test_the_judges_logarithms_and_exponentials_err_by_less_than_they_say():
    rng = np.random.default_rng(0)
    cases = (
        (exp_of_minus, lambda a: mpmath.exp(-a), 10 ** rng.uniform(-18, 2.84, size=200)),
        (log_above_1, mpmath.log1p, 10 ** rng.uniform(-300, 0, size=200)),
        (log_of_inverse, lambda t: -mpmath.log(t), 1 - 10 ** rng.uniform(-16, -0.1, size=200)),
    )
    with mpmath.workdps(40):
        for ours, exact, x in cases:
            x = x[x < 1] if ours is log_of_inverse else x
            for found, at in zip(ours(x).tolist(), x.tolist(), strict=True):
                assert abs(found / exact(mpmath.mpf(at)) - 1) < ERROR / 2


@pytest.mark.parametrize("name", JUDGED)
def test_the_best_multiple_of_a_dual_vector_is_one(name):
    rng, loss = np.random.default_rng(1), losses.of(name)
    sign = np.where(rng.random(6) < 0.5, 1.0, -1.0) if loss.argument == "margin" else np.ones(6)
    whole = Separable(loss, rng.normal(size=6), 2 * sign, rng.uniform(0.5, 1, size=6))
    nu = whole.slope(rng.normal(size=6))
    t = whole.best_multiple(nu, 1.0)
    best = -whole.conjugate(nu, t)
    assert all(-whole.conjugate(nu, other) <= best + 1e-9 for other in np.linspace(0, 1, 201))


def test_weights_are_repeated_points_which_are_not_averaged():
    x, y = np.array([0.0, 0.0, 1.0, 2.0, 3.0]), np.array([0.0, 1.0, 1.0, 0.0, 2.0])
    p = np.array([1.0, 2.0, 1.0, 3.0, 1.0])
    weighted = mn.fit(x, y, 0.02, loss="absolute", sample_weight=p)
    repeated = mn.fit(np.repeat(x, p.astype(int)), np.repeat(y, p.astype(int)), 0.02, loss="absolute")
    assert weighted.certified
    assert repeated.certified
    assert weighted.value == pytest.approx(repeated.value, rel=2e-6)
    assert weighted([0.0])[0] == pytest.approx(1.0, abs=1e-4)  # the median of 0, 1, 1


def test_far_from_doubt_a_dual_entry_is_next_to_nothing_and_the_gap_closes_all_the_same():
    rng = np.random.default_rng(5)
    x, y = rng.normal(size=(11, 2)), np.where(rng.random(11) < 0.5, 1.0, -1.0)
    lam = 1e-3 * mn.lam_max(x, y, loss="logistic")
    found = mn.fit(x, y, lam, loss="logistic")
    assert found.certified
    assert np.min(np.abs(found.dual)) < 1e-3 * np.max(np.abs(found.dual))


def test_free_terms_alone_are_fitted_where_the_start_is_no_fit_but_has_no_gap():
    labels = [1.0, -1.0, -1.0, -1.0, 1.0, 1.0, -1.0, 1.0, 1.0]
    found = mn.fit(np.arange(9.0), labels, 10.0, loss="logistic")
    assert found.certified
    assert float(found.network.offset) == pytest.approx(np.log(5 / 4), abs=1e-5)


@pytest.mark.parametrize("loss", ["hinge", "squared_hinge"])
def test_classes_that_free_terms_separate_cost_nothing(loss):
    x = np.random.default_rng(0).normal(size=(12, 2))
    labels, penalty = np.sign(x[:, 0] + 0.1), mn.PathNorm(skip="free")
    assert mn.lam_max(x, labels, penalty, loss=loss) == 0
    solution = mn.fit(x, labels, 0.1, loss=loss, penalty=penalty)
    assert (solution.value, solution.network.width, solution.certified) == (0.0, 0, True)
    assert np.all(labels * solution.network.evaluate(x) >= 1)


def test_beyond_lam_max_there_are_no_neurons_and_before_it_there_are():
    x, _, labels = plane()
    most = mn.lam_max(x[:12], labels[:12], loss="logistic")
    assert mn.fit(x[:12], labels[:12], 1.001 * most, loss="logistic").network.width == 0
    assert mn.fit(x[:12], labels[:12], 0.98 * most, loss="logistic").network.width > 0


def test_a_solution_keeps_its_loss_in_a_file(tmp_path):
    found = mn.fit([0.0, 1.0, 2.0], [0.0, 1.0, 0.0], 0.1, loss="huber:0.3")
    found.save(tmp_path / "one.nc")
    again = mn.Solution.load(tmp_path / "one.nc")
    assert again.loss == losses.Huber(0.3)
    assert "huber:0.3" in repr(again)
    assert mn.verify([0.0, 1.0, 2.0], [0.0, 1.0, 0.0], again).certified


def test_a_false_claim_is_not_certified():
    x, y = [0.0, 1.0, 2.0, 3.0], [-1.0, 1.0, -1.0, 1.0]
    found = mn.fit(x, y, 0.05, loss="logistic")
    other = mn.Solution(found.network, found.dual, found.penalty, found.lam, loss=losses.Hinge())
    assert found.certified
    assert not mn.verify(x, y, other).certified


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: losses.of("hubber:1"), "did you mean 'huber:1'"),
        (lambda: losses.of("mse"), "did you mean 'squared'"),
        (lambda: losses.of("log_loss"), "did you mean 'logistic'"),
        (lambda: losses.of("pinball"), "did you mean 'quantile:0.5'"),
        (lambda: losses.of("huber:-1"), "delta is -1.0; give a finite number above 0"),
        (lambda: losses.of("quantile:1"), "q is 1.0; give a number between 0 and 1"),
        (lambda: losses.of("insensitive:-0.1"), "delta is -0.1; give a finite number >= 0"),
        (lambda: losses.of("tolerance:-1"), "delta is -1.0; give a finite number >= 0"),
        (lambda: losses.of("quantile:0"), "q is 0.0; give a number between 0 and 1"),
        (lambda: losses.of("quantile:1.2"), "q is 1.2; give a number between 0 and 1"),
        (lambda: losses.of("quantile:nan"), "q is nan; give a number between 0 and 1"),
        (lambda: losses.of("huber"), "give huber with a number"),
        (lambda: losses.of(3), "loss is 3; give a word"),
        (
            lambda: mn.fit([0, 1, 2], [0, 1, 2], 0.1, loss="logistic"),
            "y has the values 0, 1, 2; loss",
        ),
        (lambda: mn.fit([0, 1, 2], [0, 1, 1], 0.1, loss="hinge"), "give -1 for 0 and 1 for 1"),
        (lambda: mn.fit([0, 1, 2], [1, 1, 1], 0.1, loss="hinge"), "y is 1 everywhere; loss hinge takes two classes"),
        (lambda: mn.fit([0, 1, 2], [0, 1, 2], 0, loss="absolute"), "loss is absolute and lam is 0"),
    ],
)
def test_what_does_not_fit_is_said_in_one_line(call, said):
    with pytest.raises(ValueError, match=re.escape(said)) as caught:
        call()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("loss", ["absolute", "huber:1", "quantile:0.8", "logistic", "hinge", "squared_hinge"])
@pytest.mark.parametrize(
    ("weights", "said"),
    [
        ([1, -1, 1], "sample_weight contains -1.0; give finite numbers >= 0, not all 0"),
        ([0, 0, 0], "sample_weight is zero for all points; give finite numbers >= 0, not all 0"),
    ],
)
def test_weights_that_are_none_are_said_in_one_line(loss, weights, said):
    for call in (mn.fit, lambda *given, **named: mn.lam_max(*given[:2], **named)):
        with pytest.raises(ValueError, match=f"^{re.escape(said)}$"):
            call([0, 1, 2], [-1, 1, 1], 0.1, loss=loss, sample_weight=weights)


@pytest.mark.parametrize("loss", ["logistic", "hinge", "squared_hinge"])
def test_labels_that_are_no_two_classes_are_said_in_one_line_by_each_function(loss):
    for call in (mn.lam_max, mn.path, mn.train):
        with pytest.raises(ValueError, match=f"^y has the values 0, 1, 2; loss {loss} takes two classes, -1 and 1$"):
            call([0, 1, 2], [0, 1, 2], loss=loss)
    for call in (lambda *given, **named: mn.fit(*given, 0.1, **named), mn.lam_max, mn.path, mn.train):
        with pytest.raises(
            ValueError, match=f"^y is -1 wherever sample_weight is not 0; loss {loss} takes two classes"
        ):
            call([0, 1, 2], [-1, 1, 1], loss=loss, sample_weight=[1, 0, 0])
