"""Runs from given networks: in every engine and optimiser, on a whole grid; and what the boundary refuses."""

import itertools
import re
from functools import partial

import numpy as np
import pytest
from tests.made import random_network

from minnorm.known import line, radial_bump
from minnorm.network import ShallowReLU
from minnorm.objective.norm import PathNorm
from minnorm.training import OPTIMIZERS, networks, train

X, Y = np.array([-1.0, -0.4, 0.2, 1.0]), np.array([0.0, 0.8, 0.3, 0.5])
WIDTH = 9
on_line = partial(random_network, dim=1)
EVERYTHING = PathNorm(skip="free")


OFTEN = {("sgd", "native"), ("adam", "xla")}
EVERY = [
    pytest.param(*case, marks=[] if case in OFTEN else pytest.mark.slow)
    for case in itertools.product(OPTIMIZERS, ["native", "xla"])
]


@pytest.mark.slow
@pytest.mark.parametrize(("optimizer", "engine"), EVERY)
def test_every_network_of_a_grid_starts_from_the_one_given_for_its_seed(optimizer, engine):
    asked = []

    def start(seed, width):
        asked.append((seed, width))
        return on_line(seed, width)

    runs = train(
        X, Y, start=start, seeds=[7, 0, 2**32 - 1], scale=[1.0, 0.5], weight_decay=[0.0, 0.1],
        learning_rate=[0.01, 0.02], optimizer=optimizer, engine=engine, width=WIDTH, steps=2, records=2,
        dtype="float64",
    )  # fmt: skip
    assert asked == [(7, WIDTH), (0, WIDTH), (2**32 - 1, WIDTH)]
    ends = set()
    for place, network in networks(runs):
        given = on_line(place["seed"], WIDTH)
        scaled = ShallowReLU.from_dict(
            {name: np.asarray(place["scale"] * part) for name, part in given.to_dict().items()}
        )
        first = runs.sel(place).isel(step=0)
        assert first["training_loss"] == pytest.approx(np.mean((scaled.evaluate(X[:, None]) - Y) ** 2) / 2, rel=1e-12)
        assert first["path_norm"] == pytest.approx(PathNorm().value(scaled), rel=1e-12)
        assert np.any(network.outer_weights != scaled.outer_weights)
        ends.add(network.outer_weights.tobytes())
    assert len(ends) == 24


@pytest.mark.slow
def test_no_steps_return_the_given_networks_in_the_precision_asked_for():
    given = on_line(0, WIDTH, skip=np.array([0.3]))
    for dtype in ("float32", "float64"):
        runs = train(X, Y, start=lambda *_: given, width=WIDTH, steps=0, penalty=EVERYTHING, dtype=dtype)
        ((_, network),) = networks(runs)
        for name, part in given.to_dict().items():
            found = getattr(network, name)
            assert found.dtype == dtype
            np.testing.assert_array_equal(found, part.astype(dtype))


@pytest.mark.slow
def test_a_given_network_trains_as_one_that_was_drawn():
    """The initial network of another run, given again, ends where that run ends."""
    choice = {"optimizer": "sgd", "batch_size": 2, "width": WIDTH, "seeds": [3, 1], "dtype": "float64"}
    drawn = {place["seed"]: network for place, network in networks(train(X, Y, steps=0, **choice))}
    again = train(X, Y, steps=50, start=lambda seed, _: drawn[seed], **choice)
    expected = train(X, Y, steps=50, **choice)
    np.testing.assert_array_equal(again["outer_weights"], expected["outer_weights"])
    np.testing.assert_array_equal(again["training_loss"], expected["training_loss"])


def test_the_minimum_norm_interpolant_stays_where_it_is():
    exact = line(X, Y)
    kept = exact.network.balance()
    runs = train(X, Y, start=lambda *_: kept, optimizer="gd", width=kept.width, steps=100, dtype="float64")
    assert runs["training_loss"].max() < 1e-25
    assert runs["path_norm"].isel(step=-1) == pytest.approx(exact.value, rel=1e-12)


@pytest.mark.slow
def test_samples_of_the_optimal_measure_have_its_norm_and_less_loss_where_wider():
    bump = radial_bump(3)
    x, y = bump.sample(0, 60)
    losses = []
    for width in (100, 10_000):
        runs = train(
            x, y, start=lambda seed, m: bump.as_network(m, seed), seeds=4, width=width, steps=0, dtype="float64"
        )
        np.testing.assert_allclose(runs["path_norm"], bump.norm, rtol=1e-12)
        losses.append(runs["training_loss"].mean().item())
    assert losses[0] / losses[1] == pytest.approx(100, rel=0.8)
    assert len(np.unique(runs["training_loss"])) == 4


@pytest.mark.slow
def test_a_skip_term_is_added_where_it_is_free_and_dropped_where_it_is_zero():
    free = train(X, Y, start=on_line, width=WIDTH, steps=0, penalty=EVERYTHING)
    assert not free["skip"].any()
    zero = train(X, Y, start=lambda s, m: on_line(s, m, skip=np.zeros(1)), width=WIDTH, steps=0)
    assert "skip" not in zero


def test_a_dataset_says_that_its_start_was_given():
    runs = train(X, Y, start=on_line, width=WIDTH, steps=0)
    assert (runs.attrs["initial"], runs.attrs["initial_biases"], runs.attrs["antisymmetric"]) == ("given", "given", 0)


def broken(**parts):
    return lambda seed, width: on_line(seed, width, **parts)


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"start": lambda s, m: on_line(s, m + 1)}, "start(5, 9) has width 10 and 1 coordinates; give networks"),
        ({"start": lambda s, m: on_line(s, m, dim=2)}, "start(5, 9) has width 9 and 2 coordinates; give"),
        ({"start": lambda s, m: None}, "start(5, 9) is a NoneType; give a function that returns a ShallowReLU"),
        ({"start": broken(offset=np.array(np.nan))}, "start(5, 9) is not finite in float32, in its offset; give"),
        ({"start": broken(biases=np.full(9, 1e39))}, "start(5, 9) is not finite in float32, in its biases; give"),
        ({"start": broken(skip=np.ones(1))}, "start(5, 9) does not agree with penalty: the network has a skip term"),
        ({"penalty": PathNorm(offset="none")}, "start(5, 9) does not agree with penalty: the network has an offset"),
        ({"initial": "pytorch"}, "initial is 'pytorch', but start gives the networks; leave one of them out"),
        ({"biases": "zero"}, "biases is 'zero', but start gives the networks; leave one of them out"),
        ({"antisymmetric": True}, "antisymmetric is True, but start gives the networks; leave one of them out"),
    ],
)
def test_a_start_that_does_not_fit_is_refused(arguments, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        train(X, Y, width=WIDTH, steps=1, seeds=[5], **{"start": on_line, **arguments})
