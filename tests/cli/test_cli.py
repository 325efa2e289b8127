import json
import re
import subprocess
import sys
import uuid
from importlib.metadata import version
from pathlib import Path

import pytest
import xarray as xr

POINTS = "x,y\n-1,0\n0,1\n1,0\n"


@pytest.fixture
def points(tmp_path):
    (tmp_path / "points.csv").write_text(POINTS)
    return "points.csv"


def one_object(process):
    assert process.returncode == 0, process.stderr
    assert process.stdout.count("\n") == 1
    return json.loads(process.stdout)


def test_radial_prints_all_digits(minnorm):
    result = one_object(minnorm("known", "radial", "--dim", "15", "--json"))
    assert f"{result['norm']:.11f}" == "100.25674859651"
    assert result["norm_lower"] <= result["norm"] <= result["norm_upper"]
    assert sum(map(abs, result["masses"])) == pytest.approx(result["norm"], rel=1e-12)


def test_line(minnorm, points):
    result = one_object(minnorm("known", "line", points, "--target", "y", "--json"))
    assert result["norm"] == 2.0
    assert result["certified"] is True
    table = minnorm("known", "line", points)
    assert table.returncode == 0
    assert "certified" in table.stdout


@pytest.mark.slow
def test_train_writes_networks_and_one_json_object(minnorm, points, tmp_path):
    arguments = ["train", points, "--target", "y", "--width", "10", "--steps", "20", "--seeds", "2"]
    result = one_object(
        minnorm(*arguments, "--weight-decay", "0", "--weight-decay", "1e-3", "--out", "runs.nc", "--json")
    )
    assert [(run["weight_decay"], run["seed"]) for run in result["runs"]] == [(0, 0), (0, 1), (1e-3, 0), (1e-3, 1)]
    for run in result["runs"][2:]:
        assert run["scope"] == "exact"
        assert run["excess"] == pytest.approx(run["objective"] / run["lower_bound"] - 1)
        assert run["excess"] > 0
    assert "excess" not in result["runs"][0]
    with xr.open_dataset(tmp_path / "runs.nc", engine="h5netcdf") as runs:
        assert runs["path_norm"].isel(step=-1).values.ravel().tolist() == [r["path_norm"] for r in result["runs"]]
    assert minnorm(*arguments).returncode == 0
    bare = one_object(minnorm(*arguments, "--weight-decay", "1e-3", "--no-certify", "--json"))
    assert "lower_bound" not in bare["runs"][0]


@pytest.mark.slow
def test_train_says_which_column_is_to_be_scaled(minnorm, tmp_path):
    (tmp_path / "years.csv").write_text("year,size,y\n1871,0.2,1\n1900,0.1,2\n1970,0.3,3\n")
    (tmp_path / "sizes.csv").write_text("wide,narrow,y\n-900,0.2,1\n0,0.1,2\n800,0.3,3\n")
    for file, said in (
        ("years", "column year ranges over 1871..1970: "),
        ("sizes", "column narrow ranges over 0.1..0.3"),
    ):
        answer = minnorm("train", f"{file}.csv", "--width", "3", "--steps", "2", "--weight-decay", "0.1")
        assert said in answer.stderr
        assert "excess" in answer.stdout


@pytest.mark.slow
def test_diverged_networks_are_null_in_json(minnorm, points):
    result = one_object(
        minnorm(
            "train", points, "--optimizer", "gd", "--learning-rate", "1e9", "--steps", "50", "--width", "9", "--json"
        )
    )
    assert result["runs"][0]["diverged"] is True
    assert result["runs"][0]["training_loss"] is None


@pytest.mark.slow
def test_study_and_report(minnorm, tmp_path):
    (tmp_path / "s.toml").write_text(
        'name = "s"\n[task]\nkind = "line"\nx = [0.0, 1.0, 2.0]\ny = [0.0, 1.0, 0.0]\n[train]\nwidth = 9\nsteps = 9\n'
    )
    assert one_object(minnorm("study", "run", "s.toml", "--json"))["complete"] is True
    assert one_object(minnorm("study", "status", "s", "--json"))["done"] == 1
    assert "1 of 1" in minnorm("study", "status", "s").stdout
    page = one_object(minnorm("report", "s", "--json"))["report"]
    assert (tmp_path / page).read_text().startswith("<!doctype html>")
    made = one_object(minnorm("report", "s", "--figures", "f", "--kind", "png", "--style", "dark", "--json"))["figures"]
    assert made == ["f/s-1-learned-functions.png", "f/s-2-norm-and-loss-in-training.png"]
    assert all((tmp_path / name).read_bytes().startswith(b"\x89PNG") for name in made)
    again = minnorm("study", "run", "s.toml")
    assert again.returncode == 0
    assert again.stdout.startswith("done: s")


@pytest.mark.slow
def test_plan_resume_merge_and_export(minnorm, tmp_path):
    (tmp_path / "s.toml").write_text(
        'name = "s"\n[task]\nkind = "line"\nx = [0.0, 1.0, 2.0]\ny = [0.0, 1.0, 0.0]\n[train]\nwidth = 9\nsteps = 9\n'
    )
    planned = one_object(minnorm("study", "plan", "s.toml", "--json"))
    assert (planned["networks"], planned["shards"], planned["done"]) == (1, 1, 0)
    assert planned["seconds"] > 0
    assert one_object(minnorm("study", "run", "s.toml", "--json"))["complete"] is True
    _, heads, row = (re.split(r"  +", line) for line in minnorm("study", "plan", "s.toml").stdout.splitlines())
    assert dict(zip(heads, row, strict=True)) == {
        "study": "s",
        "networks": "1",
        "shards": "1",
        "done": "1",
        "time left": "about 0 s",
        "disk": "0.0 MB",
    }
    assert one_object(minnorm("study", "resume", "s", "--json"))["complete"] is True
    merged = one_object(minnorm("study", "merge", "s", "--out", "t", "--json"))
    assert (merged["copied"], merged["missing"]) == (1, 0)
    assert minnorm("study", "merge", "s", "--out", "t").stdout == "t: 0 shards copied, 1 there already, 0 missing\n"
    assert one_object(minnorm("study", "export", "t", "--out", "t.csv", "--json"))["rows"] == 1
    columns = (tmp_path / "t.csv").read_text().splitlines()[0].split(",")
    assert columns[:2] == ["shard", "optimizer"]
    assert {"initial", "width", "learning_rate", "seed", "path_norm"} <= set(columns)


@pytest.mark.slow
def test_a_directory_that_is_taken_is_said_before_any_work(minnorm, tmp_path):
    """Two files may have studies of one name."""
    text = (
        'name = "s"\n[task]\nkind = "line"\nx = [0.0, 1.0, 2.0]\ny = [0.0, 1.0, 0.0]\n[train]\nwidth = 9\nsteps = {}\n'
    )
    (tmp_path / "one.toml").write_text(text.format(9) + "[study.b]\n")
    (tmp_path / "two.toml").write_text(text.format(8) + "[study.a]\n[study.b]\n")
    assert minnorm("study", "run", "one.toml", "--out", "s").returncode == 0
    refused = minnorm("study", "run", "two.toml", "--out", "s")
    assert refused.returncode == 2
    assert "s/b holds the study" in refused.stderr
    assert sorted(path.name for path in (tmp_path / "s").iterdir()) == ["b"]


@pytest.mark.slow
def test_stores_behind_urls(minnorm, tmp_path):
    (tmp_path / "s.toml").write_text(
        'name = "s"\n[task]\nkind = "line"\nx = [0.0, 1.0, 2.0]\ny = [0.0, 1.0, 0.0]\n[train]\nwidth = 9\nsteps = 9\n'
    )
    url = f"memory://{uuid.uuid4().hex}/s"
    assert one_object(minnorm("study", "run", "s.toml", "--out", url, "--json"))["directory"] == url
    assert one_object(minnorm("study", "resume", url, "--json"))["complete"] is True
    assert one_object(minnorm("study", "plan", "s.toml", "--out", url, "--json"))["done"] == 1
    assert one_object(minnorm("study", "status", url, "--json"))["done"] == 1
    assert one_object(minnorm("study", "merge", url, "--out", f"{url}-more", "--json"))["copied"] == 1
    assert one_object(minnorm("study", "export", url, "--out", "s.csv", "--json"))["rows"] == 1
    assert "--out" in minnorm("report", url).stderr
    assert one_object(minnorm("report", url, "--out", "s.html", "--json"))["report"] == "s.html"
    assert one_object(minnorm("study", "run", "s.toml", "--out", f"file://{tmp_path}/t", "--json"))["complete"] is True
    assert (tmp_path / "t" / "study.json").is_file()
    assert not list(tmp_path.glob("*:*")), "no URL was taken for a path"


@pytest.mark.parametrize(
    ("content", "arguments", "words"),
    [
        (POINTS, ["known", "radial", "--dim", "0"], ["dim", "0", "positive"]),
        (POINTS, ["known", "radial", "--dim", "-3"], ["dim", "-3", "positive"]),
        (POINTS, ["known", "radial", "--dim", "2.5"], ["dim", "2.5", "whole number"]),
        (POINTS, ["known", "radial", "--dim", "3", "--plateau", "1"], ["plateau", "1"]),
        (POINTS, ["known", "radial", "--dim", "3", "--plateau", "nan"], ["plateau", "nan"]),
        (POINTS, ["known", "radial"], ["--dim"]),
        ("x,y\n0,1\n1,nan\n", ["known", "line", "points.csv"], ["line 3", "'y'"]),
        ("x,y\n0,1\n", ["known", "line", "points.csv"], ["1 distinct point", "two"]),
        ("x,y\n0,1\n0,2\n1,1\n", ["known", "line", "points.csv"], ["lines 2, 3", "--ties mean"]),
        ("x,z,y\n0,1,2\n1,2,3\n", ["known", "line", "points.csv"], ["2 columns", "one coordinate"]),
        (POINTS, ["known", "line", "points.csv", "--skip", "maybe"], ["skip", "maybe", "free"]),
        (POINTS, ["known", "line", "points.csv", "--target", "q"], ["target", "'q'", "x, y"]),
        (POINTS, ["train", "points.csv", "--optimizer", "sdg"], ["optimizer", "'sdg'", "sgd"]),
        (POINTS, ["train", "points.csv", "--width", "0"], ["width", "0"]),
        (POINTS, ["train", "points.csv", "--learning-rate", "-1"], ["learning_rate", "-1"]),
        (POINTS, ["train", "points.csv", "--width", "2", "--out", "no/runs.nc"], ["out", "no"]),
        (POINTS, ["train", "nowhere.csv"], ["nowhere.csv", "not a file"]),
        (POINTS, ["study", "run", "nowhere.toml"], ["nowhere.toml"]),
        (POINTS, ["study", "plan", "nowhere.toml"], ["nowhere.toml"]),
        (POINTS, ["study", "run", "nowhere.toml", "--workers", "two"], ["two", "whole number"]),
        (POINTS, ["study", "status", "."], ["no study"]),
        (POINTS, ["study", "resume", "."], ["no study"]),
        (POINTS, ["study", "merge", ".", "--out", "x"], ["no study"]),
        (POINTS, ["study", "export", ".", "--out", "x.csv"], ["no study"]),
        (POINTS, ["study", "export", ".", "--out", "no/x.csv"], ["out", "no"]),
        (POINTS, ["report", "."], ["no study"]),
        (POINTS, ["report", "nowhere"], ["nowhere", "no study"]),
        (POINTS, ["report", ".", "--out", "no/page.html"], ["out", "no"]),
        (POINTS, ["report", ".", "--kind", "gif"], ["gif", "svg", "pdf"]),
        (POINTS, ["known", "radial", "--dim", "3", "--plot", "bump"], ["plot", "bump", ".svg"]),
        (POINTS, ["study", "status", "nope://x"], ["nope", "s3://"]),
        (POINTS, ["frobnicate"], ["frobnicate"]),
    ],
)
def test_bad_input_is_one_line_and_exit_two(minnorm, tmp_path, content, arguments, words):
    (tmp_path / "points.csv").write_text(content)
    process = minnorm(*arguments)
    assert process.returncode == 2, process.stderr
    assert process.stdout == ""
    assert process.stderr.count("\n") == 1, process.stderr
    assert process.stderr.startswith("minnorm: ")
    assert all(word in process.stderr for word in words), process.stderr


def test_help_loads_nothing_heavy():
    code = (
        "import sys; from minnorm.cli import app\n"
        "try: app(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'jax', 'numpy', 'pandas', 'xarray', 'matplotlib', 'scipy'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stderr
    assert "demo" in process.stdout


@pytest.mark.slow
def test_the_installed_command():
    command = [str(Path(sys.executable).with_name("minnorm"))]
    process = subprocess.run([*command, "--version"], capture_output=True, text=True, check=True)
    assert process.stdout.strip() == version("minnorm")
    process = subprocess.run([*command, "known", "radial", "--dim", "0"], capture_output=True, text=True, check=False)
    assert process.returncode == 2
    assert process.stderr.count("\n") == 1
