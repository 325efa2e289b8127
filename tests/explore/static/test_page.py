"""The static page as a file: complete, small, and made of what web/ has."""

import json
import re
import shutil
import subprocess
import sys
from importlib import resources
from pathlib import Path

import pytest

from minnorm.explore.page.theme import DARK, LIGHT
from minnorm.explore.static.page import static_page

ROOT = Path(__file__).parents[3]
WEB = ROOT / "web"


def test_the_page_is_one_small_file_that_names_no_other():
    page = static_page()
    assert len(page.encode()) < 500_000
    assert "{{" not in page.split("<script>")[0]
    assert re.findall(r"""(?:src|href)=["'](?!#|data:)[^"'$]""", page) == []
    assert "@import" not in page
    assert "url(" not in page.replace("url(#", "")


def test_its_colours_are_those_of_the_served_page():
    page = static_page()
    for theme in (LIGHT, DARK):
        assert all(f"--{name}: {getattr(theme, name)}" in page for name in ("paper", "function", "band", "learned"))


def test_the_command_writes_it(tmp_path):
    path = tmp_path / "page.html"
    command = [sys.executable, "-m", "minnorm.cli", "explore", "--static", str(path), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == {"page": str(path), "bytes": path.stat().st_size}
    assert path.read_text("utf-8") == static_page()
    refused = subprocess.run([*command, str(tmp_path)], capture_output=True, text=True)
    assert refused.returncode == 2
    assert "Atlas" in refused.stderr


def test_files_of_web_are_short_and_its_versions_exact():
    long = [str(file) for file in (WEB / "src").rglob("*.ts") if len(file.read_text("utf-8").splitlines()) > 400]
    assert long == []
    package = json.loads((WEB / "package.json").read_text("utf-8"))
    versions = {**package["dependencies"], **package["devDependencies"]}
    assert [version for version in versions.values() if not re.fullmatch(r"\d+\.\d+\.\d+", version)] == []
    lock = json.loads((WEB / "package-lock.json").read_text("utf-8"))
    assert [name for name, entry in lock["packages"].items() if "resolved" in entry] == []


def test_the_script_is_what_web_builds(tmp_path):
    """Where Node and the packages of web/ are: the same bytes."""
    node = shutil.which("node")
    if node is None or not (WEB / "node_modules").is_dir():
        pytest.skip("Node or web/node_modules is not there; `make web` installs the packages")
    subprocess.run([node, "build.mjs", str(tmp_path)], cwd=WEB, check=True)
    shipped = resources.files("minnorm.explore.static").joinpath("page.js").read_bytes()
    assert (tmp_path / "page.js").read_bytes() == shipped
