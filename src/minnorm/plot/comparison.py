"""Where the excess of networks over the certified minimum is."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from minnorm.checks import instance
from minnorm.plot.descent import WORDS, draw_levels, one_network
from minnorm.plot.style import drawing


def plot_comparison(comparison: xr.Dataset, *, ax: Axes | None = None) -> Axes:
    r"""The excess of one network, or of all networks of a grid, as bars of its parts; of one's steps as areas.

        objective / lower bound - 1 = rescaling + merging + refitting + function

    Arguments: `comparison`, what `to_dataset` of a `Comparison` gives, or of several; `ax`, where to draw, by default
    new axes. Networks are in the grid's order. Along the steps of one network the lines are the objective of the
    network, rescaled, merged and refitted, over the certified minimum. Returns the axes. Errors: ValueError for other
    datasets, and for the steps of several networks at once.

    >>> import minnorm as mn
    >>> x, y = [-1.0, 0.0, 1.0], [0.0, 1.0, 0.0]
    >>> found = mn.compare(mn.known.line(x, y).network, x, y, weight_decay=0.01)
    >>> mn.plot_comparison(found.to_dataset()).get_ylabel()
    'excess over the minimum'
    """
    instance("comparison", comparison, xr.Dataset, "what Comparison.to_dataset returned")
    if "parts" not in comparison or "part" not in comparison.dims:
        raise ValueError(f"comparison has {', '.join(map(str, comparison.data_vars))}; give what to_dataset returned")
    if comparison.sizes.get("step", 1) > 1:
        with drawing(ax) as (axes, colours):
            draw_levels(axes, one_network(comparison), colours)
        return axes
    parts = comparison["parts"].transpose("part", ...).values.reshape(comparison.sizes["part"], -1)
    with drawing(ax, (5.6, 3.2)) as (axes, colours):
        places, bottom = np.arange(parts.shape[1]), np.zeros(parts.shape[1])
        for k, (name, part) in enumerate(zip(comparison["part"].values, parts, strict=True)):
            height = np.nan_to_num(part)
            label = WORDS.get(str(name), str(name))
            axes.bar(places, height, bottom=bottom, color=colours.series[k % len(colours.series)], label=label)
            bottom = bottom + height
        axes.set(ylabel="excess over the minimum", xlabel="" if parts.shape[1] == 1 else "network")
        axes.set_xticks(places if 1 < parts.shape[1] <= 20 else [])
        axes.legend()
    return axes
