"""A study whose shards cost nothing: for tests of what surrounds the training."""

import itertools

import numpy as np
import pytest
import xarray as xr

from minnorm import study
from minnorm.training import AXES


def cheap(shard, progress=None, threads=None, checkpoint=None):
    """Numbers that depend on the shard alone, in the shape of a shard's dataset."""
    rng = np.random.default_rng(int(shard.key, 16))
    axes = [np.atleast_1d(getattr(shard.train, axis)) for axis in AXES[:3]] + [np.arange(shard.train.seed)]
    shape = tuple(map(len, axes))
    if progress is not None:
        progress(1, 2)
    return xr.Dataset(
        {
            "path_norm": ((*AXES, "step"), rng.random((*shape, 2))),
            "norm_ratio": (AXES, np.where(rng.random(shape) < 0.2, np.nan, rng.random(shape))),
            "inner_weights": ((*AXES, "neuron"), rng.random((*shape, 100)).astype(np.float32)),
            "diverged": (AXES, rng.random(shape) < 0.5),
        },
        dict(zip((*AXES, "step"), (*axes, [0, shard.train.steps]), strict=True)),
        {"optimizer": shard.train.optimizer, "width": shard.train.width, "initial_biases": "uniform"},
    )


@pytest.fixture
def costless(monkeypatch):
    """Shards are computed by `cheap`; the list of those that were, in order."""
    computed = []

    def run_shard(shard, progress=None, threads=None, checkpoint=None):
        computed.append(shard.key)
        return cheap(shard, progress, threads)

    monkeypatch.setattr("minnorm.study.runners.here.run_shard", run_shard)
    return computed


@pytest.fixture
def four(small):
    """A study of four shards of four networks."""
    small["grid"]["width"] = [5, 6]
    return study.parse(small)


@pytest.fixture
def same():
    """A function that asserts that two stores hold the same finished study."""

    def check(first, second):
        one, two = (list(study.Store(directory).done()) for directory in (first, second))
        assert len(one) == len(two) == len(list(study.Store(first).study().shards()))
        for (shard, a), (other, b) in itertools.zip_longest(one, two):
            assert shard == other
            xr.testing.assert_identical(a, b)

    return check
