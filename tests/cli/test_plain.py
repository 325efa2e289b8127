"""On a terminal with colours, boxes and bars; in logs, with NO_COLOR, MINNORM_PLAIN or --plain without."""

import contextlib
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

POINTS = "x,y\n-1,0\n0,1\n1,0\n"
BOXES = re.compile("[─-╿]")
SWITCH = "\x1b["  # begins every colour and movement on a terminal


@pytest.fixture
def terminal(tmp_path):
    """Run the command line on a pseudo-terminal: terminal(*arguments, **environment) -> (exit status, its words)."""
    (tmp_path / "points.csv").write_text(POINTS)

    def run(*arguments: str, **environment: str) -> tuple[int, str]:
        inherited = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "MINNORM_PLAIN")}
        size = {"COLUMNS": "100", "LINES": "50", "TERM": "xterm-256color"}
        command = [sys.executable, "-m", "minnorm.cli", *arguments]
        ours, theirs = pty.openpty()
        ends = {"stdin": theirs, "stdout": theirs, "stderr": theirs}
        with subprocess.Popen(command, cwd=tmp_path, env=inherited | size | environment, **ends) as process:
            os.close(theirs)
            shown = b""
            with contextlib.suppress(OSError):  # the other end is closed
                while part := os.read(ours, 1 << 16):
                    shown += part
            os.close(ours)
        return process.returncode, shown.decode().replace("\r\n", "\n")

    return run


@pytest.mark.slow
def test_a_terminal_has_tables_with_colours(terminal):
    code, shown = terminal("known", "line", "points.csv")
    assert code == 0
    assert BOXES.search(shown)
    assert re.search(r"\x1b\[32myes \(relative gap", shown)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("before", "environment"),
    [
        (["--plain"], {}),
        ([], {"NO_COLOR": "1"}),
        pytest.param([], {"MINNORM_PLAIN": "1"}, marks=pytest.mark.slow),
        pytest.param([], {"TERM": "dumb"}, marks=pytest.mark.slow),
    ],
)
def test_plain_text_on_a_terminal_if_asked_for(terminal, before, environment):
    code, shown = terminal(*before, "known", "line", "points.csv", **environment)
    assert code == 0
    assert SWITCH not in shown
    assert not BOXES.search(shown)
    assert shown.splitlines()[:3] == [
        "Minimum-norm interpolant of 3 points",
        "features        x",
        "target          y",
    ]


def test_help_on_a_terminal_has_panels_and_in_plain_mode_none(terminal):
    _, boxed = terminal("--help")
    for panel in ("What is minimal", "What training finds", "See it"):
        assert panel in boxed
    assert BOXES.search(boxed)
    for arguments in (["--plain", "--help"], ["--plain", "train", "--help"]):
        code, shown = terminal(*arguments)
        assert code == 0
        assert shown.startswith("Usage: ")
        assert SWITCH not in shown
        assert not BOXES.search(shown)


def test_plain_mode_ends_with_its_command(minnorm, monkeypatch, tmp_path):
    (tmp_path / "points.csv").write_text(POINTS)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    for name in ("NO_COLOR", "MINNORM_PLAIN"):
        monkeypatch.delenv(name, raising=False)
    shown = [minnorm(*before, "known", "line", "points.csv").stdout for before in (["--plain"], [], ["--plain"])]
    assert [bool(BOXES.search(text)) for text in shown] == [False, True, False]


def test_logs_are_plain_and_tables_in_columns(minnorm, tmp_path):
    (tmp_path / "points.csv").write_text(POINTS)
    shown = minnorm("known", "radial", "--table", "3").stdout.splitlines()
    assert shown[1].split("  ")[0] == "dim"
    assert [line.split()[0] for line in shown[2:]] == ["1", "2", "3"]
    starts = {re.search(r"(?<=  )\S", line).start() for line in shown[1:]}
    assert len(starts) == 1  # columns are aligned
    assert minnorm("--help").stdout.startswith("Usage: ")


def complete(**environment):
    """What the installed command answers a shell."""
    command = [str(Path(sys.executable).with_name("minnorm"))]
    return subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize(
    ("words", "answers"),
    [
        (["kn"], ["known"]),
        (["known", "ri"], ["ridge", "ridge-sum"]),
        (["solve", "points.csv", "--bias", ""], ["free", "penalised", "penalized"]),
        (["solve", "points.csv", "--pa"], ["--path"]),
    ],
)
def test_words_are_completed(words, answers):
    line = " ".join(["minnorm", *words])
    shown = complete(_MINNORM_COMPLETE="complete_bash", COMP_WORDS=line, COMP_CWORD=str(len(words)))
    assert shown.split() == answers


def test_the_completion_script_asks_for_it():
    script = complete(_MINNORM_COMPLETE="source_bash")
    assert "_MINNORM_COMPLETE=complete_bash" in script
    assert script.rstrip().endswith("minnorm")
