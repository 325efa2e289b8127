"""Every optimiser against its published update, written out in NumPy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from minnorm.objective.norm import PathNorm
from minnorm.training import OPTIMIZERS, SCHEDULES, train
from minnorm.training.choice import Choice
from minnorm.training.engine import Engine, Rows, Setting, Varied

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


def adagrad(initial_accumulator_value, eps):
    """Duchi, Hazan & Singer (2011), diagonal, with eps under the root."""
    total = initial_accumulator_value

    def direction(g, _):
        nonlocal total
        total = total + g**2
        return np.where(total > 0, g / np.sqrt(total + eps), 0)

    return direction


def rms_alone(decay, eps):
    """Tieleman & Hinton (2012)."""
    square = 0.0

    def direction(g, _):
        nonlocal square
        square = decay * square + (1 - decay) * g**2
        return np.where(square > 0, g / (np.sqrt(np.where(square > 0, square, 1)) + eps), 0)

    return direction


def adagrad_beside(initial_accumulator_value, eps):
    """Duchi, Hazan & Singer (2011), figure 1: H = eps I + diag(sum g g^T)^1/2."""
    total = initial_accumulator_value

    def direction(g, _):
        nonlocal total
        total = total + g**2
        return g / (np.sqrt(total) + eps)

    return direction


def adadelta(rho, eps):
    """Zeiler (2012), algorithm 1."""
    gradients, steps = 0.0, 0.0

    def direction(g, _):
        nonlocal gradients, steps
        gradients = rho * gradients + (1 - rho) * g**2
        step = np.sqrt(steps + eps) / np.sqrt(gradients + eps) * g
        steps = rho * steps + (1 - rho) * step**2
        return step

    return direction


def nadam(b1, b2, eps):
    """Dozat (2016), algorithm 2, with a momentum that does not change."""
    m, v = 0.0, 0.0

    def direction(g, t):
        nonlocal m, v
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g**2
        ahead = b1 * m / (1 - b1 ** (t + 1)) + (1 - b1) * g / (1 - b1**t)
        return ahead / (np.sqrt(v / (1 - b2**t)) + eps)

    return direction


def amsgrad(b1, b2, eps):
    """Reddi, Kale & Kumar (2018), algorithm 2: no correction of the averages' bias."""
    m, v, largest = 0.0, 0.0, 0.0

    def direction(g, _):
        nonlocal m, v, largest
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g**2
        largest = np.maximum(largest, v)
        return m / (np.sqrt(largest) + eps)

    return direction


def adabelief(b1, b2, eps):
    """Zhuang et al. (2020), algorithm 2."""
    m, s = 0.0, 0.0

    def direction(g, t):
        nonlocal m, s
        m = b1 * m + (1 - b1) * g
        s = b2 * s + (1 - b2) * (g - m) ** 2 + eps
        return m / (1 - b1**t) / (np.sqrt(s / (1 - b2**t)) + eps)

    return direction


def lion(b1, b2):
    """Chen et al. (2023), algorithm 2."""
    m = 0.0

    def direction(g, _):
        nonlocal m
        ahead = b1 * m + (1 - b1) * g
        m = b2 * m + (1 - b2) * g
        return np.sign(ahead)

    return direction


def muon(momentum, b1, b2, eps):
    """Jordan (2024): five Newton-Schulz steps on the inner weights' momentum, Adam for all else."""
    rest = adam(b1, b2, eps)
    velocity = 0.0

    def direction(g, t):
        nonlocal velocity
        matrix = split(g, X.shape[1])[0]
        velocity = momentum * velocity + matrix
        a = matrix + momentum * velocity
        a = a / (np.linalg.norm(a) + eps)
        for _ in range(5):
            square = a.T @ a  # (d, d), the smaller one
            a = 3.4445 * a + a @ (-4.775 * square + 2.0315 * square @ square)
        a = a * np.sqrt(max(1, a.shape[0] / a.shape[1]))
        return np.concatenate([a.ravel(), rest(g, t)[a.size :]])

    return direction


def lbfgs(memory_size):
    """Liu & Nocedal (1989) by the two loops of Nocedal (1980); pairs with s.y <= 0 are left out.

    Steps are the learning rate times the direction: it is small enough here that the line search takes its longest one.
    """
    pairs, before = [], None

    def direction(g, _):
        nonlocal before
        scale = min(1.0, 1 / np.linalg.norm(g))
        if before is not None:
            s, y = -LEARNING_RATE * before[0], g - before[1]
            pairs.append((s, y) if s @ y > 0 else None)
            scale = s @ y / (y @ y) if pairs[-1] else 1.0
        q, alphas = g, []
        recent = [pair for pair in pairs[-int(memory_size) :] if pair]
        for s, y in reversed(recent):
            alphas.append(s @ q / (s @ y))
            q = q - alphas[-1] * y
        q = scale * q
        for s, y in recent:
            q = q + s * (alphas.pop() - y @ q / (s @ y))
        before = q, g
        return q

    return direction


ADAM = {"b1": 0.9, "b2": 0.999, "eps": 1e-8}
PUBLISHED = {
    "gd": (identity, {}, "coupled"),
    "sgd": (identity, {}, "coupled"),
    "momentum": (heavy_ball, {"momentum": 0.9}, "coupled"),
    "nesterov": (look_ahead, {"momentum": 0.9}, "coupled"),
    "rmsprop": (rmsprop, {"decay": 0.9, "eps": 1e-8}, "coupled"),
    "adagrad": (adagrad, {"initial_accumulator_value": 0.0, "eps": 1e-10}, "coupled"),
    "adadelta": (adadelta, {"rho": 0.95, "eps": 1e-6}, "coupled"),
    "adam": (adam, ADAM, "coupled"),
    "adamw": (adam, ADAM, "decoupled"),
    "nadam": (nadam, ADAM, "coupled"),
    "amsgrad": (amsgrad, ADAM, "coupled"),
    "adabelief": (adabelief, {**ADAM, "eps": 1e-16}, "coupled"),
    "lion": (lion, {"b1": 0.9, "b2": 0.99}, "decoupled"),
    "sam": (lambda rho: identity(), {"rho": 0.05}, "coupled"),
    "label_noise": (lambda noise: identity(), {"noise": 0.1}, "coupled"),
    "lbfgs": (lbfgs, {"memory_size": 10.0}, "coupled"),
    "muon": (muon, {"momentum": 0.95, **ADAM}, "decoupled"),
}
OTHERWISE = {
    "rmsprop": (rms_alone, {"decay": 0.9, "eps": 0.0}, "coupled"),
    "adagrad": (adagrad_beside, {"initial_accumulator_value": 0.0, "eps": 1e-10}, "coupled"),
}
"""With the convention "published", where that is not our own."""


def reference(theta, x, y, name, options, decay, penalty, factors=(1.0,) * STEPS, rules=PUBLISHED):
    rule, defaults, usual = rules[name]
    direction = rule(**{**defaults, **options})
    decoupled = (decay or usual) == "decoupled"
    d = x.shape[1]
    sizes = (WIDTH * d, WIDTH, WIDTH, 1, d if penalty.skip == "free" else 0)
    decayed = np.repeat([1.0, penalty.bias == "penalised", 1.0, 0.0, 0.0], sizes)
    moves = np.repeat([1.0, 1.0, 1.0, penalty.offset == "free", 1.0], sizes)
    for t in range(1, STEPS + 1):
        pull = WEIGHT_DECAY * decayed * theta
        here = theta
        if name == "sam":  # Foret et al. (2021), algorithm 1
            uphill = moves * loss_gradient(theta, x, y)
            here = theta + {**defaults, **options}["rho"] * uphill / np.linalg.norm(uphill)
        gradient = moves * (loss_gradient(here, x, y) + (0 if decoupled else pull))
        theta = theta - factors[t - 1] * LEARNING_RATE * (direction(gradient, t) + (pull if decoupled else 0))
    return theta


# The engine, under the same names.


def flat(network):
    n = network.to_numpy()
    parts = (n.inner_weights.ravel(), n.biases, n.outer_weights, n.offset[None], [] if n.skip is None else n.skip)
    return np.concatenate(parts)


def trained(x, y, name, options, decay, penalty, schedule="constant", engine="xla", convention="own"):
    """Parameters before and after training, flat."""
    chosen = Choice.of(
        optimizer=name,
        options=options,
        decay=decay,
        penalty=penalty,
        initial="pytorch",
        width=WIDTH,
        batch_size=len(y) if OPTIMIZERS[name].batch == "mini" else None,
        dtype="float64",
        schedule=schedule,
        steps=STEPS,
        convention=convention,
    )
    setting = Setting(chosen.checked(len(y)), engine)
    with jax.enable_x64(True):
        engine = Engine(Rows(jnp.asarray(x), jnp.asarray(y)), setting)
        varied = Varied(*map(jnp.asarray, (LEARNING_RATE, WEIGHT_DECAY, 1.0, 7)))
        start = engine.start(varied)
        end = jax.jit(engine.advance)(start, varied, jnp.asarray(STEPS, jnp.int32))
        return flat(start.network), flat(end.network)


def test_every_optimiser_has_its_update_here():
    assert {name: (dict(entry.options), entry.decay) for name, entry in OPTIMIZERS.items()} == {
        name: (options, decay) for name, (_, options, decay) in PUBLISHED.items()
    }


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "options", "decay", "penalty"),
    [
        *((name, {}, None, PathNorm()) for name, entry in OPTIMIZERS.items() if entry.batch != "mini"),
        ("gd", {}, "decoupled", PENALISED),
        ("gd", {}, "coupled", EVERYTHING),
        ("momentum", {"momentum": 0.5}, "decoupled", EVERYTHING),
        ("rmsprop", {"decay": 0.6, "eps": 1e-3}, "coupled", PENALISED),
        ("adam", {"b1": 0.5, "eps": 1e-3}, "decoupled", PathNorm(offset="none")),
        ("adamw", {"b2": 0.9}, "coupled", PathNorm(skip="free")),
        ("adamw", {}, None, EVERYTHING),
        ("muon", {"momentum": 0.8}, "coupled", EVERYTHING),
        ("lion", {"b2": 0.9}, "coupled", PENALISED),
        ("lbfgs", {"memory_size": 3.0}, None, EVERYTHING),
        ("sam", {"rho": 0.3}, "decoupled", EVERYTHING),
    ],
)
def test_updates_are_those_published(name, options, decay, penalty):
    start, end = trained(X, Y, name, options, decay, penalty)
    if penalty.offset == "none":
        start[4 * WIDTH] = 0.0  # the law draws an offset; the penalty forbids it
    expected = reference(start, X, Y, name, options, decay, penalty)
    assert np.max(np.abs(expected - start)) > 0.002  # adadelta starts with steps of about sqrt(eps)
    np.testing.assert_allclose(end, expected, rtol=1e-9, atol=1e-12)
    assert (end[4 * WIDTH] == 0) == (penalty.offset == "none")


@pytest.mark.parametrize("name", OTHERWISE)
@pytest.mark.parametrize("engine", ["native", "xla"])
def test_where_the_published_update_is_another_it_is_a_convention(name, engine):
    assert {name for name, entry in OPTIMIZERS.items() if "published" in entry.others} == set(OTHERWISE)
    start, end = trained(X, Y, name, {}, None, PathNorm(), engine=engine, convention="published")
    expected = reference(start, X, Y, name, {}, None, PathNorm(), rules=OTHERWISE)
    np.testing.assert_allclose(end, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.slow
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


FACTORS = {
    "constant": lambda t: 1.0,
    "cosine": lambda t: (1 + np.cos(np.pi * t / STEPS)) / 2,
    "warmup": lambda t: min(1.0, (t + 1) / max(1.0, STEPS / 10)),
    "inverse": lambda t: 1 / (1 + 100 * t / STEPS),
}


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["native", "xla"])
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_a_schedule_multiplies_the_learning_rate(schedule, engine):
    factors = [FACTORS[schedule](t) for t in range(STEPS)]
    start, end = trained(X, Y, "adamw", {}, None, PathNorm(), schedule, engine)
    expected = reference(start, X, Y, "adamw", {}, None, PathNorm(), factors)
    np.testing.assert_allclose(end, expected, rtol=1e-9, atol=1e-12)


def test_a_warm_up_takes_a_tenth_of_the_run():
    factor = SCHEDULES["warmup"](200)
    np.testing.assert_allclose([factor(t) for t in (0, 9, 19, 20, 199)], [0.05, 0.5, 1, 1, 1])


@pytest.mark.slow
def test_label_noise_is_normal_and_independent_between_seeds_and_steps():
    # One point: the offset's step is lr (y + noise - f), and f is known.
    x, y = np.ones((1, 1)), np.zeros(1)
    found = train(
        x, y, optimizer="label_noise", options={"noise": 0.5}, learning_rate=1e-6, seeds=400, width=2, steps=2,
        records=2, dtype="float64",
    )  # fmt: skip
    start = train(x, y, optimizer="gd", learning_rate=1e-6, seeds=400, width=2, steps=2, records=2, dtype="float64")
    moved = (found["offset"] - start["offset"]).values.ravel() / 1e-6  # the noise of two steps, to rounding
    assert abs(moved.mean()) < 3.3 * 0.5 * 2**0.5 / 20
    assert moved.std() == pytest.approx(0.5 * 2**0.5, rel=0.15)
