"""The static page in a browser, from a file, and from a web space that counts what is asked for."""

from collections.abc import Callable

import pytest

from minnorm.explore.static.page import static_page


@pytest.fixture(scope="session")
def page_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("static") / "page.html"
    path.write_text(static_page(), "utf-8")
    return path


@pytest.fixture
def open_static(browser, page_file) -> Callable:
    """A function that opens the page at a hash; in the end there were no errors, and nobody was asked for anything."""
    contexts, errors, requests = [], [], []

    def note(message) -> None:
        if message.type in ("error", "warning"):
            errors.append(message.text)

    def opened(hash: str = "", width: int = 1280, height: int = 800, **options):
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(600_000)  # nothing here is about speed
        page.on("console", note)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("request", lambda request: requests.append(request.url))
        page.goto(f"{page_file.as_uri()}{hash}")
        page.wait_for_function("document.querySelector('main').children.length > 0")
        page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert errors == []
    assert [url for url in requests if not url.startswith(("data:", page_file.as_uri()))] == []
