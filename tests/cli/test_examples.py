"""Every command says what it does and has an example; the examples run."""

import contextlib
import re
import shlex

import numpy as np
import pytest
import typer
from matplotlib.image import imsave

from minnorm.cli import app

STUDY = """name = "s"
[task]
kind = "line"
x = [-1.0, 0.0, 1.0, 2.0]
y = [0.0, 1.0, 0.0, 0.5]
[train]
width = 9
steps = 9
"""
REGIONS = """[[region]]
shape = "box"
low = [0, 0]
high = [1, 1]
label = 0
[[region]]
shape = "box"
low = [2, 0.5]
high = [3, 2]
label = 1
"""
RUN_ELSEWHERE = {"demo", "explore"}  # minutes, and a server: their own tests
SLOW_BITS = {"--steps": "20", "--width": "12", "--table": "6"}  # what an example would take long for


def commands(group, before=()):
    """All commands with their words."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*before, name))
        else:
            yield pytest.param((*before, name), command, id="-".join((*before, name)))


COMMANDS = list(commands(typer.main.get_command(app)))
LONG = {"report", "study-merge"}
MARKED = [pytest.param(*one.values, id=one.id, marks=[pytest.mark.slow] if one.id in LONG else []) for one in COMMANDS]


def examples(command):
    return [shlex.split(text) for text in re.findall(r"Example: `([^`]*)`", command.help or "")]


@pytest.fixture
def files(tmp_path):
    """The files that examples speak of."""
    t = np.linspace(-1, 1, 5)
    plane = np.array([[u * 0.6 - v * 0.8, u * 0.8 + v * 0.6] for u in (-1.0, 0.0, 1.0) for v in (-0.5, 0.5)])
    cross = [(u, 0.0, abs(u)) for u in (-2.0, -1.0, 0.0, 1.0, 2.0)] + [(0.0, v, v * v) for v in (-1.0, 1.0, 2.0)]
    tables = {
        "points": ("x,y", np.column_stack([t, np.abs(t)])),
        "classes": ("x,y", [(-1.0, -1.0), (-0.5, 1.0), (0.5, 1.0), (1.0, -1.0)]),
        "moons": ("u,v,label", [(0.0, 0.0, -1.0), (1.0, 0.0, 1.0), (0.0, 1.0, 1.0), (1.0, 1.0, -1.0)]),
        "ridge": ("u,v,y", np.column_stack([plane, np.abs(plane @ (0.6, 0.8))])),
        "cross": ("u,v,y", cross),
        "radii": ("radius,value", [(0.0, 1.0), (1.0, 0.0), (2.0, 0.5)]),
        "clean": ("u", [(0.0,), (1.0,), (3.0,)]),
    }
    for name, (head, rows) in tables.items():
        np.savetxt(tmp_path / f"{name}.csv", np.asarray(rows), delimiter=",", header=head, comments="")
    ones = {"biases": np.array([0.5, 0.0]), "outer_weights": np.ones(2), "offset": np.array(0.1)}
    np.savez(tmp_path / "net.npz", inner_weights=np.array([[1.0], [-1.0]]), **ones)
    (tmp_path / "study.toml").write_text(STUDY)
    (tmp_path / "regions.toml").write_text(REGIONS)
    mask = np.full((20, 30, 4), 0.5)
    mask[..., 3] = 1.0
    mask[5:15, 3:10, :3], mask[5:15, 20:27, :3] = 0.0, 1.0
    imsave(tmp_path / "mask.png", mask)
    return tmp_path


def test_there_are_commands():
    assert len(COMMANDS) >= 18


@pytest.mark.parametrize(("words", "command"), COMMANDS)
def test_help_says_what_a_command_does_and_has_an_example(words, command):
    assert command.help.split("\n")[0].endswith(".")
    found = examples(command)
    assert found
    for example in found:
        assert tuple(example[: len(words) + 1]) == ("minnorm", *words)
    for option in command.params:
        assert option.help or option.name == "help", option.name


@pytest.mark.parametrize(("words", "command"), MARKED)
def test_examples_run(minnorm, files, words, command):
    if words[0] in RUN_ELSEWHERE:
        with contextlib.suppress(SystemExit):
            for example in examples(command):
                command.make_context(words[0], example[2:], resilient_parsing=True)
        return
    if words == ("known", "ridge"):
        (files / "ridge.csv").replace(files / "points.csv")
    needs_results = {"resume", "status", "merge", "export", "report"}
    if words[-1] in needs_results:
        for directory in ("results", "machine-1", "machine-2")[: 3 if words[-1] == "merge" else 1]:
            assert minnorm("study", "run", "study.toml", "--out", directory).returncode == 0
        if words[-1] == "merge":
            (files / "results").rename(files / "other")
    if words == ("verify",):
        assert minnorm("solve", "points.csv", "--out", "solution.nc").returncode == 0
    for example in examples(command):
        arguments = example[1:]
        for option, value in SLOW_BITS.items():
            if option in arguments:
                arguments[arguments.index(option) + 1] = value
        if words == ("train",):
            arguments += ["--steps", "20", "--width", "12"]
        answer = minnorm(*arguments)
        assert answer.returncode == 0, f"{' '.join(example)}: {answer.stderr}"
        assert answer.stdout
