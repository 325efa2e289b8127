"""What a study says of networks that learn classes: identities of its measures, and the kernel's separator."""

import dataclasses

import numpy as np
import pytest
from tests.made import random_network

import minnorm as mn
from minnorm import study
from minnorm.study.shards.margins import Boundary, Lines
from minnorm.study.specification.probes import MeasureSpec
from minnorm.study.specification.tasks import TASKS
from minnorm.study.tangent import Tangent

SMALL = {
    "name": "classes",
    "report": "margins",
    "task": {"kind": "classes", "law": "radial", "points": 9, "gap": 0.3},
    "train": {
        "loss": "logistic",
        "width": 12,
        "steps": 60,
        "records": 4,
        "learning_rate": 0.5,
        "dtype": "float64",
        "antisymmetric": True,
        "penalty": {"bias": "penalised", "offset": "none"},
    },
    "grid": {"optimizer": ["gd"], "seed": 2},
}


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A study of one shard and where it is."""
    folder = tmp_path_factory.mktemp("classes")
    study.run(study.parse(SMALL), folder)
    return folder


@pytest.mark.slow
def test_shares_are_of_the_certified_margin(done):
    ((shard, runs),) = study.Store(done).done()
    data = shard.task.data()
    least = mn.separate(data.points, data.values, penalty=shard.choice.penalty)
    assert runs.attrs["least_norm"] == pytest.approx(least.value, rel=1e-9)
    share = runs["margin_share"].values.squeeze()
    np.testing.assert_allclose(share, runs["normalised_margin"].values[..., -1].squeeze() * least.value, rtol=1e-6)
    assert np.all(share < 1)
    assert np.all(np.abs(runs["squares_share"].values) <= np.abs(runs["margin_share"].values) * (1 + 1e-12))
    assert np.all((runs["disagreement"] >= 0) & (runs["disagreement"] <= 1))
    assert "data_norm_ratio" not in runs


@pytest.mark.slow
def test_the_page_says_what_was_reached(done):
    from minnorm import report

    (section,) = report.sections(done)
    assert "certified" in section.exact
    assert any("of the largest margin at scale 1" in finding for finding in section.findings)
    assert [picture.title for picture in section.pictures] == ["boundaries", "margins in training", "margins by norm"]
    for picture in section.pictures:
        picture.draw()


def test_lines_find_where_a_function_changes_sign():
    lines = Lines.between(np.array([[0.0, 0.0], [4.0, 1.0]]), np.array([1.0, -1.0]))
    first = Boundary.of(lambda x: 1.0 - x[:, 0], lines, lines.start)
    other = Boundary.of(lambda x: 2.0 - x[:, 0] - 0 * x[:, 1], lines, lines.start)
    turned = Boundary.of(lambda x: 2.0 - x[:, 0] - x[:, 1], lines, lines.start)
    assert first.at == pytest.approx([0.25])
    assert first.against(other) == pytest.approx((0.25, 0.0, 0.0))
    assert other.against(turned)[1] == pytest.approx(45.0)
    assert np.isnan(Boundary.of(lambda x: -1.0 - 0 * x[:, 0], lines, lines.start).against(first)[0])


@pytest.mark.parametrize("penalty", [mn.PathNorm(), mn.PathNorm("penalised", "free", "none", activation="abs")])
def test_the_kernel_is_that_of_gradients_and_its_separator_has_the_largest_margin(penalty):
    net = dataclasses.replace(random_network(3, width=7, dim=2), activation=penalty.activation)
    rng = np.random.default_rng(0)
    x, labels = rng.normal(size=(6, 2)), np.array([1.0, -1, 1, -1, 1, -1])
    z = x @ net.inner_weights.T + net.biases
    slope = np.where(z > 0, penalty.activation.plus, -penalty.activation.minus) * net.outer_weights
    gradient = [slope[:, :, None] * x[:, None], slope[:, :, None], net.activation(z)[:, :, None]]
    gradient = np.concatenate([part.reshape(6, -1) for part in gradient], axis=1)
    if penalty.has_offset:
        gradient = np.column_stack([gradient, np.ones(6)])
    if penalty.linear_is_free:
        gradient = np.column_stack([gradient, x])
    kernel = Tangent(net, penalty)
    np.testing.assert_allclose(kernel(x, x), gradient @ gradient.T, rtol=1e-10, atol=1e-10)
    f = kernel.separator(x, labels)
    margins = labels * f(x)
    assert margins.min() == pytest.approx(1.0, abs=1e-6)
    # Its weights are >= 0 on the class, and only where the margin is 1: that is optimal.
    weights = np.linalg.lstsq(kernel(x, x), f(x), rcond=None)[0] * labels
    assert weights.min() > -1e-6
    assert np.all(weights[margins > 1 + 1e-4] < 1e-5)


@pytest.mark.parametrize(("law", "dim"), [("moons", 2), ("rings", 2), ("parity", 3), ("radial", 1)])
def test_tasks_have_both_classes_and_are_what_they_say(law, dim):
    task = TASKS["classes"].model_validate({"kind": "classes", "law": law, "dim": dim, "points": 21, "gap": 0.25})
    data = task.data()
    assert set(data.values) == {-1.0, 1.0}
    assert data.points.shape == (21, dim)
    np.testing.assert_array_equal(task.data().points, data.points)
    radius = np.linalg.norm(data.points, axis=1)
    if law == "parity":
        np.testing.assert_array_equal(data.values, np.sign(np.prod(data.points, axis=1)))
        assert np.min(np.abs(data.points)) >= 0.25
    if law == "radial":
        assert np.all(radius[data.values > 0] <= 0.25)
        assert np.all(radius[data.values < 0] >= 1)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"task": {"kind": "classes", "law": "moons", "dim": 3}}, "moons are in the plane"),
        ({"task": {"kind": "bump", "dim": 2}}, "logistic learns the classes -1 and 1, and the labels of this task"),
        ({"train": {"loss": "huber:1"}}, "'margins' is of losses of classes, and this study trains with huber:1"),
        ({"measure": {"optimum": False}}, "'margins' compares with the certified separator"),
    ],
)
def test_what_does_not_fit_is_said_before_it_runs(changes, said):
    with pytest.raises(ValueError, match=said):
        list(study.parse(SMALL | changes).shards())


def test_a_table_has_classes(tmp_path):
    table = tmp_path / "classes.csv"
    table.write_text("u,v,kind\n0,0,3\n1,0,5\n0,1,5\n1,1,3\n")
    task = TASKS["csv"].model_validate({"kind": "csv", "path": str(table), "classes": True, "standardise": True})
    assert task.data().values.tolist() == [-1.0, 1.0, 1.0, -1.0]
    assert task.region(10).shape == (10, 2)
    assert len(task.probes(MeasureSpec())) == 1
    table.write_text("u,v,kind\n0,0,3\n1,0,5\n0,1,4\n")
    with pytest.raises(ValueError, match="classes is on but column 'kind' has the values 3, 4, 5"):
        task.data()
