"""Threads of linear algebra while a problem is solved."""

from threadpoolctl import ThreadpoolController

from minnorm.solve.threads import blas_threads


def threads():
    return [each.num_threads for each in ThreadpoolController().select(user_api="blas").lib_controllers]


def test_few_points_take_one_thread_and_all_is_as_before_afterwards():
    before = threads()
    with blas_threads(10):
        assert set(threads()) == {1}
    assert threads() == before


def test_at_most_one_library_has_threads():
    before = threads()
    with blas_threads(10_000):
        assert len(before) == 1 or sum(count > 1 for count in threads()) <= 1
        assert max(threads()) <= max(before)
    assert threads() == before
