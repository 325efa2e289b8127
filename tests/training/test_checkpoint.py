"""Training that is interrupted, and goes on: the numbers of an undisturbed run, or a warning and a new start."""

import itertools
import re

import jaxtyping
import numpy as np
import pytest
import xarray as xr

from minnorm.training import Checkpoint, checkpoint, train

X, Y = np.array([-1.0, -0.4, 0.2, 1.0]), np.array([0.0, 0.8, 0.3, 0.5])
COMMON = {"width": 5, "seeds": 10, "learning_rate": [0.02, 0.05], "weight_decay": 0.01, "records": 3, "threads": 2}
STEPS = 60  # recorded at 0, 1, 8, 60; calls of 1, 2, 4, ... steps, so that some end between two records
# 20 networks: XLA maps 16 at once, the native engine without an elementwise update 10 for each of two threads.

CASES = [("sgd", "native", "float32")]
RARE = [
    ("muon", "native", "float64"),
    ("label_noise", "xla", "float32"),
    *itertools.product(["adam", "muon", "lbfgs"], ["native", "xla"], ["float32"]),
    *itertools.product(["label_noise", "momentum", "lbfgs"], ["native", "xla"], ["float64"]),
    ("sgd", "xla", "float32"),
    ("sam", "native", "float32"),
    ("muon", "xla", "float64"),
]


class Killed(Exception):
    """An interruption."""


class Store:
    """Keeps copies in memory, and interrupts training when it has saved so often."""

    def __init__(self, patience=np.inf):
        self.kept, self.saved, self.patience = {}, [], patience

    def load(self, name):
        return self.kept.get(name)

    def save(self, name, arrays):
        if len(self.saved) >= self.patience:
            raise Killed
        assert all(isinstance(array, np.ndarray) and array.dtype.kind in "fiu" for array in arrays.values())
        self.kept[name] = {key: array.copy() for key, array in arrays.items()}
        self.saved.append((name, arrays["done"][0]))


def run(optimizer="adam", engine="native", dtype="float32", **changes):
    return train(
        X, Y, **{**COMMON, "optimizer": optimizer, "engine": engine, "dtype": dtype, "steps": STEPS, **changes}
    )


@pytest.fixture(autouse=True)
def often(monkeypatch):
    monkeypatch.setattr(checkpoint, "SECONDS", 0.0)


SLOW = [pytest.param(case, marks=pytest.mark.slow) for case in RARE]


@pytest.fixture(scope="module", params=[*CASES, *SLOW], ids="-".join)
def undisturbed(request):
    return request.param, run(*request.param)


@pytest.mark.slow
def test_a_run_that_goes_on_ends_as_an_undisturbed_one(undisturbed):
    case, expected = undisturbed
    whole = Store()
    xr.testing.assert_identical(run(*case, checkpoint=whole), expected)
    assert {steps for _, steps in whole.saved} >= {1, 8, STEPS}
    assert any(8 < steps < STEPS for _, steps in whole.saved)  # between records, too
    for patience in (1, len(whole.saved) // 2):
        store = Store(patience)
        with pytest.raises(Killed):
            run(*case, checkpoint=store)
        done = {name: arrays["done"][0] for name, arrays in store.kept.items()}
        store.patience, seen = np.inf, []
        found = run(*case, checkpoint=store, progress=lambda *now, seen=seen: seen.append(now))
        xr.testing.assert_identical(found, expected)
        assert set(store.kept) == set(whole.kept)
        networks = seen[-1][1] // STEPS  # what was done is not done again, and is counted
        assert seen[0][0] > sum(done.values()) * networks // len(whole.kept)
        assert max(now for now, _ in seen) == networks * STEPS


@pytest.mark.slow
def test_the_networks_of_a_trajectory_go_on_too():
    expected = run(trajectory=True)
    store = Store(3)
    with pytest.raises(Killed):
        run(trajectory=True, checkpoint=store)
    store.patience = np.inf
    xr.testing.assert_identical(run(trajectory=True, checkpoint=store), expected)


@pytest.mark.slow
def test_a_run_killed_again_and_again_ends_as_an_undisturbed_one(undisturbed):
    case, expected = undisturbed
    store, kills = Store(), 0
    for _ in range(100):
        calls = itertools.count()

        def impatient(*_, calls=calls):
            if next(calls) == 6:
                raise Killed

        try:
            found = run(*case, checkpoint=store, progress=impatient)
        except Killed:
            kills += 1
            continue
        xr.testing.assert_identical(found, expected)
        assert kills
        return
    pytest.fail("no end after 100 kills")


@pytest.mark.slow
def test_a_finished_run_is_not_trained_again():
    store, seen = Store(), []
    expected = run("muon", checkpoint=store)
    xr.testing.assert_identical(run("muon", checkpoint=store, progress=lambda *now: seen.append(now)), expected)
    assert not seen


@pytest.mark.slow
def test_checkpoints_of_a_group_are_a_minute_apart_and_finished_groups_are_saved_too(monkeypatch):
    now = itertools.count()
    monkeypatch.setattr(checkpoint.time, "monotonic", lambda: float(next(now)))
    monkeypatch.setattr(checkpoint, "SECONDS", 6.0)
    times = {}

    class Watch(Store):
        def save(self, name, arrays):
            super().save(name, arrays)
            times.setdefault(name, []).append(next(now))

    store = Watch()
    run("muon", seeds=300, threads=1, checkpoint=store)  # 600 networks: 10 groups of up to 64
    assert len(times) >= 9
    assert all(np.all(np.diff(when) >= 6) for when in times.values())
    assert sum(map(len, times.values())) <= 20
    assert STEPS in [steps for _, steps in store.saved]


@pytest.mark.slow
def test_without_a_minute_nothing_is_saved(monkeypatch):
    monkeypatch.undo()
    store = Store()
    run(checkpoint=store)
    assert not store.saved


@pytest.fixture(scope="module")
def halfway():
    with pytest.MonkeyPatch.context() as here:
        here.setattr(checkpoint, "SECONDS", 0.0)
        store = Store(3)
        with pytest.raises(Killed):
            run(checkpoint=store)
    return store.kept


@pytest.fixture(scope="module")
def adam():
    return run()


def other(name, change):
    def changed(arrays):
        arrays[name] = change(arrays[name])

    return changed


def missing(name):
    return lambda arrays: arrays.pop(name)


@pytest.mark.parametrize(
    "damage",
    [
        other("state-0", lambda array: array[:-1]),
        other("state-0", lambda array: array.astype(np.float64)),
        other("metric-objective", lambda array: array[:, :-1]),
        other("done", lambda done: done + np.array([1000, 0])),
        other("done", lambda done: done * np.array([0, 1])),
        other("done", lambda done: done * 0),
        other("done", lambda done: done[:1]),
        other("identity", lambda digest: digest[::-1]),
        lambda arrays: arrays.update(more=np.zeros(2)),
        *(missing(name) for name in ("state-1", "metric-path_norm", "done", "identity")),
    ],
)
def test_a_checkpoint_that_does_not_fit_is_ignored_with_a_warning(halfway, adam, damage):
    store = Store()
    store.kept = {name: dict(arrays) for name, arrays in halfway.items()}
    damage(store.kept["group-0"])
    with pytest.warns(RuntimeWarning, match="checkpoint 'group-0' is not of this run, or damaged, and is ignored"):
        found = run(checkpoint=store)
    xr.testing.assert_identical(found, adam)
    assert store.saved[0] == ("group-0", 1)


@pytest.mark.slow
@pytest.mark.parametrize(
    "change",
    [
        {"learning_rate": [0.02, 0.04]},
        {"options": {"b1": 0.8}},
        {"steps": STEPS + 1},
        {"seeds": range(1, 11)},
        {"engine": "xla"},
        {"dtype": "float64"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_checkpoint_of_other_arguments_is_not_taken_up(halfway, change):
    store = Store()
    store.kept = dict(halfway)
    with pytest.warns(RuntimeWarning, match="is not of this run"):
        run(**change, checkpoint=store)
    assert store.saved[0][1] == 1


def test_a_checkpoint_of_other_data_is_not_taken_up(halfway):
    store = Store()
    store.kept = dict(halfway)
    arguments = {**COMMON, "optimizer": "adam", "engine": "native", "steps": STEPS}
    with pytest.warns(RuntimeWarning, match="is not of this run"):
        train(X, Y + 0.1, **arguments, checkpoint=store)
    assert store.saved[0][1] == 1


def test_the_number_of_threads_does_not_matter_where_all_networks_are_one_group(halfway, adam):
    store = Store()
    store.kept = dict(halfway)
    xr.testing.assert_identical(run(checkpoint=store, threads=1), adam)
    assert store.saved[0][1] > 7


def test_an_error_in_one_thread_ends_the_others():
    calls = itertools.count()

    def fail(*_):
        if next(calls) == 20:
            raise Killed

    with pytest.raises(Killed):
        run("muon", steps=10**9, progress=fail)  # an hour or so
    assert next(calls) < 40


def test_an_object_that_keeps_nothing_is_refused():
    config = jaxtyping.config
    config.update("jaxtyping_disable", True)
    try:
        with pytest.raises(ValueError, match=re.escape("checkpoint is 'here'; give an object with load(name) and")):
            run(checkpoint="here")
    finally:
        config.update("jaxtyping_disable", False)
    assert isinstance(Store(), Checkpoint)
