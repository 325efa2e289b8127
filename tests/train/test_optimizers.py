"""Every optimiser against its published update, written out in NumPy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from minnorm.penalty import PathNorm
from minnorm.train import OPTIMIZERS
from minnorm.train.engine import Engine, Setting, Varied

STEPS, WIDTH, LEARNING_RATE, WEIGHT_DECAY = 20, 6, 0.03, 0.05
RNG = np.random.default_rng(4)
X, Y = RNG.normal(size=(5, 2)), RNG.normal(size=5)
PENALISED = PathNorm(bias="penalised")
EVERYTHING = PathNorm(bias="penalised", skip="free", offset="none")


# The reference: gradient by hand on a flat vector of (w, b, a, c, v), then the update as published.


def split(theta, dim):
    ends = np.cumsum([WIDTH * dim, WIDTH, WIDTH, 1])
    w, b, a, c, v = np.split(theta, ends)
    return w.reshape(WIDTH, dim), b, a, c, v


def loss_gradient(theta, x, y):
    """The gradient of 1/(2n) sum_i (c + v . x_i + sum_k a_k relu(w_k . x_i + b_k) - y_i)^2."""
    w, b, a, c, v = split(theta, x.shape[1])
    hidden = x @ w.T + b
    active = hidden > 0
    value = c + np.where(active, hidden, 0) @ a + (x @ v if v.size else 0)
    r = (value - y) / len(y)
    back = r[:, None] * active * a
    skip = x.T @ r if v.size else v
    return np.concatenate([(back.T @ x).ravel(), back.sum(0), r @ np.where(active, hidden, 0), [r.sum()], skip])


def identity():
    return lambda g, _: g


def heavy_ball(momentum):
    """Polyak (1964): the velocity forgets and takes in the gradient."""
    velocity = 0.0

    def direction(g, _):
        nonlocal velocity
        velocity = momentum * velocity + g
        return velocity

    return direction


def look_ahead(momentum):
    """Nesterov (1983) as in Sutskever et al. (2013): g is taken at position + momentum * velocity, and that moves."""
    position, velocity = 0.0, 0.0

    def direction(g, _):
        nonlocal position, velocity
        before = position + momentum * velocity
        velocity = momentum * velocity - g
        position = position + velocity
        return before - (position + momentum * velocity)

    return direction


def rmsprop(decay, eps):
    """Tieleman & Hinton (2012), with eps under the root."""
    square = 0.0

    def direction(g, _):
        nonlocal square
        square = decay * square + (1 - decay) * g**2
        return g / np.sqrt(square + eps)

    return direction


def adam(b1, b2, eps):
    """Kingma & Ba (2015), algorithm 1."""
    m, v = 0.0, 0.0

    def direction(g, t):
        nonlocal m, v
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g**2
        return m / (1 - b1**t) / (np.sqrt(v / (1 - b2**t)) + eps)

    return direction


PUBLISHED = {
    "gd": (identity, {}, "coupled"),
    "sgd": (identity, {}, "coupled"),
    "momentum": (heavy_ball, {"momentum": 0.9}, "coupled"),
    "nesterov": (look_ahead, {"momentum": 0.9}, "coupled"),
    "rmsprop": (rmsprop, {"decay": 0.9, "eps": 1e-8}, "coupled"),
    "adam": (adam, {"b1": 0.9, "b2": 0.999, "eps": 1e-8}, "coupled"),
    "adamw": (adam, {"b1": 0.9, "b2": 0.999, "eps": 1e-8}, "decoupled"),
}


def reference(theta, x, y, name, options, decay, penalty):
    rule, defaults, usual = PUBLISHED[name]
    direction = rule(**{**defaults, **options})
    decoupled = (decay or usual) == "decoupled"
    d = x.shape[1]
    sizes = (WIDTH * d, WIDTH, WIDTH, 1, d if penalty.skip == "free" else 0)
    decayed = np.repeat([1.0, penalty.bias == "penalised", 1.0, 0.0, 0.0], sizes)
    moves = np.repeat([1.0, 1.0, 1.0, penalty.offset == "free", 1.0], sizes)
    for t in range(1, STEPS + 1):
        pull = WEIGHT_DECAY * decayed * theta
        gradient = moves * (loss_gradient(theta, x, y) + (0 if decoupled else pull))
        theta = theta - LEARNING_RATE * (direction(gradient, t) + (pull if decoupled else 0))
    return theta


# The engine, under the same names.


def flat(network):
    n = network.to_numpy()
    parts = (n.inner_weights.ravel(), n.biases, n.outer_weights, n.offset[None], [] if n.skip is None else n.skip)
    return np.concatenate(parts)


def trained(x, y, name, options, decay, penalty):
    """Parameters before and after training, flat."""
    entry = OPTIMIZERS[name]
    setting = Setting(
        optimizer=name,
        options={**entry.options, **options},
        decay=decay or entry.decay,
        penalty=penalty,
        initial="pytorch",
        biases="uniform",
        antisymmetric=False,
        width=WIDTH,
        batch_size=len(y) if entry.batch == "mini" else None,
        dtype="float64",
    )
    with jax.enable_x64(True):
        engine = Engine(jnp.asarray(x), jnp.asarray(y), setting)
        varied = Varied(*map(jnp.asarray, (LEARNING_RATE, WEIGHT_DECAY, 1.0, 7)))
        start = engine.start(varied)
        end, _ = jax.jit(engine.advance)(start, varied, jnp.asarray(STEPS, jnp.int32))
        return flat(start.network), flat(end.network)


def test_every_optimiser_has_its_update_here():
    assert {name: (dict(entry.options), entry.decay) for name, entry in OPTIMIZERS.items()} == {
        name: (options, decay) for name, (_, options, decay) in PUBLISHED.items()
    }


@pytest.mark.parametrize(
    ("name", "options", "decay", "penalty"),
    [
        *((name, {}, None, PathNorm()) for name in PUBLISHED if name != "sgd"),
        ("gd", {}, "decoupled", PENALISED),
        ("gd", {}, "coupled", EVERYTHING),
        ("momentum", {"momentum": 0.5}, "decoupled", EVERYTHING),
        ("rmsprop", {"decay": 0.6, "eps": 1e-3}, "coupled", PENALISED),
        ("adam", {"b1": 0.5, "eps": 1e-3}, "decoupled", PathNorm(offset="none")),
        ("adamw", {"b2": 0.9}, "coupled", PathNorm(skip="free")),
        ("adamw", {}, None, EVERYTHING),
    ],
)
def test_updates_are_those_published(name, options, decay, penalty):
    start, end = trained(X, Y, name, options, decay, penalty)
    if penalty.offset == "none":
        start[4 * WIDTH] = 0.0  # the law draws an offset; the penalty forbids it
    expected = reference(start, X, Y, name, options, decay, penalty)
    assert np.max(np.abs(expected - start)) > 0.05
    np.testing.assert_allclose(end, expected, rtol=1e-9, atol=1e-12)
    assert (end[4 * WIDTH] == 0) == (penalty.offset == "none")


def test_sgd_is_gradient_descent_where_all_points_are_one():
    x, y = np.tile(X[:1], (3, 1)), np.tile(Y[:1], 3)
    start, end = trained(x, y, "sgd", {}, None, PathNorm())
    np.testing.assert_allclose(end, reference(start, x, y, "gd", {}, None, PathNorm()), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("change", [{"momentum": 0.8}, {"decay": "decoupled"}, {"penalty": PENALISED}])
def test_each_choice_changes_the_reference(change):
    """The comparison above could tell the choices apart."""
    start = np.random.default_rng(0).normal(size=4 * WIDTH + 1)
    usual = {"options": {}, "decay": None, "penalty": PathNorm()}
    other = {**usual, **({"options": change} if "momentum" in change else change)}
    one, two = (reference(start, X, Y, "momentum", *choice.values()) for choice in (usual, other))
    assert np.max(np.abs(one - two)) > 1e-4
