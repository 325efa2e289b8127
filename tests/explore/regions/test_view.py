"""The view Regions in a real browser: shapes that are drawn, an image, and the bracket of what lies between."""

import io

import matplotlib.image
import numpy as np
import pytest

import minnorm as mn

pytestmark = [pytest.mark.browser, pytest.mark.slow]

TWO = "disc~0~-1.2~0~0.7;box~1~0.5~-0.8~1.6~0.9"


def value(page, name: str):
    return page.locator("dt", has_text=name).first.locator("xpath=following-sibling::dd")


def bracket(page) -> tuple[float, float]:
    low, high = value(page, "least norm").inner_text().split(" to ")
    return float(low), float(high)


def place(page, x: float, y: float) -> tuple[float, float]:
    """Where a place of the sheet is on the screen."""
    canvas = page.get_by_label("Sheet of regions")
    canvas.scroll_into_view_if_needed()
    page.wait_for_function("(canvas) => canvas.style.height !== ''", arg=canvas.element_handle())
    box = canvas.bounding_box()
    scale = (box["width"] - 2) / 4.8
    return box["x"] + 1 + (x + 2.4) * scale, box["y"] + 1 + (1.8 - y) * scale


def drag(page, start, end) -> None:
    page.mouse.move(*place(page, *start))
    page.mouse.down()
    page.mouse.move(*place(page, *end), steps=5)
    page.mouse.up()


def test_the_bracket_is_that_of_the_library_and_its_code(open_page, violations, screenshot, capsys):
    page = open_page("regions", f"shapes={TWO}&within=0.1")
    value(page, "certified").filter(has_text="yes").wait_for()
    low, high = bracket(page)
    between = mn.Regions([(mn.ball([-1.2, 0], 0.7), 0.0), (mn.box([0.5, -0.8], [1.6, 0.9]), 1.0)])
    exact = mn.interpolate_regions(between, within=0.1, tolerance=1e-3)
    assert low <= exact.value * (1 + 1e-5)
    assert high >= exact.lower_bound * (1 - 1e-5)
    assert float(value(page, "largest error").inner_text()) <= 0.1
    exec(page.get_by_label("Python code of this view").inner_text(), {})
    assert capsys.readouterr().out.split()[-1] == "True"
    screenshot(page, "regions")
    assert violations(page) == []


def test_shapes_are_drawn_moved_and_taken_away(open_page):
    page = open_page("regions", "shapes=disc~0~-1.4~-0.8~0.5&within=0.2")
    value(page, "certified").filter(has_text="yes").wait_for()
    page.get_by_role("button", name="box", exact=True).click()
    drag(page, (0.5, 0.2), (1.5, 1.2))
    page.get_by_label("label of part 2").wait_for()
    page.wait_for_url("**box~1~**")
    page.get_by_role("button", name="polygon", exact=True).click()
    for corner in ((0.6, -1.4), (1.6, -1.4), (1.6, -0.7)):
        page.mouse.click(*place(page, *corner))
    page.keyboard.press("Enter")
    page.get_by_label("label of part 3").wait_for()
    page.wait_for_url("**polygon~1~**")
    value(page, "certified").filter(has_text="yes").wait_for()
    page.get_by_role("button", name="move", exact=True).click()
    drag(page, (-1.4, -0.8), (-1.4, 0.2))
    page.wait_for_url("**disc~0~-1.4~0.*")
    page.get_by_label("label of part 2").fill("2")
    page.get_by_label("label of part 2").press("Enter")
    page.wait_for_url("**box~2~**")
    page.get_by_label("delete part 3").click()
    page.wait_for_function("!location.href.includes('polygon')")
    # By the keyboard alone, and undone.
    sheet = page.get_by_label("Sheet of regions")
    sheet.focus()
    sheet.press("PageDown")
    sheet.press("Delete")
    page.get_by_label("label of part 2").wait_for(state="detached")
    page.wait_for_function("location.href.split('~').length < 10")
    page.keyboard.press("Control+z")
    page.get_by_label("label of part 2").wait_for()


def test_an_image_is_a_region(open_page):
    page = open_page("regions", f"shapes={TWO}&within=0.2")
    mask = np.zeros((45, 60, 4))
    mask[10:30, 5:20] = 0, 0, 0, 1
    mask[10:30, 40:55] = 1, 1, 1, 1
    picture = io.BytesIO()
    matplotlib.image.imsave(picture, mask, format="png")
    page.get_by_label("An image whose grey levels").set_input_files(
        {"name": "mask.png", "mimeType": "image/png", "buffer": picture.getvalue()}
    )
    page.wait_for_url("**polygon~1~**")
    page.wait_for_url("**polygon~0~**")
    page.get_by_text("polygon of 4 corners").first.wait_for()
    value(page, "certified").filter(has_text="yes").wait_for()


def test_regions_that_contradict_each_other_are_a_message(open_page):
    page = open_page("regions", "shapes=disc~0~0~0~1;disc~1~0.5~0~1")
    page.get_by_role("alert").filter(has_text="label").wait_for()
    page.get_by_label("label of part 2").fill("0")
    page.get_by_label("label of part 2").press("Enter")
    value(page, "certified").wait_for()
    page.locator("#message:empty").wait_for(state="attached")
