"""Cores and threads; systems that do not say which cores a process may use, and that have no locks: macOS, others."""

import importlib.util
import math
import os
import sys
import time

import pytest
from threadpoolctl import ThreadpoolController

import minnorm as mn
from minnorm import resources
from minnorm.study.storage import locks as claims
from minnorm.training import arguments


@pytest.mark.slow
def test_all_cores_count_where_the_system_does_not_say(monkeypatch):
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    assert resources.cores() == [0, 1, 2]
    assert arguments.threads(None) == 3
    assert mn.train([0.0, 1.0], [0.0, 1.0], width=2, steps=1, records=1).sizes["seed"] == 1
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert resources.cores() == [0]


def test_a_process_counts_the_cores_that_it_may_use(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {5, 2}, raising=False)
    assert resources.cores() == [2, 5]


def test_without_locks_work_is_done_by_whoever_wants_it(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "fcntl", None)  # importing it fails
    spec = importlib.util.spec_from_file_location("claims_without_locks", claims.__file__)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.fcntl is None
    with module.claim(tmp_path / "claims" / "work") as first, module.claim(tmp_path / "claims" / "work") as second:
        assert first is second is None
    assert list((tmp_path / "claims").iterdir()) == []


def threads():
    return [each.num_threads for each in ThreadpoolController().select(user_api="blas").lib_controllers]


def test_few_points_take_one_thread_and_all_is_as_before_afterwards():
    before = threads()
    for one in (resources.blas_threads(10), resources.one_blas_thread()):
        with one:
            assert set(threads()) == {1}
        assert threads() == before


def test_a_function_takes_one_thread_each_time():
    before, limited = threads(), resources.one_blas_thread()(threads)
    assert set(limited()) == set(limited()) == {1}
    assert threads() == before


def test_at_most_one_library_has_threads():
    before = threads()
    with resources.blas_threads(10_000):
        assert len(before) == 1 or sum(count > 1 for count in threads()) <= 1
        assert max(threads()) <= max(before)
    assert threads() == before


def test_a_limit_ends_at_a_moment(monkeypatch):
    monkeypatch.setattr(time, "monotonic", lambda: 5.0)
    assert resources.moment(2) == 7.0
    assert resources.moment(None) == math.inf
    assert (resources.left(7.0), resources.left(4.0), resources.left(math.inf)) == (2.0, 0.0, math.inf)
    assert [resources.past(moment) for moment in (4.0, 5.0, 7.0, math.inf)] == [True, False, False, False]
    for wrong in (-1, math.nan, True):
        with pytest.raises(ValueError, match="time_limit is "):
            resources.moment(wrong)
