"""`minnorm compare`: networks in files, and one line for what is none."""

import json

import numpy as np
import pytest

import minnorm as mn
from made import random_network

TABLE = "u,v,y\n0,0,1\n1,0,2\n0,1,0\n1,1,1.5\n0.5,0.2,1\n"
X = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [0.5, 0.2]])
Y = np.array([1.0, 2.0, 0.0, 1.5, 1.0])
NET = random_network(0, 6, 2)


@pytest.fixture
def files(tmp_path):
    (tmp_path / "data.csv").write_text(TABLE)
    np.savez(tmp_path / "net.npz", **NET.to_dict())
    return tmp_path


def test_a_file_is_compared_as_its_network_is(minnorm, files):
    found = mn.compare(NET, X, Y, weight_decay=0.02, decayed="all")
    said = minnorm("compare", "data.csv", "net.npz", "--weight-decay", "0.02", "--decayed", "all", "--json")
    (one,) = json.loads(said.stdout)["networks"]
    assert one["objective"] == pytest.approx(found.objective, rel=1e-12)
    assert one["excess"] == pytest.approx(found.excess, rel=1e-6)
    assert sum(one["parts"].values()) == pytest.approx(one["excess"], rel=1e-9)
    assert one["scope"] == "exact"
    text = minnorm("compare", "data.csv", "net.npz", "--weight-decay", "0.02", "--plot", "excess.svg")
    assert text.returncode == 0
    assert "lower bound" in text.stdout
    assert (files / "excess.svg").stat().st_size > 1000


def test_a_leak_of_a_file_and_a_solution_are_known(minnorm, files):
    assert minnorm("solve", "data.csv", "--lam", "0.01", "--out", "best.nc").returncode == 0
    (one,) = json.loads(minnorm("compare", "data.csv", "best.nc", "--json").stdout)["networks"]
    assert one["parts"]["function"] < 1e-5
    leaky = ("compare", "data.csv", "net.npz", "--lam", "0.02", "--activation", "leaky_relu:0.1", "--json")
    (one,) = json.loads(minnorm(*leaky).stdout)["networks"]
    assert one["lower_bound"] > 0


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.txt", b"", "a.txt ends in '.txt'; give a file that ends in .pt"),
        ("none.npz", None, "none.npz is not a file"),
        ("junk.npz", b"hello", "is no .npz file that can be read"),
        ("junk.nc", b"hello", "junk.nc has no digest at its end"),
        ("objects.npz", "objects", "holds Python objects, which are not executed"),
        ("deep.npz", "deep", "has 3 linear layers"),
        ("net.npz", "none", "none of weight_decay and lam are given"),
    ],
)
def test_bad_input_is_one_line(minnorm, files, name, content, message):
    if content == "objects":
        np.savez(files / name, a=np.array([{}], dtype=object))
    elif content == "deep":
        np.savez(files / name, **{f"{k}.weight": np.ones((2, 2)) for k in range(3)})
    elif isinstance(content, bytes):
        (files / name).write_bytes(content)
    options = () if content == "none" else ("--weight-decay", "0.1")
    said = minnorm("compare", "data.csv", name, *options)
    assert said.returncode == 2
    assert message in said.stderr
    assert said.stderr.strip().count("\n") <= 1
