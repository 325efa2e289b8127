"""The compiled kernel against differentiation of the formula, and the engine that uses it against the other one."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from minnorm import losses
from minnorm.network import ShallowReLU
from minnorm.training import loop, train
from minnorm.training.engine import Rows, _loss_and_gradient
from minnorm.training.native import calls as native
from minnorm.training.native.calls import INSTRUCTION_SETS, loss_and_gradient

RNG = np.random.default_rng(3)
X = RNG.normal(size=(70, 2))
Y = np.sin(3 * X[:, 0]) + X[:, 1]


@pytest.fixture(autouse=True)
def float64():
    with jax.enable_x64(True):
        yield


def plain(network, points, values, weights):
    return jnp.mean(weights * (jax.vmap(network)(points) - values) ** 2) / 2


def by_hand(network, x, y, weights):
    hidden = x @ network.inner_weights.T + network.biases
    active = hidden > 0
    skip = 0 if network.skip is None else x @ network.skip
    r = network.offset + skip + np.where(active, hidden, 0) @ network.outer_weights - y
    share = weights * r / len(y)
    back = share[:, None] * active * network.outer_weights
    parts = (back.T @ x, back.sum(0), share @ np.where(active, hidden, 0), np.array(share.sum()))
    return np.asarray(share @ r / 2), ShallowReLU(*parts, None if network.skip is None else share @ x)


def networks_of(rng, count, m, d, skip, dtype):
    """Random networks as one tree with a leading axis."""

    def draw(*shape):
        return jnp.asarray(rng.normal(size=shape), dtype)

    each = [ShallowReLU(draw(m, d), draw(m), draw(m), draw(), draw(d) if skip else None) for _ in range(count)]
    return jax.tree.map(lambda *parts: jnp.stack(parts), *each)


def assert_close(found, expected, dtype):
    """To rounding, relative to the largest entry of each part."""
    for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        assert a.dtype == b.dtype == dtype
        assert a.shape == b.shape
        scale = 1 + np.max(np.abs(b), initial=0)
        np.testing.assert_allclose(a / scale, b / scale, atol=400 * jnp.finfo(dtype).eps)


def same(one, other):
    return all(np.array_equal(a, b) for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("instructions", INSTRUCTION_SETS)
@settings(max_examples=6, deadline=None, derandomize=True)
@given(
    d=st.integers(1, 20),
    n=st.integers(1, 150),
    m=st.integers(1, 70),
    count=st.integers(1, 3),
    dtype=st.sampled_from(["float32", "float64"]),
    weighted=st.booleans(),
    batch=st.none() | st.integers(1, 70),
    skip=st.booleans(),
    seed=st.integers(0, 99),
)
def test_the_kernel_is_the_derivative(instructions, d, n, m, count, dtype, weighted, batch, skip, seed):
    rng = np.random.default_rng(seed)
    networks = networks_of(rng, count, m, d, skip, dtype)
    points, values = jnp.asarray(rng.normal(size=(n, d)), dtype), jnp.asarray(rng.normal(size=n), dtype)
    weights = jnp.asarray(rng.uniform(size=n), dtype) if weighted else None
    chosen = None if batch is None else jnp.asarray(rng.integers(0, n, size=(count, batch)), jnp.int32)

    def kernel(network, chosen):
        return loss_and_gradient(
            network, points, values, weights=weights, chosen=chosen, instructions=instructions, threads=2
        )

    found = jax.vmap(kernel)(networks, chosen)
    every = np.tile(np.arange(n), (count, 1)) if chosen is None else np.asarray(chosen)
    charge = np.ones(n) if weights is None else np.asarray(weights, np.float64)
    for k, r in enumerate(every):
        one = jax.tree.map(lambda leaf, k=k: leaf[k], (networks, found))
        expected = by_hand(one[0].to_numpy(), np.asarray(points, np.float64)[r], np.asarray(values)[r], charge[r])
        assert_close(one[1], jax.tree.map(lambda part: np.asarray(part, dtype), expected), dtype)


@pytest.mark.parametrize("skip", [False, True])
def test_by_hand_is_what_jax_derives(skip):
    network = jax.tree.map(lambda leaf: leaf[0], networks_of(np.random.default_rng(5), 1, 30, 2, skip, "float64"))
    weights = jnp.asarray(RNG.uniform(size=len(Y)))
    derived = jax.jit(jax.value_and_grad(plain))(network, jnp.asarray(X), jnp.asarray(Y), weights)
    assert_close(loss_and_gradient(network, jnp.asarray(X), jnp.asarray(Y), weights=weights), derived, "float64")
    assert_close(by_hand(network.to_numpy(), X, Y, np.asarray(weights)), derived, "float64")


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float32", pytest.param("float64", marks=pytest.mark.slow)])
@settings(max_examples=6, deadline=None, derandomize=True)
@given(n=st.integers(1, 200), m=st.integers(1, 60), skip=st.booleans(), weighted=st.booleans(), seed=st.integers(0, 99))
def test_sorted_sums_are_the_dense_ones(dtype, n, m, skip, weighted, seed):
    rng = np.random.default_rng(seed)
    networks = networks_of(rng, 2, m, 1, skip, dtype)
    (inner, *others), structure = jax.tree.flatten(networks)
    networks = jax.tree.unflatten(structure, [inner.at[:, ::3].set(0), *others])
    points = jnp.asarray(np.sort(np.round(rng.normal(size=(n, 1)), 1), axis=0), dtype)  # some are equal
    values, weights = jnp.asarray(rng.normal(size=n), dtype), jnp.asarray(rng.uniform(size=n), dtype)

    def kernel(network, ascending):
        return loss_and_gradient(network, points, values, weights=weights if weighted else None, ascending=ascending)

    found, expected = (jax.vmap(lambda net, way=way: kernel(net, way))(networks) for way in (True, False))
    assert_close(found, expected, dtype)


@pytest.mark.slow
@pytest.mark.parametrize("instructions", INSTRUCTION_SETS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_network_is_the_same_alone_in_company_and_on_any_number_of_threads(instructions, dtype):
    networks = networks_of(np.random.default_rng(0), 3, 211, 3, True, dtype)
    points, values = jnp.asarray(RNG.normal(size=(2500, 3)), dtype), jnp.asarray(RNG.normal(size=2500), dtype)

    def kernel(network, threads):
        return loss_and_gradient(network, points, values, instructions=instructions, threads=threads)

    one, four = (jax.vmap(lambda net, t=t: kernel(net, t))(networks) for t in (1, 4))
    back = jax.vmap(lambda net: kernel(net, 2))(jax.tree.map(lambda leaf: leaf[::-1], networks))
    assert same(one, four)
    assert same(one, jax.tree.map(lambda leaf: leaf[::-1], back))
    for k in range(3):
        alone = kernel(jax.tree.map(lambda leaf, k=k: leaf[k], networks), 2)
        assert same(alone, jax.tree.map(lambda leaf, k=k: leaf[k], one))


@pytest.mark.parametrize("ascending", [False, True])
@pytest.mark.parametrize("instructions", INSTRUCTION_SETS)
@pytest.mark.parametrize("name", ["inner_weights", "biases", "outer_weights", "offset", "skip"])
def test_what_is_not_a_number_stays_visible(name, instructions, ascending):
    network = jax.tree.map(lambda leaf: leaf[0], networks_of(np.random.default_rng(1), 1, 40, 1, True, "float32"))
    parts = {part: np.array(array) for part, array in network.to_dict().items()}
    parts["inner_weights"][17], parts["biases"][17] = -1, -100  # inactive everywhere
    parts[name].reshape(-1)[min(17, parts[name].size - 1)] = np.nan
    broken = jax.tree.map(jnp.asarray, ShallowReLU.from_dict(parts))
    points = jnp.linspace(-1, 1, 9, dtype=jnp.float32)[:, None]
    loss, gradient = loss_and_gradient(
        broken, points, jnp.zeros(9, jnp.float32), ascending=ascending, instructions=instructions
    )
    assert np.isnan(loss)
    assert np.isnan(gradient.offset)


def test_points_in_order_have_one_coordinate():
    network = jax.tree.map(lambda leaf: leaf[0], networks_of(RNG, 1, 3, 2, False, "float64"))
    with pytest.raises(ValueError, match=r"ascending is True for points of shape \(70, 2\).*leave it out"):
        loss_and_gradient(network, jnp.asarray(X), jnp.asarray(Y), ascending=True)


# Training.

GRID = {"learning_rate": [1e-2, 3e-2], "weight_decay": [0.0, 1e-3], "seeds": [4, 0, 9]}
PARAMETERS = ("inner_weights", "biases", "outer_weights", "offset")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("optimizer", "x", "batch_size"),
    [
        pytest.param("adam", X[:, :1], None, id="line"),
        pytest.param("momentum", X, None, id="full", marks=pytest.mark.slow),
        pytest.param("adamw", X, 8, id="mini", marks=pytest.mark.slow),
        pytest.param("muon", X, None, id="matrices", marks=pytest.mark.slow),
        pytest.param("sam", X, None, id="uphill", marks=pytest.mark.slow),
        pytest.param("label_noise", X, 8, id="noisy", marks=pytest.mark.slow),
    ],
)
def test_a_trajectory_is_the_same_in_any_grid(optimizer, x, batch_size):
    common = {"optimizer": optimizer, "width": 21, "steps": 60, "records": 5, "batch_size": batch_size}
    grid = train(x, Y, **GRID, **common, engine="native", threads=1)
    assert grid.attrs["engine"] == "native"
    turned = train(x, Y, **{name: part[::-1] for name, part in GRID.items()}, **common, engine="native", threads=5)
    xr.testing.assert_identical(
        turned.sel({axis: grid[axis] for axis in ("learning_rate", "weight_decay", "seed")}), grid
    )
    alone = train(x, Y, learning_rate=3e-2, weight_decay=1e-3, seeds=[0], **common, engine="native", threads=2)
    place = {axis: alone[axis] for axis in ("learning_rate", "weight_decay", "scale", "seed")}
    xr.testing.assert_identical(alone, grid.sel(place))


@pytest.mark.slow
def test_a_trajectory_is_the_same_in_any_grouping(monkeypatch):
    """Minibatches of many networks are drawn for some of them at a time."""
    common = {"optimizer": "sgd", "width": 5, "steps": 70, "records": 2, "seeds": 7, "learning_rate": [0.01, 0.02]}
    together = train(X, Y, **common, threads=2)
    monkeypatch.setattr(loop, "_DRAWN_FOR", 3)
    done = []
    apart = train(X, Y, **common, threads=2, progress=lambda *now: done.append(now))
    xr.testing.assert_identical(apart, together)
    assert max(done) == (70 * 15, 70 * 15)  # 14 in groups of 3, and a copy


@pytest.mark.slow
def test_engines_agree_along_a_trajectory():
    common = {"optimizer": "momentum", "width": 21, "steps": 200, "records": 10, "dtype": "float64"}
    native_runs, xla_runs = (train(X, Y, **GRID, **common, engine=engine) for engine in ("native", "xla"))
    assert xla_runs.attrs["engine"] == "xla"
    xr.testing.assert_allclose(native_runs, xla_runs, rtol=1e-9, atol=1e-11)


def test_the_environment_chooses_the_instruction_set(monkeypatch):
    monkeypatch.delenv("MINNORM_ISA", raising=False)
    assert native.instruction_set() == INSTRUCTION_SETS[0]
    for name in INSTRUCTION_SETS:
        monkeypatch.setenv("MINNORM_ISA", name)
        assert native.instruction_set() == name
    monkeypatch.setenv("MINNORM_ISA", "mmx")
    with pytest.raises(
        ValueError, match=r"MINNORM_ISA is 'mmx'; this processor runs .*generic: choose one, or unset it"
    ):
        train(X, Y, width=3, steps=1, engine="native")


PAID = ("squared", "huber:0.7", "absolute", "quantile:0.8", "insensitive:0.3", "logistic", "hinge", "squared_hinge")


@pytest.mark.slow
@pytest.mark.parametrize("name", PAID)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("d", "skip"), [(1, False), (3, True)])
def test_every_loss_and_its_gradient_are_those_of_the_other_engine(name, dtype, d, skip):
    rng, loss = np.random.default_rng(d), losses.of(name)
    network = jax.tree.map(lambda part: part[0], networks_of(rng, 1, 37, d, skip, dtype))
    x = np.sort(rng.normal(size=(90, d)), axis=0) if d == 1 else rng.normal(size=(90, d))
    y = np.where(rng.random(90) < 0.5, 1.0, -1.0)
    y = y if loss.argument == "margin" else y + rng.normal(size=90)
    x, y, p = (jnp.asarray(part, dtype) for part in (x, y, rng.uniform(0.5, 2, size=90)))
    expected = _loss_and_gradient(network, Rows(x, y, p), loss)
    for ascending in {False, d == 1}:
        for instructions in INSTRUCTION_SETS:
            found = loss_and_gradient(
                network, x, y, weights=p, loss=name, ascending=ascending, instructions=instructions
            )
            assert_close(found, expected, dtype)


@pytest.mark.parametrize("name", ["logistic", "hinge"])
def test_training_with_a_loss_is_the_same_on_both_engines(name):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(20, 2)), np.where(rng.random(20) < 0.5, 1.0, -1.0)
    options = {"loss": name, "width": 30, "steps": 40, "learning_rate": 0.05, "dtype": "float64", "records": 3}
    one, other = (train(x, y, engine=engine, **options) for engine in ("native", "xla"))
    np.testing.assert_allclose(one["training_loss"], other["training_loss"], rtol=1e-9)
    assert float(one["training_loss"].isel(step=-1).squeeze()) < float(one["training_loss"].isel(step=0).squeeze())
