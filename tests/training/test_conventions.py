"""The same name, the same steps: our optimisers against PyTorch's and optax's of that name, in float64."""

import warnings

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from made import random_network
from minnorm.training import train

torch = pytest.importorskip("torch")

X = np.random.default_rng(0).normal(size=(9, 3))
Y = np.random.default_rng(1).normal(size=9)
NET, RATE, DECAY, STEPS = random_network(2, 5, 3), 0.01, 0.1, 5
NAMES = ("inner_weights", "biases", "outer_weights", "offset")


def ours(name, decay=0.0, **options):
    """The parameters after some steps, from one start."""
    runs = train(
        X, Y, optimizer=name, options=options, learning_rate=RATE, weight_decay=decay, steps=STEPS,
        start=lambda seed, width: NET, width=5, dtype="float64", batch_size=None, schedule="constant", engine="xla",
    )  # fmt: skip
    return np.concatenate([runs[part].values.reshape(-1) for part in NAMES])


def torchs(make, decay=0.0):
    """PyTorch's, with the loss 1/(2n) sum of squares and decay of the two weights."""
    parts = [torch.tensor(np.asarray(getattr(NET, name)), dtype=torch.float64, requires_grad=True) for name in NAMES]
    w, b, a, c = parts
    groups = [{"params": [w, a], "weight_decay": decay}, {"params": [b, c], "weight_decay": 0.0}]
    optimizer = make(groups)
    points, values = torch.from_numpy(X), torch.from_numpy(Y)
    for _ in range(STEPS):
        optimizer.zero_grad()
        (0.5 * ((torch.relu(points @ w.T + b) @ a + c - values) ** 2).mean()).backward()
        optimizer.step()
    return np.concatenate([part.detach().numpy().reshape(-1) for part in parts])


def optaxs(rule):
    """optax's alias, without decay."""
    with jax.enable_x64(True):
        parts = tuple(jnp.asarray(np.asarray(getattr(NET, name)), jnp.float64) for name in NAMES)
        state = rule.init(parts)

        def loss(parts):
            w, b, a, c = parts
            return 0.5 * jnp.mean((jax.nn.relu(X @ w.T + b) @ a + c - Y) ** 2)

        for _ in range(STEPS):
            update, state = rule.update(jax.grad(loss)(parts), state, parts)
            parts = optax.apply_updates(parts, update)
        return np.concatenate([np.asarray(part).reshape(-1) for part in parts])


OPTIM = torch.optim
TORCH = {
    "gd": lambda groups: OPTIM.SGD(groups, lr=RATE),
    "momentum": lambda groups: OPTIM.SGD(groups, lr=RATE, momentum=0.9),
    "nesterov": lambda groups: OPTIM.SGD(groups, lr=RATE, momentum=0.9, nesterov=True),
    "adam": lambda groups: OPTIM.Adam(groups, lr=RATE),
    "adamw": lambda groups: OPTIM.AdamW(groups, lr=RATE),
}
OPTAX = {
    "momentum": (optax.sgd(RATE, 0.9), {}),
    "nesterov": (optax.sgd(RATE, 0.9, nesterov=True), {}),
    "adam": (optax.adam(RATE), {}),
    "nadam": (optax.nadam(RATE), {}),
    "lion": (optax.lion(RATE, weight_decay=0.0), {}),
    "adabelief": (optax.adabelief(RATE), {}),
    "rmsprop": (optax.rmsprop(RATE), {}),
    "adagrad": (optax.adagrad(RATE), {"initial_accumulator_value": 0.1, "eps": 1e-7}),
    "adadelta": (optax.adadelta(RATE, weight_decay=0.0), {"rho": 0.9}),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", TORCH)
@pytest.mark.parametrize("decay", [0.0, DECAY])
def test_steps_are_torch_s(name, decay):
    np.testing.assert_allclose(ours(name, decay), torchs(TORCH[name], decay), rtol=1e-9, atol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("decay", [0.0, DECAY])
def test_lion_s_steps_are_those_of_its_package(decay):
    lion = pytest.importorskip("lion_pytorch")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = torchs(lambda groups: lion.Lion(groups, lr=RATE, betas=(0.9, 0.99)), decay)
    np.testing.assert_allclose(ours("lion", decay), theirs, rtol=1e-9, atol=1e-12)


@pytest.mark.slow
def test_adadelta_s_steps_are_torch_s_with_its_rho():
    theirs = torchs(lambda groups: OPTIM.Adadelta(groups, lr=RATE))
    np.testing.assert_allclose(ours("adadelta", rho=0.9), theirs, rtol=1e-9, atol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("name", OPTAX)
def test_steps_are_optax_s(name):
    rule, options = OPTAX[name]
    np.testing.assert_allclose(ours(name, **options), optaxs(rule), rtol=1e-9, atol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("rmsprop", lambda groups: OPTIM.RMSprop(groups, lr=RATE)),
        ("adagrad", lambda groups: OPTIM.Adagrad(groups, lr=RATE)),
        ("nadam", lambda groups: OPTIM.NAdam(groups, lr=RATE)),
        ("amsgrad", lambda groups: OPTIM.Adam(groups, lr=RATE, amsgrad=True)),
    ],
)
def test_those_that_are_not_torch_s_are_said_to_be_others(name, make):
    """What docs/training.md says: were they equal one day, it would have to be changed."""
    begun = np.concatenate([np.asarray(getattr(NET, part)).reshape(-1) for part in NAMES])
    apart = np.linalg.norm(ours(name) - torchs(make))
    if name == "adagrad":  # the same but for where eps stands, which this size of gradients hides
        assert apart < 1e-6
    else:
        assert apart > 0.05 * np.linalg.norm(torchs(make) - begun)
