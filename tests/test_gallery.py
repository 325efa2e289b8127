"""The gallery says what its commands say now, and shows their pictures."""

import importlib.util
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"


@pytest.fixture(scope="module")
def gallery():
    """The script that makes the page."""
    spec = importlib.util.spec_from_file_location("gallery", DOCS / "gallery.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules["gallery"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    del sys.modules["gallery"]


@pytest.mark.slow
def test_the_page_is_what_its_commands_say(gallery, tmp_path):
    answers = [gallery.run(entry.arguments, tmp_path) for entry in gallery.entries()]
    assert all(answer.get("certified", True) for answer in answers)
    assert gallery.page(answers) == (DOCS / "gallery.md").read_text()


def test_its_pictures_are_there_and_no_others(gallery):
    wanted = {f"{entry.picture}.png" for entry in gallery.entries() if entry.picture}
    pictures = {path.name: path.stat().st_size for path in gallery.PICTURES.iterdir()}
    assert set(pictures) == wanted
    assert sum(pictures.values()) < 1_700_000
    assert {entry.data for entry in gallery.entries() if entry.data} == {path.name for path in gallery.DATA.iterdir()}


def test_a_picture_is_made_by_the_command_on_the_page(gallery, tmp_path):
    entry = next(entry for entry in gallery.entries() if entry.picture == "denoiser-line")
    gallery.run(entry.command, tmp_path)
    assert (tmp_path / f"{entry.picture}.png").stat().st_size > 10_000


@pytest.mark.slow
def test_all_pictures_are_made(gallery, tmp_path):
    for entry in gallery.entries():
        gallery.run(entry.command, tmp_path)
        assert entry.picture is None or (tmp_path / f"{entry.picture}.png").stat().st_size > 10_000


def test_a_command_that_fails_is_an_error(gallery, tmp_path, capsys):
    with pytest.raises(RuntimeError, match=r"minnorm known ridge no\.csv failed"):
        gallery.run(("known", "ridge", "no.csv"), tmp_path)
    assert "no.csv" in capsys.readouterr().err
