r"""How far a network is from its labels on whole regions, bounded above.

e = f - label is piecewise affine, so that |e| is largest where a face of its cell complex is a point: at a corner of a
region, where a knot crosses an edge, a circle or another knot, or on a circle where the gradient points away from its
centre. All of these are visited. What is computed of them is inexact, and no crossing is well conditioned in general;
so nothing is said of where they are. Instead each knot is replaced by a segment of float64 numbers that is within a few
rounding errors of it, and on that segment (an edge, a circle) every neuron by the one whose values at its ends (whose
centre and amplitude) are the float64 numbers computed: it is off by a few rounding errors everywhere, and where it
changes its sign is then known to a few units of the last place, for the two values have opposite signs. The maximum of
a function moves by no more than the function does, so that all of this costs what `Difference.price` adds up.

In space boxes that cover a body are divided until the bounds on them are small enough: `verification.boxes`.
"""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from minnorm.bracket import ROUNDING, Bracket, RegionSolution
from minnorm.checks import instance, optional, real, suggesting
from minnorm.network import ShallowReLU, as_network
from minnorm.objective.regions.known import Affine, Regions
from minnorm.objective.regions.shape import Shape
from minnorm.solution import Certificate
from minnorm.verification import boxes, primal
from minnorm.verification.difference import BLOCK, Difference
from minnorm.verification.exact import UNIT, UP, total
from minnorm.verification.judge import verify
from minnorm.verification.primal import lengths
from minnorm.verification.repair import correction

_SLACK = 2.0**-40  # of the size of everything: what is this close to a region is counted to it
_ROOM = 2.0**-46  # relative rounding errors of the few operations with which points and labels of regions are made
_MANY = 2000  # points of a dual vector that are enumerated in less than the time that `verify` usually takes
_MANY_IN_SPACE = 400  # the same of space
_HALF, _LEAST = 0.5, 0.5  # of the time for the error, at most; seconds for the bound, at least
_SHORT = 2.0**-40  # of a circle: an arc without an inside
_SEEN = 2000  # places on a body's boundary at which e is looked at before it is bounded
_LONGEST = 600.0  # seconds for a bound in space, unless there is a limit


@dataclass(frozen=True)
class Worst:
    """The largest |f - label|, or 1 - label f, on a region, rounded up, and where it was met."""

    error: float
    point: Float[np.ndarray, " d"]


def worst(
    net: ShallowReLU, regions: Regions, margins: bool = False, allowed: float = 0.0, seconds: float = _LONGEST
) -> Worst:
    """The largest |f - label| over all regions, or 1 - label f for `margins`, rounded up.

    In space it is a bound that is no more than `allowed`, or little more than what was met, after these `seconds` more.

    Source: the module's own analysis of rounding errors.
    """
    found = [_on(net, shape, label, margins, allowed, seconds / len(regions)) for shape, label in regions]
    return max(found, key=lambda one: one.error)


def _on(net: ShallowReLU, shape: Shape, label: Affine, margins: bool, allowed: float, seconds: float) -> Worst:
    """The same on one region; where labels are y = 1 or -1, 1 - y f = -y e."""
    e = Difference(net, label, shape)
    slack = _SLACK * max(e.reach, shape.diameter)
    places = [shape.vertices]
    if shape.dim == 3 and shape.solid:
        places.append(shape.spread(_SEEN))
    else:
        places += [_on_segment(e, start, end) for start, end in shape.edges]
    if shape.dim == 2:
        extra = 0.0
        for center, radius in shape.spheres:
            places.append(_on_circle(e, center, radius))
            extra = max(extra, _SHORT * 2 * math.pi * radius * e.lipschitz)
    else:
        extra = 0.0
    x = np.concatenate([np.zeros((0, shape.dim)), *places])
    missed = e(x)
    if shape.dim == 2 and shape.solid:
        side = -label.offset if margins else 0.0
        x, missed = _worst_crossing(e, lambda y: shape.contains(y, slack), side, x, missed)
    size = -label.offset * missed if margins else np.abs(missed)
    k = int(np.argmax(size))
    largest, where = float(size[k]), x[k]
    if shape.dim == 3 and shape.solid:
        side, met = -label.offset if margins else 0.0, boxes.Met(largest, where)
        largest, where, moved = boxes.enclosed(e, shape, side, met, allowed - 2 * e.price, slack, seconds)
        extra += moved
    most = largest + UNIT * abs(largest) + (e.price + extra)
    return Worst(most + 4 * UNIT * abs(most), where)


def _on_segment(e: Difference, start: np.ndarray, end: np.ndarray) -> Float[np.ndarray, "k d"]:
    """Both ends, and where neurons change their sign between them."""
    first, last = e.w @ start + e.b, e.w @ end + e.b
    live = np.sign(first) * np.sign(last) < 0
    place = first[live] / (first[live] - last[live])
    return np.concatenate([[start, end], start + place[:, None] * (end - start)])


def _worst_crossing(
    e: Difference,
    inside: Callable[[np.ndarray], np.ndarray],
    side: float,
    x: Float[np.ndarray, "k 2"],
    missed: Float[np.ndarray, " k"],
) -> tuple[Float[np.ndarray, "j 2"], Float[np.ndarray, " j"]]:
    """Points and e there, with a crossing of knots in the region where |e|, or for a `side` side e, is larger."""
    best = float(np.max(side * missed if side else np.abs(missed), initial=-math.inf))
    for places, values in _between_knots(e):
        size = side * values if side else np.abs(values)
        larger = size > best
        larger[larger] = inside(places[larger])
        if np.any(larger):
            k = int(np.argmax(np.where(larger, size, -math.inf)))
            best = float(size[k])
            x, missed = np.concatenate([x, places[k : k + 1]]), np.append(missed, values[k])
    return x, missed


def _between_knots(e: Difference) -> Iterator[tuple[Float[np.ndarray, "k 2"], Float[np.ndarray, " k"]]]:
    """Where knots of the plane cross each other, near the middle, and e there, by running sums along each knot."""
    sizes = lengths(e.w)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        normal = e.w / sizes[:, None]
        away = (e.w @ e.middle + e.b) / sizes
    near = np.isfinite(away) & (np.abs(away) <= 1.01 * e.half) & (sizes > 0)
    normal, foot = normal[near], e.middle - away[near, None] * normal[near]
    along = 1.5 * e.half * np.stack([-normal[:, 1], normal[:, 0]], axis=1)
    held: list[tuple[np.ndarray, np.ndarray]] = []
    count = 0
    for one, way in zip(foot, along, strict=True):
        held.append(_along_knot(e, one - way, one + way))
        count += len(held[-1][1])
        if count >= BLOCK:
            yield np.concatenate([x for x, _ in held]), np.concatenate([v for _, v in held])
            held, count = [], 0
    if held:
        yield np.concatenate([x for x, _ in held]), np.concatenate([v for _, v in held])


def _along_knot(e: Difference, start: np.ndarray, end: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where neurons change their sign between two points, and e there.

    At the share t of the way a neuron is relu(first + t (last - first)), and e the sum of what the neurons say that are
    not 0: a value and a slope to which each adds, or takes away, its own at the place where it changes its sign.
    """
    first, last = e.w @ start + e.b, e.w @ end + e.b
    live = np.sign(first) * np.sign(last) < 0
    place = first[live] / (first[live] - last[live])
    order = np.argsort(place)
    place = place[order]
    rise = last - first
    active = (first > 0) | (~live & (last > 0))
    enters = np.where(first[live] < 0, e.a[live], -e.a[live])[order]
    value = float(e.a[active] @ first[active]) + np.cumsum(enters * first[live][order])
    slope = float(e.a[active] @ rise[active]) + np.cumsum(enters * rise[live][order])
    begin, finish = float(e.slope @ start) + e.constant, float(e.slope @ end) + e.constant
    values = (value + begin) + place * (slope + (finish - begin))
    return start + place[:, None] * (end - start), values


def _on_circle(e: Difference, center: np.ndarray, radius: float) -> Float[np.ndarray, "k 2"]:
    """Where neurons change their sign on a circle, and where e may be extreme between two such places.

    Between them e is affine, alpha + beta . x, and extreme at center +- radius beta / |beta|, if that is between them:
    if not, it is another point of the circle, which does no harm.
    """
    amplitude = radius * lengths(e.w)
    height = e.w @ center + e.b
    crossed = np.abs(height) < amplitude
    middle = np.arctan2(e.w[crossed, 1], e.w[crossed, 0])
    aside = np.arccos(-height[crossed] / amplitude[crossed])
    angles = np.sort(np.mod(np.concatenate([middle - aside, middle + aside]), 2 * np.pi))
    if angles.size == 0:
        angles = np.array([0.0])
    following = np.append(angles[1:], angles[0] + 2 * np.pi)
    between = (angles + following) / 2
    long = following - angles > _SHORT
    z = _around(center, radius, between[long]) @ e.w.T + e.b
    beta = e.slope + ((z > 0) * e.a) @ e.w
    size = np.linalg.norm(beta, axis=1)
    way = np.divide(beta, size[:, None], out=np.zeros_like(beta), where=size[:, None] > 0)
    live = size > 0
    extreme = np.concatenate([center + radius * way[live], center - radius * way[live]])
    return np.concatenate([_around(center, radius, angles), _around(center, radius, between[long]), extreme])


def _around(center: np.ndarray, radius: float, angle: np.ndarray) -> np.ndarray:
    return center + radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)


@suggesting
def verify_regions(
    regions: Regions,
    solution: RegionSolution,
    *,
    tolerance: float | int = 1e-2,
    seed: int = 0,
    time_limit: float | int | None = None,
) -> Bracket:
    r"""Recompute both bounds of the least norm of networks that agree with known regions; nothing is taken on trust.

        N(delta) = min [f]   subject to   |f(x) - label(x)| <= delta   for all x in K

    For margins label(x) f(x) >= 1 is asked for instead. From above: the network's norm, where its error on all of K
    (`worst`) is at most `within`; for margins the largest 1 - label f, at most 0. From below: `verify`'s
    bound for the points of the dual vector. These are in K up to rounding errors eta (to be moved by, and labels by
    eta'); a function f with the norm F and the free slope v misses the labels of the points themselves by at most
    within + (F + |v|) eta + eta', and with M = |nu|_1 / sup |h_nu|

        F (1 + eta M) >= bound - M (|v| eta + eta').

    Arguments: `regions`; `solution`, as `interpolate_regions` returns it; `tolerance` of the relative gap for
    `certified`; `seed` and `time_limit` in seconds as for `verify`.

    Returns a `Bracket`. Errors: ValueError for regions and a solution that do not fit.

    >>> from minnorm import Regions, ball, interpolate_regions
    >>> K = Regions([(ball(0.0, 1.0), 0.0), (ball(4.0, 1.0), 1.0)])
    >>> verify_regions(K, interpolate_regions(K, within=0.0)).value
    1.0

    Source: weak duality, and the module's analysis of rounding errors.
    """
    instance("regions", regions, Regions, "mn.Regions")
    instance("solution", solution, RegionSolution, "a RegionSolution, as mn.interpolate_regions returns it")
    real("tolerance", tolerance, "a relative gap >= 0", lambda gap: 0 <= gap < math.inf)
    net = as_network(solution.network, "the solution's network").to_numpy()
    if not net.dim == solution.points.shape[1] == regions.dim:
        raise ValueError(f"regions has dimension {regions.dim} and the solution's network {net.dim}; they must agree")
    solution.demand.refuse(regions)
    began = time.monotonic()
    optional(real, "time_limit", time_limit, "seconds >= 0, or None", lambda limit: limit >= 0)
    rounding = ROUNDING * regions.amplitude if solution.within == 0 and not solution.margins else 0.0
    allowed = max(solution.within, rounding)
    seconds = _LONGEST if time_limit is None else _HALF * time_limit
    found = worst(net, regions, solution.margins, allowed, seconds)
    agrees = found.error <= allowed
    norm = primal.path_norm(net, solution.penalty)
    value = norm if agrees else math.inf
    points, labels, claim = solution.points, solution.labels, solution.finite
    effort = max(1.0, (len(points) / (_MANY if regions.dim < 3 else _MANY_IN_SPACE)) ** 2)
    if time_limit is not None:
        time_limit = max(_LEAST, time_limit - (time.monotonic() - began))
    finite = verify(points, labels, claim, tolerance=tolerance, effort=effort, seed=seed, time_limit=time_limit)
    lower, slope = _of_the_regions(regions, solution, finite, norm)
    # A network that is no more than nearly right may cost a little less than any that is right; if it costs much less,
    # one of the two proofs is wrong.
    nearly = value + _mass(solution, finite)[1] * max(found.error - solution.within, 0.0) * UP
    proven, slope = (min(lower, value), slope) if lower <= nearly else (0.0, 0.0)
    return Bracket(value, proven, found.error, found.point, solution.within, finite, tolerance, slope)


def _of_the_regions(
    regions: Regions, solution: RegionSolution, finite: Certificate, norm: float
) -> tuple[float, float]:
    """The lower bound for the regions that one for points next to them proves, and by how much it rises as less is
    allowed: the same vector proves bound + M (within - delta) for the points."""
    x, y, nu = solution.points, solution.labels, np.abs(solution.dual)
    away, off = np.full(len(x), math.inf), np.full(len(x), math.inf)
    for shape, label in regions:
        near = shape.nearest(x)
        apart = np.linalg.norm(x - near, axis=1)
        closer = apart < away
        away[closer], off[closer] = apart[closer], np.abs(label(near) - y)[closer]
    reach = float(np.max(np.abs(regions.box))) * math.sqrt(regions.dim)
    steepest = max(float(np.linalg.norm(label.slope)) for _, label in regions)
    highest = max(abs(label.offset) for _, label in regions) + steepest * reach
    eta = (float(np.max(away[nu > 0], initial=0.0)) + _ROOM * reach) * UP
    missed = (float(np.max(off[nu > 0], initial=0.0)) + _ROOM * highest + steepest * eta) * UP
    if finite.scope == "searched":
        return 0.0, 0.0
    light, mass = _mass(solution, finite)
    slope = 0.0
    if solution.penalty.skip == "free":
        centred = x - np.mean(x, axis=0)
        least = float(np.linalg.svd(centred, compute_uv=False)[-1]) * (1 - _ROOM)
        varies = 2 * (highest + solution.within + norm * 2 * reach)
        slope = math.sqrt(len(x)) * varies / least if least > _ROOM * reach else math.inf
    if solution.margins and (slope > 0 or np.any(off[nu > 0])):
        return 0.0, 0.0  # nothing bounds a free slope where values may be large, and sides are either right or wrong
    lower = finite.lower_bound - mass * (slope * eta + missed) * UP
    if not lower > 0:
        return 0.0, 0.0
    factor = (1 - 2 * _ROOM) / (1 + eta * mass)
    steep = 0.0 if solution.margins else light * factor
    return lower * factor, steep


def _mass(solution: RegionSolution, finite: Certificate) -> tuple[float, float]:
    """M = |nu|_1 / sup |h_nu| from below and from above: what a label that is off by 1 may change the bound by.

    nu is what `verify` makes of the dual vector, orthogonal to the free terms.
    """
    if not 0 < finite.dual_norm < math.inf:
        return 0.0, 0.0 if finite.lower_bound <= 0 else math.inf
    size = total(np.abs(solution.dual))
    change = correction(solution.points, solution.dual, solution.penalty)
    moved = math.inf if change is None else float(sum(abs(part) for part in change.values())) * UP
    return max(0.0, size - moved) / finite.dual_norm / UP**2, (size + moved) / finite.dual_norm * UP**2
