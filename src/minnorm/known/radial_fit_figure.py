"""A fit of a radial law in three panels: its profile and the data, its measure, and the dual certificate."""

import numpy as np
from matplotlib.figure import Figure

from minnorm.known.radial_fit import RadialFit

_POSITIVE, _NEGATIVE, _CURVE = "#c23b22", "#1f5fa8", "#333333"


def fit_figure(fit: RadialFit) -> Figure:
    """Profile, measure and dual certificate of a fit, as a matplotlib figure.

        f(r) and the data (r_j, y_j);    mu, its atoms;    h with |h| <= 1 and h = sign(mu) on the support of mu

    Argument: `fit`, made by `radial_fit`. Larger dots have more weight.

    >>> from minnorm.known.radial_fit import radial_fit
    >>> figure = fit_figure(radial_fit([0.0, 1.0, 2.0], [1.0, 0.0, 0.0], dim=2, lam=0.01))
    >>> [axes.get_ylabel() for axes in figure.axes]
    ['f(r)', 'atoms, mass', 'certificate h(s)']
    """
    figure = Figure(figsize=(7.2, 7.4), layout="constrained")
    top, middle, bottom = figure.subplots(3, 1, sharex=True)
    end = 1.08 * float(fit.radii[-1]) or 1.0
    r = np.union1d(np.linspace(0, end, 801), fit.knots)
    top.plot(r, fit.profile(r), color=_CURVE)
    sizes = 8 + 60 * fit.weights / np.max(fit.weights)
    top.scatter(fit.radii, fit.values, s=sizes, color="#e08a1e", alpha=0.75, zorder=3, label="data")
    top.legend(loc="upper right")
    largest = float(np.max(np.abs(fit.masses), initial=0.0)) or 1.0
    top.set(ylabel="f(r)", xlim=(-0.02 * end, end))
    proven = f"value {fit.value:.8g}, lower bound {fit.lower_bound:.8g}"
    top.set_title(f"d = {fit.dim}, lam = {fit.lam:g}: [f] = {fit.norm:.8g}, {proven}", fontsize="medium")
    middle.axhline(0, color="0.6", linewidth=0.8)
    curve = fit.curve(r)
    bottom.plot(r, curve, color=_CURVE)
    for sign, colour in ((1, _POSITIVE), (-1, _NEGATIVE)):
        part = np.sign(fit.masses) == sign
        knots, masses = fit.knots[part], fit.masses[part]
        middle.vlines(knots, 0, masses, color=colour)
        middle.plot(knots, masses, "o", color=colour, markersize=4)
        bottom.plot(knots, fit.curve(knots), "o", color=colour, markersize=4, zorder=3)
        bottom.axhline(sign, color="0.6", linewidth=0.8, linestyle="--")
    middle.set(ylabel="atoms, mass", ylim=(-1.15 * largest, 1.15 * largest))
    bottom.set(xlabel="r, s", ylabel="certificate h(s)", ylim=(-1.25, 1.25))
    return figure
