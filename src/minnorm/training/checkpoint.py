"""Checkpoints of training: what is saved of a group of networks on its way, and how it is taken up again."""

import hashlib
import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from threading import Lock
from typing import Any, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Int, UInt8

from minnorm.network import ShallowReLU
from minnorm.objective.data import Points
from minnorm.training.engine import Setting, State

SECONDS = 60.0
"""The least time between two checkpoints of a group."""


@runtime_checkable
class Checkpoint(Protocol):
    """Where `train` keeps what it would need to go on after an interruption: arrays under a name for each group.

    `save` is never called twice at once; what it saves under a name replaces what was there, and should do so as a
    whole or not at all. The arrays are NumPy's, of numbers only, some of them without axes.
    """

    def load(self, name: str) -> dict[str, np.ndarray] | None:
        """What was saved last under this name, or None."""
        ...

    def save(self, name: str, arrays: Mapping[str, np.ndarray]) -> None:
        """Keep these arrays under this name."""
        ...


@dataclass
class Course:
    """How far a group of networks has come: state, steps taken, metrics (networks, ...) at each record so far."""

    state: State
    steps: int = 0
    history: list[dict[str, np.ndarray]] = field(default_factory=list)

    def metrics(self) -> dict[str, np.ndarray]:
        """The metrics so far by name, (networks, records, ...)."""
        return {name: np.stack([record[name] for record in self.history], axis=1) for name in self.history[0]}


class Keeper:
    """Saves the courses of groups, each at most every `SECONDS`, and takes them up again.

    A finished group waits for its time, too: many short ones then cost no more files a minute than few long ones, and
    an interruption costs about `SECONDS` of work at most.
    """

    def __init__(self, checkpoint: Checkpoint | None, identity: UInt8[np.ndarray, "32"]) -> None:
        self.checkpoint, self.identity = checkpoint, identity
        self._lock = Lock()
        self._saved: dict[str, float] = {}
        self._finished: dict[str, Course] = {}

    def resume(self, name: str, start: State, metrics: Mapping[str, Any], recorded: Int[np.ndarray, " r"]) -> Course:
        """The course saved under this name, or one from `start` if there is none.

        One that does not fit is ignored with a RuntimeWarning. `metrics`: the shapes and types of a record.
        """
        arrays = None if self.checkpoint is None else self.checkpoint.load(name)
        if arrays is None:
            return Course(start)
        found = self._unpacked(arrays, start, metrics, recorded)
        if found is None:
            warnings.warn(
                f"checkpoint {name!r} is not of this run, or damaged, and is ignored: its training starts anew",
                RuntimeWarning,
                stacklevel=4,  # the caller of train
            )
        return found or Course(start)

    def look(self, name: str, course: Course, *, finished: bool = False) -> None:
        """Save this course, and finished ones, if their time has come."""
        if self.checkpoint is None:
            return
        with self._lock:
            if finished:
                self._finished[name] = course
            for each, one in [*self._finished.items(), *([] if finished else [(name, course)])]:
                now = time.monotonic()
                if now - self._saved.setdefault(each, now) >= SECONDS:
                    self.checkpoint.save(each, self._packed(one))
                    self._saved[each] = now
                    self._finished.pop(each, None)

    def _packed(self, course: Course) -> dict[str, np.ndarray]:
        leaves = jax.device_get(jax.tree.leaves(course.state))
        return {
            "identity": self.identity,
            "done": np.array([course.steps, len(course.history)], np.int64),
            **{f"state-{i}": np.asarray(leaf) for i, leaf in enumerate(leaves)},
            **{f"metric-{name}": array for name, array in course.metrics().items()},
        }

    def _unpacked(
        self, arrays: Mapping[str, np.ndarray], like: State, metrics: Mapping[str, Any], recorded: Int[np.ndarray, " r"]
    ) -> Course | None:
        """The course, if it is one of this run: of the same arguments, with arrays of the same shapes and types."""
        done, identity = arrays.get("done", np.zeros(0)), arrays.get("identity", np.zeros(0))
        if done.shape != (2,) or not np.array_equal(identity, self.identity):
            return None
        steps, records = done.tolist()
        leaves, structure = jax.tree.flatten(like)
        kinds = {"done": ((2,), np.dtype(np.int64)), "identity": (self.identity.shape, self.identity.dtype)}
        kinds |= {f"state-{i}": (leaf.shape, leaf.dtype) for i, leaf in enumerate(leaves)}
        kinds |= {
            f"metric-{name}": ((one.shape[0], records, *one.shape[1:]), one.dtype) for name, one in metrics.items()
        }
        if {name: (array.shape, array.dtype) for name, array in arrays.items()} != kinds:
            return None
        last = len(recorded)
        if not (0 < records <= last and recorded[records - 1] <= steps <= recorded[min(records, last - 1)]):
            return None
        state = jax.tree.unflatten(structure, [jnp.array(arrays[f"state-{i}"]) for i in range(len(leaves))])
        history = [{name: arrays[f"metric-{name}"][:, i] for name in metrics} for i in range(records)]
        return Course(state, steps, history)


def identity(
    data: Points,
    setting: Setting,
    given: ShallowReLU | None,
    grid: Sequence[np.ndarray],
    recorded: Int[np.ndarray, " r"],
) -> UInt8[np.ndarray, "32"]:
    """A digest of all that decides a run's numbers on one machine, and of the version."""
    digest = hashlib.sha256(f"{version('minnorm')} {replace(setting, threads=1)}".encode())
    weights = [data.weights] if data.weighted else []
    for array in (data.x, data.y, *weights, *jax.tree.leaves(given), *grid, recorded):
        digest.update(f"{array.shape} {array.dtype}".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return np.frombuffer(digest.digest(), np.uint8)
