import tomllib

import pytest

from minnorm.study import load
from minnorm.study.specification.places import lines

TEXT = '''# a comment
name = "s"          # 2

[task]              # 4
kind = "line"
x = [
  0.0,  # 7
  1.0,
]
y = [0.0, 1.0]      # 10
[train]             # 11
width = 10
penalty = {bias = "free", skip = "none"}   # 13
penalty.offset = "free"
[grid]              # 15
seed = 2
description = """
[not a table]
width = 3
"""
[[zip]]             # 21
optimizer = ["gd"]
[[zip]]             # 23
initial = ["pytorch"]
'''


def test_lines_of_tables_keys_and_values_over_several_lines():
    found = lines(TEXT.replace("penalty.offset", "offset"))
    assert {
        ("name",): 2,
        ("task",): 4,
        ("task", "x"): 6,
        ("task", "y"): 10,
        ("train", "penalty", "skip"): 13,
        ("grid", "description"): 17,
        ("zip", 0): 21,
        ("zip", 0, "optimizer"): 22,
        ("zip", 1): 23,
        ("zip", 1, "initial"): 24,
    }.items() <= found.items()
    assert ("not a table",) not in found


def test_every_place_of_a_file_has_a_line():
    text = TEXT.replace("penalty.offset", "offset") + '[extra.table]\n"quoted.key" = [{a = 1}, {b = [\n2]}]\n'
    found = lines(text)

    def places(content, here=()):
        yield here
        inner = content.items() if isinstance(content, dict) else enumerate(content)
        for name, value in inner:
            if isinstance(value, dict) or (isinstance(value, list) and any(isinstance(v, dict) for v in value)):
                yield from places(value, (*here, name))
            elif isinstance(content, dict):
                yield (*here, name)

    assert set(places(tomllib.loads(text))) == set(found)


STUDY = """name = "s"
[task]
kind = "line"
x = [0.0, 1.0]
y = [0.0, 1.0]
[train]
width = 10
[grid]
seed = 2
[[zip]]
optimizer = ["sgd", "adam"]
learning_rate = [0.1, [1e-2, 1e-3]]
"""


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("width = 10", "widht = 10", ["line 7: train.widht", "did you mean 'width'?", "steps", "batch_size"]),
        ("width = 10", "width = 0", ["line 7: train.width:", "greater than or equal to 1", "got 0"]),
        ("width = 10", "decay = 'both'", ["line 7: train.decay:", "'coupled' or 'decoupled'", "got 'both'"]),
        ("width = 10", "penalty = {bais = 'free'}", ["line 7: train.penalty.bais", "did you mean 'bias'?", "offset"]),
        ("width = 10", "options = {momentum = 0.9}", ["line 7: train.options.momentum: sgd does", "none"]),
        ("width = 10", "batch_size = 3", ["line 7: train.batch_size:", "3", "2 points"]),
        ('kind = "line"', 'kind = "lines"', ["line 3: task.kind: 'lines' is unknown; did you mean 'line'?", "bump"]),
        ('kind = "line"', "", ["line 2: task.kind: kind is missing", "line", "bump"]),
        ("width = 10", "width = 0\nsteps = -1", ["line 7: train.width:", "(and 1 more)"]),
        ("y = [0.0, 1.0]", "", ["line 2: task", "'y' is missing"]),
        ("y = [0.0, 1.0]", "y = [0.0, 1.0]\nz = 1", ["line 6: task.z", "choose one of kind, x, y"]),
        ("seed = 2", "seed = []", ["line 9: grid.seed:", "at least one value"]),
        ("seed = 2", "seed = 2\ninitial = ['xavier']", ["line 10: grid.initial.0:", "did you mean 'xavier", "pytorch"]),
        ("seed = 2", "weight_decay = [0.0, -1.0]", ["line 9: grid.weight_decay.1:", "-1.0"]),
        ("seed = 2", "seed = [3, 3]", ["line 9: grid.seed:", "twice"]),
        ('["sgd", "adam"]', '["sgd", "adan"]', ["line 11: zip.0.optimizer.1:", "did you mean 'adam'?", "muon"]),
        ("[1e-2, 1e-3]]", '"fast"]', ["line 12: zip.0.learning_rate.1:", "number", "got 'fast'"]),
        ("[1e-2, 1e-3]]", "1e-2, 3]", ["line 10: zip.0: zip needs lists of equal length"]),
        ('name = "s"', "", ["line 1: study: 'name' is missing"]),
    ],
)
def test_errors_name_the_line_and_what_is_allowed(tmp_path, old, new, words):
    file = tmp_path / "study.toml"
    assert old in STUDY
    file.write_text(STUDY.replace(old, new))
    with pytest.raises(ValueError, match=r"study\.toml") as error:
        load(file)
    message = str(error.value)
    assert "\n" not in message
    assert [word for word in words if word not in message] == [], message


def test_gd_takes_no_batches(tmp_path):
    file = tmp_path / "study.toml"
    file.write_text(STUDY.replace('"sgd"', '"gd"').replace("width = 10", "batch_size = 2"))
    with pytest.raises(ValueError, match=r"line 7: train\.batch_size: gd takes all data"):
        load(file)
