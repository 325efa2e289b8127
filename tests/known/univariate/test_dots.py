"""The masses of a broken line: the compiled loop against the same loop in Python."""

import numpy as np
import pytest

from minnorm.known.univariate.dots import turns_to_meet


def one_after_the_other(t, y, slope):
    """The compiled loop, written again."""
    masses, high, low, level = [], slope, 0.0, float(y[0])
    for target, step in zip(y[1:].tolist(), np.diff(t).tolist(), strict=True):
        mass = ((target - level) / step - high) - low
        total = high + mass
        back = total - high
        low += (high - (total - back)) + (mass - back)
        high = total
        level += (high + low) * step
        masses.append(mass)
    return np.array(masses)


@pytest.mark.parametrize("seed", range(5))
def test_turns_round_as_they_are_written(seed):
    rng = np.random.default_rng(seed)
    t = np.cumsum(10.0 ** rng.uniform(-9, 3, 400))
    y = rng.normal(size=400) * 10.0 ** rng.uniform(-6, 6, 400)
    slope = float(rng.normal())
    assert turns_to_meet(t, y, slope).tobytes() == one_after_the_other(t, y, slope).tobytes()
    assert turns_to_meet(t[:1], y[:1], slope).size == 0
