import re
import tomllib
from pathlib import Path

import pytest

from minnorm import study

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(language):
    found = []
    for page in PAGES:
        for i, text in enumerate(re.findall(rf"```{language}\n(.*?)```", page.read_text(), flags=re.DOTALL)):
            found.append(pytest.param(text, id=f"{page.name}-{i}"))
    return found


@pytest.mark.parametrize("text", blocks("python"))
def test_code_in_documents_runs(text):
    exec(compile(text, "document", "exec"), {})


@pytest.mark.parametrize("text", blocks("toml"))
def test_studies_in_documents_are_valid(text):
    assert len(list(study.parse(tomllib.loads(text)).shards())) > 0


def test_there_is_something_to_run():
    assert len(blocks("python")) >= 3
    assert len(blocks("toml")) >= 1
