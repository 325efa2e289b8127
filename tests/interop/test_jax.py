"""Modules of Flax and Equinox, and trees of their parameters."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import minnorm as mn

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(10, 3)), RNG.normal(size=10)


def nnx_model(slope=0.0, outputs=1):
    nnx = pytest.importorskip("flax.nnx")

    class Model(nnx.Module):
        def __init__(self, rngs):
            self.head = nnx.Linear(5, outputs, rngs=rngs, bias_init=nnx.initializers.normal())
            self.body = nnx.Linear(3, 5, rngs=rngs, bias_init=nnx.initializers.normal())

        def __call__(self, x):
            return self.head(nnx.leaky_relu(self.body(x), slope))

    return Model(nnx.Rngs(0))


def linen_model(activation=jax.nn.relu):
    nn = pytest.importorskip("flax.linen")
    made = nn.Sequential([nn.Dense(5), activation, nn.Dense(1)])
    return made, made.init(jax.random.key(0), jnp.zeros((1, 3)))


def equinox_model(depth=1, activation=jax.nn.relu, key=0, **options):
    eqx = pytest.importorskip("equinox")
    return eqx.nn.MLP(3, options.pop("outputs", 1), 5, depth, activation=activation, key=jax.random.key(key), **options)


@pytest.mark.slow
def test_modules_are_read():
    x = X.astype(np.float32)
    for slope in (0.0, 0.2):
        made = nnx_model(slope)
        net = mn.ShallowReLU.from_jax(made)
        assert net.activation == mn.Activation(1.0, -slope)
        np.testing.assert_allclose(net.evaluate(X), np.asarray(made(x)).reshape(-1), rtol=1e-4, atol=1e-5)
    module, variables = linen_model()
    theirs = np.asarray(module.apply(variables, x)).reshape(-1)
    for model in (module.bind(variables), variables, variables["params"]):
        np.testing.assert_allclose(mn.ShallowReLU.from_jax(model).evaluate(X), theirs, rtol=1e-4, atol=1e-5)
    for options in ({}, {"use_bias": False}, {"outputs": "scalar"}):
        made = equinox_model(**options)
        theirs = np.asarray(jax.vmap(made)(x)).reshape(-1)
        np.testing.assert_allclose(mn.ShallowReLU.from_jax(made).evaluate(X), theirs, rtol=1e-4, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("double", [False, True])
def test_200_networks_have_the_objective_of_optax_s_loss_and_decay(double, objective):
    """Decay is what `add_decayed_weights` adds to the gradient: g theta, that of g |theta|^2 / 2."""
    eqx = pytest.importorskip("equinox")
    with jax.enable_x64(double):
        x, y = jnp.asarray(X), jnp.asarray(Y)
        g = 0.03
        step = optax.add_decayed_weights(g)
        for k in range(200):
            made = equinox_model(key=k, dtype=x.dtype)
            arrays = eqx.filter(made, eqx.is_array)
            decay, _ = step.update(jax.tree.map(jnp.zeros_like, arrays), step.init(arrays), arrays)
            squares = sum(jnp.sum(d * p) for d, p in zip(jax.tree.leaves(decay), jax.tree.leaves(arrays), strict=True))
            theirs = float(2 * optax.l2_loss(jax.vmap(made)(x)[:, 0], y).mean() + squares / 2)
            ours = objective(made, X.astype(x.dtype), Y.astype(x.dtype), weight_decay=g, decayed="all")
            assert ours == pytest.approx(theirs, rel=1e-12 if double else 1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("double", [False, True])
def test_200_networks_of_flax_have_the_objective_of_optax_s_loss_and_decay(double, objective):
    nn = pytest.importorskip("flax.linen")
    with jax.enable_x64(double):
        x, y, g = jnp.asarray(X), jnp.asarray(Y), 0.03
        kind = {"dtype": x.dtype, "param_dtype": x.dtype, "bias_init": nn.initializers.normal()}
        made = nn.Sequential([nn.Dense(5, **kind), jax.nn.relu, nn.Dense(1, **kind)])
        step = optax.add_decayed_weights(g)
        for k in range(200):
            variables = made.init(jax.random.key(k), x)
            arrays = variables["params"]
            decay, _ = step.update(jax.tree.map(jnp.zeros_like, arrays), step.init(arrays), arrays)
            squares = sum(jnp.sum(d * p) for d, p in zip(jax.tree.leaves(decay), jax.tree.leaves(arrays), strict=True))
            theirs = float(2 * optax.l2_loss(made.apply(variables, x)[:, 0], y).mean() + squares / 2)
            ours = objective(variables, X.astype(x.dtype), Y.astype(x.dtype), weight_decay=g, decayed="all")
            assert ours == pytest.approx(theirs, rel=1e-12 if double else 1e-6)


@pytest.mark.slow
def test_what_is_no_shallow_network_is_refused_in_one_line(refused):
    def of(made):
        return lambda: mn.compare(made, X, Y, weight_decay=0.1)

    refused(of(nnx_model(outputs=2)), "has 2 outputs")
    module, variables = linen_model(jnp.tanh)
    refused(of(module.bind(variables)), "has another activation")
    refused(of(module), "has no parameters; give model.bind")
    refused(of(equinox_model(depth=2)), "has 3 linear layers")
    refused(of(equinox_model(depth=0)), "has 1 linear layer;")
    refused(of(equinox_model(activation=jnp.tanh)), "has another activation")
    refused(of(equinox_model(final_activation=jnp.tanh)), "does more than its layers")
    nnx = pytest.importorskip("flax.nnx")
    normed = nnx.Sequential(nnx.Linear(3, 5, rngs=nnx.Rngs(0)), nnx.BatchNorm(5, rngs=nnx.Rngs(0)))
    refused(of(normed), "has a BatchNorm")
    for between, said in (
        (nnx.relu6, "another activation"),
        (nnx.Dropout(0.5, rngs=nnx.Rngs(0)), r"has a Dropout \(layers\.1\)"),
    ):
        wrong = nnx.Sequential(nnx.Linear(3, 5, rngs=nnx.Rngs(0)), between, nnx.Linear(5, 1, rngs=nnx.Rngs(0)))
        refused(of(wrong), said)
    refused(of(type(nnx_model())), "is the class Model; give the network")
    eqx = pytest.importorskip("equinox")
    refused(of(eqx.partition(equinox_model(), eqx.is_array)[1]), "a Linear without weights; give the module")
    ends = [eqx.nn.Linear(*size, key=jax.random.key(0)) for size in ((3, 5), (5, 1))]
    refused(of(eqx.nn.Sequential([ends[0], eqx.nn.Dropout(0.5), ends[1]])), "has a Dropout")
    nan = jax.tree.map(lambda part: part * np.nan, variables)
    refused(of(nan), "has nan in weights of the first layer, 15 of 15 are not finite")
