"""Rules of the house that no tool holds: how long a module may be, and what is not asked of a task or a shard."""

import re
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "minnorm"
LONGEST = 400


def test_no_module_is_long():
    long = {str(path): n for path in SOURCE.rglob("*.py") if (n := len(path.read_text().splitlines())) > LONGEST}
    assert long == {}


@pytest.mark.parametrize("package", ["study", "report", "explore"])
def test_tasks_shards_and_views_say_themselves_what_they_are(package):
    """What differs between them is a method of theirs, or an entry of a table, and not a question of their class."""
    asked = [
        f"{path.relative_to(SOURCE)}: {line.strip()}"
        for path in (SOURCE / package).rglob("*.py")
        for line in path.read_text().splitlines()
        if re.search(r"(isinstance|issubclass)\(.*(Task|Shard|Bump|View|Solution|Target)", line)
    ]
    assert asked == []


def test_what_a_penalty_leaves_free_is_asked_of_the_penalty():
    """Its options are words in one module, where they are read from a user's input, and in the judge, which trusts no
    other code."""
    inside = ("objective/norm.py", "verification/", "cli/options.py", "study/specification/")
    asked = [
        f"{path.relative_to(SOURCE)}: {line.strip()}"
        for path in SOURCE.rglob("*.py")
        if not path.relative_to(SOURCE).as_posix().startswith(inside)
        for line in path.read_text().splitlines()
        if re.search(r"\b(bias|skip|offset) (==|!=|in|not in) [(\[{]?[\"']", line)
    ]
    assert asked == []
