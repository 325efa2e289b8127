"""Training neurons that are not ReLU: both engines against JAX's own gradient, and whole runs."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from minnorm import PathNorm, train
from minnorm.network import ShallowReLU
from minnorm.training import networks
from minnorm.training.engine import Rows
from minnorm.training.native.calls import INSTRUCTION_SETS, loss_and_gradient

RNG = np.random.default_rng(2)
N, M = 70, 21


@pytest.fixture(autouse=True)
def float64():
    with jax.enable_x64(True):
        yield


def problem(d, word, dtype, skip, ascending):
    points = RNG.normal(size=(N, d))
    points = np.sort(points, axis=0) if ascending else points
    parts = (RNG.normal(size=(M, d)), RNG.normal(size=M), RNG.normal(size=M), RNG.normal(size=()))
    net = ShallowReLU(
        *(jnp.asarray(part, dtype) for part in parts), jnp.asarray(RNG.normal(size=d), dtype) if skip else None, word
    )
    data = (jnp.asarray(part, dtype) for part in (points, RNG.normal(size=N), RNG.uniform(size=N)))
    return net, Rows(*data)


@pytest.mark.slow
@pytest.mark.parametrize("word", ["abs", "2.0:-0.7"])
@pytest.mark.parametrize(("d", "ascending", "skip"), [(1, True, True), (2, False, True), (3, False, False)])
def test_loss_and_gradient_are_those_of_jax(word, d, ascending, skip):
    dtype = np.float32 if d == 3 else np.float64
    net, data = problem(d, word, dtype, skip, ascending)

    def loss(network):
        return 0.5 * jnp.mean(data.weights * (jax.vmap(network)(data.points) - data.values) ** 2)

    expected = jax.tree.leaves(jax.value_and_grad(loss)(net))
    for instructions in INSTRUCTION_SETS:
        found = loss_and_gradient(
            net, data.points, data.values, weights=data.weights, ascending=ascending, instructions=instructions
        )
        assert found[1].activation == net.activation
        for one, other in zip(jax.tree.leaves(found), expected, strict=True):
            np.testing.assert_allclose(one, other, atol=2000 * np.finfo(dtype).eps)


@pytest.mark.slow
def test_the_gradient_is_that_of_finite_differences():
    net, data = problem(2, "leaky_relu:0.25", np.float64, True, False)
    direction = jax.tree.map(lambda part: jnp.asarray(RNG.normal(size=part.shape)), net)
    _, gradient = loss_and_gradient(net, data.points, data.values)
    slope = sum(jnp.sum(g * v) for g, v in zip(jax.tree.leaves(gradient), jax.tree.leaves(direction), strict=True))
    ends = [
        loss_and_gradient(jax.tree.map(lambda p, v, h=h: p + h * v, net, direction), data.points, data.values)[0]
        for h in (1e-6, -1e-6)
    ]
    assert float((ends[0] - ends[1]) / 2e-6) == pytest.approx(float(slope), rel=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", ["adam", pytest.param("sam", marks=pytest.mark.slow)])
def test_both_engines_take_the_same_steps_and_their_networks_know_their_neurons(optimizer):
    x, y = RNG.normal(size=(20, 2)), RNG.normal(size=20)
    penalty = PathNorm(skip="free", activation="leaky_relu:0.2")
    options = {"optimizer": optimizer, "steps": 12, "width": 9, "dtype": "float64", "penalty": penalty}
    runs = [train(x, y, engine=engine, **options) for engine in ("native", "xla")]
    for name in ("training_loss", "path_norm", "gradient_norm"):
        np.testing.assert_allclose(runs[0][name], runs[1][name], rtol=1e-9)
    assert runs[0].attrs["penalty_activation"] == "leaky_relu:0.2"
    net = next(networks(runs[0]))[1]
    assert net.activation == penalty.activation
    assert np.mean((net.evaluate(x) - y) ** 2) / 2 == pytest.approx(float(runs[0].training_loss.values.ravel()[-1]))
