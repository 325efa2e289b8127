import numpy as np
import pandas as pd
import pytest

from minnorm import study
from minnorm.report import write
from minnorm.report.atlas import claims as atlas_claims
from minnorm.report.atlas import section as atlas
from minnorm.report.atlas.frame import by_seed, frame, tuned

ATLAS = {
    "name": "small",
    "report": "atlas",
    "train": {"width": 10, "steps": 500, "records": 2},
    "grid": {"weight_decay": [0.0, 1e-2], "seed": 2},
    "zip": [
        {
            "optimizer": ["momentum", "adam", "lion"],
            "learning_rate": [[0.02, 0.05], [0.01, 0.02], [1e-3, 1e-9]],
        },
        {"initial": ["xavier_uniform", "kaiming_uniform"], "scale": [0.5, 1.0]},
    ],
    "measure": {"directions": 8, "radii": 5},
}


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    root = tmp_path_factory.mktemp("atlas")
    for name, task in {
        "line": {"kind": "line", "x": [-1.0, 0.0, 1.0], "y": [0.0, 1.0, 0.0]},
        "bump": {"kind": "bump", "dim": 2, "points": 8},
    }.items():
        starts = ATLAS["zip"][1:] if name == "line" else []
        study.run(study.parse({**ATLAS, "name": name, "task": task, "zip": [ATLAS["zip"][0], *starts]}), root / name)
    return root


@pytest.fixture(scope="module")
def table(store):
    return frame(study.stores(store))


@pytest.mark.slow
def test_every_network_is_a_row(table):
    assert table.groupby("study").size().to_dict() == {"line": 3 * 2 * 2 * 2 * 2, "bump": 3 * 2 * 2 * 2}
    assert set(table["start"]) == {"xavier uniform × 0.5", "kaiming uniform", "xavier uniform"}
    assert set(table["rate"]) == {0, 1}
    line = table[table["study"] == "line"]
    assert line["radial_std"].isna().all()
    assert line["seminorm"].notna().all()
    assert table.loc[table["weight_decay"] > 0, "excess_objective"].min() > -1e-4  # the minimum is certified


@pytest.mark.slow
def test_fit_is_relative_to_the_labels(table):
    line = table[table["study"] == "line"]
    assert (line["fits"] == (line["training_loss"] <= 1e-3 * 0.5 * np.var([0.0, 1.0, 0.0]))).all()
    assert 0 < line["fits"].mean() < 1


@pytest.mark.slow
def test_each_setting_is_taken_at_its_best_step_size(table):
    best = tuned(table, "fit")
    assert len(best) == len(table) / 2
    lion = best[(best["optimizer"] == "lion") & (best["study"] == "line") & (best["weight_decay"] == 0)]
    assert set(lion["learning_rate"]) == {1e-3}
    objective = tuned(table[table["weight_decay"] > 0], "excess_objective")
    for keys, chosen in objective.groupby(["study", "optimizer", "start"]):
        same = table[(table["weight_decay"] > 0)]
        for column, value in zip(["study", "optimizer", "start"], keys, strict=True):
            same = same[same[column] == value]
        means = same.groupby("learning_rate")["excess_objective"].mean()
        assert chosen["excess_objective"].mean() == pytest.approx(means.min())


def test_a_step_size_that_some_networks_do_not_survive_is_not_taken():
    rows = [
        {"study": "s", "optimizer": "gd", "start": "a", "bias": "free", "weight_decay": 1.0, "learning_rate": rate}
        | {"seed": seed, "fits": False, "training_loss": 1.0, "excess_objective": excess}
        for rate, values in ((0.1, [0.5, 0.5]), (1.0, [0.1, np.nan]))
        for seed, excess in enumerate(values)
    ]
    table = pd.DataFrame(rows)
    assert set(tuned(table, "excess_objective")["learning_rate"]) == {0.1}
    ((name, found),) = atlas._excess(table)["s"]
    assert name == "decay 1"
    np.testing.assert_allclose(found.value, [0.5])


def test_who_fits_from_the_easy_start_alone_gains_nothing_by_it():
    start = {"easy": 1.0, "hard": 4.0}
    level = {"a": 1.0, "b": 2.0, "c": 3.0}
    rows = [
        {"optimizer": name, "start": word, "seed": seed, "norm": level[name] * start[word] * (1 + 0.1 * seed)}
        for name in level
        for word in start
        for seed in range(2)
        if (name, word) != ("c", "hard")
    ]
    found = by_seed(pd.DataFrame(rows), "norm")
    np.testing.assert_allclose(found[0], [2.0, 4.0, 6.0], rtol=1e-12)  # 2: the geometric mean of the starts
    np.testing.assert_allclose(found[1], [2.2, 4.4, 6.6], rtol=1e-12)
    complete = pd.DataFrame(row for row in rows if row["optimizer"] != "c")
    means = np.exp(np.log(complete["norm"]).groupby([complete["optimizer"], complete["seed"]]).mean()).unstack("seed")
    np.testing.assert_allclose(by_seed(complete, "norm"), means, rtol=1e-12)


@pytest.mark.slow
def test_the_report_ranks_judges_and_draws(store, table):
    (section,) = atlas.sections(study.stores(store))
    assert section.unfinished == 0
    assert section.findings[0].startswith(f"{len(table)} networks of 3 optimisers were compared on 2 tasks")
    assert len(section.tables[0].columns) == len(section.tables[0].rows[0])
    assert len(section.tables[-1].rows) == len(atlas_claims.CLAIMS)
    assert {row[-1] for row in section.tables[-1].rows} <= {"confirmed", "not confirmed", "unclear", "no data"}
    for picture in section.pictures:
        assert picture.draw().axes
    assert "Published findings" in write(store).read_text(encoding="utf-8")


def test_verdicts_follow_the_side_of_the_interval():
    rows = [
        {"study": "s", "optimizer": optimizer, "start": "a", "bias": "free", "weight_decay": 0.0, "learning_rate": 0.1}
        | {"seed": seed, "fits": True, "seminorm": 1.0, "norm_ratio": 1.0, "bends_at_data": 1.0}
        | {"effective_neurons": neurons + 0.01 * seed}
        for optimizer, neurons in (("sgd", 10.0), ("label_noise", 5.0))
        for seed in range(6)
    ]
    table = pd.DataFrame(rows)
    words = {one.claim.finding: one.word for one in atlas_claims.verdicts(table)}
    assert words["Label noise sparsifies."] == "confirmed"
    assert words["Adam's bumps are less round."] == "no data"
    table.loc[table["optimizer"] == "label_noise", "effective_neurons"] *= 4
    words = {one.claim.finding: one.word for one in atlas_claims.verdicts(table)}
    assert words["Label noise sparsifies."] == "not confirmed"
    table["effective_neurons"] = np.random.default_rng(0).uniform(1, 9, len(table))
    words = {one.claim.finding: one.word for one in atlas_claims.verdicts(table)}
    assert words["Label noise sparsifies."] == "unclear"


def test_an_atlas_without_networks_says_what_to_do(tmp_path):
    task = {"kind": "line", "x": [-1.0, 0.0, 1.0], "y": [0.0, 1.0, 0.0]}
    empty = study.Store(tmp_path)
    empty.begin(study.parse({**ATLAS, "task": task}))
    with pytest.raises(ValueError, match="run the study first"):
        write(tmp_path)
