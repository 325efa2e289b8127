"""A solver beside a session: what is seen of it while it works, and how it is stopped."""

import queue
import threading
import time

import pytest

pytest.importorskip("panel", reason="the extra explore is not installed")

from minnorm.explore.page.readout import Readout
from minnorm.explore.page.solver import Solver
from minnorm.explore.page.theme import LIGHT
from minnorm.explore.page.view import Visit


@pytest.fixture
def acts():
    """What is to be done in the session."""
    return queue.Queue()


@pytest.fixture
def said():
    """The messages."""
    return []


@pytest.fixture
def visit(acts, said):
    return Visit(None, LIGHT, None, said.append, acts.put)


def test_bounds_are_shown_while_it_works_and_its_trace_in_the_end(visit, acts, said):
    readout, seen, shown = Readout(), [], []
    solver = Solver(visit, readout, kept="The old one is shown.", seen=seen.append)
    reported = threading.Event()

    def solve(progress):
        progress(0.0, 3.0, 1.0)
        time.sleep(0.2)
        progress(0.2, 2.0, 1.0)
        reported.wait(10)
        return "found"

    assert solver.button.disabled
    solver.run(solve, lambda *found: shown.append(found))
    assert not solver.button.disabled
    acts.get(timeout=10)()
    trace = ((0.0, 3.0, 1.0), (0.2, 2.0, 1.0))
    assert seen == [trace]
    assert [pair[:2] for pair in readout.pairs] == [
        ["so far", "2"],
        ["lower bound", "1"],
        ["relative gap", "5.0e-01"],
        ["seconds", "0.2"],
    ]
    reported.set()
    acts.get(timeout=10)()
    ((found, seconds, whole),) = shown
    assert (found, whole) == ("found", trace)
    assert seconds >= 0.2
    assert said == [""]
    assert solver.button.disabled


def test_what_is_stopped_says_what_it_had_and_is_not_heard_of_again(visit, acts, said):
    solver, shown, ended = Solver(visit, Readout(), kept="The old one is shown."), [], threading.Event()

    def solve(progress):
        try:
            while True:
                time.sleep(0.01)
                progress(0.5, 2.0, 1.5)
        finally:
            ended.set()

    solver.run(solve, lambda *found: shown.append(found))
    acts.get(timeout=10)()
    solver.button.clicks += 1
    assert ended.wait(10)
    assert said == ["The solver was stopped: value 2, lower bound 1.5. The old one is shown."]
    assert solver.button.disabled
    while not acts.empty():
        acts.get()()
    assert shown == []


def test_what_has_no_solution_is_said(visit, acts, said):
    solver = Solver(visit, Readout(), kept="")

    def solve(_progress):
        raise ValueError("points 0 and 1 are equal but their values are not")

    solver.run(solve, lambda *_: None)
    acts.get(timeout=10)()
    assert said == ["points 0 and 1 are equal but their values are not"]
    assert solver.button.disabled
