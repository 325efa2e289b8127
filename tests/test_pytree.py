"""Networks are pytrees of JAX wherever it is loaded, and closed forms, proofs and solutions do without it."""

import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from minnorm import ShallowReLU

WITHOUT = """
import sys
import numpy as np
import minnorm as mn
import minnorm.known, minnorm.verification

x, y = [-1.0, 0.0, 1.0], [0.0, 1.0, 0.0]
known = mn.known.line(x, y)
assert known.certified and known.value == 2.0
assert mn.verify(x, y, known).certified
assert abs(mn.known.radial_bump(3).norm - 16.0) < 1e-12
plane = mn.fit([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]], [0.0, 1.0, 1.0], 0.1)
assert plane.certified
assert "jax" not in sys.modules, sorted(name for name in sys.modules if name.startswith("jax"))

import jax  # later than the networks: they are pytrees from now on

assert len(jax.tree.leaves(plane.network)) == 4
slope = jax.grad(lambda net: net(np.ones(2)).sum())(jax.tree.map(jax.numpy.asarray, plane.network))
assert type(slope) is mn.ShallowReLU and float(slope.offset) == 1.0, slope
"""


@pytest.mark.slow
def test_nothing_but_training_loads_jax():
    done = subprocess.run([sys.executable, "-c", WITHOUT], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def network(**parts):
    arrays = {"inner_weights": jnp.ones((3, 2)), "biases": jnp.zeros(3), "outer_weights": jnp.arange(3.0)}
    return ShallowReLU(**(arrays | {"offset": jnp.zeros(()), "activation": "abs"} | parts))


def test_a_network_is_flattened_and_put_together_again():
    net = network(skip=jnp.ones(2))
    leaves, structure = jax.tree.flatten(net)
    assert [leaf.shape for leaf in leaves] == [(3, 2), (3,), (3,), (), (2,)]
    assert jax.tree.unflatten(structure, leaves) == net
    assert jax.tree_util.keystr(jax.tree_util.tree_flatten_with_path(net)[0][1][0]) == ".biases"
    assert structure != jax.tree.structure(network(skip=jnp.ones(2), activation="relu"))
    assert structure != jax.tree.structure(network())
    assert jax.tree.unflatten(structure, [object()] * 5).activation == net.activation  # JAX puts anything there


def test_networks_pass_through_transformations():
    net, x = network(), jnp.array([[1.0, -2.0], [0.5, 0.25]])
    many = jax.tree.map(lambda leaf: jnp.stack([leaf, 2 * leaf]), net)
    np.testing.assert_allclose(jax.jit(jax.vmap(net))(x), net.evaluate(x))
    np.testing.assert_allclose(jax.vmap(lambda one: one(x[1]))(many), [2.25, 9.0])
    assert jax.jit(lambda one: one == net)(net)


@pytest.mark.parametrize(
    "other",
    [
        network(biases=jnp.ones(3)),
        network(biases=np.zeros(3)),
        network(skip=jnp.zeros(2)),
        network(activation="relu"),
        network(inner_weights=jnp.ones((2, 2)), biases=jnp.zeros(2), outer_weights=jnp.zeros(2)),
    ],
)
def test_networks_are_equal_where_all_their_arrays_are(other):
    assert network() == network()
    assert network() != other
    assert network() != 3
    host = network().to_numpy()
    assert (host == host.to_numpy()) is True


def test_a_network_says_its_shapes_and_types():
    assert repr(network(biases=np.zeros(3))) == (
        "ShallowReLU(\n  inner_weights=f32[3,2],\n  biases=f64[3](numpy),\n  outer_weights=f32[3],\n"
        "  offset=f32[],\n  activation=Activation(1, 1)\n)"
    )
    with pytest.raises(TypeError, match="unhashable"):
        hash(network())
