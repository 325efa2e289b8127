"""Draw the pictures of the page about guesses: python docs/guesses.py."""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import minnorm as mn

IMAGES = Path(__file__).parent / "images"
SQUARE = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
XOR = np.array([0.0, 1.0, 1.0, 0.0])
HILLS = [[1.0, 3.0], [2.0, 3.0], [0.0, 4.0], [3.0, 3.0], [2.0, 0.0], [4.0, 4.0]]
ORDER = [5, 0, 1, 4, 2, 6, 3, 7]


def save(figure, name: str) -> None:
    """One picture of the page."""
    figure.savefig(IMAGES / f"guesses-{name}.png", metadata={"Software": None})
    plt.close(figure)


def panel(points, labels, axes, title: str) -> mn.Solution:
    """The minimiser for points in the plane, certified."""
    found = mn.interpolate(points, labels)
    assert found.certified
    mn.plot_plane(points, labels, found, ax=axes)
    axes.set_title(title)
    return found


def thousandth() -> None:
    """XOR with its fourth corner moved by .001."""
    figure, pair = plt.subplots(1, 2, figsize=(9.2, 3.8))
    for corner, axes in zip((0.999, 1.001), pair, strict=True):
        moved = np.vstack([SQUARE[:3], [corner, corner]])
        panel(moved, XOR, axes, f"fourth corner at ({corner}, {corner})")
    save(figure, "xor")


def raised() -> None:
    """A label that is raised, and a prediction that falls."""
    figure, pair = plt.subplots(1, 2, figsize=(9.2, 3.8))
    for first, axes in zip((1.0, 2.0), pair, strict=True):
        labels = [first, 3.0, 2.0, 0.0, 3.0, 0.0]
        found = panel(HILLS, labels, axes, "")
        value = float(found([[2.0, 4.0]])[0])
        axes.set_title(f"label {first:.0f} at (1, 3): f(2, 4) = {value:.0f}")
        axes.plot(2, 4, "x", color="black", markersize=9, markeredgewidth=2)
    save(figure, "label")


def apart() -> None:
    """Two XORs, along the diagonal and along an axis."""
    figure, pair = plt.subplots(1, 2, figsize=(9.2, 3.8))
    for shift, axes in zip(([3.0, 3.0], [3.0, 0.0]), pair, strict=True):
        points = np.vstack([SQUARE, SQUARE + shift])
        found = panel(points, [*XOR, *XOR], axes, "")
        axes.set_title(f"least norm {found.value:.2f}")
    save(figure, "apart")


def column() -> None:
    """Eight labels in turn on a line, and with a column that has nothing to do with them."""
    x = np.arange(8.0)
    figure, (left, right) = plt.subplots(1, 2, figsize=(9.2, 3.8))
    line = mn.known.line(x, x % 2)
    mn.plot_line(x, x % 2, line, knots=False, ax=left)
    left.set_title(f"one column: least norm {line.value:.0f}")
    wide = np.stack([x, ORDER], axis=1)
    found = panel(wide, x % 2, right, "")
    right.set_title(f"with another column: {found.value:.3f}")
    save(figure, "column")


def main() -> None:
    """All of them."""
    with mn.plot_style("light"):
        for draw in (thousandth, raised, apart, column):
            draw()


if __name__ == "__main__":
    main()
