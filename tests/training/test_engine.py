"""The engine on single networks: starts, steps, minibatches and metrics against sums and differences written out."""

import itertools
from collections import Counter

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from minnorm.network import ShallowReLU
from minnorm.objective.norm import PathNorm
from minnorm.training.choice import Choice
from minnorm.training.engine import Engine, Rows, Setting, State, Varied
from minnorm.training.initial import initial_network

WIDTH = 4
RNG = np.random.default_rng(2)
X, Y = RNG.normal(size=(3, 2)), RNG.normal(size=3)
PENALTIES = [PathNorm(), PathNorm(bias="penalised", skip="free"), PathNorm(skip="free", offset="none")]


def engine(optimizer="gd", x=X, y=Y, **changes):
    program = {name: changes.pop(name) for name in ("engine", "threads") if name in changes}
    chosen = {"optimizer": optimizer, "initial": "pytorch", "width": WIDTH, "dtype": "float64"} | changes
    setting = Setting(Choice.of(**chosen).checked(len(y)), **program)
    return Engine(Rows(jnp.asarray(x), jnp.asarray(y)), setting)


def varied(learning_rate=0.05, weight_decay=0.0, scale=1.0, seed=0):
    return Varied(jnp.asarray(learning_rate), jnp.asarray(weight_decay), jnp.asarray(scale), jnp.asarray(seed))


def count(steps):
    return jnp.asarray(steps, jnp.int32)


def vector(network):
    return np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(network)])


def network_of(theta, like):
    leaves, structure = jax.tree.flatten(like)
    parts = np.split(theta, np.cumsum([leaf.size for leaf in leaves])[:-1])
    return jax.tree.unflatten(structure, [p.reshape(leaf.shape) for p, leaf in zip(parts, leaves, strict=True)])


@pytest.fixture(autouse=True)
def float64():
    with jax.enable_x64(True):
        yield


@pytest.mark.parametrize("penalty", PENALTIES)
def test_a_network_starts_at_its_initialisation(penalty):
    start = engine(penalty=penalty).start(varied(scale=0.5, seed=3))
    drawn = engine().start(varied(scale=0.5, seed=3)).network
    for name in ("inner_weights", "biases", "outer_weights"):
        np.testing.assert_array_equal(getattr(start.network, name), getattr(drawn, name))
    assert start.network.offset == (drawn.offset if penalty.offset == "free" else 0)
    assert (start.network.skip is None) == (penalty.skip == "none")
    assert start.step == 0
    assert drawn.offset != 0
    bound = 0.5 * 2**-0.5  # the law, scaled
    assert bound * 0.5 < np.max(np.abs(drawn.inner_weights)) <= bound


def test_only_seed_and_scale_decide_the_start():
    first = vector(engine().start(varied(0.05, 0.0, 1.0, 5)).network)
    np.testing.assert_array_equal(vector(engine("adam").start(varied(0.3, 0.1, 1.0, 5)).network), first)
    np.testing.assert_array_equal(vector(engine().start(varied(0.05, 0.0, 2.0, 5)).network), 2 * first)
    assert not np.any(vector(engine().start(varied(0.05, 0.0, 1.0, 6)).network) == first)


@pytest.mark.parametrize("penalty", PENALTIES)
def test_metrics_are_those_of_the_objective(penalty):
    lam = 0.3
    model = engine(penalty=penalty)
    network = initial_network(
        jax.random.key(1), "pytorch", 2, WIDTH, skip=penalty.skip == "free", dtype=np.dtype("float64")
    )
    theta = vector(network) + (penalty.offset == "free") * 0.1  # no parameter is zero by chance
    network = network_of(theta, network).to_numpy()

    def objective(theta):
        net = network_of(theta, network)
        loss = np.mean((net.evaluate(X) - Y) ** 2) / 2
        return loss, penalty.half_squares(net), loss + lam * penalty.half_squares(net)

    steps = 1e-6 * np.eye(theta.size)
    gradient = np.array([(objective(theta + h)[2] - objective(theta - h)[2]) / 2e-6 for h in steps])
    if penalty.offset == "none":
        gradient[4 * WIDTH] = 0  # it cannot move
    loss, half_squares, whole = objective(theta)
    metrics = jax.jit(model.metrics)(jax.tree.map(jnp.asarray, network), varied(weight_decay=lam))
    assert metrics["training_loss"] == pytest.approx(loss, rel=1e-12)
    assert metrics["half_squares"] == pytest.approx(half_squares, rel=1e-12)
    assert metrics["objective"] == pytest.approx(whole, rel=1e-12)
    assert metrics["path_norm"] == pytest.approx(penalty.total(network), rel=1e-12)
    assert metrics["gradient_norm"] == pytest.approx(np.linalg.norm(gradient), rel=1e-7)


def test_metrics_see_all_data_whatever_the_batch():
    network = engine().start(varied()).network
    full, mini = (jax.jit(model.metrics)(network, varied()) for model in (engine(), engine("sgd", batch_size=1)))
    assert full == mini


@pytest.mark.slow
def test_advancing_in_parts_is_advancing_at_once():
    model = engine("adam", batch_size=2)
    advance = jax.jit(model.advance)
    start = model.start(varied())
    at_once = advance(start, varied(), count(7))
    in_parts = advance(advance(start, varied(), count(3)), varied(), count(4))
    assert at_once.step == in_parts.step == 7
    for a, b in zip(jax.tree.leaves(at_once), jax.tree.leaves(in_parts), strict=True):
        np.testing.assert_array_equal(a, b)
    unmoved = advance(start, varied(), count(0))
    np.testing.assert_array_equal(vector(unmoved.network), vector(start.network))
    assert np.max(np.abs(vector(at_once.network) - vector(start.network))) > 1e-3


def test_a_neuron_at_its_kink_passes_no_gradient():
    x, y = np.zeros((1, 2)), np.ones(1)
    model = engine(x=x, y=y, biases="zero")
    start = model.start(varied())
    end = jax.jit(model.advance)(start, varied(), count(1))
    np.testing.assert_array_equal(end.network.biases, np.zeros(WIDTH))
    assert end.network.offset == pytest.approx(start.network.offset + 0.05 * (1 - start.network.offset))


# Minibatches: each step must be the gradient step on one pair of points, and the pairs tell how they are drawn.

PAIRS = list(itertools.combinations_with_replacement(range(len(Y)), 2))


def gradient_at(network, i):
    """The gradient of (f(x_i) - y_i)^2 / 2."""
    hidden = network.inner_weights @ X[i] + network.biases
    active = hidden > 0
    r = network.offset + network.outer_weights @ np.maximum(hidden, 0) - Y[i]
    back = r * network.outer_weights * active
    return vector(ShallowReLU(np.outer(back, X[i]), back, r * np.maximum(hidden, 0), np.array(r)))


@pytest.fixture(scope="module")
def drawn_pairs():
    """A function of (learning rate, seed): the pair of points that each of 90 steps took."""
    with jax.enable_x64(True):
        model = engine("sgd", batch_size=2)
        advance = jax.jit(model.advance)

    def follow(learning_rate, seed):
        place = varied(learning_rate, seed=seed)
        state, pairs = model.start(place), []
        # From one network at every step: training must not bring the points' gradients together.
        network = state.network.to_numpy()
        at = [gradient_at(network, i) for i in range(len(Y))]
        steps = np.array([-learning_rate * (at[i] + at[j]) / 2 for i, j in PAIRS])
        for t in range(90):
            after = advance(State(state.network, state.memory, count(t)), place, count(1))
            error = np.max(np.abs(vector(after.network) - vector(network) - steps), axis=1)
            assert np.sum(error < 1e-14) == 1
            pairs.append(PAIRS[int(np.argmin(error))])
        return pairs

    return follow


@pytest.mark.slow
def test_a_minibatch_is_drawn_uniformly_with_replacement(drawn_pairs):
    seen = Counter(drawn_pairs(0.05, 0))
    expected = {(i, j): 90 / 9 * (1 if i == j else 2) for i, j in PAIRS}
    statistic = sum((seen[pair] - n) ** 2 / n for pair, n in expected.items())
    assert set(seen) == set(PAIRS)
    assert statistic < 15.1  # the 99 % point of chi-squared with 5 degrees of freedom


def test_the_seed_alone_decides_the_minibatches(drawn_pairs):
    first = drawn_pairs(0.05, 1)
    assert drawn_pairs(0.05, 1) == first
    assert drawn_pairs(0.01, 1) == first
    assert drawn_pairs(0.05, 2) != first


@pytest.mark.gpu
@pytest.mark.parametrize(("dtype", "rtol"), [("float32", 1e-4), ("float64", 1e-9)])
@pytest.mark.parametrize("optimizer", ["momentum", "adam", "sgd"])
def test_an_accelerator_follows_the_processor(optimizer, dtype, rtol):
    accelerator = jax.devices()[0]
    if accelerator.platform == "cpu":
        pytest.skip("jax has no accelerator here")
    places = Varied(*(jnp.asarray(column) for column in ([0.05, 0.01], [0.0, 0.1], [1.0, 0.5], [0, 1])))
    places = jax.tree.map(lambda column: column.astype(dtype) if column.dtype.kind == "f" else column, places)
    ends = []
    for device in (jax.devices("cpu")[0], accelerator):
        with jax.default_device(device), jax.default_matmul_precision("highest"):
            model = engine(
                optimizer, X.astype(dtype), Y.astype(dtype), dtype=dtype, batch_size=2 if optimizer == "sgd" else None
            )
            here = jax.device_put(places, device)
            start = jax.jit(jax.vmap(model.start))(here)
            end = jax.jit(jax.vmap(model.advance, in_axes=(0, 0, None)))(start, here, count(10))
            assert end.network.biases.devices() == {device}
            ends.append(jax.device_get((end.network, jax.jit(jax.vmap(model.metrics))(end.network, here))))
    for a, b in zip(*map(jax.tree.leaves, ends), strict=True):
        np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol)
