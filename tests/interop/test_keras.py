"""Keras' models: what they are, and what they minimise if they are compiled."""

import numpy as np
import pytest

import minnorm as mn

keras = pytest.importorskip("keras")
layers, L2 = keras.layers, keras.regularizers.L2

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(10, 3)), RNG.normal(size=10)


def model(*between, last="linear", width=5, dim=3, outputs=1, kernel=None, bias=None, first="linear"):
    """Dense, between, Dense."""
    options = {"kernel_regularizer": kernel, "bias_regularizer": bias}
    start = layers.Dense(width, activation=first, **options, bias_initializer="normal")
    end = layers.Dense(outputs, activation=last, **options, bias_initializer="normal")
    return keras.Sequential([keras.Input((dim,)), start, *between, end])


@pytest.mark.slow
@pytest.mark.parametrize(
    "make",
    [
        lambda: model(first="relu"),
        lambda: model(layers.ReLU()),
        lambda: model(layers.Activation("relu")),
        lambda: model(layers.LeakyReLU(negative_slope=0.1)),
        lambda: model(first="leaky_relu"),
        lambda: keras.Sequential([keras.Input((3,)), layers.Flatten(), model(first="relu")]),
        lambda: keras.Sequential([keras.Input((3, 1)), layers.Flatten(), model(first="relu")]),
    ],
)
def test_a_model_is_read(make):
    made = make()
    theirs = np.asarray(made(X.astype(np.float32))).reshape(-1)
    np.testing.assert_allclose(mn.ShallowReLU.from_keras(made).evaluate(X), theirs, rtol=1e-4, atol=1e-5)


def written_out(made, x, target, k, l2, everything):
    """The same objective in float64, by its formula."""
    w, b, v, c = (np.asarray(part, np.float64) for part in made.get_weights())
    f = (np.maximum(x.astype(np.float64) @ w + b, 0) @ v + c).reshape(-1)
    z, r = (2.0 * target - 1) * f, np.abs(f - target)
    paid = (r**2, r, np.where(r < 0.5, r**2 / 2, 0.5 * r - 0.125), np.log1p(np.exp(-z)), np.log1p(np.exp(-z)))
    mean = np.mean(paid[k] if k < 5 else np.maximum(0, 1 - z))
    decayed = (w, v, b, c) if everything else (w, v)
    return mean + l2 * sum(float(np.sum(part**2)) for part in decayed)


@pytest.mark.slow
def test_200_networks_have_keras_own_objective(objective):
    """Keras rounds in float32; what is compared is in float64, exactly that of the same weights."""
    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(1)
    x, y, labels = X.astype(np.float32), Y.astype(np.float32), np.arange(10) % 2
    losses = keras.losses
    known = [
        ("mse", y),
        (losses.MeanAbsoluteError(), y),
        (losses.Huber(0.5), y),
        (losses.BinaryCrossentropy(from_logits=True), labels),
        ("binary_crossentropy", labels),
        ("hinge", labels),
    ]
    for k in range(200):
        loss, target = known[k % 6]
        l2 = 10 ** float(rng.uniform(-4, 0))
        made = model(
            first="relu", kernel=L2(l2), bias=L2(l2) if k % 5 == 0 else None, last="sigmoid" if k % 6 == 4 else "linear"
        )
        made.compile(loss=loss)
        out = made(x)
        theirs = float(made.compute_loss(x, target.reshape(-1, 1).astype(np.float32), out))
        found = objective(made, x, target)
        assert found == pytest.approx(theirs, rel=1e-6)
        assert found == pytest.approx(written_out(made, x, target, k % 6, l2, k % 5 == 0), rel=1e-12)


def test_a_decay_of_the_optimiser_is_said_to_be_none_of_the_objective():
    made = model(first="relu", kernel=L2(0.01))
    made.compile(optimizer=keras.optimizers.AdamW(weight_decay=0.1), loss="mse")
    found = mn.compare(made, X, Y)
    assert "decoupled" in found.notes[0]
    assert found.objective_of.problem.lam == pytest.approx(0.01)


@pytest.mark.slow
def test_what_is_no_shallow_network_is_refused_in_one_line(refused):
    def of(made):
        return lambda: mn.compare(made, X, Y, weight_decay=0.1)

    refused(of(model(first="tanh")), "has the activation tanh")
    refused(of(model()), "has 0 activations")
    refused(of(model(layers.Dense(5), first="relu")), "has 3 Dense layers")
    refused(of(model(layers.BatchNormalization(), first="relu")), "has a BatchNormalization")
    refused(of(model(layers.Dropout(0.5), first="relu")), "has a Dropout")
    refused(of(model(first="relu", outputs=2)), "has 2 outputs")
    refused(of(model(layers.ReLU(max_value=6))), "has a ReLU with max_value")
    refused(of(model(first="relu", dim=2)), "X has 3 columns and the model takes 2")
    refused(of(keras.Sequential([layers.Dense(3)])), "is not built")
    refused(of(keras.Sequential([keras.Input((3,)), layers.Dense(1)])), "has 1 Dense layer;")
    rows = keras.Sequential([keras.Input((2, 3)), layers.Dense(5, "relu"), layers.Dense(1)])
    refused(of(rows), r"cannot be called with points of shape \(64, 3\) \(Exception .*; minnorm reads two")
    broken = model(first="relu")
    broken.layers[0].set_weights([np.full((3, 5), np.nan), np.zeros(5)])
    refused(of(broken), "has nan in weights of the first layer, 15 of 15")
    refused(of(layers.Dense(3)), "is a Dense; give a Keras model")
    refused(lambda: mn.compare(model(first="relu"), X, Y), "none of weight_decay and lam")
