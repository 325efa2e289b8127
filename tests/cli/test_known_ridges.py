"""`minnorm known ridge`, `ridge-sum` and `denoiser`: their JSON, tables, pictures, and what they refuse."""

import json

import pytest

from minnorm.known import acute_denoiser, denoiser, ridge, ridge_sum
from minnorm.objective.norm import PathNorm

LINE = "x,y,z,value\n0,0,1,0\n1,2,3,1\n2,4,5,0\n4,8,9,1\n"
FIBRES = "u,v,value\n-1,0.5,1\n-1,-0.5,1\n0,0.5,0\n0,-0.5,0\n1,0.5,1\n1,-0.5,1\n"
CROSS = "u,v,value\n0,0,0\n1,0,1\n-1,0,1\n0,1,-1\n0,-1,-1\n"
ALIKE = "u,v,value\n0,0,0\n1,0,0\n2,0,1\n0,1,0\n0,2,1\n"
CLEAN = "u,v\n0,0\n2,0\n-1,1.5\n-1,-2\n"


@pytest.fixture
def files(tmp_path):
    for name, text in (("line", LINE), ("fibres", FIBRES), ("cross", CROSS), ("alike", ALIKE), ("clean", CLEAN)):
        (tmp_path / f"{name}.csv").write_text(text)
    (tmp_path / "numbers.csv").write_text("x\n0\n1\n3\n")


def answer(done):
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


@pytest.mark.usefixtures("files")
def test_points_on_a_line(minnorm):
    result = answer(minnorm("known", "ridge", "line.csv", "--bias", "penalised", "--json"))
    x = [[0, 0, 1], [1, 2, 3], [2, 4, 5], [4, 8, 9]]
    assert result["norm"] == ridge(x, [0, 1, 0, 1], PathNorm("penalised")).value
    assert result["certified"] is True
    assert len(result["dual"]) == 4
    assert "upper bound" not in minnorm("known", "ridge", "line.csv").stdout


@pytest.mark.usefixtures("files")
def test_values_along_a_direction(minnorm, tmp_path):
    arguments = ["known", "ridge", "fibres.csv", "--target", "value", "--direction", "-2,0", "--plot", "a.png"]
    result = answer(minnorm(*arguments, "--json"))
    assert result["norm"] == pytest.approx(2.0, rel=1e-13)
    assert (result["certified"], result["plot"]) == (True, "a.png")
    assert (tmp_path / "a.png").stat().st_size > 10_000


@pytest.mark.slow
@pytest.mark.usefixtures("files")
def test_a_sum_on_two_axes(minnorm, tmp_path):
    result = answer(minnorm("known", "ridge-sum", "cross.csv", "--plot", "a.svg", "--json"))
    x = [[0, 0], [1, 0], [-1, 0], [0, 1], [0, -1]]
    assert result["norm"] == ridge_sum(x, [0, 1, 1, -1, -1]).value == pytest.approx(4.0, rel=1e-13)
    assert (tmp_path / "a.svg").read_text().startswith("<?xml")
    more = ["--direction", "0,1", "--direction", "1,0", "--centre", "0,0", "--skip", "free"]
    table = minnorm("known", "ridge-sum", "cross.csv", *more).stdout
    assert "certified" in table


@pytest.mark.slow
@pytest.mark.usefixtures("files")
@pytest.mark.parametrize("name", ["clean", "numbers"])
def test_a_denoiser(minnorm, tmp_path, name):
    arguments = ["known", "denoiser", f"{name}.csv", "--radius", "0.25", "--plot", "a.png"]
    result = answer(minnorm(*arguments, "--json"))
    clean = [[0, 0], [2, 0], [-1, 1.5], [-1, -2]] if name == "clean" else [0, 1, 3]
    assert result["norm"] == pytest.approx(denoiser(clean, 0.25).norm, rel=1e-15)
    assert len(result["rays"]) == (3 if name == "clean" else 1)
    assert (tmp_path / "a.png").stat().st_size > 10_000
    assert "steepest slope" in minnorm(*arguments).stdout


def test_a_denoiser_of_an_acute_triangle(minnorm, tmp_path):
    (tmp_path / "three.csv").write_text("u,v\n0,1\n-0.8,-0.5\n0.8,-0.5\n")
    arguments = ["known", "denoiser", "three.csv", "--radius", "0.2"]
    result = answer(minnorm(*arguments, "--json"))
    assert result["norm"] == acute_denoiser([[0, 1], [-0.8, -0.5], [0.8, -0.5]], 0.2).norm
    assert result["certified"] is True
    assert "lower bound" in minnorm(*arguments).stdout
    assert "give less than 0.705882" in minnorm(*arguments[:-1], "0.8").stderr


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["ridge", "fibres.csv"], ["nearest line", "give the direction"]),
        (["ridge", "fibres.csv", "--direction", "0,1"], ["the same w . x"]),
        (["ridge", "fibres.csv", "--direction", "0,one"], ["direction", "'one'"]),
        (["ridge", "fibres.csv", "--direction", "1"], ["direction has 1 entries"]),
        (["ridge", "fibres.csv", "--direction", "1,0", "--plot", "no/a.png"], ["no directory no"]),
        (["ridge-sum", "alike.csv", "--skip", "free"], ["both turn upwards"]),
        (["ridge-sum", "cross.csv", "--direction", "1,0", "--direction", "1"], ["different lengths"]),
        (["denoiser", "clean.csv", "--radius", "1"], ["radius is 1.0", "give less than"]),
        (["denoiser", "clean.csv", "--radius", "wide"], ["radius is 'wide'"]),
        (["denoiser", "clean.csv"], ["--radius"]),
    ],
)
def test_what_is_wrong_is_said(minnorm, arguments, words):
    done = minnorm("known", *arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert all(word in done.stderr for word in words), done.stderr
