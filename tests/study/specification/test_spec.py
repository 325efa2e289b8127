import json
import re

import pytest

from minnorm.study import load, parse


def test_shards_hold_what_one_program_trains(small):
    shards = list(parse(small).shards())
    assert [(s.train.optimizer, s.train.learning_rate) for s in shards] == [("gd", 0.05), ("adam", 0.01)]
    assert all(s.train.weight_decay == [0.0, 1e-3] and s.train.seed == 2 for s in shards)


def test_grid_axes_are_crossed_and_zipped_ones_move_together(small):
    small["grid"]["width"] = [5, 6, 7]
    small["zip"].append({"initial": ["xavier_normal", "pytorch"], "scale": [1.0, 0.5]})
    shards = list(parse(small).shards())
    assert len(shards) == 3 * 2 * 2
    assert {(s.train.initial, s.train.scale) for s in shards} == {("xavier_normal", 1.0), ("pytorch", 0.5)}


def test_a_zipped_entry_may_be_a_list(small):
    small["zip"] = [{"optimizer": ["gd", "adam"], "learning_rate": [[0.1, 0.2], 0.01]}]
    assert [s.train.learning_rate for s in parse(small).shards()] == [[0.1, 0.2], 0.01]


def test_the_key_depends_on_the_work_and_on_nothing_else(small):
    first = [shard.key for shard in parse(small).shards()]
    small["name"], small["description"] = "another name", "for the same work"
    assert [shard.key for shard in parse(small).shards()] == first
    small["train"]["width"] = 13
    assert set(first).isdisjoint(shard.key for shard in parse(small).shards())


def test_a_csv_task_is_keyed_by_the_file_s_content(tmp_path, small):
    path = tmp_path / "data.csv"
    path.write_text("x,y\n0,1\n1,2\n")
    small["task"] = {"kind": "csv", "path": str(path)}
    first = next(parse(small).shards()).key
    path.write_text("x,y\n0,1\n1,3\n")
    assert next(parse(small).shards()).key != first


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda s: s.update(colour=1), ["colour"]),
        (lambda s: s["task"].update(kind="circle"), ["task", "circle", "line"]),
        (lambda s: s["train"].update(widht=3), ["train.widht"]),
        (lambda s: s["train"].update(width="many"), ["train.width"]),
        (lambda s: s["grid"].update(optimiser=["adam"]), ["optimiser", "unknown"]),
        (lambda s: s["grid"].update(learning_rate=[0.1]), ["learning_rate", "more than once"]),
        (lambda s: s["grid"].update(weight_decay=[]), ["weight_decay", "at least one"]),
        (lambda s: s["zip"][0].update(learning_rate=[0.1]), ["equal length"]),
        (lambda s: s["grid"].update(width=[5, 5]), ["the same"]),
        (lambda s: s["zip"][0].update(optimizer=["gd", "adagrod"]), ["adagrod", "rmsprop"]),
        (lambda s: s["zip"].append({"initial": ["xavier"]}), ["xavier", "kaiming_normal"]),
    ],
)
def test_errors_name_the_place(small, change, words):
    change(small)
    with pytest.raises(ValueError, match="study") as error:
        parse(small)
    message = str(error.value)
    assert "\n" not in message
    assert all(word in message for word in words)


BUMP = {"kind": "bump", "dim": 3, "points": 20}


@pytest.mark.parametrize(
    ("study", "message"),
    [
        ({"report": "stretch"}, "report: 'stretch' is for training on a bump without plateau; leave it out"),
        ({"report": "stretch", "task": BUMP | {"plateau": 0.2}}, "report: 'stretch' is for training on a bump without"),
        ({"report": "stretch", "task": BUMP, "grid": {"task.plateau": [0.0, 0.1]}}, "'stretch' is for training on a"),
        (
            {"report": "atlas", "solve": {"lam": 0.1}},
            "report: 'atlas' is of networks that are trained; this study solves",
        ),
        (
            {"report": "stretch", "task": BUMP, "solve": {"lam": 0.1}},
            "report: 'stretch' is of networks",
        ),
        ({"report": "rates", "task": {"kind": "diabetes"}}, "'rates' needs an exact norm, which no task of kind 'diab"),
        ({"report": "rates"}, "report: 'rates' needs the least objective of infinite width; leave measure.optimum on"),
        (
            {"report": "rates", "measure": {"optimum": False}, "train": {"weight_decay": 0.1}},
            "report: 'rates' needs the least objective of infinite width",
        ),
        (
            {"report": "rates", "train": {"weight_decay": 0.1}},
            "report: 'rates' compares widths; give at least two of them in grid or zip",
        ),
        ({"report": "stretches"}, "report: 'stretches' is unknown; did you mean 'stretch'? Choose one of training, at"),
    ],
)
def test_a_study_whose_page_cannot_be_written_is_refused_before_it_runs(small, study, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        parse({"name": "a", "task": small["task"]} | study)


@pytest.mark.parametrize(
    "study",
    [
        {"report": "stretch", "task": BUMP},
        {"report": "stretch", "task": BUMP | {"plateau": [0.0]}},
        {"report": "rates", "solve": {"lam": 0.1}},
        {"report": "rates", "train": {"weight_decay": 0.1}, "grid": {"width": [5, 6]}},
    ],
)
def test_pages_that_can_be_written_are_taken(small, study):
    assert parse({"name": "a", "task": small["task"]} | study).report == study["report"]


def test_a_field_of_a_task_that_is_a_list_is_an_axis_of_the_grid():
    listed, crossed = (
        parse({"name": "a", **content, "train": {"width": 5}})
        for content in (
            {"task": {"kind": "bump", "dim": [2, 3], "points": [20, 30]}},
            {"task": {"kind": "bump", "dim": 2}, "grid": {"task": {"dim": [2, 3], "points": [20, 30]}}},
        )
    )
    assert [(shard.task.dim, shard.task.points) for shard in listed.shards()] == [(2, 20), (2, 30), (3, 20), (3, 30)]
    assert [shard.key for shard in listed.shards()] == [shard.key for shard in crossed.shards()]
    assert listed.values("task.points") == [20, 30]
    assert parse(json.loads(listed.model_dump_json())) == listed, "as a store keeps it"


def test_lists_of_points_are_an_axis_too():
    both = parse({"name": "a", "task": {"kind": "line", "x": [0.0, 1.0], "y": [[0.0, 1.0], [0.0, 2.0]]}})
    assert [shard.task.y for shard in both.shards()] == [[0.0, 1.0], [0.0, 2.0]]


@pytest.mark.parametrize(
    ("task", "more", "words"),
    [
        ({"points": [20, 1]}, {}, "line 5: task.points.1: input should be greater than or equal to 2, got 1"),
        (
            {"points": ["20"]},
            {},
            "line 5: task.points: input should be a valid integer, got '20'; leave out the quotes",
        ),
        ({"points": [20, 20]}, {}, "two shards are the same"),
        ({"points": []}, {}, "task.points: input should be a valid integer"),
        ({"points": [20]}, {"grid": {"task.points": [30]}}, "task.points: is a list here and an axis of grid too"),
        ({"points": [20]}, {"zip": [{"task.points": [30]}]}, "'task.points' appears more than once in grid and zip"),
    ],
)
def test_a_list_in_a_task_is_refused_where_it_is_wrong(tmp_path, task, more, words):
    text = 'name = "a"\n[task]\nkind = "bump"\ndim = 3\n'
    text += "".join(f"{name} = {json.dumps(value)}\n" for name, value in task.items())
    for table, content in more.items():
        one = content[0] if table == "zip" else content
        text += ("[[zip]]" if table == "zip" else f"[{table}]") + "\n"
        text += "".join(f"{name} = {value}\n" for name, value in one.items())
    (tmp_path / "s.toml").write_text(text)
    with pytest.raises(ValueError, match=re.escape(words)):
        load(tmp_path / "s.toml")


def test_an_optimal_start_is_for_tasks_that_say_their_interpolant():
    parse({"name": "a", "task": {"kind": "points"}, "train": {"initial": "optimal"}})
    with pytest.raises(ValueError, match=r"train.initial: no interpolant is known for diabetes; choose a random start"):
        parse({"name": "a", "task": {"kind": "diabetes"}, "train": {"initial": "optimal"}})


def test_load_reads_toml_and_finds_a_csv_file_beside_it(tmp_path):
    (tmp_path / "data.csv").write_text("x,y\n0,1\n1,2\n")
    file = tmp_path / "study.toml"
    file.write_text('name = "a"\n[task]\nkind = "csv"\npath = "data.csv"\n')
    assert load(file).task.data().values.tolist() == [1, 2]
    file.write_text("name = \n")
    with pytest.raises(ValueError, match=r"study\.toml is not TOML"):
        load(file)
    with pytest.raises(ValueError, match="not a file"):
        load(tmp_path / "no.toml")


@pytest.mark.parametrize(
    ("table", "name", "value", "words"),
    [
        (
            "train",
            "width",
            "50",
            "line 6: train.width: input should be a valid integer, got '50'; leave out the quotes",
        ),
        ("train", "width", 50.0, "train.width: input should be a valid integer, got 50.0"),
        ("train", "width", True, "train.width: input should be a valid integer, got True"),
        ("train", "learning_rate", "1e-3", "train.learning_rate: input should be a valid number"),
        ("train", "learning_rate", [True], "train.learning_rate.0: input should be a valid number, got True"),
        ("train", "antisymmetric", 1, "train.antisymmetric: input should be a valid boolean, got 1"),
        ("train", "antisymmetric", "yes", "train.antisymmetric: input should be a valid boolean, got 'yes'"),
        ("grid", "width", ["50"], "grid.width.0: input should be a valid integer, got '50'"),
        ("grid", "seed", [1.0], "grid.seed.0: input should be a valid integer, got 1.0"),
        ("measure", "radii", 80.0, "measure.radii: input should be a valid integer, got 80.0"),
        ("task", "dim", "3", "task.dim: input should be a valid integer, got '3'"),
    ],
)
def test_values_of_the_wrong_type_are_refused_with_their_line(tmp_path, table, name, value, words):
    dim = "" if name == "dim" else "dim = 3\n"
    task = f'name = "a"\n[task]\nkind = "bump"\n{dim}'
    (tmp_path / "s.toml").write_text(f"{task}{'' if table == 'task' else f'[{table}]'}\n{name} = {json.dumps(value)}\n")
    with pytest.raises(ValueError, match=re.escape(words)):
        load(tmp_path / "s.toml")


@pytest.mark.parametrize("x", [[0.0, float("nan")], [0.0, float("inf")]])
def test_points_that_are_no_numbers_are_refused_before_anything_runs(small, x):
    small["task"] |= {"x": x, "y": [0.0, 1.0]}
    with pytest.raises(ValueError, match=r"task\.x\.1: input should be a finite number"):
        parse(small)


def test_whole_numbers_are_numbers(small):
    small["task"] |= {"x": [-1, 0, 1], "y": [0, 1, 0]}
    small["train"]["weight_decay"] = 0
    parse(small)


def test_a_study_solves_for_other_neurons_with_every_penalty():
    penalty = {"activation": "abs", "bias": "penalised"}
    asked = {"name": "s", "task": {"kind": "points", "points": 6}, "solve": {"penalty": penalty}}
    for change in ({}, {"skip": "free"}, {"bias": "free"}):
        assert len(list(parse({**asked, "solve": {"penalty": penalty | change}}).shards())) == 1
