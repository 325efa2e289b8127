"""Work beside a session: who is heard, who waits, who is told to stop."""

import queue
import threading
from contextlib import ExitStack

import pytest

from minnorm.explore.page.background import Background, Stopped, end, training


class Session:
    """Runs what `later` is given when it is told to."""

    def __init__(self):
        self.acts = queue.Queue()

    def step(self):
        self.acts.get(timeout=10)()


@pytest.fixture
def session():
    return Session()


def test_a_result_and_an_error_are_heard_in_the_session(session):
    work, heard = Background(session.acts.put), []
    here = threading.get_ident()
    work.run(lambda _: threading.get_ident(), lambda found: heard.append((found, threading.get_ident())), heard.append)
    assert work.busy
    session.step()
    assert heard[0][0] != here == heard[0][1]
    assert not work.busy

    def fail(_stopped):
        raise ValueError("dim is 0; give more")

    work.run(fail, heard.append, heard.append)
    session.step()
    assert heard[1] == "dim is 0; give more"


def test_only_the_newest_waits_and_the_one_at_work_ends_first(session):
    work, heard, gate = Background(session.acts.put, patience=60.0), [], threading.Event()
    work.run(lambda _: gate.wait(10) and "first", heard.append, heard.append)
    for name in ("second", "third"):
        work.run(lambda _, name=name: name, heard.append, heard.append)
    gate.set()
    session.step()
    session.step()
    assert heard == ["first", "third"]
    assert session.acts.empty()


def test_a_long_task_stops_for_a_new_one_and_a_stopped_one_is_not_heard(session):
    work, heard, started = Background(session.acts.put, patience=0.0), [], threading.Event()

    def endless(stopped):
        started.set()
        while not stopped():
            threading.Event().wait(0.005)
        raise Stopped

    work.run(endless, heard.append, heard.append)
    started.wait(10)
    work.run(lambda _: "new", heard.append, heard.append)
    session.step()
    session.step()
    assert heard == ["new"]
    done = threading.Event()
    work.run(lambda _: done.wait(10), heard.append, heard.append)
    work.stop()
    assert not work.busy
    done.set()
    work.run(lambda _: "last", heard.append, heard.append)
    session.step()
    assert heard == ["new", "last"]


def test_at_the_end_all_tasks_are_told_to_stop_and_waited_for(session):
    started, ended = threading.Barrier(3), []

    def endless(stopped):
        started.wait(10)
        while not stopped():
            pass
        ended.append(threading.get_ident())

    for _ in range(2):
        Background(session.acts.put).run(endless, ended.append, ended.append)
    started.wait(10)
    end()
    assert len(set(ended)) == 2
    assert session.acts.empty()  # the session is over
    Background(session.acts.put).run(lambda stopped: stopped(), ended.append, ended.append)
    session.step()
    assert ended[-1] is False  # tasks may begin again


def test_few_networks_train_at_a_time_and_a_place_is_free_again_after_a_failure(session):
    def busy(_):
        with training():
            raise ValueError("no network")

    heard = []
    with ExitStack() as others:
        for _ in range(4):
            others.enter_context(training())
        Background(session.acts.put).run(busy, heard.append, heard.append)
        session.step()
    for _ in range(5):
        Background(session.acts.put).run(busy, heard.append, heard.append)
        session.step()
    assert heard[0].startswith("other readers are training now")
    assert heard[1:] == ["no network"] * 5
