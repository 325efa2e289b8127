"""What a study says of networks beside the lazy regime."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tests.made import random_network

from minnorm import PathNorm, study
from minnorm.report.training import figures
from minnorm.report.training.rows import rows
from minnorm.report.training.section import sections
from minnorm.study.tangent import Tangent

RNG = np.random.default_rng(0)
SMALL = {
    "name": "lazy",
    "task": {"kind": "line", "x": [-1.0, -0.3, 0.2, 1.0], "y": [0.0, 1.0, 0.3, 0.5]},
    "train": {"width": 2000, "steps": 6000, "records": 4, "learning_rate": 2e-3, "initial": "kaiming_normal"},
    "measure": {"lazy": True},
    "grid": {"optimizer": ["gd"], "scale": [1.0, 0.5], "seed": 2},
}


@pytest.mark.parametrize("skip", ["none", "free"])
def test_the_kernels_interpolant_is_that_of_the_linear_model(skip):
    """Least squares of least norm in the gradients themselves, which the kernel never forms; in float32."""
    net, penalty = random_network(3, width=40, dim=3, skip=skip == "free"), PathNorm(skip=skip)
    x, there, y = RNG.normal(size=(9, 3)), RNG.normal(size=(20, 3)), RNG.normal(size=9)
    parts = [jnp.asarray(part) for part in (net.inner_weights, net.biases, net.outer_weights, net.offset)]
    parts += [jnp.asarray(net.skip)] if net.skip is not None else []

    def value(parts, point):
        w, b, a, c, *slope = parts
        return a @ jnp.maximum(w @ point + b, 0) + c + (slope[0] @ point if slope else 0.0)

    def gradients(points):
        each = [jax.grad(value)(parts, point) for point in points]
        return np.array([np.concatenate([np.ravel(part) for part in one]) for one in each])

    step = np.linalg.lstsq(gradients(x), y - net.evaluate(x), rcond=None)[0]
    found = Tangent(net, penalty).interpolant(x, y)
    assert found is not None
    np.testing.assert_allclose(found(there), net.evaluate(there) + gradients(there) @ step, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(found(x), y, atol=1e-8)
    assert Tangent(net, penalty).interpolant(np.repeat(x, 2, axis=0), np.arange(18.0)) is None


def test_a_wide_network_is_near_it_and_the_page_draws_it(tmp_path):
    study.run(study.parse(SMALL), tmp_path)
    ((_, runs),) = study.Store(tmp_path).done()
    lazy, apart = (runs[name].sel(scale=1.0).values for name in ("lazy_l2_unknown", "lazy_apart"))
    assert np.all(lazy < 0.3 * apart)
    assert runs["lazy_query"].dims == ("scale", "query")
    table = list(rows(study.Store(tmp_path)))
    assert all(
        row.cells["lazy_l2_unknown"].median == pytest.approx(np.median(row.runs["lazy_l2_unknown"])) for row in table
    )
    target, data = table[0].task.known(), table[0].task.data()
    figure = figures.line_functions(table, target.function, data.points[:, 0], data.values)
    for axes in figure.axes:
        assert [line.get_label() for line in axes.lines].count("tangent kernel") == 1
    (section,) = sections([study.Store(tmp_path)])
    assert "Dotted" in section.pictures[0].caption
    assert "L2 to lazy" in section.tables[0].columns


@pytest.mark.parametrize(
    ("task", "train", "said"),
    [
        ({"kind": "bump", "dim": 3, "points": 5000}, {}, "3,000 points"),
        ({"kind": "classes", "law": "radial", "points": 9}, {"loss": "logistic"}, "logistic has the kernel's measures"),
    ],
)
def test_what_it_cannot_do_is_one_line(task, train, said):
    with pytest.raises(ValueError, match=said) as caught:
        study.parse(SMALL | {"task": task, "train": train})
    assert "\n" not in str(caught.value)
