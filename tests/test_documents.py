"""The documentation says what is so: every code block runs, in its page's order and in a folder of its own."""

import itertools
import re
import shlex
import shutil
import sys
import tomllib
import warnings
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from urllib.parse import parse_qsl

import matplotlib.pyplot as plt
import pytest

import minnorm
from minnorm import cli, extensions, study
from minnorm.objective.regions.described import described

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
sys.path.insert(0, str(DOCS / "site"))
import notebooks  # noqa: E402
from blocks import NOT_RUN, Block, parts  # noqa: E402

PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]
SLOW = {f"extending/{name}.md" for name in ("index", "task", "page")}
SLOW |= {"README.md", "figures.md", "guesses.md", "path-and-band.md", "radial.md", "shell.md", "solving.md"}
SLOW |= {"training.md"}
NOTEBOOKS = {
    f"tutorials/{name}.md" for name in ("certify", "cluster", "margin", "own", "paper", "teach")
}  # slow, and run when the site is built
LANGUAGES = {"python", "sh", "toml", "csv", "text", "diff", "json"}
ENDLESS = ("make ", "minnorm demo", "minnorm explore")  # what the README may show all the same; other tests run these
README_FILES = {  # what its commands read
    "data.csv": "x,y\n-1,0\n-0.4,1\n0.2,0.3\n1,0.5\n",
    "clean.csv": "x\n0\n1\n2.5\n",
    "study.toml": 'name = "Four points"\n[task]\nkind = "line"\nx = [-1.0, -0.4, 0.2, 1.0]\ny = [0.0, 1.0, 0.3, 0.5]\n'
    "[train]\nwidth = 20\nsteps = 100\n[grid]\nweight_decay = [0.0, 1e-4]\nseed = 2\n",
}


def name(page: Path) -> str:
    return page.name if page.parent == ROOT else page.relative_to(DOCS).as_posix()


def blocks(page: Path) -> list[Block]:
    found = [part for part in parts(page.read_text()) if isinstance(part, Block)]
    return [replace(block, language=block.language or "sh") for block in found] if page.parent == ROOT else found


def pages(*actions: str) -> list:
    """The pages that have blocks with these actions; the gallery has a test of its own."""
    return [
        pytest.param(page, id=name(page), marks=[pytest.mark.slow] if name(page) in SLOW else [])
        for page in PAGES
        if name(page) not in {"gallery.md", *NOTEBOOKS} and any(block.action in actions for block in blocks(page))
    ]


def without_their_libraries(page: Path) -> set[int]:
    """The lines of blocks with a comment right above them that says they need a library, where it is not installed."""
    return {
        block.line
        for said, block in itertools.pairwise(parts(page.read_text()))
        if isinstance(said, str)
        and isinstance(block, Block)
        and said.endswith("-->\n")
        and notebooks.missing(said.splitlines()[-1])
    }


def run_command(words: list[str]) -> None:
    """A `minnorm` command in this process; AssertionError unless it exits with 0."""
    before, shown = sys.argv, warnings.showwarning
    sys.argv = words
    try:
        with pytest.raises(SystemExit) as end:
            cli.main()
    finally:
        sys.argv, warnings.showwarning = before, shown
    assert end.value.code == 0, f"{' '.join(words)} exits with {end.value.code}; its message is on standard error"


@pytest.mark.parametrize("page", pages("python", "sh", "write"))
def test_its_blocks_run(page, tmp_path, monkeypatch, own):
    monkeypatch.chdir(tmp_path)
    for path in (DOCS / "data").glob("*.csv"):
        shutil.copy(path, tmp_path)
    if page.name == "README.md":
        for file, text in README_FILES.items():
            Path(file).write_text(text)
    namespace = {"__name__": "page"}
    lacking = without_their_libraries(page)
    for block in blocks(page):
        where = f"{name(page)}, line {block.line}"
        if block.line in lacking:
            continue
        if block.action == "python":
            exec(compile("\n" * (block.line - 1) + block.text, str(page), "exec"), namespace)
        elif block.action == "write":
            Path(block.title).write_text(block.text)
        elif block.action == "sh":
            for command in block.commands():
                if page.name == "README.md" and command.startswith(ENDLESS):
                    continue
                words = shlex.split(command)
                runs = words[0] == "minnorm" and not command.startswith(ENDLESS)
                assert runs, f'{where}: {command!r} needs title="{NOT_RUN}..." with the reason'
                run_command(words)
        plt.close("all")


@pytest.mark.slow
@pytest.mark.parametrize("page", sorted(NOTEBOOKS))
def test_a_slow_tutorial_runs_as_a_notebook(page):
    text = (DOCS / page).read_text()
    if lacking := notebooks.missing(text):
        pytest.skip(f"{lacking} is not installed")
    content = notebooks.executed(text)
    code = [cell for cell in content.cells if cell.cell_type == "code"]
    assert len(code) == sum(block.action != "show" for block in blocks(DOCS / page))
    assert sum(bool(cell.outputs) for cell in code) >= 5


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_it_has_no_block_that_no_test_sees(page, tmp_path, own):
    text = page.read_text()
    for block in blocks(page):
        if block.language == "python" and block.action == "write":
            (tmp_path / block.title).write_text(block.text)
            extensions.load(tmp_path / block.title)
    for block in blocks(page):
        where = f"{name(page)}, line {block.line}"
        assert block.language in LANGUAGES, f"{where}: a block of {block.language or 'no language'}; say which"
        if block.language == "toml" and block.title == "regions.toml":
            assert len(described(tomllib.loads(block.text)["region"])) > 1
        elif block.language == "toml":
            (tmp_path / "study.toml").write_text(block.text)
            assert all(list(one.shards()) for one in study.load_all(tmp_path / "study.toml").values())
        if block.action == "show" and block.language in ("python", "sh"):
            assert len(block.title) > len(NOT_RUN) + 10, f"{where}: {block.title!r} is no reason"
    assert not re.findall(r"^(?:    |\t)(?:minnorm|python|pip|make) .*", text, re.MULTILINE), "a command without fences"
    assert len(re.findall(r"^\s*```", text, re.MULTILINE)) == 2 * len(blocks(page)), "a fence in a list, or left open"


def test_the_bibliography_has_what_the_code_cites():
    entries = re.split(r"^- ", (DOCS / "bibliography.md").read_text(), flags=re.MULTILINE)
    cited = re.compile(r"([A-Z][\w-]+)(?: et\s+al\.)?,?\s+\(?((?:19|20)\d\d)\)", re.UNICODE)
    pairs = re.compile(r"([A-Z][\w-]+)\s+&\s+([A-Z][\w-]+)\s+\(?((?:19|20)\d\d)\)", re.UNICODE)
    texts = [path.read_text() for path in [*(ROOT / "src").rglob("*.py"), *DOCS.rglob("*.md")]]
    found = {match.groups() for text in texts for match in cited.finditer(text)}
    plain = {"Gonzalez-Brevis": "González-Brevis", "Vivien": "Pillaud-Vivien"}
    missing = {
        (author, year)
        for author, year in found
        if not any(plain.get(author, author) in entry and year in entry for entry in entries)
    }
    assert len(found) > 40
    assert not missing
    together = {match.groups() for text in texts for match in pairs.finditer(text)}
    plain["Peyre"] = "Peyré"
    assert len(together) > 30
    assert not {
        cited
        for cited in together
        if not any(all(plain.get(part, part) in entry for part in cited) for entry in entries)
    }


def test_every_public_name_is_on_the_api_page():
    named = set(re.findall(r"^::: ([\w.]+)$", (DOCS / "api.md").read_text(), re.MULTILINE))
    packages = {"known", "losses", "measure", "report", "study"}
    wanted = {f"minnorm.{name}" for name in minnorm.__all__ if name not in packages}
    wanted |= {f"minnorm.{package}.{name}" for package in packages for name in getattr(minnorm, package).__all__}
    assert wanted <= named, f"missing: {sorted(wanted - named)}"


def test_links_into_the_page_are_understood():
    pytest.importorskip("panel")
    from minnorm.explore.page.app import VIEWS

    views = {title.lower(): place.split(":") for title, place in VIEWS.items()}
    links = re.findall(r"`/(\w+)\?([^`\s]+)`", (DOCS / "tutorials" / "teach.md").read_text())
    for view, query in links:
        module, kind = views[view]
        asked = dict(parse_qsl(query, strict_parsing=True))
        state, problems = getattr(import_module(module), kind).state_type.from_query(asked)
        assert not problems
        assert set(asked) <= set(state.param), f"/{view}?{query}"
    assert len(links) >= 6
