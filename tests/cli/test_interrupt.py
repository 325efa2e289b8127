"""Ctrl-C on the command line: exit 130, and one line that says what is kept and how to go on."""

import json
import signal
import time

import numpy as np
import pytest

import minnorm as mn
from minnorm.solve.pricing import pricers as pricing

POINTS = np.random.default_rng(0).normal(size=(12, 3))


@pytest.fixture
def table(tmp_path):
    rows = "\n".join(",".join(map(str, row)) for row in POINTS)
    (tmp_path / "points.csv").write_text("a,b,y\n" + rows + "\n")
    return "points.csv"


def press(monkeypatch, calls):
    """Ctrl-C, once, at a call of the oracle."""
    left, price = [calls], pricing.Exact.price

    def pressed(self, *arguments, **options):
        left[0] -= 1
        if left[0] == 0:
            raise KeyboardInterrupt
        return price(self, *arguments, **options)

    monkeypatch.setattr(pricing.Exact, "price", pressed)


@pytest.mark.slow
def test_solve_prints_and_writes_the_best_so_far(minnorm, table, tmp_path, monkeypatch):
    press(monkeypatch, 4)
    answer = minnorm("solve", table, "--lam", "1e-4", "--out", "s.nc", "--json")
    assert answer.returncode == 130
    result = json.loads(answer.stdout)
    assert result["ending"] == "interrupted"
    assert result["lam_max"] is None, "which is only printed"
    assert result["lower_bound"] <= mn.fit(POINTS[:, :2], POINTS[:, 2], 1e-4).value <= result["value"]
    said = answer.stderr.splitlines()
    assert said[0].startswith("not certified: ")
    assert said[1].startswith("minnorm: interrupted; the best so far is above and in s.nc; ")
    assert len(said) == 2
    saved = mn.Solution.load(tmp_path / "s.nc")
    assert saved.ending == "interrupted"
    assert saved.value == result["value"]


def test_a_path_keeps_what_was_solved(minnorm, table, monkeypatch):
    press(monkeypatch, 12)
    answer = minnorm("solve", table, "--path", "--json")
    assert answer.returncode == 130
    result = json.loads(answer.stdout)
    assert 0 < len(result["path"]) < 25
    assert result["path"][0]["certified"] is True
    assert f"interrupted: {len(result['path'])} of 25 lam are in the result" in answer.stderr


def test_a_study_names_the_command_that_goes_on(minnorm, tmp_path, monkeypatch):
    from minnorm import study

    (tmp_path / "s.toml").write_text(
        'name = "s"\n[[tasks]]\nkind = "line"\nx = [-1.0, 0.0, 1.0]\ny = [0.0, 1.0, 0.0]\n'
        "[train]\nwidth = [4]\nsteps = [2]\n"
    )

    def interrupted(*_arguments, **_options):
        raise KeyboardInterrupt

    monkeypatch.setattr(study, "load_all", lambda _file: {"": type("S", (), {"name": "s"})()})
    monkeypatch.setattr(study.Store, "check", lambda *_: None)
    monkeypatch.setattr(study, "run", interrupted)
    answer = minnorm("study", "run", "s.toml", "--out", "results")
    assert answer.returncode == 130
    assert answer.stderr == (
        "minnorm: interrupted; the shards that are done are kept in results; minnorm study resume results goes on\n"
    )


DISCS = """
[[region]]
shape = "ball"
center = [0, 0]
radius = 1
label = 0

[[region]]
shape = "ball"
center = [4, 0]
radius = 1
label = 1
"""


@pytest.mark.parametrize(("before", "within"), [(0, "0"), (0, "0.1"), (1, "0.1")])
def test_regions_keep_their_best_bracket_and_say_so_if_there_is_none(minnorm, tmp_path, monkeypatch, before, within):
    from minnorm.solve import finite, semiinfinite

    def pressed(engine, deadline):
        if engine.rounds == before:
            raise KeyboardInterrupt
        return step(engine, deadline)

    engine = semiinfinite.Both if float(within) else finite.Finite
    step = engine.step
    monkeypatch.setattr(engine, "step", pressed)
    (tmp_path / "discs.toml").write_text(DISCS)
    answer = minnorm("regions", "discs.toml", "--within", within, "--tolerance", "1e-6", "--json")
    assert answer.returncode == 130
    if before:
        assert json.loads(answer.stdout)["ending"] == "interrupted"
        assert "minnorm: interrupted; the best so far is above; " in answer.stderr
    else:
        assert answer.stdout == ""
        assert answer.stderr == "minnorm: interrupted; nothing is kept, the same command starts again\n"


@pytest.mark.slow
@pytest.mark.parametrize(("options", "count"), [(["--lam", "1e-6"], 1500), (["--path"], 600)])
def test_a_signal_ends_a_long_solve_with_its_best(tmp_path, interruptible, options, count):
    rng = np.random.default_rng(0)
    rows = "\n".join(",".join(map(str, row)) for row in rng.normal(size=(count, 4)))
    (tmp_path / "points.csv").write_text("a,b,c,y\n" + rows + "\n")
    child = interruptible(
        "from minnorm.cli import main; main()", "solve", "points.csv", "--json", *options, cwd=tmp_path
    )
    time.sleep(20)
    assert child.poll() is None
    child.send_signal(signal.SIGINT)
    out, said = child.communicate(timeout=200)
    assert child.returncode == 130, said
    assert json.loads(out)["ending"] == "interrupted"
    assert "interrupted" in said
