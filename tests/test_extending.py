"""The pages on extending the library say what works: their changes apply, and the tests that come with them pass."""

import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "docs" / "site"))
from blocks import Block, parts  # noqa: E402

PAGES = [ROOT / "docs" / "extending" / f"{name}.md" for name in ("optimizer", "penalty", "known")]
RUN = """
import sys
sys.meta_path[:] = [f for f in sys.meta_path if "editable" not in type(f).__module__]
sys.path.insert(0, "src")
import importlib.util, pytest
assert importlib.util.find_spec("minnorm").origin.startswith(sys.argv[1])
sys.exit(pytest.main(sys.argv[2:]))
"""  # an editable install comes before the path


def blocks(page: Path, language: str) -> list[Block]:
    return [part for part in parts(page.read_text()) if isinstance(part, Block) and part.language == language]


@pytest.fixture
def copy(tmp_path):
    """What a change may touch."""
    for folder in ("src", "tests"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path.resolve()


def apply(page: Path, folder: Path, *options: str) -> None:
    for block in blocks(page, "diff"):
        found = subprocess.run(
            ["git", "apply", "-C1", "--verbose", *options],
            cwd=folder,
            input=block.text,
            text=True,
            capture_output=True,
            check=False,
        )
        assert found.returncode == 0, f"{page.name}, line {block.line}, does not apply:\n{found.stderr}"
        assert "Checking patch" in found.stderr
        assert "Skipped" not in found.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_its_changes_fit_what_is_there(page):
    apply(page, ROOT, "--check")


@pytest.mark.slow
def test_its_changes_apply_and_their_tests_pass(copy):
    files, rows = [], []
    for page in PAGES:
        apply(page, copy)
        (block,) = blocks(page, "sh")
        (command,) = block.commands()
        pytest_, *arguments, option, row = shlex.split(command)
        assert (pytest_, option) == ("pytest", "-k")
        files += arguments
        rows.append(row)
    arguments = [*dict.fromkeys(files), "-k", " or ".join(rows), "-m", "", "-v", "-p", "no:cacheprovider"]
    found = subprocess.run(
        [sys.executable, "-c", RUN, str(copy), *arguments], cwd=copy, text=True, capture_output=True, check=False
    )
    assert found.returncode == 0, found.stdout[-4000:] + found.stderr[-2000:]
    for row in (
        "test_updates_are_those_published[adamax-",
        "test_adamax_trains",
        "test_a_penalised_offset",
        "test_cross.py",
    ):
        assert row in found.stdout
