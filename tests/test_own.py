"""Losses, tasks, optimisers and pages of one's own: the files of docs/extending, through the command line."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

import minnorm as mn
from minnorm import extensions, report, study

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "docs" / "site"))
from blocks import parts  # noqa: E402

POINTS = "x,y\n-1,0\n-0.4,1\n0.2,0.3\n1,0.5\n"

pytestmark = pytest.mark.usefixtures("own")


@pytest.fixture
def files(tmp_path):
    """All files that the pages show, in the folder where commands run, and a table."""
    for name in ("index", "loss", "task", "page"):
        for part in parts((ROOT / "docs" / "extending" / f"{name}.md").read_text()):
            if not isinstance(part, str) and part.action == "write":
                (tmp_path / part.title).write_text(part.text)
    (tmp_path / "points.csv").write_text(POINTS)
    return tmp_path


def answer(process) -> dict:
    assert process.returncode == 0, process.stderr
    return json.loads(process.stdout)


def test_a_loss_is_solved_with_and_proved(minnorm, files):
    found = answer(
        minnorm("--import", "log_cosh.py", "solve", "points.csv", "--lam", "0.02", "--loss", "log_cosh", "--json")
    )
    x, y = np.loadtxt(files / "points.csv", delimiter=",", skiprows=1).T
    assert found["certified"] is True
    assert found["value"] == mn.fit(x, y, 0.02, loss="log_cosh").value
    assert found["value"] < answer(minnorm("solve", "points.csv", "--lam", "0.02", "--json"))["value"]


def test_a_loss_that_is_not_imported_is_unknown(minnorm, files):
    refused = minnorm("solve", "points.csv", "--lam", "0.02", "--loss", "log_cosh")
    assert refused.returncode == 2
    assert refused.stderr.startswith("minnorm: loss is 'log_cosh'; ")


@pytest.mark.slow
def test_a_loss_is_trained_with(minnorm, files):
    words = ["train", "points.csv", "--width", "20", "--steps", "50", "--json"]
    own = answer(minnorm("--import", "log_cosh.py", *words, "--loss", "log_cosh"))["runs"][0]
    squared = answer(minnorm(*words))["runs"][0]
    assert 0 < own["training_loss"] < squared["training_loss"]


@pytest.mark.slow
def test_a_loss_is_studied_by_processes_that_import_it_too(minnorm, files):
    task = 'name = "own"\n[task]\nkind = "line"\nx = [-1, 0, 0.5, 1]\ny = [0, 1, 0.2, 0.4]\n'
    (files / "solve.toml").write_text(task + '[solve]\nloss = "log_cosh"\n[grid]\nlam = [0.01, 0.1]\n')
    (files / "train.toml").write_text(task + '[train]\nloss = "log_cosh"\nwidth = 12\nsteps = 20\nrecords = 2\n')
    for name in ("solve", "train"):
        done = minnorm("--import", "log_cosh.py", "study", "run", f"{name}.toml", "--workers", "2", "--json")
        assert answer(done)["complete"] is True
    assert all(bool(data["certified"].all()) for _, data in study.Store(files / "solve").solved())
    assert minnorm("--import", "log_cosh.py", "report", "train").returncode == 0


@pytest.mark.slow
def test_a_task_is_studied_from_its_optimal_start_to_a_picture(minnorm, files):
    assert answer(minnorm("--import", "wave.py", "study", "run", "waves.toml", "--json"))["complete"] is True
    for shard, runs in study.Store(files / "waves").trained():
        assert shard.task.periods in (1, 2)
        assert runs["function"].sizes["query"] == 701
        assert abs(runs["norm_ratio"].item() - 1) < 0.01
        assert {"seminorm", "bends_at_data", "l2_unknown"} <= set(runs)
        data = shard.task.data()
        np.testing.assert_allclose(shard.task.known().function(data.points), data.values, atol=1e-14)
    sections = report.sections(files / "waves")
    assert [section.name for section in sections] == ["waves: periods 1.0", "waves: periods 2.0"]
    for section in sections:
        (learned,) = [picture for picture in section.pictures if picture.title == "learned functions"]
        assert learned.draw().axes


def test_a_mistake_in_a_task_of_ones_own_has_its_line(minnorm, files):
    (files / "waves.toml").write_text((files / "waves.toml").read_text().replace("points = 9", "point = 9"))
    refused = minnorm("--import", "wave.py", "study", "run", "waves.toml")
    assert refused.returncode == 2
    assert refused.stderr.startswith(
        "minnorm: waves.toml: line 5: task.point: 'point' is unknown; did you mean 'points'?"
    )
    unknown = minnorm("study", "run", "race.toml")
    assert (
        "line 2: report: 'speed' is unknown; choose one of training, atlas, margins, rates, stretch" in unknown.stderr
    )


@pytest.mark.slow
def test_a_page_says_what_the_studys_numbers_say(minnorm, files):
    assert answer(minnorm("--import", "speed.py", "study", "run", "race.toml", "--json"))["complete"] is True
    ((_, runs),) = study.Store(files / "race").trained()
    (section,) = report.sections(files / "race")
    slow, fast = section.tables[0].rows
    assert slow == ["gd", "xavier_uniform", "1e-06", "never"]
    losses = runs["training_loss"].sel(learning_rate=0.05).squeeze()
    assert float(losses.sel(step=int(fast[3])).median()) <= 1e-3 < float(losses.isel(step=0).median())
    assert section.findings == ["1 of 2 settings fit their data."]
    assert minnorm("--import", "speed.py", "report", "race").returncode == 0
    assert "race" in (files / "race" / "report.html").read_text()


def test_a_page_refuses_a_study_before_it_runs(minnorm, files):
    solve = (files / "race.toml").read_text().split("[train]")[0] + "[solve]\nlam = 0.1\n"
    (files / "race.toml").write_text(solve)
    refused = minnorm("--import", "speed.py", "study", "run", "race.toml")
    assert refused.returncode == 2
    assert "'speed' is of networks that are trained" in refused.stderr
    assert not (files / "race").exists()


def test_a_page_of_studies_that_solve_is_theirs():
    class Own:
        word = "own"

        def admits(self, study):
            return None

        def sections(self, stores):
            return []

    study.specification.pages.add(Own)
    task = {"kind": "line", "x": [0.0, 1.0], "y": [0.0, 1.0]}
    assert study.parse({"name": "a", "report": "own", "task": task, "solve": {}}).page == "own"
    assert study.parse({"name": "a", "task": task, "solve": {}}).page == "rates"


@pytest.mark.slow
def test_an_optimiser_trains_by_its_name(minnorm, files):
    words = ["train", "points.csv", "--optimizer", "adamax", "--learning-rate", "0.01", "--width", "40", "--json"]
    runs = [answer(minnorm("--import", "adamax.py", *words, "--steps", steps))["runs"][0] for steps in ("1", "300")]
    assert runs[1]["training_loss"] < 0.1 * runs[0]["training_loss"]
    assert ", adamax" in minnorm(*words, "--optimizer", "adamaxx").stderr


def test_a_word_is_taken_once():
    from minnorm.study.specification import pages, tasks

    with pytest.raises(ValueError, match="a task is of kind 'line' already"):
        tasks.add(
            type("Other", (tasks.LineTask,), {"__annotations__": {"kind": tasks.LineTask.__annotations__["kind"]}})
        )
    with pytest.raises(ValueError, match="a page is called 'rates' already"):
        pages.add(type("Other", (), {"word": "rates"}))


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("none.py", None, "none.py, which cannot be read: no such file"),
        ("bad.py", "x = 1\ny = (\n", r"bad\.py, line 2: SyntaxError"),
        ("bad.py", "import math\n\nmath.sqroot(2)\n", r"bad\.py, line 3: AttributeError: .*sqroot"),
        ("bad.py", "import nothing_like_it\n", r"bad\.py, line 1: ModuleNotFoundError"),
        ("nothing.like.it", None, "'nothing.like.it'; no such module is installed"),
    ],
)
def test_what_cannot_be_imported_is_said_in_a_line(minnorm, tmp_path, name, text, said):
    if text is not None:
        (tmp_path / name).write_text(text)
    refused = minnorm("--import", name, "known", "radial")
    assert refused.returncode == 2
    assert refused.stderr.count("\n") == 1
    assert refused.stderr.startswith("minnorm: import is ")
    with pytest.raises(ValueError, match=said):
        extensions.load(tmp_path / name if name.endswith(".py") else name)


def test_a_file_is_run_once_and_its_text_is_enough_elsewhere(tmp_path):
    file = tmp_path / "counted.py"
    file.write_text("import sys\nsys.counted = getattr(sys, 'counted', 0) + 1\n")
    try:
        extensions.load(file)
        extensions.load(file)
        extensions.load("json")
        sent = extensions.loaded()
        assert sent == {str(file): file.read_text(), "json": None}
        extensions._loaded.clear()
        extensions.load("elsewhere/counted.py", sent[str(file)])
        extensions.load("again/counted.py", sent[str(file)])
        assert sys.counted == 2
        with pytest.raises(ValueError, match="of which another version is at work"):
            extensions.load("elsewhere/counted.py", "x = 1")
    finally:
        del sys.counted
