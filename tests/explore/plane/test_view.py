"""The view Plane in a real browser: points, their certified interpolant, files, and the proof against time."""

import runpy

import numpy as np
import pytest

from minnorm import fit, interpolate, separate

pytest.importorskip("panel", reason="the extra explore is not installed")

from minnorm.explore.plane.points import preset

pytestmark = [pytest.mark.browser, pytest.mark.slow]

XOR = np.array([[-1.0, -1.0], [1.0, 1.0], [-1.0, 1.0], [1.0, -1.0]]), np.array([1.0, 1.0, -1.0, -1.0])
WHERE = """([x, y]) => {
  for (const root of Bokeh.documents[0].roots()) for (const model of root.references())
    if (model.type === "Figure" && model.title?.text === "f(x)") {
      const view = Bokeh.index.find_one(model), box = view.canvas_view.el.getBoundingClientRect();
      return [box.left + view.frame.x_scale.compute(x), box.top + view.frame.y_scale.compute(y)];
    }
}"""


GREEN = """() => {
  for (const root of Bokeh.documents[0].roots()) for (const model of root.references())
    if (model.type === "Figure" && model.title?.text === "f(x)")
      return model.renderers.map((renderer) => renderer.data_source).filter((source) => source?.data.width)
        .map((source) => source.data.width.length);
}"""


def value(page, name: str):
    return page.locator("dt", has_text=name).first.locator("xpath=following-sibling::dd")


def wait_for(page, solution, name: str = "norm") -> None:
    """Until the value of a solution is shown, and that it is certified."""
    value(page, "certified").filter(has_text="yes (exact)").wait_for()
    for _ in range(10_000):
        shown = float(value(page, name).inner_text()) if value(page, name).count() else np.nan
        if shown == pytest.approx(solution.value, rel=3e-6):
            break
        page.wait_for_timeout(50)
    assert shown == pytest.approx(solution.value, rel=3e-6)
    assert solution.certified


def place(page, x: float, y: float) -> tuple[float, float]:
    """Where a point of the plot is on the screen, once the layout rests."""
    now = page.evaluate(WHERE, [x, y])
    for _ in range(4_000):
        page.wait_for_timeout(100)
        before, now = now, page.evaluate(WHERE, [x, y])
        if before == now:
            return tuple(now)
    raise AssertionError("the layout does not come to rest")


def test_the_interpolant_is_certified_and_its_gap_shown(open_page, screenshot, tmp_path, capsys, violations):
    page = open_page("plane", "points=xor")
    exact = interpolate(*XOR)
    wait_for(page, exact)
    assert float(value(page, "relative gap").inner_text()) <= 1e-6
    gaps = page.evaluate(
        """() => { for (const root of Bokeh.documents[0].roots()) for (const model of root.references())
          if (model.type === "Figure" && model.title?.text === "Relative gap")
            return Array.from(model.renderers[0].data_source.data.gap); }"""
    )
    assert gaps[0] > 1e-3 > 1e-6 >= gaps[-1]
    # lam, by the keyboard; the URL is the view and its code prints the number.
    slider = page.get_by_role("slider", name="\u03bb")
    slider.focus()
    slider.press("ArrowRight")
    slider.press("ArrowRight")
    page.wait_for_url("**lam=**")
    field = page.get_by_role("spinbutton", name="\u03bb")
    assert 0 < float(field.input_value()) < 1e-4
    lam = 1e-3
    field.fill(str(lam))
    field.press("Enter")
    fitted = fit(*XOR, lam)
    wait_for(page, fitted, "loss + \u03bb")
    page.wait_for_url("**lam=0.001**")
    shared = open_page("plane", page.url)
    wait_for(shared, fitted, "loss + \u03bb")
    (tmp_path / "code.py").write_text(shared.get_by_label("Python code of this view").inner_text())
    runpy.run_path(str(tmp_path / "code.py"))
    found, gap, certified = capsys.readouterr().out.split()
    assert float(found) == pytest.approx(fitted.value, rel=1e-9)
    assert float(gap) <= 1e-6
    assert certified == "True"
    screenshot(shared, "plane-fit")
    assert violations(shared) == []


def test_points_by_mouse_and_by_keyboard(open_page, screenshot):
    page = open_page("plane", "points=xor&theme=dark")
    wait_for(page, interpolate(*XOR))
    x, y = XOR
    # A click adds a point of value 1, Backspace takes it away.
    page.mouse.click(*place(page, 0.5, 0.2))
    fields = [page.get_by_label(f"{name} of point 5") for name in ("x\u2081", "x\u2082", "value")]
    added = [float(field.input_value()) for field in fields]
    assert added == [pytest.approx(0.5, abs=0.02), pytest.approx(0.2, abs=0.02), 1.0]
    wait_for(page, interpolate(np.vstack([x, added[:2]]), np.append(y, 1.0)))
    screenshot(page, "plane-points")
    # A drag.
    a, b = place(page, *added[:2])
    c, d = place(page, 0.2, -0.4)
    page.mouse.move(a, b)
    page.mouse.down()
    page.mouse.move(a - 8, b + 8)
    page.mouse.move(c, d, steps=6)
    page.mouse.up()
    for _ in range(5_000):
        page.wait_for_timeout(100)
        moved = [float(field.input_value()) for field in fields]
        if abs(moved[0] - 0.2) + abs(moved[1] + 0.4) < 0.02:
            break
    assert moved == [pytest.approx(0.2, abs=0.02), pytest.approx(-0.4, abs=0.02), 1.0]
    wait_for(page, interpolate(np.vstack([x, moved[:2]]), np.append(y, 1.0)))
    page.mouse.click(*place(page, *moved[:2]))
    page.keyboard.press("Backspace")
    wait_for(page, interpolate(x, y))
    # Without a mouse.
    page.get_by_label("value of point 1").fill("3")
    page.get_by_label("value of point 1").press("Enter")
    wait_for(page, interpolate(x, np.append(3.0, y[1:])))
    page.get_by_role("button", name="delete point 1").focus()
    page.keyboard.press("Enter")
    wait_for(page, interpolate(x[1:], y[1:]))


def test_files_good_and_bad_and_a_solver_that_is_stopped(open_page, uploads):
    page = open_page("plane", "points=xor")
    wait_for(page, interpolate(*XOR))
    alert = page.get_by_role("alert")
    give = uploads(page)
    give("words.csv", "a,b,y\n0,1,2\n1,two,3\n")
    alert.filter(has_text="words.csv line 3: column 'b' has 'two', which is not a number").wait_for()
    give("narrow.csv", "a,y\n0,1\n")
    alert.filter(has_text="narrow.csv has columns a, y").wait_for()
    give("long.csv", "a,b,y\n" + "0,1,2\n" * 201)
    alert.filter(has_text="long.csv has 201 rows; this view takes at most 200").wait_for()
    give("twice.csv", "a,b,y\n0,1,2\n0,1,3\n1,1,1\n")
    alert.filter(has_text="points 0 and 1 are equal but their values are").wait_for()
    give("good.csv", "a,b,y\n0,0,0\n1,0,1\n0,1,1\n")
    wait_for(page, interpolate([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]], [0.0, 1.0, 1.0]))
    page.locator("#message:empty").wait_for(state="attached")
    rng = np.random.default_rng(0)
    rows = np.column_stack([rng.uniform(-1, 1, (200, 2)), rng.choice([-1.0, 1.0], 200)]).round(3)
    give("large.csv", "a,b,y\n" + "".join(",".join(map(str, row)) + "\n" for row in rows.tolist()))
    page.get_by_text("The solver is at work").wait_for()
    page.get_by_role("button", name="Stop the solver").click()
    alert.filter(has_text="The solver was stopped").wait_for()
    assert page.get_by_role("button", name="Stop the solver").is_disabled()


def test_creases_of_a_network_in_training_are_drawn_beside_the_certified_ones(open_page, capsys):
    page = open_page("plane", "points=xor&lam=0.01&width=50&steps=400")
    wait_for(page, fit(*XOR, 0.01), "loss + \u03bb")
    learned, *certified = page.evaluate(GREEN)
    assert learned == 0
    assert sum(certified) > 0
    page.get_by_role("button", name="Train").click()
    value(page, "trained network").filter(has_text="above the minimum").wait_for()
    page.locator("dd", has_text="400").wait_for()
    assert page.evaluate(GREEN)[0] > 0
    norm = float(value(page, "path norm").inner_text())
    page.get_by_role("button", name="Train").and_(page.locator(":enabled")).wait_for()
    page.get_by_label("Python code of this view").filter(has_text="mn.train").wait_for()
    exec(page.get_by_label("Python code of this view").inner_text(), {})
    assert float(capsys.readouterr().out.split()[-1]) == pytest.approx(norm, rel=1e-5)
    # Another problem takes the run away.
    page.get_by_label("value of point 1").fill("2")
    page.get_by_label("value of point 1").press("Enter")
    value(page, "trained network").wait_for(state="detached")
    assert page.evaluate(GREEN)[0] == 0


def test_a_surface_is_turned_by_keys_and_by_a_drag(open_page, screenshot, violations):
    page = open_page("plane", "points=xor&shown=surface")
    wait_for(page, interpolate(*XOR))
    canvas = page.get_by_label("Surface of the function")
    page.wait_for_function("(canvas) => canvas.width > 300", arg=canvas.element_handle())
    before = canvas.evaluate("(canvas) => canvas.toDataURL()")
    canvas.focus()
    canvas.press("ArrowRight")
    page.wait_for_url("**turn=-30**")
    page.wait_for_function("([canvas, before]) => canvas.toDataURL() !== before", arg=[canvas.element_handle(), before])
    assert page.get_by_role("spinbutton", name="Turn").input_value() == "-30"
    box = canvas.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 40, y + 50, steps=4)
    page.mouse.up()
    page.wait_for_url("**tilt=50**turn=-10**")
    screenshot(page, "plane-surface")
    assert violations(page) == []
    with page.expect_download() as download:
        page.get_by_role("button", name="Download PNG").click()
    assert download.value.path().read_bytes().startswith(b"\x89PNG")


def test_two_classes_are_separated_by_the_largest_margin(open_page, capsys):
    page = open_page("plane", "points=cross&loss=hinge")
    value(page, "largest margin").wait_for()
    x, y = preset("cross", 0, 0)
    exact = separate(x, np.where(y > 0, 1.0, -1.0))
    wait_for(page, exact)
    assert float(value(page, "largest margin").inner_text()) == pytest.approx(1 / exact.value, rel=1e-5)
    exec(page.get_by_label("Python code of this view").inner_text(), {})
    assert float(capsys.readouterr().out.split()[0]) == pytest.approx(exact.value, rel=1e-9)
    page.get_by_role("spinbutton", name="\u03bb").fill("0.01")
    page.get_by_role("spinbutton", name="\u03bb").press("Enter")
    page.wait_for_url("**lam=0.01**")
    wait_for(page, fit(x, np.where(y > 0, 1.0, -1.0), 0.01, loss="hinge"), "loss + \u03bb")
    page.locator("#message:empty").wait_for(state="attached")
