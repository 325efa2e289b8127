"""The view Line of the static page: drags with the mouse and with a finger, however long they rest; keys; undo."""

from urllib.parse import parse_qs

import pytest

pytestmark = pytest.mark.browser

HAT = "#line?x=-1~0~1&y=0~1~0"
HOLD = 500  # milliseconds


def points(page) -> tuple[list[float], list[float]]:
    """Those of the address."""
    query = parse_qs(page.evaluate("location.href").split("?", 1)[1])
    return tuple([float(part) for part in query[axis][0].split("~")] for axis in ("x", "y"))


def centre(page, index: int) -> tuple[float, float]:
    box = page.locator(".handle").nth(index).locator(".point").bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def norm(page) -> float:
    return float(page.locator(".readout dd").first.inner_text())


def test_a_drag_that_rests_before_it_moves_is_a_drag(open_static):
    page = open_static(HAT)
    assert points(page) == ([-1, 0, 1], [0, 1, 0])
    assert norm(page) == 2.0
    x, y = centre(page, 1)
    page.mouse.move(x, y)
    page.mouse.down()
    page.wait_for_timeout(HOLD)
    page.mouse.move(x + 40, y + 60, steps=5)
    page.wait_for_timeout(HOLD)
    page.mouse.up()
    (a, b, c), (_, top, _) = points(page)
    assert (a, c) == (-1, 1)
    assert b > 0.05
    assert top < 0.95
    assert centre(page, 1) == pytest.approx((x + 40, y + 60), abs=4)
    assert norm(page) != 2.0
    page.get_by_role("button", name="Undo").click()
    assert norm(page) == 2.0
    page.keyboard.press("Control+Shift+Z")
    assert points(page) == ([a, b, c], [0, top, 0])


def test_a_drag_by_touch(open_static):
    page = open_static(HAT, width=390, height=844, has_touch=True, is_mobile=True)
    client = page.context.new_cdp_session(page)
    x, y = centre(page, 1)

    def touch(kind: str, *where: tuple[float, float]) -> None:
        client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": a, "y": b} for a, b in where]})

    touch("touchStart", (x + 12, y - 9))  # a finger is not exact
    page.wait_for_timeout(HOLD)
    for k in range(1, 6):
        touch("touchMove", (x + 12 - 6 * k, y - 9 + 12 * k))
    page.wait_for_timeout(HOLD)
    touch("touchEnd")
    page.wait_for_function("location.hash.includes('x=-1~-0.')")
    assert points(page)[1][1] < 0.8
    assert page.evaluate("scrollY") == 0
    assert centre(page, 1) == pytest.approx((x - 30, y + 60), abs=4)


def test_a_tap_adds_a_point_and_delete_removes_it(open_static):
    page = open_static(HAT, width=390, height=844, has_touch=True, is_mobile=True)
    box = page.locator(".plot > svg").first.bounding_box()
    page.touchscreen.tap(box["x"] + 0.4 * box["width"], box["y"] + 0.75 * box["height"])
    page.wait_for_function("document.querySelectorAll('.handle').length === 4")
    assert len(points(page)[0]) == 4
    page.keyboard.press("Delete")
    assert points(page) == ([-1, 0, 1], [0, 1, 0])


def test_arrow_keys_move_a_point(open_static):
    page = open_static(HAT)
    page.locator(".handle").nth(1).focus()
    for _ in range(3):
        page.keyboard.press("ArrowDown")
    assert points(page)[1][1] == pytest.approx(1 - 3 * 0.016, abs=0.03)
    label = page.locator(".handle").nth(1).get_attribute("aria-label")
    assert label.startswith("point 2 of 3: x = 0, y = 0.9")


def test_the_address_holds_everything(open_static):
    page = open_static("#line?x=0~1~2~3&y=0~0~1~3&lam=0.01&bias=penalised&skip=free")
    assert page.get_by_label("λ, exactly").input_value() == "0.01"
    assert page.get_by_label("Biases").input_value() == "penalised"
    page.get_by_label("Biases").select_option("free")
    assert "bias" not in page.evaluate("location.href")
    assert "skip=free" in page.evaluate("location.href")
    page.get_by_text("Points as numbers").click()
    page.get_by_label("y of point 4").fill("2")
    page.get_by_label("y of point 4").press("Enter")
    assert points(page)[1] == [0, 0, 1, 2]


def test_what_an_address_has_wrong_is_said(open_static):
    page = open_static("#line?x=1~2&y=3&bias=cheap&lam=much")
    said = page.locator("#message").inner_text()
    assert "2 numbers x and 1 numbers y" in said
    assert "bias=cheap" in said
    assert "lam=much" in said
    assert page.locator(".handle").count() == 6


def test_the_knot_of_the_function_with_the_fewest_is_seen(open_static):
    """Above the points, where two lines through them meet."""
    page = open_static("#line?x=0~1~2~3&y=0~1~1~0")
    plot = page.get_by_role("group", name="The function through the points")
    frame, dashed = plot.bounding_box(), plot.locator("path.line.other").bounding_box()
    assert frame["y"] < dashed["y"] < page.locator(".handle").nth(1).bounding_box()["y"]
