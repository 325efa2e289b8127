"""A proof of how large an error curve gets, maxima between its nodes included."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

import numpy as np

from minnorm.known.radial.curve import RadialCurve

_SLACK = 1 + 1e-9  # for sums of a few dozen positive float64 numbers


def largest_value(curve: RadialCurve, nodes: Sequence[int], last: int, tolerance: float) -> Fraction | None:
    """A proven bound of max |phi| on [0, last], at least 1; None if there is no proof. It may be wide by `tolerance`.

    `nodes` are the alternation points, descending from `last`; with 0 they are the bases of cells in which the
    Taylor polynomial sum_j a_j y^j of phi shows |phi| <= |a_0| + a_1^2 / (2 |a_2|): about an inner node half its
    quadratic term outweighs all later ones. To one side of an end it suffices that its linear term does. What
    lies between those cells is halved until sum_j |a_j| y^j <= 1 on each piece.
    """
    bases = sorted({*nodes, 0, last})
    order = curve.order(tolerance)
    taylor, rest = curve.taylor(bases, order), curve.remainder(order)
    greatest, cells = Fraction(1), []
    for j, base in enumerate(bases):
        gap = min(abs(base - other) for other in bases if other != base)
        found = _cell(curve, taylor[j], gap, rest, inwards={0: 1, last: -1}.get(base, 0))
        if found is None:
            return None
        half, value = found
        greatest = max(greatest, value)
        cells.append((base - half, base + half))
    pieces = [(a[1], b[0]) for a, b in pairwise(cells) if a[1] < b[0]]
    if not _below_one(curve, pieces, order, rest):
        return None
    return greatest + Fraction(rest) + 2 * curve.rounding


def _cell(curve: RadialCurve, taylor: np.ndarray, gap: int, rest: float, inwards: int) -> tuple[int, Fraction] | None:
    """Half width of a cell about a base and a bound of |phi| in it; `inwards` is the direction inside at an end."""
    value = Fraction(int(taylor[0]), 1 << curve.bits)
    sign = 1 if value > 0 else -1
    if abs(value) < Fraction(1, 2):
        return None
    terms = np.array([float(Fraction(int(a), 1 << curve.bits)) for a in taylor])
    powers = np.arange(terms.size)
    y = min(curve.radius, gap / (1 << curve.bits) / 2) * curve.frequency
    for _ in range(60):
        sizes = np.abs(terms) * y**powers
        if sizes[1:].sum() * _SLACK + rest < 0.5:
            if sign * inwards * terms[1] < 0 and sizes[1] >= sizes[2:].sum() * _SLACK + rest:
                return int(y / curve.frequency * (1 << curve.bits)), abs(value)
            if -sign * terms[2] * y**2 >= 2 * sizes[3:].sum() * _SLACK:
                over = Fraction(float(terms[1])) ** 2 / abs(Fraction(float(terms[2]))) if terms[1] else 0
                return int(y / curve.frequency * (1 << curve.bits)), abs(value) + over
        y /= 2
    return None


def _below_one(curve: RadialCurve, pieces: list[tuple[int, int]], order: int, rest: float) -> bool:
    """Whether |phi| <= 1 on every piece, halved as often as it takes."""
    longest = int(curve.radius * (1 << curve.bits))
    powers = np.arange(order + 1)
    split = []
    for left, right in pieces:
        count = -(-(right - left) // (2 * longest))
        edges = [left + (right - left) * i // count for i in range(count + 1)]
        split += list(pairwise(edges))
    for _ in range(40):
        if not split:
            return True
        centres = [(a + b) // 2 for a, b in split]
        half = np.array([(b - a + 2) / (1 << (curve.bits + 1)) for a, b in split]) * curve.frequency
        scaled = curve.taylor(centres, order)
        sizes = np.abs((scaled / (1 << curve.bits)).astype(np.float64)) * half[:, None] ** powers
        open_ = np.flatnonzero(~(sizes.sum(axis=1) * _SLACK + rest + float(curve.rounding) * 4 <= 1))
        split = [part for i in open_ for part in ((split[i][0], centres[i]), (centres[i], split[i][1]))]
    return False
