"""Training with losses that are no squares: gradients, the certified minimum, and what is refused."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import minnorm as mn
from minnorm import losses
from minnorm.training.engine import Rows, _loss_and_gradient

SMOOTH = ("huber:0.7", "logistic", "squared_hinge", "quantile:0.8")


@pytest.mark.slow
@pytest.mark.parametrize("name", SMOOTH)
@pytest.mark.parametrize("weighted", [False, True])
def test_the_gradient_is_that_of_the_loss(name, weighted):
    rng, loss = np.random.default_rng(0), losses.of(name)
    with jax.enable_x64(True):
        net = mn.ShallowReLU(*(jnp.asarray(rng.normal(size=s)) for s in ((5, 2), 5, 5, ())))
        x = jnp.asarray(rng.normal(size=(9, 2)))
        y = jnp.asarray(np.where(rng.random(9) < 0.5, 1.0, -1.0))
        p = jnp.asarray(rng.uniform(0.5, 2, size=9)) if weighted else None

        def paid(net):
            f = jax.vmap(net)(x)
            z = f - y if loss.argument == "residual" else y * f
            terms = loss.value(z) if p is None else p * loss.value(z)
            return jnp.mean(terms)

        value, gradient = _loss_and_gradient(net, Rows(x, y, p), loss)
        wanted, slopes = jax.value_and_grad(paid)(net)
    np.testing.assert_allclose(value, wanted, rtol=1e-12)
    for one, other in zip(jax.tree.leaves(gradient), jax.tree.leaves(slopes), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["huber:0.3", "logistic"])
def test_training_comes_near_the_certified_minimum_and_not_below_it(name):
    x, y = [-2.0, -1.0, 0.0, 1.0, 2.0], [-1.0, 1.0, -1.0, 1.0, 1.0]
    lam = 0.03
    least = mn.fit(x, y, lam, loss=name)
    runs = mn.train(
        x, y, loss=name, width=60, steps=2000, learning_rate=1e-2, weight_decay=lam, dtype="float64", records=5
    )
    reached = float(runs["objective"].isel(step=-1).values.squeeze())
    assert runs.attrs["loss"] == name
    assert least.lower_bound <= reached < 1.02 * least.value


def test_the_square_is_not_written_into_results_or_keys():
    from minnorm.study.specification.spec import Shard
    from minnorm.training.choice import Choice, columns

    chosen = Choice.of().checked(5)
    assert "loss" not in chosen.attributes(5)
    other = dataclasses.replace(chosen, loss="huber:1.0").checked(5)
    assert other.attributes(5)["loss"] == "huber:1"
    assert columns(other.attributes(5), other.steps)["loss"] == "huber:1"
    task = {"kind": "line", "x": [0.0, 1.0, 2.0], "y": [0.0, 1.0, 0.0]}
    keys = [
        Shard.model_validate({"task": task, "train": train, "measure": {}}).key
        for train in ({}, {"loss": "squared"}, {"loss": "huber:1"}, {"loss": "huber:1.0"})
    ]
    assert keys[0] == keys[1] != keys[2] == keys[3]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"loss": "logistc"}, "did you mean 'logistic'"),
        ({"loss": "hinge"}, "y has the values 0, 1, 2; loss hinge takes two classes"),
    ],
)
def test_what_does_not_fit_is_said_in_one_line(options, said):
    with pytest.raises(ValueError, match=said) as caught:
        mn.train([0.0, 1.0, 2.0], [0.0, 1.0, 2.0], steps=1, width=2, **options)
    assert "\n" not in str(caught.value)
