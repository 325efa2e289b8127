"""Power laws recover exponents that are known; a small study of the theorem becomes a report."""

import re
from pathlib import Path

import numpy as np
import pytest

from minnorm import report, study
from minnorm.known import radial_bump
from minnorm.report.rates import decay, noise, points, width
from minnorm.report.rates.powers import power
from minnorm.report.rates.section import sections
from minnorm.report.rates.solved import Solved
from minnorm.study import Shard, SolveShard

CONVERGENCE = Path(__file__).parents[2] / "studies" / "convergence.toml"

TINY = """
name = "tiny"
report = "rates"

[study.decay]
task = {kind = "points", dim = 1, points = 5}
grid = {lam = [1e-2, 1e-4, 1e-5, 1e-6], task.seed = [0, 1]}
zip = [{task.dim = [1, 2], task.points = [5, 6]}]
solve = {}

[study.points]
task = {kind = "bump", dim = 1}
grid = {task.seed = [0, 1], task.points = [10, 30, 100, 300]}
solve = {}

[study.spheres]
task = {kind = "bump", dim = 3}
grid = {task.seed = [0, 1], task.points = [4, 8]}
solve = {method = "radii"}

[study.width]
task = {kind = "bump", dim = 2, points = 60}
train = {steps = 30, batch_size = 10, records = 2, learning_rate = 1e-2}
grid = {initial = ["optimal", "xavier_uniform"], seed = 2}
zip = [{width = [4, 16], weight_decay = [[1e-2, 2.5e-3], [5e-3, 6.25e-4]]}]
measure = {directions = 4, radii = 3}

[study.noise]
task = {kind = "bump", dim = 1, noise = 0.2}
grid = {task.seed = [0, 1], task.points = [20, 60, 200], lam = [1e-1, 1e-2, 1e-3, 1e-4, 1e-5]}
solve = {}
"""


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """The tiny study of everything, run."""
    folder = tmp_path_factory.mktemp("tiny")
    (folder / "tiny.toml").write_text(TINY)
    for name, one in study.load_all(folder / "tiny.toml").items():
        study.run(one, folder / "results" / name)
    return folder / "results"


def solved(done, name):
    """What a study of it solved."""
    return [Solved.of(shard, data) for shard, data in study.Store(done / name).done() if isinstance(shard, SolveShard)]


def trained(done, name):
    """What it trained."""
    return [(shard, data) for shard, data in study.Store(done / name).done() if isinstance(shard, Shard)]


def fitted(x, y):
    """The law of repetitions that can be fitted."""
    law = power(list(x), list(y))
    assert law is not None
    return law


def exact(**changes):
    """A shard that solved three lam, made up."""
    measured = {name: np.zeros(3) for name in ("norm", "value", "lower_bound", "certified", "training_loss")}
    given = {"dim": 1, "points": 10, "seed": 0, "noise": 0.0, "outer": 2.0, "method": "points", "exact_norm": 4.0}
    return Solved(**(given | {"lams": np.array([1e-3, 1e-2, 1e-1]), "measured": measured} | changes))


@pytest.mark.parametrize("repetitions", [1, 6])
def test_intervals_hold_a_known_exponent_as_often_as_they_say(repetitions):
    rng = np.random.default_rng(repetitions)
    x, held, trials = np.geomspace(10, 1000, 8), 0, 400
    for _ in range(trials):
        # A factor for each repetition, and for many an exponent of its own about the true one.
        factors = np.exp(rng.normal(size=repetitions))
        own = -0.7 + (0.1 * rng.normal(size=repetitions) if repetitions > 1 else np.zeros(1))
        y = factors[:, None] * x ** own[:, None] * np.exp(0.2 * rng.normal(size=(repetitions, x.size)))
        low, high = fitted([x] * repetitions, y).interval
        held += low <= -0.7 <= high
    assert 0.95 - 0.04 < held / trials < 0.95 + 0.04  # 3.7 standard deviations


def test_bands_hold_the_law_between_repetitions():
    rng = np.random.default_rng(0)
    x, held, trials = np.geomspace(1, 100, 6), np.zeros(6), 300
    for _ in range(trials):
        y = np.exp(0.3 * rng.normal(size=(5, 1))) * x**-1.5
        low, high = fitted([x] * 5, y).band(x)
        held += (low <= x**-1.5) & (x**-1.5 <= high)
    assert np.all(np.abs(held / trials - 0.95) < 0.05)


def test_a_law_without_noise_is_found_exactly_and_what_has_no_logarithm_left_out():
    law = fitted([[1.0, 2.0, 4.0, 8.0], [1.0, 2.0, np.nan, 8.0]], [[3.0, 12.0, 48.0, 0.0], [3.0, 12.0, 1.0, 192.0]])
    assert law.exponent == pytest.approx(2)
    assert law([16.0])[0] == pytest.approx(768)
    assert (law.start, law.stop) == pytest.approx((1, 8))
    assert str(law) == "2.0000 [2.0000, 2.0000]"
    assert power([[1.0, 1.0], [2.0]], [[1.0, 2.0], [1.0]]) is None
    assert str(fitted([[1.0, 2.0]], [[1.0, 2.0]])) == "1.00"  # two points say nothing of their error


def test_the_least_decay_is_where_the_norm_crosses_the_level():
    one = exact(measured={"norm": 4.0 * np.array([1e-3, 1e-2, 1e-1]) ** -0.2 * 0.02**0.2})
    assert noise.least_decay(one, 1.0) == pytest.approx(0.02)
    assert np.isnan(noise.least_decay(one, 0.1))  # at all lam above
    assert np.isnan(noise.least_decay(one, 10.0))  # at all lam below


def test_an_unsure_norm_is_not_fitted():
    measured = {"norm": np.array([3.0]), "value": np.array([3.0]), "certified": np.zeros(1)}
    near = exact(lams=np.zeros(1), measured=measured | {"lower_bound": np.array([2.95])})
    far = exact(lams=np.zeros(1), measured=measured | {"lower_bound": np.array([2.8])})
    none = exact(lams=np.zeros(1), measured={name: np.full(1, np.nan) for name in (*measured, "lower_bound")})
    assert (points.clear(near), points.clear(far), points.clear(none)) == (True, False, False)
    assert points.bracket(near) == (2.95 / 4, 1.0)


def test_the_least_deficit_is_that_of_the_nearest_radius():
    radii = 1 + np.random.default_rng(0).random((200_000, 18))
    assert points.nearest(exact(points=20)) == pytest.approx(
        np.exp(np.mean(np.log(1 - 1 / radii.min(axis=1)))), rel=0.01
    )


def test_schedules_are_found_from_widths_and_decays():
    made = [
        width.Place(m, 0.01 * m**-a, 1.0, [width.Candidate("optimal", 1e-2, 0, 0.1, 1.0, m**-2.0)])
        for m in (10, 100, 1000)
        for a in (2.0, 0.5)
    ]
    found = width.schedules(made)
    assert [one.decline for one in found] == [0.5, 2.0]
    assert [one.factor for one in found] == pytest.approx([0.01, 0.01])
    assert [place.width for place in found[0].places] == [10, 100, 1000]
    assert width.schedules(made[:2]) == []  # one width
    assert width.schedules(made[:-1]) == []  # unlike numbers of lam
    widths, losses = width.least_losses(made)
    assert fitted([widths], [losses]).exponent == pytest.approx(-2)


def test_widths_where_the_search_is_the_limit_are_left_out():
    losses = {10: 1e-2, 100: 1e-4, 1000: 1e-6, 3000: 0.9e-6}
    made = [
        width.Place(m, 1e-3, 1.0, [width.Candidate("optimal", 1e-2, 0, 0.1, ratio, loss) for ratio in (1.0, 2.0)])
        for m, loss in losses.items()
    ]
    assert width.searched(made) == 1000
    assert width.searched(made[:3]) == 1000


@pytest.mark.slow
def test_norm_and_loss_of_fixed_data_have_the_exponents_of_proximal_points(done):
    [section] = sections([study.Store(done / "decay")])
    rows = {(row[0], row[1]): row for row in section.tables[0].rows}
    for dim in ("1", "2"):
        for name, expected in (("norm deficit / [f*]", 1), ("training loss", 2)):
            assert float(rows[dim, name][2].split()[0]) == pytest.approx(expected, abs=0.02)
    for one in solved(done, "decay"):
        kept = decay.resolved(one)
        ratio = 2 * one["training_loss"] / (one.lams * decay.deficit(one) * one.exact_norm)
        assert kept.any()
        assert ratio[kept][0] == pytest.approx(1, abs=0.01)


@pytest.mark.slow
def test_norms_of_points_converge_from_below_not_faster_than_the_nearest_point(done):
    for one in solved(done, "points"):
        low, high = points.bracket(one)
        assert low <= high <= 1 + 1e-9
        assert points.clear(one)
    [section] = sections([study.Store(done / "points")])
    assert "Convergence is from below" in section.findings[0]
    assert re.search(r"deficit ~ n\^-[01]\.\d+", section.findings[1])


@pytest.mark.slow
def test_spheres_are_solved_by_their_radii_and_failures_are_said(done, tmp_path):
    assert all(one.method == "radii" and one["certified"][0] for one in solved(done, "spheres"))
    content = {
        "name": "close",
        "report": "rates",
        "task": {"kind": "bump", "dim": 7, "points": 40},
        "solve": {"method": "radii"},
        "grid": {"task.seed": [0, 1]},
    }
    study.run(study.parse(content), tmp_path / "close")
    [section] = sections([study.Store(tmp_path / "close")])
    failed = [one for one in solved(tmp_path, "close") if np.isnan(one["norm"][0])]
    assert failed
    assert f"In {len(failed)} problems double precision does not interpolate" in section.settings


@pytest.mark.slow
def test_width_compares_with_infinite_width(done):
    found = width.places(trained(done, "width"))
    assert [(place.width, len(place.candidates)) for place in found] == [(4, 4), (4, 4), (16, 4), (16, 4)]
    norm = radial_bump(2, outer=2.0).norm
    for shard, data in trained(done, "width"):
        for lam in data["weight_decay"].values:
            one = data.sel(weight_decay=lam)
            [place] = [p for p in found if (p.width, p.lam) == (shard.train.width, lam)]
            assert place.infinite == pytest.approx(float(one["optimum_norm"]) / norm)
            assert float(one["optimum_value"]) >= lam * float(one["optimum_norm"])
    for place in found:
        assert place.best.excess == min(one.excess for one in place.candidates)
        assert min(place.behind(True), place.behind(False)) == 0
    [section] = sections([study.Store(done / "width")])
    laws, places = section.tables
    assert [(row[0], row[2]) for row in laws.rows] == [("0.5", "-2"), ("1", "-1.5")]  # a - (1 + 3/2)
    assert [row[0] for row in places.rows] == ["0.5", "0.5", "1", "1"]


@pytest.mark.slow
def test_noise_needs_more_decay_for_fewer_points(done):
    found = {(one.seed, one.points): noise.least_decay(one, 1.1) for one in solved(done, "noise")}
    assert all(found[seed, 20] > found[seed, 200] for seed in (0, 1))


@pytest.mark.slow
def test_the_report_is_one_page_with_a_section_for_each_study(done):
    page = report.write(done).read_text()
    for title in ("tiny: decay", "tiny: points", "tiny: spheres", "tiny: width", "tiny: noise"):
        assert f">{title}</h2>" in page
    assert page.count("<figure>") == 5


@pytest.mark.slow
def test_an_unfinished_study_says_so(done, tmp_path):
    one = study.Store(done / "noise").study()
    study.Store(tmp_path / "none").begin(one)
    with pytest.raises(ValueError, match="no shard of 'tiny: noise' is done"):
        sections([study.Store(tmp_path / "none")])


def test_the_study_of_the_theorem_is_what_the_documentation_says():
    found = study.load_all(CONVERGENCE)
    assert {name: len(list(one.shards())) for name, one in found.items()} == {
        "decay": 24,
        "points": 75,
        "spheres": 230,
        "width": 12,
        "noise": 60,
    }
    assert {one.report for one in found.values()} == {"rates"}
    shards = [shard for shard in found["width"].shards() if isinstance(shard, Shard)]
    for shard in shards:
        a = -np.log(np.array(shard.train.weight_decay) / 0.01) / np.log(shard.train.width)
        assert a == pytest.approx([0.5, 0.75, 1, 1.5, 2, 3], abs=1e-3)
    assert sum(shard.train.networks for shard in shards) == 144
