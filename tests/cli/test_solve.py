"""`minnorm solve` and `minnorm verify` as a user runs them."""

import json

import numpy as np
import pytest
import xarray as xr

import minnorm as mn
from minnorm import sealed

PLANE = "x,z,y\n0,0,0\n1,0,1\n0,1,1\n1,1,0\n0.3,0.8,-1\n"
X = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [0.3, 0.8]])
Y = np.array([0.0, 1.0, 1.0, 0.0, -1.0])
HIGH = "a,b,c,d,y\n0,0,0,0,0\n1,0,0,0,1\n0,1,0,0,0\n0,0,1,0,1\n0,0,0,1,0\n1,1,1,1,-1\n"


@pytest.fixture
def plane(tmp_path):
    (tmp_path / "plane.csv").write_text(PLANE)
    return "plane.csv"


def one_object(process):
    assert process.returncode == 0, process.stderr
    assert process.stdout.count("\n") == 1
    result = json.loads(process.stdout)
    assert process.stderr == "" or (result.get("certified") is not True and process.stderr.startswith("not certified"))
    assert process.stderr.count("\n") <= 1
    return result


@pytest.mark.slow
@pytest.mark.parametrize("lam", [0.0, 1e-3])
@pytest.mark.parametrize("bias", ["free", "penalised"])
def test_solve_says_what_the_library_says_and_verify_agrees(minnorm, plane, tmp_path, lam, bias):
    options = ["--lam", str(lam), "--bias", bias, "--out", "s.nc", "--json"]
    result = one_object(minnorm("solve", plane, "--target", "y", *options))
    penalty = mn.PathNorm(bias=bias)
    sol = mn.fit(X, Y, lam, penalty=penalty)
    for name in ("value", "lower_bound", "gap", "certified", "lam", "rounds"):
        assert result[name] == getattr(sol, name), name
    for name in ("scope", "residual", "dual_norm", "tolerance"):
        assert result[name] == getattr(sol.certificate, name), name
    assert result["certified"] is True
    assert (result["kind"], result["target"], result["points"], result["out"]) == ("solve", "y", 5, "s.nc")
    assert result["lam_max"] == mn.lam_max(X, Y, penalty)
    assert result["neurons"] == sol.network.width
    assert result["norm"] == penalty.value(sol.network)
    assert result["seconds"] >= 0
    again = one_object(minnorm("verify", plane, "s.nc", "--json"))
    for name in ("value", "lower_bound", "gap", "certified", "scope", "residual", "dual_norm", "lam", "neurons"):
        assert again[name] == result[name], name
    loaded = mn.Solution.load(tmp_path / "s.nc")
    assert loaded.certificate == sol.certificate
    with xr.open_dataset(tmp_path / "s.nc", engine="h5netcdf") as data:
        assert data["coordinate"].values.tolist() == ["x", "z"]
        assert data.attrs["target"] == "y"
        assert data.attrs["lower_bound"] == result["lower_bound"]


WEIGHED = "x,z,y,times\n0,0,0,1\n1,0,1,2\n0,1,1,3\n1,1,0,1\n0.3,0.8,-1,0\n"


def test_a_column_may_say_how_often_points_count(minnorm, tmp_path):
    (tmp_path / "weighed.csv").write_text(WEIGHED)
    result = one_object(
        minnorm("solve", "weighed.csv", "--weights", "times", "--lam", "1e-2", "--out", "s.nc", "--json")
    )
    assert (result["features"], result["target"], result["weights"]) == (["x", "z"], "y", "times")
    sol = mn.fit(X, Y, 1e-2, sample_weight=[1, 2, 3, 1, 0])
    assert (result["value"], result["lower_bound"]) == (sol.value, sol.lower_bound)
    assert result["lam_max"] == mn.lam_max(X, Y, sample_weight=[1, 2, 3, 1, 0])
    again = one_object(minnorm("verify", "weighed.csv", "s.nc", "--json"))
    assert (again["value"], again["lower_bound"], again["certified"]) == (sol.value, sol.lower_bound, True)
    path = one_object(minnorm("solve", "weighed.csv", "--weights", "times", "--path", "--lam", "1e-2", "--json"))
    assert path["path"][0]["loss"] == pytest.approx(np.mean((sol(X) - Y)[[0, 1, 1, 2, 2, 2, 3]] ** 2) / 2, rel=1e-3)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--weights", "times"], "where lam is 0 every label is met"),
        (["--weights", "no", "--lam", "1"], "no column no"),
        (["--weights", "y", "--target", "y", "--lam", "1"], "weights is 'y', which is the target"),
        (["--weights", "x", "--features", "x", "--lam", "1"], "weights is 'x', which is the target or one of the"),
    ],
)
def test_wrong_weights_are_refused(minnorm, tmp_path, options, words):
    (tmp_path / "weighed.csv").write_text(WEIGHED)
    process = minnorm("solve", "weighed.csv", *options)
    assert process.returncode == 2
    assert process.stderr.count("\n") == 1
    assert words in process.stderr


def test_an_answer_whose_file_cannot_be_written_is_printed_before_that_is_said(minnorm, plane):
    process = minnorm("solve", plane, "--out", "/dev/full", "--json")
    assert process.returncode == 2
    assert json.loads(process.stdout)["value"] > 0
    assert process.stderr.count("\n") == 1
    assert "no room for /dev/full" in process.stderr


def test_a_file_that_is_open_elsewhere_is_replaced(minnorm, plane, tmp_path):
    mn.known.line([0.0, 1.0], [0.0, 3.0]).save(tmp_path / "s.nc")
    with xr.open_dataset(tmp_path / "s.nc", engine="h5netcdf") as held:
        result = one_object(minnorm("solve", plane, "--out", "s.nc", "--json"))
        assert mn.Solution.load(tmp_path / "s.nc").value == result["value"]
        assert held["dual"].size == 2


def test_tables_for_people(minnorm, plane):
    solved = minnorm("solve", plane, "--out", "s.nc", "--skip", "free")
    assert solved.returncode == 0
    assert all(word in solved.stdout for word in ("lower bound", "certified", "exact"))
    assert "certified" in minnorm("verify", plane, "s.nc").stdout
    assert "lam max" in minnorm("solve", plane, "--path", "--lam", "0.1").stdout


def test_verify_sees_other_data(minnorm, plane, tmp_path):
    one_object(minnorm("solve", plane, "--out", "s.nc", "--json"))
    (tmp_path / "swapped.csv").write_text("y,z,x\n" + "".join(f"{y},{z},{x}\n" for (x, z), y in zip(X, Y, strict=True)))
    assert one_object(minnorm("verify", "swapped.csv", "s.nc", "--json"))["certified"] is True
    (tmp_path / "other.csv").write_text(PLANE.replace("1,1,0\n", "1,1,0.5\n"))
    other = one_object(minnorm("verify", "other.csv", "s.nc", "--json"))
    assert other["certified"] is False
    assert other["residual"] == pytest.approx(0.5)
    (tmp_path / "renamed.csv").write_text(PLANE.replace("z", "w"))
    process = minnorm("verify", "renamed.csv", "s.nc")
    assert process.returncode == 2
    assert "x, w" in process.stderr
    assert "x, z" in process.stderr


def test_a_time_limit_returns_the_best_so_far_and_says_so(minnorm, plane, tmp_path):
    process = minnorm("solve", plane, "--time-limit", "0", "--out", "s.nc")
    assert process.returncode == 0
    assert process.stderr.startswith("not certified: the relative gap is ")
    assert process.stderr.endswith("; give more --time-limit\n")
    result = one_object(minnorm("solve", plane, "--time-limit", "0", "--json"))
    assert result["certified"] is False
    assert result["ending"] == "time"
    assert result["lower_bound"] < one_object(minnorm("solve", plane, "--json"))["value"] < result["value"]
    np.testing.assert_allclose(mn.Solution.load(tmp_path / "s.nc")(X), Y, atol=1e-10)


def test_a_search_says_that_it_proves_nothing(minnorm, tmp_path):
    (tmp_path / "high.csv").write_text(HIGH)
    result = one_object(minnorm("solve", "high.csv", "--tolerance", "1e-2", "--seed", "3", "--json"))
    assert result["scope"] in ("searched", "bounded")
    assert result["certified"] == (result["scope"] == "bounded")


@pytest.mark.slow
def test_path(minnorm, plane, tmp_path):
    result = one_object(minnorm("solve", plane, "--path", "--lam", "0.01", "--lam", "0.1", "--out", "p.nc", "--json"))
    assert [record["lam"] for record in result["path"]] == [0.1, 0.01]
    assert all(record["certified"] is True for record in result["path"])
    assert result["lam_max"] == mn.lam_max(X, Y)
    with xr.open_dataset(tmp_path / "p.nc", engine="h5netcdf") as data:
        assert data["value"].values.tolist() == [record["value"] for record in result["path"]]
        assert data["coordinate"].values.tolist() == ["x", "z"]
    assert len(one_object(minnorm("solve", plane, "--path", "--json"))["path"]) == 25


def test_band_takes_its_columns_in_any_order(minnorm, tmp_path):
    (tmp_path / "line.csv").write_text("x,y\n0,0\n1,0\n2,1\n3,3\n")
    (tmp_path / "query.csv").write_text("x\n0.5\n1\n1.5\n4\n")
    result = one_object(minnorm("solve", "line.csv", "--band", "query.csv", "--out", "b.nc", "--json"))
    assert [record["point"] for record in result["band"]] == [[0.5], [1.0], [1.5], [4.0]]
    upper = [record["upper"] for record in result["band"]]
    assert upper == pytest.approx([0.0, 0.0, 0.5, 5.0], abs=1e-12)
    with xr.open_dataset(tmp_path / "b.nc", engine="h5netcdf") as data:
        assert data["upper"].values.tolist() == upper
    assert "upper" in minnorm("solve", "line.csv", "--band", "query.csv").stdout
    (tmp_path / "plane.csv").write_text("u,v,y\n0,0,0\n1,0,0\n2,0,1\n3,0,3\n")
    (tmp_path / "query.csv").write_text("v,u\n0,1.5\n7,1.5\n")
    result = one_object(minnorm("solve", "plane.csv", "--band", "query.csv", "--json"))
    assert [record["point"] for record in result["band"]] == [[1.5, 0.0], [1.5, 7.0]]
    assert [record["upper"] for record in result["band"]] == pytest.approx([0.5, 0.5])


def test_progress_off_a_terminal_is_sparse(minnorm, capsys):
    from minnorm.cli.show import gap_progress

    with gap_progress(1e-6, quiet=False) as show:
        for seconds in (0.1, 1.1, 1.2, 1.9, 2.3, 4.0, 4.7):
            show(seconds, 2.0, 1.0)
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines() == [f"{seconds} s: gap 5.0e-01, value 2, lower bound 1" for seconds in (1, 2, 5)]


def test_progress_on_a_terminal_shows_the_gap(monkeypatch, capsys):
    import sys

    from minnorm.cli.show import gap_progress

    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with gap_progress(1e-6, quiet=False) as show:
        show(0.5, np.inf, -np.inf)
        show(1.5, 2.0, 2.0 - 2e-3)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("content", "arguments", "words"),
    [
        (PLANE, ["--lam", "-1"], ["lam", "-1", ">= 0"]),
        (PLANE, ["--lam", "nan"], ["lam", "nan"]),
        (PLANE, ["--lam", "much"], ["lam", "'much'", "number"]),
        (PLANE, ["--lam", "1", "--lam", "2"], ["lam", "2 times", "--path"]),
        (PLANE, ["--path", "--lam", "-1"], ["lam", "-1"]),
        (PLANE, ["--path", "--lam", "1", "--lam", "1"], ["lam", "once"]),
        (PLANE, ["--tolerance", "0"], ["tolerance", "0", "1e-10"]),
        (PLANE, ["--tolerance", "2"], ["tolerance", "2"]),
        (PLANE, ["--time-limit", "-1"], ["time_limit", "-1", ">= 0"]),
        (PLANE, ["--time-limit", "soon"], ["time-limit", "'soon'"]),
        (PLANE, ["--seed", "-1"], ["seed", "-1", ">= 0"]),
        (PLANE, ["--seed", "1.5"], ["seed", "'1.5'", "whole"]),
        (PLANE, ["--bias", "some"], ["bias", "'some'", "penalised"]),
        (PLANE, ["--skip", "some"], ["skip", "'some'", "free"]),
        (PLANE, ["--offset", "some"], ["offset", "'some'", "none"]),
        (PLANE, ["--speed", "1"], ["--speed", "minnorm solve --help"]),
        (PLANE, ["--target", "q"], ["target", "'q'", "x, z, y"]),
        (PLANE, ["--out", "no/s.nc"], ["out", "no/s.nc", "directory no"]),
        (PLANE, ["--band", "nowhere.csv"], ["nowhere.csv", "not a file"]),
        (PLANE, ["--features", "x,q"], ["no column q", "x, z, y"]),
        (PLANE, ["--features", "x,y", "--target", "y"], ["target is 'y'", "features"]),
        (PLANE, ["--drop", "q"], ["no column q", "x, z, y"]),
        (PLANE, ["--drop", "x,z"], ["columns y", "two or more"]),
        (PLANE, ["--separator", "xy"], ["separator is 'xy'", "semicolon"]),
        (PLANE, ["--separator", "comma", "--decimal", ","], ["separator and decimal"]),
        (PLANE, ["--decimal", "x"], ["decimal is 'x'"]),
        (PLANE, ["--path", "--lam", "0", "--lam", "1", "--ties", "mean"], ["ties is mean", "leave 0 out"]),
        (PLANE, ["--band", "data.csv", "--lam", "1"], ["lam", "1.0", "band"]),
        (PLANE, ["--band", "data.csv", "--path"], ["--path", "--band"]),
        (PLANE + "0,0,nan\n", [], ["line 7", "'y'", "nan"]),
        (PLANE + "0,,0\n", [], ["line 7", "'z'", "--dropna"]),
        (PLANE + "0,inf,0\n", [], ["line 7", "'z'", "inf"]),
        (PLANE + "0,one,0\n", [], ["line 7", "'z'", "'one'"]),
        (
            PLANE + "0,0,7\n",
            [],
            ["1 point more than once", "lines 2, 7", "--lam above 0", "--ties mean"],
        ),
        ("y\n1\n", [], ["two or more"]),
    ],
)
def test_bad_input_is_one_line_and_exit_two(minnorm, tmp_path, content, arguments, words):
    (tmp_path / "data.csv").write_text(content)
    process = minnorm("solve", "data.csv", *arguments)
    assert process.returncode == 2, process.stderr
    assert process.stdout == ""
    assert process.stderr.count("\n") == 1, process.stderr
    assert process.stderr.startswith("minnorm: ")
    assert all(word in process.stderr for word in words), process.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["data.csv", "nowhere.nc"], ["nowhere.nc", "not a file", "--out"]),
        (["data.csv", "data.csv"], ["data.csv", "no digest", "minnorm solve --out"]),
        (["data.csv", "path.nc"], ["not a solution", "minnorm solve --out"]),
        (["data.csv"], ["Missing argument", "solution"]),
    ],
)
def test_verify_refuses_what_is_no_solution(minnorm, tmp_path, arguments, words):
    (tmp_path / "data.csv").write_text(PLANE)
    sealed.save(xr.Dataset({"value": ("lam", [1.0])}), tmp_path / "path.nc")
    process = minnorm("verify", *arguments)
    assert process.returncode == 2, process.stderr
    assert process.stderr.count("\n") == 1, process.stderr
    assert all(word in process.stderr for word in words), process.stderr


@pytest.mark.parametrize("command", ["solve", "verify"])
def test_help_has_an_example_that_runs(minnorm, tmp_path, command):
    (tmp_path / "points.csv").write_text(PLANE)
    assert minnorm("solve", "points.csv", "--out", "solution.nc", "--json").returncode == 0
    page = " ".join(minnorm(command, "--help").stdout.split())
    example = page.partition("Example: ")[2].partition(".nc")[0] + ".nc"
    assert minnorm(*example.split()[1:], "--json").returncode == 0


def test_other_neurons_are_solved_saved_and_verified(minnorm, plane):
    options = ["--skip", "free", "--activation", "leaky_relu:0.25", "--out", "s.nc", "--json"]
    result = one_object(minnorm("solve", plane, *options))
    penalty = mn.PathNorm(skip="free", activation="leaky_relu:0.25")
    assert result["certified"]
    assert result["value"] == pytest.approx(mn.interpolate(X, Y, penalty=penalty).value)
    assert one_object(minnorm("verify", plane, "s.nc", "--json"))["certified"]
    assert one_object(minnorm("solve", plane, "--activation", "abs", "--bias", "penalised", "--json"))["certified"]


def test_labels_that_are_other_classes_are_named_with_their_column(minnorm, tmp_path):
    (tmp_path / "c.csv").write_text("u,label\n0,0\n1,1\n")
    refused = minnorm("separate", "c.csv")
    assert refused.returncode == 2
    assert refused.stderr.strip() == (
        "minnorm: column label has the values 0, 1; loss margin takes two classes, -1 and 1; give -1 for 0 and 1 for 1"
    )
