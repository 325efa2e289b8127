import json

import pytest


@pytest.fixture
def points(tmp_path):
    (tmp_path / "points.csv").write_text("x,y\n0,0\n1,0\n2,1\n3,3\n4,1\n")
    return "points.csv"


def test_penalised_biases_and_a_picture(minnorm, points, tmp_path):
    done = minnorm("known", "line", points, "--bias", "penalised", "--plot", "line.png", "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["certified"] is True
    assert (tmp_path / "line.png").stat().st_size > 10_000


def test_the_sparsest_has_fewer_knots(minnorm, points):
    found = [minnorm("known", "line", points, "--skip", "free", "--json", *more) for more in ([], ["--sparsest"])]
    full, sparse = (json.loads(done.stdout) for done in found)
    assert full["unique"] is False
    assert sparse["norm"] == pytest.approx(full["norm"], rel=1e-12)
    assert len(sparse["knots"]) < len(full["knots"])


def test_neurons_that_are_not_relu(minnorm, points):
    norms = {}
    for skip in ("none", "free"):
        for activation in ("relu", "abs"):
            done = minnorm("known", "line", points, "--skip", skip, "--activation", activation, "--json")
            found = json.loads(done.stdout)
            assert found["certified"] is True
            norms[skip, activation] = found["norm"]
    assert norms["free", "abs"] == pytest.approx(norms["free", "relu"] / 2, rel=1e-12)
    # Slopes 0, 1, 2, -2: turns 1 + 1 + 4, and with |z| (6 + |0 - 2|) / 2.
    assert norms["none", "abs"] == pytest.approx(4.0, rel=1e-12)


def test_the_path(minnorm, points):
    result = json.loads(minnorm("known", "line", points, "--skip", "free", "--path", "--json").stdout)
    assert result["exact"] is True
    assert sorted(result["lams"], reverse=True) == result["lams"]
    assert "breakpoints" in minnorm("known", "line", points, "--skip", "free", "--path").stdout


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--path"], "skip='free'"),
        (["--path", "--skip", "free", "--sparsest"], "leave out --sparsest"),
        (["--offset", "none"], "use offset='free'"),
        (["--activation", "abs", "--sparsest"], "is for ReLU"),
    ],
)
def test_what_does_not_go_together(minnorm, points, more, message):
    done = minnorm("known", "line", points, *more)
    assert done.returncode == 2
    assert message in done.stderr
