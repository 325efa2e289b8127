"""Regions: labels, contradictions, samples, descriptions, masks."""

import numpy as np
import pytest

import minnorm as mn
from minnorm.objective.regions.described import described
from minnorm.objective.regions.nearby import nearest


def test_labels_are_those_of_the_parts():
    K = mn.Regions(
        [(mn.box([0, 0], [1, 1]), mn.affine([1.0, -1.0], 2.0)), (mn.points([[3.0, 0.0], [4.0, 0.0]]), [5, 6])]
    )
    x = np.array([[0.5, 0.25], [4.0, 0.0], [2.0, 2.0]])
    np.testing.assert_array_equal(K.labels_at(x), [2.25, 6.0, np.nan])
    assert (len(K), K.dim, K.amplitude) == (3, 2, 5.0)


def test_samples_have_their_labels():
    K = mn.Regions([(mn.ball([0, 0], 1), 1.0), (mn.shell([0, 0], 2, 3), 0.0)])
    x, y = K.sample(2000, 0)
    np.testing.assert_array_equal(K.labels_at(x), y)
    assert np.mean(y) == pytest.approx(1 / 6, abs=0.03)


def test_parts_may_overlap_where_their_labels_agree():
    K = mn.Regions([(mn.box([0, 0], [1, 1]), 0.0), (mn.box([1, 0], [2, 1]), mn.affine([1.0, 0.0], -1.0))])
    assert len(K) == 2


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ([], "parts is empty"),
        ([(mn.ball(0.0, 1.0), 0.0), (mn.ball([0.0, 0.0], 1.0), 0.0)], "dimensions 1, 2"),
        ([(mn.ball([0, 0], 1), 0.0), (mn.ball([2, 0], 1), 1.0)], r"parts 0 and 1 meet at \(1, .*labels are 0 and 1"),
        ([(mn.box([0, 0, 0], [1, 1, 1]), 0.0), (mn.points([[0.5, 0.5, 0.5]]), 1.0)], "parts 0 and 1 meet"),
        ([(mn.ball([0, 0], 1), [1.0, 2.0])], r"label of parts\[0\] has shape"),
        ([(mn.ball([0, 0], 1), mn.affine(1.0))], "dimension 2 and its label 1"),
        ([(mn.ball([0, 0], 1), float("nan"))], "not finite"),
        ([("ball", 1.0)], r"parts\[0\]\[0\]"),
        (3, "give pairs of a shape and a label"),
    ],
)
def test_what_are_no_regions_is_refused(parts, said):
    with pytest.raises(ValueError, match=said):
        mn.Regions(parts)


def test_nearest_points_of_two_discs_are_on_the_line_of_their_centres():
    one, other = nearest(mn.ball([0.0, 0.0], 1.0), mn.ball([3.0, 4.0], 1.0))
    np.testing.assert_allclose([one, other], [[0.6, 0.8], [2.4, 3.2]], atol=1e-7)


def test_a_description_is_what_it_describes():
    K = described([{"shape": "box", "low": [0, 0], "high": [1, 1], "slope": [1, 0], "label": 2}])
    np.testing.assert_array_equal(K.labels_at(np.array([[0.5, 0.5]])), [2.5])


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ({"shape": "bal"}, "shape of region 0 is 'bal'; choose one of ball"),
        ({"shape": "ball", "radius": 1, "label": 0}, "region 0 has no center"),
        ({"shape": "ball", "center": 0, "radius": 1}, "region 0 has no label"),
        ({"shape": "ball", "center": 0, "radius": 1, "label": 0, "width": 3}, "region 0 has width"),
        ({"shape": "ball", "center": 0, "radius": -1, "label": 0}, "region 0: radius is -1"),
        ("ball", "region 0 is 'ball'"),
    ],
)
def test_what_describes_nothing_is_refused(part, said):
    with pytest.raises(ValueError, match=said):
        described([part])


def test_a_mask_is_right_to_one_pixel(tmp_path):
    from matplotlib.image import imsave

    rows, columns = np.mgrid[:60, :80]
    disc = (rows - 20) ** 2 + (columns - 55) ** 2 < 15**2
    picture = np.zeros((60, 80, 4))
    picture[10:50, 5:15], picture[disc] = [0, 0, 0, 1], [1, 1, 1, 1]
    imsave(tmp_path / "mask.png", picture)
    K = mn.Regions.of_image(tmp_path / "mask.png", height=60)
    assert len(K) == 2
    centres = np.stack([columns.ravel() + 0.5, 59.5 - rows.ravel()], axis=1)
    for known, inside in ((0.0, picture[..., 3] * (1 - picture[..., 0]) > 0.5), (1.0, disc)):
        (shape,) = [shape for shape, label in K if label.offset == known]
        away = np.linalg.norm(centres - shape.nearest(centres), axis=1)
        assert np.max(away[inside.ravel()]) <= 1
        assert not np.any(shape.contains(centres) & ~inside.ravel() & (_distance(centres, inside) > 1))


def _distance(centres, inside):
    rows = np.argwhere(inside)
    there = np.stack([rows[:, 1] + 0.5, inside.shape[0] - 0.5 - rows[:, 0]], axis=1)
    return np.array([np.min(np.hypot(*(there - c).T)) for c in centres])


@pytest.mark.parametrize(
    ("image", "options", "said"),
    [
        (np.zeros((5, 5)), {}, "image is known everywhere"),
        (np.arange(100.0).reshape(10, 10), {"unknown": 0}, "99 known grey levels"),
        (np.zeros(5), {}, r"image has shape \(5,\)"),
        (np.where(np.eye(6) > 0, np.nan, 0.0), {"labels": {1.0: 1.0}}, "labels names no level"),
    ],
)
def test_what_is_no_mask_is_refused(image, options, said):
    with pytest.raises(ValueError, match=said):
        mn.Regions.of_image(image, **options)
