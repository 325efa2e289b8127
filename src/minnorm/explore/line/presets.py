"""Points on the line to begin with, each set for what it shows."""

from typing import Any

import numpy as np

_STEPS = np.linspace(-1, 1, 9)
_NOISE = (0.05, -0.12, 0.2, -0.18, 0.11, 0.02, -0.2, 0.14, -0.07)

EXAMPLES: dict[str, dict[str, Any]] = {
    "a hat: one minimiser": {"x": [-1, 0, 1], "y": [0, 1, 0]},
    "four points: many minimisers": {"x": [-1.5, -0.5, 0.5, 1.5], "y": [0, 1, 1, 0]},
    "a stair": {"x": [-1, -0.5, -0.2, 0.2, 0.5, 1], "y": [0, 0, 0, 1, 1, 1]},
    "up and down": {"x": np.arange(-3.0, 4.0).tolist(), "y": [0, 1, 0, 1, 0, 1, 0]},
    "samples of a parabola": {"x": _STEPS.tolist(), "y": (_STEPS**2).tolist()},
    "noise, interpolated": {"x": _STEPS.tolist(), "y": list(_NOISE)},
    "noise, with weight decay": {"x": _STEPS.tolist(), "y": list(_NOISE), "lam": 0.01},
}
"""What an example changes of the state; what it does not name gets its default, but for training."""
