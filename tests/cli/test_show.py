"""Progress of training: speed and the time left, from the first sign on."""

import sys
import time

import pytest

from minnorm.cli.show import steps_progress


@pytest.fixture
def clock(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(time, "perf_counter", lambda: now[0])

    def at(seconds):
        now[0] = 100.0 + seconds

    return at


def test_steps_off_a_terminal_are_told_whenever_the_time_has_doubled(clock, capsys):
    with steps_progress("adam", quiet=False) as show:
        for seconds, done in ((10, 50), (11, 150), (12, 250), (15, 550), (16, 650)):
            clock(seconds)  # compiling took the first ten seconds
            show(done, 1050)
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines() == [
        "adam: 24%, 100 network steps/s, 8 s left",
        "adam: 52%, 100 network steps/s, 5 s left",
    ]


def test_steps_on_a_terminal_are_a_bar(clock, monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "120")
    with steps_progress("adam", quiet=False) as show:
        show(0, 100)
        clock(2)
        show(50, 100)
    said = capsys.readouterr()
    assert said.out == ""
    assert "25 network steps/s, 2 s left" in said.err


def test_quiet_steps_say_nothing(capsys):
    with steps_progress("adam", quiet=True) as show:
        show(1, 2)
    assert capsys.readouterr() == ("", "")
