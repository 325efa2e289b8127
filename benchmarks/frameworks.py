"""One network, one objective, four libraries: where do PyTorch, Keras, scikit-learn and `mn.train` end?

    python benchmarks/frameworks.py

The same start in float32, the same Adam (learning rate 0.01), all data in each step, the same decay of the weights.
Each end is compared with the certified minimum, and with the end of `mn.train`. Needs the `interop` extra.
"""

# pyright: reportMissingImports=false

import argparse
import os
import time
import warnings
from collections.abc import Callable

import numpy as np

import minnorm as mn

os.environ.setdefault("KERAS_BACKEND", "jax")
RATE, LAM = 0.01, 1e-3
Data = tuple[np.ndarray, np.ndarray]


def ours(start: mn.ShallowReLU, data: Data, steps: int) -> mn.ShallowReLU:
    """`mn.train`."""
    runs = mn.train(
        *data,
        start=lambda seed, width: start,
        width=start.width,
        learning_rate=RATE,
        weight_decay=LAM,
        steps=steps,
    )
    ((_, network),) = mn.training.networks(runs)
    return network


def pytorch(start: mn.ShallowReLU, data: Data, steps: int) -> mn.ShallowReLU:
    """`torch.optim.Adam`, with decay of the weights alone."""
    import torch

    model = start.to_torch()
    weights = [part for name, part in model.named_parameters() if "weight" in name]
    biases = [part for name, part in model.named_parameters() if "bias" in name]
    adam = torch.optim.Adam([{"params": weights, "weight_decay": LAM}, {"params": biases}], lr=RATE)
    x, y = (torch.tensor(part, dtype=torch.float32) for part in data)
    for _ in range(steps):
        adam.zero_grad()
        (0.5 * torch.nn.functional.mse_loss(model(x).squeeze(-1), y)).backward()
        adam.step()
    return mn.ShallowReLU.from_torch(model)


def keras(start: mn.ShallowReLU, data: Data, steps: int) -> mn.ShallowReLU:
    """`keras.optimizers.Adam` on the mean of squares and L2(lam): twice the objective, with eps as of the others."""
    import keras

    decay, net = keras.regularizers.L2(LAM), start.to_numpy()
    model = keras.Sequential(
        [
            keras.Input((net.dim,)),
            keras.layers.Dense(net.width, activation="relu", kernel_regularizer=decay),
            keras.layers.Dense(1, kernel_regularizer=decay),
        ]
    )
    model.set_weights([net.inner_weights.T, net.biases, net.outer_weights[:, None], np.reshape(net.offset, 1)])
    model.compile(optimizer=keras.optimizers.Adam(RATE, epsilon=2e-8), loss="mse", jit_compile=True)
    x, y = (np.asarray(part, np.float32) for part in data)
    model.fit(x, y, batch_size=len(x), epochs=steps, shuffle=False, verbose=0)
    return mn.ShallowReLU.from_keras(model)


def scikit_learn(start: mn.ShallowReLU, data: Data, steps: int) -> mn.ShallowReLU:
    """`MLPRegressor` with solver "adam", all data in a batch, and alpha = n lam."""
    from sklearn.neural_network import MLPRegressor

    net, (x, y) = start.to_numpy(), (np.asarray(part, np.float32) for part in data)
    model = MLPRegressor(
        hidden_layer_sizes=(net.width,),
        alpha=LAM * len(x),
        batch_size=len(x),
        learning_rate_init=RATE,
        max_iter=1,
        tol=0.0,
        n_iter_no_change=steps,
        shuffle=False,
        warm_start=True,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.set_params(learning_rate_init=1e-30).fit(x, y)  # makes the arrays
        model.coefs_ = [net.inner_weights.T.copy(), net.outer_weights[:, None].copy()]
        model.intercepts_ = [net.biases.copy(), net.offset.reshape(1).copy()]
        model.set_params(learning_rate_init=RATE, max_iter=steps)
        model.fit(x, y)
    return mn.ShallowReLU.from_sklearn(model)


LIBRARIES: dict[str, Callable[[mn.ShallowReLU, Data, int], mn.ShallowReLU]] = {
    "mn.train": ours,
    "PyTorch": pytorch,
    "Keras on JAX": keras,
    "scikit-learn": scikit_learn,
}


def begin(width: int) -> tuple[mn.ShallowReLU, Data]:
    """A random start, of the law of PyTorch, and 40 points."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(40, 2))
    y = np.sin(2 * x[:, 0]) + x[:, 1]
    parts = {
        "inner_weights": rng.uniform(-(0.5**0.5), 0.5**0.5, (width, 2)),
        "biases": rng.uniform(-(0.5**0.5), 0.5**0.5, width),
        "outer_weights": rng.uniform(-(width**-0.5), width**-0.5, width),
        "offset": np.zeros(()),
    }
    return mn.ShallowReLU(**{name: part.astype(np.float32) for name, part in parts.items()}), (x, y)


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, nargs="+", default=[10, 1000])
    parser.add_argument("--width", type=int, default=50)
    asked = parser.parse_args()
    start, data = begin(asked.width)
    print(
        "| steps | library | objective | excess | rescaling | merging | refitting | function | from mn.train | CPU s |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    for steps in asked.steps:
        own = None
        for name, train in LIBRARIES.items():
            began = time.process_time()
            net = train(start, data, steps)
            spent = time.process_time() - began
            own = net if own is None else own
            found = mn.compare(net, *data, lam=LAM)
            apart = np.sqrt(np.mean((net.evaluate(data[0]) - own.evaluate(data[0])) ** 2))
            parts = " | ".join(f"{part:.2%}" for part in found.parts.values())
            print(
                f"| {steps} | {name} | {found.objective:.7f} | {found.excess:.3%} | {parts} | {apart:.1e} | "
                f"{spent:.1f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
