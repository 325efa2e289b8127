"""Draw the picture of the home page, for light and for dark: python docs/hero.py."""

from itertools import product
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import minnorm as mn

LAM = 1e-3
X = np.array([-3.0, -2.0, -1.0, 0.0, 1.0, 1.5, 2.5, 4.0])
Y = np.array([1.0, 0.2, 0.0, 0.4, 1.6, 3.0, 2.2, 2.6])


def draw(best: mn.Solution, runs, folder: Path, style: str, *, narrow: bool) -> None:
    """The network that was trained beside the best one; its objective above the floor that is proven."""
    with mn.plot_style(style):
        if narrow:  # for phones
            figure, (left, right) = plt.subplots(
                2, figsize=(4.2, 5.4), height_ratios=[3, 2]
            )
        else:
            figure, (left, right) = plt.subplots(
                1, 2, figsize=(8.6, 3.2), width_ratios=[3, 2]
            )
        net = next(mn.training.networks(runs))[1]
        mn.plot_line(
            X, Y, best, others={"your network, by Adam": net}, knots=False, ax=left
        )
        left.get_lines()[0].set_label("the best possible")
        left.legend()
        left.set_title("Which function weight decay is after")
        colour = left.get_lines()[1].get_color()
        step = np.maximum(runs["step"].values, 0.5)
        right.plot(step, runs["objective"].values.ravel(), color=colour)
        right.axhline(best.lower_bound, color=left.get_lines()[0].get_color())
        right.axhspan(
            right.get_ylim()[0] / 10,
            best.lower_bound,
            color=left.get_lines()[0].get_color(),
            alpha=0.2,
            linewidth=0,
        )
        right.set(xscale="log", yscale="log", xlabel="steps", ylabel="objective")
        right.set_ylim(best.lower_bound / 2)
        right.text(
            step[0], best.lower_bound / 1.15, "no network is here: proven", va="top"
        )
        right.set_title("How far your network is from it")
        name = f"hero-narrow-{style}.png" if narrow else f"hero-{style}.png"
        figure.savefig(folder / name, metadata={"Software": None})
    plt.close(figure)


def main() -> None:
    """Train once, draw twice."""
    best = mn.fit(X, Y, lam=LAM)
    assert best.certified
    runs = mn.train(
        X,
        Y,
        optimizer="adam",
        learning_rate=3e-3,
        weight_decay=LAM,
        width=100,
        steps=5000,
        records=60,
    )
    folder = Path(__file__).parent / "images"
    for style, narrow in product(("light", "dark"), (False, True)):
        draw(best, runs, folder, style, narrow=narrow)
    print(float(runs["objective"].isel(step=-1).values.squeeze()) / best.value)


if __name__ == "__main__":
    main()
