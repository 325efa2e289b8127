"""What many tests share: a small study, and the command line as a user runs it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SMALL = {
    "name": "small",
    "task": {"kind": "line", "x": [-1.0, 0.0, 0.5, 1.0], "y": [0.0, 1.0, 0.2, 0.4]},
    "train": {"width": 12, "steps": 60, "records": 6},
    "grid": {"weight_decay": [0.0, 1e-3], "seed": 2},
    "zip": [{"optimizer": ["gd", "adam"], "learning_rate": [0.05, 0.01]}],
}


@pytest.fixture
def small():
    """The content of a small study, as TOML gives it."""
    return json.loads(json.dumps(SMALL))


@pytest.fixture
def minnorm(tmp_path):
    """Run the command line in a directory of its own: minnorm(*arguments) -> CompletedProcess."""

    def run(*arguments: str, cwd: Path = tmp_path) -> subprocess.CompletedProcess[str]:
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONWARNINGS"}
        return subprocess.run(
            [sys.executable, "-m", "minnorm.cli", *map(str, arguments)],
            cwd=cwd,
            env=environment,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )

    return run
