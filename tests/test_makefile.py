"""What `make` runs of the studies in the repository."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from minnorm import study

ROOT = Path(__file__).parents[1]


def test_studies_that_make_runs_have_directories_of_their_own():
    make = shutil.which("make") or pytest.skip("make is not installed")
    command = [make, "--dry-run", "--no-print-directory", "paper", "atlas", "RESULTS=results"]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    runs = re.findall(r"minnorm study run (\S+) --out (\S+)", said)
    places = [f"{out}/{name}" for file, out in runs for name in study.load_all(ROOT / file)]
    assert len(places) > len(runs) > 2
    assert len(set(places)) == len(places)
    reports = re.findall(r"minnorm report (\S+)", said)
    assert reports == [out for _, out in runs]


def test_every_study_of_the_repository_can_be_read():
    files = sorted((ROOT / "studies").glob("*.toml"))
    assert len(files) >= 4
    for file in files:
        assert all(any(True for _ in one.shards()) for one in study.load_all(file).values())


def test_lint_looks_at_every_file_of_the_compiled_part():
    make = shutil.which("make") or pytest.skip("make is not installed")
    command = [make, "--dry-run", "--no-print-directory", "lint"]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    files = {
        str(file.relative_to(ROOT)) for folder in ("native", "native/train") for file in (ROOT / folder).glob("*.?pp")
    }
    checked = next(line for line in said.splitlines() if "clang-format --dry-run --Werror" in line)
    assert len(files) > 20
    assert files <= set(checked.split())


@pytest.mark.parametrize(("target", "extras"), [("demo", "explore"), ("test", "dev"), ("explore", "explore")])
def test_users_are_spared_the_tools_of_development(target, extras, tmp_path, monkeypatch):
    monkeypatch.delenv("EXTRAS", raising=False)
    make = shutil.which("make") or pytest.skip("make is not installed")
    shutil.copy(ROOT / "Makefile", tmp_path)
    for file in ("pyproject.toml", "constraints.txt", "native/CMakeLists.txt"):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).touch()
    command = [make, "--dry-run", "--no-print-directory", target]
    said = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert re.findall(r"--editable \"\.\[(.*?)\]\"", said) == [extras]
