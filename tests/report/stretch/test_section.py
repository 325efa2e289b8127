"""Published numbers of the stretched bump: where they hold is read off outcomes alone, whatever made these."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from minnorm import report, study
from minnorm.report.stretch import section as stretch
from minnorm.report.stretch.claims import CLAIMS, Claim, region, verdict
from minnorm.report.stretch.networks import Outcome, Setting, Trained, expected_stretch, least_norm, outcomes

SETTING = Setting(
    optimizer="momentum",
    initial="xavier_uniform",
    learning_rate=0.02,
    weight_decay=0.0,
    width=100,
    steps=1000,
    radius=0.7,
    inner_fraction=0.1,
    batch=100,
    schedule="constant",
    scale=1.0,
    dim=31,
    outer=6.0,
    points=10_000,
)
RADII = np.linspace(0.0, 6.0, 13)
TRAINED = Trained(
    seed=0,
    loss=1e-6,
    stretch=3.5,
    misfit=0.01,
    gaussian=0.05,
    squares=160.0,
    path_norm=50.0,
    far_deviation=0.05,
    excess=np.nan,
    steps=np.array([0, 1000]),
    losses=np.array([1.0, 1e-6]),
    all_squares=np.array([60.0, 160.0]),
    mean=np.exp(-RADII),
    deviation=np.full(13, 0.05),
)


def outcome(networks=({}, {}), diverged=0, **changes) -> Outcome:
    """What a setting gave: the usual networks with changes."""
    made = tuple(replace(TRAINED, seed=seed, **changed) for seed, changed in enumerate(networks))
    return Outcome(replace(SETTING, **changes), made, diverged, RADII)


def claim(name: str) -> Claim:
    (found,) = [one for one in CLAIMS if one.name == name]
    return found


def test_a_region_has_the_settings_within_the_limits_at_matched_loss():
    found = region(
        claim("Momentum: stretch without decay"),
        [
            outcome(),
            outcome(radius=0.5, networks=[{"stretch": 2.6}] * 2),
            outcome(radius=0.8, networks=[{"loss": 1e-4}, {}]),
            outcome(radius=0.9, networks=[{}], diverged=1),
            outcome(optimizer="adam"),
            outcome(weight_decay=1e-5),
        ],
    )
    assert [case.setting.radius for case in found.inside] == [0.7]
    assert [case.setting.radius for case in found.matched] == [0.7, 0.5]
    assert [case.setting.radius for case in found.early] == [0.8, 0.9]
    assert verdict(found) == "1 of 2 settings: inner radius 0.7; also at larger loss: inner radius 0.8 or 0.9"


def test_the_mean_over_seeds_counts():
    both = region(claim("Momentum: stretch without decay"), [outcome(networks=[{"stretch": 3.2}, {"stretch": 3.7}])])
    (case,) = both.inside
    assert (case.value, case.deviation) == (pytest.approx(3.45), pytest.approx(np.std([3.2, 3.7], ddof=1)))


@pytest.mark.parametrize(("stretched", "inside"), [(3.34, 0), (3.36, 1), (3.64, 1), (3.66, 0)])
def test_limits_are_those_that_are_stated(stretched, inside):
    published = claim("Momentum: stretch without decay")
    assert published.tolerance == "3.35 to 3.65"
    assert len(region(published, [outcome(networks=[{"stretch": stretched}])]).inside) == inside


def test_where_nothing_holds_the_verdict_says_what_happens_instead():
    published = claim("Adam: weight-decay value |a|² + |W|²")
    adam = {"optimizer": "adam"}
    told = verdict(
        region(
            published,
            [
                outcome(**adam, learning_rate=1e-3, networks=[{"squares": 400.0}]),
                outcome(**adam, learning_rate=1e-2, networks=[{"squares": 900.0}]),
            ],
        )
    )
    assert told == "none of 2 settings: it is 400 to 900, nearest 900 at learning rate 0.01"
    late = [outcome(**adam, learning_rate=1e-3, networks=[{"squares": 400.0, "loss": 1.0}])]
    assert verdict(region(published, late)) == "no setting is at matched loss, nor does it hold above it: it is 400"
    late += [outcome(**adam, learning_rate=3e-3, networks=[{"squares": 1500.0, "loss": 1.0}])]
    assert verdict(region(published, late)) == "no setting is at matched loss; at larger loss: learning rate 0.003"
    assert verdict(region(published, [outcome()])) == "not scanned"


def test_with_decay_the_least_objective_counts_as_matched():
    late = {"loss": 1e-4}
    assert outcome(networks=[late | {"excess": 0.01}], weight_decay=1e-5).matched
    assert not outcome(networks=[late | {"excess": 0.2}], weight_decay=1e-5).matched
    assert not outcome(networks=[late]).matched


def test_what_decay_adds_compares_settings_that_are_else_equal():
    published = claim("Momentum: what λ = 1e-5 adds to the stretch")
    found = region(
        published,
        [
            outcome(),
            outcome(weight_decay=1e-5, networks=[{"stretch": 3.8}]),
            outcome(weight_decay=1e-5, width=200, networks=[{"stretch": 9.0}]),
        ],
    )
    assert [case.value for case in found.inside] == [pytest.approx(0.3)]
    assert not found.unmatched


def test_optimisers_are_compared_on_the_same_data_each_at_its_best_trained():
    published = claim("Weight-decay value: Adam's over SGD's")
    adam = outcome(optimizer="adam", learning_rate=1e-3, networks=[{"squares": 1600.0}])
    sgd = [
        outcome(optimizer="sgd", learning_rate=0.1, networks=[{"loss": 1e-3, "squares": 20.0}]),
        outcome(optimizer="sgd", learning_rate=0.2, steps=9000),
        outcome(optimizer="sgd", radius=1.0, networks=[{"squares": 20.0, "loss": 1e-9}]),
    ]
    (case,) = region(published, [adam, *sgd]).inside
    assert case.value == pytest.approx(10.0)
    assert case.matched
    assert not region(published, [adam, sgd[0]]).inside
    assert len(region(published, [adam, sgd[0]]).unmatched) == 1


@pytest.mark.slow
def test_least_norm_functions_are_stretched_more_where_the_loss_is_larger():
    losses, stretches = least_norm(5, 0.7, 3.0, 0.1)
    assert np.all(np.diff(losses) > 0)
    assert np.all(np.diff(stretches) > 0)
    # Fitted better and better, they tend to the bump of the data, whose stretch is the inner radius: slowly.
    assert 0.7 < stretches[0] < 0.95
    middle = outcome(dim=5, outer=3.0, networks=[{"loss": float(losses[3])}])
    assert expected_stretch(middle) == pytest.approx(stretches[3])
    assert np.isnan(expected_stretch(outcome(dim=5, outer=3.0, networks=[{"loss": 1e9}])))


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Two tiny studies, run."""
    folder = tmp_path_factory.mktemp("bump")
    file = folder / "small.toml"
    file.write_text(
        """
name = "a bump"
report = "stretch"
task = {kind = "bump", dim = 5, points = 60}
train = {width = 20, steps = 30, batch_size = 10, records = 4}
measure = {radii = 26, largest_radius = 5.0, directions = 20}
grid = {seed = 2, weight_decay = [0.0, 1e-5]}
[study.rates]
zip = [{optimizer = ["sgd", "momentum", "adam"], learning_rate = [1e-2, 1e-3, [1e-2, 3e-3]]}]
[study.radii]
zip = [
  {optimizer = ["momentum", "adam"], learning_rate = [1e-3, [1e-2, 1e9]]},
  {task.radius = [0.5, 1.0], task.outer = [4.0, 2.0]},
]
"""
    )
    for name, one in study.load_all(file).items():
        study.run(one, folder / "out" / name)
    return folder / "out"


@pytest.mark.slow
def test_stretch_is_relative_to_the_unit_bump(finished):
    store = study.Store(finished / "radii")
    runs = {shard.task.radius: runs for shard, runs in store.done() if shard.train.optimizer == "momentum"}
    for one in outcomes([store]):
        if one.setting.optimizer == "momentum":
            stored = runs[one.setting.radius].sel(weight_decay=one.setting.weight_decay)["stretch"].values.reshape(-1)
            assert [network.stretch for network in one.networks] == pytest.approx(stored * one.setting.radius)
            assert one.setting.outer == 2.0


@pytest.mark.slow
def test_equal_settings_of_two_studies_are_joined(finished):
    found = outcomes(study.stores(finished))
    joined = [one for one in found if one.setting.radius == 1.0 and one.setting.learning_rate == 1e-2]
    assert {(one.setting.optimizer, len(one.networks)) for one in joined} == {("sgd", 2), ("adam", 2)}
    assert len(joined) == 4
    assert len({one.setting for one in found}) == len(found)


@pytest.mark.slow
def test_diverged_networks_are_counted_and_left_out(finished):
    lost = [one for one in outcomes(study.stores(finished)) if one.setting.learning_rate == 1e9]
    assert {(one.diverged, len(one.networks)) for one in lost} == {(2, 0)}
    assert not any(one.matched for one in lost)


@pytest.mark.slow
def test_a_section_has_every_published_number(finished):
    (section,) = stretch.sections(study.stores(finished))
    published, everything = section.tables
    assert [row[0] for row in published.rows] == [one.name for one in CLAIMS]
    assert all(len(row) == len(table.columns) for table in section.tables for row in table.rows)
    assert len(everything.rows) == len(outcomes(study.stores(finished)))
    assert section.unfinished == 0
    lost = sum(one.diverged for one in outcomes(study.stores(finished)))
    assert lost > 0
    assert f"{lost} diverged" in " ".join(section.findings)
    assert len({picture.title for picture in section.pictures}) == 5


@pytest.mark.slow
def test_the_page_says_it_and_draws(finished, tmp_path):
    page = report.write(finished, tmp_path / "page.html").read_text()
    assert "Published numbers" in page
    assert page.count("<figure>") == 5


STUDIES = Path(__file__).parents[3] / "studies"


@pytest.mark.parametrize(("name", "shards", "networks"), [("bump31", 108, 1496), ("bump31-small", 40, 142)])
def test_the_studies_are_as_large_as_intended(name, shards, networks):
    found = study.load_all(STUDIES / f"{name}.toml")
    every = [shard for one in found.values() for shard in one.shards()]
    assert (len(every), sum(shard.train.networks for shard in every)) == (shards, networks)
    assert {one.report for one in found.values()} == {"stretch"}
    assert all(shard.task.outer * shard.task.radius == pytest.approx(6.0) for shard in every)
    assert {shard.train.optimizer for shard in every} == {"sgd", "momentum", "adam"}
    # Setting C, and beside it every choice that the publication leaves open.
    assert len({shard.task.radius for shard in every}) >= 3
    assert {0.0, 1e-5} <= {lam for shard in every for lam in np.atleast_1d(shard.train.weight_decay)}
