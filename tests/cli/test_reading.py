"""Every command that reads a table takes the same options, names what it took, and says what was not plain."""

import json
from pathlib import Path

import pytest

CASES = Path(__file__).parent.parent / "tables"
ROWS = "n;a;z;y\nw;0;0;1\nv;1;;0\nu;1;9;0\nt;2,5;7;1\ns;2,5;7;2\n"


@pytest.fixture
def rows(tmp_path):
    (tmp_path / "rows.csv").write_text(ROWS)
    return "rows.csv"


def one_object(process):
    assert process.returncode == 0, process.stderr
    return json.loads(process.stdout)


def test_what_was_read_is_kept_for_verify(minnorm, rows, tmp_path):
    options = ("--features", "a", "--ties", "mean", "--out", "s.nc")
    made = minnorm("solve", rows, *options, "--json")
    assert made.stderr.count("\n") == 3, made.stderr
    assert all(word in made.stderr for word in ("semicolon", "decimal", "2 rows are of 1 points")), made.stderr
    result = one_object(made)
    assert (result["features"], result["target"], result["points"]) == (["a"], "y", 4)
    again = one_object(minnorm("verify", rows, "s.nc", "--json"))
    for name in ("features", "target", "points", "value", "lower_bound", "gap", "certified"):
        assert again[name] == result[name]
    lines = minnorm("solve", rows, *options).stdout.splitlines()
    assert ["features", "a"] in [line.split() for line in lines]


def test_a_band_and_its_query_are_read_alike(minnorm, rows, tmp_path):
    (tmp_path / "query.csv").write_text("what;z;a\nx;0;0,5\n")
    found = one_object(minnorm("solve", rows, "--features", "a", "--ties", "mean", "--band", "query.csv", "--json"))
    assert found["band"][0]["point"] == [0.5]
    assert found["features"] == ["a"]


@pytest.mark.parametrize(
    "command",
    [
        ("known", "line", "--ties", "mean"),
        ("known", "ridge", "--ties", "mean"),
        ("known", "ridge-sum", "--ties", "mean"),
        ("solve", "--lam", "0.01"),
        ("solve", "--path", "--lam", "0.01"),
    ],
    ids=" ".join,
)
def test_the_same_options_everywhere(minnorm, rows, command):
    words = command[:2] if command[0] == "known" else command[:1]
    found = minnorm(*words, rows, *command[len(words) :], "--drop", "n,z", "--json")
    assert "semicolon" in found.stderr
    assert one_object(found)["features"] == ["a"]
    tables = minnorm(*words, rows, *command[len(words) :], "--features", "a").stdout
    assert "a" in tables.replace(",", " ").split()


@pytest.mark.slow
def test_training_and_clean_points_read_alike(minnorm, rows):
    options = ("--drop", "n", "--dropna")
    runs = minnorm("train", rows, *options, "--width", "3", "--steps", "2", "--json")
    assert one_object(runs)["features"] == ["a", "z"]
    assert "1 of 5 rows" in runs.stderr
    found = minnorm("known", "denoiser", rows, "--features", "y", "--dropna", "--radius", "0.1", "--json")
    assert found.returncode == 2  # there are equal points
    assert "clean has equal points" in found.stderr


def test_ties_count_where_lam_is_positive(minnorm, rows):
    plain = one_object(minnorm("solve", rows, "--features", "a", "--lam", "0.1", "--json"))
    told = minnorm("solve", rows, "--features", "a", "--lam", "0.1", "--ties", "mean", "--json")
    assert "--ties changes nothing" in told.stderr
    assert one_object(told)["value"] == plain["value"]
    assert plain["points"] == 5


def test_ties_without_a_remedy_taken_have_their_lines(minnorm):
    for command in (("solve",), ("known", "line"), ("known", "ridge")):
        found = minnorm(*command, str(CASES / "many_ties.csv"))
        assert found.returncode == 2
        assert all(word in found.stderr for word in ("2 points", "lines 2, 3; lines 5, 6, 7", "--lam", "--ties mean"))
