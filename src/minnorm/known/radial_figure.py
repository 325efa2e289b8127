"""A radial bump in three panels: its profile, its measure, and the dual certificate that touches +-1 at the atoms."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from minnorm.known.radial import RadialBump

_POSITIVE, _NEGATIVE, _CURVE = "#c23b22", "#1f5fa8", "#333333"


def bump_figure(bump: RadialBump) -> Figure:
    """Profile, measure and dual certificate of a bump, as a matplotlib figure.

        f(r);    mu = sum of atoms + tail;    phi with |phi| <= 1 and phi = sign(mu) on the support of mu

    Argument: `bump`, made by `radial_bump`. Distances are in the units of x.

    >>> from minnorm.known.radial import radial_bump
    >>> [axes.get_ylabel() for axes in bump_figure(radial_bump(2)).axes]
    ['f(r)', 'atoms, mass', 'certificate phi(s)']

    Source: the reduction on the page *Radial bumps*.
    """
    figure = Figure(figsize=(7.2, 7.4), layout="constrained")
    top, middle, bottom = figure.subplots(3, 1)
    end = bump.scale * (1.35 if bump.dim % 2 else min(max(1.35, 1.2 * bump.outer), 1.6))
    _profile(top, bump, end)
    _measure(middle, bump, end)
    _certificate(bottom, bump, end)
    for axes in (middle, bottom):
        axes.set_xlim(-end, end)
        axes.set_xlabel("s")
    low, high = bump.norm_bounds
    top.set_title(f"d = {bump.dim}, plateau {bump.plateau:g}: [f] = {(low + high) / 2:.12g}")
    return figure


def _profile(axes: Axes, bump: RadialBump, end: float) -> None:
    r = np.linspace(0, end, 601)
    axes.plot(r, bump.profile(r), color=_CURVE)
    for low, high in (
        (0.0, bump.plateau),
        (1.0, end / bump.scale if bump.dim % 2 else min(bump.outer, end / bump.scale)),
    ):
        axes.axvspan(low * bump.scale, high * bump.scale, color="0.92", zorder=0)
    axes.set(xlim=(0, end), xlabel="r  (grey: where f is known)", ylabel="f(r)")


def _measure(axes: Axes, bump: RadialBump, end: float) -> None:
    measure = bump.measure
    for sign, colour in ((1, _POSITIVE), (-1, _NEGATIVE)):
        part = np.sign(measure.masses) == sign
        axes.vlines(measure.atoms[part], 0, measure.masses[part], color=colour)
        axes.plot(measure.atoms[part], measure.masses[part], "o", color=colour, markersize=4)
    axes.axhline(0, color="0.6", linewidth=0.8)
    axes.set_ylabel("atoms, mass")
    if measure.tail is None:
        return
    colour = _POSITIVE if measure.tail.mass > 0 else _NEGATIVE
    largest = np.max(np.abs(measure.masses))
    x = np.linspace(bump.scale, end, 400)[1:]
    # The density is infinite at the ball's edge: it is shown up to the height of the largest atom.
    height = np.clip(measure.tail.density(x), -largest, largest)
    for side in (-1, 1):
        axes.fill_between(side * x, height, color=colour, alpha=0.35, linewidth=0)
    axes.set_title(f"shaded: density of the tail, mass {measure.tail.mass:.4g}", loc="right", fontsize="medium")


def _certificate(axes: Axes, bump: RadialBump, end: float) -> None:
    phi, measure = bump.certificate, bump.measure
    inner, outer = bump.plateau * bump.scale, bump.scale if measure.tail is None else end
    half = np.concatenate([np.linspace(inner, bump.scale, 1200), [outer]])
    for side in (-1, 1):
        axes.plot(side * half, phi(half), color=_CURVE)
    if bump.plateau:
        axes.axvspan(-inner, inner, color="0.92", zorder=0)
    for sign, colour in ((1, _POSITIVE), (-1, _NEGATIVE)):
        part = np.sign(measure.masses) == sign
        axes.plot(measure.atoms[part], phi(measure.atoms[part]), "o", color=colour, markersize=4, zorder=3)
        axes.axhline(sign, color="0.6", linewidth=0.8, linestyle="--")
    axes.set(ylim=(-1.25, 1.25), ylabel="certificate phi(s)")
