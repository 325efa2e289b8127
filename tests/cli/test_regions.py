"""`minnorm regions`: its JSON, table and picture, and what it refuses."""

import json

import numpy as np
import pytest
from matplotlib.image import imsave

BOXES = """
[[region]]
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


def answer(done):
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def test_two_boxes_cost_twice_their_slope(minnorm, tmp_path):
    (tmp_path / "boxes.toml").write_text(BOXES)
    result = answer(minnorm("regions", "boxes.toml", "--plot", "boxes.png", "--json"))
    assert result["certified"] is True
    assert result["value"] == pytest.approx(2.0)
    assert (tmp_path / "boxes.png").stat().st_size > 10_000
    shown = minnorm("regions", "boxes.toml").stdout
    assert "between 2 and 2" in shown


def test_a_mask_is_regions(minnorm, tmp_path):
    picture = np.full((40, 60), 0.5)
    picture[10:30, 5:20], picture[10:30, 40:55] = 0.0, 1.0
    imsave(tmp_path / "mask.png", picture, cmap="gray", vmin=0, vmax=1)
    result = answer(minnorm("regions", "--image", "mask.png", "--unknown", "0.5", "--within", "0.01", "--json"))
    assert result["parts"] == 2
    # The gap is 20 of 40 pixels, to one pixel on each side.
    assert 2 * 0.98 / (22 / 40) <= result["lower_bound"] <= result["value"] <= 2 / (18 / 40)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "region is"),
        ("[[region]]\nshape = 'ball'\nlabel = 1", "region 0 has no center"),
        ("x = 1", "regions.toml has x"),
        ("[[", "is no TOML file"),
    ],
)
def test_what_is_no_description_is_refused_in_one_line(minnorm, tmp_path, text, said):
    (tmp_path / "regions.toml").write_text(text)
    done = minnorm("regions", "regions.toml")
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_one_source_is_wanted(minnorm):
    assert "description and image" in minnorm("regions").stderr
    assert "give --image" in minnorm("regions", "some.toml", "--unknown", "0.5").stderr
    assert "give a TOML file" in minnorm("regions", "missing.toml").stderr


def test_several_rooms_and_margins(minnorm, tmp_path):
    (tmp_path / "boxes.toml").write_text(BOXES)
    asked = ("--within", "0.2", "--within", "0.1", "--plot", "path.png", "--json")
    result = answer(minnorm("regions", "boxes.toml", *asked))
    assert [one["within"] for one in result["brackets"]] == [0.2, 0.1]
    assert result["lower_bound_at_0"] <= 2.0
    assert (tmp_path / "path.png").stat().st_size > 5000
    (tmp_path / "sides.toml").write_text(BOXES.replace("label = 0", "label = -1"))
    assert answer(minnorm("regions", "sides.toml", "--margins", "--json"))["value"] == pytest.approx(2.0, rel=1e-2)
    assert "margins have no within" in minnorm("regions", "sides.toml", "--margins", "--within", "0.1").stderr
