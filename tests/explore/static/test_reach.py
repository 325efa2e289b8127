"""The static page for everybody: phones, keyboards, screen readers, presenters, and a room that scans its address."""

import functools
import threading
from http.server import HTTPServer, SimpleHTTPRequestHandler

import pytest

pytestmark = pytest.mark.browser

PLACES = ["#line?lam=0.01&step=1", "#race?steps=300", "#bump?dim=64", "#regions?drawing=2"]


@pytest.mark.parametrize("hash", PLACES)
def test_nothing_scrolls_sideways_on_a_phone(open_static, hash):
    page = open_static(hash, width=390, height=844, has_touch=True, is_mobile=True)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") == 390


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("hash", PLACES)
def test_axe_finds_nothing(open_static, violations, hash, scheme):
    page = open_static(hash, color_scheme=scheme)
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert violations(page) == []


@pytest.mark.parametrize("hash", PLACES)
def test_every_stop_of_the_keyboard_has_a_name(open_static, hash):
    page = open_static(hash)
    seen, nameless = 0, []
    for _ in range(60):
        page.keyboard.press("Tab")
        found = page.evaluate(
            """() => {
              const one = document.activeElement;
              if (one === document.body) return null;
              const label = one.ariaLabel || one.labels?.[0]?.textContent || one.textContent;
              return [one.outerHTML.slice(0, 80), (label || "").trim()];
            }"""
        )
        if found is None:
            break
        seen += 1
        if not found[1]:
            nameless.append(found[0])
    assert seen > 8
    assert nameless == []


def test_presenters_have_large_type_and_no_code(open_static):
    page = open_static("#line")
    size = "parseFloat(getComputedStyle(document.querySelector('.readout dt')).fontSize)"
    before = page.evaluate(size)
    assert page.locator(".code").is_visible()
    page.get_by_role("button", name="Present").click()
    assert page.evaluate(size) > 1.3 * before
    assert not page.locator(".code").is_visible()
    assert "present=yes" in page.evaluate("location.href")
    page.get_by_role("link", name="Bump").click()
    page.wait_for_function("document.title === 'Bump · minnorm'")
    assert "present=yes" in page.evaluate("location.href")


def test_the_theme_is_the_systems_until_it_is_chosen(open_static):
    page = open_static("#line", color_scheme="dark")
    paper = "getComputedStyle(document.documentElement).backgroundColor"
    dark = page.evaluate(paper)
    assert "theme" not in page.evaluate("location.href")
    page.get_by_role("button", name="Theme").click()
    assert page.evaluate(paper) != dark
    assert "theme=light" in page.evaluate("location.href")


def test_a_served_page_shows_its_address_as_a_code(browser, page_file, open_static):
    assert open_static().get_by_role("button", name="QR code").count() == 0

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(page_file.parent)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    context = browser.new_context()
    try:
        page = context.new_page()
        asked = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"http://127.0.0.1:{server.server_port}/{page_file.name}#bump?dim=6")
        page.get_by_role("button", name="QR code").click()
        canvas = page.get_by_role("img", name="QR code")
        side = canvas.evaluate("(one) => one.width")
        pixels = canvas.evaluate("(one) => [...one.getContext('2d').getImageData(0, 0, one.width, one.width).data]")
        black = [
            [pixels[4 * (side * row + column)] < 128 for column in range(4, side - 4)] for row in range(4, side - 4)
        ]
        assert (len(black) - 17) % 4 == 0
        finder = ["1111111", "1000001", "1011101", "1011101", "1011101", "1000001", "1111111"]
        corner = ["".join("01"[black[i][j]] for j in range(7)) for i in range(7)]
        assert corner == finder
        assert page.get_by_role("dialog").inner_text().startswith(page.evaluate("location.href"))
        page.keyboard.press("Escape")
        assert page.get_by_role("dialog").count() == 0
        assert [
            url for url in asked if not url.startswith(("data:", page.evaluate("location.href").split("#")[0]))
        ] == []
    finally:
        context.close()
        server.shutdown()
        server.server_close()
        thread.join()
