"""The view Line in a real browser: what a user sees and does."""

import json
import re
import subprocess
import sys
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest

from minnorm import PathNorm, fit, known

pytestmark = [pytest.mark.browser, pytest.mark.slow]

HAT = "x=-1~0~1&y=0~1~0"
WHERE = """([x, y]) => {
  const plot = Bokeh.documents[0].get_model_by_name("function"), view = Bokeh.index.find_one(plot);
  const box = view.canvas_view.el.getBoundingClientRect();
  return [box.left + view.frame.x_scale.compute(x), box.top + view.frame.y_scale.compute(y)];
}"""


def number(page, name: str = "norm") -> float:
    """A number of the readout."""
    value = page.locator("dt", has_text=name).first.locator("xpath=following-sibling::dd").inner_text()
    return float(re.search(r"-?[\d.]+(e[-+]?\d+)?", value.replace(",", "")).group())


def wait_for(page, expected: float, name: str = "norm", tolerance: float = 1e-8) -> None:
    """Until the readout shows a number."""
    for _ in range(10_000):
        shown = page.locator("dt", has_text=name).first.locator("xpath=following-sibling::dd").inner_text()
        try:
            if abs(float(shown) - expected) <= tolerance * max(1, abs(expected)):
                return
        except ValueError:
            pass
        page.wait_for_timeout(50)
    raise AssertionError(f"{name} is {shown}, not {expected}")


def place(page, x: float, y: float) -> tuple[float, float]:
    """Where a point of the plot is on the screen, once the layout rests."""
    now = page.evaluate(WHERE, [x, y])
    for _ in range(4_000):
        page.wait_for_timeout(100)
        before, now = now, page.evaluate(WHERE, [x, y])
        if before == now:
            return tuple(now)
    raise AssertionError("the layout does not come to rest")


def drag(page, start: tuple[float, float], end: tuple[float, float], moves: int = 12) -> None:
    """Take the point at `start` with the mouse and leave it at `end`."""
    (a, b), (c, d) = place(page, *start), place(page, *end)
    page.mouse.move(a, b)
    page.mouse.down()
    page.mouse.move(a + np.sign(c - a) * 8, b + np.sign(d - b) * 8)  # at once, lest it is taken for a long press
    for k in range(1, moves + 1):
        page.mouse.move(a + (c - a) * k / moves, b + (d - b) * k / moves)
        page.wait_for_timeout(16)
    page.mouse.up()


def points_of(url: str) -> tuple[list[float], list[float]]:
    """The points that a URL holds."""
    query = parse_qs(urlsplit(url).query)
    x, y = ([float(part) for part in query[name][0].split("~")] for name in ("x", "y"))
    return x, y


def settled(page, number: int, x: float, y: float, tolerance: float = 0.02) -> str:
    """The URL once it holds a point there: while the page answers, it passes the places on the way."""
    for _ in range(4_000):
        found = [coordinates[number] for coordinates in points_of(page.url)]
        if max(abs(found[0] - x), abs(found[1] - y)) <= tolerance:
            break
        page.wait_for_timeout(50)
    page.wait_for_timeout(400)
    return page.url


def test_a_dragged_point_has_a_new_norm_a_url_and_a_place_in_the_table(open_page, screenshot):
    page = open_page("line", HAT)
    wait_for(page, 2.0)
    drag(page, (0.0, 1.0), (0.25, 0.5))
    url = settled(page, 1, 0.25, 0.5)
    x, y = points_of(url)
    assert x[0::2] == [-1.0, 1.0]
    assert y[0::2] == [0.0, 0.0]
    assert (x[1], y[1]) == (pytest.approx(0.25, abs=0.02), pytest.approx(0.5, abs=0.02))
    assert len(str(x[1])) <= 6, "what is dragged is rounded"
    wait_for(page, known.line(x, y).value)
    assert float(page.get_by_label("x of point 2").input_value()) == x[1]
    shared = open_page("line", url)
    wait_for(shared, known.line(x, y).value)
    taken = page.evaluate('performance.getEntriesByName("answer").map((entry) => entry.duration)')
    assert len(taken) >= 3
    screenshot(page, "line-dragged")


@pytest.mark.parametrize("rest", [300, 500])
def test_a_point_that_is_held_before_it_is_moved_moves(open_page, rest):
    page = open_page("line", HAT)
    wait_for(page, 2.0)
    (a, b), (c, d) = place(page, 0.0, 1.0), place(page, 0.25, 0.5)
    page.mouse.move(a, b)
    page.mouse.down()
    page.wait_for_timeout(rest)
    page.mouse.move((a + c) / 2, (b + d) / 2)
    page.mouse.move(c, d)
    page.mouse.up()
    x, y = points_of(settled(page, 1, 0.25, 0.5))
    assert len(x) == 3
    wait_for(page, known.line(x, y).value)


def test_a_finger_that_rests_before_it_moves_takes_a_point_along(open_page):
    page = open_page("line", HAT, has_touch=True)
    wait_for(page, 2.0)
    (a, b), (c, d) = place(page, 0.0, 1.0), place(page, 0.25, 0.5)
    touch = page.context.new_cdp_session(page)

    def send(kind, *at):
        points = [{"x": float(at[0]), "y": float(at[1])}] if at else []
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    send("touchStart", a + 12, b - 12)  # a finger is not that precise
    page.wait_for_timeout(500)
    for share in (0.3, 0.6, 1.0):
        send("touchMove", a + 12 + share * (c - a), b - 12 + share * (d - b))
        page.wait_for_timeout(30)
    send("touchEnd")
    x, y = points_of(settled(page, 1, 0.25, 0.5))
    assert len(x) == 3
    wait_for(page, known.line(x, y).value)


def test_arrow_keys_move_the_point_that_was_touched(open_page):
    page = open_page("line", HAT)
    wait_for(page, 2.0)
    page.mouse.click(*place(page, 0.0, 1.0))
    for _ in range(5):
        page.keyboard.press("ArrowUp")
    page.wait_for_url("**y=0~1.*")
    page.wait_for_timeout(600)
    x, y = points_of(page.url)
    assert x == [-1, 0, 1]
    assert y[0::2] == [0, 0]
    assert y[1] > 1
    wait_for(page, known.line(x, y).value)
    page.keyboard.press("PageDown")
    page.keyboard.press("Delete")
    page.get_by_label("x of point 3").wait_for(state="detached")


@pytest.mark.slow
def test_points_come_and_go_by_mouse_and_by_keyboard(open_page):
    page = open_page("line", HAT)
    wait_for(page, 2.0)
    page.mouse.click(*place(page, 0.5, 0.2))
    page.get_by_label("x of point 4").wait_for()
    added = [float(page.get_by_label(f"{axis} of point 4").input_value()) for axis in "xy"]
    assert added == [pytest.approx(0.5, abs=0.02), pytest.approx(0.2, abs=0.02)]
    wait_for(page, known.line([-1, 0, 1, added[0]], [0, 1, 0, added[1]]).value)
    page.mouse.click(*place(page, *added))
    page.keyboard.press("Backspace")
    wait_for(page, 2.0)
    # The same without a mouse.
    page.get_by_label("y of point 2").focus()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("3")
    page.keyboard.press("Enter")
    wait_for(page, 6.0)
    page.get_by_role("button", name="Add a point").focus()
    page.keyboard.press("Enter")
    assert float(page.get_by_label("x of point 4").input_value()) == 2.0
    wait_for(page, known.line([-1, 0, 1, 2], [0, 3, 0, 0]).value)
    page.get_by_role("button", name="delete point 2").focus()
    page.keyboard.press("Enter")
    wait_for(page, 0.0)


@pytest.mark.slow
def test_a_field_without_a_number_keeps_its_point(open_page):
    page = open_page("line", HAT)
    wait_for(page, 2.0)
    page.get_by_label("x of point 3").fill("")
    page.get_by_label("x of point 3").press("Tab")
    page.get_by_label("y of point 1").fill("0.5")
    page.get_by_label("y of point 1").press("Enter")
    wait_for(page, known.line([-1, 0, 1], [0.5, 1, 0]).value)
    assert page.get_by_label("x of point 3").input_value() == "1"


def test_points_that_disagree_are_a_message_in_the_page(open_page):
    page = open_page("line", HAT)
    wait_for(page, 2.0)
    page.get_by_label("x of point 1").fill("0")
    page.get_by_label("x of point 1").press("Enter")
    page.get_by_role("alert").filter(has_text="points 0 and 1 are equal").wait_for()
    page.get_by_label("x of point 1").fill("-2")
    page.get_by_label("x of point 1").press("Enter")
    wait_for(page, known.line([-2, 0, 1], [0, 1, 0]).value)
    page.locator("#message:empty").wait_for(state="attached")


@pytest.mark.slow
def test_lam_and_penalty_by_slider_and_keyboard(open_page):
    page = open_page("line", HAT)
    wait_for(page, 2.0)
    slider = page.get_by_role("slider", name="λ, weight decay")
    slider.focus()
    for _ in range(30):
        slider.press("ArrowRight")
    page.get_by_text("objective").first.wait_for()
    page.wait_for_timeout(300)
    field = page.get_by_role("spinbutton", name="λ, weight decay")
    lam = float(field.input_value())
    assert 1e-5 < lam < 1
    exact = fit([-1.0, 0.0, 1.0], [0.0, 1.0, 0.0], lam)
    wait_for(page, exact.value, "objective")
    kept = field.input_value()
    field.fill("-1")
    field.press("Enter")
    page.get_by_role("alert").filter(has_text="at least 0").wait_for()
    page.wait_for_function("([field, kept]) => field.value === kept", arg=[field.element_handle(), kept])
    page.get_by_role("radio", name="penalised").check()
    wait_for(page, fit([-1.0, 0.0, 1.0], [0.0, 1.0, 0.0], lam, penalty=PathNorm("penalised")).value, "objective", 1e-6)
    field.fill("0")
    field.press("Enter")
    page.get_by_label("Skip term").or_(page.get_by_role("group", name="Skip term")).get_by_label("free").check()
    wait_for(page, known.line([-1, 0, 1], [0, 1, 0], PathNorm("penalised", "free")).value)


def test_an_answer_that_comes_while_a_number_is_typed_leaves_it(open_page):
    page = open_page("line", HAT + "&lam=0.01")
    wait_for(page, fit([-1.0, 0.0, 1.0], [0.0, 1.0, 0.0], 0.01).value, "objective")
    penalised, field = (
        page.get_by_role("radio", name="penalised"),
        page.get_by_role("spinbutton", name="λ, weight decay"),
    )
    # In one turn of the browser, so that the answer to the first comes when the second is there.
    page.evaluate(
        """([penalised, field]) => {
          penalised.click();
          field.focus();
          field.select();
          document.execCommand("insertText", false, "0.1");
        }""",
        [penalised.element_handle(), field.element_handle()],
    )
    page.wait_for_url("**bias=penalised**")
    wait_for(page, fit([-1.0, 0.0, 1.0], [0.0, 1.0, 0.0], 0.01, penalty=PathNorm("penalised")).value, "objective", 1e-6)
    assert field.input_value() == "0.1"
    field.press("Enter")
    wait_for(page, fit([-1.0, 0.0, 1.0], [0.0, 1.0, 0.0], 0.1, penalty=PathNorm("penalised")).value, "objective", 1e-6)


def test_an_answer_to_one_number_leaves_those_entered_since(open_page):
    page = open_page("line", HAT)
    wait_for(page, 2.0)
    field = page.get_by_label("y of point 2")
    # In one turn of the browser: a number is entered, and an answer that does not know of it comes.
    page.evaluate(
        """(field) => {
          const models = Bokeh.documents[0].roots().flatMap((root) => Array.from(root.references()));
          const { data } = models.find((model) => model.data?.attributes?.edited !== undefined);
          field.value = "3";
          field.dispatchEvent(new Event("change"));
          data.setv({ points: [[-1, 0], [0, 1], [1, 0.5]] }, { sync: false });
        }""",
        field.element_handle(),
    )
    assert float(field.input_value()) == 3
    wait_for(page, 6.0)
    assert float(page.get_by_label("y of point 3").input_value()) == 0


@pytest.mark.slow
def test_training_is_shown_and_its_code_finds_the_same_numbers(open_page, screenshot):
    page = open_page("line", HAT + "&lam=0.001&width=60&steps=3000&learning_rate=0.02")
    wait_for(page, fit([-1.0, 0.0, 1.0], [0.0, 1.0, 0.0], 1e-3).value, "objective")
    page.get_by_role("button", name="Train").click()
    page.locator("dt", has_text="trained network").wait_for()
    first = number(page, "trained network")
    assert "% above the minimum" in page.locator("dt", has_text="trained network").locator("..").inner_text()
    page.locator("dd", has_text="3,000").wait_for()
    page.wait_for_timeout(300)
    assert number(page, "trained network") < 0.2 * first
    norm = number(page, "path norm")
    screenshot(page, "line-trained")
    code = page.get_by_label("Python code of this view").inner_text()
    assert "steps=3000" in code
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    objective, trained = (float(line) for line in run.stdout.split())
    assert objective == pytest.approx(number(page, "objective"), rel=1e-9)
    assert trained == pytest.approx(norm, rel=1e-5)
    # Another problem takes the run away.
    page.get_by_label("y of point 2").fill("2")
    page.get_by_label("y of point 2").press("Enter")
    page.locator("dt", has_text="trained network").wait_for(state="detached")


@pytest.mark.slow
def test_a_run_can_be_stopped_and_the_points_dragged_meanwhile(open_page):
    page = open_page("line", HAT + "&width=1000&steps=1000000")
    page.get_by_role("button", name="Train").click()
    page.get_by_text("norm above the least").or_(page.locator("dt", has_text="trained network")).first.wait_for()
    page.get_by_role("button", name="Stop").click()
    page.get_by_role("button", name="Train").and_(page.locator(":enabled")).wait_for()
    step = number(page, "step")
    page.wait_for_timeout(500)
    assert number(page, "step") == step < 1_000_000


@pytest.mark.slow
def test_files_good_and_bad(open_page, uploads):
    page = open_page("line", HAT)
    wait_for(page, 2.0)
    alert = page.get_by_role("alert")
    give = uploads(page)
    give("words.csv", "x,y\n0,1\n1,two\n")
    alert.filter(has_text="words.csv line 3: column 'y' has 'two', which is not a number").wait_for()
    give("wide.csv", "a,b,c\n0,1,2\n")
    alert.filter(has_text="wide.csv has columns a, b, c").wait_for()
    give("large.csv", "x,y\n" + "0.123456,1\n" * 100_000)
    alert.filter(has_text="large.csv has 1.1 MB; give at most 1 MB").wait_for()
    wait_for(page, 2.0)
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=30).round(3) * 7, rng.normal(size=30).round(3)
    give("good.csv", "position,height\n" + "".join(f"{a},{b}\n" for a, b in zip(x, y, strict=True)))
    wait_for(page, known.line(x, y).value)
    page.locator("#message:empty").wait_for(state="attached")
    page.get_by_label("x of point 30").wait_for()
    assert page.locator("input[aria-label^='x of point']").count() == 30


@pytest.mark.slow
def test_exports(open_page):
    page = open_page("line", HAT)
    wait_for(page, 2.0)
    content = {}
    for kind in ("PNG", "SVG", "CSV"):
        with page.expect_download() as download:
            page.get_by_role("button", name=f"Download {kind}").click()
        assert download.value.suggested_filename == f"minnorm-line.{kind.lower()}"
        content[kind] = download.value.path().read_bytes()
    assert content["PNG"].startswith(b"\x89PNG")
    assert b"<svg" in content["SVG"][:1000]
    rows = content["CSV"].decode().split()
    assert rows[0] == "x,y,minimiser,dual"
    assert [float(row.split(",")[2]) for row in rows[1:]] == pytest.approx([0, 1, 0])
    code = page.get_by_label("Python code of this view").inner_text()
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(run.stdout) == 2.0


@pytest.mark.slow
def test_readers_do_not_see_each_other(open_page):
    first, second = open_page("line", HAT), open_page("line", HAT)
    field = first.get_by_label("y of point 2")
    field.fill("2")
    field.press("Enter")
    wait_for(first, 4.0)
    wait_for(second, 2.0)
    assert float(second.get_by_label("y of point 2").input_value()) == 1.0


def test_a_url_that_is_wrong_opens_with_what_is_wrong(open_page):
    page = open_page("line", HAT + "&lam=-3&width=many")
    alert = page.get_by_role("alert")
    alert.filter(has_text="the URL has lam=-3").filter(has_text="width=many: give a whole number").wait_for()
    wait_for(page, 2.0)


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
def test_nothing_keeps_a_reader_out(open_page, screenshot, scheme):
    from axe_playwright_python.sync_playwright import Axe

    page = open_page("line", color_scheme=scheme)
    page.get_by_role("button", name=f"{'Light' if scheme == 'dark' else 'Dark'} theme").wait_for()
    wait_for(page, 4.5)
    found = Axe().run(page).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in ("serious", "critical")] == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate("document.documentElement.lang") == "en"
    ground = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert (int(ground[4:].split(",")[0]) < 64) == (scheme == "dark")
    screenshot(page, f"line-{scheme}")


def test_pointing_at_a_neuron_rings_it_and_its_knot_in_both_plots(open_page):
    page = open_page("line", "x=-1~0~1~2&y=0~1~0~0.5")
    wait_for(page, known.line([-1, 0, 1, 2], [0, 1, 0, 0.5]).value)
    found = """() => {
      const source = Bokeh.documents[0].get_model_by_name("function").renderers
        .map((renderer) => renderer.data_source).find((one) => one?.data.side);
      return [Array.from(source.data.x), Array.from(source.data.f), Array.from(source.inspected.indices)];
    }"""
    at, heights, inspected = page.evaluate(found)
    assert inspected == []
    (k,) = (k for k, t in enumerate(at) if t == 1)
    page.mouse.move(*place(page, at[k], heights[k]))
    page.wait_for_function(f"({found})()[2].length > 0")
    assert page.evaluate(found)[2] == [k]
