r"""Value and bound for losses that are no squares, rounded to the safe side.

    value   1/S sum_i p_i phi(z_i) + lam norm
    bound   t nu . y - 1/S sum_i p_i phi*(v_i),    v_i = -S t nu_i / p_i            (residuals)
                     - 1/S sum_i p_i phi*(v_i),    v_i = -S t y_i nu_i / p_i        (margins)

for any t with t sup |h| <= lam and all v_i in the domain of phi*, which is exactly seen to.
"""

import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np

from minnorm.verification.exact import UP, Dual, integers, power, round_down, round_up, total
from minnorm.verification.losses import Bounds

_NEARLY = 1 - 2.0**-40  # numbers this close to the largest are compared exactly
_GOLDEN, _STEPS = 0.6180339887498949, 60
_ROUNDED = 2.0**-50  # of v: what three roundings of it may be off by
_ENDLESS = (-math.inf, math.inf)
_HUGE = 2.0**1000
_TINY = 2.0**-900  # what numbers below the range of floats may lack


def objective(
    loss: Bounds, lam: float, weights: np.ndarray, norm: float, y: np.ndarray, between: tuple[np.ndarray, np.ndarray]
) -> float:
    """The objective of a function whose residuals, or for margins values, are `between` two arrays; rounded up."""
    low, high = between
    if loss.argument == "margin":
        low, high = np.where(y > 0, low, -high), np.where(y > 0, high, -low)
    if not (np.all(np.isfinite(low)) and np.all(np.isfinite(high))):
        return math.inf
    with np.errstate(over="ignore"):
        paid = np.maximum(np.maximum(loss.value(low), loss.value(high)), 0.0)
        if norm == 0 and not np.any(paid * weights):
            return 0.0 if not np.any(paid) else _TINY
        return (total(paid * weights * UP + _TINY) * UP / total(weights) * UP + lam * norm) * UP + _TINY


def lower_bound(
    loss: Bounds, lam: float, weights: np.ndarray, y: np.ndarray, dual: Dual, square: Fraction = Fraction(0)
) -> Fraction:
    """The largest bound of multiples of a dual vector that are feasible, less t^2 square / 2, what else t costs; 0
    where there is none above it."""
    if not math.isfinite(dual.norm):
        return Fraction(0)
    S, parts = _sum(weights), dual.entries()
    if loss.argument == "margin":
        parts = [part if label > 0 else -part for part, label in zip(parts, y.tolist(), strict=True)]
    v = np.array([-float(part) for part in parts]) / weights * float(S)
    limit = _largest(loss, lam, S, weights, parts, dual)
    if limit <= 0:
        return Fraction(0)
    linear = dual.against_values if loss.argument == "residual" else Fraction(0)

    def bound(t: float) -> Fraction:
        lost = _conjugates(loss, weights, v, t)
        return Fraction(0) if lost is None else Fraction(t) * linear - lost / S - Fraction(t) ** 2 * square / 2

    rough_linear, rough_square, rough_sum = float(linear), float(square), float(S)
    low, high = (none if end is None else float(end) for end, none in zip(loss.domain, _ENDLESS, strict=True))

    def rough(t: float) -> float:  # where to look: what is found there is computed again
        with np.errstate(over="ignore", invalid="ignore"):
            lost = float(loss.conjugate(np.clip(v * t, low, high)) @ weights)
        found = t * rough_linear - lost / rough_sum - t * t * rough_square / 2
        return found if math.isfinite(found) else -math.inf

    best = max(bound(limit), bound(_summit(rough, limit)))
    return max(best, Fraction(0))


def _largest(loss: Bounds, lam: float, S: Fraction, weights: np.ndarray, parts: list[Fraction], dual: Dual) -> float:
    """The largest t that is allowed, rounded down; that of the vector's own size where any is."""
    ends = [Fraction(lam) / Fraction(dual.norm)] if dual.norm > 0 else []
    low, high = loss.domain
    for sign, end in ((-1, high), (1, low)):  # of the parts with v = sign part S / p beyond which end
        if end is None:
            continue
        rate = sign * np.array([float(part) for part in parts]) / weights
        top = float(np.max(rate, initial=0.0))
        if top <= 0:
            if not any(sign * part > 0 for part in parts):
                continue
            rate, top = np.ones(len(parts)), 0.0
        near = np.flatnonzero(rate >= top * _NEARLY)
        most = max(sign * parts[i] / Fraction(float(weights[i])) for i in near.tolist())
        if most > 0:
            ends.append(abs(end) / (S * most))
    return round_down(min(ends)) if ends else 1.0


def _summit(function: Callable[[float], float], limit: float) -> float:
    """Where a concave function on [0, limit] is largest, about."""
    low, high = 0.0, limit
    first, second = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    at_first, at_second = function(first), function(second)
    for _ in range(_STEPS):
        if at_first < at_second:
            low, first, at_first = first, second, at_second
            second = low + _GOLDEN * (high - low)
            at_second = function(second)
        else:
            high, second, at_second = second, first, at_first
            first = high - _GOLDEN * (high - low)
            at_first = function(first)
    return first


def _conjugates(loss: Bounds, weights: np.ndarray, v: np.ndarray, t: float) -> Fraction | None:
    """sum_i p_i phi*(t v_i), rounded up; v is right up to a few units in the last place, and t v_i in the domain.

    None where that is too large for floats: no bound is worth having there.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        middle = v * t
        room = np.abs(middle) * _ROUNDED + _TINY
        first, last = loss.domain
        lowest = -math.inf if first is None else round_down(first)
        highest = math.inf if last is None else round_up(last)
        low, high = np.clip(middle - room, lowest, highest), np.clip(middle + room, lowest, highest)
        terms = np.nextafter(np.maximum(loss.conjugate(low), loss.conjugate(high)) * weights, np.inf)
    if not np.all(terms < _HUGE / terms.size):
        return None
    return Fraction(math.nextafter(math.fsum(terms.tolist()), math.inf))


def _sum(weights: np.ndarray) -> Fraction:
    """S, exactly."""
    (P,), e = integers(weights)
    return Fraction(int(P.sum()), power(e))
