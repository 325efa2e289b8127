"""The same name, the same steps: our optimisers against PyTorch's and optax's of that name, in float64."""

import json
import warnings

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from made import random_network
from minnorm import ShallowReLU
from minnorm.training import OPTIMIZERS, train

torch = pytest.importorskip("torch")

X = np.random.default_rng(0).normal(size=(9, 3))
Y = np.random.default_rng(1).normal(size=9)
NET, RATE, DECAY, STEPS = random_network(2, 5, 3), 0.01, 0.1, 5
NAMES = ("inner_weights", "biases", "outer_weights", "offset")


def ours(name, convention="own", decay=0.0, engine="xla", **options):
    """The parameters after some steps, from one start."""
    runs = train(
        X, Y, optimizer=name, options=options, learning_rate=RATE, weight_decay=decay, steps=STEPS, engine=engine,
        start=lambda seed, width: NET, width=5, dtype="float64", batch_size=None, convention=convention,
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
    "rmsprop": lambda groups: OPTIM.RMSprop(groups, lr=RATE),
    "adagrad": lambda groups: OPTIM.Adagrad(groups, lr=RATE),
    "adadelta": lambda groups: OPTIM.Adadelta(groups, lr=RATE),
    "adam": lambda groups: OPTIM.Adam(groups, lr=RATE),
    "adamw": lambda groups: OPTIM.AdamW(groups, lr=RATE),
    "nadam": lambda groups: OPTIM.NAdam(groups, lr=RATE),
    "amsgrad": lambda groups: OPTIM.Adam(groups, lr=RATE, amsgrad=True),
}
OPTAX = {
    "gd": optax.sgd(RATE),
    "momentum": optax.sgd(RATE, 0.9),
    "nesterov": optax.sgd(RATE, 0.9, nesterov=True),
    "rmsprop": optax.rmsprop(RATE),
    "adagrad": optax.adagrad(RATE),
    "adadelta": optax.adadelta(RATE),
    "adam": optax.adam(RATE),
    "adamw": optax.adamw(RATE, weight_decay=0.0),
    "nadam": optax.nadam(RATE),
    "amsgrad": optax.amsgrad(RATE),
    "adabelief": optax.adabelief(RATE),
    "lion": optax.lion(RATE, weight_decay=0.0),
    "muon": optax.contrib.muon(RATE),
}
ENGINES = ["xla", "native"]


def close(one, other, rtol=1e-9):
    np.testing.assert_allclose(one, other, rtol=rtol, atol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", TORCH)
def test_steps_are_torch_s(name, engine):
    for decay in (0.0, DECAY):
        # PyTorch's NAdam holds the product of its momenta in float32.
        close(ours(name, "torch", decay, engine), torchs(TORCH[name], decay), 1e-7 if name == "nadam" else 1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", OPTAX)
def test_steps_are_optax_s(name, engine):
    close(ours(name, "optax", engine=engine), optaxs(OPTAX[name]))


@pytest.mark.slow
@pytest.mark.parametrize("decay", [0.0, DECAY])
def test_lion_s_steps_are_those_of_its_package(decay):
    lion = pytest.importorskip("lion_pytorch")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = torchs(lambda groups: lion.Lion(groups, lr=RATE, betas=(0.9, 0.99)), decay)
    close(ours("lion", "torch", decay), theirs)


@pytest.mark.slow
def test_muon_s_steps_are_torch_s_to_its_bfloat16():
    """torch.optim.Muon takes matrices alone, and orthogonalises in bfloat16; the rest is Adam's."""

    class Both:
        def __init__(self, groups):
            (w, a), (b, c) = (group["params"] for group in groups)
            self.each = OPTIM.Muon([w], lr=RATE, weight_decay=0.0), OPTIM.Adam([a, b, c], lr=RATE)

        def zero_grad(self):
            for one in self.each:
                one.zero_grad()

        def step(self):
            for one in self.each:
                one.step()

    begun = np.concatenate([np.asarray(getattr(NET, part)).reshape(-1) for part in NAMES])
    theirs = torchs(Both)
    assert np.linalg.norm(ours("muon", "torch") - theirs) < 0.02 * np.linalg.norm(theirs - begun)


@pytest.mark.slow
def test_each_convention_that_is_no_own_one_takes_other_steps():
    """What docs/training.md says of the defaults: were they equal one day, the table would have to be changed."""
    for name, entry in OPTIMIZERS.items():
        usual = ours(name) if entry.others else None
        for convention in entry.others:
            apart = np.linalg.norm(ours(name, convention) - usual)
            # eps in another place is hidden by gradients of this size
            assert apart > (1e-12 if convention == "published" or name == "adagrad" else 1e-4), (name, convention)


@pytest.mark.parametrize("name", ["rmsprop", "adagrad"])
def test_small_labels_show_where_eps_is(name):
    """Gradients of 1e-6: under the root eps shortens steps, beside it hardly."""
    lengths = {}
    for convention in ("own", "torch"):
        runs = train(
            X, 1e-6 * Y, optimizer=name, options={"eps": 1e-8}, convention=convention, steps=1, dtype="float64",
            start=lambda seed, width: ShallowReLU(np.zeros((5, 3)), np.zeros(5), np.zeros(5), np.zeros(())), width=5,
        )  # fmt: skip
        lengths[convention] = abs(runs["offset"].item())
    assert lengths["own"] < 0.02 * lengths["torch"]


def test_the_published_rms_divides_by_the_root_alone():
    runs = train(
        X, 1e-9 * Y, optimizer="rmsprop", convention="published", steps=1, width=5, dtype="float64",
        start=lambda seed, width: ShallowReLU(np.zeros((5, 3)), np.zeros(5), np.zeros(5), np.zeros(())),
    )  # fmt: skip
    assert abs(runs["offset"].item()) == pytest.approx(1e-3 / np.sqrt(0.1), rel=1e-12)
    assert not runs["inner_weights"].values.any()  # 0 / 0 is no step


@pytest.mark.parametrize(
    ("name", "convention", "message"),
    [
        ("adam", "keras", "convention is 'keras'; choose one of own, torch, optax, published"),
        ("lbfgs", "torch", "convention is 'torch'; lbfgs has no rule of that convention here; it has own, published"),
        ("adabelief", "torch", "it has own, optax, published"),
    ],
)
@pytest.mark.usefixtures("unchecked")
def test_a_convention_that_there_is_not_is_refused(name, convention, message):
    with pytest.raises(ValueError, match=message):
        ours(name, convention)


def test_options_are_those_of_the_convention():
    with pytest.raises(ValueError, match="which nadam does not take"):
        ours("nadam", momentum_decay=0.0)
    runs = train(X, Y, optimizer="nadam", convention="torch", options={"momentum_decay": 0.1}, steps=1, width=5)
    assert runs.attrs["convention"] == "torch"
    assert json.loads(runs.attrs["options"]) == {"b1": 0.9, "b2": 0.999, "eps": 1e-8, "momentum_decay": 0.1}
    assert "convention" not in train(X, Y, steps=1, width=5).attrs
