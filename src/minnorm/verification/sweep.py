"""One sweep over many circles: values on them, and the cells and faces around each of their arcs."""

from dataclasses import dataclass

import numpy as np

from minnorm.verification.clock import ENDLESS, Clock, OutOfTime

_WITNESSES = 12
_BLOCK = 1 << 21  # numbers held at once when candidates are evaluated


@dataclass
class Tally:
    """Bounds of sup |g| so far: `lower` is attained, `upper` holds for every place visited."""

    lower: float = 0.0
    upper: float = 0.0
    clock: Clock = ENDLESS

    def note(self, value: float, error: float) -> None:
        """Take in a value of |g| known up to an error."""
        self.lower = max(self.lower, value - error)
        self.upper = max(self.upper, value + error)


@dataclass(frozen=True)
class Field:
    """g(u) = sum_j nu_j relu(u . z_j): nonzero z (n, k), nu (n,), |z_j|, and the absolute error of sums of it."""

    z: np.ndarray
    nu: np.ndarray
    size: np.ndarray
    total: float  # sum |nu_j| |z_j|
    error: float

    def at(self, u: np.ndarray) -> np.ndarray:
        """g at unit vectors (m, k)."""
        out = np.empty(len(u))
        rows = max(1, _BLOCK // len(self.z))
        for i in range(0, len(u), rows):
            out[i : i + rows] = np.maximum(u[i : i + rows] @ self.z.T, 0) @ self.nu
        return out


class Circles:
    """The circles of unit u in the first two columns of frames (c, k, k), the pins (c, k - 2) spanning the others.

    Points with sin(angle to the pins' span) <= `aside` are not swept. With u = (cos t, sin t) in the frame, the
    sorted places t in [0, pi] of the others cut the half circle into arcs; `runs[side]` holds v on each of them,
    for u and for -u. `parts` are the others' coordinates in the frames, two or three arrays (c, n), where every circle
    has points of its own.
    """

    def __init__(
        self,
        field: Field,
        frames: np.ndarray,
        pins: np.ndarray,
        aside: float = 0.0,
        parts: list[np.ndarray] | None = None,
    ):
        self.field, self.frames, self.pins = field, frames, pins
        count, n = len(frames), len(field.z)
        self.row = np.arange(count)[:, None]
        self.witnesses = np.argsort(-np.abs(field.nu) * field.size)[:_WITNESSES].tolist()
        self.parts = parts or [frames[:, :, k] @ field.z.T for k in range(frames.shape[1])]
        a, b = self.parts[0], self.parts[1]
        radius = np.sqrt(a * a + b * b)
        swept = radius > aside * field.size
        swept[self.row, pins] = False
        self.swept, self.radius = swept, radius
        place = np.arctan2(-a, b)
        leaves = place < 0
        place[leaves] += np.pi
        place[~swept] = 4.0
        self.order = np.argsort(place, axis=1)
        self.unsorted = place
        self.place = np.pad(
            np.take_along_axis(place, self.order, axis=1), ((0, 0), (1, 1)), constant_values=(-1.0, 5.0)
        )
        turn = np.where(leaves, -1.0, 1.0)
        weight = np.where(swept, field.nu, 0.0)
        flip = np.take_along_axis(weight * turn, self.order, axis=1)
        forward, backward = [], []
        for part in self.parts:
            run = np.empty((count, n + 1))
            seen = weight * part
            run[:, 0] = np.where(leaves, seen, 0.0).sum(axis=1)
            run[:, 1:] = run[:, :1] + np.cumsum(flip * np.take_along_axis(part, self.order, axis=1), axis=1)
            forward.append(run)
            backward.append(seen.sum(axis=1, keepdims=True) - run)
        self.runs = {1: forward, -1: backward}
        self.turn = np.where(swept, turn, 0.0)
        safe = np.where(swept, radius, 1.0)
        cos = np.take_along_axis(np.where(swept, turn * b / safe, -1.0), self.order, axis=1)
        sin = np.take_along_axis(np.where(swept, -turn * a / safe, 0.0), self.order, axis=1)
        self.cos = np.concatenate([np.ones((count, 1)), cos, -np.ones((count, 1))], axis=1)
        self.sin = np.concatenate([np.zeros((count, 1)), sin, np.zeros((count, 1))], axis=1)

    def values(self, tally: Tally, error: np.ndarray) -> None:
        """The largest |g| on each circle, up to `error` (c,): at ends of arcs and at v/|v| inside them."""
        best = np.zeros(len(self.frames))
        for x, y, *_ in self.runs.values():
            cos, sin = self.cos, self.sin
            best = np.maximum(best, np.max(np.abs(x * cos[:, :-1] + y * sin[:, :-1]), axis=1))
            start, stop = y * cos[:, :-1] - x * sin[:, :-1], y * cos[:, 1:] - x * sin[:, 1:]
            slack = error[:, None]
            inside = ((start >= -slack) & (stop <= slack)) | ((start <= slack) & (stop >= -slack))
            best = np.maximum(best, np.max(np.where(inside, np.hypot(x, y), 0.0), axis=1))
        worst = int(np.argmax(best + error))
        top = int(np.argmax(best - error))
        tally.upper = max(tally.upper, float(best[worst] + error[worst]))
        tally.lower = max(tally.lower, float(best[top] - error[top]))

    def faces(self, tally: Tally, error: np.ndarray) -> None:
        """The cells on either side of all arcs (k = 3). `error` (c,) bounds that of v."""
        for sign in (-1, 1):
            if tally.clock.left < 0:
                raise OutOfTime
            added = self._added(sign)
            for side in (1, -1):
                self._face(sign, side, added, tally, error)

    def _added(self, sign: int) -> list[np.ndarray]:
        """What the pin and the points set aside add to v on their positive side: three arrays (c, 1)."""
        side = self.parts[2] * np.sign(self.parts[2][self.row, self.pins])
        chosen = ~self.swept & (sign * side > 0)
        return [np.where(chosen, self.field.nu * part, 0.0).sum(axis=1, keepdims=True) for part in self.parts]

    def _face(self, sign: int, side: int, added: list[np.ndarray], tally: Tally, error: np.ndarray) -> None:
        v = [run + more for run, more in zip(self.runs[side], added, strict=True)]
        square = sum(part * part for part in v)
        floor = np.maximum(tally.upper - error, 0.0)[:, None]
        row, arc = np.nonzero(square > floor * floor)
        if row.size:
            self._survivors(sign, side, row, arc, np.stack([part[row, arc] for part in v], axis=1), tally, error)

    def _survivors(
        self,
        sign: int,
        side: int,
        row: np.ndarray,
        arc: np.ndarray,
        v: np.ndarray,
        tally: Tally,
        error: np.ndarray,
    ) -> None:
        n = len(self.field.z)
        yes = np.ones(row.size, dtype=bool)
        alive = self._that_see(self.pins[row, 0], sign, (row, arc, v, yes, yes), error)
        for shift, direction in ((-1, side), (0, -side)):
            row, place = alive[0], alive[1] + shift
            point = self.order[row, np.clip(place, 0, n - 1)]
            turn = np.where((place >= 0) & (place < n), self.turn[row, point], 0.0)
            alive = self._that_see(point, turn * direction, alive, error)
        # A few points anywhere unmask most of what is left; those that meet the arc's ends are not asked.
        for point in self.witnesses:
            row, arc = alive[0], alive[1]
            here, turn = self.unsorted[row, point], self.turn[row, point]
            passed = np.where(here < self.place[row, arc], 1.0, np.where(here > self.place[row, arc + 1], -1.0, 0.0))
            alive = self._that_see(np.full(row.size, point), passed * turn * side, alive, error)
        row, arc, v, *sides = alive
        for towards, upright in zip((1.0, -1.0), sides, strict=True):
            keep = np.flatnonzero(upright)
            if keep.size:
                world = np.einsum("ckm,cm->ck", self.frames[row[keep]], v[keep]) * towards
                self._judge(world, error[row[keep]], towards, tally)

    def _that_see(
        self, point: np.ndarray, sign: np.ndarray | int, alive: tuple[np.ndarray, ...], error: np.ndarray
    ) -> tuple[np.ndarray, ...]:
        """Only candidates that see `point` on its side, u = v/|v| (up) or -v/|v| (down)."""
        row, arc, v, up, down = alive
        height = np.einsum("ck,kc->c", v, np.stack([part[row, point] for part in self.parts])) * sign
        slack = error[row] * self.field.size[point]
        up, down = up & (height >= -slack), down & (height <= slack)
        keep = np.flatnonzero(up | down)
        return tuple(part[keep] for part in (row, arc, v, up, down))

    def _judge(self, v: np.ndarray, error: np.ndarray, towards: float, tally: Tally) -> None:
        length = np.sqrt(np.sum(v * v, axis=1))
        v, error, length = v[length > 0], error[length > 0], length[length > 0]
        value = self.field.at(v / length[:, None]) * towards
        # The true v/|v| is within 2 error/|v|, and g is Lipschitz.
        honest = value >= length - 2 * error - self.field.total * 2 * error / length
        if np.any(honest):
            tally.upper = max(tally.upper, float(np.max((length + error)[honest])))
        if value.size:
            tally.lower = max(tally.lower, float(np.max(np.abs(value))) - self.field.error)
