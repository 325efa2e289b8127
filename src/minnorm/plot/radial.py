"""Radial functions: the profile, the measure that makes it, and the dual certificate that proves it minimal."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import get_args

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from minnorm.checks import instance, numbers
from minnorm.known import RadialBump, RadialFit, RadialShells, RadialTarget, RadialWithin
from minnorm.measure.radial import RadialProfile, radial_profile
from minnorm.network import ShallowReLU
from minnorm.plot.line import bounds, functions_given
from minnorm.plot.style import Palette, drawing, new_figure, plot_style

Radial = RadialBump | RadialFit | RadialShells | RadialTarget | RadialWithin
"""What `minnorm.known` has of radial functions."""

Profile = ShallowReLU | RadialProfile | Callable[[npt.NDArray[np.float64]], npt.ArrayLike]
"""A network, of which mean and deviation over directions are drawn, such a pair, or a callable of radii."""


def plot_radial(f: Radial, *, others: Mapping[str, Profile] | None = None, ax: Axes | None = None) -> Axes:
    r"""The profile f(r) of a radial function, with other profiles over it, for example of trained networks.

        line: mean of g(r w) over unit vectors w;      band: mean +- standard deviation over them, 0 if g is radial

    Arguments: `f`, made by `known.radial_bump`, `radial_fit`, `radial_shells`, `radial_target` or `radial_within`;
    `others` under their names: networks, results of `measure.radial_profile`, or callables of radii (k,); `ax`, where
    to draw, by default new axes. Grey is where f is given; the data of a fit are dots, larger with more weight. Returns
    the axes.

    Errors: ValueError for a network of another dimension.

    >>> import minnorm as mn
    >>> bump = mn.known.radial_bump(3)
    >>> ax = mn.plot_radial(bump, others={"400 neurons": bump.as_network(400, 0)})
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['minimum norm', '400 neurons']
    """
    shape, others = _shape(f), functions_given(others)
    r = np.union1d(np.linspace(0, shape.end, 801), [at for at in shape.atoms if 0 <= at <= shape.end])
    with drawing(ax) as (axes, colours):
        for low, high in shape.known:
            axes.axvspan(low, min(high, shape.end), color=colours.region, linewidth=0, zorder=0)
        axes.plot(r, f.profile(r), color=colours.ink, linewidth=1.1, zorder=5, label="minimum norm")
        for k, (name, other) in enumerate(others.items()):
            _profile(axes, r, other, f.dim if not isinstance(f, RadialShells) else f.bumps[0].dim, name, colours, k)
        if isinstance(f, RadialFit):
            sizes = 8 + 50 * f.weights / np.max(f.weights)
            colour = colours.series[1]
            look = {"color": colour, "alpha": 0.75, "linewidth": 0, "zorder": 6, "clip_on": False}
            axes.scatter(f.radii, f.values, s=sizes, label="data", **look)
        axes.set(xlim=(0, shape.end), xlabel="r  (grey: where f is given)" if shape.known else "r", ylabel="f(r)")
        axes.set_title(shape.title)
        if others or isinstance(f, RadialFit):
            axes.legend()
    return axes


def plot_radial_measure(f: Radial, *, ax: Axes | None = None) -> Axes:
    r"""The measure mu of a radial function: its atoms as stems, and its density, if it has one, shaded.

        f(x) = mean over unit w of int relu(w . x - s) dmu(s),      [f] = ||mu||

    Argument: `f`, made by `known.radial_bump`, `radial_fit` or `radial_within` (drawn on s >= 0, where all their mass
    is), `radial_shells` or `radial_target`; `ax`, where to draw, by default new axes. Returns the axes.

    >>> import minnorm as mn
    >>> mn.plot_radial_measure(mn.known.radial_bump(2)).get_ylabel()
    'mass of atoms'
    """
    shape = _shape(f)
    with drawing(ax, (5.6, 2.2)) as (axes, colours):
        axes.axhline(0, color=colours.faint, linewidth=0.7)
        for sign, look in colours.signs:
            part = np.sign(shape.masses) == sign
            axes.vlines(shape.atoms[part], 0, shape.masses[part], color=look["color"], linewidth=1.3)
            axes.plot(shape.atoms[part], shape.masses[part], linestyle="none", **look)
        if shape.density is not None:
            # A density may be infinite at the end of a shell: it is shown up to the height of the largest atom.
            largest = float(np.max(np.abs(shape.masses), initial=0.0)) or math.inf
            s = np.linspace(-shape.end, shape.end, 1601)
            height = np.clip(shape.density(s), -largest, largest)
            for sign, look in colours.signs:
                part = np.where(np.sign(height) == sign, height, 0)
                axes.fill_between(s, part, color=look["color"], alpha=0.3, linewidth=0)
        if shape.tail:
            axes.set_title(f"shaded: density of the tail, mass {shape.tail:.4g}", loc="right")
        axes.set(xlim=(shape.start, shape.end), xlabel="s", ylabel="mass of atoms")
        axes.margins(y=0.15)
    return axes


def plot_radial_certificate(f: Radial, *, ax: Axes | None = None) -> Axes:
    r"""The dual certificate of a radial function: within +-1, and at the measure's sign wherever that has mass.

        phi with |phi| <= 1,      phi = sign(mu) on the support of mu,      [f] = int phi dmu

    Arguments: `f`, made by `known.radial_bump`, `radial_fit`, `radial_shells`, `radial_target` or `radial_within`;
    `ax`, where to draw, by default new axes. The dots are mu's atoms, drawn where phi is. Returns the axes.

    >>> import minnorm as mn
    >>> ax = mn.plot_radial_certificate(mn.known.radial_bump(5))
    >>> sum(curve.get_xdata().size for curve in ax.get_lines() if curve.get_marker() != "None")
    7
    """
    shape = _shape(f)
    with drawing(ax, (5.6, 2.2)) as (axes, colours):
        bounds(axes, colours)
        for low, high in shape.silent:
            axes.axvspan(low, high, color=colours.region, linewidth=0, zorder=0)
        for low, high in shape.heard:
            s = np.union1d(np.linspace(low, high, 1201), shape.atoms[(shape.atoms >= low) & (shape.atoms <= high)])
            axes.plot(s, shape.curve(s), color=colours.ink, linewidth=1.1)
        for sign, look in colours.signs:
            at = shape.atoms[np.sign(shape.masses) == sign]
            axes.plot(at, shape.curve(at), linestyle="none", zorder=4, **look)
        axes.set(xlim=(shape.start, shape.end), xlabel="s", ylabel="dual certificate")
    return axes


def radial_figure(f: Radial) -> Figure:
    """Profile, measure and certificate below each other; no window shows it.

    >>> from minnorm.known import radial_bump
    >>> [axes.get_ylabel() for axes in radial_figure(radial_bump(2)).axes]
    ['f(r)', 'mass of atoms', 'dual certificate']
    """
    with plot_style():
        figure = new_figure(6.4, 6.4)
        top, middle, bottom = figure.subplots(3, 1, height_ratios=[3, 2, 2])
        plot_radial(f, ax=top)
        plot_radial_measure(f, ax=middle)
        plot_radial_certificate(f, ax=bottom)
    return figure


@dataclass(frozen=True)
class _Shape:
    """What is drawn of a radial function: from `start` to `end`, with the intervals in which it is given (`known`),
    those in which its certificate is a curve (`heard`) and those in which it says nothing (`silent`)."""

    start: float
    end: float
    known: list[tuple[float, float]]
    heard: list[tuple[float, float]]
    silent: list[tuple[float, float]]
    atoms: np.ndarray
    masses: np.ndarray
    curve: Callable[[np.ndarray], np.ndarray]
    title: str
    density: Callable[[np.ndarray], np.ndarray] | None = None
    tail: float = 0.0


def _shape(f: Radial) -> _Shape:
    instance(
        "f",
        f,
        get_args(Radial),
        "what known.radial_bump, radial_fit, radial_shells, radial_target or radial_within returned",
    )
    if isinstance(f, RadialFit):
        end = 1.08 * float(f.radii[-1]) or 1.0
        title = f"d = {f.dim}: [f] = {f.norm:.8g}, objective {f.value:.8g}, lower bound {f.lower_bound:.8g}"
        if f.lam:
            title = f"λ = {f.lam:g}, " + title
        return _Shape(-0.02 * end, end, [], [(0.0, end)], [], f.knots, f.masses, f.curve, title)
    if isinstance(f, RadialBump):
        return _bump(f)
    if isinstance(f, RadialWithin):
        end = 1.08 * f.outer
        title = f"d = {f.dim}, within {f.within:g}: [f] = {f.norm:.8g}, no network has less than {f.norm_bounds[0]:.8g}"
        known = [(0.0, f.plateau), (1.0, f.outer)]
        return _Shape(-0.02 * end, end, known, [(0.0, end)], [], f.knots, f.masses, f.curve, title)
    measure = f.measure
    low, high = f.norm_bounds
    if isinstance(f, RadialShells):
        gaps = [(bump.plateau * bump.scale, bump.scale) for bump in f.bumps]
        shells, dim, density = _between(gaps), f.bumps[0].dim, None
    else:
        gaps, shells, dim, density = [gap.ends for gap in f.gaps], list(f.shells), f.dim, f.density
    end = 1.35 * gaps[-1][1]
    title = f"d = {dim}: [f] = {(low + high) / 2:.12g}"
    known = [(a, min(b, end)) for a, b in shells]
    heard = _both(gaps) if isinstance(f, RadialShells) else [(-end, end)]
    silent = _both(known) if isinstance(f, RadialShells) else []
    return _Shape(-end, end, known, heard, silent, measure.atoms, measure.masses, f.certificate, title, density)


def _bump(f: RadialBump) -> _Shape:
    measure = f.measure
    end = f.scale * (1.35 if f.dim % 2 else min(max(1.35, 1.2 * f.outer), 1.6))
    inner, edge = f.plateau * f.scale, f.scale if measure.tail is None else end
    known = [(0.0, inner), (f.scale, end if f.dim % 2 else min(f.scale * f.outer, end))]
    low, high = f.norm_bounds
    tail = measure.tail

    def density(s: np.ndarray) -> np.ndarray:
        assert tail is not None
        value = np.zeros(s.size)
        outside = np.abs(s) > f.scale
        value[outside] = tail.density(np.abs(s[outside]))
        return value

    return _Shape(
        -end,
        end,
        known,
        _both([(inner, edge)]) if inner else [(-edge, edge)],
        [(-inner, inner)] if inner else [],
        measure.atoms,
        measure.masses,
        f.certificate,
        f"d = {f.dim}, plateau {f.plateau:g}: [f] = {(low + high) / 2:.12g}",
        None if tail is None else density,
        0.0 if tail is None else tail.mass,
    )


def _between(gaps: list[tuple[float, float]]) -> list[tuple[float, float]]:
    ends = [0.0, *(end for gap in gaps for end in gap), math.inf]
    return list(zip(ends[::2], ends[1::2], strict=True))


def _both(intervals: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Intervals of |s| as intervals of s."""
    return [pair for low, high in intervals for pair in ((-high, -low), (low, high))]


def _profile(axes: Axes, r: np.ndarray, f: Profile, dim: int, name: str, colours: Palette, number: int) -> None:
    look = colours.line(number)
    if isinstance(f, ShallowReLU):
        f = radial_profile(f, dim, np.linspace(0, r[-1], 201))
    if isinstance(f, RadialProfile):
        axes.fill_between(f.radii, f.mean - f.std, f.mean + f.std, color=look["color"], alpha=0.25, linewidth=0)
        axes.plot(f.radii, f.mean, label=name, **look)
        return
    values = numbers(f(r), f"others: {name}")
    if values.shape != r.shape:
        raise ValueError(f"{name} returned shape {values.shape} for {r.size} radii; return one value for each")
    axes.plot(r, values, label=name, **look)
