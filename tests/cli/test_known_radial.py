"""`minnorm known radial`: one bump, its picture, and the table of norms."""

import csv
import json
import re
from pathlib import Path

import pytest

from minnorm.known import radial_bump, radial_norms

PAGE = Path(__file__).parents[2] / "docs" / "radial.md"


def test_one_bump_in_even_dimension(minnorm):
    answer = minnorm("known", "radial", "--dim", "2", "--outer", "2", "--json")
    assert (answer.returncode, answer.stderr) == (0, "")
    result = json.loads(answer.stdout)
    bump = radial_bump(2, outer=2.0)
    assert result["norm_lower"] <= 11.1422368484875731 <= result["norm_upper"]
    assert result["outer"] == 2.0
    assert sum(map(abs, result["masses"])) + abs(result["tail_mass"]) == pytest.approx(bump.norm, rel=1e-14)
    table = minnorm("known", "radial", "--dim", "2").stdout
    assert "11.198050815010" in table
    assert "outside the ball" in table


def test_digits(minnorm):
    arguments = ["known", "radial", "--dim", "3", "--plateau", "0.5", "--digits", "30", "--json"]
    low, high = json.loads(minnorm(*arguments).stdout)["proven"]
    assert low.startswith("95.9999999999999999999999999999")
    assert high.startswith("96.0000000000000000000000000000")


@pytest.mark.parametrize(("dim", "suffix"), [("2", "png"), ("5", "svg")])
def test_a_picture(minnorm, tmp_path, dim, suffix):
    answer = minnorm("known", "radial", "--dim", dim, "--plot", f"bump.{suffix}", "--json")
    assert json.loads(answer.stdout)["plot"] == f"bump.{suffix}"
    start = (tmp_path / f"bump.{suffix}").read_bytes()[:8]
    assert start.startswith(b"\x89PNG" if suffix == "png" else b"<?xml")


def test_a_table(minnorm, tmp_path):
    answer = minnorm("known", "radial", "--table", "5", "--out", "norms.csv")
    assert answer.returncode == 0
    assert "29.5766548709" in answer.stdout
    rows = list(csv.DictReader((tmp_path / "norms.csv").read_text().splitlines()))
    assert [int(row["dim"]) for row in rows] == [1, 2, 3, 4, 5]
    assert all(float(row["lower"]) <= float(row["norm"]) * (1 + 1e-11) for row in rows)
    found = json.loads(minnorm("known", "radial", "--table", "3", "--plateau", "0.5", "--json").stdout)["rows"]
    assert [row["norm"] for row in found] == [pytest.approx(norm, abs=1e-6) for norm in (8.0, 40.831913, 96.0)]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--dim", "2", "--outer", "1"], ["outer", "1.001"]),
        (["--dim", "51", "--plateau", "0.5"], ["plateau 0.5", "digits=16"]),
        (["--dim", "2", "--digits", "many"], ["digits", "'many'"]),
        (["--dim", "2", "--table", "3"], ["dim and table"]),
        (["--table", "0"], ["table is 0"]),
        (["--table", "3", "--plot", "a.png"], ["plot", "--dim"]),
        (["--dim", "3", "--out", "a.csv"], ["out", "--table"]),
        (["--dim", "3", "--plot", "no/a.png"], ["no"]),
        (["--dim", "3", "--plot", "a.xyz"], ["xyz"]),
        (["--dim", "3", "--within", "0.1"], ["outer", "finite"]),
        (["--dim", "3", "--within", "0.1", "--digits", "20"], ["digits", "--within"]),
        (["--table", "3", "--within", "0.1"], ["within", "--dim"]),
    ],
)
def test_what_is_wrong_is_said(minnorm, arguments, words):
    answer = minnorm("known", "radial", *arguments)
    assert answer.returncode == 2
    assert answer.stdout == ""
    assert answer.stderr.count("\n") == 1
    assert all(word in answer.stderr for word in words), answer.stderr


def test_near_1_and_0_instead_of_exactly(minnorm, tmp_path):
    words = ["known", "radial", "--dim", "2", "--plateau", "0.3", "--outer", "2", "--within", "0.05"]
    found = json.loads(minnorm(*words, "--plot", "a.png", "--json").stdout)
    assert found["norm_lower"] <= 10.34271374 <= found["norm_upper"]
    assert found["error"] <= 0.05
    assert (tmp_path / "a.png").stat().st_size > 0
    assert "10.3427" in minnorm(*words).stdout


@pytest.mark.parametrize("dims", [range(1, 9), pytest.param(range(9, 65), marks=pytest.mark.slow)])
def test_the_page_shows_the_norms_that_are_computed(dims):
    lines = re.findall(
        r"^\| (\d+) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|$", PAGE.read_text(), re.M
    )
    shown = {int(line[0]): line[1:] for line in lines}
    assert sorted(shown) == list(range(1, 65))
    for row in radial_norms(dims):
        norm, per_dim, quotient, lipschitz, per_root = shown[row.dim]
        assert norm == row.text()
        assert float(per_dim) == pytest.approx(row.per_dim, abs=6e-7)
        assert float(quotient) == pytest.approx(2 * (row.dim - 1) / row.norm, abs=6e-9)
        assert float(lipschitz) == pytest.approx(row.lipschitz, abs=6e-7)
        assert float(per_root) == pytest.approx(row.lipschitz_per_root, abs=6e-7)
