"""A real browser before a real server, as users have them; one of each for all tests of a process."""

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
)
_SIZE = {"width": 1280, "height": 800}


@dataclass
class Served:
    """A server that runs, and its addresses."""

    url: str
    process: subprocess.Popen

    def at(self, view: str, query: str = "") -> str:
        return f"{self.url}{view}{'?' if query else ''}{query}"


@contextmanager
def serving(*arguments: str):
    """`minnorm explore` on a free port, ended as Ctrl-C ends it."""
    command = [sys.executable, "-m", "minnorm.cli", "explore", *arguments, "--no-browser", "--json", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise RuntimeError(process.communicate(timeout=600)[1])
    try:
        yield Served(json.loads(line)["url"], process)
    finally:
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=600)
        assert process.returncode == 0, err
        assert out == ""
        assert "Traceback" not in err, err


@pytest.fixture(scope="session")
def serve() -> Callable:
    """For tests with a `server` of their own: `serving`."""
    pytest.importorskip("panel", reason="the extra explore is not installed")
    return serving


@pytest.fixture(scope="session")
def server():
    pytest.importorskip("panel", reason="the extra explore is not installed")
    with serving() as served:
        yield served


@pytest.fixture(scope="session")
def browser():
    sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("there is no Chromium; on Debian `apt-get install chromium` installs it")
    with sync_api.sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield launched
        launched.close()


@dataclass
class Watched:
    """What went wrong in pages: nothing may."""

    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


@pytest.fixture
def open_page(browser, server) -> Callable:
    """A function that opens a page of the server; in the end it must have had no errors, and asked nobody else."""
    contexts, watched = [], Watched()

    def note(message) -> None:
        if message.type == "error":
            watched.errors.append(message.text)

    def opened(view: str = "line", query: str = "", **options):
        context = browser.new_context(**{"viewport": _SIZE, **options})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(600_000)  # nothing here is about speed
        page.on("console", note)
        page.on("pageerror", lambda error: watched.errors.append(error.stack or str(error)))
        page.on("request", lambda request: watched.requests.append(request.url))
        page.goto(query if query.startswith("http") else server.at(view, query))
        page.wait_for_function("globalThis.Bokeh?.documents?.[0]?.is_idle")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert watched.errors == []
    assert [url for url in watched.requests if not url.startswith((server.url, "blob:", "data:"))] == []


@pytest.fixture
def screenshot(request, tmp_path_factory) -> Callable:
    """A function that keeps a picture of a page in pytest's temporary directory."""
    folder: Path = tmp_path_factory.getbasetemp()

    def taken(page, name: str) -> Path:
        path = folder / f"explore-{name}.png"
        page.screenshot(path=path)
        return path

    return taken


@pytest.fixture
def uploads(tmp_path) -> Callable:
    """For a page, a function that gives it a file of the user's own, by its name and content."""

    def of(page) -> Callable[[str, str], None]:
        field = page.get_by_label("Your own data")

        def give(name: str, content: str) -> None:
            (tmp_path / name).write_text(content)
            field.set_input_files(tmp_path / name)

        return give

    return of


@pytest.fixture
def violations() -> Callable:
    """A function that lists what axe finds serious or critical in a page, with the place."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")

    def found(page) -> list[tuple[str, str]]:
        everything = axe.Axe().run(page).response["violations"]
        return [(one["id"], one["nodes"][0]["html"]) for one in everything if one["impact"] in ("serious", "critical")]

    return found
