import pytest

from minnorm.study import SolveShard, load, load_all, parse

SEVERAL = """
name = "Both"

[train]
width = 10
steps = 5

[grid]
seed = 2

[[zip]]
optimizer = ["gd", "adam"]
learning_rate = [0.1, 0.01]

[[zip]]
initial = ["xavier_normal", "pytorch"]

[study.line]
[study.line.task]
kind = "line"
x = [0.0, 1.0]
y = [0.0, 1.0]

[study.bump]
name = "A bump"
[study.bump.task]
kind = "bump"
dim = 3
points = 20
[study.bump.train]
width = 12
[study.bump.grid]
task.seed = [0, 1]
[[study.bump.zip]]
optimizer = ["sgd"]
"""


@pytest.fixture
def written(tmp_path):
    """A function that writes a file with several studies, changed, and reads it."""

    def read(old="", new=""):
        assert old in SEVERAL
        file = tmp_path / "both.toml"
        file.write_text(SEVERAL.replace(old, new) if old else SEVERAL)
        return load_all(file)

    return read


def test_studies_of_a_file_share_what_stands_outside(written):
    found = written()
    assert list(found) == ["line", "bump"]
    assert [one.name for one in found.values()] == ["Both: line", "A bump"]
    line, bump = (list(one.shards()) for one in found.values())
    assert [(s.train.optimizer, s.train.initial) for s in line] == [
        ("gd", "xavier_normal"),
        ("gd", "pytorch"),
        ("adam", "xavier_normal"),
        ("adam", "pytorch"),
    ]
    assert all(s.train.width == 10 and s.train.seed == 2 for s in line)
    # Its own zip replaces the common one with that axis, and leaves the other.
    assert [(s.task.seed, s.train.initial, s.train.optimizer) for s in bump] == [
        (0, "xavier_normal", "sgd"),
        (0, "pytorch", "sgd"),
        (1, "xavier_normal", "sgd"),
        (1, "pytorch", "sgd"),
    ]
    assert all(s.train.width == 12 and s.train.steps == 5 and s.train.learning_rate == 1e-3 for s in bump)


def test_a_file_with_one_study_is_read_by_both(tmp_path, small):
    file = tmp_path / "one.toml"
    file.write_text('name = "one"\n[task]\nkind = "bump"\ndim = 3\n')
    assert load_all(file) == {"": load(file)}


def test_load_refuses_several(written, tmp_path):
    written()
    with pytest.raises(ValueError, match="holds the studies line, bump; use load_all"):
        load(tmp_path / "both.toml")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('["gd", "adam"]', '["gd", "adan"]', ["line 12: zip.0.optimizer.1", "'adam'"]),
        ('["xavier_normal", "pytorch"]', '["xavier_normal", "pytorc"]', ["line 16: zip.1.initial.1", "pytorch"]),
        ('["sgd"]', '["sdg"]', ["line 35: zip.1.optimizer.0", "'sgd'"]),
        ("dim = 3", "dimm = 3", ["task", "dim"]),
        ("task.seed = [0, 1]", "task.seed = [0, -1]", ["line 33: grid.task.seed.1", "-1"]),
        ("task.seed = [0, 1]", "task.sed = [0, 1]", ["line 33: grid.task.sed", "'seed'"]),
        ("[study.line]", "[study.'a/b']", ["study.a/b", "letters"]),
        ("width = 12", "widht = 12", ["line 31: train.widht", "'width'"]),
    ],
)
def test_mistakes_are_found_in_the_file_s_own_lines(written, old, new, words):
    with pytest.raises(ValueError, match=r"both\.toml") as error:
        written(old, new)
    message = str(error.value)
    assert "\n" not in message
    assert all(word in message for word in words), message


def test_study_must_be_tables(tmp_path):
    file = tmp_path / "a.toml"
    file.write_text('name = "a"\nstudy = 3\n')
    with pytest.raises(ValueError, match=r"give a table \[study.NAME\]"):
        load_all(file)


BUMP = {"kind": "bump", "dim": 3, "points": 20}


def test_axes_of_the_task_make_shards_of_their_own():
    study = parse({"name": "a", "task": BUMP, "grid": {"task": {"dim": [2, 3]}, "width": [5, 6]}})
    assert [(s.task.dim, s.train.width) for s in study.shards()] == [(2, 5), (2, 6), (3, 5), (3, 6)]
    assert parse(study.model_dump(mode="json")) == study
    zipped = parse({"name": "a", "task": BUMP, "zip": [{"task.radius": [0.5, 1.0], "task.outer": [4.0, 2.0]}]})
    assert [(s.task.radius, s.task.outer) for s in zipped.shards()] == [(0.5, 4.0), (1.0, 2.0)]


def test_a_study_that_solves_has_shards_that_do():
    content = {"name": "a", "task": BUMP, "solve": {"lam": [0.0, 1e-3]}, "grid": {"task": {"points": [10, 20]}}}
    shards = list(parse(content).shards())
    assert all(isinstance(shard, SolveShard) for shard in shards)
    assert [(s.task.points, s.lams) for s in shards] == [(10, [0.0, 1e-3]), (20, [0.0, 1e-3])]
    content["grid"] = {"lam": [0.1, 0.2]}
    assert [s.lams for s in parse(content).shards()] == [[0.1, 0.2]]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"solve": {"lam": -1.0}}, ["solve.lam"]),
        ({"solve": {"lam": [0.0, 0.0]}}, ["solve.lam", "twice"]),
        ({"solve": {}, "train": {"width": 3}}, ["solve", "one of them"]),
        ({"solve": {"method": "radii"}, "task": {"kind": "points"}}, ["solve.method", "kind bump"]),
        ({"solve": {}, "grid": {"width": [3]}}, ["grid.width", "unknown", "task.points"]),
        ({"train": {"initial": "optimal"}, "task": {"kind": "diabetes"}}, ["train.initial", "random start"]),
        ({"grid": {"task": {"kind": ["line"]}}}, ["grid.task.kind", "unknown"]),
    ],
)
def test_settings_that_do_not_go_together_are_refused(change, words):
    with pytest.raises(ValueError, match="study") as error:
        parse({"name": "a", "task": BUMP, **change})
    assert all(word in str(error.value) for word in words), str(error.value)


def test_an_option_that_is_given_as_its_default_is_the_same_work():
    first, second = (parse({"name": "a", "task": BUMP, "train": train}) for train in ({}, {"schedule": "constant"}))
    assert [s.key for s in first.shards()] == [s.key for s in second.shards()]
