"""Regions as text."""

import numpy as np
import pytest

pytest.importorskip("panel", reason="the extra explore is not installed")

from minnorm.explore.regions.parts import MOST, Part, heard, of_picture, read, written
from minnorm.explore.regions.view import EXAMPLES
from minnorm.objective.regions.known import Regions


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_are_regions_and_their_own_text(name):
    text = EXAMPLES[name]["shapes"]
    parts = read(text)
    assert read(written(parts)) == parts
    assert heard([part.drawn() for part in parts]) == parts
    regions = Regions([(part.shape(), part.label) for part in parts])
    made = eval(
        f"mn.Regions([{', '.join(f'({part.code()}, {part.label})' for part in parts)}])", {"mn": __import__("minnorm")}
    )
    assert repr(made) == repr(regions)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("disc~1", "kind~label~numbers"),
        ("disc~1~0~0", "a disc has 3 numbers"),
        ("disc~1~0~0~nan", "not finite"),
        ("star~1~0~0~1", "'star' is no shape"),
        ("polygon~1~0~0~1~1", "three corners"),
        ("box~one~0~0~1~1", "give numbers"),
        (";".join(["disc~1~0~0~1"] * (MOST + 1)), "at most 40"),
    ],
)
def test_other_texts_are_refused(text, words):
    with pytest.raises(ValueError, match=words):
        read(text)


def test_a_picture_fills_the_box_and_is_the_right_way_up():
    levels = np.full((30, 40), np.nan)
    levels[2:10, 4:20] = 1.0  # above, on the left
    (part,) = of_picture(levels, np.array([-2.0, -1.5]), np.array([2.0, 1.5]))
    x, y = np.reshape(part.rings[0], (-1, 2)).T
    assert part.label == 1
    assert [x.min(), x.max()] == pytest.approx([-1.6, 0.0], abs=0.11)
    assert [y.min(), y.max()] == pytest.approx([0.5, 1.3], abs=0.11)
    # Without transparency what is at the corner is unknown.
    same = of_picture(np.where(np.isnan(levels), 0.5, levels), np.array([-2.0, -1.5]), np.array([2.0, 1.5]))
    assert same == [part]


def test_parts_are_rounded():
    assert Part.of("disc", 1, [[0.12345, -0.0, 1]]).rings == ((0.123, 0.0, 1.0),)
