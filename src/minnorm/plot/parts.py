"""What a network adds for each column, or pair of columns: shape functions, the most important first."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from minnorm.checks import check_points, whole
from minnorm.measure.parts import Part, parts
from minnorm.network import ShallowReLU
from minnorm.plot.style import Palette, drawings
from minnorm.solution import Solution

_PLACES, _SIDE = 401, 101
_LEVELS = 11
_ACROSS = 3  # pictures in a row


def plot_parts(
    X: npt.ArrayLike,
    solution: Solution | ShallowReLU,
    *,
    names: Sequence[str] | None = None,
    most: int = 6,
    axes: Sequence[Axes] | None = None,
) -> list[Axes]:
    r"""The functions whose sum a network is: curves of one column, shades of two, centred over the data.

        f(x) = constant + sum_S g_S(x_S)

    The marks below a curve are the data, and so are the dots on shades; all have one scale. Parts of more than two
    columns are left out.

    Arguments: `X` (n, d), the data; `solution`, a `Solution` or a network; `names` of the columns; `most` parts, those
    of largest standard deviation; `axes`, where to draw, by default a new figure. Returns the axes. Errors: ValueError
    naming the argument.

    >>> import minnorm as mn
    >>> X = np.random.default_rng(0).normal(size=(30, 3))
    >>> sol = mn.fit(X, np.abs(X[:, 0]) + X[:, 1] / 2, 1e-3, penalty=mn.PathNorm(inputs=1))
    >>> mn.plot_parts(X, sol, most=2)[0].get_xlabel()
    '$x_1$'

    Source: Hastie & Tibshirani (1990), *Generalized Additive Models*.
    """
    x, most = check_points(X, "X"), whole("most", most, 1)
    found = solution.parts(x) if isinstance(solution, Solution) else parts(solution, x)
    shown = [part for part in found if len(part.columns) <= 2][:most]
    if not shown:
        raise ValueError("solution has no part of one or two columns; plot_parts draws those")
    if names is not None and len(names) != x.shape[1]:
        raise ValueError(f"names are {len(names)} and X has {x.shape[1]} columns; give one for each")
    called = [f"$x_{{{j + 1}}}$" if x.shape[1] > 9 else f"$x_{j + 1}$" for j in range(x.shape[1])]
    called = called if names is None else list(names)
    top = max(float(np.max(np.abs(part(x)))) for part in shown) or 1.0
    across = min(_ACROSS, len(shown))
    size = (3.2 * across, 2.6 * -(-len(shown) // across))
    with drawings(axes, len(shown), size, across=across) as (places, colours):
        for ax, part in zip(places, shown, strict=True):
            (_curve if len(part.columns) == 1 else _shades)(ax, x, part, top, colours)
            ax.set_xlabel(called[part.columns[0]])
            ax.set_ylabel("part of f" if len(part.columns) == 1 else called[part.columns[1]])
            ax.set_title(f"standard deviation {part.importance:.3g}", fontsize="small")
    return list(places)


def _curve(ax: Axes, x: np.ndarray, part: Part, top: float, colours: Palette) -> None:
    (column,) = part.columns
    low, high = float(x[:, column].min()), float(x[:, column].max())
    bends = -part.network.biases / part.network.inner_weights[:, column]
    at = np.sort(np.concatenate([np.linspace(low, high, _PLACES), bends[(bends > low) & (bends < high)]]))
    points = np.zeros((at.size, x.shape[1]))
    points[:, column] = at
    ax.plot(at, part(points), **colours.line(0))
    ax.plot(x[:, column], np.full(len(x), -1.1 * top), "|", color=colours.ink, markersize=4, alpha=0.4)
    ax.set_ylim(-1.2 * top, 1.1 * top)


def _shades(ax: Axes, x: np.ndarray, part: Part, top: float, colours: Palette) -> None:
    one, other = part.columns
    across, up = (np.linspace(x[:, j].min(), x[:, j].max(), _SIDE) for j in (one, other))
    grid = np.zeros((_SIDE * _SIDE, x.shape[1]))
    grid[:, one], grid[:, other] = np.tile(across, _SIDE), np.repeat(up, _SIDE)
    values = np.clip(part(grid), -top, top).reshape(_SIDE, _SIDE)
    shades = ax.contourf(across, up, values, np.linspace(-top, top, _LEVELS), cmap=colours.scale)
    ax.scatter(x[:, one], x[:, other], s=6, color=colours.ink, alpha=0.5, linewidths=0)
    ax.figure.colorbar(shades, ax=ax, label="part of f")
    ax.grid(False)
